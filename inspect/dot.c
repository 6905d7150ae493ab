/* The graph of a tensor as text for Graphviz. Labels are HTML-like, in which every character of a user's text can be
 * written safely. */
#include "inspect/internal.h"
#include "tensor/checked.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MOST_NODES 2000 /* drawn one by one; Graphviz needs seconds for more, and nobody can read them */
#define MANY_NODES 500  /* from here on a drawing in time counts more than smooth edges */
#define KEPT_NODES 100  /* at either end of a graph that is folded */
#define MOST_LISTED 4   /* operands of a list in a formula; kinds of nodes in a fold */
#define LABEL_LIMIT 32  /* characters */
#define PLACE_LIMIT 100
#define DIGITS 6         /* significant ones, of a number */
#define SUMMARY_DIGITS 4 /* of a minimum, mean or maximum */
#define EXACT_DIGITS 15  /* of an integer */
#define GREY "#4a5560"
#define VALUE "#1a1a1a"
#define GRADIENT "#a03000"
#define TABLE "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">\n"
#define ROW "        <TR>" /* a line of its own, so that two drawings can be compared */

/* Told apart by shape in print, and by colours that the colour-blind can tell apart on the screen. */
static const char *const role_style[] = {
    [CT_ROLE_CONSTANT] = "shape=box, style=filled, fillcolor=\"#ffffff\", color=\"" GREY "\"",
    [CT_ROLE_LEAF] = "shape=note, style=filled, fillcolor=\"#fdf0d0\", color=\"#a87400\"",
    [CT_ROLE_OP] = "shape=box, style=\"filled,rounded\", fillcolor=\"#e6f1fa\", color=\"#0072b2\"",
    [CT_ROLE_ROOT] = "shape=box, style=filled, peripheries=2, fillcolor=\"#d9f0e6\", color=\"#00664a\"",
};

/* ---- names and formulas ------------------------------------------------------------------------------------- */

static void add_name(ct_text *out, const ct_graph *graph, const ct_tensor *t) {
    if (ct_text_is_visible(t->label)) ct_text_escaped(out, t->label, LABEL_LIMIT);
    else ct_text_add(out, "n%zu", ct_graph_index(graph, t) + 1);
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

/* Whether a label reads as one term wherever it stands: "w1", "fc.weight", "h[2]", but not "a + b". */
static bool is_term(const char *label) {
    while (is_word(*label) || (*label && strchr(".[]'", *label))) label++;
    return !*label;
}

static void add_operand(ct_text *out, const ct_graph *graph, const ct_tensor *t) {
    bool number = t && !ct_text_is_visible(t->label) && !t->op && t->ndim == 0 && !(t->flags & CT_LEAF);
    double value = number ? ct_read_element((ct_dtype)t->dtype, t->data, 0) : 0;
    bool brackets = number ? value < 0 : t && ct_text_is_visible(t->label) && !is_term(t->label);
    if (brackets) ct_text_add(out, "(");
    if (!t) ct_text_add(out, "0"); /* an operand that was left out, as a bias */
    else if (number) ct_text_number(out, value, DIGITS);
    else add_name(out, graph, t);
    if (brackets) ct_text_add(out, ")");
}

static void add_operands(ct_text *out, const ct_graph *graph, const ct_tensor *t) {
    for (int k = 0; k < t->n_in && k < MOST_LISTED; k++) {
        if (k) ct_text_add(out, ", ");
        add_operand(out, graph, t->in[k]);
    }
    if (t->n_in > MOST_LISTED) ct_text_add(out, ", ... %d in all", t->n_in);
}

/* The op's formula with the operands' names in the place of x, y and w; "x..." is all of them. */
static void add_formula(ct_text *out, const ct_graph *graph, const ct_tensor *t) {
    static const char variables[] = "xyw";
    const char *formula = ct_op_table[t->op]->formula;
    for (const char *p = formula; *p; p++) {
        const char *variable = strchr(variables, *p);
        if (!variable || (p > formula && is_word(p[-1])) || is_word(p[1])) {
            ct_text_escaped(out, (char[]){*p, '\0'}, 1);
        } else if (!strncmp(p + 1, "...", 3)) {
            add_operands(out, graph, t);
            p += 3;
        } else {
            int k = (int)(variable - variables);
            add_operand(out, graph, k < t->n_in ? t->in[k] : NULL);
        }
    }
}

/* ---- values and gradients ----------------------------------------------------------------------------------- */

/* Of n > 0 elements; all three are NaN when one is. */
static void summarise(const ct_tensor *t, const void *data, double *min, double *mean, double *max) {
    int64_t n = ct_size_of(t);
    double sum = 0;
    *min = INFINITY, *max = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        double v = ct_read_element((ct_dtype)t->dtype, data, i);
        sum += v;
        *min = v < *min ? v : *min;
        *max = v > *max ? v : *max;
        if (isnan(v)) {
            *min = *mean = *max = NAN;
            return;
        }
    }
    *mean = sum / (double)n;
}

