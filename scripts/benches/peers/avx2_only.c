/* Hides AVX-512, AMX and AVX-VNNI from a peer, so that it is measured with AVX2: most have no switch for it.
 *
 * Loaded by LD_PRELOAD. The processor faults at each cpuid, and the handler gives the answer without these bits; no other
 * instruction is touched, and libraries ask once, as they start. Needs an Intel processor and kernel with CPUID faulting
 * (flag cpuid_fault in /proc/cpuinfo); without it the process ends at once with status 69.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define BIT(n) (1u << (n))

enum { FEATURES = 7, UNAVAILABLE = 69 };

/* Leaf 7, subleaf 0: F, DQ, IFMA, PF, ER, CD, BW, VL; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; 4VNNIW, 4FMAPS,
 * VP2INTERSECT, AMX-BF16, FP16, AMX-TILE, AMX-INT8. */
static const unsigned HIDDEN_EBX =
    BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31);
static const unsigned HIDDEN_ECX = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14);
static const unsigned HIDDEN_EDX = BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25);
/* Subleaf 1: AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA; AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16,
 * AVX10. */
static const unsigned HIDDEN_EAX_1 = BIT(4) | BIT(5) | BIT(21) | BIT(23);
static const unsigned HIDDEN_EDX_1 = BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19);

static long set_cpuid(int allowed) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, allowed); }

/* In a signal handler: only what is safe there. The flag is the thread's own. */
static void answer(int signal_number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *code = (const unsigned char *)registers[REG_RIP];
    unsigned eax, ebx, ecx, edx;
    (void)info;
    if (code[0] != 0x0f || code[1] != 0xa2) {
        /* A fault of the program's own: it comes again, and ends it. */
        signal(signal_number, SIG_DFL);
        return;
    }
    const unsigned leaf = (unsigned)registers[REG_RAX], subleaf = (unsigned)registers[REG_RCX];
    set_cpuid(1);
    __cpuid_count(leaf, subleaf, eax, ebx, ecx, edx);
    set_cpuid(0);
    if (leaf == FEATURES && subleaf == 0) {
        ebx &= ~HIDDEN_EBX;
        ecx &= ~HIDDEN_ECX;
        edx &= ~HIDDEN_EDX;
    } else if (leaf == FEATURES && subleaf == 1) {
        eax &= ~HIDDEN_EAX_1;
        edx &= ~HIDDEN_EDX_1;
    }
    registers[REG_RAX] = eax;
    registers[REG_RBX] = ebx;
    registers[REG_RCX] = ecx;
    registers[REG_RDX] = edx;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void hide(void)
{
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSEGV, &action, NULL) != 0 || set_cpuid(0) != 0) {
        perror("avx2_only: cannot hide instruction sets");
        _exit(UNAVAILABLE);
    }
}
