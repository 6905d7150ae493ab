/* Linear algebra: values by what defines them, derivatives, special matrices, errors. */
#include "support/expect.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const ct_op_id ops[] = {
    CT_OP_ct_cholesky,  CT_OP_ct_inv,       CT_OP_ct_solve_square, CT_OP_ct_solve_triangle, CT_OP_ct_det,
    CT_OP_ct_cofactors, CT_OP_ct_logabsdet, CT_OP_ct_eigh_packed,  CT_OP_ct_svd_packed,     CT_OP_ct_qr_packed};
#define OPS (int)(sizeof ops / sizeof *ops)

START_TEST(derivatives_of_ops) {
    sweep s = {0};
    sweep_op(&s, ops[_i], false);
    ck_assert_msg(s.failures == 0 && s.checks > 50, "%s: %lld of %lld failed, first: %s", ct_op_table[ops[_i]]->name,
                  (long long)s.failures, (long long)s.checks, s.first);
}
END_TEST

/* ---- composites ---------------------------------------------------------------------------------------------- */

/* A batch of two, shared or not, and vectors on the right. */
static ct_sample solve_case(int i, ct_dtype dtype) {
    const struct {
        ct_shape x, y;
    } cases[] = {{CT_SHAPE(3, 3), CT_SHAPE(3)},
                 {CT_SHAPE(2, 3, 3), CT_SHAPE(2, 3)},
                 {CT_SHAPE(2, 3, 3), CT_SHAPE(3, 2)},
                 {CT_SHAPE(3, 3), CT_SHAPE(2, 3, 1)},
                 {CT_SHAPE(2, 1, 3, 3), CT_SHAPE(4, 3, 2)}};
    if (i >= 10) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i / 2].x, -0.3, 0.3),
              *y = ct_sample_leaf(dtype, cases[i / 2].y, -1, 1);
    int64_t n = ct_size(x);
    for (int64_t e = 0; e < n; e++)
        if (e / 3 % 3 == e % 3) ct_write_element(dtype, x->data, e, 2 + (double)e / 9);
    bool triangular = i % 2 && ct_shape_of(y).ndim > 1 && i > 3;
    return (ct_sample){.z = triangular ? ct_solve_triangular(x, y, true, true, false) : ct_solve(x, y),
                       .leaf = {x, y}};
}

static ct_sample norm_case(int i, ct_dtype dtype) {
    const ct_axes axes[] = {CT_AXES(0, 1), CT_KEEP(-1, 0), CT_AXES(2, 0), CT_KEEP(1, 2)};
    if (i >= 12) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, i / 3 < 2 ? CT_SHAPE(2, 3) : CT_SHAPE(3, 2, 4), -1, 1);
    ct_axes a = axes[i / 3];
    return (ct_sample){.z = i % 3 ? ct_spectral_norm(x, i % 3 == 1 ? 2 : -2, a) : ct_nuclear_norm(x, a), .leaf = {x}};
}

START_TEST(derivatives_of_solutions) { check_sweep("solve", solve_case); }
END_TEST

START_TEST(derivatives_of_norms) { check_sweep("norms", norm_case); }
END_TEST

/* ---- values -------------------------------------------------------------------------------------------------- */

static ct_tensor *turned(ct_tensor *x) { return ct_transpose(x, -2, -1); }

static void check_near(ct_tensor *a, ct_tensor *b) {
    ck_assert(a && b && ct_same_shape(a, b));
    double tolerance = a->dtype == CT_F32 ? 2e-4 : 1e-11;
    for (int64_t i = 0; i < ct_size(a); i++)
        ck_assert_double_eq_tol(ct_read_element(a->dtype, a->data, i), ct_read_element(b->dtype, b->data, i),
                                tolerance);
}

static ct_tensor *identity(ct_dtype dtype, int64_t n) { return ct_diag(ct_ones(dtype, CT_SHAPE(n)), 0); }

/* Whether x has orthonormal columns. */
static void check_orthonormal(ct_tensor *x) {
    ct_tensor *p = ct_matmul(turned(x), x);
    ct_shape shape = ct_shape_of(p);
    check_near(p, ct_broadcast(identity(ct_dtype_of(x), shape.dim[shape.ndim - 1]), shape));
}

