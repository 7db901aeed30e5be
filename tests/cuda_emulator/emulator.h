// Part of CUDA needed to run the kernels of mrnet_features on the CPU, for tests.
//
// The threads of a block are fibers, each with a small stack; one runs until it waits or ends, then
// the next. Blocks run one after another. The order of threads and blocks, the initial contents of
// shared memory and switches at atomic operations are random, so a missing barrier changes results.
// Barriers that only some threads reach, or that threads reach at different lines, are errors.

#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __constant__ static
#define __align__(n) __attribute__((aligned(n)))
// static shared memory is in one section, so that its size is known and it can be overwritten
#define __shared__ static __attribute__((section("shared_memory")))

extern "C" {
extern char __start_shared_memory[] __attribute__((weak, visibility("hidden")));
extern char __stop_shared_memory[] __attribute__((weak, visibility("hidden")));
}

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
struct uint2 { unsigned x, y; };
struct int2 { int x, y; };
struct alignas(4) uchar4 { unsigned char x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };

#ifdef WATCH_RACES
#include "races.h"
#else
#define UNWATCHED
#endif

static dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;

namespace emulator {

enum State { READY, AT_BLOCK, AT_WARP, DONE };

struct Fiber {
    jmp_buf here;
    ucontext_t start;
    char* stack = nullptr;
    bool has_begun = false;
    State state = READY;
    int line = 0;
    unsigned mask = 0;
    unsigned long long value = 0;     // sent to the warp
    unsigned long long seen[32] = {};  // received from the warp
};

constexpr size_t STACK = 64 * 1024;
static std::vector<Fiber*> fibers;
static Fiber* current = nullptr;
static int current_thread = 0;
static jmp_buf scheduler;
static void (*body)(void**) = nullptr;
static void** arguments = nullptr;
static unsigned char* dynamic_shared = nullptr;
static char problem[256];
static uint64_t state_of_chance = 0x9E3779B97F4A7C15ull;

UNWATCHED inline unsigned chance() {
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 7;
    state_of_chance ^= state_of_chance << 17;
    return static_cast<unsigned>(state_of_chance >> 32);
}

// Whether the following accesses are those of a kernel.
UNWATCHED static void watch(bool is_kernel) {
#ifdef WATCH_RACES
    races::is_watching = is_kernel;
    races::thread = current_thread;
    races::stack = current->stack;
    races::stack_size = STACK;
#endif
}

UNWATCHED __attribute__((noinline)) static void leave() {
    watch(false);
    if (!_setjmp(current->here)) _longjmp(scheduler, 1);
    watch(true);
}

UNWATCHED static void live() {  // a fiber is reused for many threads
    for (;;) {
        watch(true);
        body(arguments);
        current->state = DONE;
        leave();
    }
}

UNWATCHED __attribute__((noinline)) static void enter(Fiber* fiber) {
    current = fiber;
    if (_setjmp(scheduler)) return;
    if (fiber->has_begun) _longjmp(fiber->here, 1);
    fiber->has_begun = true;
    setcontext(&fiber->start);
}

UNWATCHED static Fiber* make_fiber() {
    Fiber* fiber = new Fiber;
    fiber->stack = static_cast<char*>(malloc(STACK));
    memset(fiber->stack, 0x5A, 64);
    getcontext(&fiber->start);
    fiber->start.uc_stack.ss_sp = fiber->stack;
    fiber->start.uc_stack.ss_size = STACK;
    fiber->start.uc_link = nullptr;
    makecontext(&fiber->start, live, 0);
    return fiber;
}

UNWATCHED static void wait(State state, int line, unsigned mask = 0) {
    current->state = state;
    current->line = line;
    current->mask = mask;
    leave();
}

UNWATCHED inline void maybe_yield() {
    if (chance() % 8 == 0) leave();
}

// Resume warps that have all their lanes at the barrier; returns whether there was one.
UNWATCHED static bool release_warps(int n_threads) {
    bool released = false;
    for (int first = 0; first < n_threads; first += 32) {
        for (int k = first; k < first + 32 && k < n_threads; ++k) {
            Fiber* fiber = fibers[k];
            if (fiber->state != AT_WARP) continue;
            bool all_here = true;
            for (int lane = 0; lane < 32; ++lane) {
                if (!(fiber->mask >> lane & 1)) continue;
                const int other = first + lane;
                all_here = all_here && other < n_threads && fibers[other]->state == AT_WARP &&
                           fibers[other]->mask == fiber->mask && fibers[other]->line == fiber->line;
            }
            if (!all_here) continue;
            const unsigned mask = fiber->mask;
#ifdef WATCH_RACES
            ++races::warp_barriers[first / 32];
#endif
            for (int lane = 0; lane < 32; ++lane) {
                if (!(mask >> lane & 1)) continue;
                for (int other = 0; other < 32; ++other) {
                    fibers[first + lane]->seen[other] =
                        mask >> other & 1 ? fibers[first + other]->value : 0xDEADDEADDEADDEADull;
                }
                fibers[first + lane]->state = READY;
            }
            released = true;
        }
    }
    return released;
}

UNWATCHED static bool release_block(int n_threads) {
    if (problem[0]) return false;
    int n_waiting = 0, line = 0;
    bool one_line = true;
    for (int k = 0; k < n_threads; ++k) {
        if (fibers[k]->state != AT_BLOCK) continue;
        one_line = one_line && (n_waiting == 0 || fibers[k]->line == line);
        line = fibers[k]->line;
        ++n_waiting;
    }
    if (n_waiting < n_threads || !one_line) {
        snprintf(problem, sizeof problem,
                 "a barrier at line %d is reached by %d of %d threads%s", line, n_waiting,
                 n_threads, one_line ? "" : ", others wait at another line");
        return false;
    }
    for (int k = 0; k < n_threads; ++k) fibers[k]->state = READY;
#ifdef WATCH_RACES
    ++races::barriers;
#endif
    return true;
}

UNWATCHED static void run_block(int n_threads) {
    for (int k = 0; k < n_threads; ++k) fibers[k]->state = READY;
    for (;;) {
        const unsigned from = chance(), backwards = chance() & 1;
        bool all_done = true, one_ready = false;
        for (int i = 0; i < n_threads; ++i) {
            const int k = ((backwards ? n_threads - 1 - i : i) + from % n_threads) % n_threads;
            if (fibers[k]->state == READY) {
                threadIdx.x = k % blockDim.x;
                threadIdx.y = k / blockDim.x % blockDim.y;
                threadIdx.z = k / (blockDim.x * blockDim.y);
                current_thread = k;
                enter(fibers[k]);
            }
            all_done = all_done && fibers[k]->state == DONE;
            one_ready = one_ready || fibers[k]->state == READY;
        }
        if (all_done) return;
        if (!release_warps(n_threads) && !one_ready && !release_block(n_threads)) return;
    }
}

UNWATCHED static const char* run(void (*kernel)(void**), void** args, const unsigned* grid,
                       const unsigned* block, size_t shared_bytes, uint64_t seed) {
    body = kernel;
    arguments = args;
    problem[0] = 0;
    state_of_chance = seed * 2 + 1;
    for (int k = 0; k < 8; ++k) chance();
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    const int n_threads = block[0] * block[1] * block[2];
    while (static_cast<int>(fibers.size()) < n_threads) fibers.push_back(make_fiber());
    std::vector<unsigned char> shared(shared_bytes + 64 + 16);
    dynamic_shared = shared.data() + (16 - reinterpret_cast<uintptr_t>(shared.data()) % 16) % 16;
#ifdef WATCH_RACES
    races::begin_launch(problem, sizeof problem, reinterpret_cast<char*>(dynamic_shared),
                        shared_bytes);
#endif
    const size_t n_blocks = static_cast<size_t>(grid[0]) * grid[1] * grid[2];
    const size_t from = chance() % n_blocks;
    const unsigned char filler = chance() & 255;
    for (size_t i = 0; i < n_blocks && !problem[0]; ++i) {
        const size_t k = (i + from) % n_blocks;
        blockIdx.x = k % grid[0];
        blockIdx.y = k / grid[0] % grid[1];
        blockIdx.z = k / (static_cast<size_t>(grid[0]) * grid[1]);
        memset(dynamic_shared, filler, shared_bytes);
        memset(dynamic_shared + shared_bytes, 0xC3, 64);
        if (__start_shared_memory)
            memset(__start_shared_memory, filler, __stop_shared_memory - __start_shared_memory);
#ifdef WATCH_RACES
        races::begin_block(k);
#endif
        run_block(n_threads);
        for (int n = 0; n < 64 && !problem[0]; ++n) {
            if (dynamic_shared[shared_bytes + n] != 0xC3)
                snprintf(problem, sizeof problem, "it writes beyond its %zu bytes of shared memory",
                         shared_bytes);
        }
    }
    for (Fiber* fiber : fibers) {
        for (int n = 0; n < 64 && !problem[0]; ++n) {
            if (fiber->stack[n] != 0x5A)
                snprintf(problem, sizeof problem, "a thread takes more than %zu bytes", STACK);
        }
    }
    if (problem[0]) fibers.clear();  // waiting fibers cannot be reused
    return problem[0] ? problem : nullptr;
}

template <class T>
unsigned long long to_bits(T value) {
    static_assert(sizeof(T) <= 8, "a lane gives up to 8 bytes");
    unsigned long long bits = 0;
    memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T>
T from_bits(unsigned long long bits) {
    T value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

inline int lane() { return current_thread % 32; }

UNWATCHED static void meet(unsigned mask, unsigned long long value, int line) {
    if (!(mask >> lane() & 1)) {
        // its wait never ends, so the launch ends with this message
        snprintf(problem, sizeof problem, "lane %d is not in the mask at line %d", lane(), line);
    }
    current->value = value;
    wait(AT_WARP, line, mask);
}

}  // namespace emulator

extern "C" size_t emulator_static_shared() {
    return __start_shared_memory ? __stop_shared_memory - __start_shared_memory : 0;
}

UNWATCHED inline void __syncthreads(int line = __builtin_LINE()) { emulator::wait(emulator::AT_BLOCK, line); }
UNWATCHED inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, int line = __builtin_LINE()) {
    emulator::meet(mask, 0, line);
}
UNWATCHED inline int __syncthreads_or(int predicate, int line = __builtin_LINE()) {
    static int any;
    emulator::wait(emulator::AT_BLOCK, line);
    any = 0;
    emulator::wait(emulator::AT_BLOCK, line);
    any |= predicate != 0;
    emulator::wait(emulator::AT_BLOCK, line);
    return any;
}
inline void __threadfence() {}
inline void __threadfence_block() {}

template <class T>
UNWATCHED T __shfl_sync(unsigned mask, T value, int from, int width = 32, int line = __builtin_LINE()) {
    emulator::meet(mask, emulator::to_bits(value), line);
    const int begin = emulator::lane() / width * width;
    return emulator::from_bits<T>(emulator::current->seen[begin + (from & (width - 1))]);
}
template <class T>
UNWATCHED T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, int line = __builtin_LINE()) {
    emulator::meet(mask, emulator::to_bits(value), line);
    const int lane = emulator::lane(), from = lane - static_cast<int>(by);
    return from < lane / width * width ? value
                                       : emulator::from_bits<T>(emulator::current->seen[from]);
}
template <class T>
UNWATCHED T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32,
                   int line = __builtin_LINE()) {
    emulator::meet(mask, emulator::to_bits(value), line);
    const int lane = emulator::lane(), from = lane + static_cast<int>(by);
    return from >= lane / width * width + width
               ? value
               : emulator::from_bits<T>(emulator::current->seen[from]);
}
template <class T>
UNWATCHED T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32, int line = __builtin_LINE()) {
    emulator::meet(mask, emulator::to_bits(value), line);
    const int lane = emulator::lane(), from = lane ^ with;
    return from >= lane / width * width + width
               ? value
               : emulator::from_bits<T>(emulator::current->seen[from]);
}
UNWATCHED inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
    emulator::meet(mask, predicate != 0, line);
    unsigned bits = 0;
    for (int k = 0; k < 32; ++k)
        bits |= mask >> k & 1 ? static_cast<unsigned>(emulator::current->seen[k]) << k : 0;
    return bits;
}
inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
    return __ballot_sync(mask, predicate, line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
    return __ballot_sync(mask, predicate, line) == mask;
}
template <class T>
UNWATCHED unsigned __match_any_sync(unsigned mask, T value, int line = __builtin_LINE()) {
    emulator::meet(mask, emulator::to_bits(value), line);
    unsigned bits = 0;
    for (int k = 0; k < 32; ++k)
        bits |= (mask >> k & 1) && emulator::current->seen[k] == emulator::to_bits(value) ? 1u << k
                                                                                          : 0;
    return bits;
}

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsqrt_rn(double a) { return std::sqrt(a); }
template <class T>
T __ldg(const T* address) { return *address; }

