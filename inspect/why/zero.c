/* Why elements of a gradient are 0: from x on towards f, to where a cotangent that is not 0 is lost. */
#include "inspect/why/inquiry.h"

#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) q->at

/* ---- the cause at an op whose derivative is 0 ----------------------------------------------------------------- */

static const ct_cause causes[CT_OP_COUNT] = {
    [CT_OP_ct_relu] = CT_CAUSE_DEAD,
    [CT_OP_ct_affine_relu] = CT_CAUSE_DEAD,
    [CT_OP_ct_leaky_relu] = CT_CAUSE_DEAD,
    [CT_OP_ct_leaky_relu_slopes] = CT_CAUSE_DEAD,
    [CT_OP_ct_threshold] = CT_CAUSE_DEAD,
    [CT_OP_ct_clamp] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_logit] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_hardtanh] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_hardsigmoid] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_hardswish] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_hardshrink] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_softshrink] = CT_CAUSE_CLAMPED,
    [CT_OP_ct_sigmoid] = CT_CAUSE_SATURATED,
    [CT_OP_ct_logsigmoid] = CT_CAUSE_SATURATED,
    [CT_OP_ct_softplus] = CT_CAUSE_SATURATED,
    [CT_OP_ct_softplus_scaled] = CT_CAUSE_SATURATED,
    [CT_OP_ct_silu] = CT_CAUSE_SATURATED,
    [CT_OP_ct_mish] = CT_CAUSE_SATURATED,
    [CT_OP_ct_gelu] = CT_CAUSE_SATURATED,
    [CT_OP_ct_gelu_tanh] = CT_CAUSE_SATURATED,
    [CT_OP_ct_elu] = CT_CAUSE_SATURATED,
    [CT_OP_ct_celu] = CT_CAUSE_SATURATED,
    [CT_OP_ct_selu] = CT_CAUSE_SATURATED,
    [CT_OP_ct_tanh] = CT_CAUSE_SATURATED,
    [CT_OP_ct_erf] = CT_CAUSE_SATURATED,
    [CT_OP_ct_erfc] = CT_CAUSE_SATURATED,
    [CT_OP_ct_exp] = CT_CAUSE_SATURATED,
    [CT_OP_ct_exp2] = CT_CAUSE_SATURATED,
    [CT_OP_ct_expm1] = CT_CAUSE_SATURATED,
    [CT_OP_ct_logaddexp] = CT_CAUSE_SATURATED,
    [CT_OP_ct_logaddexp2] = CT_CAUSE_SATURATED,
    [CT_OP_ct_softmax] = CT_CAUSE_SATURATED,
    [CT_OP_ct_log_softmax] = CT_CAUSE_SATURATED,
    [CT_OP_ct_cross_entropy] = CT_CAUSE_SATURATED,
    [CT_OP_ct_cross_entropy_probs] = CT_CAUSE_SATURATED,
    [CT_OP_ct_mul] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_div] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_xlogy] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_prod] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_cumprod] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_matmul] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_affine] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_conv] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_conv_transpose] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_conv_weight] = CT_CAUSE_ZERO_FACTOR,
    [CT_OP_ct_dropout] = CT_CAUSE_DROPPED,
    [CT_OP_ct_where] = CT_CAUSE_MASKED,
    [CT_OP_ct_maximum] = CT_CAUSE_NOT_CHOSEN,
    [CT_OP_ct_minimum] = CT_CAUSE_NOT_CHOSEN,
    [CT_OP_ct_fmax] = CT_CAUSE_NOT_CHOSEN,
    [CT_OP_ct_fmin] = CT_CAUSE_NOT_CHOSEN,
    [CT_OP_ct_max] = CT_CAUSE_NOT_CHOSEN,
    [CT_OP_ct_min] = CT_CAUSE_NOT_CHOSEN,
    [CT_OP_ct_index_select] = CT_CAUSE_NOT_READ,
    [CT_OP_ct_gather] = CT_CAUSE_NOT_READ,
    [CT_OP_ct_slice] = CT_CAUSE_NOT_READ,
    [CT_OP_ct_slice_scatter] = CT_CAUSE_NOT_READ,
    [CT_OP_ct_scatter] = CT_CAUSE_NOT_READ,
    [CT_OP_ct_as_strided] = CT_CAUSE_NOT_READ,
    [CT_OP_ct_resample] = CT_CAUSE_NOT_READ,
};

