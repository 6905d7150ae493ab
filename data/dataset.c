/* Data sets: from IDX files, from tensors; what all of them share. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <string.h>

/* folder/split-content, or with ".gz" after it when only that is there. False with an error raised. */
static bool find_file(const char *op, const char *at, const char *folder, const char *split, const char *content,
                      char path[CT_MAX_PATH]) {
    int n = snprintf(path, CT_MAX_PATH - 3, "%s/%s-%s", folder, split, content);
    if (n < 0 || n >= CT_MAX_PATH - 3)
        return ct_raise(CT_ERR_FILE, op, at, "%.80s...: the path is too long", path), false;
    if (ct_file_exists(path)) return true;
    memcpy(path + n, ".gz", 4);
    if (ct_file_exists(path)) return true;
    return ct_raise(CT_ERR_FILE, op, at, "%.*s: no such file, nor with .gz after its name", n, path), false;
}

/* One label for each image; false with an error raised. */
static bool match(const char *op, const char *at, const char *images, const ct_shape *x, const char *labels,
                  const ct_shape *y) {
    char text[CT_DESCRIPTION];
    bool are_images = x->ndim >= 2, are_labels = y->ndim == 1;
    if (are_images && are_labels && x->dim[0] == y->dim[0]) return true;
    if (!are_images)
        ct_raise(CT_ERR_FORMAT, op, at, "%s: %s is no set of images", images, ct_describe_shape(x, text));
    else if (!are_labels)
        ct_raise(CT_ERR_FORMAT, op, at, "%s: %s is no list of labels", labels, ct_describe_shape(y, text));
    else
        ct_raise(CT_ERR_FORMAT, op, at, "%s holds %" PRId64 " images, but %s %" PRId64 " labels", images, x->dim[0],
                 labels, y->dim[0]);
    return false;
}

/* The shape without its first axis. */
static ct_shape inner_shape(const ct_shape *shape) {
    ct_shape inner = {.ndim = shape->ndim - 1};
    for (int i = 0; i < inner.ndim; i++) inner.dim[i] = shape->dim[i + 1];
    return inner;
}

static bool read_split(const char *op, const char *at, const char *folder, const char *split, ct_shape *x,
                       ct_store *content) {
    char images[CT_MAX_PATH], labels[CT_MAX_PATH];
    ct_shape y;
    return find_file(op, at, folder, split, "images-idx3-ubyte", images) &&
           find_file(op, at, folder, split, "labels-idx1-ubyte", labels) &&
           ct_idx_read(op, at, images, x, &content->x) && ct_idx_read(op, at, labels, &y, &content->y) &&
           match(op, at, images, x, labels, &y);
}

ct_dataset *ct_dataset_idx_at(const char *at, const char *folder, const char *split) {
    const char *op = "ct_dataset_idx";
    ct_shape x;
    ct_store content = {.x_dtype = CT_U8, .y_dtype = CT_U8};
    if (!folder || !split) return ct_raise(CT_ERR_NULL, op, at, "the folder or split is NULL"), NULL;
    if (read_split(op, at, folder, split, &x, &content)) {
        ct_shape sample = inner_shape(&x);
        return ct_dataset_make(op, at, x.dim[0], &sample, &CT_SCALAR, content);
    }
    ct_bytes_free(&content.x);
    ct_bytes_free(&content.y);
    return NULL;
}

/* ---- from tensors ------------------------------------------------------------------------------------------- */

static bool copy_elements(const char *op, const char *at, const ct_tensor *t, ct_bytes *bytes) {
    size_t n = ct_bytes_of(t);
    bytes->data = ct_alloc(n);
    if (!bytes->data) return ct_raise_memory(op, at, n), false;
    memcpy(bytes->data, t->data, n);
    bytes->size = bytes->capacity = n;
    return true;
}

ct_dataset *ct_dataset_tensors_at(const char *at, const ct_tensor *x, const ct_tensor *y) {
    const char *op = "ct_dataset_tensors";
    char text[2][CT_DESCRIPTION];
    if (!ct_usable(op, at, x, 0) || !ct_usable(op, at, y, 1)) return NULL;
    ct_shape xs = ct_shape_of(x), ys = ct_shape_of(y);
    if (xs.ndim < 1 || ys.ndim < 1 || xs.dim[0] != ys.dim[0] || ct_size_of(x) == 0 || ct_size_of(y) == 0)
        return ct_raise(CT_ERR_SHAPE, op, at, "%s and %s are no samples with a target each", ct_describe(x, text[0]),
                        ct_describe(y, text[1])),
               NULL;
    ct_store content = {.x_dtype = (ct_dtype)x->dtype, .y_dtype = (ct_dtype)y->dtype};
    ct_shape sample = inner_shape(&xs), target = inner_shape(&ys);
    if (copy_elements(op, at, x, &content.x) && copy_elements(op, at, y, &content.y))
        return ct_dataset_make(op, at, xs.dim[0], &sample, &target, content);
    ct_bytes_free(&content.x);
    return NULL;
}

