//! Products in plain f32, of the models that exact programs are measured against.

/// Sums of a product that run side by side, so that the compiler can use vectors.
const LANES: usize = 16;

/// x·Wᵀ.
pub fn product(x: &[f32], weight: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = weight.len() / inputs;
    let mut y = vec![0.0; x.len() / inputs * outputs];
    // A row of the weights stays in the cache for all tokens.
    for (output, row) in weight.chunks_exact(inputs).enumerate() {
        for (token, x) in x.chunks_exact(inputs).enumerate() {
            y[token * outputs + output] = dot(x, row);
        }
    }
    y
}

/// Σ a·b.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
