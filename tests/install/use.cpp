// A user's program in C++: each macro that makes an argument of several.
#include <cotangent/cotangent.h>

int main() {
    ct_module *net = ct_sequential(ct_linear(3, 2), ct_tanh_layer());
    const double elements[] = {1, 2, 3, 4, 5, 6};
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 3), elements)), "x");
    ct_tensor *twice = ct_concat(CT_LIST(x, ct_square(x)), 0); // (4, 3)
    ct_tensor *padded = ct_pad(ct_index(twice, CT_AT(3)), CT_SIZES(1, 2), 0); // 0, 16, 25, 36, 0, 0
    ct_backward(ct_sum(ct_sum(ct_reshape(padded, CT_SHAPE(2, 3)), CT_AXES(0)), CT_ALL));
    double gradient = ct_get(ct_gradient(x), CT_SHAPE(1, 2)); // 2 * 6
    ct_tensor *y = ct_forward(net, ct_cast(x, CT_F32));
    bool ok = ct_size(y) == 4 && gradient == 12;
    if (!ct_end(scope)) ok = !fprintf(stderr, "%s\n", ct_error());
    ct_module_free(net);
    return ok ? 0 : 1;
}
