/* The data sets that the words of `cotangent train` ask for. */
#include "train.h"

#include <string.h>

#define MEASURED 1000 /* samples at a time */

/* Puts `part` in the place of a data set whose samples it shares; false when there is none. */
static bool replace(ct_dataset **set, ct_dataset *part) {
    if (!part) return false;
    ct_dataset_free(*set);
    *set = part;
    return true;
}

static bool split_all(const plan *p, images *i) {
    ct_dataset *all = ct_dataset_join(i->train_set, i->test_set), *first = NULL, *second = NULL;
    bool ok = all && ct_dataset_split(all, p->split, p->seed, &first, &second);
    ct_dataset_free(all);
    return ok && replace(&i->train_set, first) && replace(&i->test_set, second);
}

static bool split_off_validation(const plan *p, images *i) {
    ct_dataset *rest = NULL;
    return ct_dataset_split(i->train_set, 1 - p->val, p->seed, &rest, &i->validation_set) &&
           replace(&i->train_set, rest);
}

static bool make_sets(const plan *p, images *i) {
    i->train_set = ct_dataset_idx(p->value[W_DATA], "train");
    i->test_set = i->train_set ? ct_dataset_idx(p->value[W_DATA], "t10k") : NULL;
    return i->test_set && (p->split == 0 || split_all(p, i)) &&
           (!p->sample[0] || (replace(&i->train_set, ct_dataset_sample(i->train_set, p->sample[0], p->seed)) &&
                              replace(&i->test_set, ct_dataset_sample(i->test_set, p->sample[1], p->seed)))) &&
           (p->val == 0 || split_off_validation(p, i));
}

static bool fits_layers(const plan *p, const images *i) {
    int64_t features = ct_dataset_features(i->train_set), classes = ct_dataset_classes(i->train_set);
    if (ct_dataset_classes(i->test_set) > classes) classes = ct_dataset_classes(i->test_set);
    if (p->sizes[0] != features)
        return refuse(p, W_LAYERS, "the images of %s have %lld pixels, so the first size is %lld", p->value[W_DATA],
                      (long long)features, (long long)features);
    if (p->sizes[p->n_sizes - 1] < classes)
        return refuse(p, W_LAYERS, "the labels of %s go up to %lld, so the last size is %lld or more",
                      p->value[W_DATA], (long long)classes - 1, (long long)classes);
    return true;
}

/* Of a data set; without one, NULL. */
static ct_loader *measure(const plan *p, const ct_dataset *set) {
    ct_loader_options options = {.batch = MEASURED, .one_hot = is_word(p, W_LOSS, "mse")};
    return set ? ct_loader_new(set, &options) : NULL;
}

bool load_images(const plan *p, images *i) {
    *i = (images){0};
    if (!make_sets(p, i)) return complain(p->command, "the data"), false;
    if (!fits_layers(p, i)) return false;
    int64_t size = ct_dataset_size(i->train_set), batch = p->batch && p->batch < size ? p->batch : size;
    i->train =
        ct_loader_new(i->train_set, &(ct_loader_options){.batch = batch,
                                                         .shuffle = batch < size,
                                                         .seed = p->seed,
                                                         .one_hot = is_word(p, W_LOSS, "mse"),
                                                         .prefetch = p->threads != 1 && batch < size && batch > 8});
    i->validation = measure(p, i->validation_set);
    i->test = measure(p, i->test_set);
    i->again = is_set(p, W_MEASURE_TRAIN) ? measure(p, i->train_set) : NULL;
    bool ok =
        i->train && i->test && (i->validation || !i->validation_set) && (i->again || !is_set(p, W_MEASURE_TRAIN));
    if (!ok) complain(p->command, "the data");
    return ok;
}

void free_images(images *i) {
    ct_loader_free(i->train);
    ct_loader_free(i->again);
    ct_loader_free(i->validation);
    ct_loader_free(i->test);
    ct_dataset_free(i->train_set);
    ct_dataset_free(i->validation_set);
    ct_dataset_free(i->test_set);
}
