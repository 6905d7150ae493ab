/* Formulas as text: values and gradients of what is right, columns and hints of what is wrong. */
#include "inspect/internal.h"
#include "support/memory.h"
#include "support/scalar_formula.h"

#include <check.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static const double matrix[] = {1, 2, 3, 4, 5, 6};

/* x = 3, y = -2, z = 0.5, W = [[1, 2, 3], [4, 5, 6]], "0.weight" = 7, λ = 8, l.b = 9 */
static ct_list make_names(ct_tensor *t[7]) {
    t[0] = ct_var(3, "x");
    t[1] = ct_var(-2, "y");
    t[2] = ct_var(0.5, "z");
    t[3] = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 3), matrix)), "W");
    t[4] = ct_var(7, "0.weight");
    t[5] = ct_var(8, "λ");
    t[6] = ct_var(9, "l.b");
    return (ct_list){.n = 7, .items = t};
}

/* ---- values ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    double value;        /* of the sum of all elements */
    const char *printed; /* NULL: as it is written */
} right[] = {
    {"x", 3, NULL},
    {"1.5", 1.5, NULL},
    {".5 + 5. + 1e2 + 1E-1 + 2.5e+1", 130.6, NULL},
    {"0x1.8p-3", 0.1875, NULL},
    {"0.1", 0.1, NULL},
    {"1e400", INFINITY, NULL},
    {"4.9406564584124654e-324", 4.9406564584124654e-324, NULL},
    {"9007199254740993", 9007199254740992.0, NULL},
    {"pi", 3.141592653589793, NULL},
    {"inf", INFINITY, NULL},
    {"-x^2", -9, NULL},
    {"(-x)^2", 9, NULL},
    {"(-3)^2", 9, NULL},
    {"-3^2", -9, NULL},
    {"2^-1", 0.5, NULL},
    {"2**3", 8, "2^3"},
    {"2^3^2", 512, NULL},
    {"(2^3)^2", 64, NULL},
    {"2^-x^2", 0.001953125, NULL},
    {"--x", 3, NULL},
    {"-(-x)", 3, "--x"},
    {"+x - +y", 5, "x - y"},
    {"x - y - z", 4.5, NULL},
    {"x - (y - z)", 5.5, NULL},
    {"x/y/z", -3, NULL},
    {"x/(y/z)", -0.75, NULL},
    {"x*-y", 6, NULL},
    {"(x + y)*z", 0.5, NULL},
    {"((x)) + (y*z)", 2, "x + y*z"},
    {"x > 2", 1, NULL},
    {"(x > 2)*x + (y >= 0)*y", 3, NULL},
    {"x == 3", 1, NULL},
    {"(x != 3) + (x <= 3) + (x < 3)", 1, NULL},
    {"x + 1 > y*2", 1, NULL},
    {"sum(W, axis=0, keep=true)", 21, NULL},
    {"ct_sum( W )", 21, "sum(W)"},
    {"sum( W , axis = 0 )", 21, "sum(W, axis=0)"},
    {"max(W, axis=[0, -1])", 6, NULL},
    {"W @ W.T", 14 + 32 + 32 + 77, NULL},
    {"W' @ [1, 1]", 21, "W.T @ [1, 1]"},
    {"(W + 1).T.T", 27, NULL},
    {"[[1,2],[3,4]]", 10, NULL},
    {"[[-1, +2], [(3), 4]]", 8, NULL},
    {"[x, 2*y]", -1, NULL},
    {"[[x, 1], [2, y]]", 4, NULL},
    {"[[1, 2], [3, 4]] @ [x, y]", -1 + 1, NULL},
    {"W[0]", 6, NULL},
    {"W[-1, 1:]", 11, NULL},
    {"W[:, ::2]", 1 + 3 + 4 + 6, NULL},
    {"(W + 1)[0, 0]^2 + W.T[2][1]", 10, NULL},
    {"[[1, 2], [3, 4]][1, 0]", 3, NULL},
    {"-W[0][:2]", -3, NULL},
    {"clamp(W, low=2, high=4)", 19, NULL},
    {"clamp(W, 2, 4)", 19, NULL},
    {"clamp(W, -inf, 4)", 18, NULL},
    {"reshape(W, [3, 2])", 21, NULL},
    {"concat([W, W], axis=0)", 42, NULL},
    {"einsum(\"ij,kj->ik\", [W, W])", 14 + 32 + 32 + 77, NULL},
    {"mse_loss(W, 2*W, reduction=sum)", 91, NULL},
    {"cast(W > 3, f64)", 3, NULL},
    {"cross_entropy([[0, 0]], cast([1], i64))", 0.6931471805599453, NULL},
    {"split(W, 2, axis=1, part=0)", 12, NULL},
    {"qr([[2, 0], [0, 2]], part=r)*qr([[2, 0], [0, 2]], part=r)", 8, NULL},
    {"max_pool2d([[W]], kernel=[2, 3])", 6, NULL},
    {"conv2d([[[[1, 2], [3, 4]]]], [[[[1]]]], padding=1)", 10, NULL},
    {"layer_norm(W, shape=3)", 0, NULL},
    {"variance(W, axis=1)", 2, NULL},
    {"p = x*y; q = p + 1; p*q", 30, NULL},
    {"x = x*2; x = x + 1; x", 7, NULL},
    {"a = x; b = a; a*b;", 9, "a = x; b = a; a*b"},
    {"\"0.weight\" + λ + l.b", 24, NULL},
    {"\n 1\t+ 2 ;\r\n 3", 3, "1 + 2; 3"},
    {"\"a b\" = x; \"a b\"*2", 6, NULL},
    {"arange = 4; arange", 4, NULL},
    {"true = 2; false = 3; true*false", 6, NULL},
};

