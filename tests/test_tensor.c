/* Values, memory, random numbers and threads. */
#include "support/expect.h"
#include "support/memory.h"
#include "tensor/checked.h"
#include "tensor/internal.h"
#include "tensor/isa.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(making_and_reading) {
    ct_scope s = ct_begin();
    ct_tensor *t = ct_label(ct_from(CT_F32, CT_SHAPE(2, 3), (float[]){1, 2, 3, 4, 5, 6}), "t");
    ck_assert_int_eq(ct_dtype_of(t), CT_F32);
    ck_assert_int_eq(ct_shape_of(t).ndim, 2);
    ck_assert_int_eq((int)ct_size(t), 6);
    ck_assert_str_eq(ct_label_of(t), "t");
    ck_assert_double_eq(ct_get(t, CT_SHAPE(1, -1)), 6);
    ck_assert_double_eq(ct_item(ct_scalar(0.1)), 0.1);
    ck_assert_double_eq(ct_get(ct_arange(CT_I32, 5), CT_SHAPE(4)), 4);
    ck_assert_int_eq((int)ct_size(ct_zeros(CT_F64, CT_SHAPE(3, 0, 2))), 0);
    ck_assert(signbit(ct_item(ct_full(CT_F64, CT_SCALAR, -0.0))));
    float own[2] = {7, 8};
    ct_tensor *w = ct_wrap(CT_F32, CT_SHAPE(2), own);
    ck_assert_ptr_eq(ct_data(w), own);
    ck_assert(ct_set(w, (float[]){9, 10}));
    ck_assert_float_eq(own[1], 10);
    ck_assert_ptr_null(ct_data(NULL));
    ck_assert_int_eq((int)ct_size(NULL), 0);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(conversion_saturates) {
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    ct_write_element(CT_I32, &i32, 0, 1e20);
    ct_write_element(CT_I64, &i64, 0, 1e300);
    ct_write_element(CT_U8, &u8, 0, -3);
    ck_assert(i32 == INT32_MAX && i64 == INT64_MAX && u8 == 0);
    ct_write_element(CT_I64, &i64, 0, NAN);
    ct_write_element(CT_I32, &i32, 0, -2.9);
    ck_assert(i64 == 0 && i32 == -2);
}
END_TEST

START_TEST(codes_have_names_and_meanings) {
    for (ct_error_code code = 0; code < CT_ERROR_CODE_COUNT; code++) {
        ck_assert(code == CT_OK || !strncmp(ct_error_name(code), "CT_ERR_", 7));
        ck_assert(strlen(ct_error_meaning(code)) > 2);
    }
    ck_assert_str_eq(ct_error_name(CT_ERROR_CODE_COUNT), "unknown code");
    ck_assert_str_eq(ct_error_meaning(CT_ERROR_CODE_COUNT), "unknown code");
}
END_TEST

START_TEST(what_is_refused) {
    support_fail_allocation(-1); /* none; but it has an end, which a sanitizer's does not */
    ct_scope s = ct_begin();
    expect_refused(ct_zeros(CT_F64, CT_SHAPE(2, -1)), CT_ERR_SHAPE,
                   "ct_full: (2,-1) has a negative extent (test_tensor.c:");
    expect_refused(ct_zeros(CT_F64, CT_SHAPE(INT64_MAX, 2)), CT_ERR_LIMIT, "too many elements");
    expect_refused(ct_zeros(CT_F64, CT_SHAPE(INT64_MAX / 16)), CT_ERR_MEMORY, "out of memory");
    expect_refused(ct_zeros((ct_dtype)99, CT_SHAPE(1)), CT_ERR_DTYPE, "99 is no dtype");
    expect_refused(ct_zeros(CT_F64, (ct_shape){.ndim = 9}), CT_ERR_SHAPE, "9 dimensions");
    expect_refused(ct_from(CT_F64, CT_SHAPE(2), NULL), CT_ERR_NULL, "the elements are NULL");
    expect_refused(ct_uniform(CT_I32, CT_SHAPE(2), 0, 1), CT_ERR_DTYPE, "i32 is not floating");
    expect_refused(ct_arange(CT_F64, -1), CT_ERR_SHAPE, "negative");
    ck_assert(ct_end(s));
    ck_assert(!ct_end(s)); /* twice */
    ck_assert_msg(strstr(ct_error(), "ct_end: scope 1 is not open"), "%s", ct_error());
    for (int i = 0; i < CT_MAX_SCOPES; i++) (void)ct_begin();
    ck_assert(!ct_end(ct_begin()));
    ck_assert_msg(strstr(ct_error(), "64 scopes are open already"), "%s", ct_error());
    ck_assert(ct_end((ct_scope){1})); /* ends those left open inside it */
    support_restore_allocator();
}
END_TEST

