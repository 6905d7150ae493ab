/* Ops registered while the program runs, sections computed again, the hunt for what is not finite, the table. */
#include "inspect/inspect.h"
#include "support/memory.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- an op of one's own: x sigmoid(slope x), as a user writes it ---------------------------------------------- */

typedef struct swish_attributes { double slope; } swish_attributes;

static int swish_op;

static bool swish_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = ct_operand(z, 0);
    *shape = ct_shape_of(x);
    *dtype = ct_dtype_of(x);
    return *dtype == CT_F64 || ct_op_fail(z, CT_ERR_DTYPE, "f64 is wanted");
}

static void swish_forward(ct_tensor *z) {
    const double *x = ct_data(ct_operand(z, 0)), slope = ((swish_attributes *)ct_attributes(z))->slope;
    double *out = ct_result(z);
    for (int64_t i = 0; i < ct_size(z); i++) out[i] = x[i] / (1 + exp(-slope * x[i]));
}

static ct_tensor *swish_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)at, (void)k;
    ct_tensor *x = ct_operand(z, 0), *slope = ct_scalar(((swish_attributes *)ct_attributes(z))->slope);
    ct_tensor *s = ct_sigmoid(ct_mul(slope, x));
    return ct_mul(g, ct_add(s, ct_mul(ct_mul(slope, x), ct_mul(s, ct_sub(ct_scalar(1), s)))));
}

static ct_tensor *swish(ct_tensor *x, double slope) {
    return ct_apply(swish_op, CT_LIST(x), &(swish_attributes){slope}, sizeof(swish_attributes));
}

static ct_sample swish_samples(int i, ct_dtype dtype) {
    static const ct_shape shapes[] = {{0, {0}}, {1, {7}}, {2, {3, 5}}, {1, {0}}};
    ct_sample s = {0};
    if (i >= 4) return s;
    s.leaf[0] = ct_requires_grad(ct_uniform(dtype, shapes[i], -2, 2));
    s.z = swish(s.leaf[0], 1.5);
    return s;
}

static const ct_op_parts swish_parts = {
    .shape = swish_shape, .forward = swish_forward, .vjp = swish_vjp, .samples = swish_samples,
    .fields = CT_FIELDS(CT_FIELD(swish_attributes, "slope", slope))};
static const ct_op swish_row = {
    .name = "swish", .formula = "swish(x)", .doc = "x sigmoid(slope x).", .arity = 1, .kind = CT_GENERAL,
    .parts = &swish_parts};

static void register_swish(void) {
    if (!swish_op) swish_op = ct_register_op(&swish_row); /* a test may run in a process of its own, or not */
    ck_assert_int_ge(swish_op, CT_OP_COUNT);
}

START_TEST(an_own_op_is_swept) {
    register_swish();
    sweep s = {0};
    sweep_op(&s, (ct_op_id)swish_op, false);
    ck_assert_msg(s.failures == 0, "%s", s.first);
    ck_assert_int_ge(s.checks, 40);
}
END_TEST

START_TEST(an_own_op_is_drawn_and_named) {
    register_swish();
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_var(0.5, "x"), *y = ct_square(swish(x, 1));
    ck_assert(ct_backward(y));
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert(ct_dot(y, out));
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "swish(x, slope=1)"));
    free(text);
    ck_assert_str_eq(ct_op_of(ct_operand(y, 0)), "swish");
    ck_assert_str_eq(ct_formula_of(ct_operand(y, 0)), "swish(x)");
    ck_assert_int_eq(ct_operand_count(y), 1);
    ck_assert(!ct_operand_count(x) && !ct_operand_count(NULL) && !ct_formula_of(x) && !ct_formula_of(NULL));
    ck_assert_ptr_null(swish(ct_cast(x, CT_F32), 1));
    ck_assert_ptr_nonnull(strstr(ct_error(), "swish: swish(()): f64 is wanted"));
    ct_error_clear();
    ck_assert(ct_end(scope));
}
END_TEST