START_TEST(factors_multiply_to_the_matrix) {
    const ct_shape shapes[] = {CT_SHAPE(2, 5, 3), CT_SHAPE(3, 5), CT_SHAPE(4, 4),
                               CT_SHAPE(40, 70),  CT_SHAPE(1, 1), CT_SHAPE(0, 2)};
    for (int i = 0; i < 12; i++) {
        ct_scope s = ct_begin();
        ct_dtype dtype = i % 2 ? CT_F32 : CT_F64;
        ct_tensor *x = ct_uniform(dtype, shapes[i / 2], -1, 1);
        ct_svd_result svd = ct_svd(x);
        ct_qr_result qr = ct_qr(x);
        check_near(ct_matmul(ct_mul(svd.u, ct_unsqueeze(svd.s, -2)), svd.vt), x);
        check_near(ct_matmul(qr.q, qr.r), x);
        check_near(ct_triu(qr.r, 0), qr.r);
        check_orthonormal(svd.u);
        check_orthonormal(turned(svd.vt));
        check_orthonormal(qr.q);
        ct_tensor *square = ct_matmul(x, turned(x)),
                  *raised = ct_add(square, identity(dtype, ct_shape_of(square).dim[ct_shape_of(square).ndim - 1]));
        ct_eigh_result eigh = ct_eigh(raised);
        check_near(ct_matmul(ct_mul(eigh.vectors, ct_unsqueeze(eigh.values, -2)), turned(eigh.vectors)), raised);
        check_orthonormal(eigh.vectors);
        ct_tensor *lower = ct_cholesky(raised);
        check_near(ct_matmul(lower, turned(lower)), raised);
        check_near(ct_tril(lower, 0), lower);
        check_near(ct_matmul(raised, ct_solve(raised, square)), square);
        check_near(ct_matmul(raised, ct_inv(raised)),
                   ct_broadcast(identity(dtype, ct_shape_of(raised).dim[ct_shape_of(raised).ndim - 1]),
                                ct_shape_of(raised)));
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(determinants) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(3, 2, 2), (double[]){1, 2, 3, 4, 0, 2, 3, 0, 1, 2, 2, 4});
    ct_slogdet_result r = ct_slogdet(ct_requires_grad(x));
    ck_assert(ct_backward_from(r.sign, ct_ones(CT_F64, CT_SHAPE(3))));
    ck_assert_double_eq(ct_item(ct_sum(ct_abs(ct_gradient(x)), CT_ALL)), 0);
    const double expected[] = {-2, -6, 0};
    for (int64_t i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(ct_get(ct_det(x), CT_SHAPE(i)), expected[i], 1e-14);
        ck_assert_double_eq(ct_get(r.sign, CT_SHAPE(i)), i < 2 ? -1 : 0);
        ck_assert(i < 2 ? fabs(ct_get(r.logabsdet, CT_SHAPE(i)) - log(-expected[i])) < 1e-14
                        : isinf(ct_get(r.logabsdet, CT_SHAPE(i))));
    }
    ck_assert_double_eq(ct_item(ct_det(ct_zeros(CT_F64, CT_SHAPE(0, 0)))), 1);
    ck_assert(ct_end(s));
}
END_TEST

/* Of rank 2 the derivative is the matrix of cofactors, of rank 1 it is 0. */
START_TEST(determinants_of_singular_matrices) {
    ct_scope s = ct_begin();
    double elements[] = {1, 2, 3, 2, 4, 6, 1, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3};
    double expected[] = {4, 4, -4, -2, -2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 3, 3), elements));
    ck_assert(ct_backward(ct_sum(ct_det(x), CT_ALL)));
    for (int64_t i = 0; i < 18; i++)
        ck_assert_double_eq_tol(ct_read_element(CT_F64, ct_gradient(x)->data, i), expected[i], 1e-13);
    ck_assert(ct_end(s));
}
END_TEST

