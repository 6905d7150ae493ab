/* Connectionist temporal classification: the forward recursion of Graves et al., "Connectionist temporal
 * classification: labelling unsegmented sequence data with recurrent neural networks" (2006), in logarithms, composed
 * of other ops. State 2i + 1 of a target has read its label i, even states a blank. */
#include "autograd/ops/loss.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define IMPOSSIBLE -1e30 /* in place of -infinity, whose differences are NaN */

typedef struct alignment {
    int64_t steps, n, classes, longest, states; /* 2 * longest + 1 states */
    ct_tensor *label;                           /* i64 (steps, n, states) */
    ct_tensor *jumps;                           /* bool (n, states): reached from two states before too */
    ct_tensor *starts;                          /* bool (n, states) */
    ct_tensor *last;                            /* i64 (n, 2): the states at the end */
    ct_tensor *ends;                            /* bool (n, 2): false for one that there is not */
} alignment;

/* Whether `lengths` holds a number from least to most for each of n sequences. */
static bool check_lengths(const char *op, const char *at, const ct_tensor *lengths, int64_t n, int64_t least,
                          int64_t most) {
    if (!ct_is_integer(lengths) || lengths->ndim != 1 || lengths->extent->size != n)
        return ct_decline(op, at, lengths, CT_ERR_SHAPE, "one integer a sequence, %lld, is needed", (long long)n),
               false;
    for (int64_t i = 0; i < n; i++) {
        int64_t length = ct_read_index(lengths, i);
        if (length < least || length > most)
            return ct_decline(op, at, lengths, CT_ERR_ARGUMENT, "length %lld is outside of %lld to %lld",
                              (long long)length, (long long)least, (long long)most),
                   false;
    }
    return true;
}

/* Fills what the alignment says about sequence i, whose target starts at element `first` of y. */
static bool align_sequence(const char *op, const char *at, alignment *a, const ct_tensor *y, int64_t i, int64_t first,
                           int64_t length, int64_t blank) {
    int64_t *label = (int64_t *)a->label->data + i * a->states, *last = (int64_t *)a->last->data + 2 * i;
    bool *jumps = (bool *)a->jumps->data + i * a->states, *starts = (bool *)a->starts->data + i * a->states;
    for (int64_t s = 0; s < a->states; s++) label[s] = blank;
    for (int64_t k = 0; k < length; k++) {
        int64_t own = ct_read_index(y, first + k);
        if (own < 0 || own >= a->classes)
            return ct_decline(op, at, y, CT_ERR_ARGUMENT, "sequence %lld has class %lld, of %lld", (long long)i,
                              (long long)own, (long long)a->classes),
                   false;
        label[2 * k + 1] = own;
        jumps[2 * k + 1] = k > 0 && own != label[2 * k - 1] && own != blank;
    }
    starts[0] = true;
    if (length) starts[1] = true;
    last[0] = length ? 2 * length - 1 : 0;
    last[1] = 2 * length;
    ((bool *)a->ends->data)[2 * i] = length > 0;
    return true;
}

static bool align(const char *op, const char *at, alignment *a, const ct_tensor *y, const ct_tensor *lengths,
                  int64_t blank) {
    bool padded = y->ndim == 2;
    int64_t total = 0;
    a->longest = 0;
    for (int64_t i = 0; i < a->n; i++) {
        int64_t length = ct_read_index(lengths, i);
        total += length;
        if (length > a->longest) a->longest = length;
    }
    if (!padded && total != y->extent->size)
        return ct_decline(op, at, y, CT_ERR_SHAPE, "the lengths make %lld labels", (long long)total), false;
    a->states = 2 * a->longest + 1;
    a->label = ct_full(CT_I64, CT_SHAPE(a->steps, a->n, a->states), 0);
    a->jumps = ct_full(CT_BOOL, CT_SHAPE(a->n, a->states), 0);
    a->starts = ct_full(CT_BOOL, CT_SHAPE(a->n, a->states), 0);
    a->last = ct_full(CT_I64, CT_SHAPE(a->n, 2), 0);
    a->ends = ct_full(CT_BOOL, CT_SHAPE(a->n, 2), 1);
    if (!a->label || !a->jumps || !a->starts || !a->last || !a->ends) return false;
    for (int64_t i = 0, first = 0; i < a->n; i++) {
        int64_t length = ct_read_index(lengths, i);
        if (!align_sequence(op, at, a, y, i, padded ? i * y->extent->dim[1] : first, length, blank)) return false;
        first += length;
    }
    int64_t *label = a->label->data, row = a->n * a->states; /* the same at each step */
    for (int64_t i = row; i < a->steps * row; i++) label[i] = label[i - row];
    return true;
}

/* State s of the result is state s - k of x (n, states). */
static ct_tensor *shift(const char *at, ct_tensor *x, const alignment *a, int64_t k) {
    if (!x || k > a->states) return ct_full_like(at, x, IMPOSSIBLE);
    ct_tensor *before = ct_full(x->dtype, CT_SHAPE(a->n, k), IMPOSSIBLE);
    return ct_concat(CT_LIST(before, ct_slice(x, 1, 0, a->states - k, 1)), 1);
}

