/* The net, the loss and the optimiser that the words of `cotangent train` ask for. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- layers ------------------------------------------------------------------------------------------------- */

static ct_module *make_nothing(void) { return NULL; }
static ct_module *make_relu(void) { return ct_relu_layer(); }
static ct_module *make_leaky_relu(void) { return ct_leaky_relu_layer(0.01); }
static ct_module *make_elu(void) { return ct_elu_layer(1); }
static ct_module *make_gelu(void) { return ct_gelu_layer(); }
static ct_module *make_silu(void) { return ct_silu_layer(); }
static ct_module *make_sigmoid(void) { return ct_sigmoid_layer(); }
static ct_module *make_tanh(void) { return ct_tanh_layer(); }
static ct_module *make_softplus(void) { return ct_softplus_layer(); }

#define ACTIVATIONS(X) X(relu) X(leaky_relu) X(elu) X(gelu) X(silu) X(sigmoid) X(tanh) X(softplus)

typedef ct_module *make_layer(void);

/* What makes the activation that the word names; NULL with a message printed. */
static make_layer *find_activation(const plan *p, word w) {
#define NAME(name) #name,
#define MAKE(name) make_##name,
    static const char *const names[] = {ACTIVATIONS(NAME) "none"};
    static make_layer *const makes[] = {ACTIVATIONS(MAKE) make_nothing};
#undef NAME
#undef MAKE
    const int n = (int)(sizeof names / sizeof *names);
    for (int i = 0; i < n; i++)
        if (is_word(p, w, names[i])) return makes[i];
    refuse_name(p, w, p->value[w], n, names);
    return NULL;
}

static ct_tensor *log_softmax_at(const char *at, ct_tensor *x) { return ct_log_softmax_at(at, x, -1); }

/* Layers in order; a NULL is a layer that is not wanted. */
typedef struct layers {
    ct_module *layer[6 * MOST_LAYERS];
    int n;
} layers;

static void add(layers *l, ct_module *layer) {
    if (layer) l->layer[l->n++] = layer;
}

static void add_hidden(layers *l, const plan *p, int64_t size, make_layer *activation) {
    if (is_word(p, W_BATCHNORM, "before")) add(l, ct_batch_norm_layer(size));
    add(l, activation());
    if (is_word(p, W_BATCHNORM, "after")) add(l, ct_batch_norm_layer(size));
    if (p->dropout > 0) add(l, ct_dropout_layer(p->dropout));
}

static bool check_batchnorm(const plan *p) {
    static const char *const names[] = {"none", "before", "after"};
    for (int i = 0; i < 3; i++)
        if (is_word(p, W_BATCHNORM, names[i])) return true;
    return refuse_name(p, W_BATCHNORM, p->value[W_BATCHNORM], 3, names);
}

/* ---- initial values ----------------------------------------------------------------------------------------- */

static bool init_weights(const plan *p, ct_module *net) {
    static const char *const names[] = {"he",     "he_uniform", "xavier", "xavier_uniform",
                                        "normal", "orthogonal", "norm",   "default"};
    const ct_init inits[] = {ct_he_normal(),       ct_he_uniform(),  ct_xavier_normal(), ct_xavier_uniform(),
                             ct_init_normal(0, 1), ct_orthogonal(1), ct_norm_scaled(1)};
    for (int i = 0; i < 7; i++)
        if (is_word(p, W_INIT, names[i])) return ct_init_weights(net, inits[i]);
    return is_word(p, W_INIT, "default") || refuse_name(p, W_INIT, p->value[W_INIT], 8, names);
}

static bool init_biases(const plan *p, ct_module *net) {
    ct_list parameters = ct_parameters(net);
    bool ok = isnan(p->bias) || ct_init_biases(net, p->bias);
    for (int i = 0; ok && i < parameters.n && is_word(p, W_BIAS_INIT, "norm"); i++)
        if (ct_shape_of(parameters.items[i]).ndim == 1)
            ok = ct_init_parameter(parameters.items[i], ct_norm_scaled(1));
    return ok;
}

ct_module *make_net(const plan *p) {
    make_layer *hidden = find_activation(p, W_ACTIVATION), *last = hidden ? find_activation(p, W_OUTPUT) : NULL;
    layers l = {.n = 0};
    if (!last || !check_batchnorm(p)) return NULL;
    if (p->input_dropout > 0) add(&l, ct_dropout_layer(p->input_dropout));
    for (int i = 1; i < p->n_sizes; i++) {
        add(&l, ct_linear(p->sizes[i - 1], p->sizes[i]));
        if (i + 1 < p->n_sizes) add_hidden(&l, p, p->sizes[i], hidden);
    }
    add(&l, last());
    if (is_word(p, W_LOSS, "nll")) add(&l, ct_op_layer(log_softmax));
    ct_module *net = ct_sequential_at(NULL, l.n, l.layer);
    if (net && init_weights(p, net) && init_biases(p, net)) return net;
    if (*ct_error()) complain(p->command, "the net");
    ct_module_free(net);
    return NULL;
}

