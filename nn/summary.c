/* A module as a table. */
#include "nn/internal.h"

#include <string.h>

#define TEXT_SIZE 256

/* 109386 reads "109,386". */
static const char *grouped(int64_t n, char text[TEXT_SIZE]) {
    char *p = text + TEXT_SIZE;
    *--p = '\0';
    for (int digits = 0; digits == 0 || n > 0; digits++, n /= 10) {
        if (digits && digits % 3 == 0) *--p = ',';
        *--p = (char)('0' + n % 10);
    }
    return p;
}

typedef struct table {
    FILE *out;          /* NULL: only to measure */
    int width;          /* of the first column */
    int64_t parameters; /* of all rows so far */
} table;

static void print_row(table *t, const char *layer, const char *shapes, const char *number) {
    const int length = (int)strlen(layer);
    if (t->out && *number) fprintf(t->out, "%-*s %-28s %12s\n", t->width, layer, shapes, number);
    else if (t->out) fprintf(t->out, "%s\n", layer);
    else if (length > t->width) t->width = length;
}

/* The module's own parameters: their shapes as "(128,784) (128)", and their number. */
static int64_t own_parameters(const ct_module *m, char shapes[TEXT_SIZE]) {
    int64_t n = 0;
    shapes[0] = '\0';
    for (int i = 0; i < m->own.n; i++) {
        char text[CT_DESCRIPTION];
        const ct_tensor *t = m->own.items[i];
        if (!(t->flags & (CT_LEAF | CT_FROZEN))) continue; /* a buffer */
        ct_shape shape = ct_shape_of(t);
        size_t length = strlen(shapes);
        snprintf(shapes + length, TEXT_SIZE - length, "%s%s", length ? " " : "", ct_describe_shape(&shape, text));
        n += ct_size_of(t);
    }
    return n;
}

/* A row for each module that has parameters or is not made of others. */
static void print_module(ct_module *m, const char *path, void *context) {
    table *t = context;
    char shapes[TEXT_SIZE], layer[TEXT_SIZE], number[TEXT_SIZE];
    const int64_t n = own_parameters(m, shapes);
    t->parameters += n;
    if (m->parts && !n) return;
    int length = snprintf(layer, TEXT_SIZE, "%.200s%s", path, *path ? " " : "");
    ct_module_describe(m, layer + length, TEXT_SIZE - (size_t)length);
    print_row(t, layer, shapes, n ? grouped(n, number) : "");
}

bool ct_summary_at(const char *at, const ct_module *m, FILE *out) {
    char number[TEXT_SIZE];
    if (!m) return ct_raise_null("ct_summary", at, 0), false;
    if (!out) return ct_raise_null("ct_summary", at, 1), false;
    table measured = {.width = 24};
    ct_visit((ct_module *)m, print_module, &measured); /* which changes nothing */
    table t = {.out = out, .width = measured.width};
    print_row(&t, "layer", "shapes", "parameters");
    ct_visit((ct_module *)m, print_module, &t);
    print_row(&t, "total", "", grouped(t.parameters, number));
    if (fflush(out) == 0 && !ferror(out)) return true;
    return ct_raise(CT_ERR_FILE, "ct_summary", at, "the table could not be written"), false;
}
