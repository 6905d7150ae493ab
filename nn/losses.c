/* Losses: composites of ops. */
#include "nn/internal.h"

#undef CT_HERE
#define CT_HERE at

/* Broadcasting (n) against (n, 1) would give the mean over n * n pairs: almost always a mistake, hence refused. */
ct_tensor *ct_mse_at(const char *at, ct_tensor *x, ct_tensor *y) {
    char left[CT_DESCRIPTION], right[CT_DESCRIPTION];
    if (x && y && !ct_same_shape(x, y))
        return ct_raise(CT_ERR_SHAPE, "ct_mse", at, "x = %s and y = %s: shapes differ", ct_describe(x, left),
                        ct_describe(y, right)),
               NULL;
    return ct_mse_loss(x, y, CT_LOSS_MEAN);
}
