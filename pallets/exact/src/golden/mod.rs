//! Golden vectors: named cases over every operator, whose output hashes every implementation must reproduce.
//!
//! Inputs are numbers of Philox streams with key [`KEY`], step 0 and tensor 0, 1, 2, … in the order in which a case
//! draws them. A hash is BLAKE3 of the outputs' little-endian bytes, one output after another in the order written.
//! The expected hashes are checked in as `golden/exact-v1.txt`.

mod attention;
mod layer;
mod matrix;
mod scalar;
mod training;

use crate::{Error, Philox, Trap};

/// First 8 bytes of blake2b-256 of the text "assay exact-v1 golden vectors".
pub const KEY: [u8; 8] = [0x2E, 0xFE, 0xCF, 0x98, 0x76, 0x16, 0xB3, 0x4A];

/// One case: a name, and how to compute its output.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// `operator/form`, unique.
    pub name: &'static str,
    run: fn(&mut Inputs, &mut Output) -> Result<(), Error>,
}

impl Case {
    /// Computes the case; the hash of its outputs.
    pub fn hash(&self) -> Result<[u8; 32], Error> {
        let mut output = Output(blake3::Hasher::new());
        (self.run)(&mut Inputs { tensor: 0 }, &mut output)?;
        Ok(*output.0.finalize().as_bytes())
    }
}

/// All cases, in the order of the checked-in file.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    [scalar::CASES, matrix::CASES, layer::CASES, attention::CASES, training::CASES].into_iter().flatten()
}

/// Gives a case its input tensors.
struct Inputs {
    tensor: u32,
}

impl Inputs {
    fn stream(&mut self) -> Philox {
        self.tensor += 1;
        Philox::new(KEY, self.tensor - 1, 0)
    }

    /// Uniform in [−bound, bound).
    fn floats<const N: usize>(&mut self, bound: f32) -> [f32; N] {
        let stream = self.stream();
        core::array::from_fn(|i| stream.symmetric(i as u64, bound))
    }

    /// Uniform with extremes planted: −0, a denormal, an outlier of 3,000 times the bound, in the first three places.
    fn planted<const N: usize>(&mut self, bound: f32) -> [f32; N] {
        let mut values = self.floats(bound);
        values[..3].copy_from_slice(&[-0.0, f32::from_bits(0x0000_1234), 3000.0 * bound]);
        values
    }

    /// −127…127.
    fn digits<const N: usize>(&mut self) -> [i8; N] {
        let stream = self.stream();
        core::array::from_fn(|i| ((stream.word(i as u64) % 255) as i32 - 127) as i8)
    }

    /// 0…below − 1.
    fn indices<const N: usize>(&mut self, below: u32) -> [u32; N] {
        let stream = self.stream();
        core::array::from_fn(|i| stream.word(i as u64) % below)
    }
}

/// Takes a case's output tensors.
struct Output(blake3::Hasher);

impl Output {
    fn floats(&mut self, values: &[f32]) {
        for value in values {
            self.0.update(&value.to_le_bytes());
        }
    }

    fn digits(&mut self, values: &[i8]) {
        for value in values {
            self.0.update(&value.to_le_bytes());
        }
    }

    fn words(&mut self, values: &[u32]) {
        for value in values {
            self.0.update(&value.to_le_bytes());
        }
    }

    fn sums(&mut self, values: &[i64]) {
        for value in values {
            self.0.update(&value.to_le_bytes());
        }
    }

    /// Kind as one byte (NaN 0, infinity 1, bound 2), index as a u64; 0xFF if there was none.
    fn trap(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        match result {
            Ok(()) => self.0.update(&[0xFF]),
            Err(Error::Trap(Trap { kind, index })) => {
                self.0.update(&[kind as u8]);
                self.0.update(&index.to_le_bytes())
            }
            Err(refused) => return Err(refused),
        };
        Ok(())
    }
}
