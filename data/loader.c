/* Mini-batches: what options allow, where the next batch is, and its tensors. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <math.h>

struct ct_loader {
    ct_dealer dealer;      /* deals; with prefetch it is ahead, and another thread's */
    ct_dealer here;        /* the same for the next batch that the user gets; it only counts */
    ct_prefetch *prefetch; /* NULL: without */
    size_t bytes;          /* of this block, with the dealer's arrays behind it */
};

/* ---- options ------------------------------------------------------------------------------------------------ */

static bool augments(const ct_loader_options *o) { return o->augment.shift != 0 || o->augment.rotate != 0; }

static bool refuse(const char *at, ct_error_code code, const char *why) {
    return ct_raise(code, "ct_loader_new", at, "%s", why), false;
}

static bool valid_batch(const char *at, const ct_dataset *dataset, const ct_loader_options *o) {
    const char *op = "ct_loader_new";
    if (o->batch < 1) ct_raise(CT_ERR_ARGUMENT, op, at, "a batch of %" PRId64 " samples, of at least 1", o->batch);
    else if (o->drop_last && o->batch > dataset->size)
        ct_raise(CT_ERR_ARGUMENT, op, at, "drop_last leaves nothing of %" PRId64 " samples in batches of %" PRId64,
                 dataset->size, o->batch);
    else if (!ct_is_float(o->dtype) && o->dtype != CT_I64)
        ct_raise(CT_ERR_DTYPE, op, at, "batches are f32, f64 or i64, not %s", ct_dtype_name(o->dtype));
    else return true;
    return false;
}

/* A sample's shape in a batch has its features. */
static bool valid_shape(const char *at, const ct_dataset *dataset, const ct_shape *shape) {
    char text[CT_DESCRIPTION];
    int64_t size;
    if (shape->ndim == 0) return true;
    if (shape->ndim < 0 || shape->ndim >= CT_MAX_DIMS)
        return refuse(at, CT_ERR_SHAPE, "a sample's shape has too many dimensions");
    if (ct_checked_size(shape->ndim, shape->dim, &size) && size == dataset->features) return true;
    return ct_raise(CT_ERR_SHAPE, "ct_loader_new", at, "a sample of %" PRId64 " features has no shape %s",
                    dataset->features, ct_describe_shape(shape, text)),
           false;
}

static bool valid_options(const char *at, const ct_dataset *dataset, const ct_loader_options *o) {
    const ct_augmentation *a = &o->augment;
    if (!valid_batch(at, dataset, o) || !valid_shape(at, dataset, &o->shape)) return false;
    if (o->dtype == CT_I64 && (ct_is_float(dataset->store->x_dtype) || dataset->shift || augments(o) || o->one_hot))
        return refuse(at, CT_ERR_DTYPE, "i64 batches are of integers as they are stored");
    if (o->one_hot && (!dataset->classes || dataset->targets != 1))
        return refuse(at, CT_ERR_ARGUMENT, "one_hot, but the targets are no single classes");
    if (!(a->shift >= 0 && isfinite(a->shift) && a->rotate >= 0 && isfinite(a->rotate)))
        return refuse(at, CT_ERR_ARGUMENT, "the augmentation has a number that is not 0 or positive and finite");
    if (augments(o) && dataset->sample.ndim < 2)
        return refuse(at, CT_ERR_SHAPE, "augmentation, but the samples are no images");
    return true;
}

/* ---- life --------------------------------------------------------------------------------------------------- */

/* Bytes of a loader with what lies behind it: the order (size); for augmentation, from *extra on, a scaling
 * (2, features) f64 and two samples (2, features) of the batch's dtype. */
static bool block_size(const ct_dataset *d, const ct_loader_options *o, size_t *extra, size_t *bytes) {
    size_t order, pair;
    if (!ct_checked_mul((size_t)d->size, sizeof(int64_t), &order) || !ct_checked_add(sizeof(ct_loader), order, extra))
        return false;
    *bytes = *extra;
    if (!augments(o)) return true;
    return ct_checked_mul((size_t)d->features, 2 * sizeof(double), &pair) && ct_checked_add(*bytes, pair, bytes) &&
           ct_checked_add(*bytes, pair, bytes);
}

/* What is behind the loader; bytes that are no longer whole numbers after augmentation are divided by 255 then. */
static void lay_out(const ct_dataset *d, const ct_loader_options *o, ct_loader *loader, size_t extra) {
    ct_dealer *dealer = &loader->dealer;
    *dealer = (ct_dealer){.dataset = d, .options = *o, .order = (int64_t *)(loader + 1),
                          .batches = d->size / o->batch + (d->size % o->batch && !o->drop_last)};
    ct_deal_order(dealer);
    if (!augments(o)) return;
    double *shift = (double *)(void *)((char *)loader + extra), *range = shift + d->features;
    for (int64_t i = 0; i < d->features; i++) shift[i] = 0, range[i] = 255;
    dealer->work = (char *)(range + d->features);
    dealer->shift = d->shift ? d->shift : d->store->x_dtype == CT_U8 ? shift : NULL;
    dealer->range = d->shift ? d->range : d->store->x_dtype == CT_U8 ? range : NULL;
}

/* Shapes of a batch of b samples. */
static ct_shape put_before(int64_t b, const ct_shape *rest) {
    ct_shape shape = {.ndim = rest->ndim + 1, .dim = {b}};
    for (int i = 0; i < rest->ndim; i++) shape.dim[i + 1] = rest->dim[i];
    return shape;
}

