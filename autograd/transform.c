/* Derivatives as tensors: the rules over nodes, along the tape in either direction. */
#include "autograd/internal.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- the part of the tape between inputs and an output -------------------------------------------------------- */

/* Indexed by ct_tensor.id. Inputs that no scope owns have no id and are looked up among the inputs. */
typedef struct section {
    ct_list inputs;
    uint32_t root;          /* id of the output */
    ct_tensor **node;       /* [id]: computed tensors that depend on an input, and the inputs; else NULL */
    ct_tensor **derivative; /* [id]: of the output by the node (backward), of the node by the inputs (forward) */
    ct_tensor **owned;      /* [i]: likewise of inputs.items[i] */
} section;

static int input_index(const section *s, const ct_tensor *t) {
    for (int i = 0; i < s->inputs.n; i++)
        if (s->inputs.items[i] == t) return i;
    return -1;
}

/* The place of t's derivative; NULL when t depends on no input. */
static ct_tensor **slot(const section *s, const ct_tensor *t) {
    if (t->id) return t->id <= s->root && s->node[t->id] == t ? &s->derivative[t->id] : NULL;
    int i = input_index(s, t);
    return i < 0 ? NULL : &s->owned[i];
}

static bool depends(const section *s, const ct_tensor *t) {
    if (ct_op_table[t->op] && ct_op_table[t->op]->kind == CT_NOT_DIFFERENTIABLE) return false;
    if (!t->op || !ct_is_float(t->dtype)) return false;
    for (int k = 0; k < t->n_in; k++)
        if (slot(s, t->in[k])) return true;
    return false;
}

static bool make_section(section *s, const char *op, const char *at, ct_tensor *y, ct_list inputs) {
    *s = (section){.inputs = inputs, .root = y->id};
    size_t n = (size_t)y->id + 1, item = sizeof(ct_tensor *);
    int depth = ct_this.depth;
    if (depth == 0) return ct_raise_no_scope(op, at), false;
    if (!(s->node = ct_scope_array(depth, n, item)) || !(s->derivative = ct_scope_array(depth, n, item)) ||
        !(s->owned = ct_scope_array(depth, (size_t)inputs.n, item)))
        return ct_raise_memory(op, at, n * item), false;
    memset(s->node, 0, n * item);
    memset(s->derivative, 0, n * item);
    memset(s->owned, 0, (size_t)inputs.n * item);
    /* Oldest first, so that operands are decided before what is computed from them: derivative[] holds the tape, and
     * inputs that ct_keep() put below this scope's part of it. */
    for (int i = 0; i < inputs.n; i++)
        if (inputs.items[i]->id <= s->root) s->derivative[inputs.items[i]->id] = inputs.items[i];
    for (ct_tensor *t = y; t; t = t->prev)
        if (t->id) s->derivative[t->id] = t;
    for (uint32_t id = 1; id <= s->root; id++) {
        ct_tensor *t = s->derivative[id];
        if (t && (input_index(s, t) >= 0 || depends(s, t))) s->node[id] = t;
    }
    memset(s->derivative, 0, n * item);
    return true;
}

/* ---- backward ----------------------------------------------------------------------------------------------- */

/* Adds g to x's cotangent. NULL is a zero, which goes on as one: a derivative behind it that is infinite makes NaN, in
 * ct_backward() and in PyTorch too. */
static bool add_cotangent(const char *at, ct_tensor **place, const ct_tensor *x, ct_tensor *g) {
    if (!g && !*place) g = ct_full_like(at, x, 0);
    *place = *place && g ? ct_add(*place, g) : *place ? *place : g;
    return *place != NULL;
}

