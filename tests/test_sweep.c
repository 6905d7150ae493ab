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
}
END_TEST

/* ---- broken rules -------------------------------------------------------------------------------------------- */

typedef enum mutation { SIGN, FACTOR, ZEROED, OPERANDS, NO_BROADCAST_SUM, MUTATIONS } mutation;
static const char *const mutation_names[] = {"sign", "factor", "zero", "operands", "broadcast sum"};

static struct {
    const ct_op *op;
    mutation kind;
    bool used;    /* the rule gave a derivative */
    bool applied; /* the mutation changed something */
} mutant;

/* Of each axis that should be summed, only the first slice. */
static ct_tensor *first_slices(const char *at, ct_tensor *g, const ct_tensor *like) {
    int added = g->ndim - like->ndim;
    for (int i = 0; i < g->ndim; i++)
        if (g->extent->dim[i] > 1 && (i < added || like->extent->dim[i - added] == 1)) g = ct_slice_at(at, g, i, 0, 1, 1);
    return ct_reshape_at(at, g, ct_shape_of(like));
}

static ct_tensor *broken_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    bool swap = mutant.kind == OPERANDS && z->n_in == 2;
    ct_tensor *right = mutant.op->parts->vjp(at, z, g, swap ? 1 - k : k);
    if (!right) return NULL;
    mutant.used = true;
    switch (mutant.kind) {
    case SIGN: mutant.applied = true; return ct_neg_at(at, right);
    case FACTOR: mutant.applied = true; return ct_mul_at(at, right, ct_constant_like(at, right, 0.5));
    case ZEROED: mutant.applied = true; return NULL;
    case OPERANDS:
        if (!swap || !ct_same_shape(z->in[0], z->in[1])) return right;
        mutant.applied = true;
        return right;
    default:
        if (ct_same_shape(right, z->in[k]) || ct_size_of(right) <= ct_size_of(z->in[k])) return right;
        mutant.applied = true;
        return first_slices(at, right, z->in[k]);
    }
}

/* Rules that are right after the mutation too: they do not tell the operands apart. */
static bool equivalent(ct_op_id op, mutation kind) { return kind == OPERANDS && op == CT_OP_ct_add; }

START_TEST(broken_rules_are_caught) {
    int tried[MUTATIONS] = {0};
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++) {
        const ct_op *right = ct_op_table[op];
        if (!differentiable(op)) continue;
        for (mutation kind = 0; kind < MUTATIONS; kind++) {
            if (equivalent(op, kind) || (kind == OPERANDS && right->kind != CT_ELEMENTWISE)) continue;
            ct_op_parts parts = *right->parts;
            parts.vjp = broken_vjp;
            parts.backward = NULL;
            ct_op broken = *right;
            broken.parts = &parts;
            if (right->kind == CT_ELEMENTWISE) broken.kind = CT_GENERAL; /* both readings take the broken rule */
            mutant.op = right;
            mutant.kind = kind;
            mutant.used = mutant.applied = false;
            sweep s = {0};
            ct_op_table[op] = &broken;
            sweep_op(&s, op, true);
            ct_op_table[op] = right;
            tried[kind] += mutant.applied;
            ck_assert_msg(mutant.applied || !mutant.used || kind > ZEROED, "%s: the rule was not used", right->name);
            ck_assert_msg(!mutant.applied || s.failures > 0, "%s: the sweep passes a wrong %s", right->name, mutation_names[kind]);
        }
    }
    for (mutation kind = 0; kind < MUTATIONS; kind++) printf("broken %s: %d of %d caught\n", mutation_names[kind], tried[kind], tried[kind]);
    ck_assert_int_ge(tried[NO_BROADCAST_SUM], 5);
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
