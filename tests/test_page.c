/* Pages that step through both passes, and snapshots of a training. What a browser makes of a page,
 * tests/page/check.sh asks one. */
#include "inspect/inspect.h"
#include "support/expect.h"
#include "support/files.h"
#include "support/memory.h"
#include "support/scalar_formula.h"
#include "support/suite.h"
#include "support/xml.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) { support_make_folder(); }
static void teardown(void) { support_remove_folder(); }

#ifdef CT_HAVE_GVC
#define LONGEST (1 << 22) /* of a page */

static char *read_text(const char *name) {
    static char text[LONGEST];
    text[support_get(name, (uint8_t *)text, LONGEST - 1)] = '\0';
    return text;
}

/* The data of a page. */
static json_t *read_data(const char *name) {
    static const char head[] = "id=\"data\">";
    json_error_t error;
    char *begin = strstr(read_text(name), head), *end = begin ? strstr(begin, "</script>") : NULL;
    ck_assert_msg(end, "no data in %s", name);
    *end = '\0';
    json_t *data = json_loads(begin + strlen(head), 0, &error);
    ck_assert_msg(data, "%s in line %d", error.text, error.line);
    return data;
}

static const char *string_at(json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* What a timeline [[0,"a"],[3,"b"]] reads at a frame. */
static const char *read_at(json_t *timeline, size_t frame) {
    const char *text = "";
    size_t i;
    json_t *entry;
    json_array_foreach(timeline, i, entry) {
        if ((size_t)json_integer_value(json_array_get(entry, 0)) <= frame)
            text = json_string_value(json_array_get(entry, 1));
    }
    return text;
}

static bool reads(json_t *figures, size_t frame, const char *text) {
    size_t i;
    json_t *timeline;
    json_array_foreach(figures, i, timeline) if (!strcmp(read_at(timeline, frame), text)) return true;
    return false;
}

/* ---- both passes ----------------------------------------------------------------------------------------------- */

START_TEST(steps_of_the_formula) {
    static const char *const titles[] = {
        "What is given",
        "p = x1 * w1",
        "q = x2 * w2",
        "r = x3 * w3",
        "s = x4 * w4",
        "a = p + q",
        "b = r + s",
        "f = a * b",
        "Back from f",
        "Back through f = a * b",
        "Back through b = r + s",
        "Back through a = p + q",
        "Back through s = x4 * w4",
        "Back through r = x3 * w3",
        "Back through q = x2 * w2",
        "Back through p = x1 * w1",
    };
    const size_t n = sizeof titles / sizeof *titles;
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_backward(f);
    ck_assert_msg(ct_draw(f, support_path("f.html")), "%s", ct_error());
    json_t *data = read_data("f.html"), *frames = json_object_get(data, "frames");
    json_t *figures = json_object_get(data, "figures");
    ck_assert_uint_eq(json_array_size(frames), n);
    for (size_t i = 0; i < n; i++) ck_assert_str_eq(string_at(json_array_get(frames, i), "title"), titles[i]);
    json_t *lines = json_object_get(json_array_get(frames, 5), "lines");
    ck_assert_str_eq(json_string_value(json_array_get(lines, 0)), "= (-1.05) + (-0.119)");
    ck_assert_str_eq(json_string_value(json_array_get(lines, 1)), "= -1.169");
    json_t *row = json_array_get(json_object_get(json_array_get(frames, 15), "rows"), 0);
    static const char *const chain[] = {"x1", "-1.5", "-0.23", "0.345", "0.345"}; /* dp/dx1 df/dp = df/dx1 */
    for (size_t i = 0; i < 5; i++) ck_assert_str_eq(json_string_value(json_array_get(row, i)), chain[i]);
    ck_assert(!reads(figures, 6, "0.26887") && reads(figures, 7, "0.26887"));
    ck_assert(!reads(figures, 11, "1.0521") && reads(figures, 12, "1.0521"));
    for (int i = 0; i < FORMULA_NODES; i++) {
        char number[32];
        snprintf(number, sizeof number, "%g", formula_nodes[i].gradient);
        ck_assert(reads(figures, n - 1, number));
    }
    json_decref(data);
    ck_assert(ct_end(s));
}
END_TEST

/* x is used twice, and has a gradient from an earlier pass: the sum grows with each contribution. */
START_TEST(sums_grow) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(3, "x");
    ct_backward(ct_mul(x, ct_scalar(7)));
    ct_tensor *y = ct_square(x), *f = ct_add(y, x);
    ct_backward(f);
    ck_assert_msg(ct_draw(f, support_path("f.html")), "%s", ct_error());
    json_t *data = read_data("f.html"), *figures = json_object_get(data, "figures"), *timeline;
    size_t i;
    int found = 0;
    json_array_foreach(figures, i, timeline) {
        if (strcmp(read_at(timeline, 0), "7")) continue;
        ck_assert_str_eq(read_at(timeline, 4), "8");  /* back through f: 1 */
        ck_assert_str_eq(read_at(timeline, 5), "14"); /* back through x^2: 6 */
        found++;
    }
    ck_assert_int_eq(found, 1);
    json_decref(data);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(tensors_are_tables) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_from(CT_F64, CT_SHAPE(2, 3), (double[]){1, 2, 3, 4, 5, -6.5}), "x");
    ct_tensor *w = ct_requires_grad(ct_label(ct_ones(CT_F64, CT_SHAPE(20, 3)), "w"));
    ct_tensor *f = ct_sum(ct_square(ct_matmul(x, ct_transpose(w, 0, 1))), CT_ALL);
    ct_backward(f);
    ck_assert_msg(ct_draw(f, support_path("f.html")), "%s", ct_error());
    json_t *data = read_data("f.html"), *tensors = json_object_get(data, "tensors");
    json_t *first = json_object_get(tensors, "x"), *second = json_object_get(tensors, "w");
    ck_assert_str_eq(string_at(first, "shape"), "(2, 3)");
    ck_assert_uint_eq(json_array_size(json_object_get(first, "value")), 6);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(first, "value"), 5)), "-6.5");
    ck_assert_ptr_null(json_object_get(first, "grad"));
    ck_assert_uint_eq(json_array_size(json_object_get(second, "grad")), 12 * 3); /* of 20 rows the first */
    ck_assert(json_is_true(json_object_get(second, "more")));
    json_decref(data);
    ck_assert(ct_end(s));
}
END_TEST

