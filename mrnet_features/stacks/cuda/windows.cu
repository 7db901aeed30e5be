// Windows: extents of a mask in boxes, and copies of windows of slices.
//
// A box is a row of seven: first slice, one past the last, first row, one past the last, first
// column, one past the last, a number. A cut is a row of four: slice, first row, first column,
// slice of the target.

// One block per strip, which is the part of a box in one slice: a row of six, the slice first.
extern "C" __global__ void find_extents(
    const unsigned char* __restrict__ mask, const int* __restrict__ strips, int height, int width,
    int* extents) {
    __shared__ int found[4];  // first and last row, first and last column
    const int* strip = strips + blockIdx.x * 6LL;
    const int slice = strip[0], top = strip[1], bottom = strip[2], left = strip[3];
    const int n_columns = strip[4] - left, n_rows = bottom - top;
    if (threadIdx.x < 4) found[threadIdx.x] = threadIdx.x % 2 == 0 ? 0x7fffffff : -1;
    __syncthreads();
    int thread_found[4] = {0x7fffffff, -1, 0x7fffffff, -1};
    const long long n = n_rows > 0 && n_columns > 0 ? (long long)n_rows * n_columns : 0;
    for (long long k = threadIdx.x; k < n; k += blockDim.x) {
        const int y = top + (int)(k / n_columns), x = left + (int)(k % n_columns);
        if (mask[((long long)slice * height + y) * width + x] == 0) continue;
        thread_found[0] = min(thread_found[0], y);
        thread_found[1] = max(thread_found[1], y);
        thread_found[2] = min(thread_found[2], x);
        thread_found[3] = max(thread_found[3], x);
    }
    if (thread_found[1] >= 0) {
        for (int k = 0; k < 4; k += 2) {
            atomicMin(&found[k], thread_found[k]);
            atomicMax(&found[k + 1], thread_found[k + 1]);
        }
    }
    __syncthreads();
    if (threadIdx.x > 0 || found[1] < 0) return;
    int* extent = extents + strip[5] * 6LL;
    atomicMin(&extent[0], slice);
    atomicMax(&extent[1], slice);
    for (int k = 0; k < 4; k += 2) {
        atomicMin(&extent[2 + k], found[k]);
        atomicMax(&extent[3 + k], found[k + 1]);
    }
}

// Pixel of a window: its source and its target.
struct WindowPixel {
    int cut, slice, y, x;
    long long source, target;
};

__device__ WindowPixel find_pixel(
    const int* cuts, unsigned int which, int height, int width, int window_height,
    int window_width) {
    WindowPixel pixel;
    const int u = which % window_width, v = which / window_width % window_height;
    pixel.cut = which / window_width / window_height;
    const int* cut = cuts + pixel.cut * 4LL;
    pixel.slice = cut[0];
    pixel.y = cut[1] + v;
    pixel.x = cut[2] + u;
    pixel.source = ((long long)pixel.slice * height + pixel.y) * width + pixel.x;
    pixel.target = ((long long)cut[3] * window_height + v) * window_width + u;
    return pixel;
}

// One thread per pixel of the windows.
extern "C" __global__ void cut_windows(
    const unsigned char* __restrict__ part, const int* __restrict__ cuts, unsigned int n,
    int height, int width, int window_height, int window_width, unsigned char* target) {
    const unsigned int which = blockIdx.x * blockDim.x + threadIdx.x;
    if (which >= n) return;
    const WindowPixel pixel = find_pixel(cuts, which, height, width, window_height, window_width);
    target[pixel.target] = part[pixel.source];
}

// One thread per pixel of the windows; `spans` has the first box of each cut and one past its last.
extern "C" __global__ void draw_boxes(
    const unsigned char* __restrict__ mask, const int* __restrict__ boxes,
    const int* __restrict__ spans, const int* __restrict__ cuts, unsigned int n, int height,
    int width, int window_height, int window_width, unsigned char* target) {
    const unsigned int which = blockIdx.x * blockDim.x + threadIdx.x;
    if (which >= n) return;
    const WindowPixel pixel = find_pixel(cuts, which, height, width, window_height, window_width);
    int drawn = 0;
    if (mask[pixel.source] > 0) {
        for (int k = spans[2 * pixel.cut]; k < spans[2 * pixel.cut + 1]; k++) {
            const int* box = boxes + k * 7LL;
            const bool holds = pixel.slice >= box[0] && pixel.slice < box[1] && pixel.y >= box[2]
                && pixel.y < box[3] && pixel.x >= box[4] && pixel.x < box[5];
            if (holds) drawn = box[6];
        }
    }
    target[pixel.target] = drawn;
}
