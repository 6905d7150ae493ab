/* Contraction of named axes, by products of matrices. */
#include "autograd/ops/contract.h"
#include "autograd/ops/matmul.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- sets of names ------------------------------------------------------------------------------------------ */

typedef uint64_t names;

static names bit(int name) { return (names)1 << name; }

static names names_of(const ct_named *x) {
    names set = 0;
    for (int i = 0; i < x->n; i++) set |= bit(x->name[i]);
    return set;
}

static int place_of(const ct_named *x, int name) {
    int i = 0;
    while (i < x->n && x->name[i] != name) i++;
    return i;
}

/* Appends those names of x that are in the set, in x's order. */
static void append(ct_named *to, const ct_named *x, names set) {
    for (int i = 0; i < x->n; i++)
        if (set & bit(x->name[i])) to->name[to->n++] = x->name[i];
}

/* ---- one operand -------------------------------------------------------------------------------------------- */

static void without(ct_named *x, int axis) {
    x->n--;
    for (int i = axis; i < x->n; i++) x->name[i] = x->name[i + 1];
}

/* x's axes in the order of y's names, which are the same ones. */
static ct_tensor *in_order(const char *at, const ct_named *x, const ct_named *y) {
    ct_axes order = {.n = x->n};
    bool moved = false;
    for (int i = 0; i < x->n; i++) {
        order.axis[i] = place_of(x, y->name[i]);
        moved = moved || order.axis[i] != i;
    }
    return moved ? ct_permute(x->t, order) : x->t;
}

/* Axes i < j, of one name and extent, become one, last. */
static void take_diagonal(const char *at, ct_named *x, int i, int j) {
    uint8_t name = x->name[i];
    x->t = ct_diagonal(x->t, 0, i, j);
    without(x, j);
    without(x, i);
    x->name[x->n++] = name;
}

/* Repeated names become one, and axes of extent 1 go: whatever they meet, it is as if they were not there. */
static void simplify(const char *at, ct_named *x) {
    for (int i = 0; i < x->n; i++)
        for (int j = i + 1; j < x->n; j++)
            if (x->t && x->name[i] == x->name[j]) {
                take_diagonal(at, x, i, j);
                i = -1; /* from the front again: the axes have moved */
                break;
            }
    if (!x->t) return;
    ct_shape shape = {.ndim = 0};
    ct_named all = *x;
    x->n = 0;
    for (int i = 0; i < all.n; i++) {
        int64_t extent = all.t->extent->dim[i];
        if (extent == 1) continue;
        shape.dim[shape.ndim++] = extent;
        x->name[x->n++] = all.name[i];
    }
    if (x->n < all.n) x->t = ct_reshape(x->t, shape);
}

/* Sums over the axes that are not in the set. */
static void keep_only(const char *at, ct_named *x, names set) {
    ct_axes gone = {.n = 0};
    for (int i = 0; i < x->n; i++)
        if (!(set & bit(x->name[i]))) gone.axis[gone.n++] = i;
    if (gone.n == 0) return;
    x->t = ct_sum(x->t, gone);
    while (gone.n) without(x, gone.axis[--gone.n]);
}

/* ---- two operands ------------------------------------------------------------------------------------------- */

/* Three groups of axes as one axis each: the extents, and the names in that order. */
typedef struct groups {
    ct_named order;
    int end[3]; /* of each group in order.name */
} groups;

static groups group(const ct_named *x, names first, const ct_named *like, names second, names third) {
    groups g = {.order = {.n = 0}};
    append(&g.order, like, first); /* common axes in the order of one of the two */
    g.end[0] = g.order.n;
    append(&g.order, second & names_of(like) ? like : x, second);
    g.end[1] = g.order.n;
    append(&g.order, third & names_of(like) ? like : x, third);
    g.end[2] = g.order.n;
    return g;
}

/* Whether x's axes are in this order already. */
static bool stored_as(const ct_named *x, const groups *g) {
    for (int i = 0; i < x->n; i++)
        if (x->name[i] != g->order.name[i]) return false;
    return true;
}

