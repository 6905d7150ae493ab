/* Reverse mode against central differences, in float64, element by element.
 *
 * With random factors v the objective is phi = sum v_j f_j(x), whose gradient reverse mode gives in one pass. Each
 * element is stepped by h, h/4, h/16, ...; the slopes are extrapolated to h = 0 (Richardson), and of all
 * extrapolations the one with the smallest error estimate counts (Ridders, "Accurate computation of F'(x) and
 * F'(x)F''(x)", 1982). That estimate is the scatter of its neighbours plus phi's measured noise over the step. */
#include "inspect/internal.h"
#include "tensor/checked.h"

#include <float.h>
#include <math.h>
#include <string.h>

#undef CT_HERE
#define CT_HERE at

#define LEVELS 8          /* step sizes */
#define FIRST_STEP 0x1p-4 /* of the element's magnitude */
#define LAST_STEP (FIRST_STEP / (1 << 2 * (LEVELS - 1)))
#define NEAR (LAST_STEP / 8) /* where noise is measured: below the smallest step, */
#define FAR 0x1p-13          /* and further away when rounding inside of the function swallows that */
#define SAFETY 8             /* estimated errors taken as the tolerance */
#define ROUNDING 1e-9        /* of the gradient, that reverse mode may be off by itself */
#define TOO_COARSE 1e-6      /* an estimated error of this part of the gradient tells nothing */
#define ROUGH 1e-11          /* noise of this part of phi may be phi itself, turning within the smallest steps */
#define SMALL 1e-3           /* elements below this part of an input's largest are measured by that */
#define SEED 0x636f74616e67u /* of the factors: a check gives the same result each time */

/* What is known about one element; all but `computed` from differences. */
typedef struct slope {
    double computed;
    double phi;          /* at the point itself */
    double value, error; /* NaN and INFINITY where phi was not finite */
    bool rough;          /* phi is noisier than rounding explains */
    double gap;          /* right slope less left slope where they do not approach each other: a kink; else 0 */
} slope;

typedef struct check {
    const char *at;
    ct_function f;
    void *context;
    ct_list inputs;
    ct_tensor **leaf; /* of the running evaluation */
    double **x;       /* copies of the inputs, stepped */
    slope **slopes;
    ct_shape shape;   /* of f's result */
    int64_t n;        /* its elements */
    double *factor;   /* v */
    double phi;       /* the last evaluation */
    double magnitude; /* the largest sum of its terms' absolute values since it was last set to 0 */
    ct_random_state random;
    ct_gradcheck_result result;
} check;

/* Memory until the check ends. */
static void *allocate(check *c, int depth, size_t n, size_t item) {
    size_t bytes;
    void *memory = ct_checked_mul(n, item, &bytes) ? ct_scope_alloc(depth, bytes) : NULL;
    if (!memory) ct_raise(CT_ERR_MEMORY, "ct_gradcheck", c->at, "out of memory for the differences");
    return memory;
}

/* ---- the objective ------------------------------------------------------------------------------------------ */

static ct_tensor *call(check *c) {
    const char *at = c->at;
    ct_random_restore(c->random);
    for (int i = 0; i < c->inputs.n; i++) {
        c->leaf[i] = ct_requires_grad(ct_wrap(CT_F64, ct_shape_of(c->inputs.items[i]), c->x[i]));
        if (!c->leaf[i]) return NULL;
    }
    return c->f(c->leaf, c->context);
}

/* Of the first result: its shape, and factors whose absolute values are in [0.5, 1.5), exact in float32 too. */
static bool choose_factors(check *c, const ct_tensor *y) {
    c->shape = ct_shape_of(y);
    c->n = ct_size_of(y);
    c->factor = allocate(c, ct_this.depth - 1, (size_t)c->n, sizeof *c->factor);
    if (!c->factor) return false;
    ct_fill_uniform(CT_F64, c->factor, c->n, SEED, 0, -1, 1);
    for (int64_t j = 0; j < c->n; j++) c->factor[j] = (double)(float)(c->factor[j] + copysign(0.5, c->factor[j]));
    return true;
}

