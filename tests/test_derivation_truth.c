/* That derivations are true: chains, rules and cotangents against what backward passes compute; and that what is
 * written of every operation can be read. */
#include "inspect/derive/derive.h"
#include "support/derived.h"
#include "support/small_network.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- chains ------------------------------------------------------------------------------------------------- */

/* A scalar graph of n operations on two leaves and constants; all values stay near 1. */
static ct_tensor *random_graph(unsigned *seed, int n, ct_tensor **x) {
    ct_tensor *node[64] = {*x, ct_var(0.8, "y"), ct_scalar(1.25)};
    for (int i = 3; i < n; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        ct_tensor *a = node[i - 1 - (int)(*seed >> 28) % (i < 3 ? i : 3)], *b = node[(*seed >> 8) % (unsigned)i];
        switch ((*seed >> 16) % 8) {
        case 0: node[i] = ct_mul(a, ct_sigmoid(b)); break;
        case 1: node[i] = ct_sin(ct_add(a, b)); break;
        case 2: node[i] = ct_tanh(ct_sub(a, b)); break;
        case 3: node[i] = ct_div(a, ct_exp(b)); break;
        case 4: node[i] = ct_sqrt(ct_add(ct_square(a), ct_scalar(0.5))); break;
        case 5: node[i] = ct_maximum(a, b); break;
        case 6: node[i] = ct_mul(a, a); break;
        default: node[i] = ct_atan2(a, ct_add(b, ct_scalar(2))); break;
        }
    }
    return ct_label(node[n - 1], "f");
}

/* Of products, "(2)(-3) + (4)(5)": what they add up to. */
static double sum_of_products(const char *line) {
    double sum = 0, product = 1;
    for (char *p = (char *)line; *p && *p != '=';) {
        if (*p == '+') sum += product, product = 1;
        if (*p == '(' || *p == '+' || *p == ')' || *p == ' ' || *p == '\n') p++;
        else product *= strtod(p, &p);
    }
    return sum + product;
}

START_TEST(chains_are_true) {
    unsigned seed = 1;
    int read_back = 0;
    for (int i = 0; i < 300; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_var(0.6, "x"), *f = random_graph(&seed, 4 + i % 20, &x);
        ct_graph graph = {0};
        ct_paths paths;
        ck_assert(ct_graph_collect(&graph, f) && ct_paths_find(&paths, &graph, f, x, false));
        double *total = ct_scope_array(ct_this.depth, graph.n, sizeof *total);
        ck_assert(ct_total_numbers(CT_HERE, &paths, total));
        double expected = ct_item(ct_grad(f, x));
        if (paths.on[graph.n - 1]) {
            const char *text = ct_derive(f, x, CT_DERIVE_TEXT), *products = strstr(text, ")(");
            double computed = total[ct_graph_index(&graph, x)];
            ck_assert_msg(fabs(computed - expected) <= 1e-12 * fabs(expected), "%.17g, expected %.17g", computed,
                          expected);
            ck_assert_msg(fabs(last_number(text) - expected) <= 1e-5 * fabs(expected), "%.17g in\n%s", expected,
                          text);
            while (products && products[-1] != '=') products--;
            if (products) {
                ck_assert_msg(fabs(sum_of_products(products) - expected) <= 1e-4 * fabs(expected), "%g in\n%s",
                              expected, text);
                read_back++;
            }
        }
        ct_graph_free(&graph);
        ck_assert_msg(ct_end(s), "%s", ct_error());
    }
    ck_assert_int_gt(read_back, 100);
}
END_TEST

/* ---- rules -------------------------------------------------------------------------------------------------- */

static ct_tensor *elementwise(int op, double x, double y) {
    double parameters[] = {0.25, 0.75};
    ct_tensor *in[] = {ct_var(x, "x"), ct_var(y, "y")};
    return ct_label(ct_record(CT_HERE, (ct_op_id)op, in, ct_op_table[op]->arity, parameters, sizeof parameters), "z");
}

