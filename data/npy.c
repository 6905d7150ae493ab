/* NumPy's format of one array: a magic, a version, the length of a header, the header as a Python dictionary,
 *
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 *
 * with blanks up to a multiple of 64 bytes, then the elements. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6
#define MAX_HEADER 65536 /* bytes; more is no header of an array of ours */

static const char *const dtype_names[CT_DTYPE_COUNT] = {
    [CT_BOOL] = "b1", [CT_U8] = "u1", [CT_I32] = "i4", [CT_I64] = "i8", [CT_F32] = "f4", [CT_F64] = "f8",
};

typedef struct header {
    ct_dtype dtype;
    ct_shape shape;
    bool fortran, little_endian;
    int64_t n; /* elements */
    size_t bytes;
} header;

/* ---- the dictionary ------------------------------------------------------------------------------------------- */

/* What is left of the header's text, which ends with a 0. */
typedef struct cursor {
    const ct_reader *reader;
    const char *text;
} cursor;

static bool damaged(const cursor *c) {
    return ct_reader_fail(c->reader, CT_ERR_FORMAT, "its header is damaged at \"%.20s\"", c->text);
}

static void skip_blanks(cursor *c) { c->text += strspn(c->text, " \n"); }

/* Takes `word` if it comes next. */
static bool accept(cursor *c, const char *word) {
    skip_blanks(c);
    size_t n = strlen(word);
    if (strncmp(c->text, word, n) != 0) return false;
    c->text += n;
    return true;
}

static bool expect(cursor *c, const char *word) { return accept(c, word) || damaged(c); }

static bool parse_dtype(cursor *c, header *h) {
    if (!expect(c, "'")) return false;
    const char order = *c->text;
    h->little_endian = order != '>';
    if (order && strchr("<>|=", order)) c->text++;
    for (int dtype = 0; dtype < CT_DTYPE_COUNT; dtype++) {
        h->dtype = (ct_dtype)dtype;
        if (accept(c, dtype_names[dtype])) return expect(c, "'");
    }
    return ct_reader_fail(c->reader, CT_ERR_DTYPE, "its dtype '%.*s' is none of ours", (int)strcspn(c->text, "'"),
                          c->text);
}

static bool parse_order(cursor *c, header *h) {
    h->fortran = accept(c, "True");
    return h->fortran || expect(c, "False");
}

static bool parse_extent(cursor *c, int64_t *extent) {
    *extent = 0;
    skip_blanks(c);
    if (*c->text < '0' || *c->text > '9') return damaged(c);
    for (; *c->text >= '0' && *c->text <= '9'; c->text++)
        if (!ct_checked_mul_i64(*extent, 10, extent) || !ct_checked_add_i64(*extent, *c->text - '0', extent))
            return ct_reader_fail(c->reader, CT_ERR_LIMIT, "an extent is too large");
    return true;
}

/* (), (3,) or (3, 4) */
static bool parse_shape(cursor *c, header *h) {
    h->shape.ndim = 0;
    if (!expect(c, "(")) return false;
    while (!accept(c, ")")) {
        if (h->shape.ndim == CT_MAX_DIMS)
            return ct_reader_fail(c->reader, CT_ERR_LIMIT, "more than %d dimensions", CT_MAX_DIMS);
        if (!parse_extent(c, &h->shape.dim[h->shape.ndim++])) return false;
        if (!accept(c, ",") && *c->text != ')') return damaged(c);
    }
    return true;
}

