/* nn/: values of layers, ownership, names, initial values, a net that learns XOR, and memory that runs out. */
#include "nn/nn.h"
#include "optim/optim.h"
#include "support/expect.h"
#include "support/memory.h"
#include "tensor/internal.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE(a, b) ck_assert_msg(fabs((a) - (b)) <= 1e-14 * fmax(1, fabs(b)), "%.17g is not %.17g", (a), (b))
#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static const char *place(int line) {
    static char text[40];
    snprintf(text, sizeof text, "(test_nn.c:%d)", line);
    return text;
}

/* Ends the counting of memory, of which nothing is left. */
static void all_is_free(void) {
    support_restore_allocator();
    ck_assert_int_eq(support_live_bytes(), 0);
}

/* ---- layers ------------------------------------------------------------------------------------------------- */

START_TEST(linear_computes_affine_map) {
    ct_module *layer = ct_linear(3, 2, .dtype = CT_F64);
    ct_tensor *weight = ct_module_parameter(layer, 0), *bias = ct_module_parameter(layer, 1);
    ct_shape shape = ct_shape_of(weight);
    ck_assert(shape.ndim == 2 && shape.dim[0] == 2 && shape.dim[1] == 3 && ct_size(bias) == 2);
    ct_set(weight, (double[]){1, 2, 3, -4, 5, 0.5});
    ct_set(bias, (double[]){0.25, -1});
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(2, 3), (double[]){1, 0, -1, 2, 0.5, 4});
    ct_tensor *z = ct_forward(layer, x);
    const double expected[] = {-1.75, -5.5, 15.25, -4.5};
    for (int i = 0; i < 4; i++) CLOSE(element(z, i), expected[i]);
    ct_backward_from(z, ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2, 3, 4}));
    const double weight_gradient[] = {7, 1.5, 11, 10, 2, 14}, bias_gradient[] = {4, 6};
    for (int i = 0; i < 6; i++) CLOSE(element(ct_gradient(weight), i), weight_gradient[i]);
    for (int i = 0; i < 2; i++) CLOSE(element(ct_gradient(bias), i), bias_gradient[i]);
    end_well(s);
    ct_module_free(layer);
}
END_TEST

START_TEST(linear_is_f32_and_of_pytorchs_range_by_default) {
    ct_module *layer = ct_linear(400, 300);
    for (int k = 0; k < 2; k++) {
        ct_tensor *t = ct_module_parameter(layer, k);
        double largest = 0, sum = 0;
        ck_assert_int_eq(ct_dtype_of(t), CT_F32);
        for (int64_t i = 0; i < ct_size(t); i++) largest = fmax(largest, fabs(element(t, i))), sum += element(t, i);
        ck_assert(largest <= 0.05 && largest > 0.049);
        ck_assert(fabs(sum) < 5 * 0.05 / sqrt(3) * sqrt((double)ct_size(t)));
    }
    ct_module_free(layer);
}
END_TEST

static ct_tensor *cube_at(const char *at, ct_tensor *x) { return ct_mul_at(at, x, ct_square_at(at, x)); }

