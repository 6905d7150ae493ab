/* Folding of large graphs: blocks of nodes that repeat are drawn once, and what is still too much is left out. */
#include "inspect/draw/canvas.h"
#include "tensor/checked.h"

#include <string.h>

#define FOLD_ABOVE 2000      /* nodes; Graphviz needs seconds for more, and nobody can read them */
#define KEPT_NODES 100       /* at either end of what is still too much */
#define LEAST_SAVED 6        /* nodes: below, a repeat is not worth its box */
#define LARGE_BLOCK 100      /* nodes: in a block of more, repeats are looked for too */
#define MOST_COMPARISONS 2e8 /* in the search for periods */

/* The graph by numbers, so that nodes can be compared quickly. */
typedef struct structure {
    uint64_t *kind;  /* [n] op, dtype, shape and flags, hashed */
    size_t *first;   /* [n + 1] of the operands of a node in `operand` */
    size_t *operand; /* their numbers */
    size_t operands;
    const ct_view *view;
} structure;

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t kind_of(const ct_tensor *t) {
    uint64_t hash = mix(mix(mix(1, t->op), t->dtype), t->ndim);
    for (int i = 0; i < t->ndim; i++) hash = mix(hash, (uint64_t)t->extent->dim[i]);
    return mix(mix(hash, t->flags & (CT_LEAF | CT_NEEDS_GRAD)), t->n_in);
}

static void *array(size_t n, size_t item) {
    size_t bytes;
    return ct_checked_mul(n + 1, item, &bytes) ? ct_alloc(bytes) : NULL;
}

static bool number_structure(structure *s, const ct_view *view) {
    const ct_graph *graph = &view->graph;
    *s = (structure){.view = view};
    for (size_t i = 0; i < graph->n; i++) s->operands += graph->node[i]->n_in;
    s->kind = array(graph->n, sizeof *s->kind);
    s->first = array(graph->n, sizeof *s->first);
    s->operand = array(s->operands, sizeof *s->operand);
    if (!s->kind || !s->first || !s->operand) return false;
    size_t at = 0;
    for (size_t i = 0; i < graph->n; i++) {
        const ct_tensor *t = graph->node[i];
        s->kind[i] = kind_of(t);
        s->first[i] = at;
        for (int k = 0; k < t->n_in; k++) s->operand[at++] = ct_graph_index(graph, t->in[k]);
    }
    s->first[graph->n] = at;
    return true;
}

static void free_structure(structure *s) {
    size_t n = s->view->graph.n + 1;
    ct_dealloc(s->kind, s->kind ? n * sizeof *s->kind : 0);
    ct_dealloc(s->first, s->first ? n * sizeof *s->first : 0);
    ct_dealloc(s->operand, s->operand ? (s->operands + 1) * sizeof *s->operand : 0);
}

/* Whether node i + period does to its block what node i does to its own: of the same kind, with operands at the same
 * distance, or shared, or both given. */
static bool recurs(const structure *s, size_t i, size_t period) {
    if (s->kind[i] != s->kind[i + period]) return false;
    const size_t *x = &s->operand[s->first[i]], *y = &s->operand[s->first[i + period]];
    for (size_t n = s->first[i + 1] - s->first[i]; n-- > 0; x++, y++) {
        bool given = !s->view->graph.node[*x]->op && s->kind[*x] == s->kind[*y];
        if (*y != *x + period && *y != *x && !given) return false;
    }
    return true;
}

/* ---- repeats ------------------------------------------------------------------------------------------------ */

typedef struct range {
    size_t first, end;
} range;

static int depth_of(const ct_group_span *group) {
    int depth = 0;
    for (; group; group = group->parent) depth++;
    return depth;
}

/* How deep in groups the cut before a node is; 0: between outermost ones. */
static int depth_of_cut(const ct_view *view, size_t node) {
    const ct_group_span *a = node ? view->group[node - 1] : NULL, *b = view->group[node];
    while (depth_of(a) > depth_of(b)) a = a->parent;
    while (depth_of(b) > depth_of(a)) b = b->parent;
    while (a != b) a = a->parent, b = b->parent;
    return depth_of(a);
}

/* A periodic stretch may be cut in blocks at several places: where the fewest groups are cut. */
static ct_repeat align(const ct_view *view, ct_repeat r, size_t slack) {
    size_t best = r.first;
    for (size_t first = r.first + 1; first <= r.first + slack; first++)
        if (depth_of_cut(view, first) < depth_of_cut(view, best)) best = first;
    r.first = best;
    return r;
}

