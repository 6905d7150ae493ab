/* The whole drawing as text for Graphviz: nodes in their groups, edges, and what was folded. */
#include "inspect/draw/canvas.h"
#include "tensor/checked.h"

#include <string.h>

#define MOST_LISTED 4  /* kinds of nodes in a fold */
#define MOST_REPEATS 8 /* one within another */
#define GROUP_LABEL 48 /* characters */

/* ---- folds -------------------------------------------------------------------------------------------------- */

static const char *kind_name(uint16_t op) { return op ? ct_op_table[op]->name : "constants and leaves"; }

/* The most frequent kinds of the nodes from first to end - 1. */
static void add_kinds(ct_text *out, const ct_graph *graph, size_t first, size_t end) {
    size_t count[CT_OP_SLOTS] = {0}, rest = end - first;
    for (size_t i = first; i < end; i++) count[graph->node[i]->op]++;
    for (int listed = 0; listed < MOST_LISTED && rest; listed++) {
        uint16_t most = 0;
        for (uint16_t op = 1; op < CT_OP_SLOTS; op++)
            if (count[op] > count[most]) most = op;
        ct_text_add(out, "<BR/>%zu %s", count[most], kind_name(most));
        rest -= count[most];
        count[most] = 0;
    }
    if (rest) ct_text_add(out, "<BR/>%zu others", rest);
}

static void add_middle(ct_canvas *canvas) {
    const ct_view *view = canvas->view;
    size_t first = view->first_folded, end = view->end_folded;
    ct_text_add(&canvas->text,
                "    folded [shape=folder, style=filled, fillcolor=\"#eeeeee\", color=\"" CT_GREY "\", label=<"
                "<B>%zu nodes folded</B><BR/>n%zu to n%zu",
                end - first, first + 1, end);
    add_kinds(&canvas->text, &view->graph, first, end);
    ct_text_add(&canvas->text, ">];\n");
}

/* ---- clusters ----------------------------------------------------------------------------------------------- */

/* Where the walk over the nodes is: groups are opened and closed as brackets are, and so are repeats. */
typedef struct walk {
    ct_canvas *canvas;
    const ct_group_span *open; /* the innermost whose cluster is open */
    struct {
        const ct_repeat *repeat;
        const ct_group_span *base; /* around it, whose clusters stay open */
    } in[MOST_REPEATS];            /* the open repeats, the innermost last */
    int depth;                     /* of them */
    int clusters;                  /* so far */
} walk;

static const ct_group_span *base_of(const walk *w) { return w->depth ? w->in[w->depth - 1].base : NULL; }

static bool is_within(const ct_group_span *group, const ct_group_span *inner) {
    while (inner && inner != group) inner = inner->parent;
    return inner == group;
}

static void begin_cluster(walk *w, const char *style) {
    ct_text_add(&w->canvas->text, "    subgraph cluster_%d { graph [labeljust=l, %s, label=<", ++w->clusters, style);
}

/* Opens the clusters of `group` and of those around it that are not open. */
static void open_to(walk *w, const ct_group_span *group) {
    while (w->open != group) {
        const ct_group_span *next = group;
        char text[CT_DESCRIPTION];
        while (next->parent != w->open) next = next->parent;
        begin_cluster(w, "style=\"rounded,filled\", fillcolor=\"#7f8fa014\", color=\"" CT_PALE "\"");
        ct_text_add(&w->canvas->text, "<FONT POINT-SIZE=\"10\" COLOR=\"" CT_GREY "\">");
        ct_text_escaped(&w->canvas->text, ct_group_name(next, text), GROUP_LABEL);
        ct_text_add(&w->canvas->text, "</FONT>>];\n");
        w->open = next;
    }
}

/* Closes clusters until `group` is in the innermost open one. */
static void close_to(walk *w, const ct_group_span *group) {
    for (; w->open != base_of(w) && !is_within(w->open, group); w->open = w->open->parent)
        ct_text_add(&w->canvas->text, "    }\n");
}

static void enter_group(walk *w, const ct_group_span *group) {
    close_to(w, group);
    open_to(w, group);
}

/* The innermost group around all blocks of a repeat. */
static const ct_group_span *common_group(const ct_view *view, const ct_repeat *r) {
    const ct_group_span *group = view->group[r->first];
    for (size_t i = r->first + 1; i < r->first + r->period * r->times; i++)
        while (group && !is_within(group, view->group[i])) group = group->parent;
    return group;
}

static void begin_repeat(walk *w, const ct_repeat *r) {
    enter_group(w, common_group(w->canvas->view, r));
    w->in[w->depth].repeat = r;
    w->in[w->depth++].base = w->open;
    begin_cluster(w, "style=\"bold,dashed\", color=\"" CT_GREY "\"");
    ct_text_add(&w->canvas->text,
                "<B>x %zu</B><FONT POINT-SIZE=\"9\">&#160; (%zu nodes each, n%zu to n%zu: the first)</FONT>>];\n",
                r->times, r->period, r->first + 1, r->first + r->period * r->times);
}

