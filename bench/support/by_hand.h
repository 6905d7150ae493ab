/* A training step of a ReLU network with softmax cross-entropy, as a C programmer writes it over cblas: the bar. */
#ifndef COTANGENT_BENCH_BY_HAND_H
#define COTANGENT_BENCH_BY_HAND_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_LAYERS 8

typedef struct by_hand {
    int layers, batch;         /* linear layers; rows of x */
    int width[MAX_LAYERS + 1]; /* of the input and of each layer */
    float *weight[MAX_LAYERS]; /* (width[i + 1], width[i]) */
    float *bias[MAX_LAYERS];   /* (width[i + 1]) */
    float *dweight[MAX_LAYERS], *dbias[MAX_LAYERS];
    float *state[MAX_LAYERS][4]; /* with Adam: m and v of the weight, m and v of the bias */
    float *out[MAX_LAYERS];      /* (batch, width[i + 1]): after the ReLU; of the last layer the logits */
    float *dout[MAX_LAYERS];     /* (batch, width[i + 1]) */
    int64_t steps;
} by_hand;

/* How many threads its products use; the library's own setting is ct_set_threads(). */
void by_hand_threads(int n);

/* Buffers for a net of `layers` + 1 widths; the caller fills weights and biases. NULL when out of memory. */
by_hand *by_hand_new(int layers, const int *width, int batch, bool adam);
void by_hand_free(by_hand *net);

/* Forward and backward pass over x (batch, width[0]) and classes y; the mean loss. */
float by_hand_gradients(by_hand *net, const float *x, const int64_t *y);
/* Only the products of that. */
void by_hand_products(by_hand *net, const float *x);
void by_hand_sgd(by_hand *net, float lr);
void by_hand_adam(by_hand *net, float lr);

#endif
