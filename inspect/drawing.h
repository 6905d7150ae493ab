/* inspect/: drawings of graphs. A part of inspect.h; include that. */
#ifndef COTANGENT_DRAWING_H
#define COTANGENT_DRAWING_H

/* Draws the graph of f into a file whose ending picks the format: .dot or .gv (Graphviz text, always there), .svg,
 * .png or .pdf (through Graphviz's library, if the build found it). Scalars show value and gradient, larger tensors
 * shape, dtype and the minimum, mean and maximum of both; "-" stands where no backward pass has been. Boxes are
 * constants, sheets leaves, rounded boxes operations, the double box f itself. Graphs of more than 2,000 nodes are
 * folded in the middle. An existing file is replaced as a whole, or on failure not at all. False, with an error that
 * ct_end() reports too, when there is no drawing. */
CT_API bool ct_draw_at(const char *at, ct_tensor *f, const char *path);
#define ct_draw(...) ct_draw_at(CT_HERE, __VA_ARGS__)

/* Writes the Graphviz text of the same drawing. Node ids count in order of creation, so that the texts of two runs of
 * one program can be compared line by line. */
CT_API bool ct_dot_at(const char *at, ct_tensor *f, FILE *out);
#define ct_dot(...) ct_dot_at(CT_HERE, __VA_ARGS__)

#endif
