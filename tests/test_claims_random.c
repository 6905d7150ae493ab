/* Claims about every node of random graphs, with one mistake planted: it must be found exactly there, and what follows
 * of it put down to it. */
#include "inspect/internal.h"
#include "support/claims.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { LEAVES = 3, NODES = 14, ELEMENTS = 6, GRAPHS = 300 };

typedef enum op { ADD, SUB, MUL, TANH, RELU, SIN, OPS } op;
typedef enum mistake { NONE, SIGN, FACTOR, DROPPED, OTHER_NODE, MISTAKES } mistake;

typedef struct node {
    op op;
    int in[2], n_in;
    ct_tensor *t;
    double right[ELEMENTS], claim[ELEMENTS]; /* gradients by hand, without and with the mistake */
} node;

typedef struct graph {
    uint64_t seed, draws;
    node node[NODES];
    ct_tensor *f;
    int where, consumer; /* the mistake is in what `consumer` passes on to `where` */
    mistake mistake;
} graph;

static int pick(graph *g, int n) { return (int)ct_random_below(g->seed, 7, g->draws++, (uint64_t)n); }

static ct_tensor *value(const graph *g, const node *z) {
    ct_tensor *x = g->node[z->in[0]].t, *y = z->n_in > 1 ? g->node[z->in[1]].t : NULL;
    switch (z->op) {
    case ADD: return ct_add(x, y);
    case SUB: return ct_sub(x, y);
    case MUL: return ct_mul(x, y);
    case TANH: return ct_tanh(x);
    case RELU: return ct_relu(x);
    default: return ct_sin(x);
    }
}

/* Each node but the last is used by a later one; f is the sum of the last times some constants. */
static void make_graph(graph *g, uint64_t seed) {
    *g = (graph){.seed = seed};
    ct_seed(seed);
    for (int i = 0; i < NODES; i++) {
        node *z = &g->node[i];
        char name[8];
        z->op = (op)pick(g, OPS);
        z->n_in = i < LEAVES ? 0 : z->op <= MUL ? 2 : 1;
        for (int k = 0; k < z->n_in; k++) z->in[k] = k == 0 && i > LEAVES ? i - 1 - pick(g, 2) : pick(g, i);
        z->t = i < LEAVES ? ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(ELEMENTS), -2, 2)) : value(g, z);
        snprintf(name, sizeof name, "n%d", i);
        ct_label(z->t, name);
    }
    g->f = ct_sum(ct_mul(g->node[NODES - 1].t, ct_uniform(CT_F64, CT_SHAPE(ELEMENTS), 1, 2)), CT_ALL);
    ck_assert_msg(g->f != NULL, "%s", ct_error());
}

static double at(const graph *g, int i, int e) { return ((const double *)ct_data(g->node[i].t))[e]; }

/* d node[c] / d its k-th operand. */
static double slope(const graph *g, int c, int k, int e) {
    const node *z = &g->node[c];
    switch (z->op) {
    case ADD: return 1;
    case SUB: return k ? -1 : 1;
    case MUL: return at(g, z->in[1 - k], e);
    case TANH: return 1 - pow(at(g, c, e), 2);
    case RELU: return at(g, z->in[0], e) > 0;
    default: return cos(at(g, z->in[0], e));
    }
}

/* What node c passes on to node i, as it is and as it is with the mistake. */
static double passed_on(const graph *g, int c, int i, const double *gradient, int e, bool with_mistake) {
    double sum = 0;
    for (int k = 0; k < g->node[c].n_in; k++)
        if (g->node[c].in[k] == i) sum += gradient[e] * slope(g, c, k, e);
    if (!with_mistake || i != g->where || c != g->consumer) return sum;
    return g->mistake == SIGN     ? -sum
           : g->mistake == FACTOR ? 1.5 * sum
           : g->mistake == DROPPED ? 0
                                   : sum * at(g, i, e);
}

static void backward(graph *g) {
    const double *weight = ct_data(ct_operand(ct_operand(g->f, 0), 1));
    memcpy(g->node[NODES - 1].right, weight, sizeof g->node[0].right);
    memcpy(g->node[NODES - 1].claim, weight, sizeof g->node[0].claim);
    for (int i = NODES - 2; i >= 0; i--)
        for (int c = i + 1; c < NODES; c++)
            for (int e = 0; e < ELEMENTS; e++) {
                g->node[i].right[e] += passed_on(g, c, i, g->node[c].right, e, false);
                g->node[i].claim[e] += passed_on(g, c, i, g->node[c].claim, e, true);
            }
}

