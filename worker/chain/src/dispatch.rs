//! Names the errors of calls. A block keeps their numbers only.

use crate::{hints::hint, ChainError};
use assay_runtime::{market::Refusal, RuntimeError};
use scale_info::{form::MetaForm, TypeDef, TypeInfo, Variant};
use sp_runtime::{DispatchError, ModuleError};

/// Whose error it is that belongs to no pallet of its own: as that of the system.
const SYSTEM: &str = "System";
/// For errors whose numbers mean what another version says.
const UPDATE: &str = "the chain has another version than this program, which can't name the error: update it";

/// Why a call failed, on a chain of this version.
pub(crate) fn refusal(error: DispatchError) -> ChainError {
    let (pallet, error) = match error {
        DispatchError::Module(error) => match names(&error) {
            Some((pallet, error)) => (pallet, error.into()),
            None => return unnamed(DispatchError::Module(error)),
        },
        DispatchError::Token(error) => ("Token", format!("{error:?}")),
        DispatchError::Arithmetic(error) => ("Arithmetic", format!("{error:?}")),
        other => (SYSTEM, format!("{other:?}")),
    };
    named(pallet.into(), error)
}

/// That a call failed, on a chain of another version.
pub(crate) fn unnamed(error: DispatchError) -> ChainError {
    let (pallet, error) = match error {
        DispatchError::Module(ModuleError { index, error: [error, ..], .. }) => {
            (format!("pallet {index}"), format!("error {error}"))
        }
        other => (SYSTEM.into(), format!("{other:?}")),
    };
    ChainError::Refused { pallet, error, hint: UPDATE }
}

impl From<Refusal> for ChainError {
    fn from(refusal: Refusal) -> Self {
        named(refusal.pallet.unwrap_or_else(|| SYSTEM.into()), refusal.error)
    }
}

fn named(pallet: String, error: String) -> ChainError {
    let hint = hint(&pallet, &error);
    ChainError::Refused { pallet, error, hint }
}

/// The names of a pallet and of its error, from the runtime's own description of its errors.
fn names(error: &ModuleError) -> Option<(&'static str, &'static str)> {
    let pallet = variants(RuntimeError::type_info().type_def).find(|pallet| pallet.index == error.index)?;
    let errors = pallet.fields.first()?.ty.type_info().type_def;
    let found = variants(errors).find(|variant| variant.index == error.error[0])?;
    Some((pallet.name, found.name))
}

pub(crate) fn variants(of: TypeDef<MetaForm>) -> impl Iterator<Item = Variant<MetaForm>> {
    let variants = match of {
        TypeDef::Variant(of) => of.variants,
        _ => Vec::new(),
    };
    variants.into_iter()
}