/* A number beside its caption, or under a heading. */
static void add_cell(ct_text *out, bool heading, double value, int digits, const char *colour) {
    ct_text_add(out, "<TD ALIGN=\"%s\"><FONT COLOR=\"%s\">%s", heading ? "RIGHT" : "LEFT", colour,
                heading ? "&#160;&#160;" : "");
    ct_text_number(out, value, digits);
    ct_text_add(out, "</FONT></TD>");
}

/* "value -1.05", or minimum, mean and maximum under their headings; "-" when data is NULL or has no element. */
static void add_row(ct_text *out, const ct_tensor *t, const char *caption, const void *data, const char *colour) {
    int64_t n = ct_size_of(t);
    bool single = n == 1;
    int digits = !ct_is_float((ct_dtype)t->dtype) ? EXACT_DIGITS : single ? DIGITS : SUMMARY_DIGITS;
    ct_text_add(out, ROW "<TD ALIGN=\"RIGHT\"><FONT POINT-SIZE=\"9\" COLOR=\"%s\">%s&#160;&#160;</FONT></TD>", colour,
                caption);
    if (!data || n == 0) {
        ct_text_add(out, "<TD %s>-</TD>", single ? "ALIGN=\"LEFT\"" : "COLSPAN=\"3\"");
    } else if (single) {
        add_cell(out, false, ct_read_element((ct_dtype)t->dtype, data, 0), digits, colour);
    } else {
        double min, mean, max;
        summarise(t, data, &min, &mean, &max);
        add_cell(out, true, min, digits, colour);
        add_cell(out, true, mean, SUMMARY_DIGITS, colour);
        add_cell(out, true, max, digits, colour);
    }
    ct_text_add(out, "</TR>\n");
}

static void add_headings(ct_text *out) {
    static const char *const headings[] = {"min", "mean", "max"};
    ct_text_add(out, ROW "<TD></TD>");
    for (int i = 0; i < 3; i++)
        ct_text_add(out, "<TD ALIGN=\"RIGHT\"><FONT POINT-SIZE=\"9\" COLOR=\"" GREY "\">&#160;&#160;%s</FONT></TD>",
                    headings[i]);
    ct_text_add(out, "</TR>\n");
}

static void add_numbers(ct_text *out, const ct_tensor *t) {
    if (ct_size_of(t) != 1) add_headings(out);
    add_row(out, t, "value", t->data, VALUE);
    add_row(out, t, "grad", ct_has_gradient(t) ? t->grad : NULL, GRADIENT);
}

/* "f32 (24, 128)" */
static void add_shape(ct_text *out, const ct_tensor *t) {
    ct_text_add(out, "<FONT POINT-SIZE=\"9\" COLOR=\"" GREY "\">%s (", ct_dtype_name((ct_dtype)t->dtype));
    for (int i = 0; i < t->ndim; i++) ct_text_add(out, "%s%" PRId64, i ? ", " : "", t->extent->dim[i]);
    ct_text_add(out, ")</FONT>");
}

/* ---- nodes and edges ---------------------------------------------------------------------------------------- */

/* The file's name without its folders, which a drawing need not tell. */
static const char *place_name(const char *at) {
    for (const char *p = at; *p; p++)
        if (*p == '/' || *p == '\\') at = p + 1;
    return at;
}

static void add_node(ct_text *out, const ct_graph *graph, size_t index) {
    const ct_tensor *t = graph->node[index];
    ct_text_add(out, "    n%zu [%s", index + 1, role_style[ct_graph_role(graph, index)]);
    if (t->at) {
        ct_text_add(out, ", tooltip=\"");
        ct_text_escaped(out, place_name(t->at), PLACE_LIMIT);
        ct_text_add(out, "\"");
    }
    ct_text_add(out, ", label=<" TABLE ROW "<TD><B>");
    add_name(out, graph, t);
    if (t->op) {
        ct_text_add(out, " = ");
        add_formula(out, graph, t);
    }
    ct_text_add(out, "</B></TD></TR>\n");
    if (t->ndim) {
        ct_text_add(out, ROW "<TD>");
        add_shape(out, t);
        ct_text_add(out, "</TD></TR>\n");
    }
    ct_text_add(out, ROW "<TD>" TABLE);
    add_numbers(out, t);
    ct_text_add(out, "        </TABLE></TD></TR>\n    </TABLE>>];\n");
}

/* Nodes first to end - 1, drawn as one; none when both are equal. */
typedef struct fold {
    size_t first, end;
} fold;

static bool is_folded(const fold *f, size_t index) { return index >= f->first && index < f->end; }

static const char *kind_name(uint16_t op) { return op ? ct_op_table[op]->name : "constants and leaves"; }

