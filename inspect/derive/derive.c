/* ct_derive(): the chain rule written out, path by path or tensor by tensor. */
#include "inspect/derive/derive.h"

#include <math.h>
#include <string.h>

#define MOST_PATHS 24    /* written one by one, with so many factors in all; */
#define MOST_FACTORS 240 /* otherwise the list says it tensor by tensor */
#define MOST_PRODUCTS 6  /* added up on one line */
#define LONGEST_LINE 100
#define WIDEST_CELL 44

#define DISPLAYED .equals_below = "\n\\\\ &= ", .plus_below = "\n\\\\ &\\quad + ", .first_equals = " &= "
static const ct_derivation_layout layouts[CT_DERIVE_FORMATS] = {
    [CT_DERIVE_TEXT] = {.begin = "",
                        .row = "",
                        .quote = "",
                        .next_cell = "",
                        .end_row = "\n",
                        .between_rows = "",
                        .end = "",
                        .equals = " = ",
                        .gap = "\n",
                        .begin_chain = "",
                        .first_equals = " = ",
                        .equals_below = " = ",
                        .plus_below = " + ",
                        .end_chain = "\n"},
    [CT_DERIVE_MARKDOWN] = {.latex = true,
                            .begin = "| tensor | derivative |\n|:--|:--|\n",
                            .row = "| ",
                            .quote = "$",
                            .next_cell = " | ",
                            .end_row = " |\n",
                            .between_rows = "",
                            .end = "",
                            .equals = " = ",
                            .gap = "\n",
                            .begin_chain = "$$\n\\begin{aligned}\n",
                            DISPLAYED,
                            .end_chain = "\n\\end{aligned}\n$$\n"},
    [CT_DERIVE_LATEX] = {.latex = true,
                         .begin = "\\begin{align*}\n",
                         .row = "",
                         .quote = "",
                         .next_cell = " & ",
                         .end_row = "",
                         .between_rows = " \\\\\n",
                         .end = "\n\\end{align*}\n",
                         .equals = " &= ",
                         .gap = "",
                         .begin_chain = "\\begin{align*}\n",
                         DISPLAYED,
                         .end_chain = "\n\\end{align*}\n"},
};
#undef DISPLAYED

static int columns(const char *text, size_t length) {
    int n = 0;
    for (size_t i = 0; i < length; i++) n += (text[i] & 0xc0) != 0x80; /* not the further bytes of a character */
    return n;
}

/* ---- the list ----------------------------------------------------------------------------------------------- */

/* Columns of the first cells, but for those that are too wide to count. */
static int first_width(const char *rows) {
    int widest = 0;
    for (const char *p = rows; p && *p; p = strchr(p, '\n') + 1) {
        int n = columns(p, strcspn(p, "\t"));
        if (n > widest && n <= WIDEST_CELL) widest = n;
    }
    return widest;
}

static void write_cell(ct_derivation *d, const char *text, size_t length) {
    const char *quote = length ? d->layout->quote : "";
    ct_text_add(&d->out, "%s%.*s%s", quote, (int)length, text, quote);
}

static void write_rows(ct_derivation *d) {
    const ct_derivation_layout *l = d->layout;
    const char *rows = d->rows.text ? d->rows.text : "";
    if (d->rows.failed) return;
    int width = l->latex ? 0 : first_width(rows);
    ct_text_add(&d->out, "%s", l->begin);
    for (const char *p = rows; *p;) {
        size_t first = strcspn(p, "\t"), second = strcspn(p + first + 1, "\n");
        int padding = width - columns(p, first);
        ct_text_add(&d->out, "%s%s", p > rows ? l->between_rows : "", l->row);
        write_cell(d, p, first);
        if (!l->latex && second) ct_text_add(&d->out, "%*s", 4 + (padding > 0 ? padding : 0), "");
        ct_text_add(&d->out, "%s", l->next_cell);
        write_cell(d, p + first + 1, second);
        ct_text_add(&d->out, "%s", l->end_row);
        p += first + second + 2;
    }
    ct_text_add(&d->out, "%s", l->end);
}

/* ---- the chain ---------------------------------------------------------------------------------------------- */

typedef struct step {
    ct_tensor *z;
    int k; /* the operand that the path goes on to */
    double partial;
} step;

typedef struct chain {
    step steps[MOST_FACTORS]; /* of one path after the other, from f to x */
    int end[MOST_PATHS];      /* of each path */
    int n_paths;
    step way[MOST_FACTORS]; /* from f to the node that is being looked at */
} chain;

/* Adds the paths from the end of the way, z, to x. As deep as a path is long, which is at most MOST_FACTORS. */
static bool collect(const ct_derivation *d, chain *c, ct_tensor *z, int depth) {
    if (z == d->paths.x) {
        int start = c->n_paths ? c->end[c->n_paths - 1] : 0;
        memcpy(&c->steps[start], c->way, (size_t)depth * sizeof *c->way);
        c->end[c->n_paths++] = start + depth;
        return true;
    }
    for (int k = 0; k < z->n_in; k++) {
        if (!ct_is_step(&d->paths, z, k)) continue;
        c->way[depth] = (step){.z = z, .k = k};
        if (!ct_partial(d->at, z, k, &c->way[depth].partial) || !collect(d, c, z->in[k], depth + 1)) return false;
    }
    return true;
}

