/* optim/: the state of optimisers and schedules, saved and loaded; groups of parameters. */
#include "support/expect.h"
#include "support/optimizers.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define N 5

/* The optimiser of a row with its presets, of two parameters of which the second has a group of its own. */
static ct_optim *make(ct_optimizer_id id, ct_tensor *x, ct_tensor *y) {
    const bool one_group = id == CT_OPTIMIZER_ct_lbfgs;
    ct_optim *opt = support_optimizer(id, one_group ? CT_LIST(x, y) : CT_LIST(x), 0.01);
    ck_assert_msg(opt != NULL, "%s", ct_error());
    const double weight_decay = id == CT_OPTIMIZER_ct_rprop ? 0 : 0.1;
    if (!one_group) ck_assert(ct_optim_add_group(opt, CT_LIST(y), 0.02, weight_decay));
    return opt;
}

/* Rosenbrock's valley: f = sum((1 - x)^2 + 10 (y - x^2)^2). */
typedef struct pair {
    ct_tensor *x, *y;
} pair;

static ct_tensor *valley(void *context) {
    const pair *p = context;
    ct_tensor *across = ct_square(ct_sub(p->y, ct_square(p->x)));
    ct_tensor *along = ct_square(ct_sub(ct_scalar(1), p->x));
    return ct_sum(ct_add(along, ct_mul(ct_scalar(10), across)), CT_ALL);
}

static pair make_pair(void) {
    pair p = {ct_parameter(CT_F64, CT_SHAPE(N), "x"), ct_parameter(CT_F64, CT_SHAPE(N), "y")};
    for (int i = 0; i < N; i++) {
        ct_write_element(CT_F64, p.x->data, i, -0.5 + 0.3 * i);
        ct_write_element(CT_F64, p.y->data, i, cos(i));
    }
    return p;
}

static void free_pair(pair p) {
    ct_free(p.x);
    ct_free(p.y);
}

static void run(ct_optim *opt, pair p, int steps) {
    for (int i = 0; i < steps; i++)
        ck_assert_msg(isfinite(ct_step_closure(opt, valley, &p)), "%s: %s", opt->name, ct_error());
}

/* Seven steps, or four, a state that travels, and three by another optimiser. */
START_TEST(every_optimiser_goes_on_with_the_same_bits) {
    for (ct_optimizer_id id = 0; id < CT_OPTIMIZER_COUNT; id++) {
        pair whole = make_pair(), cut = make_pair();
        ct_optim *opt = make(id, whole.x, whole.y), *first = make(id, cut.x, cut.y), *second = make(id, cut.x, cut.y);
        run(opt, whole, 7);
        run(first, cut, 4);
        ck_assert(ct_set_learning_rate(second, 7)); /* that the state brings its own */
        ck_assert_msg(ct_optim_load(second, ct_optim_state(first)), "%s", ct_error());
        ct_optim_free(first);
        run(second, cut, 3);
        ck_assert_msg(!memcmp(whole.x->data, cut.x->data, ct_bytes_of(cut.x)), "%s", opt->name);
        ck_assert_msg(!memcmp(whole.y->data, cut.y->data, ct_bytes_of(cut.y)), "%s", opt->name);
        ct_optim_free(opt);
        ct_optim_free(second);
        free_pair(whole);
        free_pair(cut);
    }
}
END_TEST

START_TEST(state_has_labels_and_shows_what_is) {
    pair p = make_pair();
    ct_optim *opt = make(CT_OPTIMIZER_ct_adam, p.x, p.y);
    const char *labels[] = {"lr.0", "steps.0", "m.0", "v.0", "lr.1", "steps.1", "m.1", "v.1"};
    ct_list state = ct_optim_state(opt);
    ck_assert_int_eq(state.n, 8);
    for (int i = 0; i < 8; i++) ck_assert_str_eq(ct_label_of(state.items[i]), labels[i]);
    run(opt, p, 2);
    ck_assert_double_eq(ct_item(state.items[1]), 2);
    ck_assert_double_eq(ct_item(state.items[4]), 0.02);
    ck_assert_int_eq(ct_optim_state(NULL).n, 0);
    ct_optim_free(opt);
    free_pair(p);
}
END_TEST

START_TEST(another_state_is_refused_whole) {
    pair p = make_pair();
    ct_optim *adam = make(CT_OPTIMIZER_ct_adam, p.x, p.y), *nadam = make(CT_OPTIMIZER_ct_nadam, p.x, p.y);
    ct_optim *top = make(CT_OPTIMIZER_ct_adadelta, p.x, p.y);
    run(adam, p, 1);
    ck_assert(!ct_optim_load(adam, ct_optim_state(nadam)));
    expect_error(CT_ERR_ARGUMENT, "ct_optim_load: 10 tensors for a state of 8", "test_optim_state.c:");
    ck_assert(!ct_optim_load(adam, ct_optim_state(top)));
    expect_error(CT_ERR_ARGUMENT, "there is no \"m.0\"", "test_optim_state.c:");
    ct_tensor *items[8];
    memcpy(items, ct_optim_state(adam).items, sizeof items);
    ct_tensor *wrong = ct_parameter(CT_F32, CT_SHAPE(N), "v.1");
    items[7] = wrong;
    ck_assert(!ct_optim_load(adam, (ct_list){8, NULL}));
    expect_error(CT_ERR_NULL, "ct_optim_load: operand 2 is NULL", "test_optim_state.c:");
    ck_assert(!ct_optim_load(adam, (ct_list){8, items}));
    expect_error(CT_ERR_SHAPE, "f64 v.1(5) is wanted, not f32 v.1(5)", "test_optim_state.c:");
    ck_assert_double_eq(ct_item(ct_optim_state(adam).items[1]), 1);
    ck_assert(!ct_optim_load(NULL, ct_optim_state(adam)));
    expect_error(CT_ERR_NULL, "ct_optim_load", "test_optim_state.c:");
    ct_free(wrong);
    ct_optim_free(adam);
    ct_optim_free(nadam);
    ct_optim_free(top);
    free_pair(p);
}
END_TEST

