// 3-D components: size, sums of positions and bounding box of the labelled components of a batch.

// One thread per pixel. The first pixel of a component, which has its size, writes what is known and
// initial values for `add_runs`. `n_so_far` is the number of components that have begun, this one too.
extern "C" __global__ void begin_components(
    const int* __restrict__ sizes, const int* __restrict__ n_so_far,
    const unsigned char* __restrict__ regions, const int* __restrict__ owners,
    unsigned int n_pixels, unsigned int slice_size, int* region, int* size, int* exam, int* bounds) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || sizes[pixel] == 0) return;
    const int component = n_so_far[pixel] - 1;
    region[component] = regions[pixel] - 1;
    size[component] = sizes[pixel];
    exam[component] = owners[pixel / slice_size];
    for (int k = 0; k < 6; k += 2) {
        bounds[component * 6LL + k] = 0x7fffffff;
        bounds[component * 6LL + k + 1] = -1;
    }
}

// Sum of the squares of 0 to `last`; 0 for -1.
__device__ long long sum_squares(long long last) {
    return last * (last + 1) * (2 * last + 1) / 6;
}

__device__ void add(long long* sum, long long value) {
    atomicAdd((unsigned long long*)sum, (unsigned long long)value);
}

// One thread per pixel. The first pixel of a run walks to its end and adds the whole run in closed
// form, so that a large component costs a few additions per run, not per pixel.
extern "C" __global__ void add_runs(
    const unsigned int* __restrict__ root, const int* __restrict__ n_so_far, unsigned int n_pixels,
    int height, int width, unsigned int no_label, long long* sums, int* bounds) {
    const unsigned int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= n_pixels || root[pixel] == no_label) return;
    const int x = pixel % width;
    if (x > 0 && root[pixel - 1] == root[pixel]) return;
    int last = x;
    while (last + 1 < width && root[pixel + last + 1 - x] == root[pixel]) last++;
    const long long y = pixel / width % height, s = pixel / width / height;
    const long long n = last - x + 1, sum_x = n * (x + last) / 2;
    const long long component = n_so_far[root[pixel]] - 1;
    long long* sum = &sums[component * 6];
    add(&sum[0], n * s);
    add(&sum[1], n * y);
    add(&sum[2], sum_x);
    add(&sum[3], n * y * y);
    add(&sum[4], sum_squares(last) - sum_squares(x - 1LL));
    add(&sum[5], sum_x * y);
    int* bound = &bounds[component * 6];
    atomicMin(&bound[0], (int)s);
    atomicMax(&bound[1], (int)s);
    atomicMin(&bound[2], (int)y);
    atomicMax(&bound[3], (int)y);
    atomicMin(&bound[4], x);
    atomicMax(&bound[5], last);
}
