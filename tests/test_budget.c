/* What steps and graphs may cost, as far as it can be counted; and the same bits for any number of threads: of every op
 * in the table, and of a net that is trained. */
#include "autograd/internal.h"
#include "nn/nn.h"
#include "optim/optim.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

static const int threads[] = {1, 2, 3, 4, 8};
#define N_THREADS ((int)(sizeof threads / sizeof *threads))

static ct_module *new_net(const int64_t *width) {
    ct_module *layers[16];
    int n = 0;
    for (int i = 0; width[i + 1]; i++) {
        if (i) layers[n++] = ct_relu_layer();
        layers[n++] = ct_linear(width[i], width[i + 1]);
    }
    return ct_sequential_at(CT_HERE, n, layers);
}

/* ---- the same bits --------------------------------------------------------------------------------------------- */

#define MOST_BYTES (1 << 16)

typedef struct kept {
    size_t n;
    char bytes[MOST_BYTES];
} kept;

static void keep(kept *k, const void *data, size_t bytes) {
    ck_assert_uint_le(k->n + bytes, MOST_BYTES);
    memcpy(k->bytes + k->n, data, bytes);
    k->n += bytes;
}

/* The result of an op's i-th sample, and the gradients of its leaves; false past the last one. */
static bool run_sample(const ct_op *op, int i, kept *k) {
    ct_scope s = ct_begin();
    ct_seed(7);
    ct_sample sample = op->parts->samples(i, CT_F32);
    k->n = 0;
    if (sample.z) {
        ct_tensor *seed = ct_uniform(sample.z->dtype, ct_shape_of(sample.z), -1, 1);
        keep(k, sample.z->data, ct_bytes_of(sample.z));
        ck_assert_msg(!ct_needs_gradient(sample.z) || ct_backward_from(sample.z, seed), "%s: %s", op->name, ct_error());
        for (int j = 0; j < 3; j++)
            if (sample.leaf[j] && ct_has_gradient(sample.leaf[j]))
                keep(k, sample.leaf[j]->grad, ct_bytes_of(sample.leaf[j]));
    }
    ck_assert(ct_end(s));
    return sample.z;
}

/* Structural ops by their samples; how large ones are cut is tested beside their values. */
START_TEST(every_op) {
    static kept first, again;
    int ops = 0;
    for (int id = 1; id < CT_OP_COUNT; id++) {
        const ct_op *op = ct_op_table[id];
        if (!op->parts->samples) continue;
        ops++;
        for (int i = 0;; i++) {
            ct_set_threads(1);
            if (!run_sample(op, i, &first)) break;
            for (int t = 1; t < N_THREADS; t++) {
                ct_set_threads(threads[t]);
                run_sample(op, i, &again);
                ck_assert_msg(first.n == again.n && !memcmp(first.bytes, again.bytes, first.n),
                              "%s, sample %d: other bits on %d threads", op->name, i, threads[t]);
            }
        }
    }
    ck_assert_int_gt(ops, 30);
}
END_TEST

/* Elementwise ops on tensors that several threads share, broadcast in both ways. */
START_TEST(every_elementwise_op) {
    enum { ROWS = 37, COLUMNS = 1031 };
    ct_scope outer = ct_begin();
    ct_tensor *first = ct_zeros(CT_F32, CT_SHAPE(ROWS, COLUMNS)), *slope = ct_zeros(CT_F32, CT_SHAPE(COLUMNS));
    for (int id = 1; id < CT_OP_COUNT; id++) {
        const ct_op *op = ct_op_table[id];
        if (op->kind != CT_ELEMENTWISE || op->arity > 2) continue;
        for (int t = 0; t < N_THREADS; t++) {
            ct_set_threads(threads[t]);
            ct_seed(11);
            ct_scope s = ct_begin();
            ct_tensor *x = ct_requires_grad(ct_uniform(CT_F32, CT_SHAPE(COLUMNS), 0.1, 0.9));
            ct_tensor *y = ct_uniform(CT_F32, CT_SHAPE(ROWS, COLUMNS), 0.1, 0.9);
            ct_tensor *in[] = {op->arity == 2 ? x : ct_mul(x, y), y};
            const double parameters[] = {0.25, 0.75};
            ct_tensor *z = ct_record(CT_HERE, (ct_op_id)id, in, op->arity, parameters, sizeof parameters);
            ck_assert_msg(z && ct_backward_from(z, y), "%s: %s", op->name, ct_error());
            if (t == 0) memcpy(first->data, z->data, ct_bytes_of(z)), memcpy(slope->data, x->grad, ct_bytes_of(x));
            ck_assert_msg(!memcmp(first->data, z->data, ct_bytes_of(z)), "%s on %d threads", op->name, threads[t]);
            ck_assert_msg(!memcmp(slope->data, x->grad, ct_bytes_of(x)), "%s back on %d threads", op->name, threads[t]);
            ck_assert(ct_end(s));
        }
    }
    ck_assert(ct_end(outer));
}
END_TEST

#define BATCH 64
#ifdef CT_TEST_SLOWLY
#define STEPS 25
#else
#define STEPS 500
#endif

