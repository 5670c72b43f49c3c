// Norms of rows, forward and backward, and sums of columns. `by_warp`: a row is a warp's, else a block's.
//
// Backward forms look at their results alone where anything not finite in an operand makes them so.
#include "common.cuh"

template <bool BY_WARP>
__device__ inline void layer_norm(const f32* x, const f32* gamma, const f32* beta, f32* y, f32* mean, f32* rstd,
                                  u64 rows, u32 cols, f32 epsilon, u32* fault, u32 node) {
    using R = Row<BY_WARP>;
    const f32 n = to_f32(cols);
    bool sound = true;
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const f32* from = x + row * cols;
        const u32 largest = R::largest(cols, [=](u32 c) { return from[c]; });
        const f32 s = quantise_scale(largest, NORM_BOUND), inverse = quantise_inverse(largest, NORM_BOUND);
        i64 sum = 0, squares = 0;
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const i32 q = quantise(from[c], inverse, NORM_BOUND);
            sum += q;
            squares += q * q;
        }
        sum = R::sum(sum);
        squares = R::sum(squares);
        const f32 centre = div(mul(to_f32(sum), s), n);
        const f32 variance = div(mul(to_f32(cols * squares - sum * sum), mul(s, s)), mul(n, n));
        const f32 factor = div(1.0f, sqrt_(add(variance, epsilon)));
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const f32 value = add(mul(mul(sub(from[c], centre), factor), gamma[c]), beta[c]);
            sound &= finite(from[c]) && finite(gamma[c]) && finite(beta[c]) && finite(value);
            y[row * cols + c] = value;
        }
        if (R::lane() == 0) {
            mean[row] = centre;
            rstd[row] = factor;
        }
    }
    if (!sound) report(fault, node);
}

// y = ((x − mean)·rstd)·γ + β.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    layer_norm_forward(const f32* x, const f32* gamma, const f32* beta, f32* y, f32* mean, f32* rstd, u64 rows,
                       u32 cols, f32 epsilon, u32 by_warp, u32* fault, u32 node) {
    if (by_warp) layer_norm<true>(x, gamma, beta, y, mean, rstd, rows, cols, epsilon, fault, node);
    else layer_norm<false>(x, gamma, beta, y, mean, rstd, rows, cols, epsilon, fault, node);
}

template <bool BY_WARP>
__device__ inline void layer_norm_gradient(const f32* dy, const f32* x, const f32* gamma, const f32* mean,
                                           const f32* rstd, f32* dx, u64 rows, u32 cols, u32* fault, u32 node) {
    using R = Row<BY_WARP>;
    const f32 n = to_f32(cols);
    bool sound = true;
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const f32 *above = dy + row * cols, *from = x + row * cols;
        const f32 centre = mean[row], factor = rstd[row];
        const auto normal = [=](u32 c) { return mul(sub(from[c], centre), factor); };
        const auto scaled = [=](u32 c) { return mul(above[c], gamma[c]); };
        const f32 a = div(R::quantised_sum(cols, scaled), n);
        const f32 b = div(R::quantised_sum(cols, [=](u32 c) { return mul(scaled(c), normal(c)); }), n);
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const f32 value = mul(sub(sub(scaled(c), a), mul(normal(c), b)), factor);
            sound &= finite(value);
            dx[row * cols + c] = value;
        }
    }
    if (!sound) report(fault, node);
}

// dx = ((g − a) − x̂·b)·rstd with x̂ = (x − mean)·rstd, g = dy·γ, a = S(g)/n, b = S(g·x̂)/n.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    layer_norm_backward_input(const f32* dy, const f32* x, const f32* gamma, const f32* mean, const f32* rstd, f32* dx,
                              u64 rows, u32 cols, u32 by_warp, u32* fault, u32 node) {
    if (by_warp) layer_norm_gradient<true>(dy, x, gamma, mean, rstd, dx, rows, cols, fault, node);
    else layer_norm_gradient<false>(dy, x, gamma, mean, rstd, dx, rows, cols, fault, node);
}

// Σq² of a row with Q = 32,767, and its scale.
struct Squares {
    i64 sum;
    f32 scale;
};

