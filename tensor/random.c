/* Random numbers by counting: element i of a stream is a function of (seed, stream, i). */
#include "tensor/internal.h"
#include "tensor/random_kernels.h"

#include <math.h>

#define BLOCKS 512          /* of random bits at a time: 8 KB, two elements a block */
#define SHARE (64 * BLOCKS) /* blocks that one thread takes at once */

void ct_seed(uint64_t seed) { ct_this.random = (ct_random_state){.seed = seed, .stream = 0}; }
ct_random_state ct_random(void) { return ct_this.random; }
void ct_random_restore(ct_random_state state) { ct_this.random = state; }
uint64_t ct_random_take_stream(void) { return ct_this.random.stream++; }

/* What is to be filled: n elements of a floating dtype. `put` makes those from 2 * block on, m of them. */
typedef struct fill {
    ct_dtype dtype;
    char *data;
    int64_t n;
    uint64_t seed, stream;
    double a, b;
    void (*put)(const struct fill *f, int64_t start, int64_t m, const double *unit);
} fill;

static void fill_share(void *context, int64_t share) {
    const fill *f = context;
    const ct_random_table *kernels = ct_random_kernels();
    uint64_t bits[2 * BLOCKS];
    double unit[2 * BLOCKS];
    for (int64_t block = share * SHARE; block < (share + 1) * SHARE && 2 * block < f->n; block += BLOCKS) {
        int64_t left = f->n - 2 * block, m = left < 2 * BLOCKS ? left : 2 * BLOCKS;
        kernels->bits(f->seed, f->stream, (uint64_t)block, (m + 1) / 2, bits);
        kernels->unit(m + m % 2, bits, unit);
        f->put(f, 2 * block, m, unit);
    }
}

static void fill_all(fill f) { ct_parallel((f.n + 2 * SHARE - 1) / (2 * SHARE), fill_share, &f); }

static void put_uniform(const fill *f, int64_t start, int64_t m, const double *unit) {
    if (f->dtype == CT_F64)
        ct_random_kernels()->uniform_f64(m, unit, f->a, f->b, (double *)f->data + start);
    else
        ct_random_kernels()->uniform_f32(m, unit, f->a, f->b, (float *)f->data + start);
}

void ct_fill_uniform(ct_dtype dtype, void *data, int64_t n, uint64_t seed, uint64_t stream, double a, double b) {
    fill_all((fill){dtype, data, n, seed, stream, a, b, put_uniform});
}

/* Box and Muller, "A note on the generation of random normal deviates", 1958. */
static void put_normal(const fill *f, int64_t start, int64_t m, const double *unit) {
    const double two_pi = 6.283185307179586477;
    for (int64_t i = 0; i < m; i += 2) {
        double radius = sqrt(-2 * log(1 - unit[i])), angle = two_pi * unit[i + 1];
        ct_write_element(f->dtype, f->data, start + i, f->a + f->b * radius * cos(angle));
        if (i + 1 < m) ct_write_element(f->dtype, f->data, start + i + 1, f->a + f->b * radius * sin(angle));
    }
}

void ct_fill_normal(ct_dtype dtype, void *data, int64_t n, uint64_t seed, uint64_t stream, double a, double b) {
    fill_all((fill){dtype, data, n, seed, stream, a, b, put_normal});
}

/* The high half of a 64 x 64 bit product: biased by less than n / 2^64. */
uint64_t ct_random_below(uint64_t seed, uint64_t stream, uint64_t counter, uint64_t n) {
    uint64_t bits[2];
    ct_random_kernels()->bits(seed, stream, counter, 1, bits);
    return (uint64_t)(((unsigned __int128)bits[0] * n) >> 64);
}
