/* For *_kernels.c: the type-generic math functions, with those that glibc's libmvec has in vector form declared so
 * that gcc calls them in loops (up to 4 ulp; needs only -fno-math-errno). Elsewhere the scalar ones are used. */
#ifndef COTANGENT_TENSOR_VECTOR_MATH_H
#define COTANGENT_TENSOR_VECTOR_MATH_H

#include <tgmath.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#if __GLIBC_PREREQ(2, 35)
#define CT_VECTOR_1(name)                                                                                            \
    __attribute__((simd("notinbranch"))) double(name)(double);                                                       \
    __attribute__((simd("notinbranch"))) float(name##f)(float);
#define CT_VECTOR_2(name)                                                                                            \
    __attribute__((simd("notinbranch"))) double(name)(double, double);                                               \
    __attribute__((simd("notinbranch"))) float(name##f)(float, float);
CT_VECTOR_1(exp)
CT_VECTOR_1(exp2)
CT_VECTOR_1(expm1)
CT_VECTOR_1(log)
CT_VECTOR_1(log2)
CT_VECTOR_1(log10)
CT_VECTOR_1(log1p)
CT_VECTOR_1(sin)
CT_VECTOR_1(cos)
CT_VECTOR_1(asin)
CT_VECTOR_1(acos)
CT_VECTOR_1(atan)
CT_VECTOR_1(sinh)
CT_VECTOR_1(cosh)
CT_VECTOR_1(tanh)
CT_VECTOR_1(asinh)
CT_VECTOR_1(acosh)
CT_VECTOR_1(atanh)
CT_VECTOR_1(erf)
CT_VECTOR_1(erfc)
CT_VECTOR_2(pow)
CT_VECTOR_2(atan2)
CT_VECTOR_2(hypot)
#undef CT_VECTOR_1
#undef CT_VECTOR_2
#endif
#endif

#endif
