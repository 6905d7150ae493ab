/* Losses of classes: composed of other ops, targets being operands too. They are looked at when a loss is recorded, to
 * refuse what is no class; at a replay such a class makes the loss NaN. */
#include "autograd/ops/loss.h"

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)
#define NONE_IGNORED INT64_MIN /* a class that no row has */

/* ---- targets --------------------------------------------------------------------------------------------------- */

/* A class for each row of x, which has its classes along `axis`. */
typedef struct targets {
    int axis;
    int64_t classes;
    ct_tensor *place; /* i64, the axis of classes having extent 1; 0 where ignored */
    ct_tensor *kept;  /* bool, without that axis */
    ct_shape rows;    /* of kept */
} targets;

static bool read_targets(const char *op, const char *at, ct_tensor *x, ct_tensor *y, int64_t ignored, targets *t) {
    char text[CT_DESCRIPTION];
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return false;
    if (x->ndim == 0 || !ct_is_integer(y))
        return ct_decline(op, at, x, x->ndim ? CT_ERR_DTYPE : CT_ERR_SHAPE, "%s",
                          x->ndim ? "classes must be of an integer dtype" : "there is no axis of classes"),
               false;
    ct_shape one = ct_shape_of(x), own = ct_shape_of(y);
    t->axis = x->ndim > 1;
    t->classes = one.dim[t->axis];
    one.dim[t->axis] = 1;
    t->rows.ndim = 0;
    for (int i = 0; i < one.ndim; i++)
        if (i != t->axis) t->rows.dim[t->rows.ndim++] = one.dim[i];
    if (!ct_shape_equal(&t->rows, &own))
        return ct_decline(op, at, x, CT_ERR_SHAPE, "classes %s do not fit", ct_describe(y, text)), false;
    for (int64_t i = 0, n = ct_size_of(y); i < n; i++) {
        int64_t label = ct_read_index(y, i);
        if (label != ignored && (label < 0 || label >= t->classes))
            return ct_decline(op, at, x, CT_ERR_ARGUMENT, "target %lld has class %lld", (long long)i,
                              (long long)label),
                   false;
    }
    y = ct_cast(y, CT_I64);
    t->kept = ct_ne(y, ct_from(CT_I64, CT_SCALAR, &ignored));
    t->place = ct_reshape(ct_where(t->kept, y, ct_from(CT_I64, CT_SCALAR, &(int64_t){0})), one);
    return t->place != NULL;
}

/* The element of x at each row's class. */
static ct_tensor *at_targets(const char *at, ct_tensor *x, const targets *t) {
    return ct_reshape(ct_gather(x, t->axis, t->place), t->rows);
}

/* The weight of each row: of its class, 1 without weights, 0 where the row is ignored. */
static ct_tensor *row_weights(const char *op, const char *at, ct_tensor *x, const targets *t, ct_tensor *weight) {
    char text[CT_DESCRIPTION];
    if (!weight) return ct_cast(t->kept, x->dtype);
    if (weight->ndim != 1 || weight->extent->size != t->classes)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%s is no weight a class", ct_describe(weight, text));
    ct_tensor *own = ct_reshape(ct_index_select(weight, 0, ct_reshape(t->place, CT_SHAPE(-1))), t->rows);
    return ct_where(t->kept, own, C(x, 0));
}

/* A number for each class along x's axis of classes. */
static ct_tensor *along_classes(const char *at, ct_tensor *weight, const ct_tensor *x, int axis) {
    ct_shape shape = {.ndim = x->ndim - axis, .dim = {ct_size(weight), 1, 1, 1, 1, 1, 1, 1}};
    return ct_reshape(weight, shape);
}

/* The mean is by weight. */
static ct_tensor *reduce_rows(const char *op, const char *at, ct_tensor *terms, ct_tensor *weights,
                              ct_loss_reduction how) {
    if (how == CT_LOSS_MEAN) return ct_div(ct_sum(terms, CT_ALL), ct_sum(weights, CT_ALL));
    return ct_reduce_loss(op, at, terms, how);
}