START_TEST(flawed_ops_are_refused) {
    register_swish();
    ct_op_parts no_rule = swish_parts;
    no_rule.vjp = NULL;
    struct {
        ct_op op;
        const char *why;
    } cases[] = {
        {{.formula = "x", .arity = 1, .kind = CT_GENERAL, .parts = &swish_parts}, "no name"},
        {{.name = "a", .formula = "x", .kind = CT_GENERAL, .parts = &swish_parts}, "no operands"},
        {{.name = "a", .formula = "x", .arity = 1, .kind = CT_ELEMENTWISE, .parts = &swish_parts}, "built-in"},
        {{.name = "a", .formula = "x", .arity = 1, .kind = CT_BILINEAR, .parts = &swish_parts}, "two operands"},
        {{.name = "a", .formula = "x", .arity = 1, .kind = CT_GENERAL}, "no shape()"},
        {{.name = "a", .formula = "x", .arity = 1, .kind = CT_GENERAL, .parts = &no_rule}, "no vjp()"},
        {swish_row, "already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(ct_register_op(&cases[i].op), 0);
        ck_assert_msg(strstr(ct_error(), cases[i].why) != NULL, "%s", ct_error());
        ct_error_clear();
    }
    ck_assert_int_eq(ct_register_op(NULL), 0);
    ct_error_clear();
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_var(1, "x");
    ck_assert_ptr_null(ct_apply(swish_op, CT_LIST(x, x), NULL, 0));
    ct_error_clear();
    ck_assert_ptr_null(ct_apply(CT_OP_ct_add, CT_LIST(x, x), NULL, 0));
    ct_error_clear();
    ck_assert(ct_end(scope));
}
END_TEST

#define THREADS 8
#define OPS_PER_THREAD 16
static ct_op many[THREADS][OPS_PER_THREAD];
static char many_names[THREADS][OPS_PER_THREAD][16];

static void *register_some(void *argument) {
    size_t t = (size_t)((ct_op(*)[OPS_PER_THREAD])argument - many);
    for (size_t i = 0; i < OPS_PER_THREAD; i++) {
        snprintf(many_names[t][i], sizeof many_names[t][i], "own_%zu_%zu", t, i);
        many[t][i] = swish_row;
        many[t][i].name = many_names[t][i];
        int op = ct_register_op(&many[t][i]);
        if (op < CT_OP_COUNT || ct_nth_op(op) != &many[t][i]) return "a number that is not the op's";
    }
    return NULL;
}

START_TEST(threads_register_at_once) {
    pthread_t thread[THREADS];
    int before = ct_op_count();
    for (int t = 0; t < THREADS; t++) ck_assert_int_eq(pthread_create(&thread[t], NULL, register_some, &many[t]), 0);
    for (int t = 0; t < THREADS; t++) {
        void *wrong;
        pthread_join(thread[t], &wrong);
        ck_assert_msg(!wrong, "%s", (const char *)wrong);
    }
    ck_assert_int_eq(ct_op_count(), before + THREADS * OPS_PER_THREAD);
    ck_assert(ct_op_supports("own_7_15", CT_SECOND_ORDER));
}
END_TEST

START_TEST(the_table) {
    ck_assert_int_ge(ct_op_count(), CT_OP_COUNT - 1);
    ck_assert_ptr_null(ct_nth_op(0));
    ck_assert_ptr_null(ct_nth_op(ct_op_count() + 1));
    ck_assert_str_eq(ct_nth_op(CT_OP_ct_matmul)->formula, "x @ y");
    ck_assert(ct_op_supports("ct_matmul", CT_SECOND_ORDER) && ct_op_supports("ct_matmul", CT_FORWARD_MODE));
    ck_assert(ct_op_supports("ct_argmax", CT_FORWARD) && !ct_op_supports("ct_argmax", CT_BACKWARD));
    ck_assert(!ct_op_supports("ct_nothing", CT_FORWARD) && !ct_op_supports(NULL, CT_FORWARD));
}
END_TEST

/* ---- sections ------------------------------------------------------------------------------------------------- */

#define LAYERS 8
#define N 20000

static ct_tensor *deep_section(ct_list xs, void *context) {
    ct_tensor *y = xs.items[0];
    for (int i = 0; i < 10; i++) y = ct_sin(ct_mul(y, xs.items[1]));
    return context ? ct_dropout(y, *(double *)context) : y;
}

static double checkpointed_gradient;

/* Eight sections of ten layers; the gradient of their sum by the factor. */
static void train_sections(ct_section *section, bool again) {
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_full(CT_F64, CT_SHAPE(N), 0.7), *factor = ct_var(1.1, "factor");
    for (int i = 0; i < LAYERS; i++)
        x = again ? ct_checkpoint(section, CT_LIST(x, factor), NULL) : section(CT_LIST(x, factor), NULL);
    ck_assert(ct_backward(ct_sum(x, CT_ALL)));
    checkpointed_gradient = ct_item(ct_gradient(factor));
    ck_assert(ct_end(scope));
}

static void all_kept(void) { train_sections(deep_section, false); }
static void computed_again(void) { train_sections(deep_section, true); }

START_TEST(a_section_needs_less_memory) {
    support_count_allocations(all_kept);
    int64_t whole = support_peak_bytes();
    double expected = checkpointed_gradient;
    support_restore_allocator();
    support_count_allocations(computed_again);
    int64_t peak = support_peak_bytes();
    support_restore_allocator();
    printf("checkpoint: peak %lld KB instead of %lld KB\n", (long long)peak >> 10, (long long)whole >> 10);
    ck_assert_double_eq_tol(checkpointed_gradient, expected, 1e-9 * fabs(expected));
#ifndef CT_DEBUG /* which keeps the memory of ended scopes for a while */
    ck_assert_int_lt(peak, whole / 2);
#endif
}
END_TEST

START_TEST(a_section_of_second_order) {
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_var(0.7, "x"), *k = ct_var(1.1, "k");
    ct_tensor *plain = deep_section(CT_LIST(x, k), NULL), *again = ct_checkpoint(deep_section, CT_LIST(x, k), NULL);
    ck_assert_double_eq(ct_item(plain), ct_item(again));
    ck_assert_double_eq_tol(ct_item(ct_grad(ct_grad(again, x), k)), ct_item(ct_grad(ct_grad(plain, x), k)), 1e-12);
    ck_assert_double_eq_tol(ct_item(ct_hvp(again, k, ct_scalar(1))), ct_item(ct_hvp(plain, k, ct_scalar(1))), 1e-10);
    ct_set(x, &(double){-0.3});
    ck_assert(ct_replay(again));
    ck_assert_double_eq(ct_item(plain), ct_item(again)); /* both are of this scope, and replayed */
    ck_assert(ct_end(scope));
}
END_TEST

START_TEST(a_section_draws_the_same_again) {
    double p = 0.5;
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_full(CT_F64, CT_SHAPE(64), 0.7));
    ct_tensor *y = ct_checkpoint(deep_section, CT_LIST(x, ct_scalar(1)), &p);
    uint64_t stream = ct_random().stream;
    ck_assert(ct_backward(ct_sum(y, CT_ALL)));
    ck_assert_uint_eq(ct_random().stream, stream);
    const double *value = ct_data(y), *g = ct_data(ct_gradient(x));
    for (int i = 0; i < 64; i++) ck_assert_int_eq(value[i] == 0, g[i] == 0);
    ck_assert(ct_end(scope));
}
END_TEST

