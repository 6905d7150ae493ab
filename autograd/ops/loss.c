/* Losses that compare elements, or vectors along the last axis: composed of other ops. */
#include "autograd/ops/loss.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

/* ---- what they share ------------------------------------------------------------------------------------------- */

ct_tensor *ct_reduce_loss(const char *op, const char *at, ct_tensor *terms, ct_loss_reduction reduction) {
    switch (terms ? reduction : CT_LOSS_NONE) {
    case CT_LOSS_MEAN: return ct_mean(terms, CT_ALL);
    case CT_LOSS_SUM: return ct_sum(terms, CT_ALL);
    case CT_LOSS_NONE: return terms;
    case CT_LOSS_BATCH_MEAN:
        if (terms->ndim == 0) return terms;
        return ct_div(ct_sum(terms, CT_ALL), C(terms, (double)terms->extent->dim[0]));
    }
    return ct_decline(op, at, terms, CT_ERR_ARGUMENT, "%d is no reduction", (int)reduction);
}

ct_tensor *ct_hinge(const char *at, ct_tensor *x) { return ct_clamp(x, 0, INFINITY); }

/* Targets of whole numbers may be of an integer dtype. */
static ct_tensor *target_like(const char *at, ct_tensor *y, const ct_tensor *x) {
    return x && y && !ct_is_float(y->dtype) ? ct_cast(y, x->dtype) : y;
}

static ct_tensor *weighted(const char *at, ct_tensor *terms, ct_tensor *weight) {
    return weight ? ct_mul(terms, weight) : terms;
}

static bool same_shapes(const char *op, const char *at, const ct_tensor *x, const ct_tensor *y) {
    char one[CT_DESCRIPTION], other[CT_DESCRIPTION];
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return false;
    if (ct_same_shape(x, y)) return true;
    ct_raise(CT_ERR_SHAPE, op, at, "%s and %s differ in shape", ct_describe(x, one), ct_describe(y, other));
    return false;
}

/* ---- distances ------------------------------------------------------------------------------------------------- */

ct_tensor *ct_mse_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction) {
    return ct_reduce_loss("ct_mse_loss", at, ct_square(ct_sub(x, y)), reduction);
}

ct_tensor *ct_mse_at(const char *at, ct_tensor *x, ct_tensor *y) {
    return same_shapes("ct_mse", at, x, y) ? ct_mse_loss(x, y, CT_LOSS_MEAN) : NULL;
}

ct_tensor *ct_l1_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction) {
    return ct_reduce_loss("ct_l1_loss", at, ct_abs(ct_sub(x, y)), reduction);
}

/* |x - y| - width / 2, and the parabola that meets it where |x - y| < width. */
static ct_tensor *rounded_distance(const char *at, ct_tensor *x, ct_tensor *y, double width) {
    ct_tensor *apart = ct_sub(x, y), *distance = ct_abs(apart);
    ct_tensor *parabola = ct_mul(ct_square(apart), C(apart, 0.5 / width));
    return ct_where(ct_lt(distance, C(apart, width)), parabola, ct_sub(distance, C(apart, 0.5 * width)));
}

ct_tensor *ct_smooth_l1_loss_at(const char *at, ct_tensor *x, ct_tensor *y, double beta,
                                ct_loss_reduction reduction) {
    const char *op = "ct_smooth_l1_loss";
    if (!ct_given(op, at, x, 0)) return NULL;
    if (!(beta >= 0)) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "beta = %g is negative", beta);
    ct_tensor *terms = beta == 0 ? ct_abs(ct_sub(x, y)) : rounded_distance(at, x, y, beta);
    return ct_reduce_loss(op, at, terms, reduction);
}

ct_tensor *ct_huber_loss_at(const char *at, ct_tensor *x, ct_tensor *y, double delta, ct_loss_reduction reduction) {
    const char *op = "ct_huber_loss";
    if (!ct_given(op, at, x, 0)) return NULL;
    if (!(delta > 0)) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "delta = %g is not positive", delta);
    return ct_reduce_loss(op, at, ct_mul(rounded_distance(at, x, y, delta), C(x, delta)), reduction);
}

/* ---- likelihoods ----------------------------------------------------------------------------------------------- */

ct_tensor *ct_binary_cross_entropy_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                      ct_loss_reduction reduction) {
    const char *op = "ct_binary_cross_entropy";
    if (!same_shapes(op, at, x, y)) return NULL;
    for (int64_t i = 0; i < ct_size_of(x); i++) {
        double v = ct_read_element(x->dtype, x->data, i);
        if (v < 0 || v > 1)
            return ct_decline(op, at, x, CT_ERR_ARGUMENT, "element %lld, %g, is no probability", (long long)i, v);
    }
    return ct_reduce_loss(op, at, weighted(at, ct_bernoulli_nll(x, y), weight), reduction);
}

