/* The gradient check, checked: every rule of the table broken in many ways, and none may pass; every rule as it is, at
 * kinks, under cancellation and at large and small scale, and none may fail. */
#include "inspect/internal.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

/* ---- a sample of an op as a function of its leaves -------------------------------------------------------------- */

typedef struct subject subject;
typedef ct_tensor *variant(const subject *s, ct_tensor *y);

struct subject {
    ct_graph graph;
    ct_tensor *leaf[3]; /* the first n of the sample */
    int n;
    variant *variant;   /* what is made of the result; NULL: itself */
    ct_tensor *z;       /* the result at the point itself */
};

/* Records the sample again on other leaves. */
static ct_tensor *again(ct_tensor *const *inputs, void *context) {
    const subject *s = context;
    ct_tensor **copy = ct_scope_array(ct_this.depth, s->graph.n, sizeof *copy);
    for (size_t i = 0; copy && i < s->graph.n; i++) {
        ct_tensor *t = s->graph.node[i];
        copy[i] = t;
        for (int k = 0; k < s->n; k++)
            if (t == s->leaf[k]) copy[i] = inputs[k];
        ct_tensor **in = t->op ? ct_scope_array(ct_this.depth, t->n_in, sizeof *in) : NULL;
        for (int k = 0; in && k < t->n_in; k++) in[k] = copy[ct_graph_index(&s->graph, t->in[k])];
        if (in && !(copy[i] = ct_record_again(CT_HERE, t, in))) return NULL;
    }
    ct_tensor *y = copy ? copy[s->graph.n - 1] : NULL;
    return s->variant ? s->variant(s, y) : y;
}

#define MOST 24 /* elements of a sample's leaves */

/* False when the sample is too large or empty, or there is none; then *more tells whether there is another. */
static bool make_subject(subject *s, ct_op_id op, int i, bool *more) {
    ct_seed((uint64_t)op * 1000 + (uint64_t)i);
    ct_sample c = sweep_sample(op, i, CT_F64);
    *s = (subject){.z = c.z};
    *more = c.z != NULL;
    int64_t elements = 0;
    for (int k = 0; k < 3; k++) {
        if (!c.leaf[k]) continue;
        s->leaf[s->n++] = c.leaf[k];
        elements += ct_size_of(c.leaf[k]);
    }
    bool fits = c.z && elements > 0 && elements <= MOST && ct_size_of(c.z) > 0 && ct_size_of(c.z) <= 10 * MOST;
    return fits && ct_graph_collect(&s->graph, c.z);
}

static ct_gradcheck_result check_subject(subject *s) {
    return ct_gradcheck(again, s, (ct_list){.n = s->n, .items = s->leaf});
}

static bool differentiable(ct_op_id op) { return ct_op_table[op]->kind != CT_NOT_DIFFERENTIABLE; }

typedef struct count {
    int of[3]; /* by ct_verdict */
    int culprit[CT_CULPRIT_SEVERAL + 1];
} count;

static void add(count *c, const ct_gradcheck_result *r) {
    c->of[r->verdict]++;
    c->culprit[r->culprit]++;
}

/* ---- wrong rules ------------------------------------------------------------------------------------------------ */

/* g is right; nodes, so that forward mode is as wrong as reverse mode. */
#define C(value) ct_constant_like(CT_HERE, g, value)
#define MUTATIONS(X)                                                                                                 \
    X(sign, ct_neg(g))                                                                                               \
    X(half, ct_mul(g, C(0.5)))                                                                                       \
    X(twice, ct_add(g, g))                                                                                           \
    X(zero, ct_full_like(CT_HERE, g, 0))                                                                             \
    X(a_hundredth_more, ct_mul(g, C(1.01)))                                                                          \
    X(a_millionth_more, ct_mul(g, C(1 + 1e-6)))                                                                      \
    X(last_element, ct_mul(g, last(g, 1 + 1e-3)))                                                                    \
    X(last_element_dropped, ct_mul(g, last(g, 0)))                                                                   \
    X(reversed, ct_reshape(ct_flip(ct_reshape(g, CT_SHAPE(-1)), CT_AXES(0)), ct_shape_of(g)))                        \
    X(averaged, ct_mul(ct_add(g, ct_neg(g)), C(0)) ? ct_broadcast(ct_mean(g, CT_ALL), ct_shape_of(g)) : NULL)        \
    X(squared, ct_mul(g, ct_abs(g)))                                                                                 \
    X(not_a_number, ct_mul(g, C(NAN)))

