/* The nodes between x and f, how many paths lead through them, and the derivatives along them. */
#include "inspect/derive/derive.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* Whether a derivative flows from z to operands that depend on x. */
static bool differentiates(const ct_paths *paths, const ct_tensor *z) {
    if (paths->recorded && !(z->flags & CT_NEEDS_GRAD)) return false;
    return z->op && ct_op_table[z->op]->kind != CT_NOT_DIFFERENTIABLE && ct_is_float((ct_dtype)z->dtype);
}

bool ct_leads(const ct_paths *paths, const ct_tensor *z, int k) {
    return z != paths->x && differentiates(paths, z) && paths->on[ct_graph_index(paths->graph, z->in[k])];
}

bool ct_is_step(const ct_paths *paths, const ct_tensor *z, int k) {
    for (int i = 0; i < k; i++)
        if (z->in[i] == z->in[k]) return false;
    return ct_leads(paths, z, k);
}

/* First what depends on x, then which of it f is computed from. */
static void mark(ct_paths *paths) {
    const ct_graph *graph = paths->graph;
    for (size_t i = 0; i < graph->n; i++) {
        paths->on[i] = graph->node[i] == paths->x;
        for (int k = 0; k < graph->node[i]->n_in && !paths->on[i]; k++)
            paths->on[i] = ct_is_step(paths, graph->node[i], k);
    }
    bool *reached = (bool *)paths->count; /* not yet in use, and larger */
    memset(reached, 0, graph->n * sizeof *reached);
    reached[graph->n - 1] = paths->on[graph->n - 1];
    for (size_t i = graph->n; i-- > 0;) {
        for (int k = 0; reached[i] && k < graph->node[i]->n_in; k++)
            if (ct_is_step(paths, graph->node[i], k)) reached[ct_graph_index(graph, graph->node[i]->in[k])] = true;
        paths->on[i] = reached[i];
    }
}

static void count(ct_paths *paths) {
    for (size_t i = 0; i < paths->graph->n; i++) {
        const ct_tensor *z = paths->graph->node[i];
        paths->count[i] = z == paths->x;
        paths->length[i] = 0;
        if (paths->on[i] && ct_size_of(z) != 1) paths->scalar = false;
        for (int k = 0; k < z->n_in && paths->on[i]; k++) {
            if (!ct_is_step(paths, z, k)) continue;
            size_t from = ct_graph_index(paths->graph, z->in[k]);
            paths->count[i] += paths->count[from];
            paths->length[i] += paths->length[from] + paths->count[from];
        }
    }
}

bool ct_paths_find(ct_paths *paths, const ct_graph *graph, ct_tensor *f, ct_tensor *x, bool recorded) {
    int depth = ct_this.depth;
    *paths = (ct_paths){.graph = graph, .f = f, .x = x, .recorded = recorded, .scalar = true};
    paths->on = ct_scope_array(depth, graph->n, sizeof *paths->on);
    paths->count = ct_scope_array(depth, graph->n, sizeof *paths->count);
    paths->length = ct_scope_array(depth, graph->n, sizeof *paths->length);
    if (!paths->on || !paths->count || !paths->length) return false;
    mark(paths);
    count(paths);
    return true;
}

/* ---- derivatives -------------------------------------------------------------------------------------------- */

ct_tensor *ct_pull(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_sum_to(at, ct_op_table[z->op]->parts->vjp(at, z, g, k), z->in[k]);
}

/* The cotangents of all operands that are the same tensor as operand k, added up; NULL as above. */
static ct_tensor *pull_all(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *sum = NULL;
    for (int i = k; i < z->n_in; i++) {
        ct_tensor *gx = z->in[i] == z->in[k] ? ct_pull(at, z, g, i) : NULL;
        if (!gx && ct_error_pending()) return NULL;
        if (gx) sum = sum ? ct_add(sum, gx) : gx;
    }
    return sum;
}

bool ct_partial(const char *at, ct_tensor *z, int k, double *value) {
    ct_scope s = ct_begin_no_grad();
    ct_tensor *one = ct_full_like(at, z, 1), *gx = one ? pull_all(at, z, one, k) : NULL;
    *value = gx ? ct_read_element((ct_dtype)gx->dtype, gx->data, 0) : 0;
    if (s.depth <= CT_MAX_SCOPES) ct_close(s);
    return !ct_error_pending();
}

bool ct_total_numbers(const char *at, const ct_paths *paths, double *total) {
    const ct_graph *graph = paths->graph;
    for (size_t i = 0; i < graph->n; i++) total[i] = graph->node[i] == paths->f;
    for (size_t i = graph->n; i-- > 0;) {
        ct_tensor *z = graph->node[i];
        for (int k = 0; k < z->n_in && paths->on[i]; k++) {
            double partial;
            if (!ct_is_step(paths, z, k)) continue;
            if (!ct_partial(at, z, k, &partial)) return false;
            total[ct_graph_index(graph, z->in[k])] += total[i] * partial;
        }
    }
    return true;
}

bool ct_total_tensors(const char *at, const ct_paths *paths, ct_tensor **total) {
    const ct_graph *graph = paths->graph;
    memset(total, 0, graph->n * sizeof *total);
    if (!(total[graph->n - 1] = ct_full_like(at, paths->f, 1))) return false;
    for (size_t i = graph->n; i-- > 0;) {
        ct_tensor *z = graph->node[i];
        if (paths->on[i] && !total[i] && !(total[i] = ct_full_like(at, z, 0))) return false; /* all users said zero */
        for (int k = 0; k < z->n_in && paths->on[i]; k++) {
            if (!ct_is_step(paths, z, k)) continue;
            ct_tensor **sum = &total[ct_graph_index(graph, z->in[k])], *gx = pull_all(at, z, total[i], k);
            if (gx) *sum = *sum ? ct_add(*sum, gx) : gx;
            if (ct_error_pending()) return false;
        }
    }
    return true;
}