/* Whether the index y comes from the places of largest elements, as in max pooling. */
static bool chooses(const ct_tensor *y) {
    static const int choosers[] = {CT_OP_ct_argmax_pool, CT_OP_ct_argmax_adaptive_pool,
                                   CT_OP_ct_argmax,      CT_OP_ct_argmin,
                                   CT_OP_ct_argsort,     CT_OP_ct_argcummax,
                                   CT_OP_ct_argcummin};
    while (y->op == CT_OP_ct_reshape || y->op == CT_OP_ct_slice || y->op == CT_OP_ct_broadcast) y = y->in[0];
    for (size_t i = 0; i < sizeof choosers / sizeof *choosers; i++)
        if (y->op == choosers[i]) return true;
    return false;
}

static ct_cause cause_at(const ct_tensor *z, int k) {
    if (!ct_rule_exists(z->op)) return CT_CAUSE_STATIONARY;
    const ct_term *rule = ct_rule_term(z, k, ct_term_number(1), false);
    if (rule && rule->kind == CT_TERM_NUMBER && rule->number == 0) return CT_CAUSE_FLAT;
    if (z->op == CT_OP_ct_gather && chooses(z->in[1])) return CT_CAUSE_NOT_CHOSEN;
    if (z->op == CT_OP_ct_leaky_relu_slopes && k == 1) return CT_CAUSE_ZERO_FACTOR;
    return causes[z->op] ? causes[z->op] : CT_CAUSE_STATIONARY;
}

/* ---- what a use does to an element ---------------------------------------------------------------------------- */

typedef enum effect {
    NO_PART,  /* not asked for */
    GIVES,    /* something else than 0 */
    FLAT,     /* nothing whatever arrives, and something does: the derivative is 0 */
    UPSTREAM, /* nothing, as nothing arrives for it */
    LOST,     /* nothing, though something arrives and the derivative is not 0 */
    PARTS
} effect;

/* g's elements that are 0, or those that are not, made numbers in [1, 2) that are in no simple relation; the others
 * 0. */
static ct_tensor *probe(const ct_inquiry *q, const ct_tensor *g, bool zeros) {
    ct_tensor *p = ct_full_like(q->at, g, 0);
    for (int64_t i = 0; p && i < ct_size_of(g); i++) {
        double whole, share = modf((double)(i + 1) * 0.61803398874989485, &whole);
        if ((ct_read_element((ct_dtype)g->dtype, g->data, i) == 0) == zeros)
            ct_write_element((ct_dtype)p->dtype, p->data, i, 1 + share);
    }
    return p;
}

static bool is_zero(const ct_tensor *t, int64_t i) {
    return !t || ct_read_element((ct_dtype)t->dtype, t->data, i) == 0; /* NULL: zero throughout */
}

static bool is_all_zero(const ct_tensor *t) {
    for (int64_t i = 0; i < ct_size_of(t); i++)
        if (!is_zero(t, i)) return false;
    return true;
}

/* parts->on[i] for the marked elements of operand use.k. The rule is linear in the cotangent, so probes tell where a
 * zero comes from; where the derivative is 0 they say nothing, and nothing arrives as far as one can tell. */
