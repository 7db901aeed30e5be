// Joint line: change of grey levels from the row above to the row below, summed over runs of
// columns, by block of slices and block of columns.

constexpr int WARP = 32;
constexpr int N_SLICE_BLOCKS = 9, N_COLUMN_BLOCKS = 23;  // must equal those in joint_line.py

// Edge of an odd number of blocks, symmetric under mirroring.
__device__ int find_edge(int which, int length, int n_blocks) {
    if (which <= n_blocks / 2) return (int)((long long)which * length / n_blocks);
    return length - (int)((long long)(n_blocks - which) * length / n_blocks);
}

// One warp per row of a slice, one lane per block of columns.
extern "C" __global__ void count_changes(
    const unsigned char* __restrict__ grey, const int* __restrict__ owner,
    const int* __restrict__ boxes, const int* __restrict__ bounds, int n_slices, int height,
    int width, long long* changes) {
    const long long line = blockIdx.x * (long long)(blockDim.x / WARP) + threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP, y = line % height;
    const long long slice = line / height;
    if (slice >= n_slices || lane >= N_COLUMN_BLOCKS) return;
    const int exam = owner[slice], first = bounds[2 * exam], end = bounds[2 * exam + 1];
    const int* box = boxes + 4LL * exam;
    const int top = box[0], bottom = box[1], left = box[2], right = box[3];
    if (y <= top || y >= bottom - 1) return;
    const int margin = (3 * (right - left) + 10) / 20, reach = (right - left) / 96;
    const int n_columns = right - left - 2 * margin;
    const int begin = find_edge(lane, n_columns, N_COLUMN_BLOCKS);
    const int stop = find_edge(lane + 1, n_columns, N_COLUMN_BLOCKS);
    int depth = 0;
    while (slice - first >= find_edge(depth + 1, end - first, N_SLICE_BLOCKS)) depth++;
    const unsigned char* above = grey + (slice * height + y - 1) * width + left + margin;
    const unsigned char* below = above + 2LL * width;
    long long total = 0;
    int sum = 0;
    for (int x = begin - reach; x < stop + reach && begin < stop; x++) {
        sum += below[x] - above[x];
        if (x < begin + reach) continue;  // the first sum is not whole yet
        if (x > begin + reach) sum -= below[x - 2 * reach - 1] - above[x - 2 * reach - 1];
        total += abs(sum);
    }
    if (total == 0) return;
    const long long block = ((long long)exam * N_SLICE_BLOCKS + depth) * N_COLUMN_BLOCKS + lane;
    atomicAdd((unsigned long long*)&changes[block * height + y], (unsigned long long)total);
}
