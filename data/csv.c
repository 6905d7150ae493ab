/* Tables of numbers in text. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define MAX_NUMBER 63 /* characters */

typedef struct table {
    ct_reader *reader;
    char separator;
    const char *text, *end; /* what is not parsed yet */
    int64_t line, rows, columns;
    double *values; /* (rows, columns) */
    size_t n, capacity;
} table;

/* ---- numbers ------------------------------------------------------------------------------------------------ */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* A finite decimal number, blanks around it let pass. */
static bool parse_number(const char *text, size_t n, double *value) {
    char copy[MAX_NUMBER + 1], *end;
    while (n && is_blank(text[0])) text++, n--;
    while (n && is_blank(text[n - 1])) n--;
    if (n == 0 || n > MAX_NUMBER) return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (strspn(copy, "0123456789+-.eE") != n) return false; /* which nan, inf and 0x are not made of */
    *value = strtod(copy, &end);
    return *end == '\0' && isfinite(*value);
}

static const char *field_end(const table *t, const char *line_end) {
    const char *end = memchr(t->text, t->separator, (size_t)(line_end - t->text));
    return end ? end : line_end;
}

/* ---- lines -------------------------------------------------------------------------------------------------- */

/* None of the line's fields is a number. */
static bool is_header(table t, const char *line_end) {
    double value;
    for (;; t.text++) {
        const char *end = field_end(&t, line_end);
        if (parse_number(t.text, (size_t)(end - t.text), &value)) return false;
        t.text = end;
        if (end == line_end) return true;
    }
}

static bool add_value(table *t, double value) {
    if (!ct_grow((void **)&t->values, &t->capacity, t->n + 1, sizeof value))
        return ct_raise_memory(t->reader->op, t->reader->at, sizeof value), false;
    t->values[t->n++] = value;
    return true;
}

static bool parse_row(table *t, const char *line_end) {
    int64_t column = 0;
    double value;
    for (;; t->text++) {
        const char *end = field_end(t, line_end);
        size_t n = (size_t)(end - t->text);
        column++;
        if (!parse_number(t->text, n, &value))
            return ct_reader_fail(t->reader, CT_ERR_FORMAT,
                                  "line %" PRId64 ", column %" PRId64 ": \"%.*s\" is no finite number", t->line,
                                  column, (int)(n < 40 ? n : 40), t->text);
        if (!add_value(t, value)) return false;
        t->text = end;
        if (end == line_end) break;
    }
    if (t->rows++ == 0) t->columns = column;
    return column == t->columns ||
           ct_reader_fail(t->reader, CT_ERR_FORMAT, "line %" PRId64 " has %" PRId64 " columns, those before %" PRId64,
                          t->line, column, t->columns);
}

static bool parse_table(table *t) {
    while (t->text < t->end) {
        const char *newline = memchr(t->text, '\n', (size_t)(t->end - t->text));
        const char *next = newline ? newline + 1 : t->end, *line_end = newline ? newline : t->end;
        t->line++;
        if (line_end > t->text && line_end[-1] == '\r') line_end--;
        bool skip = line_end == t->text || (t->line == 1 && is_header(*t, line_end));
        if (!skip && !parse_row(t, line_end)) return false;
        t->text = next;
    }
    return t->rows || ct_reader_fail(t->reader, CT_ERR_FORMAT, "empty: it has no row of numbers");
}

static ct_tensor *read_table(ct_reader *reader, char separator, ct_bytes *bytes) {
    if (!ct_read_up_to(reader, PTRDIFF_MAX, bytes)) return NULL;
    const char *text = (const char *)bytes->data;
    table t = {.reader = reader, .separator = separator, .text = text, .end = text + bytes->size};
    ct_tensor *z = NULL;
    ct_c_locale locale;
    if (!ct_c_locale_begin(reader->op, reader->at, &locale)) return NULL;
    if (parse_table(&t)) z = ct_new_tensor(reader->op, reader->at, CT_F64, &CT_SHAPE(t.rows, t.columns), 0);
    if (z) memcpy(z->data, t.values, ct_bytes_of(z));
    ct_c_locale_end(&locale);
    ct_dealloc(t.values, t.capacity * sizeof *t.values); /* was allocated, so it fits */
    return z;
}

ct_tensor *ct_read_csv_at(const char *at, const char *path, char separator) {
    const char *op = "ct_read_csv";
    ct_bytes bytes = {0};
    if (!path) return ct_raise(CT_ERR_NULL, op, at, "the path is NULL"), NULL;
    if (separator && strchr("0123456789+-.eE \r\n", separator))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "'%c' cannot separate numbers", separator), NULL;
    ct_gzip *gzip = ct_gzip_open(op, at, path);
    if (!gzip) return NULL;
    ct_tensor *z = read_table(ct_gzip_reader(gzip), separator ? separator : ',', &bytes);
    ct_bytes_free(&bytes);
    ct_gzip_close(gzip);
    return z;
}

/* ---- data sets ---------------------------------------------------------------------------------------------- */

/* Columns begin to end - 1 of a table. */
static ct_tensor *take_columns(const char *op, const char *at, const ct_tensor *t, int64_t begin, int64_t end) {
    int64_t rows = t->extent->dim[0], columns = t->extent->dim[1];
    ct_tensor *z = ct_new_tensor(op, at, CT_F64, &CT_SHAPE(rows, end - begin), 0);
    for (int64_t i = 0; z && i < rows; i++)
        memcpy((double *)z->data + i * (end - begin), (const double *)t->data + i * columns + begin,
               (size_t)(end - begin) * sizeof(double));
    return z;
}

/* A column of whole numbers as labels. */
static ct_tensor *to_labels(const char *op, const char *at, const char *path, const ct_tensor *column) {
    const double *value = column->data;
    int64_t n = column->extent->dim[0];
    ct_tensor *labels = ct_new_tensor(op, at, CT_I64, &CT_SHAPE(n), 0);
    for (int64_t i = 0; labels && i < n; i++) {
        if (!(value[i] >= 0 && value[i] <= INT32_MAX && floor(value[i]) == value[i]))
            return ct_raise(CT_ERR_FORMAT, op, at, "%s: row %" PRId64 ": %g is no class", path, i + 1, value[i]), NULL;
        ((int64_t *)labels->data)[i] = (int64_t)value[i];
    }
    return labels;
}

static ct_dataset *from_table(const char *at, const char *path, const ct_csv_options *o, const ct_tensor *t) {
    const char *op = "ct_dataset_csv";
    int64_t columns = t->extent->dim[1], targets = o->targets ? o->targets : 1;
    if (targets < 1 || targets >= columns || (o->classes && targets != 1))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s: %" PRId64 " targets of %" PRId64 " columns", path, targets,
                        columns),
               NULL;
    ct_tensor *x = take_columns(op, at, t, 0, columns - targets);
    ct_tensor *y = x ? take_columns(op, at, t, columns - targets, columns) : NULL;
    if (y && o->classes) y = to_labels(op, at, path, y);
    return y ? ct_dataset_tensors(x, y) : NULL;
}

ct_dataset *ct_dataset_csv_at(const char *at, const char *path, const ct_csv_options *options) {
    const ct_csv_options presets = {0}, *o = options ? options : &presets;
    ct_scope s = ct_begin();
    ct_tensor *t = ct_read_csv(path, o->separator);
    ct_dataset *dataset = t ? from_table(at, path, o, t) : NULL;
    ct_close(s);
    return dataset;
}
