/* The per-thread error store: the first cause is kept until it is reported. */
#include "tensor/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define TEXT_SIZE 1024

/* PENDING: raised, and the next must-check function reports it. REPORTED: still readable, no longer in the way. */
static _Thread_local struct {
    enum { NONE, PENDING, REPORTED } state;
    ct_error_code code;
    char text[TEXT_SIZE];
} store;

static const struct {
    const char *name, *meaning;
} codes[] = {
#define CT_ERROR(code, text) [code] = {#code, text},
#include "tensor/errors.def"
#undef CT_ERROR
};

const char *ct_error(void) { return store.state == NONE ? "" : store.text; }
ct_error_code ct_error_status(void) { return store.state == NONE ? CT_OK : store.code; }
void ct_error_clear(void) { store.state = NONE; }

static bool is_code(ct_error_code code) { return (unsigned)code < CT_ERROR_CODE_COUNT; }
const char *ct_error_name(ct_error_code code) { return is_code(code) ? codes[code].name : "unknown code"; }
const char *ct_error_meaning(ct_error_code code) { return is_code(code) ? codes[code].meaning : "unknown code"; }

/* Bytes of the call that may stand before a place, as in "ct_mse: src/model.c:41". */
static size_t call_length(const char *at) {
    size_t n = strcspn(at, ":/\\");
    return strncmp(at + n, ": ", 2) ? 0 : n + 2;
}

const char *ct_place_name(const char *at) {
    if (!at) return NULL;
    for (const char *c = at += call_length(at); *c; c++)
        if (*c == '/' || *c == '\\') at = c + 1;
    return at;
}

/* At the end of the first line; below it a formula may stand, with a caret. */
static void add_place(const char *at) {
    char below[TEXT_SIZE];
    char *end = store.text + strcspn(store.text, "\n");
    memcpy(below, end, strlen(end) + 1);
    snprintf(end, TEXT_SIZE - (size_t)(end - store.text), " (%s)%s", at, below);
}

__attribute__((format(printf, 4, 0))) static void keep(ct_error_code code, const char *op, const char *at,
                                                       const char *format, va_list args) {
    if (store.state == PENDING) return;
    store.state = PENDING;
    store.code = code;
    size_t n = 0, call = op && at ? call_length(at) : 0;
    if (op) n = (size_t)snprintf(store.text, TEXT_SIZE / 4, "%s: ", op);
    if (call && strncmp(store.text, at, call) != 0)
        n = (size_t)snprintf(store.text, TEXT_SIZE / 4, "%.*s%s: ", (int)call, at, op);
    size_t reserve = at ? strlen(ct_place_name(at)) + 4 : 1; /* the place stays readable after a long message */
    if (reserve > TEXT_SIZE / 2) reserve = TEXT_SIZE / 2;
    n = n < TEXT_SIZE / 4 ? n : TEXT_SIZE / 4 - 1;
    vsnprintf(store.text + n, TEXT_SIZE - n - reserve, format, args);
    if (at) add_place(ct_place_name(at));
}

void ct_raise(ct_error_code code, const char *op, const char *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    keep(code, op, at, format, args);
    va_end(args);
}

bool ct_refuse(ct_error_code code, const char *op, const char *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    keep(code, op, at, format, args);
    va_end(args);
    return ct_error_report();
}

void ct_raise_null(const char *op, const char *at, int operand) {
    if (store.state == NONE)
        ct_raise(CT_ERR_NULL, op, at, "operand %d is NULL", operand + 1);
    else
        store.state = PENDING; /* the reported cause made the operand NULL: it is in the way again */
}

bool ct_refuse_operand(const char *op, const char *at, const ct_tensor *t, int operand) {
    char text[CT_DESCRIPTION];
    if (t)
        ct_raise(CT_ERR_SCOPE, op, at, "operand %d, %s, belongs to a scope that has ended", operand + 1,
                 ct_describe(t, text));
    else
        ct_raise_null(op, at, operand);
    return false;
}

void ct_raise_no_scope(const char *op, const char *at) {
    ct_raise(CT_ERR_SCOPE, op, at, "no scope is open: call ct_begin() first");
}

void ct_raise_memory(const char *op, const char *at, size_t bytes) {
    if (ct_this.limit && bytes > ct_this.limit - ct_this.spent)
        ct_raise(CT_ERR_LIMIT, op, at, "%zu bytes wanted, but all that a formula computes may take %zu", bytes,
                 ct_this.limit);
    ct_raise(CT_ERR_MEMORY, op, at, "out of memory, %zu bytes wanted", bytes);
}

bool ct_error_pending(void) { return store.state == PENDING; }

bool ct_error_report(void) {
    if (store.state != PENDING) return true;
    store.state = REPORTED;
    return false;
}

void ct_error_forget_reported(void) {
    if (store.state == REPORTED) store.state = NONE;
}

char *ct_describe_shape(const ct_shape *shape, char buffer[CT_DESCRIPTION]) {
    size_t n = 0;
    buffer[n++] = '(';
    for (int i = 0; i < shape->ndim && i < CT_MAX_DIMS; i++) /* 8 extents of at most 12 characters in sight: fits */
        n += (size_t)snprintf(buffer + n, CT_DESCRIPTION - n, "%s%" PRId64, i ? "," : "", shape->dim[i]),
            n = n < CT_DESCRIPTION - 2 ? n : CT_DESCRIPTION - 2;
    buffer[n++] = ')';
    buffer[n] = '\0';
    return buffer;
}

ct_shape ct_index_of(const ct_tensor *t, int64_t i) {
    ct_shape index = {.ndim = t->ndim};
    for (int axis = t->ndim - 1; axis >= 0; i /= t->extent->dim[axis--]) index.dim[axis] = i % t->extent->dim[axis];
    return index;
}

char *ct_describe(const ct_tensor *t, char buffer[CT_DESCRIPTION]) {
    if (!t) return memcpy(buffer, "NULL", 5);
    char text[CT_DESCRIPTION];
    ct_shape shape = ct_shape_of(t);
    ct_describe_shape(&shape, text);
    const char *label = t->label ? t->label : "";
    int room = CT_DESCRIPTION - 1 - (int)strlen(text);
    snprintf(buffer, CT_DESCRIPTION, "%.*s%s", room > 0 ? room : 0, label, text);
    return buffer;
}
