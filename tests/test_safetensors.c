/* Files of tensors: round trips, the format itself, damaged files, and a program killed while it writes. */
#include "data/internal.h"
#include "support/files.h"
#include "support/memory.h"
#include "support/suite.h"
#include "tensor/internal.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "a.safetensors"
#define MAX_SIZE 4096 /* of the files here, and more */

static const char *path;

static void setup(void) {
    support_setup();
    path = support_path(FILE_NAME);
}

/* ---- round trip --------------------------------------------------------------------------------------------- */

/* One tensor of each dtype, 0-d, empty, of eight dimensions, and with a name that JSON must escape. */
static ct_list make_tensors(void) {
    static ct_tensor *all[9];
    ct_shape eight = CT_SHAPE(1, 2, 1, 2, 1, 2, 1, 2);
    all[0] = ct_label(ct_from(CT_BOOL, CT_SHAPE(3), (uint8_t[]){1, 0, 1}), "mask");
    all[1] = ct_label(ct_from(CT_U8, CT_SHAPE(2, 2), (uint8_t[]){0, 1, 128, 255}), "pixels");
    all[2] = ct_label(ct_from(CT_I32, CT_SHAPE(2), (int32_t[]){INT32_MIN, INT32_MAX}), "i32");
    all[3] = ct_label(ct_from(CT_I64, CT_SHAPE(1, 2), (int64_t[]){INT64_MIN, INT64_MAX}), "i64");
    all[4] = ct_label(ct_uniform(CT_F32, eight, -1, 1), "0.weight");
    all[5] = ct_label(ct_normal(CT_F64, CT_SHAPE(5, 7), 0, 1), "0.bias");
    all[6] = ct_label(ct_scalar(-0.0), "scalar");
    all[7] = ct_label(ct_zeros(CT_F32, CT_SHAPE(3, 0, 2)), "empty");
    all[8] = ct_label(ct_ones(CT_F32, CT_SHAPE(1)), "\"quoted\"\n\\\xc3\xa9\x01");
    return (ct_list){9, all};
}

static void check_same(const ct_tensor *x, const ct_tensor *y) {
    ck_assert_str_eq(ct_label_of(x), ct_label_of(y));
    ck_assert_int_eq(ct_dtype_of(x), ct_dtype_of(y));
    ck_assert(ct_same_shape(x, y));
    if (ct_size(x)) ck_assert_mem_eq(ct_data(x), ct_data(y), ct_bytes_of(x));
}

static void check_round_trip(void) {
    ct_scope s = ct_begin();
    ct_list written = make_tensors();
    ck_assert_msg(ct_write_safetensors(path, written), "%s", ct_error());
    ct_list read = ct_read_safetensors(path);
    ck_assert_int_eq(read.n, written.n);
    /* in the order of the data, an empty tensor before the one at its place */
    for (int i = 0; i < read.n; i++) check_same(read.items[i], written.items[i]);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}

START_TEST(test_round_trip) { check_round_trip(); }
END_TEST

START_TEST(test_byte_by_byte) {
    support_move_at_most(1);
    check_round_trip();
}
END_TEST

START_TEST(test_no_tensors) {
    ct_scope s = ct_begin();
    ck_assert(ct_write_safetensors(path, (ct_list){0, NULL}));
    ck_assert_int_eq(ct_read_safetensors(path).n, 0);
    ck_assert_msg(ct_end(s), "%s", ct_error());
}
END_TEST

/* The file, byte for byte, as other programs read it. */
START_TEST(test_format) {
    static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                                 "\"n\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[8,12]}}     ";
    static const uint8_t data[] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 2, 1, 0, 0}; /* 1, -2; 258 */
    uint8_t file[MAX_SIZE], expected[MAX_SIZE] = {sizeof header - 1};
    memcpy(expected + 8, header, sizeof header - 1);
    memcpy(expected + 8 + sizeof header - 1, data, sizeof data);
    ck_assert_uint_eq((sizeof header - 1) % 8, 0);
    ct_scope s = ct_begin();
    ct_tensor *w = ct_label(ct_from(CT_F32, CT_SHAPE(2), (float[]){1, -2}), "w");
    ct_tensor *n = ct_label(ct_full(CT_I32, CT_SCALAR, 258), "n");
    ck_assert_msg(ct_write_safetensors(path, CT_LIST(w, n)), "%s", ct_error());
    ck_assert_uint_eq(support_get(FILE_NAME, file, sizeof file), 8 + sizeof header - 1 + sizeof data);
    ck_assert_mem_eq(file, expected, 8 + sizeof header - 1 + sizeof data);
    ck_assert(ct_end(s));
}
END_TEST

