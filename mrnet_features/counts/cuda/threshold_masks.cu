// Threshold masks: bit quads and boxes of the pixels of each region at or above each threshold.

constexpr int WARP = 32;
constexpr int MOST_SIZES = 32;  // of boxes: sides are ints

// Whether a pixel is in the mask, for a slice seen from the left or mirrored; 0 outside the slice.
__device__ int is_in(
    const unsigned char* levels, const unsigned char* regions, int height, int width, int y, int x,
    int region, int threshold, bool from_right) {
    if (y < 0 || y >= height || x < 0 || x >= width) return 0;
    const long long index = (long long)y * width + (from_right ? width - 1 - x : x);
    return regions[index] == region && levels[index] >= threshold;
}

// One block per mask (slice, region, threshold), or for several in turn: the grid is no larger than
// the work space, in which a block repeatedly halves its mask. A warp takes a row. Each count has
// one block, so threads add in registers, then in shared memory.
extern "C" __global__ void count_masks(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions,
    const int* __restrict__ thresholds, long long n_masks, int height, int width, int n_regions,
    int n_thresholds, int n_sizes, unsigned char* workspace, long long workspace_per_block, int* quads,
    int* boxes, int* n_pixels) {
    // kinds of the sixteen squares, bits: upper left 1, upper right 2, lower left 4, lower right 8
    const unsigned long long kinds = 0x4332325135212110ull;
    __shared__ int quad[6], box[MOST_SIZES], n_inside;
    const int t = threadIdx.x, row = t / WARP, column = t % WARP, n_warps = blockDim.x / WARP;
    for (long long mask = blockIdx.x; mask < n_masks; mask += gridDim.x) {
        const int threshold = thresholds[mask % n_thresholds];
        const int region = mask / n_thresholds % n_regions + 1;
        const long long base = mask / n_thresholds / n_regions * height * width;
        const unsigned char* level = levels + base;
        const unsigned char* inside = regions + base;
        __syncthreads();  // all have read what the mask before left
        if (t < 6) quad[t] = 0;
        if (t < MOST_SIZES) box[t] = 0;
        if (t == 0) n_inside = 0;
        __syncthreads();
        int thread_quad[6] = {0, 0, 0, 0, 0, 0}, thread_inside = 0, thread_mask = 0;
        for (int y = row; y <= height; y += n_warps) {
            for (int x = column; x <= width; x += WARP) {
                int bits = 0;
                for (int k = 0; k < 4; k++) {
                    bits |= is_in(level, inside, height, width, y - 1 + k / 2, x - 1 + k % 2,
                                  region, threshold, false) << k;
                }
                const int kind = kinds >> 4 * bits & 15;
                for (int k = 0; k < 6; k++) thread_quad[k] += k == kind;  // stays in registers
                thread_inside += is_in(level, inside, height, width, y, x, region, 0, false);
                thread_mask += bits >> 3;
            }
        }
        for (int k = 0; k < 6; k++) {
            if (thread_quad[k] > 0) atomicAdd(&quad[k], thread_quad[k]);
        }
        if (thread_inside > 0) atomicAdd(&n_inside, thread_inside);
        if (thread_mask > 0) atomicAdd(&box[0], 2 * thread_mask);  // as seen from both sides
        __syncthreads();
        if (n_inside == 0) continue;  // the same for all threads
        for (int from_right = 0; from_right < 2; from_right++) {
            // two alternating buffers: none is written to before all have read it
            unsigned char* fine = workspace + blockIdx.x * workspace_per_block;
            unsigned char* coarse = fine + (height + 1) / 2 * (long long)((width + 1) / 2);
            int n_rows = height, n_columns = width;
            for (int k = 1; k < n_sizes; k++) {
                const int half_rows = (n_rows + 1) / 2, half_columns = (n_columns + 1) / 2;
                unsigned char* target = k == 1 ? fine : coarse;
                int number = 0;
                for (int y = row; y < half_rows; y += n_warps) {
                    for (int x = column; x < half_columns; x += WARP) {
                        int any = 0;
                        for (int j = 0; j < 4; j++) {
                            const int v = 2 * y + j / 2, u = 2 * x + j % 2;
                            if (k == 1) {
                                any |= is_in(level, inside, height, width, v, u, region,
                                             threshold, from_right);
                            } else if (v < n_rows && u < n_columns) {
                                any |= fine[(long long)v * n_columns + u];
                            }
                        }
                        target[(long long)y * half_columns + x] = any;
                        number += any;
                    }
                }
                if (number > 0) atomicAdd(&box[k], number);
                __syncthreads();
                if (k > 1) {
                    unsigned char* other = fine;
                    fine = coarse;
                    coarse = other;
                }
                n_rows = half_rows;
                n_columns = half_columns;
            }
        }
        __syncthreads();
        if (t < 6) quads[mask * 6 + t] = quad[t];
        if (t < n_sizes) boxes[mask * n_sizes + t] = box[t];
        // the same for all thresholds, so the first writes it
        if (t == 0 && mask % n_thresholds == 0) n_pixels[mask / n_thresholds] = n_inside;
    }
}
