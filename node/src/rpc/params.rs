//! What callers of our methods give. Each parameter is of a type of its own, which takes nothing that the method could
//! not answer and names the parameter, what was given and what has to be given.

use crate::service::BlockNumber;
use assay_runtime::{
    bonds::{LockId, SlashId},
    token, AccountId,
};
use jsonrpsee::core::JsonValue;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
use std::fmt::Display;

/// Most items that one call lists.
const MAX_LIMIT: u32 = 100;

/// Whose bonds, as an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Owner(pub AccountId);

impl TryFrom<JsonValue> for Owner {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        account("owner", &given).map(Self)
    }
}

/// Position of the first item of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Start(pub u32);

impl TryFrom<JsonValue> for Start {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        number("start", &given, u32::MAX).map(Self)
    }
}

/// Most items of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Limit(pub u32);

impl TryFrom<JsonValue> for Limit {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        let limit = u32::deserialize(&given).ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let form = format!("a number of 1 to {MAX_LIMIT}: ask for the rest by another call");
        limit.map(Self).ok_or_else(|| wrong("limit", &given, form))
    }
}

/// The id from which on locks are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct FirstLock(pub LockId);

impl TryFrom<JsonValue> for FirstLock {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        number("from", &given, LockId::MAX).map(Self)
    }
}

/// A slash's place in the order in which slashes get ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The block of the market clock in which it is ready.
    pub ready: BlockNumber,
    /// Its number.
    pub id: SlashId,
}

/// The place after which slashes are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct After(pub Place);

impl TryFrom<JsonValue> for After {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        let form = r#"null or the "next" of another answer, as {"ready": a block, "id": a number}"#;
        Place::deserialize(&given).map(Self).map_err(|_| wrong("after", &given, form))
    }
}

/// An account, given as an address of this chain.
pub fn account(name: &str, given: &JsonValue) -> Result<AccountId, String> {
    let form = format!("an address in SS58 form with the prefix {}", token::SS58_PREFIX);
    given.as_str().and_then(account_of).ok_or_else(|| wrong(name, given, form))
}

fn account_of(address: &str) -> Option<AccountId> {
    let (account, format) = AccountId::from_ss58check_with_version(address).ok()?;
    (format == Ss58AddressFormat::custom(token::SS58_PREFIX)).then_some(account)
}

/// A whole number of a type whose largest value is `max`.
pub fn number<T: DeserializeOwned + Display>(name: &str, given: &JsonValue, max: T) -> Result<T, String> {
    T::deserialize(given).map_err(|_| wrong(name, given, format!("a number of 0 to {max}")))
}

/// How a parameter is refused.
pub fn wrong(name: &str, given: &dyn Display, form: impl Display) -> String {
    format!("{name} is {given}, and has to be {form}")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use jsonrpsee::types::{error::INVALID_PARAMS_CODE, Params};
    use sp_keyring::Sr25519Keyring::Alice;

    /// Addresses of the development accounts of these names.
    pub const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    pub const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

    /// Reads a parameter as the server does.
    pub fn taken<T: DeserializeOwned>(json: &str) -> T {
        Params::new(Some(&format!("[{json}]"))).sequence().next().expect("the parameter is right")
    }

    /// What the server answers to a parameter that is wrong.
    pub fn refused<T: DeserializeOwned>(json: &str) -> String {
        let params = format!("[{json}]");
        let Err(error) = Params::new(Some(&params)).sequence().next::<T>() else {
            panic!("{json} was taken");
        };
        assert_eq!(error.code(), INVALID_PARAMS_CODE);
        serde_json::from_str(error.data().expect("the error says more").get()).expect("it says so in words")
    }

    #[test]
    fn what_a_method_can_answer_is_taken() {
        assert_eq!(taken::<Owner>(&format!("\"{ALICE}\"")), Owner(Alice.to_account_id()));
        assert_eq!([taken::<Start>("0"), taken("4294967295")], [Start(0), Start(u32::MAX)]);
        assert_eq!([taken::<Limit>("1"), taken("100")], [Limit(1), Limit(100)]);
        assert_eq!(taken::<FirstLock>("18446744073709551615"), FirstLock(LockId::MAX));
        assert_eq!(taken::<After>(r#"{"ready": 20, "id": 3}"#), After(Place { ready: 20, id: 3 }));
        assert_eq!(taken::<Option<After>>("null"), None);
    }

    #[test]
    fn a_limit_out_of_bounds_is_refused() {
        for limit in ["0", "101", "-1", "1.5", "4294967296", "null", "\"10\""] {
            let says = "and has to be a number of 1 to 100: ask for the rest by another call";
            assert_eq!(refused::<Limit>(limit), format!("limit is {limit}, {says}"));
        }
    }

    #[test]
    fn a_position_or_an_id_that_is_no_number_is_refused() {
        assert_eq!(refused::<Start>("-1"), "start is -1, and has to be a number of 0 to 4294967295");
        assert_eq!(
            refused::<FirstLock>("\"first\""),
            "from is \"first\", and has to be a number of 0 to 18446744073709551615"
        );
    }

    #[test]
    fn an_owner_is_an_address_of_this_chain() {
        let elsewhere = Alice.to_account_id().to_ss58check_with_version(Ss58AddressFormat::custom(0));
        let misspelt = ALICE.replace("QY", "QZ");
        for owner in ["Alice", "", elsewhere.as_str(), misspelt.as_str()] {
            let says = "and has to be an address in SS58 form with the prefix 42";
            assert_eq!(refused::<Owner>(&format!("\"{owner}\"")), format!("owner is \"{owner}\", {says}"));
        }
        assert!(refused::<Owner>("7").starts_with("owner is 7, "));
        assert!(refused::<Option<Owner>>("\"Alice\"").starts_with("owner is \"Alice\", "));
    }

    #[test]
    fn a_place_is_a_block_and_a_number() {
        for place in ["7", r#"{"ready":20}"#, r#"{"ready":20,"id":-1}"#, r#"{"ready":20,"id":3,"more":0}"#] {
            let says = r#"and has to be null or the "next" of another answer, as {"ready": a block, "id": a number}"#;
            let refusal = refused::<Option<After>>(place);
            assert!(refusal.starts_with("after is "), "{refusal}");
            assert!(refusal.ends_with(says), "{refusal}");
        }
    }
}
