/* A page about one run or several. */
#include "report/internal.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "body{font:16px/1.5 'DejaVu Sans',system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:70rem;margin:2rem "
    "auto;"
    "padding:0 1.5rem}\n"
    "h1{font-size:1.7rem;margin-bottom:.2rem}h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid "
    "#d9dee3}\n"
    "h3{font-size:1.05rem;margin:1.2rem 0 .3rem}.under{color:#4a5560;margin-top:0}\n"
    "table{border-collapse:collapse;font-size:.84rem;margin:.6rem 0;display:block;overflow-x:auto}\n"
    "th,td{padding:.22rem .55rem;border-bottom:1px solid #e3e7eb;text-align:left;vertical-align:top}\n"
    "thead th,tfoot td{background:#f2f5f8}.numbers "
    "td{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    ".numbers thead th{text-align:right}.numbers td:first-child,.numbers th:first-child,.numbers "
    "td.text{text-align:left;"
    "white-space:normal}.numbers td:first-child{white-space:nowrap}\n"
    "tr.noted td{color:#4a5560}tr.missed td{background:#fbe3d6}\n"
    ".cards{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}.card{border:1px solid #d9dee3;border-radius:.4rem;"
    "padding:.5rem 1rem}\n"
    ".card b{display:block;font-size:1.5rem;font-weight:600}.card span{color:#4a5560;font-size:.85rem}\n"
    "img{max-width:100%;height:auto;display:block;margin:.6rem 0}.model img{max-height:80rem}\n"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(28rem,100%),1fr));gap:1rem}\n"
    ".notes{background:#f7f9fb;border-left:4px solid #0072b2;padding:.2rem 1rem}.notes .item{margin:.25rem 0}\n";

/* ---- pictures ----------------------------------------------------------------------------------------------- */

static void put_base64(ct_text *out, const uint8_t *bytes, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (i + 1 < n) group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < n) group |= bytes[i + 2];
        ct_text_add(out, "%c%c%c%c", digits[group >> 18], digits[group >> 12 & 63],
                    i + 1 < n ? digits[group >> 6 & 63] : '=', i + 2 < n ? digits[group & 63] : '=');
    }
}

/* An SVG file inside the page, where nothing of it can get in the way of another picture. */
static bool put_picture(ct_page *page, const char *path, const char *alt) {
    ct_bytes bytes = {0};
    bool ok = ct_get_file(CT_REPORT, page->at, path, &bytes);
    if (ok) {
        ct_text_add(&page->html, "<img alt=\"%s\" src=\"data:image/svg+xml;base64,", alt);
        put_base64(&page->html, bytes.data, bytes.size);
        ct_text_add(&page->html, "\">\n");
    }
    ct_bytes_free(&bytes);
    return ok;
}

static bool is_about(const char *script, const char *what) { return !strncmp(script, what, strlen(what)); }

/* The pictures whose names begin so, or those that begin as none of the others. */
static bool put_pictures(ct_page *page, const char *what) {
    char name[40];
    if (page->gnuplot) return true;
    ct_text_add(&page->html, "<div%s>\n", what && is_about(what, "weights") ? "" : " class=\"pictures\"");
    for (int i = 0; i < page->n_scripts; i++) {
        const char *script = page->scripts[i];
        bool curves = !is_about(script, "confusion") && !is_about(script, "weights");
        if (what ? !is_about(script, what) : !curves) continue;
        snprintf(name, sizeof name, "plots/%.*s.svg", (int)strcspn(script, "."), script);
        if (!put_picture(page, ct_path_of(page->folder, name).text, name + strlen("plots/"))) return false;
    }
    ct_text_add(&page->html, "</div>\n");
    return true;
}

static bool put_model(ct_page *page) {
    ct_path path = ct_path_of(page->runs[0].folder, "model.svg");
    if (page->n > 1 || !ct_file_exists(path.text)) return true;
    ct_text_add(&page->html, "<h2>Model</h2>\n<div class=\"model\">");
    bool ok = put_picture(page, path.text, "graph of a forward pass");
    ct_text_add(&page->html, "</div>\n");
    return ok;
}

/* ---- what is most worth knowing ------------------------------------------------------------------------------- */

