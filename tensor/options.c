/* Options whose zero stands for a preset. */
#include "tensor/internal.h"

#include <inttypes.h>

bool ct_take_option(const char *op, const char *at, const char *field, double *value, double preset, double low,
                    double below) {
    *value = *value == 0 ? preset : *value == CT_ZERO ? 0 : *value;
    if (*value >= low && *value < below) return true;
    return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is %g, not in [%g, %g)", field, *value, low, below), false;
}

bool ct_take_count(const char *op, const char *at, const char *field, int64_t *value, int64_t preset, int64_t least) {
    *value = *value == 0 ? preset : *value == CT_ZERO ? 0 : *value;
    if (*value >= least && *value <= INT32_MAX) return true;
    return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is %" PRId64 ", not in [%" PRId64 ", %d]", field, *value, least,
                    INT32_MAX),
           false;
}