/* Ones, and `value` for the last element. */
static ct_tensor *last(const ct_tensor *g, double value) {
    ct_tensor *t = ct_full_like(CT_HERE, g, 1);
    if (t && ct_size_of(t)) ct_write_element((ct_dtype)t->dtype, t->data, ct_size_of(t) - 1, value);
    return t;
}

#define DEFINE(name, value)                                                                                          \
    static ct_tensor *name(ct_tensor *g) { return value; }
MUTATIONS(DEFINE)
#define ROW(name, value) {#name, name},
static const struct {
    const char *name;
    ct_tensor *(*of)(ct_tensor *g);
} mutations[] = {MUTATIONS(ROW)};
enum { KINDS = sizeof mutations / sizeof *mutations };

static struct {
    const ct_op *op;
    int kind;
    bool applied; /* the mutation changed something that shows */
} mutant;

static bool visibly_different(const ct_tensor *a, const ct_tensor *b) {
    double most = 0, apart = 0;
    for (int64_t e = 0; e < ct_size_of(a); e++) {
        double x = ct_read_element((ct_dtype)a->dtype, a->data, e), y = ct_read_element((ct_dtype)b->dtype, b->data, e);
        most = fmax(most, fabs(x));
        if (!(fabs(x - y) <= apart)) apart = isnan(y) ? INFINITY : fabs(x - y);
    }
    return apart > 1e-7 * most;
}

static ct_tensor *broken_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *right = mutant.op->parts->vjp(at, z, g, k), *wrong = right ? mutations[mutant.kind].of(right) : NULL;
    if (wrong && visibly_different(ct_sum_to(at, right, z->in[k]), ct_sum_to(at, wrong, z->in[k])))
        mutant.applied = true;
    return wrong;
}

/* The broken reading over numbers; the one over nodes, of forward mode, is left alone. */
static void broken_backward(ct_tensor *z, int k, const void *g, void *gx, bool add_to) {
    ct_tensor *x = z->in[k], *cotangent = ct_wrap((ct_dtype)z->dtype, ct_shape_of(z), (void *)g);
    ct_tensor *wrong = ct_sum_to(CT_HERE, broken_vjp(CT_HERE, z, cotangent, k), x);
    if (!add_to) memset(gx, 0, ct_bytes_of(x));
    if (wrong) ct_add_into((ct_dtype)x->dtype, ct_size_of(x), wrong->data, gx);
}

/* Forward mode alone: the sum of what the operands contribute, mutated. */
static ct_tensor *broken_jvp(const char *at, ct_tensor *z, ct_tensor *const *tangents) {
    ct_tensor *sum = NULL;
    for (int k = 0; k < z->n_in; k++) {
        if (!tangents[k]) continue;
        ct_tensor *u = ct_full_like(at, z, 1), *w = ct_sum_to(at, mutant.op->parts->vjp(at, z, u, k), z->in[k]);
        ct_tensor *part = w ? ct_vjp_at(at, w, u, tangents[k]) : NULL;
        if (part) sum = sum ? ct_add_at(at, sum, part) : part;
    }
    ct_tensor *wrong = sum ? mutations[mutant.kind].of(sum) : NULL;
    if (wrong && visibly_different(sum, wrong)) mutant.applied = true;
    return wrong;
}

typedef enum reading { NODES, NUMBERS, FORWARD } reading;
static const char *const readings[] = {"rule", "backward", "forward mode"};

