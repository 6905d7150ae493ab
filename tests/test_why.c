/* Why gradients are zero, missing or not finite: one test for each cause, and that nothing is found where all is
 * well. */
#include "inspect/derive/derive.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ANY_NODE ((ct_tensor *)-1)

static void assert_finding(ct_finding found, ct_cause cause, const ct_tensor *node, int64_t zeros,
                           int64_t nonfinite) {
    ck_assert_msg(found.sentence, "%s", ct_error());
    ck_assert_msg(found.cause == cause, "%s, expected %s: %s", ct_cause_name(found.cause), ct_cause_name(cause),
                  found.sentence);
    if (node != ANY_NODE) ck_assert_msg(found.node == node, "another node: %s", found.sentence);
    ck_assert_msg(found.zeros == zeros && found.nonfinite == nonfinite, "%d zeros, %d not finite: %s",
                  (int)found.zeros, (int)found.nonfinite, found.sentence);
}

static void assert_says(ct_finding found, const char *part) {
    ck_assert_msg(found.sentence && strstr(found.sentence, part), "no \"%s\" in: %s", part, found.sentence);
}

/* A leaf of these elements. */
static ct_tensor *leaf_of(int64_t n, const double *elements) {
    return ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(n), elements)), "x");
}
#define LEAF(...) leaf_of((int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})
#define SUM(t) ct_label(ct_sum(t, CT_ALL), "f")

/* The body of a test runs in a scope that must end well. */
#define TEST(name)                                                                                                   \
    static void name##_body(void);                                                                                   \
    START_TEST(name) {                                                                                               \
        ct_scope s = ct_begin();                                                                                     \
        name##_body();                                                                                               \
        ck_assert_msg(ct_end(s), "%s", ct_error());                                                                  \
    }                                                                                                                \
    END_TEST                                                                                                         \
    static void name##_body(void)

/* ---- nothing wrong ------------------------------------------------------------------------------------------ */

TEST(fine) {
    ct_tensor *x = ct_var(2, "x"), *f = ct_label(ct_square(x), "f"), *v = LEAF(1, 2, 3);
    ct_finding found = ct_why(f, x);
    assert_finding(found, CT_CAUSE_FINE, NULL, 0, 0);
    ck_assert_str_eq(found.sentence, "df/dx is fine: finite and nowhere 0");
    ck_assert_int_eq(found.elements, 1);
    ck_assert_str_eq(ct_why(SUM(ct_sigmoid(v)), v).sentence,
                     "df/dx is fine: all 3 elements are finite and nowhere 0");
    assert_finding(ct_why(f, f), CT_CAUSE_FINE, NULL, 0, 0);
    /* large and small, but neither 0 nor infinite; a way that is cut beside one that is not; parts that nearly cancel
     */
    assert_finding(ct_why(ct_mul(x, ct_scalar(1e300)), x), CT_CAUSE_FINE, NULL, 0, 0);
    assert_finding(ct_why(ct_mul(x, ct_scalar(5e-324)), x), CT_CAUSE_FINE, NULL, 0, 0);
    assert_finding(ct_why(ct_add(ct_detach(x), ct_exp(x)), x), CT_CAUSE_FINE, NULL, 0, 0);
    assert_finding(ct_why(ct_sub(ct_exp(x), ct_square(x)), x), CT_CAUSE_FINE, NULL, 0, 0);
    assert_finding(ct_why(ct_add(ct_relu(ct_neg(x)), x), x), CT_CAUSE_FINE, NULL, 0, 0);
}

TEST(gradients_are_left_alone) {
    ct_tensor *x = ct_var(-2, "x"), *f = ct_relu(x);
    ct_backward(ct_square(x));
    assert_finding(ct_why(f, x), CT_CAUSE_DEAD, f, 1, 0);
    ck_assert_double_eq(ct_item(ct_gradient(x)), -4);
    ck_assert(!ct_has_gradient(f));
}

/* ---- no gradient -------------------------------------------------------------------------------------------- */