/* The repeat in a range that saves most nodes; times = 0 when none is worth it. */
static ct_repeat find_repeat(const structure *s, range in) {
    ct_repeat best = {0};
    size_t n = in.end - in.first, saved = LEAST_SAVED - 1, slack = 0;
    for (size_t period = 1; period <= n / 2 && n - period > saved; period++) {
        if ((double)period * (double)n > MOST_COMPARISONS) break;
        size_t run = 0; /* of nodes that recur, up to i */
        for (size_t i = in.first; i + period <= in.end; i++) {
            if (i + period < in.end && recurs(s, i, period)) {
                run++;
                continue;
            }
            size_t more = run / period * period;
            if (more > saved) {
                best = (ct_repeat){.first = i - run, .period = period, .times = run / period + 1};
                saved = more;
                slack = run % period;
            }
            run = 0;
        }
    }
    return best.times ? align(s->view, best, slack) : best;
}

static size_t end_of(const ct_repeat *r) { return r->first + r->period * r->times; }

static bool add_repeat(ct_view *view, const ct_repeat *r) {
    size_t n = view->n_repeats, capacity = view->repeats_capacity;
    if (!ct_grow((void **)&view->repeats, &capacity, n + 1, sizeof *r)) return false;
    view->repeats_capacity = capacity;
    for (; n > 0 && view->repeats[n - 1].first > r->first; n--) view->repeats[n] = view->repeats[n - 1];
    view->repeats[n] = *r;
    view->n_repeats++;
    for (size_t i = r->first + r->period; i < end_of(r); i++) view->shown[i] = i - r->period;
    view->n_shown -= r->period * (r->times - 1);
    return true;
}

/* The best one, and then those before and after it, and in its block. What is drawn in the place of a node is found
 * at last: its like in the block before, and so on to the first. */
static bool find_repeats(ct_view *view, const structure *s) {
    range *open = NULL;
    size_t n = 0, capacity = 0;
    bool ok = ct_grow((void **)&open, &capacity, 1, sizeof *open);
    if (ok) open[n++] = (range){0, view->graph.n - 1}; /* the root is shown as it is */
    while (ok && n > 0) {
        range in = open[--n];
        ct_repeat r = find_repeat(s, in);
        if (!r.times) continue;
        ok = add_repeat(view, &r) && ct_grow((void **)&open, &capacity, n + 3, sizeof *open);
        if (!ok) break;
        open[n++] = (range){in.first, r.first};
        open[n++] = (range){end_of(&r), in.end};
        if (r.period > LARGE_BLOCK) open[n++] = (range){r.first, r.first + r.period};
    }
    for (size_t i = 0; i < view->graph.n; i++) view->shown[i] = view->shown[view->shown[i]];
    ct_dealloc(open, capacity * sizeof *open);
    return ok;
}

/* ---- what is still too much --------------------------------------------------------------------------------- */

/* The number of the count-th shown node from the start, or from the end. */
static size_t nth_shown(const ct_view *view, size_t count, bool from_end) {
    size_t n = view->graph.n;
    for (size_t i = 0; i < n; i++) {
        size_t node = from_end ? n - 1 - i : i;
        if (view->shown[node] == node && count-- == 0) return node;
    }
    return n;
}

/* Leaves the middle out; a repeat is left out as a whole or not at all. */
static void leave_middle_out(ct_view *view) {
    size_t first = nth_shown(view, KEPT_NODES, false), end = nth_shown(view, KEPT_NODES - 1, true);
    for (size_t i = 0; i < view->n_repeats; i++) {
        const ct_repeat *r = &view->repeats[i];
        if (r->first < first && first < end_of(r)) first = r->first;
        if (r->first < end && end < end_of(r)) end = end_of(r);
    }
    if (first >= end) return;
    for (size_t i = first; i < end; i++) {
        view->n_shown -= view->shown[i] == i;
        view->shown[i] = CT_FOLDED;
    }
    view->first_folded = first;
    view->end_folded = end;
}

bool ct_view_fold(ct_view *view) {
    size_t most = view->options.fold_above > 0 ? (size_t)view->options.fold_above : FOLD_ABOVE;
    if (view->graph.n <= most) return true;
    structure s;
    bool ok = number_structure(&s, view) && find_repeats(view, &s);
    free_structure(&s);
    if (ok && view->n_shown > FOLD_ABOVE) leave_middle_out(view);
    return ok;
}
