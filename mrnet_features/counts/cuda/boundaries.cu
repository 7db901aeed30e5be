// Boundaries: squares of bright pixels of one region, and grey steps across the edges of bright
// areas.
//
// A square is bright if all its rows are, so rows are tested first, then columns of rows.

#include "walks.cuh"

// One thread per pixel: whether it and the pixels before it in its row, `side` in all, are bright
// and of one region.
extern "C" __global__ void find_bright_rows(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const int* __restrict__ thresholds, unsigned int n_pixels, int height, int width, int side,
    unsigned char* is_bright_row) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width;
    const unsigned char region = regions[pixel];
    const int threshold = thresholds[pixel / width / height];
    bool whole = region > 0 && x + 1 >= side;
    for (int k = 0; whole && k < side; k++) {
        whole = grey[pixel - k] >= threshold && regions[pixel - k] == region;
    }
    is_bright_row[pixel] = whole;
}

struct Found {
    int region, core, n_steps, steps;
};

// Adds the counts of a thread to those of its block, and starts again with another region.
__device__ void flush(Found* found, int* total, int region) {
    if (found->core > 0) atomicAdd(&total[found->region], found->core);
    if (found->n_steps > 0) atomicAdd(&total[MOST_REGIONS + found->region], found->n_steps);
    if (found->steps > 0) atomicAdd(&total[2 * MOST_REGIONS + found->region], found->steps);
    const Found fresh = {region, 0, 0, 0};
    *found = fresh;
}

// `blocks_per_slice` blocks per slice. `counts` are core, number of steps and their sum.
extern "C" __global__ void count_boundaries(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const unsigned char* __restrict__ is_bright_row, const int* __restrict__ thresholds,
    int blocks_per_slice, int n_slices, int height, int width, int n_regions, int side,
    int* counts) {
    __shared__ int total[3 * MOST_REGIONS];
    for (int k = threadIdx.x; k < 3 * MOST_REGIONS; k += blockDim.x) total[k] = 0;
    __syncthreads();
    const Walk walk = begin_walk(blocks_per_slice);
    const long long base = (long long)walk.slice * height * width;
    const int threshold = thresholds[walk.slice];
    Found found = {0, 0, 0, 0};
    for (int index = walk.first; index < height * width; index += walk.stride) {
        const long long pixel = base + index;
        const int region = regions[pixel], g = grey[pixel];
        if (region == 0) continue;
        if (region != found.region) flush(&found, total, region);
        const int y = index / width, x = index % width;
        for (int k = 0; k < 2; k++) {
            const bool is_within = k == 0 ? x + 1 < width : y + 1 < height;
            const long long neighbour = pixel + (k == 0 ? 1 : width);
            if (!is_within || regions[neighbour] != region) continue;
            const int other = grey[neighbour];
            if ((g >= threshold) == (other >= threshold)) continue;
            found.n_steps += 1;
            found.steps += abs(g - other);
        }
        bool whole = y + 1 >= side;
        for (int k = 0; whole && k < side; k++) {
            const long long above = pixel - (long long)k * width;
            whole = is_bright_row[above] && regions[above] == region;
        }
        found.core += whole;
    }
    flush(&found, total, 0);
    __syncthreads();
    for (int k = threadIdx.x; k < 3 * n_regions; k += blockDim.x) {
        const int kind = k / n_regions, region = k % n_regions;
        const int number = total[kind * MOST_REGIONS + region + 1];
        const long long row = ((long long)kind * n_slices + walk.slice) * n_regions + region;
        if (number > 0) atomicAdd(&counts[row], number);
    }
}
