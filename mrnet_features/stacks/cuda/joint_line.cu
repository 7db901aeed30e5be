// Joint line: change of grey levels from the row above to the row below, summed over runs of
// columns.

constexpr int WARP = 32;

// One warp per row of a slice. A lane takes consecutive positions of the run, so that it updates
// the sum by one column instead of computing it again.
extern "C" __global__ void count_changes(
    const unsigned char* __restrict__ grey, const int* __restrict__ owner,
    const int* __restrict__ boxes, const int* __restrict__ bounds, int n_slices, int height,
    int width, long long* changes) {
    const long long line = blockIdx.x * (long long)(blockDim.x / WARP) + threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP, y = line % height;
    const long long slice = line / height;
    if (slice >= n_slices) return;  // the same for all lanes of a warp, as below
    const int exam = owner[slice], first = bounds[2 * exam], end = bounds[2 * exam + 1];
    const int* box = boxes + 4LL * exam;
    const int top = box[0], bottom = box[1], left = box[2], right = box[3];
    const int ends = (end - first) / 5, margin = (2 * (right - left) + 5) / 10;
    const int run = 2 * ((right - left) / 24) + 1;
    const int n_runs = right - left - 2 * margin - run + 1;
    if (slice < first + ends || slice >= end - ends || y <= top || y >= bottom - 1) return;
    if (n_runs < 1) return;
    const int share = (n_runs + WARP - 1) / WARP;
    const int begin = min(lane * share, n_runs), stop = min(begin + share, n_runs);
    const unsigned char* above = grey + (slice * height + y - 1) * width + left + margin;
    const unsigned char* below = above + 2LL * width;
    long long total = 0;
    int sum = 0;
    for (int x = begin; x < stop + run - 1 && begin < stop; x++) {
        sum += below[x] - above[x];
        if (x < begin + run - 1) continue;  // the first sum is not whole yet
        if (x >= begin + run) sum -= below[x - run] - above[x - run];
        total += abs(sum);
    }
    for (int by = WARP / 2; by > 0; by /= 2) total += __shfl_down_sync(0xffffffffu, total, by);
    if (lane == 0 && total > 0) {
        atomicAdd((unsigned long long*)&changes[(long long)exam * height + y],
                  (unsigned long long)total);
    }
}
