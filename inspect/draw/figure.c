/* The numbers in a drawing. */
#include "inspect/draw/canvas.h"
#include "tensor/checked.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define DIGITS 6          /* significant ones, of a number */
#define SUMMARY_DIGITS 4  /* of a minimum, mean, maximum or norm */
#define EXACT_DIGITS 15   /* of an integer, and of a single element in full */
#define MOST_ELEMENTS 120 /* that a tooltip shows; of a large graph FEW_ELEMENTS */
#define FEW_ELEMENTS 12
#define BINS (int)(sizeof((ct_statistics *)NULL)->bins / sizeof(int64_t))

/* ---- statistics --------------------------------------------------------------------------------------------- */

static void count_bins(ct_statistics *s, const ct_tensor *t, const void *data) {
    double width = (s->max - s->min) / BINS;
    if (!isfinite(width)) return;
    for (int64_t i = 0, n = ct_size_of(t); i < n; i++) {
        double v = ct_read_element((ct_dtype)t->dtype, data, i);
        int bin = width > 0 ? (int)((v - s->min) / width) : BINS / 2;
        s->bins[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]++;
    }
}

/* Of n > 0 elements. */
static ct_statistics statistics_of(const ct_tensor *t, const void *data) {
    ct_statistics s = {.min = INFINITY, .max = -INFINITY};
    int64_t n = ct_size_of(t);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = ct_read_element((ct_dtype)t->dtype, data, i);
        if (isnan(v)) return (ct_statistics){.min = NAN, .mean = NAN, .max = NAN, .norm = NAN};
        sum += v;
        squares += v * v;
        s.min = v < s.min ? v : s.min;
        s.max = v > s.max ? v : s.max;
    }
    s.mean = sum / (double)n;
    s.norm = sqrt(squares);
    count_bins(&s, t, data);
    return s;
}

/* One block a bin, as high as the bin is full beside the fullest; a space when it is empty. */
static void add_histogram(ct_text *out, const ct_statistics *s) {
    int64_t most = 0;
    for (int i = 0; i < BINS; i++) most = s->bins[i] > most ? s->bins[i] : most;
    for (int i = 0; i < BINS && most; i++) {
        int eighths = (int)ceil(8. * (double)s->bins[i] / (double)most);
        if (eighths == 0) ct_text_add(out, "\xe2\x80\x87");          /* U+2007, as wide as a digit */
        else ct_text_add(out, "\xe2\x96%c", (char)(0x80 + eighths)); /* U+2581 to U+2588 */
    }
}

/* ---- all elements ------------------------------------------------------------------------------------------- */

static int64_t most_elements(const ct_view *view) { return view->crowded ? FEW_ELEMENTS : MOST_ELEMENTS; }

/* A line for each slice of the last axis. */
static void add_elements(ct_text *out, const ct_view *view, const ct_tensor *t, const void *data) {
    int64_t n = ct_size_of(t), most = most_elements(view), row = t->ndim ? t->extent->dim[t->ndim - 1] : 1;
    for (int64_t i = 0; i < n && i < most; i++) {
        if (i) ct_text_add(out, i % row ? "  " : "&#10;");
        ct_text_number(out, ct_read_element((ct_dtype)t->dtype, data, i), n == 1 ? EXACT_DIGITS : DIGITS);
    }
    if (n > most) ct_text_add(out, " ... %" PRId64 " in all", n);
}

/* ---- edges -------------------------------------------------------------------------------------------------- */

/* By the rule over nodes, in a scope of its own. */
static double derivative_by_nodes(ct_tensor *z, int k) {
    const ct_op *op = ct_op_table[z->op];
    ct_scope s = ct_begin_no_grad();
    ct_tensor *one = ct_full_like(z->at, z, 1);
    ct_tensor *g = one ? op->parts->vjp(z->at, z, one, k) : NULL;
    double value = g ? 0 : ct_error_pending() ? NAN : 0;
    for (int64_t i = 0; g && i < ct_size_of(g); i++) value += ct_read_element((ct_dtype)g->dtype, g->data, i);
    ct_close(s);
    return value;
}

