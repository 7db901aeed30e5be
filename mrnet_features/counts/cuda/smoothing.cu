// Smoothing: sums along rows, then along columns; edge pixels of the slice are repeated.

__device__ int clamp(int position, int size) {
    return min(max(position, 0), size - 1);
}

// One thread per pixel; the threads of a warp read one segment of a row, mostly from the cache.
extern "C" __global__ void sum_rows(
    const unsigned char* __restrict__ grey, unsigned int n_pixels, int width, int half, int* sums) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels) return;
    const int x = pixel % width;
    int total = 0;
    for (int k = -half; k <= half; k++) total += grey[pixel - x + clamp(x + k, width)];
    sums[pixel] = total;
}

// One thread per column, with a running sum; the threads of a warp read one line together.
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
