//! Shares, as people write them.

use sp_runtime::Perbill;

/// Digits behind the point of a percentage that a share can have.
const DECIMALS: usize = 7;

/// Reads a percentage, such as `2.5` or `2.5%`.
pub fn read(text: &str) -> Result<Perbill, String> {
    let wrong = || format!("{text:?} is no share: write a percentage from 0 to 100, such as 2.5%");
    let number = text.trim().trim_end_matches('%');
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > DECIMALS {
        return Err(wrong());
    }
    let parts = format!("{whole}{decimals:0<DECIMALS$}").parse::<u32>().ok();
    parts.filter(|parts| *parts <= 1_000_000_000).map(Perbill::from_parts).ok_or_else(wrong)
}

/// Writes a percentage with all its digits.
pub fn write(share: Perbill) -> String {
    let parts = share.deconstruct();
    let text = format!("{}.{:07}", parts / 10_000_000, parts % 10_000_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Writes parts per billion as a percentage with two digits behind the point, rounded down.
pub fn rounded(parts: u32) -> String {
    let hundredths = parts / 100_000;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact() {
        for (text, parts, written) in [
            ("0", 0, "0%"),
            ("2.5%", 25_000_000, "2.5%"),
            ("30", 300_000_000, "30%"),
            ("100%", 1_000_000_000, "100%"),
            ("0.0000001", 1, "0.0000001%"),
        ] {
            assert_eq!(read(text), Ok(Perbill::from_parts(parts)), "{text}");
            assert_eq!(write(Perbill::from_parts(parts)), written);
        }
        for text in ["", "%", "101", "100.0000001", "0.00000001", "-1", "1/2", "99999999999999999999"] {
            assert!(read(text).unwrap_err().contains("write a percentage"), "{text}");
        }
    }

    #[test]
    fn rounded_ones_have_two_decimals() {
        assert_eq!(rounded(12_345_678), "1.23%");
        assert_eq!(rounded(1_000_000_000), "100.00%");
    }
}
