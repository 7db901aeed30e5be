// Morphology of dark areas: their extents, bright clefts and holes.
//
// The closing of the pixels up to a threshold with a square is the pixels up to that threshold in
// the grey-level opening with the square. So one opening gives the clefts and their top-hat.

#include "extremes.cuh"
#include "walks.cuh"

// Two sums of one region, in registers while a thread stays in it.
struct Sums {
    int region, one, other;
};

// Adds the sums of a thread to those of its block, and starts again with another region.
__device__ void change_region(Sums* sums, int region, int* total) {
    if (sums->one != 0) atomicAdd(&total[sums->region], sums->one);
    if (sums->other != 0) atomicAdd(&total[MOST_REGIONS + sums->region], sums->other);
    const Sums fresh = {region, 0, 0};
    *sums = fresh;
}

// Sets two sums per region in shared memory to 0.
__device__ void begin_totals(int* total) {
    for (int k = threadIdx.x; k < 2 * MOST_REGIONS; k += blockDim.x) total[k] = 0;
    __syncthreads();
}

// Adds both sums of each region to the entries of a row, which are `step` apart.
__device__ void add_totals(
    const int* total, int slice, int n_regions, int step, int* one, int* other) {
    __syncthreads();
    for (int region = threadIdx.x; region < n_regions; region += blockDim.x) {
        const long long row = ((long long)slice * n_regions + region) * step;
        const int first = total[region + 1], second = total[MOST_REGIONS + region + 1];
        if (first != 0) atomicAdd(&one[row], first);
        if (second != 0) atomicAdd(&other[row], second);
    }
}

// `blocks_per_slice` blocks per slice: pixels and dark pixels of each region, and the number of
// dark pixels in each of its columns and rows.
extern "C" __global__ void count_dark(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const int* __restrict__ thresholds, int blocks_per_slice, int height, int width, int n_regions,
    int* n_pixels, int* dark, int* columns, int* rows) {
    __shared__ int total[2 * MOST_REGIONS];
    begin_totals(total);
    Sums sums = {0, 0, 0};
    const Walk walk = begin_walk(blocks_per_slice);
    const unsigned int base = (unsigned int)walk.slice * height * width;
    for (int index = walk.first; index < height * width; index += walk.stride) {
        const int region = regions[base + index];
        if (region == 0) continue;
        if (region != sums.region) change_region(&sums, region, total);
        sums.one += 1;
        if (grey[base + index] > thresholds[walk.slice]) continue;
        sums.other += 1;
        const long long row = (long long)walk.slice * n_regions + region - 1;
        atomicAdd(&columns[row * width + index % width], 1);
        atomicAdd(&rows[row * height + index / width], 1);
    }
    change_region(&sums, 0, total);
    add_totals(total, walk.slice, n_regions, 1, n_pixels, dark);
}

// `blocks_per_slice` blocks per slice. The last step of the opening, along columns, is computed
// only at bright pixels of regions. `filled` and `residue` begin at the entry of this square.
extern "C" __global__ void count_clefts(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const unsigned char* __restrict__ opened_in_rows, const int* __restrict__ thresholds, int half,
    int blocks_per_slice, int height, int width, int n_regions, int square, int n_squares,
    int* filled, int* residue) {
    __shared__ int total[2 * MOST_REGIONS];
    begin_totals(total);
    Sums sums = {0, 0, 0};
    const Walk walk = begin_walk(blocks_per_slice);
    const unsigned int base = (unsigned int)walk.slice * height * width;
    const int threshold = thresholds[walk.slice];
    for (int index = walk.first; index < height * width; index += walk.stride) {
        const unsigned int pixel = base + index;
        const int region = regions[pixel], g = grey[pixel];
        if (region == 0 || g <= threshold) continue;
        const int opened = find_extreme(opened_in_rows, pixel, half, height, width, false, true);
        if (opened > threshold) continue;
        if (region != sums.region) change_region(&sums, region, total);
        sums.one += 1;
        sums.other += g - opened;
    }
    change_region(&sums, 0, total);
    add_totals(total, walk.slice, n_regions, n_squares, filled + square, residue + square);
}

// One thread for each pixel of each plane: one plane per region and slice, all slices of a region
// in turn. Writes 1 where the pixel is not a dark pixel of the region.
extern "C" __global__ void set_background(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    const int* __restrict__ thresholds, int first_region, unsigned int n_pixels,
    unsigned int n_in_planes, int height, int width, unsigned char* background) {
    const unsigned int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= n_in_planes) return;
    const unsigned int pixel = index % n_pixels;
    const int region = first_region + index / n_pixels + 1;
    const int threshold = thresholds[pixel / width / height];
    background[index] = regions[pixel] != region || grey[pixel] > threshold;
}

// One thread for each pixel of the planes; those at the edge mark their background component as
// open. All write the same value; volatile marks the concurrent access.
extern "C" __global__ void open_edges(
    const unsigned int* __restrict__ root, const unsigned char* __restrict__ background,
    unsigned int n_in_planes, int height, int width, volatile unsigned char* is_open) {
    const unsigned int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= n_in_planes || background[index] == 0) return;
    const int x = index % width, y = index / width % height;
    if (y == 0 || x == 0 || y == height - 1 || x == width - 1) is_open[root[index]] = 1;
}

// `blocks_per_slice` blocks per plane: background that is not open is a hole.
extern "C" __global__ void count_holes(
    const unsigned char* __restrict__ grey, const unsigned int* __restrict__ root,
    const unsigned char* __restrict__ background, const unsigned char* __restrict__ is_open,
    const int* __restrict__ thresholds, int first_region, int blocks_per_slice, int n_slices,
    int height, int width, int n_regions, int* holes, int* hole_excess) {
    __shared__ int number, excess;
    if (threadIdx.x == 0) number = excess = 0;
    __syncthreads();
    const Walk walk = begin_walk(blocks_per_slice);  // a plane is a slice of it
    const int slice = walk.slice % n_slices, region = first_region + walk.slice / n_slices;
    const unsigned int base = (unsigned int)walk.slice * height * width;
    const int threshold = thresholds[slice];
    for (int index = walk.first; index < height * width; index += walk.stride) {
        if (background[base + index] == 0 || is_open[root[base + index]]) continue;
        atomicAdd(&number, 1);
        atomicAdd(&excess, grey[(unsigned int)slice * height * width + index] - threshold);
    }
    __syncthreads();
    if (threadIdx.x > 0 || number == 0) return;
    atomicAdd(&holes[(long long)slice * n_regions + region], number);
    atomicAdd(&hole_excess[(long long)slice * n_regions + region], excess);
}