TEST(disconnected) {
    ct_tensor *x = ct_var(2, "x"), *f = ct_label(ct_exp(ct_var(1, "y")), "f");
    ct_finding found = ct_why(f, x);
    assert_finding(found, CT_CAUSE_DISCONNECTED, NULL, 1, 0);
    ck_assert_str_eq(found.sentence, "df/dx is missing: nothing that leads there was computed from it");
}

TEST(constant) {
    ct_tensor *c = ct_label(ct_scalar(2), "c"), *x = ct_var(1, "x"), *f = ct_mul(ct_exp(c), x);
    assert_finding(ct_why(f, c), CT_CAUSE_CONSTANT, NULL, 1, 0);
    assert_finding(ct_why(f, ct_operand(f, 0)), CT_CAUSE_CONSTANT, NULL, 1, 0);
}

TEST(detached) {
    ct_tensor *x = ct_var(2, "x"), *d = ct_label(ct_detach_at("src/model.c:7", ct_exp(x)), "d");
    ct_tensor *f = ct_label(ct_mul(d, ct_var(1, "y")), "f");
    ct_finding found = ct_why(f, x);
    assert_finding(found, CT_CAUSE_DETACHED, d, 1, 0);
    ck_assert_str_eq(found.at, "model.c:7");
    ck_assert_str_eq(found.sentence,
                     "df/dx is missing: at d = detach(v1) (model.c:7): ct_detach() lets no derivative through");
}

TEST(not_differentiable) {
    ct_tensor *x = LEAF(1, 3, 2), *place = ct_argmax(x, 0), *y = LEAF(4, 5, 6);
    ct_tensor *f = SUM(ct_mul(ct_cast(place, CT_F64), y));
    assert_finding(ct_why(f, x), CT_CAUSE_NOT_DIFFERENTIABLE, place, 3, 0);
    ct_tensor *mask = ct_gt(x, ct_scalar(2));
    assert_finding(ct_why(SUM(ct_where(mask, y, ct_neg(y))), x), CT_CAUSE_NOT_DIFFERENTIABLE, mask, 3, 0);
    ct_tensor *whole = ct_cast(x, CT_I64);
    assert_finding(ct_why(SUM(ct_mul(ct_cast(whole, CT_F64), y)), x), CT_CAUSE_NOT_DIFFERENTIABLE, whole, 3, 0);
}

TEST(without_gradient) {
    ct_tensor *x = ct_var(2, "x");
    ct_scope s = ct_begin_no_grad();
    ct_tensor *h = ct_exp(x), *f = ct_square(h);
    assert_finding(ct_why(f, x), CT_CAUSE_NO_GRAD, h, 1, 0);
    assert_finding(ct_why(f, h), CT_CAUSE_NO_GRAD, h, 1, 0);
    ck_assert(ct_end(s));
}

TEST(too_late) {
    ct_tensor *x = ct_scalar(2), *h = ct_exp(x), *f = ct_square(h);
    ct_requires_grad(x);
    assert_finding(ct_why(f, x), CT_CAUSE_LATE, h, 1, 0);
}

/* ---- zero --------------------------------------------------------------------------------------------------- */

TEST(dead) {
    ct_tensor *x = LEAF(-3, 2, -1, 4), *h = ct_label(ct_relu_at("a/b.c:12", x), "h");
    ct_finding found = ct_why(SUM(ct_mul(h, LEAF(1, 2, 3, 4))), x);
    assert_finding(found, CT_CAUSE_DEAD, h, 2, 0);
    ck_assert_str_eq(found.sentence,
                     "df/dx is 0 in 2 of 4 elements: at h = max(x, 0) (b.c:12): the operand is where the "
                     "rectifier is flat; x is from -3 to -1");
    ct_tensor *leaky = ct_leaky_relu(x, 0);
    assert_finding(ct_why(SUM(leaky), x), CT_CAUSE_DEAD, leaky, 2, 0);
}

