// Attention, forward, in two passes over the keys: the maxima first, then the integer sums under them. Maxima are
// exact and sums are of integers, so neither tiles nor splits can change a byte.
//
// Two ways: tiles of 64 rows by int8 tensor cores, which compute scores twice and store none (a prefill, an encoder,
// a training step), and splits of the keys (a decode, and all other shapes), which store a pass's scores: with few
// rows they are smaller than the keys.

#include "attention_split.cuh"
#include "attention_tile.cuh"

// ---- Tiles ----

// attn_tile_DIM_DW. blockIdx: the tile of rows, those that see most first; the key-value head; the slice of COLS
// columns, of the unit. The tokens of unit u are those from bounds[u] to bounds[u + 1]; without bounds there is one
// unit. launch/attention/plan.rs has the same sizes.
#define ATTN_TILE(DIM, D, W, COLS)                                                                                  \
    KERNEL void __launch_bounds__(TILE_THREADS)                                                                     \
        attn_tile_##DIM##_##D##W(ATTENTION_PARAMETERS, const u32* bounds) {                                         \
        extern __shared__ __align__(16) u8 memory[];                                                                \
        Attention a = ATTENTION;                                                                                    \
        u32 tile = gridDim.x - 1 - blockIdx.x, slice = blockIdx.z % (DIM / COLS), unit = blockIdx.z / (DIM / COLS); \
        if (bounds) a.narrow(bounds[unit], bounds[unit + 1]);                                                       \
        if (tile * TILE_ROWS >= a.rows()) return;                                                                   \
        Tile<DIM, D, W, COLS>(a, memory, tile, blockIdx.y, slice).run(tile);                                        \
    }

ATTN_TILE(32, 1, 1, 32)
ATTN_TILE(32, 1, 2, 32)
ATTN_TILE(32, 2, 2, 32)
ATTN_TILE(64, 1, 1, 64)
ATTN_TILE(64, 1, 2, 64)
ATTN_TILE(64, 2, 2, 64)
ATTN_TILE(128, 1, 1, 128)
ATTN_TILE(128, 1, 2, 128)
ATTN_TILE(128, 2, 2, 64)

// ---- Splits of the keys ----

// A launch computes queries of one unit, or where there are slots one query of each of many units (a decode), whose
// positions and first places in the cache lie in memory: it is the same at every position.

// Pass 1: scores [rows, keys] (−∞ where masked) and maxima [rows, splits, 2], rows being those of all stacks that the
// launch computes. blockIdx: the split; eight rows; the key-value head, of the unit.
KERNEL void __launch_bounds__(SPLIT_THREADS)
    attn_split_scores(ATTENTION_PARAMETERS, const u32* slots, u32 q_digits, u32 key_digits, u32 first_row,
                      u32 row_count, u32 splits, f32* scores, f32* maxima) {
    Attention a = ATTENTION;
    if (slots) a.choose(blockIdx.z / kv_heads, slots);
    Split split(a, first_row, row_count, splits, blockIdx.x);
    if (split.number >= split.used) return;
    bool aligned = aligned_rows(a);
    u32 row = threadIdx.x % 8;
    bool real = row < split.rows_here;
    f32 q_scale = real ? a.q_scales[split.place(row)] : 0.0f;
    u32 visible = real ? a.visible(split.first_row + row, split.held) : 0;
    f32 maximum = from_bits(MINUS_INFINITY), best = maximum;
    // All lanes of a warp go round equally often: they have keys together.
    for (u32 first = split.from; first < split.to; first += SPLIT_THREADS / 8) {
        u32 key = first + threadIdx.x / 8;
        bool inside = key < split.to;
        i64 sum = split_dots(split, inside ? key : split.from, q_digits, key_digits, aligned);
        if (!inside || !real) continue;
        u64 place = a.key_row(key, split.kv);
        f32 score = a.score(to_f32(sum), q_scale, a.key_scales[place]), log = a.log(place);
        if (key >= visible) {
            score = from_bits(MINUS_INFINITY);
        } else if (Attention::traps(score, log)) {
            report(a.fault, a.node);
        }
        maximum = fmaxf(maximum, score);
        best = fmaxf(best, add(score, log));
        scores[split.index(row) * split.score_stride + key] = score;
    }
    write_maxima(split, maximum, best, maxima);
}

