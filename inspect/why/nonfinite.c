/* Why elements of a gradient are infinite or NaN: from x on towards f, to where a finite cotangent becomes so; and if
 * that is due to a value, back to where the value came from. */
#include "inspect/why/inquiry.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) q->at

static double element(const ct_tensor *t, int64_t i) { return ct_read_element((ct_dtype)t->dtype, t->data, i); }

static int64_t first_nonfinite(const ct_tensor *t) {
    for (int64_t i = 0; ct_is_float((ct_dtype)t->dtype) && i < ct_size_of(t); i++)
        if (!isfinite(element(t, i))) return i;
    return -1;
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static bool is_pole(const ct_tensor *z, int64_t i) {
    static const bool poles[CT_OP_COUNT] = {
        [CT_OP_ct_log] = true,   [CT_OP_ct_log2] = true,       [CT_OP_ct_log10] = true,     [CT_OP_ct_log1p] = true,
        [CT_OP_ct_logit] = true, [CT_OP_ct_reciprocal] = true, [CT_OP_ct_rsqrt] = true,     [CT_OP_ct_atanh] = true,
        [CT_OP_ct_xlogy] = true, [CT_OP_ct_inv] = true,        [CT_OP_ct_logabsdet] = true,
    };
    const ct_tensor *base = z->op == CT_OP_ct_div ? z->in[1] : z->op == CT_OP_ct_pow ? z->in[0] : NULL;
    if (!base) return z->op < CT_OP_COUNT && poles[z->op];
    if (ct_same_shape(base, z)) return element(base, i) == 0;
    return ct_size_of(base) == 1 && element(base, 0) == 0;
}

static ct_tensor *nonfinite_operand(const ct_tensor *z) {
    for (int k = 0; k < z->n_in; k++)
        if (first_nonfinite(z->in[k]) >= 0) return z->in[k];
    return NULL;
}

static bool note_nonfinite(ct_inquiry *q, const ct_tensor *z) {
    ct_marks marks;
    bool ok = ct_marks_make(&marks, ct_size_of(z));
    for (int64_t i = 0; ok && i < marks.n; i++)
        if (!isfinite(element(z, i))) ct_mark(&marks, i);
    if (ok) ct_note_range(q, z, 0, &marks);
    ct_marks_free(&marks);
    return ok;
}

/* From a tensor with a value that is not finite to where that comes from. */
static bool find_origin(ct_inquiry *q, ct_tensor *z) {
    for (ct_tensor *x; (x = nonfinite_operand(z));) z = x;
    int64_t i = first_nonfinite(z);
    ct_found(q,
             !z->op                 ? CT_CAUSE_INPUT
             : isnan(element(z, i)) ? CT_CAUSE_DOMAIN
             : is_pole(z, i)        ? CT_CAUSE_POLE
                                    : CT_CAUSE_OVERFLOW,
             z);
    return !z->op || note_nonfinite(q, z);
}

/* ---- cotangents ----------------------------------------------------------------------------------------------- */

/* What operand use.k gets when z's cotangent is g, or with `finite` only the finite elements of it, or ones. */
typedef enum seed { AS_IT_IS, FINITE, ONES } seed;

/* Marks in `found` those of the marked elements that get something that is not finite. */
static bool find_bad(const ct_inquiry *q, ct_use use, seed as, const ct_marks *marks, ct_marks *found) {
    ct_scope s = ct_begin_no_grad();
    if (s.depth > CT_MAX_SCOPES) return false;
    const ct_tensor *g = ct_total_of(q, use.z);
    ct_tensor *v = ct_full_like(q->at, g, 1);
    for (int64_t i = 0; v && as != ONES && i < ct_size_of(g); i++) {
        bool passes = as == AS_IT_IS || isfinite(element(g, i));
        ct_write_element((ct_dtype)v->dtype, v->data, i, passes ? element(g, i) : 0);
    }
    ct_tensor *gx = v ? ct_pull(q->at, use.z, v, use.k) : NULL;
    bool ok = ct_marks_make(found, marks->n) && !ct_error_pending();
    for (int64_t i = 0; ok && gx && i < marks->n; i++)
        if (marks->on[i] && !isfinite(element(gx, i))) ct_mark(found, i);
    ct_close(s);
    return ok;
}

static bool meets_zero(const ct_inquiry *q, ct_use use, const ct_marks *marks) {
    const ct_tensor *g = ct_total_of(q, use.z);
    bool aligned = ct_is_aligned(use);
    for (int64_t i = 0; aligned && i < marks->n; i++)
        if (marks->on[i] && element(g, i) != 0) return false;
    return aligned;
}

/* A finite cotangent of z, and one of its operand that is not finite at the marks. */
static bool explain(ct_inquiry *q, ct_use use, const ct_marks *marks) {
    if (meets_zero(q, use, marks)) return ct_found(q, CT_CAUSE_ZERO_TIMES_INFINITY, use.z), true;
    if (first_nonfinite(use.z) >= 0 || nonfinite_operand(use.z)) return find_origin(q, use.z);
    ct_marks infinite = {0};
    bool ok = find_bad(q, use, ONES, marks, &infinite);
    if (ok) ct_found(q, infinite.count ? CT_CAUSE_POLE : CT_CAUSE_OVERFLOW, use.z);
    if (ok && infinite.count) ct_note_range(q, use.z, use.k, marks);
    ct_marks_free(&infinite);
    return ok;
}

/* The use that makes most marked elements not finite, these being left marked; none, with use->z NULL, when finite
 * contributions add up to what is not. */
static bool find_worst(const ct_inquiry *q, const ct_tensor *t, ct_marks *marks, ct_use *use) {
    size_t node = ct_graph_index(&q->graph, t);
    ct_marks worst = {0};
    *use = (ct_use){0};
    for (size_t u = q->first_use[node]; u < q->first_use[node + 1]; u++) {
        ct_marks found = {0};
        bool ok = find_bad(q, q->uses[u], AS_IT_IS, marks, &found);
        bool more = ok && found.count > worst.count;
        if (more) *use = q->uses[u];
        ct_marks_free(more ? &worst : &found);
        if (more) worst = found;
        if (ok) continue;
        ct_marks_free(&worst);
        return false;
    }
    if (!use->z) return true;
    ct_marks_free(marks);
    *marks = worst;
    return true;
}

/* One tensor further from *t, whose marked elements of the cotangent are not finite; NULL at the end. */
static bool advance(ct_inquiry *q, ct_tensor **t, ct_marks *marks) {
    int64_t asked = marks->count;
    ct_use use;
    ct_marks own = {0};
    if (!find_worst(q, *t, marks, &use)) return false;
    ct_narrow_down(q, marks->count, asked);
    if (!use.z) {
        ct_found(q, CT_CAUSE_OVERFLOW, *t);
        *t = NULL;
        return true;
    }
    bool ok = find_bad(q, use, FINITE, marks, &own), local = own.count > 0;
    if (ok && local) ok = explain(q, use, &own);
    ct_marks_free(&own);
    if (!ok || local) return *t = NULL, ok;
    ct_marks_free(marks);
    *t = use.z;
    const ct_tensor *g = ct_total_of(q, use.z);
    ok = ct_marks_make(marks, ct_size_of(g));
    for (int64_t i = 0; ok && i < marks->n; i++)
        if (!isfinite(element(g, i))) ct_mark(marks, i);
    return ok;
}

bool ct_find_nonfinite(ct_inquiry *q) {
    ct_tensor *t = q->paths.x;
    const ct_tensor *g = ct_total_of(q, t);
    ct_marks marks;
    bool ok = ct_marks_make(&marks, ct_size_of(g));
    for (int64_t i = 0; ok && i < marks.n; i++)
        if (!isfinite(element(g, i))) ct_mark(&marks, i);
    while (ok && t) ok = advance(q, &t, &marks);
    ct_marks_free(&marks);
    return ok;
}
