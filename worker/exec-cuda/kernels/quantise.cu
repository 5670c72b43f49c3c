// Quantisation of rows and columns, digits of integers, and transposition.
#include "common.cuh"

// Neighbours that are read and written at once.
template <u32 WIDTH> struct alignas(4 * WIDTH) Floats {
    f32 at[WIDTH];
};
template <u32 WIDTH> struct alignas(WIDTH) Bytes {
    i8 at[WIDTH];
};

template <u32 WIDTH>
__device__ inline void put_digits(const i32 (&q)[WIDTH], i8* planes, u64 stride, u32 digits) {
    for (u32 plane = 0; plane < digits; plane++) {
        Bytes<WIDTH> bytes;
        for (u32 j = 0; j < WIDTH; j++) bytes.at[j] = digit(q[j], plane, digits);
        *reinterpret_cast<Bytes<WIDTH>*>(planes + plane * stride) = bytes;
    }
}

template <bool BY_WARP, u32 WIDTH>
__device__ inline void quant_rows(const f32* x, i8* planes, f32* scales, u64 rows, u32 cols, u32 digits, u32* fault,
                                  u32 node) {
    using R = Row<BY_WARP>;
    const i32 bound = precision_bound(digits);
    for (u64 row = R::first(); row < rows; row += R::step()) {
        const auto* from = reinterpret_cast<const Floats<WIDTH>*>(x + row * cols);
        u32 largest = 0;
        for (u32 i = R::lane(); i < cols / WIDTH; i += R::lanes()) {
            const Floats<WIDTH> v = from[i];
            for (u32 j = 0; j < WIDTH; j++) largest = Largest::join(largest, magnitude(v.at[j]));
        }
        largest = R::max(largest);
        if (R::lane() == 0) {
            scales[row] = quantise_scale(largest, bound);
            if (largest >= INFINITY_BITS) report(fault, node);
        }
        const f32 inverse = quantise_inverse(largest, bound);
        for (u32 i = R::lane(); i < cols / WIDTH; i += R::lanes()) {
            const Floats<WIDTH> v = from[i];
            i32 q[WIDTH];
            for (u32 j = 0; j < WIDTH; j++) q[j] = quantise(v.at[j], inverse, bound);
            put_digits<WIDTH>(q, planes + row * cols + i * WIDTH, rows * cols, digits);
        }
    }
}

// Planes [digits, rows, cols], scales [rows]. `by_warp`: a row is a warp's. `wide`: `cols` is a multiple of 4, `x` lies
// at one of 16 bytes and the planes at one of 4.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    quant_row(const f32* x, i8* planes, f32* scales, u64 rows, u32 cols, u32 digits, u32 by_warp, u32 wide, u32* fault,
              u32 node) {
    if (by_warp && wide) quant_rows<true, 4>(x, planes, scales, rows, cols, digits, fault, node);
    else if (by_warp) quant_rows<true, 1>(x, planes, scales, rows, cols, digits, fault, node);
    else if (wide) quant_rows<false, 4>(x, planes, scales, rows, cols, digits, fault, node);
    else quant_rows<false, 1>(x, planes, scales, rows, cols, digits, fault, node);
}

// The first half of quant_col: each column's largest magnitude, zero before.
KERNEL void quant_col_largest(const f32* x, u32* largest, u64 rows, u32 cols) {
    columns_largest(rows, cols, largest, [=](u64 r, u32 c) { return x[r * cols + c]; });
}

// Rows of a tile of columns: a warp writes four bytes a lane of one column.
constexpr u32 TILE_ROWS = 4 * WARP;

// A tile's integers, column by column; one more than its rows, so that lanes that write different columns meet
// different banks.
using Tile = i32[COLUMNS][TILE_ROWS + 1];

