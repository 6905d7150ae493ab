/* A suite as a table of its cases. */
#ifndef COTANGENT_TESTS_SUITE_H
#define COTANGENT_TESTS_SUITE_H

#include <check.h>

typedef struct suite_case {
    const char *name;       /* NULL ends the table */
    const TTest *tests[20]; /* NULL ends them */
} suite_case;

/* `setup` and `teardown` go around each test; both may be NULL. */
Suite *support_suite(const char *name, const suite_case *cases, void (*setup)(void), void (*teardown)(void));

#endif