/* Through sums and products of matrices: the weights that lead to a dead unit. */
TEST(dead_unit_of_a_layer) {
    ct_tensor *data = ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ct_tensor *W = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(3, 2), (double[]){1, 1, -1, -1, 1, 0})), "W");
    ct_tensor *V = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(1, 3), (double[]){1, 2, 3})), "V");
    ct_tensor *h = ct_relu(ct_affine(data, W, NULL)), *f = SUM(ct_affine(h, V, NULL));
    assert_finding(ct_why(f, W), CT_CAUSE_DEAD, h, 2, 0);
    assert_finding(ct_why(f, V), CT_CAUSE_ZERO_FACTOR, ct_operand(f, 0), 1, 0);
}

TEST(clamped) {
    ct_tensor *x = LEAF(-3, 0.5, 7), *h = ct_clamp(x, 0, 1);
    ct_finding found = ct_why(SUM(h), x);
    assert_finding(found, CT_CAUSE_CLAMPED, h, 2, 0);
    assert_says(found, "x is from -3 to 7");
    ct_tensor *hard = ct_hardtanh(x, -1, 1);
    assert_finding(ct_why(SUM(hard), x), CT_CAUSE_CLAMPED, hard, 2, 0);
}

TEST(saturated) {
    ct_tensor *x = LEAF(40, 1, -60), *h = ct_tanh(x), *s = ct_sigmoid(x);
    assert_finding(ct_why(SUM(h), x), CT_CAUSE_SATURATED, h, 2, 0);
    assert_finding(ct_why(SUM(s), x), CT_CAUSE_SATURATED, s, 1, 0); /* sigmoid(-60) is not flat */
    ct_tensor *single = ct_requires_grad(ct_from(CT_F32, CT_SHAPE(2), (float[]){12, 0.5f})), *t = ct_tanh(single);
    assert_finding(ct_why(SUM(t), single), CT_CAUSE_SATURATED, t, 1, 0);
    ct_tensor *row = LEAF(900, 0, 0), *p = ct_softmax(row, 0);
    ct_finding found = ct_why(SUM(ct_mul(p, LEAF(1, 2, 3))), row);
    assert_finding(found, CT_CAUSE_SATURATED, p, 3, 0);
}

TEST(flat) {
    ct_tensor *x = ct_var(2.5, "x"), *h = ct_floor(x);
    assert_finding(ct_why(ct_exp(h), x), CT_CAUSE_FLAT, h, 1, 0);
    ct_tensor *sign = ct_sign(x);
    assert_finding(ct_why(ct_exp(sign), x), CT_CAUSE_FLAT, sign, 1, 0);
}

TEST(stationary) {
    ct_tensor *x = ct_var(0, "x"), *h = ct_square(x), *c = ct_cos(x), *a = ct_abs(x);
    assert_finding(ct_why(h, x), CT_CAUSE_STATIONARY, h, 1, 0);
    assert_finding(ct_why(ct_exp(c), x), CT_CAUSE_STATIONARY, c, 1, 0);
    assert_finding(ct_why(a, x), CT_CAUSE_STATIONARY, a, 1, 0);
}

TEST(zero_factor) {
    ct_tensor *x = ct_var(2, "x"), *w = ct_var(0, "w"), *h = ct_label(ct_mul(x, w), "h");
    ct_finding found = ct_why(ct_label(ct_add(h, ct_scalar(1)), "f"), x);
    assert_finding(found, CT_CAUSE_ZERO_FACTOR, h, 1, 0);
    assert_says(found, "at h = x * w");
    ct_tensor *data = ct_ones(CT_F64, CT_SHAPE(2, 3)), *W = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(3, 4)));
    ct_tensor *zero = ct_zeros(CT_F64, CT_SHAPE(4, 5)), *hidden = ct_matmul(data, W),
              *out = ct_matmul(ct_exp(hidden), zero);
    assert_finding(ct_why(SUM(out), W), CT_CAUSE_ZERO_FACTOR, out, 12, 0);
}

