/* What is shown of a graph: roles, groups, names, stages. */
#include "inspect/draw/canvas.h"
#include "tensor/checked.h"

#include <stdlib.h>
#include <string.h>

#define MANY_NODES 500

/* An array with an entry for each node and one more, all zero; NULL when out of memory. */
static void *per_node(const ct_graph *graph, size_t item) {
    size_t bytes;
    void *array = ct_checked_mul(graph->n + 1, item, &bytes) ? ct_alloc(bytes) : NULL;
    return array ? memset(array, 0, bytes) : NULL;
}

static void free_per_node(const ct_graph *graph, void *array, size_t item) {
    ct_dealloc(array, array ? (graph->n + 1) * item : 0);
}

/* ---- groups ------------------------------------------------------------------------------------------------- */

typedef struct spans {
    const ct_group_span **item; /* in the order in which they began */
    size_t n, capacity;
} spans;

static bool collect_spans(spans *all) {
    const ct_group_span *newest = ct_this.level[ct_this.depth].newest_group;
    for (const ct_group_span *s = newest; s; s = s->older) all->n++;
    if (!ct_grow((void **)&all->item, &all->capacity, all->n + 1, sizeof(void *))) return false;
    size_t i = all->n;
    for (const ct_group_span *s = newest; s; s = s->older) all->item[--i] = s;
    return true;
}

/* Both nodes and groups come in order of creation, so one walk finds the innermost group of each node. What belongs
 * to no scope, as a module's parameters, goes with its first user, the next node that does. */
static bool find_groups(ct_view *view) {
    spans all = {0};
    const ct_group_span *open = NULL;
    bool ok = collect_spans(&all);
    for (size_t i = 0, next = 0, waiting = 0; ok && i < view->graph.n; i++) {
        const ct_tensor *t = view->graph.node[i];
        if (t->depth == 0) continue;
        while (next < all.n && all.item[next]->first <= t->id) open = all.item[next++];
        while (open && open->end <= t->id) open = open->parent;
        for (; waiting <= i; waiting++) view->group[waiting] = open;
    }
    ct_dealloc(all.item, all.capacity * sizeof(void *));
    return ok;
}

/* ---- names -------------------------------------------------------------------------------------------------- */

/* Whether a label can be a node's name: it does not look like those of nodes without labels, "n12". */
static bool can_be_name(const char *label) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
    size_t n = label ? strlen(label) : 0, digits = n ? strspn(label + 1, "0123456789") : 0;
    return n > 0 && n <= 40 && strspn(label, letters) == n && !(label[0] == 'n' && digits == n - 1);
}

static int by_label(const void *a, const void *b) {
    const ct_tensor *x = *(ct_tensor *const *)a, *y = *(ct_tensor *const *)b;
    return strcmp(x->label, y->label);
}

static bool find_names(ct_view *view) {
    const ct_graph *graph = &view->graph;
    ct_tensor **labelled = per_node(graph, sizeof *labelled);
    size_t n = 0;
    if (!labelled) return false;
    for (size_t i = 0; i < graph->n; i++)
        if (can_be_name(graph->node[i]->label)) labelled[n++] = graph->node[i];
    qsort(labelled, n, sizeof *labelled, by_label);
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || by_label(&labelled[i - 1], &labelled[i]);
        bool last = i + 1 == n || by_label(&labelled[i], &labelled[i + 1]);
        if (first && last) view->named[ct_graph_index(graph, labelled[i])] = true;
    }
    free_per_node(graph, labelled, sizeof *labelled);
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static void find_levels(ct_view *view) {
    for (size_t i = 0; i < view->graph.n; i++) {
        const ct_tensor *t = view->graph.node[i];
        view->shown[i] = i;
        for (int k = 0; k < t->n_in; k++) {
            size_t level = view->level[ct_graph_index(&view->graph, t->in[k])];
            if (view->level[i] <= level) view->level[i] = level + 1;
        }
    }
}

bool ct_view_make(ct_view *view, ct_tensor *root, const ct_draw_options *options) {
    ct_graph *graph = &view->graph;
    if (options) view->options = *options;
    if (!ct_graph_collect(graph, root)) return false;
    view->n_shown = graph->n;
    view->group = per_node(graph, sizeof *view->group);
    view->level = per_node(graph, sizeof *view->level);
    view->shown = per_node(graph, sizeof *view->shown);
    view->named = per_node(graph, sizeof *view->named);
    if (!view->group || !view->level || !view->shown || !view->named) return false;
    find_levels(view);
    if (!find_groups(view) || !find_names(view) || !ct_view_fold(view)) return false;
    view->crowded = view->n_shown > MANY_NODES || view->first_folded < view->end_folded;
    return true;
}

void ct_view_free(ct_view *view) {
    free_per_node(&view->graph, view->group, sizeof *view->group);
    free_per_node(&view->graph, view->level, sizeof *view->level);
    free_per_node(&view->graph, view->shown, sizeof *view->shown);
    free_per_node(&view->graph, view->named, sizeof *view->named);
    ct_dealloc(view->repeats, view->repeats_capacity * sizeof *view->repeats);
    ct_graph_free(&view->graph);
}

ct_role ct_view_role(const ct_view *view, size_t index) {
    const ct_tensor *t = view->graph.node[index];
    if (t->op) return index + 1 == view->graph.n ? CT_ROLE_ROOT : CT_ROLE_OP;
    if (t->flags & CT_LEAF) return t->flags & CT_OWNED ? CT_ROLE_PARAMETER : CT_ROLE_VARIABLE;
    return t->ndim || ct_text_is_visible(t->label) ? CT_ROLE_INPUT : CT_ROLE_CONSTANT;
}

bool ct_view_has_value(const ct_view *view, size_t index) {
    const ct_draw_options *o = &view->options;
    return o->stage != CT_DRAW_FORWARD || o->depth <= 0 || view->level[index] <= (size_t)o->depth;
}

/* Whether the backward pass has come as far as this node. */
static bool is_reached(const ct_view *view, size_t index) {
    const ct_draw_options *o = &view->options;
    return o->stage == CT_DRAW_COMPLETE ||
           (o->stage == CT_DRAW_BACKWARD && (o->depth <= 0 || view->level[index] >= (size_t)o->depth));
}

bool ct_view_has_gradient(const ct_view *view, size_t index) {
    return ct_has_gradient(view->graph.node[index]) && is_reached(view, index);
}

bool ct_view_has_derivative(const ct_view *view, size_t index, int k) {
    const ct_tensor *z = view->graph.node[index], *x = z->in[k];
    bool flows = z->flags & CT_NEEDS_GRAD && x->flags & CT_NEEDS_GRAD && z->op != CT_OP_ct_checkpoint;
    return flows && ct_size_of(z) == 1 && ct_size_of(x) == 1 && !view->crowded &&
           is_reached(view, ct_graph_index(&view->graph, x));
}
