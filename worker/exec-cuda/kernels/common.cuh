// What the kernels share: types, float operations that cannot fuse, the contract's functions, quantisation, and sums
// over warps and blocks. Order of operations and coefficients are those of `assay-exact`, which is the reference.
//
// NVRTC compiles it without a header of the toolkit. With ASSAY_HOST it compiles for the host: `shim.h` then stands for
// what CUDA has built in.
//
// Blocks are one-dimensional: a multiple of 32 threads, 1,024 at most.
#pragma once

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;

// ---- The device ----

#ifdef ASSAY_HOST
#include "shim.h"
#endif

#ifndef KERNEL
#define KERNEL extern "C" __global__
#endif

// Threads of a warp. Of a shuffle all of them take part.
constexpr u32 WARP = 32;
// The most threads of a block. Kernels that may get more than 256 say so, else the driver may give their threads more
// registers than there are for so many.
constexpr u32 LARGEST_BLOCK = 1024;

// The value of the lane `delta` above; where there is none, the lane's own.
template <typename T> __device__ inline T warp_shuffle_down(T value, u32 delta) {
    return __shfl_down_sync(0xFFFFFFFFu, value, delta);
}

// The value of the lane whose number differs in the bits of `mask`.
template <typename T> __device__ inline T warp_shuffle_xor(T value, u32 mask) {
    return __shfl_xor_sync(0xFFFFFFFFu, value, static_cast<i32>(mask));
}

// Says that the reference traps at node `node`, or at one before it.
__device__ inline void report(u32* fault, u32 node) { atomicMin(fault, node); }

// Addition of integers may be done in any order: that is what makes an atomic one exact.
__device__ inline void atomic_add_i64(i64* sum, i64 addend) {
    atomicAdd(reinterpret_cast<u64*>(sum), static_cast<u64>(addend));
}

// ---- Floats ----

__device__ inline u32 to_bits(f32 x) { return __float_as_uint(x); }
__device__ inline f32 from_bits(u32 pattern) { return __uint_as_float(pattern); }

// One operation each, rounded to nearest even.
__device__ inline f32 add(f32 a, f32 b) { return __fadd_rn(a, b); }
__device__ inline f32 sub(f32 a, f32 b) { return __fsub_rn(a, b); }
__device__ inline f32 mul(f32 a, f32 b) { return __fmul_rn(a, b); }
__device__ inline f32 div(f32 a, f32 b) { return __fdiv_rn(a, b); }
__device__ inline f32 sqrt_(f32 x) { return __fsqrt_rn(x); }

constexpr u32 SIGN = 0x80000000u;
constexpr u32 INFINITY_BITS = 0x7F800000u;
constexpr u32 NAN_BITS = 0x7FC00000u;
// 2⁻¹⁰⁰: what is smaller in magnitude counts as zero.
constexpr u32 TINY_BITS = 0x0D800000u;
// 2³⁰, the unit of a softmax's integer denominator, and its inverse.
constexpr u32 SOFTMAX_ONE_BITS = 0x4E800000u;
constexpr u32 SOFTMAX_UNIT_BITS = 0x30800000u;

// The magnitude's bit pattern: patterns of non-negative floats order as they do, those of NaNs on top.
__device__ inline u32 magnitude(f32 x) { return to_bits(x) & ~SIGN; }
__device__ inline bool finite(f32 x) { return magnitude(x) < INFINITY_BITS; }
__device__ inline bool negative(f32 x) { return to_bits(x) >= SIGN; }
__device__ inline f32 absolute(f32 x) { return from_bits(magnitude(x)); }
// `size`, which is not negative, with the sign of `x`.
__device__ inline f32 with_sign(f32 size, f32 x) { return from_bits(to_bits(size) | (to_bits(x) & SIGN)); }
// State below 2⁻¹⁰⁰ becomes +0.
__device__ inline f32 flush(f32 x) { return magnitude(x) < TINY_BITS ? 0.0f : x; }

// A pattern that orders as finite floats do, −0 below +0.
__device__ inline u32 ordered(f32 x) { return negative(x) ? ~to_bits(x) : to_bits(x) | SIGN; }
// The float that has this order.
__device__ inline f32 from_ordered(u32 order) { return from_bits(order >= SIGN ? order ^ SIGN : ~order); }