/* Of sigmoid(x): (1 - y) x + softplus(-x), the second being the loss of outcome 1. */
static ct_tensor *logistic_terms(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *pos_weight) {
    ct_tensor *hit = ct_softplus(ct_neg(x));
    if (pos_weight) hit = ct_mul(hit, ct_add(ct_mul(ct_sub(pos_weight, C(x, 1)), y), C(x, 1)));
    return ct_add(ct_mul(ct_sub(C(x, 1), y), x), hit);
}

ct_tensor *ct_binary_cross_entropy_with_logits_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                                  ct_tensor *pos_weight, ct_loss_reduction reduction) {
    const char *op = "ct_binary_cross_entropy_with_logits";
    y = target_like(at, y, x);
    if (!same_shapes(op, at, x, y)) return NULL;
    return ct_reduce_loss(op, at, weighted(at, logistic_terms(at, x, y, pos_weight), weight), reduction);
}

ct_tensor *ct_multilabel_soft_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                             ct_loss_reduction reduction) {
    y = target_like(at, y, x);
    ct_tensor *terms = weighted(at, logistic_terms(at, x, y, NULL), weight);
    return ct_reduce_loss("ct_multilabel_soft_margin_loss", at, ct_mean(terms, CT_AXES(-1)), reduction);
}

/* log(1 + exp x), which is 0 where the sum is 1 in x's dtype, as in PyTorch. */
static ct_tensor *rounded_softplus(const char *at, ct_tensor *x) {
    ct_tensor *positive = ct_gt(x, C(x, 0)), *decay = ct_exp(ct_where(positive, ct_neg(x), x));
    return ct_add(ct_where(positive, x, C(x, 0)), ct_log(ct_add(decay, C(x, 1))));
}

ct_tensor *ct_soft_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction) {
    y = target_like(at, y, x);
    return ct_reduce_loss("ct_soft_margin_loss", at, rounded_softplus(at, ct_neg(ct_mul(x, y))), reduction);
}

ct_tensor *ct_kl_div_at(const char *at, ct_tensor *x, ct_tensor *y, bool log_target, ct_loss_reduction reduction) {
    ct_tensor *terms = log_target ? ct_mul(ct_exp(y), ct_sub(y, x)) : ct_sub(ct_xlogy(y, y), ct_mul(y, x));
    return ct_reduce_loss("ct_kl_div", at, terms, reduction);
}

/* log y! by Stirling, where y > 1. */
static ct_tensor *log_factorial(const char *at, ct_tensor *y) {
    ct_tensor *few = ct_le(y, C(y, 1)), *n = ct_where(few, C(y, 1), y);
    ct_tensor *stirling =
        ct_add(ct_sub(ct_mul(n, ct_log(n)), n), ct_mul(C(n, 0.5), ct_log(ct_mul(n, C(n, 2 * M_PI)))));
    return ct_where(few, C(y, 0), stirling);
}

ct_tensor *ct_poisson_nll_loss_at(const char *at, ct_tensor *x, ct_tensor *y, bool log_input, bool full, double eps,
                                  ct_loss_reduction reduction) {
    y = target_like(at, y, x);
    ct_tensor *terms =
        log_input ? ct_sub(ct_exp(x), ct_mul(y, x)) : ct_sub(x, ct_mul(y, ct_log(ct_add(x, C(x, eps)))));
    if (full) terms = ct_add(terms, log_factorial(at, y));
    return ct_reduce_loss("ct_poisson_nll_loss", at, terms, reduction);
}

/* A variance for each element of x, or one for each row, with or without a last axis of extent 1. */
static ct_tensor *fit_variance(const char *op, const char *at, ct_tensor *x, ct_tensor *variance) {
    char text[CT_DESCRIPTION];
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, variance, 2)) return NULL;
    ct_shape rows = ct_shape_of(x), own = ct_shape_of(variance);
    if (ct_same_shape(x, variance)) return variance;
    if (rows.ndim) rows.dim[rows.ndim - 1] = 1;
    if (!ct_shape_equal(&rows, &own)) {
        rows.ndim -= rows.ndim > 0;
        if (!ct_shape_equal(&rows, &own))
            return ct_decline(op, at, x, CT_ERR_SHAPE, "the variance %s is of another shape",
                              ct_describe(variance, text));
        variance = ct_unsqueeze(variance, -1);
    }
    return variance;
}

ct_tensor *ct_gaussian_nll_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *variance, bool full,
                                   double eps, ct_loss_reduction reduction) {
    const char *op = "ct_gaussian_nll_loss";
    if (!(variance = fit_variance(op, at, x, variance))) return NULL;
    for (int64_t i = 0; i < ct_size_of(variance); i++)
        if (ct_read_element(variance->dtype, variance->data, i) < 0)
            return ct_decline(op, at, variance, CT_ERR_ARGUMENT, "variance %lld is negative", (long long)i);
    /* Raised to eps, with the derivative as if it were not. */
    ct_tensor *lift = ct_detach(ct_relu(ct_sub(C(variance, eps), variance)));
    variance = ct_add(variance, lift);
    ct_tensor *terms = ct_add(ct_log(variance), ct_div(ct_square(ct_sub(x, y)), variance));
    terms = ct_mul(terms, C(x, 0.5));
    if (full) terms = ct_add(terms, C(x, 0.5 * log(2 * M_PI)));
    return ct_reduce_loss(op, at, terms, reduction);
}

