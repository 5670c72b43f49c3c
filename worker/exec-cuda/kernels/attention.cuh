// What attention's two directions share: operands, the products of int8 tensor cores, copies that run ahead, and the
// exponential of a number that is not positive.
#pragma once
#include "common.cuh"

// Tensor cores and asynchronous copies are there from compute capability 8.0 on; elsewhere plain code does the same.
#if !defined(ASSAY_HOST) && __CUDA_ARCH__ >= 800
#define ASSAY_TENSOR_CORES
#endif

constexpr u32 MINUS_INFINITY = 0xFF800000u;

struct alignas(16) Words4 {
    u32 word[4];
};
struct alignas(8) Words2 {
    u32 first, second;
};
struct alignas(8) Floats2 {
    f32 first, second;
};

// The rows of a stack, which is what a key-value head is asked: row r stands for query ⌊r/group⌋, head
// kv·group + (r mod group). With a group of 1 these are the rows that belong to one head of keys.
struct Stacked {
    u32 heads, group;

    // Where row r of stack `stack` stands in a tensor of (token, head) rows.
    __device__ u64 place(u32 r, u32 stack) const {
        return static_cast<u64>(r / group) * heads + stack * group + r % group;
    }
};

// ---- Products of int8 tensor cores ----

// The lane's place in a fragment: row (or column) and word.
__device__ inline u32 fragment_row() { return threadIdx.x % WARP / 4; }
__device__ inline u32 fragment_word() { return threadIdx.x % 4; }

#ifndef ASSAY_TENSOR_CORES
// Four products; the left bytes are unsigned or signed, the right ones signed.
template <bool UNSIGNED> __device__ inline i32 dot_bytes(u32 a, u32 b) {
    i32 sum = 0;
    for (u32 i = 0; i < 32; i += 8) {
        i32 left = UNSIGNED ? static_cast<i32>(a >> i & 255) : static_cast<i8>(a >> i);
        sum += left * static_cast<i8>(b >> i);
    }
    return sum;
}
#endif

