/* The first reading of ops.def: loops over numbers, for f32 and f64, and comparisons for every dtype. */
#include "autograd/elementwise_kernels.h"
#include "tensor/vector_math.h"

#define T float
#define NAMED(name) name##_f32
#include "autograd/elementwise_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/elementwise_loops.inc"

/* Comparisons write bool (one byte) and have no rule. */
#define COMPARE_LOOP(name, type, operands, result)                                                                   \
    static void name(int64_t n, const void *const *restrict in, void *restrict out_, const double *p) {              \
        const type *xs = in[0], *ys = in[operands - 1];                                                              \
        uint8_t *restrict out = out_;                                                                                \
        (void)p, (void)ys;                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                            \
            const type x = xs[i], y = ys[i];                                                                         \
            (void)y;                                                                                                 \
            out[i] = result;                                                                                         \
        }                                                                                                            \
    }
#define COMPARE_LOOPS(symbol, operands, value)                                                                       \
    COMPARE_LOOP(symbol##_u8, uint8_t, operands, value)                                                              \
    COMPARE_LOOP(symbol##_i32, int32_t, operands, value)                                                             \
    COMPARE_LOOP(symbol##_i64, int64_t, operands, value)                                                             \
    COMPARE_LOOP(symbol##_f32, float, operands, value)                                                               \
    COMPARE_LOOP(symbol##_f64, double, operands, value)
#define CT_COMPARE(symbol, formula, value, doc) COMPARE_LOOPS(symbol, 2, value)
#define CT_PREDICATE(symbol, formula, value, doc) COMPARE_LOOPS(symbol, 1, value)
#include "autograd/ops.def"

#define CT_UNARY(symbol, ...)                                                                                        \
    [CT_OP_##symbol] = {.forward = {[CT_F32] = symbol##_forward_f32, [CT_F64] = symbol##_forward_f64},               \
                        .backward = {[CT_F32] = {symbol##_backward_f32}, [CT_F64] = {symbol##_backward_f64}}},
#define CT_UNARY_P CT_UNARY
#define CT_UNARY_PQ CT_UNARY
#define CT_BINARY(symbol, ...)                                                                                       \
    [CT_OP_##symbol] = {.forward = {[CT_F32] = symbol##_forward_f32, [CT_F64] = symbol##_forward_f64},               \
                        .backward = {[CT_F32] = {symbol##_backward_x_f32, symbol##_backward_y_f32},                  \
                                     [CT_F64] = {symbol##_backward_x_f64, symbol##_backward_y_f64}}},
#define CT_COMPARE(symbol, ...)                                                                                      \
    [CT_OP_##symbol] = {.forward = {[CT_BOOL] = symbol##_u8,                                                         \
                                    [CT_U8] = symbol##_u8,                                                           \
                                    [CT_I32] = symbol##_i32,                                                         \
                                    [CT_I64] = symbol##_i64,                                                         \
                                    [CT_F32] = symbol##_f32,                                                         \
                                    [CT_F64] = symbol##_f64}},
#define CT_PREDICATE CT_COMPARE
#define POWER_ROW(name)                                                                                              \
    {                                                                                                                \
        .forward = {[CT_F32] = name##_forward_f32, [CT_F64] = name##_forward_f64},                                   \
        .backward = {[CT_F32] = {name##_backward_f32, ct_pow_backward_y_f32},                                        \
                     [CT_F64] = {name##_backward_f64, ct_pow_backward_y_f64}},                                       \
    }
const ct_elementwise_table CT_ISA_NAME(ct_elementwise) = {
    .row = {
#include "autograd/ops.def"
    },
    .power = {POWER_ROW(power_2), POWER_ROW(power_3)},
    .add = {[CT_F32] = add_f32, [CT_F64] = add_f64},
    .deviation = {[CT_F32] = deviation_f32, [CT_F64] = deviation_f64},
    .share = {[CT_F32] = share_f32, [CT_F64] = share_f64},
};