/* ---- margins --------------------------------------------------------------------------------------------------- */

ct_tensor *ct_hinge_embedding_loss_at(const char *at, ct_tensor *x, ct_tensor *y, double margin,
                                      ct_loss_reduction reduction) {
    y = target_like(at, y, x);
    ct_tensor *near = ct_where(ct_ne(y, C(y, -1)), x, C(x, 0));
    ct_tensor *far = ct_where(ct_ne(y, C(y, 1)), ct_hinge(at, ct_sub(C(x, margin), x)), C(x, 0));
    return ct_reduce_loss("ct_hinge_embedding_loss", at, ct_add(near, far), reduction);
}

ct_tensor *ct_margin_ranking_loss_at(const char *at, ct_tensor *x1, ct_tensor *x2, ct_tensor *y, double margin,
                                     ct_loss_reduction reduction) {
    const char *op = "ct_margin_ranking_loss";
    if (!ct_given(op, at, x1, 0) || !ct_given(op, at, x2, 1) || !ct_given(op, at, y, 2)) return NULL;
    if (x1->ndim != x2->ndim || x1->ndim != y->ndim)
        return ct_decline(op, at, x1, CT_ERR_SHAPE, "operands of %d, %d and %d dimensions", x1->ndim, x2->ndim,
                          y->ndim);
    y = target_like(at, y, x1);
    ct_tensor *terms = ct_hinge(at, ct_add(ct_mul(y, ct_sub(x2, x1)), C(x1, margin)));
    return ct_reduce_loss(op, at, terms, reduction);
}

/* Along the last axis; never 0 / 0. */
static ct_tensor *cosine(const char *at, ct_tensor *x1, ct_tensor *x2) {
    ct_tensor *square1 = ct_add(ct_sum(ct_square(x1), CT_AXES(-1)), C(x1, 1e-12));
    ct_tensor *square2 = ct_add(ct_sum(ct_square(x2), CT_AXES(-1)), C(x2, 1e-12));
    return ct_div(ct_sum(ct_mul(x1, x2), CT_AXES(-1)), ct_sqrt(ct_mul(square1, square2)));
}

ct_tensor *ct_cosine_embedding_loss_at(const char *at, ct_tensor *x1, ct_tensor *x2, ct_tensor *y, double margin,
                                       ct_loss_reduction reduction) {
    const char *op = "ct_cosine_embedding_loss";
    if (!same_shapes(op, at, x1, x2) || !ct_given(op, at, y, 2)) return NULL;
    if (x1->ndim != y->ndim + 1 || y->ndim > 1)
        return ct_decline(op, at, x1, CT_ERR_SHAPE,
                          "a vector with a 0-d target, or a matrix with a 1-d one is needed");
    y = target_like(at, y, x1);
    ct_tensor *likeness = cosine(at, x1, x2), *zero = C(x1, 0), *one = C(y, 1);
    ct_tensor *same = ct_where(ct_eq(y, one), ct_sub(C(x1, 1), likeness), zero);
    ct_tensor *other = ct_where(ct_eq(y, ct_neg(one)), ct_hinge(at, ct_sub(likeness, C(x1, margin))), zero);
    return ct_reduce_loss(op, at, ct_add(same, other), reduction);
}

ct_tensor *ct_triplet_margin_loss_at(const char *at, ct_tensor *anchor, ct_tensor *positive, ct_tensor *negative,
                                     ct_triplet triplet, ct_loss_reduction reduction) {
    const char *op = "ct_triplet_margin_loss";
    if (!ct_given(op, at, anchor, 0) || !ct_given(op, at, positive, 1) || !ct_given(op, at, negative, 2)) return NULL;
    if (anchor->ndim != positive->ndim || anchor->ndim != negative->ndim)
        return ct_decline(op, at, anchor, CT_ERR_SHAPE, "operands of %d, %d and %d dimensions", anchor->ndim,
                          positive->ndim, negative->ndim);
    double p = triplet.p, eps = triplet.eps;
    ct_tensor *near = ct_pairwise_distance(anchor, positive, p, eps, false);
    ct_tensor *far = ct_pairwise_distance(anchor, negative, p, eps, false);
    if (triplet.swap) far = ct_minimum(far, ct_pairwise_distance(positive, negative, p, eps, false));
    ct_tensor *terms = ct_hinge(at, ct_add(ct_sub(near, far), C(anchor, triplet.margin)));
    return ct_reduce_loss(op, at, terms, reduction);
}
