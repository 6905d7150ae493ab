/* Files of arrays and tables: .npy and CSV, good ones and damaged ones. */
#include "data/data.h"
#include "support/elements.h"
#include "support/expect.h"
#include "support/files.h"
#include "support/memory.h"
#include "tensor/internal.h"

#include <check.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static void setup(void) {
    support_setup();
    open_scope();
}

static void teardown(void) {
    ct_error_clear();
    close_scope();
    support_teardown();
}

/* ---- .npy --------------------------------------------------------------------------------------------------- */

START_TEST(test_npy_round_trip) {
    static const ct_shape shapes[] = {
        {.ndim = 0}, {1, {5}}, {2, {3, 4}}, {3, {2, 0, 3}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};
    for (int dtype = 0; dtype < CT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            ct_tensor *t = random_tensor((ct_dtype)dtype, shapes[i]);
            ck_assert_msg(ct_write_npy(support_path("a.npy"), t), "%s", ct_error());
            ct_tensor *back = ct_read_npy(support_path("a.npy"));
            ck_assert_msg(back != NULL, "%s", ct_error());
            ck_assert_int_eq(ct_dtype_of(back), dtype);
            ck_assert(ct_same_shape(t, back));
            ck_assert_mem_eq(ct_data(t), ct_data(back), ct_bytes_of(t));
        }
}
END_TEST

/* As NumPy 1.24 writes np.array([[1., 2.], [3., 4.]]). */
START_TEST(test_npy_is_numpys) {
    static const char header[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }";
    static const double values[] = {1, 2, 3, 4};
    uint8_t file[256], written[256];
    memset(file, ' ', 128);
    memcpy(file, header, sizeof header - 1);
    file[127] = '\n';
    memcpy(file + 128, values, sizeof values);
    support_put("a.npy", file, 128 + sizeof values);
    ct_tensor *t = ct_read_npy(support_path("a.npy"));
    CHECK_VALUES(t, 1, 2, 3, 4);
    ck_assert(ct_write_npy(support_path("b.npy"), t));
    size_t n = support_get("b.npy", written, sizeof written);
    ck_assert_uint_eq(n % 64, sizeof values % 64);
    ck_assert_mem_eq(written, file, 8);
    ck_assert_mem_eq(written + n - sizeof values, values, sizeof values);
}
END_TEST

/* A version 1.0 file with this header and these elements. */
static void put_npy(const char *header, const void *elements, size_t n) {
    uint8_t file[1024] = "\x93NUMPY\x01";
    size_t length = strlen(header);
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, header, length);
    if (n) memcpy(file + 10 + length, elements, n);
    support_put("a.npy", file, 10 + length + n);
}

static ct_tensor *read_npy(const char *header, const void *elements, size_t n) {
    put_npy(header, elements, n);
    return ct_read_npy(support_path("a.npy"));
}

START_TEST(test_npy_orders) {
    static const float columns[] = {1, 4, 2, 5, 3, 6};
    static const uint8_t big[] = {0, 0, 0, 7, 0xff, 0xff, 0xff, 0xfe};
    ct_tensor *t = read_npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", columns, sizeof columns);
    CHECK_VALUES(t, 1, 2, 3, 4, 5, 6);
    t = read_npy("{'shape':(2,),'fortran_order':False,'descr':'>i4'}\n", big, sizeof big);
    CHECK_VALUES(t, 7, -2);
}
END_TEST

