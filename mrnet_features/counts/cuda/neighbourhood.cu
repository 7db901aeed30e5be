// Neighbourhoods: each thread looks at the eight pixels around its own, a block adds up in shared
// memory. A tile's differences stay below 64 * 256 * 2032, so that 32 bits do there.
//
// A row of the tables is a level: how many pixels have so many neighbours of their level, how many
// have none in their region, and the differences by number of neighbours. Rows are 19 numbers long:
// an odd number, so that equal columns of several levels lie in different banks of the memory.

#include "tiles.cuh"

constexpr int LIKE = 0, ALONE = 9, GAPS = 10, ROW = 19;

extern "C" __global__ void neighbours(const unsigned char* __restrict__ levels,
                                      const unsigned char* __restrict__ regions,
                                      int height, int width, int n_regions, int n_levels,
                                      int* __restrict__ dependence, int* __restrict__ number,
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
        // equal results that follow each other are added up before they go to the table
        int last = -1, n_same = 0;
        for (int y = strip.top; y < strip.bottom; ++y) {
            const size_t here = start + static_cast<size_t>(y) * width + x;
            if (regions[here] != tile.region) continue;
            const int level = levels[here];
            int n_like = 0, n_inside = 0, total = 0;
            for (int v = max(y - 1, 0); v <= min(y + 1, height - 1); ++v) {
                for (int u = max(x - 1, 0); u <= min(x + 1, width - 1); ++u) {
                    const size_t there = start + static_cast<size_t>(v) * width + u;
                    if (there == here || regions[there] != tile.region) continue;
                    ++n_inside;
                    total += levels[there];
                    n_like += levels[there] == level;
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
