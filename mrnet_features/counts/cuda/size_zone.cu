// Size zones: labelled zones of each slice, listed by size and level.
//
// Most zones are small, so these are counted in a table. Only the non-zero cells of that table and
// the few large zones are sorted. The key of a zone holds its row (slice and region), size and
// level, so that keys sort in the order of the list.

// One thread per pixel. The root of a zone, which has its size, adds a small zone to the table or
// writes the key of a large one.
extern "C" __global__ void split_zones(
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

// One thread per non-zero cell of the table. It writes the key and number of the cell.
extern "C" __global__ void list_small_zones(
    const int* __restrict__ table, const long long* __restrict__ entries, int n_entries,
    unsigned int slice_size, int n_levels, int n_small, long long* keys, int* numbers) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_entries) return;
    const long long entry = entries[k];
    const long long level = entry % n_levels + 1, n = entry / n_levels % n_small + 1;
    const long long row = entry / n_levels / n_small;
    keys[k] = (row * (slice_size + 1LL) + n) * 256 + level;
    numbers[k] = table[entry];
}

// One thread per key, in sorted order; the first of equal keys begins a cell in the list of its
// row.
extern "C" __global__ void begin_cells(
    const long long* __restrict__ keys, const long long* __restrict__ order, int n_keys,
    unsigned int slice_size, int* is_first, int* lengths) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_keys) return;
    const long long key = keys[order[k]];
    is_first[k] = k == 0 || keys[order[k - 1]] != key;
    if (is_first[k]) atomicAdd(&lengths[key / 256 / (slice_size + 1LL)], 1);
}

// One thread per key, in sorted order. `cells` is the number of cells begun up to a key, `ends` the
// number of cells up to the end of each row. Numbers of equal keys are added in their cell.
extern "C" __global__ void fill_cells(
    const long long* __restrict__ keys, const long long* __restrict__ order,
    const int* __restrict__ numbers, const int* __restrict__ cells, const int* __restrict__ ends,
    const int* __restrict__ lengths, int n_keys, unsigned int slice_size, int n_levels,
    int longest, int* level, int* size, int* number, int* by_level, int* n_pixels) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= n_keys) return;
    const long long key = keys[order[k]];
    const long long row = key / 256 / (slice_size + 1LL);
    const int zone_level = key % 256, zone_size = key / 256 % (slice_size + 1LL);
    const int zone_number = numbers[order[k]];
    const long long cell = row * longest + cells[k] - 1 - (ends[row] - lengths[row]);
    if (k == 0 || cells[k - 1] < cells[k]) {  // the first of its cell
        level[cell] = zone_level;
        size[cell] = zone_size;
    }
    atomicAdd(&number[cell], zone_number);
    atomicAdd(&by_level[row * n_levels + zone_level - 1], zone_number);
    atomicAdd(&n_pixels[row], zone_size * zone_number);
}
