#include "elements.h"

#include <check.h>
#include <math.h>
#include <string.h>

static uint64_t draws;
int64_t below(int64_t n) { return (int64_t)ct_random_below(11, 1, draws++, (uint64_t)n); }
int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }

ct_shape random_shape(int least, int most) {
    ct_shape shape = {.ndim = (int)between(least, most)};
    for (int i = 0; i < shape.ndim; i++) shape.dim[i] = below(12) ? between(1, 6) : 0;
    return shape;
}

ct_tensor *random_tensor(ct_dtype dtype, ct_shape shape) {
    ct_tensor *t = ct_zeros(dtype, shape);
    int64_t end = dtype == CT_BOOL ? 2 : 251;
    for (int64_t i = 0; i < ct_size(t); i++) ct_write_element(dtype, t->data, i, (double)below(end));
    return t;
}

ct_shape unravel(int64_t i, ct_shape shape) {
    for (int a = shape.ndim - 1; a >= 0; a--) {
        int64_t n = shape.dim[a];
        shape.dim[a] = i % n;
        i /= n;
    }
    return shape;
}

ct_shape narrowed(ct_shape index, const ct_tensor *x) {
    ct_shape own = ct_shape_of(x);
    for (int i = 0; i < own.ndim; i++) own.dim[i] = own.dim[i] == 1 ? 0 : index.dim[index.ndim - own.ndim + i];
    return own;
}

void check_shape(const ct_tensor *z, ct_dtype dtype, ct_shape shape) {
    char text[CT_DESCRIPTION], wanted[CT_DESCRIPTION];
    ct_shape own = ct_shape_of(z);
    ck_assert_msg(z != NULL, "%s", ct_error());
    ck_assert_msg(ct_shape_equal(&own, &shape), "%s is not %s", ct_describe(z, text),
                  ct_describe_shape(&shape, wanted));
    ck_assert_str_eq(ct_dtype_name(ct_dtype_of(z)), ct_dtype_name(dtype));
}

void check_value(const ct_tensor *z, ct_shape index, double expected) {
    char text[CT_DESCRIPTION], where[CT_DESCRIPTION];
    double value = ct_get(z, index);
    ck_assert_msg(value == expected || (isnan(value) && isnan(expected)), "%s at %s is %g, not %g",
                  ct_describe(z, text), ct_describe_shape(&index, where), value, expected);
}

/* Compilers differ in the line of a call that spans several, so any line of the file will do. */
void check_error(const char *file, const ct_tensor *z, ct_error_code code, const char *text) {
    char expected[512], got[512];
    const char *slash = strrchr(file, '/'), *colon = strrchr(ct_error(), ':');
    snprintf(expected, sizeof expected, "%s (%s", text, slash ? slash + 1 : file);
    snprintf(got, sizeof got, "%.*s", colon ? (int)(colon - ct_error()) : 0, ct_error());
    ck_assert_ptr_null(z);
    ck_assert_str_eq(got, expected);
    ck_assert_str_eq(ct_error_name(ct_error_status()), ct_error_name(code));
    ct_error_clear();
}

static ct_scope scope;
void open_scope(void) { scope = ct_begin(); }
void close_scope(void) { ck_assert_msg(ct_end(scope), "%s", ct_error()); }

void check_values(const ct_tensor *t, int64_t n, const double *expected) {
    ck_assert_msg(t != NULL, "%s", ct_error());
    ck_assert_int_eq(ct_size(t), n);
    for (int64_t i = 0; i < n; i++) {
        double got = ct_read_element((ct_dtype)t->dtype, t->data, i);
        bool same = got == expected[i] || (isnan(got) && isnan(expected[i])) || fabs(got - expected[i]) <= 1e-12;
        ck_assert_msg(same, "element %d: %.17g, not %.17g", (int)i, got, expected[i]);
    }
}
