// Zones: the labelled pieces of each slice, sorted out by size and level.
//
// Most zones are small, so the small ones are counted in a table, and only the cells of that table
// that are not 0 and the few large zones are sorted. A zone's key has its row (slice and region),
// its size and its level, so that the order of keys is the order of the list.

// One thread a pixel; the root of a zone, which carries its size, adds the zone to the table or,
// if it is large, writes its key.
extern "C" __global__ void sort_out_zones(
    const unsigned char* __restrict__ levels, const unsigned char* __restrict__ regions,
    const int* __restrict__ size, unsigned int n_pixels, unsigned int slice_size, int n_levels,
    int n_regions, int n_small, int* table, long long* large, unsigned int* n_large) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || size[pixel] == 0) return;
    const long long row = (long long)(pixel / slice_size) * n_regions + regions[pixel] - 1;
    const int n = size[pixel], level = levels[pixel];
    if (n <= n_small) {
        atomicAdd(&table[(row * n_small + n - 1) * n_levels + level - 1], 1);
    } else {
        large[atomicAdd(n_large, 1u)] = (row * (slice_size + 1LL) + n) * 256 + level;
    }
}

// One thread for each cell of the table that is not 0, that writes its key and its number.
extern "C" __global__ void list_small_zones(
    const int* __restrict__ table, const long long* __restrict__ places, int n_places,
    unsigned int slice_size, int n_levels, int n_small, long long* keys, int* numbers) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_places) return;
    const long long place = places[k];
    const long long level = place % n_levels + 1, n = place / n_levels % n_small + 1;
    const long long row = place / n_levels / n_small;
    keys[k] = (row * (slice_size + 1LL) + n) * 256 + level;
    numbers[k] = table[place];
}

// One thread a key, in their order; the first of equal keys begins a cell of its row's list.
extern "C" __global__ void begin_cells(
    const long long* __restrict__ keys, const long long* __restrict__ order, int n_keys,
    unsigned int slice_size, int* is_first, int* lengths) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_keys) return;
    const long long key = keys[order[k]];
    is_first[k] = k == 0 || keys[order[k - 1]] != key;
    if (is_first[k]) atomicAdd(&lengths[key / 256 / (slice_size + 1LL)], 1);
}

// One thread a key, in their order; `cells` holds how many cells have begun up to it, `ends` how
// many there are up to the end of each row. Numbers of equal keys are added up in their cell.
extern "C" __global__ void fill_cells(
    const long long* __restrict__ keys, const long long* __restrict__ order,
    const int* __restrict__ numbers, const int* __restrict__ cells, const int* __restrict__ ends,
    const int* __restrict__ lengths, int n_keys, unsigned int slice_size, int n_levels,
    int longest, int* level, int* size, int* number, int* by_level, int* n_pixels) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_keys) return;
    const long long key = keys[order[k]];
    const long long row = key / 256 / (slice_size + 1LL);
    const int its_level = key % 256, its_size = key / 256 % (slice_size + 1LL);
    const int its_number = numbers[order[k]];
    const long long cell = row * longest + cells[k] - 1 - (ends[row] - lengths[row]);
    if (k == 0 || cells[k - 1] < cells[k]) {  // the first of its cell
        level[cell] = its_level;
        size[cell] = its_size;
    }
    atomicAdd(&number[cell], its_number);
    atomicAdd(&by_level[row * n_levels + its_level - 1], its_number);
    atomicAdd(&n_pixels[row], its_size * its_number);
}