// The nearest integer, ties to even.
__device__ inline f32 ties_even(f32 x) { return rintf(x); }
// The same as an integer, clamped to ±2³⁰ first; what a NaN gives is in that range and means nothing.
__device__ inline i32 ties_even_i32(f32 x) {
    constexpr f32 LIMIT = 1073741824.0f;
    return __float2int_rn(fminf(fmaxf(x, -LIMIT), LIMIT));
}
// The same, clamped to ±2⁶².
__device__ inline i64 ties_even_i64(f32 x) {
    constexpr f32 LIMIT = 4611686018427387904.0f;
    return __float2ll_rn(fminf(fmaxf(x, -LIMIT), LIMIT));
}

// The nearest float, ties to even.
__device__ inline f32 to_f32(i32 x) { return __int2float_rn(x); }
__device__ inline f32 to_f32(u32 x) { return __uint2float_rn(x); }
__device__ inline f32 to_f32(i64 x) { return __ll2float_rn(x); }

// ---- Functions ----

// A polynomial by Horner's rule, lowest coefficient first: one product, then one sum, per step.
template <u32 C> __device__ inline f32 horner(f32) { return from_bits(C); }
template <u32 C, u32 NEXT, u32... REST> __device__ inline f32 horner(f32 x) {
    return add(mul(horner<NEXT, REST...>(x), x), from_bits(C));
}

// 355/512, ln 2 to nine bits, and the rest of ln 2.
constexpr u32 LN2_HIGH = 0x3F318000u;
constexpr u32 LN2_LOW = 0xB95E8083u;

// eˣ: +0 below −87, +∞ above 88.
__device__ inline f32 exp_exact(f32 x) {
    if (x < -87.0f) return 0.0f;
    if (x > 88.0f) return from_bits(INFINITY_BITS);
    f32 k = ties_even(mul(x, from_bits(0x3FB8AA3Bu)));
    f32 r = sub(sub(x, mul(k, from_bits(LN2_HIGH))), mul(k, from_bits(LN2_LOW)));
    f32 p = horner<0x3EFFFFFEu, 0x3E2AAA48u, 0x3D2AAC7Au, 0x3C091D35u, 0x3AB511B4u>(r);
    f32 y = add(1.0f, add(r, mul(mul(r, r), p)));
    return mul(y, from_bits(static_cast<u32>(ties_even_i32(k) + 127) << 23));
}

// The natural logarithm of a positive normal number. Of anything else the result means nothing.
__device__ inline f32 ln_exact(f32 x) {
    u32 pattern = to_bits(x);
    i32 exponent = static_cast<i32>(pattern - 0x3F3504F3u) >> 23;
    f32 f = sub(from_bits(pattern - (static_cast<u32>(exponent) << 23)), 1.0f);
    f32 s = div(f, add(2.0f, f));
    f32 z = mul(s, s);
    f32 p = horner<0x3F2AAAABu, 0x3ECCCCF6u, 0x3E922DEBu, 0x3E6EF22Eu>(z);
    f32 t = add(add(s, s), mul(s, mul(z, p)));
    f32 k = to_f32(exponent);
    return add(mul(k, from_bits(LN2_HIGH)), add(mul(k, from_bits(LN2_LOW)), t));
}

// ½ erfc(a/√2), the normal distribution's tail, for a ≥ 0 and e = exp(−a²/2).
__device__ inline f32 half_erfc(f32 a, f32 e) {
    f32 t = div(1.0f, add(1.0f, mul(from_bits(0x3EA00000u), a)));
    f32 p = horner<0x3DFF50B0u, 0x3DFFB47Au, 0x3DE12E34u, 0x3DD6153Cu, 0xBB427FC2u, 0x3E0E1550u, 0xBE0A2744u,
                   0x3D0FDEB2u>(t);
    return mul(e, mul(t, p));
}

