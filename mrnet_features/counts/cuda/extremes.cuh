// Lowest or highest of 2 half + 1 pixels in a row or column, cut at the edge of the slice.
__device__ unsigned char find_extreme(
    const unsigned char* source, unsigned int pixel, int half, int height, int width,
    bool in_rows, bool highest) {
    const int index = in_rows ? pixel % width : pixel / width % height;
    const int size = in_rows ? width : height, step = in_rows ? 1 : width;
    unsigned char best = source[pixel];
    for (int k = -min(half, index); k <= min(half, size - 1 - index); k++) {
        const unsigned char other = source[pixel + k * step];
        best = (highest ? other > best : other < best) ? other : best;
    }
    return best;
}
