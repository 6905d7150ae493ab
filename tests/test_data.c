/* IDX files, good and bad, and the data sets made of them. */
#include "data/data.h"
#include "support/files.h"
#include "support/images.h"
#include "support/memory.h"
#include "support/suite.h"
#include "tensor/internal.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;

static void setup(void) {
    folder = support_setup();
    put_few();
}

/* The folder's training set cannot be opened: with this code, the file's name and this text in the error. */
static void refused(ct_error_code code, const char *name, const char *text) {
    ck_assert_ptr_null(ct_dataset_idx(folder, "train"));
    ck_assert_msg(ct_error_status() == code, "%s, not %s", ct_error(), ct_error_name(code));
    ck_assert_msg(strstr(ct_error(), name) && strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ck_assert_msg(strstr(ct_error(), "test_data.c:"), "%s", ct_error());
    ct_error_clear();
    ck_assert_int_eq(support_live_bytes(), 0);
    ck_assert_int_eq(support_open_files(), 0);
}

/* In an epoch without shuffling, image i has its pixels and its label. */
static void check_samples(void) {
    ct_dataset *d = ct_dataset_idx(folder, "train");
    ck_assert_msg(d != NULL, "%s", ct_error());
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = FEW, .dtype = CT_F64});
    ct_scope s = ct_begin();
    ct_batch batch = ct_next(loader);
    for (int i = 0; i < FEW; i++) {
        ck_assert_double_eq(ct_get(batch.y, CT_SHAPE(i)), 2 * i);
        for (int k = 0; k < FEW_FEATURES; k++)
            ck_assert_double_eq(ct_get(batch.x, CT_SHAPE(i, k)), (40 * i + k) / 255.0);
    }
    ck_assert_msg(ct_end(s), "%s", ct_error());
    ct_loader_free(loader);
    ct_dataset_free(d);
    ct_release_memory();
}

/* ---- files -------------------------------------------------------------------------------------------------- */

START_TEST(test_properties) {
    ct_dataset *d = ct_dataset_idx(folder, "train");
    ct_shape shape = ct_dataset_shape(d);
    ck_assert(ct_shape_equal(&shape, &CT_SHAPE(2, 3)));
    ck_assert_int_eq(ct_dataset_size(d), FEW);
    ck_assert_int_eq(ct_dataset_features(d), FEW_FEATURES);
    ck_assert_int_eq(ct_dataset_classes(d), 2 * (FEW - 1) + 1);
    ct_dataset_free(d);
    ct_dataset_free(NULL);
    ck_assert_int_eq(ct_dataset_size(NULL) + ct_dataset_features(NULL) + ct_dataset_classes(NULL), 0);
    ck_assert_int_eq(ct_dataset_shape(NULL).ndim + ct_dataset_target_shape(NULL).ndim, 0);
    ck_assert_int_eq(support_live_bytes(), 0);
}
END_TEST

START_TEST(test_plain) { check_samples(); }
END_TEST

START_TEST(test_short_reads) {
    support_move_at_most(1);
    check_samples();
}
END_TEST

START_TEST(test_gzip) {
    content images = few_images();
    pack_content(IMAGES, &images);
    check_samples();
    support_move_at_most(1);
    check_samples();
}
END_TEST

START_TEST(test_gzip_by_content) { /* the name does not say it */
    content images = few_images();
    support_put_gzip(IMAGES, images.bytes, images.n);
    check_samples();
}
END_TEST

START_TEST(test_gzip_in_two_members) {
    content images = few_images();
    uint8_t packed[512];
    support_put_gzip("a", images.bytes, 20);
    support_put_gzip("b", images.bytes + 20, images.n - 20);
    size_t n = support_get("a", packed, sizeof packed);
    n += support_get("b", packed + n, sizeof packed - n);
    support_put(IMAGES, packed, n);
    check_samples();
}
END_TEST

/* Each beginning of a file is an error, and so is one byte too many. */
static void check_lengths(const char *name) {
    uint8_t whole[512] = {0};
    size_t n = support_get(name, whole, sizeof whole);
    for (size_t cut = 0; cut < n; cut++) {
        support_put(name, whole, cut);
        refused(CT_ERR_FORMAT, name, cut == 0 ? "empty" : "cut");
    }
    support_put(name, whole, n + 1);
    refused(CT_ERR_FORMAT, name, "too long");
}