static void end_repeat(walk *w) {
    for (; w->open != base_of(w); w->open = w->open->parent) ct_text_add(&w->canvas->text, "    }\n");
    ct_text_add(&w->canvas->text, "    }\n");
    w->depth--;
}

/* Of the innermost open repeat, the end of the block that is drawn. */
static size_t end_of_block(const walk *w) {
    const ct_repeat *r = w->in[w->depth - 1].repeat;
    return r->first + r->period;
}

static void add_nodes(ct_canvas *canvas) {
    const ct_view *view = canvas->view;
    walk w = {.canvas = canvas};
    size_t next = 0; /* repeat */
    for (size_t i = 0; i < view->graph.n; i++) {
        while (w.depth && i == end_of_block(&w)) end_repeat(&w);
        for (; next < view->n_repeats && view->repeats[next].first == i; next++)
            if (view->shown[i] == i && w.depth < MOST_REPEATS) begin_repeat(&w, &view->repeats[next]);
        if (view->shown[i] != i) continue;
        enter_group(&w, view->group[i]);
        ct_canvas_node(canvas, i);
    }
    while (w.depth) end_repeat(&w);
    close_to(&w, NULL);
    if (view->first_folded < view->end_folded) add_middle(canvas);
}

/* ---- edges -------------------------------------------------------------------------------------------------- */

/* The only computed operand, -1 when there are more or none: the data's way through a model, drawn as a straight
 * line. */
static int main_operand(const ct_tensor *t) {
    int computed = 0, last = -1;
    for (int k = 0; k < t->n_in; k++)
        if (t->in[k]->op) computed++, last = k;
    return computed == 1 ? last : -1;
}

static void begin_edge(ct_canvas *canvas, size_t from, size_t to) {
    ct_text_add(&canvas->text, "    ");
    ct_canvas_name(canvas, from);
    ct_text_add(&canvas->text, " -> ");
    ct_canvas_name(canvas, to);
}

/* The local derivative, and below it the cotangent that the edge carries back. */
static void add_derivative(ct_canvas *canvas, size_t index, int k) {
    ct_text *out = &canvas->text;
    ct_text_add(out, ", label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\"><TR><TD ALIGN=\"LEFT\">"
                     "<FONT POINT-SIZE=\"9\" COLOR=\"" CT_GREY "\">");
    ct_canvas_figure(canvas, (ct_figure){.node = index, .kind = CT_LOCAL, .operand = k});
    ct_text_add(out, "</FONT></TD></TR><TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"9\" COLOR=\"" CT_GRADIENT "\">");
    ct_canvas_figure(canvas, (ct_figure){.node = index, .kind = CT_CARRIED, .operand = k});
    ct_text_add(out, "</FONT></TD></TR></TABLE>>");
}

static void add_edge(ct_canvas *canvas, size_t from, size_t to, int k) {
    const ct_view *view = canvas->view;
    begin_edge(canvas, from, to);
    ct_text_add(&canvas->text, " [id=\"edge-");
    ct_text_key(&canvas->text, view, to);
    ct_text_add(&canvas->text, "-%d\"%s", k, main_operand(view->graph.node[to]) == k ? ", weight=5" : "");
    if (ct_view_has_derivative(view, to, k)) add_derivative(canvas, to, k);
    if (!ct_view_has_value(view, to)) ct_text_add(&canvas->text, ", color=\"" CT_PALE "\"");
    ct_text_add(&canvas->text, "];\n");
}

/* For what is drawn in the place of several nodes: an edge for each source that has none yet. `seen` tells for each
 * place, and at the end for CT_FOLDED, the last target (plus 1) that has an edge from it. */
static void add_edges_for(ct_canvas *canvas, size_t index, size_t to, size_t *seen) {
    const ct_view *view = canvas->view;
    const ct_tensor *t = view->graph.node[index];
    for (int k = 0; k < t->n_in; k++) {
        size_t from = view->shown[ct_graph_index(&view->graph, t->in[k])];
        size_t *last = &seen[from == CT_FOLDED ? view->graph.n : from];
        if (index == to && from != CT_FOLDED) {
            add_edge(canvas, from, to, k);
        } else if (*last != to + 1 && from != to) {
            begin_edge(canvas, from, to);
            ct_text_add(&canvas->text,
                        from != CT_FOLDED && from > to ? " [style=dashed, constraint=false];\n" : ";\n");
        }
        *last = to + 1;
    }
}

/* For each node the next one that it is drawn for, after itself; 0 at the end. */
static void link_copies(const ct_view *view, size_t *next) {
    for (size_t i = view->graph.n; i-- > 0;) {
        size_t first = view->shown[i];
        if (first == i || first == CT_FOLDED) continue;
        next[i] = next[first];
        next[first] = i;
    }
}

