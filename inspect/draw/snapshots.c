/* The same graph at several steps of a training, in one layout. */
#include "inspect/draw/canvas.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OP "ct_snapshot"
#define DIGITS 6

struct ct_snapshots {
    char *path;
    ct_draw_options options;
    bool paged;         /* one page, not a picture a step */
    size_t n;           /* snapshots so far */
    ct_page page;       /* begun with the first */
    ct_figure *figures; /* [page.n_figures] of the first; the others have the same */
    size_t capacity;    /* of that */
    uint64_t structure; /* of the first graph, hashed */
    ct_text scratch;
};

ct_snapshots *ct_snapshots_begin_at(const char *at, const char *path, const ct_draw_options *options) {
    const char *op = "ct_snapshots_begin";
    if (!path) return ct_raise_null(op, at, 0), NULL;
    bool paged = ct_ends_in(path, ".html");
    if (!paged && !ct_ends_in(path, ".svg"))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s: ends in none of .html and .svg", path), NULL;
    ct_snapshots *s = ct_alloc(sizeof *s);
    char *copy = ct_strdup(path);
    if (!s || !copy) {
        if (s) ct_dealloc(s, sizeof *s);
        if (copy) ct_strfree(copy);
        return ct_raise_memory(op, at, sizeof *s), NULL;
    }
    *s = (ct_snapshots){.path = copy, .paged = paged};
    if (options) s->options = *options;
    return s;
}

/* ---- one layout --------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value) { return (hash ^ value) * 0x100000001b3u; } /* FNV-1a */

static uint64_t structure_of(const ct_graph *graph) {
    uint64_t hash = mix(0xcbf29ce484222325u, graph->n);
    for (size_t i = 0; i < graph->n; i++) {
        const ct_tensor *t = graph->node[i];
        hash = mix(mix(mix(hash, t->op), t->dtype), t->ndim);
        for (int k = 0; k < t->ndim; k++) hash = mix(hash, (uint64_t)t->extent->dim[k]);
        for (int k = 0; k < t->n_in; k++) hash = mix(hash, ct_graph_index(graph, t->in[k]));
    }
    return hash;
}

/* The first snapshot: the picture with marks, and what stands where. */
static bool lay_out(ct_snapshots *s, const char *at, const ct_view *view) {
    ct_canvas canvas = {.view = view};
    s->page.title = "Training";
    bool ok = ct_page_begin(&s->page, &canvas, at, s->path);
    s->figures = canvas.figures;
    s->capacity = canvas.figures_capacity;
    canvas.figures = NULL;
    canvas.figures_capacity = 0;
    s->structure = structure_of(&view->graph);
    ct_canvas_free(&canvas);
    if (ok) return true;
    ct_page_free(&s->page); /* the next may try again */
    ct_dealloc(s->figures, s->capacity * sizeof *s->figures);
    s->figures = NULL;
    return false;
}

/* ---- pages and pictures ------------------------------------------------------------------------------------- */

static void add_frame(ct_snapshots *s, const ct_view *view, int64_t step) {
    const ct_tensor *f = view->graph.node[view->graph.n - 1];
    ct_text_add(&s->page.frames, "%s{\"title\":\"Step %" PRId64 "\"", s->n ? ",\n" : "", step);
    if (ct_size_of(f) == 1) {
        ct_text_add(&s->page.frames, ",\"y\":\"");
        ct_text_number(&s->page.frames, ct_read_element((ct_dtype)f->dtype, f->data, 0), DIGITS);
        ct_text_add(&s->page.frames, "\",\"lines\":[\"");
        ct_text_name(&s->page.frames, &view->graph, f);
        ct_text_add(&s->page.frames, " = ");
        ct_text_number(&s->page.frames, ct_read_element((ct_dtype)f->dtype, f->data, 0), DIGITS);
        ct_text_add(&s->page.frames, "\"]");
    }
    ct_text_add(&s->page.frames, "}");
}

static void set_figures(ct_snapshots *s, ct_canvas *canvas) {
    for (size_t i = 0; i < s->page.n_figures; i++) {
        ct_text_clear(&s->scratch);
        ct_figure_text(canvas, &s->scratch, &s->figures[i]);
        ct_page_set(&s->page, i, s->n, &s->scratch);
    }
}

/* The picture with figures in the place of their marks. */
static void fill_in(ct_snapshots *s, ct_canvas *canvas, ct_text *picture) {
    const char *from = s->page.svg.text;
    for (const char *mark; (mark = strstr(from, CT_MARK));) {
        char *end;
        unsigned long i = strtoul(mark + strlen(CT_MARK), &end, 10);
        ct_text_bytes(picture, from, (size_t)(mark - from));
        if (i < s->page.n_figures) ct_figure_text(canvas, picture, &s->figures[i]);
        from = end + strlen(CT_MARK);
    }
    ct_text_add(picture, "%s", from);
}

static bool write_picture(ct_snapshots *s, ct_canvas *canvas, const char *at, int64_t step) {
    ct_text path = {0}, picture = {0};
    ct_text_bytes(&path, s->path, strlen(s->path) - strlen(".svg"));
    ct_text_add(&path, "-%06" PRId64 ".svg", step);
    fill_in(s, canvas, &picture);
    bool ok = !path.failed && !picture.failed;
    if (!ok) ct_raise(CT_ERR_MEMORY, OP, at, "out of memory for %s", s->path);
    ok = ok && ct_write_text(at, path.text, picture.text, picture.length);
    ct_text_free(&path);
    ct_text_free(&picture);
    return ok;
}

static bool take(ct_snapshots *s, const char *at, const ct_view *view, int64_t step) {
    if (!s->page.timelines && !lay_out(s, at, view)) return false;
    if (structure_of(&view->graph) != s->structure)
        return ct_raise(CT_ERR_ARGUMENT, OP, at, "the graph is not that of the first snapshot"), false;
    ct_canvas canvas = {.view = view};
    if (!s->paged) return write_picture(s, &canvas, at, step);
    add_frame(s, view, step);
    set_figures(s, &canvas);
    s->n++;
    return true;
}

bool ct_snapshot_at(const char *at, ct_snapshots *snapshots, ct_tensor *f, int64_t step) {
    ct_view view = {0};
    if (!snapshots) return ct_raise_null(OP, at, 0), false;
    if (!ct_usable(OP, at, f, 1)) return false;
    bool made = ct_view_make(&view, f, &snapshots->options);
    if (!made) ct_raise(CT_ERR_MEMORY, OP, at, "out of memory for %s", snapshots->path);
    bool ok = made && take(snapshots, at, &view, step);
    ct_view_free(&view);
    return ok;
}

bool ct_snapshots_end_at(const char *at, ct_snapshots *s) {
    if (!s) return true;
    if (s->scratch.failed) s->page.frames.failed = true;
    bool ok = !s->n || ct_page_write(&s->page, at, s->path);
    ct_page_free(&s->page);
    ct_dealloc(s->figures, s->capacity * sizeof *s->figures);
    ct_text_free(&s->scratch);
    ct_strfree(s->path);
    ct_dealloc(s, sizeof *s);
    return ok;
}
