/* ct_why(): what there is of a gradient, why there is none, and the finding in words. */
#include "inspect/why/inquiry.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

static const struct {
    const char *name, *words;
} causes[CT_CAUSE_COUNT] = {
#define CT_CAUSE(cause, words) [cause] = {#cause, words},
#include "inspect/causes.def"
#undef CT_CAUSE
};

static bool is_cause(ct_cause cause) { return (unsigned)cause < CT_CAUSE_COUNT; }
const char *ct_cause_name(ct_cause cause) { return is_cause(cause) ? causes[cause].name : "no cause"; }
const char *ct_cause_words(ct_cause cause) { return is_cause(cause) ? causes[cause].words : "no cause"; }

/* ---- for the searches ----------------------------------------------------------------------------------------- */

bool ct_marks_make(ct_marks *marks, int64_t n) {
    *marks = (ct_marks){.n = n, .on = ct_alloc(n ? (size_t)n : 1)};
    if (!marks->on) return ct_raise_memory("ct_why", NULL, (size_t)n), false;
    memset(marks->on, 0, (size_t)n);
    return true;
}

void ct_marks_free(ct_marks *marks) {
    if (marks->on) ct_dealloc(marks->on, marks->n ? (size_t)marks->n : 1);
    *marks = (ct_marks){0};
}

void ct_mark(ct_marks *marks, int64_t i) {
    marks->count += !marks->on[i];
    marks->on[i] = 1;
}

void ct_narrow_down(ct_inquiry *q, int64_t kept, int64_t asked) {
    if (kept < asked) q->share *= (double)kept / (double)asked;
}

void ct_found(ct_inquiry *q, ct_cause cause, ct_tensor *node) {
    q->finding.cause = cause;
    q->finding.node = node;
    q->finding.at = node ? ct_place_of(node) : NULL;
}

void ct_note_range(ct_inquiry *q, const ct_tensor *z, int k, const ct_marks *marks) {
    const ct_tensor *x = z->in[k];
    if (ct_size_of(x) != marks->n || !ct_is_float((ct_dtype)x->dtype)) return;
    q->operand = k;
    q->range = CT_NO_RANGE;
    for (int64_t i = 0; i < marks->n; i++)
        if (marks->on[i]) ct_range_add(&q->range, ct_read_element((ct_dtype)x->dtype, x->data, i));
}

/* The uses of each node along paths, those of one node beside each other. */
static bool find_uses(ct_inquiry *q) {
    size_t n = q->graph.n;
    q->first_use = ct_scope_array(ct_this.depth, n + 2, sizeof *q->first_use);
    if (!q->first_use) return false;
    memset(q->first_use, 0, (n + 2) * sizeof *q->first_use);
    for (int fill = 0; fill < 2; fill++) { /* counted two places ahead, so that filling leaves the starts */
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < q->graph.node[i]->n_in && q->paths.on[i]; k++) {
                ct_tensor *z = q->graph.node[i];
                size_t x = ct_graph_index(&q->graph, z->in[k]);
                if (!ct_leads(&q->paths, z, k)) continue;
                if (fill) q->uses[q->first_use[x + 1]++] = (ct_use){z, k};
                else q->first_use[x + 2]++;
            }
        if (fill) break;
        for (size_t i = 0; i < n; i++) q->first_use[i + 2] += q->first_use[i + 1];
        q->uses = ct_scope_array(ct_this.depth, q->first_use[n + 1] + 1, sizeof *q->uses);
        if (!q->uses) return false;
    }
    return true;
}

/* ---- no way at all -------------------------------------------------------------------------------------------- */

/* What stops derivatives at z, through which they would come from x. */
static ct_cause cause_of_cut(const ct_tensor *z) {
    if (z->op == CT_OP_ct_detach) return CT_CAUSE_DETACHED;
    if (ct_op_table[z->op]->kind == CT_NOT_DIFFERENTIABLE || !ct_is_float((ct_dtype)z->dtype))
        return CT_CAUSE_NOT_DIFFERENTIABLE;
    return ct_this.level[z->depth].no_grad ? CT_CAUSE_NO_GRAD : CT_CAUSE_LATE;
}

/* The oldest tensor of f's graph that is computed from x, but not in a way that derivatives take. */
static bool find_cut(ct_inquiry *q) {
    const ct_graph *graph = &q->graph;
    bool *reaches = ct_scope_array(ct_this.depth, graph->n, sizeof *reaches); /* x, along the record */
    if (!reaches) return ct_raise_memory("ct_why", q->at, graph->n), false;
    for (size_t i = 0; i < graph->n; i++) {
        ct_tensor *z = graph->node[i];
        reaches[i] = z == q->paths.x;
        bool uses = false;
        for (int k = 0; k < z->n_in; k++) uses = uses || reaches[ct_graph_index(graph, z->in[k])];
        if (!uses || reaches[i]) continue;
        reaches[i] = z->flags & CT_NEEDS_GRAD && ct_is_float((ct_dtype)z->dtype) &&
                     ct_op_table[z->op]->kind != CT_NOT_DIFFERENTIABLE;
        if (!reaches[i]) return ct_found(q, cause_of_cut(z), z), true;
    }
    return ct_found(q, CT_CAUSE_DISCONNECTED, NULL), true;
}