double ct_local_derivative(ct_tensor *z, int k) {
    const ct_op *op = ct_op_table[z->op];
    ct_element one = {0}, gx = {0};
    if (op->kind != CT_ELEMENTWISE && !op->parts->backward) return derivative_by_nodes(z, k);
    ct_write_element((ct_dtype)z->dtype, &one, 0, 1);
    if (op->kind == CT_ELEMENTWISE) ct_elementwise_backward(z, k, &one, &gx, false);
    else op->parts->backward(z, k, &one, &gx, false);
    return ct_read_element((ct_dtype)z->in[k]->dtype, &gx, 0);
}

static void add_edge_figure(ct_text *out, const ct_view *view, const ct_figure *f) {
    ct_tensor *z = view->graph.node[f->node];
    if (f->kind == CT_CARRIED && !ct_view_has_gradient(view, f->node)) {
        ct_text_add(out, "-");
        return;
    }
    double value = ct_local_derivative(z, f->operand);
    if (f->kind == CT_CARRIED) value *= ct_read_element((ct_dtype)z->dtype, z->grad, 0);
    ct_text_number(out, value, DIGITS);
}

/* ---- figures ------------------------------------------------------------------------------------------------ */

static const ct_statistics *count(ct_canvas *canvas, const ct_tensor *t, const void *data) {
    if (canvas->counted != data) canvas->statistics = statistics_of(t, data);
    canvas->counted = data;
    return &canvas->statistics;
}

static void add_node_figure(ct_canvas *canvas, ct_text *out, const ct_figure *f) {
    const ct_view *view = canvas->view;
    const ct_tensor *t = view->graph.node[f->node];
    bool there = f->kind == CT_VALUE ? ct_view_has_value(view, f->node) : ct_view_has_gradient(view, f->node);
    const void *data = f->kind == CT_VALUE ? t->data : t->grad;
    bool integers = !ct_is_float((ct_dtype)t->dtype);
    int digits = !integers ? SUMMARY_DIGITS : EXACT_DIGITS;
    if (!there || !data || ct_size_of(t) == 0) {
        if (f->part == CT_ITEM || f->part == CT_MINIMUM || f->part == CT_ELEMENTS) ct_text_add(out, "-");
        return;
    }
    if (f->part == CT_ITEM) {
        ct_text_number(out, ct_read_element((ct_dtype)t->dtype, data, 0), integers ? EXACT_DIGITS : DIGITS);
        return;
    }
    if (f->part == CT_ELEMENTS) {
        add_elements(out, view, t, data);
        return;
    }
    const ct_statistics *s = count(canvas, t, data);
    switch (f->part) {
    case CT_MINIMUM: ct_text_number(out, s->min, digits); break;
    case CT_MEAN: ct_text_number(out, s->mean, SUMMARY_DIGITS); break;
    case CT_MAXIMUM: ct_text_number(out, s->max, digits); break;
    case CT_NORM: ct_text_number(out, s->norm, SUMMARY_DIGITS); break;
    default: add_histogram(out, s);
    }
}

void ct_figure_text(ct_canvas *canvas, ct_text *out, const ct_figure *figure) {
    if (figure->kind == CT_LOCAL || figure->kind == CT_CARRIED) add_edge_figure(out, canvas->view, figure);
    else add_node_figure(canvas, out, figure);
}

void ct_canvas_figure(ct_canvas *canvas, ct_figure figure) {
    if (!canvas->marks) {
        ct_figure_text(canvas, &canvas->text, &figure);
        return;
    }
    size_t n = canvas->n_figures;
    if (!ct_grow((void **)&canvas->figures, &canvas->figures_capacity, n + 1, sizeof figure)) {
        canvas->text.failed = true;
        return;
    }
    canvas->figures[canvas->n_figures++] = figure;
    ct_text_add(&canvas->text, CT_MARK "%0*zu" CT_MARK, figure.part == CT_ITEM ? 9 : 7, n); /* about as wide */
}

void ct_canvas_free(ct_canvas *canvas) {
    ct_text_free(&canvas->text);
    ct_dealloc(canvas->figures, canvas->figures_capacity * sizeof *canvas->figures);
}