template <bool BY_WARP> __device__ inline Squares squares(const f32* from, u32 cols) {
    using R = Row<BY_WARP>;
    const u32 largest = R::largest(cols, [=](u32 c) { return from[c]; });
    const f32 inverse = quantise_inverse(largest, NORM_BOUND);
    const i64 sum = R::total(cols, [=](u32 c) {
        const i32 q = quantise(from[c], inverse, NORM_BOUND);
        return static_cast<i64>(q * q);
    });
    return Squares{sum, quantise_scale(largest, NORM_BOUND)};
}

template <bool BY_WARP>
__device__ inline void rms_norm(const f32* x, const f32* gamma, f32* y, f32* rstd, u64 rows, u32 cols, f32 epsilon,
                                u32* fault, u32 node) {
    using R = Row<BY_WARP>;
    const f32 n = to_f32(cols);
    bool sound = true;
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const f32* from = x + row * cols;
        const Squares of = squares<BY_WARP>(from, cols);
        const f32 mean_square = div(mul(to_f32(cols * of.sum), mul(of.scale, of.scale)), mul(n, n));
        const f32 factor = div(1.0f, sqrt_(add(mean_square, epsilon)));
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const f32 value = mul(mul(from[c], factor), gamma[c]);
            sound &= finite(from[c]) && finite(gamma[c]) && finite(value);
            y[row * cols + c] = value;
        }
        if (R::lane() == 0) rstd[row] = factor;
    }
    if (!sound) report(fault, node);
}

// y = (x·rstd)·γ.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    rms_norm_forward(const f32* x, const f32* gamma, f32* y, f32* rstd, u64 rows, u32 cols, f32 epsilon, u32 by_warp,
                     u32* fault, u32 node) {
    if (by_warp) rms_norm<true>(x, gamma, y, rstd, rows, cols, epsilon, fault, node);
    else rms_norm<false>(x, gamma, y, rstd, rows, cols, epsilon, fault, node);
}

template <bool BY_WARP>
__device__ inline void rms_norm_gradient(const f32* dy, const f32* x, const f32* gamma, const f32* rstd, f32* dx,
                                         u64 rows, u32 cols, u32* fault, u32 node) {
    using R = Row<BY_WARP>;
    const f32 n = to_f32(cols);
    bool sound = true;
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const f32 *above = dy + row * cols, *from = x + row * cols;
        const f32 factor = rstd[row];
        const auto normal = [=](u32 c) { return mul(from[c], factor); };
        const auto scaled = [=](u32 c) { return mul(above[c], gamma[c]); };
        const f32 b = div(R::quantised_sum(cols, [=](u32 c) { return mul(scaled(c), normal(c)); }), n);
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const f32 value = mul(sub(scaled(c), mul(normal(c), b)), factor);
            sound &= finite(value);
            dx[row * cols + c] = value;
        }
    }
    if (!sound) report(fault, node);
}

// dx = (g − x̂·b)·rstd with x̂ = x·rstd, g = dy·γ, b = S(g·x̂)/n.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    rms_norm_backward_input(const f32* dy, const f32* x, const f32* gamma, const f32* rstd, f32* dx, u64 rows, u32 cols,
                            u32 by_warp, u32* fault, u32 node) {
    if (by_warp) rms_norm_gradient<true>(dy, x, gamma, rstd, dx, rows, cols, fault, node);
    else rms_norm_gradient<false>(dy, x, gamma, rstd, dx, rows, cols, fault, node);
}

template <bool BY_WARP>
__device__ inline void l2_norm(const f32* x, f32* y, f32* divisor, u64 rows, u32 cols, f32 epsilon, u32* fault,
                               u32 node) {
    using R = Row<BY_WARP>;
    bool sound = true;
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const f32* from = x + row * cols;
        const Squares of = squares<BY_WARP>(from, cols);
        const f32 euclidean = mul(sqrt_(to_f32(of.sum)), of.scale);
        const f32 d = euclidean > epsilon ? euclidean : epsilon;
        sound &= finite(d);
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const f32 value = div(from[c], d);
            sound &= finite(from[c]) && finite(value);
            y[row * cols + c] = value;
        }
        if (R::lane() == 0) divisor[row] = d;
    }
    if (!sound) report(fault, node);
}

