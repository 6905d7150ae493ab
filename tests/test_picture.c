/* Drawings as files: that every label survives Graphviz, and what happens when something fails. */
#include "inspect/inspect.h"
#include "support/drawn.h"
#include "support/expect.h"
#include "support/files.h"
#include "support/memory.h"
#include "support/scalar_formula.h"
#include "support/suite.h"
#include "support/xml.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define LONGEST (1 << 20) /* of a drawing */

static void setup(void) {
    support_make_folder();
    support_fail_file_call(-1);
}

static void teardown(void) {
    support_restore_files();
    support_remove_folder();
}

/* ---- failures -------------------------------------------------------------------------------------------------- */

START_TEST(what_cannot_be_drawn) {
    ct_scope s = ct_begin();
    ct_tensor *f = ct_exp(ct_var(1, "x"));
    ck_assert(!ct_draw_at("src/model.c:41", NULL, support_path("f.dot")));
    expect_error(CT_ERR_NULL, "(model.c:41)");
    ck_assert(!ct_draw(f, NULL));
    expect_error(CT_ERR_NULL, "ct_draw");
    ck_assert(!ct_dot(f, NULL));
    expect_error(CT_ERR_NULL, "ct_dot");
    static const char *const names[] = {"graph.jpg", "graph", "dot", ".svg", "svg", "graph.svg.gz", "graph.", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert(!ct_draw(f, names[i]));
        expect_error(CT_ERR_ARGUMENT, "ends in none of .dot, .gv, .svg, .png, .pdf and .html");
    }
    ck_assert(!ct_draw_at("src/model.c:41", f, "/no/such/folder/graph.dot"));
    expect_error(CT_ERR_FILE, "/no/such/folder/graph.dot");
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        ck_assert(!ct_dot(f, full));
        expect_error(CT_ERR_FILE, "ct_dot");
        fclose(full);
    }
    ct_draw(NULL, "f.dot");
    ck_assert(!ct_end(s)); /* it reports drawings too */
    ck_assert_int_eq(support_count_folder(), 0);
}
END_TEST

/* Whichever call fails, the old file is there or the new one, and no other. */
START_TEST(a_failing_file) {
    ct_scope s = ct_begin();
    ct_tensor *f = ct_exp(ct_var(1, "x"));
    bool drawn = false;
    for (int k = 0; !drawn; k++) {
        ck_assert_int_lt(k, 20);
        support_put("f.dot", "old", 3);
        support_fail_file_call(k);
        drawn = ct_draw(f, support_path("f.dot"));
        bool failed = support_file_calls() > k;
        support_fail_file_call(-1);
        ck_assert_int_eq(support_count_folder(), 1);
        ck_assert_int_eq(support_open_files(), 0);
        uint8_t content[1 << 12];
        support_get("f.dot", content, sizeof content);
        if (drawn) ck_assert(!failed && !memcmp(content, "digraph", 7));
        else expect_error(CT_ERR_FILE, "f.dot");
    }
    ck_assert(ct_end(s));
}
END_TEST

static void draw_something(const char *path) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    for (int i = 0; i < 100; i++) f = ct_neg(f); /* the tables of the graph grow */
    ct_backward(f);
    ct_draw(f, path);
    if (!ct_end(s)) ck_assert_msg(ct_error_status() == CT_ERR_MEMORY, "%s", ct_error());
}

START_TEST(failing_memory) {
    const char *path = support_path("f.dot");
    int64_t k = -1, failures = 0;
    do {
        support_fail_allocation(++k);
        draw_something(path);
        bool failed = ct_error_status() != CT_OK; /* not always: a scope does with less than it asked for first */
        ct_error_clear();
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
        ck_assert_int_eq(support_count_folder(), failed ? 0 : 1);
        remove(path);
        failures += failed;
    } while (support_allocations() > k);
    ck_assert_int_gt(failures, 10);
    support_restore_allocator();
}
END_TEST

/* ---- pictures -------------------------------------------------------------------------------------------------- */

#ifdef CT_HAVE_GVC
static const char *const odd_labels[] = {
    "<b>&amp;\"'\\",
    "\\N \\G \\L \\n \\\\",
    "&lt;&#60;&bogus;&",
    "]]>",
    "<!-- -->",
    "--",
    "</TABLE>>];",
    "{a|b}",
    "\"",
    "\\",
    "%s%n%d",
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xce\xb1",
    "digraph {",
    "  two  spaces ",
    "graph",
    "=",
    "[]",
    "<",
    ">",
    "<>",
    "&",
    "&#0;",
    "a;b,c",
    "/* x */",
    "// x",
    "# x",
    "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
    "-",
};
#define ODD_LABELS (sizeof odd_labels / sizeof *odd_labels)

/* Each byte but NUL, and one by one in words of their own; and a label that is longer than any page. */
static const char *every_byte(void) {
    static char bytes[3 * 255 + 100001];
    char *to = bytes;
    for (int c = 1; c < 256; c++) *to++ = (char)c;
    for (int c = 1; c < 256; c++) *to++ = (char)c, *to++ = 'x';
    memset(to, '<', 100000);
    return bytes;
}

/* A graph of leaves with every odd label, and with places as odd. */
static ct_tensor *odd_graph(void) {
    static const char *const unsafe[] = {"a\nb",         "\x01\x02", "\xff\xfe", "\xc0\xaf",     "\xe2\x82",
                                         "   ",          "",         "\t\r",     "\xe2\x80\x8b", "\xe2\x80\xae",
                                         "\xe2\x80\xa8", "\xcc\x81"};
    ct_tensor *f = ct_var(1, "f");
    for (size_t i = 0; i < ODD_LABELS; i++)
        f = ct_add_at(odd_labels[i], f, ct_var_at(odd_labels[i], 1, odd_labels[i]));
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        f = ct_label_at(unsafe[i], ct_add_at(unsafe[i], f, ct_var_at(unsafe[i], 1, unsafe[i])), unsafe[i]);
    return ct_label_at(every_byte(), ct_add_at(every_byte(), f, ct_var_at("", 1, every_byte() + 300)), every_byte());
}

