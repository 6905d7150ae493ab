/* Tables of a page, some of them as text too. */
#include "report/internal.h"

#include <math.h>
#include <string.h>

void ct_html(ct_text *out, const char *text) {
    while (*text) {
        char clean[5];
        text += ct_text_next(text, clean);
        if (strchr("<>&\"'", *clean)) ct_text_add(out, "&#%d;", *clean);
        else ct_text_add(out, "%s", clean);
    }
}

/* ---- text --------------------------------------------------------------------------------------------------- */

/* A cell of `width` characters; on the left when it is negative. */
static void put_cell(FILE *out, int width, const char *text) {
    if (out) fprintf(out, "%*s  ", width, text);
}

static void end_row(FILE *out) {
    if (out) fprintf(out, "\n");
}

static FILE *text_of(const ct_page *page) { return page->options->table; }

static int name_width(const ct_page *page) {
    size_t width = 3;
    for (int i = 0; i < page->n; i++)
        if (strlen(page->runs[i].name) > width) width = strlen(page->runs[i].name);
    return -(int)(width < 40 ? width : 40);
}

/* ---- the runs ----------------------------------------------------------------------------------------------- */

static const struct column {
    const char *measure, *title, *unit;
} columns[] = {
    {"parameters", "parameters", ""},
    {"epochs", "epochs", ""},
    {"seconds", "time", "s"},
    {"train.accuracy", "train", "%"},
    {"train.best_accuracy", "best train", "%"},
    {"validation.accuracy", "validation", "%"},
    {"validation.best_accuracy", "best validation", "%"},
    {"test.accuracy", "test", "%"},
    {"test.best_accuracy", "best test", "%"},
    {"train.lowest_loss", "lowest train loss", ""},
    {"validation.lowest_loss", "lowest validation loss", ""},
    {"test.loss", "test loss", ""},
    {"test.lowest_loss", "lowest test loss", ""},
};
#define N_COLUMNS (int)(sizeof columns / sizeof *columns)

/* Measured in at least one of the runs. */
static bool is_measured(const ct_page *page, const char *measure) {
    for (int i = 0; i < page->n; i++)
        if (!isnan(ct_fact_number(&page->runs[i], measure))) return true;
    return false;
}

static void header(ct_page *page, int width) {
    char title[64];
    put_cell(text_of(page), width, "run");
    ct_text_add(&page->html, "<table class=\"numbers\"><thead><tr><th>run</th>");
    for (int k = 0; k < N_COLUMNS; k++) {
        if (!is_measured(page, columns[k].measure)) continue;
        snprintf(title, sizeof title, *columns[k].unit ? "%s (%s)" : "%s", columns[k].title, columns[k].unit);
        put_cell(text_of(page), (int)strlen(title), title);
        ct_text_add(&page->html, "<th>%s</th>", title);
    }
    end_row(text_of(page));
    ct_text_add(&page->html, "<th>ended by</th></tr></thead>\n<tbody>");
}

void ct_page_runs(ct_page *page) {
    int width = name_width(page);
    header(page, width);
    for (int i = 0; i < page->n; i++) {
        put_cell(text_of(page), width, page->runs[i].name);
        ct_text_add(&page->html, "<tr><td>");
        ct_html(&page->html, page->runs[i].name);
        ct_text_add(&page->html, "</td>");
        for (int k = 0; k < N_COLUMNS; k++) {
            ct_text number = {0};
            if (!is_measured(page, columns[k].measure)) continue;
            ct_measure_text(&number, columns[k].measure, ct_fact_number(&page->runs[i], columns[k].measure));
            int length = (int)(strlen(columns[k].title) + (*columns[k].unit ? strlen(columns[k].unit) + 3 : 0));
            put_cell(text_of(page), length, number.text ? number.text : "");
            ct_text_add(&page->html, "<td>%s</td>", number.text ? number.text : "");
            ct_text_free(&number);
        }
        end_row(text_of(page));
        ct_text_add(&page->html, "<td>");
        ct_html(&page->html, ct_fact_text(&page->runs[i], "end"));
        ct_text_add(&page->html, "</td></tr>\n");
    }
    ct_text_add(&page->html, "</tbody></table>\n");
}

/* ---- settings ----------------------------------------------------------------------------------------------- */

static const char *setting(const ct_facts *run, const char *name) {
    const json_t *settings = ct_fact(run, "settings");
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const char *key = json_string_value(json_array_get(json_array_get(settings, i), 0));
        const char *value = json_string_value(json_array_get(json_array_get(settings, i), 1));
        if (key && value && !strcmp(key, name)) return value;
    }
    return "";
}

static bool differs(const ct_page *page, const char *name) {
    for (int i = 1; i < page->n; i++)
        if (strcmp(setting(&page->runs[i], name), setting(&page->runs[0], name)) != 0) return true;
    return false;
}

/* The first run with the same value as run k. */
static int first_with(const ct_page *page, const char *name, int k) {
    int first = 0;
    while (strcmp(setting(&page->runs[first], name), setting(&page->runs[k], name)) != 0) first++;
    return first;
}

/* Each value, with the runs that have it unless all do. */
static void put_values(ct_page *page, const char *name) {
    ct_text *html = &page->html;
    for (int k = 0; k < page->n; k++) {
        if (first_with(page, name, k) != k) continue;
        ct_text_add(html, "%s", k ? "; " : "");
        ct_html(html, setting(&page->runs[k], name));
        if (!differs(page, name)) continue;
        ct_text_add(html, " <small>(");
        for (int i = k; i < page->n; i++) {
            if (first_with(page, name, i) != k) continue;
            ct_text_add(html, "%s", i > k ? ", " : "");
            ct_html(html, page->runs[i].name);
        }
        ct_text_add(html, ")</small>");
    }
}

