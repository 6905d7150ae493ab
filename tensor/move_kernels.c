/* The loops of ct_move(), ct_choose() and ct_convert(). */
#include "tensor/move_kernels.h"

#define CACHE_LINE 64
#define SHORT 16 /* an axis of fewer elements is better not the innermost */

/* Copying and choosing go by size of element, whatever it holds. */
typedef uint8_t __attribute__((may_alias)) bits8;
typedef uint32_t __attribute__((may_alias)) bits32;
typedef uint64_t __attribute__((may_alias)) bits64;

/* ---- moving ------------------------------------------------------------------------------------------------- */

#define T bits8
#define NAMED(name) name##_copy8
#define PUT(z, x) z = x
#include "tensor/move_loops.inc"

#define T bits32
#define NAMED(name) name##_copy32
#define PUT(z, x) z = x
#include "tensor/move_loops.inc"

#define T bits64
#define NAMED(name) name##_copy64
#define PUT(z, x) z = x
#include "tensor/move_loops.inc"

#define T float
#define NAMED(name) name##_add_f32
#define PUT(z, x) z += x
#include "tensor/move_loops.inc"

#define T double
#define NAMED(name) name##_add_f64
#define PUT(z, x) z += x
#include "tensor/move_loops.inc"

/* ---- choosing ----------------------------------------------------------------------------------------------- */

#define T bits8
#define NAMED(name) name##8
#include "tensor/choose_loops.inc"

#define T bits32
#define NAMED(name) name##32
#include "tensor/choose_loops.inc"

#define T bits64
#define NAMED(name) name##64
#include "tensor/choose_loops.inc"

/* ---- converting --------------------------------------------------------------------------------------------- */

static inline int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

/* (double)INT64_MAX is 2^63, one more than what fits; `high` comes back from there on. */
static inline int64_t truncate(double x, int64_t low, int64_t high) {
    return x != x ? 0 : x <= (double)low ? low : x >= (double)high ? high : (int64_t)x;
}

#define TO_INTEGER(x, low, high) _Generic((x), float: truncate, double: truncate, default: clamp)(x, low, high)

#define CONVERT(to, Z, from, X, value)                                                                               \
    static void to##_from_##from(int64_t n, const void *restrict x_, void *restrict z_) {                            \
        const X *xs = x_;                                                                                            \
        Z *z = z_;                                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                                            \
            const X x = xs[i];                                                                                       \
            z[i] = (Z)(value);                                                                                       \
        }                                                                                                            \
    }
#define CONVERT_TO(to, Z, value)                                                                                     \
    CONVERT(to, Z, u8, uint8_t, value)                                                                               \
    CONVERT(to, Z, i32, int32_t, value)                                                                              \
    CONVERT(to, Z, i64, int64_t, value)                                                                              \
    CONVERT(to, Z, f32, float, value)                                                                                \
    CONVERT(to, Z, f64, double, value)
CONVERT_TO(truth, uint8_t, x != 0)
CONVERT_TO(u8, uint8_t, TO_INTEGER(x, 0, UINT8_MAX))
CONVERT_TO(i32, int32_t, TO_INTEGER(x, INT32_MIN, INT32_MAX))
CONVERT_TO(i64, int64_t, TO_INTEGER(x, INT64_MIN, INT64_MAX))
CONVERT_TO(f32, float, x)
CONVERT_TO(f64, double, x)

/* ---- the table ---------------------------------------------------------------------------------------------- */

#define MOVER(name) {.rows = rows_##name, .tiles = tiles_##name}
#define FROM_EACH(to)                                                                                                \
    {[CT_BOOL] = to##_from_u8, [CT_U8] = to##_from_u8,   [CT_I32] = to##_from_i32,                                   \
     [CT_I64] = to##_from_i64, [CT_F32] = to##_from_f32, [CT_F64] = to##_from_f64}
const ct_move_table CT_ISA_NAME(ct_move_loops) = {
    .copy = {[CT_BOOL] = MOVER(copy8),
             [CT_U8] = MOVER(copy8),
             [CT_I32] = MOVER(copy32),
             [CT_I64] = MOVER(copy64),
             [CT_F32] = MOVER(copy32),
             [CT_F64] = MOVER(copy64)},
    .add = {[CT_F32] = MOVER(add_f32), [CT_F64] = MOVER(add_f64)},
    .choose = {[CT_BOOL] = choose8,
               [CT_U8] = choose8,
               [CT_I32] = choose32,
               [CT_I64] = choose64,
               [CT_F32] = choose32,
               [CT_F64] = choose64},
    .convert = {[CT_BOOL] = FROM_EACH(truth),
                [CT_U8] = FROM_EACH(u8),
                [CT_I32] = FROM_EACH(i32),
                [CT_I64] = FROM_EACH(i64),
                [CT_F32] = FROM_EACH(f32),
                [CT_F64] = FROM_EACH(f64)},
};
