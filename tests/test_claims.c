/* Claims: a backward pass by hand, and whether each mistake in it is found where it was made. */
#include "inspect/internal.h"
#include "support/claims.h"
#include "support/cube.h"
#include "support/expect.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a network and its backward pass by hand -------------------------------------------------------------------
 *
 *     z1 = x W1 + b1, h1 = relu(z1), z2 = h1 W2 + b2, loss = mean over the rows of cross entropy
 *
 * Hidden layer and classes are as many, so that a forgotten transpose keeps all shapes. */
enum { N = 4, IN = 7, H = 5, C = 5 };

enum node { Z2, W2, B2, H1, Z1, W1, B1, NODES };
static const int sizes[] = {N * C, H * C, C, N * H, N * H, IN * H, H};

typedef enum mistake { NONE, NO_MEAN, NO_SOFTMAX, SIGN, NO_TRANSPOSE, TRANSPOSED, OTHER_SIDE, NO_MASK } mistake;

/* A mistake, where it is made, and what is wrong because of it: bits of enum node. */
static const struct plant {
    const char *name, *hint;
    mistake mistake;
    enum node where;
    unsigned follow;
} plants[] = {
    {"forgotten 1/n", "1/n is missing", NO_MEAN, Z2, 1 << W2 | 1 << B2 | 1 << H1 | 1 << Z1 | 1 << W1 | 1 << B1},
    {"softmax term dropped", NULL, NO_SOFTMAX, Z2, 1 << W2 | 1 << B2 | 1 << H1 | 1 << Z1 | 1 << W1 | 1 << B1},
    {"wrong sign", "sign", SIGN, Z2, 1 << W2 | 1 << B2 | 1 << H1 | 1 << Z1 | 1 << W1 | 1 << B1},
    {"wrong sign", "sign", SIGN, W2, 0},
    {"wrong sign", "sign", SIGN, B2, 0},
    {"wrong sign", "sign", SIGN, H1, 1 << Z1 | 1 << W1 | 1 << B1},
    {"wrong sign", "sign", SIGN, Z1, 1 << W1 | 1 << B1},
    {"wrong sign", "sign", SIGN, W1, 0},
    {"wrong sign", "sign", SIGN, B1, 0},
    {"missing transpose", NULL, NO_TRANSPOSE, H1, 1 << Z1 | 1 << W1 | 1 << B1},
    {"missing transpose", "transposed", TRANSPOSED, W2, 0},
    {"mask from the wrong side", "wrong side", OTHER_SIDE, Z1, 1 << W1 | 1 << B1},
    {"mask forgotten", "mask is missing", NO_MASK, Z1, 1 << W1 | 1 << B1},
};

typedef struct network {
    ct_tensor *node[NODES], *loss;
    double *grad[NODES]; /* by hand */
} network;

static ct_tensor *parameter(ct_dtype dtype, ct_shape shape, const char *name) {
    return ct_label(ct_requires_grad(ct_uniform(dtype, shape, -1, 1)), name);
}

static const int64_t labels[N] = {0, 3, 1, 1};

static ct_tensor *x_of(const network *net) { return ct_operand(ct_operand(net->node[Z1], 0), 0); }

static network make_network(ct_dtype dtype) {
    network net;
    ct_seed(11);
    ct_tensor *x = ct_label(ct_uniform(dtype, CT_SHAPE(N, IN), -1, 1), "x"), **t = net.node;
    t[W1] = parameter(dtype, CT_SHAPE(IN, H), "W1");
    t[B1] = parameter(dtype, CT_SHAPE(H), "b1");
    t[W2] = parameter(dtype, CT_SHAPE(H, C), "W2");
    t[B2] = parameter(dtype, CT_SHAPE(C), "b2");
    t[Z1] = ct_label(ct_add(ct_matmul(x, t[W1]), t[B1]), "z1");
    t[H1] = ct_label(ct_relu(t[Z1]), "h1");
    t[Z2] = ct_label(ct_add(ct_matmul(t[H1], t[W2]), t[B2]), "z2");
    ct_tensor *classes = ct_label(ct_from(CT_I64, CT_SHAPE(N), labels), "labels");
    net.loss = ct_label(ct_cross_entropy(t[Z2], classes), "loss");
    ck_assert_msg(net.loss != NULL, "%s", ct_error());
    for (int i = 0; i < NODES; i++) net.grad[i] = ct_scope_array(ct_this.depth, (size_t)sizes[i], sizeof(double));
    return net;
}

