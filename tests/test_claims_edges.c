/* Claims that might slip through, names, places and misuse. */
#include "inspect/internal.h"
#include "support/claims.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what might slip through ------------------------------------------------------------------------------------ */

static ct_claim_verdict verdict_of(ct_tensor *f, const ct_tensor *t) {
    ct_verification v = ct_verify(f);
    ck_assert_msg(v.n > 0, "%s", ct_error());
    return ct_claim_of(t)->verdict;
}

/* f = sum of sin(x) over n elements; the claim is cos(x), spoilt. */
typedef void spoil(int64_t n, const double *x, double *claim);
static void leave(int64_t n, const double *x, double *claim) { (void)n, (void)x, (void)claim; }
static void one_by_little(int64_t n, const double *x, double *claim) { (void)x, claim[n / 3] *= 1 + 1e-6; }
static void one_by_less(int64_t n, const double *x, double *claim) { (void)x, claim[n - 1] *= 1 + 1e-10; }
static void one_nan(int64_t n, const double *x, double *claim) { (void)x, claim[n - 1] = NAN; }
static void one_infinite(int64_t n, const double *x, double *claim) { (void)x, claim[0] = n > 0 ? INFINITY : 0; }
static void swapped(int64_t n, const double *x, double *claim) {
    (void)n, (void)x;
    double first = claim[0];
    claim[0] = claim[1];
    claim[1] = first;
}
static void negative(int64_t n, const double *x, double *claim) {
    for (int64_t i = 0; i < n; i++) claim[i] *= x[i] < 0 ? 1 + 1e-9 : 1;
}
static void averaged(int64_t n, const double *x, double *claim) {
    double sum = 0;
    (void)x;
    for (int64_t i = 0; i < n; i++) sum += claim[i];
    for (int64_t i = 0; i < n; i++) claim[i] = sum / (double)n;
}
static void shifted(int64_t n, const double *x, double *claim) {
    (void)x;
    for (int64_t i = 0; i < n; i++) claim[i] += i % 2 ? 1e-9 : -1e-9;
}
static void all_nan(int64_t n, const double *x, double *claim) {
    (void)x;
    for (int64_t i = 0; i < n; i++) claim[i] = NAN;
}
static void all_zero(int64_t n, const double *x, double *claim) {
    (void)x;
    memset(claim, 0, (size_t)n * sizeof *claim);
}

static const struct spoilt {
    spoil *spoil;
    ct_claim_verdict verdict;
    int64_t wrong; /* elements; -1: not compared */
} spoilt[] = {
    {leave, CT_CLAIM_RIGHT, 0},        {one_by_little, CT_CLAIM_LOCAL, 1}, {one_by_less, CT_CLAIM_LOCAL, 1},
    {one_nan, CT_CLAIM_LOCAL, 1},      {one_infinite, CT_CLAIM_LOCAL, 1},  {swapped, CT_CLAIM_LOCAL, 2},
    {negative, CT_CLAIM_LOCAL, -1},    {averaged, CT_CLAIM_LOCAL, -1},     {shifted, CT_CLAIM_LOCAL, 30000},
    {all_nan, CT_CLAIM_LOCAL, 30000},  {all_zero, CT_CLAIM_LOCAL, 30000},
};

START_TEST(one_element_of_many) {
    const struct spoilt *row = &spoilt[_i];
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(100, 300), -3, 3)), "x");
    ct_tensor *f = ct_sum(ct_sin(x), CT_ALL), *c = ct_cos(x);
    row->spoil(ct_size(x), ct_data(x), (double *)ct_data(c));
    ct_claim_grad_tensor(x, c);
    ck_assert_int_eq(verdict_of(f, x), row->verdict);
    if (row->wrong >= 0) ck_assert_int_eq(ct_claim_of(x)->wrong, row->wrong);
    if (row->spoil == one_by_little) {
        ck_assert_int_eq(ct_claim_of(x)->index, 10000);
        ck_assert_double_eq_tol(ct_claim_of(x)->relative, 1e-6, 1e-12);
        ck_assert_double_eq_tol(ct_claim_of(x)->ulp * 0x1p-52, 1e-6, 1e-6);
    }
    ck_assert(ct_end(s));
}
END_TEST

