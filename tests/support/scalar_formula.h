/* The formula f = (x1 w1 + x2 w2)(x3 w3 + x4 w4) of the first example, with every value and derivative worked out by
 * hand. */
#ifndef COTANGENT_TESTS_SCALAR_FORMULA_H
#define COTANGENT_TESTS_SCALAR_FORMULA_H

#include "autograd/autograd.h"

enum { X1, W1, X2, W2, X3, W3, X4, W4, P, Q, R, S, A, B, F, FORMULA_NODES };

static const struct formula_node {
    const char *label, *title; /* what a drawing calls it */
    double value, gradient;    /* of f by this node */
    char op;                   /* '*', '+', or 0 for a leaf */
    int x, y;                  /* operands of an op */
} formula_nodes[FORMULA_NODES] = {
    [X1] = {"x1", "x1", 0.7, 0.345, 0, 0, 0},
    [W1] = {"w1", "w1", -1.5, -0.161, 0, 0, 0},
    [X2] = {"x2", "x2", 0.34, 0.0805, 0, 0, 0},
    [W2] = {"w2", "w2", -0.35, -0.0782, 0, 0, 0},
    [X3] = {"x3", "x3", 0.2, 0.29225, 0, 0, 0},
    [W3] = {"w3", "w3", -0.25, -0.2338, 0, 0, 0},
    [X4] = {"x4", "x4", -0.9, -0.2338, 0, 0, 0},
    [W4] = {"w4", "w4", 0.2, 1.0521, 0, 0, 0},
    [P] = {"p", "p = x1 * w1", -1.05, -0.23, '*', X1, W1},
    [Q] = {"q", "q = x2 * w2", -0.119, -0.23, '*', X2, W2},
    [R] = {"r", "r = x3 * w3", -0.05, -1.169, '*', X3, W3},
    [S] = {"s", "s = x4 * w4", -0.18, -1.169, '*', X4, W4},
    [A] = {"a", "a = p + q", -1.169, -0.23, '+', P, Q},
    [B] = {"b", "b = r + s", -0.23, -1.169, '+', R, S},
    [F] = {"f", "f = a * b", 0.26887, 1, '*', A, B},
};

/* Computes it in the innermost scope, every node as if from line 1 of formula.c, and returns f. */
static inline ct_tensor *make_formula(ct_tensor *node[FORMULA_NODES]) {
    const char *at = "src/formula.c:1";
    for (int i = 0; i < FORMULA_NODES; i++) {
        const struct formula_node *n = &formula_nodes[i];
        node[i] = n->op == '*'   ? ct_mul_at(at, node[n->x], node[n->y])
                  : n->op == '+' ? ct_add_at(at, node[n->x], node[n->y])
                                 : ct_var_at(at, n->value, NULL);
        ct_label_at(at, node[i], n->label);
    }
    return node[F];
}

#endif
