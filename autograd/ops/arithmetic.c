/* Arithmetic that is composed of elementwise ops. */
#include "autograd/internal.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* From the nearer end, so that both ends are met exactly. */
ct_tensor *ct_lerp_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight) {
    ct_tensor *far = ct_ge(weight, ct_constant_like(at, weight, 0.5));
    ct_tensor *from_end = ct_sub(weight, ct_constant_like(at, weight, 1)), *way = ct_sub(y, x);
    return ct_add(ct_where(far, y, x), ct_mul(ct_where(far, from_end, weight), way));
}

ct_tensor *ct_addcmul_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w, double value) {
    return ct_add(x, ct_mul(ct_mul(y, ct_constant_like(at, y, value)), w));
}

ct_tensor *ct_addcdiv_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w, double value) {
    return ct_add(x, ct_div(ct_mul(y, ct_constant_like(at, y, value)), w));
}

ct_tensor *ct_clamp_tensor_at(const char *at, ct_tensor *x, ct_tensor *low, ct_tensor *high) {
    if (!low && !high) return ct_raise(CT_ERR_ARGUMENT, "ct_clamp_tensor", at, "neither low nor high is given"), NULL;
    if (low) x = ct_clamp_min(x, low);
    return high ? ct_clamp_max(x, high) : x;
}

/* Division by a power of ten, which is exact, where multiplication by 0.001 would not be. */
ct_tensor *ct_round_decimals_at(const char *at, ct_tensor *x, int decimals) {
    ct_tensor *scale = ct_constant_like(at, x, pow(10, fabs((double)decimals)));
    if (decimals < 0) return ct_mul(ct_round(ct_div(x, scale)), scale);
    return ct_div(ct_round(ct_mul(x, scale)), scale);
}