typedef enum reading { FRACTIONS, NUMBERS, PRODUCTS } reading;

/* One path: "df/da * da/dp", "(-0.23)(1)" or "0.345"; a negative number in brackets if it is a summand. */
static void write_path(ct_derivation *d, const step *s, int n, reading as, bool summand) {
    double product = 1;
    bool latex = d->layout->latex, brackets = as == NUMBERS && (n > 1 || (summand && s->partial < 0));
    for (int i = 0; i < n; i++) {
        product *= s[i].partial;
        if (as == FRACTIONS && i) ct_text_add(&d->out, latex ? " \\cdot " : " * ");
        if (as == FRACTIONS) ct_add_step_name(&d->out, d, s[i].z, s[i].k);
        if (brackets) ct_text_add(&d->out, "(");
        if (as == NUMBERS) ct_add_number(&d->out, s[i].partial, latex);
        if (brackets) ct_text_add(&d->out, ")");
    }
    if (as != PRODUCTS) return;
    if (product < 0) ct_text_add(&d->out, "(");
    ct_add_number(&d->out, product, latex);
    if (product < 0) ct_text_add(&d->out, ")");
}

/* All readings of all paths, what comes before each but the first being given. */
static void write_chain(ct_derivation *d, const chain *c, double total, const char *equals, const char *plus) {
    const char *before = d->layout->first_equals;
    bool trivial = c->n_paths == 1 && c->end[0] <= 1; /* its only factor is what is looked for */
    ct_add_derivative(&d->out, &d->names, d->paths.f, d->paths.x, false);
    for (reading as = FRACTIONS; as <= PRODUCTS; as++) {
        if (trivial || (as == PRODUCTS && c->n_paths == 1)) continue;
        for (int p = 0, start = 0; p < c->n_paths; start = c->end[p++]) {
            bool beside = p && as == PRODUCTS && c->n_paths <= MOST_PRODUCTS;
            ct_text_add(&d->out, "%s", beside ? " + " : p ? plus : before);
            write_path(d, &c->steps[start], c->end[p] - start, as, c->n_paths > 1);
        }
        before = equals;
    }
    ct_text_add(&d->out, "%s", before);
    ct_add_number(&d->out, total, d->layout->latex);
}

/* On one line of text if it is short enough, otherwise with a line for each path. */
static void lay_out_chain(ct_derivation *d, const chain *c, double total) {
    const ct_derivation_layout *l = d->layout;
    char equals[2 * LONGEST_LINE], plus[2 * LONGEST_LINE];
    ct_text_add(&d->out, "%s", l->begin_chain);
    size_t start = d->out.length;
    write_chain(d, c, total, l->equals_below, l->plus_below);
    if (!l->latex && !d->out.failed && columns(d->out.text + start, d->out.length - start) > LONGEST_LINE) {
        int indent = columns(d->out.text + start, strcspn(d->out.text + start, "="));
        if (indent > LONGEST_LINE) indent = LONGEST_LINE;
        snprintf(equals, sizeof equals, "\n%*s= ", indent, "");
        snprintf(plus, sizeof plus, "\n%*s+ ", indent, "");
        d->out.length = start;
        write_chain(d, c, total, equals, plus);
    }
    ct_text_add(&d->out, "%s", l->end_chain);
}

static bool derive_by_paths(ct_derivation *d) {
    chain *c = ct_scope_alloc(ct_this.depth, sizeof *c);
    if (!c) return d->out.failed = true, true;
    c->n_paths = 0;
    if (!collect(d, c, d->paths.f, 0) || !ct_add_list(d, true, NULL, NULL)) return false;
    double total = 0;
    for (int p = 0, i = 0; p < c->n_paths; p++) {
        double product = 1;
        for (; i < c->end[p]; i++) product *= c->steps[i].partial;
        total += product;
    }
    if (d->paths.f != d->paths.x) {
        write_rows(d);
        ct_text_add(&d->out, "%s", d->layout->gap);
    }
    lay_out_chain(d, c, total);
    return true;
}

/* ---- tensor by tensor --------------------------------------------------------------------------------------- */

/* "1,048,576", and beyond what a double counts exactly "about 1.26765e30". */
static void write_count(ct_derivation *d, double count) {
    char digits[32];
    if (isinf(count)) {
        ct_text_add(&d->out, "more than 1e308");
        return;
    }
    if (count > 9007199254740992.0) { /* 2^53 */
        ct_text_add(&d->out, "about ");
        ct_add_number(&d->out, count, false);
        return;
    }
    int n = snprintf(digits, sizeof digits, "%.0f", count);
    for (int i = 0; i < n; i++) ct_text_add(&d->out, i && (n - i) % 3 == 0 ? ",%c" : "%c", digits[i]);
}

