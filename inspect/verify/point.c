/* The graph at other points: recorded again on other inputs, in the innermost scope. */
#include "inspect/verify/verify.h"
#include "tensor/checked.h"

#include <float.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) v->at

#define SEED 0x636c61696du /* of all that is drawn: a verification gives the same result each time */
#define PERTURBATION 4     /* in units of eps */

void *ct_verify_array(const ct_verifier *v, size_t n, size_t item) {
    void *memory = ct_scope_array(ct_this.depth, n, item);
    if (!memory) ct_raise_memory("ct_verify", v->at, n * item);
    else memset(memory, 0, n * item);
    return memory;
}

static bool make_point(const ct_verifier *v, ct_point *point) {
    point->node = ct_verify_array(v, v->graph.n, sizeof *point->node);
    point->gradient = ct_verify_array(v, v->graph.n, sizeof *point->gradient);
    point->reading = ct_verify_array(v, v->n, sizeof *point->reading);
    point->wide = false;
    return point->node && point->gradient && point->reading;
}

/* df by all that is wanted; what f does not depend on has a derivative of zero. */
static bool differentiate(const ct_verifier *v, ct_point *point, ct_tensor *f) {
    ct_tensor **x = ct_verify_array(v, v->n_wanted, sizeof *x), **g = ct_verify_array(v, v->n_wanted, sizeof *g);
    if (!x || !g) return false;
    for (size_t i = 0; i < v->n_wanted; i++) x[i] = point->node[v->wanted[i]];
    if (!ct_grads(f, (ct_list){(int)v->n_wanted, x}, g)) return false;
    for (size_t i = 0; i < v->n_wanted; i++) point->gradient[v->wanted[i]] = g[i];
    for (size_t i = 0; i < v->n; i++) {
        const ct_site *site = &v->site[i];
        point->reading[i].truth = site->index < v->graph.n
                                      ? ct_claim_elements(v, point->gradient[site->index], site->n)
                                      : ct_verify_array(v, (size_t)site->n, sizeof(double));
        if (!point->reading[i].truth) return false;
    }
    return true;
}

ct_tensor *ct_point_gradient(const ct_verifier *v, const ct_point *point, size_t i) {
    if (!point->gradient[i]) point->gradient[i] = ct_grad(point->node[v->graph.n - 1], point->node[i]);
    return point->gradient[i];
}

bool ct_point_here(const ct_verifier *v, ct_point *point) {
    if (!make_point(v, point)) return false;
    memcpy(point->node, v->graph.node, v->graph.n * sizeof *point->node);
    return differentiate(v, point, v->f);
}

/* ---- recording again ------------------------------------------------------------------------------------------ */

/* The i-th node computed from the copies of its operands. */
static ct_tensor *record_node(const ct_verifier *v, const ct_point *point, size_t i) {
    const ct_tensor *z = v->graph.node[i];
    ct_tensor **in = ct_verify_array(v, z->n_in, sizeof *in);
    if (!in) return NULL;
    for (int k = 0; k < z->n_in; k++) in[k] = point->node[ct_graph_index(&v->graph, z->in[k])];
    if (point->wide && z->op == CT_OP_ct_cast && ct_is_float((ct_dtype)z->dtype)) return ct_cast(in[0], CT_F64);
    return ct_record_again(v->at, z, in);
}

/* Fills what the point lacks: what is computed anew, inputs as they are. */
static bool record(const ct_verifier *v, ct_point *point) {
    for (size_t i = 0; i < v->graph.n; i++) {
        if (point->node[i]) continue;
        ct_tensor *z = v->graph.node[i];
        point->node[i] = z->op ? record_node(v, point, i) : z;
        if (!point->node[i]) return false;
    }
    return true;
}

static bool is_input(const ct_tensor *t) { return !t->op && ct_is_float((ct_dtype)t->dtype); }

bool ct_point_end(ct_scope scope, bool ok) {
    bool exhausted = !ok && ct_error_status() == CT_ERR_MEMORY;
    if (!ok && !exhausted) ct_error_clear();
    ct_close(scope);
    return !exhausted;
}

/* ---- the last bits ---------------------------------------------------------------------------------------------- */

static double largest(const ct_tensor *t) {
    double most = 0;
    for (int64_t e = 0; e < ct_size_of(t); e++) {
        double x = fabs(ct_read_element((ct_dtype)t->dtype, t->data, e));
        if (isfinite(x) && x > most) most = x;
    }
    return most;
}

