// White and black top-hats with a square, summed by region.
//
// Lowest and highest pixels of a square are found along rows, then along columns.

#include "extremes.cuh"
#include "walks.cuh"

// One thread per pixel.
extern "C" __global__ void find_extremes(
    const unsigned char* __restrict__ source, unsigned int n_pixels, int half, int height,
    int width, int in_rows, int highest, unsigned char* target) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    target[pixel] = find_extreme(source, pixel, half, height, width, in_rows, highest);
}

struct Sums {
    int region, n_pixels, grey, bright, dark, bright_max, dark_max;
};

// Adds the sums of a thread to those of its block, and starts again with another region.
__device__ void change_region(Sums* sums, int region, int* total) {
    int* entry = &total[6 * sums->region];
    if (sums->n_pixels > 0) {
        atomicAdd(&entry[0], sums->n_pixels);
        atomicAdd(&entry[1], sums->grey);
        atomicAdd(&entry[2], sums->bright);
        atomicAdd(&entry[3], sums->dark);
        atomicMax(&entry[4], sums->bright_max);
        atomicMax(&entry[5], sums->dark_max);
    }
    const Sums fresh = {region, 0, 0, 0, 0, 0, 0};
    *sums = fresh;
}

// `blocks_per_slice` blocks per slice. `opened_in_rows` and `closed_in_rows` lack the last step of
// opening and closing, along columns. `counts` are the six arrays of `TopHats` in turn.
extern "C" __global__ void count_top_hats(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const unsigned char* __restrict__ opened_in_rows,
    const unsigned char* __restrict__ closed_in_rows, int half, int blocks_per_slice, int n_slices,
    int height, int width, int n_regions, int* counts) {
    __shared__ int total[6 * MOST_REGIONS];
    for (int k = threadIdx.x; k < 6 * MOST_REGIONS; k += blockDim.x) total[k] = 0;
    __syncthreads();
    Sums sums = {0, 0, 0, 0, 0, 0, 0};
    const Walk walk = begin_walk(blocks_per_slice);
    const unsigned int base = (unsigned int)walk.slice * height * width;
    for (int index = walk.first; index < height * width; index += walk.stride) {
        const unsigned int pixel = base + index;
        const int region = regions[pixel], g = grey[pixel];
        if (region == 0) continue;
        if (region != sums.region) change_region(&sums, region, total);
        const int above = g - find_extreme(opened_in_rows, pixel, half, height, width, false, true);
        const int below = find_extreme(closed_in_rows, pixel, half, height, width, false, false) - g;
        sums.n_pixels += 1;
        sums.grey += g;
        sums.bright += above;
        sums.dark += below;
        sums.bright_max = max(sums.bright_max, above);
        sums.dark_max = max(sums.dark_max, below);
    }
    change_region(&sums, 0, total);
    __syncthreads();
    for (int k = threadIdx.x; k < 6 * n_regions; k += blockDim.x) {
        const int kind = k % 6, region = k / 6;
        const int value = total[6 * (region + 1) + kind];
        const long long row = ((long long)kind * n_slices + walk.slice) * n_regions + region;
        if (value == 0) continue;
        if (kind < 4) atomicAdd(&counts[row], value);
        else atomicMax(&counts[row], value);
    }
}
