/* Formulas claimed of gradients are tested as identities: at other points, with counterexamples. */
#include "inspect/internal.h"
#include "support/claims.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* f of x (and y = 0.5), what is claimed about x, and what becomes of it. */
static const struct identity {
    const char *f;
    double x;
    const char *claim;
    ct_claim_verdict verdict;
} identities[] = {
    {"x^2", 2, "2*x", CT_CLAIM_RIGHT},
    {"x^2", 2, "4", CT_CLAIM_ONLY_HERE},
    {"x^2", 2, "x + 2", CT_CLAIM_ONLY_HERE},
    {"x^2", 2, "x^2", CT_CLAIM_ONLY_HERE},
    {"x^2", 2, "2*x*(1 + 1e-6)", CT_CLAIM_LOCAL},
    {"x^2", 2, "2*x*(1 + 1e-10)", CT_CLAIM_LOCAL},
    {"x^2", 2, "2*x + (x - 2)*1e-7", CT_CLAIM_ONLY_HERE},
    {"x*y", 0.5, "x", CT_CLAIM_ONLY_HERE}, /* y has the same value */
    {"x*y", 0.5, "y", CT_CLAIM_RIGHT},
    {"abs(x)", 3, "1", CT_CLAIM_ONLY_HERE}, /* wrong for negative x only */
    {"abs(x)", 3, "sign(x)", CT_CLAIM_RIGHT},
    {"abs(x)", 3, "x / abs(x)", CT_CLAIM_RIGHT},
    {"abs(x)", -3, "sign(x)", CT_CLAIM_RIGHT},
    {"relu(x)", 1, "x > 0", CT_CLAIM_RIGHT},
    {"relu(x)", 1, "1", CT_CLAIM_ONLY_HERE},
    {"relu(x)", 0, "x >= 0", CT_CLAIM_RIGHT}, /* another slope at the kink itself */
    {"relu(x)", 0, "x < 0", CT_CLAIM_ONLY_HERE},
    {"relu(x)", 0, "0.3 + 0.4*(x > 0)", CT_CLAIM_LOCAL},
    {"relu(x)", 0, "-1", CT_CLAIM_LOCAL},
    {"leaky_relu(x, 0.1)", -2, "(x > 0) - 0.1*(x < 0)", CT_CLAIM_LOCAL},
    {"log(x)", 0.3, "1/x", CT_CLAIM_RIGHT},
    {"log(x)", 0.3, "x/0.09", CT_CLAIM_ONLY_HERE},
    {"sqrt(x)", 4, "1/(2*sqrt(x))", CT_CLAIM_RIGHT},
    {"sqrt(x)", 4, "1/x", CT_CLAIM_ONLY_HERE},
    {"asin(x)", 0.99, "1/sqrt(1 - x^2)", CT_CLAIM_RIGHT},
    {"log(1 - x) + log(x)", 0.999, "1/x - 1/(1 - x)", CT_CLAIM_RIGHT},
    {"sqrt(x - 1e3) * log(1e3 + 1 - x)", 1000.5,
     "log(1001 - x)/(2*sqrt(x - 1000)) - sqrt(x - 1000)/(1001 - x)", CT_CLAIM_RIGHT},
    {"tanh(x)", 0.2, "1 - tanh(x)^2", CT_CLAIM_RIGHT},
    {"tanh(x)", 0.2, "1/cosh(x)^2", CT_CLAIM_RIGHT},
    {"tanh(x)", 25, "1/cosh(x)^2", CT_CLAIM_RIGHT}, /* where 1 - tanh(x)^2 has no digits left */
    {"tanh(x)", 0.2, "1 - tanh(x)", CT_CLAIM_LOCAL},
    {"sigmoid(x)", 30, "sigmoid(x)*(1 - sigmoid(x))", CT_CLAIM_RIGHT},
    {"sigmoid(x)", 1, "sigmoid(x)", CT_CLAIM_LOCAL},
    {"log(1 + exp(x))", 40, "1/(1 + exp(-x))", CT_CLAIM_RIGHT},
    {"exp(x)", 300, "exp(x)", CT_CLAIM_RIGHT},
    {"exp(-x^2)", 20, "-2*x*exp(-x^2)", CT_CLAIM_RIGHT},
    {"sin(x)", 1e5, "cos(x)", CT_CLAIM_RIGHT},
    {"sin(x)", 0, "1", CT_CLAIM_ONLY_HERE},
    {"(x - 1)*(x + 1)", 1e-3, "2*x", CT_CLAIM_RIGHT},
    {"(x + 1e8) - 1e8", 1, "1", CT_CLAIM_RIGHT},
    {"x*1e-200", 1, "1e-200", CT_CLAIM_RIGHT},
    {"x*1e-200", 1, "1.001e-200", CT_CLAIM_LOCAL},
    {"x*1e200", 1, "1e200", CT_CLAIM_RIGHT},
    {"x^2*1e-300", 1e-5, "2e-300*x", CT_CLAIM_RIGHT},
    {"detach(x)*x", 3, "x", CT_CLAIM_RIGHT}, /* the library's answer, not that of x^2 */
    {"detach(x)*x", 3, "2*x", CT_CLAIM_LOCAL},
    {"y*detach(x)", 3, "0", CT_CLAIM_RIGHT},
    {"y*detach(x)", 3, "y", CT_CLAIM_LOCAL},
    {"x*y", 1, "0/0", CT_CLAIM_LOCAL},
    {"x*y", 1, "1/0", CT_CLAIM_LOCAL},
    {"0*sqrt(x)", 0, "0", CT_CLAIM_RIGHT}, /* NaN here, 0 elsewhere */
    {"p = x*y; q = x + y; p*q", 1.5, "grad(p)*y + grad(q)", CT_CLAIM_RIGHT},
    {"p = x*y; q = x + y; p*q", 1.5, "grad(p)*y", CT_CLAIM_LOCAL}, /* one of two uses */
    {"p = x*y; q = x + y; p*q", 1.5, "grad(p)*x + grad(q)", CT_CLAIM_LOCAL},
    {"p = x*y; tanh(p)", 1.5, "y*(1 - tanh(p)^2)", CT_CLAIM_RIGHT},
    {"clamp(x, -1e9, 100)", 1, "1", CT_CLAIM_ONLY_HERE}, /* wrong only far away */
    {"clamp(x, -100, 1e9)", 1, "1", CT_CLAIM_ONLY_HERE},
    {"clamp(x, 1e-2, 1e9)", 1, "x > 0", CT_CLAIM_ONLY_HERE},
    {"clamp(x, -1e9, 100)", 1, "(x >= -1e9)*(x <= 100)", CT_CLAIM_RIGHT},
    {"softplus(x)", 1, "exp(x)/(1 + exp(x))", CT_CLAIM_RIGHT}, /* NaN where exp(x) is too large */
    {"softplus(-x)", 1, "sigmoid(x) - 1", CT_CLAIM_RIGHT},      /* no digits left where x is large */
    {"logsigmoid(x)", 1, "1 - sigmoid(x)", CT_CLAIM_RIGHT},
    {"log(1 + exp(x))", 1, "1 - 1/(1 + exp(x))", CT_CLAIM_RIGHT},
    {"log(cosh(x))", 1, "(exp(x) - exp(-x))/(exp(x) + exp(-x))", CT_CLAIM_RIGHT},
    {"atan(x)", 2, "1/(1 + x^2)", CT_CLAIM_RIGHT},
    {"log1p(x)", 2, "1/(1 + x)", CT_CLAIM_RIGHT},
    {"sqrt(1 + x^2)", 2, "x/sqrt(1 + x^2)", CT_CLAIM_RIGHT},
    {"x/(1 + abs(x))", 2, "1/(1 + abs(x))^2", CT_CLAIM_RIGHT},
    {"x/(1 + x^2)", 2, "(1 - x^2)/(1 + x^2)^2", CT_CLAIM_RIGHT},
    {"x/(1 + x^2)", 2, "1/(1 + x^2) - 2*x^2/(1 + x^2)^2", CT_CLAIM_RIGHT},
    {"x*sigmoid(x)", 1, "sigmoid(x)*(1 + x*(1 - sigmoid(x)))", CT_CLAIM_RIGHT},
    {"x*sigmoid(x)", 1, "sigmoid(x) + x*sigmoid(x) - x*sigmoid(x)^2", CT_CLAIM_RIGHT},
    {"(x - y)^2", 1, "2*x - 2*y", CT_CLAIM_RIGHT},
    {"x^3 - 3*x", 1, "3*(x - 1)*(x + 1)", CT_CLAIM_RIGHT},
    {"expm1(x)/x", 1, "(x*exp(x) - expm1(x))/x^2", CT_CLAIM_RIGHT},
    {"sin(x)/x", 1, "(x*cos(x) - sin(x))/x^2", CT_CLAIM_RIGHT},
    {"(1 - cos(x))/x", 1, "(x*sin(x) - 1 + cos(x))/x^2", CT_CLAIM_RIGHT},
    {"erf(x)", 1, "2/sqrt(3.14159265358979323846)*exp(-x^2)", CT_CLAIM_RIGHT},
    {"log(x)", 2, "exp(-log(x))", CT_CLAIM_RIGHT},
    {"x^3", 2, "3*exp(2*log(x))", CT_CLAIM_ONLY_HERE}, /* has no value for negative x */
    {"x^2", 2, "2*sqrt(x)^2", CT_CLAIM_ONLY_HERE},
    {"exp(-x)", 1, "-exp(-3*x)/exp(-2*x)", CT_CLAIM_RIGHT}, /* 0/0 where x is large */
    {"x^2", 2, "2*x^2/x", CT_CLAIM_RIGHT},
};

