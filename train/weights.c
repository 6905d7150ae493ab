/* A module's parameters to and from a file; files of several lists of tensors; what weights are like. */
#include "train/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- parts ----------------------------------------------------------------------------------------------- */

/* Tensors that alias those of the part, with the part's name before theirs. False with an error raised. */
static bool name_tensors(const char *at, const ct_part *part, ct_tensor **out) {
    char name[1024];
    for (int i = 0; i < part->tensors.n; i++) {
        ct_tensor *t = part->tensors.items[i];
        int n = snprintf(name, sizeof name, "%s%s", part->name, t->label);
        if (n >= (int)sizeof name)
            return ct_raise(CT_ERR_LIMIT, "ct_save", at, "the name %.40s... is too long", name), false;
        out[i] = ct_label(ct_wrap((ct_dtype)t->dtype, ct_shape_of(t), t->data), name);
        if (!out[i]) return false;
    }
    return true;
}

bool ct_parts_write(const char *op, const char *at, const char *path, int n, const ct_part *parts) {
    int all = 0, done = 0;
    for (int i = 0; i < n; i++) all += parts[i].tensors.n;
    ct_scope s = ct_begin();
    ct_tensor **tensors = ct_scope_array(ct_this.depth, (size_t)all, sizeof(ct_tensor *));
    bool ok = tensors || (ct_raise_memory(op, at, sizeof(ct_tensor *)), false);
    for (int i = 0; ok && i < n; done += parts[i++].tensors.n) ok = name_tensors(at, &parts[i], tensors + done);
    ok = ok && ct_archive_write(op, at, path, (ct_list){all, tensors});
    ct_close(s);
    return ok;
}

/* The part of a tensor's name after the part's; NULL when it is of another part. */
static const char *name_within(const ct_part *part, const char *name) {
    size_t n = strlen(part->name);
    return strncmp(name, part->name, n) == 0 ? name + n : NULL;
}

static const ct_archive_entry *find(const ct_archive *archive, const ct_part *part, const ct_tensor *t) {
    for (int64_t i = 0; i < archive->n; i++) {
        const char *name = name_within(part, archive->entries[i].name);
        if (name && strcmp(name, t->label) == 0) return &archive->entries[i];
    }
    return NULL;
}

/* The file has t, and as it is here; false with an error raised. */
static bool entry_fits(const ct_reader *file, const ct_archive *archive, const ct_part *part,
                       const ct_tensor *t) {
    char theirs[CT_DESCRIPTION], ours[CT_DESCRIPTION];
    ct_shape shape = ct_shape_of(t);
    const ct_archive_entry *entry = find(archive, part, t);
    if (!entry)
        return ct_reader_fail(file, CT_ERR_FORMAT, "there is no %s \"%s%s\"", part->what, part->name, t->label);
    if (entry->dtype == t->dtype && ct_shape_equal(&entry->shape, &shape)) return true;
    return ct_reader_fail(file, CT_ERR_SHAPE, "%s \"%s%s\" is %s %s in the file, %s %s here", part->what,
                          part->name, t->label, ct_dtype_name(entry->dtype),
                          ct_describe_shape(&entry->shape, theirs), ct_dtype_name((ct_dtype)t->dtype),
                          ct_describe_shape(&shape, ours));
}

static bool is_wanted(int n, const ct_part *parts, const char *name) {
    for (int i = 0; i < n; i++) {
        const char *rest = name_within(&parts[i], name);
        for (int k = 0; rest && k < parts[i].tensors.n; k++)
            if (strcmp(parts[i].tensors.items[k]->label, rest) == 0) return true;
    }
    return false;
}

bool ct_parts_match(const ct_reader *file, const ct_archive *archive, int n, const ct_part *parts) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < parts[i].tensors.n; k++)
            if (!entry_fits(file, archive, &parts[i], parts[i].tensors.items[k])) return false;
    for (int64_t i = 0; i < archive->n; i++)
        if (!is_wanted(n, parts, archive->entries[i].name))
            return ct_reader_fail(file, CT_ERR_FORMAT, "nothing here takes its \"%s\"", archive->entries[i].name);
    return true;
}

void ct_parts_copy(const ct_archive *archive, int n, const ct_part *parts) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < parts[i].tensors.n; k++) {
            ct_tensor *t = parts[i].tensors.items[k];
            ct_archive_copy(archive, find(archive, &parts[i], t), t->data);
        }
}

/* ---- modules ------------------------------------------------------------------------------------------------ */

/* An error on record comes first, and a module or a path that is NULL; false with an error raised. */
static bool may_begin(const char *op, const char *at, const ct_module *m, const char *path) {
    if (!m) ct_raise_null(op, at, 0);
    if (!path) ct_raise(CT_ERR_NULL, op, at, "the path is NULL");
    return !ct_error_pending();
}

bool ct_save_at(const char *at, const ct_module *m, const char *path) {
    if (may_begin("ct_save", at, m, path)) ct_archive_write("ct_save", at, path, ct_module_state(m));
    return ct_error_report();
}

bool ct_load_at(const char *at, ct_module *m, const char *path) {
    ct_archive archive;
    ct_reader file = {.op = "ct_load", .at = at, .path = path}; /* for errors */
    ct_part parameters = {"", "parameter", ct_module_state(m)};
    if (!may_begin("ct_load", at, m, path)) return ct_error_report();
    if (ct_archive_open("ct_load", at, path, &archive) && ct_parts_match(&file, &archive, 1, &parameters))
        ct_parts_copy(&archive, 1, &parameters);
    ct_archive_free(&archive);
    return ct_error_report();
}

/* ---- what they are like --------------------------------------------------------------------------------------- */

static bool is_measurable(const ct_tensor *t) { return t && ct_is_float(t->dtype) && ct_size_of(t) > 0; }

static double element(const ct_tensor *t, int64_t i) { return ct_read_element((ct_dtype)t->dtype, t->data, i); }

ct_weight_statistics ct_weight_statistics_of(const ct_tensor *t) {
    ct_weight_statistics s = {0, NAN, NAN, NAN, NAN};
    if (!is_measurable(t)) return s;
    double sum = 0, squares = 0;
    s = (ct_weight_statistics){.n = ct_size_of(t)};
    ct_range range = CT_NO_RANGE;
    for (int64_t i = 0; i < s.n; i++) {
        double x = element(t, i);
        sum += x;
        ct_range_add(&range, x);
    }
    s.min = range.low;
    s.max = range.high;
    s.mean = sum / (double)s.n;
    for (int64_t i = 0; i < s.n; i++) squares += (element(t, i) - s.mean) * (element(t, i) - s.mean);
    s.std = sqrt(squares / (double)s.n);
    return s;
}

bool ct_weight_histogram_at(const char *at, const ct_tensor *t, double low, double high, int64_t bins,
                            int64_t *count) {
    const char *op = "ct_weight_histogram";
    if (!t || !count) return ct_raise_null(op, at, t ? 4 : 0), false;
    if (!ct_is_float(t->dtype)) return ct_raise(CT_ERR_DTYPE, op, at, "the tensor is not floating"), false;
    if (!(low < high) || !isfinite(high - low) || bins < 1)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%" PRId64 " bins from %g to %g", bins, low, high), false;
    memset(count, 0, (size_t)bins * sizeof *count);
    for (int64_t i = 0; i < ct_size_of(t); i++) {
        double x = element(t, i);
        if (!(x >= low && x <= high)) continue;
        int64_t bin = (int64_t)((x - low) / (high - low) * (double)bins);
        count[bin < bins ? bin : bins - 1]++;
    }
    return true;
}
