/* Scores, the confusion matrix, evaluation; histories in files; what weights are like. */
#include "support/files.h"
#include "support/training.h"
#include "tensor/internal.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

static void setup(void) { support_make_folder(); }

static void teardown(void) {
    ct_error_clear();
    support_remove_folder();
}

/* Outputs (n, 3) that are largest at `guess`. */
static ct_tensor *outputs(int n, const int *guess) {
    double elements[64] = {0};
    for (int i = 0; i < n; i++) elements[3 * i + guess[i]] = 1 + i;
    return ct_from(CT_F64, CT_SHAPE(n, 3), elements);
}

static const int truths[] = {0, 0, 0, 1, 1, 2, 2, 2}, guesses[] = {0, 1, 1, 1, 1, 2, 0, 1};
#define N 8

static ct_tensor *targets(void) {
    int64_t y[N];
    for (int i = 0; i < N; i++) y[i] = truths[i];
    return ct_from(CT_I64, CT_SHAPE(N), y);
}

/* ---- scores ------------------------------------------------------------------------------------------------- */

START_TEST(test_tally) {
    ct_scope s = ct_begin();
    ct_tally tally = {0};
    ct_score none = ct_tally_score(&tally);
    ck_assert(none.samples == 0 && isnan(none.loss) && isnan(none.accuracy));
    ct_tensor *y = targets(), *out = outputs(N, guesses);
    ct_tally_batch(&tally, ct_scalar(2), out, y);
    ct_tally_batch(&tally, ct_scalar(5), ct_slice(out, 0, 0, 4, 1), ct_slice(y, 0, 0, 4, 1)); /* a smaller batch */
    ct_score score = ct_tally_score(&tally);
    ck_assert_int_eq(score.samples, 12);
    ck_assert_double_eq_tol(score.loss, (8 * 2 + 4 * 5) / 12., 1e-15);
    ck_assert_double_eq_tol(score.accuracy, (4 + 2) / 12., 1e-15);
    /* The same of one-hot targets; numbers are no classes. */
    ct_tally hot = {0}, numbers = {0};
    ct_tally_batch(&hot, ct_scalar(2), out, ct_cast(ct_one_hot(y, 3), CT_F64));
    ck_assert_double_eq(ct_tally_score(&hot).accuracy, 0.5);
    ct_tally_batch(&numbers, ct_scalar(2), out, ct_full(CT_F64, CT_SHAPE(N, 3), 2));
    ck_assert(isnan(ct_tally_score(&numbers).accuracy));
    ck_assert_int_eq(ct_tally_score(&numbers).samples, N);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

START_TEST(test_confusion) {
    ct_scope s = ct_begin();
    ct_confusion *c = ct_confusion_new(3);
    ck_assert_int_eq(ct_confusion_classes(c), 3);
    ck_assert_int_eq(ct_confusion_classes(NULL), 0);
    ck_assert(isnan(ct_confusion_accuracy(c)));
    ck_assert(ct_confusion_add(c, outputs(N, guesses), targets()));
    static const int64_t counts[3][3] = {{1, 2, 0}, {0, 2, 0}, {1, 1, 1}};
    for (int t = 0; t < 3; t++)
        for (int g = 0; g < 3; g++) ck_assert_int_eq(ct_confusion_count(c, t, g), counts[t][g]);
    ck_assert_int_eq(ct_confusion_count(c, 3, 0), 0);
    ck_assert_double_eq(ct_confusion_accuracy(c), 0.5);
    ct_class_score one = ct_confusion_class(c, 1), all = ct_confusion_macro(c);
    ck_assert_int_eq(one.samples, 2);
    ck_assert_int_eq(one.guesses, 5);
    ck_assert_double_eq_tol(one.precision, 2 / 5., 1e-15);
    ck_assert_double_eq_tol(one.recall, 1, 1e-15);
    ck_assert_double_eq_tol(one.f1, 4 / 7., 1e-15);
    ck_assert_double_eq_tol(all.precision, (1 / 2. + 2 / 5. + 1) / 3, 1e-15);
    ck_assert_double_eq_tol(all.recall, (1 / 3. + 1 + 1 / 3.) / 3, 1e-15);
    ck_assert_double_eq_tol(all.f1, (2 / 5. + 4 / 7. + 1 / 2.) / 3, 1e-15);
    ck_assert_int_eq(all.samples, N);
    ct_confusion_clear(c);
    ck_assert_double_eq(ct_confusion_class(c, 1).f1, 0);
    ct_confusion_free(c);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

START_TEST(test_mistakes) {
    ct_scope s = ct_begin();
    ct_confusion *c = ct_confusion_new(3);
    ct_mistake found[4];
    ck_assert(ct_confusion_add(c, outputs(N, guesses), targets()));
    ck_assert_int_eq(ct_confusion_mistakes(c, 4, found), 3);
    static const ct_mistake all[] = {{0, 1, 2}, {2, 0, 1}, {2, 1, 1}};
    ck_assert_mem_eq(found, all, sizeof all);
    ck_assert_int_eq(ct_confusion_mistakes(c, 2, found), 2);
    ck_assert_mem_eq(found, all, 2 * sizeof *all);
    ck_assert_int_eq(ct_confusion_mistakes(c, 0, NULL), 0);
    ct_confusion_free(c);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

static void add_refused(ct_confusion *c, ct_tensor *output, ct_tensor *target, const char *text) {
    ck_assert(!ct_confusion_add(c, output, target));
    ck_assert_msg(strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ct_error_clear();
}

START_TEST(test_confusion_refuses) {
    ck_assert_ptr_null(ct_confusion_new(0));
    ct_error_clear();
    ck_assert_ptr_null(ct_confusion_new(INT64_MAX));
    ct_error_clear();
    ct_scope s = ct_begin();
    ct_confusion *two = ct_confusion_new(2), *three = ct_confusion_new(3);
    add_refused(two, outputs(N, guesses), targets(), "not of 2 classes");
    add_refused(three, outputs(N, guesses), ct_zeros(CT_I64, CT_SHAPE(N + 1)), "not of 3 classes");
    add_refused(three, outputs(N, guesses), ct_full(CT_I64, CT_SHAPE(N), 3), "label 3, of 3 classes");
    add_refused(three, outputs(N, guesses), ct_full(CT_I64, CT_SHAPE(N), -1), "label -1");
    ct_tensor *late = ct_zeros(CT_I64, CT_SHAPE(N)); /* wrong in the last row alone: nothing is counted */
    ((int64_t *)ct_data(late))[N - 1] = 3;
    add_refused(three, outputs(N, guesses), late, "label 3");
    ck_assert_int_eq(ct_confusion_macro(three).samples, 0);
    add_refused(NULL, outputs(N, guesses), targets(), "NULL");
    ct_confusion_free(two);
    ct_confusion_free(three);
    ck_assert(ct_end(s));
}
END_TEST

/* In batches as in one go; the mode and the loader's place are as before, and dropout is off. */
START_TEST(test_evaluate) {
    tiny t = tiny_begin(0, (ct_loader_options){.shuffle = true});
    ct_loader *whole = ct_loader_new(t.data, &(ct_loader_options){.batch = TINY_SAMPLES, .dtype = CT_F64});
    ct_confusion *a = ct_confusion_new(4), *b = ct_confusion_new(4);
    ct_score in_batches, at_once;
    ck_assert(ct_loader_seek(t.loader, (ct_loader_place){2, 3}));
    ck_assert_msg(ct_evaluate(t.net, t.loader, NULL, a, &in_batches), "%s", ct_error());
    ck_assert(ct_evaluate(t.net, whole, ct_cross_entropy_at, b, &at_once));
    ck_assert_int_eq(in_batches.samples, TINY_SAMPLES);
    ck_assert_double_eq_tol(in_batches.loss, at_once.loss, 1e-12);
    ck_assert_double_eq(in_batches.accuracy, at_once.accuracy);
    ck_assert_double_eq(in_batches.accuracy, ct_confusion_accuracy(a));
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(ct_confusion_count(a, i / 4, i % 4), ct_confusion_count(b, i / 4, i % 4));
    ct_loader_place place = ct_loader_tell(t.loader);
    ck_assert(place.epoch == 2 && place.batch == 3);
    ck_assert(ct_is_training(t.net));
    ck_assert(!ct_evaluate(NULL, t.loader, NULL, NULL, NULL));
    ct_loader_free(whole);
    ct_confusion_free(a);
    ct_confusion_free(b);
    tiny_end(&t);
}
END_TEST

/* ---- histories ---------------------------------------------------------------------------------------------- */

static ct_history *two_rows(void) {
    ct_history *h = ct_history_new();
    ct_history_row row = {.epoch = 1, .step = 10, .seconds = 0.5, .lr = 0.1, .train = {5, 2.5, 0.25}};
    ck_assert(ct_history_add(h, &row));
    row = (ct_history_row){.epoch = 1, .step = 12, .epoch_ends = true, .seconds = 0.75, .lr = 0.1,
                           .train = {7, 1. / 3, 0.75}, .validation = {2, 1.5, NAN}};
    ck_assert(ct_history_add(h, &row));
    return h;
}

START_TEST(test_csv) {
    static const char expected[] =
        "epoch,step,epoch_ends,seconds,lr,train_loss,train_accuracy,train_error,validation_loss,validation_accuracy,"
        "validation_error,test_loss,test_accuracy,test_error\n"
        "1,10,0,0.5,0.1,2.5,0.25,0.75,,,,,,\n"
        "1,12,1,0.75,0.1,0.333333333,0.75,0.25,1.5,,,,,\n";
    char text[1024] = {0};
    ct_history *h = two_rows();
    ck_assert_msg(ct_write_history_csv(h, support_path("h.csv")), "%s", ct_error());
    support_get("h.csv", (uint8_t *)text, sizeof text);
    ck_assert_str_eq(text, expected);
    ct_history_free(h);
}
END_TEST

START_TEST(test_json) {
    ct_history *h = two_rows();
    ck_assert_msg(ct_write_history_json(h, support_path("h.json")), "%s", ct_error());
    json_error_t why;
    json_t *rows = json_load_file(support_path("h.json"), 0, &why), *row = json_array_get(rows, 1);
    ck_assert_msg(rows != NULL, "%s", why.text);
    ck_assert_uint_eq(json_array_size(rows), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(row, "step")), 12);
    ck_assert_double_eq(json_real_value(json_object_get(row, "validation_loss")), 1.5);
    ck_assert(json_is_null(json_object_get(row, "validation_error")));
    ck_assert(json_is_null(json_object_get(row, "test_loss")));
    json_decref(rows);
    ct_history_free(h);
    ck_assert(!ct_write_history_json(NULL, "h.json"));
}
END_TEST

/* ---- weights ------------------------------------------------------------------------------------------------ */

START_TEST(test_weights) {
    static const double elements[] = {-1, 0, 0, 1, 5};
    int64_t count[3];
    ct_scope s = ct_begin();
    ct_tensor *t = ct_from(CT_F64, CT_SHAPE(5), elements);
    ct_weight_statistics w = ct_weight_statistics_of(t);
    ck_assert_int_eq(w.n, 5);
    ck_assert_double_eq_tol(w.mean, 1, 1e-15);
    ck_assert_double_eq_tol(w.std, sqrt((4 + 1 + 1 + 0 + 16) / 5.), 1e-15);
    ck_assert(w.min == -1 && w.max == 5);
    ck_assert(ct_weight_histogram(t, -1, 2, 3, count));
    ck_assert(count[0] == 1 && count[1] == 2 && count[2] == 1); /* 5 lies outside */
    ck_assert(ct_weight_histogram(t, -5, 5, 2, count));
    ck_assert(count[0] == 1 && count[1] == 4); /* 5 is in the last, which is closed */
    ck_assert(!ct_weight_histogram(t, 1, 1, 3, count));
    ct_error_clear();
    ck_assert_int_eq(ct_weight_statistics_of(NULL).n, 0);
    for (int k = 0; k < 3; k++) { /* a NaN wherever it is */
        double numbers[] = {1, 2, 3};
        numbers[k] = NAN;
        w = ct_weight_statistics_of(ct_from(CT_F64, CT_SHAPE(3), numbers));
        ck_assert(isnan(w.min) && isnan(w.max) && isnan(w.mean) && isnan(w.std));
    }
    ck_assert(isnan(ct_weight_statistics_of(ct_zeros(CT_I64, CT_SHAPE(2))).mean));
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("metrics");
    TCase *t;
    suite_add_tcase(suite, t = tcase_create("all"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_tally);
    tcase_add_test(t, test_confusion);
    tcase_add_test(t, test_mistakes);
    tcase_add_test(t, test_confusion_refuses);
    tcase_add_test(t, test_evaluate);
    tcase_add_test(t, test_csv);
    tcase_add_test(t, test_json);
    tcase_add_test(t, test_weights);
    return suite;
}
