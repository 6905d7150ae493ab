/* Data sets from tensors, their parts and scaling; batches with shapes, one-hot targets, augmentation, prefetching. */
#include "autograd/autograd.h"
#include "data/internal.h"
#include "support/elements.h"
#include "support/expect.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define N 23

static void setup(void) {
    support_fail_allocation(-1);
    open_scope();
}

static void teardown(void) {
    ct_error_clear();
    close_scope();
    support_restore_allocator();
}

/* Sample i is (i, 100 + i), its class i % 5. */
static ct_dataset *counted(ct_dtype dtype) {
    int64_t y[N];
    ct_tensor *x = ct_zeros(dtype, CT_SHAPE(N, 2));
    for (int i = 0; i < N; i++) {
        ct_write_element(dtype, x->data, 2 * i, i);
        ct_write_element(dtype, x->data, 2 * i + 1, 100 + i);
        y[i] = i % 5;
    }
    ct_dataset *d = ct_dataset_tensors(x, ct_from(CT_I64, CT_SHAPE(N), y));
    ck_assert_msg(d != NULL, "%s", ct_error());
    return d;
}

/* The numbers of a data set's samples, in its order; each with the class that belongs to it. */
static int64_t numbers_of(const ct_dataset *d, int64_t *numbers) {
    ct_loader *l = ct_loader_new(d, &(ct_loader_options){.batch = ct_dataset_size(d), .dtype = CT_F64});
    ct_batch batch = ct_next(l);
    for (int64_t i = 0; i < ct_dataset_size(d); i++) {
        numbers[i] = (int64_t)((double *)batch.x->data)[2 * i];
        ck_assert_int_eq(((int64_t *)batch.y->data)[i], numbers[i] % 5);
    }
    ct_loader_free(l);
    return ct_dataset_size(d);
}

/* ---- parts -------------------------------------------------------------------------------------------------- */

/* Both together have each of the n samples once. */
static void check_complete(const ct_dataset *a, const ct_dataset *b, int64_t n) {
    int64_t numbers[2 * N];
    bool seen[N] = {false};
    int64_t na = numbers_of(a, numbers), nb = numbers_of(b, numbers + na);
    ck_assert_int_eq(na + nb, n);
    for (int64_t i = 0; i < n; i++) {
        ck_assert(!seen[numbers[i]]);
        seen[numbers[i]] = true;
    }
}

START_TEST(test_range_and_sample) {
    ct_dataset *d = counted(CT_F32), *range = ct_dataset_range(d, 5, 9), *inner = ct_dataset_range(range, 1, 3);
    ct_dataset *some = ct_dataset_sample(d, 9, 1), *again = ct_dataset_sample(d, 9, 1);
    ct_dataset *other = ct_dataset_sample(d, 9, 2);
    int64_t a[N], b[N], c[N];
    ct_dataset_free(range); /* parts outlive what they are parts of */
    ct_dataset_free(d);
    ck_assert_int_eq(numbers_of(inner, a), 2);
    ck_assert(a[0] == 6 && a[1] == 7);
    ck_assert_int_eq(ct_dataset_classes(inner), 5);
    ck_assert_int_eq(numbers_of(some, a), 9);
    numbers_of(again, b);
    numbers_of(other, c);
    ck_assert_mem_eq(a, b, 9 * sizeof *a);
    ck_assert_mem_ne(a, c, 9 * sizeof *a);
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < i; k++) ck_assert_int_ne(a[i], a[k]); /* without replacement */
    ct_dataset_free(inner);
    ct_dataset_free(some);
    ct_dataset_free(again);
    ct_dataset_free(other);
}
END_TEST