/* Of an op whose operands share work. */
static bool pull_back_together(const section *s, const char *at, ct_tensor *z, ct_tensor *g) {
    bool *wanted = ct_scope_array(ct_this.depth, z->n_in, sizeof *wanted);
    ct_tensor **gx = ct_scope_array(ct_this.depth, z->n_in, sizeof *gx);
    if (!wanted || !gx) return ct_raise_memory(ct_op_table[z->op]->name, at, z->n_in * sizeof *gx), false;
    for (int k = 0; k < z->n_in; k++) wanted[k] = slot(s, z->in[k]) != NULL;
    if (!ct_op_table[z->op]->parts->vjps(at, z, g, wanted, gx)) return false;
    for (int k = 0; k < z->n_in; k++)
        if (wanted[k] && !add_cotangent(at, slot(s, z->in[k]), z->in[k], gx[k])) return false;
    return true;
}

static bool pull_back_node(const section *s, const char *at, ct_tensor *z, ct_tensor *g) {
    if (ct_op_table[z->op]->parts->vjps) return pull_back_together(s, at, z, g);
    for (int k = 0; k < z->n_in; k++) {
        ct_tensor **place = slot(s, z->in[k]);
        if (!place) continue;
        ct_tensor *gx = ct_sum_to(at, ct_op_table[z->op]->parts->vjp(at, z, g, k), z->in[k]);
        if (!gx && ct_error_pending()) return false;
        if (!add_cotangent(at, place, z->in[k], gx)) return false;
    }
    return true;
}

bool ct_pull_back(const char *op, const char *at, ct_tensor *y, ct_tensor *v, ct_list inputs, ct_tensor **results) {
    section s;
    if (!make_section(&s, op, at, y, inputs)) return false;
    ct_tensor **start = slot(&s, y);
    if (start) *start = v;
    for (ct_tensor *z = y; z; z = z->prev) {
        ct_tensor *g = z->id && s.node[z->id] ? s.derivative[z->id] : NULL;
        if (g && z->op && depends(&s, z) && !pull_back_node(&s, at, z, g)) return false;
    }
    for (int i = 0; i < inputs.n; i++) {
        ct_tensor **place = slot(&s, inputs.items[i]);
        results[i] = place && *place ? *place : ct_full_like(at, inputs.items[i], 0);
        if (!results[i]) return false;
    }
    return true;
}

/* ---- forward ------------------------------------------------------------------------------------------------ */

/* General ops: w(u) = J^T u is linear in u, so the derivative of <w(u), dx> by u is J dx. */
static ct_tensor *push_by_vjp(const char *at, ct_tensor *z, int k, ct_tensor *dx) {
    ct_tensor *u = ct_full_like(at, z, 1);
    ct_tensor *w = u ? ct_sum_to(at, ct_op_table[z->op]->parts->vjp(at, z, u, k), z->in[k]) : NULL;
    return w ? ct_vjp(w, u, dx) : NULL;
}

static ct_tensor *push_linear(const char *at, ct_tensor *z, ct_tensor *const *tangents) {
    ct_tensor **in = ct_scope_array(ct_this.depth, z->n_in, sizeof *in);
    if (!in) return ct_raise_memory(ct_op_table[z->op]->name, at, z->n_in * sizeof *in), NULL;
    bool variadic = ct_op_table[z->op]->arity == CT_ANY_NUMBER;
    for (int k = 0; k < z->n_in; k++) {
        in[k] = tangents[k] ? tangents[k] : variadic ? ct_full_like(at, z->in[k], 0) : z->in[k];
        if (!in[k]) return NULL;
    }
    return ct_record_again(at, z, in);
}

/* The tangent that operand k's tangent contributes. */
static ct_tensor *push_operand(const char *at, ct_tensor *z, int k, ct_tensor *dx) {
    const ct_op *op = ct_op_table[z->op];
    if (op->kind == CT_ELEMENTWISE) return op->parts->vjp(at, z, dx, k);
    if (op->kind != CT_BILINEAR) return push_by_vjp(at, z, k, dx);
    ct_tensor *in[] = {z->in[0], z->in[1]};
    in[k] = dx;
    return ct_record_again(at, z, in);
}

