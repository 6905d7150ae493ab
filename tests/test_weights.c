/* A module's parameters to and from a file, whole or not at all. */
#include "nn/nn.h"
#include "support/files.h"
#include "support/memory.h"
#include "support/suite.h"
#include "tensor/internal.h"
#include "train/train.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "weights.safetensors"
#define MAX_SIZE 4096

static const char *path;

static void setup(void) {
    support_setup();
    path = support_path(FILE_NAME);
}

static ct_module *make_net(uint64_t seed, int64_t hidden) {
    ct_seed(seed);
    ct_module *net = ct_sequential(ct_linear(4, hidden), ct_relu_layer(), ct_linear(hidden, 2));
    ck_assert_msg(net != NULL, "%s", ct_error());
    return net;
}

static bool same(const ct_module *a, const ct_module *b) {
    for (int i = 0; i < ct_module_parameter_count(a); i++) {
        const ct_tensor *x = ct_module_parameter(a, i), *y = ct_module_parameter(b, i);
        if (!ct_same_shape(x, y) || memcmp(ct_data(x), ct_data(y), ct_bytes_of(x))) return false;
    }
    return true;
}

/* Loading into a net like `net` fails so, and changes nothing of it. */
static void load_refused(ct_module *net, const ct_module *unchanged, ct_error_code code, const char *text) {
    ck_assert(!ct_load(net, path));
    ck_assert_int_eq(ct_error_status(), code);
    ck_assert_msg(strstr(ct_error(), "ct_load: ") && strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ck_assert_msg(strstr(ct_error(), "test_weights.c:"), "%s", ct_error());
    ck_assert(!ct_error_pending());
    ct_error_clear();
    ck_assert(same(net, unchanged));
}

START_TEST(test_round_trip) {
    ct_module *a = make_net(1, 3), *b = make_net(2, 3);
    ck_assert(!same(a, b));
    ck_assert_msg(ct_save(a, path), "%s", ct_error());
    ck_assert_msg(ct_load(b, path), "%s", ct_error());
    ck_assert(same(a, b));
    ct_scope s = ct_begin();
    ct_list list = ct_read_safetensors(path);
    ck_assert_int_eq(list.n, 4);
    for (int i = 0; i < 4; i++) ck_assert_str_eq(ct_label_of(list.items[i]), ct_module_parameter_name(a, i));
    ck_assert(ct_end(s));
    ct_module_free(a);
    ct_module_free(b);
}
END_TEST

START_TEST(test_other_shapes) {
    ct_module *small = make_net(1, 3), *large = make_net(1, 5), *twin = make_net(1, 5);
    ck_assert(ct_save(small, path));
    load_refused(large, twin, CT_ERR_SHAPE,
                 FILE_NAME ": parameter \"0.weight\" is f32 (3,4) in the file, f32 (5,4) here");
    ct_module_free(small);
    ct_module_free(large);
    ct_module_free(twin);
}
END_TEST

/* All is looked at before anything is set: here only the last of the parameters does not fit. */
START_TEST(test_all_or_nothing) {
    ct_module *net = make_net(1, 3), *twin = make_net(1, 3);
    for (int other = 0; other < 4; other++) {
        ct_scope s = ct_begin();
        ct_tensor *zeros[5];
        for (int i = 0; i < 4; i++) {
            const ct_tensor *p = ct_module_parameter(net, i);
            zeros[i] = ct_label(ct_zeros(CT_F32, ct_shape_of(p)), ct_label_of(p));
        }
        int n = 4;
        switch (other) {
        case 0: zeros[3] = ct_label(ct_zeros(CT_F32, CT_SHAPE(2, 1)), "2.bias"); break;
        case 1: zeros[3] = ct_label(ct_zeros(CT_F64, CT_SHAPE(2)), "2.bias"); break;
        case 2: n = 3; break;
        default: zeros[n++] = ct_label(ct_zeros(CT_F32, CT_SHAPE(2)), "3.bias");
        }
        ck_assert_msg(ct_write_safetensors(path, (ct_list){n, zeros}), "%s", ct_error());
        ck_assert(ct_end(s));
        static const ct_error_code codes[] = {CT_ERR_SHAPE, CT_ERR_SHAPE, CT_ERR_FORMAT, CT_ERR_FORMAT};
        static const char *const texts[] = {
            "parameter \"2.bias\" is f32 (2,1) in the file, f32 (2) here",
            "parameter \"2.bias\" is f64 (2) in the file, f32 (2) here",
            "there is no parameter \"2.bias\"",
            "nothing here takes its \"3.bias\"",
        };
        load_refused(net, twin, codes[other], texts[other]);
    }
    ct_module_free(net);
    ct_module_free(twin);
}
END_TEST

START_TEST(test_bad_arguments) {
    ct_module *net = make_net(1, 3), *twin = make_net(1, 3);
    load_refused(net, twin, CT_ERR_FILE, FILE_NAME ": cannot open: No such file");
    support_put(FILE_NAME, "PK\3\4 no weights", 15);
    load_refused(net, twin, CT_ERR_FORMAT, "no safetensors file");
    ck_assert(!ct_save(NULL, path));
    ck_assert_int_eq(ct_error_status(), CT_ERR_NULL);
    ct_error_clear();
    ck_assert(!ct_load(NULL, path));
    ct_error_clear();
    ck_assert_ptr_null(ct_linear(-1, 1)); /* an earlier error comes first */
    ck_assert(!ct_save(net, path));
    ck_assert_msg(strstr(ct_error(), "ct_linear"), "%s", ct_error());
    uint8_t content[MAX_SIZE];
    ck_assert_uint_eq(support_get(FILE_NAME, content, sizeof content), 15); /* nothing was written */
    path = NULL;
    load_refused(net, twin, CT_ERR_NULL, "the path is NULL");
    ck_assert(!ct_save(net, path));
    ct_module_free(net);
    ct_module_free(twin);
}
END_TEST

START_TEST(test_permissions_are_kept) {
    ct_module *net = make_net(1, 3);
    struct stat status;
    ck_assert(ct_save(net, path));
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert(ct_save(net, path));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ct_module_free(net);
}
END_TEST

/* ---- faults ------------------------------------------------------------------------------------------------- */

/* The file holds all of the old weights or, once it was put in place, all of the new; true for the new. */
static bool holds_new(const uint8_t *old, const uint8_t *new, size_t n) {
    uint8_t now[MAX_SIZE];
    ck_assert_uint_eq(support_get(FILE_NAME, now, sizeof now), n);
    bool is_new = memcmp(now, new, n) == 0;
    ck_assert(is_new || memcmp(now, old, n) == 0);
    return is_new;
}

/* Saves over an older file while call k fails, for each k. */
static void fail_saving(void (*fail_at)(int64_t k), bool killed) {
    uint8_t old[MAX_SIZE], new[MAX_SIZE];
    ct_module *a = make_net(1, 3), *b = make_net(2, 3);
    ck_assert(ct_save(b, path));
    size_t n = support_get(FILE_NAME, new, sizeof new);
    int64_t replaced = 0;
    for (int64_t k = 0;; k++) {
        support_fail_file_call(-1);
        ck_assert(ct_save(a, path)); /* also beside what a killed program left */
        ck_assert_uint_eq(support_get(FILE_NAME, old, sizeof old), n);
        fail_at(k);
        bool saved = ct_save(b, path);
        bool is_new = holds_new(old, new, n);
        replaced += is_new;
        ck_assert_int_eq(support_open_files(), 0);
        if (!killed) ck_assert_int_eq(support_count_folder(), 1); /* no temporary file stays */
        if (support_file_calls() <= k) {
            ck_assert(saved && is_new);
            break;
        }
        ck_assert(!saved);
        ck_assert_int_eq(ct_error_status(), CT_ERR_FILE);
        ck_assert_msg(strstr(ct_error(), FILE_NAME) && strstr(ct_error(), "Input/output error"), "%s", ct_error());
    }
    ck_assert_int_eq(replaced, 2); /* without a failure, and when only the folder's sync failed */
    ct_module_free(a);
    ct_module_free(b);
}

START_TEST(test_saving_fails) { fail_saving(support_fail_file_call, false); }
END_TEST

START_TEST(test_killed_while_saving) {
    support_move_at_most(50); /* several writes */
    fail_saving(support_fail_file_calls_from, true);
}
END_TEST

START_TEST(test_loading_fails) {
    ct_module *a = make_net(1, 3), *b = make_net(2, 3), *twin = make_net(2, 3);
    ck_assert(ct_save(a, path));
    support_move_at_most(50);
    for (int64_t k = 0;; k++) {
        support_fail_file_call(k);
        bool loaded = ct_load(b, path);
        ck_assert_int_eq(support_open_files(), 0);
        ck_assert(same(b, loaded ? a : twin));
        if (loaded) break; /* only close() is left to fail, which loses nothing */
        ck_assert_int_eq(ct_error_status(), CT_ERR_FILE);
    }
    ck_assert_int_ge(support_file_calls(), 5);
    ct_module_free(a);
    ct_module_free(b);
    ct_module_free(twin);
}
END_TEST

START_TEST(test_allocations_fail) {
    uint8_t good[MAX_SIZE], now[MAX_SIZE];
    support_restore_allocator(); /* the nets live outside of what is counted */
    ct_module *a = make_net(1, 3), *b = make_net(2, 3), *twin = make_net(2, 3);
    ck_assert(ct_save(a, path));
    size_t n = support_get(FILE_NAME, good, sizeof good);
    for (int64_t k = 0;; k++) {
        support_fail_allocation(k);
        bool saved = ct_save(a, path), loaded = saved && ct_load(b, path);
        ck_assert_int_eq(support_live_bytes(), 0);
        ck_assert_int_eq(support_open_files(), 0);
        ck_assert_uint_eq(support_get(FILE_NAME, now, sizeof now), n);
        ck_assert_mem_eq(now, good, n);
        ck_assert(same(b, loaded ? a : twin));
        if (loaded) break;
        ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
    }
    ck_assert_int_ge(support_allocations(), 4);
    support_restore_allocator();
    ct_module_free(a);
    ct_module_free(b);
    ct_module_free(twin);
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"files",
         {test_round_trip, test_other_shapes, test_all_or_nothing, test_bad_arguments, test_permissions_are_kept}},
        {"faults", {test_saving_fails, test_killed_while_saving, test_loading_fails, test_allocations_fail}},
        {.name = NULL},
    };
    return support_suite("weights", cases, setup, support_teardown);
}
