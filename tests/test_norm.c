/* Normalisations: derivatives of all, statistics of the result, running statistics, errors. */
#include "support/expect.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define EPS 1e-5

/* The first failure is reported by ct_end(). */
/* ---- derivatives ---------------------------------------------------------------------------------------------- */

static ct_sample norm_case(int i, ct_dtype dtype) {
    const ct_shape shapes[] = {CT_SHAPE(3, 4), CT_SHAPE(2, 4, 3), CT_SHAPE(1, 4, 2, 2), CT_SHAPE(0, 4, 2)};
    if (i >= 2 * 6 * 4) return (ct_sample){.z = NULL};
    ct_shape shape = shapes[i / 12], last = CT_SHAPE(shape.dim[shape.ndim - 1]);
    bool scaled = i / 6 % 2;
    ct_tensor *x = ct_sample_leaf(dtype, shape, -2, 2), *z;
    ct_tensor *w = scaled ? ct_sample_leaf(dtype, i % 6 ? CT_SHAPE(4) : last, 0.5, 2) : NULL;
    ct_tensor *b = scaled ? ct_sample_leaf(dtype, i % 6 ? CT_SHAPE(4) : last, -1, 1) : NULL;
    ct_running used = {.training = true},
               fixed = {.mean = ct_full(dtype, CT_SHAPE(4), 0.25), .variance = ct_full(dtype, CT_SHAPE(4), 2)};
    switch (i % 6) {
    case 0: z = ct_layer_norm(x, last, w, b, 0.1); break;
    case 1: z = ct_group_norm(x, 2, w, b, 0.1); break;
    case 2: z = ct_batch_norm(x, w, b, used, 0.1); break;
    case 3: z = ct_batch_norm(x, w, b, fixed, 0.1); break;
    case 4: z = ct_instance_norm(x, w, b, shape.ndim > 2 ? used : fixed, 0.1); break;
    default:
        if (shape.ndim == 2) x = ct_sample_leaf(dtype, CT_SHAPE(1, 3, 4), -2, 2);
        z = ct_local_response_norm(x, 2 + scaled, 0.5, 0.75, 1), w = b = NULL;
    }
    return (ct_sample){.z = z, .leaf = {x, w, b}};
}

START_TEST(derivatives_of_norms) { check_sweep("norms", norm_case); }
END_TEST

/* ---- values --------------------------------------------------------------------------------------------------- */

START_TEST(two_values) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(1, 2, 2), (double[]){1, 3, 10, 30});
    ct_tensor *w = ct_from(CT_F64, CT_SHAPE(2), (double[]){2, 3}),
              *b = ct_from(CT_F64, CT_SHAPE(2), (double[]){5, 7});
    ct_running none = {.training = true};
    const double want[] = {3, 7, 4, 10}; /* -1, 1 and -1, 1 by channel */
    ct_tensor *z[] = {ct_batch_norm(x, w, b, none, 0), ct_instance_norm(x, w, b, none, 0),
                      ct_group_norm(x, 2, w, b, 0)};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 4; i++) ck_assert_double_eq_tol(element(z[k], i), want[i], 1e-14);
    ct_tensor *y = ct_layer_norm(x, CT_SHAPE(2), w, b, 0);
    const double rows[] = {3, 10, 3, 10};
    for (int i = 0; i < 4; i++) ck_assert_double_eq_tol(element(y, i), rows[i], 1e-14);
    y = ct_local_response_norm(x, 2, 2, 1, 4); /* 2 / 2 times the squares of the channel before and of its own */
    ck_assert_double_eq_tol(element(y, 1), 3 / (4. + 9), 1e-15);
    ck_assert_double_eq_tol(element(y, 2), 10 / (4. + 1 + 100), 1e-15);
    ck_assert(ct_end(s));
}
END_TEST

