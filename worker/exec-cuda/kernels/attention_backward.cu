// Attention, backward: three gradients from products of quantised matrices, for all key-value heads at a time.
//
// Scores and dP are products; a kernel makes P and dS of them, row by row; these are quantised per row and per
// column, and the gradients are products again. What a stack is: attention.cuh.

#include "attention.cuh"

// A block computes a square of the output, its warps 16 rows each, by steps over the depth.
constexpr u32 SIDE = 64;
constexpr u32 PRODUCT_THREADS = 128;
constexpr u32 DEPTH = 64;
// Rows in shared memory lie apart such that a fragment's loads of 8 bytes meet no bank twice.
constexpr u32 ROW_BYTES = DEPTH + 32;

// What becomes of a sum, as bits of `mode`.
constexpr u32 TIMES_FACTOR = 1;
constexpr u32 IS_OUTPUT = 2;
// What a causal mask leaves of a product: rows are queries and columns keys; the depth is keys; the depth is queries.
constexpr u32 MASK_COLUMNS = 4;
constexpr u32 MASK_KEYS = 8;
constexpr u32 MASK_QUERIES = 16;

// Digit planes `plane` bytes apart, of rows `stride` bytes apart: a multiple of 16 if they are loaded by as many,
// with zeros behind the depth.
struct Matrix {
    const i8* planes;
    const f32* scales;
    u64 plane;
    Stacked stacked;
    u32 rows, stride;

    __device__ bool aligned() const { return (plane | stride | reinterpret_cast<u64>(planes)) % 16 == 0; }
};

// Which keys a stack's row r sees: those below first_keys + ⌊r/group⌋.
struct Seen {
    u32 first_keys, group;

    __device__ u32 keys(u32 r) const { return first_keys + r / group; }
    // The first row that sees a key.
    __device__ u32 from_row(u32 key) const { return key < first_keys ? 0 : (key - first_keys + 1) * group; }
};

// Digit products of equal weight share an i32, but for the middle pair of three digits each: with it a sum could
// leave an i32 beyond a depth of 105,517.
__device__ constexpr u32 weight_count(u32 a, u32 b) { return a + b - 1 + (a == 3 && b == 3); }
__device__ constexpr u32 weight_of(u32 a, u32 b, u32 a_digits, u32 b_digits) {
    return a_digits == 3 && b_digits == 3 && a == 1 && b == 1 ? 5 : a + b;
}

// Sixteen bytes of a row, or zeros; by bytes where rows are not aligned.
__device__ inline void stage(u8* to, const i8* row, u32 chunk, u32 end, bool inside, bool aligned) {
    if (aligned) return copy_ahead(to, row + chunk, inside && chunk < end);
#pragma unroll 1
    for (u32 i = 0; i < 16; i++) to[i] = inside && chunk + i < end ? static_cast<u8>(row[chunk + i]) : 0;
}

// Where a row of an operand begins that is not there.
constexpr u64 NOWHERE = ~0ull;

// What a block looks up of its rows and columns, once: where they begin in a plane, their scales, where the output's
// rows do.
struct Lines {
    u64 a[SIDE], b[SIDE], out[SIDE];
    f32 a_scales[SIDE], b_scales[SIDE];
};

