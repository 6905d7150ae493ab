/* Losses: derivatives of all, values by formulas in plain loops, reductions, edges, errors. */
#include "support/expect.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define NONE (-100) /* no class is ignored */

static const ct_loss_reduction reductions[] = {CT_LOSS_MEAN, CT_LOSS_SUM, CT_LOSS_NONE, CT_LOSS_BATCH_MEAN};

/* ---- derivatives --------------------------------------------------------------------------------------------- */

static const ct_shape shapes[] = {{0, {0}}, {1, {1}}, {1, {5}}, {2, {3, 4}}, {3, {2, 1, 3}}, {2, {0, 3}}};
#define SHAPES (int)(sizeof shapes / sizeof *shapes)

/* Of one shape each; targets of whole numbers alternate between 1 and -1. */
static ct_tensor *signs(ct_dtype dtype, ct_shape shape) {
    ct_tensor *y = ct_full(dtype, shape, 1);
    for (int64_t i = 0; i < ct_size(y); i += 2) ct_write_element(dtype, y->data, i, -1);
    return y;
}

/* Elements of y away from those of x by 0.1 to 0.4, or 0.6 to 0.9, of either sign: no kink is near. */
static ct_tensor *beside(ct_tensor *x) {
    ct_tensor *y = ct_sample_leaf((ct_dtype)x->dtype, ct_shape_of(x), 0.1, 0.4);
    for (int64_t i = 0; i < ct_size(y); i++) {
        double d = ct_read_element(y->dtype, y->data, i) + (i % 3 ? 0.5 : 0);
        ct_write_element(y->dtype, y->data, i, ct_read_element(x->dtype, x->data, i) + (i % 2 ? d : -d));
    }
    return y;
}

static ct_sample distance_case(int i, ct_dtype dtype) {
    if (i >= 16 * SHAPES) return (ct_sample){.z = NULL};
    ct_loss_reduction how = reductions[i / 4 % 4];
    ct_tensor *x = ct_sample_leaf(dtype, shapes[i / 16], -2, 2), *y = beside(x), *z;
    if (ct_size(x) == 0) how = CT_LOSS_SUM; /* the mean is NaN */
    switch (i % 4) {
    case 0: z = ct_mse_loss(x, y, how); break;
    case 1: z = ct_l1_loss(x, y, how); break;
    case 2: z = ct_smooth_l1_loss(x, y, 0.5, how); break;
    default: z = ct_huber_loss(x, y, 0.5, how);
    }
    return (ct_sample){.z = z, .leaf = {x, y}};
}

static ct_sample likelihood_case(int i, ct_dtype dtype) {
    if (i >= 10 * SHAPES) return (ct_sample){.z = NULL};
    ct_shape shape = shapes[i / 10];
    ct_loss_reduction how = reductions[1 + i % 2];
    ct_tensor *x = ct_sample_leaf(dtype, shape, -2, 2), *p = ct_sample_leaf(dtype, shape, 0.1, 0.9);
    ct_tensor *q = ct_sample_leaf(dtype, shape, 0.1, 0.9), *w = ct_sample_leaf(dtype, shape, 0.5, 2), *z;
    switch (i % 10) {
    case 0:
        z = ct_binary_cross_entropy(q, p, w, how);
        x = q;
        break;
    case 1: z = ct_binary_cross_entropy_with_logits(x, p, NULL, NULL, how); break;
    case 2: z = ct_binary_cross_entropy_with_logits(x, p, w, q, how); break;
    case 3: z = ct_soft_margin_loss(x, signs(CT_I32, shape), how); break;
    case 4: z = ct_kl_div(x, p, false, how); break;
    case 5: z = ct_kl_div(x, p, true, how); break;
    case 6: z = ct_poisson_nll_loss(x, p, true, false, 1e-8, how); break;
    case 7:
        p = ct_sample_leaf(dtype, shape, 1.1, 5), z = ct_poisson_nll_loss(q, p, false, true, 1e-8, how), x = q;
        break;
    case 8: z = ct_gaussian_nll_loss(x, q, w, true, 1e-6, how), p = q; break;
    default:
        if (shape.ndim == 0) shape = CT_SHAPE(3), x = ct_sample_leaf(dtype, shape, -2, 2), p = w = NULL;
        z = ct_multilabel_soft_margin_loss(x, p ? p : signs(dtype, shape), w, how);
    }
    bool weighted = i % 10 == 0 || i % 10 == 2 || i % 10 == 8;
    return (ct_sample){.z = z, .leaf = {x, i % 10 == 3 ? NULL : p, weighted ? w : NULL}};
}

