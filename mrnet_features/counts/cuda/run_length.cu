// Run lengths: the thread of the first pixel of every run walks to its end.
//
// No thread waits for the runs of another, and the reads of a warp are adjacent while its runs
// continue. The longest run determines the shape of the matrices, so a launch of its own finds it.
// Runs of up to `n_short` pixels, nearly all, are counted in shared memory. Longer ones are added
// to the matrices of the region directly, as are all if the levels do not fit into shared memory.

#include "tiles.cuh"

struct Slice {
    const unsigned char* levels;
    const unsigned char* regions;
    int height, width;
};

__device__ inline bool is_alike(const Slice& slice, int y, int x, int level, int region) {
    if (y < 0 || y >= slice.height || x < 0 || x >= slice.width) return false;
    const size_t index = static_cast<size_t>(y) * slice.width + x;
    return slice.regions[index] == region && slice.levels[index] == level;
}

// Length of the run that begins at a pixel; 0 if none begins. Directions are those of
// `count_pairs`.
__device__ inline int measure_run(const Slice& slice, int y, int x, int direction, int level,
                                  int region) {
    const int down = direction > 0, right = direction == 0 ? 1 : direction - 2;
    if (is_alike(slice, y - down, x - right, level, region)) return 0;
    int length = 1;
    while (is_alike(slice, y + length * down, x + length * right, level, region)) ++length;
    return length;
}

__device__ inline Slice find_slice(const unsigned char* levels, const unsigned char* regions,
                                   int which, int height, int width) {
    const size_t start = slice_start(which, height, width);
    return {levels + start, regions + start, height, width};
}

extern "C" __global__ void find_longest_run(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions, int height,
    int width, int* __restrict__ longest) {
    __shared__ int longest_here;
    if (threadIdx.x == 0) longest_here = 0;
    __syncthreads();
    const Tile tile = find_tile(height, width, 1);  // of all regions
    const Slice slice = find_slice(levels, regions, tile.slice, height, width);
    const int n_strips = count_strips(tile);
    int found = 0;
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = static_cast<size_t>(y) * width + strip.column;
            const int region = slice.regions[here], level = slice.levels[here];
            if (region == 0) continue;
            for (int d = 0; d < 4; ++d)
                found = max(found, measure_run(slice, y, strip.column, d, level, region));
        }
    }
    if (found > 0) atomicMax(&longest_here, found);
    __syncthreads();
    if (threadIdx.x == 0 && longest_here > 0) atomicMax(longest, longest_here);
}

extern "C" __global__ void count_runs(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions, int height,
    int width, int n_regions, int n_levels, int longest, int n_short, int* __restrict__ counts) {
    extern __shared__ int table[];  // direction, level, length
    const int n_cells = 4 * n_levels * n_short;
    for (int k = threadIdx.x; k < n_cells; k += blockDim.x) table[k] = 0;
    __syncthreads();

    const Tile tile = find_tile(height, width, n_regions);
    const Slice slice = find_slice(levels, regions, tile.slice, height, width);
    int* const region_counts = counts + (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * 4 *
                                   n_levels * longest;
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = static_cast<size_t>(y) * width + strip.column;
            if (slice.regions[here] != tile.region) continue;
            const int level = slice.levels[here];
            for (int d = 0; d < 4; ++d) {
                const int length = measure_run(slice, y, strip.column, d, level, tile.region);
                const int row = d * n_levels + level - 1;
                if (length == 0) continue;
                if (length <= n_short)
                    atomicAdd(&table[row * n_short + length - 1], 1);
                else
                    atomicAdd(&region_counts[static_cast<size_t>(row) * longest + length - 1], 1);
            }
        }
    }
    __syncthreads();

    for (int k = threadIdx.x; k < n_cells; k += blockDim.x) {
        if (table[k] > 0)
            atomicAdd(&region_counts[static_cast<size_t>(k / n_short) * longest + k % n_short], table[k]);
    }
}