/* The tangent of z; NULL without an error where it is zero. */
static ct_tensor *push_node(const section *s, const char *at, ct_tensor *z) {
    const ct_op *op = ct_op_table[z->op];
    ct_tensor **tangents = ct_scope_array(ct_this.depth, z->n_in, sizeof *tangents), *sum = NULL;
    if (!tangents) return ct_raise_memory(op->name, at, z->n_in * sizeof *tangents), NULL;
    bool any = false;
    for (int k = 0; k < z->n_in; k++) {
        ct_tensor **place = slot(s, z->in[k]);
        tangents[k] = place ? *place : NULL;
        any = any || tangents[k];
    }
    if (!any) return NULL;
    if (op->parts->jvp) return op->parts->jvp(at, z, tangents);
    if (op->kind == CT_LINEAR) return push_linear(at, z, tangents);
    for (int k = 0; k < z->n_in; k++) {
        ct_tensor *part = tangents[k] ? push_operand(at, z, k, tangents[k]) : NULL;
        if (part && !ct_same_shape(part, z)) part = ct_broadcast(part, ct_shape_of(z));
        if (part) part = sum ? ct_add(sum, part) : part;
        if (!part && ct_error_pending()) return NULL;
        if (part) sum = part;
    }
    return sum;
}

static ct_tensor *push_forward(const char *at, ct_tensor *y, ct_tensor *x, ct_tensor *v) {
    section s;
    if (!make_section(&s, "ct_jvp", at, y, (ct_list){1, &x})) return NULL;
    ct_tensor **start = slot(&s, x), **end = slot(&s, y);
    if (start) *start = v;
    for (uint32_t id = 1; id <= s.root; id++) {
        ct_tensor *z = s.node[id];
        if (!z || z == x) continue;
        s.derivative[id] = push_node(&s, at, z);
        if (!s.derivative[id] && ct_error_pending()) return NULL;
    }
    return end && *end ? *end : ct_full_like(at, y, 0);
}

/* ---- the door ----------------------------------------------------------------------------------------------- */

static bool given(const char *op, const char *at, const ct_tensor *const *operands, int n) {
    char text[CT_DESCRIPTION];
    for (int i = 0; i < n; i++) {
        if (!ct_usable(op, at, operands ? operands[i] : NULL, i)) return false;
        if (!ct_is_float(operands[i]->dtype))
            return ct_raise(CT_ERR_DTYPE, op, at, "%s is %s, which has no derivatives", ct_describe(operands[i], text),
                            ct_dtype_name(operands[i]->dtype)), false;
    }
    return true;
}

static bool alike(const char *op, const char *at, const ct_tensor *v, const ct_tensor *like) {
    char text[2][CT_DESCRIPTION];
    if (v->dtype == like->dtype && ct_same_shape(v, like)) return true;
    ct_raise(CT_ERR_SHAPE, op, at, "%s %s is not like %s %s", ct_dtype_name(v->dtype), ct_describe(v, text[0]),
             ct_dtype_name(like->dtype), ct_describe(like, text[1]));
    return false;
}

static bool one_element(const char *op, const char *at, const ct_tensor *f) {
    char text[CT_DESCRIPTION];
    if (ct_size_of(f) == 1) return true;
    ct_raise(CT_ERR_SHAPE, op, at, "%s is no scalar", ct_describe(f, text));
    return false;
}

bool ct_grads_at(const char *at, ct_tensor *f, ct_list xs, ct_tensor **gradients) {
    const char *op = "ct_grads";
    if (!given(op, at, (const ct_tensor *const[]){f}, 1) || !one_element(op, at, f)) return false;
    if (!given(op, at, (const ct_tensor *const *)xs.items, xs.n)) return false;
    if (!gradients) return ct_raise_null(op, at, 2), false;
    for (int i = 0; i < xs.n; i++) gradients[i] = NULL; /* what a failure leaves */
    ct_tensor *seed = ct_full_like(at, f, 1);
    return seed && ct_pull_back(op, at, f, seed, xs, gradients);
}

