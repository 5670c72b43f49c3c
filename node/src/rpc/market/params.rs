//! What callers of the market's methods give, beside specifications.

use crate::rpc::params::{account, number, wrong};
use assay_runtime::{
    market::{JobClass, JobId},
    AccountId,
};
use jsonrpsee::core::JsonValue;
use serde::{Deserialize, Serialize, Serializer};

/// The number of a job or of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Id(pub u64);

impl TryFrom<JsonValue> for Id {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        number("id", &given, u64::MAX).map(Self)
    }
}

/// Whose jobs, as an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Account(pub AccountId);

impl TryFrom<JsonValue> for Account {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        account("account", &given).map(Self)
    }
}

/// Whose seats, as the address of a provider or of its worker.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Worker(pub AccountId);

impl TryFrom<JsonValue> for Worker {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        account("worker", &given).map(Self)
    }
}

/// The job after which jobs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct AfterJob(pub JobId);

impl TryFrom<JsonValue> for AfterJob {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        let form = r#"null or the "next" of another answer, a number"#;
        JobId::deserialize(&given).map(Self).map_err(|_| wrong("after", &given, form))
    }
}

/// The rules of an answer, by their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct Class(pub JobClass);

impl Class {
    /// How it has to be given.
    pub const FORM: &str = r#""exact-v1""#;

    fn name(self) -> &'static str {
        match self.0 {
            JobClass::ExactV1 => "exact-v1",
        }
    }
}

impl TryFrom<JsonValue> for Class {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        let mut classes = [JobClass::ExactV1].into_iter().map(Self);
        let class = classes.find(|class| given.as_str() == Some(class.name()));
        class.ok_or_else(|| wrong("class", &given, Self::FORM))
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::params::tests::{refused, taken, ALICE};
    use sp_keyring::Sr25519Keyring::Alice;

    #[test]
    fn what_a_method_can_answer_is_taken() {
        assert_eq!([taken::<Id>("0"), taken("18446744073709551615")], [Id(0), Id(u64::MAX)]);
        assert_eq!(taken::<Account>(&format!("\"{ALICE}\"")), Account(Alice.to_account_id()));
        assert_eq!(taken::<Worker>(&format!("\"{ALICE}\"")), Worker(Alice.to_account_id()));
        assert_eq!(taken::<Option<AfterJob>>("7"), Some(AfterJob(7)));
        assert_eq!(taken::<Option<AfterJob>>("null"), None);
        assert_eq!(taken::<Class>("\"exact-v1\""), Class(JobClass::ExactV1));
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        for id in ["-1", "1.5", "18446744073709551616", "null", "\"7\""] {
            let refusal = refused::<Id>(id);
            assert!(refusal.starts_with("id is "), "{refusal}");
            assert!(refusal.ends_with(", and has to be a number of 0 to 18446744073709551615"), "{refusal}");
        }
        let says = r#"and has to be null or the "next" of another answer, a number"#;
        assert_eq!(refused::<Option<AfterJob>>("\"last\""), format!("after is \"last\", {says}"));
    }

    #[test]
    fn accounts_are_addresses_of_this_chain() {
        let says = "and has to be an address in SS58 form with the prefix 42";
        assert_eq!(refused::<Account>("\"Alice\""), format!("account is \"Alice\", {says}"));
        assert_eq!(refused::<Worker>("7"), format!("worker is 7, {says}"));
    }

    #[test]
    fn a_class_has_a_name() {
        assert_eq!(serde_json::to_value(Class(JobClass::ExactV1)).unwrap(), "exact-v1");
        for class in ["\"exact-v2\"", "\"ExactV1\"", "0", "null"] {
            assert_eq!(refused::<Class>(class), format!("class is {class}, and has to be \"exact-v1\""));
        }
    }
}