START_TEST(groups_have_their_own_rate_and_decay) {
    pair p = make_pair();
    ct_optim *opt = ct_sgd(CT_LIST(p.x), &(ct_sgd_options){.lr = 0.5, .weight_decay = 2});
    ck_assert(ct_optim_add_group(opt, CT_LIST(p.y), 0.25, 0));
    const double x = ct_get(p.x, CT_SHAPE(1)), y = ct_get(p.y, CT_SHAPE(1));
    ct_scope s = ct_begin();
    ct_backward(ct_sum(ct_add(p.x, p.y), CT_ALL));
    ck_assert(ct_step(opt));
    end_well(s);
    ck_assert_double_eq(ct_get(p.x, CT_SHAPE(1)), x - 0.5 * (1 + 2 * x));
    ck_assert_double_eq(ct_get(p.y, CT_SHAPE(1)), y - 0.25);
    ck_assert_double_eq(ct_learning_rate(opt), 0.5);
    const int n = ct_optim_state(opt).n;
    ck_assert(!ct_optim_add_group(opt, CT_LIST(p.y), 1, 0));
    expect_error(CT_ERR_ARGUMENT, "ct_optim_add_group: y(5) is there twice", "test_optim_state.c:");
    ck_assert(!ct_optim_add_group(opt, CT_LIST(p.y), NAN, 0));
    expect_error(CT_ERR_ARGUMENT, "ct_optim_add_group: lr is nan", "test_optim_state.c:");
    ck_assert(!ct_optim_add_group(opt, CT_LIST(p.y), 1, -1));
    expect_error(CT_ERR_ARGUMENT, "ct_optim_add_group: weight_decay is -1", "test_optim_state.c:");
    ck_assert_int_eq(ct_optim_state(opt).n, n);
    ct_optim_free(opt);
    opt = make(CT_OPTIMIZER_ct_lbfgs, p.x, p.y);
    ck_assert(!ct_optim_add_group(opt, CT_LIST(p.y), 1, 0));
    expect_error(CT_ERR_ARGUMENT, "ct_lbfgs has one group", "test_optim_state.c:");
    ck_assert(!ct_step(opt));
    expect_error(CT_ERR_ARGUMENT, "see ct_step_closure()", "test_optim_state.c:");
    ct_optim_free(opt);
    free_pair(p);
}
END_TEST

/* A group's steps begin at its own rate; and a decay that the optimiser does not know is no group's. */
START_TEST(groups_of_rprop) {
    pair p = make_pair();
    ct_optim *opt = ct_rprop(CT_LIST(p.x), &(ct_rprop_options){.lr = 0.5});
    ck_assert(!ct_optim_add_group(opt, CT_LIST(p.y), 0.25, 0.1));
    expect_error(CT_ERR_ARGUMENT, "ct_optim_add_group: ct_rprop knows no weight decay", "test_optim_state.c:");
    ck_assert(ct_optim_add_group(opt, CT_LIST(p.y), 0.25, 0));
    const double x = ct_get(p.x, CT_SHAPE(1)), y = ct_get(p.y, CT_SHAPE(1));
    ct_scope s = ct_begin();
    ct_backward(ct_sum(ct_add(p.x, p.y), CT_ALL));
    ck_assert(ct_step(opt));
    end_well(s);
    ck_assert_double_eq(ct_get(p.x, CT_SHAPE(1)), x - 0.5);
    ck_assert_double_eq(ct_get(p.y, CT_SHAPE(1)), y - 0.25);
    ct_optim_free(opt);
    free_pair(p);
}
END_TEST

START_TEST(a_schedule_leaves_later_groups_alone) {
    pair p = make_pair();
    ct_optim *opt = ct_sgd(CT_LIST(p.x), &(ct_sgd_options){.lr = 0.5});
    ct_schedule *schedule = ct_exponential_schedule(opt, &(ct_exponential_schedule_options){.gamma = 0.5});
    ck_assert(ct_optim_add_group(opt, CT_LIST(p.y), 0.75, 0));
    ck_assert(ct_schedule_step(schedule) && ct_schedule_step(schedule));
    const ct_list state = ct_optim_state(opt); /* lr.0, steps.0, lr.1, steps.1 */
    ck_assert_str_eq(ct_label_of(state.items[2]), "lr.1");
    ck_assert_double_eq(ct_item(state.items[0]), 0.125);
    ck_assert_double_eq(ct_item(state.items[2]), 0.75);
    ct_schedule_free(schedule);
    ct_optim_free(opt);
    free_pair(p);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("optim_state");
    TCase *state = tcase_create("state");
    tcase_add_test(state, every_optimiser_goes_on_with_the_same_bits);
    tcase_add_test(state, state_has_labels_and_shows_what_is);
    tcase_add_test(state, another_state_is_refused_whole);
    tcase_add_test(state, groups_have_their_own_rate_and_decay);
    tcase_add_test(state, groups_of_rprop);
    tcase_add_test(state, a_schedule_leaves_later_groups_alone);
    suite_add_tcase(suite, state);
    return suite;
}
