// Haar wavelet: undecimated details, which are differences between the halves of squares.
//
// A square is identified by its last pixel. Its quarters are summed along rows, then along columns;
// a half is two quarters.

#include "responses.cuh"

// One thread per pixel: the sum of the last `half` pixels of its row up to it, or of fewer at the
// edge, and whether the last 2 half pixels are of one region.
extern "C" __global__ void sum_rows(
    const unsigned char* __restrict__ grey, const unsigned char* __restrict__ regions,
    unsigned int n_pixels, int width, int half, unsigned short* sums, unsigned char* is_whole_row) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width;
    int sum = 0;
    for (int k = 0; k < min(half, x + 1); k++) sum += grey[pixel - k];
    sums[pixel] = sum;
    const unsigned char region = regions[pixel];
    bool whole = region > 0 && x + 1 >= 2 * half;
    for (int k = 1; whole && k < 2 * half; k++) whole = regions[pixel - k] == region;
    is_whole_row[pixel] = whole;
}

// One thread per pixel: the sum of the quarter square that ends at it, cut at the edge of the
// slice.
extern "C" __global__ void sum_columns(
    const unsigned short* __restrict__ sums, unsigned int n_pixels, int height, int width,
    int half, int* quarters) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int y = pixel / width % height;
    int sum = 0;
    for (int k = 0; k < min(half, y + 1); k++) sum += sums[pixel - k * width];
    quarters[pixel] = sum;
}

// One thread per pixel: the three details of the square that ends at it, one image stack each.
extern "C" __global__ void take_details(
    const int* __restrict__ quarters, const unsigned char* __restrict__ regions,
    const unsigned char* __restrict__ is_whole_row, unsigned int n_pixels, int height, int width,
    int half, unsigned short* response) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int y = pixel / width % height, side = 2 * half, area = side * half;
    bool whole = y + 1 >= side;
    for (int k = 0; whole && k < side; k++) {
        const unsigned int above = pixel - k * width;
        whole = is_whole_row[above] && regions[above] == regions[pixel];
    }
    for (int k = 0; !whole && k < 3; k++) response[(size_t)k * n_pixels + pixel] = NOT_COUNTED;
    if (!whole) return;
    const unsigned int up = half * width;
    const int up_left = quarters[pixel - up - half], up_right = quarters[pixel - up];
    const int low_left = quarters[pixel - half], low_right = quarters[pixel];
    const int details[3] = {
        abs(up_right + low_right - up_left - low_left),
        abs(low_left + low_right - up_left - up_right),
        abs(up_left + low_right - up_right - low_left),
    };
    for (int k = 0; k < 3; k++) {
        response[(size_t)k * n_pixels + pixel] = (STEPS * details[k] + area / 2) / area;
    }
}
