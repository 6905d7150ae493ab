/* L-BFGS: J. Nocedal and S. Wright, "Numerical optimization", 2nd edition, algorithms 7.4 and 7.5, with the line
 * search of algorithms 3.5 and 3.6. Tolerances, the first step's length and the safeguards of the line search are
 * those of M. Schmidt's minFunc, as in PyTorch. All is computed in f64. */
#include "optim/internal.h"
#include "tensor/checked.h"

#include <math.h>
#include <string.h>

enum { LENGTH, SCALE, ITERATIONS, KEPT, OLDEST, NUMBERS };

#define N_WORK 5 /* vectors of n that a step needs and then forgets */

struct ct_lbfgs {
    int64_t n; /* elements of all parameters */
    int64_t history;
    /* state: */
    double *direction;      /* (n) */
    double *last;           /* (n) the gradient that the direction was computed from */
    double *steps, *yields; /* (history, n) rings: how x and how the gradient changed */
    double *rho;            /* (history) 1 / (step . yield) */
    double *number;         /* (NUMBERS) length of the last step; scale of the first Hessian; counts */
    /* while a step lasts: */
    double *work;     /* (N_WORK, n), then alpha (history) */
    size_t bytes;     /* of it */
    double *gradient; /* (n) */
    double *alpha;    /* (history) */
    double *start;    /* (n) where a line search began */
    int64_t evaluations;
};

/* One place on the line that is searched. */
typedef struct point {
    double t, f, slope; /* the step's length, the loss, and its derivative by t */
    double *g;          /* (n) gradient */
} point;

typedef struct run {
    const char *at;
    ct_optim *opt;
    ct_lbfgs *l;
    ct_closure *closure;
    void *context;
} run;

/* ---- life --------------------------------------------------------------------------------------------------- */

static double *add_state(const char *at, ct_optim *opt, const char *name, ct_shape shape) {
    ct_tensor *t = ct_state_add(opt->name, at, &opt->state, name, -1, CT_F64, shape, 0);
    return t ? t->data : NULL;
}

bool ct_lbfgs_new(const char *at, ct_optim *opt) {
    const int64_t m = opt->options.ct_lbfgs.history;
    ct_lbfgs *l = opt->lbfgs = ct_alloc(sizeof *l);
    if (!l) return ct_raise_memory(opt->name, at, sizeof *l), false;
    *l = (ct_lbfgs){.history = m};
    size_t n = 0, all;
    for (int i = 0; i < opt->n; i++)
        if (!ct_checked_add(n, (size_t)ct_size_of(opt->slots[i].parameter), &n)) n = SIZE_MAX;
    if (!ct_checked_mul(n, N_WORK, &all) || !ct_checked_add(all, (size_t)m, &all) ||
        !ct_checked_mul(all, sizeof(double), &l->bytes))
        return ct_raise(CT_ERR_LIMIT, opt->name, at, "the parameters are too large"), false;
    l->n = (int64_t)n;
    l->work = ct_alloc(l->bytes);
    if (!l->work) return ct_raise_memory(opt->name, at, l->bytes), l->bytes = 0, false;
    l->alpha = l->work + all - m;
    return (l->direction = add_state(at, opt, "direction", CT_SHAPE(l->n))) &&
           (l->last = add_state(at, opt, "gradient", CT_SHAPE(l->n))) &&
           (l->steps = add_state(at, opt, "changes", CT_SHAPE(m, l->n))) &&
           (l->yields = add_state(at, opt, "yields", CT_SHAPE(m, l->n))) &&
           (l->rho = add_state(at, opt, "rho", CT_SHAPE(m))) &&
           (l->number = add_state(at, opt, "numbers", CT_SHAPE(NUMBERS)));
}

void ct_lbfgs_free(ct_lbfgs *l) {
    if (!l) return;
    ct_dealloc(l->work, l->bytes);
    ct_dealloc(l, sizeof *l);
}

/* ---- vectors ------------------------------------------------------------------------------------------------ */

static double dot(int64_t n, const double *x, const double *y) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

