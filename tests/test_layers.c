/* nn/: what layers compute, written out by hand; the tree of modules; layers of a user's own. */
#include "nn/nn.h"
#include "optim/optim.h"
#include "support/expect.h"
#include "support/files.h"
#include "support/memory.h"
#include "tensor/internal.h"
#include "train/train.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define CLOSE(a, b) ck_assert_double_eq_tol(a, b, 1e-13)
#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static void expect_shape(const ct_tensor *t, ct_shape wanted) {
    ct_shape shape = ct_shape_of(t);
    ck_assert_msg(t && ct_shape_equal(&shape, &wanted), "%s", ct_error());
}

static void set_all(ct_module *m, const double *values) {
    for (int k = 0; k < ct_module_parameter_count(m); k++) {
        ct_tensor *t = ct_module_parameter(m, k);
        for (int64_t i = 0; i < ct_size(t); i++) ct_write_element(ct_dtype_of(t), t->data, i, *values++);
    }
}

static double logistic(double x) { return 1 / (1 + exp(-x)); }

/* ---- what layers compute ------------------------------------------------------------------------------------ */

/* One unit over three times; a second run goes on from the first one's state. */
START_TEST(lstm_follows_its_formula) {
    const double w[4] = {0.5, -1, 0.25, 2}, v[4] = {1, 0.5, -0.75, 0.1}, b[4] = {0.1, 0.2, -0.3, 0.4};
    const double x[] = {1, -2, 0.5};
    double values[16], h = 0, c = 0;
    for (int k = 0; k < 4; k++) values[k] = w[k], values[4 + k] = v[k], values[8 + k] = b[k], values[12 + k] = 1;
    ct_module *lstm = ct_lstm(1, 1, .dtype = CT_F64);
    const char *names[] = {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"};
    for (int k = 0; k < 4; k++) ck_assert_str_eq(ct_module_parameter_name(lstm, k), names[k]);
    set_all(lstm, values);
    ct_scope s = ct_begin();
    ct_tensor *all = ct_from(CT_F64, CT_SHAPE(1, 3, 1), x), *y = ct_forward(lstm, all);
    ct_recurrent_state state = {.h = NULL};
    ct_tensor *head = ct_forward_with(lstm, ct_slice(all, 1, 0, 2, 1), &state);
    ct_tensor *tail = ct_forward_with(lstm, ct_slice(all, 1, 2, 3, 1), &state);
    for (int t = 0; t < 3; t++) {
        double g[4];
        for (int k = 0; k < 4; k++) g[k] = w[k] * x[t] + v[k] * h + b[k] + 1;
        c = logistic(g[1]) * c + logistic(g[0]) * tanh(g[2]);
        h = logistic(g[3]) * tanh(c);
        CLOSE(element(y, t), h);
        CLOSE(element(t < 2 ? head : tail, t % 2), h);
    }
    CLOSE(ct_item(state.h), h);
    CLOSE(ct_item(state.c), c);
    end_well(s);
    ct_module_free(lstm);
}
END_TEST

START_TEST(gru_follows_its_formula) {
    const double w[3] = {0.5, -1, 0.25}, v[3] = {1, 0.5, -0.75}, b[3] = {0.1, 0.2, -0.3}, d[3] = {0.3, -0.2, 0.7};
    const double x[] = {1, -2, 0.5};
    double values[12], h = 0;
    for (int k = 0; k < 3; k++) values[k] = w[k], values[3 + k] = v[k], values[6 + k] = b[k], values[9 + k] = d[k];
    ct_module *gru = ct_gru(1, 1, .dtype = CT_F64);
    set_all(gru, values);
    ct_scope s = ct_begin();
    ct_tensor *y = ct_forward(gru, ct_from(CT_F64, CT_SHAPE(1, 3, 1), x));
    for (int t = 0; t < 3; t++) {
        double r = logistic(w[0] * x[t] + b[0] + v[0] * h + d[0]), z = logistic(w[1] * x[t] + b[1] + v[1] * h + d[1]);
        double n = tanh(w[2] * x[t] + b[2] + r * (v[2] * h + d[2]));
        h = (1 - z) * n + z * h;
        CLOSE(element(y, t), h);
    }
    end_well(s);
    ct_module_free(gru);
}
END_TEST

START_TEST(recurrent_layers_stack_and_run_both_ways) {
    ct_module *net = ct_lstm(3, 4, .layers = 2, .bidirectional = true, .dropout = 0.5);
    ck_assert_int_eq(ct_module_parameter_count(net), 16);
    ck_assert_str_eq(ct_module_parameter_name(net, 12), "weight_ih_l1_reverse");
    ct_scope s = ct_begin();
    ct_recurrent_state state = {.h = NULL};
    expect_shape(ct_forward_with(net, ct_zeros(CT_F32, CT_SHAPE(2, 5, 3)), &state), CT_SHAPE(2, 5, 8));
    expect_shape(state.h, CT_SHAPE(4, 2, 4));
    expect_shape(state.c, CT_SHAPE(4, 2, 4));
    ck_assert_ptr_null(ct_forward(net, ct_zeros(CT_F32, CT_SHAPE(2, 3))));
    expect_error(CT_ERR_SHAPE, "ct_lstm: (2,3) is not (n, time, 3)", "test_layers.c:");
    ck_assert_ptr_null(ct_forward(net, ct_zeros(CT_F32, CT_SHAPE(2, 0, 3))));
    ct_error_clear();
    end_well(s);
    ct_module_free(net);
}
END_TEST

/* A query that matches the second of three keys looks there; what is masked, or later, does not count. */
START_TEST(attention_looks_where_keys_match) {
    ct_module *net = ct_multi_head_attention(2, 2, .dtype = CT_F64), *causal;
    const double identity[] = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1}, unit[] = {1, 0, 0, 1};
    causal = ct_multi_head_attention(2, 1, .causal = true, .dtype = CT_F64);
    ck_assert_str_eq(ct_label_of(ct_own_tensor(net, 0)), "in_proj_weight");
    ck_assert_str_eq(ct_label_of(ct_own_tensor(ct_part_of(net, "out_proj"), 0)), "out_proj.weight");
    ct_module *both[] = {net, causal};
    for (int k = 0; k < 2; k++) {
        ck_assert(ct_set(ct_own_tensor(both[k], 0), identity));
        ck_assert(ct_set(ct_own_tensor(ct_part_of(both[k], "out_proj"), 0), unit));
    }
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(1, 1, 2), (double[]){1, 2});
    ct_attention a = {.key = ct_from(CT_F64, CT_SHAPE(1, 3, 2), (double[]){0, 1, 3, 0, -1, 2}),
                      .value = ct_from(CT_F64, CT_SHAPE(1, 3, 2), (double[]){1, 2, 3, 4, 5, 6})};
    ct_tensor *y = ct_forward_with(net, x, &a); /* each head has one number: no scale */
    const double first = exp(0) + exp(3) + exp(-1), second = exp(2) + exp(0) + exp(4);
    expect_shape(a.weights, CT_SHAPE(1, 2, 1, 3));
    CLOSE(element(a.weights, 1), exp(3) / first);
    CLOSE(element(y, 0), (1 * exp(0) + 3 * exp(3) + 5 * exp(-1)) / first);
    CLOSE(element(y, 1), (2 * exp(2) + 4 * exp(0) + 6 * exp(4)) / second);
    a.mask = ct_cast(ct_from(CT_F64, CT_SHAPE(1, 3), (double[]){1, 0, 1}), CT_BOOL);
    y = ct_forward_with(net, x, &a);
    CLOSE(element(y, 0), 3);
    CLOSE(element(y, 1), 4);
    a.mask = ct_from(CT_F64, CT_SHAPE(1, 3), (double[]){-INFINITY, -INFINITY, 7});
    CLOSE(element(ct_forward_with(net, x, &a), 0), 5);

    y = ct_forward(causal, a.value);
    CLOSE(element(y, 0), 1);
    CLOSE(element(y, 1), 2);
    const double q0 = (3 + 8) / sqrt(2), q1 = (9 + 16) / sqrt(2), p = 1 / (1 + exp(q1 - q0));
    CLOSE(element(y, 2), 1 * p + 3 * (1 - p));
    ck_assert_ptr_null(ct_forward(net, ct_zeros(CT_F64, CT_SHAPE(1, 2, 3))));
    expect_error(CT_ERR_SHAPE, "(1,2,3) is not (n, places, 2)", "test_layers.c:");
    end_well(s);
    ct_module_free(net);
    ct_module_free(causal);
}
END_TEST