/* The rule of operand k as text, computed by the expression language. */
static double computed_text(ct_tensor *z, const ct_term *term) {
    ct_graph graph = {0};
    ct_names names;
    ct_text text = {0};
    ck_assert(ct_graph_collect(&graph, z) && ct_names_make(&names, &graph, false));
    ct_add_term(&text, &names, z, term);
    ct_tensor *v = ct_eval(text.text, CT_LIST(z, z->in[0], z->in[z->n_in - 1]));
    ck_assert_msg(v, "%s: %s", text.text, ct_error());
    ct_text_free(&text);
    ct_graph_free(&graph);
    return ct_item(v);
}

static bool is_near(double value, double expected) { return fabs(value - expected) <= 1e-11 * (1 + fabs(expected)); }

/* The rules that are written are those that are computed, branch by branch: as terms and as text. */
START_TEST(every_elementwise_rule) {
    static const double points[][2] = {{0.3, 0.6}, {0.6, 0.3}, {1.7, 2.5}, {-0.4, 0.9}, {-3.5, -1.25},
                                       {4, 4},     {1.3, 2},   {0, 1},     {0.5, 0}};
    int compared = 0;
    for (int op = 1; op < CT_OP_COUNT; op++) {
        if (ct_op_table[op]->kind != CT_ELEMENTWISE) continue;
        ck_assert_msg(ct_rule_exists(op), "%s", ct_op_table[op]->name);
        int before = compared;
        for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
            ct_scope s = ct_begin();
            ct_tensor *z = elementwise(op, points[i][0], points[i][1]);
            for (int k = 0; k < z->n_in; k++) {
                double partial;
                ck_assert(ct_partial(CT_HERE, z, k, &partial));
                const ct_term *rule = ct_rule_term(z, k, ct_term_number(1), true);
                const ct_term *general = ct_rule_term(z, k, ct_term_number(1), false);
                if (!isfinite(partial) || !isfinite(ct_item(z))) continue;
                const char *name = ct_op_table[op]->name;
                ck_assert_msg(is_near(ct_term_value(rule), partial), "%s: %.17g, not %.17g", name,
                              ct_term_value(rule), partial);
                ck_assert_msg(is_near(ct_term_value(general), partial), "%s, with conditions", name);
                double text = computed_text(z, rule);
                ck_assert_msg(fabs(text - partial) <= 1e-4 * (1 + fabs(partial)), "%s: text is %g, not %g", name,
                              text, partial);
                compared++;
            }
            ck_assert_msg(ct_end(s), "%s", ct_error());
        }
        ck_assert_msg(compared - before >= 3, "%s is compared %d times", ct_op_table[op]->name, compared - before);
    }
}
END_TEST

START_TEST(every_kernel_has_a_rule) {
    for (int op = 1; op < CT_OP_COUNT; op++)
        if (ct_op_table[op]->kind != CT_NOT_DIFFERENTIABLE)
            ck_assert_msg(ct_rule_exists(op), "%s has no row in inspect/derive/rules.def", ct_op_table[op]->name);
}
END_TEST

/* That a structural rule, read as an expression with .T for ^T, gives what the op's backward pass does. */
static void check_matrix_rule(ct_tensor *z) {
    ct_tensor *g = ct_label(ct_normal(CT_F64, ct_shape_of(z), 0, 1), "g");
    for (int k = 0; k < z->n_in && k < 2; k++) {
        ct_graph graph = {0};
        ct_names names;
        ct_text text = {0};
        ct_tensor *both = ct_concat(CT_LIST(ct_reshape(z, CT_SHAPE(-1)), ct_reshape(g, CT_SHAPE(-1))), 0);
        ck_assert(ct_graph_collect(&graph, both) && ct_names_make(&names, &graph, false));
        ct_add_term(&text, &names, z, ct_rule_term(z, k, ct_term_tensor(g), false));
        for (char *p = text.text; (p = strstr(p, "^T"));) *p = '.';
        ct_tensor *v = ct_eval(text.text, CT_LIST(g, ct_label(z, "z"), z->in[0], z->in[z->n_in - 1]));
        ck_assert_msg(v, "%s: %s", text.text, ct_error());
        ct_tensor *expected = ct_pull(CT_HERE, z, g, k);
        double error = ct_item(ct_max(ct_abs(ct_sub(v, expected)), CT_ALL));
        ck_assert_msg(error <= 1e-10, "%s: off by %g: %s", ct_op_of(z), error, text.text);
        ct_text_free(&text);
        ct_graph_free(&graph);
    }
}

