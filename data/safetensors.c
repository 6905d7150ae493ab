/* The safetensors format: a little-endian u64 with the header's length, the header in JSON, the elements of all
 * tensors little-endian and one after the other.
 *
 *     {"0.weight": {"dtype": "F32", "shape": [128, 784], "data_offsets": [0, 401408]}, ...}
 *
 * Jansson keeps its own allocator: setting it would set it for the caller's JSON too. What it takes is bounded by the
 * header that is really in the file. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEADER 100000000 /* bytes, as other readers of the format have it */
#define METADATA "__metadata__"

static const char *const dtype_names[CT_DTYPE_COUNT] = {
    [CT_BOOL] = "BOOL", [CT_U8] = "U8", [CT_I32] = "I32", [CT_I64] = "I64", [CT_F32] = "F32", [CT_F64] = "F64",
};

/* ---- reading ------------------------------------------------------------------------------------------------ */

static bool parse_shape(ct_reader *reader, json_t *dims, ct_archive_entry *entry) {
    if (!json_is_array(dims) || json_array_size(dims) > CT_MAX_DIMS)
        return ct_reader_fail(reader, CT_ERR_FORMAT, "\"%s\": its shape is no list of at most %d extents",
                              entry->name, CT_MAX_DIMS);
    entry->shape.ndim = (int)json_array_size(dims);
    for (int i = 0; i < entry->shape.ndim; i++) {
        json_t *dim = json_array_get(dims, (size_t)i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return ct_reader_fail(reader, CT_ERR_FORMAT, "\"%s\": extent %d is no count", entry->name, i + 1);
        entry->shape.dim[i] = json_integer_value(dim);
    }
    return true;
}

static bool parse_dtype(ct_reader *reader, const char *name, ct_archive_entry *entry) {
    for (int dtype = 0; dtype < CT_DTYPE_COUNT; dtype++)
        if (strcmp(name, dtype_names[dtype]) == 0) return entry->dtype = (ct_dtype)dtype, true;
    return ct_reader_fail(reader, CT_ERR_DTYPE, "\"%s\": dtype %.16s is none of ours", entry->name, name);
}

/* {"dtype": ..., "shape": [...], "data_offsets": [begin, end]} */
static bool parse_entry(ct_reader *reader, json_t *value, ct_archive_entry *entry) {
    char text[CT_DESCRIPTION];
    const char *dtype;
    json_t *dims;
    json_int_t begin, end;
    json_error_t why;
    int64_t n;
    size_t bytes;
    if (json_unpack_ex(value, &why, 0, "{s:s, s:o, s:[II!]}", "dtype", &dtype, "shape", &dims, "data_offsets", &begin,
                       &end))
        return ct_reader_fail(reader, CT_ERR_FORMAT, "\"%s\": %s", entry->name, why.text);
    if (!parse_dtype(reader, dtype, entry) || !parse_shape(reader, dims, entry)) return false;
    if (begin < 0 || end < begin)
        return ct_reader_fail(reader, CT_ERR_FORMAT,
                              "\"%s\": its data run from %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT,
                              entry->name, begin, end);
    if (!ct_checked_size(entry->shape.ndim, entry->shape.dim, &n) ||
        !ct_checked_mul((size_t)n, ct_dtype_size(entry->dtype), &bytes) || bytes != (uint64_t)(end - begin))
        return ct_reader_fail(
            reader, CT_ERR_FORMAT, "\"%s\": %s %s does not have the %" JSON_INTEGER_FORMAT " bytes of its data",
            entry->name, ct_dtype_name(entry->dtype), ct_describe_shape(&entry->shape, text), end - begin);
    entry->begin = (size_t)begin;
    entry->size = bytes;
    return true;
}

static int by_place(const void *a, const void *b) {
    const ct_archive_entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

/* Orders the entries by their place; they must follow each other exactly. *size: bytes of all data. */
static bool check_places(ct_reader *reader, ct_archive *archive, size_t *size) {
    *size = 0;
    qsort(archive->entries, (size_t)archive->n, sizeof *archive->entries, by_place);
    for (int64_t i = 0; i < archive->n; i++) {
        const ct_archive_entry *e = &archive->entries[i];
        if (e->begin != *size)
            return ct_reader_fail(reader, CT_ERR_FORMAT, "\"%s\": its data begin at %zu, %s at %zu", e->name,
                                  e->begin, e->begin < *size ? "over others that end" : "after a gap", *size);
        if (!ct_checked_add(*size, e->size, size))
            return ct_reader_fail(reader, CT_ERR_LIMIT, "\"%s\": its data end beyond what can be addressed", e->name);
    }
    return true;
}

static bool parse_entries(ct_reader *reader, ct_archive *archive) {
    const char *name;
    json_t *value;
    size_t bytes;
    if (!ct_checked_mul(json_object_size(archive->header), sizeof *archive->entries, &bytes))
        return ct_reader_fail(reader, CT_ERR_LIMIT, "too many tensors");
    archive->entries = ct_alloc(bytes);
    archive->entries_bytes = bytes;
    if (!archive->entries) return ct_raise_memory(reader->op, reader->at, bytes), false;
    json_object_foreach(archive->header, name, value) {
        if (strcmp(name, METADATA) == 0) continue;
        ct_archive_entry *entry = &archive->entries[archive->n++];
        *entry = (ct_archive_entry){.name = name};
        if (!parse_entry(reader, value, entry)) return false;
    }
    return true;
}

static bool read_header(ct_reader *reader, ct_archive *archive, ct_bytes *text) {
    uint64_t length = 0;
    json_error_t why;
    if (!ct_read_part(reader, "header's length", 8, text)) return false;
    for (int i = 8; i-- > 0;) length = length << 8 | text->data[i];
    if (length > MAX_HEADER)
        return ct_reader_fail(reader, CT_ERR_FORMAT, "no safetensors file: a header of %" PRIu64 " bytes", length);
    text->size = 0;
    if (!ct_read_part(reader, "header", (size_t)length, text)) return false;
    if (length == 0 || text->data[0] != '{')
        return ct_reader_fail(reader, CT_ERR_FORMAT, "no safetensors file: its header is no JSON object");
    archive->header = json_loadb((const char *)text->data, text->size, JSON_REJECT_DUPLICATES, &why);
    return archive->header ||
           ct_reader_fail(reader, CT_ERR_FORMAT, "its header is damaged at byte %d: %s", why.position, why.text);
}

bool ct_archive_read(ct_reader *reader, ct_archive *archive) {
    size_t size = 0;
    bool end;
    ct_bytes text = {0};
    *archive = (ct_archive){0};
    bool ok = read_header(reader, archive, &text);
    ct_bytes_free(&text);
    if (!ok || !parse_entries(reader, archive) || !check_places(reader, archive, &size) ||
        !ct_read_part(reader, "data", size, &archive->data) || !ct_read_at_end(reader, &end))
        return false;
    return end || ct_reader_fail(reader, CT_ERR_FORMAT, "too long: bytes follow the %zu of its data", size);
}

bool ct_archive_open(const char *op, const char *at, const char *path, ct_archive *archive) {
    ct_file file;
    *archive = (ct_archive){0};
    if (!ct_file_open(&file, op, at, path)) return false;
    bool ok = ct_archive_read(&file.reader, archive);
    ct_file_close(&file);
    return ok;
}

const ct_archive_entry *ct_archive_find(const ct_archive *archive, const char *name) {
    for (int64_t i = 0; i < archive->n; i++)
        if (strcmp(archive->entries[i].name, name) == 0) return &archive->entries[i];
    return NULL;
}

void ct_archive_copy(const ct_archive *archive, const ct_archive_entry *entry, void *elements) {
    uint8_t *to = elements;
    size_t size = ct_dtype_size(entry->dtype);
    if (entry->size == 0) return;
    memcpy(to, archive->data.data + entry->begin, entry->size);
    ct_order_bytes(to, entry->size / size, size, true);
    if (entry->dtype == CT_BOOL)
        for (size_t i = 0; i < entry->size; i++) to[i] = to[i] != 0;
}

void ct_archive_free(ct_archive *archive) {
    ct_dealloc(archive->entries, archive->entries_bytes);
    json_decref(archive->header);
    ct_bytes_free(&archive->data);
    *archive = (ct_archive){0};
}

static ct_tensor *read_tensor(const char *op, const char *at, const ct_archive *archive,
                              const ct_archive_entry *entry) {
    ct_tensor *t = ct_new_tensor(op, at, entry->dtype, &entry->shape, 0);
    if (t) ct_archive_copy(archive, entry, t->data);
    return t ? ct_label_at(at, t, entry->name) : NULL;
}

static ct_list read_tensors(const char *op, const char *at, const ct_archive *archive) {
    ct_list none = {0, NULL};
    size_t bytes;
    ct_tensor **tensors = NULL;
    if (ct_checked_mul((size_t)archive->n, sizeof *tensors, &bytes)) tensors = ct_scope_alloc(ct_this.depth, bytes);
    if (!tensors) return ct_raise_memory(op, at, bytes), none;
    for (int64_t i = 0; i < archive->n; i++)
        if (!(tensors[i] = read_tensor(op, at, archive, &archive->entries[i]))) return none;
    return (ct_list){(int)archive->n, tensors};
}

ct_list ct_read_safetensors_at(const char *at, const char *path) {
    const char *op = "ct_read_safetensors";
    ct_list tensors = {0, NULL};
    ct_archive archive;
    if (!path) return ct_raise(CT_ERR_NULL, op, at, "the path is NULL"), tensors;
    if (ct_this.depth == 0) return ct_raise_no_scope(op, at), tensors;
    if (ct_archive_open(op, at, path, &archive)) tensors = read_tensors(op, at, &archive);
    ct_archive_free(&archive);
    return tensors;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* The header's entry of a tensor; NULL when out of memory. */
static json_t *describe(const ct_tensor *t, size_t begin, size_t end) {
    json_t *entry = json_pack("{s:s, s:[], s:[I,I]}", "dtype", dtype_names[t->dtype], "shape", "data_offsets",
                              (json_int_t)begin, (json_int_t)end);
    for (int i = 0; entry && i < t->ndim; i++)
        if (json_array_append_new(json_object_get(entry, "shape"), json_integer(t->extent->dim[i])))
            return json_decref(entry), NULL;
    return entry;
}

/* Adds the tensor whose data begin at *place, which moves to their end. False with an error raised. */
static bool add_entry(const char *op, const char *at, const ct_tensor *t, size_t *place, json_t *header) {
    char text[CT_DESCRIPTION];
    size_t begin = *place;
    if (!t->label) return ct_raise(CT_ERR_ARGUMENT, op, at, "a tensor %s has no label", ct_describe(t, text)), false;
    if (json_object_get(header, t->label) || strcmp(t->label, METADATA) == 0)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "the label \"%s\" is taken", t->label), false;
    if (!ct_checked_add(begin, ct_bytes_of(t), place))
        return ct_raise(CT_ERR_LIMIT, op, at, "more bytes than a file can have"), false;
    json_t *entry = describe(t, begin, *place);
    if (!entry) return ct_raise(CT_ERR_MEMORY, op, at, "out of memory for the header"), false;
    if (json_object_set_new(header, t->label, entry) == 0) return true;
    return ct_raise(CT_ERR_ARGUMENT, op, at, "the label \"%s\" is not UTF-8", t->label), false;
}

/* The header's length and its text, with blanks up to a multiple of 8 bytes. False with an error raised. */
static bool print_header(const char *op, const char *at, json_t *header, ct_bytes *text) {
    size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT), padded, bytes;
    if (length == 0 || !ct_checked_round_up(length, 8, &padded) || !ct_checked_add(padded, 8, &bytes) ||
        !(text->data = ct_alloc(bytes)))
        return ct_raise(CT_ERR_MEMORY, op, at, "out of memory for the header"), false;
    text->size = text->capacity = bytes;
    for (int i = 0; i < 8; i++) text->data[i] = (uint8_t)((uint64_t)padded >> 8 * i);
    memset(text->data + 8, ' ', padded);
    json_dumpb(header, (char *)text->data + 8, length, JSON_COMPACT);
    return true;
}

static bool make_header(const char *op, const char *at, ct_list tensors, ct_bytes *text) {
    size_t place = 0;
    json_t *header = json_object();
    if (!header) return ct_raise(CT_ERR_MEMORY, op, at, "out of memory for the header"), false;
    bool ok = true;
    for (int i = 0; ok && i < tensors.n; i++)
        ok = tensors.items && tensors.items[i] ? add_entry(op, at, tensors.items[i], &place, header)
                                               : (ct_raise_null(op, at, i), false);
    ok = ok && print_header(op, at, header, text);
    json_decref(header);
    return ok;
}

bool ct_archive_write(const char *op, const char *at, const char *path, ct_list tensors) {
    ct_writer writer;
    ct_bytes header = {0};
    if (!make_header(op, at, tensors, &header)) return false;
    ct_write_begin(&writer, op, at, path);
    ct_write(&writer, header.data, header.size);
    for (int i = 0; i < tensors.n; i++) ct_write_elements(&writer, tensors.items[i]);
    ct_bytes_free(&header);
    return ct_write_end(&writer);
}

bool ct_write_safetensors_at(const char *at, const char *path, ct_list tensors) {
    const char *op = "ct_write_safetensors";
    if (ct_error_pending()) return ct_error_report(); /* what went wrong before comes first; nothing is written */
    if (!path) return ct_refuse(CT_ERR_NULL, op, at, "the path is NULL");
    ct_archive_write(op, at, path, tensors);
    return ct_error_report();
}
