/* What drawings show of passes that are half-way, of groups, and of claims. */
#include "inspect/draw/canvas.h"
#include "nn/nn.h"
#include "support/drawn.h"
#include "support/files.h"
#include "support/scalar_formula.h"
#include "support/suite.h"

static void setup(void) { support_make_folder(); }
static void teardown(void) { support_remove_folder(); }

/* ---- stages ---------------------------------------------------------------------------------------------------- */

static const char *drawn_at_stage(ct_tensor *f, ct_draw_stage stage, int depth) {
    return drawn(f, &(ct_draw_options){.stage = stage, .depth = depth});
}

/* Of the formula, those of its nodes that show a value, and a gradient, as sets of bits. */
static void assert_shown(const char *text, unsigned values, unsigned gradients) {
    for (int i = 0; i < FORMULA_NODES; i++) {
        bool value = strcmp(drawn_row(drawn_node(text, i + 1), "value"), "-|");
        bool gradient = strcmp(drawn_row(drawn_node(text, i + 1), "grad"), "-|");
        ck_assert_msg(value == (values >> i & 1), "value of %s", formula_nodes[i].label);
        ck_assert_msg(gradient == (gradients >> i & 1), "gradient of %s", formula_nodes[i].label);
    }
}

START_TEST(stages) {
    const unsigned all = (1u << FORMULA_NODES) - 1, leaves = (1u << P) - 1, sums = 1u << A | 1u << B;
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_backward(f);
    assert_shown(drawn_at_stage(f, CT_DRAW_COMPLETE, 0), all, all);
    assert_shown(drawn_at_stage(f, CT_DRAW_FORWARD, 0), all, 0);
    assert_shown(drawn_at_stage(f, CT_DRAW_FORWARD, 1), all & ~sums & ~(1u << F), 0); /* after the products */
    assert_shown(drawn_at_stage(f, CT_DRAW_FORWARD, 2), all & ~(1u << F), 0);         /* after the sums */
    assert_shown(drawn_at_stage(f, CT_DRAW_BACKWARD, 3), all, 1u << F);
    assert_shown(drawn_at_stage(f, CT_DRAW_BACKWARD, 2), all, 1u << F | sums);
    assert_shown(drawn_at_stage(f, CT_DRAW_BACKWARD, 1), all, all & ~leaves);
    assert_shown(drawn_at_stage(f, CT_DRAW_BACKWARD, 0), all, all);
    ck_assert_int_eq(drawn_count(drawn_at_stage(f, CT_DRAW_FORWARD, 0), ", label=<<TABLE BORDER=\"0\" CELLSPACING"),
                     0);
    ck_assert_int_eq(drawn_count(drawn_at_stage(f, CT_DRAW_BACKWARD, 2), ", label=<<TABLE BORDER=\"0\" CELLSPACING"),
                     2);
    ck_assert(ct_end(s));
}
END_TEST

/* Derivatives of operations that are not elementwise, on edges of single elements. */
START_TEST(derivatives_on_edges) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(3, "x"), *y = ct_var(-2, "y");
    ct_tensor *row = ct_reshape(x, CT_SHAPE(1, 1)), *column = ct_reshape(y, CT_SHAPE(1, 1));
    ct_tensor *m = ct_label(ct_matmul(row, column), "m");
    ct_tensor *sum = ct_label(ct_sum(m, CT_ALL), "sum"), *larger = ct_label(ct_gt(x, y), "larger");
    ct_tensor *where = ct_where(larger, sum, x), *f = ct_label(ct_mul(where, ct_detach(x)), "f");
    ct_backward(f);
    ck_assert_double_eq(ct_local_derivative(m, 0), -2);
    ck_assert_double_eq(ct_local_derivative(m, 1), 3);
    ck_assert_double_eq(ct_local_derivative(sum, 0), 1);
    ck_assert_double_eq(ct_local_derivative(where, 1), 1);
    ck_assert_double_eq(ct_local_derivative(where, 2), 0);
    ck_assert_double_eq(ct_local_derivative(f, 0), 3);
    const char *text = drawn(f, NULL);
    assert_has(text, "\"m\" -> \"sum\" [id=\"edge-sum-0\", weight=5, label=<");
    assert_has(text, "\"x\" -> \"larger\" [id=\"edge-larger-0\"];"); /* a comparison has no derivative */
    ck_assert(ct_end(s));
}
END_TEST