static void plant(graph *g) {
    g->mistake = (mistake)(1 + pick(g, MISTAKES - 1));
    g->consumer = LEAVES + pick(g, NODES - LEAVES);
    g->where = g->node[g->consumer].in[pick(g, g->node[g->consumer].n_in)];
}

/* How far the claim about node i is from right, by its largest element. */
static double apart(const graph *g, int i) {
    double most = 0, apart = 0;
    for (int e = 0; e < ELEMENTS; e++) {
        most = fmax(most, fabs(g->node[i].right[e]));
        apart = fmax(apart, fabs(g->node[i].right[e] - g->node[i].claim[e]));
    }
    return apart == 0 ? 0 : apart / most;
}

static bool used(const graph *g, int i) {
    for (int c = i + 1; c < NODES; c++)
        for (int k = 0; k < g->node[c].n_in; k++)
            if (g->node[c].in[k] == i && (c == NODES - 1 || used(g, c))) return true;
    return i == NODES - 1;
}

/* The same step of the backward pass as a rule. */
typedef struct step {
    const graph *g;
    int i;
} step;

static ct_tensor *rule(ct_tensor *t, ct_upstream *up, void *context) {
    const step *s = context;
    const graph *g = s->g;
    double sum[ELEMENTS] = {0};
    (void)t;
    for (int c = s->i + 1; c < NODES; c++) {
        bool uses = false;
        for (int k = 0; k < g->node[c].n_in; k++) uses |= g->node[c].in[k] == s->i;
        if (!uses || !used(g, c)) continue;
        const ct_tensor *gradient = ct_upstream_grad(up, g->node[c].t);
        if (!gradient) return NULL;
        for (int e = 0; e < ELEMENTS; e++) sum[e] += passed_on(g, c, s->i, ct_data(gradient), e, true);
    }
    return ct_from(CT_F64, CT_SHAPE(ELEMENTS), sum);
}

/* Arrays, rules, or either at random; all nodes, or the mistake's and some others. */
static void claim(graph *g, step *steps, int way) {
    for (int i = 0; i < NODES; i++) {
        bool as_rule = way == 1 || (way == 2 && pick(g, 2));
        if (!used(g, i) || (way == 3 && i != g->where && pick(g, 2))) continue;
        steps[i] = (step){g, i};
        if (as_rule && i < NODES - 1) ct_claim_grad_rule(g->node[i].t, rule, &steps[i]);
        else ct_claim_grad_array(g->node[i].t, CT_F64, g->node[i].claim);
    }
}

static ct_claim_verdict expected(const graph *g, int i) {
    return apart(g, i) == 0 ? CT_CLAIM_RIGHT : i == g->where ? CT_CLAIM_LOCAL : CT_CLAIM_INHERITED;
}

static int found, followed, unharmed;

static void check_graph(uint64_t seed, int way, bool with_mistake) {
    graph g;
    step steps[NODES];
    ct_scope s = ct_begin();
    make_graph(&g, seed);
    g.where = -1;
    if (with_mistake) plant(&g);
    backward(&g);
    bool clear = !with_mistake || used(&g, g.where);
    for (int i = 0; i < NODES; i++) /* no doubt about what differs, and nothing at a kink */
        clear = clear && (apart(&g, i) == 0 || apart(&g, i) > 1e-6);
    if (clear) {
        claim(&g, steps, way);
        ct_verification v = ct_verify(g.f);
        for (int i = 0; i < NODES; i++) {
            if (!ct_claim_of(g.node[i].t)) continue;
            check_verdict(&v, g.node[i].t, expected(&g, i));
            found += expected(&g, i) == CT_CLAIM_LOCAL;
            followed += expected(&g, i) == CT_CLAIM_INHERITED;
            unharmed += expected(&g, i) == CT_CLAIM_RIGHT;
        }
    }
    ck_assert_msg(ct_end(s), "%s", ct_error());
}

START_TEST(one_mistake_each) {
    found = followed = unharmed = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) check_graph(seed, _i, true);
    printf("one mistake, way %d: %d local, %d inherited, %d right\n", _i, found, followed, unharmed);
    ck_assert_int_gt(found, GRAPHS / 2);
    ck_assert_int_gt(followed, _i == 3 ? 100 : 300);
}
END_TEST

START_TEST(no_mistake) {
    found = followed = unharmed = 0;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) check_graph(seed, _i, false);
    ck_assert_int_eq(found + followed, 0);
    ck_assert_int_gt(unharmed, GRAPHS);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("claims at random");
    TCase *c = tcase_create("graphs");
    tcase_add_loop_test(c, one_mistake_each, 0, 4);
    tcase_add_loop_test(c, no_mistake, 0, 4);
    suite_add_tcase(suite, c);
    return suite;
}
