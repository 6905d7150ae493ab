/* The text of drawings: that it says all it should, and the same each time. */
#include "inspect/draw/canvas.h"
#include "nn/nn.h"
#include "support/drawn.h"
#include "support/expect.h"
#include "support/files.h"
#include "support/memory.h"
#include "support/scalar_formula.h"
#include "support/suite.h"

#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) { support_make_folder(); }
static void teardown(void) { support_remove_folder(); }

/* ---- text ------------------------------------------------------------------------------------------------------ */

static const char *number(double value, int digits) {
    static char copy[64];
    ct_text out = {0};
    ct_text_number(&out, value, digits);
    snprintf(copy, sizeof copy, "%s", out.text);
    ct_text_free(&out);
    return copy;
}

START_TEST(numbers_read_well) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.26887, "0.26887"},
        {0.1 + 0.2, "0.3"},
        {-0.9 * -1.169, "1.0521"},
        {1.0 / 3, "0.333333"},
        {123456, "123456"},
        {1234567, "1.23457e6"},
        {1e-5, "1e-5"},
        {1e5, "100000"},
        {1e10, "1e10"},
        {-2.5e-10, "-2.5e-10"},
        {1e100, "1e100"},
        {1e-300, "1e-300"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {-NAN, "nan"},
        {999999.5, "1e6"},
        {5e-324, "4.94066e-324"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(number(cases[i].value, 6), cases[i].text);
    ck_assert_str_eq(number(1234567, 15), "1234567");
}
END_TEST

/* Skipped where no such locale is installed. */
START_TEST(numbers_are_the_same_in_every_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "ps_AF"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i])) ck_assert_str_eq(number(-0.26887, 6), "-0.26887");
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(labels_are_escaped) {
    static const struct {
        const char *label, *text;
    } cases[] = {
        {"w1", "w1"},
        {"<b>\"&amp;'", "&#60;b&#62;&#34;&#38;amp;&#39;"},
        {"\\N", "&#92;&#92;N"},
        {"a\nb\tc\rd", "a b c d"},
        {"\x01\x1f\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\xc3", "a\xef\xbf\xbd"},                                               /* cut at the end */
        {"\xc3(", "\xef\xbf\xbd("},                                               /* no continuation */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* longer than need be */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* a surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* beyond U+10FFFF */
        {"\xc2\x85", "\xef\xbf\xbd"},       /* a control character of two bytes */
        {"\xef\xbf\xbf", "\xef\xbf\xbd"},   /* no character */
        {"\xe2\x80\xaex", "\xef\xbf\xbdx"}, /* text runs from right to left */
        {"0123456789abcdef", "0123456789abcdef"},
        {"0123456789abcdefg", "0123456789abcdef..."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ct_text out = {0};
        ct_text_escaped(&out, cases[i].label, 16);
        ck_assert_str_eq(out.text, cases[i].text);
        ct_text_free(&out);
    }
}
END_TEST

/* That the edge to a node of the formula from operand k shows the local derivative, and it times the node's. */
static void assert_edge(const char *text, int node, int k, double local) {
    const struct formula_node *n = &formula_nodes[node];
    char head[128], numbers[2][64];
    snprintf(head, sizeof head, "    \"%s\" -> \"%s\" [id=\"edge-%s-%d\"", formula_nodes[k ? n->y : n->x].label,
             n->label, n->label, k);
    const char *edge = strstr(text, head);
    ck_assert_msg(edge, "no %s in\n%s", head, text);
    snprintf(numbers[0], sizeof numbers[0], "\">%g</FONT></TD></TR><TR>", local);
    snprintf(numbers[1], sizeof numbers[1], "\">%g</FONT></TD></TR></TABLE>>", local * n->gradient);
    const char *end = strstr(edge, "];\n"), *first = strstr(edge, numbers[0]), *second = strstr(edge, numbers[1]);
    ck_assert_msg(first && second && first < second && second < end, "%.400s", edge);
}

/* ---- scalar graphs --------------------------------------------------------------------------------------------- */

START_TEST(every_value_and_gradient) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_backward(f);
    const char *text = drawn(f, NULL);
    for (int i = 0; i < FORMULA_NODES; i++) {
        const struct formula_node *n = &formula_nodes[i];
        const char *drawn = drawn_node(text, i + 1);
        char part[64];
        snprintf(part, sizeof part, "<B>%s</B>", n->title);
        assert_has(drawn, part);
        snprintf(part, sizeof part, "%g|", n->value);
        assert_row(drawn, "value", part);
        snprintf(part, sizeof part, "%g|", n->gradient);
        assert_row(drawn, "grad", part);
        assert_has(drawn, i < P ? "shape=note" : i == F ? "peripheries=2" : "rounded");
        assert_has(drawn, "tooltip=\"formula.c:1&#10;");
        if (n->op) assert_edge(text, i, 0, n->op == '*' ? formula_nodes[n->y].value : 1);
        if (n->op) assert_edge(text, i, 1, n->op == '*' ? formula_nodes[n->x].value : 1);
    }
    ck_assert_int_eq(drawn_count(text, " -> "), 2 * (FORMULA_NODES - P));
    ck_assert(ct_end(s));
}
END_TEST

