// Windows: how far a mask reaches in boxes, and what windows of slices show.
//
// A box is a row of seven: first slice, one past the last, first row, one past the last, first
// column, one past the last, a number. A cut is a row of four: slice, first row, first column,
// slice of the target.

// One block a strip, a box's part in one slice: a row of six, the slice in front.
extern "C" __global__ void find_extents(
    const unsigned char* __restrict__ mask, const int* __restrict__ strips, int height, int width,
    int* extents) {
    __shared__ int found[4];  // first and last row, first and last column
    const int* strip = strips + blockIdx.x * 6LL;
    const int slice = strip[0], top = strip[1], bottom = strip[2], left = strip[3];
    const int n_columns = strip[4] - left, n_rows = bottom - top;
    if (threadIdx.x < 4) found[threadIdx.x] = threadIdx.x % 2 == 0 ? 0x7fffffff : -1;
    __syncthreads();
    int its[4] = {0x7fffffff, -1, 0x7fffffff, -1};
    const long long n = n_rows > 0 && n_columns > 0 ? (long long)n_rows * n_columns : 0;
    for (long long k = threadIdx.x; k < n; k += blockDim.x) {
        const int y = top + (int)(k / n_columns), x = left + (int)(k % n_columns);
        if (mask[((long long)slice * height + y) * width + x] == 0) continue;
        its[0] = min(its[0], y);
        its[1] = max(its[1], y);
        its[2] = min(its[2], x);
        its[3] = max(its[3], x);
    }
    if (its[1] >= 0) {
        for (int k = 0; k < 4; k += 2) {
            atomicMin(&found[k], its[k]);
            atomicMax(&found[k + 1], its[k + 1]);
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

// A pixel of a window: where it comes from and where it goes to.
struct Place {
    int cut, slice, y, x;
    long long source, target;
};

__device__ Place find_place(
    const int* cuts, unsigned int which, int height, int width, int window_height,
    int window_width) {
    Place place;
    const int u = which % window_width, v = which / window_width % window_height;
    place.cut = which / window_width / window_height;
    const int* cut = cuts + place.cut * 4LL;
    place.slice = cut[0];
    place.y = cut[1] + v;
    place.x = cut[2] + u;
    place.source = ((long long)place.slice * height + place.y) * width + place.x;
    place.target = ((long long)cut[3] * window_height + v) * window_width + u;
    return place;
}

// One thread a pixel of the windows.
extern "C" __global__ void cut_windows(
    const unsigned char* __restrict__ part, const int* __restrict__ cuts, unsigned int n,
    int height, int width, int window_height, int window_width, unsigned char* target) {
    const unsigned int which = blockIdx.x * blockDim.x + threadIdx.x;
    if (which >= n) return;
    const Place place = find_place(cuts, which, height, width, window_height, window_width);
    target[place.target] = part[place.source];
}

// One thread a pixel of the windows; `spans` has the first box of a cut and one past its last.
extern "C" __global__ void draw_boxes(
    const unsigned char* __restrict__ mask, const int* __restrict__ boxes,
    const int* __restrict__ spans, const int* __restrict__ cuts, unsigned int n, int height,
    int width, int window_height, int window_width, unsigned char* target) {
    const unsigned int which = blockIdx.x * blockDim.x + threadIdx.x;
    if (which >= n) return;
    const Place place = find_place(cuts, which, height, width, window_height, window_width);
    int drawn = 0;
    if (mask[place.source] > 0) {
        for (int k = spans[2 * place.cut]; k < spans[2 * place.cut + 1]; k++) {
            const int* box = boxes + k * 7LL;
            const bool holds = place.slice >= box[0] && place.slice < box[1] && place.y >= box[2]
                && place.y < box[3] && place.x >= box[4] && place.x < box[5];
            if (holds) drawn = box[6];
        }
    }
    target[place.target] = drawn;
}