START_TEST(test_npy_damaged) {
    static const double one[] = {1, 2};
#define F8 "{'descr': '<f8', 'fortran_order': False, 'shape': "
    expect_refused(read_npy(F8 "(1,), }", one, 16), CT_ERR_FORMAT, "too long");
    expect_refused(read_npy(F8 "(2,), }", one, 15), CT_ERR_FORMAT, "cut: 15 of the 16 bytes of its elements");
    expect_refused(read_npy(F8 "(1000000000000,), }", one, 16), CT_ERR_FORMAT, "cut: 16 of the 8000000000000");
    expect_refused(read_npy(F8 "(4000000000, 4000000000), }", one, 16), CT_ERR_LIMIT, "too many elements");
    expect_refused(read_npy(F8 "(99999999999999999999,), }", one, 16), CT_ERR_LIMIT, "an extent is too large");
    expect_refused(read_npy(F8 "(-1,), }", one, 16), CT_ERR_FORMAT, "damaged at \"-1,), }\"");
    expect_refused(read_npy(F8 "(1,1,1,1,1,1,1,1,1), }", one, 16), CT_ERR_LIMIT, "more than 8 dimensions");
    expect_refused(read_npy(F8 "(2,)", one, 16), CT_ERR_FORMAT, "its header is damaged");
    expect_refused(read_npy(F8 "(2,), } x", one, 16), CT_ERR_FORMAT, "damaged at \"x\"");
    expect_refused(read_npy("{'descr': '<f8', 'shape': (2,)}", one, 16), CT_ERR_FORMAT, "lacks");
    expect_refused(read_npy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", one, 16), CT_ERR_DTYPE,
                   "'c16'");
    expect_refused(read_npy("", one, 16), CT_ERR_FORMAT, "damaged");
    support_put("a.npy", "", 0);
    expect_refused(ct_read_npy(support_path("a.npy")), CT_ERR_FORMAT, "cut: 0 of the 8 bytes of its magic");
    support_put("a.npy", "GIF89a..........", 16);
    expect_refused(ct_read_npy(support_path("a.npy")), CT_ERR_FORMAT, "not an .npy file");
    support_put("a.npy", "\x93NUMPY\x09\x00..........", 16);
    expect_refused(ct_read_npy(support_path("a.npy")), CT_ERR_FORMAT, "of version 9");
    expect_refused(ct_read_npy("nowhere.npy"), CT_ERR_FILE, "nowhere.npy: cannot open");
    expect_refused(ct_read_npy(NULL), CT_ERR_NULL, "NULL");
}
END_TEST

START_TEST(test_npy_unwritable) {
    ct_tensor *t = ct_ones(CT_F64, CT_SHAPE(3));
    ck_assert(!ct_write_npy("/dev/full", t));
    ck_assert(!ct_write_npy("/nowhere/a.npy", t));
    ck_assert_int_eq(ct_error_status(), CT_ERR_FILE);
    for (int64_t k = 0; k < 5; k++) { /* create, write, sync, close, rename */
        support_fail_file_call(k + 1);
        ck_assert(!ct_write_npy(support_path("b.npy"), t));
    }
    support_fail_file_call(-1);
    ck_assert_int_eq(support_count_folder(), 0);
    ck_assert(!ct_write_npy(support_path("b.npy"), NULL));
}
END_TEST

/* ---- CSV ---------------------------------------------------------------------------------------------------- */

static ct_tensor *read_csv(const char *text) {
    support_put("t.csv", text, strlen(text));
    return ct_read_csv(support_path("t.csv"), 0);
}

START_TEST(test_csv) {
    CHECK_VALUES(read_csv("1,2.5,-3e2\n 4 ,\t5,+6\n"), 1, 2.5, -300, 4, 5, 6);
    CHECK_VALUES(read_csv("a,b\r\n1,2\r\n\r\n3,4"), 1, 2, 3, 4);
    CHECK_VALUES(read_csv("7"), 7);
    support_put_gzip("t.csv.gz", "x;y\n1;2\n", 8);
    ct_tensor *t = ct_read_csv(support_path("t.csv.gz"), ';');
    CHECK_VALUES(t, 1, 2);
    ck_assert_int_eq(t->ndim, 2);
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) CHECK_VALUES(read_csv("1.5,2.5\n"), 1.5, 2.5);
    setlocale(LC_NUMERIC, "C");
}
END_TEST

