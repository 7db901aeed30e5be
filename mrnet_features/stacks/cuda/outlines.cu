// Outlines: masks closed, filled, opened and cleared of small components, for each slice.
//
// A slice of blocks is small: one block of threads takes it, in shared memory where it fits, else
// in its own work space in global memory; steps are separated by barriers. Components are found by
// union-find, so that a winding hole takes no more steps than a round one.

#include "union_find.cuh"

constexpr int MARGIN = 2;  // pixels around the slice, for the closing

// Size of the slices.
struct Slice {
    int height, width;
};

__device__ bool is_on(const unsigned char* mask, Slice slice, int y, int x) {
    return y >= 0 && y < slice.height && x >= 0 && x < slice.width
        && mask[(long long)y * slice.width + x];
}

// Whether one of the thirteen pixels up to two steps along rows and columns is on; edge pixels of
// the slice are repeated.
__device__ bool touches(const bool* mask, Slice slice, int y, int x) {
    for (int dy = -2; dy <= 2; dy++) {
        const int far = 2 - abs(dy), v = min(max(y + dy, 0), slice.height - 1);
        for (int dx = -far; dx <= far; dx++) {
            const int u = min(max(x + dx, 0), slice.width - 1);
            if (mask[(long long)v * slice.width + u]) return true;
        }
    }
    return false;
}

// Whether all of these thirteen pixels are on, in a mask with a margin.
__device__ bool is_surrounded(const unsigned char* wide, Slice slice, int y, int x) {
    const long long stride = slice.width + 2 * MARGIN;
    for (int dy = -2; dy <= 2; dy++) {
        const int far = 2 - abs(dy);
        for (int dx = -far; dx <= far; dx++) {
            if (!wide[(y + dy + MARGIN) * stride + x + dx + MARGIN]) return false;
        }
    }
    return true;
}

// Number of pixels on among a pixel and its eight neighbours; 0 outside the slice.
__device__ int count_on(const unsigned char* mask, Slice slice, int y, int x) {
    int number = 0;
    for (int v = y - 1; v <= y + 1; v++) {
        for (int u = x - 1; u <= x + 1; u++) number += is_on(mask, slice, v, u);
    }
    return number;
}

// One block per slice, or for several in turn. The first item of `parent` is the outside of the
// slice, each other item a pixel.
extern "C" __global__ void fill_outlines(
    const bool* __restrict__ masks, int n_slices, int height, int width, long long n_words,
    int in_shared, unsigned int* workspace, bool* filled) {
    extern __shared__ unsigned int memory[];
    __shared__ int largest;
    const Slice slice = {height, width};
    const int n = height * width, t = threadIdx.x, step = blockDim.x;
    unsigned int* parent = in_shared ? memory : workspace + blockIdx.x * n_words;
    int* size = (int*)(parent + n + 1);
    unsigned char* one = (unsigned char*)(size + n);
    unsigned char* other = one + n;
    unsigned char* wide = other + n;
    for (int s = blockIdx.x; s < n_slices; s += gridDim.x) {
        const bool* mask = masks + (long long)s * n;
        const int wide_width = width + 2 * MARGIN, n_wide = (height + 2 * MARGIN) * wide_width;
        if (t == 0) largest = 0;
        for (int k = t; k < n_wide; k += step) {
            wide[k] = touches(mask, slice, k / wide_width - MARGIN, k % wide_width - MARGIN);
        }
        for (int k = t; k <= n; k += step) parent[k] = k;
        __syncthreads();
        for (int k = t; k < n; k += step) {
            one[k] = is_surrounded(wide, slice, k / width, k % width);
        }
        __syncthreads();
        for (int k = t; k < n; k += step) {  // join background pixels with each other and with the outside
            const int y = k / width, x = k % width;
            if (one[k]) continue;
            if (y == 0 || x == 0 || y == height - 1 || x == width - 1) join(parent, 0, k + 1);
            if (x > 0 && !one[k - 1]) join(parent, k, k + 1);
            if (y > 0 && !one[k - width]) join(parent, k - width + 1, k + 1);
        }
        __syncthreads();
        for (int k = t; k < n; k += step) other[k] = one[k] || find_root(parent, k + 1) != 0;
        __syncthreads();
        if (min(height, width) > 4) {
            for (int k = t; k < n; k += step) {
                one[k] = count_on(other, slice, k / width, k % width) == 9;
            }
            __syncthreads();
            for (int k = t; k < n; k += step) {
                other[k] = count_on(one, slice, k / width, k % width) > 0;
            }
        }
        for (int k = t; k < n; k += step) {
            parent[k + 1] = k + 1;
            size[k] = 0;
        }
        __syncthreads();
        for (int k = t; k < n; k += step) {
            if (!other[k]) continue;
            if (k % width > 0 && other[k - 1]) join(parent, k, k + 1);
            if (k >= width && other[k - width]) join(parent, k - width + 1, k + 1);
        }
        __syncthreads();
        for (int k = t; k < n; k += step) {
            if (other[k]) atomicAdd(&size[find_root(parent, k + 1) - 1], 1);
        }
        __syncthreads();
        for (int k = t; k < n; k += step) {
            if (size[k] > 0) atomicMax(&largest, size[k]);
        }
        __syncthreads();
        for (int k = t; k < n; k += step) {
            const bool is_kept =
                other[k] && 4LL * size[find_root(parent, k + 1) - 1] >= largest;
            filled[(long long)s * n + k] = is_kept;
        }
        __syncthreads();  // all have read what the next slice overwrites
    }
}