/* A small element beside a large one, in single precision. */
START_TEST(small_beside_large) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F32, CT_SHAPE(2), (float[]){1, 1}));
    ct_tensor *f = ct_sum(ct_mul(x, ct_from(CT_F32, CT_SHAPE(2), (float[]){1, 1e-9f})), CT_ALL);
    ct_claim_grad_array(x, CT_F32, (float[]){1, 1e-9f});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_RIGHT);
    ct_claim_grad_array(x, CT_F32, (float[]){1, 2e-9f});
    ck_assert_int_ne(verdict_of(f, x), CT_CLAIM_RIGHT);
    ct_claim_grad_array(x, CT_F32, (float[]){1, 1e-6f});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ct_claim_grad_array(x, CT_F32, (float[]){1.0001f, 1e-9f});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ck_assert(ct_end(s));
}
END_TEST

/* The same in double precision: f = x0 + 1e-16 x1, where both matter alike. */
START_TEST(small_beside_large_in_double) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2), (double[]){1, 1e16}));
    ct_tensor *f = ct_sum(ct_mul(x, ct_from(CT_F64, CT_SHAPE(2), (double[]){1, 1e-16})), CT_ALL);
    ct_claim_grad_array(x, CT_F64, (double[]){1, 1e-16});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_RIGHT);
    ct_claim_grad_array(x, CT_F64, (double[]){1, 5e-16});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_UNDECIDED);
    ct_claim_grad_array(x, CT_F64, (double[]){1, 0});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_UNDECIDED);
    ct_claim_grad_array(x, CT_F64, (double[]){1, 1e-14});
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ct_tensor *z = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(4, 5), -1, 1)); /* rounding explains it */
    ct_tensor *g = ct_sum(ct_mul(ct_softmax(z, 1), ct_uniform(CT_F64, CT_SHAPE(4, 5), -1, 1)), CT_ALL);
    ct_tensor *c = ct_grad(g, z);
    double claim[20];
    memcpy(claim, ct_data(c), sizeof claim);
    for (int i = 0; i < 20; i++) claim[i] += i % 2 ? 1e-17 : -1e-17;
    ct_claim_grad(x, NULL);
    ct_claim_grad_array(z, CT_F64, claim);
    ck_assert_int_eq(verdict_of(g, z), CT_CLAIM_RIGHT);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(zero_and_no_number) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0, "x"), *y = ct_var(2, "y"), *f = ct_add(ct_mul(ct_sqrt(x), ct_scalar(0)), y);
    ct_claim_grad_value(x, 0); /* 0/0 by the rules */
    ct_verification v = ct_verify(f);
    ck_assert_int_eq(v.verdict, CT_INCONCLUSIVE);
    check_verdict(&v, x, CT_CLAIM_UNDECIDED);
    ck_assert_ptr_nonnull(strstr(ct_claim_of(x)->reason, "not finite"));
    ct_claim_grad_value(y, 0);
    v = ct_verify(f);
    ck_assert_int_eq(v.verdict, CT_FAIL);
    check_verdict(&v, y, CT_CLAIM_LOCAL);
    ck_assert_str_eq(ct_claim_of(y)->hint, "it is zero");
    ct_tensor *none = ct_relu(ct_sub(y, ct_scalar(10)));
    ct_claim_grad(x, NULL);
    ct_claim_grad_value(y, 0);
    ck_assert_int_eq(ct_verify(none).verdict, CT_PASS);
    ct_claim_grad_value(y, 1e-300);
    ck_assert_int_eq(ct_verify(none).verdict, CT_FAIL);
    ck_assert(ct_end(s));
}
END_TEST

