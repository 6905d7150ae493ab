/* Claims: a backward pass by hand, and whether each mistake in it is found where it was made. */
#include "inspect/internal.h"
#include "support/memory.h"

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

static double at(const ct_tensor *t, int64_t i) { return ct_read_element((ct_dtype)t->dtype, t->data, i); }

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
    net.loss = ct_label(ct_cross_entropy(t[Z2], ct_from(CT_I64, CT_SHAPE(N), labels)), "loss");
    ck_assert_msg(net.loss != NULL, "%s", ct_error());
    for (int i = 0; i < NODES; i++) net.grad[i] = ct_scope_array(ct_this.depth, (size_t)sizes[i], sizeof(double));
    return net;
}

static bool made(const struct plant *p, mistake m, enum node where) { return p && p->mistake == m && p->where == where; }

static void flip_if(const struct plant *p, const network *net, enum node where) {
    for (int i = 0; i < sizes[where] && made(p, SIGN, where); i++) net->grad[where][i] *= -1;
}

static void backward_z2(const network *net, const struct plant *p) {
    double *g = net->grad[Z2];
    for (int r = 0; r < N; r++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp(at(net->node[Z2], r * C + c));
        for (int c = 0; c < C; c++) {
            double softmax = made(p, NO_SOFTMAX, Z2) ? 0 : exp(at(net->node[Z2], r * C + c)) / sum;
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
                gW[made(p, TRANSPOSED, W) ? j * m + i : i * n + j] += at(y, r * m + i) * g[r * n + j];
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
                sum += net->grad[Z2][r * C + c] * at(net->node[W2], made(p, NO_TRANSPOSE, H1) ? c * C + i : i * C + c);
            net->grad[H1][r * H + i] = sum;
        }
    flip_if(p, net, H1);
    for (int i = 0; i < N * H; i++) {
        bool open = made(p, NO_MASK, Z1) || (at(net->node[Z1], i) > 0) != made(p, OTHER_SIDE, Z1);
        net->grad[Z1][i] = open ? net->grad[H1][i] : 0;
    }
    flip_if(p, net, Z1);
    backward_layer(net, p, x_of(net), net->grad[Z1], IN, H, W1, B1);
}

/* ---- looking at a verification ---------------------------------------------------------------------------------- */

static char report[1 << 16];

static const char *report_of(const ct_verification *v) {
    FILE *out = fmemopen(report, sizeof report, "w");
    ct_print_verification(v, out);
    fclose(out);
    return report;
}

static void check_verdict(const ct_verification *v, const ct_tensor *t, ct_claim_verdict expected) {
    const ct_claim_result *r = ct_claim_of(t);
    ck_assert_ptr_nonnull(r);
    ck_assert_msg(r->verdict == expected, "%s is %s, not %s\n%s%s", t->label, ct_claim_verdict_name(r->verdict),
                  ct_claim_verdict_name(expected), report_of(v), ct_error());
}

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

/* ---- planted mistakes ------------------------------------------------------------------------------------------- */

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

Suite *ct_suite(void) {
    Suite *suite = suite_create("claims");
    TCase *c = tcase_create("planted");
    tcase_add_test(c, right_arrays);
    tcase_add_loop_test(c, planted_in_arrays, 0, PLANTS);
    suite_add_tcase(suite, c);
    return suite;
}