// The error function.
__device__ inline f32 erf_exact(f32 x) {
    f32 a = absolute(x);
    f32 z = mul(x, x);
    if (a < 0.75f) {
        f32 p = horner<0x3E0375D4u, 0xBEC0939Du, 0x3DE7157Au, 0xBCDBD5FCu, 0x3BA7A3F6u, 0xBA313CEAu>(z);
        return add(x, mul(x, p));
    }
    f32 w = half_erfc(mul(a, from_bits(0x3FB504F3u)), exp_exact(from_bits(to_bits(z) ^ SIGN)));
    return with_sign(sub(1.0f, add(w, w)), x);
}

// The normal distribution at one place.
struct Normal {
    f32 cumulative;
    f32 density;
};

__device__ inline Normal normal(f32 x) {
    f32 e = exp_exact(mul(mul(x, x), -0.5f));
    f32 tail = half_erfc(absolute(x), e);
    return Normal{negative(x) ? tail : sub(1.0f, tail), mul(e, from_bits(0x3ECC422Au))};
}

// The hyperbolic tangent.
__device__ inline f32 tanh_exact(f32 x) {
    f32 a = absolute(x);
    if (a < 0.5625f) {
        f32 z = mul(x, x);
        f32 p = horner<0xBEAAAAAAu, 0x3E0887E1u, 0xBD5CC9A7u, 0x3CAE404Au, 0xBBD63828u>(z);
        return add(x, mul(x, mul(z, p)));
    }
    f32 e = exp_exact(mul(-2.0f, a));
    return with_sign(div(sub(1.0f, e), add(1.0f, e)), x);
}

// 1/(1 + e⁻ˣ).
__device__ inline f32 sigmoid(f32 x) {
    f32 e = exp_exact(from_bits(to_bits(x) | SIGN));
    return div(negative(x) ? e : 1.0f, add(1.0f, e));
}

// ties_even(exp(x)·2³⁰), one addend of a softmax's denominator, for x ≤ 0. A NaN gives a number in range.
__device__ inline i32 softmax_weight(f32 x) {
    return ties_even_i32(mul(exp_exact(x), from_bits(SOFTMAX_ONE_BITS)));
}

// ---- Quantisation ----

// Q by the number of digits, and that of the sums of norms.
constexpr i32 I8_BOUND = 127;
constexpr i32 I15_BOUND = 16319;
constexpr i32 I22_BOUND = 2088895;
constexpr i32 NORM_BOUND = 32767;

__device__ inline i32 precision_bound(u32 digits) {
    return digits == 1 ? I8_BOUND : digits == 2 ? I15_BOUND : I22_BOUND;
}

// s = absmax/Q of a vector whose largest magnitude has the bit pattern `largest`: 0 below 2⁻¹⁰⁰, NaN if not finite.
__device__ inline f32 quantise_scale(u32 largest, i32 bound) {
    if (largest < TINY_BITS) return 0.0f;
    if (largest >= INFINITY_BITS) return from_bits(NAN_BITS);
    return div(from_bits(largest), to_f32(bound));
}

// r = Q/absmax, or 0 where the scale is 0 or NaN.
__device__ inline f32 quantise_inverse(u32 largest, i32 bound) {
    if (largest < TINY_BITS || largest >= INFINITY_BITS) return 0.0f;
    return div(to_f32(bound), from_bits(largest));
}

// clamp(ties_even(x·r), ±Q). Clamping first gives the same, as Q is an integer. What is not finite gives an integer in
// range that means nothing: its vector's scale is NaN.
__device__ inline i32 quantise(f32 x, f32 inverse, i32 bound) {
    f32 limit = to_f32(bound);
    return __float2int_rn(fminf(fmaxf(mul(x, inverse), -limit), limit));
}

// Digit `plane`, lowest first, of an integer of `digits` digits: low digits −64…63, the top one what is left.
__device__ inline i8 digit(i32 q, u32 plane, u32 digits) {
    // (q − digit)/128 is (q + 64) ≫ 7.
    for (u32 i = 0; i < plane; i++) q = (q + 64) >> 7;
    return static_cast<i8>(plane + 1 < digits ? ((q + 64) & 127) - 64 : q);
}

