// Cross-entropy over a vocabulary.
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
