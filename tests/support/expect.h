/* What tests of calls that can fail expect. */
#ifndef COTANGENT_TESTS_EXPECT_H
#define COTANGENT_TESTS_EXPECT_H

#include "autograd/internal.h"

#include <check.h>
#include <string.h>

static inline void end_well(ct_scope s) { ck_assert_msg(ct_end(s), "%s", ct_error()); }

/* The error on record has this code and all of these parts in its text, and is forgotten. */
#define expect_error(code, ...)                                                                                      \
    expect_error_with(code, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})
static inline void expect_error_with(ct_error_code code, size_t n, const char *const *parts) {
    ck_assert_msg(ct_error_status() == code, "%s: %s", ct_error_name(ct_error_status()), ct_error());
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(strstr(ct_error(), parts[i]) != NULL, "no \"%s\" in: %s", parts[i], ct_error());
    ct_error_clear();
}

/* That a call made nothing, for this reason, which is forgotten. */
static inline void expect_refused(const void *result, ct_error_code code, const char *part) {
    ck_assert_ptr_null(result);
    expect_error(code, part);
}

static inline double element(const ct_tensor *t, int64_t i) { return ct_read_element(ct_dtype_of(t), ct_data(t), i); }
static inline double grad_of(ct_tensor *t) { return ct_item(ct_gradient(t)); }

#endif