/* ---- likelihoods ----------------------------------------------------------------------------------------------- */

ct_tensor *ct_nll_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight, int64_t ignore_index,
                          ct_loss_reduction reduction) {
    const char *op = "ct_nll_loss";
    targets t;
    if (!read_targets(op, at, x, y, ignore_index, &t)) return NULL;
    ct_tensor *weights = row_weights(op, at, x, &t, weight);
    ct_tensor *terms = ct_where(t.kept, ct_neg(ct_mul(at_targets(at, x, &t), weights)), C(x, 0));
    return reduce_rows(op, at, terms, weights, reduction);
}

/* -sum over classes of w x. */
static ct_tensor *negative_sum(const char *at, ct_tensor *x, ct_tensor *weight, int axis) {
    if (x && weight) x = ct_mul(x, along_classes(at, weight, x, axis));
    return ct_neg(ct_sum(x, CT_AXES(axis)));
}

static ct_tensor *probability_entropy(const char *op, const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                      double smoothing, ct_loss_reduction reduction) {
    char text[CT_DESCRIPTION];
    if (!ct_same_shape(x, y) || x->ndim == 0)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "probabilities %s do not fit", ct_describe(y, text));
    int axis = x->ndim > 1;
    int64_t classes = x->extent->dim[axis];
    if (smoothing > 0) y = ct_add(ct_mul(y, C(y, 1 - smoothing)), C(y, smoothing / (double)classes));
    ct_tensor *terms = negative_sum(at, ct_mul(ct_log_softmax(x, axis), y), weight, axis);
    return ct_reduce_loss(op, at, terms, reduction);
}

ct_tensor *ct_cross_entropy_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                    int64_t ignore_index, double label_smoothing, ct_loss_reduction reduction) {
    const char *op = "ct_cross_entropy_loss";
    targets t;
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return NULL;
    if (!(label_smoothing >= 0 && label_smoothing <= 1))
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "label_smoothing = %g is no share", label_smoothing);
    if (ct_is_float(y->dtype) && ignore_index >= 0)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "ignore_index = %lld, but the targets are probabilities",
                          (long long)ignore_index);
    if (ct_is_float(y->dtype)) return probability_entropy(op, at, x, y, weight, label_smoothing, reduction);
    if (!read_targets(op, at, x, y, ignore_index, &t)) return NULL;
    ct_tensor *log_p = ct_log_softmax(x, t.axis), *weights = row_weights(op, at, x, &t, weight), *zero = C(x, 0);
    if (!log_p || !weights) return NULL;
    ct_tensor *terms = ct_where(t.kept, ct_neg(ct_mul(at_targets(at, log_p, &t), weights)), zero);
    if (label_smoothing > 0) {
        ct_tensor *spread = ct_where(t.kept, negative_sum(at, log_p, weight, t.axis), zero);
        terms = ct_add(ct_mul(terms, C(x, 1 - label_smoothing)),
                       ct_mul(spread, C(x, label_smoothing / (double)t.classes)));
    }
    return reduce_rows(op, at, terms, weights, reduction);
}

/* ---- margins --------------------------------------------------------------------------------------------------- */

/* A vector, or a number, as a row. */
static ct_tensor *as_rows(const char *at, ct_tensor *x) {
    return x && x->ndim < 2 ? ct_reshape(x, CT_SHAPE(1, ct_size(x))) : x;
}

