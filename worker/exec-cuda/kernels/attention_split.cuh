// Attention, forward, by splits of the keys: what a block does of its rows and keys. Any size of a head, any digits.
#pragma once
#include "attention.cuh"

// Rows of a stack that a block takes, one lane of eight each; its threads; keys whose weights are in shared memory at
// once; columns of the output.
constexpr u32 SPLIT_ROWS = 8;
constexpr u32 SPLIT_THREADS = 128;
constexpr u32 SPLIT_TILE = 128;
constexpr u32 SPLIT_COLUMNS = 128;

// Keys of each split, of which the last that has any may have fewer.
__device__ inline u32 split_keys(u32 held, u32 splits) {
    return ((held + splits - 1) / splits + SPLIT_TILE - 1) / SPLIT_TILE * SPLIT_TILE;
}

// How many splits have keys, the first ones of all: the grid is made for as many keys as there may be, and nothing is
// written or read of the others.
__device__ inline u32 splits_with_keys(u32 held, u32 splits) {
    u32 keys = split_keys(held, splits);
    return (held + keys - 1) / keys;
}

// A block's share: some rows of one stack, and the keys [from, to) of one split. Rows are numbered from the launch's
// first one on, since a launch may compute a part of the queries. blockIdx.z: the key-value head, of the unit.
struct Split {
    const Attention& a;
    u32 kv, first_row, rows_here;
    // The number of the block's first row among those of all stacks of this launch.
    u64 first_index;
    u32 number, count, used, held, from, to;
    // Scores of a row are stored so many floats apart.
    u32 score_stride;

    __device__ Split(const Attention& attention, u32 first, u32 rows, u32 splits, u32 which)
        : a(attention), kv(blockIdx.z % attention.kv_heads), number(which), count(splits), held(attention.held()),
          score_stride(attention.keys) {
        u32 before = blockIdx.y * SPLIT_ROWS;
        first_row = first + before;
        first_index = static_cast<u64>(blockIdx.z) * rows + before;
        rows_here = rows - before < SPLIT_ROWS ? rows - before : SPLIT_ROWS;
        used = splits_with_keys(held, splits);
        u32 share = split_keys(held, splits);
        from = share * which < held ? share * which : held;
        to = held - from < share ? held : from + share;
    }

    __device__ u64 index(u32 i) const { return first_index + i; }
    __device__ u64 place(u32 i) const { return a.stacked().place(first_row + i, kv); }
};

// Sixteen bytes of a row of `dim`, zeros behind its end; in one load where rows are aligned.
__device__ inline Words4 load_chunk(const i8* row, u32 chunk, u32 dim, bool aligned) {
    if (aligned) return reinterpret_cast<const Words4*>(row)[chunk];
    Words4 words = {{0, 0, 0, 0}};
    for (u32 i = 0; i < 16 && chunk * 16 + i < dim; i++) {
        words.word[i / 4] |= static_cast<u32>(static_cast<u8>(row[chunk * 16 + i])) << (i % 4 * 8);
    }
    return words;
}

__device__ inline bool aligned_rows(const Attention& a) {
    u64 addresses = reinterpret_cast<u64>(a.q_planes) | reinterpret_cast<u64>(a.key_planes);
    return (a.dim | addresses) % 16 == 0;
}