TEST(dropped) {
    ct_seed(3);
    ct_tensor *x = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(100))), *h = ct_dropout(x, 0.4);
    int64_t zeros = 0;
    for (int64_t i = 0; i < 100; i++) zeros += ct_get(h, CT_SHAPE(i)) == 0;
    ck_assert(zeros > 20 && zeros < 60);
    assert_finding(ct_why(SUM(ct_exp(h)), x), CT_CAUSE_DROPPED, h, zeros, 0);
}

TEST(masked) {
    ct_tensor *x = LEAF(1, 2, 3), *h = ct_where(ct_gt(x, ct_scalar(2.5)), ct_exp(x), ct_scalar(0));
    ct_finding found = ct_why(SUM(h), x);
    assert_finding(found, CT_CAUSE_MASKED, h, 2, 0);
}

TEST(not_chosen) {
    ct_tensor *x = LEAF(1, 5, 3), *h = ct_max(x, CT_ALL);
    assert_finding(ct_why(ct_exp(h), x), CT_CAUSE_NOT_CHOSEN, h, 2, 0);
    ct_tensor *both = ct_maximum(x, LEAF(2, 2, 2));
    assert_finding(ct_why(SUM(both), x), CT_CAUSE_NOT_CHOSEN, both, 1, 0);
    ct_tensor *image = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(1, 1, 2, 2), (double[]){1, 2, 3, 4}));
    ct_tensor *pooled = ct_max_pool2d(image, &(ct_pool_options){.kernel = {2, 2}});
    assert_finding(ct_why(SUM(pooled), image), CT_CAUSE_NOT_CHOSEN, ANY_NODE, 3, 0);
}

TEST(not_read) {
    ct_tensor *table = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(5, 2)));
    ct_tensor *rows = ct_index_select(table, 0, ct_from(CT_I64, CT_SHAPE(3), (int64_t[]){0, 3, 3}));
    assert_finding(ct_why(SUM(ct_exp(rows)), table), CT_CAUSE_NOT_READ, rows, 6, 0);
    ct_tensor *x = LEAF(1, 2, 3, 4), *part = ct_slice(x, 0, 1, 3, 1);
    assert_finding(ct_why(SUM(ct_exp(part)), x), CT_CAUSE_NOT_READ, part, 2, 0);
}

TEST(cancelled) {
    ct_tensor *x = ct_var(2, "x"), *f = ct_sub(ct_mul(ct_scalar(3), x), ct_mul(ct_scalar(3), x));
    assert_finding(ct_why(f, x), CT_CAUSE_CANCELLED, x, 1, 0);
    ct_tensor *h = ct_exp(x), *g = ct_sub(ct_square(h), ct_mul(h, ct_mul(ct_scalar(2), ct_detach(h))));
    assert_finding(ct_why(g, x), CT_CAUSE_CANCELLED, h, 1, 0);
    /* within one operation: x - x is one of them with x twice; a sum of a broadcast with weights 1 and -1 another */
    assert_finding(ct_why(ct_sub(x, x), x), CT_CAUSE_CANCELLED, x, 1, 0);
    ct_tensor *spread = ct_mul(x, LEAF(1, -1));
    assert_finding(ct_why(SUM(spread), x), CT_CAUSE_CANCELLED, spread, 1, 0);
    /* a sum of probabilities is 1 whatever the logits are */
    ct_tensor *row = LEAF(0, 0), *p = ct_softmax(row, 0);
    assert_finding(ct_why(SUM(p), row), CT_CAUSE_CANCELLED, p, 2, 0);
}

TEST(underflow) {
    ct_tensor *x = ct_var(2, "x"), *h = ct_mul(x, ct_scalar(1e-200)), *f = ct_mul(h, ct_scalar(1e-200));
    assert_finding(ct_why(f, x), CT_CAUSE_UNDERFLOW, h, 1, 0);
}

/* ---- not finite --------------------------------------------------------------------------------------------- */