/* A sum over a softmax does not move: what reverse mode finds is rounding alone. */
START_TEST(rounding_alone) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(3, 4), -1, 1)), "x");
    ct_tensor *f = ct_sum(ct_softmax(x, 1), CT_ALL);
    ct_claim_grad_value(x, 0);
    ck_assert_int_ne(verdict_of(f, x), CT_CLAIM_LOCAL);
    ct_claim_grad_value(x, 1e-10);
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(no_elements) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_zeros(CT_F64, CT_SHAPE(0, 3))), "x"), *y = ct_var(1, "y");
    ct_tensor *f = ct_add(ct_sum(x, CT_ALL), y);
    ct_claim_grad_array(x, CT_F64, NULL);
    ck_assert_int_eq(ct_verify(f).verdict, CT_INCONCLUSIVE);
    ck_assert_int_eq(ct_claim_of(x)->verdict, CT_CLAIM_RIGHT);
    ct_claim_grad(x, "x");
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_RIGHT);
    ct_claim_grad_tensor(x, ct_zeros(CT_F64, CT_SHAPE(3, 0)));
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ct_claim_grad(x, NULL);
    ct_verification v = ct_verify(f);
    ck_assert_int_eq(v.verdict, CT_INCONCLUSIVE);
    ck_assert_str_eq(v.reason, "nothing is claimed");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(what_f_does_not_depend_on) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "x"), *other = ct_var(2, "other"), *f = ct_square(x);
    ct_claim_grad(x, "2*x");
    ct_claim_grad_value(other, 0);
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ct_claim_grad_value(other, 1e-9);
    ck_assert_int_eq(ct_verify(f).verdict, CT_FAIL);
    ck_assert_int_eq(ct_claim_of(other)->verdict, CT_CLAIM_LOCAL);
    ck_assert_ptr_nonnull(strstr(ct_claim_of(other)->reason, "does not depend"));
    ct_claim_grad(other, "2*other"); /* a name that f does not know */
    ck_assert_int_eq(verdict_of(f, other), CT_CLAIM_LOCAL);
    ct_claim_grad(other, "x - 1"); /* zero by accident */
    ck_assert_int_eq(verdict_of(f, other), CT_CLAIM_ONLY_HERE);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(hand_rounded_numbers) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0.7, "x"), *f = ct_exp(x);
    ct_claim_grad_value(x, 2.0138);
    ck_assert_int_eq(ct_verify(f).verdict, CT_FAIL);
    ck_assert_int_eq(ct_verify_with(f, &(ct_verify_options){.relative = 1e-4}).verdict, CT_PASS);
    ck_assert_int_eq(ct_verify_with(f, &(ct_verify_options){.relative = 1e-6}).verdict, CT_FAIL);
    ct_claim_grad(x, "2.0138"); /* a formula has no such excuse */
    ck_assert_int_eq(ct_verify_with(f, &(ct_verify_options){.relative = 1e-4}).verdict, CT_FAIL);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(shapes_that_do_not_fit) {
    ct_scope s = ct_begin();
    ct_tensor *W = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(2, 3), -1, 1)), "W");
    ct_tensor *b = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(3), -1, 1)), "b");
    ct_tensor *x = ct_label(ct_uniform(CT_F64, CT_SHAPE(4, 2), -1, 1), "x");
    ct_tensor *z = ct_label(ct_add(ct_matmul(x, W), b), "z"), *f = ct_sum(ct_square(z), CT_ALL);
    ct_claim_grad(W, "2 * z' @ x");
    ct_claim_grad(b, "2 * z");
    ct_claim_grad(x, "z");
    ct_verification v = ct_verify(f);
    ck_assert_int_eq(v.verdict, CT_FAIL);
    check_verdict(&v, W, CT_CLAIM_LOCAL);
    ck_assert_str_eq(ct_claim_of(W)->hint, "it is transposed");
    ck_assert_str_eq(ct_claim_of(b)->hint, "the sum over the axes that broadcasting repeats is missing");
    ck_assert_str_eq(ct_claim_of(x)->hint, "it has the shape (4,3) instead of (4,2)");
    ck_assert_ptr_nonnull(strstr(report_of(&v), "it looks as if it is transposed"));
    ck_assert(ct_end(s));
}
END_TEST

