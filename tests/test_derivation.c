/* Derivations: what they say, that it is true, and that every format can be read. */
#include "inspect/derive/derive.h"
#include "support/derived.h"
#include "support/memory.h"
#include "support/scalar_formula.h"
#include "support/small_network.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_has(const char *text, const char *part) {
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, part), "no \"%s\" in\n%s", part, text);
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

START_TEST(the_eight_chains) {
    static const char *const chains[8] = {
        "\ndf/dx1 = df/da * da/dp * dp/dx1 = (-0.23)(1)(-1.5) = 0.345\n",
        "\ndf/dw1 = df/da * da/dp * dp/dw1 = (-0.23)(1)(0.7) = -0.161\n",
        "\ndf/dx2 = df/da * da/dq * dq/dx2 = (-0.23)(1)(-0.35) = 0.0805\n",
        "\ndf/dw2 = df/da * da/dq * dq/dw2 = (-0.23)(1)(0.34) = -0.0782\n",
        "\ndf/dx3 = df/db * db/dr * dr/dx3 = (-1.169)(1)(-0.25) = 0.29225\n",
        "\ndf/dw3 = df/db * db/dr * dr/dw3 = (-1.169)(1)(0.2) = -0.2338\n",
        "\ndf/dx4 = df/db * db/ds * ds/dx4 = (-1.169)(1)(0.2) = -0.2338\n",
        "\ndf/dw4 = df/db * db/ds * ds/dw4 = (-1.169)(1)(-0.9) = 1.0521\n",
    };
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    for (int i = 0; i < 8; i++) assert_has(ct_derive(f, node[i], CT_DERIVE_TEXT), chains[i]);
    ck_assert_str_eq(ct_derive(f, node[X1], CT_DERIVE_TEXT),
                     "f = a * b      df/da = b = -0.23\n"
                     "a = p + q      da/dp = 1\n"
                     "p = x1 * w1    dp/dx1 = w1 = -1.5\n"
                     "\n"
                     "df/dx1 = df/da * da/dp * dp/dx1 = (-0.23)(1)(-1.5) = 0.345\n");
    ck_assert_str_eq(ct_derive(f, node[A], CT_DERIVE_TEXT), "f = a * b             df/da = b = -0.23\n"
                                                            "a = p + q = -1.169\n\ndf/da = -0.23\n");
    ck_assert_str_eq(ct_derive(f, f, CT_DERIVE_TEXT), "df/df = 1\n");
    ck_assert(ct_end(s));
}
END_TEST

/* One path each way round a diamond, and a tensor that is both factors of a product: its derivative is one of two
 * equal summands. Round letters where x has two ways into a tensor. */
START_TEST(sums_over_paths) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *u = ct_label(ct_mul(x, x), "u"), *f = ct_label(ct_sub(u, x), "f");
    ck_assert_str_eq(ct_derive(f, x, CT_DERIVE_TEXT), "f = u - x    \xe2\x88\x82"
                                                      "f/\xe2\x88\x82u = 1\n"
                                                      "             \xe2\x88\x82"
                                                      "f/\xe2\x88\x82x = -1\n"
                                                      "u = x * x    du/dx = 2 * x = 4\n"
                                                      "\n"
                                                      "df/dx = \xe2\x88\x82"
                                                      "f/\xe2\x88\x82u * du/dx + \xe2\x88\x82"
                                                      "f/\xe2\x88\x82x = (1)(4) + (-1) = 4 + (-1) = 3\n");
    ct_tensor *h = ct_sin(x), *g = ct_mul(ct_exp(h), ct_mul(h, ct_cos(h)));
    assert_has(ct_derive(g, x, CT_DERIVE_TEXT), "\n       + "); /* too long for one line */
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(powers_and_constants) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *f = ct_label(ct_pow(x, ct_scalar(3)), "f");
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "f = x ^ 3    df/dx = 3 * x^2 = 12\n");
    f = ct_label(ct_div(ct_scalar(1), x), "f");
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "f = 1 / x    df/dx = -f / x = -0.25\n");
    f = ct_label(ct_mul(ct_scalar(-0.5), ct_sub(x, ct_scalar(-1e-9))), "f");
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT),
               "f = (-0.5) * v1     df/dv1 = -0.5\nv1 = x - (-1e-9)    dv1/dx = 1\n");
    assert_has(ct_derive(f, x, CT_DERIVE_LATEX), "x - (-1 \\times 10^{-9})");
    f = ct_label(ct_leaky_relu(ct_neg(x), 0.1), "f");
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "f = leaky_relu(v1, 0.1)    df/dv1 = 0.1\n");
    assert_has(ct_derive(f, x, CT_DERIVE_LATEX), "\\operatorname{leaky\\_relu}(v_{1}, \\text{0.1})");
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "df/dx = df/dv1 * dv1/dx = (0.1)(-1) = -0.1\n");
    ck_assert(ct_end(s));
}
END_TEST