TEST(input) {
    ct_tensor *x = LEAF(1, 2), *w = ct_label(ct_from(CT_F64, CT_SHAPE(2), (double[]){1, NAN}), "w");
    ct_finding found = ct_why(SUM(ct_mul(x, w)), x);
    assert_finding(found, CT_CAUSE_INPUT, w, 0, 1);
    assert_says(found, "is not finite in 1 of 2 elements: at w");
    ct_tensor *v = ct_var(INFINITY, "v"), *e = ct_exp(v);
    assert_finding(ct_why(ct_square(e), v), CT_CAUSE_INPUT, v, 0, 1);
}

TEST(pole) {
    ct_tensor *x = ct_var(0, "x"), *root = ct_sqrt(x), *y = ct_var(1, "y"), *ratio = ct_div(y, x), *l = ct_log(x);
    assert_finding(ct_why(ct_exp(root), x), CT_CAUSE_POLE, root, 0, 1);
    assert_finding(ct_why(ct_mul(ratio, ct_scalar(3)), y), CT_CAUSE_POLE, ratio, 0, 1);
    assert_finding(ct_why(l, x), CT_CAUSE_POLE, l, 0, 1);
    assert_finding(ct_why(ct_square(l), x), CT_CAUSE_POLE, l, 0, 1);
    ct_tensor *v = LEAF(4, 0, 9), *roots = ct_sqrt(v);
    ct_finding found = ct_why(SUM(roots), v);
    assert_finding(found, CT_CAUSE_POLE, roots, 0, 1);
    assert_says(found, "x is 0");
}

TEST(domain) {
    ct_tensor *x = ct_var(-1, "x"), *l = ct_log(x), *root = ct_sqrt(x);
    assert_finding(ct_why(ct_exp(l), x), CT_CAUSE_DOMAIN, l, 0, 1);
    assert_finding(ct_why(root, x), CT_CAUSE_DOMAIN, root, 0, 1);
}

/* The well-known trap: what a mask hides is still differentiated. */
TEST(zero_times_infinity) {
    ct_tensor *x = LEAF(0, 2), *l = ct_label(ct_log(x), "l");
    ct_tensor *f = SUM(ct_where(ct_gt(x, ct_scalar(0)), l, ct_scalar(0)));
    ct_finding found = ct_why(f, x);
    assert_finding(found, CT_CAUSE_ZERO_TIMES_INFINITY, l, 0, 1);
    assert_says(found, "a cotangent of 0 meets an infinite derivative");
    ct_tensor *y = ct_var(0, "y"), *root = ct_sqrt(y);
    assert_finding(ct_why(ct_square(root), y), CT_CAUSE_ZERO_TIMES_INFINITY, root, 0, 1);
}

TEST(overflow) {
    ct_tensor *x = ct_var(1000, "x"), *e = ct_exp(x);
    ct_finding found = ct_why(ct_square(e), x);
    assert_finding(found, CT_CAUSE_OVERFLOW, e, 0, 1);
    assert_says(found, "x is 1000");
    ct_tensor *y = ct_var(1e-300, "y"), *h = ct_mul(y, ct_scalar(1e200)), *f = ct_mul(h, ct_scalar(1e200));
    assert_finding(ct_why(f, y), CT_CAUSE_OVERFLOW, h, 0, 1);
}

/* ---- together ----------------------------------------------------------------------------------------------- */

TEST(not_finite_comes_first) {
    ct_tensor *x = LEAF(0, -1), *root = ct_sqrt(ct_abs(x)), *half = ct_mul(root, LEAF(1, 0));
    assert_finding(ct_why(SUM(ct_add(half, ct_relu(x))), x), CT_CAUSE_POLE, root, 1, 1);
}

TEST(most_elements_decide) {
    ct_tensor *x = LEAF(-1, -2, -3, 0.5, 40, 0.25), *h = ct_relu(x), *t = ct_tanh(h);
    ct_finding found = ct_why(SUM(t), x);
    assert_finding(found, CT_CAUSE_DEAD, h, 4, 0);
    assert_says(found, "mostly at");
}

/* A weight goes into all places of a picture. Pooling took one of four, and there the rectifier is dead: that most
 * places were not taken is no reason. */
