// Means of fixed-point sums of gradients, clipping of their norm, and the updates of parameters.
#include "common.cuh"

// y[i] = (f32(sums[i])·2⁻⁴⁰)/f32(count).
KERNEL void fixed_means(const i64* sums, f32* y, u64 len, u32 count) {
    for (u64 i = grid_thread(); i < len; i += grid_threads()) y[i] = fixed_mean(sums[i], count);
}

// First of a square norm: largest[0] = the largest magnitude, zero before.
KERNEL void clip_norm_largest(const f32* g, u64 len, u32* largest) {
    u32 most = 0;
    for (u64 i = grid_thread(); i < len; i += grid_threads()) most = Largest::join(most, magnitude(g[i]));
    most = block_max_u32(most);
    if (threadIdx.x == 0) atomicMax(largest, most);
}

// Second: squares[0] = Σq², zero before.
KERNEL void clip_norm_squares(const f32* g, u64 len, const u32* largest, i64* squares) {
    const f32 inverse = quantise_inverse(largest[0], NORM_BOUND);
    i64 own = 0;
    for (u64 i = grid_thread(); i < len; i += grid_threads()) {
        const i32 q = quantise(g[i], inverse, NORM_BOUND);
        own += q * q;
    }
    own = block_sum_i64(own);
    if (threadIdx.x == 0) atomic_add_i64(squares, own);
}

// Third: square[0] = f32(Σq²)·(s·s). One thread.
KERNEL void clip_norm_square(const u32* largest, const i64* squares, f32* square, u32* fault, u32 node) {
    if (grid_thread() > 0) return;
    const f32 s = quantise_scale(largest[0], NORM_BOUND);
    square[0] = mul(to_f32(squares[0]), mul(s, s));
    if (!finite(square[0])) report(fault, node);
}

// g = g·factor[0].
KERNEL void clip_norm_apply(const f32* factor, f32* g, u64 len, u32* fault, u32 node) {
    const f32 by = factor[0];
    elementwise<1, 1>({g}, {g}, len, fault, node,
                      [=](const f32 (&x)[1], f32 (&y)[1]) { y[0] = mul(x[0], by); });
}

// v = flush((μ·v) + (g + (λ·p))), then p = p − (η·v).
KERNEL void sgd_step(const f32* g, f32* v, f32* p, u64 len, f32 rate, f32 momentum, f32 decay, u32* fault, u32 node) {
    elementwise<3, 2>({g, v, p}, {v, p}, len, fault, node, [=](const f32 (&x)[3], f32 (&y)[2]) {
        y[0] = flush(add(mul(momentum, x[1]), add(x[0], mul(decay, x[2]))));
        y[1] = sub(x[2], mul(rate, y[0]));
    });
}

// m = flush((β₁·m) + ((1 − β₁)·g)); v = flush((β₂·v) + (((1 − β₂)·g)·g)); then
// p = p − (η·(((m/(1 − β₁ᵗ))/(sqrt(v/(1 − β₂ᵗ)) + ε)) + (λ·p))).
KERNEL void adam_step(const f32* g, f32* m, f32* v, f32* p, u64 len, f32 rate, f32 beta1, f32 beta2, f32 power1,
                      f32 power2, f32 epsilon, f32 decay, u32* fault, u32 node) {
    const f32 rest1 = sub(1.0f, beta1), rest2 = sub(1.0f, beta2);
    const f32 correction1 = sub(1.0f, power1), correction2 = sub(1.0f, power2);
    elementwise<4, 3>({g, m, v, p}, {m, v, p}, len, fault, node, [=](const f32 (&x)[4], f32 (&y)[3]) {
        y[0] = flush(add(mul(beta1, x[1]), mul(rest1, x[0])));
        y[1] = flush(add(mul(beta2, x[2]), mul(mul(rest2, x[0]), x[0])));
        const f32 direction = div(div(y[0], correction1), add(sqrt_(div(y[1], correction2)), epsilon));
        y[2] = sub(x[3], mul(rate, add(direction, mul(decay, x[3]))));
    });
}
