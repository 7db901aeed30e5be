// Dark lines: the strongest dark line of each region, offset and orientation of each slice.
//
// Strength and centre are packed into one number: the strength in the upper bits, the index of the
// centre, counted from the end, in the lower bits. So the largest number is the first of the
// strongest lines, in every order of threads.

#include "walks.cuh"

constexpr int N_LINES = 3;
constexpr int N_SAMPLES = 11;
constexpr int BIAS = 1 << 20;  // above every strength, which is at most 11 * 9 * 255
constexpr unsigned long long LAST = 0xffffffffull;

// One thread per pixel: the sum of the 3 x 3 pixels around it; 0 at the edge of the slice, which no
// line uses.
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

struct Line {
    int inside, beside, continuity;
};

// The line centred at `middle`; `steps` are the offsets of the samples of each line.
__device__ Line measure(const unsigned short* middle, const int* steps) {
    int middle_sum = 0, left = 0, right = 0, darker = 0;
    for (int k = 0; k < N_SAMPLES; k++) {
        const int m = middle[steps[k]];
        const int a = middle[steps[N_SAMPLES + k]], b = middle[steps[2 * N_SAMPLES + k]];
        middle_sum += m;
        left += a;
        right += b;
        darker += m < a && m < b;
    }
    const Line line = {middle_sum, min(left, right), darker};
    return line;
}

// `blocks` blocks for each slice, offset and orientation. Their threads try the centres in every
// second row and column from `firsts` of the slice on. `reach` is the largest row and column offset
// of the samples of each offset.
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
    const int n_per_row = (width + 1) / 2, n_middles = (height + 1) / 2 * n_per_row;
    unsigned long long thread_best = 0;
    int thread_region = 0;
    for (int index = walk.first; index < n_middles; index += walk.stride) {
        const int y = index / n_per_row * 2 + firsts[2 * slice];
        const int x = index % n_per_row * 2 + firsts[2 * slice + 1];
        if (y <= high || y >= height - 1 - high || x <= wide || x >= width - 1 - wide) continue;
        const long long pixel = slice * height * width + (long long)y * width + x;
        const int region = regions[pixel];
        if (region == 0) continue;
        if (region != thread_region) {
            if (thread_best > 0) atomicMax(&best[thread_region], thread_best);
            thread_best = 0;
            thread_region = region;
        }
        const Line line = measure(patch + pixel, steps);
        const unsigned long long strength = BIAS + line.beside - line.inside;
        const unsigned long long packed = strength << 32 | (LAST - index);
        thread_best = packed > thread_best ? packed : thread_best;
    }
    if (thread_best > 0) atomicMax(&best[thread_region], thread_best);
    __syncthreads();
    for (int region = threadIdx.x; region < n_regions; region += blockDim.x) {
        const long long row = slice * n_regions + region;
        if (best[region + 1] > 0) {
            atomicMax(&strongest[row * n_offsets * n_orientations + kind], best[region + 1]);
        }
    }
}

// One thread for each slice, region, offset and orientation. It measures the strongest line again.
extern "C" __global__ void describe_lines(
    const unsigned short* __restrict__ patch, const unsigned long long* __restrict__ strongest,
    const int* __restrict__ lines, const int* __restrict__ firsts, long long n_lines, int height,
    int width, int n_regions, int n_kinds, unsigned char* found, int* inside, int* beside,
    int* continuity) {
    const long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_lines || strongest[k] == 0) return;
    const int index = LAST - (strongest[k] & LAST);
    const long long slice = k / n_kinds / n_regions;
    const int n_per_row = (width + 1) / 2;
    const int y = index / n_per_row * 2 + firsts[2 * slice];
    const int x = index % n_per_row * 2 + firsts[2 * slice + 1];
    const int* samples = &lines[k % n_kinds * N_LINES * N_SAMPLES * 2];
    int steps[N_LINES * N_SAMPLES];
    for (int i = 0; i < N_LINES * N_SAMPLES; i++) {
        steps[i] = samples[2 * i] * width + samples[2 * i + 1];
    }
    const Line line = measure(patch + slice * height * width + (long long)y * width + x, steps);
    found[k] = 1;
    inside[k] = line.inside;
    beside[k] = line.beside;
    continuity[k] = line.continuity;
}