void ct_page_settings(ct_page *page) {
    const json_t *settings = ct_fact(&page->runs[0], "settings");
    ct_text *html = &page->html;
    ct_text_add(html, "<table><tbody>\n");
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const char *name = json_string_value(json_array_get(json_array_get(settings, i), 0));
        if (!name) continue;
        ct_text_add(html, "<tr><th>");
        ct_html(html, name);
        ct_text_add(html, "</th><td>");
        put_values(page, name);
        ct_text_add(html, "</td></tr>\n");
    }
    ct_text_add(html, "</tbody></table>\n");
}

/* ---- weights ------------------------------------------------------------------------------------------------ */

static double layer_number(const ct_facts *run, size_t k, const char *name) {
    const json_t *value = json_object_get(json_array_get(ct_fact(run, "layers"), k), name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void put_number(ct_text *html, double value) {
    ct_text_add(html, "<td>");
    if (isnan(value)) ct_text_add(html, "-");
    else ct_text_number(html, value, 4);
    ct_text_add(html, "</td>");
}

/* Means and standard deviations of each parameter in each run; of more than one, what the means differ by. */
void ct_page_weights(ct_page *page) {
    const json_t *layers = ct_fact(&page->runs[0], "layers");
    ct_text *html = &page->html;
    ct_text_add(html, "<table class=\"numbers\"><thead><tr><th>parameter</th>");
    for (int i = 0; i < page->n; i++) {
        ct_text_add(html, "<th>mean, ");
        ct_html(html, page->runs[i].name);
        ct_text_add(html, "</th><th>standard deviation</th>%s", i ? "<th>less the first mean</th>" : "");
    }
    ct_text_add(html, "</tr></thead>\n<tbody>");
    for (size_t k = 0; k < json_array_size(layers); k++) {
        const char *name = json_string_value(json_object_get(json_array_get(layers, k), "name"));
        ct_text_add(html, "<tr><td>");
        ct_html(html, name ? name : "");
        ct_text_add(html, "</td>");
        for (int i = 0; i < page->n; i++) {
            put_number(html, layer_number(&page->runs[i], k, "mean"));
            put_number(html, layer_number(&page->runs[i], k, "std"));
            if (i)
                put_number(html, layer_number(&page->runs[i], k, "mean") - layer_number(&page->runs[0], k, "mean"));
        }
        ct_text_add(html, "</tr>\n");
    }
    ct_text_add(html, "</tbody></table>\n");
}

void ct_page_parameters(ct_page *page, const ct_facts *run) {
    const json_t *layers = ct_fact(run, "layers");
    ct_text *html = &page->html;
    ct_text_add(html,
                "<table class=\"numbers\"><thead><tr><th>parameter</th><th>shape</th><th>numbers</th><th>mean</th>"
                "<th>standard deviation</th><th>least</th><th>largest</th></tr></thead>\n<tbody>");
    for (size_t k = 0; k < json_array_size(layers); k++) {
        const json_t *layer = json_array_get(layers, k), *shape = json_object_get(layer, "shape");
        const char *name = json_string_value(json_object_get(layer, "name"));
        ct_text_add(html, "<tr><td>");
        ct_html(html, name ? name : "");
        ct_text_add(html, "</td><td>(");
        for (size_t d = 0; d < json_array_size(shape); d++)
            ct_text_add(html, "%s%" JSON_INTEGER_FORMAT, d ? ", " : "", json_integer_value(json_array_get(shape, d)));
        ct_text_add(html, ")</td><td>%.0f</td>", layer_number(run, k, "n"));
        static const char *const numbers[] = {"mean", "std", "min", "max"};
        for (int i = 0; i < 4; i++) put_number(html, layer_number(run, k, numbers[i]));
        ct_text_add(html, "</tr>\n");
    }
    ct_text_add(html, "</tbody><tfoot><tr><td>total</td><td></td><td>%.0f</td></tr></tfoot></table>\n",
                ct_fact_number(run, "parameters"));
}

/* ---- classes ------------------------------------------------------------------------------------------------ */

static double entry(const json_t *rows, size_t i, size_t k) {
    return json_number_value(json_array_get(json_array_get(rows, i), k));
}

void ct_page_classes(ct_page *page, const ct_facts *run) {
    const json_t *rows = ct_fact(run, "classes"), *mistakes = ct_fact(run, "mistakes");
    ct_text *html = &page->html;
    if (json_array_size(rows) == 0) return;
    ct_text_add(html, "<p>Most frequent confusions, true class &rarr; guess: ");
    for (size_t i = 0; i < json_array_size(mistakes); i++)
        ct_text_add(html, "%s%.0f &rarr; %.0f (%.0f)", i ? ", " : "", entry(mistakes, i, 0), entry(mistakes, i, 1),
                    entry(mistakes, i, 2));
    ct_text_add(html, ".</p>\n");
    if (page->n > 1) return;
    ct_text_add(html, "<table class=\"numbers\"><thead><tr><th>class</th><th>samples</th><th>precision (%%)</th>"
                      "<th>recall (%%)</th><th>F1 (%%)</th></tr></thead>\n<tbody>");
    for (size_t k = 0; k < json_array_size(rows); k++) {
        ct_text_add(html, "<tr><td>%zu</td><td>%.0f</td>", k, entry(rows, k, 0));
        for (size_t i = 1; i < 4; i++) ct_text_add(html, "<td>%.2f</td>", 100 * entry(rows, k, i));
        ct_text_add(html, "</tr>\n");
    }
    ct_text_add(html, "</tbody></table>\n");
}
