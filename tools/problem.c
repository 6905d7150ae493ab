/* A formula at given values, and its gradients. */
#include "common.h"

#include <stdlib.h>
#include <string.h>

/* ---- values ------------------------------------------------------------------------------------------------- */

/* A formula of numbers, or the array of a file. */
static ct_tensor *read_array(const char *text) {
    return *text == '@' ? ct_read_npy(text + 1) : ct_eval(text, (ct_list){0, NULL});
}

/* A leaf with the elements of `value`, which may be computed while a leaf may not; whole numbers are a constant. */
static ct_tensor *make_input(ct_tensor *value, bool f32, const char *name) {
    bool whole = ct_dtype_of(value) < CT_F32;
    ct_dtype dtype = whole ? ct_dtype_of(value) : f32 ? CT_F32 : CT_F64;
    ct_tensor *number = ct_cast(value, dtype), *input = ct_from(dtype, ct_shape_of(number), ct_data(number));
    return ct_label(number && !whole ? ct_requires_grad(input) : input, name);
}

static bool is_given(const problem *p, const char *name) {
    for (int i = 0; i < p->n_leaves + p->n_constants; i++)
        if (!strcmp(ct_label_of(p->leaf[i]), name)) return true;
    return false;
}

/* Leaves come before constants. */
static void add_input(problem *p, ct_tensor *input) {
    ct_tensor **end = &p->leaf[p->n_leaves + p->n_constants];
    if (ct_needs_gradient(input)) {
        *end = p->leaf[p->n_leaves];
        p->leaf[p->n_leaves++] = input;
    } else {
        *end = input;
        p->n_constants++;
    }
}

/* NAME=VALUE */
static bool read_input(const arguments *a, const char *word, problem *out) {
    const char *sign = strchr(word, '='), *end = sign;
    while (end > word && end[-1] == ' ') end--;
    char *name = end > word ? strndup(word, (size_t)(end - word)) : NULL;
    ct_tensor *input = NULL;
    if (!sign && *word == '-') complain(a->command, "there is no option %s: all have long names, see --help", word);
    else if (end <= word) complain(a->command, "'%s' is not NAME=VALUE", word);
    else if (!name) complain(a->command, "out of memory");
    else if (is_given(out, name)) complain(a->command, "%s has two values", name);
    else if (!(input = make_input(read_array(sign + 1), has_option(a, "f32"), name)))
        complain(a->command, "the value of %s", name);
    else add_input(out, input);
    free(name);
    return input != NULL;
}

/* ---- problems ----------------------------------------------------------------------------------------------- */

static bool differentiate(const arguments *a, problem *p) {
    if (ct_size(p->f) != 1) {
        complain(a->command,
                 "the value has %lld elements, and derivatives are of one number: sum() or mean() makes one",
                 (long long)ct_size(p->f));
        return false;
    }
    p->nodes = ct_nodes(p->f);
    bool ok = p->nodes.n > 0 && (!ct_needs_gradient(p->f) || ct_backward(p->f));
    if (!ok) complain(a->command, "the gradient");
    return ok;
}

bool make_problem(const arguments *a, char **operand, int n, problem *out) {
    *out = (problem){.n_leaves = 0};
    if (n < 1) {
        complain(a->command, "a formula is wanted: see cotangent %s --help", a->command->name);
        return false;
    }
    out->leaf = calloc((size_t)n, sizeof *out->leaf);
    bool ok = out->leaf || (complain(a->command, "out of memory"), false);
    for (int i = 1; ok && i < n; i++) ok = read_input(a, operand[i], out);
    if (ok) {
        out->f = ct_eval(operand[0], (ct_list){.n = n - 1, .items = out->leaf});
        ok = out->f || (complain(a->command, "the formula"), false);
    }
    ok = ok && differentiate(a, out);
    if (ok && !ct_label_of(out->f) && !find_node(out, "f")) ok = ct_label(out->f, "f") != NULL;
    if (!ok) free_problem(out);
    return ok;
}

void free_problem(problem *p) {
    free(p->leaf);
    *p = (problem){0};
}

ct_tensor *find_node(const problem *p, const char *label) {
    for (int i = 0; i < p->n_leaves + p->n_constants; i++)
        if (!strcmp(ct_label_of(p->leaf[i]), label)) return p->leaf[i];
    for (int i = 0; i < p->nodes.n; i++)
        if (ct_label_of(p->nodes.items[i]) && !strcmp(ct_label_of(p->nodes.items[i]), label))
            return p->nodes.items[i];
    return NULL;
}