START_TEST(test_csv_damaged) {
    expect_refused(read_csv(""), CT_ERR_FORMAT, "t.csv: empty");
    expect_refused(read_csv("a,b\n"), CT_ERR_FORMAT, "no row of numbers");
    expect_refused(read_csv("1,2\n3\n"), CT_ERR_FORMAT, "line 2 has 1 columns, those before 2");
    expect_refused(read_csv("1,2\n3,4,5\n"), CT_ERR_FORMAT, "line 2 has 3 columns");
    expect_refused(read_csv("1,2\n3,x\n"), CT_ERR_FORMAT, "line 2, column 2: \"x\" is no finite number");
    expect_refused(read_csv("a,1\n3,4\n"), CT_ERR_FORMAT, "line 1, column 1");
    expect_refused(read_csv("1,nan\n"), CT_ERR_FORMAT, "\"nan\"");
    expect_refused(read_csv("1,inf\n"), CT_ERR_FORMAT, "\"inf\"");
    expect_refused(read_csv("1,1e999\n"), CT_ERR_FORMAT, "\"1e999\"");
    expect_refused(read_csv("1,\n"), CT_ERR_FORMAT, "column 2: \"\"");
    expect_refused(read_csv("1,0x10\n"), CT_ERR_FORMAT, "0x10");
    expect_refused(read_csv("1,2\n\x80\xff,4\n"), CT_ERR_FORMAT, "line 2, column 1");
    support_put("t.csv", "1,2\0\n", 5); /* no blank */
    expect_refused(ct_read_csv(support_path("t.csv"), 0), CT_ERR_FORMAT, "line 1, column 2");
    expect_refused(ct_read_csv("nowhere.csv", 0), CT_ERR_FILE, "nowhere.csv");
    expect_refused(ct_read_csv("nowhere.csv", '1'), CT_ERR_ARGUMENT, "cannot separate");
    expect_refused(ct_read_csv(NULL, 0), CT_ERR_NULL, "NULL");
}
END_TEST

static ct_dataset *csv_data(const char *text, ct_csv_options options) {
    support_put("t.csv", text, strlen(text));
    return ct_dataset_csv(support_path("t.csv"), &options);
}

START_TEST(test_csv_data) {
    ct_dataset *numbers = csv_data("1,2,3\n4,5,6\n", (ct_csv_options){.targets = 2});
    ct_dataset *classes = csv_data("1,2,3\n4,5,0\n", (ct_csv_options){.classes = true});
    ck_assert(ct_dataset_size(numbers) == 2 && ct_dataset_features(numbers) == 1 && ct_dataset_classes(numbers) == 0);
    ck_assert(ct_dataset_size(classes) == 2 && ct_dataset_features(classes) == 2 && ct_dataset_classes(classes) == 4);
    ct_loader *l = ct_loader_new(numbers, &(ct_loader_options){.batch = 2, .dtype = CT_F64});
    ct_batch batch = ct_next(l);
    CHECK_VALUES(batch.x, 1, 4);
    CHECK_VALUES(batch.y, 2, 3, 5, 6);
    ct_loader_free(l);
    ct_dataset_free(numbers);
    ct_dataset_free(classes);
    expect_refused(csv_data("1,2\n3,4.5\n", (ct_csv_options){.classes = true}), CT_ERR_FORMAT,
                   "row 2: 4.5 is no class");
    expect_refused(csv_data("1,2\n3,-1\n", (ct_csv_options){.classes = true}), CT_ERR_FORMAT, "row 2: -1 is no class");
    expect_refused(csv_data("1\n2\n", (ct_csv_options){0}), CT_ERR_ARGUMENT, "1 targets of 1 columns");
}
END_TEST

START_TEST(test_allocations_fail) {
    ct_tensor *t = ct_ones(CT_F64, CT_SHAPE(3, 2));
    ck_assert(ct_write_npy(support_path("a.npy"), t));
    support_put("t.csv", "1,2\n3,4\n", 8);
    close_scope();
    for (int64_t k = 0;; k++) {
        support_fail_allocation(k);
        ct_scope s = ct_begin();
        ct_read_npy(support_path("a.npy"));
        ct_dataset *d = ct_dataset_csv(support_path("t.csv"), NULL);
        bool ok = ct_end(s);
        ct_dataset_free(d);
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
        ck_assert_int_eq(support_open_files(), 0);
        if (!ok) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
        ct_error_clear();
        if (support_allocations() <= k) break;
    }
    ck_assert_int_ge(support_allocations(), 8);
    support_fail_allocation(-1);
    open_scope();
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("files of arrays and tables");
    TCase *t;
    suite_add_tcase(suite, t = tcase_create("all"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_npy_round_trip);
    tcase_add_test(t, test_npy_is_numpys);
    tcase_add_test(t, test_npy_orders);
    tcase_add_test(t, test_npy_damaged);
    tcase_add_test(t, test_npy_unwritable);
    tcase_add_test(t, test_csv);
    tcase_add_test(t, test_csv_damaged);
    tcase_add_test(t, test_csv_data);
    tcase_add_test(t, test_allocations_fail);
    return suite;
}
