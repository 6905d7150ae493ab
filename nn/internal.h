/* nn/: what a layer is made of. */
#ifndef COTANGENT_NN_INTERNAL_H
#define COTANGENT_NN_INTERNAL_H

#include "tensor/internal.h"
#include "nn/nn.h"

typedef struct ct_layer_kind {
    const char *name; /* of its constructor, as errors show it: "ct_linear" */
    size_t size;      /* of its struct, which begins with a ct_module */
    ct_tensor *(*forward)(const char *at, ct_module *m, ct_tensor *x);
    void (*describe)(const ct_module *m, char *text, size_t size); /* for summaries; NULL: the name will do */
} ct_layer_kind;

struct ct_module {
    const ct_layer_kind *kind;
    bool training;
    bool owned;             /* part of another module, which frees it */
    int place;              /* among its owner's children; -1 when it is nobody's */
    ct_module *children;    /* the first, owned; NULL when there is none */
    ct_module *next;        /* the owner's next child */
    ct_tensor **parameters; /* those of the children, which own them, then its own */
    int n_inherited;        /* of them, the children's */
    int n_parameters;       /* of all made so far */
    size_t bytes;           /* of the block that holds all of this */
};

/* A module with room for n_own parameters of its own. Owns the children from the call on: on failure, for example
 * when one of them is NULL, they are freed. */
ct_module *ct_module_new(const char *at, const ct_layer_kind *kind, int n_own, int n, ct_module *const *children);

/* Makes one of the n_own parameters, all zero. */
ct_tensor *ct_module_add_parameter(const char *at, ct_module *m, const char *name, ct_dtype dtype, ct_shape shape);

/* Draws the elements of a floating tensor; with a fan, of two dimensions or more. */
void ct_init_fill(ct_tensor *t, ct_init init);

#endif