bool unknown_name(const arguments *a, const problem *p, const char *name) {
    const char **labels = calloc((size_t)(p->n_leaves + p->n_constants + p->nodes.n) + 1, sizeof *labels);
    char hint[HINT];
    int n = 0;
    for (int i = 0; labels && i < p->n_leaves + p->n_constants; i++) labels[n++] = ct_label_of(p->leaf[i]);
    for (int i = 0; labels && i < p->nodes.n; i++) labels[n++] = ct_label_of(p->nodes.items[i]);
    complain(a->command, "there is nothing named '%s': %s", name,
             did_you_mean(hint, name, n, labels, "the names are those of the formula"));
    free(labels);
    return false;
}

bool depends_on(const problem *p, ct_tensor *leaf) {
    for (int i = 0; i < p->nodes.n; i++)
        if (p->nodes.items[i] == leaf) return true;
    return false;
}

ct_tensor *gradient_of(ct_tensor *t) {
    if (ct_has_gradient(t)) return ct_gradient(t);
    return ct_zeros(ct_dtype_of(t), ct_shape_of(t));
}

const char *derivation_by(const arguments *a, const problem *p, ct_tensor *t) {
    const char *text = ct_derive(p->f, t, has_option(a, "latex") ? CT_DERIVE_LATEX : CT_DERIVE_TEXT);
    if (!text) complain(a->command, "the derivation by %s", ct_label_of(t));
    return text;
}

/* ---- drawings ----------------------------------------------------------------------------------------------- */

#define MOST_STAGES 100

/* The longest way from what was given to f, in operations; nodes are in order of creation. -1 when out of memory. */
static int depth_of(const problem *p) {
    int *depth = calloc((size_t)p->nodes.n, sizeof *depth), deepest = 0;
    if (!depth) return -1;
    for (int i = 0; i < p->nodes.n; i++) {
        const ct_tensor *t = p->nodes.items[i];
        for (int j = 0; j < i; j++)
            for (int k = 0; k < ct_operand_count(t); k++)
                if (ct_operand(t, k) == p->nodes.items[j] && depth[i] <= depth[j]) depth[i] = depth[j] + 1;
        if (depth[i] > deepest) deepest = depth[i];
    }
    free(depth);
    return deepest;
}

static bool draw_one(const arguments *a, const problem *p, const char *path, const ct_draw_options *options) {
    if (ct_draw_with(p->f, path, options)) return true;
    complain(a->command, "the drawing %s", path);
    return false;
}

/* "graph-1.svg" and so on, `stem` being the length of "graph". */
static bool draw_stages(const arguments *a, const problem *p, const char *path, size_t stem) {
    size_t bytes = strlen(path) + 16;
    char *name = malloc(bytes);
    int depth = p->nodes.n > 2000 ? MOST_STAGES + 1 : depth_of(p);
    bool ok = name && depth >= 0;
    if (!ok) complain(a->command, "out of memory");
    if (ok && depth > MOST_STAGES) {
        complain(a->command, "the graph is too deep for --stages, which draws at most %d", MOST_STAGES);
        ok = false;
    }
    for (int i = 1; ok && i < depth; i++) {
        snprintf(name, bytes, "%.*s-%d%s", (int)stem, path, i, path + stem);
        ok = draw_one(a, p, name, &(ct_draw_options){.stage = CT_DRAW_FORWARD, .depth = i});
    }
    free(name);
    return ok;
}

bool draw_problem(const arguments *a, const problem *p) {
    static const char *const formats[] = {"dot", "svg", "png", "pdf", "html"};
    bool ok = true, drawn = false, stages = has_option(a, "stages");
    for (size_t i = 0; ok && i < sizeof formats / sizeof *formats; i++) {
        const char *path = option_value(a, formats[i]), *dot = path ? strrchr(path, '.') : NULL;
        if (!path) continue;
        drawn = true;
        ok = dot && !strcmp(dot + 1, formats[i]);
        if (!ok) complain(a->command, "--%s wants a name that ends in .%s, not '%s'", formats[i], formats[i], path);
        ok = ok && draw_one(a, p, path, &(ct_draw_options){.depth = 0});
        if (stages && strcmp(formats[i], "html") != 0) ok = ok && draw_stages(a, p, path, (size_t)(dot - path));
    }
    if (ok && stages && !drawn) {
        complain(a->command, "--stages wants a drawing, such as --svg graph.svg");
        return false;
    }
    return ok;
}
