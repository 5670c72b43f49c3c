// KvAppend: keys and values, quantised per (token, head), behind those that the cache holds. A warp writes a row.

#include "common.cuh"

// One row of `dim` floats into the digit planes, which lie `stride` apart; gives its scale.
__device__ inline f32 quantise_row(const f32* x, u32 dim, u32 digits, i8* planes, u64 stride, u32* fault, u32 node) {
    u32 largest = 0;
    for (u32 c = threadIdx.x % WARP; c < dim; c += WARP) largest = Largest::join(largest, magnitude(x[c]));
    largest = warp_max_u32(largest);
    if (largest >= INFINITY_BITS) report(fault, node);
    i32 bound = precision_bound(digits);
    f32 inverse = quantise_inverse(largest, bound);
    for (u32 c = threadIdx.x % WARP; c < dim; c += WARP) {
        i32 q = quantise(x[c], inverse, bound);
        for (u32 plane = 0; plane < digits; plane++) planes[plane * stride + c] = digit(q, plane, digits);
    }
    return quantise_scale(largest, bound);
}

// `k` and `v` are tokens × heads × dim, the cache's planes digits × capacity × heads × dim. Token t has the place
// slots[t] + positions[t], or at + t where there are no such words. blockIdx.y: keys, values.
KERNEL void kv_append(const f32* k, const f32* v, i8* key_planes, f32* key_scales, i8* value_planes, f32* value_scales,
                      f32* value_logs, const u32* positions, const u32* slots, u32 at, u32 tokens, u32 capacity,
                      u32 heads, u32 dim, u32 key_digits, u32 value_digits, u32* fault, u32 node) {
    u64 row = grid_thread() / WARP;
    if (row >= static_cast<u64>(tokens) * heads) return;
    u64 token = row / heads, first = positions ? static_cast<u64>(slots[token]) + positions[token] : at + token;
    if (first >= capacity) return report(fault, node);
    u64 place = first * heads + row % heads, places = static_cast<u64>(capacity) * heads;
    bool lead = threadIdx.x % WARP == 0;
    if (blockIdx.y == 0) {
        f32 scale = quantise_row(k + row * dim, dim, key_digits, key_planes + place * dim, places * dim, fault, node);
        if (lead) key_scales[place] = scale;
        return;
    }
    f32 scale = quantise_row(v + row * dim, dim, value_digits, value_planes + place * dim, places * dim, fault, node);
    if (lead) {
        value_scales[place] = scale;
        value_logs[place] = scale == 0.0f ? 0.0f : ln_exact(scale);
    }
}
