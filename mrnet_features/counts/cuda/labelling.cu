// Labels: which pixels hang together, being of one region and, if asked, of one value.
//
// Union-find on pixels: a piece's root is its first pixel. Pieces are found within tiles in shared
// memory, tiles are joined along their seams, and at last every pixel is handed its root. No pass
// waits for the host.

#include "forests.cuh"

constexpr int TILE_WIDTH = 32;
constexpr int TILE_HEIGHT = 8;
constexpr int TILE_SIZE = TILE_WIDTH * TILE_HEIGHT;
constexpr unsigned int NO_LABEL = 0xffffffffu;  // the label of a pixel that belongs to no piece

// What two pixels must share to hang together; 0 for none. `mask` 255 lets the value count, 0 not.
__device__ int make_key(unsigned char value, unsigned char region, int lowest, int mask) {
    return region > 0 && value >= lowest ? region << 8 | (value & mask) : 0;
}

// One block a tile, one thread a pixel. Pixels are joined in shared memory, and a piece's pixels
// are counted there, so that a large piece costs one global addition a tile and not one a pixel.
// Writes the parent of every pixel, and at a tile's roots the number of their pixels, else 0.
extern "C" __global__ void label_tiles(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions,
    int lowest, int mask, int diagonals, int height, int width, unsigned int* parent, int* size) {
    const int stride = TILE_WIDTH + 2;
    __shared__ unsigned short keys[(TILE_HEIGHT + 1) * (TILE_WIDTH + 2)];  // margin: above, aside
    __shared__ unsigned int label[TILE_SIZE];
    __shared__ int number[TILE_SIZE];
    const int tiles_across = (width + TILE_WIDTH - 1) / TILE_WIDTH;
    const int tiles_down = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
    const int top = (blockIdx.x / tiles_across) % tiles_down * TILE_HEIGHT;
    const int left = blockIdx.x % tiles_across * TILE_WIDTH;
    const unsigned int slice = blockIdx.x / tiles_across / tiles_down;
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
        // the pixel above touches the other three, and is joined with those by their own threads
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

// One block a tile, one thread for each pixel of its first row and its first column, that joins
// it with the neighbours in the tiles above and to the left.
extern "C" __global__ void join_tiles(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions,
    int lowest, int mask, int diagonals, int height, int width, unsigned int* parent) {
    const int tiles_across = (width + TILE_WIDTH - 1) / TILE_WIDTH;
    const int tiles_down = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
    const int top = (blockIdx.x / tiles_across) % tiles_down * TILE_HEIGHT;
    const int left = blockIdx.x % tiles_across * TILE_WIDTH;
    const unsigned int slice = blockIdx.x / tiles_across / tiles_down;
    const int t = threadIdx.x;
    if (t >= TILE_WIDTH + TILE_HEIGHT) return;
    const bool is_top = t < TILE_WIDTH;
    const int y = is_top ? top : top + t - TILE_WIDTH, x = is_top ? left + t : left;
    if (y >= height || x >= width || (is_top ? y == 0 : x == 0)) return;
    const unsigned int base = slice * height * width;
    const unsigned int pixel = base + y * width + x;
    const int key = make_key(values[pixel], regions[pixel], lowest, mask);
    if (key == 0) return;
    // the neighbour straight across, then, unless that joins them anyway, the two beside it
    const int dy = is_top ? -1 : 0, dx = is_top ? 0 : -1;
    for (int k = 0; k < (diagonals ? 3 : 1); k++) {
        const int aside = k == 0 ? 0 : 2 * k - 3;
        const int v = y + dy + (is_top ? 0 : aside), u = x + dx + (is_top ? aside : 0);
        if (v < 0 || v >= height || u < 0 || u >= width) continue;
        const unsigned int there = base + v * width + u;
        if (make_key(values[there], regions[there], lowest, mask) != key) continue;
        join(parent, pixel, there);
        if (k == 0) return;
    }
}

// One thread for each pixel from the second slice on, that joins it with the nine below it.
extern "C" __global__ void join_slices(
    const unsigned char* __restrict__ values, const unsigned char* __restrict__ regions,
    int lowest, int mask, const unsigned char* __restrict__ is_first, int height, int width,
    unsigned int n_pixels, unsigned int* parent) {
    const unsigned int slice_size = (unsigned int)height * width;
    const unsigned int pixel = slice_size + blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || is_first[pixel / slice_size]) return;
    const int key = make_key(values[pixel], regions[pixel], lowest, mask);
    if (key == 0) return;
    const unsigned int below = pixel - slice_size;
    const int y = pixel % slice_size / width, x = pixel % width;
    if (make_key(values[below], regions[below], lowest, mask) == key) {
        // the one straight below touches the others; and a pair beside this has joined both
        const bool pair_aside = x > 0
            && make_key(values[pixel - 1], regions[pixel - 1], lowest, mask) == key
            && make_key(values[below - 1], regions[below - 1], lowest, mask) == key;
        if (!pair_aside) join(parent, pixel, below);
        return;
    }
    for (int v = max(y - 1, 0); v <= min(y + 1, height - 1); v++) {
        for (int u = max(x - 1, 0); u <= min(x + 1, width - 1); u++) {
            const unsigned int there = below + (v - y) * width + (u - x);
            if (make_key(values[there], regions[there], lowest, mask) == key) {
                join(parent, pixel, there);
            }
        }
    }
}

// One thread a pixel, that writes its root as its parent, and hands the size that a tile's root
// has gathered to the root of all. Then only roots have a size. Whoever comes by meanwhile reads
// either the old parent or the root, and both lead to the root; volatile says that they may meet.
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
