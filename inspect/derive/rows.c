/* The list of a derivation: a row each tensor, its definition beside its derivatives. */
#include "inspect/derive/derive.h"

#include <math.h>
#include <string.h>

#define MOST_LISTED 400 /* tensors; of more, the first and the last */
#define MOST_ELEMENTS 6 /* of a tensor that is written out */

/* ---- cells -------------------------------------------------------------------------------------------------- */

/* "[[1, 2], [3, 4]]" */
static void add_elements(ct_derivation *d, const ct_tensor *t, const void *data) {
    int64_t n = ct_size_of(t);
    if (n == 0) ct_text_add(&d->rows, "[]");
    for (int64_t i = 0; i < n; i++) {
        int64_t block = 1;
        int opened = 0, closed = 0;
        for (int axis = t->ndim - 1; axis >= 0; axis--) {
            block *= t->extent->dim[axis];
            opened += i % block == 0;
            closed += (i + 1) % block == 0;
        }
        ct_text_add(&d->rows, "%s%.*s", i ? ", " : "", opened, "[[[[[[[[");
        ct_add_number(&d->rows, ct_read_element((ct_dtype)t->dtype, data, i), d->names.latex);
        ct_text_add(&d->rows, "%.*s", closed, "]]]]]]]]");
    }
}

/* "= 3", "= [1, 2]", or for more elements ", min -1, mean 0.2, max 1". */
static void add_value(ct_derivation *d, const ct_tensor *t, const void *data, const char *equals) {
    static const char *const captions[2][3] = {{", min ", ", mean ", ", max "},
                                               {",\\ \\min ", ",\\ \\operatorname{mean} ", ",\\ \\max "}};
    int64_t n = ct_size_of(t);
    if (n <= MOST_ELEMENTS) {
        ct_text_add(&d->rows, "%s", equals);
        add_elements(d, t, data);
        return;
    }
    ct_range range = CT_NO_RANGE;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = ct_read_element((ct_dtype)t->dtype, data, i);
        ct_range_add(&range, v);
        sum += v;
    }
    const double numbers[] = {range.low, sum / (double)n, range.high};
    for (int i = 0; i < 3; i++) {
        ct_text_add(&d->rows, "%s", captions[d->names.latex][i]);
        ct_add_number(&d->rows, numbers[i], d->names.latex);
    }
}

/* "a = p + q  (3)", "x = 0.7", "W  (3, 4), min -1, mean 0.2, max 1"; the value of a formula only when asked for. */
static void add_definition(ct_derivation *d, const ct_tensor *t, bool with_value) {
    ct_add_name(&d->rows, &d->names, t);
    if (t->op) ct_text_add(&d->rows, "%s", d->layout->equals);
    if (t->op) ct_add_formula(&d->rows, &d->names, t);
    if (t->ndim) ct_text_add(&d->rows, d->names.latex ? "\\quad " : "  ");
    if (t->ndim) ct_add_shape(&d->rows, t, d->names.latex);
    if (!t->op || with_value) add_value(d, t, t->data, t->op || t->ndim ? " = " : d->layout->equals);
}

/* dz/d(operand k) as a term, by all operands that are the same tensor. */
static const ct_term *partial_term(const ct_tensor *z, int k) {
    const ct_term *sum = ct_term_number(0);
    for (int i = k; i < z->n_in; i++)
        if (z->in[i] == z->in[k])
            sum = ct_term_of(CT_TERM_ADD, sum, ct_rule_term(z, i, ct_term_number(1), true), NULL);
    return sum;
}

static bool is_only_step(const ct_paths *paths, const ct_tensor *z) {
    int steps = 0;
    for (int k = 0; k < z->n_in; k++) steps += ct_is_step(paths, z, k);
    return steps == 1;
}

/* dz/dx along one step: with round letters where x takes other ways into z too. */
void ct_add_step_name(ct_text *out, const ct_derivation *d, const ct_tensor *z, int k) {
    ct_add_derivative(out, &d->names, z, z->in[k], d->names.latex || !is_only_step(&d->paths, z));
}

/* ---- rows --------------------------------------------------------------------------------------------------- */

/* Scalars, few paths: the definition beside the derivatives by the operands on paths, a row each. */
static bool add_steps(ct_derivation *d, ct_tensor *z, bool on_path) {
    bool first = true;
    for (int k = 0; k < z->n_in && on_path; k++) {
        if (!ct_is_step(&d->paths, z, k)) continue;
        double partial;
        bool symbolic = ct_op_table[z->op]->kind == CT_ELEMENTWISE;
        if (!ct_partial(d->at, z, k, &partial)) return false;
        if (first) add_definition(d, z, false);
        ct_text_add(&d->rows, "\t");
        ct_add_step_name(&d->rows, d, z, k);
        ct_text_add(&d->rows, "%s", d->layout->equals);
        const ct_term *term = symbolic ? partial_term(z, k) : NULL;
        if (symbolic && !term) d->rows.failed = true;
        if (term) ct_add_term(&d->rows, &d->names, d->paths.f, term);
        if (term && term->kind != CT_TERM_NUMBER) ct_text_add(&d->rows, " = ");
        if (!term || term->kind != CT_TERM_NUMBER) ct_add_number(&d->rows, partial, d->names.latex);
        ct_text_add(&d->rows, "\n");
        first = false;
    }
    bool known = !z->op && !d->names.invented[ct_graph_index(&d->graph, z)]; /* x itself */
    if (!first || known) return true;
    add_definition(d, z, true);
    ct_text_add(&d->rows, "\t\n");
    return true;
}