START_TEST(residual_adds_what_its_layers_make) {
    ct_module *net = ct_residual(ct_linear(2, 2, .dtype = CT_F64), ct_relu_layer());
    set_all(net, (double[]){1, 0, 0, 1, -2, 1});
    ct_scope s = ct_begin();
    ct_tensor *y = ct_forward(net, ct_from(CT_F64, CT_SHAPE(1, 2), (double[]){1, 3}));
    CLOSE(element(y, 0), 1);
    CLOSE(element(y, 1), 3 + 4);
    end_well(s);
    ct_module_free(net);
}
END_TEST

START_TEST(a_net_of_images_has_the_right_shapes) {
    ct_module *net = ct_sequential(ct_conv2d_layer(1, 6, 5, .padding = 2), ct_relu_layer(), ct_max_pool2d_layer(2),
                                   ct_conv2d_layer(6, 16, 5), ct_batch_norm_layer(16), ct_gelu_layer(),
                                   ct_avg_pool2d_layer(2), ct_flatten_layer(), ct_linear(400, 10));
    ct_scope s = ct_begin();
    expect_shape(ct_forward(net, ct_zeros(CT_F32, CT_SHAPE(3, 1, 28, 28))), CT_SHAPE(3, 10));
    end_well(s);
    char text[2000] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert(ct_summary(net, out));
    fclose(out);
    ck_assert_msg(strstr(text, "0 conv2d(5x5)            (6,1,5,5) (6)                         156"), "%s", text);
    ck_assert(strstr(text, "2 max_pool2d(2x2)") && strstr(text, "4 batch_norm ") && strstr(text, "7 flatten"));
    ct_module_free(net);
}
END_TEST