/* How many nodes, which, and the most frequent kinds of them. */
static void add_fold(ct_text *out, const ct_graph *graph, const fold *f) {
    size_t count[CT_OP_SLOTS] = {0}, rest = f->end - f->first;
    for (size_t i = f->first; i < f->end; i++) count[graph->node[i]->op]++;
    ct_text_add(out,
                "    folded [shape=folder, style=filled, fillcolor=\"#eeeeee\", color=\"" GREY "\", label=<"
                "<B>%zu nodes folded</B><BR/>n%zu to n%zu",
                rest, f->first + 1, f->end);
    for (int listed = 0; listed < MOST_LISTED && rest; listed++) {
        uint16_t most = 0;
        for (uint16_t op = 1; op < CT_OP_SLOTS; op++)
            if (count[op] > count[most]) most = op;
        ct_text_add(out, "<BR/>%zu %s", count[most], kind_name(most));
        rest -= count[most];
        count[most] = 0;
    }
    if (rest) ct_text_add(out, "<BR/>%zu others", rest);
    ct_text_add(out, ">];\n");
}

/* The only computed operand, -1 when there are more or none: the data's way through a model, drawn as a straight
 * line. */
static int main_operand(const ct_tensor *t) {
    int computed = 0, last = -1;
    for (int k = 0; k < t->n_in; k++)
        if (t->in[k]->op) computed++, last = k;
    return computed == 1 ? last : -1;
}

static void add_edge(ct_text *out, size_t from, size_t to, bool straight) {
    ct_text_add(out, "    n%zu -> n%zu%s;\n", from + 1, to + 1, straight ? " [weight=5]" : "");
}

/* One edge an operand; between the fold and a node one at most. */
static void add_edges(ct_text *out, const ct_graph *graph, const fold *f) {
    bool into_fold[KEPT_NODES] = {false}; /* of the nodes before it */
    for (size_t i = 0; i < graph->n; i++) {
        const ct_tensor *t = graph->node[i];
        bool here = is_folded(f, i), from_fold = false;
        for (int k = 0; k < t->n_in; k++) {
            size_t from = ct_graph_index(graph, t->in[k]);
            if (here && from < f->first) into_fold[from] = true;
            else if (is_folded(f, from)) from_fold = !here;
            else if (!here) add_edge(out, from, i, main_operand(t) == k);
        }
        if (from_fold) ct_text_add(out, "    folded -> n%zu;\n", i + 1);
    }
    for (size_t i = 0; i < KEPT_NODES; i++)
        if (into_fold[i]) ct_text_add(out, "    n%zu -> folded;\n", i + 1);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

/* Left to right unless that is more columns than top to bottom would need. A node's column is its longest way to the
 * root. False when out of memory. */
static bool is_wide(const ct_graph *graph, bool *wide) {
    size_t bytes, most = 0, ranks = 0;
    if (!ct_checked_mul(graph->n, 2 * sizeof(size_t), &bytes)) return false;
    size_t *rank = ct_alloc(bytes), *nodes = rank ? rank + graph->n : NULL; /* of a node; nodes of a rank */
    if (!rank) return false;
    memset(rank, 0, bytes);
    for (size_t i = graph->n; i-- > 0;) {
        const ct_tensor *t = graph->node[i];
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

static void add_graph(ct_text *out, const ct_graph *graph) {
    bool folds = graph->n > MOST_NODES, many = graph->n > MANY_NODES, wide = false;
    fold f = {.first = folds ? KEPT_NODES : graph->n, .end = folds ? graph->n - KEPT_NODES : graph->n};
    if (!is_wide(graph, &wide)) out->failed = true;
    ct_text_add(out,
                "digraph cotangent {\n"
                "    graph [rankdir=%s, ordering=in, nodesep=0.22, ranksep=0.5, pad=0.15, bgcolor=white%s];\n"
                "    node [fontname=Arial, fontsize=12, fontcolor=\"" VALUE "\", margin=\"0.08,0.04\"];\n"
                "    edge [color=\"" GREY "\", arrowsize=0.7];\n",
                wide ? "LR" : "TB", many ? ", splines=line, nslimit=0.1, mclimit=0.1" : ", nslimit=1");
    for (size_t i = 0; i < graph->n; i++) {
        if (!is_folded(&f, i)) add_node(out, graph, i);
        else if (i == f.first) add_fold(out, graph, &f);
    }
    add_edges(out, graph, &f);
    ct_text_add(out, "}\n");
}

bool ct_dot_text(ct_text *out, const char *op, const char *at, ct_tensor *f) {
    if (!ct_usable(op, at, f, 0)) return false;
    ct_graph graph = {0};
    if (ct_graph_collect(&graph, f)) add_graph(out, &graph);
    else out->failed = true;
    ct_graph_free(&graph);
    if (out->failed) ct_raise(CT_ERR_MEMORY, op, at, "out of memory for the text of the drawing");
    return !out->failed;
}

bool ct_dot_at(const char *at, ct_tensor *f, FILE *out) {
    ct_text text = {0};
    bool ok = ct_dot_text(&text, "ct_dot", at, f);
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
