/* inspect/: what the files of drawings share. A drawing is made in three steps: the graph of a root (graph.c), what of
 * it is shown and how (view.c, fold.c), and its text for Graphviz (dot.c, node.c, legend.c, with the figures of
 * figure.c). Files of it are draw.c's, with Graphviz's help render.c's. Pages (page.c, stepper.c, snapshots.c) put
 * other figures into the same picture. */
#ifndef COTANGENT_INSPECT_CANVAS_H
#define COTANGENT_INSPECT_CANVAS_H

#include "inspect/internal.h"

/* Colours that the colour-blind can tell apart (Okabe and Ito), dark enough on white. */
#define CT_GREY "#4a5560"
#define CT_PALE "#9aa5b1"
#define CT_BLACK "#1a1a1a"
#define CT_GRADIENT "#a03000"

/* ---- view.c, fold.c: what is shown of a graph --------------------------------------------------------------- */

typedef enum ct_role {
    CT_ROLE_CONSTANT,  /* a number without a name */
    CT_ROLE_INPUT,     /* data: a constant with a name or with dimensions */
    CT_ROLE_VARIABLE,  /* a leaf of a scope: takes a gradient */
    CT_ROLE_PARAMETER, /* a leaf outside every scope: a module's */
    CT_ROLE_OP,
    CT_ROLE_ROOT,      /* what is drawn */
    CT_ROLE_COUNT,
} ct_role;

/* A block of `period` nodes from `first` on that comes `times` times in a row; the first stands for all. */
typedef struct ct_repeat {
    size_t first, period, times;
} ct_repeat;

#define CT_FOLDED (SIZE_MAX - 1) /* in the place of a node's number: drawn in the one box for all that is left out */

typedef struct ct_view {
    ct_graph graph;
    ct_draw_options options;
    const ct_group_span **group; /* of a node; NULL: of none */
    size_t *level;               /* of a node: operations on the longest way from a leaf */
    size_t *shown;               /* of a node: the one that is drawn in its place, itself or that of the first block */
    bool *named;                 /* of a node: its label is its own in the graph, and its name in Graphviz' text */
    size_t n_shown;
    size_t first_folded, end_folded; /* CT_FOLDED is the place of some of these; equal: of none */
    bool crowded;                    /* a drawing in time counts more than smooth edges and numbers on them */
    ct_repeat *repeats;              /* in order; apart from each other, or one within the first block of another */
    size_t n_repeats, repeats_capacity;
} ct_view;

/* Fills an empty view; false when out of memory, and ct_view_free() is due in either case. */
bool ct_view_make(ct_view *view, ct_tensor *root, const ct_draw_options *options);
void ct_view_free(ct_view *view);
ct_role ct_view_role(const ct_view *view, size_t index);
/* What the stage shows. */
bool ct_view_has_value(const ct_view *view, size_t index);
bool ct_view_has_gradient(const ct_view *view, size_t index);
/* Whether the edge from operand k to a node is one of scalars along which a derivative flows. */
bool ct_view_has_derivative(const ct_view *view, size_t index, int k);

/* Fills repeats, shown and what is CT_FOLDED. False when out of memory. */
bool ct_view_fold(ct_view *view);

/* ---- formula.c: names and formulas, escaped for Graphviz --------------------------------------------------------- */

/* What stands for a node in ids: its label where that is its own, so that ids stay when other nodes come and go. */
void ct_text_key(ct_text *out, const ct_view *view, size_t index);
void ct_text_name(ct_text *out, const ct_graph *graph, const ct_tensor *t);
/* "x1 * w1", "leaky_relu(x, 0.1)", "sum(x, axis=0)"; with `values`, one-element operands as numbers: "0.7 * (-1.5)". */
void ct_text_formula(ct_text *out, const ct_graph *graph, const ct_tensor *t, bool values);
/* The value of t's attribute of that name, of n bytes; false when there is none. */
bool ct_text_attribute(ct_text *out, const ct_tensor *t, const char *name, size_t n);
/* Those that its formula does not name: `before` and "axis=0, keep=true"; whether there is one. */
bool ct_text_other_attributes(ct_text *out, const ct_tensor *t, const char *before);
void ct_text_extents(ct_text *out, int n, const int64_t *extents); /* "(24, 10)" */