// f32(Σ)·(s·s′).
__device__ inline f32 dequantise(i64 sum, f32 scale, f32 other_scale) {
    return mul(to_f32(sum), mul(scale, other_scale));
}

// ---- Fixed point with 40 fractional bits ----

// Whether |x| is below `limit`: not so for a NaN.
__device__ inline bool fits_fixed(f32 x, f32 limit) { return absolute(x) < limit; }
// ties_even(x·2⁴⁰).
__device__ inline i64 to_fixed(f32 x) { return ties_even_i64(mul(x, from_bits(0x53800000u))); }
// (f32(Σ)·2⁻⁴⁰)/f32(count).
__device__ inline f32 fixed_mean(i64 sum, u32 count) {
    return div(mul(to_f32(sum), from_bits(0x2B800000u)), to_f32(count));
}

// ---- Over a warp, and over a block ----

struct Largest {
    template <typename T> static __device__ inline T join(T a, T b) { return a > b ? a : b; }
};
struct Total {
    template <typename T> static __device__ inline T join(T a, T b) { return a + b; }
};

// Every lane gets the result.
template <typename OP, typename T> __device__ inline T warp_reduce(T value) {
    for (u32 mask = WARP / 2; mask > 0; mask /= 2) value = OP::join(value, warp_shuffle_xor(value, mask));
    return value;
}

// Every thread gets the result. All threads of the block take part.
template <typename OP, typename T> __device__ inline T block_reduce(T value) {
    __shared__ T partial[WARP];
    value = warp_reduce<OP>(value);
    if (threadIdx.x % WARP == 0) partial[threadIdx.x / WARP] = value;
    __syncthreads();
    T result = partial[0];
    for (u32 warp = 1; warp < blockDim.x / WARP; warp++) result = OP::join(result, partial[warp]);
    __syncthreads();
    return result;
}

__device__ inline u32 warp_max_u32(u32 value) { return warp_reduce<Largest>(value); }
__device__ inline i64 warp_sum_i64(i64 value) { return warp_reduce<Total>(value); }
__device__ inline u32 block_max_u32(u32 value) { return block_reduce<Largest>(value); }
__device__ inline u64 block_max_u64(u64 value) { return block_reduce<Largest>(value); }
__device__ inline i64 block_sum_i64(i64 value) { return block_reduce<Total>(value); }

// The sum of the values of the threads up to and with this one. All threads of the block take part.
__device__ inline i64 block_prefix_i64(i64 value) {
    __shared__ i64 running[1024];
    u32 at = threadIdx.x;
    running[at] = value;
    for (u32 step = 1; step < blockDim.x; step *= 2) {
        __syncthreads();
        i64 before = at >= step ? running[at - step] : 0;
        __syncthreads();
        running[at] += before;
    }
    i64 result = running[at];
    __syncthreads();
    return result;
}

// ---- Over elements, and over rows ----

