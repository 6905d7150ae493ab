/* What the ops of linear algebra share: batches of matrices, and failures of LAPACK. */
#ifndef COTANGENT_AUTOGRAD_LINALG_H
#define COTANGENT_AUTOGRAD_LINALG_H

#include "autograd/ops/compose.h"
#include "tensor/lapack.h"

/* First member of the ops' attributes. */
typedef struct ct_matrices {
    int m, n;      /* rows and columns of operand 0's matrices */
    int64_t count; /* of them */
    void *work;    /* of LAPACK */
    void *copy;    /* (m, n), to be overwritten */
    bool failed;   /* an error was raised: the result is NaN there */
} ct_matrices;

/* Checks that operand 0 is floating matrices, square ones when asked; fills z's attributes. */
bool ct_plan_matrices(ct_tensor *z, bool square);
/* Matrix i of t. */
void *ct_matrix(const ct_tensor *t, int64_t i);
/* Raises in z's name that matrix i is `what`, and makes z's part i NaN. */
void ct_matrix_failed(ct_tensor *z, int64_t i, const char *what);
/* Records op(in...); NULL when LAPACK failed. `attributes` begins with ct_matrices. */
ct_tensor *ct_record_matrices(const char *at, ct_op_id op, ct_tensor *const *in, int n_in, void *attributes,
                              size_t size);

/* The same of one operand, whose attributes are ct_matrices alone. */
ct_tensor *ct_record_matrix(const char *at, ct_op_id op, ct_tensor *x);

/* The LU factors of operand 0's matrix i in `copy`, sign and logarithm of its determinant; false if it is singular. */
bool ct_factor(const ct_tensor *z, int64_t i, double *sign, double *log_abs);

/* The last two axes exchanged. */
ct_tensor *ct_turned(const char *at, ct_tensor *x);
/* Half of x and its transpose. */
ct_tensor *ct_symmetric(const char *at, ct_tensor *x);

/* A leaf of square matrices that are well apart from singular ones. */
ct_tensor *ct_sample_square(ct_dtype dtype, ct_shape shape);
/* Case i of the shapes of square matrices in sweeps; false when there is none. */
bool ct_sample_square_shape(int i, ct_shape *shape);

/* op(x) of case i of them. */
ct_sample ct_sample_one_matrix(int i, ct_dtype dtype, ct_tensor *(*op)(const char *at, ct_tensor *x));

#endif
