// Cross-entropy over a vocabulary, and drawing a class.
#include "common.cuh"

// m = max z and D = Σ ties_even(exp(z − m)·2³⁰) of a row.
struct Softmax {
    f32 maximum;
    i64 denominator;
};

// All threads of the block take part. `sound` becomes false where a logit is not finite.
__device__ inline Softmax softmax(const f32* z, u32 classes, bool& sound) {
    u32 order = 0;
    for (u32 i = threadIdx.x; i < classes; i += blockDim.x) {
        sound &= finite(z[i]);
        order = Largest::join(order, ordered(z[i]));
    }
    const f32 maximum = from_ordered(block_max_u32(order));
    i64 sum = 0;
    for (u32 i = threadIdx.x; i < classes; i += blockDim.x) sum += softmax_weight(sub(z[i], maximum));
    return Softmax{maximum, block_sum_i64(sum)};
}

// loss[t] = ln(f32(D)·2⁻³⁰) − (z[label] − m). A row is a block's.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    cross_entropy_forward(const f32* logits, const u32* labels, f32* losses, u64 tokens, u32 classes, u32* fault,
                          u32 node) {
    bool sound = true;
    for (u64 t = blockIdx.x; t < tokens; t += gridDim.x) {
        const f32* z = logits + t * classes;
        const Softmax of = softmax(z, classes, sound);
        if (threadIdx.x > 0) continue;
        if (labels[t] >= classes) {
            sound = false;
            continue;
        }
        const f32 log = ln_exact(mul(to_f32(of.denominator), from_bits(SOFTMAX_UNIT_BITS)));
        losses[t] = sub(log, sub(z[labels[t]], of.maximum));
        sound &= finite(losses[t]);
    }
    if (!sound) report(fault, node);
}

// p = (exp(z − m)·2³⁰)/f32(D). A row is a block's.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    cross_entropy_probabilities(const f32* logits, f32* p, u64 tokens, u32 classes, u32* fault, u32 node) {
    bool sound = true;
    for (u64 t = blockIdx.x; t < tokens; t += gridDim.x) {
        const f32* z = logits + t * classes;
        const Softmax of = softmax(z, classes, sound);
        const f32 denominator = to_f32(of.denominator);
        for (u32 i = threadIdx.x; i < classes; i += blockDim.x) {
            const f32 value = div(mul(exp_exact(sub(z[i], of.maximum)), from_bits(SOFTMAX_ONE_BITS)), denominator);
            sound &= finite(value);
            p[t * classes + i] = value;
        }
    }
    if (!sound) report(fault, node);
}

// dx[t] −= weight[label[t]], after the product; as in the reference, a label is looked at and the difference is not.
KERNEL void subtract_label_rows(const u32* labels, const f32* weight, f32* dx, u32 tokens, u32 classes, u32 inputs,
                                u32* fault, u32 node) {
    for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
        const u32 label = labels[token];
        if (label >= classes) {
            report(fault, node);
            continue;
        }
        for (u32 c = blockIdx.y * blockDim.x + threadIdx.x; c < inputs; c += gridDim.y * blockDim.x) {
            const u64 at = static_cast<u64>(token) * inputs + c;
            dx[at] = sub(dx[at], weight[static_cast<u64>(label) * inputs + c]);
        }
    }
}

// ---- Drawing a class ----

// Classes whose weights are summed together: 1,024 such sums, of the most classes there may be, are a block's.
constexpr u32 CHUNK = 1024;

// First: order[0] = the largest scaled logit, as `ordered` has it; zero before.
KERNEL void sample_largest(const f32* logits, u32 classes, f32 factor, u32* order, u32* fault, u32 node) {
    bool sound = true;
    u32 most = 0;
    for (u64 i = grid_thread(); i < classes; i += grid_threads()) {
        const f32 z = mul(logits[i], factor);
        sound &= finite(logits[i]) && finite(z);
        most = Largest::join(most, ordered(z));
    }
    most = block_max_u32(most);
    if (threadIdx.x == 0) atomicMax(order, most);
    if (!sound) report(fault, node);
}

// Writes each class's weight, and the sum of each chunk of them.
template <typename F> __device__ inline void put_weights(u32 classes, u32* weights, i64* sums, F weight) {
    const u32 chunks = (classes + CHUNK - 1) / CHUNK;
    for (u32 chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
        i64 sum = 0;
        for (u32 j = threadIdx.x; j < CHUNK; j += blockDim.x) {
            const u32 i = chunk * CHUNK + j;
            if (i >= classes) break;
            weights[i] = weight(i);
            sum += weights[i];
        }
        sum = block_sum_i64(sum);
        if (threadIdx.x == 0) sums[chunk] = sum;
    }
}

