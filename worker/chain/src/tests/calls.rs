//! Errors of calls by name, and what to do about them.

use crate::{
    dispatch::{refusal, unnamed, variants},
    hints::HINTS,
    market::Refusal,
    ChainError,
};
use assay_runtime::{Runtime, RuntimeError};
use scale_info::TypeInfo;
use sp_runtime::{ArithmeticError, DispatchError, ModuleError, TokenError};
use std::collections::BTreeSet;

/// An error as it comes out of a block, which keeps no text.
fn from_block(error: impl Into<DispatchError>) -> DispatchError {
    match error.into() {
        DispatchError::Module(ModuleError { index, error, .. }) => {
            DispatchError::Module(ModuleError { index, error, message: None })
        }
        other => other,
    }
}

fn parts(error: ChainError) -> (String, String, &'static str) {
    match error {
        ChainError::Refused { pallet, error, hint } => (pallet, error, hint),
        other => panic!("{other} is no refusal"),
    }
}

#[test]
fn an_error_of_a_pallet_has_its_names_and_a_hint() {
    let error = from_block(pallet_assay_staking::Error::<Runtime>::NotBonded);
    let (pallet, error, hint) = parts(refusal(error));
    assert_eq!((pallet.as_str(), error.as_str(), hint), ("Staking", "NotBonded", "bond first"));
    let text = ChainError::Refused { pallet, error, hint }.to_string();
    assert_eq!(text, "the chain refused it (Staking.NotBonded): bond first");
}

#[test]
fn every_error_of_a_pallet_has_the_name_that_the_runtime_gives_it() {
    for error in [
        pallet_assay_staking::Error::<Runtime>::NothingToWithdraw,
        pallet_assay_staking::Error::<Runtime>::UnbondingTooShort,
    ] {
        let name = format!("{error:?}");
        assert_eq!(parts(refusal(from_block(error))).1, name);
    }
}

#[test]
fn errors_of_no_pallet_have_names_too() {
    let (pallet, error, hint) = parts(refusal(TokenError::FundsUnavailable.into()));
    assert_eq!((pallet.as_str(), error.as_str()), ("Token", "FundsUnavailable"));
    assert!(hint.contains("send it some ASY"), "{hint}");
    let (pallet, error, hint) = parts(refusal(ArithmeticError::Overflow.into()));
    assert_eq!((pallet.as_str(), error.as_str()), ("Arithmetic", "Overflow"));
    assert!(hint.starts_with("nothing but the fee"), "{hint}");
    assert_eq!(parts(refusal(DispatchError::BadOrigin)).1, "BadOrigin");
}

#[test]
fn an_error_of_another_version_is_not_named() {
    let error = from_block(pallet_assay_staking::Error::<Runtime>::NotBonded);
    let (pallet, error, hint) = parts(unnamed(error));
    assert_eq!((pallet.as_str(), error.as_str()), ("pallet 9", "error 0"));
    assert!(hint.contains("update it"), "{hint}");
    let unknown = DispatchError::Module(ModuleError { index: 9, error: [200, 0, 0, 0], message: None });
    assert_eq!(parts(refusal(unknown)).1, "error 200");
}

#[test]
fn a_refused_estimate_is_a_refusal_with_a_hint() {
    let refused = Refusal { pallet: Some("Jobs".into()), error: "NoUnits".into() };
    let (pallet, error, hint) = parts(refused.into());
    assert_eq!((pallet.as_str(), error.as_str()), ("Jobs", "NoUnits"));
    assert!(hint.contains("compute unit"), "{hint}");
}

#[test]
fn every_hint_is_for_one_error_that_exists() {
    let mut errors = BTreeSet::new();
    for pallet in variants(RuntimeError::type_info().type_def) {
        let of = pallet.fields[0].ty.type_info().type_def;
        errors.extend(variants(of).map(|error| (pallet.name, error.name)));
    }
    errors.extend(variants(TokenError::type_info().type_def).map(|error| ("Token", error.name)));
    errors.extend(variants(DispatchError::type_info().type_def).map(|error| ("System", error.name)));
    let mut seen = BTreeSet::new();
    for (pallet, error, hint) in HINTS {
        assert!(errors.contains(&(*pallet, *error)), "the runtime has no {pallet}.{error}");
        assert!(seen.insert((pallet, error)), "{pallet}.{error} has two hints");
        assert!(!hint.is_empty());
    }
}
