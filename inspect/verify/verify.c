/* Verification at the point where the graph is: each claim is compared with the gradient, and what is wrong is put down
 * to the claim itself or to those nearer to f. */
#include "inspect/verify/verify.h"

#include <float.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define POINTS 16  /* unless the caller wants another number */
#define PUSHED 1e4 /* units of eps that the true rules may be off when they are given wrong claims */

/* ---- sites ------------------------------------------------------------------------------------------------------ */

static double coarsest(const ct_graph *graph) {
    for (size_t i = 0; i < graph->n; i++)
        if (graph->node[i]->dtype == CT_F32) return FLT_EPSILON;
    return DBL_EPSILON;
}

static bool add_site(ct_verifier *v, ct_claim *claim, size_t index, double eps) {
    ct_site *site = &v->site[v->n++];
    *site = (ct_site){.claim = claim, .index = index, .n = ct_size_of(claim->tensor), .eps = eps};
    if (claim->kind == CT_CLAIMED_ARRAY && claim->dtype == CT_F32) site->eps = FLT_EPSILON;
    if (index < v->graph.n) v->site_of[index] = site;
    if (claim->kind != CT_CLAIMED_FORMULA) return true;
    site->formula = ct_formula_parse("ct_verify", claim->result.place, claim->formula);
    if (!site->formula || ct_claim_find_names(v, site)) return site->formula != NULL;
    if (index < v->graph.n || ct_error_status() == CT_ERR_MEMORY) return false;
    ct_error_clear(); /* said of another f's graph, whose names are unknown here */
    site->names = NULL;
    return true;
}

static void want(ct_verifier *v, size_t i, bool *marks) {
    if (i >= v->graph.n || marks[i] || !ct_is_float((ct_dtype)v->graph.node[i]->dtype)) return;
    marks[i] = true;
    v->wanted[v->n_wanted++] = i;
}

/* What is claimed about, and the gradients that formulas use. */
static bool gather_wanted(ct_verifier *v) {
    bool *marks = ct_verify_array(v, v->graph.n, sizeof *marks);
    v->wanted = ct_verify_array(v, v->graph.n, sizeof *v->wanted);
    if (!marks || !v->wanted) return false;
    for (size_t s = 0; s < v->n; s++) {
        const ct_site *site = &v->site[s];
        want(v, site->index, marks);
        for (int k = 0; site->names && k < ct_formula_names(site->formula); k++)
            if (ct_formula_name_is_gradient(site->formula, k)) want(v, site->names[k], marks);
    }
    return true;
}

static bool has_site(const ct_verifier *v, const ct_tensor *t) {
    for (size_t i = 0; i < v->n; i++)
        if (v->site[i].claim->tensor == t) return true;
    return false;
}

static bool gather_sites(ct_verifier *v) {
    double eps = coarsest(&v->graph);
    size_t n = 0;
    for (const ct_claim *c = ct_claim_next(NULL); c; c = ct_claim_next(c)) n++;
    v->site = ct_verify_array(v, n, sizeof *v->site);
    v->site_of = ct_verify_array(v, v->graph.n, sizeof *v->site_of);
    if (!v->site || !v->site_of) return false;
    for (size_t i = v->graph.n; n && i-- > 0;) {
        ct_claim *claim = ct_claim_find(v->graph.node[i]);
        if (claim && !add_site(v, claim, i, eps)) return false;
    }
    for (ct_claim *c = ct_claim_next(NULL); c; c = ct_claim_next(c))
        if (!has_site(v, c->tensor) && !add_site(v, c, v->graph.n, eps)) return false;
    return gather_wanted(v);
}

/* ---- at this point ---------------------------------------------------------------------------------------------- */

/* What is claimed when the gradients nearer to f are the true ones. */
static bool evaluate_claims(ct_verifier *v, ct_point *here) {
    for (size_t i = 0; i < v->n; i++) {
        ct_site *site = &v->site[i];
        ct_upstream u = {.v = v, .point = here, .site = site};
        if (site->formula && !site->names) continue;
        ct_tensor *value = ct_claim_evaluate(&u);
        if (!value) return false;
        site->dependent = u.asked;
        site->alone = value;
        if (!ct_claim_fits(site, value)) continue;
        here->reading[i].value = site->claimed = ct_claim_elements(v, value, site->n);
        if (!site->claimed) return false;
    }
    return true;
}

/* What is claimed when they are as claimed, if one of them is wrong. */
static bool evaluate_again(ct_verifier *v, const ct_point *here, ct_site *site) {
    ct_upstream u = {.v = v, .point = here, .site = site, .claimed = true};
    ct_tensor *value = ct_claim_evaluate(&u);
    if (!value) return false;
    if (u.wrong && ct_claim_fits(site, value)) site->claimed = ct_claim_elements(v, value, site->n);
    return site->claimed != NULL;
}

