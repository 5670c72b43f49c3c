//! Random numbers, the same in every run.

use assay_exact::Philox;

fn stream(tensor: u32) -> Philox {
    Philox::new(*b"products", tensor, 0)
}

/// Words of a tensor.
pub fn words(tensor: u32, count: usize) -> impl Iterator<Item = u32> {
    let stream = stream(tensor);
    (0..count as u64).map(move |i| stream.word(i))
}

/// Floats of a tensor, from −`bound` to `bound`.
pub fn floats(tensor: u32, count: usize, bound: f32) -> Vec<f32> {
    let stream = stream(tensor);
    (0..count as u64).map(|i| stream.symmetric(i, bound)).collect()
}

/// Digits of a tensor, from −127 to 127.
pub fn digits(tensor: u32, count: usize) -> Vec<i8> {
    words(tensor, count).map(|word| ((word % 255) as i32 - 127) as i8).collect()
}
