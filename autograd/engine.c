/* The backward pass over numbers, and replay. The tape is in order of creation, which is a topological order: one
 * loop from the root back, no recursion. */
#include "autograd/elementwise_kernels.h"
#include "autograd/internal.h"
#include "tensor/checked.h"

#include <string.h>

/* ---- gradients of single tensors ----------------------------------------------------------------------------- */

/* What is computed and thrown away inside a pass: memory, tape and numbering are as before at its end. */
typedef struct scratch {
    ct_arena_mark mark;
    ct_tensor *newest;
    uint32_t next_id;
    struct ct_group_span *newest_group, *open_group;
    bool no_grad;
} scratch;

static scratch begin_scratch(void) {
    struct ct_level *level = &ct_this.level[ct_this.depth];
    scratch s = {.mark = ct_arena_tell(&level->arena),
                 .newest = ct_this.newest,
                 .next_id = ct_this.next_id,
                 .newest_group = level->newest_group,
                 .open_group = level->open_group,
                 .no_grad = level->no_grad};
    level->no_grad = true;
    return s;
}

static void end_scratch(scratch s) {
    struct ct_level *level = &ct_this.level[ct_this.depth];
    ct_arena_rewind(&level->arena, s.mark);
    level->newest_group = s.newest_group;
    level->open_group = s.open_group;
    level->no_grad = s.no_grad;
    ct_this.newest = s.newest;
    ct_this.next_id = s.next_id;
}

/* Makes room for x's gradient. *add tells whether it holds a value of this pass (a leaf: of any pass) already;
 * *fresh counts the computed tensors that the pass reaches for the first time. */
static inline bool reach(ct_tensor *x, bool *add, int64_t *fresh) {
    if (!x->grad) {
        x->grad = x->ndim ? ct_buffer_like(x) : &x->grad_item;
        if (!x->grad) return ct_raise_memory("ct_backward", x->at, ct_bytes_of(x)), false;
    }
    if (x->flags & CT_LEAF) {
        *add = x->flags & CT_GRAD_SET;
        x->flags |= CT_GRAD_SET;
    } else {
        *add = x->pass == ct_this.pass;
        *fresh += !*add;
    }
    x->pass = ct_this.pass;
    return true;
}

/* x's gradient = or += g, which has x's shape. */
static void deposit(ct_tensor *x, const ct_tensor *g, bool add) {
    if (!add)
        memmove(x->grad, g->data, ct_bytes_of(x)); /* a seed may be the gradient itself */
    else
        ct_add_into(x->dtype, ct_size_of(x), g->data, x->grad);
}

/* The cotangent of operand k by the rule over nodes, or for a broadcast operand of an elementwise op by the kernel in
 * z's shape; summed to the operand's shape. */
static ct_tensor *contribution(ct_tensor *z, int k, const ct_op *op) {
    ct_tensor *g = ct_wrap_at(z->at, z->dtype, ct_shape_of(z), z->grad);
    if (!g) return NULL;
    if (op->kind == CT_ELEMENTWISE) {
        ct_shape shape = ct_shape_of(z);
        ct_tensor *full = ct_new_tensor(op->name, z->at, z->dtype, &shape, 0);
        if (full) ct_elementwise_backward(z, k, z->grad, full->data, false);
        return ct_sum_to(z->at, full, z->in[k]);
    }
    return ct_sum_to(z->at, op->parts->vjp(z->at, z, g, k), z->in[k]);
}

/* A node of scalars, in a few lines: the loops run over one element each. */
static void propagate_scalars(ct_tensor *z, int64_t *fresh) {
    const ct_elementwise_row *row = &ct_elementwise()->row[z->op];
    const void *in[CT_MAX_ELEMENTWISE + 2];
    int n = z->n_in;
    for (int k = 0; k < n; k++) in[k] = z->in[k]->data;
    in[n] = z->data;
    in[n + 1] = z->grad;
    for (int k = 0; k < n; k++) {
        ct_tensor *x = z->in[k];
        bool add;
        ct_element g;
        if (!(x->flags & CT_NEEDS_GRAD) || !reach(x, &add, fresh)) continue; /* 0-d: reach() has the room */
        row->backward[z->dtype][k](1, in, add ? &g : x->grad, z->attributes);
        if (add && z->dtype == CT_F64) *(double *)x->grad += g.f64;
        if (add && z->dtype == CT_F32) *(float *)x->grad += g.f32;
    }
}

static bool all_scalars(const ct_tensor *z) {
    return z->ndim == 0 && ct_op_table[z->op]->kind == CT_ELEMENTWISE; /* whose result would have an operand's axes */
}