START_TEST(test_split_and_folds) {
    ct_dataset *d = counted(CT_F32), *a, *b, *validations = NULL;
    int64_t numbers[N];
    ck_assert(ct_dataset_split(d, 0.9, 29, &a, &b));
    ck_assert_int_eq(ct_dataset_size(a), 21); /* 20.7 */
    check_complete(a, b, N);
    numbers_of(a, numbers);
    bool in_order = true;
    for (int i = 1; i < 21; i++) in_order = in_order && numbers[i] > numbers[i - 1];
    ck_assert(!in_order);
    ct_dataset_free(a);
    ct_dataset_free(b);
    for (int i = 0; i < 4; i++) {
        ck_assert(ct_dataset_fold(d, 4, i, 29, &a, &b));
        ck_assert_int_eq(ct_dataset_size(b), i < 3 ? 6 : 5);
        check_complete(a, b, N);
        ct_dataset *joined = validations ? ct_dataset_join(validations, b) : ct_dataset_range(b, 0, 6);
        ct_dataset_free(validations);
        validations = joined;
        if (i == 2) { /* all folds before the last, and the last: each sample validates once */
            ct_dataset *last, *rest;
            ck_assert(ct_dataset_fold(d, 4, 3, 29, &rest, &last));
            check_complete(validations, last, N);
            ct_dataset_free(last);
            ct_dataset_free(rest);
        }
        ct_dataset_free(a);
        ct_dataset_free(b);
    }
    ct_dataset_free(validations);
    ct_dataset_free(d);
}
END_TEST

START_TEST(test_parts_refuse) {
    ct_dataset *d = counted(CT_F32), *wide = counted(CT_F64), *a = d, *b = d;
    expect_refused(ct_dataset_range(d, 3, 3), CT_ERR_ARGUMENT, "samples 3 to 3 of 23");
    expect_refused(ct_dataset_range(d, -1, 3), CT_ERR_ARGUMENT, "samples -1");
    expect_refused(ct_dataset_sample(d, N + 1, 0), CT_ERR_ARGUMENT, "24 of 23");
    expect_refused(ct_dataset_join(d, wide), CT_ERR_SHAPE, "different dtypes");
    expect_refused(ct_dataset_join(d, NULL), CT_ERR_NULL, "NULL");
    ck_assert(!ct_dataset_split(d, 0.01, 0, &a, &b));
    expect_refused(a, CT_ERR_ARGUMENT, "a fraction 0.01 of 23 samples");
    ck_assert(!ct_dataset_split(d, NAN, 0, &a, &b));
    expect_refused(b, CT_ERR_ARGUMENT, "nan");
    ck_assert(!ct_dataset_fold(d, 1, 0, 0, &a, &b));
    expect_refused(a, CT_ERR_ARGUMENT, "fold 0 of 1");
    ck_assert(!ct_dataset_fold(d, 4, 4, 0, &a, &b));
    expect_refused(a, CT_ERR_ARGUMENT, "fold 4 of 4");
    ck_assert(!ct_dataset_split(d, 0.5, 0, NULL, &b));
    expect_refused(b, CT_ERR_NULL, "ct_dataset_split: operand 4");
    ck_assert(!ct_dataset_split(d, 0.5, 0, &a, NULL));
    expect_refused(a, CT_ERR_NULL, "ct_dataset_split: operand 5");
    ck_assert(!ct_dataset_fold(d, 4, 0, 0, NULL, &b));
    expect_refused(b, CT_ERR_NULL, "ct_dataset_fold: operand 5");
    ck_assert(!ct_dataset_fold(d, 4, 0, 0, &a, NULL));
    expect_refused(a, CT_ERR_NULL, "ct_dataset_fold: operand 6");
    ct_dataset_free(d);
    ct_dataset_free(wide);
}
END_TEST

/* Without memory a fold says that it is a fold. */
START_TEST(test_folds_fail_by_name) {
    ct_dataset *d = counted(CT_F32), *a = NULL, *b = NULL;
    int64_t k = 0;
    for (support_fail_allocation(k); !ct_dataset_fold(d, 4, 0, 0, &a, &b); support_fail_allocation(++k)) {
        expect_refused(a, CT_ERR_MEMORY, "ct_dataset_fold");
        ck_assert_ptr_null(b);
    }
    ck_assert_int_eq(k, 3);
    ct_dataset_free(a);
    ct_dataset_free(b);
    ct_dataset_free(d);
}
END_TEST