START_TEST(op_layers_compute_their_op) {
    const double at[] = {-2, -0.5, 0.25, 3};
    struct {
        ct_module *layer;
        double value[4];
    } cases[] = {
        {ct_relu_layer(), {0, 0, 0.25, 3}},
        {ct_leaky_relu_layer(0.125), {-0.25, -0.0625, 0.25, 3}},
        {ct_sigmoid_layer(), {1 / (1 + exp(2)), 1 / (1 + exp(0.5)), 1 / (1 + exp(-0.25)), 1 / (1 + exp(-3))}},
        {ct_tanh_layer(), {tanh(-2), tanh(-0.5), tanh(0.25), tanh(3)}},
        {ct_elu_layer(2), {2 * expm1(-2), 2 * expm1(-0.5), 0.25, 3}},
        {ct_silu_layer(), {-2 / (1 + exp(2)), -0.5 / (1 + exp(0.5)), 0.25 / (1 + exp(-0.25)), 3 / (1 + exp(-3))}},
        {ct_gelu_layer(),
         {-erfc(sqrt(2)), -0.25 * erfc(sqrt(0.125)), 0.125 * erfc(-sqrt(0.03125)), 1.5 * erfc(-sqrt(4.5))}},
        {ct_softplus_layer(), {log1p(exp(-2)), log1p(exp(-0.5)), log1p(exp(0.25)), log1p(exp(3))}},
        {ct_op_layer(ct_neg), {2, 0.5, -0.25, -3}},
        {ct_op_layer(cube), {-8, -0.125, 0.015625, 27}},
    };
    for (int k = 0; k < COUNT(cases); k++) {
        ct_scope s = ct_begin();
        ct_tensor *z = ct_forward(cases[k].layer, ct_from(CT_F64, CT_SHAPE(4), at));
        for (int i = 0; i < 4; i++) CLOSE(element(z, i), cases[k].value[i]);
        ck_assert_int_eq(ct_module_parameter_count(cases[k].layer), 0);
        end_well(s);
        ct_module_free(cases[k].layer);
    }
}
END_TEST

START_TEST(dropout_drops_in_training_only) {
    const int64_t n = 100000;
    const double p = 0.3;
    ct_module *net = ct_sequential(ct_dropout_layer(p));
    ct_seed(7);
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_full(CT_F64, CT_SHAPE(n), 2)), *z = ct_forward(net, x);
    int64_t zeros = 0;
    for (int64_t i = 0; i < n; i++) {
        zeros += element(z, i) == 0;
        if (element(z, i) != 0) CLOSE(element(z, i), 2 / (1 - p));
    }
    ck_assert(fabs((double)zeros - p * (double)n) < 5 * sqrt(p * (1 - p) * (double)n));
    ct_backward(ct_sum(z, CT_ALL));
    for (int64_t i = 0; i < n; i++) CLOSE(element(ct_gradient(x), i), element(z, i) == 0 ? 0 : 1 / (1 - p));

    ct_tensor *again = ct_forward(net, x);
    ck_assert_msg(memcmp(ct_data(z), ct_data(again), (size_t)n * sizeof(double)) != 0, "the same draw twice");
    ct_set_training(net, false);
    ck_assert_ptr_eq(ct_forward(net, x), x);
    end_well(s);
    ct_module_free(net);
}
END_TEST

START_TEST(training_mode_reaches_every_part) {
    ct_module *inner = ct_dropout_layer(0.5), *net = ct_sequential(ct_relu_layer(), ct_sequential(inner));
    ck_assert(ct_is_training(net) && ct_is_training(inner));
    ct_set_training(net, false);
    ck_assert(!ct_is_training(net) && !ct_is_training(inner));
    ct_set_training(net, true);
    ck_assert(ct_is_training(net) && ct_is_training(inner) && !ct_is_training(NULL));
    ct_module_free(net);
}
END_TEST

START_TEST(layers_refuse_bad_arguments) {
    ck_assert_ptr_null(ct_linear(0, 3));
    expect_error(CT_ERR_ARGUMENT, "ct_linear", "0 -> 3", "test_nn.c:");
    ck_assert_ptr_null(ct_linear(2)); /* no out */
    expect_error(CT_ERR_ARGUMENT, "ct_linear", "2 -> 0");
    ck_assert_ptr_null(ct_linear(2, 3, .dtype = CT_I32));
    expect_error(CT_ERR_DTYPE, "i32", "test_nn.c:");
    ck_assert_ptr_null(ct_linear(INT64_MAX, 2));
    expect_error(CT_ERR_LIMIT, "too many elements");
    const double bad[] = {-0.1, 1, NAN};
    for (int k = 0; k < COUNT(bad); k++) {
        ck_assert_ptr_null(ct_dropout_layer(bad[k]));
        expect_error(CT_ERR_ARGUMENT, "ct_dropout_layer", "[0, 1)");
    }
}
END_TEST