START_TEST(matrix_rules) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_normal(CT_F64, CT_SHAPE(3, 3), 0, 1)), "x");
    ct_tensor *y = ct_label(ct_requires_grad(ct_normal(CT_F64, CT_SHAPE(3, 3), 0, 1)), "y");
    ct_tensor *const cases[] = {ct_matmul(x, y), ct_affine(x, y, NULL), ct_inv(x),     ct_det(x),
                                ct_cofactors(x), ct_logabsdet(x),       ct_solve(x, y)};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_matrix_rule(ct_label(cases[i], "z"));
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

START_TEST(cotangents_are_true) {
    ct_tensor *weight = NULL, *bias = NULL;
    ct_scope s = ct_begin();
    ct_tensor *loss = make_network(&weight, &bias), *L = ct_add(loss, ct_mean(ct_square(weight), CT_ALL));
    ct_graph graph = {0};
    ct_paths paths;
    ck_assert(ct_graph_collect(&graph, L) && ct_paths_find(&paths, &graph, L, weight, false) && !paths.scalar);
    ct_tensor **total = ct_scope_array(ct_this.depth, graph.n, sizeof *total);
    ck_assert(ct_total_tensors(CT_HERE, &paths, total) && ct_backward(L));
    for (size_t i = 0; i < graph.n; i++) {
        if (!paths.on[i]) continue;
        double error = ct_item(ct_max(ct_abs(ct_sub(total[i], ct_gradient(graph.node[i]))), CT_ALL));
        ck_assert_msg(error <= 1e-15, "node %d is off by %g", (int)i, error);
    }
    ct_graph_free(&graph);
    ck_assert(ct_end(s));
}
END_TEST

/* Braces, \left and \right, \begin and \end, and dollars come in pairs. */
static void check_balance(const char *text, const char *what) {
    int braces = 0, sides = 0, blocks = 0, dollars = 0;
    for (const char *p = text; *p; p++) {
        if (!strncmp(p, "\\left(", 6)) sides++;
        else if (!strncmp(p, "\\right)", 7)) sides--;
        else if (!strncmp(p, "\\begin{", 7)) blocks++;
        else if (!strncmp(p, "\\end{", 5)) blocks--;
        if (*p == '\\') p++; /* and the character that it escapes */
        else if (*p == '$') dollars++;
        else braces += (*p == '{') - (*p == '}');
        ck_assert_msg(braces >= 0 && sides >= 0 && blocks >= 0, "%s: %s", what, text);
    }
    ck_assert_msg(braces == 0 && sides == 0 && blocks == 0 && dollars % 2 == 0, "%s: %s", what, text);
}

START_TEST(formulas_of_every_op_are_balanced) {
    for (int op = 1; op < CT_OP_COUNT; op++) {
        const ct_op *row = ct_op_table[op];
        for (int i = 0; row->kind != CT_NOT_DIFFERENTIABLE; i++) {
            ct_scope s = ct_begin();
            ct_tensor *z = row->parts->samples ? row->parts->samples(i, CT_F64).z
                           : i < 2             ? elementwise(op, 0.3 + i, 0.6)
                                               : NULL;
            if (z) {
                ct_tensor *f = ct_sum(ct_mul(z, ct_full(CT_F64, ct_shape_of(z), 2)), CT_ALL),
                          *x = z->in[op == CT_OP_ct_where];
                for (ct_derivation_format k = 0; k < CT_DERIVE_FORMATS; k++) {
                    const char *text = ct_derive(f, ct_is_float((ct_dtype)x->dtype) ? x : z, k);
                    ck_assert_msg(text, "%s", ct_error());
                    if (k != CT_DERIVE_TEXT) check_balance(text, row->name);
                    ck_assert_ptr_null(strstr(text, "nknown"));
                }
            }
            ck_assert_msg(ct_end(s), "%s", ct_error());
            if (!z) break;
        }
    }
}
END_TEST

Suite *ct_suite(void) {
    const TTest *const tests[] = {chains_are_true, every_elementwise_rule, every_kernel_has_a_rule,
                                  matrix_rules,    cotangents_are_true,    formulas_of_every_op_are_balanced};
    Suite *suite = suite_create("derivation truth");
    TCase *c = tcase_create("all");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(c, tests[i]);
    suite_add_tcase(suite, c);
    return suite;
}
