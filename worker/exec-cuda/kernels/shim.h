// What the kernels use of CUDA, for this machine's own compiler (clang, C++17): the tests run the kernels without a GPU by it.
//
// The threads of a block are coroutines of one thread (tests/host/executor.cpp), which go on in changing order between
// two barriers, so a missing barrier shows as other bytes. What a device does on its own time is early or late by turns
// (tests/host/asynchronous.cpp). Shared memory is poisoned before each block. The harness (tests/host/build.py)
// preprocesses each kernel file with this header included, turns `extern ASSAY_SHARED` arrays into the block's dynamic
// memory, and appends a registration for each kernel.
#pragma once

#include <utility>

#define __host__
#define __device__ __attribute__((internal_linkage))
#define __global__ __attribute__((internal_linkage, annotate("kernel")))
#define __constant__ __attribute__((internal_linkage))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __grid_constant__
// One copy for all blocks, since they run one after another; in a section, so that it can be poisoned before each.
#define ASSAY_SHARED static __attribute__((section("assay_shared")))
#define __shared__ ASSAY_SHARED

// The runtime, in executor.cpp.
struct AssayIndex {
    unsigned x, y, z;
};
extern AssayIndex threadIdx, blockIdx, blockDim, gridDim;
constexpr int warpSize = 32;
// Of the block that runs: what a launch asked for, aligned to 16 bytes.
extern unsigned char* assay_dynamic_shared;
void assay_block_barrier();
void assay_warp_barrier(unsigned mask);
// Publishes a word of this lane and gives those of all lanes in the mask; the others' are poison.
void assay_warp_words(unsigned mask, unsigned long long word, unsigned long long* words);
[[noreturn]] void assay_fail(const char* why);
// Where a kernel is called by its name, with words that hold its arguments. `kinds` has a letter for each parameter: 8 for
// pointers and integers of 8 bytes, 4 for integers of 4 bytes, f for floats.
using AssayBody = void (*)(const unsigned long long* words);
void assay_register(const char* name, const char* kinds, AssayBody body);

template <class T>
constexpr char assay_kind() {
    static_assert(sizeof(T) == 8 || sizeof(T) == 4, "parameters of kernels are of 8 or 4 bytes");
    return __is_same(T, float) ? 'f' : sizeof(T) == 8 ? '8' : '4';
}

template <class T>
T assay_take(unsigned long long word) {
    T value;
    __builtin_memcpy(&value, &word, sizeof value);
    return value;
}

template <auto kernel, class Function = decltype(kernel)>
struct AssayKernel;

template <auto kernel, class... Parameters>
struct AssayKernel<kernel, void (*)(Parameters...)> {
    template <unsigned long... at>
    static void call(const unsigned long long* words, std::integer_sequence<unsigned long, at...>) {
        kernel(assay_take<std::remove_const_t<Parameters>>(words[at])...);
    }
    static void body(const unsigned long long* words) {
        call(words, std::make_integer_sequence<unsigned long, sizeof...(Parameters)>());
    }
    static constexpr char kinds[] = {assay_kind<std::remove_const_t<Parameters>>()..., 0};
    explicit AssayKernel(const char* name) { assay_register(name, kinds, body); }
};

// Barriers, votes and shuffles.

inline void __syncthreads() { assay_block_barrier(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { assay_warp_barrier(mask); }
inline void __threadfence() {}
inline void __threadfence_block() {}
int assay_block_count(bool holds);
inline int __syncthreads_count(int holds) { return assay_block_count(holds != 0); }
inline int __syncthreads_or(int holds) { return assay_block_count(holds != 0) > 0; }
inline int __syncthreads_and(int holds) { return assay_block_count(holds == 0) == 0; }
unsigned assay_lane();

template <class T>
T assay_shuffle(unsigned mask, T value, unsigned source) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles are of 4 or 8 bytes");
    unsigned long long word = 0, words[32];
    __builtin_memcpy(&word, &value, sizeof value);
    assay_warp_words(mask, word, words);
    return assay_take<T>(words[source & 31]);
}

// The lanes of `width` that a lane belongs to begin there.
inline unsigned assay_segment(int width) { return assay_lane() & ~(unsigned(width) - 1); }

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    return assay_shuffle(mask, value, assay_segment(width) | (unsigned(source) & (unsigned(width) - 1)));
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    const unsigned lane = assay_lane(), source = lane + delta;
    return assay_shuffle(mask, value, source < assay_segment(width) + unsigned(width) ? source : lane);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    const unsigned lane = assay_lane();
    return assay_shuffle(mask, value, lane >= assay_segment(width) + delta ? lane - delta : lane);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    const unsigned lane = assay_lane(), source = lane ^ unsigned(bits);
    return assay_shuffle(mask, value, source < assay_segment(width) + unsigned(width) ? source : lane);
}