// Sums of one key (eight lanes have it together) with all rows of the block; every lane gets its own row's.
__device__ inline i64 split_dots(const Split& split, u32 key, u32 q_digits, u32 key_digits, bool aligned) {
    const Attention& a = split.a;
    i64 sums[SPLIT_ROWS] = {};
    u32 lane = threadIdx.x % 8;
    for (u32 chunk = lane; chunk * 16 < a.dim; chunk += 8) {
        for (u32 of_key = 0; of_key < key_digits; of_key++) {
            const i8* row = a.key_planes + of_key * a.key_plane + a.key_row(key, split.kv) * a.dim;
            Words4 k = load_chunk(row, chunk, a.dim, aligned);
            for (u32 of_q = 0; of_q < q_digits; of_q++) {
#pragma unroll
                for (u32 i = 0; i < SPLIT_ROWS; i++) {
                    if (i >= split.rows_here) break;
                    const i8* row = a.q_planes + of_q * a.q_plane + split.place(i) * a.dim;
                    Words4 q = load_chunk(row, chunk, a.dim, aligned);
                    i32 dot = 0;
#pragma unroll
                    for (u32 w = 0; w < 4; w++) {
                        dot = __dp4a(static_cast<i32>(q.word[w]), static_cast<i32>(k.word[w]), dot);
                    }
                    sums[i] += weighted(dot, 7 * (of_key + of_q));
                }
            }
        }
    }
    i64 mine = 0;
#pragma unroll
    for (u32 i = 0; i < SPLIT_ROWS; i++) {
        if (i >= split.rows_here) break;
        i64 sum = sums[i];
        for (u32 lanes = 1; lanes < 8; lanes *= 2) sum += warp_shuffle_xor(sum, lanes);
        if (i == lane) mine = sum;
    }
    return mine;
}

// m and m′ of each row of the block over its split: maxima [rows, splits, 2]. Each lane comes with those of row lane
// mod 8.
__device__ inline void write_maxima(const Split& split, f32 maximum, f32 best, f32* maxima) {
    __shared__ f32 partial[SPLIT_THREADS / WARP][SPLIT_ROWS][2];
    for (u32 lanes = 8; lanes < WARP; lanes *= 2) {
        maximum = fmaxf(maximum, warp_shuffle_xor(maximum, lanes));
        best = fmaxf(best, warp_shuffle_xor(best, lanes));
    }
    u32 lane = threadIdx.x % WARP;
    if (lane < SPLIT_ROWS) {
        partial[threadIdx.x / WARP][lane][0] = maximum;
        partial[threadIdx.x / WARP][lane][1] = best;
    }
    __syncthreads();
    if (threadIdx.x >= 2 * split.rows_here) return;
    u32 row = threadIdx.x / 2, which = threadIdx.x % 2;
    f32 most = partial[0][row][which];
    for (u32 warp = 1; warp < SPLIT_THREADS / WARP; warp++) most = fmaxf(most, partial[warp][row][which]);
    maxima[(split.index(row) * split.count + split.number) * 2 + which] = most;
}

// The maxima of a row over the splits that have keys, by a warp.
__device__ inline Softmax row_maxima(const f32* maxima, u64 row, u32 splits, u32 used) {
    f32 maximum = from_bits(MINUS_INFINITY), best = maximum;
    for (u32 i = threadIdx.x % WARP; i < used; i += WARP) {
        maximum = fmaxf(maximum, maxima[(row * splits + i) * 2]);
        best = fmaxf(best, maxima[(row * splits + i) * 2 + 1]);
    }
    for (u32 lanes = 1; lanes < WARP; lanes *= 2) {
        maximum = fmaxf(maximum, warp_shuffle_xor(maximum, lanes));
        best = fmaxf(best, warp_shuffle_xor(best, lanes));
    }
    return Softmax{maximum, best, 0};
}

// Four digits of one column word, of a value's row; zeros beyond its end.
__device__ inline u32 load_word(const i8* row, u32 column, u32 dim, bool aligned) {
    if (column >= dim) return 0;
    if (aligned) return *reinterpret_cast<const u32*>(row + column);
    u32 word = 0;
    for (u32 i = 0; i < 4 && column + i < dim; i++) {
        word |= static_cast<u32>(static_cast<u8>(row[column + i])) << (8 * i);
    }
    return word;
}

// What a block of the second pass keeps in shared memory.
struct SplitMemory {
    // Low and high digit, base 128, of each row's weights.
    u32 weights[2][SPLIT_ROWS][SPLIT_TILE / 4];
    f32 maximum[SPLIT_ROWS], best[SPLIT_ROWS];
    i64 denominators[SPLIT_ROWS];
    i64 sums[SPLIT_ROWS][SPLIT_COLUMNS];
};

