/* An error names the function that the user called, whatever that is made of, and the line of the call. */
#include "data/data.h"
#include "inspect/formula/calls.h"
#include "inspect/inspect.h"
#include "nn/nn.h"
#include "support/elements.h"
#include "support/expect.h"
#include "support/suite.h"

#include <math.h>

/* Every function of the table, and what its macro becomes. */
#define TEXT_(...) #__VA_ARGS__
#define TEXT(...) TEXT_(__VA_ARGS__)
#define CT_OPERATION(symbol, ...) {#symbol, TEXT(symbol(x))},
#define CT_COMPOSITE CT_OPERATION
#define CT_COMPOSITE_OF(result, symbol, ...) {#symbol, TEXT(symbol(x))},
static const struct {
    const char *name, *call;
} functions[] = {
#include "autograd/ops.def"
};
#define FUNCTIONS ((int)(sizeof functions / sizeof *functions))

START_TEST(every_macro_names_its_function) {
    char expected[200];
    for (int i = 0; i < FUNCTIONS; i++) {
        snprintf(expected, sizeof expected, "%1$s_at(\"%1$s: \" \"", functions[i].name);
        ck_assert_msg(!strncmp(functions[i].call, expected, strlen(expected)), "%s", functions[i].call);
    }
}
END_TEST

/* ---- calls with arguments that seldom fit ---------------------------------------------------------------------- */

#define CALLS 200 /* of each function */

static ct_tensor *any_tensor(void) {
    static const ct_shape shapes[] = {{0, {0}},    {1, {3}},       {1, {4}},       {2, {3, 4}},      {2, {3, 3}},
                                      {2, {0, 3}}, {3, {2, 3, 4}}, {3, {2, 3, 3}}, {4, {1, 2, 3, 3}}};
    static const ct_dtype dtypes[] = {CT_BOOL, CT_I64, CT_F32, CT_F64, CT_F64, CT_F64};
    return below(16) ? random_tensor(dtypes[below(6)], shapes[below(9)]) : NULL;
}

static ct_list any_list(int n) {
    static ct_tensor *items[3];
    for (int i = 0; i < n; i++) items[i] = any_tensor();
    return (ct_list){n, items};
}

static ct_shape any_shape(int n) {
    ct_shape shape = {.ndim = n};
    for (int i = 0; i < n; i++) shape.dim[i] = below(5);
    return shape;
}

static int any_choice(const char *const *words) {
    int n = 0;
    while (words[n]) n++;
    return (int)below(n);
}

static ct_argument any_argument(const ct_parameter *p) {
    static const double numbers[] = {0, 1, 2, -1, 0.5, 1e300, INFINITY, NAN};
    static const char *const strings[] = {"ij,jk->ik", "i,i", "ij->k", ""};
    static const int64_t sizes[] = {1, 2, 0, 3};
    const int n = (int)below(4);
    switch (p->kind) {
    case CT_PARAMETER_TENSOR: return (ct_argument){.tensor = p->required || n ? any_tensor() : NULL};
    case CT_PARAMETER_TENSORS: return (ct_argument){.tensors = any_list(n)};
    case CT_PARAMETER_NUMBER: return (ct_argument){.number = numbers[below(8)]};
    case CT_PARAMETER_INT:
    case CT_PARAMETER_INT64: return (ct_argument){.integer = below(8) - 3};
    case CT_PARAMETER_FLAG: return (ct_argument){.flag = below(2) == 1};
    case CT_PARAMETER_CHOICE: return (ct_argument){.choice = any_choice(p->words)};
    case CT_PARAMETER_AXES: return (ct_argument){.axes = {.n = n - 1, .axis = {(int)below(6) - 3, (int)below(6) - 3}}};
    case CT_PARAMETER_SHAPE:
    case CT_PARAMETER_PAIR:
    case CT_PARAMETER_TRIPLE: return (ct_argument){.shape = any_shape(n)};
    case CT_PARAMETER_SIZES: return (ct_argument){.sizes = {n, sizes}};
    case CT_PARAMETER_STRING: break;
    }
    return (ct_argument){.string = strings[n]};
}