static void check_close(const char *text, double got, double expected) {
    bool ok = got == expected || fabs(got - expected) <= 1e-12 * (1 + fabs(expected));
    ck_assert_msg(ok, "%s is %.17g, expected %.17g", text, got, expected);
}

START_TEST(values) {
    ct_scope s = ct_begin();
    ct_tensor *t[7];
    ct_tensor *f = ct_eval(right[_i].text, make_names(t));
    ck_assert_msg(f != NULL, "%s: %s", right[_i].text, ct_error());
    check_close(right[_i].text, ct_item(ct_sum(ct_cast(f, CT_F64), CT_ALL)), right[_i].value);
    ck_assert(ct_end(s));
}
END_TEST

/* What is printed reads as the same again. */
START_TEST(printing) {
    const char *expected = right[_i].printed ? right[_i].printed : right[_i].text;
    const char *text = right[_i].text;
    for (int round = 0; round < 2; round++) {
        ct_formula *f = ct_formula_parse("test", CT_HERE, text);
        ck_assert_msg(f != NULL, "%s: %s", text, ct_error());
        ct_text printed = {0};
        ct_formula_print(&printed, f);
        ck_assert(!printed.failed);
        ck_assert_str_eq(printed.text, expected);
        ct_text_free(&printed);
        ct_formula_free(f);
        text = expected;
    }
}
END_TEST

START_TEST(gradients_and_labels) {
    ct_scope s = ct_begin();
    ct_tensor *leaf[8];
    for (int i = 0; i < 8; i++) leaf[i] = ct_var(formula_nodes[i].value, formula_nodes[i].label);
    ct_tensor *f = ct_eval_at("model.c:1", "p=x1*w1; q=x2*w2; r=x3*w3; s=x4*w4; a=p+q; b=r+s; f=a*b",
                              (ct_list){.n = 8, .items = leaf});
    ck_assert(ct_backward(f));
    ct_list nodes = ct_nodes(f);
    ck_assert_int_eq(nodes.n, FORMULA_NODES);
    for (int i = 0; i < FORMULA_NODES; i++) {
        ck_assert_str_eq(ct_label_of(nodes.items[i]), formula_nodes[i].label);
        check_close(formula_nodes[i].label, ct_item(nodes.items[i]), formula_nodes[i].value);
        check_close(formula_nodes[i].label, ct_item(ct_gradient(nodes.items[i])), formula_nodes[i].gradient);
    }
    ck_assert_str_eq(ct_place_of(f), "model.c:1, column 54");
    ck_assert(ct_end(s));
}
END_TEST