/* What the picture of f says; until the next call. */
static const char *text_of_picture(ct_tensor *f) {
    static char xml[LONGEST], text[LONGEST];
    ck_assert_msg(ct_draw(f, support_path("f.svg")), "%s", ct_error());
    xml[support_get("f.svg", (uint8_t *)xml, LONGEST - 1)] = '\0';
    const char *wrong = support_read_xml(xml, text, LONGEST);
    ck_assert_msg(!wrong, "not well-formed: %.100s", wrong);
    return text;
}

START_TEST(labels_survive) {
    ct_scope s = ct_begin();
    ct_tensor *f = odd_graph();
    ct_backward(f);
    const char *text = text_of_picture(f);
    for (size_t i = 0; i < ODD_LABELS; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n%s\n", odd_labels[i]);
        assert_has(text, line);
    }
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(every_value_and_gradient) {
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_backward(f);
    const char *text = text_of_picture(f);
    for (int i = 0; i < FORMULA_NODES; i++) {
        char lines[128];
        const struct formula_node *n = &formula_nodes[i];
        snprintf(lines, sizeof lines, "\n%s\nvalue  \n%g\ngrad  \n%g\n", n->title, n->value, n->gradient);
        assert_has(text, lines);
    }
    ck_assert(ct_end(s));
}
END_TEST

/* The picture in the README says what the program draws today; where it says it, Graphviz' version may decide. */
START_TEST(the_picture_in_the_readme) {
    static char kept[LONGEST], text[LONGEST];
    ct_tensor *node[FORMULA_NODES];
    ct_scope s = ct_begin();
    ct_tensor *f = make_formula(node);
    ct_backward(f);
    FILE *file = fopen(CT_SOURCE_DIR "/docs/scalar_graph.svg", "r");
    ck_assert_ptr_nonnull(file);
    kept[fread(kept, 1, LONGEST - 1, file)] = '\0';
    fclose(file);
    ck_assert_ptr_null(support_read_xml(kept, text, LONGEST));
    ck_assert_str_eq(text_of_picture(f), text);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(every_format) {
    static const struct {
        const char *name, *signature;
    } formats[] = {
        {"f.dot", "digraph"}, {"f.gv", "digraph"},  {"f.svg", "<?xml"},
        {"F.SVG", "<?xml"},   {"f.png", "\x89PNG"}, {"f.pdf", "%PDF"},  {"f.html", "<!DOCTYPE html>"},
    };
    ct_scope s = ct_begin();
    ct_tensor *f = ct_exp(ct_var(1, "x"));
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        uint8_t bytes[1 << 16];
        ck_assert_msg(ct_draw(f, support_path(formats[i].name)), "%s", ct_error());
        size_t n = support_get(formats[i].name, bytes, sizeof bytes);
        ck_assert(n > 100 && !memcmp(bytes, formats[i].signature, strlen(formats[i].signature)));
    }
    ck_assert(ct_end(s));
}
END_TEST

static void *draw_ten_times(void *path) {
    bool ok = true;
    for (int i = 0; i < 10; i++) {
        ct_scope s = ct_begin();
        ok &= ct_draw(ct_exp(ct_var(i, "x")), path);
        ok &= ct_end(s);
    }
    return ok ? path : NULL;
}

START_TEST(threads_take_turns) {
    pthread_t threads[3];
    void *ok;
    static const char *const names[] = {"a.svg", "b.svg", "c.svg"};
    support_restore_files(); /* the counting ones are for one thread */
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, draw_ten_times, (void *)support_path(names[i]));
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &ok);
        ck_assert_ptr_nonnull(ok);
    }
}
END_TEST

/* Not even what Graphviz has to say. */
START_TEST(nothing_is_printed) {
    int before = dup(2), file = open(support_path("output"), O_CREAT | O_RDWR, 0600);
    ck_assert(before >= 0 && file >= 0);
    fflush(NULL);
    dup2(file, 2);
    ct_scope s = ct_begin();
    bool ok = ct_draw(odd_graph(), support_path("f.png"));
    ct_draw(odd_graph(), "/no/such/folder/f.svg");
    ct_error_clear();
    ok &= ct_end(s);
    dup2(before, 2);
    off_t printed = lseek(file, 0, SEEK_END);
    close(before);
    close(file);
    ck_assert(ok);
    ck_assert_int_eq(printed, 0);
}
END_TEST
#else
START_TEST(no_graphviz) {
    ct_scope s = ct_begin();
    ck_assert(!ct_draw(ct_exp(ct_var(1, "x")), support_path("f.svg")));
    expect_error(CT_ERR_UNAVAILABLE, "dot -Tsvg");
    ck_assert_int_eq(support_count_folder(), 0);
    ck_assert(ct_end(s));
}
END_TEST
#endif

Suite *ct_suite(void) {
    const suite_case cases[] = {
        {"failures", {what_cannot_be_drawn, a_failing_file, failing_memory}},
#ifdef CT_HAVE_GVC
        {"pictures",
         {labels_survive, every_value_and_gradient, the_picture_in_the_readme, every_format, threads_take_turns,
          nothing_is_printed}},
#else
        {"pictures", {no_graphviz}},
#endif
        {.name = NULL},
    };
    return support_suite("picture", cases, setup, teardown);
}