static ct_sample margin_case(int i, ct_dtype dtype) {
    if (i >= 16) return (ct_sample){.z = NULL};
    ct_loss_reduction how = reductions[i / 4];
    ct_shape shape = CT_SHAPE(4, 3), rows = CT_SHAPE(4);
    ct_tensor *x = ct_sample_leaf(dtype, shape, -2, 2), *y = beside(x), *w = ct_sample_leaf(dtype, shape, 2, 3), *z;
    switch (i % 4) {
    case 0:
        z = ct_hinge_embedding_loss(x, signs(dtype, shape), 5, how);
        y = w = NULL;
        break;
    case 1:
        z = ct_margin_ranking_loss(x, y, signs(CT_I64, shape), 0.05, how);
        w = NULL;
        break;
    case 2:
        z = ct_cosine_embedding_loss(x, w, signs(dtype, rows), -0.99, how);
        y = w;
        w = NULL;
        break;
    default: z = ct_triplet_margin_loss(x, y, w, (ct_triplet){9, i > 8 ? 2 : 3, 1e-6, i > 4}, how);
    }
    return (ct_sample){.z = z, .leaf = {x, y, w}};
}

/* Integers i * 5 % n, and `odd` in place of the second. */
static ct_tensor *labels(ct_dtype dtype, ct_shape shape, int64_t n, double odd) {
    ct_tensor *y = ct_full(dtype, shape, 0);
    for (int64_t i = 0; i < ct_size(y); i++) ct_write_element(dtype, y->data, i, i == 1 ? odd : (double)(i * 5 % n));
    return y;
}

static ct_sample class_case(int i, ct_dtype dtype) {
    const ct_shape cases[] = {CT_SHAPE(4), CT_SHAPE(3, 4), CT_SHAPE(2, 4, 3), CT_SHAPE(2, 4, 1, 2), CT_SHAPE(1, 4)};
    if (i >= 16 * 5) return (ct_sample){.z = NULL};
    ct_shape shape = cases[i / 16], rows = shape;
    for (int a = shape.ndim > 1, k = a; k < shape.ndim; k++) rows.dim[k] = shape.dim[k + 1 < CT_MAX_DIMS ? k + 1 : k];
    rows.ndim--;
    bool weighted = i & 4, ignoring = i & 8;
    double smoothing = i % 4 == 2 ? 0.3 : 0;
    ct_loss_reduction how = reductions[(i / 4) % 3];
    ct_tensor *x = ct_sample_leaf(dtype, shape, -2, 2), *p = ct_sample_leaf(dtype, shape, 0, 1), *z;
    ct_tensor *w = weighted ? ct_sample_leaf(dtype, CT_SHAPE(4), 0.5, 2) : NULL;
    ct_tensor *y = labels(CT_I64, rows, 4, ignoring ? 2 : 1);
    int64_t ignored = ignoring ? 2 : NONE;
    if (i % 4 == 0) z = ct_nll_loss(x, y, w, ignored, how);
    else if (i % 4 < 3) z = ct_cross_entropy_loss(x, y, w, ignored, smoothing, how);
    else z = ct_cross_entropy_loss(x, p, w, NONE, 0.2, how);
    return (ct_sample){.z = z, .leaf = {x, i % 4 == 3 ? p : NULL, w}};
}

static ct_sample class_margin_case(int i, ct_dtype dtype) {
    const ct_shape cases[] = {CT_SHAPE(4), CT_SHAPE(3, 4), CT_SHAPE(1, 1)};
    if (i >= 12) return (ct_sample){.z = NULL};
    ct_shape shape = cases[i / 4];
    int64_t n = shape.dim[shape.ndim - 1];
    ct_shape rows = shape.ndim == 2 ? CT_SHAPE(shape.dim[0]) : CT_SCALAR;
    ct_tensor *x = ct_sample_leaf(dtype, shape, -0.3, 0.3), *w = ct_sample_leaf(dtype, CT_SHAPE(n), 0.5, 2), *z;
    if (i % 4 == 3)
        return (ct_sample){.z = ct_multilabel_margin_loss(x, labels(CT_I64, shape, n, -1), CT_LOSS_NONE),
                           .leaf = {x}};
    if (i % 4 == 2) w = NULL;
    z = ct_multi_margin_loss(x, labels(CT_I64, rows, n, 0), 1 + i % 2, 1, w, reductions[i % 3]);
    return (ct_sample){.z = z, .leaf = {x, w}};
}

