/* nn/: losses by their everyday names, means over all elements or rows. A part of nn.h; include that.
 *
 * Each is an operation of autograd/ops.h that takes weights, an index to be ignored and another reduction as well.
 * There are also ct_mse(x, y), of logits x and classes y ct_cross_entropy(x, y), and of logits and probabilities
 * ct_cross_entropy_probs(x, y). Classes are integers (n), logits and log-probabilities (n, classes).
 */
#ifndef COTANGENT_NN_LOSSES_H
#define COTANGENT_NN_LOSSES_H

/* Of logits x and classes or probabilities y, a share of which is spread over all classes: 0.1 is usual. */
#define ct_cross_entropy_smoothed(x, y, share)                                                                       \
    ct_cross_entropy_loss_at(CT_PLACE("ct_cross_entropy_smoothed: "), x, y, NULL, -100, share, CT_LOSS_MEAN)
/* -x[y], of log-probabilities x and classes y */
#define ct_nll(x, y) ct_nll_loss_at(CT_PLACE("ct_nll: "), x, y, NULL, -100, CT_LOSS_MEAN)
/* -y log sigmoid(x) - (1 - y) log(1 - sigmoid(x)), of logits x and probabilities y of one shape */
#define ct_bce_with_logits(x, y)                                                                                     \
    ct_binary_cross_entropy_with_logits_at(CT_PLACE("ct_bce_with_logits: "), x, y, NULL, NULL, CT_LOSS_MEAN)
#define ct_l1(x, y) ct_l1_loss_at(CT_PLACE("ct_l1: "), x, y, CT_LOSS_MEAN) /* |x - y| */
/* (x - y)^2 / 2 where |x - y| < delta, else delta (|x - y| - delta / 2) */
#define ct_huber(x, y, delta) ct_huber_loss_at(CT_PLACE("ct_huber: "), x, y, delta, CT_LOSS_MEAN)
/* sum of y (log y - x) / n, of log-probabilities x */
#define ct_kl(x, y) ct_kl_div_at(CT_PLACE("ct_kl: "), x, y, false, CT_LOSS_BATCH_MEAN)
/* (log variance + (x - y)^2 / variance) / 2, x being means and variance no less than 1e-6 */
#define ct_gaussian_nll(x, y, variance)                                                                              \
    ct_gaussian_nll_loss_at(CT_PLACE("ct_gaussian_nll: "), x, y, variance, false, 1e-6, CT_LOSS_MEAN)

#endif
