// Means of squares: sums along rows, then along columns; beyond the slice its edge goes on.

__device__ int clamp(int place, int size) {
    return min(max(place, 0), size - 1);
}

// One thread a pixel; threads of a warp read one stretch of a row, all but the first from cache.
extern "C" __global__ void sum_rows(
    const unsigned char* __restrict__ grey, unsigned int n_pixels, int width, int half, int* sums) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width;
    int total = 0;
    for (int k = -half; k <= half; k++) total += grey[pixel - x + clamp(x + k, width)];
    sums[pixel] = total;
}

// One thread a column, that carries the sum along; threads of a warp read one line together.
extern "C" __global__ void average_columns(
    const int* __restrict__ sums, int n_slices, int height, int width, int half,
    unsigned char* means) {
    const unsigned int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= (unsigned int)n_slices * width) return;
    const unsigned int top = column / width * height * width + column % width;
    const int side = 2 * half + 1;
    int total = 0;
    for (int k = -half; k <= half; k++) total += sums[top + clamp(k, height) * width];
    for (int y = 0; y < height; y++) {
        means[top + y * width] = total / (side * side);
        total += sums[top + clamp(y + half + 1, height) * width];
        total -= sums[top + clamp(y - half, height) * width];
    }
}
