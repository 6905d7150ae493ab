/* Philox 4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 * A block of four 32-bit words is a function of (key = seed, counter = (position, stream)). */
#include "tensor/random_kernels.h"

#include <math.h>

static inline uint32_t low(uint64_t v) { return (uint32_t)v; }
static inline uint32_t high(uint64_t v) { return (uint32_t)(v >> 32); }

/* The keys grow by the golden ratio and by sqrt 3 - 1. */
static inline void mix(uint32_t c[4], uint32_t k0, uint32_t k1, uint32_t round) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    c[0] = high(p1) ^ c[1] ^ (k0 + round * 0x9E3779B9u);
    c[1] = low(p1);
    c[2] = high(p0) ^ c[3] ^ (k1 + round * 0xBB67AE85u);
    c[3] = low(p0);
}

/* The rounds are written out so that the loop is one over blocks, which vectorises. */
static void bits(uint64_t seed, uint64_t stream, uint64_t position, int64_t n, uint64_t *restrict out) {
    const uint32_t k0 = low(seed), k1 = high(seed), s0 = low(stream), s1 = high(stream);
    for (int64_t i = 0; i < n; i++) {
        uint64_t at = position + (uint64_t)i;
        uint32_t c[4] = {low(at), high(at), s0, s1};
        mix(c, k0, k1, 0), mix(c, k0, k1, 1), mix(c, k0, k1, 2), mix(c, k0, k1, 3), mix(c, k0, k1, 4);
        mix(c, k0, k1, 5), mix(c, k0, k1, 6), mix(c, k0, k1, 7), mix(c, k0, k1, 8), mix(c, k0, k1, 9);
        out[2 * i] = (uint64_t)c[1] << 32 | c[0];
        out[2 * i + 1] = (uint64_t)c[3] << 32 | c[2];
    }
}

static void unit(int64_t n, const uint64_t *restrict in, double *restrict out) {
    for (int64_t i = 0; i < n; i++) out[i] = (double)(int64_t)(in[i] >> 11) * 0x1p-53;
}

static void uniform_f64(int64_t n, const double *restrict u, double a, double b, double *restrict out) {
    for (int64_t i = 0; i < n; i++) out[i] = a + (b - a) * u[i];
}

static void uniform_f32(int64_t n, const double *restrict u, double a, double b, float *restrict out) {
    const float end = (float)b, last = a < b ? nextafterf((float)b, (float)a) : INFINITY;
    for (int64_t i = 0; i < n; i++) {
        float v = (float)(a + (b - a) * u[i]);
        out[i] = v >= end && a < b ? last : v;
    }
}

const ct_random_table CT_ISA_NAME(ct_random_kernels) = {
    .bits = bits,
    .unit = unit,
    .uniform_f64 = uniform_f64,
    .uniform_f32 = uniform_f32,
};
