// Finds data races: accesses that no barrier orders.
//
// With -fsanitize=thread the compiler calls a function before each access to memory. These are the
// functions, without the library of ThreadSanitizer, which does not know fibers. Two accesses of
// different threads without a barrier of their block or warp between them are a race if one is a
// plain write, or if one is atomic and the other a plain read. A volatile read may meet an atomic
// operation. No barrier orders two blocks of a launch.

#include <unordered_map>

#define UNWATCHED __attribute__((no_sanitize("thread")))

namespace races {

enum Kind { READ, WRITE, ATOMIC, VOLATILE };

struct Access {
    int block = -1, thread = 0;
    unsigned barriers = 0, warp_barriers = 0;
};

struct Accesses {
    Access last[4][2];  // of each kind, by two threads
};

static bool is_watching = false;
static int block = 0, thread = 0;
static unsigned barriers = 0, warp_barriers[32];
static char* stack = nullptr;
static size_t stack_size = 0;
static char* shared_from = nullptr;  // dynamic shared memory; static memory has a section of its own
static size_t shared_size = 0;
static std::unordered_map<uintptr_t, Accesses> in_shared, in_global;
static char* problem = nullptr;
static size_t problem_size = 0;

UNWATCHED static bool is_before(const Access& access) {
    if (access.block < 0) return true;
    if (access.block != block) return false;
    return access.thread == thread || access.barriers < barriers ||
           (access.thread / 32 == thread / 32 && access.warp_barriers < warp_barriers[thread / 32]);
}

UNWATCHED static bool may_meet(Kind one, Kind other) {
    if (one == WRITE || other == WRITE) return false;
    return !((one == ATOMIC && other == READ) || (one == READ && other == ATOMIC));
}

UNWATCHED static void remember(Accesses& accesses, Kind kind) {
    Access* const last = accesses.last[kind];
    const int slot = is_before(last[0]) ? 0 : 1;
    if (slot == 1 && !is_before(last[1])) return;  // two threads are enough for a race with any third
    last[slot].block = block;
    last[slot].thread = thread;
    last[slot].barriers = barriers;
    last[slot].warp_barriers = warp_barriers[thread / 32];
}

UNWATCHED static void note(const void* address, size_t size, Kind kind) {
    if (!is_watching) return;
    const char* const byte = static_cast<const char*>(address);
    if (byte >= stack && byte < stack + stack_size) return;
    is_watching = false;  // the following accesses are not those of the kernel
    const bool is_dynamic = byte >= shared_from && byte < shared_from + shared_size;
    const bool is_static = __start_shared_memory && byte >= __start_shared_memory &&
                           byte < __stop_shared_memory;
    auto& memory = is_dynamic || is_static ? in_shared : in_global;
    for (size_t k = 0; k < size; ++k) {
        Accesses& accesses = memory[reinterpret_cast<uintptr_t>(byte + k)];
        for (int other = 0; other < 4; ++other) {
            for (const Access& access : accesses.last[other]) {
                if (is_before(access) || may_meet(kind, static_cast<Kind>(other)) || problem[0])
                    continue;
                snprintf(problem, problem_size,
                         "thread %d of block %d and thread %d of block %d race at %s "
                         "memory %p",
                         access.thread, access.block, thread, block,
                         is_dynamic || is_static ? "shared" : "global", address);
            }
        }
        remember(accesses, kind);
    }
    is_watching = true;
}

UNWATCHED static void begin_block(int which) {
    block = which;
    in_shared.clear();
}

UNWATCHED static void begin_launch(char* message, size_t size, char* shared, size_t n_bytes) {
    problem = message;
    problem_size = size;
    shared_from = shared;
    shared_size = n_bytes;
    in_global.clear();
}

}  // namespace races

#define NOTE_ACCESS(NAME, SIZE, KIND) \
    extern "C" UNWATCHED void NAME(void* address) { races::note(address, SIZE, races::KIND); }
#define NOTE_ACCESSES(SIZE)                                           \
    NOTE_ACCESS(__tsan_read##SIZE, SIZE, READ)                        \
    NOTE_ACCESS(__tsan_write##SIZE, SIZE, WRITE)                      \
    NOTE_ACCESS(__tsan_unaligned_read##SIZE, SIZE, READ)              \
    NOTE_ACCESS(__tsan_unaligned_write##SIZE, SIZE, WRITE)            \
    NOTE_ACCESS(__tsan_volatile_read##SIZE, SIZE, VOLATILE)           \
    NOTE_ACCESS(__tsan_volatile_write##SIZE, SIZE, ATOMIC)            \
    NOTE_ACCESS(__tsan_unaligned_volatile_read##SIZE, SIZE, VOLATILE) \
    NOTE_ACCESS(__tsan_unaligned_volatile_write##SIZE, SIZE, ATOMIC)
NOTE_ACCESSES(1)
NOTE_ACCESSES(2)
NOTE_ACCESSES(4)
NOTE_ACCESSES(8)
NOTE_ACCESSES(16)

extern "C" {
UNWATCHED void __tsan_read_range(void* address, size_t size) {
    races::note(address, size, races::READ);
}
UNWATCHED void __tsan_write_range(void* address, size_t size) {
    races::note(address, size, races::WRITE);
}
UNWATCHED void __tsan_func_entry(void*) {}
UNWATCHED void __tsan_func_exit() {}
UNWATCHED void __tsan_init() {}
UNWATCHED void __tsan_vptr_update(void**, void*) {}
UNWATCHED void __tsan_vptr_read(void**) {}
}
