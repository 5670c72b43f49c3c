//! Times: blocks on the chain, minutes and days for people.

use crate::error::CliError;
use assay_chain::{BlockId, BlockNumber, ChainClient};
use serde::Serialize;
use std::str::FromStr;

/// Units, their names and their seconds, the longest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

/// A stretch of time as people give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// In blocks.
    Blocks(u32),
    /// In seconds.
    Seconds(u64),
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time: write 90s, 30m, 2h, 7d, or 100b for blocks");
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(end);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "b" | "blocks" => return Ok(Self::Blocks(number)),
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        Ok(Self::Seconds(u64::from(number) * seconds))
    }
}

/// Where the chain is, and how fast it goes.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Number of the best block.
    pub now: BlockNumber,
    slot_millis: u64,
}

/// A block, and how far away it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// Its number.
    pub block: BlockNumber,
    /// In how many seconds, about; below zero if it was.
    pub in_seconds: i64,
}

impl Clock {
    /// As of a block.
    pub async fn at(chain: &impl ChainClient, block: BlockId) -> Result<Self, CliError> {
        let slot_millis = chain.network_at(block.hash).await?.slot_millis.max(1);
        Ok(Self { now: block.number, slot_millis })
    }

    /// The market's: it goes as fast, and may stand still.
    pub async fn market(self, chain: &impl ChainClient, block: BlockId) -> Result<Self, CliError> {
        Ok(Self { now: chain.market_block(block.hash).await?, ..self })
    }

    /// A time in blocks, rounded up.
    pub fn blocks(&self, span: Span) -> Result<BlockNumber, CliError> {
        match span {
            Span::Blocks(blocks) => Ok(blocks),
            Span::Seconds(seconds) => {
                let blocks = seconds.saturating_mul(1_000).div_ceil(self.slot_millis);
                let too_long = |_| CliError::Usage(format!("{} is too long a time", words(seconds)));
                u32::try_from(blocks).map_err(too_long)
            }
        }
    }

    /// How far away a block is.
    pub fn moment(&self, block: BlockNumber) -> Moment {
        let seconds = self.seconds(block.abs_diff(self.now));
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Moment { block, in_seconds: if block < self.now { -seconds } else { seconds } }
    }

    /// For people: a number of blocks as a time.
    pub fn length(&self, blocks: BlockNumber) -> String {
        words(self.seconds(blocks))
    }

    /// For people: a block and how far away it is.
    pub fn when(&self, block: BlockNumber) -> String {
        let length = self.length(block.abs_diff(self.now));
        match block {
            block if block == self.now => format!("block {block}, now"),
            block if block < self.now => format!("block {block}, {length} ago"),
            block => format!("block {block}, in about {length}"),
        }
    }

    fn seconds(&self, blocks: BlockNumber) -> u64 {
        u64::from(blocks).saturating_mul(self.slot_millis) / 1_000
    }
}

/// The two longest units of a time.
fn words(seconds: u64) -> String {
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, length) in UNITS {
        if rest >= length {
            parts.push(format!("{} {name}", rest / length));
            rest %= length;
        } else if !parts.is_empty() {
            // A unit that is zero counts as one of the two.
            break;
        }
    }
    parts.truncate(2);
    if parts.is_empty() {
        return "0 s".into();
    }
    parts.join(" ")
}

#[cfg(test)]
impl Clock {
    /// One for tests.
    pub fn new(now: BlockNumber, slot_millis: u64) -> Self {
        Self { now, slot_millis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, span) in [
            ("90s", Span::Seconds(90)),
            ("30m", Span::Seconds(1_800)),
            ("2 h", Span::Seconds(7_200)),
            ("7d", Span::Seconds(604_800)),
            ("100b", Span::Blocks(100)),
            ("100 blocks", Span::Blocks(100)),
        ] {
            assert_eq!(text.parse(), Ok(span), "{text}");
        }
        for text in ["", "7", "d", "-1d", "1.5h", "1w", "99999999999d"] {
            assert!(text.parse::<Span>().unwrap_err().contains("is no time: write 90s"), "{text}");
        }
    }

    #[test]
    fn times_become_whole_blocks() {
        let clock = Clock::new(100, 3_000);
        assert_eq!(clock.blocks(Span::Seconds(7)).unwrap(), 3);
        assert_eq!(clock.blocks(Span::Blocks(7)).unwrap(), 7);
        assert!(clock.blocks(Span::Seconds(u64::MAX)).is_err());
    }

    #[test]
    fn blocks_are_told_as_times() {
        let clock = Clock::new(1_000, 3_000);
        assert_eq!(clock.length(100_800), "3 d 12 h");
        assert_eq!(clock.length(28_800), "1 d");
        assert_eq!(clock.length(28_801), "1 d", "seconds don't matter beside days");
        assert_eq!(clock.length(25), "1 min 15 s");
        assert_eq!(clock.length(0), "0 s");
        assert_eq!(clock.when(1_020), "block 1020, in about 1 min");
        assert_eq!(clock.when(980), "block 980, 1 min ago");
        assert_eq!(clock.when(1_000), "block 1000, now");
        assert_eq!(clock.moment(980), Moment { block: 980, in_seconds: -60 });
    }
}
