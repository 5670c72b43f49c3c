//! Amounts of money: planck on the chain, ASY with up to twelve decimals for people.

use assay_chain::{
    token::{ASY, DECIMALS, SYMBOL},
    Balance,
};
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// An amount in planck, written and read as ASY, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub Balance);

/// Why a text is no amount.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Something else than digits with at most one point between them.
    #[error("{0:?} is no amount: write ASY as 1.5 or \"1.5 ASY\"")]
    Form(String),
    /// Less than a planck would be lost.
    #[error("{0:?} has more than {DECIMALS} decimals: a planck, the least there is, is 0.000000000001 ASY")]
    Decimals(String),
    /// More than can be counted.
    #[error("{0:?} is more than there can be")]
    TooMuch(String),
}

impl Amount {
    /// The number without its unit.
    pub fn number(self) -> String {
        let (whole, rest) = (self.0 / ASY, self.0 % ASY);
        let text = format!("{whole}.{rest:012}");
        text.trim_end_matches('0').trim_end_matches('.').into()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {SYMBOL}", self.number())
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let form = || AmountError::Form(text.into());
        let number = text.trim();
        let number = number.strip_suffix(SYMBOL).unwrap_or(number).trim_end();
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) {
            return Err(form());
        }
        if decimals.len() > usize::from(DECIMALS) {
            return Err(AmountError::Decimals(text.into()));
        }
        let planck = |digits: &str| digits.parse::<Balance>().ok();
        let rest = planck(&format!("{decimals:0<12}")).ok_or_else(form)?;
        let amount = planck(whole).and_then(|whole| whole.checked_mul(ASY)?.checked_add(rest));
        amount.map(Self).ok_or_else(|| AmountError::TooMuch(text.into()))
    }
}

impl Serialize for Amount {
    /// A string with the number of ASY: JSON's numbers are not exact everywhere.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (text, planck, written) in [
            ("1.5", 1_500_000_000_000, "1.5"),
            ("1.5 ASY", 1_500_000_000_000, "1.5"),
            ("1.5ASY", 1_500_000_000_000, "1.5"),
            (" 0 ", 0, "0"),
            ("0.000000000001", 1, "0.000000000001"),
            ("007.10", 7_100_000_000_000, "7.1"),
            ("100", 100_000_000_000_000, "100"),
            (
                "340282366920938463463374607.431768211455",
                u128::MAX,
                "340282366920938463463374607.431768211455",
            ),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.0, amount.number().as_str()), (planck, written), "{text}");
            assert_eq!(amount.number().parse(), Ok(amount));
        }
        assert_eq!(Amount(2_500_000_000_000).to_string(), "2.5 ASY");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.5 DOT", "ASY", "1 000", "0x10", "1.5.5"]
        {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::Form(text.into())));
        }
        let text = "0.0000000000001";
        assert_eq!(text.parse::<Amount>(), Err(AmountError::Decimals(text.into())));
        for text in ["340282366920938463463374607.431768211456", "999999999999999999999999999999999999999"] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::TooMuch(text.into())));
        }
    }

    #[test]
    fn json_has_amounts_as_strings() {
        assert_eq!(serde_json::to_string(&Amount(1_500_000_000_000)).unwrap(), r#""1.5""#);
    }
}