static bool derive_by_tensors(ct_derivation *d) {
    size_t n = d->graph.n;
    double paths = d->paths.count[n - 1];
    ct_tensor **tensors = d->paths.scalar ? NULL : ct_scope_array(ct_this.depth, n, sizeof *tensors);
    double *numbers = d->paths.scalar ? ct_scope_array(ct_this.depth, n, sizeof *numbers) : NULL;
    if (!tensors && !numbers) return d->out.failed = true, true;
    if (tensors ? !ct_total_tensors(d->at, &d->paths, tensors) : !ct_total_numbers(d->at, &d->paths, numbers))
        return false;
    if (!ct_add_list(d, false, tensors, numbers)) return false;
    if (numbers) {
        write_count(d, paths);
        ct_text_add(&d->out, paths == 1 ? " path of " : " paths");
        if (paths == 1) write_count(d, d->paths.length[n - 1]);
        ct_text_add(&d->out, "%s, written factored over the tensors that they share\n\n",
                    paths == 1 ? " factors" : "");
    }
    write_rows(d);
    return true;
}

/* ---- the door ----------------------------------------------------------------------------------------------- */

static void write_independence(ct_derivation *d) {
    const ct_derivation_layout *l = d->layout;
    ct_text_add(&d->out, "%s", l->begin_chain);
    ct_add_derivative(&d->out, &d->names, d->paths.f, d->paths.x, false);
    ct_text_add(&d->out, "%s0%s", l->first_equals,
                l->latex ? " \\quad \\text{as no path leads from } " : ": no path leads from ");
    ct_add_name(&d->out, &d->names, d->paths.x);
    ct_text_add(&d->out, l->latex ? " \\text{ to } " : " to ");
    ct_add_name(&d->out, &d->names, d->paths.f);
    ct_text_add(&d->out, "%s", l->end_chain);
}

/* Fills d->out; false with an error raised. */
static bool derive(ct_derivation *d, ct_tensor *f, ct_tensor *x) {
    if (!ct_graph_collect(&d->graph, f) || !ct_names_make(&d->names, &d->graph, d->layout->latex) ||
        !ct_paths_find(&d->paths, &d->graph, f, x, false))
        return d->out.failed = true, true;
    size_t root = d->graph.n - 1;
    if (!d->paths.on[root]) return write_independence(d), true;
    bool few = d->paths.count[root] <= MOST_PATHS && d->paths.length[root] <= MOST_FACTORS;
    return d->paths.scalar && few ? derive_by_paths(d) : derive_by_tensors(d);
}

bool ct_derivable(const char *op, const char *at, const ct_tensor *f, const ct_tensor *x) {
    char text[CT_DESCRIPTION];
    if (!ct_usable(op, at, f, 0) || !ct_usable(op, at, x, 1)) return false;
    if (ct_this.depth == 0) return ct_raise_no_scope(op, at), false;
    if (ct_size_of(f) != 1)
        return ct_raise(CT_ERR_SHAPE, op, at, "%s is no scalar: reduce it first", ct_describe(f, text)), false;
    const ct_tensor *integer = !ct_is_float((ct_dtype)f->dtype) ? f : !ct_is_float((ct_dtype)x->dtype) ? x : NULL;
    if (integer)
        return ct_raise(CT_ERR_DTYPE, op, at, "%s is %s, which has no derivatives", ct_describe(integer, text),
                        ct_dtype_name((ct_dtype)integer->dtype)),
               false;
    return true;
}

const char *ct_keep_text(const char *op, const char *at, const ct_text *text) {
    char *kept = text->failed ? NULL : ct_scope_alloc(ct_this.depth, text->length + 1);
    if (kept) memcpy(kept, text->text, text->length + 1);
    else ct_raise_memory(op, at, text->length + 1);
    return kept;
}

const char *ct_derive_at(const char *at, ct_tensor *f, ct_tensor *x, ct_derivation_format format) {
    const char *op = "ct_derive";
    if (!ct_derivable(op, at, f, x)) return NULL;
    if (format < 0 || format >= CT_DERIVE_FORMATS)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%d is no format", (int)format), NULL;
    bool hunting = ct_stop_at_nonfinite(false); /* a derivation may say that something is infinite */
    ct_derivation d = {.at = at, .layout = &layouts[format]};
    ct_scope s = ct_begin_no_grad();
    bool ok = s.depth <= CT_MAX_SCOPES && derive(&d, f, x);
    if (s.depth <= CT_MAX_SCOPES) ct_close(s);
    d.out.failed = d.out.failed || d.rows.failed;
    const char *kept = ok ? ct_keep_text(op, at, &d.out) : NULL;
    ct_graph_free(&d.graph);
    ct_text_free(&d.rows);
    ct_text_free(&d.out);
    ct_stop_at_nonfinite(hunting);
    return kept;
}
