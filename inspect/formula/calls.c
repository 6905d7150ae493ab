/* The functions that formulas may call. */
#include "inspect/formula/calls.h"

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

#include "inspect/formula/calls.inc"

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

/* What others call it, of functions and of arguments. */
static const struct {
    const char *elsewhere, *here;
} synonyms[] = {
    {"ln", "log"},
    {"arcsin", "asin"},
    {"arccos", "acos"},
    {"arctan", "atan"},
    {"arctan2", "atan2"},
    {"fabs", "abs"},
    {"cat", "concat"},
    {"var", "variance"},
    {"dot", "vdot"},
    {"power", "pow"},
    {"multiply", "mul"},
    {"divide", "div"},
    {"subtract", "sub"},
    {"norm", "vector_norm"},
    {"concatenate", "concat"},
    {"matrix_multiply", "matmul"},
    {"dim", "axis"},
    {"keepdim", "keep"},
    {"keepdims", "keep"},
    {"axes", "axis"},
    {"min_val", "low"},
    {"max_val", "high"},
    {"kernel_size", "kernel"},
    {"normalized_shape", "shape"},
    {"negative_slope", "slope"},
    {"input", "x"},
    {"other", "y"},
};

const char *ct_nearest_known(const char *name, int n, const char *const *known) {
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++) {
        if (strcmp(synonyms[i].elsewhere, name) != 0) continue;
        for (int k = 0; k < n; k++)
            if (!strcmp(known[k], synonyms[i].here)) return known[k];
    }
    return ct_nearest(name, n, known);
}

const char *ct_nearest_call(const char *name) {
    const char *known[CALLS];
    for (int i = 0; i < CALLS; i++) known[i] = calls[i].name;
    return ct_nearest_known(name + prefix(name), CALLS, known);
}
