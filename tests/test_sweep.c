/* Every derivative of the table, proven; and the proof proven: broken rules must be caught. */
#include "support/sweep.h"

#include <check.h>
#include <string.h>

static bool differentiable(ct_op_id op) { return ct_op_table[op]->kind != CT_NOT_DIFFERENTIABLE; }

START_TEST(every_rule) {
    int64_t checks = 0;
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++) {
        sweep s = {0};
        if (!differentiable(op)) continue;
        sweep_op(&s, op, false);
        ck_assert_msg(s.failures == 0, "%lld of %lld failed, first: %s", (long long)s.failures, (long long)s.checks, s.first);
        ck_assert_msg(s.checks >= 20, "%s: only %lld checks", ct_op_table[op]->name, (long long)s.checks);
        checks += s.checks;
    }
    printf("sweep: %lld checks, 0 failures\n", (long long)checks);
    ck_assert_int_ge(checks, 20000);
}
END_TEST

/* ---- broken rules --------------------------------------------------------------------------------------------
 *
 * Each rule is broken in several ways, over nodes and over numbers; the sweep must notice each time. A mutant that
 * changes nothing on any sample (a derivative of zero, operands that are alike) is none. */

typedef enum mutation { SIGN, FACTOR, ZEROED, OPERANDS, NO_BROADCAST_SUM, ASSIGNED, MUTATIONS } mutation;
static const char *const mutation_names[] = {"sign",          "factor",                     "zero", "operands",
                                             "broadcast sum", "assignment for accumulation"};

static struct {
    const ct_op *op;
    mutation kind;
    bool applied; /* the mutation changed something */
} mutant;

/* Of each axis that should be summed, only the first slice. */
static ct_tensor *first_slices(const char *at, ct_tensor *g, const ct_tensor *like) {
    int added = g->ndim - like->ndim;
    for (int i = 0; i < g->ndim; i++)
        if (g->extent->dim[i] > 1 && (i < added || like->extent->dim[i - added] == 1)) g = ct_slice_at(at, g, i, 0, 1, 1);
    return ct_reshape_at(at, g, ct_shape_of(like));
}

static bool same(const ct_tensor *a, const ct_tensor *b) {
    return ct_same_shape(a, b) && !memcmp(a->data, b->data, ct_bytes_of(a));
}

static bool all_zero(const ct_tensor *t) {
    for (int64_t i = 0; i < ct_size_of(t); i++)
        if (ct_read_element(t->dtype, t->data, i) != 0) return false;
    return true;
}

/* The cotangent of operand k, mutated; `rule` gives the right one, which may still broadcast. */
static ct_tensor *mutate(const char *at, ct_tensor *z, ct_tensor *g, int k,
                         ct_tensor *(*rule)(const char *at, ct_tensor *z, ct_tensor *g, int k)) {
    ct_tensor *right = rule(at, z, g, k), *wrong = right;
    if (!right) return NULL;
    bool broadcast = ct_size_of(right) > ct_size_of(z->in[k]);
    switch (mutant.kind) {
    case SIGN: wrong = ct_neg_at(at, right); break;
    case FACTOR: wrong = ct_mul_at(at, right, ct_constant_like(at, right, 0.5)); break;
    case ZEROED: wrong = ct_full_like(at, right, 0); break;
    case OPERANDS:
        if (z->n_in == 2 && ct_same_shape(z->in[0], z->in[1]) && z->in[0]->dtype == z->in[1]->dtype)
            wrong = rule(at, z, g, 1 - k);
        break;
    case NO_BROADCAST_SUM:
        if (broadcast) wrong = first_slices(at, right, z->in[k]);
        break;
    default: break;
    }
    bool changed = wrong && (broadcast ? wrong != right && !all_zero(right) : !same(wrong, right) && !all_zero(right));
    mutant.applied = mutant.applied || changed;
    return wrong;
}

static ct_tensor *broken_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return mutate(at, z, g, k, mutant.op->parts->vjp);
}

