/* cotangent explain: how one derivative comes about. */
#include "common.h"

#include <string.h>

static bool print_derivation(const arguments *a, const problem *p, ct_tensor *t) {
    const char *text = derivation_by(a, p, t);
    if (text) fputs(text, stdout);
    return text != NULL;
}

/* Where numbers of the gradient are zero, missing or not finite. */
static bool print_cause(const arguments *a, const problem *p, ct_tensor *t) {
    ct_finding finding = ct_why(p->f, t);
    if (!finding.sentence) complain(a->command, "the gradient by %s", ct_label_of(t));
    else if (finding.zeros || finding.nonfinite) printf("\n%s\n", finding.sentence);
    return finding.sentence != NULL;
}

static bool explain(const arguments *a, const problem *p, const char *name) {
    ct_tensor *t = find_node(p, name);
    if (!t) return unknown_name(a, p, name);
    return (!depends_on(p, t) || print_derivation(a, p, t)) && print_cause(a, p, t);
}

/* The operand that has no "=" is what is asked for; it goes to the end. NULL with a message printed. */
static const char *take_name(const arguments *a) {
    int n = a->n_operands;
    if (n > 1 && !strchr(a->operand[n - 1], '=')) return a->operand[n - 1];
    complain(a->command, "the name of what to explain is wanted at the end: see cotangent explain --help");
    return NULL;
}

static int run(const arguments *a) {
    problem p;
    const char *name = take_name(a);
    if (!name || !make_problem(a, a->operand, a->n_operands - 1, &p)) return STATUS_USAGE;
    bool ok = explain(a, &p, name);
    free_problem(&p);
    return ok ? STATUS_PASS : STATUS_USAGE;
}

static const option_row options[] = {
    {"latex", NULL, "write it as LaTeX"},
    PROBLEM_OPTIONS,
    {NULL, NULL, NULL},
};

const command explain_command = {
    .name = "explain",
    .synopsis = "FORMULA NAME=VALUE... NAME",
    .summary = "write out how one derivative follows from the chain rule, or why it is zero",
    .about = ABOUT_PROBLEMS,
    .examples = "  cotangent explain 'p = x*y; q = p + sin(x); q^2' x=2 y=3 x\n"
                "  cotangent explain 'relu(x*w)*v' x=-1 w=2 v=3 w\n",
    .options = options,
    .run = run,
};
