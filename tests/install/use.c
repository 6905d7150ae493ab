/* A user's program, compiled against the installed library: d(x^2 + y)/dx at 3 is 6. */
#include <cotangent/cotangent.h>

int main(void) {
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_var(3, "x"), *y = ct_var(1, "y");
    ct_tensor *f = ct_add(ct_square(x), y);
    ct_backward(f);
    double value = ct_item(f), gradient = ct_item(ct_gradient(x));
    if (!ct_end(scope)) {
        fprintf(stderr, "%s\n", ct_error());
        return 1;
    }
    printf("f = %g, df/dx = %g\n", value, gradient);
    return !(value == 10 && gradient == 6);
}
