// Region extents: a thread extends a box in registers while it stays in a region, a block the boxes
// of all regions of its part of a slice in shared memory; boxes with a pixel extend those of the
// exam.

#include "walks.cuh"

constexpr int BEYOND = 0x7fffffff;

struct Box {
    int region, top, bottom, left, right;
};

// Extends the box of a region in the block by that of a thread, and starts again with another
// region.
__device__ void flush(Box* box, int* boxes, int region) {
    if (box->region > 0) {
        int* const mine = &boxes[4 * box->region];
        atomicMin(&mine[0], box->top);
        atomicMax(&mine[1], box->bottom);
        atomicMin(&mine[2], box->left);
        atomicMax(&mine[3], box->right);
    }
    const Box fresh = {region, BEYOND, -1, BEYOND, -1};
    *box = fresh;
}

// `blocks_per_slice` blocks per slice; `owners` is the exam of each slice. `bounds` holds first and
// last slice, row and column for each exam and region, and begins with empty boxes.
extern "C" __global__ void find_bounds(
    const unsigned char* __restrict__ regions, const int* __restrict__ owners, int blocks_per_slice,
    int height, int width, int n_regions, int* bounds) {
    __shared__ int boxes[4 * MOST_REGIONS];
    for (int k = threadIdx.x; k < 4 * MOST_REGIONS; k += blockDim.x) {
        boxes[k] = k % 2 == 0 ? BEYOND : -1;
    }
    __syncthreads();
    const Walk walk = begin_walk(blocks_per_slice);
    const long long base = (long long)walk.slice * height * width;
    Box box = {0, BEYOND, -1, BEYOND, -1};
    for (int index = walk.first; index < height * width; index += walk.stride) {
        const int region = regions[base + index];
        if (region == 0) continue;
        if (region != box.region) flush(&box, boxes, region);
        const int y = index / width, x = index % width;
        box.top = min(box.top, y);
        box.bottom = max(box.bottom, y);
        box.left = min(box.left, x);
        box.right = max(box.right, x);
    }
    flush(&box, boxes, 0);
    __syncthreads();
    for (int k = threadIdx.x; k < n_regions; k += blockDim.x) {
        const int* const found = &boxes[4 * (k + 1)];
        if (found[1] < 0) continue;
        int* const mine = &bounds[6LL * (owners[walk.slice] * n_regions + k)];
        atomicMin(&mine[0], walk.slice);
        atomicMax(&mine[1], walk.slice);
        atomicMin(&mine[2], found[0]);
        atomicMax(&mine[3], found[1]);
        atomicMin(&mine[4], found[2]);
        atomicMax(&mine[5], found[3]);
    }
}