// This thread's place among all of the grid, and how many there are.
__device__ inline u64 grid_thread() { return static_cast<u64>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline u64 grid_threads() { return static_cast<u64>(gridDim.x) * blockDim.x; }

// to[·][i] = f(from[·][i]) for each i below `len`; reports where an operand or a result is not finite. An output may
// lie where an input does. Each thread has four loads of each operand under way.
template <u32 IN, u32 OUT, typename F>
__device__ inline void elementwise(const f32* const (&from)[IN], f32* const (&to)[OUT], u64 len, u32* fault, u32 node,
                                   F f) {
    constexpr u32 AT_ONCE = 4;
    const u64 step = grid_threads();
    bool sound = true;
    for (u64 first = grid_thread(); first < len; first += AT_ONCE * step) {
        f32 x[AT_ONCE][IN];
        for (u32 j = 0; j < AT_ONCE; j++) {
            const u64 at = first + j * step;
            for (u32 k = 0; k < IN; k++) x[j][k] = at < len ? from[k][at] : 0.0f;
        }
        for (u32 j = 0; j < AT_ONCE; j++) {
            const u64 at = first + j * step;
            if (at >= len) continue;
            f32 y[OUT];
            f(x[j], y);
            for (u32 k = 0; k < IN; k++) sound &= finite(x[j][k]);
            for (u32 k = 0; k < OUT; k++) {
                sound &= finite(y[k]);
                to[k][at] = y[k];
            }
        }
    }
    if (!sound) report(fault, node);
}

// The threads that work on one row together: a warp where rows are short, else a block. Rows are taken in turn, so any
// grid does. All threads of the row call these together; all get the results.
template <bool BY_WARP> struct Row {
    static __device__ inline u64 first() {
        return BY_WARP ? grid_thread() / WARP : static_cast<u64>(blockIdx.x);
    }
    static __device__ inline u64 step() {
        return BY_WARP ? grid_threads() / WARP : static_cast<u64>(gridDim.x);
    }
    static __device__ inline u32 lane() { return BY_WARP ? threadIdx.x % WARP : threadIdx.x; }
    static __device__ inline u32 lanes() { return BY_WARP ? WARP : blockDim.x; }
    static __device__ inline u32 max(u32 value) {
        if constexpr (BY_WARP) return warp_max_u32(value);
        else return block_max_u32(value);
    }
    static __device__ inline i64 sum(i64 value) {
        if constexpr (BY_WARP) return warp_sum_i64(value);
        else return block_sum_i64(value);
    }
    // The largest magnitude of element(c), as a bit pattern.
    template <typename F> static __device__ inline u32 largest(u32 cols, F element) {
        u32 most = 0;
        for (u32 c = lane(); c < cols; c += lanes()) most = Largest::join(most, magnitude(element(c)));
        return max(most);
    }
    // Σ addend(c).
    template <typename F> static __device__ inline i64 total(u32 cols, F addend) {
        i64 own = 0;
        for (u32 c = lane(); c < cols; c += lanes()) own += addend(c);
        return sum(own);
    }
    // S of the contract over element(c): f32(Σq)·s with Q = 2,088,895. NaN if an element is not finite.
    template <typename F> static __device__ inline f32 quantised_sum(u32 cols, F element) {
        const u32 most = largest(cols, element);
        const f32 inverse = quantise_inverse(most, I22_BOUND);
        const i64 q = total(cols, [=](u32 c) { return static_cast<i64>(quantise(element(c), inverse, I22_BOUND)); });
        return mul(to_f32(q), quantise_scale(most, I22_BOUND));
    }
};

// ---- Over columns ----

// Columns that a warp reads side by side.
constexpr u32 COLUMNS = WARP;

// Calls visit(r, c) with the elements of this thread's column of a tile; tiles lie along the grid's x, and rows are
// dealt out to the warps of the blocks along its y.
template <typename F> __device__ inline void for_column(u64 rows, u32 c, F visit) {
    const u32 warps = blockDim.x / WARP;
    for (u64 r = blockIdx.y * warps + threadIdx.x / WARP; r < rows; r += gridDim.y * warps) visit(r, c);
}

// Calls visit(c) with the column of this thread in each of the block's tiles.
template <typename F> __device__ inline void for_columns(u32 cols, F visit) {
    for (u32 c = blockIdx.x * COLUMNS + threadIdx.x % WARP; c < cols; c += gridDim.x * COLUMNS) visit(c);
}

// largest[c] = the largest magnitude of element(r, c), as a bit pattern; zero before.
template <typename F> __device__ inline void columns_largest(u64 rows, u32 cols, u32* largest, F element) {
    for_columns(cols, [=](u32 c) {
        u32 most = 0;
        for_column(rows, c, [&](u64 r, u32 c) { most = Largest::join(most, magnitude(element(r, c))); });
        atomicMax(&largest[c], most);
    });
}

// sums[c] += Σ of the integers of element(r, c), quantised by the column's largest magnitude with Q = 2,088,895.
template <typename F>
__device__ inline void columns_total(u64 rows, u32 cols, const u32* largest, i64* sums, F element) {
    for_columns(cols, [=](u32 c) {
        const f32 inverse = quantise_inverse(largest[c], I22_BOUND);
        i64 sum = 0;
        for_column(rows, c, [&](u64 r, u32 c) { sum += quantise(element(r, c), inverse, I22_BOUND); });
        atomic_add_i64(&sums[c], sum);
    });
}
