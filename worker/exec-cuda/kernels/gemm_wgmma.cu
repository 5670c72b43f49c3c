// Products on Hopper's tensor cores by wgmma: warpgroups that multiply what another one copies to shared memory.
// architecture: compute_90a
#include "async_copy.cuh"
#include "gemm.cuh"

// Warpgroup 0 copies, 1 and 2 have 64 rows of the tile each; the depth goes through shared memory 128 digits a step.
const u32 GROUP = 128;
const u32 ROWS = 128;
const u32 STEP = 128;
const u32 CONSUMER_WARPS = 8;

__device__ inline u32 address_of(const void* shared) {
    return (u32)__cvta_generic_to_shared(shared);
}

// Barriers in shared memory: a phase ends with the arrival of as many as the barrier counts.
__device__ inline void barrier_init(u64* barrier, u32 count) {
#ifdef ASSAY_HOST
    assay_barrier_init(barrier, count);
#else
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address_of(barrier)), "r"(count) : "memory");
#endif
}

__device__ inline void barrier_arrive(u64* barrier) {
#ifdef ASSAY_HOST
    assay_barrier_arrive(barrier);
#else
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address_of(barrier)) : "memory");
#endif
}

// Waits until the phase of this parity has ended; the one before the first counts as ended, and has parity 1.
__device__ inline void barrier_wait(u64* barrier, u32 parity) {
#ifdef ASSAY_HOST
    assay_barrier_wait(barrier, parity);
#else
    asm volatile(
        "{ .reg .pred ended;\n"
        "again: mbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1;\n"
        "@!ended bra again; }" ::"r"(address_of(barrier)), "r"(parity)
        : "memory");
#endif
}

// Makes what this thread wrote to shared memory visible to wgmma, which reads it by another path.
__device__ inline void writes_visible() {
#ifdef ASSAY_HOST
    assay_proxy_fence();
#else
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

// Before the first product that uses registers which were written otherwise.
__device__ inline void products_begin() {
#ifdef ASSAY_HOST
    assay_registers_fence();
#else
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}

__device__ inline void products_end() {
#ifdef ASSAY_HOST
    assay_products_end();
#else
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}

template <u32 LATEST>
__device__ inline void products_wait() {
#ifdef ASSAY_HOST
    assay_products_wait(LATEST);
#else
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LATEST) : "memory");
#endif
}

// Keeps the compiler from moving what it does with sums across this place: products write them on their own time.
template <u32 N, u32 COUNT>
__device__ inline void settle(i32 (&sums)[N][COUNT]) {
#pragma unroll
    for (u32 i = 0; i < N * COUNT; i++) {
        asm volatile("" : "+r"(sums[i / COUNT][i % COUNT])::"memory");
    }
}

// Rows of 128 bytes, whose sixteen-byte chunks are exchanged within eight rows (128-byte swizzle); eight rows are
// 1,024 bytes.
__device__ inline u64 descriptor(const i8* tile) {
    return (u64)(address_of(tile) >> 4 & 0x3FFF) | (u64)1 << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

// C += A·B over 32 digits of 64 rows of A and all of B. Lane 4g + t of warp w has of C, for each eight columns, 2t
// and 2t + 1 of row 16w + g, then of row 16w + g + 8.
__device__ inline void wgmma(i32 (&c)[64], u64 a, u64 b) {
#ifdef ASSAY_HOST
    assay_product(c, 128, a, b);
#else
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
        "%64, %65, 1;"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3]), "+r"(c[4]), "+r"(c[5]), "+r"(c[6]), "+r"(c[7]),
          "+r"(c[8]), "+r"(c[9]), "+r"(c[10]), "+r"(c[11]), "+r"(c[12]), "+r"(c[13]), "+r"(c[14]), "+r"(c[15]),
          "+r"(c[16]), "+r"(c[17]), "+r"(c[18]), "+r"(c[19]), "+r"(c[20]), "+r"(c[21]), "+r"(c[22]), "+r"(c[23]),
          "+r"(c[24]), "+r"(c[25]), "+r"(c[26]), "+r"(c[27]), "+r"(c[28]), "+r"(c[29]), "+r"(c[30]), "+r"(c[31]),
          "+r"(c[32]), "+r"(c[33]), "+r"(c[34]), "+r"(c[35]), "+r"(c[36]), "+r"(c[37]), "+r"(c[38]), "+r"(c[39]),
          "+r"(c[40]), "+r"(c[41]), "+r"(c[42]), "+r"(c[43]), "+r"(c[44]), "+r"(c[45]), "+r"(c[46]), "+r"(c[47]),
          "+r"(c[48]), "+r"(c[49]), "+r"(c[50]), "+r"(c[51]), "+r"(c[52]), "+r"(c[53]), "+r"(c[54]), "+r"(c[55]),
          "+r"(c[56]), "+r"(c[57]), "+r"(c[58]), "+r"(c[59]), "+r"(c[60]), "+r"(c[61]), "+r"(c[62]), "+r"(c[63])
        : "l"(a), "l"(b));
