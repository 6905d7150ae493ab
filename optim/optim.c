/* Making optimisers from optimizers.def: their options, groups of parameters, and what is kept for each. */
#include "optim/internal.h"

#include <math.h>
#include <string.h>

/* ---- parameters and groups ---------------------------------------------------------------------------------- */

static bool has_parameter(const ct_optim *opt, const ct_tensor *parameter) {
    for (int i = 0; i < opt->n; i++)
        if (opt->slots[i].parameter == parameter) return true;
    return false;
}

static bool valid_parameter(const char *op, const char *at, const ct_optim *opt, const ct_tensor *t, int place) {
    char text[CT_DESCRIPTION];
    if (!t) return ct_raise_null(op, at, place), false;
    if (!(t->flags & (CT_LEAF | CT_FROZEN)))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is no leaf: see ct_requires_grad()", ct_describe(t, text)),
               false;
    if (has_parameter(opt, t))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is there twice", ct_describe(t, text)), false;
    return true;
}

static bool add_slot(const char *op, const char *at, ct_optim *opt, ct_tensor *parameter, double lr) {
    const int place = opt->n;
    if (!ct_grow((void **)&opt->slots, &opt->slot_capacity, (size_t)place + 1, sizeof(ct_slot)))
        return ct_raise_memory(op, at, (size_t)place * sizeof(ct_slot)), false;
    ct_slot *s = &opt->slots[place];
    *s = (ct_slot){.parameter = parameter, .group = opt->n_groups};
    s->steps = ct_state_add(op, at, &opt->state, "steps", place, CT_I64, CT_SCALAR, 0);
    if (!s->steps) return false;
    int k = 0;
    for (const ct_state_spec *spec = opt->specs; spec->name; spec++, k++) {
        if (!spec->kept) continue;
        s->state[k] = ct_state_add(op, at, &opt->state, spec->name, place,
                                   spec->number ? CT_F64 : (ct_dtype)parameter->dtype,
                                   spec->number ? CT_SCALAR : ct_shape_of(parameter),
                                   isnan(spec->initial) ? lr : spec->initial);
        if (!s->state[k]) return false;
    }
    opt->n++;
    return true;
}

/* In the name of `op`; nothing is added when it fails. */
static bool add_group(const char *op, const char *at, ct_optim *opt, ct_list parameters, double lr,
                      double weight_decay) {
    if (parameters.n < 1) return ct_raise(CT_ERR_ARGUMENT, op, at, "there are no parameters"), false;
    if (!parameters.items) return ct_raise(CT_ERR_NULL, op, at, "the list of parameters is NULL"), false;
    if (!ct_grow((void **)&opt->groups, &opt->group_capacity, (size_t)opt->n_groups + 1, sizeof(ct_optim_group)))
        return ct_raise_memory(op, at, (size_t)opt->n_groups * sizeof(ct_optim_group)), false;
    const int n = opt->n, n_state = opt->state.n;
    ct_tensor *rate = ct_state_add(op, at, &opt->state, "lr", opt->n_groups, CT_F64, CT_SCALAR, lr);
    bool ok = rate != NULL;
    for (int i = 0; ok && i < parameters.n; i++)
        ok = valid_parameter(op, at, opt, parameters.items[i], i) && add_slot(op, at, opt, parameters.items[i], lr);
    if (ok) {
        opt->groups[opt->n_groups++] = (ct_optim_group){rate, weight_decay};
    } else {
        opt->n = n;
        ct_state_cut(&opt->state, n_state);
    }
    return ok;
}

/* ---- constructors ------------------------------------------------------------------------------------------- */

static bool valid_rate(const char *at, const char *name, double lr) {
    if (lr > 0 && isfinite(lr)) return true;
    return ct_raise(CT_ERR_ARGUMENT, name, at, "lr is %g, and must be given, positive and finite", lr), false;
}

static ct_optim *new_optim(const char *at, const ct_optim *head, ct_list parameters, double lr, double weight_decay) {
    ct_optim *opt = ct_alloc(sizeof *opt);
    if (!opt) return ct_raise_memory(head->name, at, sizeof *opt), NULL;
    *opt = *head;
    bool ok = add_group(opt->name, at, opt, parameters, lr, weight_decay);
    if (ok && opt->id == CT_OPTIMIZER_ct_lbfgs) ok = ct_lbfgs_new(at, opt);
    if (ok) return opt;
    ct_optim_free(opt);
    return NULL;
}

