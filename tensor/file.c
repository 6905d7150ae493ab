/* The file layer. */
#include "tensor/file.h"
#include "tensor/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static int open_file(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }

static int sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int status = fsync(fd);
    if (status && errno == EINVAL) status = 0; /* this file system syncs no folders */
    int cause = errno;
    close(fd);
    errno = cause;
    return status;
}

ct_file_calls ct_files = {
    .open = open_file,
    .read = read,
    .write = write,
    .sync = fsync,
    .close = close,
    .stat = stat,
    .rename = rename,
    .remove = unlink,
    .sync_folder = sync_folder,
    .make_folder = mkdir,
};

/* ---- reading ------------------------------------------------------------------------------------------------ */

bool ct_reader_fail(const ct_reader *reader, ct_error_code code, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ct_raise(code, reader->op, reader->at, "%s: %s", reader->path, text);
    return false;
}

static ptrdiff_t read_file(ct_reader *reader, void *bytes, size_t n) {
    ct_file *file = (ct_file *)reader;
    size_t done = 0;
    while (done < n) {
        ssize_t got = ct_files.read(file->fd, (char *)bytes + done, n - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return ct_reader_fail(reader, CT_ERR_FILE, "cannot read: %s", strerror(errno)), -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ptrdiff_t)done;
}

bool ct_file_open(ct_file *file, const char *op, const char *at, const char *path) {
    *file = (ct_file){.reader = {op, at, path, read_file}, .fd = ct_files.open(path, O_RDONLY, 0)};
    return file->fd >= 0 || ct_reader_fail(&file->reader, CT_ERR_FILE, "cannot open: %s", strerror(errno));
}

void ct_file_close(ct_file *file) {
    if (file->fd >= 0) ct_files.close(file->fd); /* nothing was written that a failure could lose */
    file->fd = -1;
}

bool ct_file_exists(const char *path) {
    struct stat status;
    return ct_files.stat(path, &status) == 0;
}

static bool grow(ct_reader *reader, size_t limit, ct_bytes *bytes) {
    enum { FIRST = 1 << 16 };
    size_t half = bytes->capacity < FIRST / 2 ? FIRST / 2 : bytes->capacity;
    size_t capacity = half > limit / 2 ? limit : 2 * half;
    uint8_t *data = ct_alloc(capacity);
    if (!data) return ct_raise_memory(reader->op, reader->at, capacity), false;
    if (bytes->size) memcpy(data, bytes->data, bytes->size);
    ct_dealloc(bytes->data, bytes->capacity);
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

bool ct_read_up_to(ct_reader *reader, size_t limit, ct_bytes *bytes) {
    while (bytes->size < limit) {
        if (bytes->size == bytes->capacity && !grow(reader, limit, bytes)) return false;
        size_t room = (bytes->capacity < limit ? bytes->capacity : limit) - bytes->size;
        ptrdiff_t got = reader->read(reader, bytes->data + bytes->size, room);
        if (got < 0) return false;
        bytes->size += (size_t)got;
        if ((size_t)got < room) break;
    }
    return true;
}

bool ct_read_at_end(ct_reader *reader, bool *end) {
    char next;
    ptrdiff_t got = reader->read(reader, &next, 1);
    *end = got == 0;
    return got >= 0;
}

void ct_bytes_free(ct_bytes *bytes) {
    ct_dealloc(bytes->data, bytes->capacity);
    *bytes = (ct_bytes){0};
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* Raises "cannot ...: errno's text" and gives the temporary file up. Returns false. */
static bool give_up(ct_writer *writer, const char *what) {
    ct_raise(CT_ERR_FILE, writer->op, writer->at, "%s: cannot %s: %s", writer->path, what, strerror(errno));
    if (writer->fd >= 0) ct_files.close(writer->fd);
    writer->fd = -1;
    if (writer->temporary[0]) ct_files.remove(writer->temporary);
    return false;
}

/* The permissions for the new file: the old one's. Only regular files are replaced; a device keeps its place. */
static bool choose_mode(ct_writer *writer, mode_t *mode) {
    struct stat old;
    *mode = 0666; /* less the umask */
    if (ct_files.stat(writer->path, &old)) return errno == ENOENT || give_up(writer, "look at the old file");
    *mode = old.st_mode & 0777;
    if (S_ISREG(old.st_mode)) return true;
    ct_raise(CT_ERR_FILE, writer->op, writer->at, "%s: not a regular file", writer->path);
    return false;
}

/* A name beside `path` that no other writer uses: of this process by the number, of another by the process. One left
 * behind by a crash is in nobody's way. */
static bool open_temporary(ct_writer *writer, mode_t mode) {
    static atomic_uint counter;
    do {
        int n = snprintf(writer->temporary, sizeof writer->temporary, "%s.%ld-%u.tmp", writer->path, (long)getpid(),
                         atomic_fetch_add(&counter, 1u));
        if (n >= (int)sizeof writer->temporary) {
            errno = ENAMETOOLONG;
            break;
        }
        writer->fd = ct_files.open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    } while (writer->fd < 0 && (errno == EEXIST || errno == EINTR));
    if (writer->fd >= 0) return true;
    writer->temporary[0] = '\0';
    return give_up(writer, "create");
}

void ct_write_begin(ct_writer *writer, const char *op, const char *at, const char *path) {
    mode_t mode;
    writer->op = op;
    writer->at = at;
    writer->path = path;
    writer->fd = -1;
    writer->temporary[0] = '\0';
    if (choose_mode(writer, &mode)) open_temporary(writer, mode);
}

void ct_write(ct_writer *writer, const void *bytes, size_t n) {
    for (size_t done = 0; writer->fd >= 0 && done < n;) {
        ssize_t put = ct_files.write(writer->fd, (const char *)bytes + done, n - done);
        if (put > 0) done += (size_t)put;
        else if (put == 0 || errno != EINTR) give_up(writer, "write");
    }
}

/* The folder's entry for the new file reaches the disk too. By now the new file is in place and whole. */
static bool sync_folder_of(const ct_writer *writer) {
    char folder[CT_MAX_PATH];
    const char *slash = strrchr(writer->path, '/');
    size_t n = !slash ? 0 : slash == writer->path ? 1 : (size_t)(slash - writer->path);
    memcpy(folder, n ? writer->path : ".", n ? n : 1);
    folder[n ? n : 1] = '\0';
    if (ct_files.sync_folder(folder) == 0) return true;
    ct_raise(CT_ERR_FILE, writer->op, writer->at, "%s: written, but its folder cannot be synced: %s", writer->path,
             strerror(errno));
    return false;
}

bool ct_write_end(ct_writer *writer) {
    if (writer->fd < 0) return false;
    if (ct_files.sync(writer->fd)) return give_up(writer, "sync");
    int fd = writer->fd;
    writer->fd = -1;
    if (ct_files.close(fd)) return give_up(writer, "close");
    if (ct_files.rename(writer->temporary, writer->path)) return give_up(writer, "rename to this");
    return sync_folder_of(writer);
}