/* n numbers in [-1, 1), for the i-th input at the k-th point. */
static double *draw(const ct_verifier *v, int64_t n, size_t i, int k) {
    double *u = ct_verify_array(v, (size_t)n, sizeof *u);
    if (u) ct_fill_uniform(CT_F64, u, n, SEED + (uint64_t)k, i, -1, 1);
    return u;
}

/* Whole numbers among constants are exact: exponents, thresholds, labels. */
static ct_tensor *perturb(const ct_verifier *v, const ct_tensor *t, size_t i, double eps, int k) {
    double most = largest(t);
    double *u = draw(v, ct_size_of(t), i, k);
    ct_tensor *copy = u ? ct_from((ct_dtype)t->dtype, ct_shape_of(t), t->data) : NULL;
    for (int64_t e = 0; copy && e < ct_size_of(t); e++) {
        double x = ct_read_element((ct_dtype)t->dtype, t->data, e);
        if (!(t->flags & CT_LEAF) && x == floor(x)) continue;
        double unit = x != 0 ? fabs(x) : most > 0 ? most : 1;
        ct_write_element((ct_dtype)t->dtype, copy->data, e, x + PERTURBATION * eps * unit * u[e]);
    }
    return copy;
}

bool ct_point_perturbed(const ct_verifier *v, const ct_point *from, double eps, int k, ct_point *point) {
    if (!make_point(v, point)) return false;
    point->wide = from->wide;
    for (size_t i = 0; i < v->graph.n; i++)
        if (is_input(from->node[i]) && !(point->node[i] = perturb(v, from->node[i], i, eps, k))) return false;
    return record(v, point) && differentiate(v, point, point->node[v->graph.n - 1]);
}

/* ---- points drawn at random ------------------------------------------------------------------------------------- */

/* Several zeros and ones are the structure of a problem: a mask, one-hot labels. */
static bool is_mask(const ct_tensor *t) {
    for (int64_t e = 0; e < ct_size_of(t); e++) {
        double x = ct_read_element((ct_dtype)t->dtype, t->data, e);
        if (x != 0 && x != 1) return false;
    }
    return ct_size_of(t) > 1;
}

/* Without a label a constant is a number in the formula of f, which a claim can but repeat. */
static bool is_drawn(const ct_tensor *t) {
    return is_input(t) && (t->flags & CT_LEAF || (t->label && !is_mask(t)));
}

#define KINDS 5 /* of points, */
#define FAR 4   /* and the one that is furthest */

/* Up, ever further, and down in turn, of the same sign and of the other: the j-th of these. Not further down, where
 * the constants of a formula would leave nothing but rounding. */
static double far(int j, double x, double u) {
    double power = j % 2 ? -7 - fabs(u) : 8 * (1 + j / 4 % 4) * (1 + fabs(u));
    return (j % 4 < 2 ? x : -x) * exp2(power);
}

bool ct_point_is_far(int k) { return k % KINDS == FAR; }

/* In place of x, among inputs of which the largest is `most`. */
static double drawn(int k, double x, double most, double u) {
    switch (k % KINDS) {
    case 0: return x + ldexp(most, -2 - (k / 16 < 12 ? k / 16 : 12)) * u; /* ever nearer: the domain may be narrow */
    case 1: return 3 * most * u; /* far, of any sign */
    case 2: return x != 0 ? x * exp2(2 * u) : most * fabs(u); /* far, of the same sign */
    case 3: return 2 * u; /* whatever the magnitude was */
    default: return far(k / KINDS, x != 0 ? x : most, u);
    }
}

static ct_tensor *draw_input(const ct_verifier *v, const ct_tensor *t, size_t i, int k) {
    ct_tensor *copy = ct_full(CT_F64, ct_shape_of(t), 0);
    double most = largest(t);
    bool moves = k >= 0 && is_drawn(t);
    double *u = copy && moves ? draw(v, ct_size_of(t), i, k) : NULL;
    if (!copy || (moves && !u)) return NULL;
    double *to = copy->data;
    for (int64_t e = 0; e < ct_size_of(t); e++) {
        double x = ct_read_element((ct_dtype)t->dtype, t->data, e);
        to[e] = u ? drawn(k, x, most > 0 ? most : 1, u[e]) : x;
    }
    return copy;
}

bool ct_point_drawn(const ct_verifier *v, int k, ct_point *point) {
    if (!make_point(v, point)) return false;
    point->wide = true;
    for (size_t i = 0; i < v->graph.n; i++) {
        const ct_tensor *t = v->graph.node[i];
        if (is_input(t) && !(point->node[i] = draw_input(v, t, i, k))) return false;
    }
    return record(v, point) && differentiate(v, point, point->node[v->graph.n - 1]);
}

