/* Reverse mode, forward mode and differences: two against one, where differences can tell. */
#include "inspect/verify/answers.h"

#include <math.h>

#define SAFETY 8        /* estimated errors taken as the tolerance */
#define ROUNDING 1e-9   /* of the gradient, that a mode may be off by itself */
#define TOO_COARSE 2e-8 /* an estimated error of this part of the gradient tells nothing */
#define SMALL 1e-3      /* elements below this part of an input's largest are measured by that, */
#define LEAST 1e-6      /* or by less, down to this part, when they matter as much: inputs of mixed units */

static ct_gradcheck_result decide(ct_gradcheck_result r, ct_verdict verdict, ct_culprit culprit, const char *reason) {
    r.verdict = verdict;
    r.culprit = culprit;
    r.reason = reason;
    return r;
}

/* The differences can be relied on: two against one. */
static ct_gradcheck_result vote(ct_gradcheck_result r, bool asked) {
    bool reverse = fabs(r.computed - r.expected) <= r.tolerance;
    bool forward = fabs(r.forward - r.expected) <= r.tolerance;
    bool modes = fabs(r.computed - r.forward) <= r.tolerance;
    if (reverse && (forward || !asked))
        return decide(r, CT_PASS, CT_CULPRIT_NONE, "the computed gradient agrees with the differences");
    if (reverse && !isfinite(r.forward)) /* also what 0 * inf at another element leaves */
        return decide(r, CT_INCONCLUSIVE, CT_CULPRIT_NONE,
                      "forward mode gives no number; reverse mode agrees with the differences");
    if (reverse)
        return decide(r, CT_FAIL, CT_CULPRIT_FORWARD,
                      "forward mode is wrong; reverse mode agrees with the differences");
    if (!asked || forward)
        return decide(r, CT_FAIL, CT_CULPRIT_REVERSE, "the computed gradient is not that of the function");
    if (modes)
        return decide(r, CT_FAIL, CT_CULPRIT_FUNCTION,
                      "both modes agree on a gradient that is not that of the function");
    return decide(r, CT_FAIL, CT_CULPRIT_SEVERAL, "reverse mode, forward mode and the differences all disagree");
}

/* Whether g may be a slope at a kink, where any between the one-sided ones will do. */
static bool between(const ct_slope *s, double g, double tolerance) {
    return g >= fmin(s->left, s->right) - tolerance && g <= fmax(s->left, s->right) + tolerance;
}

static const char independent[] = "the objective does not depend on this input: a wrong gradient could not show";

/* What is largest of an input's elements. */
typedef struct extremes {
    double gradient;
    double effect; /* |g x|: how much phi depends on an element, whatever its unit */
} extremes;

/* What an element's gradient is measured by where it is smaller: rounding leaves as much as other elements of the same
 * effect have. */
static double least_scale(const ct_answers *a, const extremes *most) {
    double alike = most->effect / fabs(a->x); /* of a zero: infinite, or NaN */
    return fmax(SMALL * fmin(alike, most->gradient), LEAST * most->gradient);
}

static ct_gradcheck_result judge(const ct_answers *a, const extremes *most) {
    double largest = most->gradient;
    const ct_slope *s = &a->slope;
    ct_gradcheck_result r = {.computed = a->computed,
                             .forward = a->forward_asked ? a->forward : NAN,
                             .expected = s->value,
                             .error = s->error};
    double itself = fmax(fabs(a->computed), fabs(s->value)), scale = fmax(itself, SMALL * largest);
    bool kink = fabs(s->right - s->left) > TOO_COARSE * scale;
    r.tolerance = SAFETY * s->error + ROUNDING * fmax(itself, least_scale(a, most));
    double kink_tolerance = SAFETY * s->noise + 1e-2 * fabs(s->right - s->left) + ROUNDING * scale;
    if (!isfinite(a->phi)) {
        r.reason = "the function is not finite at this point";
    } else if (isnan(a->computed) || (isinf(a->computed) && isfinite(s->error))) {
        return decide(r, CT_FAIL, CT_CULPRIT_REVERSE, "the computed gradient is not finite");
    } else if (!isfinite(s->value)) {
        r.reason = "the function is not finite around this point";
    } else if (kink && between(s, a->computed, kink_tolerance)) {
        r.reason = "the function has a kink at this point, and the computed gradient lies between the slopes";
    } else if (fabs(a->computed - s->value) > r.tolerance && fabs(a->computed - s->value) * s->step <= 4 * a->swallow) {
        r.reason = "rounding inside of the function swallows every step that was tried";
    } else if (largest <= s->error) {
        r.reason = independent;
    } else if (s->rough && !(fabs(a->computed - s->value) <= r.tolerance)) {
        r.reason = "the function is too rough around this point to judge by differences";
    } else if (!(s->error <= TOO_COARSE * scale)) {
        r.reason = largest * s->step <= 64 * a->swallow ? independent
                   : s->noise > s->error / 2 ? "cancellation inside of the function leaves too few digits to judge by"
                                             : "the differences scatter too much to judge by";
    } else {
        return vote(r, a->forward_asked);
    }
    return r;
}

static void raise_to(double *most, double x) {
    if (isfinite(x)) *most = fmax(*most, fabs(x));
}

void ct_judge(ct_answers *answers, int64_t n, int input) {
    extremes most = {0};
    for (int64_t e = 0; e < n; e++) {
        const ct_answers *a = &answers[e];
        raise_to(&most.gradient, a->computed);
        raise_to(&most.gradient, a->slope.value);
        raise_to(&most.effect, a->computed * a->x);
        raise_to(&most.effect, a->slope.value * a->x);
    }
    for (int64_t e = 0; e < n; e++) {
        answers[e].result = judge(&answers[e], &most);
        answers[e].result.input = input;
        answers[e].result.index = e;
    }
}

void ct_judge_again(ct_answers *answers, const ct_answers *beside, int64_t n) {
    for (int64_t e = 0; e < n; e++) {
        ct_gradcheck_result *r = &answers[e].result;
        if (r->verdict != CT_FAIL || !isfinite(r->computed) || beside[e].result.verdict != CT_PASS) continue;
        *r = decide(*r, CT_INCONCLUSIVE, CT_CULPRIT_NONE,
                    "the function has kinks at this point, and beside it the computed gradient is right");
    }
}

double ct_judge_weight(const ct_gradcheck_result *r) {
    double distance = fabs(r->computed - r->expected) / r->tolerance;
    if (r->culprit == CT_CULPRIT_FORWARD) distance = fabs(r->forward - r->expected) / r->tolerance;
    return r->verdict == CT_FAIL           ? (isnan(distance) ? INFINITY : 2 + distance)
           : r->verdict == CT_INCONCLUSIVE ? 2
                                           : (isnan(distance) ? 0 : distance);
}