__device__ inline void load_tile(const f32* x, Tile& tile, u64 row, u32 column, u64 rows, u32 cols, f32 inverse,
                                 i32 bound) {
    const u32 lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    for (u32 r = threadIdx.x / WARP; r < TILE_ROWS; r += warps) {
        const bool inside = row + r < rows && column + lane < cols;
        const f32 v = inside ? x[(row + r) * cols + column + lane] : 0.0f;
        tile[lane][r] = quantise(v, inverse, bound);
    }
}

template <u32 WIDTH>
__device__ inline void store_tile(const Tile& tile, i8* planes, u64 row, u32 column, u64 rows, u32 cols, u32 digits) {
    const u32 lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    for (u32 c = threadIdx.x / WARP; c < COLUMNS && column + c < cols; c += warps) {
        for (u32 r = lane * WIDTH; r < TILE_ROWS && row + r < rows; r += WARP * WIDTH) {
            i32 q[WIDTH];
            for (u32 j = 0; j < WIDTH; j++) q[j] = tile[c][r + j];
            put_digits<WIDTH>(q, planes + (column + c) * rows + row + r, rows * cols, digits);
        }
    }
}

// The second half: planes [digits, cols, rows], scales [cols]. Tiles of columns along the grid's x, of rows along its
// y. `wide`: `rows` is a multiple of 4 and the planes lie at one.
KERNEL void quant_col(const f32* x, const u32* largest, i8* planes, f32* scales, u64 rows, u32 cols, u32 digits,
                      u32 wide, u32* fault, u32 node) {
    __shared__ Tile tile;
    const i32 bound = precision_bound(digits);
    for (u32 column = blockIdx.x * COLUMNS; column < cols; column += gridDim.x * COLUMNS) {
        const u32 own = column + threadIdx.x % WARP;
        const u32 most = own < cols ? largest[own] : 0;
        if (blockIdx.y == 0 && threadIdx.x < WARP && own < cols) {
            scales[own] = quantise_scale(most, bound);
            if (most >= INFINITY_BITS) report(fault, node);
        }
        for (u64 row = static_cast<u64>(blockIdx.y) * TILE_ROWS; row < rows; row += gridDim.y * TILE_ROWS) {
            load_tile(x, tile, row, column, rows, cols, quantise_inverse(most, bound), bound);
            __syncthreads();
            if (wide) store_tile<4>(tile, planes, row, column, rows, cols, digits);
            else store_tile<1>(tile, planes, row, column, rows, cols, digits);
            __syncthreads();
        }
    }
}

// Planes [digits, len] of integers within ±Q.
KERNEL void split(const i32* q, i8* planes, u64 len, u32 digits, u32* fault, u32 node) {
    const i32 bound = precision_bound(digits);
    bool sound = true;
    for (u64 at = grid_thread(); at < len; at += grid_threads()) {
        const i32 own[1] = {q[at]};
        sound &= -bound <= own[0] && own[0] <= bound;
        put_digits<1>(own, planes + at, len, digits);
    }
    if (!sound) report(fault, node);
}

// y [cols, rows] = x [rows, cols] with its axes swapped. Tiles of columns along the grid's x, of rows along its y.
KERNEL void transpose(const f32* x, f32* y, u64 rows, u32 cols) {
    __shared__ f32 tile[WARP][WARP + 1];
    const u32 lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    for (u32 column = blockIdx.x * WARP; column < cols; column += gridDim.x * WARP) {
        for (u64 row = static_cast<u64>(blockIdx.y) * WARP; row < rows; row += gridDim.y * WARP) {
            for (u32 r = threadIdx.x / WARP; r < WARP; r += warps) {
                if (row + r < rows && column + lane < cols) tile[r][lane] = x[(row + r) * cols + column + lane];
            }
            __syncthreads();
            for (u32 c = threadIdx.x / WARP; c < WARP; c += warps) {
                if (column + c < cols && row + lane < rows) y[(column + c) * rows + row + lane] = tile[lane][c];
            }
            __syncthreads();
        }
    }
}
