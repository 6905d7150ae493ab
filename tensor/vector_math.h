/* For *_kernels.c: the type-generic math functions, with those that glibc's libmvec has in vector form declared so
 * that gcc calls them in loops (up to 4 ulp; needs only -fno-math-errno). Elsewhere the scalar ones are used. */
#ifndef COTANGENT_TENSOR_VECTOR_MATH_H
#define COTANGENT_TENSOR_VECTOR_MATH_H

#include <stdint.h>
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

/* ---- functions of our own: for f32 polynomials, which vectors have time for beside the memory -------------------- */

#if defined(__FMA__)
#define CT_FUSED(a, b, c) __builtin_fmaf(a, b, c)
#else
#define CT_FUSED(a, b, c) ((a) * (b) + (c))
#endif

/* The polynomials are minimax fits of relative error 3e-8, by Lawson's iteration on Chebyshev points. */
static inline float ct_horner(int n, const float *c, float t) {
    float sum = c[n - 1];
    for (int i = n - 2; i >= 0; i--) sum = CT_FUSED(sum, t, c[i]);
    return sum;
}

/* exp v of v <= 0, times 2^64, so that no digit is lost on the way where exp v is denormal: 2^n exp r, with n the
 * integer nearest to v / log 2. Adding 3 * 2^22 rounds to it and leaves it in the last bits; log 2 is taken off in two
 * parts, of which the first has few bits. */
static inline float ct_exp_scaled(float v) {
    static const float c[] = {1, 1, 0.499999911f, 0.166664109f, 0.0416682884f, 0.00837564468f, 0.0013835798f};
    union {
        float f;
        uint32_t bits;
    } n, power;
    n.f = CT_FUSED(v, 1.44269504f, 12582912);
    power.bits = (n.bits + 127 + 64) << 23;
    const float whole = n.f - 12582912, r = CT_FUSED(whole, 2.12194440e-4f, CT_FUSED(whole, -0.693359375f, v));
    return v < -104 ? 0 : power.f * ct_horner(7, c, r); /* 0 of its own: made by underflow it takes 150 cycles */
}

/* exp v of v <= 0; of infinity too. */
static inline float ct_exp_below_f32(float v) { return v > 0 ? v : 0x1p-64f * ct_exp_scaled(v); }
static inline double ct_exp_below_f64(double v) { return exp(v); }

/* log(1 + exp v) of v <= 0: log(1 + e) / e is a polynomial in e = exp v, which is at most 1. */
static inline float ct_log1p_exp_f32(float v) {
    static const float c[] = {0.99999994f, -0.499994934f, 0.333190948f,   -0.248429775f, 0.191059887f,
                              -0.13663207f, 0.0782254934f, -0.0295049567f, 0.00523262424f};
    const float e = 0x1p-64f * ct_exp_scaled(v);
    return e * ct_horner(9, c, e);
}
static inline double ct_log1p_exp_f64(double v) { return log1p(exp(v)); }

/* The normal distribution function. That of -|x| is exp(-x^2 / 2) t P(t) with t = 1 / (1 + 0.35 |x|), the form of
 * Hastings (Abramowitz and Stegun, 26.2.17) with more terms: so far digits are right in the tail as well. */
static inline float ct_normal_cdf_f32(float x) {
    static const float c[] = {0.139621302f, 0.139863536f,  0.119821183f, 0.105552927f,  -0.023213394f,
                              0.159321249f, -0.255840391f, 0.144031614f, -0.0291580297f};
    const float t = 1 / CT_FUSED(0.35f, fabsf(x), 1), factor = 0x1p-64f * t * ct_horner(9, c, t);
    const float tail = ct_exp_scaled(-0.5f * x * x) * factor;
    return x < 0 ? tail : 1 - tail;
}
static inline double ct_normal_cdf_f64(double x) { return 0.5 * erfc(-0.70710678118654752 * x); }

#endif