/* What is given keeps its label, and what has one gets no other. */
START_TEST(labels_are_kept) {
    ct_scope s = ct_begin();
    ct_tensor *t[7];
    ct_tensor *f = ct_eval("a = x; b = a*y; c = b; c", make_names(t));
    ck_assert_str_eq(ct_label_of(t[0]), "x");
    ck_assert_str_eq(ct_label_of(f), "b");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(one_formula_several_times) {
    ct_scope s = ct_begin();
    ct_formula *f = ct_formula_parse("test", CT_HERE, "x*y + grad(y) + x");
    ck_assert_int_eq(ct_formula_names(f), 3);
    ck_assert_str_eq(ct_formula_name(f, 0), "x");
    ck_assert_str_eq(ct_formula_name(f, 2), "y");
    ck_assert(!ct_formula_name_is_gradient(f, 1) && ct_formula_name_is_gradient(f, 2));
    for (int i = 0; i < 3; i++) {
        ct_tensor *given[] = {ct_scalar(i), ct_scalar(5), ct_scalar(100)};
        check_close("x*y + grad(y) + x", ct_item(ct_formula_eval(CT_HERE, f, given)), 6 * i + 100);
    }
    ct_formula_free(f);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(numbers_take_the_dtype_of_names) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_full(CT_F32, CT_SCALAR, 0.1)), "x");
    ck_assert_int_eq(ct_dtype_of(ct_eval("2*x + 1", CT_LIST(x))), CT_F32);
    ck_assert_int_eq(ct_dtype_of(ct_eval("2 + 1", CT_LIST(x))), CT_F64);
    ck_assert(ct_end(s));
}
END_TEST

