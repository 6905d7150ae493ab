/* A page to step through both passes: what was given, an operation a frame forwards, the seed, and an operation a
 * frame backwards, which passes its cotangent on to its operands. */
#include "inspect/draw/canvas.h"
#include "tensor/checked.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define DIGITS 6
#define TABLE_DIGITS 3
#define MOST_ROWS 12 /* and columns, of a tensor that is shown as a table */
#define FEW_ROWS 4   /* the same in a large graph */

/* What happens to a node, by frames; 0: never, for what is given is there from frame 0 on. */
typedef struct moments {
    size_t value;    /* it is computed */
    size_t gradient; /* its gradient is complete */
    size_t passed;   /* it passes its gradient on */
    size_t waiting;  /* contributions to its gradient that are still to come */
    double sum;      /* of those that have come, for a scalar; NaN where they are not numbers */
} moments;

typedef struct stepper {
    ct_page page;
    ct_view view;
    ct_canvas canvas;
    size_t frames; /* so far */
    size_t seed;   /* the frame from which the backward pass goes */
    moments *at;   /* [n] of a node */
    size_t bytes;  /* of that */
    ct_text scratch;
} stepper;

static ct_tensor *node(const stepper *s, size_t i) { return s->view.graph.node[i]; }
static bool is_shown(const stepper *s, size_t i) { return s->view.shown[i] == i; }
static size_t operand(const stepper *s, size_t i, int k) { return ct_graph_index(&s->view.graph, node(s, i)->in[k]); }

/* ---- tensors as tables ----------------------------------------------------------------------------------------- */

static void add_table(ct_text *out, const char *name, const ct_tensor *t, const void *data, int64_t rows,
                      int64_t columns) {
    int64_t width = t->ndim ? t->extent->dim[t->ndim - 1] : 1;
    ct_text_add(out, ",\"%s\":[", name);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            ct_text_add(out, i || j ? ",\"" : "\"");
            ct_text_number(out, ct_read_element((ct_dtype)t->dtype, data, i * width + j), TABLE_DIGITS);
            ct_text_add(out, "\"");
        }
    ct_text_add(out, "]");
}

/* The first rows and columns, all leading axes being rows. */
static void add_tensor(stepper *s, size_t i) {
    ct_tensor *t = node(s, i);
    ct_text *out = &s->page.tensors;
    int64_t most = s->view.crowded ? FEW_ROWS : MOST_ROWS, size = ct_size_of(t);
    if (size < 2) return;
    int64_t columns = t->extent->dim[t->ndim - 1], rows = size / columns;
    bool more = columns > most || rows > most;
    if (columns > most) columns = most;
    if (rows > most) rows = most;
    ct_text_add(out, out->length ? ",\n\"" : "\"");
    ct_text_key(out, &s->view, i);
    ct_text_add(out, "\":{\"name\":\"");
    ct_text_name(out, &s->view.graph, t);
    ct_text_add(out, "\",\"shape\":\"(");
    for (int k = 0; k < t->ndim; k++) ct_text_add(out, "%s%" PRId64, k ? ", " : "", t->extent->dim[k]);
    ct_text_add(out, ")\",\"rows\":%" PRId64 ",\"columns\":%" PRId64 ",\"more\":%s", rows, columns,
                more ? "true" : "false");
    add_table(out, "value", t, t->data, rows, columns);
    if (ct_view_has_gradient(&s->view, i)) add_table(out, "grad", t, t->grad, rows, columns);
    ct_text_add(out, "}");
}

/* ---- frames ---------------------------------------------------------------------------------------------------- */

static void begin_frame(stepper *s, const char *pass) {
    ct_text_add(&s->page.frames, "%s{\"pass\":\"%s\"", s->frames ? ",\n" : "", pass);
}

static void end_frame(stepper *s, const ct_tensor *t) {
    if (t && t->at) {
        ct_text_add(&s->page.frames, ",\"at\":\"");
        ct_text_escaped(&s->page.frames, ct_place_name(t->at), 100);
        ct_text_add(&s->page.frames, "\"");
    }
    ct_text_add(&s->page.frames, "}");
    s->frames++;
}

static void add_number(ct_text *out, double value) {
    ct_text_add(out, "\"");
    ct_text_number(out, value, DIGITS);
    ct_text_add(out, "\"");
}

static void add_key(stepper *s, size_t i) {
    ct_text_add(&s->page.frames, "\"");
    ct_text_key(&s->page.frames, &s->view, i);
    ct_text_add(&s->page.frames, "\"");
}

/* Who is pointed at: the node, its operands, and so the edges from them. */
static void add_operands(stepper *s, size_t i) {
    ct_text *out = &s->page.frames;
    ct_text_add(out, ",\"node\":");
    add_key(s, i);
    ct_text_add(out, ",\"operands\":[");
    for (int k = 0; k < node(s, i)->n_in; k++) {
        ct_text_add(out, k ? "," : "");
        add_key(s, operand(s, i, k));
    }
    ct_text_add(out, "]");
}

