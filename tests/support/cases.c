#include "cases.h"

#include <check.h>

ct_tensor *count_up(ct_shape shape) {
    ct_tensor *x = ct_zeros(CT_F64, shape);
    for (int64_t i = 0; i < ct_size(x); i++) ((double *)x->data)[i] = (double)i;
    return x;
}

void expect(const ct_tensor *z, ct_shape shape, int64_t n, const double *values) {
    check_shape(z, ct_dtype_of(z), shape);
    ck_assert_int_eq(ct_size(z), n);
    EACH_INDEX(index, z) check_value(z, index, values[element_]);
}