ct_tensor *ct_multi_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, int p, double margin,
                                   ct_tensor *weight, ct_loss_reduction reduction) {
    const char *op = "ct_multi_margin_loss";
    targets t;
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return NULL;
    if (p != 1 && p != 2) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "p = %d, and not 1 or 2", p);
    if (x->ndim > 2 || y->ndim > 1 || ct_size_of(x) == 0)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "a vector or a matrix of some classes is needed");
    ct_shape rows = ct_shape_of(y);
    x = as_rows(at, x);
    if (!read_targets(op, at, x, ct_at_least_1d(at, y), NONE_IGNORED, &t)) return NULL;
    ct_tensor *excess = ct_relu(ct_add(ct_sub(x, ct_gather(x, 1, t.place)), C(x, margin)));
    if (p == 2) excess = ct_square(excess);
    ct_tensor *own = ct_one_hot(ct_reshape(t.place, t.rows), t.classes);
    ct_tensor *terms = ct_mean(ct_where(own, C(x, 0), excess), CT_AXES(-1));
    if (weight) terms = ct_mul(terms, row_weights(op, at, x, &t, weight));
    return ct_reduce_loss(op, at, ct_reshape(terms, rows), reduction);
}

/* The classes that each row of y lists up to the first -1. */
typedef struct listed {
    ct_tensor *place;  /* i64 (n, classes); 0 behind the end of the list */
    ct_tensor *within; /* (n, classes, 1): 1 up to the end of the list, then 0 */
    ct_tensor *others; /* (n, 1, classes): 0 for the listed classes, else 1 */
} listed;

static bool read_lists(const char *op, const char *at, ct_tensor *x, ct_tensor *y, listed *l) {
    int64_t n = x->extent->dim[0], classes = x->extent->dim[1];
    for (int64_t r = 0; r < n; r++)
        for (int64_t i = r * classes; i < (r + 1) * classes; i++) {
            int64_t label = ct_read_index(y, i);
            if (label == -1) break;
            if (label < 0 || label >= classes)
                return ct_decline(op, at, x, CT_ERR_ARGUMENT, "row %lld has class %lld", (long long)r,
                                  (long long)label),
                       false;
        }
    y = ct_cast(y, CT_I64);
    ct_tensor *ends = ct_cast(ct_eq(y, ct_from(CT_I64, CT_SCALAR, &(int64_t){-1})), x->dtype);
    ct_tensor *is_listed = ct_eq(ct_cumsum(ends, 1), C(x, 0));
    l->place = ct_where(is_listed, y, ct_from(CT_I64, CT_SCALAR, &(int64_t){0}));
    l->within = ct_unsqueeze(ct_cast(is_listed, x->dtype), 2);
    ct_tensor *marks = ct_mul(ct_cast(ct_one_hot(l->place, classes), x->dtype), l->within); /* (n, classes, classes) */
    l->others = ct_sub(C(x, 1), ct_max(marks, CT_KEEP(1)));
    return l->others != NULL;
}

ct_tensor *ct_multilabel_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction) {
    const char *op = "ct_multilabel_margin_loss";
    char text[CT_DESCRIPTION];
    listed l;
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return NULL;
    if (!ct_is_integer(y)) return ct_decline(op, at, x, CT_ERR_DTYPE, "classes must be of an integer dtype");
    if (x->ndim > 2 || ct_size_of(x) == 0 || !ct_same_shape(x, y))
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%s: two vectors or matrices of one shape are needed",
                          ct_describe(y, text));
    bool one_row = x->ndim < 2;
    x = as_rows(at, x);
    y = as_rows(at, y);
    if (!x || !y || !read_lists(op, at, x, y, &l)) return NULL;
    ct_tensor *own = ct_unsqueeze(ct_gather(x, 1, l.place), 2);
    ct_tensor *excess = ct_relu(ct_add(ct_sub(ct_unsqueeze(x, 1), own), C(x, 1)));
    excess = ct_mul(ct_mul(excess, l.within), l.others);
    ct_tensor *terms = ct_sum(ct_mean(excess, CT_AXES(2)), CT_AXES(1));
    return ct_reduce_loss(op, at, one_row ? ct_reshape(terms, CT_SCALAR) : terms, reduction);
}
