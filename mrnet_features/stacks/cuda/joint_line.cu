// Changes: how much a row of the knee differs from the one two rows on, summed over stretches.

constexpr int WARP = 32;

// One warp a row of a slice. A lane takes positions of the stretch that follow each other, so that
// it moves the sum on by one column instead of adding it up anew.
extern "C" __global__ void count_changes(
    const unsigned char* __restrict__ grey, const int* __restrict__ owner,
    const int* __restrict__ boxes, const int* __restrict__ bounds, int n_slices, int height,
    int width, long long* changes) {
    const long long line = blockIdx.x * (long long)(blockDim.x / WARP) + threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP, y = line % height;
    const long long slice = line / height;
    if (slice >= n_slices) return;  // for all lanes of a warp alike, as what follows
    const int stack = owner[slice], first = bounds[2 * stack], end = bounds[2 * stack + 1];
    const int* box = boxes + 4LL * stack;
    const int top = box[0], bottom = box[1], left = box[2], right = box[3];
    const int ends = (end - first) / 5, aside = (2 * (right - left) + 5) / 10;
    const int stretch = 2 * ((right - left) / 24) + 1;
    const int n_places = right - left - 2 * aside - stretch + 1;
    if (slice < first + ends || slice >= end - ends || y <= top || y >= bottom - 1) return;
    if (n_places < 1) return;
    const int share = (n_places + WARP - 1) / WARP;
    const int begin = min(lane * share, n_places), stop = min(begin + share, n_places);
    const unsigned char* above = grey + (slice * height + y - 1) * width + left + aside;
    const unsigned char* below = above + 2LL * width;
    long long total = 0;
    int sum = 0;
    for (int x = begin; x < stop + stretch - 1 && begin < stop; x++) {
        sum += below[x] - above[x];
        if (x < begin + stretch - 1) continue;  // the first sum is not whole yet
        if (x >= begin + stretch) sum -= below[x - stretch] - above[x - stretch];
        total += abs(sum);
    }
    for (int by = WARP / 2; by > 0; by /= 2) total += __shfl_down_sync(0xffffffffu, total, by);
    if (lane == 0 && total > 0) {
        atomicAdd((unsigned long long*)&changes[(long long)stack * height + y],
                  (unsigned long long)total);
    }
}
