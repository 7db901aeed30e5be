// Windows: extents of a mask in boxes, and copies of windows of slices.
//
// A box is a row of eleven: first slice, one past the last, first row, one past the last, first
// column, one past the last, a number, rows per column and rows per slice in units of
// 1 / TILT_UNITS, twice the column and twice the slice where rows are as given. A cut is a row of
// four: slice, first row, first column, slice of the target.

constexpr int BOX_COLUMNS = 11;
constexpr int TILT_UNITS = 1024;  // must equal that in windows.py

// Number of rows by which a box lies lower at a slice and column.
__device__ int shift_rows(const int* box, int slice, int x) {
    const int twice = box[7] * (2 * x - box[9]) + box[8] * (2 * slice - box[10]) + TILT_UNITS;
    const int unit = 2 * TILT_UNITS;
    return twice >= 0 ? twice / unit : -((unit - 1 - twice) / unit);  // rounded down
}

// One block per strip, which is the part of a box in its first slice.
extern "C" __global__ void find_extents(
    const unsigned char* __restrict__ mask, const int* __restrict__ strips, int height, int width,
    int* extents) {
    __shared__ int found[4];  // first and last row, first and last column
    const int* strip = strips + blockIdx.x * (long long)BOX_COLUMNS;
    const int slice = strip[0], top = strip[2], bottom = strip[3], left = strip[4];
    const int n_columns = strip[5] - left, n_rows = bottom - top;
    if (threadIdx.x < 4) found[threadIdx.x] = threadIdx.x % 2 == 0 ? 0x7fffffff : -1;
    __syncthreads();
    int thread_found[4] = {0x7fffffff, -1, 0x7fffffff, -1};
    const long long n = n_rows > 0 && n_columns > 0 ? (long long)n_rows * n_columns : 0;
    for (long long k = threadIdx.x; k < n; k += blockDim.x) {
        const int x = left + (int)(k % n_columns);
        const int y = top + (int)(k / n_columns) + shift_rows(strip, slice, x);
        if (y < 0 || y >= height) continue;
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
    int* extent = extents + strip[6] * 6LL;
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
            const int* box = boxes + k * (long long)BOX_COLUMNS;
            if (pixel.slice < box[0] || pixel.slice >= box[1]) continue;
            if (pixel.x < box[4] || pixel.x >= box[5]) continue;
            const int y = pixel.y - shift_rows(box, pixel.slice, pixel.x);
            const bool holds = y >= box[2] && y < box[3];
            if (holds) drawn = box[6];
        }
    }
    target[pixel.target] = drawn;
}
