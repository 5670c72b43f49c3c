// Drawing a class of each row of logits: integer weights, of which k and p keep some, and a number below their sum.
// Rows lie along the grid's y.
#include "common.cuh"

// Classes whose weights are summed together: 1,024 such sums, of the most classes there may be, are a block's.
constexpr u32 CHUNK = 1024;

__device__ inline u32 chunks_of(u32 classes) { return (classes + CHUNK - 1) / CHUNK; }

// Where the block's row begins, of rows of so many elements.
__device__ inline u64 row_of(u32 elements) { return static_cast<u64>(blockIdx.y) * elements; }

// First: order[row] = the largest scaled logit, as `ordered` has it; zero before.
KERNEL void sample_largest(const f32* logits, u32 classes, f32 factor, u32* order, u32* fault, u32 node) {
    logits += row_of(classes);
    bool sound = true;
    u32 most = 0;
    for (u64 i = grid_thread(); i < classes; i += grid_threads()) {
        const f32 z = mul(logits[i], factor);
        sound &= finite(logits[i]) && finite(z);
        most = Largest::join(most, ordered(z));
    }
    most = block_max_u32(most);
    if (threadIdx.x == 0) atomicMax(&order[blockIdx.y], most);
    if (!sound) report(fault, node);
}

// Writes each class's weight, and the sum of each chunk of them.
template <typename F> __device__ inline void put_weights(u32 classes, u32* weights, i64* sums, F weight) {
    const u32 chunks = chunks_of(classes);
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

// Second: weights[row][i] = ties_even(exp(z − m)·2³⁰), and the sums of chunks.
KERNEL void sample_weights(const f32* logits, u32 classes, f32 factor, const u32* order, u32* weights, i64* sums) {
    logits += row_of(classes);
    const f32 maximum = from_ordered(order[blockIdx.y]);
    put_weights(classes, weights + row_of(classes), sums + row_of(chunks_of(classes)), [=](u32 i) {
        return static_cast<u32>(softmax_weight(sub(mul(logits[i], factor), maximum)));
    });
}

// ---- The last class that is kept ----

// Weights are 2³⁰ at most, and indices below 2²⁰.
constexpr u32 WEIGHT_BITS = 31, INDEX_BITS = 20;
// Bits of a key that are found at a time, and the values that they have: two for each thread.
constexpr u32 DIGIT_BITS = 11, BUCKETS = 1 << DIGIT_BITS;

// A number for each class that falls with its weight and then with its index.
__device__ inline u64 rank_key(u32 weight, u32 i) {
    return static_cast<u64>(weight) << INDEX_BITS | ((1u << INDEX_BITS) - 1 - i);
}

// Calls visit(key, weight) for each class. Each thread has eight loads under way.
template <typename F> __device__ inline void for_classes(const u32* weights, u32 classes, F visit) {
    constexpr u32 AT_ONCE = 8;
    for (u32 first = threadIdx.x; first < classes; first += AT_ONCE * blockDim.x) {
        u32 weight[AT_ONCE];
        for (u32 j = 0; j < AT_ONCE; j++) {
            const u32 i = first + j * blockDim.x;
            weight[j] = i < classes ? weights[i] : 0;
        }
        for (u32 j = 0; j < AT_ONCE; j++) {
            const u32 i = first + j * blockDim.x;
            if (i < classes) visit(rank_key(weight[j], i), weight[j]);
        }
    }
}

// A block's search for a key, digit by digit from the top.
struct Search {
    // What the classes measure whose keys have this digit.
    i64 sums[BUCKETS];
    u32 digit;
    // What the classes of larger keys measure.
    i64 above;
};

// Of `search.sums`, finds the largest digit such that it and those above it measure what `reached` asks for; where none but
// the lowest does, it is that one, whose own sum is not needed.
template <typename P> __device__ inline void find_digit(Search& search, P reached) {
    const u32 high = BUCKETS - 1 - 2 * threadIdx.x, low = high - 1;
    const i64 upper = search.sums[high], own = upper + search.sums[low];
    const i64 first = search.above, up_to = first + block_prefix_i64(own), before = up_to - own;
    if (!reached(before)) {
        if (reached(before + upper)) {
            search.digit = high;
            search.above = before;
        } else if (reached(up_to) || low == 0) {
            search.digit = low;
            search.above = before + upper;
        }
    }
    __syncthreads();
}

// The largest number such that the classes of no smaller key measure, together, what `reached` asks for, as all of them do;
// that is the key of the last one needed. All threads of the one block take part, of which there are LARGEST_BLOCK.
template <typename M, typename P>
__device__ inline u64 last_key(Search& search, const u32* weights, u32 classes, M measure, P reached) {
    u64 found = 0;
    if (threadIdx.x == 0) search.above = 0;
    for (u32 top = WEIGHT_BITS + INDEX_BITS; top > 0;) {
        const u32 low = top > DIGIT_BITS ? top - DIGIT_BITS : 0;
        for (u32 i = threadIdx.x; i < BUCKETS; i += blockDim.x) search.sums[i] = 0;
        __syncthreads();
        for_classes(weights, classes, [&](u64 key, u32 weight) {
            const u32 digit = static_cast<u32>((key & ((1ull << top) - 1)) >> low);
            // Most weights are small, so most classes have the lowest digit, whose sum nobody asks for.
            if (digit > 0 && key >> top == found >> top) atomic_add_i64(&search.sums[digit], measure(key, weight));
        });
        __syncthreads();
        find_digit(search, reached);
        found |= static_cast<u64>(search.digit) << low;
        top = low;
    }
    return found;
}

// p where it keeps all that k keeps.
constexpr u32 WHOLE = 1u << 30;

// sum·2³⁰ ≥ top_p·total, both below 2⁸¹.
__device__ inline bool reaches_share(u64 sum, u64 top_p, u64 total) {
    const u64 high = sum >> 34, low = sum << 30;
    const u64 bound_high = __umul64hi(top_p, total), bound_low = top_p * total;
    return high > bound_high || (high == bound_high && low >= bound_low);
}

// Third, where not all classes are kept: threshold[row] = the key of the last one kept. A block for each row.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    sample_threshold(const u32* weights, u32 classes, u32 top_k, u32 top_p, u64* threshold) {
    __shared__ Search search;
    weights += row_of(classes);
    u64 last = 0;
    if (top_k < classes) {
        last = last_key(search, weights, classes, [](u64, u32) { return static_cast<i64>(1); },
                        [=](i64 count) { return count >= static_cast<i64>(top_k); });
    }
    if (top_p < WHOLE) {
        const auto kept = [=](u64 key, u32 weight) { return key >= last ? static_cast<i64>(weight) : 0; };
        i64 total = 0;
        for_classes(weights, classes, [&](u64 key, u32 weight) { total += kept(key, weight); });
        total = block_sum_i64(total);
        const u64 by_share = last_key(search, weights, classes, kept, [=](i64 sum) {
            return sum > 0 && reaches_share(static_cast<u64>(sum), top_p, static_cast<u64>(total));
        });
        last = Largest::join(last, by_share);
    }
    if (threadIdx.x == 0) threshold[blockIdx.y] = last;
}

