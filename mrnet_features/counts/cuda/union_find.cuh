// Union-find: the parent of an item comes before it or is the item itself. So the root of a
// component is its first item, on every device and in every order of threads. After Playne and
// Hawick (2018) and Komura (2015).

// `parent` is volatile, to be read past the caches: other blocks change it meanwhile. A value may
// be outdated, but an old parent is in the same component, and join() detects it.
__device__ unsigned int find_root(const volatile unsigned int* parent, unsigned int item) {
    unsigned int next = parent[item];
    while (next != item) {
        item = next;
        next = parent[item];
    }
    return item;
}

// Makes the earlier root the parent of the later one. If another thread changed the parent of the
// later root first, that parent is joined too, so that no connection is lost. It comes before the
// later root, so the loop ends.
__device__ void join(unsigned int* parent, unsigned int one, unsigned int other) {
    while (true) {
        one = find_root(parent, one);
        other = find_root(parent, other);
        if (one == other) return;
        const unsigned int early = one < other ? one : other, late = one < other ? other : one;
        const unsigned int before = atomicMin(&parent[late], early);
        if (before == late) return;
        one = early;
        other = before;
    }
}