/* z = x + b, u = sum b, f = sum tanh z + u, where b (3) is added to the rows of x (4, 3): claims about b. */
START_TEST(hints) {
    static const struct {
        const char *claim, *hint;
    } rows[] = {
        {"sum(grad(z), axis=0)", "it is the part through z alone: another use is forgotten"},
        {"reshape(slice(grad(z), 0, 1, 2, 1), [3])",
         "it is one row alone: the sum over the axes that broadcasting repeats is missing"},
        {"sum(grad(z), axis=0) + 2", NULL},
        {"-(sum(grad(z), axis=0) + 1)", "its sign is wrong"},
        {"3*(sum(grad(z), axis=0) + 1)", "it is 3 times what it should be: a 1/n is missing"},
        {"(sum(grad(z), axis=0) + 1)/4", "it is 1/4 of what it should be: a 1/n too many"},
        {"0.9*(sum(grad(z), axis=0) + 1)", "it is 0.9 times what it should be"},
        {"0", "it is zero"},
        {"log(-1)*b", "it is not finite"},
        {"b/b", "it is the part through u alone: another use is forgotten"},
        {"grad(z)", "it has the shape (4,3) instead of (3)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ct_scope s = ct_begin();
        ct_seed(3);
        ct_tensor *x = ct_label(ct_uniform(CT_F64, CT_SHAPE(4, 3), -1, 1), "x");
        ct_tensor *b = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(3), -1, 1)), "b");
        ct_tensor *z = ct_label(ct_add(x, b), "z"), *u = ct_label(ct_sum(b, CT_ALL), "u");
        ct_tensor *f = ct_add(ct_sum(ct_tanh(z), CT_ALL), u);
        ct_claim_grad(b, rows[i].claim);
        ct_verification v = ct_verify(f);
        check_verdict(&v, b, CT_CLAIM_LOCAL);
        const char *hint = ct_claim_of(b)->hint;
        ck_assert_msg(rows[i].hint ? hint && !strcmp(hint, rows[i].hint) : !hint, "%s: %s", rows[i].claim, hint);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Of equal elements any claim is some multiple: that tells nothing. */
START_TEST(no_factor_among_equals) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(3))), "x");
    ct_tensor *f = ct_sum(ct_sin(x), CT_ALL);
    ct_claim_grad(x, "1");
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ck_assert_ptr_null(ct_claim_of(x)->hint);
    ct_claim_grad(x, "2*cos(x)");
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_LOCAL);
    ck_assert_str_eq(ct_claim_of(x)->hint, "it is 2 times what it should be");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- names and places ------------------------------------------------------------------------------------------- */

static void check_error(ct_tensor *f, ct_error_code code, const char *part) {
    ct_verification v = ct_verify_at("src/model.c:41", f, NULL);
    ck_assert_int_eq(v.verdict, CT_INCONCLUSIVE);
    ck_assert_int_eq(v.n, 0);
    ck_assert_str_eq(ct_error_name(ct_error_status()), ct_error_name(code));
    ck_assert_msg(strstr(ct_error(), part), "%s", ct_error());
    ck_assert_msg(strstr(report_of(&v), ct_this.depth ? part : "see ct_error()"), "%s", report_of(&v));
    ct_error_clear();
}

START_TEST(names) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *again = ct_label(ct_square(x), "x"), *h = ct_label(ct_sin(again), "h");
    ct_tensor *f = ct_label(ct_exp(h), "f");
    ct_claim_grad(h, "exp(h)");
    ck_assert_int_eq(verdict_of(f, h), CT_CLAIM_RIGHT);
    ct_claim_grad(x, "2*x");
    check_error(f, CT_ERR_ARGUMENT, "'x' is the label of several tensors");
    ct_claim_grad(x, "grad(x)");
    check_error(f, CT_ERR_ARGUMENT, "'x' is the label of several tensors");
    ct_claim_grad(x, "grad(h)*cos(hh)");
    check_error(f, CT_ERR_FORMULA, "did you mean 'h'?");
    ct_label(again, "again");
    ct_claim_grad(x, "grad(again)*2*x");
    ck_assert_int_eq(verdict_of(f, x), CT_CLAIM_RIGHT);
    ct_claim_grad(again, "grad(again)"); /* of itself: would always be right */
    check_error(f, CT_ERR_ARGUMENT, "not nearer to f");
    ct_claim_grad(again, "grad(x)/(2*x)");
    check_error(f, CT_ERR_ARGUMENT, "not nearer to f");
    ck_assert_ptr_null(ct_claim_grad(again, "grad(h)*"));
    ck_assert_ptr_nonnull(strstr(ct_error(), "column 9"));
    ct_verification v = ct_verify(f);
    ck_assert_msg(strstr(report_of(&v), "            ^\n"), "%s", report_of(&v));
    ct_error_clear();
    ck_assert(ct_end(s));
}
END_TEST

