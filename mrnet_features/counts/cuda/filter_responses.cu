// Filter responses: separable integer filters along rows, then along columns, and their histograms.
//
// Taps are multiples of 2^-14. 6 fraction bits are kept between the passes and 4 after them; half
// is rounded away from zero, so that a mirrored slice has mirrored responses.

#include "responses.cuh"

constexpr int TAP_BITS = 14;
constexpr int MIDDLE_BITS = 6;
constexpr int END_BITS = 4;
constexpr int ROW_BLOCK = 128;  // pixels of a row that a block filters
constexpr int MOST_MARGIN = 64;  // of taps to one side of the middle
constexpr int MOST_TAPS = 2 * MOST_MARGIN + 1;
constexpr int MOST_SETS = 5;  // of taps
constexpr int MOST_VALUES = 2 * REACH + 1;

__device__ int round_off(int sum, int bits) {
    return (sum + (1 << (bits - 1)) + (sum >> 31)) >> bits;
}

// One block per `ROW_BLOCK` pixels of a row, one thread per pixel. The segment of the row, padded
// with the edge pixels of the slice, and all taps are in shared memory. `middle` has one image
// stack per set of taps; its values fit in 16 bits, as the magnitudes of the taps add up to less
// than 2.
extern "C" __global__ void filter_rows(
    const unsigned char* __restrict__ grey, const int* __restrict__ taps, int n_sets, int n_taps,
    int blocks_per_row, unsigned int n_pixels, int width, short* middle) {
    __shared__ unsigned char segment[ROW_BLOCK + 2 * MOST_MARGIN];
    __shared__ int tap[MOST_SETS * MOST_TAPS];
    const unsigned int row = blockIdx.x / blocks_per_row * width;
    const int first = blockIdx.x % blocks_per_row * ROW_BLOCK, margin = n_taps / 2;
    for (int k = threadIdx.x; k < ROW_BLOCK + 2 * margin; k += blockDim.x) {
        segment[k] = grey[row + min(max(first - margin + k, 0), width - 1)];
    }
    for (int k = threadIdx.x; k < n_sets * n_taps; k += blockDim.x) tap[k] = taps[k];
    __syncthreads();
    const int t = threadIdx.x;
    if (first + t >= width) return;
    for (int set = 0; set < n_sets; set++) {
        int sum = 0;
        for (int k = 0; k < n_taps; k++) sum += tap[set * n_taps + k] * segment[t + k];
        middle[(size_t)set * n_pixels + row + first + t] = round_off(sum, TAP_BITS - MIDDLE_BITS);
    }
}

// Loads taps into shared memory; returns whether the pixel of the thread has a response. One thread
// per pixel; the threads of a warp read lines of `middle` together. Threads outside all regions
// have no work.
__device__ bool begin_columns(
    const unsigned char* regions, const int* taps, int n_all_taps, unsigned int n_pixels,
    unsigned int pixel, int* tap) {
    for (int k = threadIdx.x; k < n_all_taps; k += blockDim.x) tap[k] = taps[k];
    __syncthreads();
    return pixel < n_pixels && regions[pixel] > 0;
}

// Offset of the k-th sample of a column from its middle, in pixels; edge pixels are repeated.
__device__ int step_to(int k, int margin, int y, int height, int width) {
    return (min(max(y + k - margin, 0), height - 1) - y) * width;
}

// Taps: Gaussian, its second derivative.
extern "C" __global__ void filter_laplacian_columns(
    const short* __restrict__ middle, const unsigned char* __restrict__ regions,
    const int* __restrict__ taps, int n_taps, unsigned int n_pixels, int height, int width,
    unsigned short* response) {
    __shared__ int tap[2 * MOST_TAPS];
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (!begin_columns(regions, taps, 2 * n_taps, n_pixels, pixel, tap)) return;
    const int y = pixel / width % height;
    int sum = 0;
    for (int k = 0; k < n_taps; k++) {
        const short* here = middle + pixel + step_to(k, n_taps / 2, y, height, width);
        sum += tap[n_taps + k] * here[0] + tap[k] * here[n_pixels];
    }
    const int value = (round_off(sum, TAP_BITS + MIDDLE_BITS - END_BITS) + 2) >> (END_BITS - 2);
    response[pixel] = min(max(value, -REACH), REACH) + REACH;
}