START_TEST(first_row_of_padded_embedding_stays_zero) {
    ct_module *net = ct_embedding_layer(4, 3, .padding = true, .dtype = CT_F64);
    ct_optim *opt = ct_sgd(ct_parameters(net), &(ct_sgd_options){.lr = 1});
    ct_tensor *weight = ct_module_parameter(net, 0);
    const double before = element(weight, 3);
    ct_scope s = ct_begin();
    ct_backward(ct_sum(ct_forward(net, ct_from(CT_I64, CT_SHAPE(3), (int64_t[]){0, 1, 0})), CT_ALL));
    ck_assert(ct_step(opt));
    end_well(s);
    CLOSE(element(weight, 0), 0);
    CLOSE(element(weight, 3), before - 1);
    ct_optim_free(opt);
    ct_module_free(net);
}
END_TEST

/* ---- losses by their everyday names ------------------------------------------------------------------------- */

START_TEST(losses_are_means) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 3, -2, 0.5});
    ct_tensor *y = ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){0, 1, 0.25, 0.75}), *logs = ct_log_softmax(x, 1);
    ct_tensor *classes = ct_from(CT_I64, CT_SHAPE(2), (int64_t[]){1, 0});
    const double p0 = log1p(exp(2)), p1 = log1p(exp(2.5)); /* -log of the smaller probability of each row */
    CLOSE(ct_item(ct_nll(logs, classes)), (p0 - 2 + p1) / 2);
    CLOSE(ct_item(ct_cross_entropy_smoothed(x, classes, 0.2)), 0.9 * (p0 - 2 + p1) / 2 + 0.1 * (p0 + p1 - 2.5) / 2);
    CLOSE(ct_item(ct_l1(x, y)), (1 + 2 + 2.25 + 0.25) / 4);
    CLOSE(ct_item(ct_huber(x, y, 1)), (0.5 + 1.5 + 1.75 + 0.03125) / 4);
    CLOSE(ct_item(ct_bce_with_logits(x, y)),
          (log1p(exp(1)) + log1p(exp(3)) - 3 + log1p(exp(-2)) + 0.5 + log1p(exp(0.5)) - 0.375) / 4);
    const double entropy = 0.25 * log(0.25) + 0.75 * log(0.75);
    CLOSE(ct_item(ct_kl(logs, y)), (p0 - 2 + entropy + 0.25 * p1 + 0.75 * (p1 - 2.5)) / 2);
    ct_tensor *variance = ct_full(CT_F64, CT_SHAPE(2, 2), 2);
    CLOSE(ct_item(ct_gaussian_nll(x, y, variance)), (4 * log(2) + (1 + 4 + 5.0625 + 0.0625) / 2) / 8);
    end_well(s);
}
END_TEST

