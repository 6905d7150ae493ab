/* Mini-batches; and opening and dealing a data set while memory or files fail. */
#include "autograd/autograd.h"
#include "data/data.h"
#include "support/files.h"
#include "support/images.h"
#include "support/memory.h"
#include "support/suite.h"
#include "tensor/internal.h"

#include <check.h>
#include <string.h>

static const char *folder;

static void setup(void) {
    folder = support_setup();
    put_few();
}

/* ---- batches ------------------------------------------------------------------------------------------------ */

static ct_dataset *open_many(void) {
    content images = many_images(), labels = many_labels();
    put_content(IMAGES, &images);
    put_content(LABELS, &labels);
    ct_dataset *d = ct_dataset_idx(folder, "train");
    ck_assert_msg(d != NULL, "%s", ct_error());
    return d;
}

/* Deals one epoch, checks x against y, and gives the labels in their order. Returns their number. */
static int deal_epoch(ct_loader *loader, int order[MANY]) {
    int n = 0;
    for (int64_t i = 0; i < ct_batches(loader); i++) {
        ct_scope s = ct_begin();
        ct_batch batch = ct_next(loader);
        const float *x = ct_data(batch.x);
        const int64_t *y = ct_data(batch.y);
        ck_assert_int_eq(ct_dtype_of(batch.x), CT_F32);
        ck_assert_int_eq(ct_dtype_of(batch.y), CT_I64);
        ck_assert_int_eq(ct_size(batch.x), 2 * ct_size(batch.y));
        for (int64_t k = 0; k < ct_size(batch.y); k++) {
            ck_assert_float_eq(x[2 * k], (float)y[k] / 255);
            ck_assert_float_eq(x[2 * k + 1], (float)(255 - y[k]) / 255);
            order[n++] = (int)y[k];
        }
        ck_assert_msg(ct_end(s), "%s", ct_error());
    }
    return n;
}

static bool is_permutation(const int order[MANY]) {
    bool seen[MANY] = {false};
    for (int i = 0; i < MANY; i++) seen[order[i]] = true;
    return !memchr(seen, false, sizeof seen);
}

START_TEST(test_order) {
    ct_dataset *d = open_many();
    ct_loader_options options = {.batch = 24, .shuffle = true, .seed = 29};
    ct_loader *a = ct_loader_new(d, &options), *b = ct_loader_new(d, &options);
    options.seed = 30;
    ct_loader *c = ct_loader_new(d, &options);
    int order[MANY], last[MANY] = {0}, other[MANY];
    ck_assert_int_eq(ct_batches(a), 9);
    for (int epoch = 0; epoch < 3; epoch++) {
        ck_assert_int_eq(deal_epoch(a, order), MANY);
        ck_assert(is_permutation(order));
        ck_assert_int_eq(deal_epoch(b, other), MANY);
        ck_assert_mem_eq(order, other, sizeof order); /* the same seed */
        ck_assert_mem_ne(order, last, sizeof order);  /* the next epoch */
        memcpy(last, order, sizeof order);
        deal_epoch(c, other);
        ck_assert_mem_ne(order, other, sizeof order); /* another seed */
    }
    ct_dataset_free(d); /* in either order */
    ct_loader_free(a);
    ct_loader_free(b);
    ct_loader_free(c);
}
END_TEST

/* Every sample comes first about as often: chi-square of 1990 degrees of freedom within five deviations. */
START_TEST(test_order_is_even) {
    ct_dataset *d = open_many();
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = MANY, .shuffle = true, .seed = 1});
    enum { EPOCHS = 4000, PLACES = 10 }; /* the first places */
    static int count[PLACES][MANY];
    int order[MANY];
    double chi = 0, expected = EPOCHS / (double)MANY, freedom = PLACES * (MANY - 1);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        deal_epoch(loader, order);
        for (int i = 0; i < PLACES; i++) count[i][order[i]]++;
    }
    for (int i = 0; i < PLACES; i++)
        for (int k = 0; k < MANY; k++) {
            chi += (count[i][k] - expected) * (count[i][k] - expected) / expected;
            ck_assert_int_gt(count[i][k], 0);
        }
    ck_assert_double_lt(chi, freedom + 5 * 63.1); /* sqrt(2 freedom) = 63.1 */
    ck_assert_double_gt(chi, freedom - 5 * 63.1);
    ct_loader_free(loader);
    ct_dataset_free(d);
}
END_TEST