/* Equal eigenvalues: of functions that have a derivative there it comes out right. */
START_TEST(equal_eigenvalues) {
    ct_scope s = ct_begin();
    ct_tensor *y = identity(CT_F64, 3), *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(3, 3), ct_data(y)));
    ck_assert(ct_backward(ct_sum(ct_exp(ct_eigh(x).values), CT_ALL)));
    check_near(ct_gradient(x), ct_mul(y, ct_scalar(exp(1))));
    ct_zero_gradient(x);
    ck_assert(ct_backward(ct_nuclear_norm(x, CT_AXES(0, 1))));
    check_near(ct_gradient(x), y);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(replay_computes_again) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(1, 1), (double[]){2})), *z = ct_sum(ct_inv(x), CT_ALL);
    ct_set(x, (double[]){4});
    ck_assert(ct_replay(z) && ct_backward(z));
    ck_assert_double_eq(ct_item(z), 0.25);
    ck_assert_double_eq(ct_item(ct_gradient(x)), -0.0625);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- errors -------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_linear_algebra) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_from(CT_F64, CT_SHAPE(2, 2, 2), (double[]){1, 0, 0, 1, 1, 1, 1, 1}), "x"),
              *y = ct_zeros(CT_F64, CT_SHAPE(2, 3));
    ct_tensor *nan = ct_full(CT_F64, CT_SHAPE(3, 3), NAN);
    expect_refused(ct_inv(x), CT_ERR_ARGUMENT, "ct_inv: inv(x(2,2,2)): matrix 1 of 2 is singular");
    expect_refused(ct_solve(x, ct_ones(CT_F64, CT_SHAPE(2, 2))), CT_ERR_ARGUMENT, "matrix 1 of 2 is singular");
    expect_refused(ct_cholesky(ct_neg(x)), CT_ERR_ARGUMENT, "matrix 0 of 2 is not positive definite");
    expect_refused(ct_inv(y), CT_ERR_SHAPE, "ct_inv: inv((2,3)): the matrix is not square");
    expect_refused(ct_det(ct_zeros(CT_F64, CT_SHAPE(3))), CT_ERR_SHAPE, "a matrix has two axes");
    expect_refused(ct_inv(ct_zeros(CT_I32, CT_SHAPE(2, 2))), CT_ERR_DTYPE, "i32 is not floating");
    expect_refused(ct_solve(x, ct_zeros(CT_F64, CT_SHAPE(3, 1))), CT_ERR_SHAPE, "2 rows for each matrix are needed");
    expect_refused(ct_solve(x, ct_zeros(CT_F32, CT_SHAPE(2, 2))), CT_ERR_DTYPE, "dtypes f64 and f32 differ");
    expect_refused(ct_solve(x, ct_zeros(CT_F64, CT_SHAPE(3, 2, 2))), CT_ERR_SHAPE,
                   "leading axes of (3,2,2) do not fit");
    expect_refused(ct_solve_triangular(x, y, true, false, false), CT_ERR_SHAPE, "2 columns for each matrix are needed");
    expect_refused(ct_nuclear_norm(y, CT_AXES(0)), CT_ERR_ARGUMENT, "a matrix has two axes");
    expect_refused(ct_spectral_norm(y, 3, CT_AXES(0, 1)), CT_ERR_ARGUMENT, "the order 3 is neither 2 nor -2");
    expect_refused(ct_svd(nan).u, CT_ERR_ARGUMENT, "is not finite");
    expect_refused(ct_eigh(nan).values, CT_ERR_ARGUMENT, "is not finite");
    /* LAPACK itself would not come back from the first of these. */
    ct_tensor *infinite = ct_from(CT_F64, CT_SHAPE(3, 3), (double[]){INFINITY, 1, -0.5, 7, 0, 2, 1e30, 5, 0});
    expect_refused(ct_svdvals(infinite), CT_ERR_ARGUMENT, "is not finite");
    expect_refused(ct_eigh(infinite).values, CT_ERR_ARGUMENT, "is not finite");
    expect_refused(ct_matrix_norm(infinite, 2, CT_AXES(0, 1)), CT_ERR_ARGUMENT, "is not finite");
    expect_refused(ct_svd(NULL).s, CT_ERR_NULL, "");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("linalg");
    TCase *t = tcase_create("linalg");
    tcase_add_loop_test(t, derivatives_of_ops, 0, OPS);
    tcase_add_test(t, derivatives_of_solutions);
    tcase_add_test(t, derivatives_of_norms);
    tcase_add_test(t, factors_multiply_to_the_matrix);
    tcase_add_test(t, determinants);
    tcase_add_test(t, determinants_of_singular_matrices);
    tcase_add_test(t, equal_eigenvalues);
    tcase_add_test(t, replay_computes_again);
    tcase_add_test(t, errors_of_linear_algebra);
    suite_add_tcase(suite, t);
    return suite;
}
