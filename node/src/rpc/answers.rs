//! The form of what our methods answer. Amounts and digests have it also where they are given.

use super::params::{Limit, Start};
use assay_runtime::{market::Digest, token, AccountId, Balance};
use hex::FromHex;
use jsonrpsee::types::{error::INTERNAL_ERROR_CODE, ErrorObjectOwned};
use serde::{Deserialize, Serialize, Serializer};
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};

/// A part of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// How long the list is.
    total: usize,
    /// The items asked for.
    items: Vec<T>,
}

impl<T> Page<T> {
    /// At most `limit` items from the position `start` on; none beyond the end.
    pub fn of<S: Into<T>>(list: Vec<S>, Start(start): Start, Limit(limit): Limit) -> Self {
        let total = list.len();
        let items = list.into_iter().skip(start as usize).take(limit as usize).map(Into::into).collect();
        Self { total, items }
    }
}

/// An amount in planck. It is a decimal string, since a number in JSON is only sure to be exact up to 2⁵³.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Planck(pub Balance);

impl TryFrom<String> for Planck {
    type Error = &'static str;

    /// Takes what is told of an amount, and nothing else: no sign, no leading zero.
    fn try_from(given: String) -> Result<Self, Self::Error> {
        let amount = given.parse::<Balance>().ok().filter(|amount| amount.to_string() == given);
        amount.map(Self).ok_or("not an amount in planck")
    }
}

impl Serialize for Planck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// 32 bytes, as `0x` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Hex(pub Digest);

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let digest = given.strip_prefix("0x").and_then(|digits| Digest::from_hex(digits).ok());
        digest.map(Self).ok_or("not 32 bytes")
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("0x{}", hex::encode(self.0)))
    }
}

/// The address of an account on this chain.
pub fn address(account: &AccountId) -> String {
    account.to_ss58check_with_version(Ss58AddressFormat::custom(token::SS58_PREFIX))
}

/// The answer where the runtime could not be asked.
pub fn failed(error: sp_api::ApiError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(INTERNAL_ERROR_CODE, error.to_string(), None::<()>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(list: &[u32], start: u32, limit: u32) -> Page<u32> {
        Page::of(list.to_vec(), Start(start), Limit(limit))
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_overlap() {
        let list: Vec<u32> = (0..250).collect();
        let pages: Vec<_> = (0..250).step_by(100).map(|start| page(&list, start, 100).items).collect();
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(pages.concat(), list);
    }

    #[test]
    fn a_page_beyond_the_end_is_empty_and_says_how_long_the_list_is() {
        for start in [2, u32::MAX] {
            let page = page(&[1, 2], start, 100);
            assert_eq!((page.total, page.items.len()), (2, 0));
        }
        assert!(page(&[], 0, 1).items.is_empty());
    }

    #[test]
    fn amounts_are_exact_in_json() {
        let json = serde_json::to_string(&Planck(Balance::MAX)).unwrap();
        assert_eq!(json, "\"340282366920938463463374607431768211455\"");
    }

    #[test]
    fn amounts_are_taken_as_they_are_told() {
        for amount in [0, 1, Balance::MAX] {
            let json = serde_json::to_value(Planck(amount)).unwrap();
            assert_eq!(serde_json::from_value::<Planck>(json).unwrap(), Planck(amount));
        }
        let more = format!("{}0", Balance::MAX);
        for wrong in ["", "-1", "+1", "01", "1.0", "1e3", " 1", "0x1", more.as_str()] {
            assert!(serde_json::from_value::<Planck>(json!(wrong)).is_err(), "{wrong} was taken");
        }
        assert!(serde_json::from_value::<Planck>(json!(1)).is_err(), "a number may not be exact");
    }

    #[test]
    fn digests_are_hexadecimal_and_taken_as_they_are_told() {
        let digest = Hex([0xa5; 32]);
        let json = serde_json::to_value(digest).unwrap();
        assert_eq!(json, json!(format!("0x{}", "a5".repeat(32))));
        assert_eq!(serde_json::from_value::<Hex>(json).unwrap(), digest);
        let digits = "a5".repeat(32);
        let (short, long) = (format!("0x{}", "a5".repeat(31)), format!("0x{digits}00"));
        let (no_digit, space) = (format!("0x{}zz", "a5".repeat(31)), format!("0x {}", "a5".repeat(31)));
        for wrong in [digits, short, long, no_digit, space] {
            assert!(serde_json::from_value::<Hex>(json!(wrong)).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn addresses_have_the_prefix_of_the_chain() {
        let alice = sp_keyring::Sr25519Keyring::Alice.to_account_id();
        assert_eq!(address(&alice), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
    }
}
