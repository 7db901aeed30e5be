// Histograms: a block counts its tile in shared memory, at most 1 KB, and adds it to the region.
//
// Consecutive equal values in the column of a thread are first added in a register. In flat areas
// all threads of a warp would otherwise wait for the same counter.

#include "tiles.cuh"

extern "C" __global__ void count_values(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions, int height,
    int width, int n_regions, int n_values, int* __restrict__ counts) {
    __shared__ int table[256];
    for (int k = threadIdx.x; k < n_values; k += blockDim.x) table[k] = 0;
    __syncthreads();

    const Tile tile = find_tile(height, width, n_regions);
    const size_t start = slice_start(tile.slice, height, width);
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        int value = 0, number = 0;
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = start + static_cast<size_t>(y) * width + strip.column;
            if (regions[here] != tile.region) continue;
            if (values[here] != value) {
                if (number > 0) atomicAdd(&table[value], number);
                value = values[here];
                number = 0;
            }
            ++number;
        }
        if (number > 0) atomicAdd(&table[value], number);
    }
    __syncthreads();

    int* const region_counts =
        counts + (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * n_values;
    for (int k = threadIdx.x; k < n_values; k += blockDim.x) {
        if (table[k] > 0) atomicAdd(&region_counts[k], table[k]);
    }
}
