// What stands around integer products: operands made ready for them, and sums made floats or fixed point.
#include "gemm.cuh"

#define RESULT_PARAMETERS                                                                              \
    u32 rows, u32 cols, u32 mode, void *out, const f32 *row_scales, const f32 *col_scales,             \
        const f32 *bias, f32 limit, u32 *fault, u32 node
#define RESULT \
    Product { nullptr, nullptr, rows, cols, 0, mode, out, row_scales, col_scales, bias, limit, fault, node }

// The sum of an element whose classes' sums lie in planes, one after another.
__device__ inline i64 sum_at(const i32* sums, u32 classes, u64 plane, u64 at) {
    i64 total = 0;
    for (u32 which = 0; which < classes; which++) {
        total += (i64)sums[which * plane + at] * ((i64)1 << shift_of(which));
    }
    return total;
}

__device__ inline i64 sum_at(const i64* sums, u32, u64, u64 at) {
    return sums[at];
}

// Writes what the mode says of sums that lie in memory, four neighbours a thread.
template <typename Sum>
__device__ inline void finish(const Sum* sums, u32 classes, const Product& p) {
    u64 total = (u64)p.rows * p.cols;
    bool wide = four_at_once(p);
    for (u64 at = 4 * grid_thread(); at < total; at += 4 * grid_threads()) {
        if (wide) {
            i64 four[4];
            for (u32 i = 0; i < 4; i++) {
                four[i] = sum_at(sums, classes, total, at + i);
            }
            put_four(p, (u32)(at / p.cols), (u32)(at % p.cols), four);
            continue;
        }
        for (u64 next = at; next < at + 4 && next < total; next++) {
            put(p, (u32)(next / p.cols), (u32)(next % p.cols), sum_at(sums, classes, total, next));
        }
    }
}

KERNEL void __launch_bounds__(256) finish_i32(const i32* sums, u32 classes, RESULT_PARAMETERS) {
    finish(sums, classes, RESULT);
}

KERNEL void __launch_bounds__(256) finish_i64(const i64* sums, RESULT_PARAMETERS) {
    finish(sums, 1, RESULT);
}

// Copies rows of `depth` digits to rows of `padded`, a multiple of 16, and fills up with zeros, which add nothing to
// a sum.
KERNEL void __launch_bounds__(256) pad_rows(const i8* from, i8* to, u64 rows, u32 depth, u32 padded) {
    u32 words = padded / 16;
    for (u64 at = grid_thread(); at < rows * words; at += grid_threads()) {
        u64 row = at / words;
        u32 first = (u32)(at % words) * 16;
        Words word = {};
#pragma unroll
        for (u32 i = 0; i < 16; i++) {
            u32 digit = first + i < depth ? (u8)from[row * depth + first + i] : 0;
            word.word[i / 4] |= digit << (i % 4 * 8);
        }
        *(Words*)(to + at * 16) = word;
    }
}
