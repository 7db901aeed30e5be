// Finds accesses that no barrier orders, and that a device may thus make in any order.
//
// The compiler calls a function before each access to memory if told so; these are the functions
// (ThreadSanitizer's names, without its library, which knows nothing of fibers). An access meets
// another one of another thread unless a barrier of their block, or of their warp, lies between:
// then one of them must not be a plain write, nor one of them atomic and the other a plain read.
// A volatile read may meet an atomic operation. Nothing orders two blocks of a launch.

#include <unordered_map>

#define UNWATCHED __attribute__((no_sanitize("thread")))

namespace races {

enum Kind { READ, WRITE, ATOMIC, VOLATILE };

struct Access {
    int block = -1, thread = 0;
    unsigned barriers = 0, warp_barriers = 0;
};

struct Place {
    Access last[4][2];  // of each kind, of two different threads where there are
};

static bool is_watching = false;
static int block = 0, thread = 0;
static unsigned barriers = 0, warp_barriers[32];
static char* stack = nullptr;
static size_t stack_size = 0;
static char* shared_from = nullptr;  // dynamic shared memory; the static one lies in its section
static size_t shared_size = 0;
static std::unordered_map<uintptr_t, Place> in_shared, in_global;
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

UNWATCHED static void remember(Place& place, Kind kind) {
    Access* const last = place.last[kind];
    const int slot = is_before(last[0]) ? 0 : 1;
    if (slot == 1 && !is_before(last[1])) return;  // two others are enough to meet any third
    last[slot].block = block;
    last[slot].thread = thread;
    last[slot].barriers = barriers;
    last[slot].warp_barriers = warp_barriers[thread / 32];
}

UNWATCHED static void note(const void* address, size_t size, Kind kind) {
    if (!is_watching) return;
    const char* const byte = static_cast<const char*>(address);
    if (byte >= stack && byte < stack + stack_size) return;
    is_watching = false;  // what follows is our own
    const bool is_dynamic = byte >= shared_from && byte < shared_from + shared_size;
    const bool is_static = __start_shared_memory && byte >= __start_shared_memory &&
                           byte < __stop_shared_memory;
    auto& memory = is_dynamic || is_static ? in_shared : in_global;
    for (size_t k = 0; k < size; ++k) {
        Place& place = memory[reinterpret_cast<uintptr_t>(byte + k)];
        for (int other = 0; other < 4; ++other) {
            for (const Access& access : place.last[other]) {
                if (is_before(access) || may_meet(kind, static_cast<Kind>(other)) || problem[0])
                    continue;
                snprintf(problem, problem_size,
                         "thread %d of block %d and thread %d of block %d meet without order at %s "
                         "memory %p",
                         access.thread, access.block, thread, block,
                         is_dynamic || is_static ? "shared" : "global", address);
            }
        }
        remember(place, kind);
    }
    is_watching = true;
}

UNWATCHED static void begin_block(int which) {
    block = which;
    in_shared.clear();
}

UNWATCHED static void begin_launch(char* its_problem, size_t size, char* shared, size_t n_bytes) {
    problem = its_problem;
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
