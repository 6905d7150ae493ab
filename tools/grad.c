/* cotangent grad: the value of a formula and all of its derivatives. */
#include "common.h"

#include <stdlib.h>
#include <string.h>

/* d2f/dx dy as tensors of x's shape followed by y's: row x, column y. False with a message printed. */
static bool make_hessian(const arguments *a, const problem *p, ct_tensor **blocks) {
    int n = p->n_leaves;
    ct_list leaves = {.n = n, .items = p->leaf};
    ct_tensor **gradient = calloc((size_t)n + 1, sizeof *gradient);
    bool ok = gradient && ct_grads(p->f, leaves, gradient);
    for (int i = 0; ok && i < n * n; i++) {
        blocks[i] = ct_jacobian(gradient[i / n], p->leaf[i % n]);
        ok = blocks[i] != NULL;
    }
    free(gradient);
    if (!ok) complain(a->command, "the second derivatives");
    return ok;
}

static bool wants_derivations(const arguments *a) { return has_option(a, "derive") || has_option(a, "latex"); }

/* ---- text --------------------------------------------------------------------------------------------------- */

static const char *name_of(const ct_tensor *f) { return ct_label_of(f) ? ct_label_of(f) : "f"; }

static void print_first(const problem *p, ct_tensor *leaf) {
    const char *f = name_of(p->f), *x = ct_label_of(leaf);
    char name[256];
    snprintf(name, sizeof name, "d%.100s/d%.100s", f, x);
    if (depends_on(p, leaf)) print_value(name, gradient_of(leaf));
    else printf("%s = 0: %s does not depend on %s\n", name, f, x);
}

static void print_second(const problem *p, ct_tensor *const *hessian) {
    char name[256];
    for (int i = 0; i < p->n_leaves; i++) {
        for (int j = 0; j < p->n_leaves; j++) {
            snprintf(name, sizeof name, "d2%.80s/d%.80s d%.80s", name_of(p->f), ct_label_of(p->leaf[i]),
                     ct_label_of(p->leaf[j]));
            print_value(name, hessian[i * p->n_leaves + j]);
        }
    }
}

static bool print_text(const arguments *a, const problem *p, ct_tensor *const *hessian) {
    print_value(name_of(p->f), p->f);
    for (int i = 0; i < p->n_leaves; i++) print_first(p, p->leaf[i]);
    if (hessian) print_second(p, hessian);
    for (int i = 0; wants_derivations(a) && i < p->n_leaves; i++) {
        if (!depends_on(p, p->leaf[i])) continue;
        const char *text = derivation_by(a, p, p->leaf[i]);
        if (!text) return false;
        printf("\n%s", text);
    }
    return true;
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

static json_t *json_of_node(ct_tensor *t) {
    json_t *node = json_object();
    json_object_set_new(node, "label", json_of_text(ct_label_of(t)));
    json_object_set_new(node, "op", json_of_text(ct_op_of(t)));
    json_object_set_new(node, "value", json_of(t));
    json_object_set_new(node, "grad", ct_has_gradient(t) ? json_of(gradient_of(t)) : json_null());
    return node;
}

static json_t *json_of_hessian(const problem *p, ct_tensor *const *hessian) {
    json_t *rows = json_object();
    int n = p->n_leaves;
    for (int i = 0; i < n; i++) {
        json_t *row = json_object();
        for (int j = 0; j < n; j++) json_object_set_new(row, ct_label_of(p->leaf[j]), json_of(hessian[i * n + j]));
        json_object_set_new(rows, ct_label_of(p->leaf[i]), row);
    }
    return rows;
}

/* By leaf; NULL with a message printed. */
static json_t *json_of_derivations(const arguments *a, const problem *p) {
    json_t *out = json_object();
    for (int i = 0; i < p->n_leaves; i++) {
        if (!depends_on(p, p->leaf[i])) continue;
        const char *text = derivation_by(a, p, p->leaf[i]);
        if (!text) return json_decref(out), NULL;
        json_object_set_new(out, ct_label_of(p->leaf[i]), json_of_text(text));
    }
    return out;
}

static bool print_as_json(const arguments *a, const problem *p, ct_tensor *const *hessian) {
    json_t *out = json_object(), *gradients = json_object(), *nodes = json_array();
    for (int i = 0; i < p->n_leaves; i++)
        json_object_set_new(gradients, ct_label_of(p->leaf[i]), json_of(gradient_of(p->leaf[i])));
    for (int i = 0; i < p->nodes.n; i++) json_array_append_new(nodes, json_of_node(p->nodes.items[i]));
    json_object_set_new(out, "value", json_of(p->f));
    json_object_set_new(out, "grad", gradients);
    if (hessian) json_object_set_new(out, "hessian", json_of_hessian(p, hessian));
    json_object_set_new(out, "nodes", nodes);
    if (wants_derivations(a)) {
        json_t *derivations = json_of_derivations(a, p);
        if (!derivations) return json_decref(out), false;
        json_object_set_new(out, "derivations", derivations);
    }
    return print_json(a->command, out);
}

/* ------------------------------------------------------------------------------------------------------------- */

static int run(const arguments *a) {
    problem p;
    if (!make_problem(a, a->operand, a->n_operands, &p)) return STATUS_USAGE;
    size_t n = (size_t)p.n_leaves;
    ct_tensor **hessian = has_option(a, "hessian") ? calloc(n * n + 1, sizeof *hessian) : NULL;
    bool ok = !has_option(a, "hessian") || (hessian && make_hessian(a, &p, hessian));
    ok = ok && draw_problem(a, &p);
    if (ok) ok = has_option(a, "json") ? print_as_json(a, &p, hessian) : print_text(a, &p, hessian);
    free(hessian);
    free_problem(&p);
    return ok ? STATUS_PASS : STATUS_USAGE;
}

static const option_row options[] = {
    {"json", NULL, "print JSON: value, grad, and nodes with label, op, value and grad"},
    {"derive", NULL, "write out how each derivative follows from the chain rule"},
    {"latex", NULL, "the same as LaTeX"},
    {"hessian", NULL, "print all second derivatives too"},
    PROBLEM_OPTIONS,
    DRAWING_OPTIONS,
    {NULL, NULL, NULL},
};

const command grad_command = {
    .name = "grad",
    .synopsis = "FORMULA NAME=VALUE...",
    .summary = "compute a formula and its derivatives by all values",
    .about = ABOUT_PROBLEMS,
    .examples = "  cotangent grad 'x*y + sin(x)' x=2 y=3\n"
                "  cotangent grad '(x1*w1 + x2*w2)*(x3*w3 + x4*w4)' x1=0.7 w1=-1.5 x2=0.34 w2=-0.35 \\\n"
                "      x3=0.2 w3=-0.25 x4=-0.9 w4=0.2 --svg graph.svg\n"
                "  cotangent grad 'mean((W @ x - y)^2)' W='[[1, 2], [3, 4]]' x='[1, -1]' y='[0, 1]' --json\n",
    .options = options,
    .run = run,
};
