/* A value as nested brackets, for people. */
#include "tensor/internal.h"

#include <inttypes.h>
#include <math.h>

#define EDGE 3 /* entries shown at either end of an axis longer than two edges */

double ct_printed(double value) { return isnan(value) ? NAN : value; }

static void print_element(const ct_tensor *t, int64_t i, FILE *out) {
    if (t->dtype == CT_BOOL)
        fputs(((const uint8_t *)t->data)[i] ? "true" : "false", out);
    else if (t->dtype == CT_I64)
        fprintf(out, "%" PRId64, ((const int64_t *)t->data)[i]);
    else
        fprintf(out, "%.*g", t->dtype == CT_F64 ? 8 : 6, ct_printed(ct_read_element((ct_dtype)t->dtype, t->data, i)));
}

/* Prints the elements from `first` that the axes from `axis` on span; `size` of them. At most CT_MAX_DIMS deep. */
static void print_axis(const ct_tensor *t, int axis, int64_t first, int64_t size, FILE *out) {
    if (axis == t->ndim) {
        print_element(t, first, out);
        return;
    }
    int64_t n = t->extent->dim[axis], each = n ? size / n : 0;
    fputc('[', out);
    for (int64_t i = 0; i < n; i++) {
        if (i) fprintf(out, axis == t->ndim - 1 ? ", " : ",\n%*s", axis + 1, "");
        if (n > 2 * EDGE && i == EDGE) {
            fputs("...", out);
            i = n - EDGE - 1;
        } else {
            print_axis(t, axis + 1, first + i * each, each, out);
        }
    }
    fputc(']', out);
}

void ct_print(const ct_tensor *t, FILE *out) {
    if (t)
        print_axis(t, 0, 0, ct_size_of(t), out);
    else
        fputs("NULL", out);
    fputc('\n', out);
}
