/* Data sets: opening, checking that images and labels belong together. */
#include "data/internal.h"
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

static int64_t count_classes(const ct_bytes *labels) {
    int64_t largest = 0;
    for (size_t i = 0; i < labels->size; i++)
        if (labels->data[i] > largest) largest = labels->data[i];
    return largest + 1;
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

static bool read_split(const char *at, const char *folder, const char *split, ct_dataset *dataset) {
    const char *op = "ct_dataset_idx";
    char images[CT_MAX_PATH], labels[CT_MAX_PATH];
    ct_shape x, y;
    if (!find_file(op, at, folder, split, "images-idx3-ubyte", images) ||
        !find_file(op, at, folder, split, "labels-idx1-ubyte", labels) ||
        !ct_idx_read(op, at, images, &x, &dataset->x) || !ct_idx_read(op, at, labels, &y, &dataset->y) ||
        !match(op, at, images, &x, labels, &y))
        return false;
    dataset->size = x.dim[0];
    dataset->features = (int64_t)dataset->x.size / dataset->size;
    dataset->classes = count_classes(&dataset->y);
    dataset->sample.ndim = x.ndim - 1;
    for (int i = 1; i < x.ndim; i++) dataset->sample.dim[i - 1] = x.dim[i];
    return true;
}

ct_dataset *ct_dataset_idx_at(const char *at, const char *folder, const char *split) {
    if (!folder || !split) return ct_raise(CT_ERR_NULL, "ct_dataset_idx", at, "the folder or split is NULL"), NULL;
    ct_dataset *dataset = ct_alloc(sizeof *dataset);
    if (!dataset) return ct_raise_memory("ct_dataset_idx", at, sizeof *dataset), NULL;
    *dataset = (ct_dataset){0};
    if (read_split(at, folder, split, dataset)) return dataset;
    return ct_dataset_free(dataset), NULL;
}

void ct_dataset_free(ct_dataset *dataset) {
    if (!dataset) return;
    ct_bytes_free(&dataset->x);
    ct_bytes_free(&dataset->y);
    ct_dealloc(dataset, sizeof *dataset);
}

int64_t ct_dataset_size(const ct_dataset *dataset) { return dataset ? dataset->size : 0; }
int64_t ct_dataset_features(const ct_dataset *dataset) { return dataset ? dataset->features : 0; }
int64_t ct_dataset_classes(const ct_dataset *dataset) { return dataset ? dataset->classes : 0; }
ct_shape ct_dataset_shape(const ct_dataset *dataset) { return dataset ? dataset->sample : CT_SCALAR; }