template <class T>
T min(T a, T b) { return b < a ? b : a; }
template <class T>
T max(T a, T b) { return a < b ? b : a; }

namespace emulator {
UNWATCHED inline void note_atomic(const void* address, size_t size) {
#ifdef WATCH_RACES
    races::note(address, size, races::ATOMIC);
#endif
}
}  // namespace emulator

// Only the types that a GPU has.
#define EMULATE_ATOMIC(NAME, TYPE, NEXT)             \
    UNWATCHED inline TYPE NAME(TYPE* address, TYPE value) { \
        emulator::maybe_yield();                     \
        emulator::note_atomic(address, sizeof(TYPE)); \
        const TYPE old = *address;                   \
        *address = NEXT;                             \
        emulator::maybe_yield();                     \
        return old;                                  \
    }
#define EMULATE_ATOMICS(TYPE)                                      \
    EMULATE_ATOMIC(atomicAdd, TYPE, old + value)                   \
    EMULATE_ATOMIC(atomicMin, TYPE, value < old ? value : old)     \
    EMULATE_ATOMIC(atomicMax, TYPE, value > old ? value : old)     \
    EMULATE_ATOMIC(atomicOr, TYPE, old | value)                    \
    EMULATE_ATOMIC(atomicAnd, TYPE, old & value)                   \
    EMULATE_ATOMIC(atomicXor, TYPE, old ^ value)                   \
    EMULATE_ATOMIC(atomicExch, TYPE, value)                        \
    UNWATCHED inline TYPE atomicCAS(TYPE* address, TYPE expected, TYPE value) { \
        emulator::maybe_yield();                                   \
        emulator::note_atomic(address, sizeof(TYPE));              \
        const TYPE old = *address;                                 \
        if (old == expected) *address = value;                     \
        emulator::maybe_yield();                                   \
        return old;                                                \
    }
EMULATE_ATOMICS(int)
EMULATE_ATOMICS(unsigned)
EMULATE_ATOMICS(unsigned long long)
EMULATE_ATOMIC(atomicSub, int, old - value)
EMULATE_ATOMIC(atomicSub, unsigned, old - value)