static bool sort(const ct_inquiry *q, ct_use use, const ct_marks *marks, ct_marks *parts) {
    ct_scope s = ct_begin_no_grad();
    if (s.depth > CT_MAX_SCOPES) return false;
    const ct_tensor *g = ct_total_of(q, use.z);
    ct_tensor *zeros = probe(q, g, true), *others = probe(q, g, false);
    ct_tensor *real = ct_pull(q->at, use.z, (ct_tensor *)g, use.k);
    ct_tensor *from_zeros = zeros ? ct_pull(q->at, use.z, zeros, use.k) : NULL;
    ct_tensor *from_others = others ? ct_pull(q->at, use.z, others, use.k) : NULL;
    bool ok = !ct_error_pending(), aligned = ct_is_aligned(use), silent = is_all_zero(g);
    for (int64_t i = 0; ok && i < marks->n; i++)
        parts->on[i] = !marks->on[i]                          ? NO_PART
                       : !is_zero(real, i)                    ? GIVES
                       : !is_zero(from_others, i)             ? LOST
                       : !is_zero(from_zeros, i)              ? UPSTREAM
                       : silent || (aligned && is_zero(g, i)) ? UPSTREAM
                                                              : FLAT;
    ct_close(s);
    return ok;
}

/* ---- the next tensor ------------------------------------------------------------------------------------------ */

/* The elements of z's cotangent that are 0 and that the marked elements of operand k go into: where the tangent that
 * is not 0 for these comes out. All zeros, where z has no forward mode. */
static bool follow(ct_inquiry *q, ct_use use, const ct_marks *marks, ct_marks *next) {
    const ct_tensor *g = ct_total_of(q, use.z), *x = use.z->in[use.k];
    if (!ct_marks_make(next, ct_size_of(g))) return false;
    ct_scope s = ct_begin_no_grad();
    ct_tensor *tangent = NULL, *v = s.depth <= CT_MAX_SCOPES ? ct_full_like(q->at, x, 0) : NULL;
    for (int64_t i = 0; v && i < marks->n; i++)
        if (marks->on[i]) ct_write_element((ct_dtype)v->dtype, v->data, i, 1);
    if (ct_is_aligned(use)) tangent = v;
    else if (v) tangent = ct_jvp(use.z, (ct_tensor *)x, v);
    int64_t reached = 0;
    for (int64_t i = 0; i < next->n && tangent; i++) reached += !is_zero(tangent, i);
    q->fans_out = q->fans_out || reached > marks->count || reached == 0; /* 0: not known */
    for (int turn = 0; turn < 2 && !next->count; turn++)
        for (int64_t i = 0; i < next->n; i++)
            if (is_zero(g, i) && (turn || !is_zero(tangent, i))) ct_mark(next, i);
    if (s.depth <= CT_MAX_SCOPES) ct_close(s);
    ct_error_clear(); /* of ct_jvp(); there was none before */
    return true;
}

/* Whether contributions that cancel within z are to blame: others of the same signs do not. */
static bool cancels_within(const ct_inquiry *q, ct_use use, const ct_marks *marks, bool *cancels) {
    ct_scope s = ct_begin_no_grad();
    if (s.depth > CT_MAX_SCOPES) return false;
    ct_tensor *g = ct_total_of(q, use.z), *factors = probe(q, ct_full_like(q->at, g, 1), false);
    ct_tensor *changed = factors ? ct_pull(q->at, use.z, ct_mul(g, factors), use.k) : NULL;
    int64_t other = 0;
    for (int64_t i = 0; i < marks->n; i++) other += marks->on[i] && !is_zero(changed, i);
    *cancels = 2 * other > marks->count;
    ct_close(s);
    return !ct_error_pending();
}

/* ---- the search ----------------------------------------------------------------------------------------------- */

/* Leaves marked what takes `part` in `parts`, or what does not. */
static void keep(ct_marks *marks, const ct_marks *parts, effect part, bool takes) {
    marks->count = 0;
    for (int64_t i = 0; i < marks->n; i++) {
        marks->on[i] = marks->on[i] && (parts->on[i] == part) == takes;
        marks->count += marks->on[i];
    }
}

