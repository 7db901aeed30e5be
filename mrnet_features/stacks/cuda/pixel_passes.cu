// Passes over the pixels of a batch: block sums, the outline, grey levels counted and mapped, and
// rows and columns of a mask counted. `owner` is the exam of each slice.

#include "walks.cuh"

__device__ void add(long long* sum, long long value) {
    atomicAdd((unsigned long long*)sum, (unsigned long long)value);
}

// One thread per block of pixels; adjacent threads read adjacent pixels.
extern "C" __global__ void sum_blocks(
    const unsigned char* __restrict__ grey, const int* __restrict__ row_edges,
    const int* __restrict__ column_edges, int n_slices, int height, int width, int n_rows,
    int n_columns, unsigned int* sums) {
    const long long block = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (block >= (long long)n_slices * n_rows * n_columns) return;
    const int j = block % n_columns, i = block / n_columns % n_rows;
    const long long slice = block / n_columns / n_rows;
    unsigned int total = 0;
    for (int y = row_edges[i]; y < row_edges[i + 1]; y++) {
        const unsigned char* line = grey + (slice * height + y) * width;
        for (int x = column_edges[j]; x < column_edges[j + 1]; x++) total += line[x];
    }
    sums[block] = total;
}

// One thread per pixel.
extern "C" __global__ void draw_outline(
    const unsigned char* __restrict__ grey, const bool* __restrict__ inside,
    const int* __restrict__ block_of_row, const int* __restrict__ block_of_column,
    const int* __restrict__ least, unsigned int n_pixels, int height, int width, int n_rows,
    int n_columns, bool* mask) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width, y = pixel / width % height;
    const unsigned int slice = pixel / width / height;
    const int i = block_of_row[y], j = block_of_column[x];
    const bool* here = inside + ((long long)slice * n_rows + i) * n_columns + j;
    bool is_in = *here;
    if (is_in) {
        const bool is_edge = i == 0 || j == 0 || i == n_rows - 1 || j == n_columns - 1
            || !here[-1] || !here[1] || !here[-n_columns] || !here[n_columns];
        if (is_edge) {
            int total = 0;
            for (int v = y - 1; v <= y + 1; v++) {
                const unsigned int line = (slice * height + min(max(v, 0), height - 1)) * width;
                for (int u = x - 1; u <= x + 1; u++) {
                    total += grey[line + min(max(u, 0), width - 1)];
                }
            }
            is_in = total >= least[slice];
        }
    }
    mask[pixel] = is_in;
}

// `blocks_per_slice` blocks per slice, each with its own table; consecutive equal grey levels of a
// thread are first added in a register.
extern "C" __global__ void count_grey(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const int* __restrict__ owner, int blocks_per_slice, int slice_size, long long* counts) {
    __shared__ int table[256];
    for (int k = threadIdx.x; k < 256; k += blockDim.x) table[k] = 0;
    __syncthreads();
    const Walk walk = begin_walk(blocks_per_slice);
    const long long base = (long long)walk.slice * slice_size;
    int value = 0, number = 0;
    for (int index = walk.first; index < slice_size; index += walk.stride) {
        if (regions[base + index] == 0) continue;
        if (grey[base + index] != value) {
            if (number > 0) atomicAdd(&table[value], number);
            value = grey[base + index];
            number = 0;
        }
        number++;
    }
    if (number > 0) atomicAdd(&table[value], number);
    __syncthreads();
    for (int k = threadIdx.x; k < 256; k += blockDim.x) {
        if (table[k] > 0) add(&counts[owner[walk.slice] * 256LL + k], table[k]);
    }
}

// One thread per pixel.
extern "C" __global__ void map_grey(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ tables,
    const int* __restrict__ owner, unsigned int n_pixels, unsigned int slice_size,
    unsigned char* mapped) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    mapped[pixel] = tables[owner[pixel / slice_size] * 256LL + grey[pixel]];
}

constexpr int STRIP_ROWS = 16;

// One block per strip of rows of a slice. A thread adds its columns in a register, a warp its part
// of a row by one vote.
extern "C" __global__ void count_lines(
    const unsigned char* __restrict__ mask, const int* __restrict__ owner, int height, int width,
    long long* rows, long long* columns) {
    __shared__ int in_row[STRIP_ROWS];
    const int n_strips = (height + STRIP_ROWS - 1) / STRIP_ROWS;
    const int slice = blockIdx.x / n_strips, top = blockIdx.x % n_strips * STRIP_ROWS;
    const int n_rows = min(STRIP_ROWS, height - top);
    const long long exam = owner[slice];
    if (threadIdx.x < STRIP_ROWS) in_row[threadIdx.x] = 0;
    __syncthreads();
    for (int left = 0; left < width; left += blockDim.x) {  // the same for all threads
        const int x = left + threadIdx.x;
        int in_column = 0;
        for (int row = 0; row < n_rows; row++) {
            const long long line = ((long long)slice * height + top + row) * width;
            const bool is_in = x < width && mask[line + x] > 0;
            const unsigned int votes = __ballot_sync(0xffffffffu, is_in);
            if (threadIdx.x % 32 == 0 && votes != 0) atomicAdd(&in_row[row], __popc(votes));
            in_column += is_in;
        }
        if (in_column > 0) add(&columns[exam * width + x], in_column);
    }
    __syncthreads();
    if (threadIdx.x < n_rows && in_row[threadIdx.x] > 0) {
        add(&rows[exam * height + top + threadIdx.x], in_row[threadIdx.x]);
    }
}
