/* For tests of functions composed of ops: operands that count up, exact results, cases of the sweep. */
#ifndef COTANGENT_TESTS_CASES_H
#define COTANGENT_TESTS_CASES_H

#include "support/elements.h"
#include "support/sweep.h"

/* 0, 1, 2, ... as f64: COUNT(2, 3). */
ct_tensor *count_up(ct_shape shape);
#define COUNT(...) count_up(CT_SHAPE(__VA_ARGS__))

/* That z is of this shape and has exactly these elements: EXPECT(z, CT_SHAPE(2), 1, NAN). */
void expect(const ct_tensor *z, ct_shape shape, int64_t n, const double *values);
#define EXPECT(z, shape, ...)                                                                                        \
    expect(z, shape, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

/* In a function of (i, dtype) with a counter n and a sample s: case n is that value, of new leaves X(extents...) and
 * Y(extents...), or X0 and Y0 without dimensions. */
#define CASE(value)                                                                                                  \
    if (i == n++) s.z = (value)
#define LEAF_(k, shape) (s.leaf[k] = ct_sample_leaf(dtype, shape, -3, 3))
#define X(...) LEAF_(0, CT_SHAPE(__VA_ARGS__))
#define Y(...) LEAF_(1, CT_SHAPE(__VA_ARGS__))
#define X0 LEAF_(0, CT_SCALAR)
#define Y0 LEAF_(1, CT_SCALAR)

#endif
