/* autograd/: subscripts as Python writes them. A part of autograd.h; include that.
 *
 * Python's x[1, 2:8:2, ..., None, y, mask] is ct_index(x, CT_AT(1), CT_SPAN(2, 8, 2), CT_ELLIPSIS, CT_NEW_AXIS,
 * CT_BY(y), CT_BY(mask)); CT_FULL is ":". As in PyTorch integers, 0-d tensors and slices come first; other tensors
 * broadcast to each other; their axes go in place of those that they index, or to the front when those are apart.
 */
#ifndef COTANGENT_SUBSCRIPTS_H
#define COTANGENT_SUBSCRIPTS_H

typedef enum ct_subscript_kind {
    CT_SUBSCRIPT_AT,
    CT_SUBSCRIPT_SLICE,
    CT_SUBSCRIPT_ELLIPSIS,
    CT_SUBSCRIPT_NEW_AXIS,
    CT_SUBSCRIPT_TENSOR,
} ct_subscript_kind;
typedef struct ct_subscript {
    ct_subscript_kind kind;
    int64_t start, stop, step; /* of a slice; start: the index of AT */
    ct_tensor *by;             /* of a tensor: indices, or a mask over as many axes as it has */
} ct_subscript;
typedef struct ct_subscripts {
    int n;
    const ct_subscript *items;
} ct_subscripts;
#define CT_AT(i) ((ct_subscript){.kind = CT_SUBSCRIPT_AT, .start = (i)})
#define CT_SPAN(from, to, by) ((ct_subscript){CT_SUBSCRIPT_SLICE, from, to, by, NULL})
#define CT_FULL CT_SPAN(0, CT_END, 1)
#define CT_ELLIPSIS ((ct_subscript){.kind = CT_SUBSCRIPT_ELLIPSIS})
#define CT_NEW_AXIS ((ct_subscript){.kind = CT_SUBSCRIPT_NEW_AXIS})
#define CT_BY(tensor) ((ct_subscript){.kind = CT_SUBSCRIPT_TENSOR, .by = (tensor)})
#define CT_SUBSCRIPTS(...)                                                                                           \
    ((ct_subscripts){.n = (int)(sizeof((ct_subscript[]){__VA_ARGS__}) / sizeof(ct_subscript)),                       \
                     .items = CT_ARRAY_(ct_subscript, __VA_ARGS__)})
#define ct_index(x, ...) ct_index_by_at(CT_PLACE("ct_index: "), x, CT_SUBSCRIPTS(__VA_ARGS__))

#endif