static bool parse_header(cursor *c, header *h) {
    enum { DTYPE = 1, ORDER = 2, SHAPE = 4, ALL = 7 };
    char text[CT_DESCRIPTION];
    int seen = 0;
    if (!expect(c, "{")) return false;
    while (!accept(c, "}")) {
        bool ok = accept(c, "'descr':")           ? (seen |= DTYPE, parse_dtype(c, h))
                  : accept(c, "'fortran_order':") ? (seen |= ORDER, parse_order(c, h))
                  : accept(c, "'shape':")         ? (seen |= SHAPE, parse_shape(c, h))
                                                  : damaged(c);
        if (!ok) return false;
        if (!accept(c, ",") && *c->text != '}') return damaged(c);
    }
    if (seen != ALL) return ct_reader_fail(c->reader, CT_ERR_FORMAT, "its header lacks dtype, order or shape");
    if (ct_checked_size(h->shape.ndim, h->shape.dim, &h->n) &&
        ct_checked_mul((size_t)h->n, ct_dtype_size(h->dtype), &h->bytes))
        return true;
    return ct_reader_fail(c->reader, CT_ERR_LIMIT, "%s has too many elements", ct_describe_shape(&h->shape, text));
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* The length of the header's text, after the magic and the version. */
static bool read_length(ct_reader *reader, ct_bytes *bytes, size_t *length) {
    if (!ct_read_part(reader, "magic", MAGIC_SIZE + 2, bytes)) return false;
    if (memcmp(bytes->data, MAGIC, MAGIC_SIZE) != 0) return ct_reader_fail(reader, CT_ERR_FORMAT, "not an .npy file");
    const int version = bytes->data[MAGIC_SIZE], size = version == 1 ? 2 : 4;
    if (version < 1 || version > 3) return ct_reader_fail(reader, CT_ERR_FORMAT, "of version %d, not 1 to 3", version);
    bytes->size = 0;
    if (!ct_read_part(reader, "header's length", (size_t)size, bytes)) return false;
    for (int i = size; i-- > 0;) *length = *length << 8 | bytes->data[i];
    return *length <= MAX_HEADER || ct_reader_fail(reader, CT_ERR_FORMAT, "a header of %zu bytes", *length);
}

static bool read_header(ct_reader *reader, ct_bytes *bytes, header *h) {
    char text[MAX_HEADER + 1];
    size_t length = 0;
    if (!read_length(reader, bytes, &length)) return false;
    bytes->size = 0;
    if (!ct_read_part(reader, "header", length, bytes)) return false;
    if (length) memcpy(text, bytes->data, length);
    text[length] = '\0';
    cursor c = {reader, text};
    if (!parse_header(&c, h)) return false;
    skip_blanks(&c);
    return c.text == text + length || damaged(&c);
}

/* Elements with the first axis fastest, into t, which has the last one fastest. */
static void from_fortran(const header *h, const uint8_t *from, ct_tensor *t) {
    int64_t index[CT_MAX_DIMS] = {0}, place = 0, n = 1, step[CT_MAX_DIMS];
    size_t size = ct_dtype_size(h->dtype);
    for (int k = h->shape.ndim; k-- > 0; n *= h->shape.dim[k]) step[k] = n;
    for (int64_t i = 0; i < h->n; i++) {
        memcpy((char *)t->data + (size_t)place * size, from + (size_t)i * size, size);
        for (int k = 0; k < h->shape.ndim; k++) {
            place += step[k];
            if (++index[k] < h->shape.dim[k]) break;
            place -= step[k] * h->shape.dim[k];
            index[k] = 0;
        }
    }
}

static ct_tensor *read_array(ct_reader *reader, ct_bytes *bytes) {
    header h;
    bool end;
    if (!read_header(reader, bytes, &h)) return NULL;
    bytes->size = 0;
    if (!ct_read_part(reader, "elements", h.bytes, bytes) || !ct_read_at_end(reader, &end)) return NULL;
    if (!end) return ct_reader_fail(reader, CT_ERR_FORMAT, "too long: bytes follow its elements"), NULL;
    ct_tensor *t = ct_new_tensor(reader->op, reader->at, h.dtype, &h.shape, 0);
    if (!t || h.n == 0) return t;
    ct_order_bytes(bytes->data, (size_t)h.n, ct_dtype_size(h.dtype), h.little_endian);
    for (int64_t i = 0; h.dtype == CT_BOOL && i < h.n; i++) bytes->data[i] = bytes->data[i] != 0;
    if (h.fortran) from_fortran(&h, bytes->data, t);
    else memcpy(t->data, bytes->data, h.bytes);
    return t;
}

ct_tensor *ct_read_npy_at(const char *at, const char *path) {
    const char *op = "ct_read_npy";
    ct_bytes bytes = {0};
    ct_file file;
    if (!path) return ct_raise(CT_ERR_NULL, op, at, "the path is NULL"), NULL;
    if (!ct_file_open(&file, op, at, path)) return NULL;
    ct_tensor *t = read_array(&file.reader, &bytes);
    ct_bytes_free(&bytes);
    ct_file_close(&file);
    return t;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

bool ct_write_npy_at(const char *at, const char *path, const ct_tensor *t) {
    const char *op = "ct_write_npy";
    char text[512]; /* the longest header has 8 extents of 20 characters */
    ct_writer writer;
    if (!path) ct_raise(CT_ERR_NULL, op, at, "the path is NULL");
    else ct_usable(op, at, t, 1);
    if (ct_error_pending()) return ct_error_report();
    const size_t start = MAGIC_SIZE + 4;
    memset(text, ' ', sizeof text);
    memcpy(text, MAGIC "\x01", MAGIC_SIZE + 2); /* version 1.0 */
    int n = snprintf(text + start, sizeof text - start, "{'descr': '%s%s', 'fortran_order': False, 'shape': (",
                     ct_dtype_size((ct_dtype)t->dtype) > 1 ? "<" : "|", dtype_names[t->dtype]);
    for (int i = 0; i < t->ndim; i++)
        n += snprintf(text + start + n, sizeof text - start - (size_t)n, "%" PRId64 ",", t->extent->dim[i]);
    n += snprintf(text + start + n, sizeof text - start - (size_t)n, "), }");
    text[start + (size_t)n] = ' ';
    size_t all = (start + (size_t)n + 64) & ~(size_t)63; /* with the final newline, of a multiple of 64 */
    text[all - 1] = '\n';
    text[MAGIC_SIZE + 2] = (char)(all - start);
    text[MAGIC_SIZE + 3] = (char)((all - start) >> 8);
    ct_write_begin(&writer, op, at, path);
    ct_write(&writer, text, all);
    ct_write_elements(&writer, t);
    ct_write_end(&writer);
    return ct_error_report();
}
