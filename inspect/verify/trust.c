/* The gradients that claims are compared with come from the ops' rules. Those of the library are proven; an op of the
 * user's own may be what is wrong, so its graph is tested by differences along one direction for each claim. */
#include "inspect/verify/answers.h"
#include "inspect/verify/verify.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) w->v->at

#define SAFETY 8        /* estimated errors by which a gradient may be off */
#define ROUNDING 1e-7   /* of the slope, likewise */
#define TOO_COARSE 1e-3 /* an estimated error of this part of the slope tells nothing, */
#define SMALL 1e-3      /* or of this part of f where the slope is smaller: u changes x by its own magnitude */
#define ALONE 16        /* elements, at most, that are moved one by one too: a sum hides what is wrong in one. */
#define BAND 8          /* Of more, those that are alike in magnitude, up to this power of two, are moved together. */
#define SEED 0x7472757374u /* of the directions */

/* f along x + t u, x being the value of node i. */
typedef struct walk {
    ct_objective objective;
    const ct_verifier *v;
    const ct_point *point;
    size_t i;
    double *u;
    double t;
} walk;

static bool evaluate(ct_objective *objective) {
    walk *w = (walk *)objective; /* its first member */
    const ct_tensor *x = w->point->node[w->i];
    ct_scope s = ct_begin();
    ct_tensor *moved = ct_from(CT_F64, ct_shape_of(x), x->data), *f = NULL;
    for (int64_t e = 0; moved && e < ct_size_of(x); e++) ((double *)moved->data)[e] += w->t * w->u[e];
    if (moved) f = ct_point_value(w->v, w->point, w->i, moved);
    if (f) objective->phi = ct_read_element((ct_dtype)f->dtype, f->data, 0);
    objective->magnitude = fmax(objective->magnitude, fabs(objective->phi));
    ct_close(s);
    return f != NULL;
}

/* A direction in which no element is left out, and by no more than its own magnitude. */
static bool choose_direction(walk *w, int64_t n) {
    const double *x = w->point->node[w->i]->data;
    w->u = ct_verify_array(w->v, (size_t)n, sizeof *w->u);
    if (!w->u) return false;
    ct_fill_uniform(CT_F64, w->u, n, SEED, w->i, -1, 1);
    for (int64_t e = 0; e < n; e++) {
        double unit = x[e] != 0 ? fabs(x[e]) : 1;
        w->u[e] = (w->u[e] + copysign(1, w->u[e])) / 2 * unit;
    }
    return true;
}

/* What differences say about the gradient at the point. */
static ct_trust trust_in(walk *w, const double *gradient, int64_t n) {
    double along = 0, sizes = 0;
    ct_slope slope;
    for (int64_t e = 0; e < n; e++) {
        along += gradient[e] * w->u[e];
        sizes += fabs(gradient[e] * w->u[e]);
    }
    w->objective.magnitude = 0;
    if (!evaluate(&w->objective)) return CT_DOUBTFUL;
    double phi = w->objective.phi;
    if (!ct_find_slope(&w->objective, &w->t, 1024, phi, &slope)) return CT_DOUBTFUL;
    double scale = fmax(sizes, fabs(slope.value)), unit = fmax(scale, SMALL * fabs(phi));
    bool kink = fabs(slope.right - slope.left) > TOO_COARSE * scale;
    if (!(slope.error <= TOO_COARSE * unit) || kink || slope.rough) return CT_DOUBTFUL;
    return fabs(along - slope.value) <= SAFETY * slope.error + ROUNDING * scale ? CT_TRUSTED : CT_REFUTED;
}

/* Elements of the same number are moved together. */
static double *number_parts(const walk *w, int64_t n) {
    const double *x = w->point->node[w->i]->data;
    double *part = ct_verify_array(w->v, (size_t)n, sizeof *part);
    for (int64_t e = 0; part && e < n; e++) part[e] = n <= ALONE ? (double)e : floor(logb(x[e]) / BAND);
    return part;
}

/* The same along a direction of all elements, and along each of a few, or of their magnitudes. */
static ct_trust trust_in_all(walk *w, const double *gradient, int64_t n) {
    const double *whole = w->u;
    ct_trust trust = trust_in(w, gradient, n);
    double *part = number_parts(w, n);
    w->u = ct_verify_array(w->v, (size_t)n, sizeof *w->u);
    if (!part || !w->u) return CT_DOUBTFUL;
    for (int64_t first = 0; first < n && trust == CT_TRUSTED; first++) {
        double number = part[first];
        if (isnan(number)) continue; /* moved already */
        for (int64_t e = 0; e < n; e++) {
            bool moves = part[e] == number;
            w->u[e] = moves ? whole[e] : 0;
            if (moves) part[e] = NAN;
        }
        trust = trust_in(w, gradient, n);
    }
    return trust;
}

/* The last node of an op of the user's own; 0 when there is none, a place where only inputs are. */
static size_t last_own_op(const ct_graph *graph) {
    size_t last = 0;
    for (size_t i = 0; i < graph->n; i++)
        if (graph->node[i]->op >= CT_OP_COUNT) last = i;
    return last;
}

bool ct_verify_truth(const ct_verifier *v) {
    ct_point point;
    size_t last = last_own_op(&v->graph);
    for (size_t i = 0; i < v->n; i++) v->site[i].trust = v->site[i].index < last ? CT_DOUBTFUL : CT_TRUSTED;
    if (last == 0) return true;
    ct_scope s = ct_begin();
    bool ok = ct_point_drawn(v, -1, &point);
    for (size_t i = 0; ok && i < v->n; i++) {
        ct_site *site = &v->site[i];
        if (site->trust == CT_TRUSTED) continue;
        walk w = {.objective = {.evaluate = evaluate}, .v = v, .point = &point, .i = site->index};
        if (choose_direction(&w, site->n)) site->trust = trust_in_all(&w, point.reading[i].truth, site->n);
        ok = !ct_error_pending();
    }
    return ct_point_end(s, ok);
}