/* ---- groups ---------------------------------------------------------------------------------------------------- */

/* The clusters of a drawing, outermost first, and the nodes in them: "sequential(0: linear(n2 n3 n4) n5)". */
static const char *outline(const char *text) {
    static char result[1024];
    char *to = result;
    const char *line = text;
    bool begun = true;
    int nodes = 0;
    for (; line && strncmp(line, "    subgraph legend", 19); line = strchr(line, '\n'), line += line != NULL) {
        if (!strncmp(line, "    subgraph cluster", 20)) {
            const char *name = strchr(strstr(line, "label=<<"), '>') + 1;
            to += snprintf(to, 200, "%s%.*s(", begun ? "" : " ", (int)strcspn(name, "<"), name);
            begun = true;
        } else if (!strncmp(line, "    }\n", 6)) {
            to += snprintf(to, 3, ")");
        } else if (strstr(line, " [id=\"node-") && strstr(line, " [id=\"node-") < strchr(line, '\n')) {
            to += snprintf(to, 20, "%sn%d", begun ? "" : " ", ++nodes);
            begun = false;
        }
    }
    return result;
}

START_TEST(modules_are_groups) {
    ct_module *net = ct_sequential(ct_linear(2, 3), ct_sequential(ct_tanh_layer(), ct_linear(3, 1)));
    for (int i = 0; i < 2; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_ones(CT_F32, CT_SHAPE(4, 2)), *y = ct_forward(net, x), *f = ct_sum(y, CT_ALL);
        ct_backward(f);
        ct_replay(f);
        ck_assert_str_eq(outline(drawn(f, NULL)),
                         "n1 sequential(0: linear(n2 n3 n4) 1: sequential(0: tanh(n5) 1: linear(n6 n7 n8))) n9");
        ck_assert_ptr_null(ct_forward(net, ct_ones(CT_F32, CT_SHAPE(4, 5)))); /* an error ends its groups too */
        ct_error_clear();
        ck_assert_str_eq(outline(drawn(ct_exp(f), NULL)),
                         "n1 sequential(0: linear(n2 n3 n4) 1: sequential(0: tanh(n5) 1: linear(n6 n7 n8))) n9 n10");
        ck_assert(ct_end(s));
    }
    ct_module_free(net);
}
END_TEST

START_TEST(groups_nest) {
    ct_scope s = ct_begin();
    char name[] = "outer";
    ct_tensor *x = ct_var(1, NULL);
    ct_group outer = ct_begin_group(name);
    name[0] = '?'; /* it was copied */
    ct_tensor *a = ct_exp(x);
    ct_group inner = ct_begin_group("inner <b>");
    ct_tensor *b = ct_sin(a);
    ct_scope within = ct_begin();
    ct_group deep = ct_begin_group("deep");
    ct_tensor *c = ct_cos(b), *kept = ct_keep(c);
    ck_assert_str_eq(outline(drawn(ct_add(c, kept), NULL)), "n1 outer(n2 inner &#60;b&#62;(n3 deep(n4 n5 n6)))");
    ck_assert(ct_end(within)); /* ends what is open in it */
    ct_tensor *d = ct_mul(kept, b);
    ct_end_group(outer); /* and with it the inner one */
    ct_tensor *f = ct_neg(ct_mul(d, a));
    ck_assert_str_eq(outline(drawn(f, NULL)), "n1 outer(n2 inner &#60;b&#62;(n3 n4 n5)) n6 n7");
    ct_end_group((ct_group){0});
    ck_assert_int_eq(ct_error_status(), CT_OK);
    ct_end_group(inner);
    ck_assert_str_eq(ct_error_name(ct_error_status()), "CT_ERR_SCOPE");
    ct_error_clear();
    ct_end_group(deep);
    ck_assert_str_eq(ct_error_name(ct_error_status()), "CT_ERR_SCOPE");
    ct_error_clear();
    ck_assert(ct_end(s));
    ck_assert_int_eq(ct_begin_group("nowhere").number, 0);
    ck_assert_str_eq(ct_error_name(ct_error_status()), "CT_ERR_SCOPE");
    ct_error_clear();
    ck_assert_int_eq(ct_begin_group(NULL).number, 0);
    ck_assert_str_eq(ct_error_name(ct_error_status()), "CT_ERR_NULL");
    ct_error_clear();
}
END_TEST