TEST(one_weight_in_many_places) {
    ct_tensor *picture = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(1, 1, 4, 4)));
    ct_tensor *kernel = ct_requires_grad(ct_full(CT_F64, CT_SHAPE(1, 1, 1, 1), -1)), *h;
    h = ct_relu(ct_conv2d(picture, kernel, NULL, &(ct_conv_options){0}));
    ct_tensor *f = SUM(ct_max_pool2d(h, &(ct_pool_options){.kernel = {2, 2}}));
    ct_finding found = ct_why(f, kernel);
    assert_finding(found, CT_CAUSE_DEAD, h, 1, 0);
    assert_says(found, "among others at");
    assert_finding(ct_why(f, picture), CT_CAUSE_NOT_CHOSEN, ANY_NODE, 16, 0);
}

/* Nothing arrives at the first, so that it is not to blame. */
TEST(one_behind_the_other) {
    ct_tensor *x = ct_var(-1, "x"), *first = ct_relu(x), *second = ct_floor(ct_add(first, ct_scalar(0.5)));
    assert_finding(ct_why(second, x), CT_CAUSE_FLAT, second, 1, 0);
    assert_finding(ct_why(ct_exp(first), x), CT_CAUSE_DEAD, first, 1, 0);
}

/* A scalar graph full of traps on the leaf x, after which nothing is certain but what a test can find out. */
static ct_tensor *random_traps(unsigned *seed, int n, ct_tensor *x) {
    ct_tensor *node[40] = {x, ct_var(0, "zero"), ct_var(-0.5, "half")};
    for (int i = 3; i < n; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        ct_tensor *a = node[i - 1 - (int)(*seed >> 28) % 3], *b = node[(*seed >> 8) % (unsigned)i];
        switch ((*seed >> 16) % 12) {
        case 0: node[i] = ct_relu(a); break;
        case 1: node[i] = ct_mul(a, b); break;
        case 2: node[i] = ct_sub(a, b); break;
        case 3: node[i] = ct_floor(ct_mul(a, ct_scalar(3))); break;
        case 4: node[i] = ct_clamp(a, -0.25, 1); break;
        case 5: node[i] = ct_square(a); break;
        case 6: node[i] = ct_maximum(a, b); break;
        case 7: node[i] = ct_sqrt(ct_abs(a)); break;
        case 8: node[i] = ct_div(a, b); break;
        case 9: node[i] = ct_log(a); break;
        case 10: node[i] = ct_tanh(ct_mul(a, ct_scalar(30))); break;
        default: node[i] = ct_add(a, ct_sin(b)); break;
        }
    }
    return node[n - 1];
}

/* Whether the derivative of z by some operand that x leads to is 0, or not finite. */
static bool has_partial(ct_tensor *z, bool finite) {
    for (int k = 0; k < z->n_in; k++) {
        double partial;
        ck_assert(ct_partial(CT_HERE, z, k, &partial));
        if (finite ? partial == 0 : !isfinite(partial)) return true;
    }
    return false;
}

/* What is said agrees with the gradient, and with what there is at the place. */
static void check_truth(ct_tensor *f, ct_tensor *x) {
    ct_finding found = ct_why(f, x);
    ck_assert_msg(found.sentence, "%s", ct_error());
    const char *text = found.sentence;
    ck_assert(ct_backward(f));
    ck_assert_msg(ct_has_gradient(x) == (found.cause != CT_CAUSE_DISCONNECTED), "%s", text);
    if (!ct_has_gradient(x)) return;
    double gradient = ct_item(ct_gradient(x)), there = found.node ? ct_item(ct_gradient(found.node)) : NAN;
    ck_assert_msg((found.cause == CT_CAUSE_FINE) == (isfinite(gradient) && gradient != 0), "%g: %s", gradient, text);
    if (found.cause == CT_CAUSE_FINE) return;
    bool zero = found.cause < CT_CAUSE_INPUT;
    ck_assert_msg(zero == (gradient == 0), "%g: %s", gradient, text);
    if (found.cause == CT_CAUSE_CANCELLED || found.cause == CT_CAUSE_INPUT || found.cause == CT_CAUSE_OVERFLOW)
        return;
    if (zero)
        ck_assert_msg(there != 0 && (found.cause == CT_CAUSE_UNDERFLOW || has_partial(found.node, true)), "%s", text);
    else if (found.cause != CT_CAUSE_DOMAIN && isfinite(ct_item(found.node)))
        ck_assert_msg(has_partial(found.node, false), "%s", text);
}

