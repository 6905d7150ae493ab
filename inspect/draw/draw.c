/* Drawings as files: what the ending of a path asks for. */
#include "inspect/draw/canvas.h"

static const struct format {
    const char *ending;
    const char *renderer; /* Graphviz's name for it; NULL: the text itself */
    bool page;            /* the picture is in a page */
} formats[] = {
    {".dot", NULL, false},  {".gv", NULL, false},   {".svg", "svg", false},
    {".png", "png", false}, {".pdf", "pdf", false}, {".html", "svg", true},
};

static const struct format *find_format(const char *path) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (ct_ends_in(path, formats[i].ending)) return &formats[i];
    return NULL;
}

bool ct_draw_at(const char *at, ct_tensor *f, const char *path) { return ct_draw_with_at(at, f, path, NULL); }

bool ct_draw_with_at(const char *at, ct_tensor *f, const char *path, const ct_draw_options *options) {
    if (!path) return ct_raise_null("ct_draw", at, 1), false;
    const struct format *format = find_format(path);
    if (!format) {
        ct_raise(CT_ERR_ARGUMENT, "ct_draw", at, "%s: ends in none of .dot, .gv, .svg, .png, .pdf and .html", path);
        return false;
    }
    if (format->page) return ct_write_stepper(at, path, f, options);
    ct_text dot = {0}, picture = {0};
    bool ok = ct_dot_text(&dot, "ct_draw", at, f, options) &&
              (!format->renderer || ct_render(&picture, at, path, format->renderer, &dot));
    const ct_text *out = format->renderer ? &picture : &dot;
    ok = ok && ct_write_text(at, path, out->text, out->length);
    ct_text_free(&picture);
    ct_text_free(&dot);
    return ok;
}
