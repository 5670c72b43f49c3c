// Rows of a table by token id, their gradients, means over tokens, and the best class of each row.
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