/* ---- running statistics ------------------------------------------------------------------------------------- */

START_TEST(running_statistics_are_buffers) {
    ct_module *net = ct_sequential(ct_linear(2, 1, .dtype = CT_F64), ct_batch_norm_layer(1, .dtype = CT_F64));
    ct_list state = ct_module_state(net), buffers = ct_buffers(net);
    const char *names[] = {"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"};
    ck_assert(state.n == 6 && buffers.n == 2 && ct_parameters(net).n == 4);
    for (int i = 0; i < 6; i++) ck_assert_str_eq(ct_label_of(state.items[i]), names[i]);
    ck_assert(!ct_needs_gradient(buffers.items[0]));
    set_all(net, (double[]){1, 1, 0, 2, 5});
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 0, 2, 1}); /* 1 and 3: mean 2, variances 1 and 2 */
    ct_tensor *y = ct_forward(net, x);
    CLOSE(element(y, 0), 5 - 2 / sqrt(1 + 1e-5));
    CLOSE(ct_item(ct_sum(buffers.items[0], CT_ALL)), 0.1 * 2);
    CLOSE(ct_item(ct_sum(buffers.items[1], CT_ALL)), 0.9 + 0.1 * 2);
    ck_assert(ct_replay(y));
    CLOSE(element(buffers.items[0], 0), 0.9 * 0.2 + 0.2);
    ct_set_training(net, false);
    y = ct_forward(net, x);
    CLOSE(element(y, 0), 5 + 2 * (1 - 0.38) / sqrt(0.9 * 1.1 + 0.2 + 1e-5));
    CLOSE(element(buffers.items[0], 0), 0.38);
    end_well(s);
    ct_module_free(net);
}
END_TEST

/* Zeros of the user's own, where zero stands for another number: nothing moves, and nothing is added to the variance.
 */
START_TEST(zeros_can_be_said) {
    ct_module *norm = ct_batch_norm_layer(1, .momentum = CT_ZERO, .eps = CT_ZERO, .dtype = CT_F64);
    ct_scope s = ct_begin();
    ct_tensor *y = ct_forward(norm, ct_from(CT_F64, CT_SHAPE(2, 1), (double[]){1, 3}));
    ck_assert_double_eq(element(y, 0), -1);
    ck_assert_double_eq(element(ct_buffers(norm).items[0], 0), 0);
    ck_assert_double_eq(element(ct_buffers(norm).items[1], 0), 1);
    end_well(s);
    ct_module_free(norm);
}
END_TEST

/* Parameters and running statistics travel through a file: two nets give the same bits in evaluation. */
START_TEST(files_hold_buffers) {
    ct_module *nets[2];
    for (int k = 0; k < 2; k++)
        nets[k] = ct_sequential(ct_residual(ct_linear(3, 3), ct_batch_norm_layer(3)), ct_gru(3, 2, .layers = 2));
    support_make_folder();
    ct_scope s = ct_begin();
    ct_tensor *x = ct_normal(CT_F32, CT_SHAPE(4, 3), 0, 1), *z[2];
    ct_forward(ct_part_of(nets[0], "0"), x); /* moves the statistics */
    ck_assert_msg(ct_save(nets[0], support_path("net")) && ct_load(nets[1], support_path("net")), "%s", ct_error());
    for (int k = 0; k < 2; k++) {
        ct_set_training(nets[k], false);
        ct_tensor *y = ct_forward(ct_part_of(nets[k], "0"), x);
        z[k] = ct_forward(ct_part_of(nets[k], "1"), ct_unsqueeze(y, 0));
    }
    ck_assert(z[0] && z[1] && !memcmp(z[0]->data, z[1]->data, ct_bytes_of(z[0])));
    ck_assert(element(ct_buffers(nets[1]).items[0], 0) != 0);
    end_well(s);
    for (int k = 0; k < 2; k++) ct_module_free(nets[k]);
    support_remove_folder();
}
END_TEST