/* ---- nets --------------------------------------------------------------------------------------------------- */

START_TEST(parameters_are_named_by_their_place) {
    ct_module *net =
        ct_sequential(ct_linear(4, 3), ct_relu_layer(),
                      ct_sequential(ct_tanh_layer(), ct_linear(3, 2), ct_sequential(ct_linear(2, 2))), NULL);
    const char *names[] = {"0.weight", "0.bias", "2.1.weight", "2.1.bias", "2.2.0.weight", "2.2.0.bias"};
    ck_assert_int_eq(ct_module_parameter_count(net), COUNT(names));
    ct_list all = ct_parameters(net);
    ck_assert_int_eq(all.n, COUNT(names));
    for (int i = 0; i < COUNT(names); i++) {
        ck_assert_str_eq(ct_module_parameter_name(net, i), names[i]);
        ck_assert_str_eq(ct_label_of(ct_module_parameter(net, i)), names[i]);
        ck_assert_ptr_eq(ct_module_parameter(net, i), all.items[i]);
        ck_assert(ct_needs_gradient(all.items[i]));
    }
    ck_assert_ptr_null(ct_module_parameter(net, -1));
    ck_assert_ptr_null(ct_module_parameter_name(net, COUNT(names)));
    ck_assert_int_eq(ct_parameters(NULL).n, 0);
    ct_module_free(net);
}
END_TEST

START_TEST(errors_name_the_parameter_and_the_callers_line) {
    ct_module *net = ct_sequential(ct_linear(4, 3), ct_relu_layer(), ct_linear(5, 2));
    ct_scope s = ct_begin();
    ck_assert_ptr_null(ct_relu(ct_forward(net, ct_zeros(CT_F32, CT_SHAPE(6, 4)))));
    const char *line = place(__LINE__ - 1);
    ck_assert(!ct_end(s));
    expect_error(CT_ERR_SHAPE, "ct_affine", "(6,3)", "2.weight(2,5)", line);
    ct_module_free(net);
}
END_TEST

/* The number of tensors that computing x through the net leaves. */
static int64_t count_computed(ct_module *net, ct_tensor *x, ct_tensor **y) {
    uint32_t before = ct_this.next_id;
    *y = ct_forward(net, x);
    return (int64_t)ct_this.next_id - before;
}

START_TEST(a_linear_layer_and_its_relu_are_one_operation) {
    ct_scope s = ct_begin();
    ct_module *net = ct_sequential(ct_linear(4, 3), ct_relu_layer(), ct_linear(3, 2), ct_tanh_layer(), ct_relu_layer());
    ct_module *unbiased = ct_sequential(ct_linear(4, 3, .no_bias = true), ct_relu_layer());
    ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(6, 4), -1, 1), *y, *z;
    ck_assert_int_eq(count_computed(net, x, &y), 4);
    ct_tensor *h = ct_relu(ct_affine(x, ct_module_parameter(net, 0), ct_module_parameter(net, 1)));
    h = ct_affine(h, ct_module_parameter(net, 2), ct_module_parameter(net, 3));
    ck_assert_mem_eq(ct_data(y), ct_data(ct_relu(ct_tanh(h))), 6 * 2 * sizeof(float));
    ck_assert_int_eq(count_computed(unbiased, x, &z), 3); /* the transpose, the product, its ReLU */
    ck_assert(ct_end(s));
    ct_module_free(net);
    ct_module_free(unbiased);
}
END_TEST

START_TEST(null_module_is_an_error) {
    ct_scope s = ct_begin();
    ck_assert_ptr_null(ct_forward(NULL, ct_scalar(1)));
    ck_assert(!ct_end(s));
    expect_error(CT_ERR_NULL, "ct_forward", "test_nn.c");
    ct_module_free(NULL);
    ct_set_training(NULL, true);
}
END_TEST