/* Tensors without label are called by numbers that no label has, and what they stand for is listed, also beside the
 * paths. Of equal labels the oldest keeps its own. */
START_TEST(invented_names) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *other = ct_var(3, "x"), *taken = ct_var(5, "v1"), *none = ct_var(7, "\t");
    ct_tensor *sum = ct_add(taken, none), *f = ct_mul(ct_mul(x, other), sum); /* in this order */
    ck_assert_str_eq(ct_derive(f, x, CT_DERIVE_TEXT), "v5 = v4 * v3         dv5/dv4 = v3 = 12\n"
                                                      "v4 = x * x_2         dv4/dx = x_2 = 3\n"
                                                      "v3 = v1 + v2 = 12\n"
                                                      "v2 = 7\n"
                                                      "\n"
                                                      "dv5/dx = dv5/dv4 * dv4/dx = (12)(3) = 36\n");
    ck_assert_str_eq(ct_derive(f, none, CT_DERIVE_TEXT), "v5 = v4 * v3        dv5/dv3 = v4 = 6\n"
                                                         "v4 = x * x_2 = 6\n"
                                                         "v3 = v1 + v2        dv3/dv2 = 1\n"
                                                         "v2 = 7\n"
                                                         "\n"
                                                         "dv5/dv2 = dv5/dv3 * dv3/dv2 = (6)(1) = 6\n");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(not_reached) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *y = ct_var(3, "y"), *f = ct_label(ct_exp(y), "f"),
              *g = ct_label(ct_detach(f), "g");
    ck_assert_str_eq(ct_derive(f, x, CT_DERIVE_TEXT), "df/dx = 0: no path leads from x to f\n");
    ck_assert_str_eq(ct_derive(g, y, CT_DERIVE_TEXT), "dg/dy = 0: no path leads from y to g\n");
    assert_has(ct_derive(f, x, CT_DERIVE_LATEX), "\\text{as no path leads from } x \\text{ to } f");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- many paths --------------------------------------------------------------------------------------------- */

/* Two ways round each of n diamonds. */
static ct_tensor *diamonds(ct_tensor *v, int n) {
    for (int i = 0; i < n; i++) {
        ct_tensor *left = ct_sin(v), *right = ct_cos(v); /* in this order, on which the names depend */
        v = ct_add(left, right);
    }
    return ct_label(v, "f");
}

START_TEST(too_many_paths) {
    static const struct {
        int diamonds;
        const char *head;
    } cases[] = {{5, "32 paths, "},
                 {20, "1,048,576 paths, "},
                 {53, "9,007,199,254,740,992 paths, "},
                 {100, "about 1.26765e30 paths, "},
                 {1024, "more than 1e308 paths, "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_var(0.5, "x"), *f = diamonds(x, cases[i].diamonds);
        const char *text = ct_derive(f, x, CT_DERIVE_TEXT);
        ck_assert_ptr_nonnull(text);
        ck_assert_msg(!strncmp(text, cases[i].head, strlen(cases[i].head)), "%.60s", text);
        assert_has(text, "written factored over the tensors that they share\n\nf = ");
        double true_one = ct_item(ct_grad(f, x));
        ck_assert_msg(fabs(last_number(text) - true_one) <= 1e-5 * fabs(true_one), "%s", text);
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(factored) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.5, "x"), *f = diamonds(x, 5);
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "df/df = 1\n");
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "df/dx = df/dv1 * cos(x) - df/dv2 * sin(x) = ");
    assert_has(ct_derive(f, x, CT_DERIVE_LATEX),
               "x &= 0.5 & \\frac{\\mathrm{d}f}{\\mathrm{d}x} &= \\frac{\\mathrm{d}f}{\\mathrm{d}v_{1}} \\cdot "
               "\\cos\\left(x\\right) - \\frac{\\mathrm{d}f}{\\mathrm{d}v_{2}} \\cdot \\sin\\left(x\\right) = ");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(factored_f32) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_full(CT_F32, CT_SCALAR, 0.5)), "x"), *f = diamonds(x, 5);
    ck_assert_double_eq_tol(last_number(ct_derive(f, x, CT_DERIVE_TEXT)), ct_item(ct_grad(f, x)), 1e-6);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(a_long_path) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.5, "x"), *f = x;
    for (int i = 0; i < 100000; i++) f = ct_sin(f);
    const char *text = ct_derive(f, x, CT_DERIVE_TEXT);
    assert_has(text, "1 path of 100,000 factors, written factored");
    assert_has(text, "...    ");
    assert_has(text, "99601 more\n");
    ck_assert_int_lt((int)strlen(text), 60000);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- tensors ------------------------------------------------------------------------------------------------ */

