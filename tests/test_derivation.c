/* Derivations: what they say, that it is true, and that every format can be read. */
#include "inspect/derive.h"
#include "support/scalar_formula.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_has(const char *text, const char *part) {
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, part), "no \"%s\" in\n%s", part, text);
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

START_TEST(the_eight_chains) {
    static const char *const chains[8] = {
        "\ndf/dx1 = df/da * da/dp * dp/dx1 = (-0.23)(1)(-1.5) = 0.345\n",
        "\ndf/dw1 = df/da * da/dp * dp/dw1 = (-0.23)(1)(0.7) = -0.161\n",
        "\ndf/dx2 = df/da * da/dq * dq/dx2 = (-0.23)(1)(-0.35) = 0.0805\n",
        "\ndf/dw2 = df/da * da/dq * dq/dw2 = (-0.23)(1)(0.34) = -0.0782\n",
        "\ndf/dx3 = df/db * db/dr * dr/dx3 = (-1.169)(1)(-0.25) = 0.29225\n",
        "\ndf/dw3 = df/db * db/dr * dr/dw3 = (-1.169)(1)(0.2) = -0.2338\n",
        "\ndf/dx4 = df/db * db/ds * ds/dx4 = (-1.169)(1)(0.2) = -0.2338\n",
        "\ndf/dw4 = df/db * db/ds * ds/dw4 = (-1.169)(1)(-0.9) = 1.0521\n",
    };
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    for (int i = 0; i < 8; i++) assert_has(ct_derive(f, node[i], CT_DERIVE_TEXT), chains[i]);
    ck_assert_str_eq(ct_derive(f, node[X1], CT_DERIVE_TEXT), "f = a * b      df/da = b = -0.23\n"
                                                             "a = p + q      da/dp = 1\n"
                                                             "p = x1 * w1    dp/dx1 = w1 = -1.5\n"
                                                             "\n"
                                                             "df/dx1 = df/da * da/dp * dp/dx1 = (-0.23)(1)(-1.5) = 0.345\n");
    ck_assert_str_eq(ct_derive(f, node[A], CT_DERIVE_TEXT), "f = a * b             df/da = b = -0.23\n"
                                                            "a = p + q = -1.169\n\ndf/da = -0.23\n");
    ck_assert_str_eq(ct_derive(f, f, CT_DERIVE_TEXT), "df/df = 1\n");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("derivation");
    TCase *c = tcase_create("scalars");
    tcase_add_test(c, the_eight_chains);
    suite_add_tcase(suite, c);
    return suite;
}
