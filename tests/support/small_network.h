/* A network of two layers with numbers that are easy to follow, and labels L, z, h, a, W1, W2, b2, X and y. */
#ifndef COTANGENT_TESTS_SMALL_NETWORK_H
#define COTANGENT_TESTS_SMALL_NETWORK_H

#include "autograd/autograd.h"

/* Computes it in the innermost scope; its loss, with the first weight and the last bias. */
static inline ct_tensor *make_network(ct_tensor **weight, ct_tensor **bias) {
    ct_tensor *X = ct_label(ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2, -1, 1}), "X");
    ct_tensor *y = ct_label(ct_from(CT_I64, CT_SHAPE(2), (int64_t[]){0, 1}), "y");
    *weight = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(4, 2), (double[]){1, 0, 0, 1, 1, 1, -1, 1})), "W1");
    *bias = ct_label(ct_requires_grad(ct_zeros(CT_F64, CT_SHAPE(2))), "b2");
    ct_tensor *second = ct_label(ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(2, 4))), "W2");
    ct_tensor *h = ct_label(ct_relu(ct_label(ct_matmul(X, ct_transpose(*weight, 0, 1)), "a")), "h");
    ct_tensor *z = ct_label(ct_add(ct_matmul(h, ct_transpose(second, 0, 1)), *bias), "z");
    return ct_label(ct_cross_entropy(z, y), "L");
}

#endif
