/* Parts of data sets, and scaled ones: other views of the same elements. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- ranges and samples --------------------------------------------------------------------------------------- */

/* Samples begin to end - 1. */
static ct_dataset *part_of(const char *op, const char *at, const ct_dataset *dataset, int64_t begin, int64_t end) {
    ct_dataset *part = ct_dataset_derive(op, at, dataset, end - begin, false);
    for (int64_t i = begin; part && i < end; i++) part->index[i - begin] = ct_stored_sample(dataset, i);
    return part;
}

ct_dataset *ct_dataset_range_at(const char *at, const ct_dataset *dataset, int64_t begin, int64_t end) {
    const char *op = "ct_dataset_range";
    if (!dataset) return ct_raise_null(op, at, 0), NULL;
    if (begin < 0 || end <= begin || end > dataset->size)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "samples %" PRId64 " to %" PRId64 " of %" PRId64, begin, end,
                        dataset->size),
               NULL;
    return part_of(op, at, dataset, begin, end);
}

/* All samples in a random order. */
static ct_dataset *shuffled(const char *op, const char *at, const ct_dataset *dataset, uint64_t seed) {
    ct_dataset *all = ct_dataset_derive(op, at, dataset, dataset->size, false);
    if (!all) return NULL;
    ct_shuffle(all->index, all->size, seed, CT_PART_STREAM);
    for (int64_t i = 0; i < all->size; i++) all->index[i] = ct_stored_sample(dataset, all->index[i]);
    return all;
}

ct_dataset *ct_dataset_sample_at(const char *at, const ct_dataset *dataset, int64_t n, uint64_t seed) {
    const char *op = "ct_dataset_sample";
    if (!dataset) return ct_raise_null(op, at, 0), NULL;
    if (n < 1 || n > dataset->size)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%" PRId64 " of %" PRId64 " samples", n, dataset->size), NULL;
    ct_dataset *all = shuffled(op, at, dataset, seed), *part = all ? part_of(op, at, all, 0, n) : NULL;
    ct_dataset_free(all);
    return part;
}

/* Those of `all` from begin to end - 1, and the others; `all` is freed. */
static bool cut(const char *op, const char *at, ct_dataset *all, int64_t begin, int64_t end, ct_dataset **inner,
                ct_dataset **outer) {
    *inner = all ? part_of(op, at, all, begin, end) : NULL;
    *outer = *inner ? ct_dataset_derive(op, at, all, all->size - (end - begin), false) : NULL;
    for (int64_t i = 0, k = 0; *outer && i < all->size; i++)
        if (i < begin || i >= end) (*outer)->index[k++] = all->index[i];
    ct_dataset_free(all);
    if (*outer) return true;
    ct_dataset_free(*inner);
    *inner = NULL;
    return false;
}

/* Sets both results, parameters k and k + 1, to NULL; false with an error raised when one has no place. */
static bool has_places(const char *op, const char *at, int k, ct_dataset **first, ct_dataset **second) {
    if (first) *first = NULL;
    if (second) *second = NULL;
    if (!first || !second) ct_raise_null(op, at, first ? k + 1 : k);
    return first && second;
}

bool ct_dataset_split_at(const char *at, const ct_dataset *dataset, double fraction, uint64_t seed,
                         ct_dataset **first, ct_dataset **second) {
    const char *op = "ct_dataset_split";
    if (!has_places(op, at, 3, first, second)) return false;
    if (!dataset) return ct_raise_null(op, at, 0), false;
    double n = round(fraction * (double)dataset->size);
    if (!(n >= 1 && n < (double)dataset->size))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "a fraction %g of %" PRId64 " samples leaves a part empty", fraction,
                        dataset->size),
               false;
    return cut(op, at, shuffled(op, at, dataset, seed), 0, (int64_t)n, first, second);
}

bool ct_dataset_fold_at(const char *at, const ct_dataset *dataset, int64_t k, int64_t i, uint64_t seed,
                        ct_dataset **train, ct_dataset **validation) {
    const char *op = "ct_dataset_fold";
    if (!has_places(op, at, 4, train, validation)) return false;
    if (!dataset) return ct_raise_null(op, at, 0), false;
    if (k < 2 || k > dataset->size || i < 0 || i >= k)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "fold %" PRId64 " of %" PRId64 " of %" PRId64 " samples", i, k,
                        dataset->size),
               false;
    int64_t whole = dataset->size / k, left = dataset->size % k; /* the first `left` folds have one more */
    int64_t begin = i * whole + (i < left ? i : left), end = begin + whole + (i < left);
    return cut(op, at, shuffled(op, at, dataset, seed), begin, end, validation, train);
}

/* ---- joining ------------------------------------------------------------------------------------------------ */

