/* Leaves, and where derivatives stop. */
#include "autograd/internal.h"

#include <string.h>

ct_tensor *ct_requires_grad_at(const char *at, ct_tensor *t) {
    const char *op = "ct_requires_grad";
    char text[CT_DESCRIPTION];
    if (!ct_usable(op, at, t, 0)) return NULL;
    if (t->op)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is computed: only a constant can", ct_describe(t, text)), NULL;
    if (!ct_is_float(t->dtype))
        return ct_raise(CT_ERR_DTYPE, op, at, "%s is %s, which has no derivatives", ct_describe(t, text),
                        ct_dtype_name(t->dtype)), NULL;
    t->flags |= CT_LEAF | CT_NEEDS_GRAD;
    return t;
}

ct_tensor *ct_var_at(const char *at, double value, const char *label) {
    return ct_requires_grad_at(at, ct_label_at(at, ct_scalar_at(at, value), label));
}

ct_tensor *ct_parameter_at(const char *at, ct_dtype dtype, ct_shape shape, const char *label) {
    if (!ct_is_float(dtype) && dtype < CT_DTYPE_COUNT)
        return ct_raise(CT_ERR_DTYPE, "ct_parameter", at, "%s has no derivatives", ct_dtype_name(dtype)), NULL;
    ct_tensor *t = ct_new_owned("ct_parameter", at, dtype, &shape);
    if (!t) return NULL;
    memset(t->data, 0, ct_bytes_of(t));
    t->flags |= CT_LEAF | CT_NEEDS_GRAD;
    if (!label || ct_label_at(at, t, label)) return t;
    ct_free(t);
    return NULL;
}

bool ct_needs_gradient(const ct_tensor *t) { return t && t->flags & CT_NEEDS_GRAD; }

ct_scope ct_begin_no_grad(void) {
    ct_scope s = ct_begin();
    if (s.depth <= CT_MAX_SCOPES) ct_this.level[s.depth].no_grad = true;
    return s;
}

ct_tensor *ct_sample_leaf(ct_dtype dtype, ct_shape shape, double low, double high) {
    return ct_requires_grad_at(NULL, ct_uniform_at(NULL, dtype, shape, low, high));
}

/* ---- constants for rules ------------------------------------------------------------------------------------ */

ct_tensor *ct_full_like(const char *at, const ct_tensor *t, double v) {
    return t ? ct_full_at(at, t->dtype, ct_shape_of(t), v) : NULL;
}

ct_tensor *ct_constant_like(const char *at, const ct_tensor *t, double v) {
    ct_tensor *c = t ? ct_new_node("ct_scalar", at, t->dtype, 0, NULL, 0) : NULL;
    if (c) ct_write_element(c->dtype, c->data, 0, v);
    return c;
}

ct_tensor *ct_tangent(const char *at, const ct_tensor *z, ct_tensor *const *tangents, int k) {
    return tangents[k] ? tangents[k] : ct_full_like(at, z->in[k], 0);
}

/* ---- ct_detach: an op without derivative, so that drawings show what was cut ---------------------------------- */

ct_tensor *ct_detach_at(const char *at, ct_tensor *x) { return ct_record(at, CT_OP_ct_detach, &x, 1, NULL, 0); }

static bool ct_detach_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    *shape = ct_shape_of(z->in[0]);
    *dtype = z->in[0]->dtype;
    z->data = z->in[0]->data;
    return true;
}

static void ct_detach_forward(ct_tensor *z) { (void)z; /* an alias */ }

CT_OP_PARTS_NOT_DIFFERENTIABLE(ct_detach);