// Pass 2: parts of D [rows, splits] and of Σ pq·v [rows, splits, value digits, dim]. blockIdx.x: the split, of the
// slice of columns, of the digit of the values; y and z as in pass 1.
KERNEL void __launch_bounds__(SPLIT_THREADS)
    attn_split_sums(ATTENTION_PARAMETERS, const u32* slots, u32 value_digits, f32 bound, u32 first_row, u32 row_count,
                    u32 splits, const f32* scores, const f32* maxima, i64* denominators, i64* sums) {
    __shared__ SplitMemory memory;
    Attention a = ATTENTION;
    if (slots) a.choose(blockIdx.z / kv_heads, slots);
    Split split(a, first_row, row_count, splits, blockIdx.x % splits);
    if (split.number >= split.used) return;
    u32 digit = blockIdx.x / splits % value_digits, slice = blockIdx.x / splits / value_digits;
    for (u32 i = threadIdx.x / WARP; i < split.rows_here; i += SPLIT_THREADS / WARP) {
        Softmax row = row_maxima(maxima, split.index(i), splits, split.used);
        memory.maximum[i] = row.maximum;
        memory.best[i] = row.best;
    }
    bool aligned = (a.dim | reinterpret_cast<u64>(a.value_planes)) % 4 == 0;
    u32 column = slice * SPLIT_COLUMNS + 4 * (threadIdx.x % WARP);
    const i8* values = a.value_planes + digit * a.key_plane;
    i64 parts[SPLIT_ROWS] = {};
    i32 products[2][SPLIT_ROWS][4] = {};
    for (u32 first = split.from; first < split.to; first += SPLIT_TILE) {
        __syncthreads();
        split_weights(split, scores, bound, first, memory, parts);
        __syncthreads();
        split_sums(split, values, column, first, aligned, memory, products);
    }
    if (digit == 0 && slice == 0) {
        for (u32 i = 0; i < split.rows_here; i++) {
            i64 part = 0;
#pragma unroll
            for (u32 r = 0; r < SPLIT_ROWS; r++) part = r == i ? parts[r] : part;
            part = block_sum_i64(part);
            if (threadIdx.x == 0) denominators[split.index(i) * splits + split.number] = part;
        }
    }
    write_sums(split, slice, digit, value_digits, memory, products, sums);
}

// The output from the parts. blockIdx: the row of its stack; nothing; the key-value head, of the unit.
KERNEL void __launch_bounds__(SPLIT_THREADS)
    attn_split_finish(ATTENTION_PARAMETERS, const u32* slots, u32 value_digits, f32 bound, u32 first_row, u32 row_count,
                      u32 splits, const f32* maxima, const i64* denominators, const i64* sums) {
    Attention a = ATTENTION;
    if (slots) a.choose(blockIdx.z / kv_heads, slots);
    u32 used = splits_with_keys(a.held(), splits);
    u64 index = static_cast<u64>(blockIdx.z) * row_count + blockIdx.x;
    Softmax row = row_maxima(maxima, index, splits, used);
    i64 part = 0;
    for (u32 i = threadIdx.x % WARP; i < used; i += WARP) part += denominators[index * splits + i];
    row.denominator = warp_sum_i64(part);
    f32 back = row.back(), share = row.share(bound);
    f32* to = a.out + a.stacked().place(first_row + blockIdx.x, blockIdx.z % kv_heads) * a.dim;
    for (u32 c = threadIdx.x; c < a.dim; c += SPLIT_THREADS) {
        i64 sum = 0;
        for (u32 i = 0; i < used * value_digits; i++) sum += sums[(index * splits * value_digits + i) * a.dim + c];
        f32 y = row.weigh(sum, back, share);
        if (!finite(y)) report(a.fault, a.node);
        to[c] = y;
    }
}