ct_tensor *ct_grad_at(const char *at, ct_tensor *f, ct_tensor *x) {
    ct_tensor *g = NULL;
    if (!given("ct_grad", at, (const ct_tensor *const[]){f, x}, 2) || !one_element("ct_grad", at, f)) return NULL;
    return ct_grads_at(at, f, (ct_list){1, &x}, &g) ? g : NULL;
}

ct_tensor *ct_vjp_at(const char *at, ct_tensor *y, ct_tensor *x, ct_tensor *v) {
    ct_tensor *g = NULL;
    if (!given("ct_vjp", at, (const ct_tensor *const[]){y, x, v}, 3) || !alike("ct_vjp", at, v, y)) return NULL;
    return ct_pull_back("ct_vjp", at, y, v, (ct_list){1, &x}, &g) ? g : NULL;
}

ct_tensor *ct_jvp_at(const char *at, ct_tensor *y, ct_tensor *x, ct_tensor *v) {
    if (!given("ct_jvp", at, (const ct_tensor *const[]){y, x, v}, 3) || !alike("ct_jvp", at, v, x)) return NULL;
    return push_forward(at, y, x, v);
}

ct_tensor *ct_hvp_at(const char *at, ct_tensor *f, ct_tensor *x, ct_tensor *v) {
    if (!given("ct_hvp", at, (const ct_tensor *const[]){f, x, v}, 3) || !alike("ct_hvp", at, v, x)) return NULL;
    ct_tensor *g = ct_grad(f, x);
    return g ? ct_jvp(g, x, v) : NULL;
}

/* Column j of the Jacobian by forward mode, or row i by reverse mode: whichever are fewer. */
ct_tensor *ct_jacobian_at(const char *at, ct_tensor *y, ct_tensor *x) {
    if (!given("ct_jacobian", at, (const ct_tensor *const[]){y, x}, 2)) return NULL;
    ct_shape shape = ct_shape_of(y), inner = ct_shape_of(x);
    if (shape.ndim + inner.ndim > CT_MAX_DIMS)
        return ct_raise(CT_ERR_SHAPE, "ct_jacobian", at, "%d and %d dimensions exceed %d together", shape.ndim,
                        inner.ndim, CT_MAX_DIMS),
               NULL;
    for (int i = 0; i < inner.ndim; i++) shape.dim[shape.ndim++] = inner.dim[i];
    int64_t rows = ct_size_of(y), columns = ct_size_of(x);
    if (rows == 0 || columns == 0) return ct_full(y->dtype, shape, 0);
    bool forward = columns < rows;
    int64_t n = forward ? columns : rows;
    ct_tensor **parts =
        n < CT_ANY_NUMBER && ct_this.depth ? ct_scope_array(ct_this.depth, (size_t)n, sizeof *parts) : NULL;
    if (!parts) return ct_raise(CT_ERR_LIMIT, "ct_jacobian", at, "%lld derivatives are too many", (long long)n), NULL;
    for (int64_t i = 0; i < n; i++) {
        ct_tensor *unit = ct_full_like(at, forward ? x : y, 0);
        if (!unit) return NULL;
        ct_write_element(unit->dtype, unit->data, i, 1);
        ct_tensor *part = forward ? ct_jvp(y, x, unit) : ct_vjp(y, x, unit);
        if (!(parts[i] = ct_reshape(part, CT_SHAPE(-1)))) return NULL;
    }
    return ct_reshape(ct_stack(((ct_list){(int)n, parts}), forward ? 1 : 0), shape);
}

ct_tensor *ct_hessian_at(const char *at, ct_tensor *f, ct_tensor *x) {
    ct_tensor *g = ct_grad(f, x);
    return g ? ct_jacobian(g, x) : NULL;
}
