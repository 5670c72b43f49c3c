// Rows of a table by token id, their gradients, means over tokens and the last of them, and the best class of each row.
#include "common.cuh"

// y[t] = table[id[t]]. Tokens along the grid's x, columns along its y.
KERNEL void embed_gather(const u32* ids, const f32* table, f32* y, u32 tokens, u32 vocabulary, u32 cols, u32* fault,
                         u32 node) {
    bool sound = true;
    for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
        const u32 id = ids[token];
        if (id >= vocabulary) {
            sound = false;
            continue;
        }
        for (u32 c = blockIdx.y * blockDim.x + threadIdx.x; c < cols; c += gridDim.y * blockDim.x) {
            const f32 value = table[static_cast<u64>(id) * cols + c];
            sound &= finite(value);
            y[static_cast<u64>(token) * cols + c] = value;
        }
    }
    if (!sound) report(fault, node);
}

// y[t] = f32(q)·s of row id[t] of a table quantised per row: planes [digits, vocabulary, cols].
KERNEL void embed_gather_quantised(const u32* ids, const i8* planes, const f32* scales, f32* y, u32 tokens,
                                   u32 vocabulary, u32 cols, u32 digits, u32* fault, u32 node) {
    const u64 stride = static_cast<u64>(vocabulary) * cols;
    bool sound = true;
    for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
        const u32 id = ids[token];
        if (id >= vocabulary) {
            sound = false;
            continue;
        }
        for (u32 c = blockIdx.y * blockDim.x + threadIdx.x; c < cols; c += gridDim.y * blockDim.x) {
            const i8* lowest = planes + static_cast<u64>(id) * cols + c;
            i32 q = 0;
            for (u32 plane = digits; plane-- > 0;) q = q * 128 + lowest[plane * stride];
            const f32 value = mul(to_f32(q), scales[id]);
            sound &= finite(value);
            y[static_cast<u64>(token) * cols + c] = value;
        }
    }
    if (!sound) report(fault, node);
}

// table[id[t]] += dy[t] in fixed point for every token, or −= with `subtract`.
KERNEL void embed_scatter(const u32* ids, const f32* dy, i64* table, u32 tokens, u32 vocabulary, u32 cols, f32 limit,
                          u32 subtract, u32* fault, u32 node) {
    bool sound = true;
    for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
        const u32 id = ids[token];
        if (id >= vocabulary) {
            sound = false;
            continue;
        }
        for (u32 c = blockIdx.y * blockDim.x + threadIdx.x; c < cols; c += gridDim.y * blockDim.x) {
            const f32 value = dy[static_cast<u64>(token) * cols + c];
            if (!fits_fixed(value, limit)) {
                sound = false;
                continue;
            }
            const i64 addend = to_fixed(value);
            atomic_add_i64(&table[static_cast<u64>(id) * cols + c], subtract ? -addend : addend);
        }
    }
    if (!sound) report(fault, node);
}

// dx[t, c] = dy[c]/f32(tokens).
KERNEL void mean_pool_backward(const f32* dy, f32* dx, u32 tokens, u32 cols, u32* fault, u32 node) {
    bool sound = true;
    for (u32 c = blockIdx.y * blockDim.x + threadIdx.x; c < cols; c += gridDim.y * blockDim.x) {
        const f32 value = div(dy[c], to_f32(tokens));
        sound &= finite(dy[c]) && finite(value);
        for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
            dx[static_cast<u64>(token) * cols + c] = value;
        }
    }
    if (!sound) report(fault, node);
}

// y[u] = the mean of rows bounds[u] to bounds[u + 1] of x: S of each column, divided by their number. Columns by 32
// along the grid's x, units along its y; a block's warps share the rows.
KERNEL void mean_pool_joined(const f32* x, const u32* bounds, f32* y, u32 units, u32 cols, u32* fault, u32 node) {
    __shared__ u32 largest[COLUMNS];
    __shared__ i64 sums[COLUMNS];
    const u32 lane = threadIdx.x % WARP, c = blockIdx.x * COLUMNS + lane;
    for (u32 unit = blockIdx.y; unit < units; unit += gridDim.y) {
        const u32 first = bounds[unit], rows = c < cols ? bounds[unit + 1] - first : 0;
        const f32* from = x + static_cast<u64>(first) * cols + c;
        if (threadIdx.x < COLUMNS) {
            largest[lane] = 0;
            sums[lane] = 0;
        }
        __syncthreads();
        u32 most = 0;
        for (u32 r = threadIdx.x / WARP; r < rows; r += blockDim.x / WARP) {
            most = Largest::join(most, magnitude(from[static_cast<u64>(r) * cols]));
        }
        atomicMax(&largest[lane], most);
        __syncthreads();
        const f32 inverse = quantise_inverse(largest[lane], I22_BOUND);
        i64 sum = 0;
        for (u32 r = threadIdx.x / WARP; r < rows; r += blockDim.x / WARP) {
            sum += quantise(from[static_cast<u64>(r) * cols], inverse, I22_BOUND);
        }
        atomic_add_i64(&sums[lane], sum);
        __syncthreads();
        if (threadIdx.x < COLUMNS && c < cols) {
            const f32 total = mul(to_f32(sums[lane]), quantise_scale(largest[lane], I22_BOUND));
            const f32 value = div(total, to_f32(rows));
            y[static_cast<u64>(unit) * cols + c] = value;
            if (!finite(value)) report(fault, node);
        }
        // Who zeroes the next unit's sums may be ahead of who reads these.
        __syncthreads();
    }
}

// y[u] = the last of rows bounds[u] to bounds[u + 1] of x. Units along the grid's x, columns along its y.
KERNEL void last_rows(const f32* x, const u32* bounds, f32* y, u32 units, u32 cols) {
    for (u32 unit = blockIdx.x; unit < units; unit += gridDim.x) {
        const f32* from = x + static_cast<u64>(bounds[unit + 1] - 1) * cols;
        for (u32 c = blockIdx.y * blockDim.x + threadIdx.x; c < cols; c += gridDim.y * blockDim.x) {
            y[static_cast<u64>(unit) * cols + c] = from[c];
        }
    }
}

// A number that is largest for the largest element, and of equal ones (−0 equals +0) for the lowest index.
__device__ inline u64 best_key(f32 x, u32 index) {
    return static_cast<u64>(ordered(x == 0.0f ? 0.0f : x)) << 32 | ~index;
}

// First: keys[r] = the largest key of row r, zero before. Classes along the grid's x, rows along its y.
KERNEL void arg_max_keys(const f32* x, u64* keys, u64 rows, u32 classes, u32* fault, u32 node) {
    bool sound = true;
    for (u64 row = blockIdx.y; row < rows; row += gridDim.y) {
        u64 key = 0;
        for (u64 i = grid_thread(); i < classes; i += grid_threads()) {
            const f32 value = x[row * classes + i];
            sound &= finite(value);
            key = Largest::join(key, best_key(value, static_cast<u32>(i)));
        }
        key = block_max_u64(key);
        if (threadIdx.x == 0) atomicMax(&keys[row], key);
    }
    if (!sound) report(fault, node);
}

// Second: the index of each key.
KERNEL void arg_max_indices(const u64* keys, u32* best, u64 rows) {
    for (u64 row = grid_thread(); row < rows; row += grid_threads()) best[row] = ~static_cast<u32>(keys[row]);
}