/* Passes z's gradient on to operand k. */
static bool propagate(ct_tensor *z, int k, int64_t *fresh) {
    ct_tensor *x = z->in[k];
    const ct_op *op = ct_op_table[z->op];
    bool add, direct = op->kind == CT_ELEMENTWISE && ct_same_shape(x, z);
    if (!reach(x, &add, fresh)) return false;
    if (direct) return ct_elementwise_backward(z, k, z->grad, x->grad, add), true;
    if (op->parts->backward) return op->parts->backward(z, k, z->grad, x->grad, add), true;
    scratch s = begin_scratch();
    ct_tensor *g = contribution(z, k, op);
    bool failed = !g && ct_error_pending();
    if (g)
        deposit(x, g, add);
    else if (!add)
        memset(x->grad, 0, ct_bytes_of(x));
    end_scratch(s);
    return !failed;
}

/* Passes z's gradient on to all operands of an op whose operands share work. */
static bool propagate_together(ct_tensor *z, int64_t *fresh) {
    bool add;
    for (int k = 0; k < z->n_in; k++) {
        if (!(z->in[k]->flags & CT_NEEDS_GRAD)) continue;
        if (!reach(z->in[k], &add, fresh)) return false;
        if (!add) memset(z->in[k]->grad, 0, ct_bytes_of(z->in[k]));
    }
    scratch s = begin_scratch();
    bool *wanted = ct_scope_array(ct_this.depth, z->n_in, sizeof *wanted);
    ct_tensor **gx = ct_scope_array(ct_this.depth, z->n_in, sizeof *gx);
    ct_tensor *g = ct_wrap_at(z->at, z->dtype, ct_shape_of(z), z->grad);
    if (!wanted || !gx) ct_raise_memory(ct_op_table[z->op]->name, z->at, z->n_in * sizeof *gx);
    for (int k = 0; wanted && k < z->n_in; k++) wanted[k] = z->in[k]->flags & CT_NEEDS_GRAD;
    bool ok = wanted && gx && g && ct_op_table[z->op]->parts->vjps(z->at, z, g, wanted, gx);
    for (int k = 0; ok && k < z->n_in; k++)
        if (wanted[k] && gx[k]) deposit(z->in[k], gx[k], true);
    end_scratch(s);
    return ok;
}

/* The same over numbers. */
static bool propagate_numbers(ct_tensor *z, int64_t *fresh) {
    void *gx[CT_MAX_BACKWARDS];
    bool add[CT_MAX_BACKWARDS];
    for (int k = 0; k < z->n_in; k++) {
        const bool wanted = z->in[k]->flags & CT_NEEDS_GRAD;
        if (wanted && !reach(z->in[k], &add[k], fresh)) return false;
        gx[k] = wanted ? z->in[k]->grad : NULL;
    }
    scratch s = begin_scratch();
    bool ok = ct_op_table[z->op]->parts->backwards(z, z->grad, gx, add);
    end_scratch(s);
    return ok;
}

/* Passes z's gradient on to the operands that need one. */
static bool propagate_all(ct_tensor *z, int64_t *fresh) {
    const ct_op_parts *parts = ct_op_table[z->op]->parts;
    const bool together = parts->vjps || parts->backwards;
    if (together && !(parts->backwards ? propagate_numbers : propagate_together)(z, fresh)) return false;
    for (int k = 0; k < z->n_in; k++) {
        if (!(z->in[k]->flags & CT_NEEDS_GRAD)) continue;
        if (!together && !propagate(z, k, fresh)) return false;
        if (!ct_check_cotangent(z, k)) return false;
    }
    return true;
}

/* ---- the pass ----------------------------------------------------------------------------------------------- */

static bool differentiable(const char *op, const char *at, const ct_tensor *f) {
    char text[CT_DESCRIPTION];
    if (!ct_usable(op, at, f, 0)) return false;
    if (f->flags & CT_NEEDS_GRAD) return true;
    ct_raise(CT_ERR_GRADIENT, op, at, "%s depends on no leaf: ct_requires_grad() makes one, before it is used",
             ct_describe(f, text));
    return false;
}

static void next_pass(void) {
    if (++ct_this.pass == 0) ct_this.pass = 1; /* 0: never reached */
}

/* After a failure: what leaves hold may lack a part or be no number at all, so the pass takes it back. */
static bool give_up(ct_tensor *f) {
    for (ct_tensor *z = f; z; z = z->prev)
        for (int k = 0; k < z->n_in && z->pass == ct_this.pass; k++)
            if (z->in[k]->pass == ct_this.pass) ct_zero_gradient(z->in[k]);
    next_pass();
    return false;
}

/* From f, whose gradient holds the seed, back to the leaves. */
static bool run_pass(ct_tensor *f) {
    int64_t open = 1; /* tensors with a gradient that has not been passed on */
    for (ct_tensor *z = f; open; z = z->prev) {
        if (!z) return ct_raise(CT_ERR_SCOPE, "ct_backward", f->at, "an operand was computed by another thread"), false;
        if (z->pass != ct_this.pass || z->flags & CT_LEAF) continue;
        open--;
        if (all_scalars(z) && !ct_this.hunting)
            propagate_scalars(z, &open);
        else if (!propagate_all(z, &open))
            return false;
    }
    return true;
}

