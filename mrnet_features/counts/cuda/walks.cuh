// How a slice is shared out among blocks whose threads walk over its pixels, for every count that
// keeps a number for each region.
//
// Pixels next to each other are of one region, and would all wait for its counter. So a thread adds
// up in registers as long as it stays in a region, a block in shared memory, with an entry for each
// region that there may be; what was found goes to global memory once a block.

constexpr int MOST_REGIONS = 256;  // with what lies outside

// Where the blocks of a slice walk: place after place, `stride` apart.
struct Walk {
    int slice, first, stride;
};

__device__ inline Walk begin_walk(int blocks_a_slice) {
    const Walk walk = {
        (int)(blockIdx.x / blocks_a_slice),
        (int)(blockIdx.x % blocks_a_slice * blockDim.x + threadIdx.x),
        (int)(blocks_a_slice * blockDim.x),
    };
    return walk;
}