START_TEST(test_in_sequence) {
    ct_dataset *d = open_many();
    ct_loader *whole = ct_loader_new(d, &(ct_loader_options){.batch = 7});
    ct_loader *less = ct_loader_new(d, &(ct_loader_options){.batch = 7, .drop_last = true});
    int order[MANY];
    ck_assert_int_eq(ct_batches(whole), 29);
    ck_assert_int_eq(ct_batches(less), 28);
    for (int epoch = 0; epoch < 2; epoch++) {
        ck_assert_int_eq(deal_epoch(whole, order), MANY);
        for (int i = 0; i < MANY; i++) ck_assert_int_eq(order[i], i);
        ck_assert_int_eq(deal_epoch(less, order), 28 * 7);
        for (int i = 0; i < 28 * 7; i++) ck_assert_int_eq(order[i], i);
    }
    ct_loader_free(whole);
    ct_loader_free(less);
    ct_dataset_free(d);
}
END_TEST

START_TEST(test_refill) {
    ct_dataset *d = open_many();
    ct_loader_options options = {.batch = 64, .shuffle = true};
    ct_loader *fresh = ct_loader_new(d, &options), *again = ct_loader_new(d, &options);
    ct_scope s = ct_begin();
    ct_batch kept = ct_next(again), batch = ct_next(fresh);
    for (int i = 0; i < 3; i++) {
        ck_assert_mem_eq(ct_data(kept.x), ct_data(batch.x), 64 * 2 * sizeof(float));
        ck_assert_mem_eq(ct_data(kept.y), ct_data(batch.y), 64 * sizeof(int64_t));
        batch = ct_next(fresh);
        if (i < 2) ck_assert(ct_refill(again, kept));
    }
    ck_assert(!ct_refill(again, kept)); /* the last has 8 samples */
    ck_assert_int_eq(ct_error_status(), CT_ERR_SHAPE);
    ck_assert_msg(strstr(ct_error(), "the next batch is f32 (8,2), the tensor f32 (64,2)"), "%s", ct_error());
    ct_error_clear();
    ct_batch small = ct_next(again); /* nothing was taken */
    ck_assert_int_eq(ct_size(small.y), 8);
    ck_assert(ct_refill(again, kept));
    ck_assert(!ct_refill(again, (ct_batch){kept.x, small.y}));
    ct_error_clear();
    ck_assert(!ct_refill(again, (ct_batch){ct_neg(kept.x), kept.y}));
    ck_assert_msg(strstr(ct_error(), "(64,2) is computed"), "%s", ct_error());
    ck_assert(!ct_end(s));
    ct_loader_free(fresh);
    ct_loader_free(again);
    ct_dataset_free(d);
}
END_TEST

static void no_loader(const ct_dataset *d, ct_error_code code, const char *text, ct_loader_options options) {
    ck_assert_ptr_null(ct_loader_new(d, &options));
    ck_assert_int_eq(ct_error_status(), code);
    ck_assert_msg(strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ct_error_clear();
}

START_TEST(test_bad_options) {
    ct_dataset *d = open_many();
    no_loader(d, CT_ERR_ARGUMENT, "a batch of 0", (ct_loader_options){0});
    no_loader(d, CT_ERR_ARGUMENT, "a batch of -1", (ct_loader_options){.batch = -1});
    no_loader(d, CT_ERR_ARGUMENT, "drop_last", (ct_loader_options){.batch = MANY + 1, .drop_last = true});
    no_loader(d, CT_ERR_DTYPE, "not u8", (ct_loader_options){.batch = 1, .dtype = CT_U8});
    no_loader(NULL, CT_ERR_NULL, "NULL", (ct_loader_options){.batch = 1});
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = INT64_MAX});
    ck_assert_int_eq(ct_batches(loader), 1);
    ct_loader_free(loader);
    ct_dataset_free(d);
}
END_TEST

