/* cotangent check: derivatives that you worked out, against those of the library. */
#include "common.h"

#include <stdlib.h>
#include <string.h>

#define MOST_POINTS 100000

/* "x1: w1*(x3*w3 + x4*w4)" */
static bool claim(const arguments *a, const problem *p, const char *text) {
    const char *colon = strchr(text, ':'), *end = colon;
    if (!colon) {
        complain(a->command, "'%s' is not NAME: FORMULA", text);
        return false;
    }
    const char *formula = colon + 1 + strspn(colon + 1, " ");
    text += strspn(text, " ");
    while (end > text && end[-1] == ' ') end--;
    char *name = strndup(text, (size_t)(end - text));
    if (!name) {
        complain(a->command, "out of memory");
        return false;
    }
    ct_tensor *t = find_node(p, name);
    bool ok = t ? ct_claim_grad(t, formula) != NULL : unknown_name(a, p, name);
    if (t && !ok) complain(a->command, "the claim about %s", name);
    free(name);
    return ok;
}

static bool make_claims(const arguments *a, const problem *p) {
    bool ok = true, any = false;
    for (int i = 0; ok && i < a->n_options; i++) {
        if (strcmp(a->option[i].name, "claim") != 0) continue;
        ok = claim(a, p, a->option[i].value);
        any = true;
    }
    if (ok && !any) complain(a->command, "a claim is wanted: --claim 'x: y + 1'");
    return ok && any;
}

/* ---- what became of them --------------------------------------------------------------------------------------- */

static json_t *json_of_claim(const ct_claim_result *r) {
    json_t *out = json_object();
    json_object_set_new(out, "label", json_of_text(ct_label_of(r->tensor)));
    json_object_set_new(out, "claim", json_of_text(r->formula));
    json_object_set_new(out, "verdict", json_of_text(ct_claim_verdict_name(r->verdict)));
    json_object_set_new(out, "reason", json_of_text(r->reason));
    json_object_set_new(out, "hint", json_of_text(r->hint));
    json_object_set_new(out, "claimed", json_of_number(r->claimed));
    json_object_set_new(out, "computed", json_of_number(r->computed));
    json_object_set_new(out, "absolute", json_of_number(r->absolute));
    json_object_set_new(out, "relative", json_of_number(r->relative));
    json_object_set_new(out, "ulp", json_of_number(r->ulp));
    json_object_set_new(out, "points", json_integer(r->points));
    json_object_set_new(out, "counterexample", json_of_text(r->counterexample));
    return out;
}

static bool print_verification_as_json(const arguments *a, const problem *p, const ct_verification *v) {
    static const char *const verdicts[] = {
        [CT_PASS] = "pass", [CT_FAIL] = "fail", [CT_INCONCLUSIVE] = "inconclusive"};
    json_t *out = json_object(), *claims = json_array();
    for (int i = 0; i < v->n; i++) json_array_append_new(claims, json_of_claim(v->claims[i]));
    json_object_set_new(out, "verdict", json_string(verdicts[v->verdict]));
    json_object_set_new(out, "reason", json_of_text(v->reason));
    json_object_set_new(out, "value", json_of(p->f));
    json_object_set_new(out, "claims", claims);
    return print_json(a->command, out);
}

static int status_of(ct_verdict verdict) {
    return verdict == CT_PASS ? STATUS_PASS : verdict == CT_FAIL ? STATUS_WRONG : STATUS_INCONCLUSIVE;
}

/* --points N; 0 where it is not given. -1 with a message printed. */
static int points_of(const arguments *a) {
    const char *text = option_value(a, "points");
    char *end = NULL;
    if (!text) return 0;
    long n = strtol(text, &end, 10);
    if (end != text && !*end && n > 0 && n <= MOST_POINTS) return (int)n;
    complain(a->command, "--points wants a number from 1 to %d, not '%s'", MOST_POINTS, text);
    return -1;
}

static int judge(const arguments *a, const problem *p, int points) {
    ct_verification v = ct_verify_with(p->f, &(ct_verify_options){.points = points});
    const char *error = ct_error();
    if (v.verdict == CT_INCONCLUSIVE && *error) return complain(a->command, "the claims cannot be verified");
    if (!has_option(a, "json")) ct_print_verification(&v, stdout);
    else if (!print_verification_as_json(a, p, &v)) return STATUS_USAGE;
    return draw_problem(a, p) ? status_of(v.verdict) : STATUS_USAGE;
}

static int run(const arguments *a) {
    problem p;
    int points = points_of(a);
    if (points < 0 || !make_problem(a, a->operand, a->n_operands, &p)) return STATUS_USAGE;
    int status = make_claims(a, &p) ? judge(a, &p, points) : STATUS_USAGE;
    free_problem(&p);
    return status;
}

static const option_row options[] = {
    {"claim", "NAME:FORMULA", "what df/dNAME is said to be; as often as you like"},
    {"points", "N", "test each formula at N random points too (16)"},
    {"json", NULL, "print JSON: verdict, reason and claims"},
    PROBLEM_OPTIONS,
    DRAWING_OPTIONS,
    {NULL, NULL, NULL},
};

const command check_command = {
    .name = "check",
    .synopsis = "FORMULA NAME=VALUE... --claim 'NAME: FORMULA'...",
    .summary = "check derivatives that you worked out, and find the first mistake",
    .about = ABOUT_PROBLEMS "\n"
                            "A claim says what the derivative of f by NAME is; NAME may be a statement's, and\n"
                            "grad(q) stands for df/dq of what comes later. A wrong claim is local when it\n"
                            "would be wrong even if all nearer to f were right, and inherited otherwise: the\n"
                            "local ones are the mistakes. Claims are tested at random points as well.\n",
    .examples = "  cotangent check 'x*y + sin(x)' x=2 y=3 --claim 'x: y + cos(x)' --claim 'y: x'\n"
                "  cotangent check 'p = x*y; q = tanh(p); q^2' x=2 y=0.1 \\\n"
                "      --claim 'q: 2*q' --claim 'p: grad(q)*(1 - q)' --claim 'x: grad(p)*y'\n"
                "The second one has a mistake at p, which x inherits.\n",
    .options = options,
    .run = run,
};
