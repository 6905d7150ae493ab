/* data/: what the files of this room share, and archives of named tensors for train/. */
#ifndef COTANGENT_DATA_INTERNAL_H
#define COTANGENT_DATA_INTERNAL_H

#include "data/data.h"
#include "tensor/file.h"

struct ct_dataset {
    int64_t size;     /* samples */
    int64_t features; /* elements of one sample */
    int64_t classes;
    ct_shape sample; /* of one sample */
    ct_bytes x;      /* (size, features) u8 */
    ct_bytes y;      /* (size) u8, each below classes */
};

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

/* z[i] = x[i] / 255 */
typedef struct ct_loader_kernels {
    void (*scale_f32)(const uint8_t *x, float *z, int64_t n);
    void (*scale_f64)(const uint8_t *x, double *z, int64_t n);
} ct_loader_kernels;

#endif