static ct_tensor *failing_section(ct_list xs, void *context) {
    (void)context;
    return ct_reshape(xs.items[0], CT_SHAPE(3));
}

START_TEST(a_section_that_fails) {
    ct_scope scope = ct_begin();
    ck_assert_ptr_null(ct_checkpoint(failing_section, CT_LIST(ct_var(1, "x")), NULL));
    ck_assert(!ct_end(scope));
    ck_assert_ptr_nonnull(strstr(ct_error(), "ct_reshape"));
    ct_error_clear();
}
END_TEST

/* ---- the hunt ------------------------------------------------------------------------------------------------- */

START_TEST(the_first_that_is_not_finite) {
    ck_assert(!ct_stop_at_nonfinite(true));
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_label(ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){4, 3, 0, 1}), "x");
    ct_tensor *y = ct_label(ct_from(CT_F64, CT_SHAPE(2), (double[]){0, 2}), "y");
    ck_assert_ptr_null(ct_exp(ct_div(y, ct_mul(x, y))));
    ck_assert_int_eq(ct_error_status(), CT_ERR_NONFINITE);
    ck_assert_ptr_nonnull(strstr(ct_error(), "ct_div: y(2) / (2,2): the result is nan at (0,0), "));
    ck_assert_ptr_nonnull(strstr(ct_error(), "where y is 0, operand 2 is 0 (test_custom.c:"));
    ct_error_clear();
    ck_assert(ct_end(scope));
    ck_assert(ct_stop_at_nonfinite(false));
}
END_TEST

START_TEST(a_cotangent_that_is_not_finite) {
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(3), (double[]){1, 4, 0})), "x");
    ct_tensor *scalar = ct_var(0, "s"), *root = ct_sqrt(scalar), *f = ct_sum(ct_sqrt(x), CT_ALL);
    ck_assert(ct_backward(f)); /* nobody hunts */
    ct_stop_at_nonfinite(true);
    ck_assert(!ct_backward(f));
    ck_assert_ptr_nonnull(strstr(ct_error(), "the cotangent of operand 1 is inf at (2), where x is 0 (test_custom.c:"));
    ct_error_clear();
    ck_assert(!ct_backward(root));
    ck_assert_ptr_nonnull(strstr(ct_error(), "ct_sqrt"));
    ct_error_clear();
    ct_tensor *y = ct_log(ct_exp(scalar));
    ct_set(scalar, &(double){1000});
    ck_assert(!ct_replay(y));
    ck_assert_ptr_nonnull(strstr(ct_error(), "ct_exp"));
    ct_error_clear();
    ct_stop_at_nonfinite(false);
    ck_assert(ct_end(scope));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("custom");
    TCase *t = tcase_create("custom");
    tcase_add_test(t, an_own_op_is_swept);
    tcase_add_test(t, an_own_op_is_drawn_and_named);
    tcase_add_test(t, flawed_ops_are_refused);
    tcase_add_test(t, threads_register_at_once);
    tcase_add_test(t, the_table);
    tcase_add_test(t, a_section_needs_less_memory);
    tcase_add_test(t, a_section_of_second_order);
    tcase_add_test(t, a_section_draws_the_same_again);
    tcase_add_test(t, a_section_that_fails);
    tcase_add_test(t, the_first_that_is_not_finite);
    tcase_add_test(t, a_cotangent_that_is_not_finite);
    suite_add_tcase(suite, t);
    return suite;
}
