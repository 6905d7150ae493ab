/* Published figures beside ours; and a text for the page. */
#include "report/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 4

/* Cuts a line at its first commas; what follows the last is one field. False when there are too few. */
static bool cut(char *line, char *field[FIELDS]) {
    for (int i = 0; i < FIELDS; i++) {
        field[i] = line;
        if (i == FIELDS - 1) return true;
        char *comma = strchr(line, ',');
        if (!comma) return false;
        *comma = '\0';
        line = comma + 1;
    }
    return true;
}

/* Our figure is at least as good, at the digits that were published. */
static bool is_as_good(const char *measure, double published, double ours) {
    double slack = 1e-9 * fabs(published);
    if (strstr(measure, "accuracy")) return ours >= published - slack;
    if (strstr(measure, "loss") || !strcmp(measure, "seconds")) return ours <= published + slack;
    return ours == published;
}

static const char *verdict(const char *measure, double published, double ours, const char *note) {
    if (*note) return note;
    if (isnan(ours)) return "not measured";
    if (!is_as_good(measure, published, ours)) return "not reached";
    return ours == published ? "equal" : "better";
}

static void put_comparison(ct_page *page, const ct_facts *run, char *const field[FIELDS], double published) {
    const char *measure = field[1];
    double ours = ct_fact_number(run, measure);
    if (ct_measure_is_share(measure)) ours = round(1e4 * ours) / 1e2; /* as it is shown, and was published */
    const char *text = verdict(measure, published, ours, field[3]);
    ct_text number = {0};
    ct_measure_text(&number, measure, ct_fact_number(run, measure));
    if (page->options->table)
        fprintf(page->options->table, "%-28s %-24s %12s %12s  %s\n", run->name, measure, field[2],
                number.text ? number.text : "", text);
    ct_text *html = &page->html;
    ct_text_add(html, "<tr class=\"%s\"><td>", *field[3] ? "noted" : !strcmp(text, "not reached") ? "missed" : "");
    ct_html(html, run->name);
    ct_text_add(html, "</td><td>");
    ct_html(html, measure);
    ct_text_add(html, "</td><td>");
    ct_html(html, field[2]);
    ct_text_add(html, "</td><td>%s</td><td class=\"text\">", number.text ? number.text : "");
    ct_html(html, text);
    ct_text_add(html, "</td></tr>\n");
    ct_text_free(&number);
}

static const ct_facts *find_run(const ct_page *page, const char *name) {
    for (int i = 0; i < page->n; i++)
        if (!strcmp(page->runs[i].name, name)) return &page->runs[i];
    return NULL;
}

static bool put_line(ct_page *page, char *line, int number) {
    char *field[FIELDS], *end = NULL;
    bool ok = cut(line, field);
    double published = ok ? strtod(field[2], &end) : 0;
    if (!ok || end == field[2] || *end)
        return ct_raise(CT_ERR_FORMAT, CT_REPORT, page->at, "%s: line %d is not run,measure,value,note",
                        page->options->published, number),
               false;
    const ct_facts *run = find_run(page, field[0]);
    if (run) put_comparison(page, run, field, published);
    return true;
}

/* Calls put(page, line, number) for each line of a text file; empty ones too. False with an error raised. */
static bool for_each_line(ct_page *page, const char *path, bool (*put)(ct_page *page, char *line, int number)) {
    ct_bytes bytes = {0};
    char line[1024];
    bool ok = ct_get_file(CT_REPORT, page->at, path, &bytes);
    int number = 0;
    for (size_t begin = 0, end; ok && begin < bytes.size; begin = end + 1) {
        for (end = begin; end < bytes.size && bytes.data[end] != '\n'; end++) continue;
        snprintf(line, sizeof line, "%.*s", (int)(end - begin < sizeof line ? end - begin : sizeof line - 1),
                 (const char *)bytes.data + begin);
        ok = put(page, line, ++number);
    }
    ct_bytes_free(&bytes);
    return ok;
}

static bool put_published_line(ct_page *page, char *line, int number) {
    return number == 1 || !*line || put_line(page, line, number); /* the first is the header */
}

bool ct_page_published(ct_page *page) {
    if (!page->options->published) return true;
    if (page->options->table)
        fprintf(page->options->table, "\n%-28s %-24s %12s %12s\n", "run", "measure", "published", "ours");
    ct_text_add(&page->html, "<h2>Published and ours</h2>\n<table class=\"numbers\"><thead><tr><th>run</th>"
                             "<th>measure</th><th>published</th><th>ours</th><th></th></tr></thead>\n<tbody>");
    bool ok = for_each_line(page, page->options->published, put_published_line);
    ct_text_add(&page->html, "</tbody></table>\n");
    return ok;
}

/* ---- notes -------------------------------------------------------------------------------------------------- */

/* A line is a heading, an item, the end of a paragraph, or a part of one. */
static bool put_note(ct_page *page, char *line, int number) {
    ct_text *html = &page->html;
    (void)number;
    if (*line == '#') {
        line += strspn(line, "# ");
        ct_text_add(html, "</p><h3>");
        ct_html(html, line);
        ct_text_add(html, "</h3><p>\n");
    } else if (!*line) {
        ct_text_add(html, "</p><p>\n");
    } else {
        if (!strncmp(line, "- ", 2)) ct_text_add(html, "</p><p class=\"item\">&bull; "), line += 2;
        ct_html(html, line);
        ct_text_add(html, "\n");
    }
    return true;
}

bool ct_page_notes(ct_page *page) {
    if (!page->options->notes) return true;
    ct_text_add(&page->html, "<section class=\"notes\"><p>\n");
    bool ok = for_each_line(page, page->options->notes, put_note);
    ct_text_add(&page->html, "</p></section>\n");
    return ok;
}