static bool made(const struct plant *p, mistake m, enum node where) {
    return p && p->mistake == m && p->where == where;
}

static void flip_if(const struct plant *p, const network *net, enum node where) {
    for (int i = 0; i < sizes[where] && made(p, SIGN, where); i++) net->grad[where][i] *= -1;
}

static void backward_z2(const network *net, const struct plant *p) {
    double *g = net->grad[Z2];
    for (int r = 0; r < N; r++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp(element(net->node[Z2], r * C + c));
        for (int c = 0; c < C; c++) {
            double softmax = made(p, NO_SOFTMAX, Z2) ? 0 : exp(element(net->node[Z2], r * C + c)) / sum;
            g[r * C + c] = (softmax - (labels[r] == c)) / (made(p, NO_MEAN, Z2) ? 1 : N);
        }
    }
    flip_if(p, net, Z2);
}

/* Of z = y W + b with cotangent g (N, n): those of W (m, n) and b (n). */
static void backward_layer(const network *net, const struct plant *p, const ct_tensor *y, const double *g, int m, int n,
                           enum node W, enum node b) {
    double *gW = net->grad[W], *gb = net->grad[b];
    memset(gW, 0, (size_t)(m * n) * sizeof *gW);
    memset(gb, 0, (size_t)n * sizeof *gb);
    for (int r = 0; r < N; r++)
        for (int j = 0; j < n; j++) {
            gb[j] += g[r * n + j];
            for (int i = 0; i < m; i++)
                gW[made(p, TRANSPOSED, W) ? j * m + i : i * n + j] += element(y, r * m + i) * g[r * n + j];
        }
    flip_if(p, net, W);
    flip_if(p, net, b);
}

static void backward_by_hand(const network *net, const struct plant *p) {
    backward_z2(net, p);
    backward_layer(net, p, net->node[H1], net->grad[Z2], H, C, W2, B2);
    for (int r = 0; r < N; r++)
        for (int i = 0; i < H; i++) {
            double sum = 0;
            for (int c = 0; c < C; c++)
                sum += net->grad[Z2][r * C + c] *
                       element(net->node[W2], made(p, NO_TRANSPOSE, H1) ? c * C + i : i * C + c);
            net->grad[H1][r * H + i] = sum;
        }
    flip_if(p, net, H1);
    for (int i = 0; i < N * H; i++) {
        bool open = made(p, NO_MASK, Z1) || (element(net->node[Z1], i) > 0) != made(p, OTHER_SIDE, Z1);
        net->grad[Z1][i] = open ? net->grad[H1][i] : 0;
    }
    flip_if(p, net, Z1);
    backward_layer(net, p, x_of(net), net->grad[Z1], IN, H, W1, B1);
}

/* ---- planted mistakes ------------------------------------------------------------------------------------------- */

static ct_claim_verdict expected(const struct plant *p, int i) {
    return p && (int)p->where == i      ? CT_CLAIM_LOCAL
           : p && p->follow & 1u << i ? CT_CLAIM_INHERITED
                                      : CT_CLAIM_RIGHT;
}

static void check_plant(const network *net, const struct plant *p, unsigned claimed) {
    ct_verification v = ct_verify(net->loss);
    ck_assert_int_eq(v.verdict, p ? CT_FAIL : CT_PASS);
    for (int i = 0; i < NODES; i++)
        if (claimed & 1u << i) check_verdict(&v, net->node[i], expected(p, i));
    if (!p) return;
    ck_assert_ptr_eq(v.first->tensor, net->node[p->where]);
    ck_assert_msg(!p->hint || (v.first->hint && strstr(v.first->hint, p->hint)), "%s: %s\n%s", p->name, v.first->hint,
                  report_of(&v));
}

enum { ALL = (1 << NODES) - 1, PLANTS = sizeof plants / sizeof *plants };

static void claim_arrays(const network *net, ct_dtype dtype, unsigned claimed) {
    for (int i = 0; i < NODES; i++) {
        float narrow[IN * H];
        for (int e = 0; e < sizes[i]; e++) narrow[e] = (float)net->grad[i][e];
        const void *elements = dtype == CT_F32 ? (const void *)narrow : net->grad[i];
        if (claimed & 1u << i) ck_assert_ptr_nonnull(ct_claim_grad_array(net->node[i], dtype, elements));
    }
}

