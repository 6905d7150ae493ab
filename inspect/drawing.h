/* inspect/: drawings of graphs. A part of inspect.h; include that. */
#ifndef COTANGENT_DRAWING_H
#define COTANGENT_DRAWING_H

/* How far the two passes have come in a drawing. */
typedef enum ct_draw_stage {
    CT_DRAW_COMPLETE, /* all values and all gradients */
    CT_DRAW_FORWARD,  /* values alone, of all that is at most `depth` operations away from what was given */
    CT_DRAW_BACKWARD, /* all values, and the gradients of what is at least `depth` operations away */
} ct_draw_stage;

/* Options start as zeros: ct_draw_with(f, "f.svg", &(ct_draw_options){.stage = CT_DRAW_FORWARD, .depth = 1}). */
typedef struct ct_draw_options {
    ct_draw_stage stage;
    int depth;      /* 0: all the way */
    int fold_above; /* nodes: larger graphs are folded; 0: 2,000 */
    bool no_legend;
} ct_draw_options;

/* Draws the graph of f into a file whose ending picks the format: .dot or .gv (Graphviz text, always there), .svg,
 * .png or .pdf (through Graphviz's library, if the build found it), or .html: a page of its own to step through both
 * passes node by node.
 *
 * A node shows its name, its formula, its value and its gradient, "-" where no pass has been and nothing for
 * constants; a larger tensor shape, dtype, and minimum, mean, maximum, norm and histogram of both. In an SVG, resting
 * on a node shows the line of the program that made it and the elements. An edge between scalars shows the local
 * derivative and the cotangent that it carries back, their product. Boxes around nodes are modules and groups
 * (ct_begin_group()), and a legend tells what shapes and colours mean. Gradients that were claimed (ct_claim_grad())
 * stand beside the computed ones, with the verdict of ct_verify().
 *
 * Large graphs are folded: a block of operations that repeats is drawn once with "x 12", and what is still more than
 * 2,000 nodes is left out in the middle; both say what was left out. An existing file is replaced as a whole, or on
 * failure not at all.
 *
 * Of all functions here that write: false, with an error, when nothing was written. The error stays pending, so a
 * program that does not look at the result learns of it from ct_end(). */
CT_API bool ct_draw_at(const char *at, ct_tensor *f, const char *path);
CT_API bool ct_draw_with_at(const char *at, ct_tensor *f, const char *path, const ct_draw_options *options);
#define ct_draw(...) ct_draw_at(CT_PLACE("ct_draw: "), __VA_ARGS__)
#define ct_draw_with(...) ct_draw_with_at(CT_PLACE("ct_draw: "), __VA_ARGS__)

/* ---- snapshots: one graph at several steps of a training --------------------------------------------------------- */

/* Graphviz places the nodes of the first snapshot, and the figures of each go into their places, so the pictures can be
 * laid one over the other:
 *
 *     ct_snapshots *film = ct_snapshots_begin("training.html", NULL);
 *     for (...) { ... ct_backward(loss); if (step % 100 == 0) ct_snapshot(film, loss, step); ... }
 *     ct_snapshots_end(film);
 *
 * A path that ends in .html becomes one page with a slider over the steps and the curve of f, written at the end; one
 * in .svg becomes a picture for each snapshot, training-000100.svg and so on. */
typedef struct ct_snapshots ct_snapshots;
/* NULL, with an error that stays pending too, when the path has neither ending or there is no memory. */
CT_API ct_snapshots *ct_snapshots_begin_at(const char *at, const char *path, const ct_draw_options *options);
/* f must have been computed as for the first snapshot: by the same operations on the same shapes; it is an error when
 * not. `snapshots` NULL is one as well. */
CT_API bool ct_snapshot_at(const char *at, ct_snapshots *snapshots, ct_tensor *f, int64_t step);
/* Writes the page, if it is one and there is a snapshot, and frees all, also when the page cannot be written. NULL is
 * fine. */
CT_API bool ct_snapshots_end_at(const char *at, ct_snapshots *snapshots);
#define ct_snapshots_begin(...) ct_snapshots_begin_at(CT_PLACE("ct_snapshots_begin: "), __VA_ARGS__)
#define ct_snapshot(...) ct_snapshot_at(CT_PLACE("ct_snapshot: "), __VA_ARGS__)
#define ct_snapshots_end(...) ct_snapshots_end_at(CT_PLACE("ct_snapshots_end: "), __VA_ARGS__)

/* ---- Graphviz' text ---------------------------------------------------------------------------------------------- */

/* Writes the Graphviz text of the same drawing. Nodes are in order of creation and bear their labels, so that the texts
 * of two runs of one program can be compared line by line. */
CT_API bool ct_dot_at(const char *at, ct_tensor *f, FILE *out);
#define ct_dot(...) ct_dot_at(CT_PLACE("ct_dot: "), __VA_ARGS__)

#endif