/* ---- figure.c: the numbers in a drawing -------------------------------------------------------------------------- */

typedef enum ct_figure_kind { CT_VALUE, CT_GRADIENT_OF, CT_LOCAL, CT_CARRIED } ct_figure_kind;
typedef enum ct_figure_part {
    CT_ITEM, /* the only element, or the number on an edge */
    CT_MINIMUM,
    CT_MEAN,
    CT_MAXIMUM,
    CT_NORM,
    CT_HISTOGRAM,
    CT_ELEMENTS, /* all of them, or the first */
} ct_figure_part;

typedef struct ct_figure {
    size_t node;
    ct_figure_kind kind;
    ct_figure_part part;
    int operand; /* of CT_LOCAL and CT_CARRIED */
} ct_figure;

/* Of the elements of one tensor. All are NaN, and the histogram is empty, when an element is. */
typedef struct ct_statistics {
    double min, mean, max, norm;
    int64_t bins[12]; /* of equal width from min to max */
} ct_statistics;

typedef struct ct_canvas {
    const ct_view *view;
    ct_text text;
    bool marks;         /* a mark is written instead of each figure, and the figure is kept */
    ct_figure *figures; /* [n_figures] */
    size_t n_figures, figures_capacity;
    const void *counted; /* the elements that `statistics` are of */
    ct_statistics statistics;
} ct_canvas;

#define CT_MARK "\xef\xa3\xbf" /* U+F8FF on either side of a figure's number; no label holds it */

void ct_canvas_free(ct_canvas *canvas);
void ct_canvas_figure(ct_canvas *canvas, ct_figure figure);
void ct_figure_text(ct_canvas *canvas, ct_text *out, const ct_figure *figure);
/* dz/dx for operand k = x of z, both of one element: the rule applied to the cotangent 1. NaN with an error raised. */
double ct_local_derivative(ct_tensor *z, int k);

/* ---- node.c, legend.c, dot.c ------------------------------------------------------------------------------------- */

void ct_canvas_name(ct_canvas *canvas, size_t index); /* in Graphviz' text, quoted */
void ct_canvas_node(ct_canvas *canvas, size_t index);
void ct_canvas_legend(ct_canvas *canvas);
const char *ct_role_style(ct_role role);
const char *ct_verdict_colour(const ct_claim_result *claim);
void ct_canvas_graph(ct_canvas *canvas);

/* ---- render.c ---------------------------------------------------------------------------------------------------- */

/* Adds the picture of `dot` in a format that Graphviz knows, "svg". False with an error raised in the name of ct_draw;
 * `path` is what the error tells. */
bool ct_render(ct_text *picture, const char *at, const char *path, const char *renderer, const ct_text *dot);
bool ct_write_text(const char *at, const char *path, const char *text, size_t n);
bool ct_ends_in(const char *path, const char *ending); /* ".svg", also ".SVG" */

/* ---- page.c: a picture whose figures change from frame to frame, as a page of its own ---------------------------- */

/* What a figure reads from which frame on. */
typedef struct ct_timeline {
    ct_text json; /* [0,"-"],[7,"0.345"] */
    ct_text last; /* what it reads last */
} ct_timeline;

typedef struct ct_page {
    const char *title;
    ct_text svg;             /* with the marks of figures */
    ct_timeline *timelines;  /* [n_figures] */
    size_t n_figures, bytes; /* bytes of the array */
    ct_text frames;          /* as page.js reads them: {"title":"...",...},{...} */
    ct_text tensors;         /* "w":{...},... of the elements of w */
} ct_page;

/* Draws the view with marks in the place of its figures. False with an error raised. */
bool ct_page_begin(ct_page *page, ct_canvas *canvas, const char *at, const char *path);
void ct_page_free(ct_page *page);
/* From `frame` on, figure i reads `text`. */
void ct_page_set(ct_page *page, size_t i, size_t frame, const ct_text *text);
bool ct_page_write(const ct_page *page, const char *at, const char *path);

/* ---- stepper.c --------------------------------------------------------------------------------------------------- */

/* The page that steps through both passes. False with an error raised. */
bool ct_write_stepper(const char *at, const char *path, ct_tensor *f, const ct_draw_options *options);

#endif