/* ---- in words ------------------------------------------------------------------------------------------------- */

static void add_counts(ct_text *out, const ct_inquiry *q) {
    const ct_finding *found = &q->finding;
    int64_t bad = found->nonfinite ? found->nonfinite : found->zeros;
    const char *what = found->nonfinite ? "not finite" : "0";
    if (found->elements == 1) ct_text_add(out, " is %s", what);
    else if (bad == found->elements) ct_text_add(out, " is %s in all of %" PRId64 " elements", what, bad);
    else ct_text_add(out, " is %s in %" PRId64 " of %" PRId64 " elements", what, bad, found->elements);
}

/* "at h = max(z, 0) (model.c:12)" */
static void add_place(ct_text *out, const ct_inquiry *q) {
    const ct_tensor *node = q->finding.node;
    ct_text_add(out, q->share == 1 ? ": at " : q->share >= 0.5 ? ": mostly at " : ": among others at ");
    ct_add_name(out, &q->names, node);
    if (node->op) ct_text_add(out, " = ");
    if (node->op) ct_add_formula(out, &q->names, node);
    if (q->finding.at) ct_text_add(out, " (%s)", q->finding.at);
}

/* "; z is there from -3 to -1" */
static void add_range(ct_text *out, const ct_inquiry *q) {
    ct_text_add(out, "; ");
    ct_add_name(out, &q->names, q->finding.node->in[q->operand]);
    const double low = q->range.low, high = q->range.high;
    const bool single = low == high || isnan(low);
    ct_text_add(out, single ? " is " : " is from ");
    ct_add_number(out, low, false);
    if (single) return;
    ct_text_add(out, " to ");
    ct_add_number(out, high, false);
}

static void add_sentence(ct_text *out, const ct_inquiry *q) {
    const ct_finding *found = &q->finding;
    ct_add_derivative(out, &q->names, q->paths.f, q->paths.x, false);
    if (found->cause == CT_CAUSE_FINE) {
        ct_text_add(out, found->elements == 1 ? " is fine: " : " is fine: all %" PRId64 " elements are ",
                    found->elements);
        ct_text_add(out, "%s", ct_cause_words(found->cause));
        return;
    }
    if (!q->total) ct_text_add(out, " is missing");
    else add_counts(out, q);
    if (found->node) add_place(out, q);
    ct_text_add(out, ": %s", ct_cause_words(found->cause));
    if (q->operand >= 0) add_range(out, q);
}

/* ---- the door ------------------------------------------------------------------------------------------------- */

static bool count_and_find(ct_inquiry *q) {
    const ct_tensor *g = ct_total_of(q, q->paths.x);
    q->finding.elements = ct_size_of(g);
    for (int64_t i = 0; i < q->finding.elements; i++) {
        double v = ct_read_element((ct_dtype)g->dtype, g->data, i);
        q->finding.zeros += v == 0;
        q->finding.nonfinite += !isfinite(v);
    }
    if (q->finding.nonfinite) return ct_find_nonfinite(q);
    if (q->finding.zeros) return ct_find_zeros(q);
    return ct_found(q, CT_CAUSE_FINE, NULL), true;
}

/* Fills the finding; false with an error raised. */
static bool inquire(ct_inquiry *q, ct_tensor *f, ct_tensor *x) {
    if (!ct_graph_collect(&q->graph, f) || !ct_names_make(&q->names, &q->graph, false) ||
        !ct_paths_find(&q->paths, &q->graph, f, x, true) || !find_uses(q))
        return ct_raise_memory("ct_why", q->at, 0), false;
    if (!(x->flags & CT_NEEDS_GRAD)) {
        bool cut = false;
        for (int k = 0; k < x->n_in; k++) cut = cut || x->in[k]->flags & CT_NEEDS_GRAD;
        return ct_found(q, cut ? cause_of_cut(x) : CT_CAUSE_CONSTANT, cut ? x : NULL), true;
    }
    if (!q->paths.on[q->graph.n - 1]) return find_cut(q);
    q->total = ct_scope_array(ct_this.depth, q->graph.n, sizeof *q->total);
    if (!q->total) return ct_raise_memory("ct_why", q->at, 0), false;
    return ct_total_tensors(q->at, &q->paths, q->total) && count_and_find(q);
}

ct_finding ct_why_at(const char *at, ct_tensor *f, ct_tensor *x) {
    const char *op = "ct_why";
    ct_finding failed = {0};
    if (!ct_derivable(op, at, f, x) || ct_error_pending()) return failed;
    bool hunting = ct_stop_at_nonfinite(false);
    ct_inquiry q = {.at = at, .operand = -1, .share = 1};
    ct_text text = {0};
    ct_scope s = ct_begin_no_grad();
    bool ok = s.depth <= CT_MAX_SCOPES && inquire(&q, f, x);
    if (ok && !q.total) q.finding.zeros = q.finding.elements = ct_size_of(x);
    if (ok) add_sentence(&text, &q);
    if (s.depth <= CT_MAX_SCOPES) ct_close(s);
    q.finding.sentence = ok ? ct_keep_text(op, at, &text) : NULL;
    ct_text_free(&text);
    ct_graph_free(&q.graph);
    ct_stop_at_nonfinite(hunting);
    return q.finding.sentence ? q.finding : failed;
}
