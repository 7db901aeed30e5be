// Labelling: connected components of pixels of one region and, if asked for, one value.
//
// Union-find on pixels: the root of a component is its first pixel. Components are found in tiles
// in shared memory, then tiles are joined along their edges, then every pixel gets its root. No
// pass waits for the host.

#include "union_find.cuh"

constexpr int TILE_WIDTH = 32;
constexpr int TILE_HEIGHT = 8;
constexpr int TILE_SIZE = TILE_WIDTH * TILE_HEIGHT;
constexpr unsigned int NO_LABEL = 0xffffffffu;  // label of a pixel in no component

// Key that connected pixels share; 0 for none. `mask` selects the bits of the value that count.
__device__ int make_key(unsigned char value, unsigned char region, int lowest, int mask) {
    return region > 0 && value >= lowest ? region << 8 | (value & mask) : 0;
}

// One block per tile, one thread per pixel. Pixels are joined and components counted in shared
// memory, so that a large component costs one global addition per tile, not per pixel. Writes the
// parent of every pixel, and at the roots of the tile the number of their pixels, else 0.
extern "C" __global__ void label_tiles(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions,
    int lowest, int mask, int diagonals, int height, int width, unsigned int* parent, int* size) {
    const int stride = TILE_WIDTH + 2;
    __shared__ unsigned short keys[(TILE_HEIGHT + 1) * (TILE_WIDTH + 2)];  // margin above and at the sides
    __shared__ unsigned int label[TILE_SIZE];
    __shared__ int number[TILE_SIZE];
    const int tiles_per_row = (width + TILE_WIDTH - 1) / TILE_WIDTH;
    const int tiles_per_column = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
    const int top = (blockIdx.x / tiles_per_row) % tiles_per_column * TILE_HEIGHT;
    const int left = blockIdx.x % tiles_per_row * TILE_WIDTH;
    const unsigned int slice = blockIdx.x / tiles_per_row / tiles_per_column;
    const unsigned int t = threadIdx.x;
    const int row = t / TILE_WIDTH, column = t % TILE_WIDTH;
    const bool is_pixel = top + row < height && left + column < width;
    const unsigned int corner = (slice * height + top) * width + left;
    const unsigned int pixel = corner + row * width + column;
    const int key = is_pixel ? make_key(values[pixel], regions[pixel], lowest, mask) : 0;
    unsigned short* here = &keys[(row + 1) * stride + column + 1];
    *here = (unsigned short)key;
    if (t < stride) keys[t] = 0;
    if (t < TILE_HEIGHT) keys[(t + 1) * stride] = keys[(t + 2) * stride - 1] = 0;
    label[t] = t;
    number[t] = 0;
    __syncthreads();
    if (key > 0) {
        const bool west = here[-1] == key, north = here[-stride] == key;
        if (west) join(label, t, t - 1);
        if (north) join(label, t, t - TILE_WIDTH);
        // the pixel above touches the other three, which their own threads join with it
        if (diagonals && !north) {
            if (!west && here[-stride - 1] == key) join(label, t, t - TILE_WIDTH - 1);
            if (here[-stride + 1] == key) join(label, t, t - TILE_WIDTH + 1);
        }
    }
    __syncthreads();
    const unsigned int root = find_root(label, t);
    if (key > 0) atomicAdd(&number[root], 1);
    __syncthreads();
    if (!is_pixel) return;
    const unsigned int first = corner + root / TILE_WIDTH * width + root % TILE_WIDTH;
    parent[pixel] = key > 0 ? first : NO_LABEL;
    size[pixel] = number[t];
}

// One block per tile, one thread for each pixel of its first row and first column. It joins the
// pixel with its neighbours in the tiles above and to the left.
extern "C" __global__ void join_tiles(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions,
    int lowest, int mask, int diagonals, int height, int width, unsigned int* parent) {
    const int tiles_per_row = (width + TILE_WIDTH - 1) / TILE_WIDTH;
    const int tiles_per_column = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
    const int top = (blockIdx.x / tiles_per_row) % tiles_per_column * TILE_HEIGHT;
    const int left = blockIdx.x % tiles_per_row * TILE_WIDTH;
    const unsigned int slice = blockIdx.x / tiles_per_row / tiles_per_column;
    const int t = threadIdx.x;
    if (t >= TILE_WIDTH + TILE_HEIGHT) return;
    const bool is_top = t < TILE_WIDTH;
    const int y = is_top ? top : top + t - TILE_WIDTH, x = is_top ? left + t : left;
    if (y >= height || x >= width || (is_top ? y == 0 : x == 0)) return;
    const unsigned int base = slice * height * width;
    const unsigned int pixel = base + y * width + x;
    const int key = make_key(values[pixel], regions[pixel], lowest, mask);
    if (key == 0) return;
    // the nearest neighbour, then the two diagonal ones unless the nearest joins them anyway
    const int dy = is_top ? -1 : 0, dx = is_top ? 0 : -1;
    for (int k = 0; k < (diagonals ? 3 : 1); k++) {
        const int shift = k == 0 ? 0 : 2 * k - 3;
        const int v = y + dy + (is_top ? 0 : shift), u = x + dx + (is_top ? shift : 0);
        if (v < 0 || v >= height || u < 0 || u >= width) continue;
        const unsigned int neighbour = base + v * width + u;
        if (make_key(values[neighbour], regions[neighbour], lowest, mask) != key) continue;
        join(parent, pixel, neighbour);
        if (k == 0) return;
    }
}

// One thread for each pixel from the second slice on. It joins the pixel with the nine pixels of
// the slice before.
extern "C" __global__ void join_slices(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions,
    int lowest, int mask, const int* __restrict__ owners, int height, int width,
    unsigned int n_pixels, unsigned int* parent) {
    const unsigned int slice_size = (unsigned int)height * width;
    const unsigned int pixel = slice_size + blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned int slice = pixel / slice_size;
    if (pixel >= n_pixels || owners[slice] != owners[slice - 1]) return;
    const int key = make_key(values[pixel], regions[pixel], lowest, mask);
    if (key == 0) return;
    const unsigned int below = pixel - slice_size;
    const int y = pixel % slice_size / width, x = pixel % width;
    if (make_key(values[below], regions[below], lowest, mask) == key) {
        // the nearest pixel touches the others; a connected pair to the left has joined both
        // already
        const bool pair_is_joined = x > 0
            && make_key(values[pixel - 1], regions[pixel - 1], lowest, mask) == key
            && make_key(values[below - 1], regions[below - 1], lowest, mask) == key;
        if (!pair_is_joined) join(parent, pixel, below);
        return;
    }
    for (int v = max(y - 1, 0); v <= min(y + 1, height - 1); v++) {
        for (int u = max(x - 1, 0); u <= min(x + 1, width - 1); u++) {
            const unsigned int neighbour = below + (v - y) * width + (u - x);
            if (make_key(values[neighbour], regions[neighbour], lowest, mask) == key) {
                join(parent, pixel, neighbour);
            }
        }
    }
}

// One thread per pixel. It writes the root as parent, and adds the size of the root of a tile to
// the root of the component, so that only roots have a size. Concurrent readers get either the old
// parent or the root, and both lead to the root; volatile marks the concurrent access.
extern "C" __global__ void flatten(
    unsigned int n_pixels, volatile unsigned int* parent, int* size) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || parent[pixel] == NO_LABEL) return;
    const unsigned int root = find_root(parent, pixel);
    if (root == pixel) return;
    parent[pixel] = root;
    if (size[pixel] > 0) atomicAdd(&size[root], size[pixel]);
    size[pixel] = 0;
}
