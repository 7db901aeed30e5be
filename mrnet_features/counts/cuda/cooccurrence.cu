// Co-occurrence: a block counts the pairs that begin in its tile, in four matrices.
//
// Up to 55 levels the matrices fit into shared memory. There a pair is counted in one order; the
// other order is added when the matrices are added to those of the region. With more levels each
// pair is added to the matrices of the region directly, in both orders: with so many cells, threads
// rarely conflict.
//
// Consecutive equal pairs in the column of a thread are first added in a register. In flat areas
// all threads of a warp would otherwise wait for the same counter.

#include "tiles.cuh"

__device__ inline void add_pairs(int* __restrict__ table, bool is_shared, int n_levels, int cell,
                                 int number) {
    atomicAdd(&table[cell], number);
    if (is_shared) return;
    const int other = cell % n_levels, row = cell / n_levels;
    const int level = row % n_levels, direction = row / n_levels;
    atomicAdd(&table[(direction * n_levels + other) * n_levels + level], number);
}

extern "C" __global__ void count_pairs(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions, int height,
    int width, int n_regions, int n_levels, int distance, int is_shared, int* __restrict__ counts) {
    extern __shared__ int shared_table[];
    const Tile tile = find_tile(height, width, n_regions);
    const int n_cells = 4 * n_levels * n_levels;
    int* const region_counts =
        counts + (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * n_cells;
    int* const table = is_shared ? shared_table : region_counts;
    if (is_shared) {
        for (int k = threadIdx.x; k < n_cells; k += blockDim.x) table[k] = 0;
    }
    __syncthreads();

    // second pixel of each direction, in rows and columns
    const int down[4] = {0, distance, distance, distance};
    const int right[4] = {distance, -distance, 0, distance};
    const size_t start = slice_start(tile.slice, height, width);
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        int cell[4] = {0, 0, 0, 0}, number[4] = {0, 0, 0, 0};
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = start + static_cast<size_t>(y) * width + strip.column;
            if (regions[here] != tile.region) continue;
            const int level = levels[here] - 1;
#pragma unroll
            for (int d = 0; d < 4; ++d) {
                const int row = y + down[d], column = strip.column + right[d];
                if (row >= height || column < 0 || column >= width) continue;
                const size_t neighbour = start + static_cast<size_t>(row) * width + column;
                if (regions[neighbour] != tile.region) continue;
                const int found = (d * n_levels + level) * n_levels + levels[neighbour] - 1;
                if (found != cell[d]) {
                    if (number[d] > 0)
                        add_pairs(table, is_shared, n_levels, cell[d], number[d]);
                    cell[d] = found;
                    number[d] = 0;
                }
                ++number[d];
            }
        }
#pragma unroll
        for (int d = 0; d < 4; ++d) {
            if (number[d] > 0) add_pairs(table, is_shared, n_levels, cell[d], number[d]);
        }
    }
    if (!is_shared) return;  // the same for all threads
    __syncthreads();

    for (int k = threadIdx.x; k < n_cells; k += blockDim.x) {
        const int other = k % n_levels, row = k / n_levels;
        const int level = row % n_levels, direction = row / n_levels;
        const int both = table[k] + table[(direction * n_levels + other) * n_levels + level];
        if (both > 0) atomicAdd(&region_counts[k], both);
    }
}