static void put_card(ct_page *page, const char *measure, const char *unit, const char *what) {
    double value = ct_fact_number(&page->runs[0], measure);
    if (isnan(value)) return;
    ct_text_add(&page->html, "<div class=\"card\"><b>");
    ct_measure_text(&page->html, measure, value);
    ct_text_add(&page->html, "%s</b><span>%s</span></div>\n", unit, what);
}

static void put_cards(ct_page *page) {
    ct_text_add(&page->html, "<div class=\"cards\">\n");
    put_card(page, "test.accuracy", " %", "accuracy on test data, at the end");
    put_card(page, "test.best_accuracy", " %", "best accuracy on test data");
    put_card(page, "validation.accuracy", " %", "accuracy on validation data, at the end");
    put_card(page, "train.accuracy", " %", "accuracy on training data, at the end");
    put_card(page, "seconds", " s", "of training, evaluation included");
    put_card(page, "parameters", "", "parameters");
    put_card(page, "steps", "", "steps");
    ct_text_add(&page->html, "</div>\n");
}

static double gap(const ct_facts *run) {
    return fabs(ct_fact_number(run, "train.accuracy") - ct_fact_number(run, "test.accuracy"));
}

/* The run with the largest, or the smallest, of a measure, or of the gap; -1 when none was measured. */
static int find_best(const ct_page *page, const char *measure, double sign) {
    int best = -1;
    double most = -INFINITY;
    for (int i = 0; i < page->n; i++) {
        double value = sign * (measure ? ct_fact_number(&page->runs[i], measure) : gap(&page->runs[i]));
        if (value > most) most = value, best = i;
    }
    return best;
}

/* "More accurate: b, 98.49 % (a: 98.21 %)"; the others are named when they are few. */
static void put_winner(ct_page *page, const char *title, const char *measure, double sign, const char *unit) {
    int best = find_best(page, measure, sign), others = 0;
    if (best < 0) return;
    ct_text line = {0};
    for (int k = -1; k < (page->n <= CT_FEW_RUNS ? page->n : 0); k++) {
        const ct_facts *run = &page->runs[k < 0 ? best : k];
        if (k == best) continue;
        ct_text_add(&line, "%s%s%s ", k < 0 ? title : others++ ? ", " : "; against ", k < 0 ? ": " : "", run->name);
        ct_measure_text(&line, measure ? measure : "accuracy", measure ? ct_fact_number(run, measure) : gap(run));
        ct_text_add(&line, "%s", unit);
    }
    if (page->options->table) fprintf(page->options->table, "%s\n", line.text ? line.text : "");
    ct_text_add(&page->html, "<li>");
    ct_html(&page->html, line.text ? line.text : "");
    ct_text_add(&page->html, "</li>\n");
    page->html.failed = page->html.failed || line.failed;
    ct_text_free(&line);
}

static void put_winners(ct_page *page) {
    if (page->options->table) fprintf(page->options->table, "\n");
    ct_text_add(&page->html, "<ul>\n");
    put_winner(page, "More accurate on test data", "test.best_accuracy", 1, " %");
    put_winner(page, "Lower loss on test data", "test.lowest_loss", -1, "");
    put_winner(page, "Lower loss on training data", "train.lowest_loss", -1, "");
    put_winner(page, "Smaller gap between training and test accuracy, at the end", NULL, -1, " points");
    put_winner(page, "Shorter training", "seconds", -1, " s");
    ct_text_add(&page->html, "</ul>\n");
}

/* ---- the page ----------------------------------------------------------------------------------------------- */

static void put_title(ct_page *page) {
    ct_text title = {0};
    if (page->options->title) ct_text_add(&title, "%s", page->options->title);
    else if (page->n == 1 && *ct_fact_text(&page->runs[0], "title"))
        ct_text_add(&title, "%s", ct_fact_text(&page->runs[0], "title"));
    else
        for (int i = 0; i < page->n; i++) ct_text_add(&title, "%s%s", i ? ", " : "", page->runs[i].name);
    ct_text *html = &page->html;
    html->failed = html->failed || title.failed;
    ct_text_add(html, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                      "content=\"width=device-width\"><title>");
    ct_html(html, title.text ? title.text : "");
    ct_text_add(html, "</title>\n<style>\n%s</style></head><body>\n<h1>", style);
    ct_html(html, title.text ? title.text : "");
    ct_text_add(html, "</h1>\n<p class=\"under\">");
    ct_html(html, ct_fact_text(&page->runs[0], "processor"));
    ct_text_add(html, ", %.0f processors, %.0f threads; ", ct_fact_number(&page->runs[0], "processors"),
                ct_fact_number(&page->runs[0], "threads"));
    ct_html(html, ct_fact_text(&page->runs[0], "date"));
    ct_text_add(html, "</p>\n");
    ct_text_free(&title);
}