/* A section that is computed again in the backward pass begins groups there that are gone after it. */
static ct_tensor *grouped_section(ct_list xs, void *context) {
    (void)context;
    ct_group g = ct_begin_group("again");
    ct_tensor *y = ct_tanh(ct_mul(xs.items[0], xs.items[0]));
    ct_end_group(g);
    return y;
}

START_TEST(groups_in_a_backward_pass) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x");
    ct_group outer = ct_begin_group("outer");
    ct_tensor *y = ct_checkpoint(grouped_section, CT_LIST(x), NULL);
    ct_backward(y);
    ct_tensor *f = ct_exp(y);
    ct_backward(f);
    ct_end_group(outer);
    ck_assert_str_eq(outline(drawn(f, NULL)), "n1 outer(n2 n3)");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- claims ---------------------------------------------------------------------------------------------------- */

START_TEST(claims_have_their_verdict) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_claim_grad_value(node[A], -0.23);
    ct_claim_grad_value(node[X1], 0.35);
    ct_claim_grad_value(node[W4], 1);
    ct_backward(f);
    const char *text = drawn(f, NULL);
    assert_has(drawn_node(text, X1 + 1), "? untested");
    ct_verification v = ct_verify(f);
    ck_assert_int_eq(v.verdict, CT_FAIL);
    text = drawn(f, NULL);
    assert_has(drawn_node(text, A + 1), "-0.23 \xe2\x9c\x93 right");
    assert_has(drawn_node(text, A + 1), "penwidth=3, color=\"#00664a\"");
    assert_has(drawn_node(text, X1 + 1), "0.35 \xe2\x9c\x97 local mistake, off by 0.005<");
    assert_has(drawn_node(text, X1 + 1), "penwidth=3, color=\"#c00020\"");
    assert_has(drawn_node(text, W4 + 1), "1 \xe2\x9c\x97 local mistake, off by -0.0521<");
    ck_assert_ptr_null(strstr(drawn_node(text, P + 1), "penwidth"));
    ck_assert(ct_end(s));
}
END_TEST

/* Of a larger tensor, a right claim says no number, and a wrong one which element it is about. */
START_TEST(claims_about_tensors) {
    ct_scope s = ct_begin();
    ct_tensor *W = ct_label(ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(2, 3))), "W");
    ct_tensor *z = ct_label(ct_square(W), "z"), *f = ct_sum(z, CT_ALL);
    ct_claim_grad_value(z, 1);
    ct_claim_grad_array(W, CT_F64, (double[]){2, 2, 2, 2, 2, -2});
    ck_assert_int_eq(ct_verify(f).verdict, CT_FAIL);
    const char *text = drawn(f, NULL);
    assert_has(drawn_node(text, 2), ">\xe2\x9c\x93 right<");
    assert_has(drawn_node(text, 1), ">[1,2]: -2 \xe2\x9c\x97 local mistake, off by -4<");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"stages", {stages, derivatives_on_edges}},
        {"groups", {modules_are_groups, groups_nest, groups_in_a_backward_pass}},
        {"claims", {claims_have_their_verdict, claims_about_tensors}},
        {.name = NULL},
    };
    return support_suite("draw_parts", cases, setup, teardown);
}