#endif
}

__device__ inline void wgmma(i32 (&c)[128], u64 a, u64 b) {
#ifdef ASSAY_HOST
    assay_product(c, 256, a, b);
#else
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.s8 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
        "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
        "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
        "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
        "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
        "%128, %129, 1;"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3]), "+r"(c[4]), "+r"(c[5]), "+r"(c[6]), "+r"(c[7]),
          "+r"(c[8]), "+r"(c[9]), "+r"(c[10]), "+r"(c[11]), "+r"(c[12]), "+r"(c[13]), "+r"(c[14]), "+r"(c[15]),
          "+r"(c[16]), "+r"(c[17]), "+r"(c[18]), "+r"(c[19]), "+r"(c[20]), "+r"(c[21]), "+r"(c[22]), "+r"(c[23]),
          "+r"(c[24]), "+r"(c[25]), "+r"(c[26]), "+r"(c[27]), "+r"(c[28]), "+r"(c[29]), "+r"(c[30]), "+r"(c[31]),
          "+r"(c[32]), "+r"(c[33]), "+r"(c[34]), "+r"(c[35]), "+r"(c[36]), "+r"(c[37]), "+r"(c[38]), "+r"(c[39]),
          "+r"(c[40]), "+r"(c[41]), "+r"(c[42]), "+r"(c[43]), "+r"(c[44]), "+r"(c[45]), "+r"(c[46]), "+r"(c[47]),
          "+r"(c[48]), "+r"(c[49]), "+r"(c[50]), "+r"(c[51]), "+r"(c[52]), "+r"(c[53]), "+r"(c[54]), "+r"(c[55]),
          "+r"(c[56]), "+r"(c[57]), "+r"(c[58]), "+r"(c[59]), "+r"(c[60]), "+r"(c[61]), "+r"(c[62]), "+r"(c[63]),
          "+r"(c[64]), "+r"(c[65]), "+r"(c[66]), "+r"(c[67]), "+r"(c[68]), "+r"(c[69]), "+r"(c[70]), "+r"(c[71]),
          "+r"(c[72]), "+r"(c[73]), "+r"(c[74]), "+r"(c[75]), "+r"(c[76]), "+r"(c[77]), "+r"(c[78]), "+r"(c[79]),
          "+r"(c[80]), "+r"(c[81]), "+r"(c[82]), "+r"(c[83]), "+r"(c[84]), "+r"(c[85]), "+r"(c[86]), "+r"(c[87]),
          "+r"(c[88]), "+r"(c[89]), "+r"(c[90]), "+r"(c[91]), "+r"(c[92]), "+r"(c[93]), "+r"(c[94]), "+r"(c[95]),
          "+r"(c[96]), "+r"(c[97]), "+r"(c[98]), "+r"(c[99]), "+r"(c[100]), "+r"(c[101]), "+r"(c[102]), "+r"(c[103]),
          "+r"(c[104]), "+r"(c[105]), "+r"(c[106]), "+r"(c[107]),
          "+r"(c[108]), "+r"(c[109]), "+r"(c[110]), "+r"(c[111]),
          "+r"(c[112]), "+r"(c[113]), "+r"(c[114]), "+r"(c[115]),
          "+r"(c[116]), "+r"(c[117]), "+r"(c[118]), "+r"(c[119]),
          "+r"(c[120]), "+r"(c[121]), "+r"(c[122]), "+r"(c[123]), "+r"(c[124]), "+r"(c[125]), "+r"(c[126]), "+r"(c[127])
        : "l"(a), "l"(b));
