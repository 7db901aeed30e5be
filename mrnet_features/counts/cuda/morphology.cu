// Wedges: dark areas, the bright clefts in them and the holes they enclose.
//
// The pixels up to a threshold, closed with a square, are those of the slice opened with that
// square that lie up to the threshold. So one opening gives clefts and what stands out in them.

#include "walks.cuh"

// Two sums of one region, kept in registers as long as a thread stays in it.
struct Sums {
    int region, one, other;
};

// Adds a thread's sums to the block's, and begins anew with another region.
__device__ void change_region(Sums* sums, int region, int* total) {
    if (sums->one != 0) atomicAdd(&total[sums->region], sums->one);
    if (sums->other != 0) atomicAdd(&total[MOST_REGIONS + sums->region], sums->other);
    const Sums fresh = {region, 0, 0};
    *sums = fresh;
}

// Begins two sums for each region in shared memory.
__device__ void begin_totals(int* total) {
    for (int k = threadIdx.x; k < 2 * MOST_REGIONS; k += blockDim.x) total[k] = 0;
    __syncthreads();
}

// Adds both sums of each region to a row's entries, which lie `step` apart.
__device__ void hand_over(
    const int* total, int slice, int n_regions, int step, int* one, int* other) {
    __syncthreads();
    for (int region = threadIdx.x; region < n_regions; region += blockDim.x) {
        const long long row = ((long long)slice * n_regions + region) * step;
        const int first = total[region + 1], second = total[MOST_REGIONS + region + 1];
        if (first != 0) atomicAdd(&one[row], first);
        if (second != 0) atomicAdd(&other[row], second);
    }
}

// `blocks_a_slice` blocks a slice: pixels and dark pixels of each region, and of each of its
// columns and rows the number of dark pixels.
extern "C" __global__ void count_dark(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const int* __restrict__ thresholds, int blocks_a_slice, int height, int width, int n_regions,
    int* n_pixels, int* dark, int* columns, int* rows) {
    __shared__ int total[2 * MOST_REGIONS];
    begin_totals(total);
    Sums sums = {0, 0, 0};
    const Walk walk = begin_walk(blocks_a_slice);
    const unsigned int base = (unsigned int)walk.slice * height * width;
    for (int place = walk.first; place < height * width; place += walk.stride) {
        const int region = regions[base + place];
        if (region == 0) continue;
        if (region != sums.region) change_region(&sums, region, total);
        sums.one += 1;
        if (grey[base + place] > thresholds[walk.slice]) continue;
        sums.other += 1;
        const long long row = (long long)walk.slice * n_regions + region - 1;
        atomicAdd(&columns[row * width + place % width], 1);
        atomicAdd(&rows[row * height + place / width], 1);
    }
    change_region(&sums, 0, total);
    hand_over(total, walk.slice, n_regions, 1, n_pixels, dark);
}

// Lowest or highest of 2 half + 1 pixels along a row or a column; beyond the slice there is none.
__device__ unsigned char find_extreme(
    const unsigned char* source, unsigned int pixel, int half, int height, int width,
    bool along_rows, bool highest) {
    const int place = along_rows ? pixel % width : pixel / width % height;
    const int size = along_rows ? width : height, step = along_rows ? 1 : width;
    unsigned char best = source[pixel];
    for (int k = -min(half, place); k <= min(half, size - 1 - place); k++) {
        const unsigned char other = source[pixel + k * step];
        best = (highest ? other > best : other < best) ? other : best;
    }
    return best;
}

// One thread a pixel.
extern "C" __global__ void find_extremes(
    const unsigned char* __restrict__ source, unsigned int n_pixels, int half, int height,
    int width, int along_rows, int highest, unsigned char* target) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    target[pixel] = find_extreme(source, pixel, half, height, width, along_rows, highest);
}

// `blocks_a_slice` blocks a slice; takes the opening's last step, along columns, where a bright
// pixel of a region asks for it. `filled` and `residue` begin at this square's entry.
extern "C" __global__ void count_clefts(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const unsigned char* __restrict__ opened_in_rows, const int* __restrict__ thresholds, int half,
    int blocks_a_slice, int height, int width, int n_regions, int square, int n_squares,
    int* filled, int* residue) {
    __shared__ int total[2 * MOST_REGIONS];
    begin_totals(total);
    Sums sums = {0, 0, 0};
    const Walk walk = begin_walk(blocks_a_slice);
    const unsigned int base = (unsigned int)walk.slice * height * width;
    const int threshold = thresholds[walk.slice];
    for (int place = walk.first; place < height * width; place += walk.stride) {
        const unsigned int pixel = base + place;
        const int region = regions[pixel], g = grey[pixel];
        if (region == 0 || g <= threshold) continue;
        const int opened = find_extreme(opened_in_rows, pixel, half, height, width, false, true);
        if (opened > threshold) continue;
        if (region != sums.region) change_region(&sums, region, total);
        sums.one += 1;
        sums.other += g - opened;
    }
    change_region(&sums, 0, total);
    hand_over(total, walk.slice, n_regions, n_squares, filled + square, residue + square);
}

// One thread for each pixel of each of the planes: one plane a region and slice, slices of a
// region after each other. Writes 1 where the pixel is not a dark one of the region.
extern "C" __global__ void set_background(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const int* __restrict__ thresholds, int first_region, unsigned int n_pixels,
    unsigned int n_in_planes, int height, int width, unsigned char* background) {
    const unsigned int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= n_in_planes) return;
    const unsigned int pixel = place % n_pixels;
    const int region = first_region + place / n_pixels + 1;
    const int threshold = thresholds[pixel / width / height];
    background[place] = regions[pixel] != region || grey[pixel] > threshold;
}

// One thread for each pixel of the planes; those at an edge open their piece of background, all by
// writing the same; volatile says that they may meet.
extern "C" __global__ void open_edges(
    const unsigned int* __restrict__ root, const unsigned char* __restrict__ background,
    unsigned int n_in_planes, int height, int width, volatile unsigned char* is_open) {
    const unsigned int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= n_in_planes || background[place] == 0) return;
    const int x = place % width, y = place / width % height;
    if (y == 0 || x == 0 || y == height - 1 || x == width - 1) is_open[root[place]] = 1;
}

// `blocks_a_slice` blocks a plane: background that is not open is a hole.
extern "C" __global__ void count_holes(
    const unsigned char* __restrict__ grey, const unsigned int* __restrict__ root,
    const unsigned char* __restrict__ background, const unsigned char* __restrict__ is_open,
    const int* __restrict__ thresholds, int first_region, int blocks_a_slice, int n_slices,
    int height, int width, int n_regions, int* holes, int* hole_excess) {
    __shared__ int number, excess;
    if (threadIdx.x == 0) number = excess = 0;
    __syncthreads();
    const Walk walk = begin_walk(blocks_a_slice);  // a plane is a slice of it
    const int slice = walk.slice % n_slices, region = first_region + walk.slice / n_slices;
    const unsigned int base = (unsigned int)walk.slice * height * width;
    const int threshold = thresholds[slice];
    for (int place = walk.first; place < height * width; place += walk.stride) {
        if (background[base + place] == 0 || is_open[root[base + place]]) continue;
        atomicAdd(&number, 1);
        atomicAdd(&excess, grey[(unsigned int)slice * height * width + place] - threshold);
    }
    __syncthreads();
    if (threadIdx.x > 0 || number == 0) return;
    atomicAdd(&holes[(long long)slice * n_regions + region], number);
    atomicAdd(&hole_excess[(long long)slice * n_regions + region], excess);
}
