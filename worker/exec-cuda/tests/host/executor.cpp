// Runs the kernels on this machine's processor, for the tests: a process that is asked over its standard input, in binary,
// and answers on its standard output. It owns what stands for a device's memory, so a kernel that writes where it must not
// ends this process, not the test's; each allocation ends at a page that no one may touch.
//
// The threads of a block are coroutines: each runs to its next barrier, and then the next one, in an order that
// changes. What a device does on its own time is in asynchronous.cpp.
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

struct AssayIndex {
    unsigned x, y, z;
};
using AssayBody = void (*)(const unsigned long long* words);
[[noreturn]] void assay_fail(const char* why);
void assay_warp_barrier(unsigned mask);
// In asynchronous.cpp: of the block that begins or ends, and what tests leave out.
void assay_block_begins();
void assay_block_ends(unsigned count);
void assay_leave_out(unsigned needed);

// What the kernels see of their place, as shim.h declares it.
AssayIndex threadIdx, blockIdx, blockDim, gridDim;
unsigned char* assay_dynamic_shared;

// Where the linker put the blocks' static shared memory; no kernel need have any.
extern "C" {
extern unsigned char __start_assay_shared[] __attribute__((weak));
extern unsigned char __stop_assay_shared[] __attribute__((weak));
}

namespace {

constexpr unsigned WARP = 32;
constexpr unsigned MOST_THREADS = 1024;
constexpr size_t STACK_BYTES = 256 << 10;
// The most that a device gives to a block.
constexpr size_t SHARED_BYTES = 227 << 10;
constexpr size_t PAGE = 4096;
// Vectors are loaded by 16 bytes at most; shared memory is aligned to no more either.
constexpr size_t ALIGNMENT = 16;
// Where shared memory has its static part in the addresses that are of shared memory only: after all that descriptors
// can name.
constexpr size_t STATIC_ADDRESS = 1 << 18;
// As f32 a NaN, as an integer −1.
constexpr int POISON = 0xff;
// Between an allocation's last byte and the page after it.
constexpr unsigned char CANARY = 0xa5;

struct Kernel {
    std::string kinds;
    AssayBody body;
};

std::map<std::string, Kernel>& kernels() {
    static std::map<std::string, Kernel> registered;
    return registered;
}

// What runs, for whoever says what went wrong.
std::string running = "no kernel";

size_t to_pages(size_t bytes) { return (bytes + PAGE - 1) / PAGE * PAGE; }
size_t to_aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

// Memory between two pages that no one may touch; `bytes` of it end at the second one, but for alignment.
unsigned char* fenced(size_t bytes) {
    const size_t inside = to_pages(bytes);
    void* pages = mmap(nullptr, inside + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return nullptr;
    unsigned char* first = static_cast<unsigned char*>(pages) + PAGE;
    if (inside && mprotect(first, inside, PROT_READ | PROT_WRITE)) return nullptr;
    return first;
}

// ---- The threads of a block ----

enum class State { Ready, AtBlock, InWarp, Until, Ended };

struct Thread {
    ucontext_t entry;
    jmp_buf at;
    bool entered = false;
    State state = State::Ended;
    unsigned mask = 0;
    // What it waits for, as `assay_wait_until` is told.
    bool (*over)(const void* what, unsigned which) = nullptr;
    const void* what = nullptr;
    unsigned which = 0;
    AssayIndex index = {};
};

Thread threads[MOST_THREADS];
unsigned current;
jmp_buf scheduler;
AssayBody body;
const unsigned long long* words;

// What each thread has for the others of its warp, and what it had when all were there: those that are let go on read it in
// the next sweep, before anyone is let go on again.
unsigned long long published[MOST_THREADS], gathered[MOST_THREADS];
// Of the votes of a whole block.
int votes, counted;

// Goes back to the scheduler until this thread may go on.
__attribute__((noinline)) void wait(State state) {
    threads[current].state = state;
    if (!_setjmp(threads[current].at)) _longjmp(scheduler, 1);
}

// Never returns: a coroutine serves one thread after another.
void serve() {
    for (;;) {
        body(words);
        wait(State::Ended);
    }
}

__attribute__((noinline)) void resume(unsigned thread) {
    current = thread;
    threadIdx = threads[thread].index;
    if (_setjmp(scheduler)) return;
    if (threads[thread].entered) _longjmp(threads[thread].at, 1);
    threads[thread].entered = true;
    setcontext(&threads[thread].entry);
}

void prepare(unsigned count) {
    static unsigned prepared = 0;
    for (; prepared < count; ++prepared) {
        Thread& thread = threads[prepared];
        unsigned char* stack = fenced(STACK_BYTES);
        if (!stack || getcontext(&thread.entry)) assay_fail("no stack for a thread");
        thread.entry.uc_stack.ss_sp = stack;
        thread.entry.uc_stack.ss_size = STACK_BYTES;
        thread.entry.uc_link = nullptr;
        makecontext(&thread.entry, serve, 0);
    }
}

// Lets go on whoever waited for what has happened. Gives whether there was anyone.
bool release_past(unsigned count) {
    bool released = false;
    for (unsigned i = 0; i < count; ++i) {
        Thread& thread = threads[i];
        if (thread.state != State::Until || !thread.over(thread.what, thread.which)) continue;
        thread.state = State::Ready;
        released = true;
    }
    return released;
}

// Lets go on whoever waited for nobody but those who wait alike, or for what has happened. Gives whether there was
// anyone.
bool release(unsigned count) {
    bool released = release_past(count), all = true;
    for (unsigned i = 0; i < count; ++i) {
        const State state = threads[i].state;
        all = all && (state == State::AtBlock || state == State::Ended);
        if (state != State::InWarp) continue;
        const unsigned first = i / WARP * WARP, mask = threads[i].mask;
        bool complete = true;
        for (unsigned lane = 0; lane < WARP && first + lane < count; ++lane) {
            if (!(mask >> lane & 1)) continue;
            const Thread& other = threads[first + lane];
            // Those before this one in the warp are ready by now where they waited for the same.
            complete = complete && (other.state == State::Ended || (other.state == State::InWarp && other.mask == mask));
        }
        if (!complete) continue;
        for (unsigned lane = 0; lane < WARP && first + lane < count; ++lane) {
            if (!(mask >> lane & 1)) continue;
            gathered[first + lane] = published[first + lane];
            if (threads[first + lane].state == State::InWarp) threads[first + lane].state = State::Ready;
        }
        released = true;
    }
    if (!all) return released;
    counted = votes;
    votes = 0;
    for (unsigned i = 0; i < count; ++i) {
        if (threads[i].state != State::AtBlock) continue;
        threads[i].state = State::Ready;
        released = true;
    }
    return released;
}

void run_block(unsigned count) {
    static unsigned sweep = 0;
    for (unsigned i = 0; i < count; ++i) {
        threads[i].state = State::Ready;
        threads[i].index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
    }
    votes = 0;
    assay_block_begins();
    do {
        // Forwards and backwards, from another thread each time: bytes must not depend on it.
        const unsigned start = (++sweep * 2654435761u >> 8) % count;
        for (unsigned i = 0; i < count; ++i) {
            const unsigned thread = (sweep & 1 ? start + i : start + count - i) % count;
            if (threads[thread].state == State::Ready) resume(thread);
        }
    } while (release(count));
    for (unsigned i = 0; i < count; ++i)
        if (threads[i].state != State::Ended) assay_fail("threads wait for others that wait elsewhere");
    assay_block_ends(count);
}

// ---- Memory ----

struct Allocation {
    unsigned char* pages;
    size_t bytes;
};

// By address.
std::map<uint64_t, Allocation> memory;

uint64_t allocate(size_t bytes) {
    unsigned char* pages = fenced(bytes);
    if (!pages) return 0;
    memset(pages, CANARY, to_pages(bytes));
    unsigned char* first = pages + (to_pages(bytes) - to_aligned(bytes));
    memset(first, POISON, bytes);
    const uint64_t address = reinterpret_cast<uint64_t>(first);
    memory[address] = {pages, bytes};
    return address;
}

bool intact(uint64_t address, const Allocation& allocation) {
    const unsigned char* first = reinterpret_cast<const unsigned char*>(address);
    const unsigned char* end = allocation.pages + to_pages(allocation.bytes);
    for (const unsigned char* at = allocation.pages; at < end; ++at)
        if ((at < first || at >= first + allocation.bytes) && *at != CANARY) return false;
    return true;
}

// The memory there, if all of it is of one allocation.
unsigned char* owned(uint64_t address, uint64_t bytes) {
    auto after = memory.upper_bound(address);
    if (after == memory.begin()) return nullptr;
    const auto& [first, allocation] = *--after;
    const uint64_t offset = address - first;
    const bool inside = offset <= allocation.bytes && bytes <= allocation.bytes - offset;
    return inside ? reinterpret_cast<unsigned char*>(address) : nullptr;
}

// ---- The conversation ----

// Asked with nothing more to come, the process ends.
void read_all(void* to, size_t bytes) {
    if (fread(to, 1, bytes, stdin) != bytes) _exit(0);
}

uint64_t number() {
    uint64_t value;
    read_all(&value, sizeof value);
    return value;
}

std::string text() {
    std::string value(number(), 0);
    read_all(value.data(), value.size());
    return value;
}

// An answer: what went wrong, or nothing, and then what was asked for.
void answer(const std::string& wrong, const void* result = nullptr, size_t bytes = 0) {
    const uint64_t length = wrong.size();
    fwrite(&length, sizeof length, 1, stdout);
    fwrite(wrong.data(), 1, wrong.size(), stdout);
    if (wrong.empty()) fwrite(result, 1, bytes, stdout);
    fflush(stdout);
}

const char* const OUTSIDE = "memory that was not allocated";

void answer_allocate() {
    const uint64_t address = allocate(number());
    answer(address ? "" : "out of memory", &address, sizeof address);
}

void answer_free() {
    const uint64_t address = number();
    const auto found = memory.find(address);
    if (found == memory.end()) return answer(OUTSIDE);
    const bool whole = intact(address, found->second);
    munmap(found->second.pages - PAGE, to_pages(found->second.bytes) + 2 * PAGE);
    memory.erase(found);
    answer(whole ? "" : "a kernel wrote beside an allocation");
}

void answer_fill() {
    const uint64_t address = number(), byte = number(), bytes = number();
    unsigned char* to = owned(address, bytes);
    if (to) memset(to, int(byte), bytes);
    answer(to ? "" : OUTSIDE);
}

void answer_copy() {
    const uint64_t source = number(), target = number(), bytes = number();
    const unsigned char* from = owned(source, bytes);
    unsigned char* to = owned(target, bytes);
    if (from && to) memmove(to, from, bytes);
    answer(from && to ? "" : OUTSIDE);
}

void answer_upload() {
    const uint64_t address = number();
    const std::string bytes = text();
    unsigned char* to = owned(address, bytes.size());
    if (to) memcpy(to, bytes.data(), bytes.size());
    answer(to ? "" : OUTSIDE);
}

void answer_download() {
    const uint64_t address = number(), bytes = number();
    const unsigned char* from = owned(address, bytes);
    answer(from ? "" : OUTSIDE, from, from ? bytes : 0);
}

// Where the block's dynamic memory begins in the addresses that are of shared memory only, and how much there is.
size_t dynamic_address, dynamic_bytes;

std::string run(const Kernel& kernel, unsigned count, unsigned shared) {
    // It ends at the page that no one may touch, as allocations do.
    static unsigned char* const pool = fenced(SHARED_BYTES);
    const size_t rounded = to_aligned(shared);
    dynamic_bytes = rounded;
    assay_dynamic_shared = pool + to_pages(SHARED_BYTES) - rounded;
    prepare(count);
    body = kernel.body;
    // The last block first: bytes must not depend on it.
    for (unsigned z = gridDim.z; z-- > 0;)
        for (unsigned y = gridDim.y; y-- > 0;)
            for (unsigned x = gridDim.x; x-- > 0;) {
                blockIdx = {x, y, z};
                // What a kernel has of its own lies before it, so it is aligned to little.
                dynamic_address = dynamic_address % 1024 + 5 * ALIGNMENT;
                memset(assay_dynamic_shared, POISON, rounded);
                memset(__start_assay_shared, POISON, size_t(__stop_assay_shared - __start_assay_shared));
                run_block(count);
            }
    return "";
}

void answer_launch() {
    const std::string name = text();
    unsigned blocks[3];
    for (unsigned& dimension : blocks) dimension = unsigned(number());
    const unsigned count = unsigned(number()), shared = unsigned(number());
    const std::string kinds = text();
    std::vector<unsigned long long> arguments(kinds.size());
    for (unsigned long long& word : arguments) word = number();

    const auto found = kernels().find(name);
    if (found == kernels().end()) return answer(name + ": there is no such kernel");
    if (found->second.kinds != kinds)
        return answer(name + ": is given arguments " + kinds + ", and has parameters " + found->second.kinds);
    if (!blocks[0] || !blocks[1] || !blocks[2] || blocks[1] > 65535 || blocks[2] > 65535)
        return answer(name + ": a grid that no device takes");
    if (!count || count > MOST_THREADS || shared > SHARED_BYTES)
        return answer(name + ": a block that no device takes");
    running = name;
    gridDim = {blocks[0], blocks[1], blocks[2]};
    blockDim = {count, 1, 1};
    words = arguments.data();
    answer(run(found->second, count, shared));
    running = "no kernel";
}

void answer_leave_out() {
    assay_leave_out(unsigned(number()));
    answer("");
}

// Says which thread it was, and ends. An illegal instruction is a check of the compiler's: see build.py.
void crashed(int signal) {
    const char* what = signal == SIGILL   ? "an unaligned access, an index past a static array, or a division by zero"
                       : signal == SIGFPE ? "a division by zero"
                                          : "an illegal address";
    char line[400];
    const int length = snprintf(
        line, sizeof line, "%s: %s, in block (%u, %u, %u), thread %u\n", running.c_str(), what, blockIdx.x, blockIdx.y,
        blockIdx.z, current);
    if (write(STDERR_FILENO, line, size_t(length)) < 0) _exit(2);
    _exit(1);
}

void watch() {
    static unsigned char stack[1 << 16];
    stack_t alternate = {};
    alternate.ss_sp = stack;
    alternate.ss_size = sizeof stack;
    sigaltstack(&alternate, nullptr);
    struct sigaction action = {};
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK;
    for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) sigaction(signal, &action, nullptr);
}

}  // namespace

