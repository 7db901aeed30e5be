// Oriented gradients in two launches: first the cells of each region, then the gradients in them.
//
// Orientation and magnitude come from a table made on the host, as arctangents may be rounded
// differently on each device.

#include "tiles.cuh"

// First line of the box of a region, and one past its last; a line is a row or a column.
__device__ inline void find_box(const int* inside, int n_lines, int tail, int* first,
                                int* last) {
    int total = 0;
    for (int k = 0; k < n_lines; ++k) total += inside[k];
    const int allowed = total / tail;
    int begin = 0, end = n_lines;
    for (int beyond = 0; begin < n_lines && beyond + inside[begin] <= allowed; ++begin)
        beyond += inside[begin];
    for (int beyond = 0; end > begin && beyond + inside[end - 1] <= allowed; --end)
        beyond += inside[end - 1];
    *first = begin;
    *last = end;
}

__device__ inline int find_cell(int line, int first, int last, int n_cells) {
    if (line < first || line >= last) return -1;
    // a line belongs to the cell of its middle
    return static_cast<int>((2LL * (line - first) + 1) * n_cells / (2 * (last - first)));
}

// One block for each region of each slice: pixels of each row and column, then their cells in the
// same arrays. Threads take columns and warps take rows, so that no two add to the same number.
extern "C" __global__ void find_cells(
    const unsigned char* __restrict__ regions, int height, int width, int n_regions, int n_rows, int
    n_columns, int tail, int* __restrict__ row_cells, int* __restrict__ column_cells) {
    const int region = blockIdx.x % n_regions + 1, slice = blockIdx.x / n_regions;
    const unsigned char* const inside = regions + slice_start(slice, height, width);
    int* const in_rows = row_cells + static_cast<size_t>(blockIdx.x) * height;
    int* const in_columns = column_cells + static_cast<size_t>(blockIdx.x) * width;
    for (int x = threadIdx.x; x < width; x += blockDim.x) {
        int number = 0;
        for (int y = 0; y < height; ++y)
            number += inside[static_cast<size_t>(y) * width + x] == region;
        in_columns[x] = number;
    }
    const int lane = threadIdx.x % 32, n_warps = blockDim.x / 32;
    for (int y = threadIdx.x / 32; y < height; y += n_warps) {
        int number = 0;
        for (int first = 0; first < width; first += 32) {
            const int x = first + lane;
            const bool is_in =
                x < width && inside[static_cast<size_t>(y) * width + x] == region;
            number += __popc(__ballot_sync(0xFFFFFFFFu, is_in));
        }
        if (lane == 0) in_rows[y] = number;
    }
    __syncthreads();

    __shared__ int top, bottom, left, right;
    if (threadIdx.x == 0) find_box(in_rows, height, tail, &top, &bottom);
    if (threadIdx.x == 32) find_box(in_columns, width, tail, &left, &right);
    __syncthreads();

    for (int y = threadIdx.x; y < height; y += blockDim.x)
        in_rows[y] = find_cell(y, top, bottom, n_rows);
    for (int x = threadIdx.x; x < width; x += blockDim.x)
        in_columns[x] = find_cell(x, left, right, n_columns);
}

// A block counts its tile in shared memory, where 32 bits are enough; if the cells do not fit
// there, it adds to the counts of the region directly.
extern "C" __global__ void count_gradients(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions, const int*
    __restrict__ orientations, const int* __restrict__ magnitudes, const int* __restrict__
    row_cells, const int* __restrict__ column_cells, int height, int width, int n_regions, int
    n_rows, int n_columns, int n_orientations, int is_shared, unsigned long long* __restrict__
    magnitude, int* __restrict__ number) {
    extern __shared__ unsigned int table[];  // of a cell: its orientations, then its pixels
    const int n_cells = n_rows * n_columns, n_entries = n_cells * (n_orientations + 1);
    if (is_shared) {
        for (int k = threadIdx.x; k < n_entries; k += blockDim.x) table[k] = 0;
    }
    __syncthreads();

    const Tile tile = find_tile(height, width, n_regions);
    const size_t region = static_cast<size_t>(tile.slice) * n_regions + tile.region - 1;
    const size_t start = slice_start(tile.slice, height, width);
    const size_t first_cell = region * n_cells;
    const int n_strips = count_strips(tile);
    for (int which = threadIdx.x; which < n_strips; which += blockDim.x) {
        const Strip strip = find_strip(tile, which);
        const int x = strip.column, column = column_cells[region * width + x];
        if (column < 0 || x == 0 || x == width - 1) continue;
        for (int y = max(strip.top, 1); y < min(strip.bottom, height - 1); ++y) {
            const size_t here = start + static_cast<size_t>(y) * width + x;
            const size_t above = here - width, below = here + width;
            if (regions[here] != tile.region || regions[above] != tile.region ||
                regions[below] != tile.region || regions[here - 1] != tile.region ||
                regions[here + 1] != tile.region)
                continue;
            const int row = row_cells[region * height + y];
            if (row < 0) continue;
            const int down = static_cast<int>(grey[below]) - grey[above] + 255;
            const int right = static_cast<int>(grey[here + 1]) - grey[here - 1] + 255;
            const int orientation = orientations[511 * down + right];
            const unsigned int length = magnitudes[511 * down + right];
            const int cell = row * n_columns + column;
            if (is_shared) {
                atomicAdd(&table[cell * (n_orientations + 1) + orientation], length);
                atomicAdd(&table[cell * (n_orientations + 1) + n_orientations], 1u);
            } else {
                atomicAdd(&magnitude[(first_cell + cell) * n_orientations + orientation],
                          static_cast<unsigned long long>(length));
                atomicAdd(&number[first_cell + cell], 1);
            }
        }
    }
    if (!is_shared) return;  // the same for all threads
    __syncthreads();

    for (int k = threadIdx.x; k < n_entries; k += blockDim.x) {
        if (table[k] == 0) continue;
        const size_t cell = first_cell + k / (n_orientations + 1);
        const int orientation = k % (n_orientations + 1);
        if (orientation < n_orientations)
            atomicAdd(&magnitude[cell * n_orientations + orientation],
                      static_cast<unsigned long long>(table[k]));
        else
            atomicAdd(&number[cell], static_cast<int>(table[k]));
    }
}