/* The cotangent that z's operand k gets, in the operand's shape. */
static const ct_term *contribution(const ct_derivation *d, const ct_tensor *z, int k, bool scalar) {
    const ct_term *g = z == d->paths.f ? ct_term_number(1) : ct_term_cotangent(z);
    const ct_term *term = ct_rule_term(z, k, g, scalar);
    const ct_tensor *x = z->in[k];
    bool repeated = ct_op_table[z->op]->kind == CT_ELEMENTWISE || z->op == CT_OP_ct_where
                        ? !ct_same_shape(x, z)
                        : z->op == CT_OP_ct_matmul && x->ndim > 1 && x->ndim < z->ndim;
    return term && repeated ? ct_term_call("sum_to_shape", 1, &term) : term;
}

/* Adds what node z contributes to the total derivatives of its operands, of those that are listed. */
static void add_contributions(ct_derivation *d, const ct_tensor *z, const bool *listed, const ct_term **total) {
    for (int k = 0; k < z->n_in; k++) {
        if (!ct_leads(&d->paths, z, k)) continue;
        size_t x = ct_graph_index(&d->graph, z->in[k]);
        if (!listed[x]) continue;
        const ct_term *term = contribution(d, z, k, d->paths.scalar);
        total[x] = total[x] ? ct_term_of(CT_TERM_ADD, total[x], term, NULL) : term;
        if (!total[x]) d->rows.failed = true;
    }
}

/* "h = x @ W  (3, 4)" beside "dL/dh = ..." and what that is. */
static void add_total(ct_derivation *d, const ct_tensor *t, const ct_term *term, const void *total) {
    add_definition(d, t, false);
    ct_text_add(&d->rows, "\t");
    ct_add_derivative(&d->rows, &d->names, d->paths.f, t, false);
    ct_text_add(&d->rows, "%s", d->layout->equals);
    ct_add_term(&d->rows, &d->names, d->paths.f, term);
    if (!term || term->kind != CT_TERM_NUMBER) add_value(d, t, total, " = ");
    ct_text_add(&d->rows, "\n");
}

/* ---- the list ----------------------------------------------------------------------------------------------- */

/* What is on a path, and what the names in the list stand for when they are invented. */
static bool *choose(const ct_derivation *d) {
    const ct_graph *graph = &d->graph;
    bool *listed = ct_scope_array(ct_this.depth, graph->n, sizeof *listed);
    if (!listed) return NULL;
    memcpy(listed, d->paths.on, graph->n * sizeof *listed);
    for (size_t i = graph->n; i-- > 0;)
        for (int k = 0; k < graph->node[i]->n_in && listed[i]; k++) {
            size_t from = ct_graph_index(graph, graph->node[i]->in[k]);
            if (d->names.invented[from] && !ct_is_number(graph->node[from])) listed[from] = true;
        }
    return listed;
}

/* Takes the middle out of a long list: how many rows, and where the first would have been. */
static size_t hide_middle(size_t n_nodes, bool *listed, size_t *first) {
    size_t n = 0, row = 0, hidden = 0;
    for (size_t i = 0; i < n_nodes; i++) n += listed[i];
    for (size_t i = n_nodes; i-- > 0 && n > MOST_LISTED;) {
        bool hide = listed[i] && row >= MOST_LISTED / 2 && row < n - MOST_LISTED / 2;
        row += listed[i];
        if (!hide) continue;
        listed[i] = false;
        if (!hidden++) *first = i;
    }
    return hidden;
}

/* A number as what add_value() reads. */
static const void *as_elements(const ct_tensor *t, double number, ct_element *element) {
    ct_write_element((ct_dtype)t->dtype, element, 0, number);
    return element;
}

bool ct_add_list(ct_derivation *d, bool chain, ct_tensor *const *tensors, const double *numbers) {
    const ct_graph *graph = &d->graph;
    size_t first = SIZE_MAX;
    bool *listed = choose(d);
    const ct_term **total = ct_scope_array(ct_this.depth, graph->n, sizeof *total);
    if (!listed || !total) return d->out.failed = true, true;
    memset(total, 0, graph->n * sizeof *total);
    total[graph->n - 1] = ct_term_number(1);
    size_t hidden = hide_middle(graph->n, listed, &first);
    for (size_t i = graph->n; i-- > 0;) {
        ct_tensor *t = graph->node[i];
        ct_element element;
        if (i == first)
            ct_text_add(&d->rows, d->names.latex ? "\\ldots\t\\text{%zu more}\n" : "...\t%zu more\n", hidden);
        if (listed[i] && chain && !add_steps(d, t, d->paths.on[i])) return false;
        if (listed[i] && !chain && !d->paths.on[i]) add_definition(d, t, true), ct_text_add(&d->rows, "\t\n");
        if (chain || !d->paths.on[i]) continue;
        if (listed[i]) add_total(d, t, total[i], numbers ? as_elements(t, numbers[i], &element) : tensors[i]->data);
        add_contributions(d, t, listed, total);
    }
    return true;
}