/* The graph in one dtype, the arrays in another; also when only some nodes are claimed. */
static void check_arrays(ct_dtype graph, ct_dtype arrays, unsigned claimed, const struct plant *p) {
    ct_scope s = ct_begin();
    network net = make_network(graph);
    backward_by_hand(&net, p);
    claim_arrays(&net, arrays, claimed);
    check_plant(&net, p, claimed);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}

START_TEST(right_arrays) {
    check_arrays(CT_F64, CT_F64, ALL, NULL);
    check_arrays(CT_F64, CT_F32, ALL, NULL);
    check_arrays(CT_F32, CT_F32, ALL, NULL);
}
END_TEST

START_TEST(planted_in_arrays) {
    const struct plant *p = &plants[_i];
    check_arrays(CT_F64, CT_F64, ALL, p);
    check_arrays(CT_F64, CT_F32, ALL, p);
    check_arrays(CT_F32, CT_F32, ALL, p);
    check_arrays(CT_F64, CT_F64, 1u << p->where | 1 << W1 | 1 << B1 | 1 << W2, p);
    check_arrays(CT_F64, CT_F64, 1u << p->where, p);
}
END_TEST

/* The same as formulas: each right, and with its mistakes; h1 (4, 5) has as many columns as there are classes. */
static const char *right_formula(int i) {
    static const char *const formulas[] = {
        [Z2] = "(softmax(z2, axis=1) - one_hot(labels, 5)) / 4",
        [W2] = "h1' @ grad(z2)",
        [B2] = "sum(grad(z2), axis=0)",
        [H1] = "grad(z2) @ W2'",
        [Z1] = "grad(h1) * (z1 > 0)",
        [W1] = "x' @ grad(z1)",
        [B1] = "sum(grad(z1), axis=0)",
    };
    return formulas[i];
}

static const char *wrong_formula(mistake m, int i, char text[128]) {
    switch (m) {
    case NO_MEAN: return "softmax(z2, axis=1) - one_hot(labels, 5)";
    case NO_SOFTMAX: return "-one_hot(labels, 5) / 4";
    case NO_TRANSPOSE: return "grad(z2) @ W2";
    case TRANSPOSED: return "grad(z2)' @ h1";
    case OTHER_SIDE: return "grad(h1) * (z1 < 0)";
    case NO_MASK: return "grad(h1)";
    default: break;
    }
    snprintf(text, 128, "-(%s)", right_formula(i));
    return text;
}

static void claim_formulas(const network *net, const struct plant *p) {
    char text[128];
    for (int i = 0; i < NODES; i++)
        ct_claim_grad(net->node[i], p && (int)p->where == i ? wrong_formula(p->mistake, i, text) : right_formula(i));
}

static void check_formulas(ct_dtype dtype, const struct plant *p) {
    ct_scope s = ct_begin();
    network net = make_network(dtype);
    claim_formulas(&net, p);
    check_plant(&net, p, ALL);
    for (int i = 0; i < NODES; i++)
        ck_assert_int_eq(ct_claim_of(net.node[i])->points, expected(p, i) == CT_CLAIM_LOCAL ? 0 : 16);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}

START_TEST(right_formulas) {
    check_formulas(CT_F64, NULL);
    check_formulas(CT_F32, NULL);
}
END_TEST

START_TEST(planted_in_formulas) {
    check_formulas(CT_F64, &plants[_i]);
    check_formulas(CT_F32, &plants[_i]);
}
END_TEST

/* And as rules in C, of which one asks for the gradient nearer to f. */
typedef struct step {
    const network *net;
    const struct plant *plant;
    int i;
} step;

static ct_tensor *hand_rule(ct_tensor *t, ct_upstream *up, void *context) {
    const step *s = context;
    ct_tensor *const *node = s->net->node, *g = NULL;
    mistake m = s->plant && (int)s->plant->where == s->i ? s->plant->mistake : NONE;
    (void)t;
    switch (s->i) {
    case W2: g = ct_matmul(ct_t(node[H1]), ct_upstream_grad(up, node[Z2])); break;
    case B2: g = ct_sum(ct_upstream_grad(up, node[Z2]), CT_AXES(0)); break;
    case H1:
        g = ct_matmul(ct_upstream_grad(up, node[Z2]), m == NO_TRANSPOSE ? node[W2] : ct_t(node[W2]));
        break;
    case Z1:
        g = ct_upstream_grad(up, node[H1]);
        if (m != NO_MASK) g = ct_mul(g, ct_cast(ct_gt(node[Z1], ct_scalar(0)), CT_F64));
        if (m == OTHER_SIDE) g = ct_sub(ct_upstream_grad(up, node[H1]), g);
        break;
    case W1: g = ct_matmul(ct_t(x_of(s->net)), ct_upstream_grad(up, node[Z1])); break;
    default: g = ct_sum(ct_upstream_grad(up, node[Z1]), CT_AXES(0)); break;
    }
    return m == SIGN ? ct_neg(g) : m == TRANSPOSED ? ct_t(g) : g;
}