START_TEST(findings_are_true) {
    unsigned seed = 7;
    int kinds[CT_CAUSE_COUNT] = {0};
    for (int i = 0; i < 3000; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_var(0.1 * (i % 21) - 1, "x"), *f = random_traps(&seed, 5 + i % 18, x);
        check_truth(f, x);
        kinds[ct_why(f, x).cause]++;
        ck_assert_msg(ct_end(s), "%s", ct_error());
    }
    static const ct_cause met[] = {CT_CAUSE_FINE,
                                   CT_CAUSE_DISCONNECTED,
                                   CT_CAUSE_DEAD,
                                   CT_CAUSE_CLAMPED,
                                   CT_CAUSE_SATURATED,
                                   CT_CAUSE_FLAT,
                                   CT_CAUSE_STATIONARY,
                                   CT_CAUSE_ZERO_FACTOR,
                                   CT_CAUSE_NOT_CHOSEN,
                                   CT_CAUSE_CANCELLED,
                                   CT_CAUSE_POLE,
                                   CT_CAUSE_DOMAIN,
                                   CT_CAUSE_ZERO_TIMES_INFINITY};
    for (size_t i = 0; i < sizeof met / sizeof *met; i++)
        ck_assert_msg(kinds[met[i]] > 0, "%s never", ct_cause_name(met[i]));
}
END_TEST

TEST(refusals) {
    ct_tensor *x = LEAF(1, 2);
    ct_finding found = ct_why(x, x);
    ck_assert_int_eq(found.cause, CT_CAUSE_UNKNOWN);
    ck_assert_ptr_null(found.sentence);
    ck_assert_ptr_nonnull(strstr(ct_error(), "ct_why: x(2) is no scalar"));
    ct_error_clear();
    ck_assert_ptr_null(ct_why(NULL, x).sentence);
    ct_error_clear();
    ck_assert_ptr_null(ct_why(SUM(x), ct_arange(CT_I64, 3)).sentence);
    ct_error_clear();
}

TEST(while_hunting) {
    ct_tensor *x = ct_var(0, "x"), *root = ct_sqrt(x);
    ct_stop_at_nonfinite(true);
    assert_finding(ct_why(root, x), CT_CAUSE_POLE, root, 0, 1);
    ck_assert(ct_stop_at_nonfinite(false));
}

TEST(causes_have_names_and_words) {
    for (ct_cause c = 0; c < CT_CAUSE_COUNT; c++) {
        ck_assert(!strncmp(ct_cause_name(c), "CT_CAUSE_", 9));
        ck_assert(strlen(ct_cause_words(c)) > 8);
    }
    ck_assert_str_eq(ct_cause_name(CT_CAUSE_COUNT), "no cause");
    ck_assert_str_eq(ct_cause_words((ct_cause)-1), "no cause");
}

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"fine", {fine, gradients_are_left_alone}},
        {"missing", {disconnected, constant, detached, not_differentiable, without_gradient, too_late}},
        {"zero",
         {dead, dead_unit_of_a_layer, clamped, saturated, flat, stationary, zero_factor, dropped, masked, not_chosen,
          not_read, cancelled, underflow}},
        {"not finite", {input, pole, domain, zero_times_infinity, overflow}},
        {"together",
         {not_finite_comes_first, most_elements_decide, one_weight_in_many_places, one_behind_the_other,
          findings_are_true, refusals, while_hunting, causes_have_names_and_words}},
        {.name = NULL},
    };
    return support_suite("why", cases, NULL, NULL);
}
