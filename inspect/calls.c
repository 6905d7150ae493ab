/* The functions that formulas may call. */
#include "inspect/calls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Enums by their values' names, and structs by their members', in order. */
static const char *const dtypes[] = {"bool", "u8", "i32", "i64", "f32", "f64", NULL};
static const char *const reductions[] = {"mean", "sum", "none", "batch_mean", NULL};
static const char *const indexings[] = {"ij", "xy", NULL};
static const char *const resamplings[] = {"nearest", "linear", "cubic", "area", NULL};
static const char *const grid_paddings[] = {"zeros", "border", "reflection", NULL};
static const char *const slogdet_parts[] = {"sign", "logabsdet", NULL};
static const char *const qr_parts[] = {"q", "r", NULL};
static const char *const eigh_parts[] = {"values", "vectors", NULL};
static const char *const svd_parts[] = {"u", "s", "vt", NULL};

static ct_axes kept(const ct_axes *axes, bool keep) {
    ct_axes out = *axes;
    out.keep = keep;
    return out;
}

#include "inspect/calls.inc"

#define CALLS ((int)(sizeof calls / sizeof *calls))

typedef struct span {
    const char *text;
    size_t length;
} span;

static int compare(const void *key, const void *call) {
    const span *name = key;
    const char *other = ((const ct_call *)call)->name;
    int order = strncmp(name->text, other, name->length);
    return order ? order : other[name->length] ? -1 : 0;
}

static size_t prefix(const char *name) { return strncmp(name, "ct_", 3) ? 0 : 3; }

const ct_call *ct_find_call(const char *name, size_t length) {
    size_t skipped = length > 3 ? prefix(name) : 0;
    return bsearch(&(span){name + skipped, length - skipped}, calls, CALLS, sizeof *calls, compare);
}

const char *ct_nearest_call(const char *name) {
    const char *known[CALLS];
    for (int i = 0; i < CALLS; i++) known[i] = calls[i].name;
    return ct_nearest(name + prefix(name), CALLS, known);
}
