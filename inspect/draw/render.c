/* Drawings as files: text by this library, pictures through Graphviz's own. */
#include "inspect/draw/canvas.h"
#include "tensor/file.h"

#include <string.h>
#include <strings.h>

static const struct format {
    const char *ending;
    const char *renderer; /* Graphviz's name for it; NULL: the text itself */
    bool page;            /* the picture is in a page */
} formats[] = {
    {".dot", NULL, false},  {".gv", NULL, false},   {".svg", "svg", false},
    {".png", "png", false}, {".pdf", "pdf", false}, {".html", "svg", true},
};

static const struct format *find_format(const char *path) {
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t n = strlen(formats[i].ending);
        if (length > n && !strcasecmp(path + length - n, formats[i].ending)) return &formats[i];
    }
    return NULL;
}

bool ct_write_text(const char *at, const char *path, const char *bytes, size_t n) {
    ct_writer writer;
    ct_write_begin(&writer, "ct_draw", at, path);
    ct_write(&writer, bytes, n);
    return ct_write_end(&writer);
}

#ifdef CT_HAVE_GVC
#include <graphviz/gvc.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>

#define DPI 144.0         /* of a bitmap: sharp on today's screens, if that is at most */
#define MOST_PIXELS 64e6  /* as many, and at most */
#define LONGEST_EDGE 30e3 /* so many along an edge; beyond, Graphviz fails */

/* Graphviz keeps its state in globals: one drawing at a time. Its context lives as long as the process, because its
 * text plugin still looks at the last font after gvFreeContext(). Of each picture with HTML-like labels some memory
 * stays with Graphviz 2.42, about 1 KB a node, which nobody can give back. */
static pthread_mutex_t graphviz = PTHREAD_MUTEX_INITIALIZER;
static GVC_t *context;
static char complaint[200]; /* Graphviz's last words, instead of its printing them */

static int keep_complaint(char *message) {
    size_t n = strcspn(message, "\n");
    if (n > 0) snprintf(complaint, sizeof complaint, ": %.*s", (int)(n < 150 ? n : 150), message);
    return 0;
}

static double choose_dpi(Agraph_t *g) {
    boxf box = GD_bb(g); /* in points, 72 an inch */
    double width = (box.UR.x - box.LL.x) / 72 + 1, height = (box.UR.y - box.LL.y) / 72 + 1;
    return fmin(DPI, fmin(sqrt(MOST_PIXELS / (width * height)), LONGEST_EDGE / fmax(width, height)));
}

static bool lay_out(ct_text *picture, const char *at, const char *path, const char *renderer, Agraph_t *g) {
    char *bytes = NULL;
    unsigned n = 0;
    bool laid_out = gvLayout(context, g, "dot") == 0;
    if (laid_out && !strcmp(renderer, "png")) GD_drawing(g)->dpi = choose_dpi(g);
    bool drawn = laid_out && gvRenderData(context, g, renderer, &bytes, &n) == 0 && bytes && n > 0;
    if (drawn) ct_text_bytes(picture, bytes, n);
    bool ok = drawn && !picture->failed;
    if (!drawn) ct_raise(CT_ERR_UNAVAILABLE, "ct_draw", at, "%s: Graphviz cannot draw this%s", path, complaint);
    else if (!ok) ct_raise_memory("ct_draw", at, n);
    if (bytes) gvFreeRenderData(bytes);
    if (laid_out) gvFreeLayout(context, g);
    return ok;
}

bool ct_render(ct_text *picture, const char *at, const char *path, const char *renderer, const ct_text *dot) {
    pthread_mutex_lock(&graphviz);
    complaint[0] = '\0';
    agusererrf errors_before = agseterrf(keep_complaint);
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* Graphviz reads "0.15" as the locale has it */
    locale_t locale_before = c ? uselocale(c) : (locale_t)0;
    if (!context) context = gvContext();
    Agraph_t *g = context ? agmemread(dot->text) : NULL;
    bool ok = g && lay_out(picture, at, path, renderer, g);
    if (!g) ct_raise(CT_ERR_UNAVAILABLE, "ct_draw", at, "%s: Graphviz cannot read the drawing%s", path, complaint);
    if (g) agclose(g);
    if (c) {
        uselocale(locale_before);
        freelocale(c);
    }
    agseterrf(errors_before);
    pthread_mutex_unlock(&graphviz);
    return ok;
}
#else
bool ct_render(ct_text *picture, const char *at, const char *path, const char *renderer, const ct_text *dot) {
    (void)picture, (void)dot;
    ct_raise(CT_ERR_UNAVAILABLE, "ct_draw", at,
             "%s: this build has no Graphviz; draw a .dot file and convert it with `dot -T%s`", path, renderer);
    return false;
}
#endif

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
