/* Philox 4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 * A block of four 32-bit words is a function of (key = seed, counter = (position, stream)). */
#include "tensor/internal.h"

#include <math.h>

void ct_seed(uint64_t seed) { ct_this.random = (ct_random_state){.seed = seed, .stream = 0}; }
ct_random_state ct_random(void) { return ct_this.random; }
void ct_random_restore(ct_random_state state) { ct_this.random = state; }
uint64_t ct_random_take_stream(void) { return ct_this.random.stream++; }

typedef struct block {
    uint32_t word[4];
} block;

static block philox(uint64_t seed, uint64_t stream, uint64_t position) {
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)position, c1 = (uint32_t)(position >> 32), c2 = (uint32_t)stream,
             c3 = (uint32_t)(stream >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt 3 - 1 */
    }
    return (block){{c0, c1, c2, c3}};
}

static uint64_t high64(block b) { return (uint64_t)b.word[1] << 32 | b.word[0]; }
static uint64_t low64(block b) { return (uint64_t)b.word[3] << 32 | b.word[2]; }
static double unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; } /* [0, 1) in steps of 2^-53 */

void ct_fill_uniform(ct_dtype dtype, void *data, int64_t n, uint64_t seed, uint64_t stream, double a, double b) {
    for (int64_t i = 0; i < n; i += 2) {
        block r = philox(seed, stream, (uint64_t)i / 2);
        double u[2] = {unit(high64(r)), unit(low64(r))};
        for (int64_t k = 0; k < 2 && i + k < n; k++) {
            double v = a + (b - a) * u[k];
            if (dtype == CT_F32 && (float)v >= (float)b && a < b) v = (double)nextafterf((float)b, (float)a);
            ct_write_element(dtype, data, i + k, v);
        }
    }
}

/* Box and Muller, "A note on the generation of random normal deviates", 1958. */
void ct_fill_normal(ct_dtype dtype, void *data, int64_t n, uint64_t seed, uint64_t stream, double a, double b) {
    const double two_pi = 6.283185307179586477;
    for (int64_t i = 0; i < n; i += 2) {
        block r = philox(seed, stream, (uint64_t)i / 2);
        double radius = sqrt(-2 * log(1 - unit(high64(r)))), angle = two_pi * unit(low64(r));
        ct_write_element(dtype, data, i, a + b * radius * cos(angle));
        if (i + 1 < n) ct_write_element(dtype, data, i + 1, a + b * radius * sin(angle));
    }
}

/* The high half of a 64 x 64 bit product: biased by less than n / 2^64. */
uint64_t ct_random_below(uint64_t seed, uint64_t stream, uint64_t counter, uint64_t n) {
    uint64_t bits = high64(philox(seed, stream, counter));
    return (uint64_t)(((unsigned __int128)bits * n) >> 64);
}