template <u32 DA, u32 DB> struct Product {
    static constexpr u32 WEIGHTS = weight_count(DA, DB);
    static constexpr u32 BUFFER = (DA + DB) * SIDE * ROW_BYTES;

    Matrix a, b;
    Stacked placed;
    u32 depth, mode;
    Seen seen;
    u8* memory;

    __device__ Lines& lines() const { return *reinterpret_cast<Lines*>(memory + 2 * BUFFER); }

    // The steps of the depth that a square needs; none where all of it is masked.
    __device__ void bounds(u32 row, u32& from, u32& to) const {
        u32 last = row + SIDE < a.rows ? row + SIDE - 1 : a.rows - 1, end = depth;
        from = 0;
        if (mode & MASK_COLUMNS && blockIdx.x * SIDE >= seen.keys(last)) end = 0;
        if (mode & MASK_KEYS && seen.keys(last) < end) end = seen.keys(last);
        if (mode & MASK_QUERIES) from = seen.from_row(row) / DEPTH;
        to = (end + DEPTH - 1) / DEPTH;
    }

    // A thread looks up a row or a column.
    __device__ void look_up() const {
        u32 i = threadIdx.x % SIDE;
        if (threadIdx.x < SIDE) {
            u32 row = blockIdx.y * SIDE + i;
            look_up_line(a, row, lines().a[i], lines().a_scales[i]);
            lines().out[i] = placed.place(row < a.rows ? row : 0, blockIdx.z) * b.rows;
        } else {
            look_up_line(b, blockIdx.x * SIDE + i, lines().b[i], lines().b_scales[i]);
        }
    }

    __device__ static void look_up_line(const Matrix& m, u32 line, u64& start, f32& scale) {
        bool inside = line < m.rows;
        u64 place = m.stacked.place(inside ? line : 0, blockIdx.z);
        start = inside ? place * m.stride : NOWHERE;
        scale = m.scales[place];
    }

    // DIGITS digits of SIDE rows, DEPTH bytes of each.
    template <u32 DIGITS> __device__ void stage_rows(u8* to, const Matrix& m, const u64* starts, u32 step) const {
        constexpr u32 CHUNKS = DEPTH / 16;
        bool aligned = m.aligned();
#pragma unroll 2
        for (u32 i = threadIdx.x; i < DIGITS * SIDE * CHUNKS; i += PRODUCT_THREADS) {
            u32 at = i / CHUNKS, chunk = i % CHUNKS * 16;
            u64 start = starts[at % SIDE];
            bool inside = start != NOWHERE;
            const i8* row = m.planes + at / SIDE * m.plane + (inside ? start : 0);
            stage(to + at * ROW_BYTES + chunk, row, step * DEPTH + chunk, depth, inside, aligned);
        }
    }

    __device__ void load(u32 step) const {
        u8* to = memory + step % 2 * BUFFER;
        stage_rows<DA>(to, a, lines().a, step);
        stage_rows<DB>(to + DA * SIDE * ROW_BYTES, b, lines().b, step);
        copies_end();
    }

    __device__ void multiply(u32 step, i32 (&sums)[WEIGHTS][SIDE / 8][4]) const {
        const u8* from = memory + step % 2 * BUFFER;
        const u8* left = from + (threadIdx.x / WARP * 16 + fragment_row()) * ROW_BYTES + 8 * fragment_word();
        const u8* right = from + (DA * SIDE + fragment_row()) * ROW_BYTES + 8 * fragment_word();
#pragma unroll 1
        for (u32 at = 0; at < DEPTH; at += 32) {
            u32 fragments[DA][4];
#pragma unroll
            for (u32 digit = 0; digit < DA; digit++) {
#pragma unroll
                for (u32 half = 0; half < 2; half++) {
                    Words2 words =
                        *reinterpret_cast<const Words2*>(left + (digit * SIDE + 8 * half) * ROW_BYTES + at);
                    fragments[digit][half] = words.first;
                    fragments[digit][half + 2] = words.second;
                }
            }
#pragma unroll
            for (u32 n = 0; n < SIDE / 8; n++) {
#pragma unroll
                for (u32 of_b = 0; of_b < DB; of_b++) {
                    Words2 words = *reinterpret_cast<const Words2*>(right + (of_b * SIDE + 8 * n) * ROW_BYTES + at);
#pragma unroll
                    for (u32 of_a = 0; of_a < DA; of_a++) {
                        i32(&sum)[4] = sums[weight_of(of_a, of_b, DA, DB)][n];
                        multiply_tile<false>(sum, fragments[of_a], words.first, words.second);
                    }
                }
            }
        }
    }

    __device__ static f32 whole(const i32 (&sums)[WEIGHTS][SIDE / 8][4], u32 n, u32 i) {
        if (WEIGHTS == 1) return to_f32(sums[0][n][i]);
        i64 sum = 0;
#pragma unroll
        for (u32 weight = 0; weight < WEIGHTS; weight++) {
            sum += weighted(sums[weight][n][i], weight == 5 ? 14 : 7 * weight);
        }
        return to_f32(sum);
    }

    // (f32(sum)·(row's scale·column's scale)), and that times the factor.
    __device__ void run(f32* out, f32 factor, u32* fault, u32 node) const {
        u32 row = blockIdx.y * SIDE, from, to;
        bounds(row, from, to);
        if (mode & MASK_COLUMNS && to == 0) return;
        look_up();
        __syncthreads();
        i32 sums[WEIGHTS][SIDE / 8][4] = {};
        if (from < to) load(from);
#pragma unroll 1
        for (u32 step = from; step < to; step++) {
            if (step + 1 < to) {
                load(step + 1);
                copies_wait<1>();
            } else {
                copies_wait<0>();
            }
            __syncthreads();
            multiply(step, sums);
            __syncthreads();
        }
        bool wrong = false;
#pragma unroll
        for (u32 n = 0; n < SIDE / 8; n++) {
#pragma unroll
            for (u32 i = 0; i < 4; i++) {
                u32 r = threadIdx.x / WARP * 16 + fragment_row() + i / 2 * 8, c = 8 * n + 2 * fragment_word() + i % 2;
                u32 column = blockIdx.x * SIDE + c;
                if (row + r >= a.rows || column >= b.rows) continue;
                f32 y = mul(whole(sums, n, i), mul(lines().a_scales[r], lines().b_scales[c]));
                if (mode & TIMES_FACTOR) y = mul(y, factor);
                wrong |= !finite(y);
                out[lines().out[r] + column] = y;
            }
        }
        if (mode & IS_OUTPUT && wrong) report(fault, node);
    }
};