// Second: weights[i] = ties_even(exp(z − m)·2³⁰), and the sums of chunks.
KERNEL void sample_weights(const f32* logits, u32 classes, f32 factor, const u32* order, u32* weights, i64* sums) {
    const f32 maximum = from_ordered(order[0]);
    put_weights(classes, weights, sums, [=](u32 i) {
        return static_cast<u32>(softmax_weight(sub(mul(logits[i], factor), maximum)));
    });
}

// A number for each class that falls with its weight and then with its index.
__device__ inline u64 rank_key(const u32* weights, u32 i) { return static_cast<u64>(weights[i]) << 32 | ~i; }

// The largest number such that the classes of no smaller key measure, together, what `reached` asks for; that is the
// key of the last one needed. All threads of the one block take part.
template <typename M, typename P>
__device__ inline u64 last_key(const u32* weights, u32 classes, M measure, P reached) {
    // Indices are below 2²⁰: the bits above are set in every key.
    constexpr u64 SET = 0xFFF00000u;
    constexpr u32 INDEX_BITS = 20, KEY_BITS = 63;
    u64 found = 0;
    for (u32 bit = KEY_BITS; bit-- > 0;) {
        if (bit >= INDEX_BITS && bit < 32) continue;
        if (bit + 1 == INDEX_BITS) found |= SET;
        const u64 candidate = found | 1ull << bit;
        i64 sum = 0;
        for (u32 i = threadIdx.x; i < classes; i += blockDim.x) {
            if (rank_key(weights, i) >= candidate) sum += measure(i);
        }
        if (reached(block_sum_i64(sum))) found = candidate;
    }
    return found;
}

// sum·2³⁰ ≥ top_p·total, both below 2⁸¹.
__device__ inline bool reaches_share(u64 sum, u64 top_p, u64 total) {
    const u64 high = sum >> 34, low = sum << 30;
    const u64 bound_high = __umul64hi(top_p, total), bound_low = top_p * total;
    return high > bound_high || (high == bound_high && low >= bound_low);
}

// Third, where not all classes are kept: threshold[0] = the key of the last one kept. One block.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    sample_threshold(const u32* weights, u32 classes, u32 top_k, u32 top_p, u64* threshold) {
    u64 last = 0;
    if (top_k < classes) {
        last = last_key(weights, classes, [](u32) { return 1; },
                        [=](i64 count) { return count >= static_cast<i64>(top_k); });
    }
    const auto kept = [=](u32 i) { return rank_key(weights, i) >= last ? static_cast<i64>(weights[i]) : 0; };
    i64 total = 0;
    for (u32 i = threadIdx.x; i < classes; i += blockDim.x) total += kept(i);
    total = block_sum_i64(total);
    const u64 by_share = last_key(weights, classes, kept, [=](i64 sum) {
        return sum > 0 && reaches_share(static_cast<u64>(sum), top_p, static_cast<u64>(total));
    });
    if (threadIdx.x == 0) threshold[0] = Largest::join(last, by_share);
}

// Fourth, in that case: the others' weights become 0.
KERNEL void sample_filter(u32 classes, const u64* threshold, u32* weights, i64* sums) {
    const u64 last = threshold[0];
    put_weights(classes, weights, sums,
                [=](u32 i) { return rank_key(weights, i) >= last ? weights[i] : 0; });
}

// Last: the lowest class with Σe up to it above u = ⌊draw·D/2⁶⁴⌋. One block of as many threads as a chunk has
// classes.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    sample_pick(const u32* weights, const i64* sums, u32 classes, const u64* draw, u32* chosen) {
    __shared__ u32 chunk;
    __shared__ i64 rest;
    if (threadIdx.x == 0) {
        chunk = 0;
        rest = 0;
        chosen[0] = 0;
    }
    const u32 chunks = (classes + CHUNK - 1) / CHUNK;
    const i64 own = threadIdx.x < chunks ? sums[threadIdx.x] : 0;
    const i64 total = block_sum_i64(own);
    const i64 u = static_cast<i64>(__umul64hi(draw[0], static_cast<u64>(total)));
    const i64 sum = block_prefix_i64(own);
    if (sum - own <= u && u < sum) {
        chunk = threadIdx.x;
        rest = u - (sum - own);
    }
    __syncthreads();
    const u32 i = chunk * CHUNK + threadIdx.x;
    const i64 weight = i < classes ? static_cast<i64>(weights[i]) : 0;
    const i64 up_to = block_prefix_i64(weight);
    if (up_to - weight <= rest && rest < up_to) chosen[0] = i;
}