static ct_shape x_shape(const ct_dealer *dealer, int64_t b) {
    const ct_shape *own = &dealer->options.shape;
    return own->ndim ? put_before(b, own) : CT_SHAPE(b, dealer->dataset->features);
}

static ct_shape y_shape(const ct_dealer *dealer, int64_t b) {
    const ct_dataset *d = dealer->dataset;
    return dealer->options.one_hot ? CT_SHAPE(b, d->classes) : put_before(b, &d->target);
}

static ct_dtype y_dtype(const ct_dealer *dealer) {
    return dealer->dataset->classes && !dealer->options.one_hot ? CT_I64 : dealer->options.dtype;
}

static bool shape_bytes(ct_shape shape, ct_dtype dtype, size_t *bytes) {
    int64_t size;
    return ct_checked_size(shape.ndim, shape.dim, &size) && ct_checked_mul((size_t)size, ct_dtype_size(dtype), bytes);
}

static bool start_prefetch(const char *at, ct_loader *loader) {
    const ct_dealer *here = &loader->here;
    int64_t b = ct_deal_size(here);
    size_t x_bytes, y_bytes;
    if (!shape_bytes(x_shape(here, b), here->options.dtype, &x_bytes) ||
        !shape_bytes(y_shape(here, b), y_dtype(here), &y_bytes))
        return refuse(at, CT_ERR_LIMIT, "the batches are too large");
    loader->prefetch = ct_prefetch_new(at, &loader->dealer, x_bytes, y_bytes);
    return loader->prefetch;
}

ct_loader *ct_loader_new_at(const char *at, const ct_dataset *dataset, const ct_loader_options *options) {
    const char *op = "ct_loader_new";
    size_t extra, bytes;
    if (!dataset || !options) return ct_raise_null(op, at, dataset ? 1 : 0), NULL;
    ct_loader_options chosen = *options;
    if (chosen.dtype == 0) chosen.dtype = CT_F32;
    if (!valid_options(at, dataset, &chosen)) return NULL;
    if (!block_size(dataset, &chosen, &extra, &bytes))
        return ct_raise(CT_ERR_LIMIT, op, at, "%" PRId64 " samples are too many", dataset->size), NULL;
    ct_loader *loader = ct_alloc(bytes);
    if (!loader) return ct_raise_memory(op, at, bytes), NULL;
    *loader = (ct_loader){.bytes = bytes};
    lay_out(dataset, &chosen, loader, extra);
    loader->here = loader->dealer;
    if (!chosen.prefetch || start_prefetch(at, loader)) return loader;
    return ct_loader_free(loader), NULL;
}

void ct_loader_free(ct_loader *loader) {
    if (!loader) return;
    ct_prefetch_free(loader->prefetch);
    ct_dealloc(loader, loader->bytes);
}

/* ---- places ------------------------------------------------------------------------------------------------- */

int64_t ct_batches(const ct_loader *loader) { return loader ? loader->here.batches : 1; }

int64_t ct_next_size(const ct_loader *loader) { return loader ? ct_deal_size(&loader->here) : 0; }

ct_loader_place ct_loader_tell(const ct_loader *loader) {
    if (!loader) return (ct_loader_place){0};
    return (ct_loader_place){loader->here.epoch, loader->here.next / loader->here.options.batch};
}

bool ct_loader_seek_at(const char *at, ct_loader *loader, ct_loader_place place) {
    if (!loader) return ct_raise_null("ct_loader_seek", at, 0), false;
    ct_dealer *here = &loader->here;
    if (place.epoch < 0 || place.batch < 0 || place.batch >= here->batches)
        return ct_raise(CT_ERR_ARGUMENT, "ct_loader_seek", at,
                        "batch %" PRId64 " of epoch %" PRId64 ", of %" PRId64 " batches", place.batch, place.epoch,
                        here->batches),
               false;
    int64_t next = place.batch * here->options.batch;
    if (place.epoch == here->epoch && next == here->next) return true;
    here->epoch = place.epoch;
    here->next = next;
    if (loader->prefetch) return ct_prefetch_seek(loader->prefetch, place.epoch, next), true;
    loader->dealer.epoch = place.epoch;
    loader->dealer.next = next;
    ct_deal_order(&loader->dealer);
    return true;
}

/* ---- batches ------------------------------------------------------------------------------------------------ */

/* Puts the next samples into x and y, and moves on. */
static void deal(ct_loader *loader, ct_tensor *x, ct_tensor *y) {
    if (loader->prefetch) ct_prefetch_take(loader->prefetch, x->data, ct_bytes_of(x), y->data, ct_bytes_of(y));
    else ct_deal(&loader->dealer, x->data, y->data);
    ct_deal_advance(&loader->here);
}

ct_batch ct_next_at(const char *at, ct_loader *loader) {
    ct_batch batch = {NULL, NULL};
    if (!loader) return ct_raise_null("ct_next", at, 0), batch;
    const ct_dealer *here = &loader->here;
    ct_shape xs = x_shape(here, ct_deal_size(here)), ys = y_shape(here, ct_deal_size(here));
    ct_tensor *x = ct_new_tensor("ct_next", at, here->options.dtype, &xs, 0);
    ct_tensor *y = ct_new_tensor("ct_next", at, y_dtype(here), &ys, 0);
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
    const ct_dealer *here = &loader->here;
    int64_t b = ct_deal_size(here);
    if (!fits(at, batch.x, here->options.dtype, x_shape(here, b)) ||
        !fits(at, batch.y, y_dtype(here), y_shape(here, b)))
        return false;
    deal(loader, batch.x, batch.y);
    return true;
}