static void add_scaled(int64_t n, double *x, double scale, const double *y) {
    for (int64_t i = 0; i < n; i++) x[i] += scale * y[i];
}

static double largest(int64_t n, const double *x) {
    double size = 0;
    for (int64_t i = 0; i < n; i++) size = fmax(size, fabs(x[i]));
    return size;
}

typedef enum side { PARAMETERS, GRADIENTS } side;

/* All parameters, or their gradients (zero where there is none), one after the other. */
static void gather(const run *r, side which, double *out) {
    for (int k = 0; k < r->opt->n; k++) {
        const ct_tensor *t = r->opt->slots[k].parameter;
        const void *from = which == PARAMETERS ? t->data : ct_has_gradient(t) ? t->grad : NULL;
        for (int64_t i = 0; i < ct_size_of(t); i++)
            *out++ = from ? ct_read_element((ct_dtype)t->dtype, from, i) : 0;
    }
}

/* Frozen parameters stay, whatever the changes that are kept from before say. */
static void hold_frozen(const run *r) {
    double *direction = r->l->direction;
    for (int k = 0; k < r->opt->n; k++) {
        const ct_tensor *x = r->opt->slots[k].parameter;
        if (x->flags & CT_FROZEN) memset(direction, 0, (size_t)ct_size_of(x) * sizeof *direction);
        direction += ct_size_of(x);
    }
}

/* Moves the parameters to start + t * direction. */
static void move_to(const run *r, double t) {
    const double *start = r->l->start, *direction = r->l->direction;
    for (int k = 0; k < r->opt->n; k++) {
        const ct_tensor *x = r->opt->slots[k].parameter;
        for (int64_t i = 0; i < ct_size_of(x); i++, start++, direction++) {
            const double by = t != 0 ? t * *direction : 0; /* back to the start also when a direction is infinite */
            ct_write_element((ct_dtype)x->dtype, x->data, i, *start + by);
        }
    }
}

/* The loss at start + t * direction; false when an error is pending. */
static bool look(const run *r, double t, point *p) {
    move_to(r, t);
    r->l->evaluations++;
    p->t = t;
    p->f = ct_evaluate_closure(r->at, r->opt, r->closure, r->context);
    if (ct_error_pending()) return false;
    gather(r, GRADIENTS, p->g);
    p->slope = dot(r->l->n, p->g, r->l->direction);
    return true;
}

/* ---- the line search ---------------------------------------------------------------------------------------- */

#define ARMIJO 1e-4
#define CURVATURE 0.9
#define MAX_LOOKS 25

static void swap(point *p, point *q) {
    point kept = *p;
    *p = *q;
    *q = kept;
}

/* Where the cubic through p and q is least between the bounds; their middle when it has no minimum. */
static double cubic(const point *p, const point *q, double low, double high) {
    if (p->t > q->t) {
        const point *kept = p;
        p = q;
        q = kept;
    }
    const double d1 = p->slope + q->slope - 3 * (p->f - q->f) / (p->t - q->t), square = d1 * d1 - p->slope * q->slope;
    if (!(square >= 0)) return (low + high) / 2;
    const double d2 = sqrt(square);
    const double least = q->t - (q->t - p->t) * ((q->slope + d2 - d1) / (q->slope - p->slope + 2 * d2));
    return fmin(fmax(least, low), high);
}

static bool falls_enough(const point *start, const point *p) {
    return !(p->f > start->f + ARMIJO * p->t * start->slope);
}

static bool is_flat_enough(const point *start, const point *p) { return fabs(p->slope) <= -CURVATURE * start->slope; }

/* Widens [a, b], a being the start and b the first look, until a good place lies within. True: b is such a place. */
static bool bracket(const run *r, const point *start, point *a, point *b, int *looks) {
    for (*looks = 0; *looks < MAX_LOOKS; ++*looks) {
        if (!falls_enough(start, b) || (*looks > 1 && b->f >= a->f)) return false;
        if (is_flat_enough(start, b)) return true;
        if (b->slope >= 0) return false;
        double t = cubic(a, b, b->t + 0.01 * (b->t - a->t), b->t * 10);
        swap(a, b);
        if (!look(r, t, b)) return false;
    }
    a->t = start->t, a->f = start->f, a->slope = start->slope; /* never came to an end: all of it */
    memcpy(a->g, start->g, (size_t)r->l->n * sizeof(double));
    return false;
}