/* Rows shorter and longer than what is taken at a time, far from 0, and beside rows with what is not finite. */
START_TEST(rows_of_mean_0_and_variance_1) {
    enum { ORDINARY, CONSTANT, WITH_NAN, WITH_INFINITY, LAST, ROWS };
    for (int i = 0; i < 16; i++) {
        const ct_dtype dtype = i % 2 ? CT_F64 : CT_F32;
        const int64_t n = (int64_t[]){1, 3, 16, 63, 64, 65, 200, 5001}[i / 2];
        const double offset = i % 2 ? 1e6 : 1e3, tolerance = i % 2 ? 1e-9 : 2e-6;
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(dtype, CT_SHAPE(ROWS, n), offset - 1, offset + 1), *z;
        for (int64_t c = 0; c < n; c++) ct_write_element(dtype, x->data, CONSTANT * n + c, offset);
        ct_write_element(dtype, x->data, WITH_NAN * n + n / 2, NAN);
        ct_write_element(dtype, x->data, WITH_INFINITY * n + n - 1, -INFINITY);
        ck_assert_ptr_nonnull(z = ct_standardize(x, EPS));
        for (int64_t r = 0; r < ROWS; r++) {
            double mean = 0, variance = 0;
            for (int64_t c = 0; c < n; c++) mean += (element(x, r * n + c) - offset) / (double)n;
            for (int64_t c = 0; c < n; c++) variance += pow(element(x, r * n + c) - offset - mean, 2) / (double)n;
            for (int64_t c = 0; c < n; c++) {
                const double want = (element(x, r * n + c) - offset - mean) / sqrt(variance + EPS);
                if (r == WITH_NAN || r == WITH_INFINITY) ck_assert_double_nan(element(z, r * n + c));
                else ck_assert_double_eq_tol(element(z, r * n + c), want, tolerance);
            }
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Many rows, on threads; and gradients that are there already. */
START_TEST(gradients_of_many_rows) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(1200, 99), -1, 1)), *z = ct_standardize(x, EPS);
    ct_tensor *g = ct_uniform(CT_F64, CT_SHAPE(1200, 99), -1, 1), *by_nodes = ct_vjp(z, x, g), *first = NULL;
    for (int i = 0; i < 3; i++) {
        ct_set_threads((int[]){1, 2, 8}[i]);
        ct_zero_gradient(x);
        ck_assert(ct_replay(z) && ct_backward_from(z, g) && ct_backward_from(z, g));
        if (!first) first = ct_from(CT_F64, ct_shape_of(x), x->grad);
        ck_assert_mem_eq(x->grad, first->data, ct_bytes_of(x));
    }
    for (int64_t e = 0; e < ct_size(x); e++)
        ck_assert_double_eq_tol(element(first, e), 2 * element(by_nodes, e), 1e-13);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(running_statistics) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 1, 2), (double[]){1, 3, 5, 11}));
    ct_tensor *mean = ct_full(CT_F64, CT_SHAPE(1), 1), *variance = ct_full(CT_F64, CT_SHAPE(1), 1);
    ct_running running = {mean, variance, .momentum = 0.5, .training = true};
    ct_tensor *z = ct_batch_norm(x, NULL, NULL, running, EPS); /* mean 5, squares 16 4 0 36 */
    ck_assert_double_eq(element(mean, 0), 3);
    ck_assert_double_eq_tol(element(variance, 0), 0.5 + 0.5 * 56 / 3, 1e-14);
    ck_assert(ct_replay(z)); /* another step */
    ck_assert_double_eq(element(mean, 0), 4);
    ck_assert_double_eq_tol(element(variance, 0), 0.25 + 0.75 * 56 / 3, 1e-14);
    running.training = false;
    z = ct_batch_norm(x, NULL, NULL, running, 0);
    ck_assert_double_eq_tol(element(z, 3), 7 / sqrt(element(variance, 0)), 1e-14);
    ck_assert_double_eq(element(mean, 0), 4);

    ck_assert(ct_set(mean, &(double){0}) && ct_set(variance, &(double){0}));
    running = (ct_running){mean, variance, .momentum = 1, .training = true};
    ck_assert_ptr_nonnull(ct_instance_norm(x, NULL, NULL, running, EPS)); /* means 2, 8; variances 2, 18 */
    ck_assert_double_eq(element(mean, 0), 5);
    ck_assert_double_eq_tol(element(variance, 0), 10, 1e-14);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(errors_of_norms) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(1, 3)), *v = ct_zeros(CT_F64, CT_SHAPE(2)), *y;
    expect_refused(ct_track(v, ct_square(v), 0.5), CT_ERR_ARGUMENT, "must not be computed");
    expect_refused(ct_track(v, x, 0.5), CT_ERR_SHAPE, "not of one shape");
    ct_running none = {.training = true}, eval = {.training = false};
    expect_refused(ct_batch_norm(x, NULL, NULL, none, EPS), CT_ERR_SHAPE, "more than one value");
    expect_refused(ct_batch_norm(x, NULL, NULL, eval, EPS), CT_ERR_ARGUMENT, "no running statistics");
    expect_refused(ct_batch_norm(x, v, NULL, none, EPS), CT_ERR_SHAPE, "3 channels");
    expect_refused(ct_batch_norm(x, NULL, NULL, ((ct_running){v, v, 0.1, true}), EPS), CT_ERR_SHAPE, "3 channels");
    expect_refused(ct_batch_norm(x, NULL, NULL, ((ct_running){v, NULL, 0.1, true}), EPS), CT_ERR_ARGUMENT, "only one");
    expect_refused(ct_batch_norm(NULL, NULL, NULL, none, EPS), CT_ERR_NULL, "NULL");
    y = ct_zeros(CT_F64, CT_SHAPE(2, 2));
    expect_refused(ct_batch_norm(y, NULL, NULL, ((ct_running){ct_neg(v), v, 0.1, true}), EPS), CT_ERR_ARGUMENT,
                   "must not be computed");
    expect_refused(ct_standardize(ct_scalar(1), EPS), CT_ERR_SHAPE, "0-d");
    expect_refused(ct_layer_norm(x, CT_SHAPE(2), NULL, NULL, EPS), CT_ERR_SHAPE, "the last axes are not (2)");
    expect_refused(ct_layer_norm(x, CT_SHAPE(3), v, NULL, EPS), CT_ERR_SHAPE, "not of the shape (3)");
    expect_refused(ct_layer_norm(x, CT_SCALAR, NULL, NULL, EPS), CT_ERR_SHAPE, "last axes");
    expect_refused(ct_group_norm(x, 2, NULL, NULL, EPS), CT_ERR_ARGUMENT, "do not make 2 groups");
    expect_refused(ct_local_response_norm(x, 2, 1, 1, 1), CT_ERR_SHAPE, "3 dimensions");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("norm");
    TCase *t = tcase_create("norm");
    tcase_add_test(t, derivatives_of_norms);
    tcase_add_test(t, two_values);
    tcase_add_test(t, rows_of_mean_0_and_variance_1);
    tcase_add_test(t, gradients_of_many_rows);
    tcase_add_test(t, running_statistics);
    tcase_add_test(t, errors_of_norms);
    suite_add_tcase(suite, t);
    return suite;
}