void assay_register(const char* name, const char* kinds, AssayBody body) { kernels()[name] = {kinds, body}; }

void assay_fail(const char* why) {
    fprintf(stderr, "%s: %s, in block (%u, %u, %u), thread %u\n", running.c_str(), why, blockIdx.x, blockIdx.y, blockIdx.z,
            current);
    _exit(1);
}

unsigned assay_thread() { return current; }

unsigned assay_lane() { return current % WARP; }

void assay_block_barrier() { wait(State::AtBlock); }

void assay_wait_until(bool (*over)(const void* what, unsigned which), const void* what, unsigned which) {
    threads[current].over = over;
    threads[current].what = what;
    threads[current].which = which;
    wait(State::Until);
}

unsigned long long assay_shared_address(const void* at) {
    const unsigned char* byte = static_cast<const unsigned char*>(at);
    if (byte >= assay_dynamic_shared && byte < assay_dynamic_shared + dynamic_bytes)
        return dynamic_address + size_t(byte - assay_dynamic_shared);
    if (byte < __start_assay_shared || byte >= __stop_assay_shared) assay_fail("an address that is not of shared memory");
    return STATIC_ADDRESS + size_t(byte - __start_assay_shared);
}

int assay_block_count(bool holds) {
    votes += holds;
    wait(State::AtBlock);
    return counted;
}

void assay_warp_barrier(unsigned mask) {
    if (!(mask >> assay_lane() & 1)) assay_fail("a lane is not in the mask that it names");
    threads[current].mask = mask;
    wait(State::InWarp);
}

void assay_warp_words(unsigned mask, unsigned long long word, unsigned long long* words) {
    const unsigned first = current / WARP * WARP;
    published[current] = word;
    assay_warp_barrier(mask);
    memset(words, POISON, WARP * sizeof *words);
    for (unsigned lane = 0; lane < WARP && first + lane < blockDim.x; ++lane)
        if (mask >> lane & 1) words[lane] = gathered[first + lane];
}

int main() {
    watch();
    for (;;) {
        char request;
        read_all(&request, 1);
        switch (request) {
            case 'A': answer_allocate(); break;
            case 'F': answer_free(); break;
            case 'S': answer_fill(); break;
            case 'C': answer_copy(); break;
            case 'U': answer_upload(); break;
            case 'D': answer_download(); break;
            case 'L': answer_launch(); break;
            case 'N': answer_leave_out(); break;
            default: return 2;
        }
    }
}
