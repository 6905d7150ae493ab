/* The first example: value and gradients of a formula of eight scalars, against those worked out by hand. */
#include "support/scalar_formula.h"

#include <check.h>
#include <math.h>

static void check_close(double got, double expected) {
    ck_assert_msg(fabs(got - expected) <= 1e-12 * fabs(expected), "%.17g, expected %.17g", got, expected);
}

START_TEST(every_value_and_gradient) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ck_assert(ct_backward(f));
    for (int i = 0; i < FORMULA_NODES; i++) {
        check_close(ct_item(node[i]), formula_nodes[i].value);
        check_close(ct_item(ct_gradient(node[i])), formula_nodes[i].gradient);
    }
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(gradients_as_tensors) {
    ct_tensor *node[FORMULA_NODES], *gradient[8];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ck_assert(ct_grads(f, (ct_list){.n = 8, .items = node}, gradient));
    for (int i = 0; i < 8; i++) check_close(ct_item(gradient[i]), formula_nodes[i].gradient);
    /* d2f/dx1 dw4 = w1 x4: f is a product of the two brackets */
    check_close(ct_item(ct_grad(gradient[X1], node[W4])), -1.5 * -0.9);
    ck_assert(ct_end(s));
}
END_TEST

/* A second pass adds to the leaves; the inner nodes start anew. */
START_TEST(a_second_pass) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ck_assert(ct_backward(f) && ct_backward(f));
    for (int i = 0; i < FORMULA_NODES; i++)
        check_close(ct_item(ct_gradient(node[i])), (i < P ? 2 : 1) * formula_nodes[i].gradient);
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("scalar");
    TCase *c = tcase_create("formula");
    tcase_add_test(c, every_value_and_gradient);
    tcase_add_test(c, gradients_as_tensors);
    tcase_add_test(c, a_second_pass);
    suite_add_tcase(suite, c);
    return suite;
}