// attn_product_AB, A and B digits: out[i, j] = Σₖ a[i, k]·b[j, k] as floats, for each stack. blockIdx: the square's
// column and row; the stack.
#define ATTN_PRODUCT(DA, DB)                                                                                      \
    KERNEL void __launch_bounds__(PRODUCT_THREADS) attn_product_##DA##DB(                                         \
        const i8* a_planes, const f32* a_scales, u64 a_plane, u32 a_heads, u32 a_group, u32 a_rows, u32 a_stride, \
        const i8* b_planes, const f32* b_scales, u64 b_plane, u32 b_heads, u32 b_group, u32 b_rows, u32 b_stride, \
        f32* out, u32 out_heads, u32 out_group, u32 depth, u32 mode, f32 factor, u32 first_keys, u32 seen_group,  \
        u32* fault, u32 node) {                                                                                   \
        extern __shared__ __align__(16) u8 memory[];                                                              \
        Matrix a{a_planes, a_scales, a_plane, Stacked{a_heads, a_group}, a_rows, a_stride};                       \
        Matrix b{b_planes, b_scales, b_plane, Stacked{b_heads, b_group}, b_rows, b_stride};                       \
        Stacked placed{out_heads, out_group};                                                                     \
        Product<DA, DB> product{a, b, placed, depth, mode, Seen{first_keys, seen_group}, memory};                 \
        product.run(out, factor, fault, node);                                                                    \
    }

ATTN_PRODUCT(1, 1)
ATTN_PRODUCT(1, 2)
ATTN_PRODUCT(1, 3)
ATTN_PRODUCT(2, 1)
ATTN_PRODUCT(2, 2)
ATTN_PRODUCT(2, 3)
ATTN_PRODUCT(3, 1)
ATTN_PRODUCT(3, 2)
ATTN_PRODUCT(3, 3)

// ---- P and dS ----

constexpr u32 ROW_THREADS = 128;

// The maximum of the block's values.
__device__ inline f32 block_maximum(f32 value) {
    return from_ordered(block_max_u32(ordered(value)));
}

// S(dy·out) over the elements of a head.
__device__ inline f32 product_sum(const f32* dy, const f32* out, u32 dim) {
    u32 largest = 0;
    for (u32 c = threadIdx.x; c < dim; c += ROW_THREADS) {
        largest = Largest::join(largest, magnitude(mul(dy[c], out[c])));
    }
    largest = block_max_u32(largest);
    f32 inverse = quantise_inverse(largest, I22_BOUND);
    i64 sum = 0;
    for (u32 c = threadIdx.x; c < dim; c += ROW_THREADS) sum += quantise(mul(dy[c], out[c]), inverse, I22_BOUND);
    return mul(to_f32(block_sum_i64(sum)), quantise_scale(largest, I22_BOUND));
}

// `p` has the scores and `ds` the dP of [stacks, rows, keys]; P = (exp(score − m)·2³⁰)/f32(D) and dS = P·(dP − δ)
// take their places, zeros where masked. `dy` and `out`: [queries, heads, dim]. `causal`: 0 where all keys are seen.
// blockIdx: the row; the stack.
KERNEL void __launch_bounds__(ROW_THREADS)
    attn_gradient_rows(f32* p, f32* ds, const f32* dy, const f32* out, const f32* value_scales, const f32* value_logs,
                       u32 rows, u32 keys, u32 heads, u32 kv_heads, u32 dim, u32 causal, u32 first_keys, u32* fault,
                       u32 node) {
    u32 r = blockIdx.x, kv = blockIdx.y, group = heads / kv_heads;
    u64 from = (static_cast<u64>(kv) * rows + r) * keys, head = Stacked{heads, group}.place(r, kv) * dim;
    u32 seen = causal ? Seen{first_keys, group}.keys(r) : keys;
    f32 maximum = from_bits(MINUS_INFINITY);
    bool wrong = false;
    for (u32 j = threadIdx.x; j < seen; j += ROW_THREADS) {
        f32 score = p[from + j];
        u64 key = static_cast<u64>(j) * kv_heads + kv;
        f32 log = value_scales[key] == 0.0f ? from_bits(MINUS_INFINITY) : value_logs[key];
        wrong |= Attention::traps(score, log);
        maximum = fmaxf(maximum, score);
    }
    if (wrong) report(fault, node);
    maximum = block_maximum(maximum);
    i64 part = 0;
    for (u32 j = threadIdx.x; j < seen; j += ROW_THREADS) part += denominator_part(sub(p[from + j], maximum));
    f32 denominator = to_f32(block_sum_i64(part));
    f32 delta = product_sum(dy + head, out + head, dim);
    for (u32 j = threadIdx.x; j < keys; j += ROW_THREADS) {
        if (j >= seen) {
            // Nobody has written what is masked.
            p[from + j] = ds[from + j] = 0.0f;
            continue;
        }
        f32 e = exp_exact(sub(p[from + j], maximum));
        f32 weight = div(mul(e, from_bits(SOFTMAX_ONE_BITS)), denominator);
        p[from + j] = weight;
        ds[from + j] = mul(weight, sub(ds[from + j], delta));
    }
}