START_TEST(identities_hold_everywhere) {
    const struct identity *row = &identities[_i];
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(row->x, "x"), *y = ct_var(0.5, "y"), *f = ct_eval(row->f, CT_LIST(x, y));
    ct_claim_grad(x, row->claim);
    ct_verification v = ct_verify(f);
    const ct_claim_result *r = ct_claim_of(x);
    ck_assert_msg(r->verdict == row->verdict, "%s at %g, claimed %s: %s\n%s%s", row->f, row->x, row->claim,
                  ct_claim_verdict_name(r->verdict), report_of(&v), ct_error());
    bool example = r->counterexample && strstr(r->counterexample, "x = ") && strstr(r->counterexample, "0x");
    ck_assert(example || row->verdict != CT_CLAIM_ONLY_HERE);
    ck_assert_int_ge(r->points, row->verdict == CT_CLAIM_RIGHT ? 2 : 0);
    ck_assert(ct_end(s));
}
END_TEST

/* What a counterexample says can be typed in again, and is wrong there too. */
START_TEST(counterexamples_are_exact) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.7, "x"), *f = ct_label(ct_mul(x, ct_abs(x)), "f");
    ct_claim_grad(x, "2*x");
    ck_assert_int_eq(ct_verify(f).verdict, CT_FAIL);
    double at_x, claimed, computed;
    ck_assert_int_eq(sscanf(ct_claim_of(x)->counterexample, "x = %la (%*[^)]): claimed %la (%*[^)]), computed %la",
                            &at_x, &claimed, &computed), 3);
    ck_assert_double_lt(at_x, 0);
    ck_assert_double_eq(claimed, 2 * at_x);
    ck_assert_double_eq(computed, -2 * at_x);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(points_as_asked) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.7, "x"), *f = ct_square(x);
    ct_claim_grad(x, "1.4");
    ck_assert_int_eq(ct_verify_with(f, &(ct_verify_options){.points = CT_ZERO}).verdict, CT_PASS);
    ck_assert_int_eq(ct_claim_of(x)->points, 0);
    ck_assert_int_eq(ct_verify_with(f, &(ct_verify_options){.points = 1}).verdict, CT_FAIL);
    ct_claim_grad(x, "2*x");
    ck_assert_int_eq(ct_verify_with(f, &(ct_verify_options){.points = 100}).verdict, CT_PASS);
    ck_assert_int_eq(ct_claim_of(x)->points, 100);
    ck_assert(ct_end(s));
}
END_TEST