#endif
}

// Registers go from who copies to who multiplies.
__device__ inline void give_registers() {
#ifndef ASSAY_HOST
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
#endif
}

__device__ inline void take_registers() {
#ifndef ASSAY_HOST
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
#endif
}

// Where the steps of the depth stand in the ring of stages.
template <u32 STAGES>
struct Ring {
    u32 stage = 0, phase = 0;
    __device__ inline void next() {
        stage++;
        if (stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
};

// Copies steps of `HEIGHT` rows of each plane: eight threads to a row of 128 digits.
template <u32 DIGITS, u32 HEIGHT>
struct Loader {
    static const u32 STRIDE = GROUP / 8;
    const i8* from;
    u64 plane;
    u32 depth, rows, row, chunk;

    // Of a matrix of `all_rows`, from row `first` on.
    __device__ inline Loader(const i8* matrix, u32 first, u32 all_rows, u32 depth)
        : from(matrix + (u64)first * depth), plane((u64)all_rows * depth), depth(depth), rows(all_rows - first),
          row(threadIdx.x / 8), chunk(threadIdx.x % 8) {}

    __device__ inline void load(i8* tile, u32 k) const {
        bool deep = k + 16 * chunk < depth;
        i8* to = tile + row * STEP + 16 * (chunk ^ row % 8);
#pragma unroll
        for (u32 digit = 0; digit < DIGITS; digit++) {
            const i8* source = from + digit * plane + (u64)row * depth + k + 16 * chunk;
#pragma unroll
            for (u32 at = 0; at < HEIGHT; at += STRIDE) {
                bool inside = deep && row + at < rows;
                copy_later(to + (digit * HEIGHT + at) * STEP, inside ? source : from, inside);
                source += (u64)STRIDE * depth;
            }
        }
    }
};

template <u32 DA, u32 DB, u32 COLS, u32 STAGES>
struct Work {
    static const u32 N = classes(DA, DB);
    static const u32 A_BYTES = DA * ROWS * STEP;
    static const u32 BYTES = A_BYTES + DB * COLS * STEP;
    static const u32 PATCH = N == 1 ? 32 : 16;
    typedef Patch<typename Whole<N>::Sum, PATCH> WarpPatch;

    const Product& p;
    i8* memory;
    u64* full;
    u64* empty;
    u32 row_tiles, col_tiles;
    Steps steps;

    __device__ inline Work(const Product& p, i8* memory, u64* full, u64* empty)
        : p(p), memory(memory), full(full), empty(empty), row_tiles((p.rows + ROWS - 1) / ROWS),
          col_tiles((p.cols + COLS - 1) / COLS), steps(steps_of(p.depth, STEP)) {}

    // Fills stages for every tile of this block. A step is announced one later, when its copies have landed meanwhile.
    __device__ inline void produce() const {
        Ring<STAGES> ring;
        u64* landing = nullptr;
        for (u32 at = blockIdx.x; at < row_tiles * col_tiles; at += gridDim.x) {
            Tile tile = tile_of(at, row_tiles, col_tiles);
            Loader<DA, ROWS> a(p.a, tile.row * ROWS, p.rows, p.depth);
            Loader<DB, COLS> b(p.b, tile.col * COLS, p.cols, p.depth);
            for (u32 step = steps.from; step < steps.to; step++) {
                barrier_wait(empty + ring.stage, ring.phase ^ 1);
                i8* to = memory + ring.stage * BYTES;
                a.load(to, step * STEP);
                b.load(to + A_BYTES, step * STEP);
                copies_end();
                if (landing != nullptr) {
                    copies_wait<1>();
                    writes_visible();
                    barrier_arrive(landing);
                }
                landing = full + ring.stage;
                ring.next();
            }
        }
        if (landing != nullptr) {
            copies_wait<0>();
            writes_visible();
            barrier_arrive(landing);
        }
    }

    __device__ inline void release(u32 stage) const {
        __syncwarp();
        if (threadIdx.x % WARP == 0) {
            barrier_arrive(empty + stage);
        }
    }

    // Multiplies and writes 64 rows of every tile of this block.
    __device__ inline void consume(u32 group) const {
        Ring<STAGES> ring;
        for (u32 at = blockIdx.x; at < row_tiles * col_tiles; at += gridDim.x) {
            i32 sums[N][COLS / 2];
#pragma unroll
            for (u32 which = 0; which < N; which++) {
#pragma unroll
                for (u32 i = 0; i < COLS / 2; i++) {
                    sums[which][i] = 0;
                }
            }
            settle(sums);
            u32 last = STAGES;
            for (u32 step = steps.from; step < steps.to; step++) {
                barrier_wait(full + ring.stage, ring.phase);
                const i8* a_tile = memory + ring.stage * BYTES;
                multiply(sums, descriptor(a_tile + group * 64 * STEP), descriptor(a_tile + A_BYTES));
                // The step before has been read.
                products_wait<1>();
                if (last != STAGES) {
                    release(last);
                }
                last = ring.stage;
                ring.next();
            }
            products_wait<0>();
            settle(sums);
            if (last != STAGES) {
                release(last);
            }
            write(sums, tile_of(at, row_tiles, col_tiles), group);
        }
    }

    __device__ inline void multiply(i32 (&sums)[N][COLS / 2], u64 a, u64 b) const {
        products_begin();
#pragma unroll
        for (u32 k = 0; k < STEP; k += 32) {
#pragma unroll
            for (u32 da = 0; da < DA; da++) {
#pragma unroll
                for (u32 db = 0; db < DB; db++) {
                    // Addresses in descriptors are in units of 16 bytes.
                    u64 left = a + (da * ROWS * STEP + k) / 16, right = b + (db * COLS * STEP + k) / 16;
                    wgmma(sums[class_of<DA, DB>(da, db)], left, right);
                }
            }
        }
        products_end();
    }

    // Some columns at a time go through the warp's patch.
    __device__ inline void write(const i32 (&sums)[N][COLS / 2], Tile tile, u32 group) const {
        u32 lane = threadIdx.x % WARP, warp = threadIdx.x % GROUP / WARP;
        WarpPatch& patch = ((WarpPatch*)(memory + STAGES * BYTES))[group * 4 + warp];
        u32 row = tile.row * ROWS + group * 64 + warp * 16;
#pragma unroll
        for (u32 first = 0; first < COLS; first += PATCH) {
#pragma unroll
            for (u32 at = 0; at < PATCH / 2; at++) {
                i32 parts[N];
#pragma unroll
                for (u32 which = 0; which < N; which++) {
                    parts[which] = sums[which][first / 2 + at];
                }
                patch.sums[lane / 4 + at / 2 % 2 * 8][at / 4 * 8 + 2 * (lane % 4) + at % 2] = whole<N>(parts);
            }
            patch.put_all(p, row, tile.col * COLS + first);
        }
    }
};

template <u32 DA, u32 DB, u32 COLS, u32 STAGES>
__device__ inline void tile_product(const Product& p, i8* unaligned) {
    __shared__ u64 full[STAGES], empty[STAGES];
    // The swizzle is one of addresses: stages begin at multiples of 1,024.
    i8* memory = unaligned + (1024 - address_of(unaligned) % 1024) % 1024;
    if (threadIdx.x == 0) {
        for (u32 stage = 0; stage < STAGES; stage++) {
            barrier_init(full + stage, GROUP);
            barrier_init(empty + stage, CONSUMER_WARPS);
        }
    }
    __syncthreads();
    Work<DA, DB, COLS, STAGES> work(p, memory, full, empty);
    if (threadIdx.x < GROUP) {
        give_registers();
        work.produce();
    } else {
        take_registers();
        work.consume(threadIdx.x / GROUP - 1);
    }
}

// Shared memory holds the stages, the patches of eight warps, and what alignment takes; launch/linear/tiles.rs has
// the same widths and stages.
#define TILE_KERNEL(DA, DB, COLS, STAGES)                                                 \
    KERNEL void __launch_bounds__(384, 1) gemm_wgmma_##DA##DB(PRODUCT_PARAMETERS) {       \
        extern __shared__ Words memory[];                                                 \
        tile_product<DA, DB, COLS, STAGES>(PRODUCT, (i8*)memory);                         \
    }
TILE_KERNEL(1, 1, 256, 4)
TILE_KERNEL(1, 2, 128, 4)
TILE_KERNEL(2, 1, 128, 4)
TILE_KERNEL(2, 2, 128, 3)