static const char *const odd_labels[] = {"0.weight", "a b", "x'",  "x+y", "grad(x)", "θ",
                                         "sum",      "1e3", "x;y", "",    "%s%n"};

START_TEST(odd_labels_in_quotes) {
    char formula[64];
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, odd_labels[_i]), *h = ct_label(ct_square(x), "h"), *f = ct_sin(h);
    snprintf(formula, sizeof formula, "2*\"%s\"*grad(h)", odd_labels[_i]);
    ck_assert_msg(ct_claim_grad(x, formula) != NULL, "%s", ct_error());
    ct_verification v = ct_verify(f);
    ck_assert_msg(v.verdict == CT_PASS, "%s: %s%s", formula, report_of(&v), ct_error());
    ct_claim_grad_value(x, 3);
    v = ct_verify(f);
    ck_assert_ptr_nonnull(strstr(report_of(&v), odd_labels[_i]));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(scopes) {
    ct_tensor *p = ct_parameter(CT_F64, CT_SHAPE(2), "p"), *kept, *out;
    ct_set(p, (double[]){1, 2});
    ck_assert_ptr_null(ct_claim_grad_value(p, 1)); /* no scope is open */
    ck_assert_int_eq(ct_error_status(), CT_ERR_SCOPE);
    ct_error_clear();
    check_error(p, CT_ERR_SCOPE, "no scope is open");
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(3, "x");
    ct_claim_grad(x, "p0");
    ct_claim_grad_value(p, 3);
    {
        ct_scope inner = ct_begin();
        ct_claim_grad(x, "sum(p)"); /* of a tensor around: its claim is replaced for good */
        ct_tensor *f = ct_sum(ct_mul(x, p), CT_ALL), *y = ct_label(ct_exp(x), "y");
        ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
        ct_claim_grad_value(p, 4); /* a parameter's is covered while this scope lasts */
        ct_claim_grad_value(y, 0);
        ct_verification v = ct_verify(f);
        ck_assert_int_eq(v.n, 3);
        check_verdict(&v, p, CT_CLAIM_LOCAL);
        check_verdict(&v, x, CT_CLAIM_RIGHT);
        kept = ct_keep(y);
        ct_claim_grad(kept, "1"); /* lives as long as the copy */
        ck_assert(ct_end(inner));
    }
    ck_assert_double_eq(ct_claim_of(p)->claimed, 3);
    ct_tensor *f = ct_add(ct_sum(ct_mul(x, p), CT_ALL), kept);
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ct_claim_grad(kept, "p");
    out = ct_keep(kept);
    ck_assert(ct_end(s));
    ck_assert_ptr_null(ct_claim_of(p));
    s = ct_begin();
    ck_assert_ptr_null(ct_claim_of(out));
    f = ct_mul(out, ct_scalar(2));
    ct_claim_grad(out, "2");
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ck_assert(ct_end(s));
    ct_free(out);
    ct_free(p);
}
END_TEST

