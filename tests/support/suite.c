#include "suite.h"

Suite *support_suite(const char *name, const suite_case *cases, void (*setup)(void), void (*teardown)(void)) {
    Suite *suite = suite_create(name);
    for (; cases->name; cases++) {
        TCase *c = tcase_create(cases->name);
        tcase_add_checked_fixture(c, setup, teardown);
        for (const TTest *const *test = cases->tests; *test; test++) tcase_add_test(c, *test);
        suite_add_tcase(suite, c);
    }
    return suite;
}
