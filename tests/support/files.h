/* File calls that are counted, and fail when told to; and a folder of a test's own for the files that it makes. */
#ifndef COTANGENT_TESTS_FILES_H
#define COTANGENT_TESTS_FILES_H

#include <stddef.h>
#include <stdint.h>

/* Install the counting calls. Call k (from 0, counted from now) fails, and no other; -1: none does. */
void support_fail_file_call(int64_t k);
void support_fail_file_calls_from(int64_t k); /* and all after it, as if the program had been killed */
void support_move_at_most(size_t bytes);      /* in one read or write, with interruptions; 0: as many as asked for */
int64_t support_file_calls(void);             /* since they were installed */
int64_t support_open_files(void);
void support_restore_files(void);

const char *support_make_folder(void);      /* its path */
void support_remove_folder(void);           /* and all files in it */
const char *support_path(const char *name); /* of a file in it; valid until the fourth call from now */
int support_count_folder(void);             /* files in it */

/* A fixture: that folder, with allocations and file calls counted; and then nothing of it is left, nor an error. */
const char *support_setup(void); /* the folder's path */
void support_teardown(void);

void support_put(const char *name, const void *bytes, size_t n);
void support_put_gzip(const char *name, const void *bytes, size_t n);
size_t support_get(const char *name, uint8_t *bytes, size_t limit); /* all of the file; its size, less than limit */

#endif