/* Five sequences of up to 6 steps: a repeated label, none, one that just fits, one that cannot. */
static ct_sample ctc_case(int i, ct_dtype dtype) {
    if (i >= 4) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, CT_SHAPE(6, 5, 4), -1, 1), *y;
    int64_t padded[] = {1, 1, 2, 3, 0, 0, 2, 3, 1, 3, 3, 3, 1, 2, 3}, lengths[] = {3, 0, 3, 3, 3};
    int64_t joined[] = {1, 1, 2, 2, 3, 1, 3, 3, 3, 1, 2, 3}, steps[] = {6, 4, 3, 4, 5};
    if (i % 2) padded[9] = 2, joined[6] = 2; /* 2 3 3 fits into 4 steps, 3 3 3 does not */
    y = i < 2 ? ct_from(CT_I64, CT_SHAPE(5, 3), padded) : ct_from(CT_I64, CT_SHAPE(12), joined);
    ct_tensor *z = ct_ctc_loss(x, y, ct_from(CT_I64, CT_SHAPE(5), steps), ct_from(CT_I64, CT_SHAPE(5), lengths), 0,
                               true, reductions[i % 3]);
    return (ct_sample){.z = z, .leaf = {x}};
}

START_TEST(derivatives_of_losses) {
    const struct {
        const char *name;
        ct_sample (*make)(int i, ct_dtype dtype);
    } families[] = {{"distance", distance_case}, {"likelihood", likelihood_case},     {"margin", margin_case},
                    {"class", class_case},       {"class margin", class_margin_case}, {"ctc", ctc_case}};
    check_sweep(families[_i].name, families[_i].make);
}
END_TEST

/* ---- values -------------------------------------------------------------------------------------------------- */

START_TEST(reductions_of_terms) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2, 3, 4}), *y = ct_zeros(CT_F64, CT_SHAPE(2, 2));
    ck_assert_double_eq(ct_item(ct_mse_loss(x, y, CT_LOSS_MEAN)), 7.5);
    ck_assert_double_eq(ct_item(ct_mse_loss(x, y, CT_LOSS_SUM)), 30);
    ck_assert_double_eq(ct_item(ct_mse_loss(x, y, CT_LOSS_BATCH_MEAN)), 15);
    ck_assert_double_eq(element(ct_mse_loss(x, y, CT_LOSS_NONE), 3), 16);
    ck_assert(ct_end(s));
}
END_TEST

/* Probabilities 0 and 1: logarithms stop at -100, and the derivative where x (1 - x) is 1e-12. */
START_TEST(certain_outcomes) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(4), (double[]){0, 0, 1, 1}));
    ct_tensor *y = ct_from(CT_F64, CT_SHAPE(4), (double[]){0, 1, 0, 1}),
              *z = ct_binary_cross_entropy(x, y, NULL, CT_LOSS_NONE);
    for (int i = 0; i < 4; i++) ck_assert_double_eq(element(z, i), i == 1 || i == 2 ? 100 : 0);
    ck_assert(ct_backward(ct_sum(z, CT_ALL)));
    for (int i = 0; i < 4; i++) ck_assert_double_eq(element(ct_gradient(x), i), i == 1 ? -1e12 : i == 2 ? 1e12 : 0);
    ck_assert(ct_end(s));
}
END_TEST

