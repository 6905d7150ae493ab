#include "files.h"

#include "memory.h"
#include "tensor/file.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* ---- file calls --------------------------------------------------------------------------------------------- */

static ct_file_calls real;
static int64_t made, opened, failing = -1, failing_to = -1;
static size_t most;
static bool unsynced; /* something was written since the last sync: a crash could lose it */

static bool fails(void) {
    int64_t k = made++;
    if (k < failing || k > failing_to) return false;
    errno = EIO;
    return true;
}

static int counting_open(const char *path, int flags, mode_t mode) {
    int fd = fails() ? -1 : real.open(path, flags, mode);
    opened += fd >= 0;
    return fd;
}

static int counting_close(int fd) { /* the file is closed even when the call fails, as Linux does it */
    bool failed = fails();
    opened--;
    int status = real.close(fd);
    if (failed) errno = EIO;
    return failed ? -1 : status;
}

static size_t some(size_t n) { return most && n > most ? most : n; }

/* Where moves are short, a signal comes in before every other one. */
static bool interrupted(void) {
    static bool turn;
    turn = most && !turn;
    if (turn) errno = EINTR;
    return turn;
}

static ssize_t counting_read(int fd, void *to, size_t n) {
    return fails() || interrupted() ? -1 : real.read(fd, to, some(n));
}

static ssize_t counting_write(int fd, const void *from, size_t n) {
    unsynced = true;
    return fails() || interrupted() ? -1 : real.write(fd, from, some(n));
}

static int counting_sync(int fd) {
    if (fails() || real.sync(fd)) return -1;
    unsynced = false;
    return 0;
}
static int counting_stat(const char *path, struct stat *status) { return fails() ? -1 : real.stat(path, status); }
static int counting_rename(const char *from, const char *to) {
    ck_assert_msg(!unsynced, "%s takes the place of %s without having reached the disk", from, to);
    return fails() ? -1 : real.rename(from, to);
}
static int counting_remove(const char *path) { return fails() ? -1 : real.remove(path); }
static int counting_sync_folder(const char *folder) { return fails() ? -1 : real.sync_folder(folder); }

static int counting_make_folder(const char *path, mode_t mode) { return fails() ? -1 : real.make_folder(path, mode); }

static void install(int64_t k, int64_t last) {
    made = 0;
    failing = k;
    failing_to = last;
    if (ct_files.open == counting_open) return;
    real = ct_files;
    ct_files = (ct_file_calls){
        .open = counting_open,
        .read = counting_read,
        .write = counting_write,
        .sync = counting_sync,
        .close = counting_close,
        .stat = counting_stat,
        .rename = counting_rename,
        .remove = counting_remove,
        .sync_folder = counting_sync_folder,
        .make_folder = counting_make_folder,
    };
}

void support_fail_file_call(int64_t k) { install(k, k); }
void support_fail_file_calls_from(int64_t k) { install(k, INT64_MAX); }
void support_move_at_most(size_t bytes) { most = bytes; }
int64_t support_file_calls(void) { return made; }
int64_t support_open_files(void) { return opened; }
void support_restore_files(void) { ct_files = real; }

/* ---- the folder --------------------------------------------------------------------------------------------- */

static char folder[256];

const char *support_make_folder(void) {
    const char *place = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/cotangent-XXXXXX", place ? place : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

const char *support_path(const char *name) {
    static char paths[4][640];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", folder, name);
    return path;
}

/* Calls act, which may be NULL, with the path of each file; returns how many there are. */
static int each_file(int (*act)(const char *path)) {
    int n = 0;
    DIR *listing = opendir(folder);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (act) act(support_path(entry->d_name));
        n++;
    }
    closedir(listing);
    return n;
}

int support_count_folder(void) { return each_file(NULL); }

void support_remove_folder(void) {
    each_file(remove);
    rmdir(folder);
}

const char *support_setup(void) {
    support_fail_allocation(-1);
    support_fail_file_call(-1);
    return support_make_folder();
}

void support_teardown(void) {
    ct_error_clear();
    support_restore_files();
    support_restore_allocator();
    support_remove_folder();
}

void support_put(const char *name, const void *bytes, size_t n) {
    FILE *file = fopen(support_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

void support_put_gzip(const char *name, const void *bytes, size_t n) {
    gzFile file = gzopen(support_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, bytes, (unsigned)n), (int)n);
    ck_assert_int_eq(gzclose(file), Z_OK);
}

size_t support_get(const char *name, uint8_t *bytes, size_t limit) {
    FILE *file = fopen(support_path(name), "rb");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(bytes, 1, limit, file);
    ck_assert_uint_lt(n, limit);
    fclose(file);
    return n;
}