START_TEST(planted_in_rules) {
    const struct plant *p = &plants[_i];
    ct_scope s = ct_begin();
    network net = make_network(CT_F64);
    step steps[NODES];
    backward_by_hand(&net, p);
    ct_claim_grad_array(net.node[Z2], CT_F64, net.grad[Z2]);
    for (int i = W2; i < NODES; i++) {
        steps[i] = (step){&net, p, i};
        ct_claim_grad_rule(net.node[i], hand_rule, &steps[i]);
    }
    check_plant(&net, p, ALL);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

/* ---- ops of one's own: the computed gradient may be what is wrong ----------------------------------------------- */

static ct_tensor *cube_rule(ct_tensor *x, ct_tensor *g, double factor) {
    return ct_mul(g, ct_mul(ct_scalar(factor), ct_square(x)));
}
static ct_tensor *right_vjp(const char *place, ct_tensor *z, ct_tensor *g, int k) {
    (void)place, (void)k;
    return cube_rule(ct_operand(z, 0), g, 3);
}
static ct_tensor *wrong_vjp(const char *place, ct_tensor *z, ct_tensor *g, int k) {
    (void)place, (void)k;
    return cube_rule(ct_operand(z, 0), g, 3.001);
}

/* Twice the right one where |x| < 1. */
static ct_tensor *small_vjp(const char *place, ct_tensor *z, ct_tensor *g, int k) {
    (void)place, (void)k;
    ct_tensor *x = ct_operand(z, 0), *right = cube_rule(x, g, 3);
    return ct_where(ct_gt(ct_abs(x), ct_scalar(1)), right, ct_mul(right, ct_scalar(2)));
}

static bool f32_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    if (ct_dtype_of(ct_operand(z, 0)) != CT_F32) return ct_op_fail(z, CT_ERR_DTYPE, "f32 alone");
    return cube_shape(z, shape, dtype);
}
static void double_forward(ct_tensor *z) {
    const float *x = ct_data(ct_operand(z, 0));
    for (int64_t i = 0; i < ct_size(z); i++) ((float *)ct_result(z))[i] = 2 * x[i];
}
static ct_tensor *triple_vjp(const char *place, ct_tensor *z, ct_tensor *g, int k) {
    (void)place, (void)z, (void)k;
    return ct_mul(g, ct_full(CT_F32, CT_SCALAR, 3));
}

/* Claims that agree with a wrong rule must not pass, nor need right ones be called wrong. */
START_TEST(wrong_rules_are_not_believed) {
    static const ct_op_parts parts[] = {{.shape = cube_shape, .forward = cube_forward, .vjp = right_vjp},
                                        {.shape = cube_shape, .forward = cube_forward, .vjp = wrong_vjp}};
    static ct_op ops[] = {{.name = "cube", .formula = "x^3", .arity = 1, .kind = CT_GENERAL, .parts = &parts[0]},
                          {.name = "cube2", .formula = "x^3", .arity = 1, .kind = CT_GENERAL, .parts = &parts[1]}};
    static const char *const claims[] = {"3*x^2*grad(y)", "3.001*x^2*grad(y)"};
    for (int rule = 0; rule < 2; rule++) {
        int op = ct_register_op(&ops[rule]);
        for (int as_claimed = 0; as_claimed < 2; as_claimed++) {
            ct_scope s = ct_begin();
            ct_tensor *x = ct_label(ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(5), -2, 2)), "x");
            ct_tensor *y = ct_label(ct_apply(op, CT_LIST(x), NULL, 0), "y"), *f = ct_sum(ct_sin(y), CT_ALL);
            ct_claim_grad(x, claims[as_claimed]);
            ct_claim_grad(y, "cos(y)");
            ct_verification v = ct_verify(f);
            check_verdict(&v, y, CT_CLAIM_RIGHT);
            check_verdict(&v, x, rule ? CT_CLAIM_UNDECIDED : as_claimed ? CT_CLAIM_LOCAL : CT_CLAIM_RIGHT);
            ck_assert(ct_end(s));
        }
    }
}
END_TEST