START_TEST(null_after_the_last_layer_is_let_pass) {
    ct_module *nets[] = {ct_sequential(ct_relu_layer(), ct_tanh_layer(), NULL), ct_sequential(NULL)};
    ck_assert(nets[0] && nets[1]);
    ct_scope s = ct_begin();
    ct_tensor *x = ct_scalar(0.5);
    CLOSE(ct_item(ct_forward(nets[0], x)), tanh(0.5));
    ck_assert_ptr_eq(ct_forward(nets[1], x), x);
    end_well(s);
    for (int i = 0; i < COUNT(nets); i++) ct_module_free(nets[i]);
}
END_TEST

/* Wherever a constructor fails, the whole is NULL, nothing is left, and the first cause is told with its line. */
START_TEST(failed_layer_fails_the_net) {
    support_fail_allocation(-1);
    ct_module *failed = ct_linear(3, -1);
    const char *line = place(__LINE__ - 1);
    ck_assert_ptr_null(
        ct_sequential(ct_linear(4, 3), ct_sequential(ct_relu_layer(), failed, ct_linear(1, 1)), ct_dropout_layer(2)));
    expect_error(CT_ERR_ARGUMENT, "ct_linear", "3 -> -1", line);
    ck_assert_ptr_null(ct_sequential(ct_linear(4, 3), ct_dropout_layer(NAN)));
    expect_error(CT_ERR_ARGUMENT, "ct_dropout_layer", "nan");
    ck_assert_ptr_null(ct_sequential(ct_linear(4, 3), NULL, ct_relu_layer()));
    expect_error(CT_ERR_NULL, "ct_sequential", "operand 2");
    all_is_free();
}
END_TEST

START_TEST(layer_has_one_owner) {
    support_fail_allocation(-1);
    ct_module *layer = ct_linear(2, 2), *other = ct_sequential(layer);
    ck_assert_ptr_null(ct_sequential(ct_relu_layer(), layer));
    expect_error(CT_ERR_ARGUMENT, "ct_sequential", "layer 1");
    ct_module_free(layer); /* a part: its owner frees it */
    ck_assert_int_eq(ct_module_parameter_count(other), 2);
    ct_module_free(other);
    ct_module *twice = ct_linear(2, 2);
    ck_assert_ptr_null(ct_sequential(twice, twice));
    expect_error(CT_ERR_ARGUMENT, "ct_sequential", "layer 1");
    all_is_free();
}
END_TEST

/* ---- initial values ------------------------------------------------------------------------------------------ */

typedef struct moments {
    double mean, std, low, high;
} moments;

static moments moments_of(const ct_tensor *t) {
    moments m = {.low = INFINITY, .high = -INFINITY};
    double n = (double)ct_size(t);
    for (int64_t i = 0; i < ct_size(t); i++) {
        double v = element(t, i);
        m.mean += v / n;
        m.std += v * v / n;
        m.low = fmin(m.low, v);
        m.high = fmax(m.high, v);
    }
    m.std = sqrt(m.std - m.mean * m.mean);
    return m;
}