inline unsigned __ballot_sync(unsigned mask, int holds) {
    unsigned long long words[32];
    assay_warp_words(mask, holds != 0, words);
    unsigned ballot = 0;
    for (unsigned lane = 0; lane < 32; ++lane) ballot |= unsigned(mask >> lane & 1 && words[lane] == 1) << lane;
    return ballot;
}
inline int __any_sync(unsigned mask, int holds) { return __ballot_sync(mask, holds) != 0; }
inline int __all_sync(unsigned mask, int holds) { return __ballot_sync(mask, !holds) == 0; }

template <class T, class Combine>
T assay_reduce(unsigned mask, T value, Combine combine) {
    unsigned long long words[32];
    assay_warp_words(mask, (unsigned long long)(unsigned)value, words);
    const unsigned self = assay_lane();
    for (unsigned lane = 0; lane < 32; ++lane)
        if (lane != self && mask >> lane & 1) value = combine(value, assay_take<T>(words[lane]));
    return value;
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value) {
    return assay_reduce(mask, value, [](unsigned a, unsigned b) { return a > b ? a : b; });
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value) {
    return assay_reduce(mask, value, [](unsigned a, unsigned b) { return a < b ? a : b; });
}
inline int __reduce_max_sync(unsigned mask, int value) {
    return assay_reduce(mask, value, [](int a, int b) { return a > b ? a : b; });
}
inline int __reduce_min_sync(unsigned mask, int value) {
    return assay_reduce(mask, value, [](int a, int b) { return a < b ? a : b; });
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value) {
    return assay_reduce(mask, value, [](unsigned a, unsigned b) { return a + b; });
}
inline int __reduce_add_sync(unsigned mask, int value) {
    return int(assay_reduce(mask, unsigned(value), [](unsigned a, unsigned b) { return a + b; }));
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value) {
    return assay_reduce(mask, value, [](unsigned a, unsigned b) { return a | b; });
}

// What a device does on its own time, in tests/host/asynchronous.cpp: copies of 16 bytes and products of 64 rows over
// 32 digits, both by groups of a thread; barriers that count arrivals; fences.

unsigned long long assay_shared_address(const void* at);
inline unsigned long long __cvta_generic_to_shared(const void* at) { return assay_shared_address(at); }
void assay_copy(void* to, const void* from, bool inside);
void assay_copies_end();
void assay_copies_wait(unsigned latest);
void assay_proxy_fence();
void assay_registers_fence();
void assay_product(int* sums, unsigned columns, unsigned long long a, unsigned long long b);
void assay_products_end();
void assay_products_wait(unsigned latest);
void assay_barrier_init(unsigned long long* barrier, unsigned count);
void assay_barrier_arrive(unsigned long long* barrier);
void assay_barrier_wait(const unsigned long long* barrier, unsigned parity);

// Atomics: one thread of the machine runs all.

template <class T, class U>
T atomicAdd(T* at, U value) {
    const T old = *at;
    *at = old + T(value);
    return old;
}
template <class T, class U>
T atomicMin(T* at, U value) {
    const T old = *at;
    if (T(value) < old) *at = T(value);
    return old;
}
template <class T, class U>
T atomicMax(T* at, U value) {
    const T old = *at;
    if (T(value) > old) *at = T(value);
    return old;
}
template <class T, class U>
T atomicOr(T* at, U value) {
    const T old = *at;
    *at = old | T(value);
    return old;
}
template <class T, class U>
T atomicExch(T* at, U value) {
    const T old = *at;
    *at = T(value);
    return old;
}
template <class T, class U, class V>
T atomicCAS(T* at, U expected, V value) {
    const T old = *at;
    if (old == T(expected)) *at = T(value);
    return old;
}

// Bits and conversions. Out of range, CUDA's conversions to integers saturate, and a NaN gives 0 (32 bits).

inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
inline float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
inline long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
inline double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }

template <class Integer>
Integer assay_saturate(double x, double low, double past, Integer least, Integer most, Integer nan) {
    return x != x ? nan : x < low ? least : x >= past ? most : Integer(x);
}
inline int assay_i32(double x) {
    return assay_saturate<int>(x, -0x1p31, 0x1p31, int(0x80000000), 0x7fffffff, 0);
}
inline unsigned assay_u32(double x) { return assay_saturate<unsigned>(x, 0, 0x1p32, 0, 0xffffffffu, 0); }
inline long long assay_i64(double x) {
    constexpr long long least = -0x7fffffffffffffffll - 1;
    return assay_saturate<long long>(x, -0x1p63, 0x1p63, least, 0x7fffffffffffffffll, least);
}
inline int __float2int_rn(float x) { return assay_i32(__builtin_rint(x)); }
inline int __float2int_rz(float x) { return assay_i32(__builtin_trunc(x)); }
inline int __float2int_rd(float x) { return assay_i32(__builtin_floor(x)); }
inline unsigned __float2uint_rn(float x) { return assay_u32(__builtin_rint(x)); }
inline unsigned __float2uint_rz(float x) { return assay_u32(__builtin_trunc(x)); }
inline long long __float2ll_rn(float x) { return assay_i64(__builtin_rint(x)); }
inline long long __float2ll_rz(float x) { return assay_i64(__builtin_trunc(x)); }
inline long long __double2ll_rn(double x) { return assay_i64(__builtin_rint(x)); }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint2float_rn(unsigned x) { return float(x); }
inline float __ll2float_rn(long long x) { return float(x); }
inline float __ull2float_rn(unsigned long long x) { return float(x); }
inline double __ll2double_rn(long long x) { return double(x); }

