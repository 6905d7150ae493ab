/* The third reading of ops.def: what is known of each op. */
#include "autograd/internal.h"

#define ANY CT_DOMAIN_ANY
#define POSITIVE CT_DOMAIN_POSITIVE
#define NONZERO CT_DOMAIN_NONZERO
#define UNIT CT_DOMAIN_UNIT
#define PROBABILITY CT_DOMAIN_PROBABILITY
#define ABOVE_ONE CT_DOMAIN_ABOVE_ONE
#define APART CT_DOMAIN_APART
#define STEPS CT_DOMAIN_STEPS
#define QUOTIENT CT_DOMAIN_QUOTIENT

#define ROW(symbol, text, operands, what, where, description)                                                        \
    static const ct_op symbol##_op = {.name = #symbol,                                                               \
                                      .formula = text,                                                               \
                                      .doc = description,                                                            \
                                      .arity = operands,                                                             \
                                      .kind = what,                                                                  \
                                      .domain = where,                                                               \
                                      .parts = &symbol##_parts};
#define CT_UNARY(symbol, formula, value, gx, samples, doc) ROW(symbol, formula, 1, CT_ELEMENTWISE, samples, doc)
#define CT_UNARY_P(symbol, parameter, valid, formula, value, gx, samples, doc)                                       \
    ROW(symbol, formula, 1, CT_ELEMENTWISE, samples, doc)
#define CT_UNARY_PQ(symbol, parameter, second, valid, formula, value, gx, samples, doc)                              \
    ROW(symbol, formula, 1, CT_ELEMENTWISE, samples, doc)
#define CT_BINARY(symbol, formula, value, gx, gy, samples, doc) ROW(symbol, formula, 2, CT_ELEMENTWISE, samples, doc)
#define CT_COMPARE(symbol, formula, value, doc) ROW(symbol, formula, 2, CT_NOT_DIFFERENTIABLE, ANY, doc)
#define CT_PREDICATE(symbol, formula, value, doc) ROW(symbol, formula, 1, CT_NOT_DIFFERENTIABLE, ANY, doc)
#define CT_KERNEL(symbol, formula, parameters, operands, kind, doc) ROW(symbol, formula, operands, kind, ANY, doc)
#include "autograd/ops.def"

#define CT_OPERATION(symbol, ...) [CT_OP_##symbol] = &symbol##_op,
const ct_op *ct_op_table[CT_OP_SLOTS] = {
#include "autograd/ops.def"
};

/* ---- looking at the record ---------------------------------------------------------------------------------- */

static const ct_op *op_of(const ct_tensor *t) { return t ? ct_op_table[t->op] : NULL; }
const char *ct_op_of(const ct_tensor *t) { return op_of(t) ? op_of(t)->name : NULL; }
const char *ct_formula_of(const ct_tensor *t) { return op_of(t) ? op_of(t)->formula : NULL; }
int ct_operand_count(const ct_tensor *t) { return t ? t->n_in : 0; }
ct_tensor *ct_operand(const ct_tensor *t, int k) { return t && k >= 0 && k < t->n_in ? t->in[k] : NULL; }

const char *ct_place_of(const ct_tensor *t) { return t ? ct_place_name(t->at) : NULL; }
