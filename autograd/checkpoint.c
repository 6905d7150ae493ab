/* A section of which only the inputs are kept: it is computed again in the backward pass. */
#include "autograd/internal.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

typedef struct checkpoint_attributes {
    ct_section *section;
    void *context;
    ct_random_state random; /* when it was computed: the same numbers are drawn again */
    bool computed;          /* by shape(), which has to; forward() only in a replay */
} checkpoint_attributes;

ct_tensor *ct_checkpoint_at(const char *at, ct_section *section, ct_list xs, void *context) {
    checkpoint_attributes a = {.section = section, .context = context};
    if (!section || xs.n < 1 || xs.n >= CT_ANY_NUMBER)
        return ct_raise(CT_ERR_ARGUMENT, "ct_checkpoint", at, "there is no section, or no input"), NULL;
    return ct_record(at, CT_OP_ct_checkpoint, xs.items, xs.n, &a, sizeof a);
}

/* ---- the value: everything between inputs and result lives in a scope of its own -------------------------------- */

/* Room for y's elements in z, which has no shape yet. */
static bool make_room(ct_tensor *z, const ct_tensor *y) {
    z->data = y->ndim ? ct_scope_alloc(z->depth, ct_bytes_of(y)) : &z->item;
    return z->data || (ct_raise_memory("ct_checkpoint", z->at, ct_bytes_of(y)), false);
}

/* The section's result in a scope of its own, which the caller closes; NULL with an error raised. */
static ct_tensor *run_inside(ct_tensor *z, ct_scope *inside) {
    checkpoint_attributes *a = z->attributes;
    *inside = ct_begin_no_grad();
    a->random = ct_random();
    ct_tensor *y = ct_this.depth == inside->depth ? a->section((ct_list){z->n_in, z->in}, a->context) : NULL;
    if (!y) ct_raise_null("ct_checkpoint", z->at, z->n_in);
    return y;
}

static bool ct_checkpoint_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    checkpoint_attributes *a = z->attributes;
    ct_scope inside;
    ct_tensor *y = run_inside(z, &inside);
    bool ok = y && make_room(z, y);
    if (ok) {
        memcpy(z->data, y->data, ct_bytes_of(y));
        *shape = ct_shape_of(y);
        *dtype = y->dtype;
    }
    ct_close(inside);
    return a->computed = ok;
}

static void ct_checkpoint_forward(ct_tensor *z) {
    checkpoint_attributes *a = z->attributes;
    if (a->computed) {
        a->computed = false;
        return;
    }
    ct_scope inside;
    ct_tensor *y = run_inside(z, &inside);
    if (y && ct_same_shape(y, z) && y->dtype == z->dtype) memcpy(z->data, y->data, ct_bytes_of(z));
    ct_close(inside);
}

/* ---- derivatives -------------------------------------------------------------------------------------------- */

/* The section on aliases of the inputs, so that derivatives by one input do not run through another. */
static ct_tensor *compute_again(const char *at, ct_tensor *z, ct_tensor **inputs) {
    checkpoint_attributes *a = z->attributes;
    for (int k = 0; k < z->n_in; k++)
        if (!(inputs[k] = ct_reshape(z->in[k], ct_shape_of(z->in[k])))) return NULL;
    ct_random_state now = ct_random();
    ct_random_restore(a->random);
    ct_tensor *y = a->section((ct_list){z->n_in, inputs}, a->context);
    ct_random_restore(now);
    return y;
}

static bool ct_checkpoint_vjps(const char *at, ct_tensor *z, ct_tensor *g, const bool *wanted, ct_tensor **gx) {
    ct_tensor **inputs = ct_scope_array(ct_this.depth, z->n_in, sizeof *inputs);
    ct_tensor **results = ct_scope_array(ct_this.depth, z->n_in, sizeof *results);
    if (!inputs || !results) return ct_raise_memory("ct_checkpoint", at, 2 * z->n_in * sizeof *inputs), false;
    ct_tensor *y = compute_again(at, z, inputs);
    int n = 0;
    for (int k = 0; k < z->n_in; k++)
        if (wanted[k]) inputs[n++] = inputs[k];
    if (!y || !ct_pull_back("ct_checkpoint", at, y, g, (ct_list){n, inputs}, results)) return false;
    for (int k = z->n_in - 1; k >= 0; k--) gx[k] = wanted[k] ? results[--n] : NULL;
    return true;
}

static ct_tensor *ct_checkpoint_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    bool *wanted = ct_scope_array(ct_this.depth, z->n_in, sizeof *wanted);
    ct_tensor **gx = ct_scope_array(ct_this.depth, z->n_in, sizeof *gx);
    if (!wanted || !gx) return ct_raise_memory("ct_checkpoint", at, z->n_in * sizeof *gx), NULL;
    for (int i = 0; i < z->n_in; i++) wanted[i] = i == k;
    return ct_checkpoint_vjps(at, z, g, wanted, gx) ? gx[k] : NULL;
}

/* ---- samples ------------------------------------------------------------------------------------------------ */

/* tanh(x y + y) x: nodes inside, an input used twice. */
static ct_tensor *sample_section(ct_list xs, void *context) {
    const char *at = context;
    return ct_mul(ct_tanh(ct_add(ct_mul(xs.items[0], xs.items[1]), xs.items[1])), xs.items[0]);
}

static ct_sample ct_checkpoint_samples(int i, ct_dtype dtype) {
    static const ct_shape shapes[] = {{0, {0}}, {1, {5}}, {2, {3, 4}}, {2, {0, 3}}};
    ct_sample s = {0};
    if (i >= 8) return s;
    const char *at = NULL;
    s.leaf[0] = ct_sample_leaf(dtype, shapes[i % 4], -1, 1);
    s.leaf[1] = ct_sample_leaf(dtype, shapes[i % 4], -1, 1);
    /* from 4 on, the second input is computed from the first */
    ct_tensor *second = i < 4 ? s.leaf[1] : ct_add(ct_square(s.leaf[0]), s.leaf[1]);
    s.z = ct_checkpoint(sample_section, CT_LIST(s.leaf[0], second), NULL);
    return s;
}

CT_OP_PARTS(ct_checkpoint, .vjps = ct_checkpoint_vjps);