// ---- Quantisation ----

// Rows of `cols` floats into planes [digits, rows, stride], zeros behind a row's end, and scales. blockIdx.x: the row.
KERNEL void __launch_bounds__(ROW_THREADS)
    attn_quantise_rows(const f32* x, u32 cols, u32 digits, i8* planes, u64 plane, u32 stride, f32* scales) {
    u64 row = blockIdx.x;
    u32 largest = 0;
    for (u32 c = threadIdx.x; c < cols; c += ROW_THREADS) {
        largest = Largest::join(largest, magnitude(x[row * cols + c]));
    }
    largest = block_max_u32(largest);
    i32 bound = precision_bound(digits);
    f32 inverse = quantise_inverse(largest, bound);
    for (u32 c = threadIdx.x; c < stride; c += ROW_THREADS) {
        i32 q = c < cols ? quantise(x[row * cols + c], inverse, bound) : 0;
        for (u32 i = 0; i < digits; i++) planes[i * plane + row * stride + c] = digit(q, i, digits);
    }
    if (threadIdx.x == 0) scales[row] = quantise_scale(largest, bound);
}

// Columns that a block takes, its threads, and rows that it turns at a time.
constexpr u32 TURNED_COLUMNS = 32;
constexpr u32 COLUMN_THREADS = 256;
constexpr u32 TURNED_ROWS = 64;

// Columns of each stack's [rows, cols] into planes [digits, stacks, cols, stride], zeros behind a column's end, and
// scales [stacks, cols]. blockIdx: 32 columns; the stack.
KERNEL void __launch_bounds__(COLUMN_THREADS)
    attn_quantise_columns(const f32* x, u32 heads, u32 group, u32 rows, u32 cols, u32 digits, i8* planes, u64 plane,
                          u32 stride, f32* scales) {
    __shared__ u32 magnitudes[COLUMN_THREADS];
    // Digit, column, row; four rows are in a word.
    __shared__ u32 turned[3][TURNED_COLUMNS][TURNED_ROWS / 4 + 1];
    constexpr u32 WARPS = COLUMN_THREADS / WARP;
    Stacked stacked{heads, group};
    u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, stack = blockIdx.y;
    u32 column = blockIdx.x * TURNED_COLUMNS + lane;
    bool real = column < cols;
    u32 largest = 0;
    for (u32 r = warp; real && r < rows; r += WARPS) {
        largest = Largest::join(largest, magnitude(x[stacked.place(r, stack) * cols + column]));
    }
    magnitudes[threadIdx.x] = largest;
    __syncthreads();
    for (u32 i = 0; i < WARPS; i++) largest = Largest::join(largest, magnitudes[i * WARP + lane]);
    i32 bound = precision_bound(digits);
    f32 inverse = quantise_inverse(largest, bound);
    if (warp == 0 && real) scales[static_cast<u64>(stack) * cols + column] = quantise_scale(largest, bound);
    for (u32 first = 0; first < stride; first += TURNED_ROWS) {
        for (u32 i = warp; i < TURNED_ROWS; i += WARPS) {
            u32 r = first + i;
            i32 q = real && r < rows ? quantise(x[stacked.place(r, stack) * cols + column], inverse, bound) : 0;
            for (u32 d = 0; d < digits; d++) reinterpret_cast<i8*>(turned[d][lane])[i] = digit(q, d, digits);
        }
        __syncthreads();
        constexpr u32 WORDS = TURNED_ROWS / 4;
        for (u32 i = threadIdx.x; i < digits * TURNED_COLUMNS * WORDS; i += COLUMN_THREADS) {
            u32 word = i % WORDS, at = i / WORDS % TURNED_COLUMNS, d = i / WORDS / TURNED_COLUMNS;
            u32 c = blockIdx.x * TURNED_COLUMNS + at, r = first + 4 * word;
            if (c >= cols || r >= stride) continue;
            u64 row = static_cast<u64>(stack) * cols + c;
            *reinterpret_cast<u32*>(planes + d * plane + row * stride + r) = turned[d][at][word];
        }
        __syncthreads();
    }
}
