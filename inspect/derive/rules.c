/* The third reading of ops.def: rules as terms, so that a derivation can say what each derivative is. */
#include "inspect/derive/derive.h"

#include <math.h>

/* What a rule is about: operands, result and cotangent by their names in ops.def. */
typedef struct rule {
    const ct_term *x, *y, *w, *z, *g;
    const double *p; /* parameters; NULL when the op has none */
    bool here;       /* conditions are decided by the values */
    bool single;     /* constants are rounded to f32, as the kernels' are */
} rule;

static const ct_term *where(const rule *r, const ct_term *c, const ct_term *a, const ct_term *b) {
    if (!c || !a || !b) return NULL;
    if (r->here) return ct_term_value(c) != 0 ? a : b;
    return ct_term_of(CT_TERM_WHERE, c, a, b);
}

#define BINARY(word, a, b) ct_term_of(CT_TERM_##word, a, b, NULL)
#define UNARY(word, a) ct_term_of(CT_TERM_##word, a, NULL, NULL)
#define C(v) ct_term_number(r->single ? (double)(float)(v) : (v))
#define ADD(a, b) BINARY(ADD, a, b)
#define SUB(a, b) BINARY(SUB, a, b)
#define MUL(a, b) BINARY(MUL, a, b)
#define DIV(a, b) BINARY(DIV, a, b)
#define POW(a, b) BINARY(POW, a, b)
#define FLOOR_DIVIDE(a, b) UNARY(FLOOR, DIV(a, b))
#define XLOGY(a, b) MUL(a, LOG(b))
#define NEG(a) UNARY(NEG, a)
#define SQUARE(a) POW(a, C(2))
#define SQRT(a) UNARY(SQRT, a)
#define EXP(a) UNARY(EXP, a)
#define EXP2(a) UNARY(EXP2, a)
#define LOG(a) UNARY(LOG, a)
#define LOG1P(a) UNARY(LOG1P, a)
#define SIN(a) UNARY(SIN, a)
#define COS(a) UNARY(COS, a)
#define SINH(a) UNARY(SINH, a)
#define COSH(a) UNARY(COSH, a)
#define TANH(a) UNARY(TANH, a)
#define SIGMOID(a) UNARY(SIGMOID, a)
#define ERFC(a) UNARY(ERFC, a)
#define SIGN(a) UNARY(SIGN, a)
#define TRUNC(a) UNARY(TRUNC, a)
#define ISNAN(a) UNARY(ISNAN, a)
#define EQ(a, b) BINARY(EQ, a, b)
#define GT(a, b) BINARY(GT, a, b)
#define GE(a, b) BINARY(GE, a, b)
#define AND(c, d) BINARY(AND, c, d)
#define OR(c, d) BINARY(OR, c, d)
#define WHERE(c, a, b) where(r, c, a, b)
#define ZERO ct_term_number(0)
#define AT(a, b) BINARY(AT, a, b)
#define T(a) UNARY(TRANSPOSE, a)
#define LIST(...)                                                                                                    \
    (int)(sizeof((const ct_term *[]){__VA_ARGS__}) / sizeof(ct_term *)), (const ct_term *[]) { __VA_ARGS__ }
#define CALL(name, ...) ct_term_call(name, LIST(__VA_ARGS__))

/* ---- the rows as functions ---------------------------------------------------------------------------------- */

#define RULE(symbol, parameters, result)                                                                             \
    static const ct_term *symbol##_rule(const rule *r, int k) {                                                      \
        const ct_term *x = r->x, *y = r->y, *w = r->w, *z = r->z, *g = r->g;                                         \
        parameters;                                                                                                  \
        (void)x, (void)y, (void)w, (void)z, (void)g, (void)k;                                                        \
        return result;                                                                                               \
    }
#define CT_UNARY(symbol, formula, value, gx, samples, doc) RULE(symbol, , gx)
#define CT_UNARY_P(symbol, first, valid, formula, value, gx, samples, doc)                                           \
    RULE(symbol, double first = r->p[0]; (void)first, gx)
#define CT_UNARY_PQ(symbol, first, second, valid, formula, value, gx, samples, doc)                                  \
    RULE(symbol, double first = r->p[0]; double second = r->p[1]; (void)first; (void)second, gx)
#define CT_BINARY(symbol, formula, value, gx, gy, samples, doc) RULE(symbol, , k == 0 ? gx : gy)
#include "autograd/ops.def"
#define ROW(symbol, gx, gy, gw) RULE(symbol, , k == 0 ? gx : k == 1 ? gy : gw)
#include "inspect/derive/rules.def"
#undef ROW

static const ct_term *(*const rules[CT_OP_COUNT])(const rule *r, int k) = {
#define CT_UNARY(symbol, ...) [CT_OP_##symbol] = symbol##_rule,
#define CT_UNARY_P CT_UNARY
#define CT_UNARY_PQ CT_UNARY
#define CT_BINARY CT_UNARY
#include "autograd/ops.def"
#define ROW(symbol, ...) [CT_OP_##symbol] = symbol##_rule,
#include "inspect/derive/rules.def"
#undef ROW
};

/* ---- asking ------------------------------------------------------------------------------------------------- */

bool ct_rule_exists(int op) { return op > 0 && op < CT_OP_COUNT && rules[op]; }

const ct_term *ct_rule_term(const ct_tensor *z, int k, const ct_term *g, bool here) {
    if (!ct_rule_exists(z->op)) return CALL("vjp", g);
    const ct_term *in[3] = {0};
    for (int i = 0; i < z->n_in && i < 3; i++) in[i] = ct_term_tensor(z->in[i]);
    rule r = {.x = in[0], .y = in[1], .w = in[2], .z = ct_term_tensor(z), .g = g, .p = z->attributes};
    r.here = here;
    r.single = z->dtype == CT_F32;
    return ct_op_table[z->op]->arity == CT_ANY_NUMBER ? rules[z->op](&r, 0) : rules[z->op](&r, k);
}
