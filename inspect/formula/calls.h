/* inspect/: what can be called by name in a formula. The table is made from ops.def by calls_table.c. */
#ifndef COTANGENT_INSPECT_CALLS_H
#define COTANGENT_INSPECT_CALLS_H

#include "autograd/internal.h"

#define CT_MAX_PARAMETERS 12

/* How an argument is written. */
typedef enum ct_parameter_kind {
    CT_PARAMETER_TENSOR,  /* an expression */
    CT_PARAMETER_TENSORS, /* [a, b] of expressions */
    CT_PARAMETER_NUMBER,  /* -1.5, inf */
    CT_PARAMETER_INT,     /* a whole number that fits an int */
    CT_PARAMETER_INT64,   /* a whole number */
    CT_PARAMETER_FLAG,    /* true, false */
    CT_PARAMETER_AXES,    /* 0 or [0, -1] */
    CT_PARAMETER_SHAPE,   /* 3 or [2, 3] */
    CT_PARAMETER_SIZES,   /* as many whole numbers as one likes */
    CT_PARAMETER_PAIR,    /* a shape of two, both being 3 in "3" */
    CT_PARAMETER_TRIPLE,  /* likewise of three */
    CT_PARAMETER_STRING,  /* "ij,jk->ik" */
    CT_PARAMETER_CHOICE,  /* one of `words` */
} ct_parameter_kind;

typedef struct ct_parameter {
    const char *name;
    ct_parameter_kind kind;
    bool required; /* else `preset` or, of a tensor, NULL is passed */
    double preset; /* of numbers, flags and choices; of an integer INFINITY is INT64_MAX, -INFINITY INT64_MIN */
    const char *const *words; /* of choices, in the order of the enum, NULL at the end */
} ct_parameter;

typedef union ct_argument {
    ct_tensor *tensor;
    ct_list tensors;
    double number;
    int64_t integer;
    bool flag;
    ct_axes axes;
    ct_shape shape;
    ct_sizes sizes;
    const char *string;
    int choice;
} ct_argument;

typedef struct ct_call {
    const char *name; /* "sum" */
    ct_tensor *(*run)(const char *at, const ct_argument *a);
    int n;
    ct_parameter parameter[CT_MAX_PARAMETERS];
} ct_call;

/* "sum" or "ct_sum", `length` bytes of it; NULL when there is no such function. */
const ct_call *ct_find_call(const char *name, size_t length);
/* What a name that is none is likely to mean, of n known ones: NumPy's and PyTorch's words for them count too. */
const char *ct_nearest_known(const char *name, int n, const char *const *known);
const char *ct_nearest_call(const char *name); /* of the functions */

#endif
