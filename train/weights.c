/* A module's parameters to and from a file. */
#include "data/internal.h"
#include "tensor/internal.h"
#include "train/train.h"

#include <string.h>

/* An error on record comes first, and a module or a path that is NULL; false with an error raised. */
static bool may_begin(const char *op, const char *at, const ct_module *m, const char *path) {
    if (!m) ct_raise_null(op, at, 0);
    if (!path) ct_raise(CT_ERR_NULL, op, at, "the path is NULL");
    return !ct_error_pending();
}

bool ct_save_at(const char *at, const ct_module *m, const char *path) {
    if (may_begin("ct_save", at, m, path)) ct_archive_write("ct_save", at, path, ct_parameters(m));
    return ct_error_report();
}

/* What the file has for the parameter p; NULL with an error raised when it is not there or is something else. */
static const ct_archive_entry *entry_for(const ct_reader *file, const ct_archive *archive, const ct_tensor *p) {
    char theirs[CT_DESCRIPTION], ours[CT_DESCRIPTION];
    ct_shape shape = ct_shape_of(p);
    const ct_archive_entry *entry = ct_archive_find(archive, p->label);
    if (!entry) return ct_reader_fail(file, CT_ERR_FORMAT, "there is no parameter \"%s\"", p->label), NULL;
    if (entry->dtype == p->dtype && ct_shape_equal(&entry->shape, &shape)) return entry;
    ct_reader_fail(file, CT_ERR_SHAPE, "parameter \"%s\" is %s %s in the file, %s %s in the module", p->label,
                   ct_dtype_name(entry->dtype), ct_describe_shape(&entry->shape, theirs),
                   ct_dtype_name((ct_dtype)p->dtype), ct_describe_shape(&shape, ours));
    return NULL;
}

static bool is_parameter(ct_list parameters, const char *name) {
    for (int i = 0; i < parameters.n; i++)
        if (strcmp(parameters.items[i]->label, name) == 0) return true;
    return false;
}

/* Each parameter has its entry and each entry its parameter; false with an error raised. */
static bool match(const ct_reader *file, const ct_archive *archive, ct_list parameters) {
    for (int i = 0; i < parameters.n; i++)
        if (!entry_for(file, archive, parameters.items[i])) return false;
    for (int64_t i = 0; i < archive->n; i++)
        if (!is_parameter(parameters, archive->entries[i].name))
            return ct_reader_fail(file, CT_ERR_FORMAT, "\"%s\" is no parameter of the module",
                                  archive->entries[i].name);
    return true;
}

bool ct_load_at(const char *at, ct_module *m, const char *path) {
    ct_archive archive;
    ct_reader file = {.op = "ct_load", .at = at, .path = path}; /* for errors */
    if (!may_begin("ct_load", at, m, path)) return ct_error_report();
    ct_list parameters = ct_parameters(m);
    if (ct_archive_open("ct_load", at, path, &archive) && match(&file, &archive, parameters))
        for (int i = 0; i < parameters.n; i++)
            ct_archive_copy(&archive, ct_archive_find(&archive, parameters.items[i]->label),
                            parameters.items[i]->data);
    ct_archive_free(&archive);
    return ct_error_report();
}
