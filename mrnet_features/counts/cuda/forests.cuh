// Union-find: every item has a parent that comes before it or is itself, so a piece's root is its
// first item, on every device and in every order of threads. After Playne and Hawick (2018) and
// Komura (2015).

// `parent` is read past the caches of the multiprocessor: other blocks change it meanwhile. What
// is read may be old by then, but an old parent is of the same piece, and join() notices.
__device__ unsigned int find_root(const volatile unsigned int* parent, unsigned int item) {
    unsigned int next = parent[item];
    while (next != item) {
        item = next;
        next = parent[item];
    }
    return item;
}

// Puts the later root under the earlier. If another thread was quicker and the later is no root
// any more, what it hung under goes on to be joined, so that no piece is torn; that comes before
// the later root, so the loop ends.
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