/* Of what is at its margin the derivative is that of the other side, as of PyTorch's clamp_min(); of NaN it is 0. */
START_TEST(margins_that_are_met) {
    ct_scope s = ct_begin();
    ct_tensor *x1 = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(4), (double[]){2, 1, 3, NAN}));
    ct_tensor *x2 = ct_from(CT_F64, CT_SHAPE(4), (double[]){2, 2, 2, 2}), *y = ct_ones(CT_F64, CT_SHAPE(4));
    ct_tensor *gx = ct_grad(ct_margin_ranking_loss(x1, x2, y, 0, CT_LOSS_SUM), x1);
    const double expected[] = {-1, -1, 0, 0};
    for (int i = 0; i < 4; i++) ck_assert_double_eq(ct_get(gx, CT_SHAPE(i)), expected[i]);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(variances_without_end) {
    ct_scope s = ct_begin();
    ct_tensor *one = ct_scalar(1), *loss = ct_gaussian_nll_loss(one, one, ct_scalar(INFINITY), false, 1e-6, CT_LOSS_SUM);
    ck_assert_double_eq(ct_item(loss), INFINITY);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(large_logits) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F32, CT_SHAPE(2), (float[]){1000, -1000}),
              *y = ct_from(CT_F32, CT_SHAPE(2), (float[]){0, 1});
    ck_assert_double_eq(ct_item(ct_binary_cross_entropy_with_logits(x, y, NULL, NULL, CT_LOSS_MEAN)), 1000);
    ck_assert_double_eq(ct_item(ct_soft_margin_loss(x, ct_from(CT_F32, CT_SHAPE(2), (float[]){-1, 1}), CT_LOSS_MEAN)),
                        1000);
    ck_assert(ct_end(s));
}
END_TEST

/* The mean of the full loss is that of the fused op, whose classes are on the last axis. */
START_TEST(cross_entropies_agree) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F64, CT_SHAPE(5, 4), -3, 3), *y = labels(CT_I32, CT_SHAPE(5), 4, 3);
    double fused = ct_item(ct_cross_entropy(x, y)),
           full = ct_item(ct_cross_entropy_loss(x, y, NULL, NONE, 0, CT_LOSS_MEAN));
    ck_assert_double_eq_tol(fused, full, 1e-14);
    ct_tensor *p = ct_cast(ct_one_hot(y, 4), CT_F64);
    double smooth = ct_item(ct_cross_entropy_loss(x, y, NULL, NONE, 0.1, CT_LOSS_MEAN));
    ck_assert_double_eq_tol(smooth, ct_item(ct_cross_entropy_loss(x, p, NULL, NONE, 0.1, CT_LOSS_MEAN)), 1e-14);
    ct_tensor *nothing = ct_full(CT_I64, CT_SHAPE(5), 2);
    ck_assert(isnan(ct_item(ct_cross_entropy_loss(x, nothing, NULL, 2, 0, CT_LOSS_MEAN))));
    ck_assert_double_eq(ct_item(ct_cross_entropy_loss(x, nothing, NULL, 2, 0, CT_LOSS_SUM)), 0);
    ck_assert(ct_end(s));
}
END_TEST

typedef ct_tensor *class_loss(ct_tensor *x, ct_tensor *y);
static ct_tensor *nll(ct_tensor *x, ct_tensor *y) { return ct_nll_loss(x, y, NULL, NONE, CT_LOSS_MEAN); }
static ct_tensor *ignoring(ct_tensor *x, ct_tensor *y) { return ct_nll_loss(x, y, NULL, 1, CT_LOSS_MEAN); }
static ct_tensor *weighted(ct_tensor *x, ct_tensor *y) {
    ct_tensor *weight = ct_from(CT_F64, CT_SHAPE(4), (double[]){1, 2, 3, 4});
    return ct_cross_entropy_loss(x, y, weight, 3, 0.1, CT_LOSS_MEAN);
}
static ct_tensor *margin(ct_tensor *x, ct_tensor *y) { return ct_multi_margin_loss(x, y, 1, 1, NULL, CT_LOSS_SUM); }
static ct_tensor *lists(ct_tensor *x, ct_tensor *y) {
    ct_tensor *listed = ct_stack(CT_LIST(y, ct_full(CT_I64, CT_SHAPE(5), 2), ct_full(CT_I64, CT_SHAPE(5), -1), y), 1);
    return ct_multilabel_margin_loss(x, listed, CT_LOSS_MEAN);
}
static class_loss *const class_losses[] = {nll, ignoring, weighted, margin, lists};

