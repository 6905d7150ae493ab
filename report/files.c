/* Files and folders of runs and pages. */
#include "report/internal.h"

#include <errno.h>
#include <string.h>

#define MOST_BYTES ((size_t)256 << 20) /* of a file of a run */

ct_path ct_path_of(const char *folder, const char *name) {
    ct_path path;
    int n = snprintf(path.text, sizeof path.text, "%s/%s", folder, name);
    if (n < 0 || n >= (int)sizeof path.text) path.text[0] = '\0';
    return path;
}

bool ct_put_file(const char *op, const char *at, const char *path, const void *bytes, size_t n) {
    ct_writer writer;
    ct_write_begin(&writer, op, at, path);
    ct_write(&writer, bytes, n);
    return ct_write_end(&writer);
}

bool ct_put_text(const char *op, const char *at, const char *path, ct_text *text) {
    bool ok = !text->failed;
    if (!ok) ct_raise_memory(op, at, text->length);
    ok = ok && ct_put_file(op, at, path, text->text ? text->text : "", text->length);
    ct_text_free(text);
    return ok;
}

bool ct_get_file(const char *op, const char *at, const char *path, ct_bytes *bytes) {
    ct_file file;
    if (!ct_file_open(&file, op, at, path)) return false;
    bool ok = ct_read_up_to(&file.reader, MOST_BYTES, bytes);
    if (ok && bytes->size == MOST_BYTES) ok = ct_reader_fail(&file.reader, CT_ERR_FORMAT, "is too large");
    ct_file_close(&file);
    return ok;
}

bool ct_need_folder(const char *op, const char *at, const char *path) {
    char part[CT_MAX_PATH];
    size_t length = strlen(path), n = 0;
    if (length == 0 || length >= sizeof part) {
        return ct_raise(CT_ERR_FILE, op, at, "'%.60s': no path of a folder", path), false;
    }
    while (n < length) {
        n += strspn(path + n, "/");
        n += strcspn(path + n, "/");
        memcpy(part, path, n);
        part[n] = '\0';
        struct stat status;
        if (ct_files.make_folder(part, 0777) == 0) continue;
        if (errno == EEXIST && ct_files.stat(part, &status) == 0 && S_ISDIR(status.st_mode)) continue;
        return ct_raise(CT_ERR_FILE, op, at, "%s: cannot make this folder: %s", part, strerror(errno)), false;
    }
    return true;
}

bool ct_make_folder_at(const char *at, const char *path) {
    if (!path) ct_raise_null("ct_make_folder", at, 0);
    else ct_need_folder("ct_make_folder", at, path);
    return ct_error_report();
}
