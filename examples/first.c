/* Computes f = x y + sin x and how it changes with x and y. */
#include <cotangent/cotangent.h>

int main(void) {
    ct_scope s = ct_begin(); /* what is made below lives until ct_end */
    ct_tensor *x = ct_var(2, "x"), *y = ct_var(3, "y");
    ct_tensor *f = ct_add(ct_mul(x, y), ct_sin(x));
    ct_backward(f);
    printf("f = %.6f\n", ct_item(f));
    printf("df/dx = y + cos x = %.6f\n", ct_item(ct_gradient(x)));
    printf("df/dy = x = %.6f\n", ct_item(ct_gradient(y)));
    if (ct_end(s)) return 0;
    fprintf(stderr, "%s\n", ct_error());
    return 1;
}