/* The next place to look at in [a, b]: not too near to an end twice. */
static double inside(const point *a, const point *b, bool *stuck) {
    const double low = fmin(a->t, b->t), high = fmax(a->t, b->t), margin = 0.1 * (high - low);
    double t = cubic(a, b, low, high);
    const bool near = fmin(high - t, t - low) < margin, move = near && (*stuck || t >= high || t <= low);
    *stuck = near && !move;
    return !move ? t : fabs(t - high) < fabs(t - low) ? high - margin : low + margin;
}

/* Finds a t that meets the strong Wolfe conditions, looking first at `t`; the parameters are left anywhere on the
 * line. p[0] is the start, p[1..3] are to work with; the result is one of them, NULL when an error is pending. */
static point *line_search(const run *r, point *p, double t) {
    point *start = &p[0], *a = &p[1], *b = &p[2], *c = &p[3];
    const double size = largest(r->l->n, r->l->direction), tolerance = r->opt->options.ct_lbfgs.change_tolerance;
    bool stuck = false;
    int looks;
    a->t = 0, a->f = start->f, a->slope = start->slope;
    memcpy(a->g, start->g, (size_t)r->l->n * sizeof(double));
    if (!look(r, t, b)) return NULL;
    if (bracket(r, start, a, b, &looks)) return b;
    point *low = a->f <= b->f ? a : b, *high = low == a ? b : a;
    for (; looks < MAX_LOOKS && !ct_error_pending() && fabs(b->t - a->t) * size >= tolerance; looks++) {
        if (!look(r, inside(a, b, &stuck), c)) break;
        if (!falls_enough(start, c) || c->f >= low->f) {
            swap(high, c);
            low = a->f <= b->f ? a : b;
            high = low == a ? b : a;
            continue;
        }
        const bool done = is_flat_enough(start, c);
        if (!done && c->slope * (high->t - low->t) >= 0) swap(high, low);
        swap(low, c);
        if (done) break;
    }
    return ct_error_pending() ? NULL : low;
}

/* ---- the step ----------------------------------------------------------------------------------------------- */

static double *ring(const ct_lbfgs *l, double *rows, int64_t age) { /* age 0: the oldest kept */
    return rows + ((int64_t)l->number[OLDEST] + age) % l->history * l->n;
}

/* Keeps the last step and what it did to the gradient, unless the curvature along it is not positive. */
static void remember(ct_lbfgs *l) {
    double *s = l->start, *y = l->alpha - l->n; /* the last work vector: free between line searches */
    for (int64_t i = 0; i < l->n; i++) y[i] = l->gradient[i] - l->last[i], s[i] = l->direction[i] * l->number[LENGTH];
    const double curvature = dot(l->n, y, s);
    if (!(curvature > 1e-10)) return;
    if ((int64_t)l->number[KEPT] == l->history) l->number[OLDEST] = fmod(l->number[OLDEST] + 1, (double)l->history);
    else l->number[KEPT]++;
    const int64_t newest = (int64_t)l->number[KEPT] - 1;
    memcpy(ring(l, l->steps, newest), s, (size_t)l->n * sizeof *s);
    memcpy(ring(l, l->yields, newest), y, (size_t)l->n * sizeof *y);
    l->rho[((int64_t)l->number[OLDEST] + newest) % l->history] = 1 / curvature;
    l->number[SCALE] = curvature / dot(l->n, y, y);
}

