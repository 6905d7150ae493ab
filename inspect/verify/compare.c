/* Two gradients compared: rounding or a mistake? */
#include "inspect/verify/verify.h"

#include <float.h>
#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define PERTURBATIONS 4   /* to see how far the last bits move a gradient */
#define OF_LARGEST 4      /* units of eps of the largest element that rounding may leave where terms cancel: what
                           * nothing else excuses is undecided, since they would hide whole elements */
#define SAFETY 8          /* times what was seen to move */
#define TOO_COARSE 1e-5   /* what moves by this part of the largest element is no yardstick */
#define FLOOR 4           /* units of eps of a gradient's natural magnitude that cannot be told from zero */
#define CANCELLATION 1024 /* likewise, inside of a formula that was written without care for rounding */

/* By how much of an element any two ways to compute a gradient may differ. */
static double allowed(double eps) { return eps > 1e-10 ? 64 * eps : 1e-11; }

static double largest(int64_t n, const double *x) {
    double most = 0;
    for (int64_t e = 0; e < n; e++)
        if (isfinite(x[e]) && fabs(x[e]) > most) most = fabs(x[e]);
    return most;
}

/* What decides. */
typedef struct measure {
    double eps;          /* as of ct_site */
    double relative;     /* allowed beside rounding */
    double natural;      /* |f| / max |x|: a gradient's magnitude by its unit */
    const double *width; /* as of ct_reading */
    bool lenient;
} measure;

typedef enum judgement { RIGHT, UNDECIDED, WRONG } judgement;

static judgement judge(double claimed, double computed, double width, double tolerance, double scale,
                       const measure *m) {
    double apart = fabs(claimed - computed), floor = FLOOR * m->eps * m->natural;
    if (!isfinite(computed)) return UNDECIDED;
    if (apart <= tolerance - SAFETY * width) return RIGHT;
    if (apart <= tolerance) return width <= TOO_COARSE * scale || apart <= floor ? RIGHT : UNDECIDED;
    if (apart <= tolerance + OF_LARGEST * m->eps * scale) return UNDECIDED;
    if (fabs(claimed) <= floor && fabs(computed) <= floor) return UNDECIDED;
    if (m->lenient && apart <= CANCELLATION * m->eps * (m->natural + scale)) return UNDECIDED;
    return WRONG; /* also what is no number */
}

static ct_comparison compare(int64_t n, const double *claimed, const double *computed, const measure *m) {
    ct_comparison c = {.index = -1};
    double scale = largest(n, computed), worst = -1;
    judgement worst_judgement = RIGHT;
    for (int64_t e = 0; e < n; e++) {
        double width = m->width ? m->width[e] : 0, apart = fabs(claimed[e] - computed[e]);
        double tolerance =
            (allowed(m->eps) + m->relative) * fabs(computed[e]) + 64 * 0x1p-1074 + SAFETY * width;
        judgement j = judge(claimed[e], computed[e], width, tolerance, scale, m);
        double ratio = isnan(apart) ? INFINITY : apart / tolerance;
        c.wrong += j == WRONG;
        c.undecided += j == UNDECIDED;
        if (c.index >= 0 && (j < worst_judgement || (j == worst_judgement && !(ratio > worst)))) continue;
        worst = ratio;
        worst_judgement = j;
        c.index = e;
        c.claimed = claimed[e];
        c.computed = computed[e];
        c.absolute = apart;
        c.tolerance = tolerance;
        c.unsteady = width > TOO_COARSE * scale;
    }
    return c;
}

/* ---- how far rounding moves a gradient -------------------------------------------------------------------------- */

static double eps_at(const ct_point *point, const ct_site *site) { return point->wide ? DBL_EPSILON : site->eps; }

/* Raises width[e] to the distance of x and y where both are numbers. */
static void widen(int64_t n, const double *x, const double *y, double *width) {
    for (int64_t e = 0; x && y && e < n; e++) {
        double apart = fabs(x[e] - y[e]);
        if (isfinite(apart)) width[e] = fmax(width[e], apart);
    }
}

/* Compares the point with the k-th one beside it. A point where the graph cannot be computed tells nothing. */
static bool look_beside(const ct_verifier *v, const ct_point *point, double eps, int k) {
    ct_point beside;
    ct_scope s = ct_begin();
    bool ok = ct_point_perturbed(v, point, eps, k, &beside);
    if (ok) ok = ct_claim_read_formulas(v, &beside);
    for (size_t i = 0; ok && i < v->n; i++) {
        const ct_reading *r = &point->reading[i], *other = &beside.reading[i];
        if (eps_at(point, &v->site[i]) != eps) continue;
        widen(v->site[i].n, r->truth, other->truth, r->width);
        widen(v->site[i].n, r->value, other->value, r->width);
    }
    return ct_point_end(s, ok);
}

static bool measure_widths(const ct_verifier *v, const ct_point *point, double eps) {
    for (size_t i = 0; i < v->n; i++) {
        if (eps_at(point, &v->site[i]) != eps) continue;
        point->reading[i].width = ct_verify_array(v, (size_t)v->site[i].n, sizeof(double));
        if (!point->reading[i].width) return false;
    }
    for (int k = 0; k < PERTURBATIONS; k++)
        if (!look_beside(v, point, eps, k)) return false;
    return true;
}

static double natural_magnitude(const ct_verifier *v, const ct_point *point, const ct_site *site) {
    const ct_tensor *f = point->node[v->graph.n - 1], *x = site->index < v->graph.n ? point->node[site->index] : NULL;
    double most = 0;
    for (int64_t e = 0; x && e < site->n; e++) {
        double size = fabs(ct_read_element((ct_dtype)x->dtype, x->data, e));
        if (isfinite(size) && size > most) most = size;
    }
    double natural = fabs(ct_read_element((ct_dtype)f->dtype, f->data, 0)) / most;
    return isfinite(natural) ? natural : 0;
}

bool ct_verify_compare(const ct_verifier *v, const ct_point *point, size_t i, const double *claimed, ct_comparison *c) {
    const ct_site *site = &v->site[i];
    const ct_reading *r = &point->reading[i];
    bool numbers = site->claim->kind == CT_CLAIMED_VALUE || site->claim->kind == CT_CLAIMED_ARRAY;
    measure m = {.eps = eps_at(point, site),
                 .relative = numbers ? v->options.relative : 0,
                 .natural = natural_magnitude(v, point, site),
                 .width = r->width,
                 .lenient = site->formula != NULL};
    *c = compare(site->n, claimed, r->truth, &m);
    if ((!c->wrong && !c->undecided) || r->width) return true;
    if (!measure_widths(v, point, m.eps)) return false;
    m.width = r->width;
    *c = compare(site->n, claimed, r->truth, &m);
    return true;
}