/* ---- loss --------------------------------------------------------------------------------------------------- */

ct_loss_function *find_loss(const plan *p) {
    static const char *const names[] = {"cross_entropy", "nll", "mse"};
    /* The cross-entropy of log-probabilities, which add up to log 1, is their negative log-likelihood. */
    static ct_loss_function *const losses[] = {ct_cross_entropy_at, ct_cross_entropy_at, ct_mse_at};
    for (int i = 0; i < 3; i++)
        if (is_word(p, W_LOSS, names[i])) return losses[i];
    refuse_name(p, W_LOSS, p->value[W_LOSS], 3, names);
    return NULL;
}

/* ---- optimiser ---------------------------------------------------------------------------------------------- */

#define MAKE(name, ...)                                                                                              \
    static ct_optim *make_##name(ct_list parameters, const plan *p) {                                                \
        return ct_##name(parameters, &(ct_##name##_options){.lr = p->lr, __VA_ARGS__});                              \
    }
#define DECAY .weight_decay = p->weight_decay > 0 ? p->weight_decay : CT_ZERO
#define MOMENTUM .momentum = p->momentum
/* Those that know momentum first, then those that know weight decay. */
#define OPTIMIZERS(X)                                                                                                \
    X(sgd, DECAY, MOMENTUM)                                                                                          \
    X(rmsprop, DECAY, MOMENTUM) X(adam, DECAY) X(adamw, DECAY) X(amsgrad, DECAY) X(nadam, DECAY) X(radam, DECAY)     \
        X(adagrad, DECAY) X(adadelta, DECAY) X(rprop, .shrink = 0)
#define N_WITH_MOMENTUM 2
OPTIMIZERS(MAKE)
#undef MAKE

ct_optim *make_optim(const plan *p, ct_module *net) {
#define NAME(name, ...) #name,
#define MAKE(name, ...) make_##name,
    static const char *const names[] = {OPTIMIZERS(NAME)};
    static ct_optim *(*const makes[])(ct_list parameters, const plan *p) = {OPTIMIZERS(MAKE)};
#undef NAME
#undef MAKE
    const int n = (int)(sizeof names / sizeof *names);
    int which = 0;
    while (which < n && !is_word(p, W_OPTIMIZER, names[which])) which++;
    if (which == n) return refuse_name(p, W_OPTIMIZER, p->value[W_OPTIMIZER], n, names), NULL;
    if (p->momentum > 0 && which >= N_WITH_MOMENTUM)
        return refuse(p, W_MOMENTUM, "%s takes none", names[which]), NULL;
    if (p->weight_decay > 0 && which == n - 1) return refuse(p, W_WEIGHT_DECAY, "%s takes none", names[which]), NULL;
    ct_optim *optim = makes[which](ct_parameters(net), p);
    if (!optim) complain(p->command, "the optimiser");
    return optim;
}

/* ---- schedule ----------------------------------------------------------------------------------------------- */

/* "NAME:3:0.1" into the name's length and at most two numbers as options take them: 0 where none is given, CT_ZERO for
 * a zero. False where it is otherwise. */
static bool cut(const char *text, size_t *length, double number[2]) {
    *length = strcspn(text, ":");
    text += *length;
    for (int i = 0; i < 2; i++) {
        char *end;
        number[i] = 0;
        if (!*text) continue;
        number[i] = strtod(++text, &end);
        if (end == text || (*end && *end != ':') || !(fabs(number[i]) < 1e9)) return false;
        if (number[i] == 0) number[i] = CT_ZERO;
        text = end;
    }
    return !*text;
}

bool make_schedule(const plan *p, ct_optim *optim, ct_schedule **schedule) {
    static const char *const names[] = {"constant", "step", "exponential", "cosine", "plateau"};
    const char *text = p->value[W_SCHEDULE];
    size_t n;
    double number[2];
    int which = 0;
    char name[32];
    *schedule = NULL;
    if (!cut(text, &n, number)) return refuse(p, W_SCHEDULE, "NAME:NUMBER:NUMBER is wanted");
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    while (which < 5 && strcmp(names[which], name) != 0) which++;
    if (which == 5) return refuse_name(p, W_SCHEDULE, name, 5, names);
    if (which == 0) return n == strlen(text) || refuse(p, W_SCHEDULE, "constant takes no numbers");
    if (which == 1)
        *schedule =
            ct_step_schedule(optim, &(ct_step_schedule_options){.every = (int64_t)number[0], .gamma = number[1]});
    else if (which == 2)
        *schedule = ct_exponential_schedule(optim, &(ct_exponential_schedule_options){.gamma = number[0]});
    else if (which == 3)
        *schedule = ct_cosine_schedule(
            optim, &(ct_cosine_schedule_options){.steps = p->steps ? p->steps : p->epochs, .lowest = number[0]});
    else
        *schedule = ct_plateau_schedule(
            optim, &(ct_plateau_schedule_options){.patience = (int64_t)number[0], .factor = number[1]});
    return *schedule || refuse(p, W_SCHEDULE, "a number is out of range");
}