START_TEST(test_tensors_refuse) {
    ct_tensor *x = ct_ones(CT_F32, CT_SHAPE(3, 2));
    expect_refused(ct_dataset_tensors(x, ct_ones(CT_I64, CT_SHAPE(4))), CT_ERR_SHAPE, "(3,2) and (4) are no samples");
    expect_refused(ct_dataset_tensors(x, ct_scalar(1)), CT_ERR_SHAPE, "no samples with a target each");
    expect_refused(ct_dataset_tensors(ct_ones(CT_F32, CT_SHAPE(0, 2)), ct_ones(CT_F32, CT_SHAPE(0))), CT_ERR_SHAPE,
                   "(0,2)");
    expect_refused(ct_dataset_tensors(x, ct_full(CT_I64, CT_SHAPE(3), -1)), CT_ERR_ARGUMENT, "label -1");
    expect_refused(ct_dataset_tensors(x, NULL), CT_ERR_NULL, "NULL");
}
END_TEST

/* ---- scaling ------------------------------------------------------------------------------------------------ */

static ct_batch whole_batch(const ct_dataset *d) {
    ct_loader *l = ct_loader_new(d, &(ct_loader_options){.batch = ct_dataset_size(d), .dtype = CT_F64});
    ct_batch batch = ct_next(l);
    ct_loader_free(l);
    return batch;
}

/* Fitted on the reference alone, of every dtype. */
START_TEST(test_scaling) {
    static const ct_dtype dtypes[] = {CT_U8, CT_I32, CT_I64, CT_F32, CT_F64};
    for (int i = 0; i < 5; i++) {
        ct_dataset *d = counted(dtypes[i]), *reference = ct_dataset_range(d, 0, 5);
        ct_dataset *standard = ct_dataset_scale(d, reference, CT_STANDARDIZE);
        ct_dataset *span = ct_dataset_scale(d, reference, CT_MIN_MAX), *part = ct_dataset_range(span, 8, 10);
        const double *x = ct_data(whole_batch(standard).x), *z = ct_data(whole_batch(part).x);
        for (int k = 0; k < N; k++) {
            ck_assert_double_eq_tol(x[2 * k], (k - 2) / sqrt(2), 1e-12);
            ck_assert_double_eq_tol(x[2 * k + 1], (k - 2) / sqrt(2), 1e-12);
        }
        ck_assert_double_eq_tol(z[0], 2, 1e-12);
        ck_assert_double_eq_tol(z[3], 9 / 4., 1e-12);
        ct_dataset_free(d);
        ct_dataset_free(reference);
        ct_dataset_free(standard);
        ct_dataset_free(span);
        ct_dataset_free(part);
    }
}
END_TEST

START_TEST(test_scaling_constant) {
    ct_dataset *d = ct_dataset_tensors(ct_full(CT_F64, CT_SHAPE(4, 1), 3), ct_ones(CT_F64, CT_SHAPE(4)));
    ct_dataset *scaled = ct_dataset_scale(d, d, CT_STANDARDIZE);
    CHECK_VALUES(whole_batch(scaled).x, 0, 0, 0, 0);
    expect_refused(ct_dataset_join(d, scaled), CT_ERR_SHAPE, "scaled");
    expect_refused(ct_dataset_scale(d, d, (ct_scaling)7), CT_ERR_ARGUMENT, "7");
    ct_dataset_free(d);
    ct_dataset_free(scaled);
}
END_TEST

/* ---- batches ------------------------------------------------------------------------------------------------ */

