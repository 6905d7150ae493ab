/* Steps of optimisers, and what may be done to gradients before. */
#include "optim/internal.h"
#include "optim/update_kernels.h"

#include <math.h>

#define PARTS 8                  /* of each parameter, that one thread updates at a time, ... */
#define SMALL (1 << 14)          /* ... but for those of fewer elements: products with them are one thread's work too */
#define FEW (1 << 18)            /* elements to be read or written that are not worth a second thread, ... */
#define NEAR (1 << 19)           /* ... nor so many that one thread alone has worked on, in whose cache they are */

typedef struct job {
    const ct_optim *opt;
    int64_t parts; /* that each parameter is cut into, unless it is SMALL */
} job;

/* Elements [start, start + n) of a parameter. */
static void update_part(const ct_optim *opt, const ct_slot *s, int64_t start, int64_t n) {
    const ct_optim_group *group = &opt->groups[s->group];
    const ct_tensor *x = s->parameter;
    const size_t offset = (size_t)start * ct_dtype_size((ct_dtype)x->dtype);
    ct_update u = {
        .n = n,
        .x = (char *)x->data + offset,
        .g = (const char *)x->grad + offset,
        .t = s->steps->item.i64,
        .lr = ct_optim_group_lr(group),
        .weight_decay = group->weight_decay,
        .options = &opt->options,
    };
    for (int k = 0; opt->specs[k].name; k++)
        if (s->state[k]) u.state[k] = (char *)s->state[k]->data + (opt->specs[k].number ? 0 : offset);
    ct_updates()->loop[opt->id][x->dtype](&u);
}

/* Where part i of n elements begins: at a line of the cache. */
static int64_t begin_of_part(int64_t n, int64_t i, int64_t parts) {
    return i == 0 ? 0 : i == parts ? n : n / parts * i & ~(int64_t)(CT_ALIGNMENT - 1);
}

/* The same part of all parameters: products are cut by rows of their weights too. The first part, which the owner of
 * the job begins with, has small ones as a whole, as they would be fetched from another processor's cache
 * afterwards. */
static void update_parts(void *context, int64_t i) {
    const job *j = context;
    const unsigned mode = ct_flush_denormals(); /* what has decayed that far is nothing, but slow */
    for (int k = 0; k < j->opt->n; k++) {
        const ct_slot *s = &j->opt->slots[k];
        const int64_t n = ct_size_of(s->parameter), parts = n < SMALL ? 1 : j->parts;
        if (i >= parts) continue;
        const int64_t start = begin_of_part(n, i, parts), end = begin_of_part(n, i + 1, parts);
        if (start < end && ct_has_gradient(s->parameter)) update_part(j->opt, s, start, end - start);
    }
    ct_restore_denormals(mode);
}

/* NAdam's product of all momenta so far; the loops, which run once a block, only read it. */
static void advance_momenta(const ct_optim *opt, ct_slot *s) {
    if (opt->id == CT_OPTIMIZER_ct_nadam)
        s->state[2]->item.f64 *= ct_nadam_momentum(&opt->options.ct_nadam, s->steps->item.i64);
}

static int count_states(const ct_optim *opt) {
    int n = 0;
    for (int k = 0; opt->specs[k].name; k++) n += opt->slots[0].state[k] && !opt->specs[k].number;
    return n;
}

static void update(ct_optim *opt) {
    int64_t elements = 0;
    for (int i = 0; i < opt->n; i++) {
        ct_slot *s = &opt->slots[i];
        if (!ct_has_gradient(s->parameter)) continue;
        s->steps->item.i64++;
        advance_momenta(opt, s);
        elements += ct_size_of(s->parameter);
    }
    if (!elements) return;
    const int64_t traffic = elements * (3 + 2 * count_states(opt));
    const bool alone = traffic < FEW || (traffic < NEAR && ct_jobs_shared() == opt->jobs_seen);
    job j = {opt, alone ? 1 : PARTS};
    ct_parallel(j.parts, update_parts, &j);
    opt->jobs_seen = ct_jobs_shared();
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
    if (sound) update(opt);
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

/* False with an error raised when `limit` is no bound or a parameter, or their list, is NULL. */
static bool may_clip(const char *op, const char *at, ct_list parameters, double limit) {
    if (!(limit > 0)) return ct_raise(CT_ERR_ARGUMENT, op, at, "the bound is %g, not positive", limit), false;
    if (parameters.n > 0 && !parameters.items) return ct_raise_null(op, at, 0), false;
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
