#include "drawn.h"
#include "files.h"

#include <stdio.h>

const char *drawn(ct_tensor *f, const ct_draw_options *options) {
    static char texts[2][LONGEST_DRAWING];
    static int turn;
    char *text = texts[turn++ % 2];
    ck_assert_msg(ct_draw_with(f, support_path("drawn.dot"), options), "%s", ct_error());
    text[support_get("drawn.dot", (uint8_t *)text, LONGEST_DRAWING - 1)] = '\0';
    return text;
}

const char *drawn_node(const char *drawing, int number) {
    static char text[4096];
    const char *begin = strstr(drawing, "[id=\"node-");
    for (int i = 1; i < number && begin; i++) begin = strstr(begin + 1, "[id=\"node-");
    const char *end = begin ? strstr(begin, "];\n") : NULL;
    ck_assert_msg(end && (size_t)(end - begin) < sizeof text, "no node %d in\n%.2000s", number, drawing);
    snprintf(text, sizeof text, "%.*s", (int)(end - begin), begin);
    return text;
}

int drawn_count(const char *text, const char *part) {
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) n++;
    return n;
}

const char *drawn_row(const char *node, const char *caption) {
    static char cells[256];
    char head[64], *to = cells;
    snprintf(head, sizeof head, ">%s&#160;&#160;<", caption);
    const char *at = strstr(node, head);
    ck_assert_msg(at, "no row %s in %s", caption, node);
    const char *end = strstr(at, "</TR>");
    for (at = strchr(at + 1, '>'); at < end; at++) {
        size_t n = at[0] == '>' ? strcspn(at + 1, "<") : 0;
        if (n == 0) continue;
        const char *number = at + 1 + (strncmp(at + 1, "&#160;&#160;", 12) ? 0 : 12);
        if (number == at + 1 + n) continue; /* an empty cell */
        to += snprintf(to, sizeof cells - (size_t)(to - cells), "%.*s|", (int)(at + 1 + n - number), number);
    }
    return cells;
}
