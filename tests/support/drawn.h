/* Reading the text of drawings. */
#ifndef COTANGENT_TESTS_DRAWN_H
#define COTANGENT_TESTS_DRAWN_H

#include "inspect/inspect.h"

#include <check.h>
#include <string.h>

#define LONGEST_DRAWING (1 << 22)

/* f's drawing as text, valid until the next but one; made in the test's folder. */
const char *drawn(ct_tensor *f, const ct_draw_options *options);

/* The number-th node that is drawn, from 1: "[id=\"node-w\", shape=... label=<...>"; valid until the next. */
const char *drawn_node(const char *drawing, int number);

/* Caption and numbers of a row of a node's table, "0|2|5|" and so on; valid until the next. */
const char *drawn_row(const char *node, const char *caption);

int drawn_count(const char *text, const char *part);

#define assert_row(node, caption, cells) ck_assert_str_eq(drawn_row(node, caption), cells)
#define assert_has(text, part) ck_assert_msg(strstr(text, part), "no %s in\n%.2000s", part, text)

#endif