/* ---- the tree ----------------------------------------------------------------------------------------------- */

static void append_path(ct_module *m, const char *path, void *context) {
    char *text = context;
    snprintf(text + strlen(text), 400 - strlen(text), "%s=%s ", path, ct_kind_of(m));
}

START_TEST(visitors_and_paths_reach_every_part) {
    ct_module *net = ct_sequential(ct_transformer_encoder_layer(4, 2), ct_linear(4, 1));
    char text[400] = "";
    ct_visit(net, append_path, text);
    ck_assert_str_eq(text, "=ct_sequential 0=ct_transformer_encoder_layer 0.self_attn=ct_multi_head_attention "
                           "0.self_attn.out_proj=ct_linear 0.linear1=ct_linear 0.linear2=ct_linear "
                           "0.norm1=ct_layer_norm_layer 0.norm2=ct_layer_norm_layer 1=ct_linear ");
    ck_assert_str_eq(ct_kind_of(ct_part_of(net, "0.norm2")), "ct_layer_norm_layer");
    ck_assert_ptr_eq(ct_part_of(net, ""), net);
    ck_assert_ptr_eq(ct_part_of(net, "1"), ct_own_part(net, 1));
    const char *none[] = {"2", "0.norm", "0.norm2.x"};
    for (int i = 0; i < 3; i++) ck_assert_ptr_null(ct_part_of(net, none[i]));
    ck_assert(!ct_part_of(net, NULL) && !ct_part_of(NULL, "0") && !ct_own_part(net, 2) && !ct_own_part(net, -1));
    ck_assert_str_eq(ct_module_parameter_name(net, 2), "0.self_attn.out_proj.weight");
    ct_module_free(net);
}
END_TEST

START_TEST(frozen_parameters_get_no_gradient_and_stay) {
    ct_module *net = ct_sequential(ct_linear(2, 3), ct_tanh_layer(), ct_linear(3, 1));
    ct_optim *opt = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 0.1});
    ct_tensor *frozen = ct_module_parameter(net, 0), *free = ct_module_parameter(net, 2);
    for (int k = 0; k < 3; k++) {
        const double old_frozen = element(frozen, 0), old_free = element(free, 0);
        if (k == 1) ct_freeze(ct_parameters(ct_part_of(net, "0")));
        if (k == 2) ct_unfreeze(ct_parameters(net));
        ct_scope s = ct_begin();
        ct_backward(ct_mean(ct_square(ct_forward(net, ct_ones(CT_F32, CT_SHAPE(4, 2)))), CT_ALL));
        ck_assert_int_eq(ct_has_gradient(frozen), k != 1);
        ck_assert_int_eq(ct_needs_gradient(frozen), k != 1);
        ck_assert(ct_step(opt));
        end_well(s);
        ck_assert_int_eq(element(frozen, 0) != old_frozen, k != 1);
        ck_assert(element(free, 0) != old_free);
    }
    ct_freeze(ct_parameters(net));
    ct_optim *later = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 0.1}); /* frozen ones may be listed */
    ck_assert_msg(later != NULL, "%s", ct_error());
    ct_freeze(ct_parameters(NULL));
    ct_freeze((ct_list){.n = 1});
    ct_unfreeze((ct_list){.n = 1});
    ct_optim_free(later);
    ct_optim_free(opt);
    ct_module_free(net);
}
END_TEST

/* ---- a layer of one's own ----------------------------------------------------------------------------------- */

/* z = weight x^power, and counts how often it was asked. */
typedef struct power_layer {
    double power;
    int calls;
} power_layer;

static ct_tensor *power_forward(const char *at, ct_module *m, ct_tensor *x) {
    power_layer *layer = ct_module_data(m);
    layer->calls++;
    return ct_mul_at(at, ct_own_tensor(m, 0), ct_pow_at(at, x, ct_scalar_at(at, layer->power)));
}

static const ct_module_kind power_kind = {.name = "power", .size = sizeof(power_layer), .forward = power_forward};

static ct_module *make_power(int64_t n, double power) {
    ct_module *m = ct_module_new(&power_kind);
    ct_init_parameter(ct_add_parameter(m, "weight", CT_F64, CT_SHAPE(n)), ct_init_constant(2));
    if (m) ((power_layer *)ct_module_data(m))->power = power;
    return ct_module_finish(m);
}

