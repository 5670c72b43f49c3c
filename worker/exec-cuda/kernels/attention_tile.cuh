// Attention, forward, by tiles of 64 rows on int8 tensor cores: scores are computed in both passes and never stored.
#pragma once
#include "attention.cuh"

// Scores, weights and sums of one tile: its ROWS are cut into WARPS, its KEYS taken one tile after another.
constexpr u32 TILE_ROWS = 64;
constexpr u32 TILE_KEYS = 64;
constexpr u32 TILE_THREADS = 128;
// A step of the tensor cores over keys, and the keys of one fragment of scores.
constexpr u32 STEP = 32;
constexpr u32 COLUMN = 8;

// Above so many keys a low digit of base 256 could overflow its i32; base 128 holds for all that there can be.
constexpr u32 NARROW_KEYS = 65536;

// DIM elements of a head; D digits of queries, keys and values; W of the weights; COLS columns of the output per block.
template <u32 DIM, u32 D, u32 W, u32 COLS> struct Tile {
    // Rows of keys lie apart such that a fragment's loads of 8 bytes meet no bank twice; 24 words do the same for
    // values, turned so that four keys are in a word.
    static constexpr u32 KEY_STRIDE = DIM / 32 % 2 ? DIM : DIM + 32;
    static constexpr u32 VALUE_STRIDE = COLS + 16;
    static constexpr u32 TURNED_STRIDE = 24;
    static constexpr u32 KEY_BYTES = D * TILE_KEYS * KEY_STRIDE;
    static constexpr u32 VALUE_BYTES = D * TILE_KEYS * VALUE_STRIDE;
    static constexpr u32 BOUND = W == 1 ? I8_BOUND : I15_BOUND;

    // Shared memory: two tiles of keys, of values and of numbers, and whether scores of each need a check; one tile of
    // turned values.
    static constexpr u32 SCALES_AT = 2 * (KEY_BYTES + VALUE_BYTES);
    static constexpr u32 LOGS_AT = SCALES_AT + 2 * TILE_KEYS * 4;
    static constexpr u32 RISKY_AT = LOGS_AT + 2 * TILE_KEYS * 4;
    static constexpr u32 TURNED_AT = RISKY_AT + 16;

    const Attention& a;
    u8* memory;
    u32 kv, first_column, held;
    // The two rows of this lane: their places among (query, head) rows, scales, and the keys that they see.
    u64 place[2];
    f32 q_scale[2];
    u32 visible[2];
    // What the first row of the warp sees, and the last row of the block.
    u32 least, most;
    u32 q[D][DIM / STEP][4];

    __device__ u8* key_tile(u32 tile) const { return memory + tile % 2 * KEY_BYTES; }
    __device__ u8* value_tile(u32 tile) const { return memory + 2 * KEY_BYTES + tile % 2 * VALUE_BYTES; }
    __device__ f32* scales(u32 tile) const { return reinterpret_cast<f32*>(memory + SCALES_AT) + tile % 2 * TILE_KEYS; }
    __device__ f32* logs(u32 tile) const { return reinterpret_cast<f32*>(memory + LOGS_AT) + tile % 2 * TILE_KEYS; }
    // One for each of two tiles, since threads ask for one tile's while others load the next; once set it stays.
    __device__ u32& risky(u32 tile) const { return reinterpret_cast<u32*>(memory + RISKY_AT)[tile % 2]; }

    // Which row of its stack the lane's row `half` is; beyond the last one, the last one again.
    __device__ u32 stack_row(u32 tile, u32 half) const {
        u32 r = tile * TILE_ROWS + threadIdx.x / WARP * 16 + 8 * half + fragment_row();
        return r < a.rows() ? r : a.rows() - 1;
    }

    __device__ Tile(const Attention& attention, u8* bytes, u32 tile, u32 kv_head, u32 slice)
        : a(attention), memory(bytes), kv(kv_head), first_column(slice * COLS), held(attention.held()) {
        u32 last = a.rows() - 1, warp_first = tile * TILE_ROWS + threadIdx.x / WARP * 16;
        least = a.visible(warp_first < last ? warp_first : last, held);
        u32 block_last = tile * TILE_ROWS + TILE_ROWS - 1;
        most = a.visible(block_last < last ? block_last : last, held);
        if (threadIdx.x < 2) risky(threadIdx.x) = 0;
        __syncthreads();
#pragma unroll
        for (u32 half = 0; half < 2; half++) {
            u32 r = stack_row(tile, half);
            place[half] = a.stacked().place(r, kv);
            visible[half] = a.visible(r, held);
            q_scale[half] = a.q_scales[place[half]];
            if (outlying(q_scale[half]) || outlying(a.scale)) risky(0) = risky(1) = 1;
#pragma unroll
            for (u32 digit = 0; digit < D; digit++) {
                const i8* row = a.q_planes + digit * a.q_plane + place[half] * DIM;
#pragma unroll
                for (u32 step = 0; step < DIM / STEP; step++) {
                    // Bytes 8t… of the step, as the keys' fragments have them.
                    Words2 words = *reinterpret_cast<const Words2*>(row + step * STEP + 8 * fragment_word());
                    q[digit][step][half] = words.first;
                    q[digit][step][half + 2] = words.second;
                }
            }
        }
    }

    // Whether scores may leave the finite numbers: with scales and logarithms below 2³⁰ they stay below 2¹²⁶.
    __device__ static bool outlying(f32 x) { return magnitude(x) >= 0x4E800000u; }

    __device__ u32 tiles() const { return (most + TILE_KEYS - 1) / TILE_KEYS; }

    // Starts the copies of a tile of keys, and of their values where these are needed.
    __device__ void load(u32 tile, bool with_values) const {
        u32 first = tile * TILE_KEYS;
        copy_rows<DIM, KEY_STRIDE>(key_tile(tile), a.key_planes, first, 0);
        if (with_values) copy_rows<COLS, VALUE_STRIDE>(value_tile(tile), a.value_planes, first, first_column);
        copies_end();
        if (threadIdx.x >= TILE_KEYS) return;
        u32 key = first + threadIdx.x;
        f32 key_scale = 0.0f, log = from_bits(MINUS_INFINITY);
        if (key < held) {
            u64 row = a.key_row(key, kv);
            key_scale = a.key_scales[row];
            log = a.log(row);
            if (outlying(key_scale) || (log != from_bits(MINUS_INFINITY) && outlying(log))) risky(tile) = 1;
        }
        scales(tile)[threadIdx.x] = key_scale;
        logs(tile)[threadIdx.x] = log;
    }

    template <u32 WIDTH, u32 STRIDE>
    __device__ void copy_rows(u8* to, const i8* planes, u32 first, u32 column) const {
        constexpr u32 CHUNKS = WIDTH / 16;
#pragma unroll
        for (u32 i = threadIdx.x; i < D * TILE_KEYS * CHUNKS; i += TILE_THREADS) {
            u32 chunk = i % CHUNKS, at = i / CHUNKS, key = first + at % TILE_KEYS, digit = at / TILE_KEYS;
            bool inside = key < held;
            u64 row = a.key_row(inside ? key : 0, kv);
            const i8* from = planes + digit * a.key_plane + row * DIM + column + chunk * 16;
            copy_ahead(to + at * STRIDE + chunk * 16, from, inside);
        }
    }

    // Four scores of this lane: keys 2t and 2t + 1 of column `column` of the tile, by both rows.
    __device__ void scores(u32 tile, u32 column, f32 (&s)[4]) const {
        i32 sums[2 * D - 1][4] = {};
#pragma unroll
        for (u32 digit = 0; digit < D; digit++) {
            u32 key = digit * TILE_KEYS + column * COLUMN + fragment_row();
            const u8* row = key_tile(tile) + key * KEY_STRIDE;
#pragma unroll
            for (u32 step = 0; step < DIM / STEP; step++) {
                Words2 b = *reinterpret_cast<const Words2*>(row + step * STEP + 8 * fragment_word());
#pragma unroll
                for (u32 of_q = 0; of_q < D; of_q++) {
                    multiply_tile<false>(sums[digit + of_q], q[of_q][step], b.first, b.second);
                }
            }
        }
        u32 at = column * COLUMN + 2 * fragment_word();
        Floats2 key_scales = *reinterpret_cast<const Floats2*>(scales(tile) + at);
#pragma unroll
        for (u32 i = 0; i < 4; i++) {
            f32 key_scale = i % 2 ? key_scales.second : key_scales.first;
            s[i] = a.score(whole(sums, i), q_scale[i / 2], key_scale);
        }
        u32 key = tile * TILE_KEYS + at;
        if ((tile + 1) * TILE_KEYS > least) mask(key, s);
    }

    // f32 of a sum of its digits' sums.
    __device__ static f32 whole(const i32 (&sums)[2 * D - 1][4], u32 i) {
        if (D == 1) return to_f32(sums[0][i]);
        i64 sum = 0;
#pragma unroll
        for (u32 weight = 0; weight < 2 * D - 1; weight++) sum += weighted(sums[weight][i], 7 * weight);
        return to_f32(sum);
    }

    __device__ void mask(u32 key, f32 (&s)[4]) const {
#pragma unroll
        for (u32 i = 0; i < 4; i++) {
            if (key + i % 2 >= visible[i / 2]) s[i] = from_bits(MINUS_INFINITY);
        }
    }

    __device__ Floats2 column_logs(u32 tile, u32 column) const {
        return *reinterpret_cast<const Floats2*>(logs(tile) + column * COLUMN + 2 * fragment_word());
    }

    // Pass 1: m and m′ of the lane's rows.
    __device__ void maxima(Softmax (&rows)[2]) const {
#pragma unroll
        for (u32 half = 0; half < 2; half++) {
            rows[half] = Softmax{from_bits(MINUS_INFINITY), from_bits(MINUS_INFINITY), 0};
        }
        load(0, false);
        for (u32 tile = 0; tile < tiles(); tile++) {
            turn_over(tile, false);
#pragma unroll 2
            for (u32 column = 0; column < TILE_KEYS / COLUMN; column++) {
                f32 s[4];
                scores(tile, column, s);
                Floats2 log = column_logs(tile, column);
                if (risky(tile)) check(tile, column, s, log);
#pragma unroll
                for (u32 i = 0; i < 4; i++) {
                    Softmax& row = rows[i / 2];
                    row.maximum = fmaxf(row.maximum, s[i]);
                    row.best = fmaxf(row.best, add(s[i], i % 2 ? log.second : log.first));
                }
            }
            __syncthreads();
        }
#pragma unroll
        for (u32 half = 0; half < 2; half++) {
            for (u32 lanes = 1; lanes < 4; lanes *= 2) {
                rows[half].maximum = fmaxf(rows[half].maximum, warp_shuffle_xor(rows[half].maximum, lanes));
                rows[half].best = fmaxf(rows[half].best, warp_shuffle_xor(rows[half].best, lanes));
            }
        }
    }

    // Starts the next tile's copies, and waits for those of this one.
    __device__ void turn_over(u32 tile, bool with_values) const {
        if (tile + 1 < tiles()) {
            load(tile + 1, with_values);
            copies_wait<1>();
        } else {
            copies_wait<0>();
        }
        __syncthreads();
    }

    __device__ void check(u32 tile, u32 column, const f32 (&s)[4], Floats2 log) const {
        u32 key = tile * TILE_KEYS + column * COLUMN + 2 * fragment_word();
        for (u32 i = 0; i < 4; i++) {
            bool seen = key + i % 2 < visible[i / 2];
            if (seen && Attention::traps(s[i], i % 2 ? log.second : log.first)) report(a.fault, a.node);
        }
    }

    // Values of a tile with four keys in a word: 2t, 2t + 1, 2t + 8, 2t + 9 of each 16, which are the keys that a
    // lane has weights of. A pair of words holds those of 32 keys; pairs are swapped by column so that the stores
    // meet few banks twice.
    __device__ void turn(u32 tile) const {
        u32 t = threadIdx.x % 4, lane_word = threadIdx.x % WARP / 4;
        constexpr u32 GROUPS = COLS / 32, HALVES = TILE_KEYS / STEP;
#pragma unroll 1
        for (u32 unit = threadIdx.x / WARP; unit < D * HALVES * GROUPS; unit += TILE_THREADS / WARP) {
            u32 half = unit % HALVES, word = unit / HALVES % GROUPS * 8 + lane_word, digit = unit / HALVES / GROUPS;
            const u8* from = value_tile(tile) + digit * TILE_KEYS * VALUE_STRIDE + 4 * word;
            u32 even[4], odd[4];
#pragma unroll
            for (u32 i = 0; i < 4; i++) {
                u32 key = half * STEP + 2 * t + i % 2 + i / 2 * 8;
                even[i] = *reinterpret_cast<const u32*>(from + key * VALUE_STRIDE);
                odd[i] = *reinterpret_cast<const u32*>(from + (key + 16) * VALUE_STRIDE);
            }
            transpose_bytes(even);
            transpose_bytes(odd);
#pragma unroll
            for (u32 i = 0; i < 4; i++) {
                u32 column = digit * COLS + 4 * word + i;
                *turned(column, half) = Words2{even[i], odd[i]};
            }
        }
    }

    // The lane's pair of words of a column.
    __device__ Words2* turned(u32 column, u32 half) const {
        u32 pair = (half * 4 + fragment_word()) ^ (column / 4 % 8);
        return reinterpret_cast<Words2*>(memory + TURNED_AT + 4 * column * TURNED_STRIDE) + pair;
    }

    // Digits of four numerators, each in a byte: lowest digit first, base 256, or 128 with very many keys.
    __device__ void pack(const u32 (&p)[4], u32 (&words)[W]) const {
        u32 first = __byte_perm(p[0], p[1], 0x5410), second = __byte_perm(p[2], p[3], 0x5410);
        if (W == 1 || held <= NARROW_KEYS) {
            words[0] = __byte_perm(first, second, 0x6420);
            if (W == 2) words[W - 1] = __byte_perm(first, second, 0x7531);
            return;
        }
        words[0] = __byte_perm(first & 0x007F007Fu, second & 0x007F007Fu, 0x6420);
        words[W - 1] = __byte_perm(first >> 7 & 0x007F007Fu, second >> 7 & 0x007F007Fu, 0x6420);
    }

    // Weights of a step of 32 keys as the left fragment of a product, and their parts of D.
    __device__ void weights(u32 tile, u32 half, Softmax (&rows)[2], u32 (&fragments)[W][4]) const {
#pragma unroll
        for (u32 quarter = 0; quarter < 2; quarter++) {
            u32 p[2][4];
#pragma unroll
            for (u32 pair = 0; pair < 2; pair++) {
                u32 column = half * 4 + quarter * 2 + pair;
                f32 s[4];
                scores(tile, column, s);
                Floats2 log = column_logs(tile, column);
#pragma unroll
                for (u32 i = 0; i < 4; i++) {
                    Softmax& row = rows[i / 2];
                    row.denominator += denominator_part(sub(s[i], row.maximum));
                    f32 t = add(s[i], i % 2 ? log.second : log.first);
                    p[i / 2][pair * 2 + i % 2] = numerator(sub(t, row.best), static_cast<f32>(BOUND));
                }
            }
#pragma unroll
            for (u32 row = 0; row < 2; row++) {
                u32 words[W];
                pack(p[row], words);
#pragma unroll
                for (u32 digit = 0; digit < W; digit++) fragments[digit][row + 2 * quarter] = words[digit];
            }
        }
    }

    // Pass 2, and the output.
    __device__ void attend(Softmax (&rows)[2], bool (&real)[2]) const {
        i32 sums[W][D][COLS / COLUMN][4] = {};
        load(0, true);
        for (u32 tile = 0; tile < tiles(); tile++) {
            turn_over(tile, true);
            turn(tile);
            __syncthreads();
#pragma unroll 1
            for (u32 half = 0; half < TILE_KEYS / STEP; half++) {
                u32 fragments[W][4];
                weights(tile, half, rows, fragments);
#pragma unroll
                for (u32 digit = 0; digit < D; digit++) {
#pragma unroll
                    for (u32 n = 0; n < COLS / COLUMN; n++) {
                        Words2 b = *turned(digit * COLS + n * COLUMN + fragment_row(), half);
#pragma unroll
                        for (u32 w = 0; w < W; w++) {
                            multiply_tile<true>(sums[w][digit][n], fragments[w], b.first, b.second);
                        }
                    }
                }
            }
            __syncthreads();
        }
#pragma unroll
        for (u32 half = 0; half < 2; half++) {
            for (u32 lanes = 1; lanes < 4; lanes *= 2) {
                rows[half].denominator += warp_shuffle_xor(rows[half].denominator, lanes);
            }
            if (real[half]) write(rows[half], half, sums);
        }
    }

    __device__ void write(const Softmax& row, u32 half, const i32 (&sums)[W][D][COLS / COLUMN][4]) const {
        f32 back = row.back(), share = row.share(static_cast<f32>(BOUND));
        u32 base = held <= NARROW_KEYS ? 8 : 7;
        f32* out = a.out + place[half] * DIM + first_column + 2 * fragment_word();
        bool wrong = false;
#pragma unroll
        for (u32 n = 0; n < COLS / COLUMN; n++) {
            f32 y[2];
#pragma unroll
            for (u32 i = 0; i < 2; i++) {
                i64 sum = 0;
#pragma unroll
                for (u32 w = 0; w < W; w++) {
#pragma unroll
                    for (u32 digit = 0; digit < D; digit++) {
                        sum += weighted(sums[w][digit][n][2 * half + i], base * w + 7 * digit);
                    }
                }
                y[i] = row.weigh(sum, back, share);
                wrong |= !finite(y[i]);
            }
            // A value of a pass begins at any float.
            out[n * COLUMN] = y[0];
            out[n * COLUMN + 1] = y[1];
        }
        if (wrong) report(a.fault, a.node);
    }

    __device__ void run(u32 tile) const {
        Softmax rows[2];
        maxima(rows);
        bool real[2];
#pragma unroll
        for (u32 half = 0; half < 2; half++) {
            real[half] = tile * TILE_ROWS + threadIdx.x / WARP * 16 + 8 * half + fragment_row() < a.rows();
        }
        attend(rows, real);
    }
};
