// Counts summed over the slices of each exam.

// One thread per exam and column; the threads of a warp read one line of each slice together.
template <typename Count>
__device__ void sum_column(
    const Count* counts, const int* bounds, int n_exams, long long n_columns, long long* sums) {
    const long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= n_exams * n_columns) return;
    const int exam = index / n_columns;
    long long total = 0;
    for (int slice = bounds[2 * exam]; slice < bounds[2 * exam + 1]; slice++) {
        total += counts[slice * n_columns + index % n_columns];
    }
    sums[index] = total;
}

extern "C" __global__ void sum_int32(
    const int* __restrict__ counts, const int* __restrict__ bounds, int n_exams,
    long long n_columns, long long* sums) {
    sum_column(counts, bounds, n_exams, n_columns, sums);
}

extern "C" __global__ void sum_int64(
    const long long* __restrict__ counts, const int* __restrict__ bounds, int n_exams,
    long long n_columns, long long* sums) {
    sum_column(counts, bounds, n_exams, n_columns, sums);
}