static bool usable(check *c, const ct_tensor *y) {
    char text[CT_DESCRIPTION];
    if (!y) return ct_raise_null("ct_gradcheck", c->at, 0), false;
    ct_shape shape = ct_shape_of(y);
    if (!ct_is_float((ct_dtype)y->dtype))
        ct_raise(CT_ERR_DTYPE, "ct_gradcheck", c->at, "the result %s is not floating", ct_describe(y, text));
    else if (c->factor && !ct_shape_equal(&shape, &c->shape))
        ct_raise(CT_ERR_SHAPE, "ct_gradcheck", c->at, "the result %s changes its shape", ct_describe(y, text));
    else return c->factor || choose_factors(c, y);
    return false;
}

static bool add_terms(check *c, const ct_tensor *y) {
    if (!usable(c, y)) return false;
    double magnitude = 0;
    c->phi = 0;
    for (int64_t j = 0; j < c->n; j++) {
        double term = c->factor[j] * ct_read_element((ct_dtype)y->dtype, y->data, j);
        c->phi += term;
        magnitude += fabs(term);
    }
    c->magnitude = fmax(c->magnitude, magnitude);
    return true;
}

/* phi at c->x. */
static bool evaluate(check *c) {
    ct_scope s = ct_begin();
    bool ok = add_terms(c, call(c));
    return ct_end(s) && ok;
}

/* The gradient by reverse mode; zero for an input that no pass reaches. */
static bool differentiate(check *c) {
    const char *at = c->at;
    ct_scope s = ct_begin();
    ct_tensor *y = call(c);
    bool ok = add_terms(c, y);
    if (ok && ct_needs_gradient(y))
        ok = ct_backward_from(y, ct_cast(ct_wrap(CT_F64, c->shape, c->factor), ct_dtype_of(y)));
    for (int i = 0; ok && i < c->inputs.n; i++) {
        const double *gradient = ct_has_gradient(c->leaf[i]) ? c->leaf[i]->grad : NULL;
        for (int64_t e = 0; e < ct_size_of(c->leaf[i]); e++) c->slopes[i][e].computed = gradient ? gradient[e] : 0;
    }
    return ct_end(s) && ok;
}

/* ---- differences -------------------------------------------------------------------------------------------- */

/* phi with element *x at x0 + step; x is left there. */
static bool evaluate_at(check *c, double *x, double x0, double step, double *phi) {
    *x = x0 + step;
    bool ok = evaluate(c);
    *phi = c->phi;
    return ok;
}

/* How far the middle one of five points lies from the cubic through the others. */
static double residual(const double *t, const double *phi) {
    double cubic = 0;
    for (int i = 0; i < 5; i++) {
        double weight = i != 2;
        for (int j = 0; j < 5; j++)
            if (j != 2 && j != i) weight *= (t[2] - t[j]) / (t[i] - t[j]);
        cubic += weight * phi[i];
    }
    return fabs(phi[2] - cubic);
}

/* By how much rounding moves phi around *x: raises *noise to it. The points are so close that all that is smooth is a
 * cubic, and at odd distances, lest their rounding be alike. *moves tells whether phi changed at all. */
static bool measure_noise(check *c, double *x, double unit, double distance, double *noise, bool *moves) {
    static const double offsets[] = {-3.31, -2.17, -1.13, 0, 0.71, 1.97, 3.23};
    enum { N = sizeof offsets / sizeof *offsets };
    double x0 = *x, t[N], phi[N];
    *moves = false;
    for (int i = 0; i < N; i++) {
        if (!evaluate_at(c, x, x0, offsets[i] * distance * unit, &phi[i])) return false;
        t[i] = (*x - x0) / unit;
        if (phi[i] != phi[0]) *moves = true;
    }
    *x = x0;
    for (int i = 0; i + 5 <= N; i++) {
        double apart = residual(t + i, phi + i);
        if (!(apart <= *noise)) *noise = apart;
    }
    return true;
}

/* The table of extrapolations: row k is of step h[k], column 0 the slopes, column j free of the first j powers of
 * h^2. */
typedef struct table {
    double h[LEVELS], entry[LEVELS][LEVELS];
    double gap[LEVELS]; /* right slope less left slope */
} table;

