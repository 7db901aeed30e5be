// How a stack is shared out among blocks, for every count that looks at a pixel and those near it.
//
// A block takes one region of one tile of one slice: up to 64 rows of 256 columns. So it can count
// in shared memory without knowing of other regions, and what it adds up there stays below 2^32.
// Grids are one-dimensional, so that any number of slices fits.
//
// A thread walks down strips of 8 rows. Threads next to each other take columns next to each other:
// a warp reads 32 neighbouring bytes at a time, and a thread meets the same value several times in
// a row, adds it up in a register and spares the memory.

constexpr int TILE_ROWS = 64;
constexpr int TILE_COLUMNS = 256;
constexpr int STRIP_ROWS = 8;

struct Tile {
    int slice, region;  // region 1 for the first
    int top, left, bottom, right;  // bottom and right are one past the last
};

__device__ inline Tile find_tile(int height, int width, int n_regions) {
    const int n_across = (width + TILE_COLUMNS - 1) / TILE_COLUMNS;
    const int n_down = (height + TILE_ROWS - 1) / TILE_ROWS;
    int block = blockIdx.x;
    Tile tile;
    tile.left = block % n_across * TILE_COLUMNS;
    block /= n_across;
    tile.top = block % n_down * TILE_ROWS;
    block /= n_down;
    tile.region = block % n_regions + 1;
    tile.slice = block / n_regions;
    tile.bottom = min(tile.top + TILE_ROWS, height);
    tile.right = min(tile.left + TILE_COLUMNS, width);
    return tile;
}

struct Strip {
    int column, top, bottom;
};

__device__ inline int count_strips(const Tile& tile) {
    const int n_down = (tile.bottom - tile.top + STRIP_ROWS - 1) / STRIP_ROWS;
    return (tile.right - tile.left) * n_down;
}

__device__ inline Strip find_strip(const Tile& tile, int which) {
    const int n_columns = tile.right - tile.left;
    Strip strip;
    strip.column = tile.left + which % n_columns;
    strip.top = tile.top + which / n_columns * STRIP_ROWS;
    strip.bottom = min(strip.top + STRIP_ROWS, tile.bottom);
    return strip;
}

__device__ inline size_t slice_start(int slice, int height, int width) {
    return static_cast<size_t>(slice) * height * width;
}
