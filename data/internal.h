/* data/: what the files of this room share, and archives of named tensors for train/. */
#ifndef COTANGENT_DATA_INTERNAL_H
#define COTANGENT_DATA_INTERNAL_H

#include "data/data.h"
#include "tensor/file.h"

#include <stdatomic.h>

/* Elements that data sets share, never changed. */
typedef struct ct_store {
    atomic_int users; /* the last one frees it */
    ct_dtype x_dtype, y_dtype;
    ct_bytes x; /* (samples, features) */
    ct_bytes y; /* (samples, targets); integers are classes, none negative */
} ct_store;

/* One block, with the arrays behind it. */
struct ct_dataset {
    ct_store *store;
    size_t bytes;     /* of the block */
    int64_t size;     /* samples */
    int64_t features; /* elements of one sample */
    int64_t targets;  /* elements of one target */
    int64_t classes;  /* 1 + the largest label in the store; 0: targets are numbers */
    ct_shape sample, target;
    int64_t *index;        /* (size) samples of the store; NULL: all of them in order */
    double *shift, *range; /* (features) each; NULL: not scaled */
};

static inline int64_t ct_stored_sample(const ct_dataset *d, int64_t i) { return d->index ? d->index[i] : i; }

/* A data set of `size` samples that takes over the bytes of x and y, also on failure: NULL with an error raised. */
ct_dataset *ct_dataset_make(const char *op, const char *at, int64_t size, const ct_shape *sample,
                            const ct_shape *target, ct_store content);
/* Another view of the same store: of `size` samples with an index to be filled, or for 0 of the same samples as `like`;
 * `scaled` ones have room for a scaling, which is filled when `like` has one. NULL with an error raised. */
ct_dataset *ct_dataset_derive(const char *op, const char *at, const ct_dataset *like, int64_t size, bool scaled);

/* Streams of random numbers of this room, apart from those of random tensors, which count from 0. */
#define CT_PART_STREAM ((uint64_t)1 << 62)
#define CT_SHUFFLE_STREAMS ((uint64_t)2 << 62) /* one an epoch from here on */
#define CT_AUGMENT_STREAMS ((uint64_t)3 << 62) /* likewise */

/* ---- gzip.c ------------------------------------------------------------------------------------------------- */

/* A reader of the plain content of a file or, if it begins as gzip does, of what is compressed in it. */
typedef struct ct_gzip ct_gzip;
ct_gzip *ct_gzip_open(const char *op, const char *at, const char *path); /* NULL with an error raised */
ct_reader *ct_gzip_reader(ct_gzip *gzip);
void ct_gzip_close(ct_gzip *gzip); /* NULL is fine */

/* ---- idx.c -------------------------------------------------------------------------------------------------- */

/* Reads an IDX file of unsigned bytes, of 1 to CT_MAX_DIMS dimensions, none 0. False with an error raised; the caller
 * frees `bytes` in any case. */
bool ct_idx_read(const char *op, const char *at, const char *path, ct_shape *shape, ct_bytes *bytes);

/* ---- bytes.c ------------------------------------------------------------------------------------------------ */

/* The next n bytes of the file, its `part`; false with an error raised. */
bool ct_read_part(ct_reader *reader, const char *part, size_t n, ct_bytes *bytes);
/* Turns n elements between this machine's byte order and the one said, in place. */
void ct_order_bytes(uint8_t *bytes, size_t n, size_t size, bool little_endian);
void ct_write_elements(ct_writer *writer, const ct_tensor *t); /* little-endian */

/* ---- safetensors.c: archives ---------------------------------------------------------------------------------- */

/* Writes labelled tensors; false with an error raised. */
bool ct_archive_write(const char *op, const char *at, const char *path, ct_list tensors);

typedef struct ct_archive_entry {
    const char *name; /* owned by the header */
    ct_dtype dtype;
    ct_shape shape;
    size_t begin, size; /* bytes of its elements in the archive's data */
} ct_archive_entry;

