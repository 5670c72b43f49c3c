// Products by dp4a, four digits at a time: for devices without int8 tensor cores that PTX of compute_80 could use.
// architecture: compute_75
#include "gemm.cuh"

// c + Σ over four digits of a·b.
__device__ inline i32 dp4a(u32 a, u32 b, i32 c) {
#ifdef ASSAY_HOST
    for (u32 i = 0; i < 32; i += 8) {
        c += (i32)(i8)(a >> i) * (i32)(i8)(b >> i);
    }
#else
    asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(c) : "r"(a), "r"(b));
#endif
    return c;
}

// Tiles of 64 × 64 outputs, each thread 4 × 4 of them, 32 digits of the depth a step.
const u32 SIDE = 64;
const u32 WORDS = 8;
const u32 THREADS = 256;

// Copies one step of `DIGITS` planes to shared memory as words, depth first, so that a thread reads four neighbours
// at once.
template <u32 DIGITS>
__device__ inline void stage(u32 (&to)[DIGITS][WORDS][SIDE], const i8* from, u32 first, u32 rows, u32 depth, u32 k) {
    const u32 QUADS = WORDS / 4;
    for (u32 at = threadIdx.x; at < DIGITS * SIDE * QUADS; at += THREADS) {
        u32 digit = at / (SIDE * QUADS), row = at % SIDE, quad = at / SIDE % QUADS;
        bool inside = first + row < rows && k + 16 * quad < depth;
        Words words = load_words(from + ((u64)digit * rows + first + row) * depth + k + 16 * quad, inside);
        for (u32 i = 0; i < 4; i++) {
            to[digit][4 * quad + i][row] = words.word[i];
        }
    }
}

template <u32 DA, u32 DB>
__device__ inline void tile_product(const Product& p) {
    __shared__ alignas(16) u32 a[DA][WORDS][SIDE];
    __shared__ alignas(16) u32 b[DB][WORDS][SIDE];
    const u32 N = classes(DA, DB);
    i32 sums[4][4][N] = {};
    Tile tile = tile_of(blockIdx.x, (p.rows + SIDE - 1) / SIDE, (p.cols + SIDE - 1) / SIDE);
    u32 row = tile.row * SIDE, col = tile.col * SIDE;
    u32 my_row = threadIdx.x / 16 * 4, my_col = threadIdx.x % 16 * 4;

    Steps steps = steps_of(p.depth, 4 * WORDS);
    for (u32 step = steps.from; step < steps.to; step++) {
        __syncthreads();
        stage<DA>(a, p.a, row, p.rows, p.depth, step * 4 * WORDS);
        stage<DB>(b, p.b, col, p.cols, p.depth, step * 4 * WORDS);
        __syncthreads();
#pragma unroll
        for (u32 word = 0; word < WORDS; word++) {
#pragma unroll
            for (u32 da = 0; da < DA; da++) {
                Words left = *(const Words*)&a[da][word][my_row];
#pragma unroll
                for (u32 db = 0; db < DB; db++) {
                    Words right = *(const Words*)&b[db][word][my_col];
#pragma unroll
                    for (u32 i = 0; i < 16; i++) {
                        i32& sum = sums[i / 4][i % 4][class_of<DA, DB>(da, db)];
                        sum = dp4a(left.word[i / 4], right.word[i % 4], sum);
                    }
                }
            }
        }
    }
#pragma unroll
    for (u32 i = 0; i < 16; i++) {
        put(p, row + my_row + i / 4, col + my_col + i % 4, whole<N>(sums[i / 4][i % 4]));
    }
}

#define TILE_KERNEL(DA, DB)                                                           \
    KERNEL void __launch_bounds__(256) gemm_dp4a_##DA##DB(PRODUCT_PARAMETERS) {       \
        tile_product<DA, DB>(PRODUCT);                                                \
    }
FOR_DIGITS(TILE_KERNEL)

// Few rows: each warp has one column of C, whose digits it reads once, 512 bytes at a time; up to eight rows of A go
// along.
const u32 FEW = 8;

template <u32 DA, u32 DB>
__device__ inline void vector_product(const Product& p) {
    const u32 N = classes(DA, DB);
    __shared__ i32 totals[THREADS / WARP][FEW][N];
    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    u32 first = blockIdx.y * FEW, rows = p.rows - first < FEW ? p.rows - first : FEW;
    u32 col = blockIdx.x * (THREADS / WARP) + warp;
    i32* mine = &totals[warp][0][0];
    for (u32 i = lane; i < FEW * N; i += WARP) {
        mine[i] = 0;
    }
    __syncthreads();

    i32 sums[FEW][N] = {};
    for (u32 k = 16 * lane; k < p.depth && col < p.cols; k += 16 * WARP) {
        Words right[DB];
#pragma unroll
        for (u32 db = 0; db < DB; db++) {
            right[db] = load_words(p.b + ((u64)db * p.cols + col) * p.depth + k, true);
        }
#pragma unroll
        for (u32 row = 0; row < FEW; row++) {
#pragma unroll
            for (u32 da = 0; da < DA && row < rows; da++) {
                Words left = load_words(p.a + ((u64)da * p.rows + first + row) * p.depth + k, true);
#pragma unroll
                for (u32 i = 0; i < 4 * DB; i++) {
                    i32& sum = sums[row][class_of<DA, DB>(da, i / 4)];
                    sum = dp4a(left.word[i % 4], right[i / 4].word[i % 4], sum);
                }
            }
        }
    }
#pragma unroll
    for (u32 i = 0; i < FEW * N; i++) {
        atomicAdd(mine + i, sums[i / N][i % N]);
    }
    __syncthreads();
    if (lane < rows) {
        put(p, first + lane, col, whole<N>(totals[warp][lane]));
    }
}

#define VECTOR_KERNEL(DA, DB)                                                         \
    KERNEL void __launch_bounds__(256) vector_dp4a_##DA##DB(PRODUCT_PARAMETERS) {     \
        vector_product<DA, DB>(PRODUCT);                                              \
    }
FOR_DIGITS(VECTOR_KERNEL)