START_TEST(own_layers_are_like_the_others) {
    support_fail_allocation(-1);
    ct_module *net = ct_sequential(ct_linear(2, 2, .dtype = CT_F64), make_power(2, 3));
    set_all(net, (double[]){1, 0, 0, 1, 0, 0, 2, 5});
    ck_assert_str_eq(ct_module_parameter_name(net, 2), "1.weight");
    ct_scope s = ct_begin();
    ct_tensor *y = ct_forward(net, ct_from(CT_F64, CT_SHAPE(1, 2), (double[]){3, 2}));
    CLOSE(element(y, 0), 54);
    CLOSE(element(y, 1), 40);
    ct_backward(ct_sum(y, CT_ALL));
    CLOSE(element(ct_gradient(ct_module_parameter(net, 2)), 0), 27);
    end_well(s);
    ck_assert_int_eq(((power_layer *)ct_module_data(ct_part_of(net, "1")))->calls, 1);
    ck_assert_ptr_null(ct_add_parameter(ct_part_of(net, "1"), "late", CT_F64, CT_SCALAR));
    expect_error(CT_ERR_ARGUMENT, "power is part of a module already", "test_layers.c:");
    s = ct_begin();
    ck_assert_ptr_null(ct_forward_with(net, ct_zeros(CT_F64, CT_SHAPE(1, 2)), &s));
    ck_assert(!ct_end(s));
    expect_error(CT_ERR_ARGUMENT, "ct_sequential: takes nothing beside x", "test_layers.c:");
    ct_module_free(net);
    ck_assert_ptr_null(make_power(-1, 2));
    ct_error_clear();
    ct_release_memory();
    support_restore_allocator();
    ck_assert_int_eq(support_live_bytes(), 0);
}
END_TEST

/* ---- initial values ----------------------------------------------------------------------------------------- */

static void expect_orthonormal(ct_tensor *w, double gain) {
    ct_shape shape = ct_shape_of(w);
    const int64_t rows = shape.dim[0], columns = ct_size(w) / rows;
    ct_tensor *flat = ct_reshape(w, CT_SHAPE(rows, columns)), *t = ct_t(flat);
    ct_tensor *gram = rows < columns ? ct_matmul(flat, t) : ct_matmul(t, flat);
    const int64_t n = ct_shape_of(gram).dim[0];
    for (int64_t i = 0; i < n * n; i++) CLOSE(element(gram, i), i % (n + 1) ? 0 : gain * gain);
}

START_TEST(orthogonal_and_norm_scaled) {
    ct_module *net = ct_sequential(ct_linear(7, 4, .dtype = CT_F64), ct_linear(4, 6, .dtype = CT_F64),
                                   ct_conv2d_layer(2, 3, 2, .dtype = CT_F64));
    ck_assert(ct_init_weights(net, ct_orthogonal(1.5)));
    ct_scope s = ct_begin_no_grad();
    for (int k = 0; k < 6; k += 2) expect_orthonormal(ct_module_parameter(net, k), 1.5);
    ck_assert(ct_init_parameters(ct_parameters(net), ct_norm_scaled(1)));
    for (int k = 0; k < 4; k++) {
        ct_tensor *t = ct_module_parameter(net, k);
        ct_tensor *norm = k % 2 ? ct_vector_norm(t, 2, CT_ALL) : ct_max(ct_svdvals(t), CT_ALL);
        CLOSE(ct_item(norm), 1);
    }
    ck_assert(!ct_init_parameter(ct_module_parameter(net, 1), ct_xavier_normal()));
    expect_error(CT_ERR_SHAPE, "0.bias(4) has no fan", "test_layers.c:");
    ck_assert(!ct_init_parameter(NULL, ct_xavier_normal()));
    expect_error(CT_ERR_NULL, "ct_init_parameter", "test_layers.c:");
    end_well(s);
    ct_module_free(net);
}
END_TEST

/* ---- bad arguments ------------------------------------------------------------------------------------------ */