/* log(exp x + exp y + exp w). */
static ct_tensor *log_sum(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w) {
    ct_tensor *most = ct_detach(ct_maximum(ct_maximum(x, y), w));
    ct_tensor *sum = ct_add(ct_exp(ct_sub(x, most)), ct_add(ct_exp(ct_sub(y, most)), ct_exp(ct_sub(w, most))));
    return ct_add(ct_log(sum), most);
}

/* Which sequences (n, 1) have a step t. */
static ct_tensor *running(const char *at, const ct_tensor *lengths, int64_t n, int64_t t) {
    ct_tensor *on = ct_full(CT_BOOL, CT_SHAPE(n, 1), 0);
    for (int64_t i = 0; on && i < n; i++) ((bool *)on->data)[i] = t < ct_read_index(lengths, i);
    return on;
}

/* Minus the logarithm of the probability of each target, (n). In f64: a sum of many logarithms keeps few of f32's
 * digits behind the point. */
static ct_tensor *alignment_costs(const char *at, ct_tensor *x, const alignment *a, const ct_tensor *lengths) {
    ct_tensor *emitted = ct_gather(ct_log_softmax(ct_cast(x, CT_F64), -1), 2, a->label);
    ct_tensor *never = ct_scalar(IMPOSSIBLE);
    emitted = ct_clamp(emitted, IMPOSSIBLE, 0);
    ct_tensor *reached = ct_where(a->starts, ct_select(emitted, 0, 0), never);
    for (int64_t t = 1; t < a->steps; t++) {
        ct_tensor *jump = ct_where(a->jumps, shift(at, reached, a, 2), never);
        ct_tensor *next = ct_add(log_sum(at, reached, shift(at, reached, a, 1), jump), ct_select(emitted, 0, t));
        reached = ct_where(running(at, lengths, a->n, t), next, reached);
        if (!reached) return NULL;
    }
    ct_tensor *ends = ct_where(a->ends, ct_gather(reached, 1, a->last), never);
    return ct_neg(log_sum(at, ct_select(ends, 1, 0), ct_select(ends, 1, 1), never));
}

static bool check_ctc(const char *op, const char *at, const ct_tensor *const *operands, int64_t blank) {
    for (int k = 0; k < 4; k++)
        if (!ct_given(op, at, operands[k], k)) return false;
    const ct_tensor *x = operands[0], *y = operands[1];
    if (x->ndim != 3 || ct_size_of(x) == 0)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "some (steps, n, classes) are needed"), false;
    const int64_t *dim = x->extent->dim;
    if (!ct_is_integer(y) || y->ndim < 1 || y->ndim > 2 || (y->ndim == 2 && y->extent->dim[0] != dim[1]))
        return ct_decline(op, at, y, CT_ERR_SHAPE, "integers (%lld, longest), or all in one axis, are needed",
                          (long long)dim[1]),
               false;
    if (blank < 0 || blank >= dim[2])
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "blank = %lld is no class", (long long)blank), false;
    return check_lengths(op, at, operands[2], dim[1], 1, dim[0]) &&
           check_lengths(op, at, operands[3], dim[1], 0, y->extent->dim[y->ndim - 1]);
}

/* NaN at a replay for which y holds something else, since the paths were made for what it held. */
static ct_tensor *unless_changed(const char *at, ct_tensor *costs, ct_tensor *y) {
    ct_tensor *held = ct_from((ct_dtype)y->dtype, ct_shape_of(y), y->data);
    ct_tensor *changed = ct_sum(ct_cast(ct_ne(y, held), CT_F64), CT_ALL);
    return costs ? ct_where(ct_eq(changed, ct_scalar(0)), costs, ct_constant_like(at, costs, NAN)) : NULL;
}

ct_tensor *ct_ctc_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *x_lengths, ct_tensor *y_lengths,
                          int64_t blank, bool zero_infinity, ct_loss_reduction reduction) {
    const char *op = "ct_ctc_loss";
    if (!check_ctc(op, at, (const ct_tensor *const[]){x, y, x_lengths, y_lengths}, blank)) return NULL;
    alignment a = {.steps = x->extent->dim[0], .n = x->extent->dim[1], .classes = x->extent->dim[2]};
    if (!align(op, at, &a, y, y_lengths, blank)) return NULL;
    ct_tensor *costs = alignment_costs(at, x, &a, x_lengths), *most = ct_scalar(-0.1 * IMPOSSIBLE);
    costs = ct_cast(ct_where(ct_gt(costs, most), ct_scalar(zero_infinity ? 0 : INFINITY), costs), x->dtype);
    costs = unless_changed(at, unless_changed(at, unless_changed(at, costs, y), x_lengths), y_lengths);
    if (reduction == CT_LOSS_MEAN) {
        ct_tensor *lengths = ct_cast(y_lengths, x->dtype);
        costs = ct_div(costs, ct_maximum(lengths, ct_constant_like(at, x, 1)));
    }
    return ct_reduce_loss(op, at, costs, reduction);
}