/* Wherever the decimal point is a comma, numbers are read as everywhere. */
START_TEST(any_locale) {
    const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
    for (int i = 0; i < 4 && !setlocale(LC_ALL, names[i]); i++) {
    }
    ct_scope s = ct_begin();
    check_close("1.5", ct_item(ct_eval("1.5", (ct_list){0, NULL})), 1.5);
    ck_assert(ct_end(s));
    setlocale(LC_ALL, "C");
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text, *message; /* how the error begins, behind the function's name */
} wrong[] = {
    {"", "expected a number, a name, '(' or '[' in column 1: the formula ends"},
    {"  ", "expected a number, a name, '(' or '[' in column 3: the formula ends"},
    {"x +", "expected a number, a name, '(' or '[' in column 4: the formula ends"},
    {"x + * y", "expected a number, a name, '(' or '[' in column 5: found '*'"},
    {"(x + y", "expected an operator or ')' in column 7: the formula ends"},
    {"x + y)", "expected an operator, ';' or the end in column 6: found ')'"},
    {"2x", "expected an operator, ';' or the end in column 2: found 'x'; products are written a*b, calls f(a)"},
    {"W[", "expected a whole number or ':' in column 3: the formula ends"},
    {"W[0", "expected ':', ',' or ']' in column 4: the formula ends"},
    {"W[x]", "expected a whole number or ':' in column 3: found 'x'"},
    {"W[1:2:3:4]", "expected ':', ',' or ']' in column 8: found ':'"},
    {"W[0,0,0,0,0,0,0,0,0]", "expected ']', there being enough subscripts, in column 19: found '0'"},
    {"ln(x)", "unknown function 'ln' in column 1: did you mean 'log'?"},
    {"sum(x, dim=0)", "unknown argument of sum() 'dim' in column 8: did you mean 'axis'?"},
    {"λ x", "expected an operator, ';' or the end in column 3: found 'x'"},
    {"x < y < z", "expected one comparison only in column 7: found '<'"},
    {"1 + simgoid(x)", "unknown function 'simgoid' in column 5: did you mean 'sigmoid'?"},
    {"1 + simgoid", "unknown name 'simgoid' in column 5: did you mean 'sigmoid'?"},
    {"λλ = 1; λλ + xx", "unknown name 'xx' in column 14: did you mean 'x'?"},
    {"q", "unknown name 'q' in column 1"},
    {"x + relu", "unknown name 'relu' in column 5: relu() is a function"},
    {"ct_summ(x)", "unknown function 'ct_summ' in column 1: did you mean 'sum'?"},
    {"x $ y", "unexpected '$' in column 3"},
    {"x \x01", "unexpected byte 0x1 in column 3"},
    {"\"x", "the '\"' is not closed in column 1"},
    {"[1, 2", "expected ',' or ']' in column 6: the formula ends"},
    {"[1 2]", "expected ',' or ']' in column 4: found '2'"},
    {"[[1, 2], [3]]", "this row is not as long as the first one, or not as deep, in column 10"},
    {"[1, [2]]", "this row is not as long as the first one, or not as deep, in column 5"},
    {"[[[[[[[[[1]]]]]]]]]", "more than 8 axes of a constant in column 1"},
    {"sum(x, axi=0)", "unknown argument of sum() 'axi' in column 8: did you mean 'axis'?"},
    {"sum(x, axis=1.5)", "expected a whole number of at most 2147483647 in column 13"},
    {"sum(x, axis=y)", "expected a whole number for 'axis' in column 13: found 'y'"},
    {"sum(x, axis=[0 1])", "expected ',' or ']' in column 16: found '1'"},
    {"sum(x, axis=[0,1,2,3,4,5,6,7,8])", "expected ']', there being enough numbers, in column 30: found '8'"},
    {"sum(x, 0, true, 4)", "expected ')', no more arguments, in column 17: sum(x, axis=, keep=)"},
    {"sum(axis=0, x)", "expected NAME= as of the argument before in column 13"},
    {"sum(x, axis=0, axis=1)", "a second 'axis' in column 16"},
    {"sum()", "sum() lacks 'x' in column 1: sum(x, axis=, keep=)"},
    {"clamp(x, 1)", "clamp() lacks 'high' in column 1: clamp(x, low, high)"},
    {"clamp(x, y, 1)", "expected a number for 'low' in column 10: found 'y'"},
    {"cast(x, f33)", "unknown choice 'f33' in column 9: did you mean 'f32'?"},
    {"sum(x, keep=maybe)", "expected one of false, true in column 13: found 'maybe'"},
    {"mse_loss(x, y, 3)", "expected one of mean, sum, none, batch_mean in column 16: found '3'"},
    {"concat(x, 0)", "expected '[' in column 8: found 'x'"},
    {"einsum(ij, [x])", "expected a text in \"quotes\" in column 8: found 'ij'"},
    {"pi = 3", "'pi' is a constant: another name is expected in column 1"},
    {"x = ", "expected a number, a name, '(' or '[' in column 5: the formula ends"},
    {"grad(x)", "grad(x), a gradient, is for claims only, in column 1"},
    {"grad(2)", "expected a name in column 6: found '2'"},
    {";", "expected a number, a name, '(' or '[' in column 1: found ';'"},
};

START_TEST(errors) {
    ct_scope s = ct_begin();
    ct_tensor *t[7];
    ck_assert(!ct_eval_at("model.c:1", wrong[_i].text, make_names(t)));
    ck_assert_int_eq(ct_error_status(), CT_ERR_FORMULA);
    const char *error = ct_error() + strlen("ct_eval: ");
    ck_assert_msg(!strncmp(error, wrong[_i].message, strlen(wrong[_i].message)), "%s: %s", wrong[_i].text, error);
    ck_assert(!ct_end(s));
}
END_TEST