START_TEST(bad_options_are_refused) {
#define REFUSED(call, part)                                                                                          \
    ck_assert_ptr_null(call);                                                                                        \
    expect_error(CT_ERR_ARGUMENT, part, "test_layers.c:")
    REFUSED(ct_conv2d_layer(3, 0, 3), "ct_conv2d_layer: sizes 3 -> 0");
    REFUSED(ct_conv2d_layer(3, 4, 0), "a kernel of 0");
    REFUSED(ct_conv2d_layer(3, 4, 1, .groups = 2), "2 groups of 3 -> 4 channels");
    REFUSED(ct_max_pool2d_layer(0), "ct_max_pool2d_layer");
    REFUSED(ct_batch_norm_layer(0), "ct_batch_norm_layer");
    REFUSED(ct_batch_norm_layer(3, .momentum = 1.5), "momentum is 1.5");
    REFUSED(ct_batch_norm_layer(3, .eps = -1), "eps is -1");
    REFUSED(ct_layer_norm_layer(3, .eps = -1), "eps is -1");
    REFUSED(ct_embedding_layer(3), "ct_embedding_layer: sizes 3 -> 0");
    REFUSED(ct_lstm(3, 4, .layers = -1), "ct_lstm: -1 layers");
    REFUSED(ct_gru(0, 4), "ct_gru: sizes 0 -> 4");
    REFUSED(ct_gru(1, 4, .dropout = 1), "dropout is 1");
    REFUSED(ct_multi_head_attention(10, 3), "10 do not make 3 heads");
    REFUSED(ct_transformer_encoder_layer(10, 3), "10 do not make 3 heads");
    REFUSED(ct_transformer_encoder_layer(9, 3, .dropout = NAN), "dropout is nan");
    ck_assert_ptr_null(ct_module_new(&(ct_module_kind){.name = "empty"}));
    expect_error(CT_ERR_NULL, "ct_module_new", "forward()");
}
END_TEST

START_TEST(states_of_another_shape_are_refused) {
    ct_module *lstm = ct_lstm(2, 3, .dtype = CT_F64);
    const ct_shape shapes[] = {CT_SCALAR, CT_SHAPE(1), CT_SHAPE(1, 3), CT_SHAPE(2, 4, 3), CT_SHAPE(1, 4, 2)};
    for (int k = 0; k < 2 * COUNT(shapes); k++) {
        ct_scope s = ct_begin();
        ct_tensor *state = ct_zeros(CT_F64, shapes[k / 2]), *x = ct_zeros(CT_F64, CT_SHAPE(4, 5, 2));
        ct_recurrent_state given = {.h = k % 2 ? NULL : state, .c = k % 2 ? state : NULL};
        ck_assert_ptr_null(ct_forward_with(lstm, x, &given));
        expect_error(CT_ERR_SHAPE, "is not (1,4,3)", "test_layers.c:");
        ct_close(s);
    }
    ct_module_free(lstm);
}
END_TEST

/* Parts come in the order in which they were added, with their tensors under their names; none has two owners. */
START_TEST(parts_of_ones_own) {
    ct_module *m = ct_module_new(&power_kind), *first = ct_linear(3, 2);
    ck_assert(ct_add_part(m, "first", first) == first && ct_add_part(m, "second", ct_batch_norm_layer(2)));
    ct_add_parameter(m, "weight", CT_F32, CT_SHAPE(4));
    ck_assert_ptr_eq(ct_own_part(m, 0), first);
    ck_assert_str_eq(ct_kind_of(ct_part_of(m, "second")), "ct_batch_norm_layer");
    static const char *const names[] = {"first.weight", "first.bias", "second.weight", "second.bias", "weight"};
    ck_assert_int_eq(ct_module_parameter_count(m), COUNT(names));
    for (int i = 0; i < COUNT(names); i++) ck_assert_str_eq(ct_module_parameter_name(m, i), names[i]);
    ck_assert_str_eq(ct_label_of(ct_buffers(m).items[0]), "second.running_mean");
    ck_assert_str_eq(ct_label_of(ct_own_tensor(m, 0)), "weight");
    ck_assert_ptr_null(ct_add_part(m, "again", first));
    expect_error(CT_ERR_ARGUMENT, "power: layer again is part of a module already", "test_layers.c:");
    ck_assert_ptr_null(ct_module_finish(m));
    ct_error_clear();
}
END_TEST