/* Marks in `given` the elements that some use gives something else than 0: it cancels out. */
static bool find_given(const ct_inquiry *q, size_t node, const ct_marks *marks, ct_marks *parts, ct_marks *given) {
    for (size_t u = q->first_use[node]; u < q->first_use[node + 1]; u++) {
        if (!sort(q, q->uses[u], marks, parts)) return false;
        for (int64_t i = 0; i < marks->n; i++)
            if (parts->on[i] == GIVES) ct_mark(given, i);
    }
    return true;
}

/* The use and the part that most marked elements have; they stay marked. When one element of x goes into several of
 * these, where something is lost says more than where nothing arrives. */
static bool find_largest(const ct_inquiry *q, size_t node, ct_marks *marks, ct_marks *parts, ct_use *use,
                         effect *part) {
    int64_t most = 0, bonus = q->fans_out ? marks->n : 0;
    for (size_t u = q->first_use[node]; u < q->first_use[node + 1]; u++) {
        int64_t count[PARTS] = {0};
        if (!sort(q, q->uses[u], marks, parts)) return false;
        for (int64_t i = 0; i < marks->n; i++) count[parts->on[i]]++;
        for (effect p = FLAT; p < PARTS; p++) {
            int64_t weight = count[p] && p != UPSTREAM ? count[p] + bonus : count[p];
            if (weight <= most) continue;
            most = weight;
            *use = q->uses[u];
            *part = p;
        }
    }
    if (!sort(q, *use, marks, parts)) return false;
    keep(marks, parts, *part, true);
    return true;
}

/* What becomes of a largest group of one part; *t is the tensor to go on with, NULL at the end. */
static bool conclude(ct_inquiry *q, ct_use use, effect part, ct_tensor **t, ct_marks *marks) {
    bool cancels = false;
    if (part == UPSTREAM) {
        ct_marks next;
        if (!follow(q, use, marks, &next)) return false;
        ct_marks_free(marks);
        *marks = next;
        *t = use.z;
        return true;
    }
    *t = NULL;
    if (part == LOST && !cancels_within(q, use, marks, &cancels)) return false;
    ct_cause cause = part == FLAT ? cause_at(use.z, use.k) : cancels ? CT_CAUSE_CANCELLED : CT_CAUSE_UNDERFLOW;
    ct_found(q, cause, use.z);
    if (cause == CT_CAUSE_DEAD || cause == CT_CAUSE_CLAMPED || cause == CT_CAUSE_SATURATED)
        ct_note_range(q, use.z, use.k, marks);
    return true;
}

/* One tensor further from *t, whose marked elements of the cotangent are 0. */
static bool advance(ct_inquiry *q, ct_tensor **t, ct_marks *marks, ct_marks *parts, ct_marks *given) {
    size_t node = ct_graph_index(&q->graph, *t);
    int64_t asked = marks->count;
    ct_use use = {0};
    effect part = NO_PART;
    if (!find_given(q, node, marks, parts, given)) return false;
    if (2 * given->count > asked) {
        ct_narrow_down(q, given->count, asked);
        ct_found(q, CT_CAUSE_CANCELLED, *t);
        *t = NULL;
        return true;
    }
    keep(marks, given, 0, true);
    if (!find_largest(q, node, marks, parts, &use, &part)) return false;
    ct_narrow_down(q, marks->count, asked);
    return conclude(q, use, part, t, marks);
}

bool ct_find_zeros(ct_inquiry *q) {
    ct_tensor *t = q->paths.x;
    ct_marks marks, parts, given;
    const ct_tensor *g = ct_total_of(q, t);
    bool ok = ct_marks_make(&marks, ct_size_of(g));
    for (int64_t i = 0; ok && i < marks.n; i++)
        if (is_zero(g, i)) ct_mark(&marks, i);
    while (ok && t) {
        ok = ct_marks_make(&parts, marks.n);
        if (ok && (ok = ct_marks_make(&given, marks.n))) {
            ok = advance(q, &t, &marks, &parts, &given);
            ct_marks_free(&given);
        }
        ct_marks_free(&parts);
    }
    ct_marks_free(&marks);
    return ok;
}
