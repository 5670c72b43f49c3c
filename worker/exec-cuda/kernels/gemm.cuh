// What all paths of an integer product share: its operands, and what becomes of its sums.
#pragma once
#include "common.cuh"

// What is written of a sum; launch/linear/gemm.rs has the same numbers.
enum Mode : u32 {
    SUMS_I32 = 0,  // The sum, of operands of one digit.
    SUMS_I64 = 1,  // The sum.
    FLOATS = 2,    // (f32(sum)·(row scale·column scale)), plus the bias where there is one.
    FIXED = 3,     // The same without bias, as fixed point with 40 fractional bits, added to what is there.
    ADD_I32 = 4,   // The sum of a part of the depth, added by atomics.
    ADD_I64 = 5,
};

// C[i, j] = Σₖ A[i, k]·B[j, k] over digit planes, lowest digit first: A is [digits, rows, depth], B [digits, cols,
// depth]. The depth is a multiple of 16 and both operands are aligned to 16 bytes; who launches sees to that.
struct Product {
    const i8* a;
    const i8* b;
    u32 rows, cols, depth;
    u32 mode;
    void* out;
    const f32* row_scales;
    const f32* col_scales;
    const f32* bias;  // Null where there is none.
    f32 limit;        // What a magnitude must stay below that becomes fixed point.
    u32* fault;
    u32 node;
};

#define PRODUCT_PARAMETERS                                                                                   \
    const i8 *a, const i8 *b, u32 rows, u32 cols, u32 depth, u32 mode, void *out, const f32 *row_scales,     \
        const f32 *col_scales, const f32 *bias, f32 limit, u32 *fault, u32 node
#define PRODUCT \
    Product { a, b, rows, cols, depth, mode, out, row_scales, col_scales, bias, limit, fault, node }

// Sums of digit products of equal weight share an i32: that weight's index. The middle pair of three digits each has
// one of its own, since with it the sum would leave an i32 beyond a depth of 105,517.
__device__ constexpr u32 classes(u32 a_digits, u32 b_digits) {
    return a_digits + b_digits - 1 + (a_digits == 3 && b_digits == 3);
}

template <u32 DA, u32 DB>
__device__ constexpr u32 class_of(u32 a_digit, u32 b_digit) {
    return DA == 3 && DB == 3 && a_digit == 1 && b_digit == 1 ? 5 : a_digit + b_digit;
}

// By how many bits the sums of a class are shifted.
__device__ constexpr u32 shift_of(u32 which) {
    return which == 5 ? 14 : 7 * which;
}

// A whole sum of its classes' sums: i32 while there is but one pair of digits.
template <u32 N>
struct Whole {
    typedef i64 Sum;
};
template <>
struct Whole<1> {
    typedef i32 Sum;
};

template <u32 N>
__device__ inline typename Whole<N>::Sum whole(const i32 (&sums)[N]) {
    typename Whole<N>::Sum total = sums[0];
#pragma unroll
    for (u32 i = 1; i < N; i++) {
        // A product, for a negative number is not shifted to the left.
        total += (typename Whole<N>::Sum)sums[i] * ((i64)1 << shift_of(i));
    }
    return total;
}

// Adds `x` to a fixed-point sum, or reports that it is out of range.
__device__ inline void add_fixed(const Product& p, i64* sum, f32 x) {
    if (fits_fixed(x, p.limit)) {
        *sum = (i64)((u64)*sum + (u64)to_fixed(x));
    } else {
        report(p.fault, p.node);
    }
}

// The float that a sum becomes. An operand that is not finite makes it not finite.
__device__ inline f32 dequantised(const Product& p, u32 row, u32 col, f32 sum) {
    f32 y = mul(sum, mul(p.row_scales[row], p.col_scales[col]));
    if (p.bias != nullptr) {
        y = add(y, p.bias[col]);
    }
    return y;
}

// Writes what the mode says of the sum at (row, col); nothing outside of the matrix.
template <typename Sum>
__device__ inline void put(const Product& p, u32 row, u32 col, Sum sum) {
    if (row >= p.rows || col >= p.cols) {
        return;
    }
    u64 at = (u64)row * p.cols + col;
    switch (p.mode) {
        case SUMS_I32:
            ((i32*)p.out)[at] = (i32)sum;
            break;
        case SUMS_I64:
            ((i64*)p.out)[at] = sum;
            break;
        case ADD_I32:
            atomicAdd((i32*)p.out + at, (i32)sum);
            break;
        case ADD_I64:
            atomic_add_i64((i64*)p.out + at, sum);
            break;
        case FIXED:
            add_fixed(p, (i64*)p.out + at, dequantised(p, row, col, to_f32(sum)));
            break;
        default:
            f32 y = dequantised(p, row, col, to_f32(sum));
            if (!finite(y)) {
                report(p.fault, p.node);
            }
            ((f32*)p.out)[at] = y;
    }
}

