// Tiles: how a stack is divided among blocks, for counts that compare a pixel with its neighbours.
//
// A block takes one region of one tile of one slice: up to 64 rows of 256 columns. So it counts in
// shared memory for one region, and sums stay below 2^32. Grids are one-dimensional, to allow any
// number of slices.
//
// A thread walks down strips of 8 rows. Adjacent threads take adjacent columns, so a warp reads 32
// neighbouring bytes at a time. A thread often meets the same value several times in a row, and
// adds it in a register.

constexpr int TILE_ROWS = 64;
constexpr int TILE_COLUMNS = 256;
constexpr int STRIP_ROWS = 8;

struct Tile {
    int slice, region;  // the first region is 1
    int top, left, bottom, right;  // bottom and right are one past the last
};

__device__ inline Tile find_tile(int height, int width, int n_regions) {
    const int n_per_row = (width + TILE_COLUMNS - 1) / TILE_COLUMNS;
    const int n_per_column = (height + TILE_ROWS - 1) / TILE_ROWS;
    int block = blockIdx.x;
    Tile tile;
    tile.left = block % n_per_row * TILE_COLUMNS;
    block /= n_per_row;
    tile.top = block % n_per_column * TILE_ROWS;
    block /= n_per_column;
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
    const int n_per_column = (tile.bottom - tile.top + STRIP_ROWS - 1) / STRIP_ROWS;
    return (tile.right - tile.left) * n_per_column;
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