typedef struct ct_archive {
    int64_t n;
    ct_archive_entry *entries; /* ordered by begin; they cover the data without gap or overlap */
    size_t entries_bytes;
    struct json_t *header; /* keeps the names */
    ct_bytes data;
} ct_archive;

/* Reads and checks all of it. False with an error raised; the caller frees the archive in any case. */
bool ct_archive_read(ct_reader *reader, ct_archive *archive);
bool ct_archive_open(const char *op, const char *at, const char *path, ct_archive *archive); /* the same of a file */
const ct_archive_entry *ct_archive_find(const ct_archive *archive, const char *name);        /* NULL: there is none */
void ct_archive_copy(const ct_archive *archive, const ct_archive_entry *entry, void *elements);
void ct_archive_free(ct_archive *archive);

/* ---- loader_kernels.c --------------------------------------------------------------------------------------- */

/* From stored elements to a batch's, n of them; tables by the dtype stored, then the batch's. */
typedef struct ct_loader_kernels {
    void (*cast[CT_DTYPE_COUNT][CT_DTYPE_COUNT])(const void *x, void *z, int64_t n); /* to f32, f64 and i64 */
    /* z[i] = (x[i] - shift[i]) / range[i], to f32 and f64 */
    void (*scale[CT_DTYPE_COUNT][CT_DTYPE_COUNT])(const void *x, const double *shift, const double *range, void *z,
                                                  int64_t n);
    void (*unit[CT_DTYPE_COUNT])(const void *x, void *z, int64_t n); /* z[i] = x[i] / 255 of u8, to f32 and f64 */
} ct_loader_kernels;

/* ---- deal.c: what a batch holds ------------------------------------------------------------------------------- */

/* 0 to n - 1 in a random order, a function of seed and stream alone. */
void ct_shuffle(int64_t *order, int64_t n, uint64_t seed, uint64_t stream);

/* How batches are made, and where the next one stands. */
typedef struct ct_dealer {
    const ct_dataset *dataset;
    ct_loader_options options; /* presets filled in */
    int64_t batches;           /* in an epoch */
    int64_t epoch;             /* of the next batch */
    int64_t next;              /* its first place in the order */
    int64_t *order;            /* (size) the samples in this epoch's order */
    char *work;                  /* (2, features) of the batch's dtype; NULL: no augmentation */
    const double *shift, *range; /* (features) each, of the scaling after augmentation; NULL: none */
} ct_dealer;

void ct_deal_order(ct_dealer *dealer);             /* for dealer->epoch */
int64_t ct_deal_size(const ct_dealer *dealer);     /* samples of the next batch */
void ct_deal_advance(ct_dealer *dealer);           /* to the batch after the next; orders nothing */
void ct_deal(ct_dealer *dealer, void *x, void *y); /* fills x (b, features) and y (b, targets), and moves on */

/* ---- augment.c ------------------------------------------------------------------------------------------------ */

typedef struct ct_warp {
    int64_t planes, height, width;
    double down, right, angle; /* pixels, pixels, radians */
} ct_warp;
/* z (planes, height, width) = x turned by `angle` about the middle, then moved; f32 or f64. */
void ct_warp_image(const ct_warp *w, ct_dtype dtype, const void *x, void *z);

/* ---- prefetch.c ----------------------------------------------------------------------------------------------- */

/* A thread that deals ahead. */
typedef struct ct_prefetch ct_prefetch;
/* For batches of at most so many bytes; NULL with an error raised. */
ct_prefetch *ct_prefetch_new(const char *at, ct_dealer *dealer, size_t x_bytes, size_t y_bytes);
void ct_prefetch_free(ct_prefetch *prefetch); /* NULL is fine */
void ct_prefetch_take(ct_prefetch *prefetch, void *x, size_t x_bytes, void *y, size_t y_bytes);
void ct_prefetch_seek(ct_prefetch *prefetch, int64_t epoch, int64_t next);

#endif
