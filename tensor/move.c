/* Walks over strided buffers. */
#include "tensor/move_kernels.h"

#include <string.h>

#define SHARE (1 << 18) /* elements that one thread takes at once, about */
#define MAX_SHARES 64
#define LEAST_TILE 8 /* extent from which on a transposition goes by tiles */

/* ---- making a walk ------------------------------------------------------------------------------------------ */

ct_walk ct_walk_over(int ndim, const int64_t *dim) {
    ct_walk walk = {.ndim = ndim};
    if (ndim) memcpy(walk.dim, dim, (size_t)ndim * sizeof *dim);
    return walk;
}

void ct_walk_add_strided(ct_walk *walk, const void *base, const int64_t *stride) {
    memcpy(walk->stride[walk->buffers], stride, (size_t)walk->ndim * sizeof *stride);
    walk->base[walk->buffers++] = (char *)base; /* const again by the rule that only buffer 0 is written */
}

/* Products of an empty shape's extents may be too large for any type, so none is formed. */
static bool is_empty(int ndim, const int64_t *dim) {
    for (int i = 0; i < ndim; i++)
        if (dim[i] == 0) return true;
    return false;
}

void ct_row_major(int ndim, const int64_t *dim, size_t item, int64_t *stride) {
    int64_t bytes = is_empty(ndim, dim) ? 0 : (int64_t)item;
    for (int i = ndim - 1; i >= 0; i--) {
        stride[i] = bytes;
        bytes *= dim[i];
    }
}

void ct_walk_add(ct_walk *walk, const void *base, size_t item, int ndim, const int64_t *dim) {
    int64_t stride[CT_MAX_DIMS] = {0};
    int missing = walk->ndim - ndim;
    ct_row_major(ndim, dim, item, stride + missing);
    for (int i = 0; i < ndim; i++)
        if (dim[i] == 1) stride[missing + i] = 0;
    ct_walk_add_strided(walk, base, stride);
}

/* ---- making it short ---------------------------------------------------------------------------------------- */

static void copy_axis(const ct_walk *from, int i, ct_walk *to, int j) {
    to->dim[j] = from->dim[i];
    for (int b = 0; b < from->buffers; b++) to->stride[b][j] = from->stride[b][i];
}

/* Whether one step of axis `outer` is, in each buffer, a full run of axis `inner`. */
static bool joinable(const ct_walk *walk, int outer, int inner) {
    for (int b = 0; b < walk->buffers; b++)
        if (walk->stride[b][outer] != walk->dim[inner] * walk->stride[b][inner]) return false;
    return true;
}

/* Drops axes of extent 1 and joins neighbours; two axes at least remain, the first then with extent 1. */
static void simplify(ct_walk *walk) {
    int n = 0;
    for (int i = 0; i < walk->ndim; i++) {
        if (walk->dim[i] == 1) continue;
        int64_t joined = n && joinable(walk, n - 1, i) ? walk->dim[--n] : 1;
        copy_axis(walk, i, walk, n);
        walk->dim[n++] *= joined;
    }
    for (walk->ndim = n; walk->ndim < 2; walk->ndim++) {
        for (int i = walk->ndim; i > 0; i--) copy_axis(walk, i - 1, walk, i);
        walk->dim[0] = 1;
        for (int b = 0; b < walk->buffers; b++) walk->stride[b][0] = 0;
    }
}

/* ---- walking ------------------------------------------------------------------------------------------------ */

static void visit_from(const ct_walk *walk, int axis, char *const *at, ct_visit *visit) {
    if (axis == walk->ndim - 2) {
        visit(walk, at);
        return;
    }
    char *here[CT_WALK_BUFFERS];
    for (int b = 0; b < walk->buffers; b++) here[b] = at[b];
    for (int64_t i = 0; i < walk->dim[axis]; i++) {
        visit_from(walk, axis + 1, here, visit);
        for (int b = 0; b < walk->buffers; b++) here[b] += walk->stride[b][axis];
    }
}

typedef struct cut {
    const ct_walk *walk;
    ct_visit *visit;
    int axis;       /* the one that is cut */
    int64_t shares; /* into so many pieces */
} cut;

static void visit_share(void *context, int64_t share) {
    const cut *c = context;
    ct_walk part = *c->walk;
    int64_t n = part.dim[c->axis], start = n * share / c->shares, end = n * (share + 1) / c->shares;
    part.dim[c->axis] = end - start;
    for (int b = 0; b < part.buffers; b++) part.base[b] += start * part.stride[b][c->axis];
    visit_from(&part, 0, part.base, c->visit);
}

/* Visits the walk, two axes at a time, in an order that is open. */
static void run(const ct_walk *walk, ct_visit *visit) {
    int64_t size = 1;
    for (int i = 0; i < walk->ndim; i++) size *= walk->dim[i];
    cut c = {.walk = walk, .visit = visit, .shares = size / SHARE};
    while (c.axis < walk->ndim - 1 && walk->stride[0][c.axis] == 0) c.axis++;
    if (c.shares > walk->dim[c.axis]) c.shares = walk->dim[c.axis];
    if (c.shares > MAX_SHARES) c.shares = MAX_SHARES;
    if (c.shares > 1 && walk->stride[0][c.axis] != 0)
        ct_parallel(c.shares, visit_share, &c);
    else
        visit_from(walk, 0, walk->base, visit);
}

/* ---- moving ------------------------------------------------------------------------------------------------- */

/* Whether buffer 0 is contiguous along the last axis and buffer 1 along another, neither of them short; that one then
 * becomes the last but one. */
static bool transposed(ct_walk *walk, int64_t item) {
    int last = walk->ndim - 1, axis = 0;
    if (walk->stride[0][last] != item || walk->stride[1][last] == item) return false;
    while (axis < last && walk->stride[1][axis] != item) axis++;
    if (axis == last || walk->dim[axis] < LEAST_TILE || walk->dim[last] < LEAST_TILE) return false;
    ct_walk old = *walk;
    for (int i = axis; i < last - 1; i++) copy_axis(&old, i + 1, walk, i);
    copy_axis(&old, axis, walk, last - 1);
    return true;
}

void ct_move(ct_walk *walk, ct_dtype dtype, bool add) {
    const ct_move_table *loops = ct_move_loops();
    const ct_mover *mover = add ? &loops->add[dtype] : &loops->copy[dtype];
    if (is_empty(walk->ndim, walk->dim)) return;
    simplify(walk);
    run(walk, transposed(walk, (int64_t)ct_dtype_size(dtype)) ? mover->tiles : mover->rows);
}

void ct_choose(ct_walk *walk, ct_dtype dtype) {
    if (is_empty(walk->ndim, walk->dim)) return;
    simplify(walk);
    run(walk, ct_move_loops()->choose[dtype]);
}

typedef struct conversion {
    void (*loop)(int64_t n, const void *x, void *z);
    const char *x;
    char *z;
    size_t x_item, z_item;
    int64_t n;
} conversion;

static void convert_share(void *context, int64_t share) {
    const conversion *c = context;
    const int64_t start = share * SHARE, rest = c->n - start;
    c->loop(rest < SHARE ? rest : SHARE, c->x + (size_t)start * c->x_item, c->z + (size_t)start * c->z_item);
}

void ct_convert(ct_dtype to, void *z, ct_dtype from, const void *x, int64_t n) {
    conversion c = {ct_move_loops()->convert[to][from], x, z, ct_dtype_size(from), ct_dtype_size(to), n};
    if (n > SHARE) ct_parallel((n - 1) / SHARE + 1, convert_share, &c);
    else c.loop(n, x, z);
}