static void add_given_frame(stepper *s) {
    ct_text *out = &s->page.frames;
    bool first = true;
    begin_frame(s, "given");
    ct_text_add(out, ",\"title\":\"What is given\",\"born\":[");
    for (size_t i = 0; i < s->view.graph.n; i++) {
        if (node(s, i)->op || !is_shown(s, i)) continue;
        ct_text_add(out, first ? "" : ",");
        add_key(s, i);
        first = false;
    }
    ct_text_add(out, "]");
    end_frame(s, NULL);
}

/* "p = x1 * w1", below it "= 0.7 * (-1.5)" and "= -1.05". */
static void add_forward_frame(stepper *s, size_t i) {
    ct_tensor *t = node(s, i);
    ct_text *out = &s->page.frames;
    s->at[i].value = s->frames;
    begin_frame(s, "forward");
    ct_text_add(out, ",\"title\":\"");
    ct_text_name(out, &s->view.graph, t);
    ct_text_add(out, " = ");
    ct_text_formula(out, &s->view.graph, t, false);
    ct_text_add(out, "\",\"born\":[");
    add_key(s, i);
    ct_text_add(out, "],\"lines\":[");
    if (ct_size_of(t) == 1) {
        ct_text_add(out, "\"= ");
        ct_text_formula(out, &s->view.graph, t, true);
        ct_text_add(out, "\",\"= ");
        ct_text_number(out, ct_read_element((ct_dtype)t->dtype, t->data, 0), DIGITS);
        ct_text_add(out, "\"");
    }
    ct_text_add(out, "]");
    add_operands(s, i);
    end_frame(s, t);
}

/* ---- backwards ------------------------------------------------------------------------------------------------- */

static double gradient_of(const stepper *s, size_t i) {
    return ct_read_element((ct_dtype)node(s, i)->dtype, node(s, i)->grad, 0);
}

static double contribution(const stepper *s, size_t i, int k) {
    return ct_local_derivative(node(s, i), k) * gradient_of(s, i);
}

/* Whether node i passes something on to its operand k. */
static bool passes_on(const stepper *s, size_t i, int k) {
    const ct_tensor *t = node(s, i);
    return t->op && is_shown(s, i) && ct_view_has_gradient(&s->view, i) && t->flags & CT_NEEDS_GRAD &&
           ct_view_has_gradient(&s->view, operand(s, i, k)) && t->in[k]->flags & CT_NEEDS_GRAD;
}

/* What a scalar's gradient begins with: zero, or what a leaf has from earlier passes and a node from users that are
 * not shown, which is what the contributions to come leave unexplained. */
static double unexplained(const stepper *s, size_t i) {
    double rounding = (node(s, i)->dtype == CT_F32 ? 1e-5 : 1e-12) * (fabs(gradient_of(s, i)) + 1);
    return fabs(s->at[i].sum) <= rounding ? 0 : s->at[i].sum;
}

static void begin_sums(stepper *s) {
    size_t n = s->view.graph.n;
    for (size_t i = 0; i < n; i++) {
        bool scalar = ct_view_has_gradient(&s->view, i) && ct_size_of(node(s, i)) == 1;
        s->at[i].sum = scalar ? gradient_of(s, i) : NAN;
    }
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < node(s, i)->n_in; k++) {
            if (!passes_on(s, i, k)) continue;
            moments *x = &s->at[operand(s, i, k)];
            x->waiting++;
            x->sum -= ct_view_has_derivative(&s->view, i, k) ? contribution(s, i, k) : NAN;
        }
    for (size_t i = 0; i + 1 < n; i++)
        if (!isnan(s->at[i].sum)) s->at[i].sum = unexplained(s, i);
}

static void add_seed_frame(stepper *s, size_t root) {
    ct_text *out = &s->page.frames;
    begin_frame(s, "backward");
    ct_text_add(out, ",\"title\":\"Back from ");
    ct_text_name(out, &s->view.graph, node(s, root));
    ct_text_add(out, "\",\"lines\":[\"its own derivative");
    if (ct_size_of(node(s, root)) == 1) ct_text_add(out, " is ");
    if (ct_size_of(node(s, root)) == 1) ct_text_number(out, gradient_of(s, root), DIGITS);
    ct_text_add(out, "\"],\"node\":");
    add_key(s, root);
    s->seed = s->at[root].gradient = s->frames;
    end_frame(s, NULL);
}

/* The figures of node x that read its gradient, when it is a scalar, change with each contribution. */
static void set_sum(stepper *s, size_t x, size_t frame) {
    if (isnan(s->at[x].sum)) return;
    ct_text_clear(&s->scratch);
    ct_text_number(&s->scratch, s->at[x].sum, DIGITS);
    for (size_t i = 0; i < s->canvas.n_figures; i++) {
        const ct_figure *f = &s->canvas.figures[i];
        if (f->node == x && f->kind == CT_GRADIENT_OF && f->part == CT_ITEM)
            ct_page_set(&s->page, i, frame, &s->scratch);
    }
}

