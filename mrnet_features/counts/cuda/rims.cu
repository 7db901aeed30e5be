// Rims: squares of bright pixels of one region, and the grey steps where bright areas end.
//
// A square is whole if each of its rows is, so rows are looked at first and then columns of rows.

#define MOST_REGIONS 256  // with what lies outside

// One thread a pixel: whether it and those before it in its row, `side` in all, are bright and of
// one region.
extern "C" __global__ void find_bright_rows(
    const unsigned char* grey, const unsigned char* regions, long long n_pixels, int width,
    int threshold, int side, unsigned char* is_bright_row)
{
    const long long pixel = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width;
    const unsigned char region = regions[pixel];
    bool whole = region > 0 && x + 1 >= side;
    for (int k = 0; whole && k < side; k++) {
        whole = grey[pixel - k] >= threshold && regions[pixel - k] == region;
    }
    is_bright_row[pixel] = whole;
}

// `blocks_a_slice` blocks a slice, whose threads walk over its pixels; each block adds up its
// regions in shared memory first. `counts` are core, number of steps and their sum.
extern "C" __global__ void count_rims(
    const unsigned char* grey, const unsigned char* regions, const unsigned char* is_bright_row,
    int blocks_a_slice, int n_slices, int height, int width, int n_regions, int threshold,
    int side, int* counts)
{
    __shared__ int total[3 * MOST_REGIONS];
    for (int k = threadIdx.x; k < 3 * MOST_REGIONS; k += blockDim.x) total[k] = 0;
    __syncthreads();
    const int slice = blockIdx.x / blocks_a_slice, slice_size = height * width;
    const long long base = (long long)slice * slice_size;
    const int first = blockIdx.x % blocks_a_slice * blockDim.x + threadIdx.x;
    for (int place = first; place < slice_size; place += blocks_a_slice * blockDim.x) {
        const long long pixel = base + place;
        const int region = regions[pixel], g = grey[pixel];
        if (region == 0) continue;
        const int y = place / width, x = place % width;
        for (int k = 0; k < 2; k++) {
            const bool is_within = k == 0 ? x + 1 < width : y + 1 < height;
            const long long there = pixel + (k == 0 ? 1 : width);
            if (!is_within || regions[there] != region) continue;
            const int other = grey[there];
            if ((g >= threshold) == (other >= threshold)) continue;
            atomicAdd(&total[MOST_REGIONS + region], 1);
            atomicAdd(&total[2 * MOST_REGIONS + region], abs(g - other));
        }
        bool whole = y + 1 >= side;
        for (int k = 0; whole && k < side; k++) {
            const long long above = pixel - (long long)k * width;
            whole = is_bright_row[above] && regions[above] == region;
        }
        if (whole) atomicAdd(&total[region], 1);
    }
    __syncthreads();
    for (int k = threadIdx.x; k < 3 * n_regions; k += blockDim.x) {
        const int kind = k / n_regions, region = k % n_regions;
        const int number = total[kind * MOST_REGIONS + region + 1];
        const long long row = ((long long)kind * n_slices + slice) * n_regions + region;
        if (number > 0) atomicAdd(&counts[row], number);
    }
}
