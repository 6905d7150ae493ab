/* Steps of optimisers, and what may be done to gradients before. */
#include "optim/internal.h"
#include "optim/update_kernels.h"

#include <math.h>

#define BLOCK ((int64_t)1 << 14) /* elements that one thread updates at a time */

typedef struct job {
    const ct_optim *opt;
    const ct_slot *slot;
    ct_update_loop *loop;
} job;

/* Where gradients stay zero, moments decay through the denormal numbers, which processors are a hundred times slower
 * with; during a step those count as zero. Returns what to restore. */
static unsigned flush_denormals(void) {
#ifdef __SSE2__
    const unsigned before = __builtin_ia32_stmxcsr(), flush_results = 0x8000, flush_operands = 0x40;
    __builtin_ia32_ldmxcsr(before | flush_results | flush_operands);
    return before;
#else
    return 0;
#endif
}

static void restore_denormals(unsigned before) {
#ifdef __SSE2__
    __builtin_ia32_ldmxcsr(before);
#else
    (void)before;
#endif
}

static void update_block(void *context, int64_t block) {
    const job *j = context;
    const ct_slot *s = j->slot;
    const ct_optim_group *group = &j->opt->groups[s->group];
    const ct_tensor *x = s->parameter;
    const int64_t start = block * BLOCK, rest = ct_size_of(x) - start;
    const size_t offset = (size_t)start * ct_dtype_size((ct_dtype)x->dtype);
    ct_update u = {
        .n = rest < BLOCK ? rest : BLOCK,
        .x = (char *)x->data + offset,
        .g = (const char *)x->grad + offset,
        .t = s->steps->item.i64,
        .lr = ct_optim_group_lr(group),
        .weight_decay = group->weight_decay,
        .options = &j->opt->options,
    };
    for (int k = 0; j->opt->specs[k].name; k++)
        if (s->state[k]) u.state[k] = (char *)s->state[k]->data + (j->opt->specs[k].number ? 0 : offset);
    const unsigned before = flush_denormals();
    j->loop(&u);
    restore_denormals(before);
}

/* NAdam's product of all momenta so far; the loops, which run once a block, only read it. */
static void advance_momenta(const ct_optim *opt, ct_slot *s) {
    if (opt->id == CT_OPTIMIZER_ct_nadam)
        s->state[2]->item.f64 *= ct_nadam_momentum(&opt->options.ct_nadam, s->steps->item.i64);
}

static void update(const ct_optim *opt, ct_slot *s) {
    s->steps->item.i64++;
    advance_momenta(opt, s);
    job j = {opt, s, ct_updates()->loop[opt->id][s->parameter->dtype]};
    ct_parallel((ct_size_of(s->parameter) + BLOCK - 1) / BLOCK, update_block, &j);
}

void ct_clear_gradients(const ct_optim *opt) {
    for (int i = 0; i < opt->n; i++) ct_zero_gradient(opt->slots[i].parameter);
}

bool ct_step_at(const char *at, ct_optim *opt) {
    if (!opt) return ct_raise_null("ct_step", at, 0), false;
    if (opt->lbfgs)
        ct_raise(CT_ERR_ARGUMENT, "ct_step", at, "%s computes the loss several times: see ct_step_closure()",
                 opt->name);
    const bool sound = !ct_error_pending();
    for (int i = 0; sound && i < opt->n; i++)
        if (ct_has_gradient(opt->slots[i].parameter)) update(opt, &opt->slots[i]);
    ct_clear_gradients(opt);
    return sound;
}

/* ---- closures ----------------------------------------------------------------------------------------------- */

double ct_evaluate_closure(const char *at, const ct_optim *opt, ct_closure *closure, void *context) {
    ct_clear_gradients(opt);
    ct_scope s = ct_begin();
    ct_tensor *loss = closure(context);
    double value = ct_backward_at(at, loss) ? ct_item_at(at, loss) : NAN;
    ct_close(s);
    return ct_error_pending() ? NAN : value;
}

double ct_step_closure_at(const char *at, ct_optim *opt, ct_closure *closure, void *context) {
    if (!opt || !closure) return ct_raise_null("ct_step_closure", at, opt ? 1 : 0), NAN;
    if (opt->lbfgs) return ct_lbfgs_step(at, opt, closure, context);
    double loss = ct_evaluate_closure(at, opt, closure, context);
    return ct_step_at(at, opt) ? loss : NAN;
}

/* ---- clipping ----------------------------------------------------------------------------------------------- */

/* False with an error raised when `limit` is no bound or a parameter is NULL. */
static bool may_clip(const char *op, const char *at, ct_list parameters, double limit) {
    if (!(limit > 0)) return ct_raise(CT_ERR_ARGUMENT, op, at, "the bound is %g, not positive", limit), false;
    for (int i = 0; i < parameters.n; i++)
        if (!ct_usable(op, at, parameters.items[i], i)) return false;
    return true;
}

double ct_clip_grad_norm_at(const char *at, ct_list parameters, double max_norm) {
    const ct_gradient_table *kernels = &ct_updates()->gradient;
    if (!may_clip("ct_clip_grad_norm", at, parameters, max_norm)) return NAN;
    double sum = 0;
    for (int i = 0; i < parameters.n; i++) {
        const ct_tensor *t = parameters.items[i];
        if (ct_has_gradient(t)) sum += kernels->sum_of_squares[t->dtype](ct_size_of(t), t->grad);
    }
    const double norm = sqrt(sum), scale = max_norm / (norm + 1e-6);
    if (scale >= 1) return norm;
    for (int i = 0; i < parameters.n; i++) {
        const ct_tensor *t = parameters.items[i];
        if (ct_has_gradient(t)) kernels->scale[t->dtype](ct_size_of(t), t->grad, scale);
    }
    return norm;
}

bool ct_clip_grad_value_at(const char *at, ct_list parameters, double max_value) {
    const ct_gradient_table *kernels = &ct_updates()->gradient;
    if (!may_clip("ct_clip_grad_value", at, parameters, max_value)) return false;
    for (int i = 0; i < parameters.n; i++) {
        const ct_tensor *t = parameters.items[i];
        if (ct_has_gradient(t)) kernels->clamp[t->dtype](ct_size_of(t), t->grad, max_value);
    }
    return true;
}
