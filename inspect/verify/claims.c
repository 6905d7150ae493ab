/* Claims, kept in a list of each scope: their tensor's, or for a tensor that no scope owns the innermost one. */
#include "inspect/verify/verify.h"
#include "tensor/checked.h"

#include <string.h>

const char *ct_claim_verdict_name(ct_claim_verdict verdict) {
    static const char *const names[] = {
        [CT_CLAIM_UNTESTED] = "untested",
        [CT_CLAIM_RIGHT] = "right",
        [CT_CLAIM_UNDECIDED] = "undecided",
        [CT_CLAIM_INHERITED] = "inherited",
        [CT_CLAIM_LOCAL] = "local mistake",
        [CT_CLAIM_ONLY_HERE] = "right only here",
    };
    return (unsigned)verdict < sizeof names / sizeof *names ? names[verdict] : "unknown";
}

/* ---- finding ------------------------------------------------------------------------------------------------ */

static ct_claim *first_at(int depth) {
    while (depth > 0 && !ct_this.level[depth].claims) depth--;
    return depth > 0 ? ct_this.level[depth].claims : NULL;
}

ct_claim *ct_claim_next(const ct_claim *claim) {
    if (!claim) return first_at(ct_this.depth);
    return claim->next ? claim->next : first_at(claim->depth - 1);
}

ct_claim *ct_claim_find(const ct_tensor *t) {
    ct_claim *claim = NULL;
    while ((claim = ct_claim_next(claim)))
        if (claim->tensor == t) break;
    return claim;
}

const ct_claim_result *ct_claim_of(const ct_tensor *t) {
    const ct_claim *claim = t ? ct_claim_find(t) : NULL;
    return claim ? &claim->result : NULL;
}

/* ---- claiming ----------------------------------------------------------------------------------------------- */

static bool claimable(const char *at, const ct_tensor *t) {
    char text[CT_DESCRIPTION];
    if (!ct_usable("ct_claim_grad", at, t, 0)) return false;
    if (ct_is_float((ct_dtype)t->dtype)) {
        if (t->depth || ct_this.depth) return true;
        return ct_raise_no_scope("ct_claim_grad", at), false;
    }
    ct_raise(CT_ERR_DTYPE, "ct_claim_grad", at, "%s is %s, which has no gradient", ct_describe(t, text),
             ct_dtype_name((ct_dtype)t->dtype));
    return false;
}

static int claim_depth(const ct_tensor *t) { return t->depth ? t->depth : ct_this.depth; }

/* An outer scope's claim about a tensor that no scope owns stays, and counts again when the inner scope ends. */
static void forget(int depth, const ct_tensor *t) {
    ct_claim **place = (ct_claim **)&ct_this.level[depth].claims;
    while (*place && (*place)->tensor != t) place = &(*place)->next;
    if (*place) *place = (*place)->next;
}

/* A copy that lives as long as a claim about t. */
static const void *copy(const char *at, const ct_tensor *t, const void *bytes, size_t n) {
    void *room = ct_scope_alloc(claim_depth(t), n);
    if (!room) return ct_raise_memory("ct_claim_grad", at, n), NULL;
    return n ? memcpy(room, bytes, n) : room;
}

/* Puts a claim about t on record, in place of an earlier one. */
static ct_tensor *enter(const char *at, ct_tensor *t, ct_claim claim) {
    claim.depth = claim_depth(t);
    claim.tensor = t;
    claim.result = (ct_claim_result){.tensor = t,
                                     .formula = claim.formula,
                                     .place = ct_place_name(at),
                                     .reason = "ct_verify() has not looked at it",
                                     .index = -1};
    ct_claim *c = ct_scope_alloc(claim.depth, sizeof *c);
    if (!c) return ct_raise_memory("ct_claim_grad", at, sizeof *c), NULL;
    forget(claim.depth, t);
    claim.next = ct_this.level[claim.depth].claims;
    *c = claim;
    ct_this.level[claim.depth].claims = c;
    return t;
}

ct_tensor *ct_claim_grad_at(const char *at, ct_tensor *t, const char *formula) {
    if (!claimable(at, t)) return NULL;
    if (!formula) return forget(claim_depth(t), t), t;
    ct_formula *read = ct_formula_parse("ct_claim_grad", at, formula);
    if (!read) return NULL;
    ct_formula_free(read); /* names are looked for when f is known */
    formula = copy(at, t, formula, strlen(formula) + 1);
    return formula ? enter(at, t, (ct_claim){.kind = CT_CLAIMED_FORMULA, .formula = formula}) : NULL;
}

ct_tensor *ct_claim_grad_value_at(const char *at, ct_tensor *t, double value) {
    return claimable(at, t) ? enter(at, t, (ct_claim){.kind = CT_CLAIMED_VALUE, .value = value}) : NULL;
}

static ct_tensor *claim_elements(const char *at, ct_tensor *t, ct_dtype dtype, ct_shape shape, const void *elements,
                                 size_t bytes) {
    elements = copy(at, t, elements, bytes);
    if (!elements) return NULL;
    return enter(at, t, (ct_claim){.kind = CT_CLAIMED_ARRAY, .dtype = dtype, .shape = shape, .elements = elements});
}

ct_tensor *ct_claim_grad_array_at(const char *at, ct_tensor *t, ct_dtype dtype, const void *elements) {
    size_t bytes;
    if (!claimable(at, t)) return NULL;
    if (!ct_is_float(dtype))
        return ct_raise(CT_ERR_DTYPE, "ct_claim_grad_array", at, "%s is not floating", ct_dtype_name(dtype)), NULL;
    if (!elements && ct_size_of(t))
        return ct_raise(CT_ERR_NULL, "ct_claim_grad_array", at, "the elements are NULL"), NULL;
    if (!ct_checked_mul((size_t)ct_size_of(t), ct_dtype_size(dtype), &bytes))
        return ct_raise_memory("ct_claim_grad_array", at, SIZE_MAX), NULL;
    return claim_elements(at, t, dtype, ct_shape_of(t), elements, bytes);
}

ct_tensor *ct_claim_grad_tensor_at(const char *at, ct_tensor *t, ct_tensor *g) {
    char text[CT_DESCRIPTION];
    if (!claimable(at, t) || !ct_usable("ct_claim_grad_tensor", at, g, 1)) return NULL;
    if (!ct_is_float((ct_dtype)g->dtype))
        return ct_raise(CT_ERR_DTYPE, "ct_claim_grad_tensor", at, "%s is not floating", ct_describe(g, text)), NULL;
    return claim_elements(at, t, (ct_dtype)g->dtype, ct_shape_of(g), g->data, ct_bytes_of(g));
}

ct_tensor *ct_claim_grad_rule_at(const char *at, ct_tensor *t, ct_claim_rule rule, void *context) {
    if (!claimable(at, t)) return NULL;
    if (!rule) return ct_raise(CT_ERR_NULL, "ct_claim_grad_rule", at, "the rule is NULL"), NULL;
    return enter(at, t, (ct_claim){.kind = CT_CLAIMED_RULE, .rule = rule, .context = context});
}