/* False when there is no such mutant of the sample. */
static bool check_mutant(subject *s, ct_op_id id, int kind, reading broken_reading, ct_gradcheck_result *r) {
    const ct_op *right = ct_op_table[id];
    ct_op_parts parts = *right->parts;
    ct_op broken = *right;
    parts.vjps = NULL;
    if (broken_reading == NODES) parts.vjp = broken_vjp, parts.backward = NULL, parts.jvp = NULL;
    if (broken_reading == NUMBERS) parts.backward = broken_backward;
    if (broken_reading == FORWARD) parts.jvp = broken_jvp;
    if (!right->parts->vjp) return false;
    broken.parts = &parts;
    if (broken_reading != FORWARD || right->kind == CT_ELEMENTWISE) broken.kind = CT_GENERAL; /* the parts are asked */
    mutant.op = right;
    mutant.kind = kind;
    mutant.applied = false;
    ct_op_table[id] = &broken;
    *r = check_subject(s);
    ct_op_table[id] = right;
    ct_error_clear();
    return mutant.applied;
}

#define VERDICT(v) ((v) == CT_PASS ? "PASS" : (v) == CT_FAIL ? "FAIL" : "INCONCLUSIVE")

static void check_op_broken(ct_op_id op, count *counts) {
    bool more = true, done = false;
    for (int i = 0; more && !done; i++) {
        subject s;
        ct_scope scope = ct_begin();
        done = make_subject(&s, op, i, &more);
        if (done) { /* a sample on which a mistake can show: derivatives are not lost in the rounding of values */
            const ct_gradcheck_result r = check_subject(&s);
            done = r.verdict == CT_PASS && r.tolerance <= 1e-6 * fabs(r.expected);
        }
        for (int kind = (int)op % 2; done && kind < KINDS; kind += 2)
            for (reading broken = NODES; broken <= FORWARD; broken++) {
                ct_gradcheck_result r;
                if (!check_mutant(&s, op, kind, broken, &r)) continue;
                add(&counts[broken], &r);
                ck_assert_msg(r.verdict != CT_PASS,
                              "%s, sample %d: passes with its %s %s: computed %.12g, forward %.12g, expected %.12g, "
                              "tolerance %g",
                              ct_op_table[op]->name, i, readings[broken], mutations[kind].name, r.computed, r.forward,
                              r.expected, r.tolerance);
            }
        ct_graph_free(&s.graph);
        ck_assert(ct_end(scope));
    }
}

static void print_count(const char *what, const count *c) {
    printf("%s: %d FAIL, %d INCONCLUSIVE, %d PASS; culprits: reverse %d, forward %d, function %d, several %d\n", what,
           c->of[CT_FAIL], c->of[CT_INCONCLUSIVE], c->of[CT_PASS], c->culprit[CT_CULPRIT_REVERSE],
           c->culprit[CT_CULPRIT_FORWARD], c->culprit[CT_CULPRIT_FUNCTION], c->culprit[CT_CULPRIT_SEVERAL]);
}

START_TEST(no_wrong_rule_passes) {
    count counts[3] = {{{0}, {0}}};
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++)
        if (differentiable(op)) check_op_broken(op, counts);
    print_count("rules broken in both modes", &counts[NODES]);
    print_count("rules broken in reverse mode", &counts[NUMBERS]);
    print_count("rules broken in forward mode", &counts[FORWARD]);
    for (reading r = NODES; r <= FORWARD; r++) {
        ck_assert_int_ge(counts[r].of[CT_FAIL], 200);
        ck_assert_int_le(counts[r].of[CT_INCONCLUSIVE] * 8, counts[r].of[CT_FAIL]); /* NaN of forward mode */
    }
    /* two against one */
    ck_assert_int_ge(counts[NUMBERS].culprit[CT_CULPRIT_REVERSE] * 10, counts[NUMBERS].of[CT_FAIL] * 9);
    ck_assert_int_ge(counts[FORWARD].culprit[CT_CULPRIT_FORWARD] * 10, counts[FORWARD].of[CT_FAIL] * 9);
}
END_TEST

/* ---- right rules ------------------------------------------------------------------------------------------------ */

static ct_tensor *there(const subject *s) { return ct_detach(s->z); }

