/* ct_einsum: an equation is read into names of axes, with errors that say where in it; and ct_tensordot. */
#include "autograd/ops/contract.h"
#include "autograd/ops/compose.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define LETTERS 52                   /* A to Z, a to z */
#define DOTS (LETTERS + CT_MAX_DIMS) /* the last axis of an ellipsis is DOTS - 1, whatever their number */

typedef struct equation {
    const char *at;
    const char *text;     /* all of it */
    const char *c;        /* what is read next */
    int64_t extent[DOTS]; /* of each name so far */
    int count[DOTS];      /* how often it occurs in the operands */
    int dots;             /* the most axes that an ellipsis has */
} equation;

__attribute__((format(printf, 2, 3))) static bool fail(const equation *e, const char *format, ...) {
    char reason[CT_DESCRIPTION];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    ct_raise(CT_ERR_ARGUMENT, "ct_einsum", e->at, "\"%s\": column %d: %s", e->text, (int)(e->c - e->text) + 1,
             reason);
    return false;
}

/* The name that a letter stands for; -1 for what is no letter. */
static int name_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    return c >= 'a' && c <= 'z' ? 26 + c - 'a' : -1;
}

static void skip_spaces(equation *e) { e->c += strspn(e->c, " "); }

static bool at_end(const equation *e) { return *e->c == '\0' || *e->c == ',' || !strncmp(e->c, "->", 2); }

/* ---- operands ----------------------------------------------------------------------------------------------- */

/* Gives the next axis of x a name. */
static bool bind(equation *e, ct_named *x, int name) {
    int64_t extent = x->n < x->t->ndim ? x->t->extent->dim[x->n] : 0, *common = &e->extent[name];
    if (x->n == x->t->ndim) return fail(e, "the operand has %d axes, fewer than the indices", x->t->ndim);
    for (int i = 0; i < x->n; i++)
        if (x->name[i] == name && x->t->extent->dim[i] != extent)
            return fail(e, "a diagonal of extents %lld and %lld", (long long)x->t->extent->dim[i], (long long)extent);
    if (e->count[name] && *common != extent && *common != 1 && extent != 1)
        return fail(e, "extent %lld, but %lld before", (long long)extent, (long long)*common);
    if (!e->count[name]++ || extent != 1) *common = extent;
    x->name[x->n++] = (uint8_t)name;
    return true;
}

/* The letters of the term that begins here. */
static int letters(const equation *e) {
    int n = 0;
    for (equation rest = *e; !at_end(&rest); rest.c++) n += name_of(*rest.c) >= 0;
    return n;
}

static bool read_ellipsis(equation *e, ct_named *x, int n) {
    if (n < 0) return fail(e, "the operand has %d axes, fewer than the indices", x->t->ndim);
    for (int i = 0; i < n; i++)
        if (!bind(e, x, DOTS - n + i)) return false;
    if (n > e->dots) e->dots = n;
    return true;
}

static bool read_operand(equation *e, ct_named *x) {
    int n = x->t->ndim - letters(e);
    bool dotted = false;
    for (skip_spaces(e); !at_end(e); skip_spaces(e)) {
        int name = name_of(*e->c), length = 1;
        if (!strncmp(e->c, "...", 3)) {
            if (dotted) return fail(e, "a second ellipsis in one operand");
            if (!read_ellipsis(e, x, n)) return false;
            dotted = true;
            length = 3;
        } else if (name < 0) {
            return fail(e, "'%c' is no index", *e->c);
        } else if (!bind(e, x, name)) {
            return false;
        }
        e->c += length;
    }
    return x->n == x->t->ndim || fail(e, "the operand has %d axes, more than the indices", x->t->ndim);
}

/* ---- the result --------------------------------------------------------------------------------------------- */

static bool append(equation *e, ct_named *out, int name) {
    if (out->n == CT_MAX_DIMS) return fail(e, "the result has more than %d axes", CT_MAX_DIMS);
    out->name[out->n++] = (uint8_t)name;
    return true;
}

static bool append_ellipsis(equation *e, ct_named *out) {
    for (int i = 0; i < e->dots; i++)
        if (!append(e, out, DOTS - e->dots + i)) return false;
    return true;
}

static bool read_index(equation *e, ct_named *out) {
    int name = name_of(*e->c);
    if (name < 0) return fail(e, "'%c' is no index", *e->c);
    if (!e->count[name]) return fail(e, "index '%c' is in no operand", *e->c);
    if (memchr(out->name, name, (size_t)out->n)) return fail(e, "index '%c' is in the result before", *e->c);
    return append(e, out, name);
}