START_TEST(tensors_of_a_module_have_names) {
    for (int k = 0; k < 2; k++) {
        ct_module *m = ct_module_new(&power_kind);
        ct_tensor *t = k ? ct_add_buffer(m, NULL, CT_F64, CT_SHAPE(2)) : ct_add_parameter(m, NULL, CT_F64, CT_SHAPE(2));
        ck_assert_ptr_null(t);
        expect_error(CT_ERR_NULL, "the name is NULL", "test_layers.c:");
        ck_assert_ptr_null(ct_module_finish(m));
        ct_error_clear();
    }
}
END_TEST

/* A path leads to one tensor or part: files, ct_part_of() and errors go by it. */
START_TEST(names_are_one_word_each) {
    static const char *const names[] = {"", "a.b", "weight", "part"};
    static const char *const reasons[] = {"\"\" is no name", "\"a.b\" is no name", "there is a \"weight\" already",
                                          "there is a \"part\" already"};
    for (int i = 0; i < COUNT(names); i++)
        for (int as = 0; as < 3; as++) {
            ct_module *m = ct_module_new(&power_kind);
            ct_add_parameter(m, "weight", CT_F64, CT_SHAPE(2));
            ck_assert(ct_add_part(m, "part", ct_linear(1, 1)));
            const void *made = as == 0   ? (void *)ct_add_parameter(m, names[i], CT_F64, CT_SCALAR)
                               : as == 1 ? (void *)ct_add_buffer(m, names[i], CT_F64, CT_SCALAR)
                                         : (void *)ct_add_part(m, names[i], ct_linear(1, 1));
            ck_assert_ptr_null(made);
            expect_error(CT_ERR_ARGUMENT, reasons[i], "test_layers.c:");
            ck_assert_ptr_null(ct_module_finish(m));
            ct_error_clear();
        }
}
END_TEST

/* Every allocation of a large constructor fails in turn: nothing is left. */
static ct_module *make_large(void) {
    return ct_sequential(ct_transformer_encoder_layer(4, 2), ct_lstm(4, 3, .bidirectional = true),
                         ct_batch_norm_layer(6), make_power(6, 2));
}

START_TEST(every_failing_allocation_is_survived) {
    ct_module *net = NULL;
    for (int64_t k = 0; !net; k++) {
        ck_assert_int_lt(k, 1000);
        support_fail_allocation(k);
        net = make_large();
        if (!net) {
            ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
            ct_error_clear();
            ct_release_memory();
            ck_assert_int_eq(support_live_bytes(), 0);
            support_restore_allocator();
        }
    }
    ct_module_free(net);
    ct_release_memory();
    ck_assert_int_eq(support_live_bytes(), 0);
    support_restore_allocator();
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("layers");
    TCase *values = tcase_create("values"), *tree = tcase_create("tree"), *arguments = tcase_create("arguments");
    tcase_add_test(values, lstm_follows_its_formula);
    tcase_add_test(values, gru_follows_its_formula);
    tcase_add_test(values, recurrent_layers_stack_and_run_both_ways);
    tcase_add_test(values, attention_looks_where_keys_match);
    tcase_add_test(values, residual_adds_what_its_layers_make);
    tcase_add_test(values, a_net_of_images_has_the_right_shapes);
    tcase_add_test(values, first_row_of_padded_embedding_stays_zero);
    tcase_add_test(values, losses_are_means);
    tcase_add_test(values, running_statistics_are_buffers);
    tcase_add_test(values, zeros_can_be_said);
    tcase_add_test(values, files_hold_buffers);
    tcase_add_test(values, orthogonal_and_norm_scaled);
    tcase_add_test(tree, visitors_and_paths_reach_every_part);
    tcase_add_test(tree, frozen_parameters_get_no_gradient_and_stay);
    tcase_add_test(tree, own_layers_are_like_the_others);
    tcase_add_test(arguments, bad_options_are_refused);
    tcase_add_test(arguments, states_of_another_shape_are_refused);
    tcase_add_test(arguments, parts_of_ones_own);
    tcase_add_test(arguments, tensors_of_a_module_have_names);
    tcase_add_test(arguments, names_are_one_word_each);
    tcase_add_test(arguments, every_failing_allocation_is_survived);
    suite_add_tcase(suite, values);
    suite_add_tcase(suite, tree);
    suite_add_tcase(suite, arguments);
    return suite;
}