// y = x/max(‖x‖, ε).
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    l2_norm_forward(const f32* x, f32* y, f32* divisor, u64 rows, u32 cols, f32 epsilon, u32 by_warp, u32* fault,
                    u32 node) {
    if (by_warp) l2_norm<true>(x, y, divisor, rows, cols, epsilon, fault, node);
    else l2_norm<false>(x, y, divisor, rows, cols, epsilon, fault, node);
}

template <bool BY_WARP>
__device__ inline void l2_norm_gradient(const f32* dy, const f32* y, const f32* divisor, f32* dx, u64 rows, u32 cols,
                                        f32 epsilon, u32* fault, u32 node) {
    using R = Row<BY_WARP>;
    bool sound = true;
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const f32 *above = dy + row * cols, *normal = y + row * cols;
        const f32 d = divisor[row];
        const f32 b = R::quantised_sum(cols, [=](u32 c) { return mul(above[c], normal[c]); });
        sound &= finite(d);
        for (u32 c = R::lane(); c < cols; c += R::lanes()) {
            const f32 tangent = d > epsilon ? sub(above[c], mul(normal[c], b)) : above[c];
            const f32 value = div(tangent, d);
            // A divisor that is ε hides y, and an infinite one hides all.
            sound &= finite(above[c]) && finite(normal[c]) && finite(value);
            dx[row * cols + c] = value;
        }
    }
    if (!sound) report(fault, node);
}

// dx = (dy − (y·b))/d with b = S(dy·y), or dy/d where d is ε.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    l2_norm_backward(const f32* dy, const f32* y, const f32* divisor, f32* dx, u64 rows, u32 cols, f32 epsilon,
                     u32 by_warp, u32* fault, u32 node) {
    if (by_warp) l2_norm_gradient<true>(dy, y, divisor, dx, rows, cols, epsilon, fault, node);
    else l2_norm_gradient<false>(dy, y, divisor, dx, rows, cols, epsilon, fault, node);
}

// ---- Sums of columns ----

// What is summed of [rows, cols]: dy·((x − mean)·rstd); dy·(x·rstd) without a mean; dy without x.
struct Element {
    const f32 *dy, *x, *mean, *rstd;
    u32 cols;

    __device__ inline f32 operator()(u64 r, u32 c) const {
        const u64 at = r * cols + c;
        if (!x) return dy[at];
        const f32 centred = mean ? sub(x[at], mean[r]) : x[at];
        return mul(dy[at], mul(centred, rstd[r]));
    }
};

// First: each column's largest magnitude, zero before.
KERNEL void column_largest(const f32* dy, const f32* x, const f32* mean, const f32* rstd, u64 rows, u32 cols,
                           u32* largest) {
    columns_largest(rows, cols, largest, Element{dy, x, mean, rstd, cols});
}

// Second: each column's sum of integers, zero before.
KERNEL void column_total(const f32* dy, const f32* x, const f32* mean, const f32* rstd, u64 rows, u32 cols,
                         const u32* largest, i64* sums) {
    columns_total(rows, cols, largest, sums, Element{dy, x, mean, rstd, cols});
}

__device__ inline f32 column_sum(const u32* largest, const i64* sums, u32 c) {
    return mul(to_f32(sums[c]), quantise_scale(largest[c], I22_BOUND));
}

// Third, either: adds each column's S to fixed-point sums.
KERNEL void column_fixed(const u32* largest, const i64* sums, u32 cols, f32 limit, i64* fixed, u32* fault, u32 node) {
    for (u32 c = grid_thread(); c < cols; c += grid_threads()) {
        const f32 sum = column_sum(largest, sums, c);
        if (fits_fixed(sum, limit)) fixed[c] += to_fixed(sum);
        else report(fault, node);
    }
}

// Or: each column's S divided by the number of its rows.
KERNEL void column_mean(const u32* largest, const i64* sums, u32 cols, u32 rows, f32* y, u32* fault, u32 node) {
    for (u32 c = grid_thread(); c < cols; c += grid_threads()) {
        y[c] = div(column_sum(largest, sums, c), to_f32(rows));
        if (!finite(y[c])) report(fault, node);
    }
}