/* The reading over numbers as a tensor. */
static ct_tensor *by_numbers(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const ct_op *op = mutant.op;
    if (op->kind != CT_ELEMENTWISE && !op->parts->backward && !op->parts->backwards)
        return op->parts->vjp(at, z, g, k);
    ct_tensor *gx = ct_full_like(at, op->kind == CT_ELEMENTWISE ? z : z->in[k], 0);
    if (op->kind == CT_ELEMENTWISE)
        ct_elementwise_backward(z, k, g->data, gx->data, false);
    else if (op->parts->backward)
        op->parts->backward(z, k, g->data, gx->data, false);
    else {
        void *only[CT_MAX_BACKWARDS] = {NULL};
        only[k] = gx->data;
        if (!op->parts->backwards(z, g->data, only, (bool[CT_MAX_BACKWARDS]){false})) return NULL;
    }
    return gx;
}

static void broken_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    ct_tensor *cotangent = ct_wrap(z->dtype, ct_shape_of(z), (void *)g), *x = z->in[k];
    ct_tensor *wrong = ct_sum_to(CT_HERE, mutate(CT_HERE, z, cotangent, k, by_numbers), x);
    ct_tensor *before = ct_from(x->dtype, ct_shape_of(x), gx);
    if (!add || mutant.kind == ASSIGNED) memset(gx, 0, ct_bytes_of(x));
    if (wrong) ct_add_into(x->dtype, ct_size_of(x), wrong->data, gx);
    if (mutant.kind == ASSIGNED && add && wrong && !all_zero(before)) mutant.applied = true;
}

/* 1: caught, 0: not, -1: no mutant. Over nodes both readings take the broken rule, over numbers one of them. */
static int try_mutant(ct_op_id id, mutation kind, bool over_numbers) {
    const ct_op *right = ct_op_table[id];
    ct_op_parts parts = *right->parts;
    parts.vjps = NULL;
    parts.backwards = NULL;
    parts.backward = over_numbers ? broken_backward : NULL;
    if (!over_numbers) parts.vjp = broken_vjp;
    ct_op broken = *right;
    broken.parts = &parts;
    if (right->kind == CT_ELEMENTWISE) broken.kind = CT_GENERAL; /* the engine asks the parts */
    mutant.op = right;
    mutant.kind = kind;
    mutant.applied = false;
    sweep s = {0};
    ct_op_table[id] = &broken;
    sweep_op(&s, id, true);
    ct_op_table[id] = right;
    return mutant.applied ? s.failures > 0 : -1;
}

START_TEST(broken_rules_are_caught) {
    int caught[MUTATIONS] = {0}, ops = 0;
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++) {
        int of_op = 0;
        if (!differentiable(op)) continue;
        for (mutation kind = 0; kind < MUTATIONS; kind++) {
            for (int over_numbers = kind == ASSIGNED; over_numbers < 2; over_numbers++) {
                int result = try_mutant(op, kind, over_numbers);
                ck_assert_msg(result != 0, "%s: the sweep passes a wrong %s over %s", ct_op_table[op]->name,
                              mutation_names[kind], over_numbers ? "numbers" : "nodes");
                of_op += result == 1;
                caught[kind] += result == 1;
            }
        }
        printf("%s: %d of %d mutants caught\n", ct_op_table[op]->name, of_op, of_op);
        ops += of_op > 0;
    }
    printf("%d ops broken\n", ops);
    for (mutation kind = 0; kind < MUTATIONS; kind++)
        printf("broken %s: %d of %d caught\n", mutation_names[kind], caught[kind], caught[kind]);
    ck_assert_int_ge(caught[NO_BROADCAST_SUM], 10);
    ck_assert_int_ge(caught[ASSIGNED], 40);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("sweep");
    TCase *t = tcase_create("sweep");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, every_rule);
    tcase_add_test(t, broken_rules_are_caught);
    suite_add_tcase(suite, t);
    return suite;
}
