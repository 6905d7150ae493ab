/* inspect/: formulas as text. A part of inspect.h; include that.
 *
 *     ct_tensor *f = ct_eval("p = x1*w1; q = x2*w2; tanh(p + q)", CT_LIST(x1, w1, x2, w2));
 *
 * records what the calls ct_tanh(ct_add(ct_mul(x1, w1), ct_mul(x2, w2))) would, with labels p and q.
 *
 *   a + b  a - b  a * b  a / b    element by element, broadcasting
 *   a ^ b  a ** b                 power; from right to left, and before a minus: -x^2 is -(x^2); 2^-1 is 0.5; x^2 is
 *                                 recorded as square(x)
 *   a @ b  a'  a.T                matrix product, as strong as *; transpose of a matrix
 *   x[0]  x[:, 1:-1]              elements and slices, as in Python
 *   a == b  != < <= > >=          bool, not to be chained; operators take bool and integers as numbers
 *   sum(x, axis=0, keep=true)     every op of autograd/ops.h, with or without ct_; arguments by place or by name, an
 *                                 axis as 0 or [0, -1], a choice by its word: mse_loss(x, y, reduction=sum)
 *   split(x, 2, part=0)           of what returns several tensors `part` chooses one, also svd(x, part=s)
 *   1.5  1e-3  0x1.8p-3  pi  inf  nan
 *   [[1, 2], [x, 4]]              rows; of numbers a constant, of expressions stacked
 *   p = x1*w1; q = p + 1; p*q     statements; the value is the last one's, and p and q become labels
 *   weight  θ  layer.bias         names: letters, digits, _ and ., or any label in quotes: "0.weight"
 *
 * Numbers are f32 when a tensor named in the formula is, else f64; they are read as C's strtod() does, in any locale.
 * An error tells the column, counted in characters from 1, what was expected there and the nearest known name. A
 * formula may be 256 KiB long, nest 100 deep, and take 1 GiB for all that it computes. */
#ifndef COTANGENT_EXPRESSION_H
#define COTANGENT_EXPRESSION_H

/* The value of the formula `text`, whose names are labels of `names`; of two with one label the first counts. */
CT_API ct_tensor *ct_eval_at(const char *at, const char *text, ct_list names);
#define ct_eval(...) ct_eval_at(CT_PLACE("ct_eval: "), __VA_ARGS__)

#endif
