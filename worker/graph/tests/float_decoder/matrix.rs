//! Row-major matrices. The inner loops run over columns, which a compiler makes vector code of.

/// a·b for `a` of rows of `depth` and `b` of `depth` rows.
pub fn product(a: &[f32], depth: usize, b: &[f32]) -> Vec<f32> {
    let mut c = vec![0.0; a.len() / depth * (b.len() / depth)];
    add_product(&mut c, a, depth, b);
    c
}

/// Adds a·b to `c`.
pub fn add_product(c: &mut [f32], a: &[f32], depth: usize, b: &[f32]) {
    let cols = b.len() / depth;
    for (c, a) in c.chunks_exact_mut(cols).zip(a.chunks_exact(depth)) {
        let (mut factors, mut rows) = (a.chunks_exact(4), b.chunks_exact(4 * cols));
        for (a, b) in (&mut factors).zip(&mut rows) {
            let (low, high) = b.split_at(2 * cols);
            let ((b0, b1), (b2, b3)) = (low.split_at(cols), high.split_at(cols));
            for ((((c, b0), b1), b2), b3) in c.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                *c += (a[0] * b0 + a[1] * b1) + (a[2] * b2 + a[3] * b3);
            }
        }
        for (a, b) in factors.remainder().iter().zip(rows.remainder().chunks_exact(cols)) {
            add_scaled(c, *a, b);
        }
    }
}

/// Adds `factor`·x to `y`.
pub fn add_scaled(y: &mut [f32], factor: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

/// Adds x to `y`.
pub fn add(y: &mut [f32], x: &[f32]) {
    add_scaled(y, 1.0, x);
}

/// Swaps the axes of rows of `cols`.
pub fn transpose(x: &[f32], cols: usize) -> Vec<f32> {
    (0..cols).flat_map(|c| x[c..].iter().step_by(cols).copied()).collect()
}

/// Σ a·b in f64.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