// Fourth, in that case: the others' weights become 0.
KERNEL void sample_filter(u32 classes, const u64* threshold, u32* weights, i64* sums) {
    const u64 last = threshold[blockIdx.y];
    weights += row_of(classes);
    put_weights(classes, weights, sums + row_of(chunks_of(classes)),
                [=](u32 i) { return rank_key(weights[i], i) >= last ? weights[i] : 0; });
}

// Last: the lowest class with Σe up to it above u = ⌊draw·D/2⁶⁴⌋. A block for each row, of as many threads as a chunk has
// classes.
KERNEL void __launch_bounds__(LARGEST_BLOCK)
    sample_pick(const u32* weights, const i64* sums, u32 classes, const u64* draws, u32* chosen) {
    __shared__ u32 chunk;
    __shared__ i64 rest;
    const u32 chunks = chunks_of(classes), row = blockIdx.y;
    weights += row_of(classes);
    sums += row_of(chunks);
    if (threadIdx.x == 0) {
        chunk = 0;
        rest = 0;
        chosen[row] = 0;
    }
    const i64 own = threadIdx.x < chunks ? sums[threadIdx.x] : 0;
    const i64 total = block_sum_i64(own);
    const i64 u = static_cast<i64>(__umul64hi(draws[row], static_cast<u64>(total)));
    const i64 sum = block_prefix_i64(own);
    if (sum - own <= u && u < sum) {
        chunk = threadIdx.x;
        rest = u - (sum - own);
    }
    __syncthreads();
    const u32 i = chunk * CHUNK + threadIdx.x;
    const i64 weight = i < classes ? static_cast<i64>(weights[i]) : 0;
    const i64 up_to = block_prefix_i64(weight);
    if (up_to - weight <= rest && rest < up_to) chosen[row] = i;
}
