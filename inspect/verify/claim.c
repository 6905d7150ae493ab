/* What a claim says: its formula, rule or numbers at a point. */
#include "inspect/verify/verify.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- gradients nearer to f -------------------------------------------------------------------------------------- */

/* df by node i as it is claimed where that is wrong, or as it is. */
static ct_tensor *gradient(ct_upstream *u, size_t i) {
    const ct_verifier *v = u->v;
    const char *at = u->site->claim->result.place;
    const ct_site *other = v->site_of[i];
    bool wrong = other && (!other->claimed || other->here.wrong);
    u->asked = true;
    u->wrong = u->wrong || wrong;
    if (!u->claimed || !wrong || !other->claimed) return ct_point_gradient(v, u->point, i);
    const ct_tensor *t = u->point->node[i];
    return ct_cast(ct_wrap(CT_F64, ct_shape_of(t), other->claimed), (ct_dtype)t->dtype);
}

/* Only what is computed from a tensor, and so comes later, can be needed for its gradient: a claim that speaks of
 * itself would always be right. */
static ct_tensor *later_gradient(ct_upstream *u, size_t i, const char *name) {
    char text[CT_DESCRIPTION];
    if (u->site->index < i) return gradient(u, i);
    ct_raise(CT_ERR_ARGUMENT, "ct_verify", u->site->claim->result.place,
             "the claim about %s uses the gradient of %s, which is not nearer to f",
             ct_describe(u->site->claim->tensor, text), name);
    return NULL;
}

ct_tensor *ct_upstream_grad_at(const char *at, ct_upstream *upstream, ct_tensor *h) {
    char text[CT_DESCRIPTION];
    if (!upstream) return ct_raise_null("ct_upstream_grad", at, 0), NULL;
    if (!ct_usable("ct_upstream_grad", at, h, 1)) return NULL;
    for (size_t i = 0; i < upstream->v->graph.n; i++)
        if (upstream->v->graph.node[i] == h) return later_gradient(upstream, i, ct_describe(h, text));
    return ct_raise(CT_ERR_ARGUMENT, "ct_upstream_grad", at, "f does not depend on %s", ct_describe(h, text)), NULL;
}

/* ---- formulas --------------------------------------------------------------------------------------------------- */

/* The only node of this label: its index; graph.n when there is none, SIZE_MAX when there are several. */
static size_t find_label(const ct_graph *graph, const char *name) {
    size_t found = graph->n;
    for (size_t i = 0; i < graph->n; i++) {
        const char *label = graph->node[i]->label;
        if (!label || strcmp(label, name) != 0) continue;
        if (found < graph->n) return SIZE_MAX;
        found = i;
    }
    return found;
}

/* Raises that no tensor of the graph has the k-th name, with the nearest one. */
static bool unknown(const ct_verifier *v, const ct_site *site, int k) {
    const ct_graph *graph = &v->graph;
    ct_tensor **labelled = ct_verify_array(v, graph->n, sizeof *labelled);
    int n = 0;
    for (size_t i = 0; labelled && i < graph->n && n < INT_MAX; i++)
        if (graph->node[i]->label) labelled[n++] = graph->node[i];
    ct_list names = {n, labelled};
    if (labelled) ct_formula_unknown("ct_verify", site->claim->result.place, site->formula, k, names);
    return false;
}

bool ct_claim_find_names(const ct_verifier *v, ct_site *site) {
    int n = ct_formula_names(site->formula);
    site->names = ct_verify_array(v, (size_t)n, sizeof *site->names);
    for (int k = 0; site->names && k < n; k++) {
        const char *name = ct_formula_name(site->formula, k);
        size_t i = site->names[k] = find_label(&v->graph, name);
        if (i == v->graph.n) return unknown(v, site, k);
        if (i != SIZE_MAX) continue;
        ct_raise(CT_ERR_ARGUMENT, "ct_verify", site->claim->result.place,
                 "\"%.200s\": '%.100s' is the label of several tensors", site->claim->formula, name);
        return false;
    }
    return site->names != NULL;
}

static ct_tensor *evaluate_formula(ct_upstream *u) {
    const ct_site *site = u->site;
    int n = ct_formula_names(site->formula);
    ct_tensor **values = ct_verify_array(u->v, (size_t)n, sizeof *values);
    for (int k = 0; values && k < n; k++) {
        size_t i = site->names[k];
        bool gradient_of = ct_formula_name_is_gradient(site->formula, k);
        values[k] = gradient_of ? later_gradient(u, i, ct_formula_name(site->formula, k)) : u->point->node[i];
        if (!values[k]) return NULL;
    }
    return values ? ct_formula_eval(site->claim->result.place, site->formula, values) : NULL;
}

/* ---- all kinds -------------------------------------------------------------------------------------------------- */

static ct_tensor *evaluate_rule(ct_upstream *u) {
    const ct_claim *claim = u->site->claim;
    char text[CT_DESCRIPTION];
    ct_tensor *value = claim->rule(claim->tensor, u, claim->context);
    if (!value) return ct_raise_null("ct_claim_grad_rule", claim->result.place, 0), NULL;
    if (ct_is_float((ct_dtype)value->dtype)) return value;
    ct_raise(CT_ERR_DTYPE, "ct_claim_grad_rule", claim->result.place, "%s is not floating", ct_describe(value, text));
    return NULL;
}

ct_tensor *ct_claim_evaluate(ct_upstream *u) {
    const ct_claim *claim = u->site->claim;
    const char *at = claim->result.place;
    switch (claim->kind) {
    case CT_CLAIMED_FORMULA: return evaluate_formula(u);
    case CT_CLAIMED_VALUE: return ct_scalar(claim->value);
    case CT_CLAIMED_ARRAY: return ct_wrap(claim->dtype, claim->shape, (void *)claim->elements);
    case CT_CLAIMED_RULE: break;
    }
    return evaluate_rule(u);
}

double *ct_claim_elements(const ct_verifier *v, const ct_tensor *t, int64_t n) {
    double *to = ct_verify_array(v, (size_t)n, sizeof *to);
    for (int64_t e = 0; to && e < n; e++)
        to[e] = ct_read_element((ct_dtype)t->dtype, t->data, ct_size_of(t) == 1 ? 0 : e);
    return to;
}

bool ct_claim_fits(const ct_site *site, const ct_tensor *value) {
    return value->ndim == 0 || ct_same_shape(value, site->claim->tensor) || (ct_size_of(value) == 1 && site->n == 1);
}

/* Whether a zero or an infinity is among the elements of what was computed since `mark`. */
static bool any_extreme(const ct_tensor *mark) {
    for (const ct_tensor *t = ct_this.newest; t && t != mark; t = t->prev)
        for (int64_t e = 0; e < ct_size_of(t); e++) {
            double x = ct_read_element((ct_dtype)t->dtype, t->data, e);
            if (x == 0 || isinf(x)) return true;
        }
    return false;
}

bool ct_claim_read_formulas(const ct_verifier *v, ct_point *point) {
    for (size_t i = 0; i < v->n; i++) {
        const ct_site *site = &v->site[i];
        if (!site->formula || !site->claimed) continue;
        ct_upstream u = {.v = v, .point = point, .site = site};
        const ct_tensor *mark = ct_this.newest;
        ct_tensor *value = ct_claim_evaluate(&u);
        point->reading[i].extreme = any_extreme(mark);
        if (!value && ct_error_status() == CT_ERR_MEMORY) return false;
        if (!value) ct_error_clear();
        else if (ct_claim_fits(site, value) && !(point->reading[i].value = ct_claim_elements(v, value, site->n)))
            return false;
    }
    return true;
}