/* What ct_fit() does: other classes in the same tensor, and the same loss and gradient as recorded anew. */
START_TEST(classes_that_change_before_a_replay) {
    class_loss *loss = class_losses[_i];
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(5, 4), -3, 3)), *y = labels(CT_I64, CT_SHAPE(5), 4, 3);
    ct_tensor *f = loss(x, y);
    const int64_t others[] = {3, 1, 1, 0, 2};
    ck_assert(ct_set(y, others) && ct_replay(f) && ct_backward(f));
    ct_tensor *anew = loss(x, ct_from(CT_I64, CT_SHAPE(5), others)), *g = ct_from(CT_F64, CT_SHAPE(5, 4), x->grad);
    ct_zero_gradient(x);
    ck_assert(ct_backward(anew));
    ck_assert_double_eq(ct_item(f), ct_item(anew));
    ck_assert_mem_eq(ct_gradient(x)->data, g->data, ct_bytes_of(x));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(ctc_knows_that_its_targets_changed) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(4, 1, 3), -1, 1)), *y = ct_ones(CT_I64, CT_SHAPE(1, 2));
    ct_tensor *steps = ct_full(CT_I64, CT_SHAPE(1), 4), *length = ct_full(CT_I64, CT_SHAPE(1), 2);
    ct_tensor *f = ct_ctc_loss(x, y, steps, length, 0, false, CT_LOSS_MEAN);
    double before = ct_item(f);
    ck_assert(ct_replay(f));
    ck_assert_double_eq(ct_item(f), before);
    ck_assert(ct_set(y, (int64_t[]){1, 2}) && ct_replay(f));
    ck_assert(isnan(ct_item(f)));
    ck_assert(ct_end(s));
}
END_TEST

/* The probability of all paths that read as the target, one by one. */
static double read_paths(const double *p, int steps, int classes, const int64_t *target, int n) {
    double sum = 0;
    int paths = (int)pow(classes, steps);
    for (int code = 0; code < paths; code++) {
        int read = 0, last = 0, rest = code;
        bool fits = true;
        double probability = 1;
        for (int t = 0; t < steps; t++, rest /= classes) {
            int label = rest % classes;
            probability *= p[t * classes + label];
            if (label && label != last) fits = fits && read < n && target[read++] == label;
            last = label;
        }
        if (fits && read == n) sum += probability;
    }
    return sum;
}

