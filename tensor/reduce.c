/* Cuts reductions into blocks for the threads. Which blocks there are follows from the shape alone. */
#include "tensor/internal.h"
#include "tensor/kernels.h"

#include <string.h>

#define SHARE (1 << 17)    /* elements that are worth a thread: about 20 microseconds */
#define SMALL (1 << 12)    /* elements whose sum is made in f64, which here takes 0.2 microseconds more */
#define FEW 16             /* rows are shared out one by one if there are more */
#define COLUMNS 1024       /* least columns of a block */
#define PARTIALS (1 << 12) /* elements of partial results on the stack */

/* A reduction or, its reverse, a spread. Either is cut along one axis of (outer, n, inner). */
typedef struct middle {
    ct_folder *fold, *join; /* of elements, and of parts' results */
    ct_spreader *spread;
    int64_t outer, n, inner;
    int64_t block; /* of the axis that is cut; the last one may be shorter */
    const char *in;
    char *out;
    size_t item, out_item; /* bytes of an element */
    double scale;
    bool moments; /* the results are ct_moments */
    bool add;
} middle;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Places in bytes, from places in elements. */
static const char *in_at(const middle *m, int64_t place) { return m->in + (size_t)place * m->item; }
static char *out_at(const middle *m, int64_t place) { return m->out + (size_t)place * m->out_item; }

/* ---- reductions ------------------------------------------------------------------------------------------- */

static void fold_rows(void *context, int64_t number) {
    const middle *m = context;
    int64_t o = number * m->block;
    m->fold(least(m->block, m->outer - o), m->n, m->inner, m->inner, in_at(m, o * m->n * m->inner),
            out_at(m, o * m->inner), m->add);
}

static void fold_columns(void *context, int64_t number) {
    const middle *m = context;
    int64_t per_row = quotient_up(m->inner, m->block), o = number / per_row, c = number % per_row * m->block;
    m->fold(1, m->n, m->inner, least(m->block, m->inner - c), in_at(m, o * m->n * m->inner + c),
            out_at(m, o * m->inner + c), m->add);
}

static void fold_part(void *context, int64_t number) {
    const middle *m = context;
    int64_t i = number * m->block;
    m->fold(1, least(m->block, m->n - i), m->inner, m->inner, in_at(m, i * m->inner), out_at(m, number * m->inner),
            false);
}

/* By Chan, Golub and LeVeque's formula of 1983, in order. */
void ct_merge_moments(int64_t outer, int64_t n, int64_t inner, int64_t count, int64_t last, const ct_moments *x,
                      ct_moments *z) {
    for (int64_t o = 0; o < outer; o++, z += inner) {
        memcpy(z, x, (size_t)inner * sizeof *z);
        x += inner;
        for (int64_t i = 1; i < n; i++, x += inner) {
            const double had = (double)(i * count), more = (double)(i < n - 1 ? count : last);
            const double share = more / (had + more), weight = had * share;
            for (int64_t c = 0; c < inner; c++) {
                const double apart = x[c].mean - z[c].mean;
                z[c].mean += apart * share;
                z[c].square += x[c].square + apart * apart * weight;
            }
        }
    }
}

/* A long middle axis: parts of it, and then their results. */
static void fold_in_parts(const middle *m) {
    ct_moments partial[PARTIALS]; /* the largest of results */
    int64_t parts = least(least(16, PARTIALS / m->inner), m->n);
    middle part = *m;
    part.block = quotient_up(m->n, parts);
    part.out = (char *)partial;
    parts = quotient_up(m->n, part.block);
    for (int64_t o = 0; o < m->outer; o++) {
        part.in = in_at(m, o * m->n * m->inner);
        ct_parallel(parts, fold_part, &part);
        void *out = out_at(m, o * m->inner);
        if (m->moments)
            ct_merge_moments(1, parts, m->inner, part.block, m->n - (parts - 1) * part.block, partial, out);
        else
            m->join(1, parts, m->inner, m->inner, partial, out, m->add);
    }
}

void ct_reduce(ct_reduction how, ct_dtype dtype, int64_t outer, int64_t n, int64_t inner, const void *x, void *z,
               bool add) {
    if (how == CT_REDUCE_SUM && outer * n * inner <= SMALL) how = CT_REDUCE_EXACT_SUM;
    middle m = {.fold = ct_reduce_kernels()->fold[how][dtype],
                .join = ct_reduce_kernels()->fold[ct_reduction_of_parts(how)][dtype],
                .outer = outer,
                .n = n,
                .inner = inner,
                .in = x,
                .out = z,
                .item = ct_dtype_size(dtype),
                .out_item = how == CT_REDUCE_MOMENTS ? sizeof(ct_moments) : ct_dtype_size(dtype),
                .moments = how == CT_REDUCE_MOMENTS,
                .add = add};
    if (outer * n * inner < 2 * SHARE) {
        m.fold(outer, n, inner, inner, x, z, add);
    } else if (outer >= FEW) {
        m.block = quotient_up(SHARE, n * inner);
        ct_parallel(quotient_up(outer, m.block), fold_rows, &m);
    } else if (inner >= 2 * COLUMNS) {
        m.block = quotient_up(SHARE / COLUMNS, n) * COLUMNS;
        ct_parallel(outer * quotient_up(inner, m.block), fold_columns, &m);
    } else {
        fold_in_parts(&m);
    }
}

/* ---- spreads ---------------------------------------------------------------------------------------------- */

static void spread_rows(void *context, int64_t number) {
    const middle *m = context;
    int64_t o = number * m->block;
    m->spread(least(m->block, m->outer - o), m->n, m->inner, in_at(m, o * m->inner), m->scale,
              out_at(m, o * m->n * m->inner), m->add);
}

static void spread_part(void *context, int64_t number) {
    const middle *m = context;
    int64_t i = number * m->block;
    m->spread(1, least(m->block, m->n - i), m->inner, m->in, m->scale, out_at(m, i * m->inner), m->add);
}

void ct_spread(ct_dtype dtype, int64_t outer, int64_t n, int64_t inner, const void *g, double scale, void *gx,
               bool add) {
    middle m = {.spread = ct_reduce_kernels()->spread[dtype],
                .outer = outer,
                .n = n,
                .inner = inner,
                .in = g,
                .out = gx,
                .item = ct_dtype_size(dtype),
                .out_item = ct_dtype_size(dtype),
                .scale = scale,
                .add = add};
    if (outer * n * inner < 2 * SHARE) {
        m.spread(outer, n, inner, g, scale, gx, add);
    } else if (outer >= FEW || n == 1) {
        m.block = quotient_up(SHARE, n * inner);
        ct_parallel(quotient_up(outer, m.block), spread_rows, &m);
    } else {
        m.block = quotient_up(SHARE, inner);
        for (int64_t o = 0; o < outer; o++) {
            m.in = (const char *)g + (size_t)(o * inner) * m.item;
            m.out = (char *)gx + (size_t)(o * n * inner) * m.item;
            ct_parallel(quotient_up(n, m.block), spread_part, &m);
        }
    }
}
