/* From stored elements to a batch's; compiled once per instruction set. */
#include "data/internal.h"
#include "tensor/isa.h"

#define CAST(S, s, T, t)                                                                                             \
    static void cast_##s##_##t(const void *restrict x_, void *restrict z_, int64_t n) {                              \
        const S *x = x_;                                                                                             \
        T *z = z_;                                                                                                   \
        for (int64_t i = 0; i < n; i++) z[i] = (T)x[i];                                                              \
    }

#define SCALE(S, s, T, t)                                                                                            \
    static void scale_##s##_##t(const void *restrict x_, const double *restrict shift,                               \
                                const double *restrict range, void *restrict z_, int64_t n) {                        \
        const S *x = x_;                                                                                             \
        T *z = z_;                                                                                                   \
        for (int64_t i = 0; i < n; i++) z[i] = (T)(((double)x[i] - shift[i]) / range[i]);                            \
    }

/* x / 255 without a division, x being a byte: 1/255 = 2^-8 + 2^-16 + 2^-24 + ... in two parts; x * HIGH is exact, so
 * all 256 results are the rounded quotients, as a test shows. */
#define UNIT(T, t, HIGH, LOW)                                                                                        \
    static void unit_##t(const void *restrict x_, void *restrict z_, int64_t n) {                                    \
        const uint8_t *x = x_;                                                                                       \
        T *z = z_;                                                                                                   \
        for (int64_t i = 0; i < n; i++) z[i] = (T)x[i] * (T)HIGH + (T)x[i] * (T)LOW;                                 \
    }

#define LOOPS(S, s)                                                                                                  \
    CAST(S, s, float, f32)                                                                                           \
    CAST(S, s, double, f64)                                                                                          \
    CAST(S, s, int64_t, i64)                                                                                         \
    SCALE(S, s, float, f32)                                                                                          \
    SCALE(S, s, double, f64)

LOOPS(uint8_t, u8)
LOOPS(int32_t, i32)
LOOPS(int64_t, i64)
LOOPS(float, f32)
LOOPS(double, f64)
UNIT(float, f32, 0x1.01p-8, 0x1.010101p-24)
UNIT(double, f64, 0x1.0101010101p-8, 0x1.010101010101p-56)

#define CAST_ROW(s) {[CT_F32] = cast_##s##_f32, [CT_F64] = cast_##s##_f64, [CT_I64] = cast_##s##_i64}
#define SCALE_ROW(s) {[CT_F32] = scale_##s##_f32, [CT_F64] = scale_##s##_f64}

extern const ct_loader_kernels CT_ISA_NAME(ct_loader_table);
const ct_loader_kernels CT_ISA_NAME(ct_loader_table) = {
    .cast = {[CT_BOOL] = CAST_ROW(u8),
             [CT_U8] = CAST_ROW(u8),
             [CT_I32] = CAST_ROW(i32),
             [CT_I64] = CAST_ROW(i64),
             [CT_F32] = CAST_ROW(f32),
             [CT_F64] = CAST_ROW(f64)},
    .scale = {[CT_BOOL] = SCALE_ROW(u8),
              [CT_U8] = SCALE_ROW(u8),
              [CT_I32] = SCALE_ROW(i32),
              [CT_I64] = SCALE_ROW(i64),
              [CT_F32] = SCALE_ROW(f32),
              [CT_F64] = SCALE_ROW(f64)},
    .unit = {[CT_F32] = unit_f32, [CT_F64] = unit_f64},
};