static bool joinable(const char *at, const ct_dataset *a, const ct_dataset *b) {
    const char *why = NULL;
    if (a->shift || b->shift) why = "one is scaled: join first, then scale";
    else if (!ct_shape_equal(&a->sample, &b->sample) || !ct_shape_equal(&a->target, &b->target))
        why = "their samples or targets have different shapes";
    else if (a->store->x_dtype != b->store->x_dtype || a->store->y_dtype != b->store->y_dtype)
        why = "their samples or targets have different dtypes";
    return !why || (ct_raise(CT_ERR_SHAPE, "ct_dataset_join", at, "%s", why), false);
}

/* Appends the rows of `part`, of `row` bytes each, that are in `from`. */
static void append_rows(ct_bytes *to, const ct_dataset *part, const ct_bytes *from, size_t row) {
    for (int64_t i = 0; i < part->size; i++, to->size += row)
        memcpy(to->data + to->size, from->data + (size_t)ct_stored_sample(part, i) * row, row);
}

static bool join_rows(const char *at, const ct_dataset *a, const ct_dataset *b, const ct_bytes *from_a,
                      const ct_bytes *from_b, size_t row, ct_bytes *to) {
    size_t bytes;
    if (!ct_checked_mul((size_t)(a->size + b->size), row, &bytes))
        return ct_raise(CT_ERR_LIMIT, "ct_dataset_join", at, "too many samples"), false;
    to->data = ct_alloc(bytes);
    if (!to->data) return ct_raise_memory("ct_dataset_join", at, bytes), false;
    to->capacity = bytes;
    append_rows(to, a, from_a, row);
    append_rows(to, b, from_b, row);
    return true;
}

ct_dataset *ct_dataset_join_at(const char *at, const ct_dataset *first, const ct_dataset *second) {
    const char *op = "ct_dataset_join";
    if (!first || !second) return ct_raise_null(op, at, first ? 1 : 0), NULL;
    if (!joinable(at, first, second)) return NULL;
    ct_store *a = first->store, *b = second->store, content = {.x_dtype = a->x_dtype, .y_dtype = a->y_dtype};
    size_t x_row = (size_t)first->features * ct_dtype_size(a->x_dtype);
    size_t y_row = (size_t)first->targets * ct_dtype_size(a->y_dtype);
    if (join_rows(at, first, second, &a->x, &b->x, x_row, &content.x) &&
        join_rows(at, first, second, &a->y, &b->y, y_row, &content.y))
        return ct_dataset_make(op, at, first->size + second->size, &first->sample, &first->target, content);
    ct_bytes_free(&content.x);
    return NULL;
}

/* ---- scaling ------------------------------------------------------------------------------------------------ */

static double stored(const ct_dataset *d, int64_t i, int64_t feature) {
    return ct_read_element(d->store->x_dtype, d->store->x.data, ct_stored_sample(d, i) * d->features + feature);
}

/* Mean and standard deviation of each feature, in two passes over the samples. */
static void standardize(const ct_dataset *d, double *shift, double *range) {
    memset(shift, 0, (size_t)d->features * sizeof *shift);
    memset(range, 0, (size_t)d->features * sizeof *range);
    for (int64_t i = 0; i < d->size; i++)
        for (int64_t k = 0; k < d->features; k++) shift[k] += stored(d, i, k) / (double)d->size;
    for (int64_t i = 0; i < d->size; i++)
        for (int64_t k = 0; k < d->features; k++) {
            double difference = stored(d, i, k) - shift[k];
            range[k] += difference * difference / (double)d->size;
        }
    for (int64_t k = 0; k < d->features; k++) range[k] = sqrt(range[k]);
}

/* The least value of each feature, and the largest less the least. */
static void span(const ct_dataset *d, double *shift, double *range) {
    for (int64_t k = 0; k < d->features; k++) shift[k] = INFINITY, range[k] = -INFINITY;
    for (int64_t i = 0; i < d->size; i++)
        for (int64_t k = 0; k < d->features; k++) {
            double x = stored(d, i, k);
            if (x < shift[k]) shift[k] = x;
            if (x > range[k]) range[k] = x;
        }
    for (int64_t k = 0; k < d->features; k++) range[k] -= shift[k];
}

ct_dataset *ct_dataset_scale_at(const char *at, const ct_dataset *dataset, const ct_dataset *reference,
                                ct_scaling scaling) {
    const char *op = "ct_dataset_scale";
    if (!dataset || !reference) return ct_raise_null(op, at, dataset ? 1 : 0), NULL;
    if (!ct_shape_equal(&dataset->sample, &reference->sample) ||
        dataset->store->x_dtype != reference->store->x_dtype)
        return ct_raise(CT_ERR_SHAPE, op, at, "the samples and those of the reference are of different sorts"), NULL;
    if (scaling != CT_STANDARDIZE && scaling != CT_MIN_MAX)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%d is no scaling", (int)scaling), NULL;
    ct_dataset *scaled = ct_dataset_derive(op, at, dataset, 0, true);
    if (!scaled) return NULL;
    (scaling == CT_STANDARDIZE ? standardize : span)(reference, scaled->shift, scaled->range);
    for (int64_t k = 0; k < scaled->features; k++)
        if (!(scaled->range[k] > 0)) scaled->range[k] = 1;
    return scaled;
}
