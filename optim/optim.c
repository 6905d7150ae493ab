/* What all optimisers share: making them from optimizers.def, and the step over their parameters. */
#include "optim/update_kernels.h"
#include "tensor/checked.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- the optimiser ------------------------------------------------------------------------------------------ */

typedef union options {
#define CT_OPTIMIZER(symbol, ...) symbol##_options symbol;
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
} options;

typedef struct slot {
    ct_tensor *parameter; /* a leaf of somebody else's */
    char *state;          /* n_states arrays of the parameter's size, `stride` bytes apart */
    size_t stride;
    int64_t steps; /* taken by this parameter */
} slot;

struct ct_optim {
    ct_optimizer_id id;
    options options; /* presets filled in */
    double lr;
    int n_states;
    int n;
    size_t bytes; /* of the block that holds all of this, state included */
    slot slots[];
};

static bool valid_parameters(const char *at, const char *name, ct_list parameters) {
    char text[CT_DESCRIPTION];
    if (parameters.n < 1) return ct_raise(CT_ERR_ARGUMENT, name, at, "there are no parameters"), false;
    for (int i = 0; i < parameters.n; i++) {
        const ct_tensor *t = parameters.items ? parameters.items[i] : NULL;
        if (!t) return ct_raise_null(name, at, i), false;
        if (!(t->flags & CT_LEAF))
            return ct_raise(CT_ERR_ARGUMENT, name, at, "%s is no leaf: see ct_requires_grad()", ct_describe(t, text)),
                   false;
    }
    return true;
}

/* Bytes from one state array of t to the next. */
static bool state_stride(const ct_tensor *t, size_t *stride) {
    return ct_checked_round_up(ct_bytes_of(t), CT_ALIGNMENT, stride);
}

/* The struct with its slots, then the state of each parameter. *start is where that begins. */
static bool block_size(ct_list parameters, int n_states, size_t *start, size_t *bytes) {
    size_t slots, all, stride;
    if (!ct_checked_mul((size_t)parameters.n, sizeof(slot), &slots) ||
        !ct_checked_add(slots, sizeof(ct_optim), &all) || !ct_checked_round_up(all, CT_ALIGNMENT, start))
        return false;
    *bytes = *start;
    for (int i = 0; i < parameters.n; i++)
        if (!state_stride(parameters.items[i], &stride) || !ct_checked_mul(stride, (size_t)n_states, &all) ||
            !ct_checked_add(*bytes, all, bytes))
            return false;
    return true;
}

static ct_optim *new_optim(const char *at, const char *name, ct_list parameters, ct_optim head) {
    size_t start, bytes;
    assert(head.n_states <= CT_MAX_STATES);
    if (!valid_parameters(at, name, parameters)) return NULL;
    if (!block_size(parameters, head.n_states, &start, &bytes))
        return ct_raise(CT_ERR_LIMIT, name, at, "the parameters are too large"), NULL;
    ct_optim *opt = ct_alloc(bytes);
    if (!opt) return ct_raise_memory(name, at, bytes), NULL;
    *opt = head;
    opt->n = parameters.n;
    opt->bytes = bytes;
    char *state = memset((char *)opt + start, 0, bytes - start);
    for (int i = 0; i < opt->n; i++) {
        slot *s = &opt->slots[i];
        *s = (slot){.parameter = parameters.items[i], .state = state};
        state_stride(s->parameter, &s->stride);
        state += s->stride * (size_t)opt->n_states;
    }
    return opt;
}

void ct_optim_free(ct_optim *opt) {
    if (opt) ct_dealloc(opt, opt->bytes);
}

/* ---- constructors ------------------------------------------------------------------------------------------- */

static bool valid_rate(const char *at, const char *name, double lr) {
    if (lr > 0 && isfinite(lr)) return true;
    return ct_raise(CT_ERR_ARGUMENT, name, at, "lr is %g, and must be given, positive and finite", lr), false;
}

static bool take_option(const char *at, const char *name, const char *field, double *value, double preset,
                        double below) {
    if (*value == 0) *value = preset;
    if (*value >= 0 && *value < below) return true;
    return ct_raise(CT_ERR_ARGUMENT, name, at, "%s is %g, not in [0, %g)", field, *value, below), false;
}

#define OPTION(field, preset, below) &&take_option(at, name, #field, &o->field, preset, below)
#define CT_OPTIMIZER(symbol, states, fields)                                                                         \
    ct_optim *symbol##_at(const char *at, ct_list parameters, const symbol##_options *given) {                       \
        const char *name = #symbol;                                                                                  \
        ct_optim head = {.id = CT_OPTIMIZER_##symbol};                                                               \
        symbol##_options *o = &head.options.symbol;                                                                  \
        if (given) *o = *given;                                                                                      \
        if (!(valid_rate(at, name, o->lr) fields)) return NULL;                                                      \
        head.lr = o->lr;                                                                                             \
        head.n_states = states;                                                                                      \
        return new_optim(at, name, parameters, head);                                                                \
    }
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
#undef OPTION

/* ---- steps -------------------------------------------------------------------------------------------------- */

#define BLOCK ((int64_t)1 << 14) /* elements that one thread updates at a time */

typedef struct job {
    const ct_optim *opt;
    const slot *slot;
    ct_update_loop *loop;
} job;

static void update_block(void *context, int64_t block) {
    const job *j = context;
    const slot *s = j->slot;
    const ct_tensor *x = s->parameter;
    const int64_t start = block * BLOCK, rest = ct_size_of(x) - start;
    const size_t offset = (size_t)start * ct_dtype_size((ct_dtype)x->dtype);
    ct_update u = {
        .n = rest < BLOCK ? rest : BLOCK,
        .x = (char *)x->data + offset,
        .g = (const char *)x->grad + offset,
        .t = s->steps,
        .lr = j->opt->lr,
        .options = &j->opt->options,
    };
    for (int k = 0; k < j->opt->n_states; k++) u.state[k] = s->state + (size_t)k * s->stride + offset;
    j->loop(&u);
}

static void update(const ct_optim *opt, slot *s) {
    s->steps++;
    job j = {opt, s, ct_updates()->loop[opt->id][s->parameter->dtype]};
    ct_parallel((ct_size_of(s->parameter) + BLOCK - 1) / BLOCK, update_block, &j);
}

bool ct_step_at(const char *at, ct_optim *opt) {
    if (!opt) return ct_raise_null("ct_step", at, 0), false;
    const bool sound = !ct_error_pending();
    for (int i = 0; i < opt->n; i++) {
        ct_tensor *parameter = opt->slots[i].parameter;
        if (sound && ct_has_gradient(parameter)) update(opt, &opt->slots[i]);
        ct_zero_gradient(parameter);
    }
    return sound;
}

double ct_learning_rate(const ct_optim *opt) { return opt ? opt->lr : NAN; }

bool ct_set_learning_rate_at(const char *at, ct_optim *opt, double lr) {
    if (!opt) return ct_raise_null("ct_set_learning_rate", at, 0), false;
    if (!(lr >= 0 && isfinite(lr)))
        return ct_raise(CT_ERR_ARGUMENT, "ct_set_learning_rate", at, "lr is %g, not 0 or positive and finite", lr),
               false;
    opt->lr = lr;
    return true;
}
