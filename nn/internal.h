/* nn/: the module's inside. */
#ifndef COTANGENT_NN_INTERNAL_H
#define COTANGENT_NN_INTERNAL_H

#include "nn/nn.h"
#include "tensor/internal.h"

struct ct_module {
    const ct_module_kind *kind;
    void *data; /* kind->size bytes behind this struct */
    bool training;
    bool owned;  /* part of another module, which frees it */
    bool failed; /* something could not be added */
    char *name;  /* among its owner's parts; NULL when it is nobody's */
    ct_module *parts, *last_part, *next; /* owned; its owner's next part */
    struct ct_own_tensors {
        ct_tensor **items; /* owned */
        size_t capacity;
        int n;
    } own;
    struct ct_all_tensors {
        ct_tensor **items; /* parameters, its own and those of parts, as they were added; then buffers */
        size_t capacity;
        int n_parameters, n_buffers;
    } all;
    size_t bytes; /* of this block */
};

/* x through m by another function than its kind's, in the group of m's name. */
ct_tensor *ct_forward_by(const char *at, ct_module *m, ct_tensor *x,
                         ct_tensor *(*forward)(const char *at, ct_module *m, ct_tensor *x));

/* "linear(3 -> 2)": by the kind, or its name without ct_ and _layer. */
void ct_module_describe(const ct_module *m, char *text, size_t size);

/* False, with an error raised, unless both sizes are 1 or more. */
bool ct_valid_sizes(const char *op, const char *at, int64_t in, int64_t out);

#endif
