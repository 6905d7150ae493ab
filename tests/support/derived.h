/* Reading the text of derivations. */
#ifndef COTANGENT_TESTS_DERIVED_H
#define COTANGENT_TESTS_DERIVED_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The number behind the last " = ". */
static inline double last_number(const char *text) {
    const char *last = NULL;
    for (const char *p = text; (p = strstr(p, "= ")); p += 2) last = p + 2;
    ck_assert_ptr_nonnull(last);
    return strtod(last, NULL);
}

#endif
