/* A drawing as a page of its own, on which its figures change from frame to frame. Graphviz places everything once,
 * with marks of the same width where figures stand; what they read is filled in by page.js. */
#include "inspect/draw/canvas.h"
#include "inspect/page_text.h"
#include "tensor/checked.h"

#include <string.h>

bool ct_page_begin(ct_page *page, ct_canvas *canvas, const char *at, const char *path) {
    canvas->marks = true;
    ct_canvas_graph(canvas);
    if (canvas->text.failed) return ct_raise(CT_ERR_MEMORY, "ct_draw", at, "out of memory for %s", path), false;
    if (!ct_render(&page->svg, at, path, "svg", &canvas->text)) return false;
    page->n_figures = canvas->n_figures;
    if (ct_checked_mul(page->n_figures + 1, sizeof *page->timelines, &page->bytes))
        page->timelines = ct_alloc(page->bytes);
    if (!page->timelines) return ct_raise_memory("ct_draw", at, page->bytes), false;
    memset(page->timelines, 0, page->bytes);
    return true;
}

void ct_page_free(ct_page *page) {
    for (size_t i = 0; page->timelines && i < page->n_figures; i++) {
        ct_text_free(&page->timelines[i].json);
        ct_text_free(&page->timelines[i].last);
    }
    if (page->timelines) ct_dealloc(page->timelines, page->bytes);
    ct_text_free(&page->svg);
    ct_text_free(&page->frames);
    ct_text_free(&page->tensors);
    *page = (ct_page){0};
}

void ct_page_set(ct_page *page, size_t i, size_t frame, const ct_text *text) {
    ct_timeline *line = &page->timelines[i];
    const char *now = text->length ? text->text : "", *before = line->last.length ? line->last.text : "";
    if (!strcmp(now, before)) return;
    ct_text_add(&line->json, "%s[%zu,\"%s\"]", line->json.length ? "," : "", frame, now);
    ct_text_clear(&line->last);
    ct_text_add(&line->last, "%s", now);
}

static const char head[] = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width\">\n<title>";
static const char controls[] = "<button type=\"button\" id=\"first\" title=\"Home\">First</button>\n"
                               "<button type=\"button\" id=\"previous\" title=\"left arrow\">Back</button>\n"
                               "<button type=\"button\" id=\"play\" title=\"space\">Play</button>\n"
                               "<button type=\"button\" id=\"next\" title=\"right arrow\">Next</button>\n"
                               "<button type=\"button\" id=\"last\" title=\"End\">Last</button>\n"
                               "<input type=\"range\" id=\"slider\" min=\"0\" value=\"0\" aria-label=\"step\">\n"
                               "<span id=\"count\"></span>\n"
                               "<button type=\"button\" id=\"size\">Whole or large</button>\n<button type=\"button\" "
                               "id=\"theme\">Light or dark</button>\n"
                               "</header>\n<main id=\"picture\">\n";
static const char panels[] = "</main>\n<aside>\n<section id=\"panel\" aria-live=\"polite\"></section>\n"
                             "<ol id=\"steps\" aria-label=\"all steps\"></ol>\n</aside>\n"
                             "<script type=\"application/json\" id=\"data\">\n{\"frames\":[\n";

static const char *text_of(const ct_text *text) { return text->length ? text->text : ""; }

bool ct_page_write(const ct_page *page, const char *at, const char *path) {
    ct_text out = {0};
    const char *svg = strstr(text_of(&page->svg), "<svg");
    bool failed = page->frames.failed || page->tensors.failed;
    ct_text_add(&out,
                "%s%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n%s%s\n%s%s\n],\n"
                "\"figures\":[\n",
                head, page->title, page_css, page->title, controls, svg ? svg : "", panels, text_of(&page->frames));
    for (size_t i = 0; i < page->n_figures; i++) {
        failed |= page->timelines[i].json.failed || page->timelines[i].last.failed;
        ct_text_add(&out, "%s[%s]", i ? ",\n" : "", text_of(&page->timelines[i].json));
    }
    ct_text_add(&out, "],\n\"tensors\":{%s}}\n</script>\n<script>\n%s</script>\n</body>\n</html>\n",
                text_of(&page->tensors), page_js);
    failed |= out.failed;
    if (failed) ct_raise(CT_ERR_MEMORY, "ct_draw", at, "out of memory for %s", path);
    bool ok = !failed && ct_write_text(at, path, out.text, out.length);
    ct_text_free(&out);
    return ok;
}