/* Of more elements than are moved one by one, all but one large. */
static void check_small_one_of_many(int op) {
    enum { MANY = 40 };
    double at_x[MANY], claim[MANY];
    for (int small = 0; small < 2; small++) {
        for (int i = 0; i < MANY; i++) {
            at_x[i] = small && i == 7 ? 1e-2 : 10 + i;
            claim[i] = (small && i == 7 ? 6 : 3) * at_x[i] * at_x[i];
        }
        ct_tensor *x = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(MANY), at_x)), "x");
        ct_claim_grad_array(x, CT_F64, claim);
        ct_verification v = ct_verify(ct_sum(ct_apply(op, CT_LIST(x), NULL, 0), CT_ALL));
        check_verdict(&v, x, small ? CT_CLAIM_UNDECIDED : CT_CLAIM_RIGHT);
        ct_claim_grad(x, NULL);
    }
}

/* Where differences cannot tell whether the rule is right, what agrees with it does not pass: at a kink, and for an op
 * that refuses the float64 in which they are taken. A rule that is wrong in a small element alone is found out. */
START_TEST(doubtful_rules_are_not_believed) {
    static const ct_op_parts parts = {.shape = f32_shape, .forward = double_forward, .vjp = triple_vjp};
    static ct_op op = {.name = "twice", .formula = "2x", .arity = 1, .kind = CT_GENERAL, .parts = &parts};
    static const ct_op_parts cubes = {.shape = cube_shape, .forward = cube_forward, .vjp = wrong_vjp};
    static const ct_op_parts parted = {.shape = cube_shape, .forward = cube_forward, .vjp = small_vjp};
    static ct_op partly = {.name = "cube4", .formula = "x^3", .arity = 1, .kind = CT_GENERAL, .parts = &parted};
    static ct_op cube = {.name = "cube3", .formula = "x^3", .arity = 1, .kind = CT_GENERAL, .parts = &cubes};
    int twice = ct_register_op(&op), third = ct_register_op(&cube), fourth = ct_register_op(&partly);
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2), (double[]){1.5, 2})), "x");
    ct_tensor *kinks = ct_relu(ct_sub(x, ct_from(CT_F64, CT_SHAPE(2), (double[]){1.5, 2})));
    ct_tensor *f = ct_sum(ct_add(ct_apply(third, CT_LIST(x), NULL, 0), kinks), CT_ALL);
    ct_claim_grad_array(x, CT_F64, (double[]){3.001 * 2.25, 3.001 * 4});
    ct_verification v = ct_verify(f);
    check_verdict(&v, x, CT_CLAIM_UNDECIDED);
    ct_tensor *y = ct_label(ct_requires_grad(ct_full(CT_F32, CT_SHAPE(2), 1)), "y");
    ct_claim_grad(x, NULL);
    ct_claim_grad_value(y, 3);
    v = ct_verify(ct_sum(ct_apply(twice, CT_LIST(y), NULL, 0), CT_ALL));
    check_verdict(&v, y, CT_CLAIM_UNDECIDED);
    ct_tensor *small = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2), (double[]){100, 1e-2})), "small");
    ct_claim_grad(y, NULL);
    ct_claim_grad_array(small, CT_F64, (double[]){3e4, 6e-4});
    v = ct_verify(ct_sum(ct_apply(fourth, CT_LIST(small), NULL, 0), CT_ALL));
    check_verdict(&v, small, CT_CLAIM_UNDECIDED);
    ct_claim_grad(small, NULL);
    check_small_one_of_many(fourth);
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("claims");
    TCase *c = tcase_create("planted");
    tcase_add_test(c, right_arrays);
    tcase_add_loop_test(c, planted_in_arrays, 0, PLANTS);
    tcase_add_test(c, right_formulas);
    tcase_add_loop_test(c, planted_in_formulas, 0, PLANTS);
    tcase_add_loop_test(c, planted_in_rules, 0, PLANTS);
    tcase_add_test(c, wrong_rules_are_not_believed);
    tcase_add_test(c, doubtful_rules_are_not_believed);
    suite_add_tcase(suite, c);
    return suite;
}