/* Also tells whether something is wrong. */
static bool compare_claims(ct_verifier *v, ct_point *here, bool *wrong) {
    *wrong = false;
    for (size_t i = 0; i < v->n; i++) {
        ct_site *site = &v->site[i];
        if (site->claimed) {
            if (!ct_verify_compare(v, here, i, site->claimed, &site->apart)) return false;
            site->here = site->apart;
            if (site->dependent && *wrong) {
                if (!evaluate_again(v, here, site)) return false;
                if (!ct_verify_compare(v, here, i, site->claimed, &site->here)) return false;
            }
        }
        *wrong = *wrong || !site->claimed || site->here.wrong || site->apart.wrong;
    }
    return true;
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

/* Whether the true rules make of the claims nearer to f what is claimed here, where that is not the truth. */
static bool follows(const ct_site *site, const ct_reading *r) {
    double scale = 0, moved = 0;
    if (!site->given) return false;
    for (int64_t e = 0; e < site->n; e++) {
        if (isfinite(site->given[e])) scale = fmax(scale, fabs(site->given[e]));
        if (r->width) moved = fmax(moved, r->width[e]);
    }
    bool differs = false;
    for (int64_t e = 0; e < site->n; e++) {
        double given = site->given[e], claimed = site->claimed[e], apart = fabs(claimed - given);
        double tolerance = PUSHED * site->eps * scale + 8 * moved;
        if (!(apart <= tolerance) && !(isnan(given) && isnan(claimed)) && !(given == claimed)) return false;
        differs = differs || !(fabs(given - r->truth[e]) <= 2 * tolerance);
    }
    return differs;
}

static void decide(ct_claim_result *r, ct_claim_verdict verdict, const char *reason) {
    r->verdict = verdict;
    r->reason = reason;
}

/* Whether the claims nearer to f lead to something else here than the truth. */
static bool misled(const ct_site *site, const ct_reading *reading) {
    for (int64_t e = 0; site->given && e < site->n; e++)
        if (!(fabs(site->given[e] - reading->truth[e]) <= 1e-3 * fabs(reading->truth[e]))) return true;
    return false;
}

/* Why the worst element cannot be judged. */
static const char *doubt(const ct_comparison *c) {
    return !isfinite(c->computed) ? "the computed gradient is not finite"
           : c->unsteady          ? "a kink, or a gradient that the last bits of the inputs change"
                                  : "so small, beside others or by its unit, that rounding may be all of it";
}

static void judge_site(const ct_site *site, const ct_reading *reading, size_t nodes) {
    ct_claim_result *r = &site->claim->result;
    bool inside = site->index < nodes;
    if (site->trust == CT_REFUTED)
        decide(r, CT_CLAIM_UNDECIDED, "the computed gradient is not that of the function: the rule of an op is wrong");
    else if (site->trust == CT_DOUBTFUL)
        decide(r, CT_CLAIM_UNDECIDED, "an op of your own had a part, and differences cannot tell if its rule is right");
    else if (!site->claimed && inside)
        decide(r, CT_CLAIM_LOCAL, "its shape is not that of the tensor");
    else if (site->apart.wrong && site->dependent)
        decide(r, CT_CLAIM_LOCAL, site->here.wrong ? "wrong also with the right gradients nearer to f"
                                                   : "right only because wrong claims nearer to f make up for it");
    else if (!inside && (!site->claimed || site->here.wrong))
        decide(r, CT_CLAIM_LOCAL, "f does not depend on it, so its gradient is zero");
    else if (site->here.wrong && (site->dependent || follows(site, reading)))
        decide(r, CT_CLAIM_INHERITED, "what follows of the wrong claims nearer to f");
    else if (site->here.wrong)
        decide(r, CT_CLAIM_LOCAL, misled(site, reading) ? "wrong here, and something nearer to f is wrong as well"
                                                        : "wrong, while all that is claimed nearer to f is right");
    else if (site->here.undecided)
        decide(r, CT_CLAIM_UNDECIDED, doubt(&site->here));
    else if (site->n == 0)
        decide(r, CT_CLAIM_RIGHT, "there are no elements");
    else
        decide(r, CT_CLAIM_RIGHT, inside ? "equal to the computed gradient"
                                         : "f does not depend on it, and zero is claimed");
}

static double last_place(double x, uint8_t dtype) {
    double digits = dtype == CT_F32 ? FLT_EPSILON : DBL_EPSILON, least = dtype == CT_F32 ? 0x1p-149 : 0x1p-1074;
    return isfinite(x) && x != 0 ? fmax(ldexp(digits, ilogb(x)), least) : 0;
}

static void fill_result(const ct_verifier *v, const ct_site *site, const double *truth) {
    ct_claim_result *r = &site->claim->result;
    const ct_comparison *c = &site->here;
    r->wrong = site->claimed ? c->wrong + c->undecided : site->n;
    r->index = site->claimed ? c->index : -1;
    r->claimed = r->index < 0 ? NAN : c->claimed;
    r->computed = r->index < 0 ? NAN : c->computed;
    r->absolute = r->index < 0 ? NAN : c->absolute;
    r->relative = r->absolute == 0 ? 0 : r->absolute / fabs(r->computed);
    r->ulp = r->absolute == 0 ? 0 : r->absolute / last_place(r->computed, site->claim->tensor->dtype);
    r->tolerance = c->tolerance;
    r->points = 0;
    r->counterexample = NULL;
    r->hint = r->verdict == CT_CLAIM_LOCAL && site->index < v->graph.n ? ct_claim_hint(v, site, truth) : NULL;
}

static bool verify_here(ct_verifier *v, ct_point *here) {
    bool wrong;
    if (!ct_point_here(v, here) || !evaluate_claims(v, here) || !compare_claims(v, here, &wrong)) return false;
    if ((wrong && !ct_point_push_claims(v, here)) || !ct_verify_truth(v)) return false;
    for (size_t i = 0; i < v->n; i++) {
        judge_site(&v->site[i], &here->reading[i], v->graph.n);
        fill_result(v, &v->site[i], here->reading[i].truth);
    }
    return true;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static void summarise(const ct_verifier *v, ct_verification *result) {
    int failed = 0, undecided = 0;
    int64_t elements = 0;
    for (size_t i = 0; i < v->n; i++) {
        const ct_claim_result *r = result->claims[i];
        bool mistake = r->verdict == CT_CLAIM_LOCAL || r->verdict == CT_CLAIM_ONLY_HERE;
        failed += mistake || r->verdict == CT_CLAIM_INHERITED;
        undecided += r->verdict == CT_CLAIM_UNDECIDED;
        elements += v->site[i].n;
        if (mistake && !result->first) result->first = r;
    }
    result->verdict = failed ? CT_FAIL : undecided || !elements ? CT_INCONCLUSIVE : CT_PASS;
    result->reason = failed      ? "a claim is wrong"
                     : undecided ? "a claim could not be judged"
                     : !v->n     ? "nothing is claimed"
                     : !elements ? "no claim has an element"
                                 : "all claims are right";
}

static bool verify(ct_verifier *v, const ct_claim_result **claims) {
    ct_point here;
    if (!verify_here(v, &here) || !ct_verify_formulas(v)) return false;
    for (size_t i = 0; i < v->n; i++) claims[i] = &v->site[i].claim->result;
    return true;
}

static bool verifiable(const char *at, const ct_tensor *f) {
    char text[CT_DESCRIPTION];
    if (ct_error_pending() || !ct_usable("ct_verify", at, f, 0)) return false;
    if (ct_this.depth == 0) return ct_raise_no_scope("ct_verify", at), false;
    if (ct_size_of(f) == 1 && ct_is_float((ct_dtype)f->dtype)) return true;
    return ct_raise(CT_ERR_SHAPE, "ct_verify", at, "%s is no floating scalar", ct_describe(f, text)), false;
}

/* What is said of a comparison that could not be made: the error, which may be another one when this is read. */
static const char *failure(void) {
    static const char what[] = "the comparison could not be made: ";
    const char *why = ct_error();
    size_t n = strlen(why) + 1;
    char *text = ct_this.depth ? ct_scope_alloc(ct_this.depth, sizeof what - 1 + n) : NULL;
    if (!text) return "the comparison could not be made: see ct_error()";
    memcpy(text, what, sizeof what - 1);
    memcpy(text + sizeof what - 1, why, n);
    return text;
}

ct_verification ct_verify_at(const char *at, ct_tensor *f, const ct_verify_options *options) {
    ct_verification result = {.verdict = CT_INCONCLUSIVE};
    ct_verifier v = {.at = at, .f = f, .options = options ? *options : (ct_verify_options){0}};
    if (!verifiable(at, f)) {
        result.reason = failure();
        return result;
    }
    if (v.options.points == 0) v.options.points = POINTS;
    size_t n = 0;
    for (const ct_claim *c = ct_claim_next(NULL); c; c = ct_claim_next(c)) n++;
    const ct_claim_result **claims = ct_scope_array(ct_this.depth, n, sizeof *claims);
    ct_random_state random = ct_random();
    bool hunting = ct_stop_at_nonfinite(false);
    ct_scope s = ct_begin();
    bool ok = claims && ct_graph_collect(&v.graph, f) && gather_sites(&v) && verify(&v, claims);
    if (ok) {
        result.n = (int)v.n;
        result.claims = claims;
        summarise(&v, &result);
    } else if (!ct_error_pending()) {
        ct_raise_memory("ct_verify", at, n * sizeof *claims);
    }
    ct_error_report();
    for (size_t i = 0; i < v.n; i++) ct_formula_free(v.site[i].formula);
    ct_graph_free(&v.graph);
    ct_close(s);
    if (!ok) result.reason = failure();
    ct_stop_at_nonfinite(hunting);
    ct_random_restore(random);
    return result;
}
