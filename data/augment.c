/* Images moved and turned. */
#include "data/internal.h"
#include "tensor/internal.h"

#include <math.h>

/* The value at (row, column) of one plane, linear between pixels and 0 outside. */
static double sample_at(const ct_warp *w, ct_dtype dtype, const void *plane, double row, double column) {
    double top = floor(row), left = floor(column), sum = 0;
    for (int k = 0; k < 4; k++) {
        double i = top + k / 2, j = left + k % 2, weight = (1 - fabs(row - i)) * (1 - fabs(column - j));
        if (i < 0 || j < 0 || i >= (double)w->height || j >= (double)w->width || weight == 0) continue;
        sum += weight * ct_read_element(dtype, plane, (int64_t)i * w->width + (int64_t)j);
    }
    return sum;
}

/* Each pixel of z comes from where the opposite movement leads. */
void ct_warp_image(const ct_warp *w, ct_dtype dtype, const void *x, void *z) {
    double c = cos(w->angle), s = sin(w->angle);
    double middle_row = (double)(w->height - 1) / 2, middle_column = (double)(w->width - 1) / 2;
    int64_t plane = w->height * w->width;
    for (int64_t p = 0; p < w->planes; p++) {
        const char *from = (const char *)x + (size_t)(p * plane) * ct_dtype_size(dtype);
        for (int64_t i = 0; i < plane; i++) {
            double row = (double)(i / w->width) - middle_row - w->down;
            double column = (double)(i % w->width) - middle_column - w->right;
            ct_write_element(dtype, z, p * plane + i,
                             sample_at(w, dtype, from, c * row - s * column + middle_row,
                                       s * row + c * column + middle_column));
        }
    }
}