/* Gradients that leaves have accumulated, the tape and the random numbers are as before. */
START_TEST(leaves_everything_as_it_was) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(8), -1, 1));
    ct_tensor *f = ct_sum(ct_dropout(ct_sin(x), 0.5), CT_ALL);
    ck_assert(ct_backward(f) && ct_backward(f));
    double before[8], value = ct_item(f);
    memcpy(before, ct_data(ct_gradient(x)), sizeof before);
    ct_random_state random = ct_random();
    ct_claim_grad(ct_label(x, "x"), "cos(x)*grad(d)");
    ct_label(ct_operand(ct_operand(f, 0), 0), "d");
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS); /* the copies are dropped by the same draw */
    ck_assert_mem_eq(before, ct_data(ct_gradient(x)), sizeof before);
    ck_assert_double_eq(ct_item(f), value);
    ck_assert_uint_eq(ct_random().stream, random.stream);
    ck_assert(ct_replay(f) && ct_backward(f));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(after_a_replay) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *f = ct_mul(ct_square(x), x);
    ct_claim_grad_value(x, 12);
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ck_assert(ct_set(x, (double[]){3}) && ct_replay(f));
    ck_assert_int_eq(ct_verify(f).verdict, CT_FAIL);
    ct_claim_grad(x, "3*x^2");
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ck_assert(ct_set(x, (double[]){-1}) && ct_replay(f));
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ck_assert_double_eq(ct_claim_of(x)->computed, 3);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(misuse) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(2))), "x"), *f = ct_sum(x, CT_ALL);
    ct_tensor *whole = ct_ones(CT_I64, CT_SHAPE(2));
    ck_assert_ptr_null(ct_claim_grad(NULL, "1"));
    ct_error_clear();
    ck_assert_ptr_null(ct_claim_grad_value(whole, 1));
    ck_assert_int_eq(ct_error_status(), CT_ERR_DTYPE);
    ct_error_clear();
    ck_assert_ptr_null(ct_claim_grad_array(x, CT_I32, (int32_t[]){1, 1}));
    ck_assert_int_eq(ct_error_status(), CT_ERR_DTYPE);
    ct_error_clear();
    ck_assert_ptr_null(ct_claim_grad_array(x, CT_F64, NULL));
    ck_assert_int_eq(ct_error_status(), CT_ERR_NULL);
    ct_error_clear();
    ck_assert_ptr_null(ct_claim_grad_tensor(x, whole));
    ct_error_clear();
    ck_assert_ptr_null(ct_claim_grad_rule(x, NULL, NULL));
    ct_error_clear();
    ck_assert(!ct_claim_of(x) && !ct_claim_of(NULL));
    ct_claim_grad_value(x, 1);
    check_error(x, CT_ERR_SHAPE, "no floating scalar (model.c:41)");
    check_error(ct_full(CT_I64, CT_SCALAR, 1), CT_ERR_SHAPE, "no floating scalar");
    check_error(NULL, CT_ERR_NULL, "model.c:41");
    ck_assert_int_eq(ct_verify(f).verdict, CT_PASS);
    ct_print_verification(NULL, NULL);
    ck_assert(ct_end(s));
}
END_TEST

/* With a mistake among the claims, so that there is something to be missed. */
static void verify_something(void) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *y = ct_label(ct_sin(x), "y"), *f = ct_mul(y, x);
    ct_claim_grad(x, "cos(x)*grad(y) + y");
    ct_claim_grad_value(y, 3);
    ct_verification v = ct_verify_with(f, &(ct_verify_options){.points = 2});
    ck_assert_int_ne(v.verdict, CT_PASS);
    ck_assert(v.verdict == CT_FAIL || ct_error_status() == CT_ERR_MEMORY || ct_error_status() == CT_ERR_NULL);
    report_of(&v);
    ck_assert(ct_end(s) || ct_error_status() != CT_OK);
}

START_TEST(failing_memory) { ck_assert_int_gt(support_fail_each(support_fail_allocation, verify_something), 10); }
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("claims at the edges");
    TCase *c = tcase_create("adversaries");
    tcase_add_loop_test(c, one_element_of_many, 0, sizeof spoilt / sizeof *spoilt);
    tcase_add_test(c, small_beside_large);
    tcase_add_test(c, small_beside_large_in_double);
    tcase_add_test(c, zero_and_no_number);
    tcase_add_test(c, rounding_alone);
    tcase_add_test(c, no_elements);
    tcase_add_test(c, what_f_does_not_depend_on);
    tcase_add_test(c, hand_rounded_numbers);
    tcase_add_test(c, shapes_that_do_not_fit);
    tcase_add_test(c, hints);
    tcase_add_test(c, no_factor_among_equals);
    suite_add_tcase(suite, c);
    c = tcase_create("manners");
    tcase_add_test(c, names);
    tcase_add_loop_test(c, odd_labels_in_quotes, 0, sizeof odd_labels / sizeof *odd_labels);
    tcase_add_test(c, scopes);
    tcase_add_test(c, leaves_everything_as_it_was);
    tcase_add_test(c, after_a_replay);
    tcase_add_test(c, misuse);
    tcase_add_test(c, failing_memory);
    suite_add_tcase(suite, c);
    return suite;
}