/* Whether a call failed: in the function's name then, at the place of the call. */
static bool fails(const char *name, const ct_call *call) {
    char at[100];
    size_t n = strlen(name) + strlen(": ");
    ct_argument arguments[CT_MAX_PARAMETERS];
    ct_scope s = ct_begin();
    snprintf(at, sizeof at, "%s: src/model.c:7", name);
    for (int i = 0; i < call->n; i++) arguments[i] = any_argument(&call->parameter[i]);
    bool failed = !call->run(at, arguments);
    ck_assert_msg(ct_end(s) != failed, "%s: %s", name, ct_error());
    if (failed) {
        const char *error = ct_error();
        ck_assert_msg(!strncmp(error, at, n) && strncmp(error + n, at, n) != 0, "%s, not once: %s", name, error);
        ck_assert_msg(strstr(error, " (model.c:7)") != NULL, "%s: %s", name, error);
    }
    ct_error_clear();
    return failed;
}

START_TEST(every_function_fails_in_its_own_name) {
    int failing = 0;
    for (int i = 0; i < FUNCTIONS; i++) {
        const ct_call *call = ct_find_call(functions[i].name, strlen(functions[i].name));
        bool failed = false;
        for (int k = 0; call && k < CALLS; k++) {
            ct_this.limit = (size_t)1 << 20, ct_this.spent = 0;
            if (fails(functions[i].name, call)) failed = true;
        }
        ck_assert_msg(failed || !call, "%s never failed", functions[i].name);
        failing += failed;
    }
    ct_this.limit = 0;
    ck_assert_int_ge(failing, FUNCTIONS - 4); /* all but those whose arguments no formula can say */
}
END_TEST

/* ---- who is named ---------------------------------------------------------------------------------------------- */

static ct_tensor *three(void) { return ct_label(ct_ones(CT_F64, CT_SHAPE(3)), "x"); }
static ct_tensor *four(void) { return ct_label(ct_ones(CT_F64, CT_SHAPE(4)), "y"); }

START_TEST(the_outermost_function) {
    SHAPE_ERROR(ct_mse_loss(three(), four(), CT_LOSS_MEAN), "ct_mse_loss: ct_sub: x(3) - y(4): shapes do not broadcast");
    SHAPE_ERROR(ct_l1(three(), four()), "ct_l1: ct_sub: x(3) - y(4): shapes do not broadcast");
    SHAPE_ERROR(ct_corrcoef(ct_ones(CT_F64, CT_SHAPE(2, 3, 4))),
                "ct_corrcoef: ct_cov: (2,3,4): not a matrix of variables and observations");
    SHAPE_ERROR(ct_sub(three(), four()), "ct_sub: x(3) - y(4): shapes do not broadcast");
    SHAPE_ERROR(ct_mse_loss_at("test_names.c:1", three(), four(), CT_LOSS_MEAN),
                "ct_sub: x(3) - y(4): shapes do not broadcast");
}
END_TEST

/* An operand that failed on the same line is no fault of the function that got it; nor is what failed before. */
START_TEST(not_for_the_errors_of_others) {
    SHAPE_ERROR(ct_mse_loss(ct_mul(three(), four()), four(), CT_LOSS_MEAN),
                "ct_mul: x(3) * y(4): shapes do not broadcast");
    ct_tensor *bad = ct_mul(three(), four());
    ck_assert_ptr_null(ct_mse_loss(three(), four(), CT_LOSS_MEAN));
    SHAPE_ERROR(ct_kl_div(bad, bad, false, CT_LOSS_MEAN), "ct_mul: x(3) * y(4): shapes do not broadcast");
}
END_TEST

static ct_tensor *section(ct_list inputs, void *context) {
    (void)context;
    return ct_mul(inputs.items[0], ct_add(inputs.items[1], four()));
}

START_TEST(calls_of_a_callback_are_its_own) {
    SHAPE_ERROR(ct_checkpoint(section, CT_LIST(four(), three()), NULL), "ct_add: x(3) + y(4): shapes do not broadcast");
}
END_TEST