static bool fill_table(check *c, double *x, double unit, double phi0, table *t) {
    double x0 = *x, left, right;
    for (int k = 0; k < LEVELS; k++) {
        double h = t->h[k] = ldexp(FIRST_STEP * unit, -2 * k);
        if (!evaluate_at(c, x, x0, h, &right)) return false;
        double above = *x - x0;
        if (!evaluate_at(c, x, x0, -h, &left)) return false;
        double below = x0 - *x;
        t->entry[k][0] = (right - left) / (above + below);
        t->gap[k] = (right - phi0) / above - (phi0 - left) / below;
        for (int j = 1; j <= k; j++)
            t->entry[k][j] =
                t->entry[k][j - 1] + (t->entry[k][j - 1] - t->entry[k - 1][j - 1]) / (ldexp(1, 4 * j) - 1);
    }
    *x = x0;
    return true;
}

/* The entry with the smallest estimated error. Large steps may agree by accident on a function that turns many times
 * within them, so smaller steps must agree too, as far as noise lets them speak. */
static void choose_entry(const table *t, double noise, slope *s) {
    int row = 0;
    s->value = NAN;
    s->error = INFINITY;
    for (int k = 1; k < LEVELS; k++) {
        for (int j = 1; j <= k; j++) {
            double aside = fabs(t->entry[k][j] - t->entry[k][j - 1]);
            double above = fabs(t->entry[k][j] - t->entry[k - 1][j - 1]);
            double error = fmax(aside, above) + noise / t->h[k];
            if (!isfinite(aside + above) || !(error < s->error)) continue;
            s->value = t->entry[k][j];
            s->error = error;
            row = k;
        }
    }
    double chosen = s->error;
    for (int k = row + 1; k < LEVELS; k++) {
        double apart = fabs(s->value - t->entry[k][0]), change = fabs(t->entry[k][0] - t->entry[k - 1][0]);
        if (!(apart <= change + SAFETY * (chosen + noise / t->h[k]))) s->error = fmax(s->error, apart);
    }
}

/* The one-sided slopes of a smooth function approach each other by 4 from step to step. */
static double find_kink(const table *t, double noise) {
    double last = t->gap[LEVELS - 1], before = t->gap[LEVELS - 2];
    bool stays = fabs(last) > fabs(before) / 2 && fabs(last) > 4 * noise / t->h[LEVELS - 1];
    return stays ? last : 0;
}

/* A power of two, so that steps are exact: near |x|, or near a thousandth of the input's largest if that is more. */
static double step_unit(double x, double largest) {
    double magnitude = fmax(fabs(x), largest * 0x1p-10);
    return magnitude > 0 && isfinite(magnitude) ? ldexp(1, ilogb(magnitude)) : 1;
}

static bool estimate(check *c, int input) {
    double *x = c->x[input], largest = 0, phi0 = c->phi;
    int64_t n = ct_size_of(c->inputs.items[input]);
    for (int64_t e = 0; e < n; e++) largest = fmax(largest, fabs(x[e]));
    for (int64_t e = 0; e < n; e++) {
        slope *s = &c->slopes[input][e];
        double unit = step_unit(x[e], largest), noise;
        bool moves;
        table t;
        c->magnitude = 0;
        if (!fill_table(c, &x[e], unit, phi0, &t)) return false;
        noise = DBL_EPSILON * c->magnitude;
        if (!measure_noise(c, &x[e], unit, NEAR, &noise, &moves)) return false;
        if (!moves && !measure_noise(c, &x[e], unit, FAR, &noise, &moves)) return false;
        choose_entry(&t, noise, s);
        s->rough = noise > ROUGH * c->magnitude;
        s->gap = find_kink(&t, noise);
        s->phi = phi0;
    }
    c->phi = phi0;
    return true;
}

/* ---- the verdict -------------------------------------------------------------------------------------------- */

static ct_gradcheck_result judge(const slope *s, double largest) {
    ct_gradcheck_result r = {.computed = s->computed, .expected = s->value, .error = s->error};
    double scale = fmax(fmax(fabs(s->computed), fabs(s->value)), SMALL * largest);
    double apart = fabs(s->computed - s->value);
    r.tolerance = SAFETY * s->error + ROUNDING * scale;
    r.verdict = CT_INCONCLUSIVE;
    if (!isfinite(s->phi)) {
        r.reason = "the function is not finite at this point";
    } else if (isnan(s->computed) || (isinf(s->computed) && isfinite(s->error))) {
        r.verdict = CT_FAIL;
        r.reason = "the computed gradient is not finite";
    } else if (!isfinite(s->value)) {
        r.reason = "the function is not finite around this point";
    } else if (fabs(s->gap) > TOO_COARSE * scale && apart <= fabs(s->gap)) {
        r.reason = "the function has a kink at this point, and the computed gradient may lie between the slopes";
    } else if (largest <= s->error) {
        r.reason = "the gradient of this whole input is zero, so that a wrong one could not show";
    } else if (!(s->error <= TOO_COARSE * scale) || (s->rough && !(apart <= r.tolerance))) {
        r.reason = "the differences scatter too much to judge by";
    } else if (!(apart <= r.tolerance)) {
        r.verdict = CT_FAIL;
        r.reason = "the computed gradient is not that of the function";
    } else {
        r.verdict = CT_PASS;
        r.reason = "the computed gradient agrees with the differences";
    }
    return r;
}

