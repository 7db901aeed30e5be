// Distance zones: distance of labelled zones to the edge of their region.
//
// A pixel with a neighbour of another region, or at the edge of the slice, has distance 1. Any
// other pixel has 1 more than the number of steps along rows and columns to the nearest such pixel,
// of whatever region: a shortest path never leaves its own region. So distances are found along
// columns first, then along rows.

__device__ bool is_border(const unsigned char* slice, int height, int width, int y, int x) {
    const unsigned char* here = slice + y * width + x;
    return y == 0 || x == 0 || y == height - 1 || x == width - 1 || here[-1] != *here
        || here[1] != *here || here[-width] != *here || here[width] != *here;
}

// One thread per column, down and up again; the threads of a warp read one line together.
extern "C" __global__ void measure_columns(
    const unsigned char* __restrict__ regions, int n_slices, int height, int width, int* distance) {
    const unsigned int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= (unsigned int)n_slices * width) return;
    const int x = column % width;
    const unsigned int base = column / width * height * width;
    int steps = 0;
    for (int y = 0; y < height; y++) {
        steps = is_border(regions + base, height, width, y, x) ? 1 : steps + 1;
        distance[base + y * width + x] = steps;
    }
    for (int y = height - 1; y >= 0; y--) {
        int* here = &distance[base + y * width + x];
        steps = min(*here, steps + 1);
        *here = steps;
    }
}

// One thread per pixel. It searches its row on both sides only as far as a shorter distance is
// possible; then the zone keeps the smallest distance of its pixels.
extern "C" __global__ void measure_zones(
    const int* __restrict__ distance, const unsigned int* __restrict__ root,
    const unsigned char* __restrict__ regions, unsigned int n_pixels, int width, int* nearest) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || regions[pixel] == 0) return;
    const int x = pixel % width;
    int best = distance[pixel];
    for (int k = 1; k < best; k++) {
        // both ends of the row are borders, so the search ends before them
        if (k <= x) best = min(best, distance[pixel - k] + k);
        if (k < width - x) best = min(best, distance[pixel + k] + k);
    }
    int* kept = &nearest[root[pixel]];
    // reading first avoids most atomic operations; a stale value is only too large
    if (*(volatile int*)kept > best) atomicMin(kept, best);
}

// One thread per pixel; the root of a zone counts it. `distances` has room for `longest`.
extern "C" __global__ void count_distances(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions,
    const int* __restrict__ size, const int* __restrict__ nearest, unsigned int n_pixels,
    unsigned int slice_size, int n_levels, int n_regions, int longest, int* distances,
    int* n_in_zones, int* farthest) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || size[pixel] == 0) return;
    const long long row = (long long)(pixel / slice_size) * n_regions + regions[pixel] - 1;
    const int distance = nearest[pixel];
    atomicAdd(&distances[(row * n_levels + levels[pixel] - 1) * longest + distance - 1], 1);
    atomicAdd(&n_in_zones[row], size[pixel]);
    if (*(volatile int*)farthest < distance) atomicMax(farthest, distance);
}
