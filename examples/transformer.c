/* A small Transformer that learns to sort eight digits: every place looks at all others and says which digit belongs
 * there. It also shows how to write a layer: position_layer(). */
#include <cotangent/cotangent.h>

#define DIGITS 10
#define PLACES 8
#define BATCH 64
#define WIDTH 32
#define STEPS 600

/* ---- a layer of one's own: x (n, places, width) plus what was learned about each place ------------------------- */

static ct_tensor *position_forward(const char *at, ct_module *m, ct_tensor *x) {
    return ct_add_at(at, x, ct_own_tensor(m, 0));
}

static const ct_module_kind position = {.name = "position", .forward = position_forward};

static ct_module *position_layer(int64_t places, int64_t width) {
    ct_module *m = ct_module_new(&position);
    ct_init_parameter(ct_add_parameter(m, "weight", CT_F32, CT_SHAPE(places, width)), ct_init_normal(0, 0.1));
    return ct_module_finish(m);
}

/* ---- the model ---------------------------------------------------------------------------------------------- */

static ct_module *encoder(void) {
    return ct_transformer_encoder_layer(WIDTH, 4, .feedforward = 64, .norm_first = true, .gelu = true);
}

static ct_module *make_net(void) {
    return ct_sequential(ct_embedding_layer(DIGITS, WIDTH), position_layer(PLACES, WIDTH), encoder(), encoder(),
                         ct_layer_norm_layer(WIDTH), ct_linear(WIDTH, DIGITS));
}

/* ---- learning ----------------------------------------------------------------------------------------------- */

/* Random digits (n, PLACES), and the same in order. */
typedef struct task {
    ct_tensor *digits, *sorted; /* i64 */
} task;

static task draw(int64_t n) {
    ct_tensor *digits = ct_floor(ct_uniform(CT_F64, CT_SHAPE(n, PLACES), 0, DIGITS));
    return (task){ct_cast(digits, CT_I64), ct_cast(ct_sort(digits, 1, false), CT_I64)};
}

static bool step(ct_module *net, ct_optim *adam, double *loss) {
    ct_scope s = ct_begin();
    task t = draw(BATCH);
    ct_tensor *logits = ct_reshape(ct_forward(net, t.digits), CT_SHAPE(BATCH * PLACES, DIGITS));
    ct_tensor *f = ct_cross_entropy(logits, ct_reshape(t.sorted, CT_SHAPE(BATCH * PLACES)));
    ct_backward(f);
    ct_step(adam);
    *loss = ct_item(f);
    return ct_end(s);
}

/* How many of n new rows it sorts without a mistake. */
static bool test(ct_module *net, int64_t n) {
    ct_scope s = ct_begin_no_grad();
    task t = draw(n);
    ct_tensor *right = ct_eq(ct_argmax(ct_forward(net, t.digits), 2), t.sorted); /* (n, PLACES) */
    ct_tensor *whole = ct_prod(ct_cast(right, CT_F64), CT_AXES(1));
    printf("sorted without a mistake: %.1f %% of %d rows\n", 100 * ct_item(ct_mean(whole, CT_ALL)), (int)n);
    return ct_end(s);
}

int main(void) {
    ct_seed(1);
    ct_module *net = make_net();
    ct_optim *adam = ct_adamw(ct_parameters(net), &(ct_adamw_options){.lr = 3e-3});
    ct_schedule *falling = ct_cosine_schedule(adam, &(ct_cosine_schedule_options){.steps = STEPS});
    ct_schedule *schedule = ct_warmup_schedule(adam, &(ct_warmup_schedule_options){.steps = 50, .then = falling});
    ct_summary(net, stdout);
    bool ok = true;
    for (int i = 1; ok && i <= STEPS; i++) {
        double loss;
        ok = step(net, adam, &loss) && ct_schedule_step(schedule);
        if (ok && i % 100 == 0) printf("step %d   loss %.4f\n", i, loss);
    }
    ct_set_training(net, false);
    ok = ok && test(net, 1000);
    if (!ok) fprintf(stderr, "transformer: %s\n", ct_error());
    ct_schedule_free(schedule);
    ct_optim_free(adam);
    ct_module_free(net);
    return ok ? 0 : 1;
}