START_TEST(checked_sizes) {
    int64_t n;
    size_t r;
    ck_assert(ct_checked_size(3, (int64_t[]){2, 3, 4}, &n) && n == 24);
    ck_assert(ct_checked_size(3, (int64_t[]){INT64_MAX, INT64_MAX, 0}, &n) && n == 0);
    ck_assert(!ct_checked_size(2, (int64_t[]){0, -1}, &n));
    ck_assert(!ct_checked_size(2, (int64_t[]){INT64_MAX, 2}, &n));
    ck_assert(!ct_checked_size(1, (int64_t[]){INT64_MAX}, &n));
    ck_assert(ct_checked_round_up(65, 64, &r) && r == 128);
    ck_assert(!ct_checked_round_up(SIZE_MAX - 3, 64, &r));
}
END_TEST

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void end(ct_scope s) {
    if (!ct_end(s)) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
}

static void use_scopes(void) {
    ct_scope a = ct_begin();
    for (int i = 0; i < 50; i++) {
        ct_scope b = ct_begin();
        ct_label(ct_zeros(CT_F32, CT_SHAPE(i * 1000)), "some label");
        ct_label(ct_keep(ct_scalar(i)), "kept");
        end(b);
    }
    end(a);
    ck_assert(ct_error_status() == CT_ERR_MEMORY || ct_error_status() == CT_OK);
}

/* A chunk that is refused is asked for once more, smaller: that is no error. */
START_TEST(every_allocation_fails_in_turn) {
    ck_assert_int_gt(support_fail_each(support_fail_allocation, use_scopes), 0);
}
END_TEST

#ifndef CT_DEBUG /* debug builds keep the memory of ended scopes from use for a while */
START_TEST(a_second_turn_allocates_nothing) {
    support_count_allocations(use_scopes);
    int64_t before = support_allocations();
    use_scopes();
    ck_assert_int_eq((int)(support_allocations() - before), 0);
    ct_release_memory();
    ck_assert_int_eq((int)support_live_bytes(), 0);
    support_restore_allocator();
}
END_TEST
#endif

static void *scopes_in_a_thread(void *unused) {
    use_scopes();
    return unused;
}

START_TEST(a_thread_returns_its_memory) {
    pthread_t thread;
    support_count_allocations(use_scopes);
    ct_release_memory();
    ck_assert_int_eq(pthread_create(&thread, NULL, scopes_in_a_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq((int)support_live_bytes(), 0);
    support_restore_allocator();
}
END_TEST

/* ---- random numbers ------------------------------------------------------------------------------------------- */

/* Known answers of Random123's kat_vectors for philox4x32 with 10 rounds: counter and key zero. */
START_TEST(philox_known_answer) {
    double u[2];
    ct_fill_uniform(CT_F64, u, 2, 0, 0, 0, 1);
    uint64_t first = (uint64_t)0xe169c58d << 32 | 0x6627e8d5, second = (uint64_t)0x9b00dbd8 << 32 | 0xbc57ac4c;
    ck_assert_double_eq(u[0], (double)(first >> 11) * 0x1p-53);
    ck_assert_double_eq(u[1], (double)(second >> 11) * 0x1p-53);
}
END_TEST

/* However many there are, drawn by however many threads: element i is the same, and as a float it is rounded. */
START_TEST(an_element_is_a_function_of_its_place) {
    enum { N = 150001 };
    const int64_t sizes[] = {1, 2, 3, 1023, 1024, 1025, 65536, 65537, N};
    double *all = malloc(N * sizeof *all), *some = malloc(N * sizeof *some);
    float *narrow = malloc(N * sizeof *narrow);
    ck_assert(all && some && narrow);
    ct_set_threads(1);
    ct_fill_uniform(CT_F64, all, N, 7, 5, -2, 3);
    ct_fill_uniform(CT_F32, narrow, N, 7, 5, -2, 3);
    int wrong = 0;
    for (int i = 0; i < N; i++) wrong += narrow[i] != (float)all[i] && narrow[i] != nextafterf(3, 0);
    ck_assert_int_eq(wrong, 0);
    ct_set_threads(2);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        ct_fill_uniform(CT_F64, some, sizes[k], 7, 5, -2, 3);
        ck_assert_mem_eq(some, all, (size_t)sizes[k] * sizeof *all);
    }
    uint64_t first = (uint64_t)((all[0] + 2) / 5 * 0x1p53), below = ct_random_below(7, 5, 0, (uint64_t)1 << 53);
    ck_assert(below - first + 2 <= 4); /* the same bits, but for rounding */
    free(all), free(some), free(narrow);
}
END_TEST

START_TEST(a_seed_means_the_same_numbers) {
    ct_scope s = ct_begin();
    ct_seed(29);
    ct_tensor *a = ct_uniform(CT_F32, CT_SHAPE(1001), -1, 1), *b = ct_uniform(CT_F32, CT_SHAPE(1001), -1, 1);
    ct_random_state state = ct_random();
    ct_tensor *c = ct_normal(CT_F64, CT_SHAPE(20000), 2, 3);
    ct_seed(29);
    ck_assert_mem_eq(a->data, ct_uniform(CT_F32, CT_SHAPE(1001), -1, 1)->data, ct_bytes_of(a));
    ck_assert_mem_ne(a->data, b->data, ct_bytes_of(a));
    ct_random_restore(state);
    ck_assert_mem_eq(c->data, ct_normal(CT_F64, CT_SHAPE(20000), 2, 3)->data, ct_bytes_of(c));
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; i++) {
        double v = ((double *)c->data)[i] - 2;
        sum += v, squares += v * v;
    }
    ck_assert_double_le(fabs(sum / 20000), 4 * 3 / sqrt(20000)); /* 4 standard errors */
    ck_assert_double_le(fabs(squares / 20000 - 9), 4 * 9 * sqrt(2. / 20000));
    for (int i = 0; i < 1001; i++) ck_assert(((float *)a->data)[i] >= -1 && ((float *)a->data)[i] < 1);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------------------------- */

static void square_block(void *context, int64_t block) { ((int64_t *)context)[block] += block * block; }

static bool squares_right(int64_t blocks) {
    int64_t result[1000] = {0};
    ct_parallel(blocks, square_block, result);
    for (int64_t i = 0; i < blocks; i++)
        if (result[i] != i * i) return false;
    return true;
}

START_TEST(every_block_runs_once) {
    for (int threads = 1; threads <= 8; threads++) {
        ct_set_threads(threads);
        for (int64_t blocks = 0; blocks < 1000; blocks += 37) ck_assert(squares_right(blocks));
    }
    ct_set_threads(-5);
    ck_assert_int_eq(ct_threads(), 1);
    ct_set_threads(1000);
    ck_assert_int_eq(ct_threads(), 64);
    ct_set_threads(2);
}
END_TEST

static void halve_block(void *context, int64_t block) { ((double *)context)[block] *= 0.5; }

/* Denormals are zero for all threads or for none. */
START_TEST(threads_take_denormals_as_the_caller_does) {
    double x[1000];
    ct_set_threads(4);
    for (int flush = 1; flush >= 0; flush--) {
        for (int i = 0; i < 1000; i++) x[i] = 0x1p-1030;
        const unsigned mode = flush ? ct_flush_denormals() : ct_denormals();
        ct_parallel(1000, halve_block, x);
        ct_restore_denormals(mode);
        for (int i = 0; i < 1000; i++) ck_assert(x[i] > 0 || flush);
        for (int i = 1; i < 1000; i++) ck_assert(x[i] == x[0]);
    }
}
END_TEST

static void nested(void *context, int64_t block) { ((bool *)context)[block] = squares_right(100); }

static void *many_jobs(void *ok) {
    *(bool *)ok = true;
    for (int i = 0; i < 200; i++) *(bool *)ok = squares_right(1 + i) && *(bool *)ok;
    return NULL;
}

START_TEST(nested_and_concurrent_use) {
    bool ok[8] = {false};
    pthread_t thread[8];
    ct_set_threads(4);
    ct_parallel(8, nested, ok);
    for (int i = 0; i < 8; i++) ck_assert(ok[i]);
    for (int i = 0; i < 8; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, many_jobs, &ok[i]), 0);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert(ok[i]);
    }
}
END_TEST

