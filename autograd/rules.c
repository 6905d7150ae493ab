/* The second reading of ops.def: rules over nodes, so that a derivative can be differentiated again; and the
 * functions that record the ops. */
#include "autograd/internal.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at /* rules record in the name of the caller's place */

#define C(v) ct_constant_like(at, g, v)
#define ADD(a, b) ct_add(a, b)
#define SUB(a, b) ct_sub(a, b)
#define MUL(a, b) ct_mul(a, b)
#define DIV(a, b) ct_div(a, b)
#define POW(a, b) ct_pow(a, b)
#define FLOOR_DIVIDE(a, b) ct_floor_divide(a, b)
#define XLOGY(a, b) ct_xlogy(a, b)
#define NEG(a) ct_neg(a)
#define SQUARE(a) ct_square(a)
#define SQRT(a) ct_sqrt(a)
#define EXP(a) ct_exp(a)
#define EXP2(a) ct_exp2(a)
#define LOG(a) ct_log(a)
#define LOG1P(a) ct_log1p(a)
#define SIN(a) ct_sin(a)
#define COS(a) ct_cos(a)
#define SINH(a) ct_sinh(a)
#define COSH(a) ct_cosh(a)
#define TANH(a) ct_tanh(a)
#define SIGMOID(a) ct_sigmoid(a)
#define ERFC(a) ct_erfc(a)
#define SIGN(a) ct_sign(a)
#define TRUNC(a) ct_trunc(a)
#define ISNAN(a) ct_isnan(a)
#define EQ(a, b) ct_eq(a, b)
#define GT(a, b) ct_gt(a, b)
#define GE(a, b) ct_ge(a, b)
#define AND(c, d) ct_logical_and(c, d)
#define OR(c, d) ct_logical_or(c, d)
#define WHERE(c, a, b) ct_where(c, a, b)
#define ZERO NULL

#define RULE(symbol, names, inputs, result)                                                                          \
    static ct_tensor *symbol##_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {                              \
        inputs;                                                                                                      \
        (void)at, (void)z, (void)g, (void)k;                                                                         \
        return result;                                                                                               \
    }                                                                                                                \
    const ct_op_parts symbol##_parts = {.vjp = symbol##_vjp, .fields = names};

#define CT_UNARY(symbol, formula, value, gx, samples, doc)                                                           \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x) {                                                           \
        return ct_record(at, CT_OP_##symbol, &x, 1, NULL, 0);                                                        \
    }                                                                                                                \
    RULE(symbol, NULL, ct_tensor *x = z->in[0]; (void)x, gx)
/* Whether the condition on an op's parameters holds; raises otherwise. */
static bool allowed(bool valid, const char *symbol, const char *at, const char *condition) {
    if (!valid) ct_raise(CT_ERR_ARGUMENT, symbol, at, "%s does not hold", condition);
    return valid;
}

#define CT_UNARY_P(symbol, parameter, valid, formula, value, gx, samples, doc)                                       \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, double parameter) {                                         \
        if (!allowed(valid, #symbol, at, #valid)) return NULL;                                                       \
        return ct_record(at, CT_OP_##symbol, &x, 1, &parameter, sizeof parameter);                                   \
    }                                                                                                                \
    static const ct_field symbol##_fields[] = {{#parameter, CT_FIELD_F64, 0}, {NULL, CT_FIELD_INT, 0}};              \
    RULE(symbol, symbol##_fields, ct_tensor *x = z->in[0]; double parameter = *(double *)z->attributes; (void)x;     \
         (void)parameter, gx)
#define CT_UNARY_PQ(symbol, parameter, second, valid, formula, value, gx, samples, doc)                              \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, double parameter, double second) {                          \
        if (!allowed(valid, #symbol, at, #valid)) return NULL;                                                       \
        return ct_record(at, CT_OP_##symbol, &x, 1, (double[]){parameter, second}, 2 * sizeof(double));              \
    }                                                                                                                \
    static const ct_field symbol##_fields[] = {                                                                      \
        {#parameter, CT_FIELD_F64, 0}, {#second, CT_FIELD_F64, sizeof(double)}, {NULL, CT_FIELD_INT, 0}};            \
    RULE(symbol, symbol##_fields, ct_tensor *x = z->in[0]; const double *p = z->attributes; double parameter = p[0]; \
         double second = p[1]; (void)x; (void)parameter; (void)second, gx)
#define CT_BINARY(symbol, formula, value, gx, gy, samples, doc)                                                      \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, ct_tensor *y) {                                             \
        return ct_record(at, CT_OP_##symbol, (ct_tensor *[]){x, y}, 2, NULL, 0);                                     \
    }                                                                                                                \
    RULE(symbol, NULL, ct_tensor *x = z->in[0]; ct_tensor *y = z->in[1]; (void)x; (void)y, k == 0 ? gx : gy)
#define CT_COMPARE(symbol, formula, value, doc)                                                                      \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, ct_tensor *y) {                                             \
        return ct_record(at, CT_OP_##symbol, (ct_tensor *[]){x, y}, 2, NULL, 0);                                     \
    }                                                                                                                \
    const ct_op_parts symbol##_parts = {0};
#define CT_PREDICATE(symbol, formula, value, doc)                                                                    \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x) {                                                           \
        return ct_record(at, CT_OP_##symbol, &x, 1, NULL, 0);                                                        \
    }                                                                                                                \
    const ct_op_parts symbol##_parts = {0};
#include "autograd/ops.def"
