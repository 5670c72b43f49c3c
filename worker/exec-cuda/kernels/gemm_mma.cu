// Products on tensor cores by mma.sync: of i8 digits, and of the same digits as bf16 where int8 units have gone.
// architecture: compute_80
#include "async_copy.cuh"
#include "gemm.cuh"

// Fragments of m16n8k32, i8: lane 4g + t has of A the words (row g, digits 4t…), (row g + 8), and both again 16
// digits on; of B (column g, digits 4t…), and again 16 digits on; of C the columns 2t and 2t + 1 of row g, then of
// row g + 8.

#ifdef ASSAY_HOST
// The words that lane `lane` has in `word`, for all lanes.
struct AllLanes {
    u64 lanes[WARP];
    AllLanes(u32 word) { assay_warp_words(0xFFFFFFFFu, word, lanes); }
    u32 of(u32 lane) const { return (u32)lanes[lane]; }
};

// Σ over four digits.
inline i32 four_products(u32 a, u32 b) {
    i32 sum = 0;
    for (u32 i = 0; i < 32; i += 8) {
        sum += (i32)(i8)(a >> i) * (i32)(i8)(b >> i);
    }
    return sum;
}
#endif

// C += A·B over 32 digits.
__device__ inline void mma(i32 (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
#ifdef ASSAY_HOST
    AllLanes all_a[4] = {a[0], a[1], a[2], a[3]}, all_b[2] = {b[0], b[1]};
    u32 g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
    for (u32 i = 0; i < 4; i++) {
        for (u32 lane = 0; lane < 4; lane++) {
            u32 row = 4 * g + lane, col = 4 * (2 * t + i % 2) + lane;
            c[i] += four_products(all_a[i / 2].of(row), all_b[0].of(col));
            c[i] += four_products(all_a[2 + i / 2].of(row), all_b[1].of(col));
        }
    }
#else
    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3},"
        " {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// Fragments of m16n8k16, bf16, two values a word: of A (row g, values 2t and 2t + 1), (row g + 8), and both again 8
// values on; of B (column g, values 2t and 2t + 1), and again 8 values on; of C as above.
//
// C += A·B over 16 values. Integers of at most eight bits are exact in bf16, and their sums in f32 below 2²⁴.
__device__ inline void mma(f32 (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
#ifdef ASSAY_HOST
    AllLanes all_a[4] = {a[0], a[1], a[2], a[3]}, all_b[2] = {b[0], b[1]};
    u32 g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
    for (u32 i = 0; i < 4; i++) {
        for (u32 k = 0; k < 16; k++) {
            u32 lane = k % 8 / 2, shift = k % 2 * 16;
            u32 left = all_a[2 * (k / 8) + i / 2].of(4 * g + lane) >> shift;
            u32 right = all_b[k / 8].of(4 * (2 * t + i % 2) + lane) >> shift;
            c[i] = add(c[i], mul(from_bits(left << 16), from_bits(right << 16)));
        }
    }
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3},"
        " {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// The bits of a digit as f32: 2²³ + 128 + digit is exact, and so is the difference.
__device__ inline u32 widened(u32 biased, u32 byte) {
    return to_bits(sub(from_bits(0x4B000000u | (biased >> (8 * byte) & 0xFF)), 8388736.0f));
}

// Four digits as two words of two bf16, which are the upper halves of f32.
__device__ inline void widen(u32 digits, u32& low, u32& high) {
    u32 biased = digits ^ 0x80808080u;
    low = widened(biased, 0) >> 16 | (widened(biased, 1) & 0xFFFF0000u);
    high = widened(biased, 2) >> 16 | (widened(biased, 3) & 0xFFFF0000u);
}

// The same over 32 digits by bf16: a lane's four digits of a word become values 2t, 2t + 1, 2t + 8 and 2t + 9 of one
// product. That is another order of the depth, the same for both operands.
__device__ inline void mma_widened(f32 (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
#pragma unroll
    for (u32 half = 0; half < 2; half++) {
        u32 left[4], right[2];
        widen(a[2 * half], left[0], left[2]);
        widen(a[2 * half + 1], left[1], left[3]);
        widen(b[half], right[0], right[1]);
        mma(c, left, right);
    }
}

// A block has 4 × 2 warps, each 32 × (8·WIDTH) outputs; the depth goes through shared memory 64 digits a step.
const u32 THREADS = 256;
const u32 ROWS = 128;
const u32 STEP = 64;

// Where a row's 16 digits `chunk` lie: eight rows of one chunk, as ldmatrix reads them, are in different banks.
__device__ inline const i8* place(const i8* tile, u32 row, u32 chunk) {
    return tile + row * STEP + 16 * (chunk ^ (row >> 1 & 3));
}

// Loads four matrices of 8 rows × 16 digits; lane 4g + t gets of each the digits 4t… of row g. Two of them lie below
// one another and two side by side: below one another first (a fragment of A), or side by side first (two of B).
template <bool SIDEWAYS>
__device__ inline void load_fragment(u32 (&words)[4], const i8* tile, u32 row, u32 chunk) {
    u32 lane = threadIdx.x % WARP;
#ifdef ASSAY_HOST
    for (u32 i = 0; i < 4; i++) {
        u32 below = SIDEWAYS ? i / 2 : i % 2, beside = SIDEWAYS ? i % 2 : i / 2;
        words[i] = *(const u32*)(place(tile, row + 8 * below + lane / 4, chunk + beside) + 4 * (lane % 4));
    }
#else
    u32 i = lane / 8, below = SIDEWAYS ? i / 2 : i % 2, beside = SIDEWAYS ? i % 2 : i / 2;
    const i8* from = place(tile, row + 8 * below + lane % 8, chunk + beside);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"((u32)__cvta_generic_to_shared(from))
                 : "memory");
#endif
}

// Copies the steps of `HEIGHT` rows of each plane; each thread has sixteen digits of every 64th row.
template <u32 DIGITS, u32 HEIGHT>
struct Loader {
    static const u32 STRIDE = THREADS / 4;
    const i8* from;
    u64 plane;
    u32 depth, rows, row, chunk;

    // Of a matrix of `all_rows`, from row `first` on.
    __device__ inline Loader(const i8* matrix, u32 first, u32 all_rows, u32 depth)
        : from(matrix + (u64)first * depth), plane((u64)all_rows * depth), depth(depth), rows(all_rows - first),
          row(threadIdx.x / 4), chunk(threadIdx.x % 4) {}

    __device__ inline void load(i8* tile, u32 k) const {
#pragma unroll
        for (u32 digit = 0; digit < DIGITS; digit++) {
#pragma unroll
            for (u32 at = 0; at < HEIGHT; at += STRIDE) {
                if (HEIGHT % STRIDE != 0 && row >= HEIGHT) {
                    continue;
                }
                bool inside = row + at < rows && k + 16 * chunk < depth;
                const i8* source = from + digit * plane + (u64)(row + at) * depth + k + 16 * chunk;
                copy_later((i8*)place(tile + digit * HEIGHT * STEP, row + at, chunk), inside ? source : from, inside);
            }
        }
    }
};

// The sums of a warp, and how they take products in.
template <u32 N, u32 WIDTH, bool WIDENED>
struct Accumulator;

template <u32 N, u32 WIDTH>
struct Accumulator<N, WIDTH, false> {
    i32 sums[N][2][WIDTH][4] = {};
    __device__ inline void take(u32 which, u32 i, u32 j, const u32 (&a)[4], const u32 (&b)[2]) {
        mma(sums[which][i][j], a, b);
    }
    __device__ inline void step_ends(u32) {}
    __device__ inline void end() {}
};

// Sums in f32 stay exact over 1,024 digits (128·127·1,024 < 2²⁴, also of two pairs that share a class) and then go
// into i32.
template <u32 N, u32 WIDTH>
struct Accumulator<N, WIDTH, true> {
    i32 sums[N][2][WIDTH][4] = {};
    f32 chunk[N][2][WIDTH][4] = {};
    __device__ inline void take(u32 which, u32 i, u32 j, const u32 (&a)[4], const u32 (&b)[2]) {
        mma_widened(chunk[which][i][j], a, b);
    }
    __device__ inline void step_ends(u32 step) {
        if (step % (1024 / STEP) == 1024 / STEP - 1) {
            end();
        }
    }
    __device__ inline void end() {
#pragma unroll
        for (u32 at = 0; at < N * 2 * WIDTH * 4; at++) {
            f32& part = (&chunk[0][0][0][0])[at];
            (&sums[0][0][0][0])[at] += __float2int_rn(part);
            part = 0.0f;
        }
    }
};

template <u32 DA, u32 DB, u32 WIDTH, bool WIDENED, u32 STAGES>
__device__ inline void tile_product(const Product& p, i8* memory) {
    const u32 N = classes(DA, DB), COLS = 16 * WIDTH;
    const u32 A_BYTES = DA * ROWS * STEP, BYTES = A_BYTES + DB * COLS * STEP;
    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    u32 warp_row = warp / 2 * 32, warp_col = warp % 2 * 8 * WIDTH;
    Tile tile = tile_of(blockIdx.x, (p.rows + ROWS - 1) / ROWS, (p.cols + COLS - 1) / COLS);
    u32 row = tile.row * ROWS, col = tile.col * COLS;
    Steps steps = steps_of(p.depth, STEP);
    Loader<DA, ROWS> a_loader(p.a, row, p.rows, p.depth);
    Loader<DB, COLS> b_loader(p.b, col, p.cols, p.depth);
    u32 written = 0, read = 0;
    auto load = [&](u32 step) {
        if (step < steps.to) {
            i8* to = memory + written * BYTES;
            a_loader.load(to, step * STEP);
            b_loader.load(to + A_BYTES, step * STEP);
        }
        written = written + 1 < STAGES ? written + 1 : 0;
        // Groups are counted, so that one ends here even where there is nothing to copy.
        copies_end();
    };
    for (u32 step = steps.from; step < steps.from + STAGES - 1; step++) {
        load(step);
    }

    Accumulator<N, WIDTH, WIDENED> accumulator;
    for (u32 step = steps.from; step < steps.to; step++) {
        copies_wait<STAGES - 2>();
        // All copies of this step have landed, and nobody reads the stage that is overwritten next.
        __syncthreads();
        load(step + STAGES - 1);
        const i8* a_tile = memory + read * BYTES;
        const i8* b_tile = a_tile + A_BYTES;
#pragma unroll
        for (u32 chunk = 0; chunk < STEP / 16; chunk += 2) {
            u32 a[DA][2][4], b[DB][WIDTH / 2][4];
#pragma unroll
            for (u32 at = 0; at < DA * 2; at++) {
                load_fragment<false>(a[at / 2][at % 2], a_tile + at / 2 * ROWS * STEP, warp_row + at % 2 * 16, chunk);
            }
#pragma unroll
            for (u32 at = 0; at < DB * WIDTH / 2; at++) {
                u32 plane = at / (WIDTH / 2), j = at % (WIDTH / 2);
                load_fragment<true>(b[plane][j], b_tile + plane * COLS * STEP, warp_col + j * 16, chunk);
            }
#pragma unroll
            for (u32 at = 0; at < DA * DB * 2 * WIDTH; at++) {
                u32 da = at / (DB * 2 * WIDTH), db = at / (2 * WIDTH) % DB, i = at / WIDTH % 2, j = at % WIDTH;
                const u32 right[2] = {b[db][j / 2][j % 2 * 2], b[db][j / 2][j % 2 * 2 + 1]};
                accumulator.take(class_of<DA, DB>(da, db), i, j, a[da][i], right);
            }
        }
        read = read + 1 < STAGES ? read + 1 : 0;
        accumulator.step_ends(step);
    }
    accumulator.end();
    copies_wait<0>();

    // The stages are free once all warps have read them.
    __syncthreads();
    typedef Patch<typename Whole<N>::Sum, 8 * WIDTH> WarpPatch;
    static_assert(sizeof(WarpPatch) * THREADS / WARP <= BYTES * STAGES, "patches lie in the stages");
    WarpPatch& patch = ((WarpPatch*)memory)[warp];
#pragma unroll
    for (u32 i = 0; i < 2; i++) {
#pragma unroll
        for (u32 at = 0; at < WIDTH * 4; at++) {
            i32 sums[N];
#pragma unroll
            for (u32 which = 0; which < N; which++) {
                sums[which] = accumulator.sums[which][i][at / 4][at % 4];
            }
            patch.sums[lane / 4 + at / 2 % 2 * 8][at / 4 * 8 + 2 * (lane % 4) + at % 2] = whole<N>(sums);
        }
        patch.put_all(p, row + warp_row + 16 * i, col + warp_col);
    }
}

// Widths by the registers that the sums take; launch/linear/tiles.rs has the same numbers.
__device__ constexpr u32 width_of(u32 a_digits, u32 b_digits, bool widened) {
    return a_digits * b_digits == 1 ? (widened ? 4 : 8) : a_digits + b_digits > 4 || widened ? 2 : 4;
}

#define TILE_KERNEL(NAME, DA, DB, WIDTH, WIDENED, STAGES)                             \
    KERNEL void __launch_bounds__(256) NAME(PRODUCT_PARAMETERS) {                     \
        extern __shared__ Words memory[];                                             \
        tile_product<DA, DB, WIDTH, WIDENED, STAGES>(PRODUCT, (i8*)memory);           \
    }
#define MMA_KERNEL(DA, DB) TILE_KERNEL(gemm_mma_##DA##DB, DA, DB, width_of(DA, DB, false), false, 3)
#define BF16_KERNEL(DA, DB) TILE_KERNEL(gemm_bf16_##DA##DB, DA, DB, width_of(DA, DB, true), true, 3)
FOR_DIGITS(MMA_KERNEL)
FOR_DIGITS(BF16_KERNEL)
// Half as wide, for outputs that have too few tiles of the other.
TILE_KERNEL(gemm_mma_narrow_11, 1, 1, 4, false, 4)

// Sixteen digits that are read once, or zeros. Written out so that the compiler leaves a row of such loads in flight
// together.
__device__ inline Words stream_words(const i8* from, bool inside) {
#ifdef ASSAY_HOST
    return load_words(from, inside);
#else
    Words words;
    asm volatile(
        "{ .reg .pred p; setp.ne.u32 p, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0; mov.b32 %3, 0;"
        " @p ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4]; }"
        : "=r"(words.word[0]), "=r"(words.word[1]), "=r"(words.word[2]), "=r"(words.word[3])
        : "l"(from), "r"((u32)inside));
    return words;
#endif
}

// Few rows, up to eight times `TILES`: a block has 16 columns of C, whose digits its warps read once, straight into
// fragments, each warp other parts of the depth. Here B's rows stand where a fragment has A's, so that few rows of A
// fill it. A lane's sixteen digits make two fragments' words: another order of the depth, the same for both operands.
template <u32 DA, u32 DB, u32 TILES>
__device__ inline void vector_product(const Product& p) {
    const u32 N = classes(DA, DB), BLOCK = 64, AHEAD = DB == 1 ? 4 : 2;
    __shared__ i32 totals[N][TILES][4][WARP];
    i32* flat = &totals[0][0][0][0];
    for (u32 at = threadIdx.x; at < N * TILES * 4 * WARP; at += THREADS) {
        flat[at] = 0;
    }
    __syncthreads();

    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, g = lane / 4;
    u32 col = blockIdx.x * 16 + g;
    i32 sums[N][TILES][4] = {};
    for (u32 k = warp * AHEAD * BLOCK; k < p.depth; k += THREADS / WARP * AHEAD * BLOCK) {
        Words a[AHEAD][DA][TILES], b[AHEAD][DB][2];
#pragma unroll
        for (u32 at = 0; at < AHEAD * DB * 2; at++) {
            u32 ahead = at / (DB * 2), plane = at / 2 % DB, half = at % 2;
            u32 from = k + ahead * BLOCK + 16 * (lane % 4), row = col + 8 * half;
            bool inside = row < p.cols && from < p.depth;
            b[ahead][plane][half] = stream_words(p.b + ((u64)plane * p.cols + row) * p.depth + from, inside);
        }
#pragma unroll
        for (u32 at = 0; at < AHEAD * DA * TILES; at++) {
            u32 ahead = at / (DA * TILES), plane = at / TILES % DA, tile = at % TILES;
            u32 from = k + ahead * BLOCK + 16 * (lane % 4), row = 8 * tile + g;
            bool inside = row < p.rows && from < p.depth;
            a[ahead][plane][tile] = load_words(p.a + ((u64)plane * p.rows + row) * p.depth + from, inside);
        }
        // No load moves behind this, so all of them are in flight together.
        __syncwarp();
#pragma unroll
        for (u32 at = 0; at < AHEAD * DA * TILES * DB * 2; at++) {
            u32 ahead = at / (DA * TILES * DB * 2), da = at / (TILES * DB * 2) % DA, tile = at / (DB * 2) % TILES;
            u32 db = at / 2 % DB, word = at % 2 * 2;
            const Words(&w)[2] = b[ahead][db];
            const u32 left[4] = {w[0].word[word], w[1].word[word], w[0].word[word + 1], w[1].word[word + 1]};
            const u32 right[2] = {a[ahead][da][tile].word[word], a[ahead][da][tile].word[word + 1]};
            mma(sums[class_of<DA, DB>(da, db)][tile], left, right);
        }
    }
#pragma unroll
    for (u32 at = 0; at < N * TILES * 4; at++) {
        atomicAdd(flat + at * WARP + lane, (&sums[0][0][0])[at]);
    }
    __syncthreads();
    for (u32 at = threadIdx.x; at < TILES * 4 * WARP; at += THREADS) {
        u32 tile = at / (4 * WARP), i = at / WARP % 4, from = at % WARP;
        i32 parts[N];
#pragma unroll
        for (u32 which = 0; which < N; which++) {
            parts[which] = totals[which][tile][i][from];
        }
        put(p, 8 * tile + 2 * (from % 4) + i % 2, blockIdx.x * 16 + from / 4 + 8 * (i / 2), whole<N>(parts));
    }
}

#define VECTOR_KERNEL(DA, DB)                                                         \
    KERNEL void __launch_bounds__(256) vector_mma_8_##DA##DB(PRODUCT_PARAMETERS) {    \
        vector_product<DA, DB, 1>(PRODUCT);                                           \
    }                                                                                 \
    KERNEL void __launch_bounds__(256) vector_mma_16_##DA##DB(PRODUCT_PARAMETERS) {   \
        vector_product<DA, DB, 2>(PRODUCT);                                           \
    }
FOR_DIGITS(VECTOR_KERNEL)
