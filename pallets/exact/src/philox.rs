//! Philox 4×32-10: random numbers that are a pure function of a key and a counter.
//!
//! Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

/// Multipliers of the two halves of a block.
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// What each round adds to the two halves of the key.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// One stream of random numbers: a key, a tensor and a step.
#[derive(Clone, Copy, Debug)]
pub struct Philox {
    key: [u32; 2],
    tensor: u32,
    step: u32,
}

impl Philox {
    /// `key` is the first 8 bytes of blake2b-256 of the job seed, two little-endian words.
    pub fn new(key: [u8; 8], tensor: u32, step: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = key;
        Self { key: [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])], tensor, step }
    }

    /// The block with counter (index low, index high, tensor, step).
    pub fn block(&self, index: u64) -> [u32; 4] {
        let mut counter = [index as u32, (index >> 32) as u32, self.tensor, self.step];
        let mut key = self.key;
        for round in 0..10 {
            if round > 0 {
                key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
            }
            let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
            let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
            counter = [
                (second >> 32) as u32 ^ counter[1] ^ key[0],
                second as u32,
                (first >> 32) as u32 ^ counter[3] ^ key[1],
                first as u32,
            ];
        }
        counter
    }

    /// Number `i` of the stream: word i mod 4 of block ⌊i/4⌋.
    pub fn word(&self, i: u64) -> u32 {
        self.block(i / 4)[(i % 4) as usize]
    }

    /// Number `i` as a float in [−bound, bound): ((f32(word ≫ 8)·2⁻²³) − 1)·bound. The initial weights of a program
    /// that starts from a seed.
    pub fn symmetric(&self, i: u64, bound: f32) -> f32 {
        const UNIT: f32 = f32::from_bits((127 - 23) << 23);
        ((self.word(i) >> 8) as f32 * UNIT - 1.0) * bound
    }

    /// Two words of block `index` as the draw of [`crate::Sample`]: word 0 + 2³²·word 1.
    pub fn draw(&self, index: u64) -> u64 {
        let [low, high, ..] = self.block(index);
        u64::from(low) | (u64::from(high) << 32)
    }
}