/* The whole text, as it was when the drawing was looked at. When it changes on purpose, look at the new one and
 * replace the file: CT_UPDATE_GOLDEN=1 does so. */
static void assert_golden(ct_tensor *f, const char *name, const ct_draw_options *options) {
    static char golden[LONGEST_DRAWING];
    char path[512];
    snprintf(path, sizeof path, CT_SOURCE_DIR "/tests/golden/%s", name);
    if (getenv("CT_UPDATE_GOLDEN")) ck_assert(ct_draw_with(f, path, options));
    FILE *file = fopen(path, "r");
    ck_assert_msg(file, "%s is missing", path);
    golden[fread(golden, 1, LONGEST_DRAWING - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(drawn(f, options), golden);
}

START_TEST(golden_scalars) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_backward(f);
    assert_golden(f, "scalar_graph.dot", NULL);
    assert_golden(f, "scalar_graph_products.dot", &(ct_draw_options){.stage = CT_DRAW_FORWARD, .depth = 1});
    assert_golden(f, "scalar_graph_sums.dot", &(ct_draw_options){.stage = CT_DRAW_BACKWARD, .depth = 2});
    ck_assert(ct_end(s));
}
END_TEST

/* Six steps of a recurrent net, in groups; exact in binary, so that they are the same numbers everywhere. */
static ct_tensor *recurrent_net(void) {
    const char *at = "src/net.c:7";
    ct_tensor *w = ct_requires_grad_at(at, ct_label_at(at, ct_full_at(at, CT_F64, CT_SHAPE(2, 2), 0.5), "w"));
    ct_tensor *h = ct_label_at(at, ct_full_at(at, CT_F64, CT_SHAPE(1, 2), 0.25), "h0");
    for (int i = 0; i < 6; i++) {
        ct_group step = ct_begin_group("step");
        ct_tensor *x = ct_full_at(at, CT_F64, CT_SHAPE(1, 2), i);
        h = ct_relu_at(at, ct_add_at(at, ct_matmul_at(at, h, w), x));
        ct_end_group(step);
    }
    return ct_label_at(at, ct_sum_at(at, h, CT_ALL), "loss");
}

START_TEST(golden_net) {
    ct_scope s = ct_begin();
    ct_tensor *f = recurrent_net();
    ct_backward(f);
    assert_golden(f, "recurrent_net.dot", NULL);
    assert_golden(f, "recurrent_net_folded.dot", &(ct_draw_options){.fold_above = 1});
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(two_drawings_are_the_same) {
    static char first[LONGEST_DRAWING];
    ct_tensor *node[FORMULA_NODES];
    for (int i = 0; i < 3; i++) {
        ct_scope s = ct_begin();
        for (int k = 0; k < i; k++) ct_var(1, "in the way"); /* other addresses, other places in the scope */
        ct_tensor *f = make_formula(node);
        ct_backward(f);
        if (i == 0) strcpy(first, drawn(f, NULL));
        ck_assert_str_eq(drawn(f, NULL), first);
        ck_assert_str_eq(drawn(f, NULL), first);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Another node in the graph leaves the lines of labelled nodes as they were. */
START_TEST(a_node_more_is_a_small_difference) {
    static char before[LONGEST_DRAWING];
    ct_tensor *node[FORMULA_NODES];
    for (int more = 0; more < 2; more++) {
        ct_scope s = ct_begin();
        ct_tensor *first =
            more ? ct_label_at("src/formula.c:2", ct_var_at("src/formula.c:2", 1, "new"), "new") : NULL;
        ct_tensor *f = make_formula(node);
        ct_tensor *root = ct_label_at("src/formula.c:3", ct_exp_at("src/formula.c:3", f), "root");
        if (more) root = ct_label_at("src/formula.c:3", ct_add_at("src/formula.c:3", root, first), "sum");
        const char *text = drawn(root, NULL);
        if (!more) snprintf(before, sizeof before, "%.*s", LONGEST_DRAWING - 1, text);
        int lines = 0, kept = 0;
        for (char *line = strtok(before, "\n"); more && line; line = strtok(NULL, "\n"), lines++)
            kept += strstr(text, line) != NULL;
        if (more) ck_assert_msg(lines - kept <= 4, "%d of %d lines are new", lines - kept, lines);
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(text_in_an_open_file) {
    static char text[LONGEST_DRAWING];
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    FILE *file = fopen(support_path("graph.dot"), "w+");
    ck_assert_ptr_nonnull(file);
    ck_assert_msg(ct_dot(f, file), "%s", ct_error());
    rewind(file);
    text[fread(text, 1, LONGEST_DRAWING - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(text, drawn(f, NULL));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(no_pass_no_gradient) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *c = ct_label(ct_scalar(3), "c"), *y = ct_mul(x, c), *z = ct_square(x);
    assert_row(drawn_node(drawn(y, NULL), 1), "grad", "-|");
    assert_row(drawn_node(drawn(y, NULL), 3), "grad", "-|");
    ct_backward(y);
    const char *text = drawn(y, NULL);
    assert_row(drawn_node(text, 1), "grad", "3|");
    ck_assert_ptr_null(strstr(drawn_node(text, 2), "grad")); /* a constant */
    assert_row(drawn_node(text, 3), "grad", "1|");
    assert_has(drawn_node(text, 2), "shape=box, style=\"filled,dashed\"");
    ct_backward(z);
    assert_row(drawn_node(drawn(y, NULL), 3), "grad", "-|"); /* the last pass did not reach it */
    ck_assert(ct_end(s));
}
END_TEST

static const char *title(ct_tensor *t) {
    static char text[256];
    const char *drawing = drawn(t, NULL), *begin = NULL;
    for (const char *p = drawing; (p = strstr(p, "<B>")); p++) begin = p + 3; /* the last node is t */
    ck_assert_ptr_nonnull(begin);
    snprintf(text, sizeof text, "%.*s", (int)(strstr(begin, "</B>") - begin), begin);
    return text;
}

START_TEST(formulas_name_their_operands) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *y = ct_var(3, "y"), *w = ct_label(ct_var(1, NULL), "fc.w[0]'");
    ct_tensor *v = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(2)));
    ct_tensor *m = ct_label(ct_ones(CT_F64, CT_SHAPE(2, 2)), "m");
    ck_assert_str_eq(title(ct_label(ct_add(y, x), "z")), "z = y + x");
    ck_assert_str_eq(title(ct_exp(x)), "n2 = exp x");
    ck_assert_str_eq(title(ct_relu(w)), "n2 = max(fc.w[0]&#39;, 0)");
    ck_assert_str_eq(title(ct_leaky_relu(x, 0.1)), "n2 = leaky_relu(x, 0.1)");
    ck_assert_str_eq(title(ct_mul(x, x)), "n2 = x * x");
    ck_assert_str_eq(title(ct_lt(x, y)), "n3 = x &#60; y");
    ck_assert_str_eq(title(ct_mul(ct_scalar(2), x)), "n3 = 2 * x");
    ck_assert_str_eq(title(ct_sub(x, ct_scalar(-0.5))), "n3 = x - (-0.5)");
    ck_assert_str_eq(title(ct_pow(ct_label(ct_add(x, y), "x + y"), y)), "n4 = (x + y) ^ y");
    ck_assert_str_eq(title(ct_mul(ct_label(ct_neg(x), "  "), y)), "n4 = n3 * y");
    ck_assert_str_eq(title(ct_concat(CT_LIST(v, v), 0)), "n2 = concat(n1, n1, axis=0)");
    ck_assert_str_eq(title(ct_concat(CT_LIST(v, v, v, v, v), 0)),
                     "n2 = concat(n1, n1, n1, n1, ... 5 in all, axis=0)");
    ck_assert_str_eq(title(ct_affine(v, m, NULL)), "n3 = n1 @ m^T + 0");
    ck_assert_str_eq(title(ct_where(ct_gt(x, y), x, y)), "n4 = n3 ? x : y");
    ck_assert_str_eq(title(ct_clamp(v, -1, 0.5)), "n2 = clamp(n1, -1, 0.5)");
    ck_assert_str_eq(title(ct_sum(m, CT_ALL)), "n2 = sum(m)");
    ck_assert_str_eq(title(ct_sum(m, CT_KEEP(0))), "n2 = sum(m, axis=0, keep=true)");
    ck_assert_str_eq(title(ct_max(m, CT_AXES(0, 1))), "n2 = max(m, axis=(0, 1))");
    ck_assert_str_eq(title(ct_softmax(m, 1)), "n2 = softmax(m, axis=1)");
    ck_assert_str_eq(title(ct_cast(m, CT_F32)), "n2 = cast(m, dtype=f32)");
    ck_assert_str_eq(title(ct_reshape(m, CT_SHAPE(4, -1))), "n2 = reshape(m, shape=(4, 1))");
    ck_assert_str_eq(title(ct_slice(m, 1, 0, 1, 1)), "n2 = slice(m, axis=1, start=0, stop=1, step=1)");
    ck_assert_str_eq(title(ct_index_select(m, 1, ct_from(CT_I64, CT_SHAPE(1), (int64_t[]){1}))),
                     "n3 = m[n2] (axis=1)");
    ck_assert_str_eq(title(ct_argsort(m, 0, true)), "n2 = argsort(m, axis=0, descending=true)");
    ck_assert_str_eq(title(ct_label(x, "a name that is longer than thirty-two characters")),
                     "a name that is longer than thirt...");
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

/* Parameters have no place in the order of creation, nor has what was carried out of a scope in that of its users:
 * they come just before their first user. */
START_TEST(order_of_creation) {
    ct_tensor *w = ct_parameter(CT_F64, CT_SCALAR, "w"), *unused = ct_parameter(CT_F64, CT_SCALAR, "unused");
    ct_scope outer = ct_begin(), inner = ct_begin();
    ct_tensor *x = ct_var(1, "x"), *y = ct_label(ct_exp(x), "y"), *kept = ct_keep(ct_label(ct_scalar(7), "kept"));
    ct_exp(y); /* not part of the graph */
    ct_tensor *z = ct_label(ct_mul(y, w), "z");
    ct_tensor *f = ct_label(ct_mul(z, ct_add(kept, w)), "f");
    static const char *const titles[] = {"x", "y = exp x", "w", "z = y * w", "kept", "n6 = kept + w", "f = z * n6"};
    const char *text = drawn(f, NULL);
    for (int i = 0; i < 7; i++) {
        char part[64];
        snprintf(part, sizeof part, "<B>%s</B>", titles[i]);
        assert_has(drawn_node(text, i + 1), part);
    }
    ck_assert_int_eq(drawn_count(text, "[id=\"node-"), 7);
    ck_assert(ct_end(inner));
    ck_assert_str_eq(title(w), "w");
    ck_assert(ct_end(outer));
    ct_free(w);
    ct_free(unused);
}
END_TEST

/* The direction that needs fewer columns. */
START_TEST(direction) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "x");
    assert_has(drawn(make_formula(node), NULL), "rankdir=LR");
    assert_has(drawn(ct_exp(ct_sin(ct_exp(x))), NULL), "rankdir=TB");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- larger tensors -------------------------------------------------------------------------------------------- */

#define BLOCK "\xe2\x96\x88" /* of a histogram: as many as there are in any bin */
#define NONE "\xe2\x80\x87"

START_TEST(tensors_are_summarised) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_from(CT_F32, CT_SHAPE(2, 3), (float[]){1, 2, 3, 4, 5, -3}), "x");
    ct_tensor *w = ct_requires_grad(ct_from(CT_F32, CT_SHAPE(3), (float[]){0.5f, -1, 1.0f / 3}));
    ct_tensor *f = ct_sum(ct_mul(x, w), CT_ALL);
    ct_backward(f);
    const char *text = drawn(f, NULL);
    assert_has(drawn_node(text, 1), ">f32 (2, 3)<");
    assert_row(drawn_node(text, 1), "value",
               "-3|2|5|8|" BLOCK NONE NONE NONE NONE NONE BLOCK BLOCK NONE BLOCK BLOCK BLOCK "|");
    ck_assert_ptr_null(strstr(drawn_node(text, 1), "grad"));
    assert_row(drawn_node(text, 2), "value",
               "-1|-0.05556|0.5|1.167|" BLOCK NONE NONE NONE NONE NONE NONE NONE NONE NONE BLOCK BLOCK "|");
    assert_row(drawn_node(text, 2), "grad",
               "0|4|7|8.602|" BLOCK NONE NONE NONE NONE NONE NONE NONE BLOCK NONE NONE BLOCK "|");
    assert_row(drawn_node(text, 4), "grad", "1|");
    ck_assert_ptr_null(strstr(drawn_node(text, 4), ">f32"));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(odd_tensors) {
    ct_scope s = ct_begin();
    ct_tensor *one = ct_from(CT_F64, CT_SHAPE(1, 1), (double[]){-1.25});
    ct_tensor *none = ct_zeros(CT_F64, CT_SHAPE(0, 4));
    ct_tensor *nan = ct_from(CT_F64, CT_SHAPE(3), (double[]){1, NAN, 2});
    ct_tensor *infinite = ct_from(CT_F64, CT_SHAPE(2), (double[]){1, INFINITY});
    ct_tensor *bits = ct_from(CT_BOOL, CT_SHAPE(4), (uint8_t[]){0, 1, 1, 1});
    ct_tensor *large = ct_from(CT_I64, CT_SHAPE(3), (int64_t[]){-12345678, 0, 123456789});
    assert_has(drawn_node(drawn(one, NULL), 1), ">f64 (1, 1)<");
    assert_row(drawn_node(drawn(one, NULL), 1), "value", "-1.25|");
    assert_has(drawn_node(drawn(none, NULL), 1), ">f64 (0, 4)<");
    assert_row(drawn_node(drawn(none, NULL), 1), "value", "-|");
    assert_row(drawn_node(drawn(nan, NULL), 1), "value", "nan|nan|nan|nan|");
    assert_row(drawn_node(drawn(infinite, NULL), 1), "value", "1|inf|inf|inf|");
    assert_row(drawn_node(drawn(bits, NULL), 1), "value",
               "0|0.75|1|1.732|\xe2\x96\x83" NONE NONE NONE NONE NONE NONE NONE NONE NONE NONE BLOCK "|");
    assert_row(drawn_node(drawn(large, NULL), 1), "value",
               "-12345678|3.704e7|123456789|1.241e8|" BLOCK BLOCK NONE NONE NONE NONE NONE NONE NONE NONE NONE BLOCK
               "|");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- large graphs ---------------------------------------------------------------------------------------------- */

static ct_tensor *chain(int nodes) {
    ct_tensor *f = ct_var(0.5, "x");
    for (int i = 1; i < nodes; i++) f = i % 3 ? ct_sin(f) : ct_neg(f);
    return f;
}

/* Operations in no order that repeats. */
static ct_tensor *irregular_chain(int nodes) {
    ct_tensor *f = ct_var(0.5, "x");
    for (uint32_t i = 1, seed = 1; i < (uint32_t)nodes; i++) {
        seed = seed * 1664525u + 1013904223u;
        f = seed >> 31 ? ct_sin(f) : ct_neg(f);
    }
    return f;
}

START_TEST(what_does_not_repeat) {
    ct_scope s = ct_begin();
    const char *text = drawn(irregular_chain(2000), NULL);
    ck_assert_int_eq(drawn_count(text, "[id=\"node-"), 2000);
    ck_assert_ptr_null(strstr(text, "folded"));
    text = drawn(irregular_chain(9000), NULL);
    int shown = drawn_count(text, "[id=\"node-");
    ck_assert_msg(shown <= 2000, "%d", shown);
    ck_assert(strstr(text, "nodes folded</B>") || strstr(text, "<B>x "));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(blocks_that_repeat) {
    ct_scope s = ct_begin();
    const char *text = drawn(chain(2000), NULL);
    ck_assert_int_eq(drawn_count(text, "[id=\"node-"), 2000);
    text = drawn(chain(2001), NULL); /* a leaf, then 666 times sin, sin, neg, then the root and what is before it */
    assert_has(text, "<B>x 666</B>");
    assert_has(text, ">&#160; (3 nodes each, n2 to n1999: the first)<");
    ck_assert_int_eq(drawn_count(text, "[id=\"node-"), 1 + 3 + 2);
    assert_has(text, "    n4 -> n2 [style=dashed, constraint=false];\n");
    assert_has(text, "    n4 -> n2000 [id=\"edge-n2000-0\"");
    ck_assert_int_eq(drawn_count(text, " -> "), 6);
    ck_assert(ct_end(s));
}
END_TEST

/* Ten times sixty times (sin, neg) and an exp: the large block is drawn with its own repeat in it. */
START_TEST(repeats_in_repeats) {
    ct_scope s = ct_begin();
    ct_tensor *f = ct_var(0.5, "x");
    for (int i = 0; i < 600; i++) {
        f = ct_neg(ct_sin(f));
        if (i % 60 == 59) f = ct_exp(f);
    }
    const char *text = drawn(ct_tanh(f), &(ct_draw_options){.fold_above = 100});
    const char *outer = strstr(text, "<B>x 10</B>"), *inner = strstr(text, "<B>x 60</B>");
    ck_assert(outer && inner && outer < inner);
    ck_assert_int_eq(drawn_count(text, "[id=\"node-"), 1 + 2 + 1 + 1);
    assert_has(text, "    n3 -> n2 [style=dashed, constraint=false];\n");
    assert_has(text, "    n122 -> n2 [style=dashed, constraint=false];\n");
    assert_has(text, "    n3 -> n122 [id=\"edge-n122-0\"");
    ck_assert_int_eq(drawn_count(text, " -> "), 6);
    ck_assert(ct_end(s));
}
END_TEST

/* A leaf that all blocks use has one edge to each node that is drawn. */
START_TEST(edges_around_a_fold) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.5, "x"), *f = x;
    for (int i = 0; i < 3000; i++) {
        f = ct_mul(f, x);
        f = ct_add(f, ct_scalar(1));
    }
    const char *text = drawn(ct_exp(f), NULL);
    assert_has(text, "<B>x 3000</B>");
    ck_assert_int_eq(drawn_count(text, "    \"x\" -> n2 "), 2); /* the first product is x * x */
    ck_assert_int_eq(drawn_count(text, "    \"x\" -> "), 2);
    ck_assert_int_eq(drawn_count(text, "constraint=false"), 1);
    ck_assert(ct_end(s));
}
END_TEST

/* In order of creation; a list of them wants a place. */
START_TEST(nodes_of_a_graph) {
    ct_tensor *p = ct_parameter(CT_F64, CT_SCALAR, "p");
    ck_assert_int_eq(ct_nodes(p).n, 0);
    expect_error(CT_ERR_SCOPE, "ct_nodes: no scope is open");
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "x"), *y = ct_mul(x, p), *f = ct_add(y, x);
    ct_list nodes = ct_nodes(f);
    ck_assert_int_eq(nodes.n, 4);
    ck_assert(nodes.items[0] == x && nodes.items[1] == p && nodes.items[2] == y && nodes.items[3] == f);
    ck_assert_int_eq(ct_nodes(NULL).n, 0);
    expect_error(CT_ERR_NULL, "ct_nodes");
    ck_assert(ct_end(s));
    ct_free(p);
}
END_TEST

static void *draw_deep_chain(void *path) {
    ct_scope s = ct_begin();
    ct_tensor *f = chain(1000000);
    bool ok = ct_backward(f) && ct_draw(f, path);
    return ct_end(s) && ok ? NULL : (void *)ct_error();
}

/* On a stack of 256 KiB; Graphviz itself draws only 201 nodes. */
START_TEST(a_deep_chain) {
    static char text[LONGEST_DRAWING];
    const char *failure = support_run_on_small_stack(draw_deep_chain, (void *)support_path("deep.dot"));
    ck_assert_msg(!failure, "%s", failure);
    text[support_get("deep.dot", (uint8_t *)text, LONGEST_DRAWING - 1)] = '\0';
    assert_has(text, "<B>x 333332</B>");
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"text", {numbers_read_well, numbers_are_the_same_in_every_locale, labels_are_escaped}},
        {"scalars",
         {every_value_and_gradient, golden_scalars, golden_net, two_drawings_are_the_same,
          a_node_more_is_a_small_difference, text_in_an_open_file, no_pass_no_gradient, formulas_name_their_operands,
          order_of_creation, direction, nodes_of_a_graph}},
        {"tensors", {tensors_are_summarised, odd_tensors}},
        {"large graphs",
         {what_does_not_repeat, blocks_that_repeat, repeats_in_repeats, edges_around_a_fold, a_deep_chain}},
        {.name = NULL},
    };
    return support_suite("draw", cases, setup, teardown);
}