/* One edge an operand; of folded nodes one from each source and, of a repeat, dashed from block to block. */
static bool add_edges(ct_canvas *canvas) {
    const ct_view *view = canvas->view;
    size_t n = view->graph.n + 1, bytes;
    size_t *seen = ct_checked_mul(n, 2 * sizeof *seen, &bytes) ? ct_alloc(bytes) : NULL;
    if (!seen) return false;
    memset(seen, 0, bytes);
    size_t *next = seen + n;
    link_copies(view, next);
    for (size_t i = 0; i < view->graph.n; i++) {
        if (view->shown[i] != i) continue;
        add_edges_for(canvas, i, i, seen);
        for (size_t copy = next[i]; copy; copy = next[copy]) add_edges_for(canvas, copy, i, seen);
    }
    for (size_t i = view->first_folded; i < view->end_folded; i++) add_edges_for(canvas, i, CT_FOLDED, seen);
    ct_dealloc(seen, bytes);
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

/* Left to right unless that is more columns than top to bottom would need. A node's column is its longest way to the
 * root. False when out of memory. */
static bool is_wide(const ct_view *view, bool *wide) {
    const ct_graph *graph = &view->graph;
    size_t bytes, most = 0, ranks = 0;
    if (!ct_checked_mul(graph->n, 2 * sizeof(size_t), &bytes)) return false;
    size_t *rank = ct_alloc(bytes), *nodes = rank ? rank + graph->n : NULL; /* of a node; nodes of a rank */
    if (!rank) return false;
    memset(rank, 0, bytes);
    for (size_t i = graph->n; i-- > 0;) {
        const ct_tensor *t = graph->node[i];
        if (view->shown[i] != i) continue;
        nodes[rank[i]]++;
        if (nodes[rank[i]] > most) most = nodes[rank[i]];
        if (rank[i] >= ranks) ranks = rank[i] + 1;
        for (int k = 0; k < t->n_in; k++) {
            size_t from = ct_graph_index(graph, t->in[k]);
            if (rank[from] <= rank[i]) rank[from] = rank[i] + 1;
        }
    }
    ct_dealloc(rank, bytes);
    *wide = ranks <= most;
    return true;
}

void ct_canvas_graph(ct_canvas *canvas) {
    const ct_view *view = canvas->view;
    bool wide = false, boxes = view->n_repeats > 0;
    for (size_t i = 0; i < view->graph.n; i++) boxes |= view->group[i] != NULL;
    if (!is_wide(view, &wide)) canvas->text.failed = true;
    ct_text_add(&canvas->text,
                "digraph cotangent {\n"
                "    graph [rankdir=%s%s, nodesep=0.22, ranksep=0.5, pad=0.15, bgcolor=white, fontname=Arial%s];\n"
                "    node [fontname=Arial, fontsize=12, fontcolor=\"" CT_BLACK "\", margin=\"0.08,0.04\"];\n"
                "    edge [fontname=Arial, color=\"" CT_GREY "\", arrowsize=0.7];\n",
                wide ? "LR" : "TB", boxes ? "" : ", ordering=in", /* which upsets the order of boxes */
                view->crowded ? ", splines=line, nslimit=0.1, mclimit=0.1" : ", nslimit=1");
    add_nodes(canvas);
    if (!add_edges(canvas)) canvas->text.failed = true;
    if (!view->options.no_legend) ct_canvas_legend(canvas);
    ct_text_add(&canvas->text, "}\n");
}

bool ct_dot_text(ct_text *out, const char *op, const char *at, ct_tensor *f, const ct_draw_options *options) {
    if (!ct_usable(op, at, f, 0)) return false;
    ct_view view = {0};
    ct_canvas canvas = {.view = &view};
    bool made = ct_view_make(&view, f, options);
    if (made) ct_canvas_graph(&canvas);
    bool ok = made && !canvas.text.failed;
    if (ok) {
        *out = canvas.text;
        canvas.text = (ct_text){0};
    } else {
        ct_raise(CT_ERR_MEMORY, op, at, "out of memory for the text of the drawing");
    }
    ct_canvas_free(&canvas);
    ct_view_free(&view);
    return ok;
}

bool ct_dot_at(const char *at, ct_tensor *f, FILE *out) {
    ct_text text = {0};
    bool ok = ct_dot_text(&text, "ct_dot", at, f, NULL);
    if (ok && !out) {
        ct_raise_null("ct_dot", at, 1);
        ok = false;
    } else if (ok && (fwrite(text.text, 1, text.length, out) != text.length || fflush(out))) {
        ct_raise(CT_ERR_FILE, "ct_dot", at, "the text cannot be written");
        ok = false;
    }
    ct_text_free(&text);
    return ok;
}