// Arithmetic: one rounding each. The harness compiles with -ffp-contract=off.

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
inline int __mulhi(int a, int b) { return int((long long)a * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
inline long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }
inline int __clz(unsigned x) { return x ? __builtin_clz(x) : 32; }
inline int __clzll(unsigned long long x) { return x ? __builtin_clzll(x) : 64; }
inline int __ffs(unsigned x) { return __builtin_ffs(int(x)); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline unsigned __brev(unsigned x) { return __builtin_bitreverse32(x); }
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
    return unsigned((((unsigned long long)high << 32 | low) << (by & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
    return unsigned(((unsigned long long)high << 32 | low) >> (by & 31));
}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned pick) {
    const unsigned long long bytes = (unsigned long long)b << 32 | a;
    unsigned result = 0;
    for (unsigned at = 0; at < 4; ++at) {
        const unsigned selector = pick >> (4 * at) & 15;
        const unsigned byte = unsigned(bytes >> (8 * (selector & 7))) & 255;
        result |= (selector & 8 ? (byte & 128 ? 255u : 0u) : byte) << (8 * at);
    }
    return result;
}
inline int __dp4a(int a, int b, int sum) {
    for (int at = 0; at < 32; at += 8) sum += int((signed char)(a >> at)) * int((signed char)(b >> at));
    return sum;
}

inline float rintf(float x) { return __builtin_rintf(x); }
inline float floorf(float x) { return __builtin_floorf(x); }
inline float truncf(float x) { return __builtin_truncf(x); }
inline float fabsf(float x) { return __builtin_fabsf(x); }
inline float sqrtf(float x) { return __builtin_sqrtf(x); }
inline float copysignf(float x, float sign) { return __builtin_copysignf(x, sign); }
inline float fminf(float a, float b) { return __builtin_fminf(a, b); }
inline float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }

template <class A, class B>
auto min(A a, B b) -> decltype(true ? a : b) { return b < a ? b : a; }
template <class A, class B>
auto max(A a, B b) -> decltype(true ? a : b) { return a < b ? b : a; }
inline int abs(int x) { return x < 0 ? -x : x; }
inline long long llabs(long long x) { return x < 0 ? -x : x; }

// Loads and stores with cache hints.

template <class T>
T __ldg(const T* at) { return *at; }
template <class T>
T __ldcs(const T* at) { return *at; }
template <class T>
T __ldcg(const T* at) { return *at; }
template <class T>
void __stcs(T* at, T value) { *at = value; }
template <class T>
void __stcg(T* at, T value) { *at = value; }

// Vectors.

#define ASSAY_VECTOR2(name, T, bytes) \
    struct alignas(bytes) name { T x, y; }; \
    inline name make_##name(T x, T y) { return {x, y}; }
#define ASSAY_VECTOR4(name, T, bytes) \
    struct alignas(bytes) name { T x, y, z, w; }; \
    inline name make_##name(T x, T y, T z, T w) { return {x, y, z, w}; }
ASSAY_VECTOR2(char2, signed char, 2)
ASSAY_VECTOR2(uchar2, unsigned char, 2)
ASSAY_VECTOR2(short2, short, 4)
ASSAY_VECTOR2(ushort2, unsigned short, 4)
ASSAY_VECTOR2(int2, int, 8)
ASSAY_VECTOR2(uint2, unsigned, 8)
ASSAY_VECTOR2(float2, float, 8)
ASSAY_VECTOR2(longlong2, long long, 16)
ASSAY_VECTOR2(ulonglong2, unsigned long long, 16)
ASSAY_VECTOR4(char4, signed char, 4)
ASSAY_VECTOR4(uchar4, unsigned char, 4)
ASSAY_VECTOR4(short4, short, 8)
ASSAY_VECTOR4(ushort4, unsigned short, 8)
ASSAY_VECTOR4(int4, int, 16)
ASSAY_VECTOR4(uint4, unsigned, 16)
ASSAY_VECTOR4(float4, float, 16)
#undef ASSAY_VECTOR2
#undef ASSAY_VECTOR4