static bool start_pass(ct_tensor *f, const ct_tensor *seed) {
    bool add;
    int64_t fresh = 0;
    next_pass();
    if (!reach(f, &add, &fresh)) return false;
    deposit(f, seed, add);
    return f->flags & CT_LEAF || run_pass(f) || give_up(f);
}

bool ct_backward_from_at(const char *at, ct_tensor *f, ct_tensor *seed) {
    char text[2][CT_DESCRIPTION];
    if (!differentiable("ct_backward_from", at, f)) return false;
    if (!ct_usable("ct_backward_from", at, seed, 1)) return false;
    if (seed->dtype != f->dtype || !ct_same_shape(seed, f))
        return ct_raise(CT_ERR_SHAPE, "ct_backward_from", at, "the seed %s %s is not like %s %s",
                        ct_dtype_name(seed->dtype), ct_describe(seed, text[0]), ct_dtype_name(f->dtype),
                        ct_describe(f, text[1])), false;
    return start_pass(f, seed);
}

bool ct_backward_at(const char *at, ct_tensor *f) {
    char text[CT_DESCRIPTION];
    if (!differentiable("ct_backward", at, f)) return false;
    if (ct_size_of(f) != 1)
        return ct_raise(CT_ERR_SHAPE, "ct_backward", at,
                        "%s is no scalar: reduce it, or give ct_backward_from() a seed", ct_describe(f, text)),
               false;
    ct_tensor one = {.dtype = f->dtype, .data = &one.item};
    ct_write_element(f->dtype, one.data, 0, 1);
    return start_pass(f, &one);
}

/* ---- reading gradients -------------------------------------------------------------------------------------- */

bool ct_has_gradient(const ct_tensor *t) {
    if (!t || !t->grad) return false;
    return t->flags & CT_LEAF ? t->flags & CT_GRAD_SET : t->pass == ct_this.pass;
}

ct_tensor *ct_gradient_at(const char *at, ct_tensor *t) {
    char text[CT_DESCRIPTION];
    if (!ct_usable("ct_gradient", at, t, 0)) return NULL;
    if (!ct_has_gradient(t))
        return ct_raise(CT_ERR_GRADIENT, "ct_gradient", at,
                        t->flags & CT_NEEDS_GRAD ? "no backward pass has reached %s"
                                                 : "%s takes no gradient: see ct_requires_grad()",
                        ct_describe(t, text)),
               NULL;
    return ct_wrap_at(at, t->dtype, ct_shape_of(t), t->grad);
}

void ct_zero_gradient(ct_tensor *leaf) {
    if (leaf) leaf->flags &= (uint8_t)~CT_GRAD_SET;
}

/* ---- replay ------------------------------------------------------------------------------------------------- */

typedef struct replay_plan {
    const ct_tensor *root;
    int64_t n;
    ct_tensor *node[]; /* computed tensors of the scope up to root, oldest first */
} replay_plan;

static replay_plan *make_plan(const ct_tensor *root) {
    int64_t n = 0;
    for (const ct_tensor *t = root; t && t->depth == root->depth; t = t->prev) n += t->op != 0;
    size_t bytes;
    if (!ct_checked_mul((size_t)n, sizeof(ct_tensor *), &bytes) || !ct_checked_add(bytes, sizeof(replay_plan), &bytes))
        return NULL;
    replay_plan *plan = ct_scope_alloc(root->depth, bytes);
    if (!plan) return NULL;
    plan->root = root;
    plan->n = n;
    for (ct_tensor *t = (ct_tensor *)root; n; t = t->prev)
        if (t->op) plan->node[--n] = t;
    return plan;
}

static void compute_again(ct_tensor *z) {
    const ct_op_parts *parts = ct_op_table[z->op]->parts;
    (parts->forward ? parts->forward : ct_elementwise_forward)(z);
}

bool ct_replay_at(const char *at, ct_tensor *t) {
    char text[CT_DESCRIPTION];
    if (!ct_usable("ct_replay", at, t, 0)) return false;
    if (t->depth == 0 || t->depth != ct_this.depth)
        return ct_raise(CT_ERR_SCOPE, "ct_replay", at, "%s is not of the innermost scope", ct_describe(t, text)), false;
    struct ct_level *level = &ct_this.level[t->depth];
    replay_plan *plan = level->replay_plan;
    if (!plan || plan->root != t) level->replay_plan = plan = make_plan(t);
    if (!plan) return ct_raise_memory("ct_replay", at, sizeof *plan), false;
    for (int64_t i = 0; i < plan->n; i++) {
        ct_tensor *z = plan->node[i];
        if (all_scalars(z))
            ct_compute_scalar(z);
        else
            compute_again(z);
        if (!ct_check_result(z)) return false;
    }
    return true;
}