/* The loss after STEPS steps, and all parameters summed as bits. */
static uint64_t train(int n_threads, double *loss) {
    ct_set_threads(n_threads);
    ct_seed(3);
    ct_module *net = new_net((int64_t[]){784, 64, 128, 64, 10, 0});
    ct_optim *opt = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-3});
    for (int i = 0; i < STEPS; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(BATCH, 784), 0, 1), *y = ct_arange(CT_I64, BATCH);
        for (int64_t k = 0; k < BATCH; k++) ((int64_t *)y->data)[k] %= 10;
        ct_tensor *cost = ct_cross_entropy(ct_forward(net, x), y);
        ck_assert(ct_backward(cost) && ct_step(opt));
        *loss = ct_item(cost);
        ck_assert(ct_end(s));
    }
    uint64_t sum = 0;
    for (int i = 0; i < ct_module_parameter_count(net); i++) {
        const ct_tensor *w = ct_module_parameter(net, i);
        for (int64_t k = 0; k < ct_size(w); k++) sum = sum * 31 + ((const uint32_t *)w->data)[k];
    }
    ct_optim_free(opt);
    ct_module_free(net);
    return sum;
}

START_TEST(five_hundred_steps) {
    double loss, again;
    uint64_t bits = train(1, &loss);
    for (int t = 1; t < N_THREADS; t++) {
        ck_assert_uint_eq(train(threads[t], &again), bits);
        ck_assert_double_eq(again, loss);
    }
}
END_TEST

/* ---- several application threads ------------------------------------------------------------------------------ */

#define USERS 8

typedef struct user {
    pthread_t thread;
    ct_module *net; /* shared: only read */
    double slope;   /* sum of the gradient of the input */
    bool ok;
} user;

static void *use(void *context) {
    user *u = context;
    u->ok = true;
    ct_seed(5);
    for (int i = 0; i < 5; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_requires_grad(ct_uniform(CT_F32, CT_SHAPE(80, 272), -1, 1)), *z = x;
        for (int k = 0; k < ct_module_parameter_count(u->net); k += 2)
            z = ct_tanh(ct_affine(z, ct_detach(ct_module_parameter(u->net, k)),
                                  ct_detach(ct_module_parameter(u->net, k + 1))));
        u->ok = ct_backward(ct_sum(z, CT_ALL)) && u->ok;
        u->slope = ct_item(ct_sum(ct_gradient(x), CT_ALL));
        u->ok = ct_end(s) && u->ok;
    }
    ct_release_memory();
    return NULL;
}

START_TEST(separate_graphs_share_parameters) {
    user users[USERS];
    ct_set_threads(3);
    ct_module *net = new_net((int64_t[]){272, 64, 64, 0});
    for (int i = 0; i < USERS; i++) {
        users[i] = (user){.net = net};
        ck_assert_int_eq(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) pthread_join(users[i].thread, NULL);
    for (int i = 0; i < USERS; i++) {
        ck_assert(users[i].ok && isfinite(users[i].slope));
        ck_assert_double_eq(users[i].slope, users[0].slope);
    }
    ct_module_free(net);
}
END_TEST

/* ---- costs ----------------------------------------------------------------------------------------------------- */

START_TEST(a_node_of_scalars) {
    ck_assert_uint_le(sizeof(ct_tensor) + 2 * sizeof(ct_tensor *), 96); /* value and gradient are in it */
}
END_TEST

#ifndef CT_DEBUG /* there ended scopes are set aside */
static bool take_step(ct_module *net, ct_optim *opt, ct_tensor *x, ct_tensor *labels) {
    ct_scope s = ct_begin();
    bool ok = ct_backward(ct_cross_entropy(ct_forward(net, x), labels)) && ct_step(opt);
    return ct_end(s) && ok;
}

/* A step by hand needs, beside the batch: parameters, outputs of the layers, and the gradients of both. */
START_TEST(a_step_takes_hardly_more_memory_than_by_hand) {
    const int64_t width[] = {784, 128, 64, 10, 0}, batch = 8192;
    int64_t floats = 0;
    for (int i = 0; width[i + 1]; i++) floats += 2 * width[i + 1] * (width[i] + 1 + batch);
    support_fail_allocation(-1); /* counts, and lets all succeed */
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(batch, width[0]), 0, 1), *labels = ct_zeros(CT_I64, CT_SHAPE(batch));
    const int64_t before = support_live_bytes();
    ct_module *net = new_net(width);
    ct_optim *opt = ct_sgd(ct_parameters(net), &(ct_sgd_options){.lr = 0.01});
    ck_assert(take_step(net, opt, x, labels));
    ck_assert_int_le(support_peak_bytes() - before, floats * (int64_t)sizeof(float) * 12 / 10);
    const int64_t first = support_allocations();
    for (int i = 0; i < 3; i++) ck_assert(take_step(net, opt, x, labels));
    ck_assert_int_eq(support_allocations(), first);
    ct_optim_free(opt);
    ct_module_free(net);
    ck_assert(ct_end(s));
    ct_release_memory();
    support_restore_allocator();
}
END_TEST
#endif

#define CHAIN 1000000

static void *run_chain(void *right) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, NULL), *c = ct_scalar(1e-9), *z = x;
    for (int i = 0; i < CHAIN; i++) z = ct_add(z, c);
    bool ok = ct_backward(z) && ct_item(ct_gradient(x)) == 1;
    *(bool *)right = ct_end(s) && ok;
    ct_release_memory();
    return NULL;
}

START_TEST(a_long_chain_in_a_small_stack) {
    bool right = false;
    support_run_on_small_stack(run_chain, &right);
    ck_assert(right);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("budget");
    TCase *t = tcase_create("budget");
    tcase_add_test(t, every_op);
    tcase_add_test(t, every_elementwise_op);
    tcase_add_test(t, five_hundred_steps);
    tcase_add_test(t, separate_graphs_share_parameters);
    tcase_add_test(t, a_node_of_scalars);
#ifndef CT_DEBUG
    tcase_add_test(t, a_step_takes_hardly_more_memory_than_by_hand);
#endif
    tcase_add_test(t, a_long_chain_in_a_small_stack);
    suite_add_tcase(suite, t);
    return suite;
}