/* ---- what all share ------------------------------------------------------------------------------------------- */

/* A copy of the head with arrays behind it, not filled: `indices` of them, and a scaling or none. */
static ct_dataset *allocate(const char *op, const char *at, const ct_dataset *head, int64_t indices, bool scaled) {
    size_t words = 0, bytes;
    if ((scaled && !ct_checked_mul((size_t)head->features, 2, &words)) ||
        !ct_checked_add(words, (size_t)indices, &words) || !ct_checked_mul(words, sizeof(int64_t), &bytes) ||
        !ct_checked_add(bytes, sizeof(ct_dataset), &bytes))
        return ct_raise(CT_ERR_LIMIT, op, at, "%" PRId64 " samples are too many", head->size), NULL;
    ct_dataset *d = ct_alloc(bytes);
    if (!d) return ct_raise_memory(op, at, bytes), NULL;
    int64_t *index = (int64_t *)(d + 1);
    double *scaling = (double *)(index + indices);
    *d = *head;
    d->bytes = bytes;
    d->index = indices ? index : NULL;
    d->shift = scaled ? scaling : NULL;
    d->range = scaled ? scaling + head->features : NULL;
    atomic_fetch_add(&d->store->users, 1);
    return d;
}

/* 1 + the largest of n labels, or 0 with an error raised when one is negative. */
static int64_t count_classes(const char *op, const char *at, const ct_store *store, int64_t n) {
    int64_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double label = ct_read_element(store->y_dtype, store->y.data, i);
        if (label < 0 || label > INT32_MAX)
            return ct_raise(CT_ERR_ARGUMENT, op, at, "label %.0f: classes are from 0 to %d", label, INT32_MAX), 0;
        if ((int64_t)label > largest) largest = (int64_t)label;
    }
    return largest + 1;
}

ct_dataset *ct_dataset_make(const char *op, const char *at, int64_t size, const ct_shape *sample,
                            const ct_shape *target, ct_store content) {
    ct_dataset head = {.size = size, .sample = *sample, .target = *target, .features = 1, .targets = 1};
    for (int i = 0; i < sample->ndim; i++) head.features *= sample->dim[i]; /* at most the elements that there are */
    for (int i = 0; i < target->ndim; i++) head.targets *= target->dim[i];
    const bool numbers = ct_is_float(content.y_dtype);
    if (!numbers) head.classes = count_classes(op, at, &content, size * head.targets);
    const bool sound = numbers || head.classes;
    head.store = sound ? ct_alloc(sizeof *head.store) : NULL;
    if (sound && !head.store) ct_raise_memory(op, at, sizeof *head.store);
    if (head.store) *head.store = content;
    ct_dataset *d = head.store ? allocate(op, at, &head, 0, false) : NULL;
    if (d) return d;
    ct_bytes_free(&content.x);
    ct_bytes_free(&content.y);
    ct_dealloc(head.store, sizeof *head.store);
    return NULL;
}

ct_dataset *ct_dataset_derive(const char *op, const char *at, const ct_dataset *like, int64_t size, bool scaled) {
    int64_t indices = size ? size : like->index ? like->size : 0;
    ct_dataset *d = allocate(op, at, like, indices, scaled || like->shift);
    if (!d) return NULL;
    if (size) d->size = size;
    else if (like->index) memcpy(d->index, like->index, (size_t)like->size * sizeof *d->index);
    if (like->shift) memcpy(d->shift, like->shift, 2 * (size_t)like->features * sizeof *d->shift); /* and range */
    return d;
}

void ct_dataset_free(ct_dataset *dataset) {
    if (!dataset) return;
    ct_store *store = dataset->store;
    ct_dealloc(dataset, dataset->bytes);
    if (atomic_fetch_sub(&store->users, 1) > 1) return;
    ct_bytes_free(&store->x);
    ct_bytes_free(&store->y);
    ct_dealloc(store, sizeof *store);
}

int64_t ct_dataset_size(const ct_dataset *dataset) { return dataset ? dataset->size : 0; }
int64_t ct_dataset_features(const ct_dataset *dataset) { return dataset ? dataset->features : 0; }
int64_t ct_dataset_classes(const ct_dataset *dataset) { return dataset ? dataset->classes : 0; }
ct_shape ct_dataset_shape(const ct_dataset *dataset) { return dataset ? dataset->sample : CT_SCALAR; }
ct_shape ct_dataset_target_shape(const ct_dataset *dataset) { return dataset ? dataset->target : CT_SCALAR; }