START_TEST(weights_follow_their_distribution) {
    const double in = 300, out = 200, root12 = sqrt(12);
    struct {
        ct_init init;
        double mean, std, limit; /* |value - mean| <= limit */
    } cases[] = {
        {ct_init_normal(0.5, 0.01), 0.5, 0.01, INFINITY},
        {ct_init_uniform(-1, 3), 1, 4 / root12, 2},
        {ct_xavier_normal(), 0, sqrt(2 / (in + out)), INFINITY},
        {ct_xavier_uniform(), 0, sqrt(2 / (in + out)), sqrt(6 / (in + out))},
        {ct_he_normal(), 0, sqrt(2 / in), INFINITY},
        {ct_he_uniform(), 0, sqrt(2 / in), sqrt(6 / in)},
    };
    ct_module *net = ct_sequential(ct_linear(300, 200, .dtype = CT_F64));
    const ct_tensor *weight = ct_module_parameter(net, 0);
    const double root_n = sqrt(in * out);
    for (int k = 0; k < COUNT(cases); k++) {
        ct_seed(29);
        ck_assert(ct_init_weights(net, cases[k].init));
        moments m = moments_of(weight);
        const double std = cases[k].std;
        ck_assert_msg(fabs(m.mean - cases[k].mean) < 5 * std / root_n, "case %d: mean %g", k, m.mean);
        ck_assert_msg(fabs(m.std - std) < 5 * std / root_n, "case %d: deviation %g, not %g", k, m.std, std);
        ck_assert(m.high <= cases[k].mean + cases[k].limit && m.low >= cases[k].mean - cases[k].limit);
        ck_assert(isinf(cases[k].limit) || m.high - m.low > 1.999 * cases[k].limit);
    }
    ct_module_free(net);
}
END_TEST

START_TEST(weights_and_biases_are_told_apart) {
    ct_module *net = ct_sequential(ct_linear(5, 4), ct_relu_layer(), ct_linear(4, 3, .dtype = CT_F64));
    ck_assert(ct_init_biases(net, 1) && ct_init_weights(net, ct_init_constant(-0.5)));
    for (int k = 0; k < ct_module_parameter_count(net); k++) {
        const ct_tensor *t = ct_module_parameter(net, k);
        for (int64_t i = 0; i < ct_size(t); i++) ck_assert_double_eq(element(t, i), k % 2 ? 1 : -0.5);
    }
    ct_module_free(net);
}
END_TEST

START_TEST(seed_decides_initial_values) {
    ct_module *nets[3];
    for (int k = 0; k < 3; k++) {
        ct_seed(k < 2 ? 5 : 6);
        nets[k] = ct_sequential(ct_linear(7, 5), ct_linear(5, 3));
    }
    for (int i = 0; i < 4; i++) {
        const size_t bytes = ct_bytes_of(ct_module_parameter(nets[0], i));
        const void *first = ct_data(ct_module_parameter(nets[0], i));
        ck_assert(!memcmp(first, ct_data(ct_module_parameter(nets[1], i)), bytes));
        ck_assert(memcmp(first, ct_data(ct_module_parameter(nets[2], i)), bytes));
    }
    for (int k = 0; k < 3; k++) ct_module_free(nets[k]);
}
END_TEST

START_TEST(bad_distributions_are_refused) {
    const ct_init bad[] = {ct_init_normal(0, -1), ct_init_normal(NAN, 1), ct_init_uniform(2, 1),
                           ct_init_uniform(0, INFINITY), ct_init_constant(NAN)};
    ct_module *net = ct_linear(2, 2);
    for (int k = 0; k < COUNT(bad); k++) {
        ck_assert(!ct_init_weights(net, bad[k]));
        expect_error(CT_ERR_ARGUMENT, "ct_init_weights", "test_nn.c:");
    }
    ck_assert(!ct_init_weights(NULL, ct_he_normal()));
    expect_error(CT_ERR_NULL, "ct_init_weights");
    ck_assert(!ct_init_biases(NULL, 0));
    expect_error(CT_ERR_NULL, "ct_init_biases");
    ct_module_free(net);
}
END_TEST

/* ---- losses and summary ------------------------------------------------------------------------------------- */

START_TEST(mse_is_the_mean_of_squares) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2, 3, -1}));
    ct_tensor *loss = ct_mse(x, ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){0, 2, 1, 1}));
    CLOSE(ct_item(loss), 2.25);
    ct_backward(loss);
    const double gradient[] = {0.5, 0, 1, -1};
    for (int i = 0; i < 4; i++) CLOSE(element(ct_gradient(x), i), gradient[i]);
    end_well(s);
}
END_TEST