ct_tensor *ct_point_value(const ct_verifier *v, const ct_point *point, size_t i, ct_tensor *x) {
    ct_point moved;
    if (!make_point(v, &moved)) return NULL;
    moved.wide = true;
    for (size_t k = 0; k < v->graph.n; k++)
        if (!v->graph.node[k]->op) moved.node[k] = point->node[k];
    moved.node[i] = x;
    return record(v, &moved) ? moved.node[v->graph.n - 1] : NULL;
}

bool ct_point_is_finite(const ct_verifier *v, const ct_point *point) {
    const ct_tensor *f = point->node[v->graph.n - 1];
    bool finite = isfinite(ct_read_element((ct_dtype)f->dtype, f->data, 0));
    for (size_t i = 0; finite && i < v->n; i++)
        for (int64_t e = 0; finite && e < v->site[i].n; e++) finite = isfinite(point->reading[i].truth[e]);
    return finite;
}

#define SHOWN 16 /* elements of an input */

void ct_point_describe(const ct_verifier *v, const ct_point *point, ct_text *out) {
    char shape[CT_DESCRIPTION];
    for (size_t i = 0, inputs = 0; i < v->graph.n; i++) {
        const ct_tensor *t = v->graph.node[i], *x = point->node[i];
        if (!is_drawn(t)) continue;
        ct_shape extents = ct_shape_of(t);
        ct_text_add(out, "%s%s%s = %s", inputs++ ? ", " : "", t->label ? t->label : "unnamed",
                    t->ndim ? ct_describe_shape(&extents, shape) : "", ct_size_of(x) > 1 ? "[" : "");
        for (int64_t e = 0; e < ct_size_of(x) && e < SHOWN; e++) {
            double value = ct_read_element((ct_dtype)x->dtype, x->data, e);
            ct_text_add(out, "%s%a", e ? ", " : "", value);
            if (ct_size_of(x) > 1) continue;
            ct_text_add(out, " (");
            ct_text_number(out, value, 6);
            ct_text_add(out, ")");
        }
        ct_text_add(out, "%s", ct_size_of(x) > SHOWN ? ", ...]" : ct_size_of(x) > 1 ? "]" : "");
    }
}

/* ---- the backward pass that the claims make --------------------------------------------------------------------- */

/* The graph cut behind each tensor that something is claimed about: in front of the cut `made`, behind it a constant.
 * Then <claimed, made>, summed over the cuts, and f have the gradient by the constants that the true rules would make
 * of the claims. */
static ct_tensor *cut_graph(const ct_verifier *v, const ct_point *here, ct_point *point) {
    ct_tensor *sum = NULL;
    for (size_t i = 0; i < v->graph.n; i++) {
        const ct_site *site = v->site_of[i];
        ct_tensor *z = v->graph.node[i];
        ct_tensor *made = z->op         ? record_node(v, point, i)
                          : is_input(z) ? ct_from((ct_dtype)z->dtype, ct_shape_of(z), z->data)
                                        : z;
        point->node[i] = made && site ? ct_wrap((ct_dtype)z->dtype, ct_shape_of(z), made->data) : made;
        if (!point->node[i]) return NULL;
        if (!site) continue;
        double *claimed = site->claimed ? site->claimed : here->reading[site - v->site].truth;
        ct_tensor *g = ct_cast(ct_wrap(CT_F64, ct_shape_of(z), claimed), (ct_dtype)z->dtype);
        ct_tensor *term = ct_cast(ct_sum(ct_mul(g, made), CT_ALL), CT_F64);
        sum = sum ? ct_add(sum, term) : term;
        if (!sum) return NULL;
    }
    ct_tensor *f = ct_cast(ct_reshape(point->node[v->graph.n - 1], CT_SCALAR), CT_F64);
    return sum ? ct_add(sum, f) : f;
}

bool ct_point_push_claims(const ct_verifier *v, const ct_point *here) {
    ct_point point;
    for (size_t i = 0; i < v->n; i++)
        if (!(v->site[i].given = ct_verify_array(v, (size_t)v->site[i].n, sizeof(double)))) return false;
    ct_scope s = ct_begin();
    ct_tensor *objective = make_point(v, &point) ? cut_graph(v, here, &point) : NULL;
    bool ok = objective && differentiate(v, &point, objective);
    for (size_t i = 0; ok && i < v->n; i++)
        memcpy(v->site[i].given, point.reading[i].truth, (size_t)v->site[i].n * sizeof(double));
    ct_close(s);
    return ok;
}
