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

static void print_row(FILE *out, const char *layer, const char *shapes, const char *number) {
    fprintf(out, "%-24s %-28s %12s\n", layer, shapes, number);
}

/* The module's own parameters: their shapes as "(128,784) (128)", and their number. */
static int64_t own_parameters(const ct_module *m, char shapes[TEXT_SIZE]) {
    int64_t n = 0;
    shapes[0] = '\0';
    for (int i = m->n_inherited; i < m->n_parameters; i++) {
        char text[CT_DESCRIPTION];
        ct_shape shape = ct_shape_of(m->parameters[i]);
        size_t length = strlen(shapes);
        snprintf(shapes + length, TEXT_SIZE - length, "%s%s", length ? " " : "", ct_describe_shape(&shape, text));
        n += ct_size_of(m->parameters[i]);
    }
    return n;
}

/* A row for each layer below and including m, whose place is `path`; returns the number of parameters. */
static int64_t print_layers(FILE *out, const ct_module *m, const char *path) {
    char shapes[TEXT_SIZE], layer[TEXT_SIZE], below[TEXT_SIZE], number[TEXT_SIZE];
    int64_t n = own_parameters(m, shapes);
    if (!m->children || n) {
        int length = snprintf(layer, TEXT_SIZE, "%s%s", path, *path ? " " : "");
        if (m->kind->describe) m->kind->describe(m, layer + length, TEXT_SIZE - (size_t)length);
        else snprintf(layer + length, TEXT_SIZE - (size_t)length, "%s", m->kind->name + strlen("ct_"));
        print_row(out, layer, shapes, n ? grouped(n, number) : "");
    }
    int place = 0;
    for (const ct_module *child = m->children; child; child = child->next) {
        snprintf(below, TEXT_SIZE, "%.200s%s%d", path, *path ? "." : "", place++);
        n += print_layers(out, child, below);
    }
    return n;
}

bool ct_summary_at(const char *at, const ct_module *m, FILE *out) {
    char number[TEXT_SIZE];
    if (!m) return ct_raise_null("ct_summary", at, 0), false;
    if (!out) return ct_raise_null("ct_summary", at, 1), false;
    print_row(out, "layer", "shapes", "parameters");
    int64_t n = print_layers(out, m, "");
    print_row(out, "total", "", grouped(n, number));
    if (fflush(out) == 0 && !ferror(out)) return true;
    return ct_raise(CT_ERR_FILE, "ct_summary", at, "the table could not be written"), false;
}