START_TEST(a_caret_points_at_the_place) {
    ct_scope s = ct_begin();
    ck_assert(!ct_eval_at("model.c:1", "λ = 1; λ + q", (ct_list){0, NULL}));
    ck_assert_str_eq(ct_error(), "ct_eval: unknown name 'q' in column 12 (model.c:1)\n"
                                 "    λ = 1; λ + q\n"
                                 "               ^");
    ck_assert(!ct_end(s));
}
END_TEST

/* What an operation refuses says where in the formula that is. */
START_TEST(errors_of_operations) {
    ct_scope s = ct_begin();
    ct_tensor *t[7];
    ck_assert(!ct_eval_at("model.c:1", "1 + W @ W", make_names(t)));
    ck_assert_str_eq(ct_error(), "ct_matmul: W(2,3) @ W(2,3): inner dimensions 3 and 2 differ (model.c:1, column 7)");
    ck_assert(!ct_end(s));
    ck_assert(!ct_eval("1", (ct_list){0, NULL})); /* no scope */
    ct_error_clear();
    s = ct_begin();
    ck_assert(!ct_eval(NULL, (ct_list){0, NULL}));
    ck_assert(!ct_end(s));
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------------------------- */

/* `open` so often, then "1", then `close` so often. */
static bool evaluates(const char *open, const char *close, int times) {
    static char text[1 << 20];
    char *end = text;
    for (int i = 0; i < times; i++) end = stpcpy(end, open);
    end = stpcpy(end, "1");
    for (int i = 0; i < times; i++) end = stpcpy(end, close);
    ct_scope s = ct_begin();
    bool ok = ct_eval(text, (ct_list){0, NULL}) != NULL;
    ck_assert(ct_end(s) == ok);
    return ok;
}

START_TEST(limits) {
    ck_assert(evaluates("(", ")", 99));
    ck_assert(!evaluates("(", ")", 100) && strstr(ct_error(), "more than 100 levels of nesting in column 101"));
    ck_assert(!evaluates("relu(", ")", 20000));
    ck_assert(!evaluates("[", "]", 20000));
    ck_assert(!evaluates("-", "", 20000));
    ck_assert(!evaluates("2^", "", 20000));
    ck_assert(evaluates("1+", "", 20000)); /* long, but not deep */
    ck_assert(evaluates("", "'", 2000));
    ck_assert(!evaluates("1+", "", 200000) && strstr(ct_error(), "more than 262144 bytes"));
    ck_assert(evaluates("a=1;", "", 999));
    ck_assert(!evaluates("a=1;", "", 1001) && strstr(ct_error(), "more than 1000 statements"));
}
END_TEST

START_TEST(memory_is_bounded) {
    static const char *const greedy[] = {"broadcast(1, [100000, 100000])",
                                         "outer(broadcast(1, 100000), broadcast(1, 100000))",
                                         "one_hot(cast([1], i64), 9007199254740992)", "tile([1], 4000000000)"};
    for (size_t i = 0; i < sizeof greedy / sizeof *greedy; i++) {
        ct_scope s = ct_begin();
        ck_assert_msg(!ct_eval(greedy[i], (ct_list){0, NULL}), "%s", greedy[i]);
        ck_assert_msg(ct_error_status() == CT_ERR_LIMIT, "%s: %s", greedy[i], ct_error());
        ck_assert(!ct_end(s));
    }
    ct_scope s = ct_begin(); /* the limit ends with the formula */
    ck_assert(ct_this.limit == 0 && ct_zeros(CT_F64, CT_SHAPE(10)));
    ct_this.limit = (size_t)1 << 20; /* of all together */
    ct_this.spent = 0;
    ck_assert_ptr_nonnull(ct_eval("broadcast(1, 50000)", (ct_list){0, NULL}));
    ck_assert_ptr_null(ct_eval("a = broadcast(1, 50000); a + a", (ct_list){0, NULL}));
    ck_assert_int_eq(ct_error_status(), CT_ERR_LIMIT);
    ct_this.limit = 0;
    ct_error_clear();
    ck_assert(ct_end(s));
}
END_TEST

static void evaluate_all(void) {
    for (size_t i = 0; i < sizeof right / sizeof *right; i += 7) {
        ct_scope s = ct_begin();
        ct_tensor *t[7];
        ct_tensor *f = ct_eval(right[i].text, make_names(t));
        ck_assert(ct_end(s) == (f != NULL));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i += 3) {
        ct_scope s = ct_begin();
        ck_assert(!ct_eval(wrong[i].text, (ct_list){0, NULL}));
        ck_assert(!ct_end(s));
    }
}

START_TEST(every_allocation_fails_in_turn) {
    ck_assert_int_gt(support_fail_each(support_fail_allocation, evaluate_all), 50);
}
END_TEST

/* The text in a call's quotes is kept in the scope: without a scope or memory for it the error says that. */
START_TEST(texts_need_a_place) {
    char text[100000];
    snprintf(text, sizeof text, "einsum(\"i->%*s\", [x])", (int)sizeof text - 32, "");
    ct_tensor *x = ct_parameter(CT_F64, CT_SHAPE(2), "x"), *f = NULL;
    ck_assert_ptr_null(ct_eval(text, CT_LIST(x)));
    ck_assert_int_eq(ct_error_status(), CT_ERR_SCOPE);
    ct_error_clear();
    ct_free(x);
    for (int64_t k = 0; !f; k++) {
        ct_release_memory();
        support_fail_allocation(-1);
        x = ct_parameter(CT_F64, CT_SHAPE(2), "x");
        support_fail_allocations_from(k);
        ct_scope s = ct_begin();
        f = ct_eval(text, CT_LIST(x));
        ck_assert(ct_end(s) == (f != NULL));
        if (!f) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
        ct_error_clear();
        ct_free(x);
    }
    support_restore_allocator();
}
END_TEST

/* ---- the nearest word --------------------------------------------------------------------------------------- */

START_TEST(nearest_words) {
    static const char *const known[] = {"sigmoid", NULL, "sum", "softmax", "lr", "momentum", "tan", "tanh", "cos", "cosh"};
    enum { KNOWN = sizeof known / sizeof *known };
    static const char *const asked[][2] = {{"simgoid", "sigmoid"}, {"sgmoid", "sigmoid"},
                                           {"SUM", "sum"},         {"sun", "sum"},
                                           {"softmx", "softmax"},  {"rl", "lr"},
                                           {"Lr", "lr"},           {"momentun", "momentum"},
                                           {"quite", NULL},        {"", NULL},
                                           {"tahn", "tanh"},       {"coss", "cos"},
                                           {"zzzzzz", NULL}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        ck_assert_pstr_eq(ct_nearest(asked[i][0], KNOWN, known), asked[i][1]);
    ck_assert_ptr_null(ct_nearest("sum", 0, NULL));
    ck_assert_ptr_null(ct_nearest(NULL, KNOWN, known));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("expression");
    TCase *c = tcase_create("formulas");
    tcase_add_loop_test(c, values, 0, sizeof right / sizeof *right);
    tcase_add_loop_test(c, printing, 0, sizeof right / sizeof *right);
    tcase_add_test(c, gradients_and_labels);
    tcase_add_test(c, labels_are_kept);
    tcase_add_test(c, one_formula_several_times);
    tcase_add_test(c, numbers_take_the_dtype_of_names);
    tcase_add_test(c, any_locale);
    suite_add_tcase(suite, c);
    c = tcase_create("refusals");
    tcase_add_loop_test(c, errors, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(c, a_caret_points_at_the_place);
    tcase_add_test(c, errors_of_operations);
    tcase_add_test(c, limits);
    tcase_add_test(c, memory_is_bounded);
    tcase_add_test(c, every_allocation_fails_in_turn);
    tcase_add_test(c, texts_need_a_place);
    tcase_add_test(c, nearest_words);
    suite_add_tcase(suite, c);
    return suite;
}
