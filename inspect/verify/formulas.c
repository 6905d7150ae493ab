/* A formula is an identity: it must be right wherever the graph is put, not only where it is. */
#include "inspect/verify/verify.h"

#include <float.h>
#include <math.h>

#define ATTEMPTS 32 /* to draw each point where f and its gradients are finite */
#define ENOUGH 2    /* points where a formula is right; at others rounding may have the better of it */
#define PLAIN 1e-3  /* a mistake far away is one of this part of the gradient, */
#define HERE 1024   /* and of as many eps of the gradient here: less may be cancellation */

/* What becomes of one formula at the points drawn. */
typedef struct trial {
    bool tested;
    bool running; /* tested, and not wrong so far */
    int points; /* where it is right; elsewhere rounding, or its own domain, left nothing to judge by */
    int holes;  /* where it has no value, though there is a gradient */
} trial;

static bool is_candidate(const ct_site *site) {
    ct_claim_verdict verdict = site->claim->result.verdict;
    return site->formula && site->n && site->claimed && !site->apart.wrong && site->trust == CT_TRUSTED &&
           (verdict == CT_CLAIM_RIGHT || verdict == CT_CLAIM_UNDECIDED || verdict == CT_CLAIM_INHERITED);
}

static bool all_finite(int64_t n, const double *x) {
    for (int64_t e = 0; e < n; e++)
        if (!isfinite(x[e])) return false;
    return true;
}

/* ---- what is found ---------------------------------------------------------------------------------------------- */

static void show_counterexample(const ct_verifier *v, const ct_point *point, const ct_site *site,
                                const ct_comparison *c) {
    ct_claim_result *r = &site->claim->result;
    ct_text out = {0};
    ct_point_describe(v, point, &out);
    ct_text_add(&out, ": claimed %a (", c->claimed);
    ct_text_number(&out, c->claimed, 6);
    ct_text_add(&out, "), computed %a (", c->computed);
    ct_text_number(&out, c->computed, 6);
    ct_text_add(&out, ")");
    if (site->n > 1) ct_text_add(&out, ", element %lld", (long long)c->index);
    r->counterexample = out.failed ? NULL : ct_claim_text(site->claim, "%s", out.text);
    ct_text_free(&out);
    bool undecided = r->verdict == CT_CLAIM_UNDECIDED;
    r->reason = undecided ? "nothing can be told here, but it is wrong at another point"
                          : "right at this point, wrong at another one";
    r->verdict = undecided ? CT_CLAIM_LOCAL : CT_CLAIM_ONLY_HERE;
}

static void conclude(const ct_verifier *v, const ct_site *site, const trial *t) {
    ct_claim_result *r = &site->claim->result;
    r->points = t->points;
    if (!t->running || v->options.points < 0 || r->verdict == CT_CLAIM_INHERITED) return;
    if (t->points < ENOUGH && t->points < v->options.points) {
        r->reason = r->verdict == CT_CLAIM_RIGHT ? "right at this point, but it could not be tested at others"
                                                 : "neither here nor at other points could it be judged";
        r->verdict = CT_CLAIM_UNDECIDED;
    } else if (r->verdict == CT_CLAIM_UNDECIDED) {
        r->verdict = CT_CLAIM_RIGHT;
        r->reason = "right at other points; at this one there is a kink, or rounding leaves no digits";
    } else {
        r->reason = t->holes ? "equal to the computed gradient here and at other points, but somewhere it has no value"
                             : "equal to the computed gradient here and at other points";
    }
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

/* Far away right formulas may keep no digits: a mistake must be plain there. */
static bool is_plain(const ct_site *site, const ct_comparison *c) {
    double here = 0;
    for (int64_t e = 0; e < site->n; e++)
        if (isfinite(site->claimed[e])) here = fmax(here, fabs(site->claimed[e]));
    return c->absolute > PLAIN * fmax(fabs(c->claimed), fabs(c->computed)) && c->absolute > HERE * DBL_EPSILON * here;
}

/* The first element where the formula has no value though there is a gradient. */
static ct_comparison find_hole(int64_t n, const ct_reading *r) {
    ct_comparison c = {.wrong = 1};
    while (c.index < n - 1 && isfinite(r->value[c.index])) c.index++;
    c.claimed = r->value[c.index];
    c.computed = r->truth[c.index];
    return c;
}

static bool try_formula(const ct_verifier *v, const ct_point *point, size_t i, bool far, trial *t) {
    const ct_site *site = &v->site[i];
    const ct_reading *r = &point->reading[i];
    ct_comparison c;
    if (!r->value) return true;
    bool hole = !all_finite(site->n, r->value);
    if (hole) c = find_hole(site->n, r);
    else if (!ct_verify_compare(v, point, i, r->value, &c)) return false;
    t->holes += hole;
    if (c.wrong && (hole ? !r->extreme && !far : !far || is_plain(site, &c))) {
        t->running = false;
        show_counterexample(v, point, site, &c);
    } else if (!c.wrong && !c.undecided) {
        t->points++;
    }
    return true;
}

/* One point; *usable tells whether f was finite there. */
static bool try_point(const ct_verifier *v, int k, trial *trials, bool *usable) {
    ct_point point;
    ct_scope s = ct_begin();
    bool ok = ct_point_drawn(v, k, &point);
    *usable = ok && ct_point_is_finite(v, &point);
    if (*usable) ok = ct_claim_read_formulas(v, &point);
    for (size_t i = 0; ok && *usable && i < v->n; i++)
        if (trials[i].running) ok = try_formula(v, &point, i, ct_point_is_far(k), &trials[i]);
    return ct_point_end(s, ok);
}

bool ct_verify_formulas(const ct_verifier *v) {
    trial *trials = ct_verify_array(v, v->n, sizeof *trials);
    bool any = false, usable;
    if (!trials) return false;
    for (size_t i = 0; i < v->n; i++) any |= trials[i].running = trials[i].tested = is_candidate(&v->site[i]);
    for (int found = 0, k = 0; any && found < v->options.points && k < ATTEMPTS * v->options.points; k++) {
        if (!try_point(v, k, trials, &usable)) return false;
        found += usable;
    }
    for (size_t i = 0; i < v->n; i++)
        if (trials[i].tested) conclude(v, &v->site[i], &trials[i]);
    return true;
}