START_TEST(test_forms) {
    ct_dataset *d = counted(CT_I32);
    ct_loader *hot = ct_loader_new(d, &(ct_loader_options){.batch = 2, .one_hot = true, .shape = CT_SHAPE(1, 2, 1)});
    ct_loader *whole = ct_loader_new(d, &(ct_loader_options){.batch = 2, .dtype = CT_I64});
    ct_batch batch = ct_next(hot);
    check_shape(batch.x, CT_F32, CT_SHAPE(2, 1, 2, 1));
    CHECK_VALUES(batch.x, 0, 100, 1, 101);
    check_shape(batch.y, CT_F32, CT_SHAPE(2, 5));
    CHECK_VALUES(batch.y, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    batch = ct_next(whole);
    check_shape(batch.x, CT_I64, CT_SHAPE(2, 2));
    check_shape(batch.y, CT_I64, CT_SHAPE(2));
    ct_loader_free(hot);
    ct_loader_free(whole);
    ct_dataset_free(d);
    double numbers[6] = {1.5, 2, 3, 4, 5, 6}; /* regression: two numbers each */
    d = ct_dataset_tensors(ct_ones(CT_BOOL, CT_SHAPE(3, 4)), ct_from(CT_F64, CT_SHAPE(3, 2), numbers));
    ck_assert_int_eq(ct_dataset_classes(d), 0);
    hot = ct_loader_new(d, &(ct_loader_options){.batch = 2});
    batch = ct_next(hot);
    check_shape(batch.y, CT_F32, CT_SHAPE(2, 2));
    CHECK_VALUES(batch.y, 1.5, 2, 3, 4);
    CHECK_VALUES(batch.x, 1, 1, 1, 1, 1, 1, 1, 1);
    ct_loader_free(hot);
    ct_dataset_free(d);
}
END_TEST

/* Bytes become the rounded quotient by 255, without a division. */
START_TEST(test_bytes) {
    uint8_t bytes[256];
    for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    ct_dataset *d = ct_dataset_tensors(ct_from(CT_U8, CT_SHAPE(1, 256), bytes), ct_ones(CT_F32, CT_SHAPE(1)));
    ct_loader *single = ct_loader_new(d, &(ct_loader_options){.batch = 1});
    ct_loader *wide = ct_loader_new(d, &(ct_loader_options){.batch = 1, .dtype = CT_F64});
    const float *x = ct_data(ct_next(single).x);
    const double *z = ct_data(ct_next(wide).x);
    for (int i = 0; i < 256; i++) {
        ck_assert_float_eq(x[i], (float)i / 255);
        ck_assert_double_eq(z[i], i / 255.);
    }
    ct_loader_free(single);
    ct_loader_free(wide);
    ct_dataset_free(d);
}
END_TEST

START_TEST(test_options_refuse) {
    ct_dataset *d = counted(CT_F32), *pictures = ct_dataset_tensors(ct_ones(CT_U8, CT_SHAPE(2, 3, 3)),
                                                                    ct_ones(CT_F32, CT_SHAPE(2)));
    expect_refused(ct_loader_new(d, &(ct_loader_options){.batch = 1, .shape = CT_SHAPE(3)}), CT_ERR_SHAPE,
            "a sample of 2 features has no shape (3)");
    expect_refused(ct_loader_new(d, &(ct_loader_options){.batch = 1, .dtype = CT_I64}), CT_ERR_DTYPE, "i64");
    expect_refused(ct_loader_new(d, &(ct_loader_options){.batch = 1, .augment.shift = 1}), CT_ERR_SHAPE, "no images");
    expect_refused(ct_loader_new(pictures, &(ct_loader_options){.batch = 1, .augment.shift = NAN}), CT_ERR_ARGUMENT,
                   "finite");
    expect_refused(ct_loader_new(pictures, &(ct_loader_options){.batch = 1, .one_hot = true}), CT_ERR_ARGUMENT,
                   "one_hot");
    ct_dataset_free(d);
    ct_dataset_free(pictures);
}
END_TEST

START_TEST(test_seek) {
    ct_dataset *d = counted(CT_F64);
    for (int prefetch = 0; prefetch < 2; prefetch++) {
        ct_loader_options o = {.batch = 5, .shuffle = true, .dtype = CT_F64, .prefetch = prefetch};
        ct_loader *l = ct_loader_new(d, &o), *straight = ct_loader_new(d, &o);
        ct_batch wanted[15];
        for (int i = 0; i < 15; i++) wanted[i] = ct_next(straight);
        static const int places[] = {14, 3, 3, 0, 9, 10};
        for (int i = 0; i < 6; i++) {
            ck_assert(ct_loader_seek(l, (ct_loader_place){places[i] / 5, places[i] % 5}));
            ck_assert_int_eq(ct_next_size(l), places[i] % 5 == 4 ? 3 : 5);
            ct_batch got = ct_next(l);
            ck_assert_int_eq(ct_size(got.y), ct_size(wanted[places[i]].y));
            ck_assert_mem_eq(ct_data(got.x), ct_data(wanted[places[i]].x), ct_bytes_of(got.x));
        }
        ct_loader_place place = ct_loader_tell(l);
        ck_assert(place.epoch == 2 && place.batch == 1);
        ck_assert(!ct_loader_seek(l, (ct_loader_place){0, 5}));
        expect_refused(NULL, CT_ERR_ARGUMENT, "batch 5 of epoch 0, of 5");
        ct_loader_free(l);
        ct_loader_free(straight);
    }
    ct_dataset_free(d);
}
END_TEST

/* ---- augmentation ------------------------------------------------------------------------------------------- */

START_TEST(test_warp) {
    static const double image[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    double z[9];
    ct_warp w = {.planes = 1, .height = 3, .width = 3};
    ct_warp_image(&w, CT_F64, image, z);
    ck_assert_mem_eq(z, image, sizeof z);
    w.down = 1;
    w.right = -1;
    ct_warp_image(&w, CT_F64, image, z);
    static const double moved[] = {0, 0, 0, 2, 3, 0, 5, 6, 0};
    ck_assert_mem_eq(z, moved, sizeof z);
    w.down = 0;
    w.right = 0.25;
    ct_warp_image(&w, CT_F64, image, z);
    ck_assert_double_eq_tol(z[0], 0.75, 1e-15); /* a quarter of it comes from outside */
    ck_assert_double_eq_tol(z[4], 0.75 * 5 + 0.25 * 4, 1e-15);
    w = (ct_warp){.planes = 1, .height = 3, .width = 3, .angle = acos(-1) / 2};
    ct_warp_image(&w, CT_F64, image, z);
    static const double turned[] = {7, 4, 1, 8, 5, 2, 9, 6, 3};
    for (int i = 0; i < 9; i++) ck_assert_double_eq_tol(z[i], turned[i], 1e-12);
}
END_TEST

static ct_dataset *pictures(void) {
    uint8_t pixels[6 * 8 * 8];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 37 % 256);
    return ct_dataset_tensors(ct_from(CT_U8, CT_SHAPE(6, 8, 8), pixels), ct_arange(CT_I64, 6));
}

/* The same for a sample of an epoch, whatever the batch it is in and whoever deals it; another in the next epoch. */
START_TEST(test_augmented) {
    ct_dataset *d = pictures(), *scaled = ct_dataset_scale(d, d, CT_STANDARDIZE);
    ct_loader_options o = {.batch = 6, .seed = 3, .augment = {.shift = 2, .rotate = 20}};
    ct_loader *whole = ct_loader_new(d, &o), *with_scale = ct_loader_new(scaled, &o);
    o.prefetch = true;
    o.batch = 2;
    ct_loader *parts = ct_loader_new(d, &o);
    ct_loader *plain = ct_loader_new(d, &(ct_loader_options){.batch = 6});
    ct_batch all = ct_next(whole), unchanged = ct_next(plain), next = ct_next(whole), standard = ct_next(with_scale);
    const float *x = ct_data(all.x), *s = ct_data(standard.x);
    ck_assert_mem_ne(x, ct_data(unchanged.x), ct_bytes_of(all.x));
    ck_assert_mem_ne(x, ct_data(next.x), ct_bytes_of(all.x));
    for (int i = 0; i < 3; i++) {
        ct_batch part = ct_next(parts);
        ck_assert_mem_eq(ct_data(part.x), x + i * 2 * 64, ct_bytes_of(part.x));
    }
    for (int i = 0; i < 6 * 64; i++) {
        ck_assert(x[i] >= 0 && x[i] <= 1); /* between the pixels, and divided by 255 */
        ck_assert_float_eq_tol(s[i], (float)((255. * x[i] - scaled->shift[i % 64]) / scaled->range[i % 64]), 1e-5f);
    }
    ct_loader_free(whole);
    ct_loader_free(with_scale);
    ct_loader_free(parts);
    ct_loader_free(plain);
    ct_dataset_free(d);
    ct_dataset_free(scaled);
}
END_TEST

/* ---- prefetching -------------------------------------------------------------------------------------------- */

START_TEST(test_prefetch) {
    ct_dataset *d = counted(CT_F32);
    ct_loader_options o = {.batch = 4, .shuffle = true, .seed = 9, .augment = {0}};
    ct_loader *plain = ct_loader_new(d, &o);
    o.prefetch = true;
    ct_loader *ahead = ct_loader_new(d, &o);
    ct_batch kept = ct_next(ahead), first = ct_next(plain);
    ck_assert_mem_eq(ct_data(kept.x), ct_data(first.x), ct_bytes_of(kept.x));
    int64_t before = support_allocations();
    for (int i = 1; i < 600; i++) {
        ct_scope s = ct_begin();
        ct_batch a = ct_next(plain), b = kept;
        if (i % 6 == 5) b = ct_next(ahead); /* the smaller last one */
        else ck_assert(ct_refill(ahead, kept));
        ck_assert_mem_eq(ct_data(a.x), ct_data(b.x), ct_bytes_of(a.x));
        ck_assert_mem_eq(ct_data(a.y), ct_data(b.y), ct_bytes_of(a.y));
        ck_assert_msg(ct_end(s), "%s", ct_error());
        if (i == 10) before = support_allocations();
    }
#ifndef CT_DEBUG /* whose scopes keep the memory of those before them away */
    ck_assert_int_eq(support_allocations(), before);
#endif
    (void)before;
    ct_loader_free(plain);
    ct_loader_free(ahead);
    ct_dataset_free(d);
}
END_TEST

/* Freed at once, unused, or in the middle of what the thread does. */
START_TEST(test_prefetch_ends) {
    ct_dataset *d = counted(CT_F32);
    for (int i = 0; i < 50; i++) {
        ct_loader *l = ct_loader_new(d, &(ct_loader_options){.batch = 3, .prefetch = true});
        for (int k = 0; k < i % 4; k++) ct_next(l);
        ct_loader_free(l);
    }
    ct_dataset_free(d);
}
END_TEST

/* ---- faults ------------------------------------------------------------------------------------------------- */

START_TEST(test_allocations_fail) {
    close_scope();
    int failures = 0;
    for (int64_t k = 0;; k++) {
        support_fail_allocation(k);
        ct_scope s = ct_begin();
        ct_dataset *d = pictures(), *a = NULL, *b = NULL, *joined = NULL, *scaled = NULL;
        if (d && ct_dataset_split(d, 0.5, 1, &a, &b)) joined = ct_dataset_join(a, b);
        if (joined) scaled = ct_dataset_scale(joined, a, CT_MIN_MAX);
        ct_loader *l = ct_loader_new(scaled, &(ct_loader_options){.batch = 4, .prefetch = true, .augment.rotate = 3});
        if (l) ct_next(l);
        bool ok = ct_end(s);
        ct_loader_free(l);
        ct_dataset_free(scaled);
        ct_dataset_free(joined);
        ct_dataset_free(a);
        ct_dataset_free(b);
        ct_dataset_free(d);
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
        ck_assert_int_eq(ct_error_status(), ok ? CT_OK : CT_ERR_MEMORY);
        ct_error_clear();
        failures += !ok;
        if (support_allocations() <= k) break;
    }
    ck_assert_int_ge(failures, 10); /* some are made up for */
    support_fail_allocation(-1);
    open_scope();
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("data sets from tensors");
    TCase *t;
    suite_add_tcase(suite, t = tcase_create("parts"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_range_and_sample);
    tcase_add_test(t, test_split_and_folds);
    tcase_add_test(t, test_parts_refuse);
    tcase_add_test(t, test_folds_fail_by_name);
    tcase_add_test(t, test_tensors_refuse);
    tcase_add_test(t, test_scaling);
    tcase_add_test(t, test_scaling_constant);
    suite_add_tcase(suite, t = tcase_create("batches"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_forms);
    tcase_add_test(t, test_bytes);
    tcase_add_test(t, test_options_refuse);
    tcase_add_test(t, test_seek);
    tcase_add_test(t, test_warp);
    tcase_add_test(t, test_augmented);
    tcase_add_test(t, test_prefetch);
    tcase_add_test(t, test_prefetch_ends);
    tcase_add_test(t, test_allocations_fail);
    return suite;
}
