/* The report of a verification: a table, and below it what to know about the claims that are not right. */
#include "inspect/verify/verify.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* "W1(784,128)[3,7]": its label or op, its shape, and the element that the numbers are of. */
static void add_node(ct_text *out, const ct_claim_result *r, size_t width) {
    const ct_tensor *t = r->tensor;
    char shape[CT_DESCRIPTION];
    ct_shape extents = ct_shape_of(t);
    size_t start = out->length;
    const char *op = ct_op_of(t);
    const char *name = t->label ? t->label : op ? op : "unnamed";
    ct_text_add(out, "%s%s", name, t->ndim ? ct_describe_shape(&extents, shape) : "");
    if (r->index >= 0) ct_text_index(out, t, r->index);
    size_t length = out->length - start;
    if (length < width) ct_text_add(out, "%*s", (int)(width - length), "");
}

static void add_number(ct_text *out, double value, int digits, size_t width) {
    size_t start = out->length;
    if (isnan(value)) ct_text_add(out, "nan");
    else ct_text_number(out, value, digits);
    size_t length = out->length - start;
    ct_text_add(out, "%*s", length < width ? (int)(width - length) : 1, "");
}

static size_t name_width(const ct_verification *v) {
    size_t widest = strlen("node") + 2;
    for (int i = 0; i < v->n; i++) {
        ct_text name = {0};
        add_node(&name, v->claims[i], 0);
        if (name.length + 2 > widest) widest = name.length + 2;
        ct_text_free(&name);
    }
    return widest < 60 ? widest : 60;
}

static void add_row(ct_text *out, const ct_claim_result *r, size_t width) {
    add_node(out, r, width);
    if (r->index < 0) {
        ct_text_add(out, "%-66s", "-");
    } else {
        add_number(out, r->claimed, 9, 17);
        add_number(out, r->computed, 9, 17);
        add_number(out, r->absolute, 3, 11);
        add_number(out, r->relative, 3, 11);
        add_number(out, r->ulp, 3, 10);
    }
    ct_text_add(out, "%s", ct_claim_verdict_name(r->verdict));
    if (r->points && r->verdict == CT_CLAIM_RIGHT) ct_text_add(out, ", also at %d other points", r->points);
    ct_text_add(out, "\n");
}

/* "W2: wrong here: it is transposed", and where that can be seen. */
static void add_remark(ct_text *out, const ct_claim_result *r) {
    ct_text_add(out, "\n%s", r->tensor->label ? r->tensor->label : "unnamed");
    if (r->place) ct_text_add(out, " (%s)", r->place);
    ct_text_add(out, ": %s", r->reason);
    if (r->wrong && ct_size_of(r->tensor) > 1)
        ct_text_add(out, "; %" PRId64 " of %" PRId64 " elements", r->wrong, ct_size_of(r->tensor));
    ct_text_add(out, "\n");
    if (r->formula) ct_text_add(out, "    claimed as %s\n", r->formula);
    if (r->hint) ct_text_add(out, "    it looks as if %s\n", r->hint);
    if (r->counterexample) ct_text_add(out, "    for example at %s\n", r->counterexample);
}

static void add_report(ct_text *out, const ct_verification *v) {
    size_t width = name_width(v);
    if (v->n)
        ct_text_add(out, "%-*s%-17s%-17s%-11s%-11s%-10sverdict\n", (int)width, "node", "claimed", "computed",
                    "absolute", "relative", "ulp");
    for (int i = 0; i < v->n; i++) add_row(out, v->claims[i], width);
    bool inherited = false;
    for (int i = 0; i < v->n; i++) {
        ct_claim_verdict verdict = v->claims[i]->verdict;
        if (verdict != CT_CLAIM_RIGHT && verdict != CT_CLAIM_INHERITED) add_remark(out, v->claims[i]);
        inherited |= verdict == CT_CLAIM_INHERITED;
    }
    if (v->first && v->first->tensor->label)
        ct_text_add(out, "\nThe first mistake is at %s%s.\n", v->first->tensor->label,
                    inherited ? "; what is inherited goes with it" : "");
    else
        ct_text_add(out, "%s%c%s%s\n", v->n ? "\n" : "", toupper((unsigned char)v->reason[0]), v->reason + 1,
                    strchr(v->reason, '\n') ? "" : "."); /* none behind a caret that points into a formula */
}

void ct_print_verification(const ct_verification *v, FILE *out) {
    ct_text text = {0};
    if (!v || !out) return;
    add_report(&text, v);
    if (text.failed) ct_raise_memory("ct_print_verification", NULL, text.length);
    else if (text.text) fputs(text.text, out);
    ct_text_free(&text);
}
