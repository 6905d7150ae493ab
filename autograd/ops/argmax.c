/* Where the extremes along one axis are. */
#include "autograd/ops/axis.h"
#include "autograd/ops/compose.h"
#include "tensor/kernels.h"

#undef CT_PLACE
#define CT_PLACE(call) at

typedef struct place_attributes {
    int axis;
    void *best; /* of rows: the extremes that are looked for, like z but of x's dtype; in the scope's memory */
} place_attributes;

static bool place_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    place_attributes *a = z->attributes;
    if (!ct_op_axis(z, x->ndim, &a->axis)) return false;
    if (x->extent->dim[a->axis] == 0)
        return ct_op_fail(z, CT_ERR_SHAPE, "axis %d has no elements to choose from", a->axis);
    *dtype = CT_I64;
    *shape = ct_shape_of(x);
    shape->ndim--;
    for (int i = a->axis; i < shape->ndim; i++) shape->dim[i] = shape->dim[i + 1];
    if (ct_around_axis(x, a->axis).inner > 1) return true;
    size_t bytes = ct_bytes_of(x) / (size_t)x->extent->dim[a->axis];
    if (!(a->best = ct_scope_alloc(ct_this.depth, bytes)))
        return ct_raise_memory(ct_op_table[z->op]->name, z->at, bytes), false;
    return true;
}

#define ELEMENTS (1 << 14) /* worth a thread; of rows, places are found while these are in the cache */
#define FEW 16             /* rows are shared out if there are more */
#define COLUMNS 512        /* of a block */

typedef struct search {
    const ct_tensor *z;
    ct_reduction how;
    ct_around around;
    int64_t group; /* slices along the first axes */
} search;

static void find_in_rows(void *context, int64_t number) {
    const search *s = context;
    const ct_tensor *x = s->z->in[0];
    const place_attributes *a = s->z->attributes;
    const int64_t o = number * s->group, rest = s->around.outer - o, n = s->around.extent;
    const int64_t count = rest < s->group ? rest : s->group;
    const size_t item = ct_dtype_size(x->dtype);
    const char *from = (const char *)x->data + (size_t)(o * n) * item;
    char *best = (char *)a->best + (size_t)o * item;
    const ct_reduce_table *kernels = ct_reduce_kernels();
    kernels->fold[s->how][x->dtype](count, n, 1, 1, from, best, false);
    kernels->find[x->dtype](count, n, from, best, (int64_t *)s->z->data + o);
}

static void find_in_columns(void *context, int64_t number) {
    const search *s = context;
    const ct_tensor *x = s->z->in[0];
    const ct_reduce_table *kernels = ct_reduce_kernels();
    ct_choose *choose = (s->how == CT_REDUCE_MAX ? kernels->largest : kernels->smallest)[x->dtype];
    const int64_t n = s->around.extent, inner = s->around.inner, per_slice = (inner - 1) / COLUMNS + 1;
    const int64_t slices = number / per_slice, o = slices * s->group, c = number % per_slice * COLUMNS;
    const int64_t rest = s->around.outer - o, width = inner - c < COLUMNS ? inner - c : COLUMNS;
    const char *from = (const char *)x->data + (size_t)(o * n * inner + c) * ct_dtype_size(x->dtype);
    choose(rest < s->group ? rest : s->group, n, inner, width, from, (int64_t *)s->z->data + o * inner + c);
}

static void find_place(ct_tensor *z, ct_reduction how) {
    const ct_tensor *x = z->in[0];
    const place_attributes *a = z->attributes;
    const ct_around r = ct_around_axis(x, a->axis);
    if (ct_size_of(x) == 0) return;
    search s = {z, how, r, ELEMENTS / (r.extent * r.inner) + 1};
    const int64_t groups = (r.outer - 1) / s.group + 1;
    if (r.inner > 1) {
        const int64_t blocks = groups * ((r.inner - 1) / COLUMNS + 1);
        if (ct_size_of(x) > ELEMENTS) ct_parallel(blocks, find_in_columns, &s);
        else
            for (int64_t block = 0; block < blocks; block++) find_in_columns(&s, block);
    } else if (r.outer >= FEW) {
        ct_parallel(groups, find_in_rows, &s);
    } else {
        ct_reduce(how, x->dtype, r.outer, r.extent, 1, x->data, a->best, false);
        ct_reduce_kernels()->find[x->dtype](r.outer, r.extent, x->data, a->best, z->data);
    }
}

#define PLACE(symbol, how)                                                                                           \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, int axis) {                                                 \
        place_attributes a = {.axis = axis};                                                                         \
        ct_tensor *line = ct_at_least_1d(at, x);                                                                     \
        return ct_record(at, CT_OP_##symbol, &line, 1, &a, sizeof a);                                                \
    }                                                                                                                \
    static bool symbol##_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {                                     \
        return place_shape(z, shape, dtype);                                                                         \
    }                                                                                                                \
    static void symbol##_forward(ct_tensor *z) { find_place(z, how); }                                               \
    CT_OP_PARTS_NOT_DIFFERENTIABLE(symbol, .fields = CT_FIELDS(CT_FIELD(place_attributes, "axis", axis)))
PLACE(ct_argmax, CT_REDUCE_MAX);
PLACE(ct_argmin, CT_REDUCE_MIN);
