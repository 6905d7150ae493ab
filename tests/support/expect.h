/* What tests of calls that can fail expect. */
#ifndef COTANGENT_TESTS_EXPECT_H
#define COTANGENT_TESTS_EXPECT_H

#include "tensor/tensor.h"

#include <check.h>
#include <string.h>

static inline void end_well(ct_scope s) { ck_assert_msg(ct_end(s), "%s", ct_error()); }

/* The error on record has this code and both parts in its text, and is forgotten. */
static inline void expect_error(ct_error_code code, const char *part, const char *other) {
    ck_assert_msg(ct_error_status() == code, "%s: %s", ct_error_name(ct_error_status()), ct_error());
    ck_assert_msg(strstr(ct_error(), part) && strstr(ct_error(), other), "no \"%s\", \"%s\" in: %s", part, other,
                  ct_error());
    ct_error_clear();
}

#endif