struct alignas(16) Floats4 {
    f32 at[4];
};

// Whether four neighbours can be written as floats at once.
__device__ inline bool four_at_once(const Product& p) {
    return p.mode == FLOATS && p.cols % 4 == 0 && ((u64)p.out | (u64)p.col_scales | (u64)p.bias) % 16 == 0;
}

// The same as `put` of four sums side by side inside of the matrix, the first column a multiple of four.
template <typename Sum>
__device__ inline void put_four(const Product& p, u32 row, u32 col, const Sum* sums) {
    f32 row_scale = p.row_scales[row];
    Floats4 scales = *(const Floats4*)(p.col_scales + col);
    Floats4 bias = {};
    if (p.bias != nullptr) {
        bias = *(const Floats4*)(p.bias + col);
    }
    Floats4 y;
    bool good = true;
#pragma unroll
    for (u32 i = 0; i < 4; i++) {
        f32 product = mul(to_f32(sums[i]), mul(row_scale, scales.at[i]));
        y.at[i] = p.bias != nullptr ? add(product, bias.at[i]) : product;
        good = good && finite(y.at[i]);
    }
    if (!good) {
        report(p.fault, p.node);
    }
    *(Floats4*)((f32*)p.out + ((u64)row * p.cols + col)) = y;
}

// Sixteen rows of a warp's sums in shared memory, on their way from fragments to whole rows. The rows' stride keeps
// what eight lanes' rows write apart.
template <typename Sum, u32 COLS>
struct alignas(16) Patch {
    static const u32 STRIDE = COLS + 32 / sizeof(Sum);
    Sum sums[16][STRIDE];

    // Writes the patch, whose first element is (row, col) of the output; the warp may fill it again after that.
    __device__ inline void put_all(const Product& p, u32 row, u32 col) const {
        bool wide = four_at_once(p);
        __syncwarp();
#pragma unroll 2
        for (u32 at = threadIdx.x % WARP; at < 16 * COLS / 4; at += WARP) {
            u32 i = at / (COLS / 4), j = at % (COLS / 4) * 4;
            if (wide && row + i < p.rows && col + j < p.cols) {
                put_four(p, row + i, col + j, sums[i] + j);
            } else {
#pragma unroll 1
                for (u32 next = 0; next < 4; next++) {
                    put(p, row + i, col + j + next, sums[i][j + next]);
                }
            }
        }
        __syncwarp();
    }
};

// The rectangle of the output that a block computes: blocks that run at the same time take neighbours, eight high, so
// that the L2 cache serves what they share.
struct Tile {
    u32 row, col;
};

__device__ inline Tile tile_of(u32 block, u32 row_tiles, u32 col_tiles) {
    const u32 HEIGHT = 8;
    u32 band = block / (HEIGHT * col_tiles);
    u32 inside = block - band * HEIGHT * col_tiles;
    u32 height = row_tiles - band * HEIGHT < HEIGHT ? row_tiles - band * HEIGHT : HEIGHT;
    return Tile{band * HEIGHT + inside % height, inside / height};
}

// Steps of the depth that this block computes, [from, to): the depth is split over the grid's second axis.
struct Steps {
    u32 from, to;
};

__device__ inline Steps steps_of(u32 depth, u32 step) {
    u64 steps = (depth + step - 1) / step;
    return Steps{(u32)(steps * blockIdx.y / gridDim.y), (u32)(steps * (blockIdx.y + 1) / gridDim.y)};
}

// Sixteen digits, as they are loaded.
struct alignas(16) Words {
    u32 word[4];
};

__device__ inline Words load_words(const i8* from, bool inside) {
    return inside ? *(const Words*)from : Words{{0, 0, 0, 0}};
}

// A kernel for each pair of precisions: `name_12` has one digit in A and two in B.
#define FOR_DIGITS(KERNEL_OF) \
    KERNEL_OF(1, 1)           \
    KERNEL_OF(1, 2)           \
    KERNEL_OF(1, 3)           \
    KERNEL_OF(2, 1)           \
    KERNEL_OF(2, 2)           \
    KERNEL_OF(2, 3)           \
    KERNEL_OF(3, 1)           \
    KERNEL_OF(3, 2)           \
    KERNEL_OF(3, 3)
