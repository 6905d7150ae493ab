/* data/: mini-batches. A part of data.h; include that. */
#ifndef COTANGENT_LOADER_H
#define COTANGENT_LOADER_H

/* Random changes of images, the last two axes of a sample: each sample of each epoch has its own, from the loader's
 * seed, the epoch and the sample's number alone. Between pixels values are interpolated linearly; outside they are
 * those of an element stored as 0. */
typedef struct ct_augmentation {
    double shift;  /* up to so many pixels along each axis, in any direction */
    double rotate; /* up to so many degrees about the middle, in either direction */
} ct_augmentation;

typedef struct ct_loader_options {
    int64_t batch;  /* samples, at least 1; the last batch of an epoch has what is left */
    bool drop_last; /* leave a smaller last batch out */
    bool shuffle;   /* another order each epoch, from `seed` and the epoch's number alone */
    uint64_t seed;
    ct_dtype dtype; /* of x and of targets that are numbers: CT_F32, also when left out, or CT_F64; or CT_I64, which
                       takes samples as they are stored */
    ct_shape shape; /* of a sample in x: (1,28,28) for a convolution; left out: all features in a row */
    bool one_hot;   /* y (batch, classes) has 1 at the sample's class, else 0, in x's dtype */
    bool prefetch;  /* batches are made ready by a second thread, begun with the first one; the numbers are the same.
                       A child of fork() has no such thread: it makes a loader of its own, and leaves this one alone */
    ct_augmentation augment;
} ct_loader_options;

/* Deals a data set out in batches, epoch after epoch without end. Owned by the caller and for one thread at a time; the
 * data set must outlive it. */
typedef struct ct_loader ct_loader;

CT_API ct_loader *ct_loader_new_at(const char *at, const ct_dataset *dataset, const ct_loader_options *options);
#define ct_loader_new(...) ct_loader_new_at(CT_PLACE("ct_loader_new: "), __VA_ARGS__)
CT_API void ct_loader_free(ct_loader *loader); /* NULL is fine */

/* Batches in an epoch. (1: a loop over the batches of a loader that could not be made runs once, to an error at its
 * ct_end().) */
CT_API int64_t ct_batches(const ct_loader *loader);

typedef struct ct_batch {
    ct_tensor *x; /* (batch, features) or (batch, shape...); see ct_scaling for its values; NULL after a failure */
    ct_tensor *y; /* (batch, target's shape...): i64 labels, or numbers in x's dtype; likewise */
} ct_batch;

/* The next batch, as constants of the innermost scope. */
CT_API ct_batch ct_next_at(const char *at, ct_loader *loader);
#define ct_next(...) ct_next_at(CT_PLACE("ct_next: "), __VA_ARGS__)

/* The next batch put into the tensors of an earlier one, for ct_replay(). False, with an error, and nothing taken
 * when its size is another: see drop_last. */
CT_API bool ct_refill_at(const char *at, ct_loader *loader, ct_batch batch);
#define ct_refill(...) ct_refill_at(CT_PLACE("ct_refill: "), __VA_ARGS__)

/* The place of the next batch; any epoch can be dealt again. */
typedef struct ct_loader_place {
    int64_t epoch; /* from 0 */
    int64_t batch; /* of the epoch, from 0 */
} ct_loader_place;
CT_API ct_loader_place ct_loader_tell(const ct_loader *loader);
/* False, with an error, when there is no such batch. */
CT_API bool ct_loader_seek_at(const char *at, ct_loader *loader, ct_loader_place place);
#define ct_loader_seek(...) ct_loader_seek_at(CT_PLACE("ct_loader_seek: "), __VA_ARGS__)
CT_API int64_t ct_next_size(const ct_loader *loader); /* samples of the next batch; of NULL: 0 */

#endif