static void add_contribution(stepper *s, size_t i, int k, bool first) {
    ct_text *out = &s->page.frames;
    size_t x = operand(s, i, k);
    double local = ct_local_derivative(node(s, i), k), part = contribution(s, i, k);
    s->at[x].sum += part;
    ct_text_add(out, "%s[\"", first ? "" : ",");
    ct_text_name(out, &s->view.graph, node(s, x));
    ct_text_add(out, "\",");
    add_number(out, local);
    ct_text_add(out, ",");
    add_number(out, gradient_of(s, i));
    ct_text_add(out, ",");
    add_number(out, part);
    ct_text_add(out, ",");
    add_number(out, s->at[x].sum);
    ct_text_add(out, "]");
    set_sum(s, x, s->frames);
}

static void add_backward_frame(stepper *s, size_t i) {
    ct_text *out = &s->page.frames;
    bool first = true;
    s->at[i].passed = s->frames;
    begin_frame(s, "backward");
    ct_text_add(out, ",\"title\":\"Back through ");
    ct_text_name(out, &s->view.graph, node(s, i));
    ct_text_add(out, " = ");
    ct_text_formula(out, &s->view.graph, node(s, i), false);
    ct_text_add(out, "\",\"rows\":[");
    for (int k = 0; k < node(s, i)->n_in; k++) {
        if (!passes_on(s, i, k)) continue;
        size_t x = operand(s, i, k);
        if (ct_view_has_derivative(&s->view, i, k)) {
            add_contribution(s, i, k, first);
            first = false;
        }
        if (--s->at[x].waiting == 0) s->at[x].gradient = s->frames;
    }
    ct_text_add(out, "]");
    add_operands(s, i);
    end_frame(s, node(s, i));
}

static void add_backward_frames(stepper *s) {
    size_t root = s->view.graph.n - 1;
    if (!ct_view_has_gradient(&s->view, root)) return;
    begin_sums(s);
    for (size_t i = 0; i < root; i++)
        if (s->at[i].sum != 0) set_sum(s, i, 0); /* from earlier passes */
    add_seed_frame(s, root);
    for (size_t i = root + 1; i-- > 0;) {
        bool any = false;
        for (int k = 0; k < node(s, i)->n_in && !any; k++) any = passes_on(s, i, k);
        if (any) add_backward_frame(s, i);
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* The frame from which a figure reads what it reads in a complete drawing. */
static size_t frame_of(const stepper *s, const ct_figure *f) {
    const moments *at = &s->at[f->node];
    if (f->kind == CT_VALUE) return at->value;
    if (f->kind != CT_GRADIENT_OF) return at->passed ? at->passed : at->value;
    return at->gradient || !ct_view_has_gradient(&s->view, f->node) ? at->gradient : s->seed;
}

static void set_figures(stepper *s) {
    for (size_t i = 0; i < s->canvas.n_figures; i++) {
        const ct_figure *f = &s->canvas.figures[i];
        if (s->page.timelines[i].json.length) continue; /* a sum */
        ct_text_clear(&s->scratch);
        ct_figure_text(&s->canvas, &s->scratch, f);
        ct_page_set(&s->page, i, frame_of(s, f), &s->scratch);
    }
}

static void add_frames(stepper *s) {
    size_t n = s->view.graph.n;
    add_given_frame(s);
    for (size_t i = 0; i < n; i++) {
        if (!is_shown(s, i)) continue;
        if (node(s, i)->op && ct_view_has_value(&s->view, i)) add_forward_frame(s, i);
        add_tensor(s, i);
    }
    add_backward_frames(s);
    set_figures(s);
}

static bool make_page(stepper *s, const char *at, const char *path, ct_tensor *f, const ct_draw_options *options) {
    bool made = ct_view_make(&s->view, f, options) && ct_checked_mul(s->view.graph.n, sizeof *s->at, &s->bytes);
    s->at = made ? ct_alloc(s->bytes) : NULL;
    if (!s->at) return ct_raise(CT_ERR_MEMORY, "ct_draw", at, "out of memory for %s", path), false;
    memset(s->at, 0, s->bytes);
    if (!ct_page_begin(&s->page, &s->canvas, at, path)) return false;
    add_frames(s);
    if (s->scratch.failed) s->page.frames.failed = true;
    return true;
}

bool ct_write_stepper(const char *at, const char *path, ct_tensor *f, const ct_draw_options *options) {
    stepper s = {.page = {.title = "Forward and back"}};
    s.canvas.view = &s.view;
    if (!ct_usable("ct_draw", at, f, 0)) return false;
    bool ok = make_page(&s, at, path, f, options) && ct_page_write(&s.page, at, path);
    if (s.at) ct_dealloc(s.at, s.bytes);
    ct_text_free(&s.scratch);
    ct_page_free(&s.page);
    ct_canvas_free(&s.canvas);
    ct_view_free(&s.view);
    return ok;
}
