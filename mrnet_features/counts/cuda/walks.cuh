// Walks: how a slice is divided among blocks whose threads walk over its pixels, for counts with
// one number per region.
//
// Neighbouring pixels are mostly of one region and would all wait for its counter. So a thread adds
// in registers while it stays in a region, a block in shared memory with one entry per possible
// region, and the result goes to global memory once per block.

constexpr int MOST_REGIONS = 256;  // including 0, outside all regions

// Pixels of a thread: `first`, then every `stride` pixels.
struct Walk {
    int slice, first, stride;
};

__device__ inline Walk begin_walk(int blocks_per_slice) {
    const Walk walk = {
        (int)(blockIdx.x / blocks_per_slice),
        (int)(blockIdx.x % blocks_per_slice * blockDim.x + threadIdx.x),
        (int)(blocks_per_slice * blockDim.x),
    };
    return walk;
}