/* The first cause passes through all that follows from it, to the end of the loop's scope. */
START_TEST(test_cause_surfaces) {
    ct_dataset *d = ct_dataset_idx("nowhere", "train");
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = 24});
    int turns = 0;
    for (int64_t i = 0; i < ct_batches(loader); i++, turns++) {
        ct_scope s = ct_begin();
        ct_batch batch = ct_next(loader);
        ck_assert(!batch.x && !batch.y);
        ck_assert(!ct_end(s));
        ck_assert_msg(strstr(ct_error(), "nowhere/" IMAGES ": no such file"), "%s", ct_error());
    }
    ck_assert_int_eq(turns, 1);
    ct_loader_free(loader);
}
END_TEST

/* ---- faults ------------------------------------------------------------------------------------------------- */

/* Opens the data set and deals an epoch; true when all went well. */
static bool open_and_deal(void) {
    ct_dataset *d = ct_dataset_idx(folder, "train");
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = 2, .shuffle = true});
    bool ok = true;
    for (int64_t i = 0; i < ct_batches(loader); i++) {
        ct_scope s = ct_begin();
        ct_next(loader);
        ok = ct_end(s) && ok;
    }
    ct_loader_free(loader);
    ct_dataset_free(d);
    ct_release_memory();
    ck_assert_int_eq(support_live_bytes(), 0);
    ck_assert_int_eq(support_open_files(), 0);
    return ok;
}

/* Lets call k fail, for k = 0, 1, ... until there is none left to fail; at each failure all is given back. */
static void fail_in_turn(void (*fail_at)(int64_t k), int64_t (*calls)(void), ct_error_code code) {
    int64_t failures = 0;
    for (int64_t k = 0;; k++) {
        fail_at(k);
        bool ok = open_and_deal();
        ck_assert_msg(ct_error_status() == (ok ? CT_OK : code), "%s", ct_error());
        failures += !ok;
        ct_error_clear();
        if (calls() <= k) break;
    }
    ck_assert_int_ge(failures, 6);
    fail_at(-1);
}

START_TEST(test_allocations_fail) {
    content images = few_images();
    pack_content(IMAGES, &images);
    fail_in_turn(support_fail_allocation, support_allocations, CT_ERR_MEMORY);
    fail_in_turn(support_fail_allocations_from, support_allocations, CT_ERR_MEMORY);
}
END_TEST

START_TEST(test_file_calls_fail) {
    fail_in_turn(support_fail_file_call, support_file_calls, CT_ERR_FILE);
    fail_in_turn(support_fail_file_calls_from, support_file_calls, CT_ERR_FILE);
}
END_TEST

START_TEST(test_epochs_allocate_nothing) {
    ct_dataset *d = open_many();
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = 24, .shuffle = true});
    int order[MANY];
    deal_epoch(loader, order);
    int64_t calls = support_allocations();
    for (int epoch = 0; epoch < 3; epoch++) deal_epoch(loader, order);
#ifndef CT_DEBUG /* whose scopes keep the memory of those before them away */
    ck_assert_int_eq(support_allocations(), calls);
#endif
    (void)calls;
    ct_loader_free(loader);
    ct_dataset_free(d);
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"batches",
         {test_order, test_order_is_even, test_in_sequence, test_refill, test_bad_options, test_cause_surfaces}},
        {"faults", {test_allocations_fail, test_file_calls_fail, test_epochs_allocate_nothing}},
        {.name = NULL},
    };
    return support_suite("loaders", cases, setup, support_teardown);
}
