// What a device does on its own time, for kernels that run on this machine's processor (executor.cpp): copies to shared
// memory, products of wgmma, and barriers that count arrivals. What may happen at any time until it is waited for
// happens here at the first moment or at the last, by turns, so a missing wait shows as other bytes.
//
// Written from the text of the PTX ISA, not from the kernels.
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

// In executor.cpp.
[[noreturn]] void assay_fail(const char* why);
unsigned assay_thread();
unsigned long long assay_shared_address(const void* at);
void assay_wait_until(bool (*over)(const void* what, unsigned which), const void* what, unsigned which);

namespace {

constexpr unsigned MOST_THREADS = 1024;
constexpr unsigned WARP = 32;
constexpr unsigned WARPGROUP = 128;
constexpr int POISON = 0xff;

// What is left out, for tests that see whether it is missed; `tests/host/mod.rs` has the same numbers.
enum class Needed : unsigned { None, CopiesWait, ProxyFence, ProductsWait, BarrierWait };
Needed left_out = Needed::None;

// Whether something happens at the last moment; not at the first.
bool is_late() {
    static uint32_t turns = 1;
    turns ^= turns << 13;
    turns ^= turns >> 17;
    turns ^= turns << 5;
    return turns & 1;
}

// Lets other threads go on, some threads more often than others: who waits for all of them must not go on before the
// last.
void fall_behind() {
    while (is_late()) assay_wait_until([](const void*, unsigned) { return true; }, nullptr, 0);
}

// Work that a thread has started and not waited for.
template <class Work>
struct Started {
    std::vector<Work> open;
    std::deque<std::vector<Work>> groups;

    void end_group() {
        groups.push_back(std::move(open));
        open.clear();
    }

    // Does what is left of all groups but the latest.
    template <class Do>
    void wait(unsigned latest, Do perform) {
        for (; groups.size() > latest; groups.pop_front())
            for (const Work& work : groups.front()) perform(work);
    }

    bool is_empty() const {
        for (const std::vector<Work>& group : groups)
            if (!group.empty()) return false;
        return open.empty();
    }

    void clear() {
        open.clear();
        groups.clear();
    }
};

// ---- Copies, and what others see of them ----

struct alignas(16) Chunk {
    unsigned char bytes[16];
};

// Sixteen bytes, or zeros.
struct Copy {
    Chunk* to;
    const Chunk* from;
    bool inside;
};

struct Product {
    int* sums;
    unsigned columns;
    uint64_t a, b;
};

struct Thread {
    Started<Copy> copies;
    // Chunks of shared memory that it has written since its last fence of proxies.
    std::vector<Chunk*> unseen;
    Started<Product> products;
    // Products that it has asked for in this block.
    size_t asked = 0;
    // Whether a fence orders what it did with registers before its products.
    bool fenced = false;

    void clear() {
        copies.clear();
        unseen.clear();
        products.clear();
        asked = 0;
        fenced = false;
    }
};

Thread threads[MOST_THREADS];

// Shared memory as wgmma sees it, by shared address: what a thread copied there, once that thread has fenced. What is
// written otherwise it never sees. Descriptors can name no more than this.
alignas(16) unsigned char seen[1 << 18];

// Whether a block has left anything in all this; most kernels never do.
bool used = true;

// What all threads of a warpgroup ask for alike.
std::vector<std::array<uint64_t, 3>> asked_by[MOST_THREADS / WARPGROUP];

void perform(const Copy& copy) {
    if (copy.inside) *copy.to = *copy.from;
    else memset(copy.to, 0, sizeof *copy.to);
    threads[assay_thread()].unseen.push_back(copy.to);
}

// ---- Products ----

// An operand whose rows run along the depth (K-major), by its matrix descriptor: bits 0–13 have the start address,
// 16–29 the leading dimension's byte offset, which swizzled layouts don't use, 32–45 the stride dimension's, all in
// units of 16 bytes; 49–51 the base offset, 62–63 the swizzling mode.
//
// In 128-byte swizzling eight rows of 128 bytes are a pattern, the next eight begin one stride further, and bits 4–6 of
// an address are XORed with bits 7–9. The base offset says where patterns start, 0 for multiples of 1,024; the ISA says
// nothing of matrices that start 32 bytes into one. Here, as libraries for Hopper rely on, the XOR is one of addresses,
// so that a step along the depth is one of the start address within the first 128 bytes.
struct Matrix {
    unsigned start, stride;

    explicit Matrix(uint64_t descriptor)
        : start(unsigned(descriptor & 0x3fff) << 4), stride(unsigned(descriptor >> 32 & 0x3fff) << 4) {
        constexpr uint64_t RESERVED_OR_BASE = ~(0x3fffull | 0x3fffull << 16 | 0x3fffull << 32 | 3ull << 62);
        if (descriptor & RESERVED_OR_BASE || descriptor >> 62 != 1)
            assay_fail("a matrix descriptor with what has no twin: no 128-byte swizzle, a base offset, or reserved bits");
        if (start & 0x380) assay_fail("a matrix that starts amid the rows of a pattern");
    }

