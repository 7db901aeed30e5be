// Neighbourhoods: each thread compares its pixels with their eight neighbours, a block counts in
// shared memory. The differences of a tile stay below 64 * 256 * 2032, so 32 bits are enough.
//
// Each level has one row of the table: number of pixels by number of neighbours of equal level,
// number of pixels without a neighbour in their region, and differences by number of neighbours. A
// row has 19 numbers: an odd number, so that one column of several levels lies in different memory
// banks.

#include "tiles.cuh"

constexpr int LIKE = 0, ALONE = 9, GAPS = 10, ROW = 19;

extern "C" __global__ void count_neighbours(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions, int height,
    int width, int n_regions, int n_levels, int* __restrict__ dependence, int* __restrict__ number,
    unsigned long long* __restrict__ difference) {
    extern __shared__ unsigned int table[];
    for (int k = threadIdx.x; k < n_levels * ROW; k += blockDim.x) table[k] = 0;
    __syncthreads();

    const Tile tile = find_tile(height, width, n_regions);
    const size_t start = slice_start(tile.slice, height, width);
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        const int x = strip.column;
        // consecutive equal results are added before they go to the table
        int last = -1, n_same = 0;
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = start + static_cast<size_t>(y) * width + x;
            if (regions[here] != tile.region) continue;
            const int level = levels[here];
            int n_like = 0, n_inside = 0, total = 0;
            for (int v = max(y - 1, 0); v <= min(y + 1, height - 1); ++v) {
                for (int u = max(x - 1, 0); u <= min(x + 1, width - 1); ++u) {
                    const size_t neighbour = start + static_cast<size_t>(v) * width + u;
                    if (neighbour == here || regions[neighbour] != tile.region) continue;
                    ++n_inside;
                    total += levels[neighbour];
                    n_like += levels[neighbour] == level;
                }
            }
            const int row = (level - 1) * ROW, like = row + LIKE + n_like;
            if (like != last) {
                if (n_same > 0) atomicAdd(&table[last], static_cast<unsigned int>(n_same));
                last = like;
                n_same = 0;
            }
            ++n_same;
            const unsigned int gap = abs(n_inside * level - total);
            if (n_inside == 0) atomicAdd(&table[row + ALONE], 1u);
            if (gap > 0) atomicAdd(&table[row + GAPS + n_inside], gap);
        }
        if (n_same > 0) atomicAdd(&table[last], static_cast<unsigned int>(n_same));
    }
    __syncthreads();

    const size_t first =
        (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * n_levels;
    for (int k = threadIdx.x; k < n_levels * ROW; k += blockDim.x) {
        const size_t row = first + k / ROW;
        const int column = k % ROW, value = static_cast<int>(table[k]);
        if (value == 0) continue;
        if (column < ALONE) {
            atomicAdd(&dependence[row * 9 + column], value);
            atomicAdd(&number[row], value);
        } else if (column == ALONE) {
            atomicAdd(&number[row], -value);
        } else {
            atomicAdd(&difference[row * 8 + column - GAPS - 1],
                      static_cast<unsigned long long>(table[k]));
        }
    }
}