__device__ unsigned short find_magnitude(int real, int imaginary) {
    const long long a = round_off(real, TAP_BITS + MIDDLE_BITS - END_BITS);
    const long long b = round_off(imaginary, TAP_BITS + MIDDLE_BITS - END_BITS);
    // sums of squares are integers, and all devices round roots of doubles alike
    const int length = (int)sqrt((double)(a * a + b * b));
    return min((length + 2) >> (END_BITS - 2), REACH);
}

// Taps: Gaussian, even and odd wave, even and odd wave of the diagonals. Responses, one image stack
// each: wave along rows, along columns, along one diagonal and along the other.
extern "C" __global__ void filter_gabor_columns(
    const short* __restrict__ middle, const unsigned char* __restrict__ regions,
    const int* __restrict__ taps, int n_taps, unsigned int n_pixels, int height, int width,
    unsigned short* response) {
    __shared__ int tap[5 * MOST_TAPS];
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (!begin_columns(regions, taps, 5 * n_taps, n_pixels, pixel, tap)) return;
    const int y = pixel / width % height;
    const size_t stack = n_pixels;  // from one stack to the next
    int row_even = 0, row_odd = 0, column_even = 0, column_odd = 0;
    int even_even = 0, odd_odd = 0, odd_even = 0, even_odd = 0;  // column, row
    for (int k = 0; k < n_taps; k++) {
        const short* here = middle + pixel + step_to(k, n_taps / 2, y, height, width);
        const int gauss = here[0], even = here[stack], odd = here[2 * stack];
        const int diagonal_even = here[3 * stack], diagonal_odd = here[4 * stack];
        row_even += tap[k] * even;
        row_odd += tap[k] * odd;
        column_even += tap[n_taps + k] * gauss;
        column_odd += tap[2 * n_taps + k] * gauss;
        even_even += tap[3 * n_taps + k] * diagonal_even;
        even_odd += tap[3 * n_taps + k] * diagonal_odd;
        odd_even += tap[4 * n_taps + k] * diagonal_even;
        odd_odd += tap[4 * n_taps + k] * diagonal_odd;
    }
    unsigned short* here = response + pixel;
    here[0] = find_magnitude(row_even, row_odd);
    here[stack] = find_magnitude(column_even, column_odd);
    here[2 * stack] = find_magnitude(even_even - odd_odd, odd_even + even_odd);
    here[3 * stack] = find_magnitude(even_even + odd_odd, odd_even - even_odd);
}

// One block per slice, region and output, so that all counting is in shared memory. Each output
// counts one response, the last one all remaining ones.
extern "C" __global__ void count_responses(
    const unsigned short* __restrict__ response, const unsigned char* __restrict__ regions,
    unsigned int n_pixels, int slice_size, int n_regions, int n_outputs, int n_stacks,
    int n_values, int* counts) {
    __shared__ int count[MOST_VALUES];
    for (int k = threadIdx.x; k < n_values; k += blockDim.x) count[k] = 0;
    __syncthreads();
    const int output = blockIdx.x % n_outputs;
    const int region = blockIdx.x / n_outputs % n_regions + 1;
    const unsigned int base = blockIdx.x / n_outputs / n_regions * slice_size;
    const int end = output == n_outputs - 1 ? n_stacks : output + 1;
    for (int index = threadIdx.x; index < slice_size; index += blockDim.x) {
        if (regions[base + index] != region) continue;
        for (int k = output; k < end; k++) {
            const int value = response[(size_t)k * n_pixels + base + index];
            if (value != NOT_COUNTED) atomicAdd(&count[value], 1);
        }
    }
    __syncthreads();
    for (int k = threadIdx.x; k < n_values; k += blockDim.x) {
        counts[(long long)blockIdx.x * n_values + k] = count[k];
    }
}
