/* Mini-batches: an order of the samples each epoch, gathered and scaled straight into the batch. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"
#include "tensor/isa.h"

#include <inttypes.h>

CT_ISA_TABLE(ct_loader_kernels, ct_loader_table)

#define SHUFFLE_STREAMS ((uint64_t)1 << 63) /* one an epoch from here on, apart from those of random tensors */

struct ct_loader {
    const ct_dataset *dataset;
    ct_loader_options options;
    size_t bytes;    /* of this block */
    int64_t batches; /* in an epoch */
    int64_t epoch;   /* of the next batch */
    int64_t next;    /* its first place in the order */
    int64_t order[]; /* the samples in this epoch's order */
};

/* The order is a function of seed and epoch alone, so that any epoch can be dealt again. */
static void arrange(ct_loader *loader) {
    int64_t *order = loader->order, n = loader->dataset->size;
    uint64_t stream = SHUFFLE_STREAMS + (uint64_t)loader->epoch;
    for (int64_t i = 0; i < n; i++) order[i] = i;
    if (!loader->options.shuffle) return;
    for (int64_t i = n - 1; i > 0; i--) { /* Fisher and Yates */
        int64_t k = (int64_t)ct_random_below(loader->options.seed, stream, (uint64_t)i, (uint64_t)i + 1);
        int64_t other = order[k];
        order[k] = order[i];
        order[i] = other;
    }
}

static bool valid_options(const char *at, const ct_dataset *dataset, const ct_loader_options *options) {
    const char *op = "ct_loader_new";
    if (options->batch < 1)
        ct_raise(CT_ERR_ARGUMENT, op, at, "a batch of %" PRId64 " samples, of at least 1", options->batch);
    else if (options->drop_last && options->batch > dataset->size)
        ct_raise(CT_ERR_ARGUMENT, op, at, "drop_last leaves nothing of %" PRId64 " samples in batches of %" PRId64,
                 dataset->size, options->batch);
    else if (!ct_is_float(options->dtype))
        ct_raise(CT_ERR_DTYPE, op, at, "batches are f32 or f64, not %s", ct_dtype_name(options->dtype));
    else return true;
    return false;
}

ct_loader *ct_loader_new_at(const char *at, const ct_dataset *dataset, const ct_loader_options *options) {
    const char *op = "ct_loader_new";
    size_t bytes;
    if (!dataset || !options) return ct_raise_null(op, at, dataset ? 1 : 0), NULL;
    ct_loader_options chosen = *options;
    if (chosen.dtype == 0) chosen.dtype = CT_F32;
    if (!valid_options(at, dataset, &chosen)) return NULL;
    if (!ct_checked_mul((size_t)dataset->size, sizeof(int64_t), &bytes) ||
        !ct_checked_add(bytes, sizeof(ct_loader), &bytes))
        return ct_raise(CT_ERR_LIMIT, op, at, "%" PRId64 " samples are too many", dataset->size), NULL;
    ct_loader *loader = ct_alloc(bytes);
    if (!loader) return ct_raise_memory(op, at, bytes), NULL;
    loader->dataset = dataset;
    loader->options = chosen;
    loader->bytes = bytes;
    loader->batches = dataset->size / chosen.batch + (dataset->size % chosen.batch && !chosen.drop_last);
    loader->epoch = loader->next = 0;
    arrange(loader);
    return loader;
}

void ct_loader_free(ct_loader *loader) {
    if (loader) ct_dealloc(loader, loader->bytes);
}

int64_t ct_batches(const ct_loader *loader) { return loader ? loader->batches : 1; }

static int64_t next_size(const ct_loader *loader) {
    int64_t left = loader->dataset->size - loader->next;
    return left < loader->options.batch ? left : loader->options.batch;
}

/* Puts the next samples into x (b, features) and y (b), and moves on. */
static void deal(ct_loader *loader, ct_tensor *x, ct_tensor *y) {
    const ct_dataset *dataset = loader->dataset;
    const ct_loader_kernels *kernels = ct_loader_table();
    int64_t b = next_size(loader), features = dataset->features, *labels = y->data;
    for (int64_t i = 0; i < b; i++) {
        int64_t sample = loader->order[loader->next + i];
        const uint8_t *from = dataset->x.data + sample * features;
        if (x->dtype == CT_F32) kernels->scale_f32(from, (float *)x->data + i * features, features);
        else kernels->scale_f64(from, (double *)x->data + i * features, features);
        labels[i] = dataset->y.data[sample];
    }
    loader->next += b;
    int64_t left = dataset->size - loader->next;
    if (left && !(loader->options.drop_last && left < loader->options.batch)) return;
    loader->epoch++;
    loader->next = 0;
    arrange(loader);
}

ct_batch ct_next_at(const char *at, ct_loader *loader) {
    ct_batch batch = {NULL, NULL};
    if (!loader) return ct_raise_null("ct_next", at, 0), batch;
    int64_t b = next_size(loader);
    ct_tensor *x = ct_new_tensor("ct_next", at, loader->options.dtype, &CT_SHAPE(b, loader->dataset->features), 0);
    ct_tensor *y = ct_new_tensor("ct_next", at, CT_I64, &CT_SHAPE(b), 0);
    if (!x || !y) return batch;
    deal(loader, x, y);
    return (ct_batch){x, y};
}

/* `t` can take a part of the next batch, of this dtype and shape; false with an error raised. */
static bool fits(const char *at, const ct_tensor *t, ct_dtype dtype, ct_shape wanted) {
    char have[CT_DESCRIPTION], want[CT_DESCRIPTION];
    if (!t) return ct_raise_null("ct_refill", at, 1), false;
    ct_shape shape = ct_shape_of(t);
    if (t->op) return ct_raise(CT_ERR_ARGUMENT, "ct_refill", at, "%s is computed", ct_describe(t, have)), false;
    if (t->dtype == dtype && ct_shape_equal(&shape, &wanted)) return true;
    ct_raise(CT_ERR_SHAPE, "ct_refill", at, "the next batch is %s %s, the tensor %s %s", ct_dtype_name(dtype),
             ct_describe_shape(&wanted, want), ct_dtype_name((ct_dtype)t->dtype), ct_describe(t, have));
    return false;
}

bool ct_refill_at(const char *at, ct_loader *loader, ct_batch batch) {
    if (!loader) return ct_raise_null("ct_refill", at, 0), false;
    int64_t b = next_size(loader);
    if (!fits(at, batch.x, loader->options.dtype, CT_SHAPE(b, loader->dataset->features)) ||
        !fits(at, batch.y, CT_I64, CT_SHAPE(b)))
        return false;
    deal(loader, batch.x, batch.y);
    return true;
}