START_TEST(ctc_sums_over_all_paths) {
    const int64_t targets[][3] = {{1, 2, 1}, {1, 1, 0}, {2, 0, 0}, {0, 0, 0}, {2, 2, 2}};
    const int lengths[] = {3, 2, 1, 0, 3};
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F64, CT_SHAPE(4, 1, 3), -2, 2), *p = ct_softmax(x, -1),
              *steps = ct_full(CT_I64, CT_SHAPE(1), 4);
    for (int k = 0; k < 5; k++) {
        ct_tensor *y = ct_from(CT_I64, CT_SHAPE(1, 3), targets[k]),
                  *length = ct_full(CT_I64, CT_SHAPE(1), lengths[k]);
        double expected = read_paths(ct_data(p), 4, 3, targets[k], lengths[k]);
        double got = ct_item(ct_ctc_loss(x, y, steps, length, 0, false, CT_LOSS_SUM));
        if (expected > 0) ck_assert_double_eq_tol(got, -log(expected), 1e-12);
        else ck_assert(isinf(got));
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- errors -------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_losses) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_full(CT_F64, CT_SHAPE(2, 3), 0.5), "x"), *y = ct_full(CT_I64, CT_SHAPE(2), 3);
    ct_tensor *one = ct_full(CT_I64, CT_SHAPE(1), 1), *v = ct_full(CT_F64, CT_SHAPE(2), -1);
    expect_refused(ct_mse_loss(x, x, (ct_loss_reduction)9), CT_ERR_ARGUMENT, "9 is no reduction");
    expect_refused(ct_mse_loss(NULL, x, CT_LOSS_SUM), CT_ERR_NULL, "");
    expect_refused(ct_huber_loss(x, x, 0, CT_LOSS_SUM), CT_ERR_ARGUMENT,
                   "ct_huber_loss: x(2,3): delta = 0 is not positive");
    expect_refused(ct_smooth_l1_loss(x, x, -1, CT_LOSS_SUM), CT_ERR_ARGUMENT, "beta = -1 is negative");
    expect_refused(ct_binary_cross_entropy(v, v, NULL, CT_LOSS_SUM), CT_ERR_ARGUMENT,
                   "element 0, -1, is no probability");
    expect_refused(ct_binary_cross_entropy(x, v, NULL, CT_LOSS_SUM), CT_ERR_SHAPE, "differ in shape");
    expect_refused(ct_gaussian_nll_loss(x, x, v, false, 1e-6, CT_LOSS_SUM), CT_ERR_ARGUMENT, "variance 0 is negative");
    expect_refused(ct_gaussian_nll_loss(v, v, x, false, 1e-6, CT_LOSS_SUM), CT_ERR_SHAPE, "is of another shape");
    expect_refused(ct_margin_ranking_loss(x, x, v, 0, CT_LOSS_SUM), CT_ERR_SHAPE, "operands of 2, 2 and 1 dimensions");
    expect_refused(ct_cosine_embedding_loss(x, x, x, 0, CT_LOSS_SUM), CT_ERR_SHAPE, "is needed");
    expect_refused(ct_triplet_margin_loss(x, x, v, (ct_triplet){1, 2, 0, false}, CT_LOSS_SUM), CT_ERR_SHAPE,
                   "dimensions");
    expect_refused(ct_nll_loss(x, y, NULL, NONE, CT_LOSS_SUM), CT_ERR_ARGUMENT,
                   "ct_nll_loss: x(2,3): target 0 has class 3");
    expect_refused(ct_nll_loss(x, one, NULL, NONE, CT_LOSS_SUM), CT_ERR_SHAPE, "classes (1) do not fit");
    expect_refused(ct_nll_loss(x, x, NULL, NONE, CT_LOSS_SUM), CT_ERR_DTYPE, "integer");
    expect_refused(ct_nll_loss(x, ct_zeros(CT_I32, CT_SHAPE(2)), v, NONE, CT_LOSS_SUM), CT_ERR_SHAPE,
                   "(2) is no weight a class");
    expect_refused(ct_cross_entropy_loss(x, x, NULL, NONE, 2, CT_LOSS_SUM), CT_ERR_ARGUMENT,
                   "label_smoothing = 2 is no share");
    expect_refused(ct_cross_entropy_loss(x, x, NULL, 1, 0, CT_LOSS_SUM), CT_ERR_ARGUMENT, "ignore_index = 1");
    expect_refused(ct_cross_entropy_loss(x, v, NULL, NONE, 0, CT_LOSS_SUM), CT_ERR_SHAPE,
                   "probabilities (2) do not fit");
    expect_refused(ct_multi_margin_loss(x, y, 3, 1, NULL, CT_LOSS_SUM), CT_ERR_ARGUMENT, "p = 3");
    expect_refused(ct_multilabel_margin_loss(x, y, CT_LOSS_SUM), CT_ERR_SHAPE, "of one shape");
    expect_refused(ct_multilabel_margin_loss(x, ct_full(CT_I64, CT_SHAPE(2, 3), 5), CT_LOSS_SUM), CT_ERR_ARGUMENT,
                   "class 5");
    expect_refused(ct_ctc_loss(x, y, one, one, 0, false, CT_LOSS_SUM), CT_ERR_SHAPE, "(steps, n, classes)");
    ct_tensor *steps = ct_zeros(CT_F64, CT_SHAPE(4, 1, 3)), *target = ct_full(CT_I64, CT_SHAPE(1, 2), 7);
    expect_refused(ct_ctc_loss(steps, target, one, one, 3, false, CT_LOSS_SUM), CT_ERR_ARGUMENT,
                   "blank = 3 is no class");
    expect_refused(ct_ctc_loss(steps, target, one, one, 0, false, CT_LOSS_SUM), CT_ERR_ARGUMENT, "has class 7");
    expect_refused(ct_ctc_loss(steps, target, ct_full(CT_I64, CT_SHAPE(1), 5), one, 0, false, CT_LOSS_SUM),
                   CT_ERR_ARGUMENT, "length 5 is outside of 1 to 4");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("loss");
    TCase *t = tcase_create("loss");
    tcase_add_loop_test(t, derivatives_of_losses, 0, 6);
    tcase_add_test(t, reductions_of_terms);
    tcase_add_test(t, certain_outcomes);
    tcase_add_test(t, margins_that_are_met);
    tcase_add_test(t, variances_without_end);
    tcase_add_test(t, large_logits);
    tcase_add_test(t, cross_entropies_agree);
    tcase_add_loop_test(t, classes_that_change_before_a_replay, 0, sizeof class_losses / sizeof *class_losses);
    tcase_add_test(t, ctc_knows_that_its_targets_changed);
    tcase_add_test(t, ctc_sums_over_all_paths);
    tcase_add_test(t, errors_of_losses);
    suite_add_tcase(suite, t);
    return suite;
}