START_TEST(test_lengths_of_images) { check_lengths(IMAGES); }
END_TEST
START_TEST(test_lengths_of_labels) { check_lengths(LABELS); }
END_TEST

START_TEST(test_lengths_of_gzip) {
    content images = few_images();
    pack_content(IMAGES, &images);
    uint8_t whole[512];
    size_t n = support_get(IMAGES ".gz", whole, sizeof whole);
    support_put(IMAGES ".gz", whole, 1);
    refused(CT_ERR_FORMAT, IMAGES, "cut"); /* too short to be told from a plain file */
    for (size_t cut = 2; cut < n; cut++) {
        support_put(IMAGES ".gz", whole, cut);
        refused(CT_ERR_FORMAT, IMAGES ".gz", "gzip data end early");
    }
    whole[n] = 0;
    support_put(IMAGES ".gz", whole, n + 1);
    refused(CT_ERR_FORMAT, IMAGES ".gz", "too long: other bytes follow the gzip data");
}
END_TEST

START_TEST(test_gzip_too_long) {
    content images = few_images();
    images.n++;
    pack_content(IMAGES, &images);
    refused(CT_ERR_FORMAT, IMAGES ".gz", "too long");
}
END_TEST

/* With any bit changed, the file is refused or, where gzip's header allows it, the same. */
START_TEST(test_gzip_damaged) {
    content images = few_images();
    pack_content(IMAGES, &images);
    uint8_t whole[512];
    size_t n = support_get(IMAGES ".gz", whole, sizeof whole);
    int same = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        whole[bit / 8] ^= (uint8_t)(1 << bit % 8);
        support_put(IMAGES ".gz", whole, n);
        ct_dataset *d = ct_dataset_idx(folder, "train");
        ct_dataset_free(d);
        ck_assert(d || ct_error_status() == CT_ERR_FORMAT || ct_error_status() == CT_ERR_LIMIT);
        ct_error_clear();
        if (d) same++, check_samples();
        whole[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_lt(same, 8 * 10); /* at most the 10 bytes before the data */
    ck_assert_int_eq(support_live_bytes(), 0);
}
END_TEST

START_TEST(test_bad_headers) {
    static const struct {
        const char *text;
        ct_error_code code;
        size_t at; /* of a byte in the header */
        uint8_t value;
    } cases[] = {
        {"not an IDX file", CT_ERR_FORMAT, 0, 'P'},
        {"not an IDX file", CT_ERR_FORMAT, 1, 1},
        {"not an IDX file", CT_ERR_FORMAT, 2, 0x0a},
        {"not an IDX file", CT_ERR_FORMAT, 2, 0xff},
        {"f32, not u8", CT_ERR_FORMAT, 2, 0x0d},
        {"0 dimensions", CT_ERR_FORMAT, 3, 0},
        {"9 dimensions", CT_ERR_FORMAT, 3, 9},
        {"(5) is no set of images", CT_ERR_FORMAT, 3, 1},
        {"(0,2,3) has no elements", CT_ERR_FORMAT, 7, 0},
        {"(5,2,0) has no elements", CT_ERR_FORMAT, 15, 0},
        {"holds 4 images, but", CT_ERR_FORMAT, 7, FEW - 1},
        {"cut: 30 of the 36", CT_ERR_FORMAT, 7, FEW + 1},
        {"cut: 30 of the 6710886430", CT_ERR_FORMAT, 12, 40},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        content c = few_images();
        c.bytes[cases[i].at] = cases[i].value;
        if (strstr(cases[i].text, "is no set")) c.n = 4 + 4 + FEW;
        if (strstr(cases[i].text, "holds 4")) c.n -= FEW_FEATURES;
        put_content(IMAGES, &c);
        refused(cases[i].code, IMAGES, cases[i].text);
    }
}
END_TEST

START_TEST(test_other_files) {
    content labels = few_labels(), images = few_images();
    put_content(LABELS, &images);
    refused(CT_ERR_FORMAT, LABELS, "(5,2,3) is no list of labels");
    labels.bytes[7] = FEW + 1;
    labels.n++;
    put_content(LABELS, &labels);
    refused(CT_ERR_FORMAT, IMAGES, "holds 5 images, but");
    support_put(LABELS, "P5 28 28 255\n", 13);
    refused(CT_ERR_FORMAT, LABELS, "not an IDX file");
    ck_assert_int_eq(remove(support_path(LABELS)), 0);
    refused(CT_ERR_FILE, LABELS, "no such file");
    ck_assert_int_eq(mkdir(support_path(LABELS), 0777), 0);
    refused(CT_ERR_FILE, LABELS, "Is a directory");
    folder = support_path("nowhere");
    refused(CT_ERR_FILE, "nowhere/" IMAGES, "no such file");
    static char deep[5000];
    memset(deep, 'x', sizeof deep - 1);
    folder = deep;
    refused(CT_ERR_FILE, "xxx", "too long");
    folder = NULL;
    refused(CT_ERR_NULL, "", "NULL");
}
END_TEST

/* A header of a few bytes that claims gigabytes takes no memory for them. */
START_TEST(test_claims) {
    static const uint8_t four_gigabytes[] = {0, 0, 8, 2, 0, 1, 0, 0, 0, 1, 0, 0, 1, 2, 3};
    support_put(IMAGES, four_gigabytes, sizeof four_gigabytes);
    refused(CT_ERR_FORMAT, IMAGES, "cut: 3 of the 4294967296");
    support_put_gzip(IMAGES, four_gigabytes, sizeof four_gigabytes);
    refused(CT_ERR_FORMAT, IMAGES, "cut: 3 of the 4294967296");
    ck_assert_int_lt(support_peak_bytes(), 1 << 18);

    uint8_t beyond[4 + 8 * 4] = {0, 0, 8, 8};
    memset(beyond + 4, 0xff, sizeof beyond - 4);
    support_put(IMAGES, beyond, sizeof beyond);
    refused(CT_ERR_LIMIT, IMAGES, "too many elements");
}
END_TEST

/* ---- MNIST proper ------------------------------------------------------------------------------------------- */

/* `first`: the first labels; NULL when they are not known. */
static void check_mnist(const char *split, int64_t n, const int64_t *first) {
    ct_dataset *d = ct_dataset_idx(folder, split);
    ck_assert_msg(d != NULL, "%s", ct_error());
    ck_assert_int_eq(ct_dataset_size(d), n);
    ck_assert_int_eq(ct_dataset_features(d), 784);
    ck_assert_int_eq(ct_dataset_classes(d), 10);
    ct_loader *loader = ct_loader_new(d, &(ct_loader_options){.batch = 5});
    ct_scope s = ct_begin();
    ct_batch batch = ct_next(loader);
    if (first) ck_assert_mem_eq(ct_data(batch.y), first, 5 * sizeof *first);
    ck_assert_msg(ct_end(s), "%s", ct_error());
    ct_loader_free(loader);
    ct_dataset_free(d);
}

START_TEST(test_mnist) {
    const char *proper = CT_SOURCE_DIR "/../shared/mnist", *data = getenv("CT_DATA");
    bool is_proper = access(proper, R_OK) == 0;
    folder = is_proper ? proper : data; /* which may hold other images of the kind */
    if (!folder) {
        printf("skipped: there is no MNIST in %s, and CT_DATA does not name its folder\n", proper);
        return;
    }
    check_mnist("train", 60000, is_proper ? (int64_t[]){5, 0, 4, 1, 9} : NULL);
    check_mnist("t10k", 10000, is_proper ? (int64_t[]){7, 2, 1, 0, 4} : NULL);
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"good files",
         {test_properties, test_plain, test_short_reads, test_gzip, test_gzip_by_content, test_gzip_in_two_members,
          test_mnist}},
        {"bad files",
         {test_lengths_of_images, test_lengths_of_labels, test_lengths_of_gzip, test_gzip_too_long, test_gzip_damaged,
          test_bad_headers, test_other_files, test_claims}},
        {.name = NULL},
    };
    return support_suite("data sets", cases, setup, support_teardown);
}