// c (16 × 8) += a (16 × 32)·b (32 × 8) by a warp, modulo 2³². Of lane 4g + t: a₀, a₁ are bytes 4t… of rows g and g +
// 8, a₂, a₃ bytes 16 + 4t…; b₀, b₁ bytes 4t… and 16 + 4t… of column g; c₀, c₁ columns 2t, 2t + 1 of row g, c₂, c₃ of
// row g + 8.
template <bool UNSIGNED> __device__ inline void multiply_tile(i32 (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
#ifdef ASSAY_TENSOR_CORES
    if (UNSIGNED) {
        asm volatile(
            "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else {
        asm volatile(
            "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
#else
    u32 lane = threadIdx.x % WARP, row = lane & ~3u, left = lane % 4 * 8;
    for (u32 t = 0; t < 4; t++) {
        u32 from[4], columns[2][2];
        for (u32 i = 0; i < 4; i++) from[i] = __shfl_sync(0xFFFFFFFFu, a[i], row + t);
        for (u32 column = 0; column < 2; column++) {
            columns[column][0] = __shfl_sync(0xFFFFFFFFu, b0, left + 4 * column + t);
            columns[column][1] = __shfl_sync(0xFFFFFFFFu, b1, left + 4 * column + t);
        }
        for (u32 i = 0; i < 4; i++) {
            const u32(&b)[2] = columns[i % 2];
            u32 sum = dot_bytes<UNSIGNED>(from[i / 2], b[0]) + dot_bytes<UNSIGNED>(from[i / 2 + 2], b[1]);
            c[i] = static_cast<i32>(static_cast<u32>(c[i]) + sum);
        }
    }
#endif
}

// A sum of digit products of this weight, as part of the whole.
__device__ inline i64 weighted(i32 sum, u32 shift) { return static_cast<i64>(sum) * (1ll << shift); }

// The four columns of four words as a matrix of bytes, each as a word.
__device__ inline void transpose_bytes(u32 (&w)[4]) {
    u32 low01 = __byte_perm(w[0], w[1], 0x5140), high01 = __byte_perm(w[0], w[1], 0x7362);
    u32 low23 = __byte_perm(w[2], w[3], 0x5140), high23 = __byte_perm(w[2], w[3], 0x7362);
    w[0] = __byte_perm(low01, low23, 0x5410);
    w[1] = __byte_perm(low01, low23, 0x7632);
    w[2] = __byte_perm(high01, high23, 0x5410);
    w[3] = __byte_perm(high01, high23, 0x7632);
}

// ---- Copies to shared memory that run ahead of the work ----

// 16 bytes, or zeros.
__device__ inline void copy_ahead(void* to, const void* from, bool inside) {
#ifdef ASSAY_TENSOR_CORES
    u32 address = static_cast<u32>(__cvta_generic_to_shared(to));
    u32 bytes = inside ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes) : "memory");
#elif defined(ASSAY_HOST)
    assay_copy(to, from, inside);
#else
    *static_cast<Words4*>(to) = inside ? *static_cast<const Words4*>(from) : Words4{{0, 0, 0, 0}};
#endif
}

// Ends a group of copies.
__device__ inline void copies_end() {
#ifdef ASSAY_TENSOR_CORES
    asm volatile("cp.async.commit_group;" ::: "memory");
#elif defined(ASSAY_HOST)
    assay_copies_end();
#endif
}

// Waits for this thread's groups, but for the last one or, with 0, for all.
template <u32 BUT> __device__ inline void copies_wait() {
#ifdef ASSAY_TENSOR_CORES
    asm volatile("cp.async.wait_group %0;" ::"n"(BUT) : "memory");
#elif defined(ASSAY_HOST)
    assay_copies_wait(BUT);
#endif
}

// ---- Exponentials ----

// 1.5·2²³: a float added to it, below 2²² in magnitude, is rounded to an integer, ties to even, which its low bits
// hold.
constexpr u32 ROUNDING = 0x4B400000u;

// eˣ for x ≤ 0, to be multiplied by at most 2³⁰ and rounded to an integer: where `exp_exact` gives +0 or a denormal,
// this may give another number below 2⁻¹²⁶, which rounds to 0 as well. The same bits elsewhere, in fewer operations:
// 2ᵏ is added to the exponent. −∞ and NaN are as −87.
__device__ inline f32 exp_falling(f32 x) {
    f32 rounding = from_bits(ROUNDING);
    x = fmaxf(x, -87.0f);
    f32 rounded = add(mul(x, from_bits(0x3FB8AA3Bu)), rounding);
    f32 k = sub(rounded, rounding);
    f32 r = sub(sub(x, mul(k, from_bits(LN2_HIGH))), mul(k, from_bits(LN2_LOW)));
    f32 p = horner<0x3EFFFFFEu, 0x3E2AAA48u, 0x3D2AAC7Au, 0x3C091D35u, 0x3AB511B4u>(r);
    f32 y = add(1.0f, add(r, mul(mul(r, r), p)));
    return from_bits(to_bits(y) + (to_bits(rounded) << 23));
}

// ties_even(exp(x)·2³⁰).
__device__ inline u32 denominator_part(f32 x) {
    return static_cast<u32>(__float2int_rn(mul(exp_falling(x), from_bits(SOFTMAX_ONE_BITS))));
}

// ties_even(exp(x)·Q) in the lower half of the word; what is above means nothing.
__device__ inline u32 numerator(f32 x, f32 bound) {
    return to_bits(add(mul(exp_falling(x), bound), from_bits(ROUNDING)));
}

// ---- What attention is given ----

#define ATTENTION_PARAMETERS                                                                                      \
    const i8 *q_planes, const f32 *q_scales, const i8 *key_planes, const f32 *key_scales, const i8 *value_planes, \
        const f32 *value_scales, const f32 *value_logs, f32 *out, const u32 *position, u32 queries, u32 keys,     \
        u64 q_plane, u64 key_plane, u32 heads, u32 kv_heads, u32 dim, u32 causal, f32 scale, u32 *fault, u32 node
#define ATTENTION                                                                                                   \
    Attention {                                                                                                     \
        q_planes, q_scales, key_planes, key_scales, value_planes, value_scales, value_logs, out, position, queries, \
            keys, q_plane, key_plane, heads, kv_heads, dim, causal, scale, fault, node                              \
    }

// Queries [queries, heads, dim], keys and values [keys, kv_heads, dim], whose digit planes lie q_plane and key_plane
// bytes apart, out [queries, heads, dim].
struct Attention {
    const i8* q_planes;
    const f32* q_scales;
    const i8* key_planes;
    const f32* key_scales;
    const i8* value_planes;
    const f32* value_scales;
    const f32* value_logs;
    f32* out;
    // Tokens that the unit had before this pass's queries; null: there are `keys` keys. Else that is the most there may
    // be.
    const u32* position;
    u32 queries, keys;
    u64 q_plane, key_plane;
    u32 heads, kv_heads, dim;
    // 0: every query sees all keys.
    u32 causal;
    f32 scale;
    u32* fault;
    u32 node;

    __device__ u32 group() const { return heads / kv_heads; }
    __device__ u32 rows() const { return queries * group(); }
    __device__ Stacked stacked() const { return Stacked{heads, group()}; }

    // Keys that there are.
    __device__ u32 held() const {
        if (!position) return keys;
        u64 held = static_cast<u64>(*position) + queries;
        return held < keys ? static_cast<u32>(held) : keys;
    }
    // How many of them, from the first on, row r sees.
    __device__ u32 visible(u32 r, u32 held) const { return causal ? held - queries + r / group() + 1 : held; }

    // Begins so many tokens later, with queries and with keys and values.
    __device__ void skip(u32 query, u32 key) {
        u64 asking = static_cast<u64>(query) * heads, asked = static_cast<u64>(key) * kv_heads;
        q_planes += asking * dim;
        q_scales += asking;
        out += asking * dim;
        key_planes += asked * dim;
        key_scales += asked;
        value_planes += asked * dim;
        value_scales += asked;
        value_logs += asked;
    }
    // Becomes that of the tokens [from, to) among those of many units, each of which sees its own tokens.
    __device__ void narrow(u32 from, u32 to) {
        skip(from, from);
        queries = keys = to - from;
    }
    // Becomes that of one unit of a decode: each has one query, and keys and values from its slot in the cache on.
    __device__ void choose(u32 unit, const u32* slots) {
        skip(unit, slots[unit]);
        position += unit;
    }

    // The row of a key or value.
    __device__ u64 key_row(u32 key, u32 kv) const { return static_cast<u64>(key) * kv_heads + kv; }

    // score = (f32(acc)·(sq·sk))·c.
    __device__ f32 score(f32 sum, f32 q_scale, f32 key_scale) const {
        return mul(mul(sum, mul(q_scale, key_scale)), scale);
    }
    // ln sv as attention adds it: −∞ for a value that does not count.
    __device__ f32 log(u64 row) const {
        return value_scales[row] == 0.0f ? from_bits(MINUS_INFINITY) : value_logs[row];
    }
    // Whether a visible score makes its row NaN.
    __device__ static bool traps(f32 score, f32 log) {
        return !finite(score) || (log != from_bits(MINUS_INFINITY) && !finite(add(score, log)));
    }
};

// What one (query, head) row needs beside its sums.
struct Softmax {
    // m and m′; −∞: no value counts.
    f32 maximum, best;
    // D.
    i64 denominator;

    // (f32(Σ pq·v)·exp(m′ − m))·((2³⁰/Q)/f32(D)).
    __device__ f32 weigh(i64 sum, f32 back, f32 share) const {
        return best == from_bits(MINUS_INFINITY) ? 0.0f : mul(mul(to_f32(sum), back), share);
    }
    __device__ f32 back() const { return exp_exact(sub(best, maximum)); }
    __device__ f32 share(f32 bound) const {
        return div(div(from_bits(SOFTMAX_ONE_BITS), bound), to_f32(denominator));
    }
};
