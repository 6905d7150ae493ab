/* For tests of ops against loops over single indices: random operands, indices, and what is expected of a result. */
#ifndef COTANGENT_TESTS_ELEMENTS_H
#define COTANGENT_TESTS_ELEMENTS_H

#include "autograd/internal.h"

/* Random numbers of the test itself, the same in each run. */
int64_t below(int64_t n);                   /* [0, n) */
int64_t between(int64_t low, int64_t high); /* [low, high] */
ct_shape random_shape(int least, int most); /* so many dimensions; of one in twelve the extent is 0, else 1 to 6 */
ct_tensor *random_tensor(ct_dtype dtype, ct_shape shape); /* integers below 251, so exact in every dtype */

/* The index of element i of a tensor of that shape. */
ct_shape unravel(int64_t i, ct_shape shape);
/* The index in operand x, which broadcasts to the result that `index` is of. */
ct_shape narrowed(ct_shape index, const ct_tensor *x);

/* A loop over the indices of t, in order; the body may change `index`. */
#define EACH_INDEX(index, t)                                                                                         \
    for (int64_t element_ = 0; element_ < ct_size(t); element_++)                                                    \
        for (ct_shape index = unravel(element_, ct_shape_of(t)), *once_ = &index; once_; once_ = NULL)

void check_shape(const ct_tensor *z, ct_dtype dtype, ct_shape shape);
void check_value(const ct_tensor *z, ct_shape index, double expected);

/* That t has these elements, to 1e-12: CHECK_VALUES(t, 1, NAN, 3). */
void check_values(const ct_tensor *t, int64_t n, const double *expected);
#define CHECK_VALUES(t, ...)                                                                                         \
    check_values(t, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (const double[]){__VA_ARGS__})

/* That z is NULL, for the reason `text`, raised in the file of the check. */
void check_error(const char *file, const ct_tensor *z, ct_error_code code, const char *text);
#define CHECK_ERROR(z, code, text) check_error(__FILE__, z, code, text)
#define SHAPE_ERROR(z, text) CHECK_ERROR(z, CT_ERR_SHAPE, text)
#define ARGUMENT_ERROR(z, text) CHECK_ERROR(z, CT_ERR_ARGUMENT, text)
#define DTYPE_ERROR(z, text) CHECK_ERROR(z, CT_ERR_DTYPE, text)

/* A fixture: each test in a scope of its own, which ends without an error. */
void open_scope(void);
void close_scope(void);

#endif