    const signed char* chunk(unsigned row, unsigned at) const {
        const unsigned plain = start + row / 8 * stride + row % 8 * 128 + 16 * at;
        const unsigned address = plain ^ (plain >> 7 & 7) << 4;
        if (address > sizeof seen - 16) assay_fail("a matrix that does not lie in shared memory");
        return reinterpret_cast<const signed char*>(seen + address);
    }
};

int dot(const signed char* a, const signed char* b) {
    int sum = 0;
    for (unsigned i = 0; i < 16; ++i) sum += int(a[i]) * int(b[i]);
    return sum;
}

// This thread's part of m64nNk32: of its warp's 16 rows it has row lane / 4 and the eighth after it, and of each eight
// columns two from 2·(lane % 4) on, in the order column, row, next eight columns.
void perform(const Product& product) {
    const unsigned lane = assay_thread() % WARP, warp = assay_thread() % WARPGROUP / WARP;
    const Matrix a(product.a), b(product.b);
    for (unsigned i = 0; i < product.columns / 2; ++i) {
        const unsigned row = 16 * warp + lane / 4 + i / 2 % 2 * 8, col = i / 4 * 8 + 2 * (lane % 4) + i % 2;
        for (unsigned at = 0; at < 2; ++at) product.sums[i] += dot(a.chunk(row, at), b.chunk(col, at));
    }
}

// A warpgroup has one instruction with one pair of descriptors, whichever of its threads comes first.
void ask(Thread& thread, const Product& product) {
    auto& asked = asked_by[assay_thread() / WARPGROUP];
    const std::array<uint64_t, 3> what = {product.columns, product.a, product.b};
    if (thread.asked == asked.size()) asked.push_back(what);
    else if (asked[thread.asked] != what) assay_fail("the threads of a warpgroup ask for different products");
    ++thread.asked;
}

// ---- Barriers ----

// What a barrier's word holds; a device does not say how.
struct Phase {
    uint16_t missing, count, parity, mark;
};
constexpr uint16_t MARK = 0x0b0b;

Phase& phase_of(const void* barrier) {
    Phase& phase = *static_cast<Phase*>(const_cast<void*>(barrier));
    if (phase.mark != MARK) assay_fail("a barrier that was not initialised");
    return phase;
}

// Whether the phase of this parity has ended: the one before the current one always has.
bool has_ended(const void* barrier, unsigned parity) { return phase_of(barrier).parity != parity; }

}  // namespace

// ---- What the kernels call ----

void assay_copy(void* to, const void* from, bool inside) {
    used = true;
    const Copy copy = {static_cast<Chunk*>(to), static_cast<const Chunk*>(from), inside};
    if (is_late()) threads[assay_thread()].copies.open.push_back(copy);
    else perform(copy);
}

void assay_copies_end() { threads[assay_thread()].copies.end_group(); }

void assay_copies_wait(unsigned latest) {
    fall_behind();
    if (left_out == Needed::CopiesWait) return;
    threads[assay_thread()].copies.wait(latest, [](const Copy& copy) { perform(copy); });
}

void assay_proxy_fence() {
    if (left_out == Needed::ProxyFence) return;
    std::vector<Chunk*>& unseen = threads[assay_thread()].unseen;
    for (const Chunk* chunk : unseen) {
        const unsigned long long address = assay_shared_address(chunk);
        if (address <= sizeof seen - sizeof *chunk) memcpy(seen + address, chunk, sizeof *chunk);
    }
    unseen.clear();
}

void assay_registers_fence() {
    used = true;
    threads[assay_thread()].fenced = true;
}

void assay_product(int* sums, unsigned columns, unsigned long long a, unsigned long long b) {
    Thread& thread = threads[assay_thread()];
    if (!thread.fenced) assay_fail("a product in registers that nothing orders before it");
    const Product product = {sums, columns, a, b};
    ask(thread, product);
    if (is_late()) thread.products.open.push_back(product);
    else perform(product);
}

void assay_products_end() { threads[assay_thread()].products.end_group(); }

// Sums that were all waited for may be read and written, so that the next product needs a fence.
void assay_products_wait(unsigned latest) {
    Thread& thread = threads[assay_thread()];
    fall_behind();
    if (latest == 0) thread.fenced = false;
    if (left_out == Needed::ProductsWait) return;
    thread.products.wait(latest, [](const Product& product) { perform(product); });
}

void assay_barrier_init(unsigned long long* barrier, unsigned count) {
    const Phase phase = {uint16_t(count), uint16_t(count), 0, MARK};
    memcpy(barrier, &phase, sizeof phase);
}

void assay_barrier_arrive(unsigned long long* barrier) {
    fall_behind();
    Phase& phase = phase_of(barrier);
    if (--phase.missing) return;
    phase.missing = phase.count;
    phase.parity ^= 1;
}

// A device's threads that wait may see late that a phase has ended, and so do these.
void assay_barrier_wait(const unsigned long long* barrier, unsigned parity) {
    if (left_out == Needed::BarrierWait) return;
    if (is_late() || !has_ended(barrier, parity)) assay_wait_until(has_ended, barrier, parity);
}

// ---- What the executor calls ----

void assay_leave_out(unsigned needed) { left_out = Needed(needed); }

void assay_block_begins() {
    if (!used) return;
    memset(seen, POISON, sizeof seen);
    for (Thread& thread : threads) thread.clear();
    for (auto& asked : asked_by) asked.clear();
    used = false;
}

void assay_block_ends(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        const bool all = threads[i].asked == asked_by[i / WARPGROUP].size();
        if (!all) assay_fail("a product that not all threads of a warpgroup ask for");
        if (left_out != Needed::ProductsWait && !threads[i].products.is_empty())
            assay_fail("a product that is not waited for");
    }
}
