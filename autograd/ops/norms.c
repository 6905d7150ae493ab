/* Norms of matrices, and distances and directions from norms of vectors: composed of other ops. */
#include "autograd/ops/compose.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

/* ---- norms -------------------------------------------------------------------------------------------------- */

ct_tensor *ct_matrix_norm_at(const char *at, ct_tensor *x, double p, ct_axes axes) {
    unsigned mask;
    if (fabs(p) == 2) return ct_spectral_norm(x, p, axes);
    if (!ct_given_axes("ct_matrix_norm", at, x, &axes, &mask)) return NULL;
    if (axes.n != 2)
        return ct_decline("ct_matrix_norm", at, x, CT_ERR_ARGUMENT, "%d axes, but a matrix has two", axes.n);
    if (!isinf(p) && fabs(p) != 1)
        return ct_decline("ct_matrix_norm", at, x, CT_ERR_ARGUMENT, "the order %g is none of 1, 2 and infinity", p);
    int summed = axes.axis[isinf(p) != 0], other = axes.axis[isinf(p) == 0];
    ct_tensor *sums = ct_sum(ct_abs(x), CT_AXES_(axes.keep, summed));
    if (!axes.keep && summed < other) other--;
    return p > 0 ? ct_max(sums, CT_AXES_(axes.keep, other)) : ct_min(sums, CT_AXES_(axes.keep, other));
}

ct_tensor *ct_normalize_at(const char *at, ct_tensor *x, double p, int axis, double eps) {
    ct_tensor *norm = ct_vector_norm(x, p, CT_KEEP(axis));
    return ct_div(x, ct_where(ct_lt(norm, C(norm, eps)), C(norm, eps), norm));
}

/* ---- distances ---------------------------------------------------------------------------------------------- */

ct_tensor *ct_pairwise_distance_at(const char *at, ct_tensor *x, ct_tensor *y, double p, double eps, bool keep) {
    ct_tensor *apart = ct_sub(x, y);
    return ct_vector_norm(ct_add(apart, C(apart, eps)), p, CT_AXES_(keep, -1));
}

ct_tensor *ct_cdist_at(const char *at, ct_tensor *x, ct_tensor *y, double p) {
    char text[2][CT_DESCRIPTION];
    if (!ct_given("ct_cdist", at, x, 0) || !ct_given("ct_cdist", at, y, 1)) return NULL;
    if (x->ndim < 2 || y->ndim < 2 || x->ndim == CT_MAX_DIMS || y->ndim == CT_MAX_DIMS)
        return ct_raise(CT_ERR_SHAPE, "ct_cdist", at, "%s and %s: 2 to %d dimensions are needed",
                        ct_describe(x, text[0]), ct_describe(y, text[1]), CT_MAX_DIMS - 1),
               NULL;
    if (x->extent->dim[x->ndim - 1] != y->extent->dim[y->ndim - 1] || !(p >= 0))
        return ct_raise(CT_ERR_SHAPE, "ct_cdist", at, "%s and %s: %s", ct_describe(x, text[0]),
                        ct_describe(y, text[1]),
                        p >= 0 ? "the points have different numbers of coordinates" : "the order is negative"),
               NULL;
    ct_tensor *apart = ct_sub(ct_unsqueeze(x, -2), ct_unsqueeze(y, -3));
    if (apart && isinf(p) && apart->extent->dim[apart->ndim - 1] == 0) p = 1; /* 0, of points without coordinates */
    return ct_vector_norm(apart, p, CT_AXES(-1));
}

/* x over its length along an axis, or over eps where that is larger; the derivative is of the length either way. */
static ct_tensor *direction(const char *at, ct_tensor *x, int axis, double eps) {
    ct_tensor *square = ct_sum(ct_square(x), CT_KEEP(axis)), *least = C(x, eps * eps);
    ct_tensor *lift = ct_detach(ct_relu(ct_sub(least, square)));
    return ct_div(x, ct_sqrt(ct_add(square, lift)));
}

ct_tensor *ct_cosine_similarity_at(const char *at, ct_tensor *x, ct_tensor *y, int axis, double eps) {
    char text[2][CT_DESCRIPTION];
    ct_shape shape;
    if (!ct_given("ct_cosine_similarity", at, x, 0) || !ct_given("ct_cosine_similarity", at, y, 1)) return NULL;
    if (!ct_broadcast_shapes(2, (ct_tensor *[]){x, y}, &shape))
        return ct_raise(CT_ERR_SHAPE, "ct_cosine_similarity", at, "%s and %s: shapes do not broadcast",
                        ct_describe(x, text[0]), ct_describe(y, text[1])),
               NULL;
    x = direction(at, ct_broadcast(x, shape), axis, eps);
    return ct_sum(ct_mul(x, direction(at, ct_broadcast(y, shape), axis, eps)), CT_AXES(axis));
}