/* Confusions and parameters, of few runs. */
static bool put_details(ct_page *page) {
    ct_text *html = &page->html;
    ct_text_add(html, "<h2>Confusions</h2>\n");
    if (!put_pictures(page, "confusion")) return false;
    for (int i = 0; i < page->n; i++) {
        if (page->n > 1) ct_text_add(html, "<h3>"), ct_html(html, page->runs[i].name), ct_text_add(html, "</h3>");
        ct_page_classes(page, &page->runs[i]);
    }
    ct_text_add(html, "<h2>Parameters</h2>\n");
    if (page->n == 1) ct_page_parameters(page, &page->runs[0]);
    else ct_page_weights(page);
    return put_pictures(page, "weights") && put_model(page);
}

static bool put_hint(ct_page *page) {
    ct_text_add(&page->html, "<p>Confusions and parameters are on the runs' own pages.</p>\n");
    return true;
}

static bool put_page(ct_page *page) {
    ct_text *html = &page->html;
    put_title(page);
    if (page->n == 1) put_cards(page);
    if (!ct_page_notes(page)) return false;
    ct_text_add(html, "<h2>%s</h2>\n", page->n > 1 ? "Runs" : "Run");
    ct_page_runs(page);
    if (page->n > 1) put_winners(page);
    if (!ct_page_published(page)) return false;
    ct_text_add(html, "<h2>Curves</h2>\n");
    if (page->gnuplot)
        ct_text_add(html, "<p>gnuplot was not there: install it, and run <code>gnuplot *.gp</code> in "
                          "<code>plots/</code>.</p>\n");
    if (!put_pictures(page, NULL)) return false;
    if (!(page->n <= CT_FEW_RUNS ? put_details(page) : put_hint(page))) return false;
    ct_text_add(html, "<h2>Settings</h2>\n");
    ct_page_settings(page);
    ct_text_add(html, "</body></html>\n");
    return true;
}

static bool read_runs(ct_page *page, ct_runs runs) {
    for (int i = 0; i < runs.n; i++) {
        page->n = i + 1;
        if (!ct_facts_read(CT_REPORT, page->at, runs.folders[i], &page->runs[i])) return false;
    }
    return true;
}

static bool write_page(ct_page *page) {
    bool ok = ct_plots_make(page) && put_page(page) &&
              ct_put_text(CT_REPORT, page->at, ct_path_of(page->folder, "report.html").text, &page->html);
    if (ok && page->gnuplot)
        ct_raise(CT_ERR_UNAVAILABLE, CT_REPORT, page->at,
                 page->gnuplot < 0 ? "%s/plots: there are no curves, because gnuplot could not be started; with it "
                                     "installed, run `gnuplot *.gp` in that folder"
                                   : "%s/plots: there are no curves, because gnuplot failed; gnuplot.log says why",
                 page->folder);
    return ok && !page->gnuplot;
}

bool ct_write_report_at(const char *at, ct_runs runs, const char *folder, const ct_report_options *options) {
    static const ct_report_options none;
    if (!folder) ct_raise_null(CT_REPORT, at, 1);
    else if (runs.n < 1) ct_raise(CT_ERR_ARGUMENT, CT_REPORT, at, "no runs are given");
    if (ct_error_pending()) return ct_error_report();
    size_t bytes = 0;
    ct_page page = {.at = at, .folder = folder, .options = options ? options : &none};
    if (ct_checked_mul((size_t)runs.n, sizeof *page.runs, &bytes)) page.runs = ct_alloc(bytes);
    if (!page.runs) return ct_raise_memory(CT_REPORT, at, bytes), ct_error_report();
    ct_c_locale locale;
    bool ok = ct_c_locale_begin(CT_REPORT, at, &locale);
    if (ok) {
        ok = read_runs(&page, runs) && ct_need_folder(CT_REPORT, at, folder) && write_page(&page);
        ct_c_locale_end(&locale);
    }
    for (int i = 0; i < page.n; i++) json_decref(page.runs[i].json);
    ct_dealloc(page.runs, bytes);
    ct_text_free(&page.html);
    return ct_error_report() && ok;
}
