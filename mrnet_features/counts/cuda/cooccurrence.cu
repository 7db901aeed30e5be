// Co-occurrence: a block counts the pairs that begin in its tile, in four matrices of its own.
//
// Up to 55 levels the matrices fit into shared memory, where a pair is counted one way; the other
// way follows when they are added to the region's. With more levels each pair goes to the region's
// matrices at once, both ways: there the places are so many that threads seldom meet.
//
// Equal pairs that follow each other in a thread's column are added up in a register first: in flat
// areas all threads of a warp would else wait for one and the same counter.

#include "tiles.cuh"

__device__ inline void add_pairs(int* __restrict__ table, bool is_shared, int n_levels, int place,
                                 int number) {
    atomicAdd(&table[place], number);
    if (is_shared) return;
    const int other = place % n_levels, row = place / n_levels;
    const int level = row % n_levels, direction = row / n_levels;
    atomicAdd(&table[(direction * n_levels + other) * n_levels + level], number);
}

extern "C" __global__ void pairs(const unsigned char* __restrict__ levels,
                                 const unsigned char* __restrict__ regions,
                                 int height, int width, int n_regions, int n_levels, int distance,
                                 int is_shared, int* __restrict__ counts) {
    extern __shared__ int shared_table[];
    const Tile tile = find_tile(height, width, n_regions);
    const int n_cells = 4 * n_levels * n_levels;
    int* const mine =
        counts + (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * n_cells;
    int* const table = is_shared ? shared_table : mine;
    if (is_shared) {
        for (int k = threadIdx.x; k < n_cells; k += blockDim.x) table[k] = 0;
    }
    __syncthreads();

    // the other pixel of each direction, by rows and columns
    const int down[4] = {0, distance, distance, distance};
    const int right[4] = {distance, -distance, 0, distance};
    const size_t start = slice_start(tile.slice, height, width);
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        int place[4] = {0, 0, 0, 0}, number[4] = {0, 0, 0, 0};
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = start + static_cast<size_t>(y) * width + strip.column;
            if (regions[here] != tile.region) continue;
            const int level = levels[here] - 1;
#pragma unroll
            for (int d = 0; d < 4; ++d) {
                const int row = y + down[d], column = strip.column + right[d];
                if (row >= height || column < 0 || column >= width) continue;
                const size_t there = start + static_cast<size_t>(row) * width + column;
                if (regions[there] != tile.region) continue;
                const int found = (d * n_levels + level) * n_levels + levels[there] - 1;
                if (found != place[d]) {
                    if (number[d] > 0)
                        add_pairs(table, is_shared, n_levels, place[d], number[d]);
                    place[d] = found;
                    number[d] = 0;
                }
                ++number[d];
            }
        }
#pragma unroll
        for (int d = 0; d < 4; ++d) {
            if (number[d] > 0) add_pairs(table, is_shared, n_levels, place[d], number[d]);
        }
    }
    if (!is_shared) return;  // the same for all threads
    __syncthreads();

    for (int k = threadIdx.x; k < n_cells; k += blockDim.x) {
        const int other = k % n_levels, row = k / n_levels;
        const int level = row % n_levels, direction = row / n_levels;
        const int both = table[k] + table[(direction * n_levels + other) * n_levels + level];
        if (both > 0) atomicAdd(&mine[k], both);
    }
}