/* As a user writes it: the calls within pass the place on. */
static ct_tensor *distance_at(const char *at, ct_tensor *x, ct_tensor *y) {
    return ct_sqrt_at(at, ct_mse_loss_at(at, x, y, CT_LOSS_SUM));
}
#define distance(...) distance_at(CT_PLACE("distance: "), __VA_ARGS__)

START_TEST(a_function_of_the_user) {
    SHAPE_ERROR(distance(three(), four()), "distance: ct_sub: x(3) - y(4): shapes do not broadcast");
}
END_TEST

START_TEST(what_is_no_operation) {
    CHECK_ERROR(ct_zeros(CT_F64, CT_SHAPE(3, -1)), CT_ERR_SHAPE, "ct_zeros: ct_full: (3,-1) has a negative extent");
    CHECK_ERROR(ct_claim_grad_value(NULL, 1), CT_ERR_NULL, "ct_claim_grad_value: ct_claim_grad: operand 1 is NULL");
    ck_assert_ptr_null(ct_dataset_csv(NULL, NULL));
    expect_error(CT_ERR_NULL, "ct_dataset_csv: ct_read_csv: the path is NULL (test_names.c:");
    ck_assert_ptr_null(ct_sequential(NULL, ct_tanh_layer()));
    expect_error(CT_ERR_NULL, "ct_sequential: ");
    ck_assert(!ct_draw_with(three(), "x.jpg", NULL));
    expect_error(CT_ERR_ARGUMENT, "ct_draw: x.jpg: ");
}
END_TEST

START_TEST(a_claim_has_a_place) {
    ct_tensor *x = ct_requires_grad(three());
    ct_claim_grad_value(x, 1);
    ct_verification v = ct_verify(ct_sum(x, CT_ALL));
    ck_assert_int_eq(v.n, 1);
    ck_assert_msg(!strncmp(v.claims[0]->place, "test_names.c:", 13), "%s", v.claims[0]->place);
}
END_TEST

START_TEST(a_network) {
    ct_module *net = ct_sequential(ct_linear(3, 2), ct_tanh_layer());
    SHAPE_ERROR(ct_forward(net, ct_ones(CT_F32, CT_SHAPE(1, 4))),
                "ct_forward: ct_affine: (1,4) @ 0.weight(2,3)^T + 0.bias(2): inner dimensions 4 and 3 differ");
    ct_module_free(net);
}
END_TEST

START_TEST(a_function_in_a_formula) {
    ct_list names = CT_LIST(three(), four());
    ck_assert_ptr_null(ct_eval_at("src/model.c:1", "1 + mse_loss(x, y)", names));
    ck_assert_str_eq(ct_error(), "ct_mse_loss: ct_sub: x(3) - y(4): shapes do not broadcast (model.c:1, column 5)");
    ct_error_clear();
}
END_TEST

START_TEST(what_is_computed_within) {
    bool before = ct_stop_at_nonfinite(true);
    ck_assert_ptr_null(ct_round_decimals(ct_full(CT_F64, CT_SCALAR, 1e300), 10));
    ck_assert_msg(!strncmp(ct_error(), "ct_round_decimals: ct_mul: ", 27), "%s", ct_error());
    ct_error_clear();
    ct_stop_at_nonfinite(before);
    const char *place = ct_place_of(ct_mse_loss(three(), three(), CT_LOSS_MEAN));
    ck_assert_msg(!strncmp(place, "test_names.c:", 13), "%s", place);
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"functions", {every_macro_names_its_function, every_function_fails_in_its_own_name}},
        {"names",
         {the_outermost_function, not_for_the_errors_of_others, calls_of_a_callback_are_its_own,
          a_function_of_the_user, what_is_no_operation, a_claim_has_a_place, a_network, a_function_in_a_formula,
          what_is_computed_within}},
        {NULL, {NULL}},
    };
    return support_suite("names", cases, open_scope, close_scope);
}