/* Nothing is loaded from anywhere, and no user's text can end the data or the page. */
START_TEST(a_page_stands_alone) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var_at("</script>\"\\:3", 1, "</script><script>alert(\"1\")</script>\\");
    ct_tensor *f = ct_label(ct_exp(x), "]]>\xff\n\"}]'<!--");
    ct_backward(f);
    ck_assert_msg(ct_draw(f, support_path("f.html")), "%s", ct_error());
    json_decref(read_data("f.html"));
    const char *page = read_text("f.html");
    int scripts = 0;
    for (const char *p = page; (p = strstr(p, "<script")); p++) scripts++;
    ck_assert_int_eq(scripts, 2);
    for (const char *p = page; (p = strstr(p, "://")); p++)
        ck_assert_msg(!strncmp(p - 4, "http://www.w3.org/", 18), "%.60s", p - 10); /* names of SVG, not addresses */
    ck_assert_ptr_null(strstr(page, " src="));
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(a_page_without_a_backward_pass) {
    ct_scope s = ct_begin();
    ct_tensor *f = ct_exp(ct_sin(ct_var(1, "x")));
    ck_assert(ct_draw(f, support_path("f.html")));
    json_t *data = read_data("f.html");
    ck_assert_uint_eq(json_array_size(json_object_get(data, "frames")), 3);
    json_decref(data);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- snapshots ------------------------------------------------------------------------------------------------- */

static ct_tensor *loss_at(double weight) {
    ct_tensor *w = ct_var(weight, "w"), *x = ct_label(ct_from(CT_F64, CT_SHAPE(2), (double[]){1, 2}), "x");
    ct_tensor *loss = ct_label(ct_sum(ct_square(ct_mul(x, w)), CT_ALL), "loss");
    ct_backward(loss);
    return loss;
}

/* Cuts out what may differ: text between tags, and titles. */
static void keep_layout(char *svg) {
    char *to = svg;
    bool tag = false, title = false;
    for (const char *from = svg; *from; from++) {
        if (*from == '<') tag = true;
        if (title && *from == '"') title = false;
        if (tag && !title) *to++ = *from;
        if (!strncmp(from, "title=\"", 7)) {
            title = true;
            for (int i = 0; i < 6; i++) *to++ = *++from;
        }
        if (*from == '>') tag = false;
    }
    *to = '\0';
}

START_TEST(pictures_of_one_layout) {
    static char first[1 << 16], text[1 << 16];
    ct_scope s = ct_begin();
    ct_snapshots *film = ct_snapshots_begin(support_path("film.svg"), NULL);
    static const double weights[] = {0.5, -123456.789, 3e-9};
    static const char *const losses[] = {"1.25", "7.62079e10", "4.5e-17"}, *const names[] = {"film-000000.svg",
                                                                                             "film-000010.svg",
                                                                                             "film-000020.svg"};
    for (int i = 0; i < 3; i++) ck_assert_msg(ct_snapshot(film, loss_at(weights[i]), 10 * i), "%s", ct_error());
    ck_assert(ct_snapshots_end(film));
    ck_assert_int_eq(support_count_folder(), 3);
    for (int i = 0; i < 3; i++) {
        char *svg = read_text(names[i]);
        const char *wrong = support_read_xml(svg, text, sizeof text);
        ck_assert_msg(!wrong, "not well-formed: %.100s", wrong);
        ck_assert_msg(strstr(text, losses[i]), "no %s in %s", losses[i], text);
        ck_assert_ptr_null(strstr(svg, "\xef\xa3\xbf"));
        keep_layout(svg);
        if (i == 0) memcpy(first, svg, strlen(svg) + 1);
        ck_assert_str_eq(svg, first);
    }
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(a_page_of_snapshots) {
    ct_scope s = ct_begin();
    ct_snapshots *film = ct_snapshots_begin(support_path("film.html"), &(ct_draw_options){.no_legend = true});
    for (int i = 0; i < 4; i++) {
        ct_scope step = ct_begin();
        ck_assert_msg(ct_snapshot(film, loss_at(i), 100 * i), "%s", ct_error());
        ck_assert(ct_end(step));
    }
    ck_assert_int_eq(support_count_folder(), 0);
    ck_assert(ct_snapshots_end(film));
    json_t *data = read_data("film.html"), *frames = json_object_get(data, "frames");
    ck_assert_uint_eq(json_array_size(frames), 4);
    ck_assert_str_eq(string_at(json_array_get(frames, 3), "title"), "Step 300");
    ck_assert_str_eq(string_at(json_array_get(frames, 3), "y"), "45");
    ck_assert(reads(json_object_get(data, "figures"), 2, "20") && !reads(json_object_get(data, "figures"), 1, "20"));
    json_decref(data);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(what_is_no_snapshot) {
    ct_scope s = ct_begin();
    ck_assert_ptr_null(ct_snapshots_begin(NULL, NULL));
    expect_error(CT_ERR_NULL, "ct_snapshots_begin");
    ck_assert_ptr_null(ct_snapshots_begin("film.png", NULL));
    expect_error(CT_ERR_ARGUMENT, "film.png: ends in none of .html and .svg");
    ck_assert(!ct_snapshot(NULL, loss_at(1), 1));
    expect_error(CT_ERR_NULL, "ct_snapshot");
    ct_snapshots *film = ct_snapshots_begin(support_path("film.html"), NULL);
    ck_assert(!ct_snapshot(film, NULL, 1));
    expect_error(CT_ERR_NULL, "ct_snapshot");
    ck_assert(ct_snapshot(film, loss_at(1), 1));
    ck_assert(!ct_snapshot(film, ct_exp(loss_at(1)), 2));
    expect_error(CT_ERR_ARGUMENT, "not that of the first snapshot");
    ck_assert(ct_snapshots_end(film));
    ck_assert(ct_snapshots_end(NULL));
    film = ct_snapshots_begin("/no/such/folder/film.svg", NULL);
    ck_assert(!ct_snapshot(film, loss_at(1), 1));
    expect_error(CT_ERR_FILE, "/no/such/folder/film-000001.svg");
    ck_assert(ct_snapshots_end(film));
    ck_assert(ct_end(s));
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Whatever allocation fails: an error or a file, and nothing leaks. Of this library's; Graphviz has its own. */
static void draw_pages(void) {
    ct_scope s = ct_begin();
    ct_tensor *f = loss_at(2);
    ct_draw(f, support_path("f.html"));
    ct_snapshots *film = ct_snapshots_begin(support_path("film.html"), NULL);
    if (film && f) (void)ct_snapshot(film, f, 1);
    (void)ct_snapshots_end(film);
    if (!ct_end(s)) ck_assert_msg(ct_error_status() == CT_ERR_MEMORY, "%s", ct_error());
}

START_TEST(failing_memory) { ck_assert_int_gt(support_fail_each(support_fail_allocation, draw_pages), 50); }
END_TEST

/* A first snapshot that failed is as if it had not been; one that lacks a figure is an error at the end. */
START_TEST(another_try) {
    int failures = 0;
    for (int64_t k = 0; k < 60; k++) {
        support_fail_allocation(-1);
        ct_scope s = ct_begin();
        ct_tensor *f = loss_at(2);
        ct_snapshots *film = ct_snapshots_begin(support_path("film.html"), NULL);
        support_fail_allocation(k);
        bool failed = !ct_snapshot(film, f, 1);
        failures += failed;
        ct_error_clear();
        support_fail_allocation(-1);
        ck_assert_msg(ct_snapshot(film, f, 2), "%s", ct_error());
        bool written = ct_snapshots_end(film);
        ck_assert_msg(written || !failed, "after allocation %d: %s", (int)k, ct_error());
        if (written) ck_assert_ptr_nonnull(strstr(read_text("film.html"), "<title>Training</title>"));
        ct_error_clear();
        ck_assert(ct_end(s));
    }
    ck_assert_int_gt(failures, 10);
    support_restore_allocator();
}
END_TEST
#endif

Suite *ct_suite(void) {
    const suite_case cases[] = {
#ifdef CT_HAVE_GVC
        {"both passes",
         {steps_of_the_formula, sums_grow, tensors_are_tables, a_page_stands_alone, a_page_without_a_backward_pass}},
        {"snapshots", {pictures_of_one_layout, a_page_of_snapshots, what_is_no_snapshot}},
        {"memory", {failing_memory, another_try}},
#endif
        {.name = NULL},
    };
    return support_suite("page", cases, setup, teardown);
}