START_TEST(mse_does_not_broadcast) {
    ct_scope s = ct_begin();
    ck_assert_ptr_null(ct_mse(ct_zeros(CT_F64, CT_SHAPE(4, 1)), ct_zeros(CT_F64, CT_SHAPE(4))));
    ck_assert(!ct_end(s));
    expect_error(CT_ERR_SHAPE, "ct_mse", "(4,1)", "(4)", "test_nn.c:");
    s = ct_begin();
    ck_assert_ptr_null(ct_mse(NULL, ct_scalar(1)));
    ck_assert(!ct_end(s));
    expect_error(CT_ERR_NULL, "test_nn.c:");
}
END_TEST

START_TEST(summary_lists_layers_and_counts) {
    ct_module *net = ct_sequential(ct_linear(784, 128), ct_relu_layer(), ct_dropout_layer(0.25),
                                   ct_sequential(ct_linear(128, 64), ct_leaky_relu_layer(0.01)), ct_linear(64, 10));
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert(ct_summary(net, out));
    fclose(out);
    ck_assert_str_eq(text, "layer                    shapes                         parameters\n"
                           "0 linear                 (128,784) (128)                   100,480\n"
                           "1 relu\n"
                           "2 dropout(0.25)\n"
                           "3.0 linear               (64,128) (64)                       8,256\n"
                           "3.1 leaky_relu(0.01)\n"
                           "4 linear                 (10,64) (10)                          650\n"
                           "total                                                      109,386\n");
    free(text);
    out = fopen("/dev/full", "w");
    if (out) {
        ck_assert(!ct_summary(net, out));
        expect_error(CT_ERR_FILE, "ct_summary");
        fclose(out);
    }
    ck_assert(!ct_summary(NULL, stdout));
    expect_error(CT_ERR_NULL, "ct_summary");
    ct_module_free(net);
}
END_TEST

/* ---- training ----------------------------------------------------------------------------------------------- */

START_TEST(net_learns_xor) {
    ct_seed(1);
    ct_module *net =
        ct_sequential(ct_linear(2, 8, .dtype = CT_F64), ct_tanh_layer(), ct_linear(8, 1, .dtype = CT_F64));
    ct_optim *opt = ct_sgd(ct_parameters(net), &(ct_sgd_options){.lr = 0.1, .momentum = 0.9});
    double first = 0, last = 0;
    for (int step = 0; step < 1000; step++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_from(CT_F64, CT_SHAPE(4, 2), (double[]){0, 0, 0, 1, 1, 0, 1, 1});
        ct_tensor *y = ct_from(CT_F64, CT_SHAPE(4, 1), (double[]){0, 1, 1, 0});
        ct_tensor *loss = ct_mse(ct_forward(net, x), y);
        ct_backward(loss);
        ck_assert(ct_step(opt));
        last = ct_item(loss);
        if (step == 0) first = last;
        end_well(s);
    }
    ck_assert_msg(first > 0.1 && last < 1e-10, "loss from %g to %g", first, last);
    ct_optim_free(opt);
    ct_module_free(net);
}
END_TEST

/* Builds a net and takes one step of training; true if all went well. Leaves nothing but the thread's scope memory. */
static bool build_and_step(void) {
    ct_module *net =
        ct_sequential(ct_linear(30, 20), ct_dropout_layer(0.1), ct_sequential(ct_relu_layer(), ct_linear(20, 4)));
    ct_optim *opt = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-3});
    ct_scope s = ct_begin();
    ct_tensor *x = ct_normal(CT_F32, CT_SHAPE(16, 30), 0, 1);
    ct_tensor *loss = ct_mse(ct_forward(net, x), ct_zeros(CT_F32, CT_SHAPE(16, 4)));
    ct_backward(loss);
    bool stepped = ct_step(opt), ended = ct_end(s);
    ck_assert(stepped == ended);
    ct_optim_free(opt);
    ct_module_free(net);
    return ended;
}

