// Histograms: a block counts its tile in shared memory, 1 KB at most, and adds it to the region's.
//
// A thread adds equal values that follow each other in its column in a register first: in flat
// areas all threads of a warp would else wait for one and the same counter.

#include "tiles.cuh"

extern "C" __global__ void histogram(const unsigned char* __restrict__ values,
                                     const unsigned char* __restrict__ regions,
                                     int height, int width, int n_regions, int n_values,
                                     int* __restrict__ counts) {
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

    int* const mine =
        counts + (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * n_values;
    for (int k = threadIdx.x; k < n_values; k += blockDim.x) {
        if (table[k] > 0) atomicAdd(&mine[k], table[k]);
    }
}