/* Elements of CT_BOOL are 0 or 1, whatever a file holds. */
START_TEST(test_bools) {
    static const char file[] = "\x37\0\0\0\0\0\0\0"
                               "{\"m\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}\0\xff\2";
    support_put(FILE_NAME, file, sizeof file - 1);
    ct_scope s = ct_begin();
    ct_list read = ct_read_safetensors(path);
    ck_assert_msg(read.n == 1, "%s", ct_error());
    ck_assert_mem_eq(ct_data(read.items[0]), "\0\1\1", 3);
    ck_assert(ct_end(s));
}
END_TEST

static void write_refused(ct_error_code code, const char *text, ct_list tensors) {
    ck_assert(!ct_write_safetensors(path, tensors));
    ck_assert_int_eq(ct_error_status(), code);
    ck_assert_msg(strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ck_assert(!ct_error_pending());
    ct_error_clear();
    ck_assert_int_eq(support_count_folder(), 0);
}

START_TEST(test_bad_tensors) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_zeros(CT_F32, CT_SHAPE(2, 3)), "x");
    write_refused(CT_ERR_ARGUMENT, "a tensor (1) has no label", CT_LIST(x, ct_zeros(CT_F32, CT_SHAPE(1))));
    write_refused(CT_ERR_ARGUMENT, "the label \"x\" is taken", CT_LIST(x, x));
    write_refused(CT_ERR_ARGUMENT, "is taken", CT_LIST(ct_label(ct_scalar(1), "__metadata__")));
    write_refused(CT_ERR_ARGUMENT, "not UTF-8", CT_LIST(ct_label(ct_scalar(1), "\xff")));
    write_refused(CT_ERR_NULL, "operand 2 is NULL", CT_LIST(x, NULL));
    ck_assert_ptr_null(ct_label(NULL, "y"));
    write_refused(CT_ERR_NULL, "ct_label", CT_LIST(x)); /* the earlier error comes first */
    path = NULL;
    write_refused(CT_ERR_NULL, "the path is NULL", CT_LIST(x));
    path = support_path("nowhere/x");
    write_refused(CT_ERR_FILE, "nowhere/x: cannot create: No such file", CT_LIST(x));
    ck_assert_int_eq(mkfifo(path = support_path("pipe"), 0666), 0); /* as a device does, it stays one */
    ck_assert(!ct_write_safetensors(path, CT_LIST(x)));
    ck_assert_msg(strstr(ct_error(), "pipe: not a regular file"), "%s", ct_error());
    ck_assert_int_eq(support_count_folder(), 1);
    ck_assert(ct_end(s));
    path = support_path(FILE_NAME);
    ck_assert_int_eq(ct_read_safetensors(path).n, 0);
    ck_assert_int_eq(ct_error_status(), CT_ERR_SCOPE);
}
END_TEST

/* ---- damaged files ------------------------------------------------------------------------------------------ */

/* A file in memory. */
typedef struct memory_reader {
    ct_reader reader;
    const uint8_t *bytes;
    size_t n, at;
} memory_reader;

static ptrdiff_t read_memory(ct_reader *reader, void *to, size_t n) {
    memory_reader *m = (memory_reader *)reader;
    if (n > m->n - m->at) n = m->n - m->at;
    memcpy(to, m->bytes + m->at, n);
    m->at += n;
    return (ptrdiff_t)n;
}

/* Reads and uses an archive; true when it was accepted. All memory is given back. */
static bool accepted(const uint8_t *bytes, size_t n) {
    memory_reader m = {{"test", "test.c:1", "memory", read_memory}, bytes, n, 0};
    ct_archive archive;
    bool ok = ct_archive_read(&m.reader, &archive);
    for (int64_t i = 0; ok && i < archive.n; i++) {
        uint8_t elements[MAX_SIZE];
        const ct_archive_entry *entry = &archive.entries[i];
        ck_assert_ptr_eq(ct_archive_find(&archive, entry->name), entry);
        ck_assert_uint_le(entry->size, sizeof elements);
        ct_archive_copy(&archive, entry, elements);
    }
    ct_archive_free(&archive);
    ck_assert_int_eq(ok, ct_error_status() == CT_OK);
    ck_assert_int_eq(support_live_bytes(), 0);
    return ok;
}

