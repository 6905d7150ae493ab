/* Pictures through Graphviz's library, and files of them. */
#include "inspect/draw/canvas.h"
#include "tensor/file.h"

#include <string.h>
#include <strings.h>

bool ct_ends_in(const char *path, const char *ending) {
    size_t length = strlen(path), n = strlen(ending);
    return length > n && !strcasecmp(path + length - n, ending);
}

bool ct_write_text(const char *at, const char *path, const char *bytes, size_t n) {
    ct_writer writer;
    ct_write_begin(&writer, "ct_draw", at, path);
    ct_write(&writer, bytes, n);
    return ct_write_end(&writer);
}

#ifdef CT_HAVE_GVC
#include <graphviz/gvc.h>
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
    ct_c_locale locale; /* Graphviz reads "0.15" as the locale has it */
    if (!ct_c_locale_begin("ct_draw", at, &locale)) return false;
    pthread_mutex_lock(&graphviz);
    complaint[0] = '\0';
    agusererrf errors_before = agseterrf(keep_complaint);
    if (!context) context = gvContext();
    Agraph_t *g = context ? agmemread(dot->text) : NULL;
    bool ok = g && lay_out(picture, at, path, renderer, g);
    if (!g) ct_raise(CT_ERR_UNAVAILABLE, "ct_draw", at, "%s: Graphviz cannot read the drawing%s", path, complaint);
    if (g) agclose(g);
    agseterrf(errors_before);
    pthread_mutex_unlock(&graphviz);
    ct_c_locale_end(&locale);
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