/* direction = -H gradient, by the two loops of algorithm 7.4. */
static void find_direction(ct_lbfgs *l) {
    double *d = l->direction;
    const int64_t kept = (int64_t)l->number[KEPT], oldest = (int64_t)l->number[OLDEST];
    for (int64_t i = 0; i < l->n; i++) d[i] = -l->gradient[i];
    for (int64_t k = kept - 1; k >= 0; k--) {
        l->alpha[k] = l->rho[(oldest + k) % l->history] * dot(l->n, ring(l, l->steps, k), d);
        add_scaled(l->n, d, -l->alpha[k], ring(l, l->yields, k));
    }
    for (int64_t i = 0; i < l->n; i++) d[i] *= l->number[SCALE];
    for (int64_t k = 0; k < kept; k++) {
        const double beta = l->rho[(oldest + k) % l->history] * dot(l->n, ring(l, l->yields, k), d);
        add_scaled(l->n, d, l->alpha[k] - beta, ring(l, l->steps, k));
    }
}

static double first_length(const ct_lbfgs *l) {
    double sum = 0;
    for (int64_t i = 0; i < l->n; i++) sum += fabs(l->gradient[i]);
    return fmin(1, 1 / sum);
}

/* Moves along the direction; *loss becomes that of the new place. False when an error is pending: then the parameters
 * are where they were. `last`: nobody will ask for the loss at the new place. */
static bool advance(run *r, double slope, bool last, double *loss) {
    ct_lbfgs *l = r->l;
    point p[4] = {{.f = *loss, .slope = slope, .g = l->gradient}};
    for (int i = 1; i < 4; i++) p[i].g = l->work + (i + 1) * l->n; /* after gradient and start */
    gather(r, PARAMETERS, l->start);
    const bool search = r->opt->options.ct_lbfgs.strong_wolfe, seen = search || !last;
    const point *best = search ? line_search(r, p, l->number[LENGTH]) : &p[1];
    bool ok = best && (search || last || look(r, l->number[LENGTH], &p[1]));
    if (ok && seen) {
        *loss = best->f;
        l->number[LENGTH] = best->t;
        memcpy(l->gradient, best->g, (size_t)l->n * sizeof(double));
    }
    move_to(r, ok ? l->number[LENGTH] : 0);
    return ok;
}

/* One iteration; true when another one should follow. */
static bool iterate(run *r, int64_t iteration, double *loss) {
    ct_lbfgs *l = r->l;
    const ct_lbfgs_options *o = &r->opt->options.ct_lbfgs;
    const bool first = ++l->number[ITERATIONS] == 1, last = iteration == o->iterations;
    const double before = *loss;
    if (first) l->number[SCALE] = 1;
    else remember(l);
    find_direction(l);
    hold_frozen(r);
    memcpy(l->last, l->gradient, (size_t)l->n * sizeof(double));
    l->number[LENGTH] = ct_optim_group_lr(&r->opt->groups[0]) * (first ? first_length(l) : 1);
    const double slope = dot(l->n, l->gradient, l->direction);
    if (slope > -o->change_tolerance) return false;
    if (!advance(r, slope, last, loss) || last || l->evaluations >= o->evaluations) return false;
    return largest(l->n, l->gradient) > o->gradient_tolerance &&
           largest(l->n, l->direction) * fabs(l->number[LENGTH]) > o->change_tolerance &&
           !(fabs(*loss - before) < o->change_tolerance);
}

double ct_lbfgs_step(const char *at, ct_optim *opt, ct_closure *closure, void *context) {
    run r = {at, opt, opt->lbfgs, closure, context};
    ct_lbfgs *l = opt->lbfgs;
    l->gradient = l->work;
    l->start = l->work + l->n;
    l->evaluations = 1;
    const double loss = ct_evaluate_closure(at, opt, closure, context);
    if (!ct_error_pending()) {
        double now = loss;
        gather(&r, GRADIENTS, l->gradient);
        bool go_on = !(largest(l->n, l->gradient) <= opt->options.ct_lbfgs.gradient_tolerance);
        for (int64_t i = 1; go_on; i++) go_on = iterate(&r, i, &now);
    }
    ct_clear_gradients(opt);
    return ct_error_pending() ? NAN : loss;
}