#define VARIANTS(X)                                                                                                  \
    X(as_it_is, y)                                                                                                   \
    X(large, ct_mul(y, ct_scalar(1e12)))                                                                             \
    X(small, ct_mul(y, ct_scalar(1e-12)))                                                                            \
    X(kink, ct_relu(ct_sub(y, there(s))))                                                                            \
    X(both_kinks, ct_add(ct_relu(ct_sub(y, there(s))), ct_abs(ct_sub(there(s), y))))                                 \
    X(near_a_kink, ct_relu(ct_sub(y, ct_mul(there(s), ct_scalar(1 - 1e-9)))))                                        \
    X(next_to_a_kink, ct_abs(ct_sub(y, ct_mul(there(s), ct_scalar(1 + 1e-5)))))                                      \
    X(maximum, ct_max_with(y, s))                                                                                    \
    X(cancelled, ct_sub(ct_add(y, ct_scalar(1e9)), ct_scalar(1e9)))                                                  \
    X(cancelled_wholly, ct_sub(ct_add(y, ct_scalar(1e17)), ct_scalar(1e17)))                                         \
    X(cancelled_product, ct_sub(ct_mul(y, ct_scalar(1e7 + 1)), ct_mul(y, ct_scalar(1e7))))                           \
    X(steps_added, ct_add(y, ct_floor(ct_mul(y, ct_scalar(8)))))                                                     \
    X(saturated, ct_tanh(ct_mul(y, ct_scalar(40))))                                                                  \
    X(steep, ct_exp(ct_mul(ct_tanh(y), ct_scalar(50))))                                                              \
    X(single, ct_cast(ct_cast(y, CT_F32), CT_F64))

static ct_tensor *ct_max_with(ct_tensor *y, const subject *s) { return ct_maximum(y, ct_mul(there(s), ct_scalar(1))); }

#define DEFINE_VARIANT(name, value)                                                                                  \
    static ct_tensor *name##_variant(const subject *s, ct_tensor *y) { return (void)s, value; }
VARIANTS(DEFINE_VARIANT)
#define VARIANT_ROW(name, value) {#name, name##_variant},
static const struct {
    const char *name;
    variant *of;
} variants[] = {VARIANTS(VARIANT_ROW)};
enum { WAYS = sizeof variants / sizeof *variants };

static void check_op_right(ct_op_id op, count *counts) {
    bool more = true;
    int subjects = 0;
    for (int i = 0; more && subjects < 1; i++) {
        subject s;
        ct_scope scope = ct_begin();
        bool made = make_subject(&s, op, i, &more);
        subjects += made;
        for (int way = 0; made && way < WAYS; way++) {
            s.variant = variants[way].of;
            ct_gradcheck_result r = check_subject(&s);
            ck_assert_msg(r.verdict != CT_FAIL, "%s, sample %d, %s: %s: input %d, element %d: computed %.15g, forward "
                          "%.15g, expected %.15g, error %.3g, tolerance %.3g", ct_op_table[op]->name, i,
                          variants[way].name, r.reason, r.input, (int)r.index, r.computed, r.forward, r.expected,
                          r.error, r.tolerance);
            add(&counts[way], &r);
            ct_error_clear();
        }
        ct_graph_free(&s.graph);
        ck_assert(ct_end(scope));
    }
}

START_TEST(no_right_rule_fails) {
    count counts[WAYS] = {{{0}, {0}}}, all = {{0}, {0}};
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++)
        if (differentiable(op)) check_op_right(op, counts);
    for (int way = 0; way < WAYS; way++) {
        printf("right, %s: %d PASS, %d INCONCLUSIVE\n", variants[way].name, counts[way].of[CT_PASS],
               counts[way].of[CT_INCONCLUSIVE]);
        for (int v = 0; v < 3; v++) all.of[v] += counts[way].of[v];
    }
    printf("right rules: %d PASS, %d INCONCLUSIVE, %d FAIL\n", all.of[CT_PASS], all.of[CT_INCONCLUSIVE],
           all.of[CT_FAIL]);
    ck_assert_int_ge(counts[0].of[CT_PASS], 100);
    ck_assert_int_ge(all.of[CT_PASS] + all.of[CT_INCONCLUSIVE], 1000);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("checker");
    TCase *t = tcase_create("checker");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, no_wrong_rule_passes);
    tcase_add_test(t, no_right_rule_fails);
    suite_add_tcase(suite, t);
    return suite;
}