/* A child of fork() has no threads: the pool must make new ones, not wait for those of its parent. */
START_TEST(after_fork) {
    ct_set_threads(4);
    ck_assert(squares_right(100));
    pid_t child = fork();
    if (child == 0) _exit(squares_right(100) ? 0 : 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(printing) {
    char text[256] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    ct_scope s = ct_begin();
    ct_print(ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2.5, -3, 1e-9}), out);
    ct_print(ct_arange(CT_I64, 9), out);
    ct_print(ct_scalar(0.1), out);
    ct_print(ct_full(CT_BOOL, CT_SHAPE(1), 1), out);
    ct_print(ct_from(CT_F64, CT_SHAPE(2), (double[]){-(double)NAN, NAN}), out);
    fclose(out);
    ck_assert_str_eq(text, "[[1, 2.5],\n [-3, 1e-09]]\n[0, 1, 2, ..., 6, 7, 8]\n0.1\n[true]\n[nan, nan]\n");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("tensor");
    TCase *t = tcase_create("tensor");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, making_and_reading);
    tcase_add_test(t, conversion_saturates);
    tcase_add_test(t, codes_have_names_and_meanings);
    tcase_add_test(t, what_is_refused);
    tcase_add_test(t, checked_sizes);
    tcase_add_test(t, every_allocation_fails_in_turn);
#ifndef CT_DEBUG
    tcase_add_test(t, a_second_turn_allocates_nothing);
#endif
    tcase_add_test(t, a_thread_returns_its_memory);
    tcase_add_test(t, philox_known_answer);
    tcase_add_test(t, an_element_is_a_function_of_its_place);
    tcase_add_test(t, a_seed_means_the_same_numbers);
    tcase_add_test(t, every_block_runs_once);
    tcase_add_test(t, threads_take_denormals_as_the_caller_does);
    tcase_add_test(t, nested_and_concurrent_use);
    tcase_add_test(t, after_fork);
    tcase_add_test(t, printing);
    suite_add_tcase(suite, t);
    return suite;
}
