//! Random tensors with planted extremes, from Philox with fixed keys. Tests of other backends take them too.
#![allow(dead_code)] // Each test file uses a part.

use assay_exact::{Error, Philox, Precision, QuantRow, Quantised, Trap, TrapKind};

pub const PRECISIONS: [Precision; 3] = [Precision::I8, Precision::I15, Precision::I22];

/// The bytes, so that −0 differs from +0.
pub fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// An output that nothing has been written to.
pub fn poisoned(len: usize) -> Vec<f32> {
    vec![f32::NAN; len]
}

pub fn trap(kind: TrapKind, index: usize) -> Error {
    Error::Trap(Trap { kind, index: index as u64 })
}

/// Gives tensors one after another.
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(seed << 16)
    }

    fn stream(&mut self) -> Philox {
        self.0 += 1;
        Philox::new(*b"exec-cpu", self.0, 0)
    }

    pub fn floats(&mut self, len: usize, bound: f32) -> Vec<f32> {
        let stream = self.stream();
        (0..len as u64).map(|i| stream.symmetric(i, bound)).collect()
    }

    /// Rows of which some are zero, tiny, denormal, huge, or ordinary beside one large element.
    pub fn planted(&mut self, rows: usize, cols: usize) -> Vec<f32> {
        let (mut x, stream) = (self.floats(rows * cols, 4.0), self.stream());
        for (r, row) in x.chunks_exact_mut(cols).enumerate() {
            let place = stream.word(2 * r as u64) as usize % cols;
            match stream.word(2 * r as u64 + 1) % 8 {
                0 => row.fill(0.0),
                1 => row.iter_mut().for_each(|x| *x *= 1e-31),
                2 => row.iter_mut().for_each(|x| *x *= 1e-40),
                3 => row.iter_mut().for_each(|x| *x *= 1e15),
                4 => row[place] = -12_000.0,
                5 => row[place] = -0.0,
                _ => {}
            }
        }
        x
    }

    /// In ±127, with both ends planted.
    pub fn digits(&mut self, len: usize) -> Vec<i8> {
        let stream = self.stream();
        let mut digits: Vec<i8> =
            (0..len as u64).map(|i| ((stream.word(i) % 255) as i32 - 127) as i8).collect();
        digits[0] = -127;
        digits[len - 1] = 127;
        digits
    }

    pub fn indices(&mut self, len: usize, bound: u32) -> Vec<u32> {
        let stream = self.stream();
        (0..len as u64).map(|i| stream.word(i) % bound).collect()
    }

    /// In 1..=limit.
    pub fn dimension(&mut self, limit: u32) -> usize {
        (self.stream().word(0) % limit + 1) as usize
    }
}

/// Quantised rows that own their memory.
pub struct Rows {
    pub planes: Vec<i8>,
    pub scales: Vec<f32>,
    depth: usize,
    precision: Precision,
}

impl Rows {
    pub fn new(x: &[f32], depth: usize, precision: Precision) -> Self {
        let rows = x.len() / depth;
        let (mut planes, mut scales) = (vec![77; precision.digits() * x.len()], poisoned(rows));
        QuantRow::new(rows, depth, precision).unwrap().forward(x, &mut planes, &mut scales).unwrap();
        Self { planes, scales, depth, precision }
    }

    pub fn view(&self) -> Quantised<'_> {
        Quantised::new(&self.planes, &self.scales, self.depth, self.precision).unwrap()
    }
}
