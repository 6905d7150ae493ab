/* What a batch holds: an order of the samples each epoch, gathered and converted straight into the batch. */
#include "data/internal.h"
#include "tensor/internal.h"
#include "tensor/isa.h"

#include <math.h>
#include <string.h>

CT_ISA_TABLE(ct_loader_kernels, ct_loader_table)

void ct_shuffle(int64_t *order, int64_t n, uint64_t seed, uint64_t stream) {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) { /* Fisher and Yates */
        int64_t k = (int64_t)ct_random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1);
        int64_t other = order[k];
        order[k] = order[i];
        order[i] = other;
    }
}

/* A function of seed and epoch alone, so that any epoch can be dealt again. */
void ct_deal_order(ct_dealer *dealer) {
    int64_t n = dealer->dataset->size;
    if (dealer->options.shuffle)
        ct_shuffle(dealer->order, n, dealer->options.seed, CT_SHUFFLE_STREAMS + (uint64_t)dealer->epoch);
    else
        for (int64_t i = 0; i < n; i++) dealer->order[i] = i;
}

int64_t ct_deal_size(const ct_dealer *dealer) {
    int64_t left = dealer->dataset->size - dealer->next;
    return left < dealer->options.batch ? left : dealer->options.batch;
}

void ct_deal_advance(ct_dealer *dealer) {
    dealer->next += ct_deal_size(dealer);
    int64_t left = dealer->dataset->size - dealer->next;
    if (left && !(dealer->options.drop_last && left < dealer->options.batch)) return;
    dealer->epoch++;
    dealer->next = 0;
}

/* ---- a sample ----------------------------------------------------------------------------------------------- */

/* Uniform in [-limit, limit): number k of this sample in this epoch. */
static double draw(const ct_dealer *dealer, int64_t sample, int k, double limit) {
    const uint64_t unit = (uint64_t)1 << 53;
    uint64_t stream = CT_AUGMENT_STREAMS + (uint64_t)dealer->epoch, counter = 3 * (uint64_t)sample + (uint64_t)k;
    return limit * (2 * (double)ct_random_below(dealer->options.seed, stream, counter, unit) / (double)unit - 1);
}

/* x (features) as it is stored, moved about and then scaled into z. */
static void put_augmented(const ct_dealer *dealer, int64_t sample, const void *x, void *z) {
    const ct_dataset *d = dealer->dataset;
    const ct_augmentation *a = &dealer->options.augment;
    const ct_loader_kernels *kernels = ct_loader_table();
    ct_dtype dtype = dealer->options.dtype;
    char *whole = dealer->work, *moved = whole + (size_t)d->features * ct_dtype_size(dtype);
    ct_warp w = {.height = d->sample.dim[d->sample.ndim - 2],
                 .width = d->sample.dim[d->sample.ndim - 1],
                 .down = draw(dealer, sample, 0, a->shift),
                 .right = draw(dealer, sample, 1, a->shift),
                 .angle = draw(dealer, sample, 2, a->rotate) * acos(-1) / 180};
    w.planes = d->features / (w.height * w.width);
    kernels->cast[d->store->x_dtype][dtype](x, whole, d->features);
    ct_warp_image(&w, dtype, whole, dealer->shift ? moved : z);
    if (dealer->shift) kernels->scale[dtype][dtype](moved, dealer->shift, dealer->range, z, d->features);
}

static void put_sample(const ct_dealer *dealer, int64_t sample, void *z) {
    const ct_dataset *d = dealer->dataset;
    const ct_loader_kernels *kernels = ct_loader_table();
    ct_dtype stored = d->store->x_dtype, dtype = dealer->options.dtype;
    const uint8_t *x = d->store->x.data +
                       (size_t)(ct_stored_sample(d, sample) * d->features) * ct_dtype_size(stored);
    if (dealer->work) put_augmented(dealer, sample, x, z);
    else if (d->shift) kernels->scale[stored][dtype](x, d->shift, d->range, z, d->features);
    else if (stored == CT_U8 && dtype != CT_I64) kernels->unit[dtype](x, z, d->features);
    else kernels->cast[stored][dtype](x, z, d->features);
}

/* The target as number `i` of the batch. */
static void put_target(const ct_dealer *dealer, int64_t sample, int64_t i, void *y) {
    const ct_dataset *d = dealer->dataset;
    ct_dtype stored = d->store->y_dtype, dtype = dealer->options.dtype;
    int64_t first = ct_stored_sample(d, sample) * d->targets;
    const uint8_t *from = d->store->y.data + (size_t)first * ct_dtype_size(stored);
    if (dealer->options.one_hot) {
        char *row = (char *)y + (size_t)(i * d->classes) * ct_dtype_size(dtype);
        memset(row, 0, (size_t)d->classes * ct_dtype_size(dtype));
        ct_write_element(dtype, row, (int64_t)ct_read_element(stored, from, 0), 1);
        return;
    }
    if (d->classes) dtype = CT_I64;
    ct_loader_table()->cast[stored][dtype](from, (char *)y + (size_t)(i * d->targets) * ct_dtype_size(dtype),
                                           d->targets);
}

/* Asks for a sample that comes soon: shuffled ones are anywhere in memory. */
static void foresee(const ct_dealer *dealer, int64_t place) {
    const ct_dataset *d = dealer->dataset;
    if (place >= d->size) return;
    size_t row = (size_t)d->features * ct_dtype_size(d->store->x_dtype);
    const uint8_t *x = d->store->x.data + (size_t)ct_stored_sample(d, dealer->order[place]) * row;
    for (size_t line = 0; line < row && line < 4096; line += 64) __builtin_prefetch(x + line);
}

void ct_deal(ct_dealer *dealer, void *x, void *y) {
    int64_t b = ct_deal_size(dealer), epoch = dealer->epoch;
    size_t row = (size_t)dealer->dataset->features * ct_dtype_size(dealer->options.dtype);
    for (int64_t i = 0; i < b; i++) {
        int64_t sample = dealer->order[dealer->next + i];
        foresee(dealer, dealer->next + i + 2);
        put_sample(dealer, sample, (char *)x + (size_t)i * row);
        put_target(dealer, sample, i, y);
    }
    ct_deal_advance(dealer);
    if (dealer->epoch != epoch) ct_deal_order(dealer);
}
