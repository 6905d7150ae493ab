/* Finite differences, in float64. A variable is stepped by h, h/4, h/16, ...; the slopes are extrapolated to h = 0
 * (Richardson), and of all extrapolations the one with the smallest error estimate counts (Ridders, "Accurate
 * computation of F'(x) and F'(x)F''(x)", 1982). That estimate is the scatter of its neighbours plus phi's measured
 * noise over the step. */
#include "inspect/verify/differences.h"

#include <float.h>
#include <math.h>

#define LEVELS 8          /* step sizes */
#define FIRST_STEP 0x1p-4 /* of the variable's magnitude */
#define LAST_STEP (FIRST_STEP / (1 << 2 * (LEVELS - 1)))
#define NEAR (LAST_STEP / 8) /* where noise is measured: below the smallest step, */
#define FAR 0x1p-13          /* and further away when rounding inside of the function swallows that */
#define SAFETY 8             /* estimated errors by which slopes may differ */
#define ROUGH 1e-11          /* noise of this part of phi may be phi itself, turning within the smallest steps */

/* phi with element *x at x0 + step; x is left there. */
static bool evaluate_at(ct_objective *o, double *x, double x0, double step, double *phi) {
    *x = x0 + step;
    bool ok = o->evaluate(o);
    *phi = o->phi;
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
static bool measure_noise(ct_objective *o, double *x, double unit, double distance, double *noise, bool *moves) {
    static const double offsets[] = {-3.31, -2.17, -1.13, 0, 0.71, 1.97, 3.23};
    enum { N = sizeof offsets / sizeof *offsets };
    double x0 = *x, t[N], phi[N];
    *moves = false;
    for (int i = 0; i < N; i++) {
        if (!evaluate_at(o, x, x0, offsets[i] * distance * unit, &phi[i])) return false;
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
    double left[LEVELS], right[LEVELS]; /* one-sided slopes */
} table;

static bool fill_table(ct_objective *o, double *x, double unit, double phi0, table *t) {
    double x0 = *x, left, right;
    for (int k = 0; k < LEVELS; k++) {
        double h = t->h[k] = ldexp(FIRST_STEP * unit, -2 * k);
        if (!evaluate_at(o, x, x0, h, &right)) return false;
        double above = *x - x0;
        if (!evaluate_at(o, x, x0, -h, &left)) return false;
        double below = x0 - *x;
        t->entry[k][0] = (right - left) / (above + below);
        t->right[k] = (right - phi0) / above;
        t->left[k] = (phi0 - left) / below;
        for (int j = 1; j <= k; j++)
            t->entry[k][j] =
                t->entry[k][j - 1] + (t->entry[k][j - 1] - t->entry[k - 1][j - 1]) / (ldexp(1, 4 * j) - 1);
    }
    *x = x0;
    return true;
}

/* The entry with the smallest estimated error. Large steps may agree by accident on a function that turns many times
 * within them, so smaller steps must agree too, as far as noise lets them speak. */
static void choose_entry(const table *t, double noise, ct_slope *s) {
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
            s->noise = noise / t->h[k];
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
static void find_kink(const table *t, double noise, ct_slope *s) {
    int last = LEVELS - 1;
    double gap = t->right[last] - t->left[last], before = t->right[last - 1] - t->left[last - 1];
    bool stays = fabs(gap) > fabs(before) / 2 && fabs(gap) > 4 * noise / t->h[last];
    s->left = stays ? t->left[last] : s->value;
    s->right = stays ? t->right[last] : s->value;
}

/* A power of two, so that steps are exact: near |x|, or near a thousandth of the input's largest if that is more. */
static double step_unit(double x, double largest) {
    double magnitude = fmax(fabs(x), largest * 0x1p-10);
    return magnitude > 0 && isfinite(magnitude) ? ldexp(1, ilogb(magnitude)) : 1;
}

bool ct_find_slope(ct_objective *o, double *x, double largest, double phi0, ct_slope *s) {
    double unit = step_unit(*x, largest), noise;
    bool moves;
    table t;
    o->magnitude = 0;
    if (!fill_table(o, x, unit, phi0, &t)) return false;
    noise = DBL_EPSILON * o->magnitude;
    if (!measure_noise(o, x, unit, NEAR, &noise, &moves)) return false;
    if (!moves && !measure_noise(o, x, unit, FAR, &noise, &moves)) return false;
    *s = (ct_slope){.rough = noise > ROUGH * o->magnitude, .step = t.h[0]};
    choose_entry(&t, noise, s);
    find_kink(&t, noise, s);
    return true;
}
