/* The hunt for NaN and infinity: an error at the first op that makes one. */
#include "autograd/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool ct_stop_at_nonfinite(bool on) {
    bool before = ct_this.hunting;
    ct_this.hunting = on;
    return before;
}

/* Index of the first that is not finite; -1 when all are. */
static int64_t first_nonfinite(const ct_tensor *t, const void *elements) {
    for (int64_t i = 0; i < ct_size_of(t); i++)
        if (!isfinite(ct_read_element(t->dtype, elements, i))) return i;
    return -1;
}

/* Element i of t as "(1,2)". */
static const char *describe_index(const ct_tensor *t, int64_t i, char text[CT_DESCRIPTION]) {
    ct_shape index = ct_index_of(t, i);
    return ct_describe_shape(&index, text);
}

/* Where element i of z reads x, if x broadcasts to z's shape; -1 otherwise. */
static int64_t broadcast_index(const ct_tensor *z, int64_t i, const ct_tensor *x) {
    int64_t index = 0, stride = 1;
    if (x->ndim > z->ndim) return -1;
    for (int axis = 1; axis <= x->ndim; axis++) { /* from the back */
        int64_t own = x->extent->dim[x->ndim - axis], extent = z->extent->dim[z->ndim - axis];
        if (own != extent && own != 1) return -1;
        if (own != 1) index += i % extent * stride;
        stride *= own;
        i /= extent;
    }
    return index;
}

/* Element i of t's value or gradient. */
static double printed(const ct_tensor *t, const void *elements, int64_t i) {
    return ct_printed(ct_read_element(t->dtype, elements, i));
}

static size_t append(char *text, size_t size, size_t n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static size_t append(char *text, size_t size, size_t n, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int written = vsnprintf(text + n, size - n, format, args);
    va_end(args);
    return written < 0 || n + (size_t)written >= size ? size - 1 : n + (size_t)written;
}

/* "x 0, operand 2 from -1 to 3": operands at z's element i, or over all where they have other shapes. */
static void describe_operands(const ct_tensor *z, int64_t i, char *text, size_t size) {
    size_t n = 0;
    text[0] = '\0';
    for (int k = 0; k < z->n_in; k++) {
        const ct_tensor *x = z->in[k];
        int64_t at = broadcast_index(z, i, x);
        n = x->label ? append(text, size, n, "%s%s", k ? ", " : "", x->label)
                     : append(text, size, n, "%soperand %d", k ? ", " : "", k + 1);
        if (at >= 0) {
            n = append(text, size, n, " is %g", printed(x, x->data, at));
            continue;
        }
        ct_range range = CT_NO_RANGE;
        for (int64_t e = 0; e < ct_size_of(x); e++) ct_range_add(&range, ct_read_element(x->dtype, x->data, e));
        n = append(text, size, n, " is from %g to %g", ct_printed(range.low), ct_printed(range.high));
    }
}

bool ct_hunt_result(const ct_tensor *z) {
    if (!ct_is_float(z->dtype)) return true;
    int64_t i = first_nonfinite(z, z->data);
    if (i < 0) return true;
    char index[CT_DESCRIPTION], operands[CT_DESCRIPTION];
    describe_operands(z, i, operands, sizeof operands);
    return ct_op_fail(z, CT_ERR_NONFINITE, "the result is %g at %s, where %s", printed(z, z->data, i),
                      describe_index(z, i, index), operands);
}

bool ct_hunt_cotangent(const ct_tensor *z, int k) {
    const ct_tensor *x = z->in[k];
    int64_t i = first_nonfinite(x, x->grad);
    if (i < 0) return true;
    char index[CT_DESCRIPTION], operands[CT_DESCRIPTION];
    bool same = ct_same_shape(x, z);
    if (same)
        describe_operands(z, i, operands, sizeof operands);
    else
        snprintf(operands, sizeof operands, "it is %g", printed(x, x->data, i));
    return ct_op_fail(z, CT_ERR_NONFINITE, "the cotangent of operand %d is %g at %s, where %s", k + 1,
                      printed(x, x->grad, i), describe_index(x, i, index), operands);
}