START_TEST(tensor_by_tensor) {
    ct_tensor *weight = NULL, *bias = NULL;
    ct_scope s = ct_begin();
    ct_tensor *L = make_network(&weight, &bias);
    ck_assert_str_eq(ct_derive(L, bias, CT_DERIVE_TEXT),
                     "L = cross_entropy(z, y)                   dL/dL = 1\n"
                     "z = v3 + b2  (2, 2)                       dL/dz = (softmax(z) - one_hot(y)) / rows(z) = "
                     "[[-0.25, 0.25], [0.25, -0.25]]\n"
                     "v3 = h @ v2  (2, 2) = [[7, 7], [3, 3]]\n"
                     "v2 = permute(W2, order=(1, 0))  (4, 2), min 1, mean 1, max 1\n"
                     "b2  (2) = [0, 0]                          dL/db2 = sum_to_shape(dL/dz) = [0, 0]\n");
    const char *text = ct_derive(L, weight, CT_DERIVE_TEXT);
    assert_has(text, "dL/da = where(h <= 0, 0, dL/dh), min 0, mean 0, max 0\n");
    assert_has(text, "dL/dh = dL/dv3 @ v2^T, min 0");
    assert_has(text, "dL/dv1 = X^T @ dL/da");
    assert_has(text, "v1 = permute(W1, order=(1, 0))  (2, 4)");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- formats ------------------------------------------------------------------------------------------------ */

START_TEST(markdown) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ck_assert_str_eq(ct_derive(f, node[X1], CT_DERIVE_MARKDOWN),
                     "| tensor | derivative |\n"
                     "|:--|:--|\n"
                     "| $f = a \\cdot b$ | $\\frac{\\partial f}{\\partial a} = b = -0.23$ |\n"
                     "| $a = p + q$ | $\\frac{\\partial a}{\\partial p} = 1$ |\n"
                     "| $p = x_{1} \\cdot w_{1}$ | $\\frac{\\partial p}{\\partial x_{1}} = w_{1} = -1.5$ |\n"
                     "\n"
                     "$$\n"
                     "\\begin{aligned}\n"
                     "\\frac{\\mathrm{d}f}{\\mathrm{d}x_{1}} &= \\frac{\\partial f}{\\partial a} \\cdot "
                     "\\frac{\\partial a}{\\partial p} \\cdot \\frac{\\partial p}{\\partial x_{1}}\n"
                     "\\\\ &= (-0.23)(1)(-1.5)\n"
                     "\\\\ &= 0.345\n"
                     "\\end{aligned}\n"
                     "$$\n");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(latex) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ck_assert_str_eq(ct_derive(f, node[W4], CT_DERIVE_LATEX),
                     "\\begin{align*}\n"
                     "f &= a \\cdot b & \\frac{\\partial f}{\\partial b} &= a = -1.169 \\\\\n"
                     "b &= r + s & \\frac{\\partial b}{\\partial s} &= 1 \\\\\n"
                     "s &= x_{4} \\cdot w_{4} & \\frac{\\partial s}{\\partial w_{4}} &= x_{4} = -0.9\n"
                     "\\end{align*}\n"
                     "\\begin{align*}\n"
                     "\\frac{\\mathrm{d}f}{\\mathrm{d}w_{4}} &= \\frac{\\partial f}{\\partial b} \\cdot "
                     "\\frac{\\partial b}{\\partial s} \\cdot \\frac{\\partial s}{\\partial w_{4}}\n"
                     "\\\\ &= (-1.169)(1)(-0.9)\n"
                     "\\\\ &= 1.0521\n"
                     "\\end{align*}\n");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(labels_are_escaped) {
    static const struct {
        const char *label, *text, *latex;
    } cases[] = {
        {"w12", "w12", "w_{12}"},
        {"W", "W", "W"},
        {"fc.weight", "fc.weight", "\\text{fc.weight}"},
        {"h_1", "h_1", "\\text{h\\_1}"},
        {"a + b", "(a + b)", "(\\text{a + b})"},
        {"50%", "(50%)", "(\\text{50\\%})"},
        {"\\x{}$&#~^|<>", "(\\x{}$&#~^|<>)",
         "(\\text{\\textbackslash{}x\\{\\}\\$\\&\\#\\textasciitilde{}\\textasciicircum{}\\textbar{}\\textless{}"
         "\\textgreater{}})"},
        {"a\nb\tc", "(a b c)", "(\\text{a b c})"},
        {"\xff", "\xef\xbf\xbd", "\\text{\xef\xbf\xbd}"},
        {"\xce\xb8", "\xce\xb8", "\\text{\xce\xb8}"},
        {"01234567890123456789012345678901234567890123", "0123456789012345678901234567890123456789...",
         "\\text{0123456789012345678901234567890123456789...}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[512];
        ct_scope s = ct_begin();
        ct_tensor *x = ct_var(2, cases[i].label), *f = ct_label(ct_exp(x), "f");
        snprintf(expected, sizeof expected, "f = exp %s    df/d%s = f = 7.38906\n", cases[i].text, cases[i].text);
        assert_has(ct_derive(f, x, CT_DERIVE_TEXT), expected);
        snprintf(expected, sizeof expected, "\\operatorname{exp} %s & \\frac{\\partial f}{\\partial %s} &= f",
                 cases[i].latex, cases[i].latex);
        assert_has(ct_derive(f, x, CT_DERIVE_LATEX), expected);
        snprintf(expected, sizeof expected, "| $f = \\operatorname{exp} %s$ | ", cases[i].latex);
        assert_has(ct_derive(f, x, CT_DERIVE_MARKDOWN), expected);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------------------------------- */

static void assert_refused(const char *text, const char *reason) {
    ck_assert_ptr_null(text);
    assert_has(ct_error(), reason);
    ct_error_clear();
}

START_TEST(refusals) {
    ct_tensor *parameter = ct_parameter(CT_F64, CT_SCALAR, "p");
    assert_refused(ct_derive(parameter, parameter, CT_DERIVE_TEXT), "no scope is open");
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *v = ct_label(ct_ones(CT_F64, CT_SHAPE(3)), "v"), *n = ct_arange(CT_I64, 1);
    assert_refused(ct_derive(NULL, x, CT_DERIVE_TEXT), "ct_derive");
    assert_refused(ct_derive(x, NULL, CT_DERIVE_TEXT), "ct_derive");
    assert_refused(ct_derive(v, x, CT_DERIVE_TEXT), "v(3) is no scalar");
    assert_refused(ct_derive(x, n, CT_DERIVE_TEXT), "i64, which has no derivatives");
    assert_refused(ct_derive(x, x, CT_DERIVE_FORMATS), "3 is no format");
    ck_assert(ct_end(s));
    ct_free(parameter);
}
END_TEST

/* Values that are not finite are written, also while they are hunted. */
START_TEST(not_finite) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0, "x"), *f = ct_label(ct_sqrt(x), "f");
    ct_stop_at_nonfinite(true);
    assert_has(ct_derive(f, x, CT_DERIVE_TEXT), "df/dx = 1 / (2 * f) = inf\n");
    assert_has(ct_derive(f, x, CT_DERIVE_LATEX), "\\frac{1}{2 \\cdot f} = \\infty");
    ck_assert(ct_stop_at_nonfinite(false));
    ck_assert(ct_end(s));
}
END_TEST

static void derive_something(void) {
    ct_tensor *weight = NULL, *bias = NULL;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.5, "x"), *f = ct_mul(ct_sin(x), ct_exp(x)), *L = make_network(&weight, &bias);
    ct_derive(f, x, CT_DERIVE_TEXT);
    ct_derive(diamonds(x, 8), x, CT_DERIVE_LATEX);
    ct_derive(L, weight, CT_DERIVE_MARKDOWN);
    ct_why(L, weight);
    ct_why(ct_log(ct_relu(ct_neg(x))), x);
    if (!ct_end(s)) ck_assert_msg(ct_error_status() == CT_ERR_MEMORY, "%s", ct_error());
}

START_TEST(failing_memory) { ck_assert_int_gt(support_fail_each(support_fail_allocation, derive_something), 20); }
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"scalars", {the_eight_chains, sums_over_paths, powers_and_constants, invented_names, not_reached}},
        {"many paths", {too_many_paths, factored, factored_f32, a_long_path}},
        {"tensors", {tensor_by_tensor}},
        {"formats", {markdown, latex, labels_are_escaped}},
        {"refusals", {refusals, not_finite, failing_memory}},
        {.name = NULL},
    };
    return support_suite("derivation", cases, NULL, NULL);
}
