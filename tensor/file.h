/* tensor/: files. Every call to the system goes through ct_files, so that a test can let any one of them fail; a
 * program's file is only ever replaced as a whole. */
#ifndef COTANGENT_TENSOR_FILE_H
#define COTANGENT_TENSOR_FILE_H

#include "tensor/tensor.h"

#include <sys/stat.h>
#include <sys/types.h>

#define CT_MAX_PATH 4096 /* bytes, with the final 0 */

/* As POSIX has them: -1 and errno on failure. */
typedef struct ct_file_calls {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*read)(int fd, void *bytes, size_t n);
    ssize_t (*write)(int fd, const void *bytes, size_t n);
    int (*sync)(int fd);
    int (*close)(int fd);
    int (*stat)(const char *path, struct stat *status);
    int (*rename)(const char *from, const char *to);
    int (*remove)(const char *path);
    int (*sync_folder)(const char *folder);
    int (*make_folder)(const char *path, mode_t mode);
} ct_file_calls;
extern ct_file_calls ct_files; /* not const: tests replace calls */

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* Where bytes come from and who asked for them: the first member of ct_file and of whatever decodes one. */
typedef struct ct_reader {
    const char *op, *at, *path; /* for errors; they outlive the reader */
    /* n bytes, or fewer at the end only; -1 with an error raised. */
    ptrdiff_t (*read)(struct ct_reader *reader, void *bytes, size_t n);
} ct_reader;

/* Raises "op: path: message (at)". Returns false. */
bool ct_reader_fail(const ct_reader *reader, ct_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

typedef struct ct_file {
    ct_reader reader;
    int fd;
} ct_file;

bool ct_file_open(ct_file *file, const char *op, const char *at, const char *path); /* false with an error raised */
void ct_file_close(ct_file *file);
bool ct_file_exists(const char *path);

typedef struct ct_bytes {
    uint8_t *data;
    size_t size, capacity;
} ct_bytes;

/* Appends what the reader has, up to bytes->size == limit. The memory grows with what is really there, to exactly
 * `limit` at most, so that a limit read from a file may be a lie. False with an error raised; the caller frees
 * `bytes` in any case. */
bool ct_read_up_to(ct_reader *reader, size_t limit, ct_bytes *bytes);
bool ct_read_at_end(ct_reader *reader, bool *end); /* false with an error raised */
void ct_bytes_free(ct_bytes *bytes);

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* Writes a temporary file in the same folder that takes the place of `path` at the end: other programs, and whoever
 * comes after a crash, see the old content or the new, whole. The first failure raises its error, removes the
 * temporary file and makes the further calls do nothing, so only ct_write_end() needs a look. */
typedef struct ct_writer {
    const char *op, *at, *path; /* for errors; they outlive the writer */
    int fd;                     /* of the temporary file; -1 after a failure and at the end */
    char temporary[CT_MAX_PATH];
} ct_writer;

void ct_write_begin(ct_writer *writer, const char *op, const char *at, const char *path);
void ct_write(ct_writer *writer, const void *bytes, size_t n);
bool ct_write_end(ct_writer *writer);

#endif
