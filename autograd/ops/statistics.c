/* Sums without NaN, moments, covariance, differences: composed of other ops. */
#include "autograd/ops/compose.h"
#include "autograd/ops/matmul.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

/* ---- sums --------------------------------------------------------------------------------------------------- */

ct_tensor *ct_nansum_at(const char *at, ct_tensor *x, ct_axes axes) {
    return ct_sum(ct_where(ct_eq(x, x), x, C(x, 0)), axes);
}

ct_tensor *ct_nanmean_at(const char *at, ct_tensor *x, ct_axes axes) {
    ct_tensor *sum = ct_nansum(x, axes);
    return sum ? ct_div(sum, ct_sum(ct_cast(ct_eq(x, x), sum->dtype), axes)) : NULL;
}

/* ---- moments ------------------------------------------------------------------------------------------------ */

/* The square root, with subgradient 0 at 0. */
static ct_tensor *root(const char *at, ct_tensor *x) {
    ct_tensor *zero = ct_eq(x, C(x, 0));
    return ct_where(zero, C(x, 0), ct_sqrt(ct_where(zero, C(x, 1), x)));
}

ct_tensor *ct_std_at(const char *at, ct_tensor *x, ct_axes axes, int correction) {
    return root(at, ct_variance(x, axes, correction));
}

/* One weight for each of n observations, none negative, in `dtype`; NULL with an error. */
static ct_tensor *check_weights(const char *at, ct_tensor *weights, int64_t n, bool whole, ct_dtype dtype) {
    bool fits = weights->ndim == 1 && ct_size_of(weights) == n && ct_is_float(weights->dtype) != whole;
    for (int64_t i = 0; fits && i < n; i++) fits = !(ct_read_element(weights->dtype, weights->data, i) < 0);
    if (fits) return ct_cast(weights, dtype);
    return ct_decline("ct_cov", at, weights, CT_ERR_ARGUMENT, "these must be %lld weights of %s dtype, none negative",
                      (long long)n, whole ? "integer" : "floating");
}

/* A few are added one after the other in their own dtype, as PyTorch adds them: f64 results show f32's rounding. */
static ct_tensor *total(const char *at, ct_tensor *weights) {
    const int64_t n = ct_size(weights);
    if (n < 2 || n > 4) return ct_sum(weights, CT_ALL);
    ct_tensor *sum = ct_select(weights, 0, 0);
    for (int64_t i = 1; i < n; i++) sum = ct_add(sum, ct_select(weights, 0, i));
    return sum;
}

/* What the sum of products is divided by: sum(w) - correction * sum(w a) / sum(w), at least 0. */
static ct_tensor *divisor(const char *at, ct_tensor *w, ct_tensor *a, int correction) {
    ct_tensor *sum = total(at, w), *lost = C(w, correction);
    if (a) lost = ct_div(ct_mul(total(at, ct_mul(w, a)), lost), sum);
    return ct_relu(ct_sub(sum, lost));
}

/* Weights are added up in the dtype of the relative ones. */
ct_tensor *ct_cov_at(const char *at, ct_tensor *x, int correction, ct_tensor *fweights, ct_tensor *aweights) {
    if (!ct_given("ct_cov", at, x, 0)) return NULL;
    if (x->ndim > 2) return ct_decline("ct_cov", at, x, CT_ERR_SHAPE, "not a matrix of variables and observations");
    int64_t n = x->ndim ? x->extent->dim[x->ndim - 1] : 1;
    ct_dtype own = (ct_dtype)x->dtype, dtype = aweights ? (ct_dtype)aweights->dtype : own;
    ct_tensor *rows = x->ndim < 2 ? ct_reshape(x, CT_SHAPE(1, n)) : x, *w = ct_full(dtype, CT_SHAPE(n), 1);
    if (aweights && !(w = aweights = check_weights(at, aweights, n, false, dtype))) return NULL;
    if (fweights && !(fweights = check_weights(at, fweights, n, true, dtype))) return NULL;
    if (fweights) w = ct_mul(fweights, w);
    ct_tensor *weights = ct_cast(w, own);
    ct_tensor *mean = ct_div(ct_sum(ct_mul(rows, weights), CT_KEEP(1)), ct_cast(total(at, w), own));
    ct_tensor *deviation = ct_sub(rows, mean), *weighted = ct_mul(deviation, weights);
    ct_tensor *products = ct_matmul_flagged(at, weighted, deviation, false, true);
    ct_tensor *c = ct_div(products, ct_cast(divisor(at, w, aweights, correction), own));
    return c && ct_size_of(c) == 1 ? ct_reshape(c, CT_SCALAR) : c;
}

ct_tensor *ct_corrcoef_at(const char *at, ct_tensor *x) {
    ct_tensor *c = ct_cov(x, 1, NULL, NULL);
    if (!c || c->ndim == 0) return ct_div(c, c);
    ct_tensor *deviation = ct_sqrt(ct_diagonal(c, 0, 0, 1));
    ct_tensor *z = ct_div(ct_div(c, ct_unsqueeze(deviation, 1)), deviation);
    z = ct_where(ct_gt(z, C(c, 1)), C(c, 1), z);
    return ct_where(ct_lt(z, C(c, -1)), C(c, -1), z);
}

/* ---- neighbours --------------------------------------------------------------------------------------------- */

/* x without its first element along an axis, and without its last. */
static ct_tensor *later(const char *at, ct_tensor *x, int axis) { return ct_slice(x, axis, 1, CT_END, 1); }
static ct_tensor *earlier(const char *at, ct_tensor *x, int axis) { return ct_slice(x, axis, 0, -1, 1); }

ct_tensor *ct_diff_at(const char *at, ct_tensor *x, int n, int axis) {
    if (!ct_given_axis("ct_diff", at, x, &axis)) return NULL;
    if (n < 0 || x->ndim == 0)
        return ct_decline("ct_diff", at, x, CT_ERR_ARGUMENT, "there are no differences of order %d", n);
    for (; n > 0 && x && x->extent->dim[axis] > 0; n--) x = ct_sub(later(at, x, axis), earlier(at, x, axis));
    return x;
}

ct_tensor *ct_trapz_at(const char *at, ct_tensor *x, double dx, int axis) {
    ct_tensor *sums = ct_add(later(at, x, axis), earlier(at, x, axis));
    return ct_mul(ct_sum(sums, CT_AXES(axis)), C(x, dx / 2));
}

/* Places of one dimension lie along the axis. */
ct_tensor *ct_trapz_over_at(const char *at, ct_tensor *x, ct_tensor *places, int axis) {
    if (!ct_given_axis("ct_trapz_over", at, x, &axis) || !ct_given("ct_trapz_over", at, places, 1)) return NULL;
    if (places->ndim == 1 && x->ndim > 1) {
        ct_shape shape = {.ndim = x->ndim - axis, .dim = {ct_size_of(places), 1, 1, 1, 1, 1, 1, 1}};
        places = ct_reshape(places, shape);
        axis -= x->ndim;
    }
    ct_tensor *sums = ct_add(later(at, x, axis), earlier(at, x, axis));
    ct_tensor *areas = ct_mul(sums, ct_sub(later(at, places, axis), earlier(at, places, axis)));
    return ct_mul(ct_sum(areas, CT_AXES(axis)), C(x, 0.5));
}
