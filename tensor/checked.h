/* The one place where sizes that come from a caller or a file are computed; a test forbids any other. */
#ifndef COTANGENT_TENSOR_CHECKED_H
#define COTANGENT_TENSOR_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each is true and sets *out when the exact result fits. */
static inline bool ct_checked_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool ct_checked_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool ct_checked_mul_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool ct_checked_add_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }

/* Rounds up to a multiple of `align`, a power of two. */
static inline bool ct_checked_round_up(size_t a, size_t align, size_t *out) {
    if (!ct_checked_add(a, align - 1, out)) return false;
    *out &= ~(align - 1);
    return true;
}

/* The product of n dimensions, none negative; at most PTRDIFF_MAX / 8, so that bytes of any dtype fit a size_t. */
static inline bool ct_checked_size(int n, const int64_t *dim, int64_t *out) {
    int64_t size = 1;
    bool fits = true, empty = false;
    for (int i = 0; i < n; i++) {
        if (dim[i] < 0) return false;
        empty = empty || dim[i] == 0;
        fits = fits && ct_checked_mul_i64(size, dim[i], &size);
    }
    *out = empty ? 0 : size;
    return empty || (fits && size <= PTRDIFF_MAX / 8);
}

#endif
