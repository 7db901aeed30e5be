// Local binary patterns: a thread compares each of its pixels with the circle around it, a block
// counts in shared memory.
//
// Whether the square around a pixel lies in its region is found on the way down: a thread counts
// the consecutive rows that lie in the region from `radius` pixels left to `radius` pixels right.
// So it tests each row once instead of 2 radius + 1 times.

#include "tiles.cuh"

constexpr int SHIFT = 11;  // bits of a weight
constexpr int MAX_POINTS = 64;

struct Point {
    int row, column, lower, right;  // of the upper left pixel, weights of the lower and right ones
};

// 1 where the point is at least as bright as the centre. Neighbours outside the slice have weight
// 0.
__device__ inline int is_bright(const unsigned char* __restrict__ slice, int height, int width,
                                int y, int x, const Point& point) {
    const int one = 1 << SHIFT;
    const int row = y + point.row, column = x + point.column;
    const int next_row = min(row + 1, height - 1), next_column = min(column + 1, width - 1);
    const unsigned char* const upper = slice + static_cast<size_t>(row) * width;
    const unsigned char* const lower = slice + static_cast<size_t>(next_row) * width;
    const int found = (one - point.lower) * (one - point.right) * upper[column] +
                      (one - point.lower) * point.right * upper[next_column] +
                      point.lower * (one - point.right) * lower[column] +
                      point.lower * point.right * lower[next_column];
    return found >= slice[static_cast<size_t>(y) * width + x] << (2 * SHIFT);
}

__device__ inline bool is_wide(const unsigned char* __restrict__ row, int width, int x, int radius,
                               int region) {
    if (x < radius || x + radius >= width) return false;
    for (int u = x - radius; u <= x + radius; ++u) {
        if (row[u] != region) return false;
    }
    return true;
}

extern "C" __global__ void count_patterns(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions, const int*
    __restrict__ circle, int height, int width, int n_regions, int radius, int* __restrict__ counts)
    {
    __shared__ Point points[MAX_POINTS];
    __shared__ int table[MAX_POINTS + 2];
    const int n_points = 8 * radius, n_patterns = n_points + 2;
    for (int k = threadIdx.x; k < n_points; k += blockDim.x)
        points[k] = {circle[4 * k], circle[4 * k + 1], circle[4 * k + 2], circle[4 * k + 3]};
    for (int k = threadIdx.x; k < n_patterns; k += blockDim.x) table[k] = 0;
    __syncthreads();

    const Tile tile = find_tile(height, width, n_regions);
    const size_t start = slice_start(tile.slice, height, width);
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        const int x = strip.column, last = min(strip.bottom + radius, height);
        int n_wide = 0;
        for (int v = max(strip.top - radius, 0); v < last; ++v) {
            const unsigned char* const row = regions + start + static_cast<size_t>(v) * width;
            n_wide = is_wide(row, width, x, radius, tile.region) ? n_wide + 1 : 0;
            if (n_wide <= 2 * radius) continue;
            const int y = v - radius;
            int before = is_bright(grey + start, height, width, y, x, points[n_points - 1]);
            int n_bright = 0, n_changes = 0;
            for (int p = 0; p < n_points; ++p) {
                const int now = is_bright(grey + start, height, width, y, x, points[p]);
                n_bright += now;
                n_changes += now != before;
                before = now;
            }
            atomicAdd(&table[n_changes <= 2 ? n_bright : n_points + 1], 1);
        }
    }
    __syncthreads();

    int* const region_counts =
        counts + (static_cast<size_t>(tile.slice) * n_regions + tile.region - 1) * n_patterns;
    for (int k = threadIdx.x; k < n_patterns; k += blockDim.x) {
        if (table[k] > 0) atomicAdd(&region_counts[k], table[k]);
    }
}
