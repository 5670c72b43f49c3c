// Operators on each element by itself, and rotary positions.
#include "common.cuh"

KERNEL void add_forward(const f32* a, const f32* b, f32* y, u64 len, u32* fault, u32 node) {
    elementwise<2, 1>({a, b}, {y}, len, fault, node,
                      [](const f32 (&x)[2], f32 (&y)[1]) { y[0] = add(x[0], x[1]); });
}

KERNEL void mul_forward(const f32* a, const f32* b, f32* y, u64 len, u32* fault, u32 node) {
    elementwise<2, 1>({a, b}, {y}, len, fault, node,
                      [](const f32 (&x)[2], f32 (&y)[1]) { y[0] = mul(x[0], x[1]); });
}

KERNEL void mul_backward(const f32* dy, const f32* a, const f32* b, f32* da, f32* db, u64 len, u32* fault, u32 node) {
    elementwise<3, 2>({dy, a, b}, {da, db}, len, fault, node, [](const f32 (&x)[3], f32 (&y)[2]) {
        y[0] = mul(x[0], x[2]);
        y[1] = mul(x[0], x[1]);
    });
}

KERNEL void gelu_forward(const f32* x, f32* y, u64 len, u32* fault, u32 node) {
    elementwise<1, 1>({x}, {y}, len, fault, node,
                      [](const f32 (&x)[1], f32 (&y)[1]) { y[0] = mul(x[0], normal(x[0]).cumulative); });
}

KERNEL void gelu_backward(const f32* dy, const f32* x, f32* dx, u64 len, u32* fault, u32 node) {
    elementwise<2, 1>({dy, x}, {dx}, len, fault, node, [](const f32 (&x)[2], f32 (&y)[1]) {
        const Normal at = normal(x[1]);
        y[0] = mul(x[0], add(at.cumulative, mul(x[1], at.density)));
    });
}

KERNEL void tanh_forward(const f32* x, f32* y, u64 len, u32* fault, u32 node) {
    elementwise<1, 1>({x}, {y}, len, fault, node,
                      [](const f32 (&x)[1], f32 (&y)[1]) { y[0] = tanh_exact(x[0]); });
}

KERNEL void tanh_backward(const f32* dy, const f32* y, f32* dx, u64 len, u32* fault, u32 node) {
    elementwise<2, 1>({dy, y}, {dx}, len, fault, node,
                      [](const f32 (&x)[2], f32 (&y)[1]) { y[0] = mul(x[0], sub(1.0f, mul(x[1], x[1]))); });
}

KERNEL void silu_mul_forward(const f32* x, const f32* u, f32* y, u64 len, u32* fault, u32 node) {
    elementwise<2, 1>({x, u}, {y}, len, fault, node,
                      [](const f32 (&x)[2], f32 (&y)[1]) { y[0] = mul(mul(x[0], sigmoid(x[0])), x[1]); });
}

KERNEL void silu_mul_backward(const f32* dy, const f32* x, const f32* u, f32* dx, f32* du, u64 len, u32* fault,
                              u32 node) {
    elementwise<3, 2>({dy, x, u}, {dx, du}, len, fault, node, [](const f32 (&x)[3], f32 (&y)[2]) {
        const f32 s = sigmoid(x[1]);
        y[0] = mul(mul(x[0], x[2]), mul(s, add(1.0f, mul(x[1], sub(1.0f, s)))));
        y[1] = mul(x[0], mul(x[1], s));
    });
}

// Rotates x [tokens, heads, 2·half], each token by the angles of row `position[token]` of the table [positions, half];
// back with `back`. Tokens along the grid's x, their pairs along its y.
KERNEL void rope(const f32* x, const f32* cos, const f32* sin, f32* y, const u32* position, u32 tokens, u32 heads,
                 u32 half, u32 positions, u32 back, u32* fault, u32 node) {
    bool sound = true;
    for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
        const u64 angles = static_cast<u64>(position[token]) * half;
        if (position[token] >= positions) {
            sound = false;
            continue;
        }
        for (u32 pair = blockIdx.y * blockDim.x + threadIdx.x; pair < heads * half; pair += gridDim.y * blockDim.x) {
            const u32 head = pair / half, i = pair % half;
            const u64 at = (static_cast<u64>(token) * heads + head) * 2 * half + i;
            // Changing a sign is exact, and a − (−b) is a + b: so one formula does for both ways.
            const f32 c = cos[angles + i], s = back ? -sin[angles + i] : sin[angles + i];
            const f32 a = x[at], b = x[at + half];
            const f32 low = sub(mul(a, c), mul(b, s)), high = add(mul(b, c), mul(a, s));
            sound &= finite(a) && finite(b) && finite(c) && finite(s) && finite(low) && finite(high);
            y[at] = low;
            y[at + half] = high;
        }
    }
    if (!sound) report(fault, node);
}