void ct_optim_free(ct_optim *opt) {
    if (!opt) return;
    ct_lbfgs_free(opt->lbfgs);
    ct_state_free(&opt->state);
    ct_dealloc(opt->slots, opt->slot_capacity * sizeof(ct_slot)); /* these were allocated, so they fit */
    ct_dealloc(opt->groups, opt->group_capacity * sizeof(ct_optim_group));
    ct_dealloc(opt, sizeof *opt);
}

#define GROUP_RATE NAN
#define STATE(name, kept, initial) {name, kept, false, initial},
#define NUMBER(name, initial) {name, true, true, initial},
#define OPTION(field, preset, low, below) &&ct_take_option(name, at, #field, &o->field, preset, low, below)
#define COUNT(field, preset, least) &&ct_take_count(name, at, #field, &o->field, preset, least)
#define DECAY(preset)                                                                                                \
    &&ct_take_option(name, at, "weight_decay", &o->weight_decay, preset, 0, INFINITY) &&                             \
        ((decay = o->weight_decay), (decays = true))
#define CT_OPTIMIZER(symbol, states, fields)                                                                         \
    ct_optim *symbol##_at(const char *at, ct_list parameters, const symbol##_options *given) {                       \
        const char *name = #symbol;                                                                                  \
        double decay = 0;                                                                                            \
        bool decays = false;                                                                                         \
        symbol##_options options = {0}, *o = &options;                                                               \
        if (given) options = *given;                                                                                 \
        if (!(valid_rate(at, name, o->lr) fields)) return NULL;                                                      \
        const ct_optim head = {.id = CT_OPTIMIZER_##symbol,                                                          \
                               .name = name,                                                                         \
                               .options = {.symbol = options},                                                       \
                               .decays = decays,                                                                     \
                               .specs = {states{NULL, false, false, 0}}};                                            \
        return new_optim(at, &head, parameters, o->lr, decay);                                                       \
    }
#include "optim/optimizers.def"
#undef CT_OPTIMIZER

/* ---- afterwards --------------------------------------------------------------------------------------------- */

bool ct_optim_add_group_at(const char *at, ct_optim *opt, ct_list parameters, double lr, double weight_decay) {
    const char *op = "ct_optim_add_group";
    if (!opt) return ct_raise_null(op, at, 0), false;
    if (opt->lbfgs) return ct_raise(CT_ERR_ARGUMENT, op, at, "%s has one group of parameters", opt->name), false;
    if (!(weight_decay >= 0 && isfinite(weight_decay)))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "weight_decay is %g, not 0 or positive and finite", weight_decay),
               false;
    if (weight_decay > 0 && !opt->decays)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s knows no weight decay", opt->name), false;
    return valid_rate(at, op, lr) && add_group(op, at, opt, parameters, lr, weight_decay);
}

double ct_learning_rate(const ct_optim *opt) { return opt ? ct_optim_group_lr(&opt->groups[0]) : NAN; }

bool ct_set_learning_rate_at(const char *at, ct_optim *opt, double lr) {
    if (!opt) return ct_raise_null("ct_set_learning_rate", at, 0), false;
    if (!(lr >= 0 && isfinite(lr)))
        return ct_raise(CT_ERR_ARGUMENT, "ct_set_learning_rate", at, "lr is %g, not 0 or positive and finite", lr),
               false;
    for (int i = 0; i < opt->n_groups; i++) opt->groups[i].lr->item.f64 = lr;
    return true;
}

ct_list ct_optim_state(const ct_optim *opt) {
    return opt ? (ct_list){.n = opt->state.n, .items = opt->state.items} : (ct_list){0};
}

bool ct_optim_load_at(const char *at, ct_optim *opt, ct_list state) {
    if (!opt) return ct_raise_null("ct_optim_load", at, 0), false;
    return ct_state_load("ct_optim_load", at, &opt->state, state);
}