/* How much an element says against passing: a failure more than a doubt, then by the distance in tolerances. */
static double weight(const ct_gradcheck_result *r) {
    double distance = fabs(r->computed - r->expected) / r->tolerance;
    return r->verdict == CT_FAIL           ? (isnan(distance) ? INFINITY : 2 + distance)
           : r->verdict == CT_INCONCLUSIVE ? 2
                                           : (isnan(distance) ? 0 : distance);
}

static void judge_input(check *c, int input) {
    const slope *slopes = c->slopes[input];
    int64_t n = ct_size_of(c->inputs.items[input]);
    double largest = 0;
    for (int64_t e = 0; e < n; e++) {
        if (isfinite(slopes[e].computed)) largest = fmax(largest, fabs(slopes[e].computed));
        if (isfinite(slopes[e].value)) largest = fmax(largest, fabs(slopes[e].value));
    }
    for (int64_t e = 0; e < n; e++) {
        ct_gradcheck_result r = judge(&slopes[e], largest);
        r.input = input;
        r.index = e;
        r.compared = c->result.compared + 1;
        bool worse = c->result.index < 0 || weight(&r) > weight(&c->result);
        if (worse) c->result = r;
        c->result.compared = r.compared;
    }
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static bool copy_inputs(check *c) {
    char text[CT_DESCRIPTION];
    size_t n_inputs = c->inputs.n > 0 ? (size_t)c->inputs.n : 0;
    c->leaf = allocate(c, ct_this.depth, n_inputs, sizeof *c->leaf);
    c->x = allocate(c, ct_this.depth, n_inputs, sizeof *c->x);
    c->slopes = allocate(c, ct_this.depth, n_inputs, sizeof *c->slopes);
    if (!c->leaf || !c->x || !c->slopes) return false;
    for (int i = 0; i < c->inputs.n; i++) {
        const ct_tensor *x = c->inputs.items[i];
        if (!x) return ct_raise_null("ct_gradcheck", c->at, i), false;
        if (x->dtype != CT_F64) {
            ct_raise(CT_ERR_DTYPE, "ct_gradcheck", c->at, "input %d, %s, is not f64", i + 1, ct_describe(x, text));
            return false;
        }
        size_t n = (size_t)ct_size_of(x);
        c->x[i] = allocate(c, ct_this.depth, n, sizeof *c->x[i]);
        c->slopes[i] = allocate(c, ct_this.depth, n, sizeof *c->slopes[i]);
        if (!c->x[i] || !c->slopes[i]) return false;
        memcpy(c->x[i], x->data, ct_bytes_of(x));
    }
    return true;
}

static bool compare(check *c) {
    if (!c->f) return ct_raise(CT_ERR_NULL, "ct_gradcheck", c->at, "the function is NULL"), false;
    if (!copy_inputs(c) || !differentiate(c)) return false;
    for (int i = 0; i < c->inputs.n; i++)
        if (!estimate(c, i)) return false;
    for (int i = 0; i < c->inputs.n; i++) judge_input(c, i);
    return true;
}

ct_gradcheck_result ct_gradcheck_at(const char *at, ct_function f, void *context, ct_list inputs) {
    const ct_gradcheck_result nothing = {.index = -1, .reason = "there is no element to compare"};
    check c = {.at = at, .f = f, .context = context, .inputs = inputs, .random = ct_random(), .result = nothing};
    ct_scope s = ct_begin();
    bool ok = compare(&c);
    ct_random_restore(c.random);
    if (ct_end(s) && ok) return c.result;
    c.result = nothing;
    c.result.reason = "the comparison could not be made; see ct_error()";
    return c.result;
}