static bool read_result(equation *e, ct_named *out) {
    bool dotted = false;
    for (skip_spaces(e); *e->c; skip_spaces(e)) {
        bool dots = !strncmp(e->c, "...", 3);
        if (dots && dotted) return fail(e, "a second ellipsis in the result");
        if (!(dots ? append_ellipsis(e, out) : read_index(e, out))) return false;
        dotted = dotted || dots;
        e->c += dots ? 3 : 1;
    }
    return true;
}

/* Without "->": the ellipsis, and then in alphabetic order the indices that occur once. */
static bool derive_result(equation *e, ct_named *out) {
    if (!append_ellipsis(e, out)) return false;
    for (int name = 0; name < LETTERS; name++)
        if (e->count[name] == 1 && !append(e, out, name)) return false;
    return true;
}

static bool read_equation(equation *e, ct_list xs, ct_named *x, ct_named *out) {
    for (int k = 0; k < xs.n; k++) {
        x[k] = (ct_named){.t = xs.items[k]};
        if (!read_operand(e, &x[k])) return false;
        if (k < xs.n - 1 && *e->c != ',') return fail(e, "there are %d operands, but indices of %d", xs.n, k + 1);
        if (k < xs.n - 1) e->c++;
    }
    if (*e->c == ',') return fail(e, "there are only %d operands", xs.n);
    if (*e->c == '\0') return derive_result(e, out);
    e->c += strlen("->");
    return read_result(e, out);
}

ct_tensor *ct_einsum_at(const char *at, const char *text, ct_list xs) {
    equation e = {.at = at, .text = text, .c = text};
    ct_named out = {.n = 0};
    if (!text || xs.n < 1)
        return ct_raise(CT_ERR_ARGUMENT, "ct_einsum", at, text ? "there is no operand" : "there is no equation"),
               NULL;
    if (!ct_given_list("ct_einsum", at, xs)) return NULL;
    ct_named *x = ct_this.depth ? ct_scope_array(ct_this.depth, (size_t)xs.n, sizeof *x) : NULL;
    if (!x) return ct_raise_memory("ct_einsum", at, (size_t)xs.n * sizeof *x), NULL;
    return read_equation(&e, xs, x, &out) ? ct_contract("ct_einsum", at, x, xs.n, &out) : NULL;
}

/* ---- ct_tensordot ------------------------------------------------------------------------------------------- */

static bool check_tensordot(const char *at, ct_tensor *const *x, ct_axes *axes) {
    char text[2][CT_DESCRIPTION];
    unsigned mask;
    for (int k = 0; k < 2; k++)
        if (!ct_given_axes("ct_tensordot", at, x[k], &axes[k], &mask)) return false;
    bool fits = axes[0].n == axes[1].n;
    for (int i = 0; fits && i < axes[0].n; i++) {
        int64_t extent[2];
        for (int k = 0; k < 2; k++) {
            extent[k] = x[k]->ndim ? x[k]->extent->dim[axes[k].axis[i]] : 1;
        }
        fits = extent[0] == extent[1] || extent[0] == 1 || extent[1] == 1;
    }
    if (!fits)
        ct_raise(CT_ERR_SHAPE, "ct_tensordot", at, "%s and %s: the axes to be summed do not pair",
                 ct_describe(x[0], text[0]), ct_describe(x[1], text[1]));
    return fits;
}

ct_tensor *ct_tensordot_at(const char *at, ct_tensor *x, ct_tensor *y, ct_axes x_axes, ct_axes y_axes) {
    ct_tensor *t[] = {x, y};
    ct_axes axes[] = {x_axes, y_axes};
    ct_named named[2], out = {.n = 0};
    if (!check_tensordot(at, t, axes)) return NULL;
    for (int k = 0; k < 2; k++) {
        named[k] = (ct_named){.t = t[k], .n = t[k]->ndim};
        for (int i = 0; i < t[k]->ndim; i++) named[k].name[i] = (uint8_t)(k * CT_MAX_DIMS + i);
        for (int i = 0; i < axes[k].n; i++) named[k].name[axes[k].axis[i]] = (uint8_t)(2 * CT_MAX_DIMS + i);
        for (int i = 0; i < t[k]->ndim; i++) {
            if (named[k].name[i] >= 2 * CT_MAX_DIMS) continue;
            if (out.n == CT_MAX_DIMS)
                return ct_raise(CT_ERR_SHAPE, "ct_tensordot", at, "the result has more than %d axes", CT_MAX_DIMS),
                       NULL;
            out.name[out.n++] = named[k].name[i];
        }
    }
    return ct_contract("ct_tensordot", at, named, 2, &out);
}
