/* inspect/: derivatives written out. A part of inspect.h; include that. */
#ifndef COTANGENT_DERIVATION_H
#define COTANGENT_DERIVATION_H

typedef enum ct_derivation_format {
    CT_DERIVE_TEXT,     /* UTF-8, lines of about 100 columns */
    CT_DERIVE_MARKDOWN, /* tables, and mathematics between dollar signs */
    CT_DERIVE_LATEX,    /* a piece of a document that uses amsmath */
    CT_DERIVE_FORMATS
} ct_derivation_format;

/* Writes out how df/dx of the one-element tensor f by x, a leaf or any other tensor, follows from the chain rule:
 *
 *     f = a * b       df/da = b = -0.23
 *     a = p + q       da/dp = 1
 *     p = x1 * w1     dp/dx1 = w1 = -1.5
 *
 *     df/dx1 = df/da * da/dp * dp/dx1 = (-0.23)(1)(-1.5) = 0.345
 *
 * Where all between x and f is scalar, the products are summed over the paths from x to f. Where there are too many
 * paths to read, or tensors between, each tensor's derivative is written in terms of those of its users, from f to x:
 * dL/dW = (dL/dz)^T @ h. Tensors without label are called v1, v2, ... in order of creation. Gradients left by
 * backward passes are not looked at. The text belongs to the innermost scope; NULL, with an error, when there is
 * none. */
CT_API const char *ct_derive_at(const char *at, ct_tensor *f, ct_tensor *x, ct_derivation_format format);
#define ct_derive(...) ct_derive_at(CT_PLACE("ct_derive: "), __VA_ARGS__)

#endif
