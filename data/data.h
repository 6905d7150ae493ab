/* data/: data sets, mini-batches, and files of tensors.
 *
 *     ct_dataset *train = ct_dataset_idx("mnist", "train");
 *     ct_loader *loader = ct_loader_new(train, &(ct_loader_options){.batch = 24, .shuffle = true, .seed = 29});
 *     for (int64_t i = 0; i < epochs * ct_batches(loader); i++) {
 *         ct_scope s = ct_begin();
 *         ct_batch batch = ct_next(loader);
 *         ... ct_cross_entropy(ct_forward(net, batch.x), batch.y) ...
 *         if (!ct_end(s)) return fail(ct_error());
 *     }
 *     ct_loader_free(loader);
 *     ct_dataset_free(train);
 */
#ifndef COTANGENT_DATA_H
#define COTANGENT_DATA_H

#include <cotangent/tensor/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- data sets ---------------------------------------------------------------------------------------------- */

/* Samples with a class label each, owned by the caller and never changed: any number of loaders may share one. */
typedef struct ct_dataset ct_dataset;

/* Reads the files `split`-images-idx3-ubyte and `split`-labels-idx1-ubyte of `folder`, plain, or gzip with ".gz"
 * after the name; MNIST's splits are "train" and "t10k". NULL, with an error, when a file is missing, cut, too long
 * or damaged, or when they do not hold one label for each image. */
CT_API ct_dataset *ct_dataset_idx_at(const char *at, const char *folder, const char *split);
#define ct_dataset_idx(...) ct_dataset_idx_at(CT_HERE, __VA_ARGS__)
CT_API void ct_dataset_free(ct_dataset *dataset); /* NULL is fine */

/* Of NULL: the value in brackets. */
CT_API int64_t ct_dataset_size(const ct_dataset *dataset);     /* samples (0) */
CT_API int64_t ct_dataset_features(const ct_dataset *dataset); /* elements of one sample: 784 of 28 x 28 (0) */
CT_API int64_t ct_dataset_classes(const ct_dataset *dataset);  /* 1 + the largest label (0) */
CT_API ct_shape ct_dataset_shape(const ct_dataset *dataset);   /* of one sample: (28,28) (0-d) */

/* ---- mini-batches ------------------------------------------------------------------------------------------- */

typedef struct ct_loader_options {
    int64_t batch;  /* samples, at least 1; the last batch of an epoch has what is left */
    bool drop_last; /* leave a smaller last batch out */
    bool shuffle;   /* another order each epoch, from `seed` and the epoch's number alone */
    uint64_t seed;
    ct_dtype dtype; /* of x: CT_F32, also when left out, or CT_F64 */
} ct_loader_options;

/* Deals a data set out in batches, epoch after epoch without end. Owned by the caller; the data set must outlive it.
 */
typedef struct ct_loader ct_loader;

CT_API ct_loader *ct_loader_new_at(const char *at, const ct_dataset *dataset, const ct_loader_options *options);
#define ct_loader_new(...) ct_loader_new_at(CT_HERE, __VA_ARGS__)
CT_API void ct_loader_free(ct_loader *loader); /* NULL is fine */

/* Batches in an epoch. (1: a loop over the batches of a loader that could not be made runs once, to an error at its
 * ct_end().) */
CT_API int64_t ct_batches(const ct_loader *loader);

typedef struct ct_batch {
    ct_tensor *x; /* (batch, features), u8 elements scaled to [0, 1]; NULL after a failure */
    ct_tensor *y; /* (batch), i64 labels; likewise */
} ct_batch;

/* The next batch, as constants of the innermost scope. */
CT_API ct_batch ct_next_at(const char *at, ct_loader *loader);
#define ct_next(...) ct_next_at(CT_HERE, __VA_ARGS__)

/* The next batch put into the tensors of an earlier one, for ct_replay(). False, with an error, and nothing taken
 * when its size is another: see drop_last. */
CT_API bool ct_refill_at(const char *at, ct_loader *loader, ct_batch batch);
#define ct_refill(...) ct_refill_at(CT_HERE, __VA_ARGS__)

/* ---- files of tensors --------------------------------------------------------------------------------------- */

/* The safetensors format: a JSON header with names, dtypes and shapes, then the elements. The tensors' names are
 * their labels. A file is replaced as a whole or, after a failure, not at all. */
CT_API CT_MUST_CHECK bool ct_write_safetensors_at(const char *at, const char *path, ct_list tensors);
#define ct_write_safetensors(...) ct_write_safetensors_at(CT_HERE, __VA_ARGS__)

/* All tensors of a file, labelled, in the order of their elements; they and the list belong to the innermost scope.
 * An empty list, with an error, when the file is damaged or a dtype is none of ours. */
CT_API ct_list ct_read_safetensors_at(const char *at, const char *path);
#define ct_read_safetensors(...) ct_read_safetensors_at(CT_HERE, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