static size_t make_file(uint8_t file[MAX_SIZE], const char *header, size_t data) {
    size_t length = strlen(header);
    ck_assert_uint_lt(8 + length + data, MAX_SIZE);
    memset(file, 0, MAX_SIZE);
    file[0] = (uint8_t)length;
    file[1] = (uint8_t)(length >> 8);
    memcpy(file + 8, header, length);
    return 8 + length + data;
}

#define ENTRY(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

START_TEST(test_headers) {
    static const struct {
        const char *text; /* NULL: the file is good */
        const char *header;
        size_t data;
    } cases[] = {
        {NULL, "{}", 0},
        {NULL, "{\"__metadata__\":{\"format\":\"pt\"}}   ", 0},
        {NULL, "{\"a\":" ENTRY("F32", "[2]", "[0,8]") "}", 8},
        {NULL, "{\"b\":" ENTRY("U8", "[2]", "[8,10]") ",\"a\":" ENTRY("F64", "[]", "[0,8]") "}", 10},
        {NULL, "{\"a\":" ENTRY("F64", "[0,3]", "[0,0]") ",\"b\":" ENTRY("U8", "[1]", "[0,1]") "}", 1},
        {NULL, "{\"a\":" ENTRY("F32", "[1]", "[0,4],\"more\":1") "}", 4},
        {"no JSON object", "", 0},
        {"no JSON object", "[]", 0},
        {"no JSON object", " {}", 0},
        {"its header is damaged at byte 2", "{]", 0},
        {"its header is damaged", "{} {}", 0},
        {"its header is damaged", "{\"a\xff\":1}", 0},
        {"duplicate object key", "{\"a\":" ENTRY("U8", "[0]", "[0,0]") ",\"a\":" ENTRY("U8", "[0]", "[0,0]") "}", 0},
        {"\"a\": Expected object", "{\"a\":1}", 0},
        {"\"a\": Object item not found: dtype", "{\"a\":{}}", 0},
        {"\"a\": Object item not found: data_offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0},
        {"\"a\": dtype BF16 is none of ours", "{\"a\":" ENTRY("BF16", "[1]", "[0,2]") "}", 2},
        {"list of at most 8", "{\"a\":" ENTRY("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1},
        {"list of at most 8", "{\"a\":" ENTRY("U8", "1", "[0,1]") "}", 1},
        {"extent 2 is no count", "{\"a\":" ENTRY("U8", "[1,-1]", "[0,1]") "}", 1},
        {"extent 1 is no count", "{\"a\":" ENTRY("U8", "[1.0]", "[0,1]") "}", 1},
        {"run from 4 to 0", "{\"a\":" ENTRY("U8", "[4]", "[4,0]") "}", 4},
        {"run from -4 to 0", "{\"a\":" ENTRY("U8", "[4]", "[-4,0]") "}", 4},
        {"\"a\": Expected integer", "{\"a\":" ENTRY("U8", "[4]", "[0,\"4\"]") "}", 4},
        {"\"a\": 1 array item(s) left", "{\"a\":" ENTRY("U8", "[4]", "[0,4,8]") "}", 4},
        {"f32 (2) does not have the 4 bytes", "{\"a\":" ENTRY("F32", "[2]", "[0,4]") "}", 4},
        {"does not have the 0 bytes", "{\"a\":" ENTRY("F32", "[4294967296,4294967296]", "[0,0]") "}", 0},
        {"does not have the 0 bytes", "{\"a\":" ENTRY("F64", "[2305843009213693952]", "[0,0]") "}", 0},
        {"\"b\": its data begin at 2, over others",
         "{\"a\":" ENTRY("U8", "[4]", "[0,4]") ",\"b\":" ENTRY("U8", "[4]", "[2,6]") "}", 6},
        {"\"b\": its data begin at 5, after a gap",
         "{\"a\":" ENTRY("U8", "[4]", "[0,4]") ",\"b\":" ENTRY("U8", "[4]", "[5,9]") "}", 9},
        {"\"a\": its data begin at 1, after a gap", "{\"a\":" ENTRY("U8", "[1]", "[1,2]") "}", 2},
        {"cut: 3 of the 4 bytes of its data", "{\"a\":" ENTRY("U8", "[4]", "[0,4]") "}", 3},
        {"too long: bytes follow the 4", "{\"a\":" ENTRY("U8", "[4]", "[0,4]") "}", 5},
        {"of the 1000000000000 bytes", "{\"a\":" ENTRY("U8", "[1000000000000]", "[0,1000000000000]") "}", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t file[MAX_SIZE];
        size_t n = make_file(file, cases[i].header, cases[i].data);
        bool ok = accepted(file, n);
        const char *text = cases[i].text ? cases[i].text : "";
        ck_assert_msg(ok == !cases[i].text && strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
        ct_error_clear();
    }
    ck_assert_int_lt(support_peak_bytes(), 1 << 18); /* whatever sizes the files claim */
}
END_TEST

/* A file as the library writes it. Returns its size. */
static size_t get_good_file(uint8_t file[MAX_SIZE]) {
    ct_scope s = ct_begin();
    ck_assert_msg(ct_write_safetensors(path, make_tensors()), "%s", ct_error());
    ck_assert(ct_end(s));
    ct_release_memory();
    return support_get(FILE_NAME, file, MAX_SIZE);
}

START_TEST(test_lengths) {
    uint8_t file[MAX_SIZE];
    size_t n = get_good_file(file);
    ck_assert(accepted(file, n));
    for (size_t cut = 0; cut < n; cut++) {
        ck_assert(!accepted(file, cut));
        ck_assert_msg(strstr(ct_error(), "memory: cut: "), "%s", ct_error());
        ct_error_clear();
    }
    ck_assert(!accepted(file, n + 1));
    ct_error_clear();
    file[7] = 1; /* a header of 2^56 bytes */
    ck_assert(!accepted(file, n));
    ck_assert_msg(strstr(ct_error(), "no safetensors file: a header of"), "%s", ct_error());
}
END_TEST

static uint64_t draw(uint64_t limit) {
    static uint64_t drawn;
    return ct_random_below(7, 0, drawn++, limit);
}

/* Changes a file in one to four places: other bytes, other digits, bytes taken out or put in. Returns its size. */
static size_t mutate(uint8_t file[MAX_SIZE], size_t n) {
    for (uint64_t changes = 1 + draw(4); changes > 0; changes--) {
        size_t at = draw(draw(4) ? n : 16); /* often in the length or the beginning of the header */
        switch (draw(5)) {
        case 0: file[at] ^= (uint8_t)(1u << draw(8)); break;
        case 1: file[at] = (uint8_t)draw(256); break;
        case 2: file[at] = (uint8_t) "0123456789[]{},:\"-e."[draw(20)]; break;
        case 3: memmove(file + at, file + at + 1, --n - at); break;
        default: memmove(file + at + 1, file + at, n++ - at);
        }
    }
    return n;
}

START_TEST(test_mutations) {
    uint8_t good[MAX_SIZE], file[MAX_SIZE];
    size_t size = get_good_file(good);
    int survived = 0;
    for (int turn = 0; turn < 20000; turn++) {
        memcpy(file, good, sizeof file);
        if (accepted(file, mutate(file, size))) survived++;
        ct_error_clear();
    }
    ck_assert_int_gt(survived, 100); /* elements and names may change */
    ck_assert_int_lt(survived, 10000);
    ck_assert_int_lt(support_peak_bytes(), 1 << 18);
}
END_TEST

/* ---- faults ------------------------------------------------------------------------------------------------- */

START_TEST(test_allocations_fail) {
    for (int64_t k = 0;; k++) {
        support_fail_allocation(k);
        ct_scope s = ct_begin();
        bool written = ct_write_safetensors(path, make_tensors());
        if (!written) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
        bool read = written && ct_read_safetensors(path).n == 9;
        ck_assert_int_eq(ct_end(s), written == read);
        ct_error_clear();
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
        ck_assert_int_eq(support_open_files(), 0);
        if (support_allocations() > k) continue;
        ck_assert(read);
        break;
    }
}
END_TEST

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"good files",
         {test_round_trip, test_byte_by_byte, test_no_tensors, test_format, test_bools, test_bad_tensors}},
        {"damaged files", {test_headers, test_lengths, test_mutations}},
        {"faults", {test_allocations_fail}},
        {.name = NULL},
    };
    return support_suite("files of tensors", cases, setup, support_teardown);
}
