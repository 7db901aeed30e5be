// Bands: the strongest dark band of each region, offset and orientation of each slice.
//
// A middle's strength and place are packed into one number, the strength in the upper bits, the
// place in scan order from the end in the lower ones: the largest number is the first of the
// strongest, in whatever order threads come.

#include "walks.cuh"

constexpr int N_LINES = 3;
constexpr int N_SAMPLES = 11;
constexpr int BIAS = 1 << 20;  // above every strength, which is at most 11 * 9 * 255
constexpr unsigned long long LAST = 0xffffffffull;

// One thread a pixel: the sum of the 3 x 3 around it; 0 along the slice's edge, which no band uses.
extern "C" __global__ void sum_patches(
    const unsigned char* __restrict__ grey, unsigned int n_pixels, int height, int width,
    unsigned short* patch) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width, y = pixel / width % height;
    int total = 0;
    if (y > 0 && y < height - 1 && x > 0 && x < width - 1) {
        for (int dy = -1; dy <= 1; dy++) {
            for (int dx = -1; dx <= 1; dx++) total += grey[pixel + dy * width + dx];
        }
    }
    patch[pixel] = total;
}

struct Band {
    int inside, beside, continuity;
};

// The band of which `middle` is the middle; `steps` leads from there to each sample of each line.
__device__ Band measure(const unsigned short* middle, const int* steps) {
    int along = 0, left = 0, right = 0, darker = 0;
    for (int k = 0; k < N_SAMPLES; k++) {
        const int m = middle[steps[k]];
        const int a = middle[steps[N_SAMPLES + k]], b = middle[steps[2 * N_SAMPLES + k]];
        along += m;
        left += a;
        right += b;
        darker += m < a && m < b;
    }
    const Band band = {along, min(left, right), darker};
    return band;
}

// `blocks` blocks for each slice, offset and orientation, whose threads try the middles in every
// second row and column from the slice's `firsts` on. `reach` is the farthest row and column of
// each offset's samples.
extern "C" __global__ void find_lines(
    const unsigned short* __restrict__ patch, const unsigned char* __restrict__ regions,
    const int* __restrict__ lines, const int* __restrict__ reach, const int* __restrict__ firsts,
    int blocks, int height, int width, int n_regions, int n_offsets, int n_orientations,
    unsigned long long* strongest) {
    __shared__ int steps[N_LINES * N_SAMPLES];
    __shared__ unsigned long long best[MOST_REGIONS];
    const Walk walk = begin_walk(blocks);  // `slice` counts kinds of bands, too
    const int kind = walk.slice % (n_offsets * n_orientations), offset = kind / n_orientations;
    const long long slice = walk.slice / (n_offsets * n_orientations);
    for (int k = threadIdx.x; k < MOST_REGIONS; k += blockDim.x) best[k] = 0;
    for (int k = threadIdx.x; k < N_LINES * N_SAMPLES; k += blockDim.x) {
        const int* sample = &lines[(kind * N_LINES * N_SAMPLES + k) * 2];
        steps[k] = sample[0] * width + sample[1];
    }
    __syncthreads();
    const int high = reach[2 * offset], wide = reach[2 * offset + 1];
    const int n_across = (width + 1) / 2, n_middles = (height + 1) / 2 * n_across;
    unsigned long long its_best = 0;
    int its_region = 0;
    for (int place = walk.first; place < n_middles; place += walk.stride) {
        const int y = place / n_across * 2 + firsts[2 * slice];
        const int x = place % n_across * 2 + firsts[2 * slice + 1];
        if (y <= high || y >= height - 1 - high || x <= wide || x >= width - 1 - wide) continue;
        const long long pixel = slice * height * width + (long long)y * width + x;
        const int region = regions[pixel];
        if (region == 0) continue;
        if (region != its_region) {
            if (its_best > 0) atomicMax(&best[its_region], its_best);
            its_best = 0;
            its_region = region;
        }
        const Band band = measure(patch + pixel, steps);
        const unsigned long long strength = BIAS + band.beside - band.inside;
        const unsigned long long packed = strength << 32 | (LAST - place);
        its_best = packed > its_best ? packed : its_best;
    }
    if (its_best > 0) atomicMax(&best[its_region], its_best);
    __syncthreads();
    for (int region = threadIdx.x; region < n_regions; region += blockDim.x) {
        const long long row = slice * n_regions + region;
        if (best[region + 1] > 0) {
            atomicMax(&strongest[row * n_offsets * n_orientations + kind], best[region + 1]);
        }
    }
}

// One thread for each slice, region, offset and orientation, that measures its best once more.
extern "C" __global__ void describe_lines(
    const unsigned short* __restrict__ patch, const unsigned long long* __restrict__ strongest,
    const int* __restrict__ lines, const int* __restrict__ firsts, long long n_bands, int height,
    int width, int n_regions, int n_kinds, unsigned char* found, int* inside, int* beside,
    int* continuity) {
    const long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_bands || strongest[k] == 0) return;
    const int place = LAST - (strongest[k] & LAST);
    const long long slice = k / n_kinds / n_regions;
    const int n_across = (width + 1) / 2;
    const int y = place / n_across * 2 + firsts[2 * slice];
    const int x = place % n_across * 2 + firsts[2 * slice + 1];
    const int* samples = &lines[k % n_kinds * N_LINES * N_SAMPLES * 2];
    int steps[N_LINES * N_SAMPLES];
    for (int i = 0; i < N_LINES * N_SAMPLES; i++) {
        steps[i] = samples[2 * i] * width + samples[2 * i + 1];
    }
    const Band band = measure(patch + slice * height * width + (long long)y * width + x, steps);
    found[k] = 1;
    inside[k] = band.inside;
    beside[k] = band.beside;
    continuity[k] = band.continuity;
}