/* With allocation k failing, or all from there on; false when there are not so many. */
static bool survive(int64_t k, void (*break_allocation)(int64_t k)) {
    break_allocation(k);
    bool well = build_and_step(), failed = support_allocations() > k;
    if (!well) expect_error(CT_ERR_MEMORY, "out of memory", "test_nn.c:");
    all_is_free();
    if (failed && break_allocation == support_fail_allocations_from)
        ck_assert_msg(!well, "nobody noticed allocation %d", (int)k);
    ck_assert_msg(build_and_step(), "after allocation %d failed: %s", (int)k, ct_error());
    return failed;
}

START_TEST(every_failing_allocation_is_survived) {
    int64_t n = 0;
    while (survive(n, support_fail_allocation)) n++;
    for (int64_t k = 0; k < n; k++) ck_assert(survive(k, support_fail_allocations_from));
    ck_assert_int_gt(n, 20);
}
END_TEST

#ifndef CT_DEBUG /* which sets the memory of ended scopes aside for a while */
START_TEST(later_steps_allocate_nothing) {
    support_fail_allocation(-1);
    ct_module *net = ct_sequential(ct_linear(30, 20), ct_relu_layer(), ct_dropout_layer(0.5), ct_linear(20, 4));
    ct_optim *opt = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-3});
    int64_t after_first = 0;
    for (int step = 0; step < 5; step++) {
        ct_scope s = ct_begin();
        ct_backward(ct_mse(ct_forward(net, ct_ones(CT_F32, CT_SHAPE(16, 30))), ct_zeros(CT_F32, CT_SHAPE(16, 4))));
        ck_assert(ct_step(opt));
        end_well(s);
        if (step == 0) after_first = support_allocations();
    }
    ck_assert_int_eq(support_allocations(), after_first);
    ct_optim_free(opt);
    ct_module_free(net);
    all_is_free();
}
END_TEST
#endif

Suite *ct_suite(void) {
    Suite *suite = suite_create("nn");
    TCase *layers = tcase_create("layers"), *nets = tcase_create("nets"), *training = tcase_create("training");
    tcase_add_test(layers, linear_computes_affine_map);
    tcase_add_test(layers, linear_is_f32_and_of_pytorchs_range_by_default);
    tcase_add_test(layers, op_layers_compute_their_op);
    tcase_add_test(layers, dropout_drops_in_training_only);
    tcase_add_test(layers, layers_refuse_bad_arguments);
    tcase_add_test(layers, mse_is_the_mean_of_squares);
    tcase_add_test(layers, mse_does_not_broadcast);
    tcase_add_test(nets, training_mode_reaches_every_part);
    tcase_add_test(nets, parameters_are_named_by_their_place);
    tcase_add_test(nets, errors_name_the_parameter_and_the_callers_line);
    tcase_add_test(nets, a_linear_layer_and_its_relu_are_one_operation);
    tcase_add_test(nets, null_module_is_an_error);
    tcase_add_test(nets, null_after_the_last_layer_is_let_pass);
    tcase_add_test(nets, failed_layer_fails_the_net);
    tcase_add_test(nets, layer_has_one_owner);
    tcase_add_test(nets, summary_lists_layers_and_counts);
    tcase_add_test(nets, weights_follow_their_distribution);
    tcase_add_test(nets, weights_and_biases_are_told_apart);
    tcase_add_test(nets, seed_decides_initial_values);
    tcase_add_test(nets, bad_distributions_are_refused);
    tcase_add_test(training, net_learns_xor);
    tcase_add_test(training, every_failing_allocation_is_survived);
#ifndef CT_DEBUG
    tcase_add_test(training, later_steps_allocate_nothing);
#endif
    suite_add_tcase(suite, layers);
    suite_add_tcase(suite, nets);
    suite_add_tcase(suite, training);
    return suite;
}