/* One-hot labels are a part of the problem; other constants with a label are drawn, and those without are not. */
START_TEST(constants) {
    ct_scope s = ct_begin();
    ct_tensor *y = ct_label(ct_from(CT_F64, CT_SHAPE(2, 3), (double[]){0, 1, 0, 1, 0, 0}), "y");
    ct_tensor *z = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(2, 3), -1, 1)), "z");
    ct_tensor *f = ct_neg(ct_mean(ct_sum(ct_mul(y, ct_log_softmax(z, 1)), CT_AXES(1)), CT_ALL));
    ct_claim_grad(z, "(softmax(z, 1) - y)/2");
    ct_verification v = ct_verify(f);
    ck_assert_msg(v.verdict == CT_PASS, "%s", report_of(&v));
    ct_tensor *c = ct_label(ct_scalar(3), "c"), *x = ct_var(2, "x"), *g = ct_mul(ct_mul(c, ct_scalar(0.25)), x);
    ct_claim_grad(z, NULL);
    ct_claim_grad(x, "c/4");
    ck_assert_int_eq(ct_verify(g).verdict, CT_PASS);
    ct_claim_grad(x, "3/4");
    ck_assert_int_eq(ct_verify(g).verdict, CT_FAIL);
    check_verdict(&v, x, CT_CLAIM_ONLY_HERE);
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("claims as identities");
    TCase *c = tcase_create("identities");
    tcase_add_loop_test(c, identities_hold_everywhere, 0, sizeof identities / sizeof *identities);
    tcase_add_test(c, counterexamples_are_exact);
    tcase_add_test(c, points_as_asked);
    tcase_add_test(c, constants);
    suite_add_tcase(suite, c);
    return suite;
}
