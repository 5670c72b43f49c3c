// Copies from global to shared memory that go on while the thread does other work: compute_80 and up.
#pragma once
#include "gemm.cuh"

// Starts to copy 16 bytes to shared memory, or zeros.
__device__ inline void copy_later(i8* to, const i8* from, bool inside) {
#ifdef ASSAY_HOST
    assay_copy(to, from, inside);
#else
    asm volatile("{ .reg .pred p; setp.eq.u32 p, %2, 0; cp.async.cg.shared.global.L2::128B [%0], [%1], 16, p; }" ::"r"(
                     (u32)__cvta_generic_to_shared(to)),
                 "l"(from), "r"((u32)inside)
                 : "memory");
#endif
}

// Ends a group of copies.
__device__ inline void copies_end() {
#ifdef ASSAY_HOST
    assay_copies_end();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits for all but the `LATEST` latest groups of this thread.
template <u32 LATEST>
__device__ inline void copies_wait() {
#ifdef ASSAY_HOST
    assay_copies_wait(LATEST);
#else
    asm volatile("cp.async.wait_group %0;" ::"n"(LATEST) : "memory");
#endif
}