/* x as (first, second, third), without the first when that group is empty; NULL with an error. */
static ct_tensor *as_matrices(const char *op, const char *at, const ct_named *x, const groups *g) {
    ct_tensor *t = in_order(at, x, &g->order);
    if (!t) return NULL;
    ct_shape shape = {.ndim = 0};
    for (int part = g->end[0] ? 0 : 1; part < 3; part++) {
        int start = part ? g->end[part - 1] : 0;
        if (!ct_checked_size(g->end[part] - start, ct_dims_of(t) + start, &shape.dim[shape.ndim++]))
            return ct_raise(CT_ERR_LIMIT, op, at, "the extents without 0 make too many elements"), NULL;
    }
    return ct_reshape(t, shape);
}

/* The product of x and y over the axes that they share, summed over those not in the set. */
static ct_named multiply(const char *op, const char *at, ct_named *x, ct_named *y, names wanted) {
    keep_only(at, x, wanted | names_of(y));
    keep_only(at, y, wanted | names_of(x));
    if (!x->t || !y->t) return (ct_named){.t = NULL};
    names shared = names_of(x) & names_of(y), batch = shared & wanted, summed = shared & ~wanted;
    names left = names_of(x) & ~shared, right = names_of(y) & ~shared;
    groups gx = group(x, batch, x, left, summed), gx_turned = group(x, batch, x, summed, left);
    groups gy = group(y, batch, x, summed, right), gy_turned = group(y, batch, x, right, summed);
    bool turn_x = !stored_as(x, &gx) && stored_as(x, &gx_turned);
    bool turn_y = !stored_as(y, &gy) && stored_as(y, &gy_turned);
    ct_tensor *tx = as_matrices(op, at, x, turn_x ? &gx_turned : &gx);
    ct_tensor *ty = as_matrices(op, at, y, turn_y ? &gy_turned : &gy);
    ct_named z = {.n = 0};
    ct_shape shape = {.ndim = 0};
    if (!tx || !ty || __builtin_popcountll(batch | left | right) > CT_MAX_DIMS) {
        if (tx && ty) ct_raise(CT_ERR_SHAPE, op, at, "a partial product has more than %d axes", CT_MAX_DIMS);
        return z;
    }
    append(&z, x, batch);
    append(&z, x, left);
    append(&z, y, right);
    for (int i = 0; i < z.n; i++) {
        const ct_named *from = bit(z.name[i]) & names_of(x) ? x : y;
        shape.dim[shape.ndim++] = from->t->extent->dim[place_of(from, z.name[i])];
    }
    z.t = ct_reshape(summed ? ct_matmul_flagged(at, tx, ty, turn_x, turn_y) : ct_mul(tx, ty), shape);
    return z;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

ct_tensor *ct_contract(const char *op, const char *at, ct_named *x, int n, const ct_named *out) {
    int64_t extent[CT_LABELS] = {0};
    ct_shape shape = {.ndim = out->n};
    for (int k = 0; k < n; k++)
        for (int i = 0; i < x[k].n; i++) {
            int64_t own = x[k].t->extent->dim[i], *common = &extent[x[k].name[i]];
            if (own != 1 || *common == 0) *common = own;
        }
    for (int i = 0; i < out->n; i++) shape.dim[i] = extent[out->name[i]];
    for (int k = 0; k < n; k++) simplify(at, &x[k]);
    ct_named z = x[0];
    for (int k = 1; k < n && z.t; k++) {
        if (!x[k].t) return NULL;
        names wanted = names_of(out);
        for (int later = k + 1; later < n; later++) wanted |= names_of(&x[later]);
        z = multiply(op, at, &z, &x[k], wanted);
    }
    if (!z.t) return NULL;
    keep_only(at, &z, names_of(out));
    ct_named order = {.n = 0};
    append(&order, out, names_of(&z));
    return ct_reshape(in_order(at, &z, &order), shape);
}