// Weights of the keys from `first` on, a thread a key; adds their parts to the denominators.
__device__ inline void split_weights(const Split& split, const f32* scores, f32 bound, u32 first, SplitMemory& memory,
                                     i64 (&denominators)[SPLIT_ROWS]) {
    u32 key = first + threadIdx.x;
    bool inside = key < split.to;
    f32 log = inside ? split.a.log(split.a.key_row(key, split.kv)) : from_bits(MINUS_INFINITY);
#pragma unroll
    for (u32 i = 0; i < SPLIT_ROWS; i++) {
        if (i >= split.rows_here) break;
        u32 p = 0;
        if (inside) {
            f32 score = scores[split.index(i) * split.score_stride + key];
            denominators[i] += denominator_part(sub(score, memory.maximum[i]));
            p = numerator(sub(add(score, log), memory.best[i]), bound) & 0xFFFF;
        }
        reinterpret_cast<u8*>(memory.weights[0][i])[threadIdx.x] = static_cast<u8>(p & 127);
        reinterpret_cast<u8*>(memory.weights[1][i])[threadIdx.x] = static_cast<u8>(p >> 7);
    }
}

// The weighted sums of four columns, by four keys at a time: each warp takes every fourth four.
__device__ inline void split_sums(const Split& split, const i8* values, u32 column, u32 first, bool aligned,
                                  const SplitMemory& memory, i32 (&sums)[2][SPLIT_ROWS][4]) {
    const Attention& a = split.a;
    for (u32 quad = threadIdx.x / WARP; quad < SPLIT_TILE / 4; quad += SPLIT_THREADS / WARP) {
        u32 words[4];
#pragma unroll
        for (u32 i = 0; i < 4; i++) {
            u32 key = first + 4 * quad + i;
            bool inside = key < split.to;
            words[i] = inside ? load_word(values + a.key_row(key, split.kv) * a.dim, column, a.dim, aligned) : 0;
        }
        transpose_bytes(words);
#pragma unroll
        for (u32 i = 0; i < SPLIT_ROWS; i++) {
            if (i >= split.rows_here) break;
#pragma unroll
            for (u32 digit = 0; digit < 2; digit++) {
                i32 weights = static_cast<i32>(memory.weights[digit][i][quad]);
#pragma unroll
                for (u32 c = 0; c < 4; c++) {
                    i32& sum = sums[digit][i][c];
                    sum = __dp4a(weights, static_cast<i32>(words[c]), sum);
                }
            }
        }
    }
}

// Adds up the warps' sums, and writes them as the integers that they are parts of.
__device__ inline void write_sums(const Split& split, u32 slice, u32 digit, u32 digits, SplitMemory& memory,
                                  const i32 (&sums)[2][SPLIT_ROWS][4], i64* out) {
    const Attention& a = split.a;
    u32 lane = threadIdx.x % WARP;
    for (u32 warp = 0; warp < SPLIT_THREADS / WARP; warp++) {
        if (threadIdx.x / WARP == warp) {
#pragma unroll
            for (u32 i = 0; i < SPLIT_ROWS; i++) {
#pragma unroll
                for (u32 c = 0; c < 4; c++) {
                    i64 sum = weighted(sums[0][i][c], 7 * digit) + weighted(sums[1][i][c], 7 * digit + 7);
                    i64& total = memory.sums[i][4 * lane + c];
                    total = warp == 0 ? sum : total + sum;
                }
            }
        }
        __syncthreads();
    }
    u32 column = slice * SPLIT_COLUMNS + threadIdx.x;
    if (column >= a.dim) return;
    for (u32 i = 0; i < split.rows_here; i++) {
        u64 part = (split.index(i) * split.count + split.number) * digits + digit;
        out[part * a.dim + column] = memory.sums[i][threadIdx.x];
    }
}
