//! Sizes as people write them.

use serde::Deserialize;
use toml::Value;

/// A number of bytes, in a file also as text with a unit: `8 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Size(pub u64);

impl TryFrom<Value> for Size {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let size = match &value {
            Value::Integer(bytes) => u64::try_from(*bytes).ok(),
            Value::String(text) => Self::parse(text),
            _ => None,
        };
        size.map(Self).ok_or_else(|| format!("{value} is no size: write bytes, or text such as \"8 GiB\""))
    }
}

impl Size {
    fn parse(text: &str) -> Option<u64> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let shift = match text[digits.len()..].trim() {
            "" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(1 << shift)
    }
}
