#include "by_hand.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void by_hand_threads(int n) {
#ifdef OPENBLAS_VERSION
    openblas_set_num_threads(n);
#else
    (void)n;
#endif
}

static float *floats(int64_t n) {
    float *p = aligned_alloc(64, ((size_t)n * sizeof(float) + 63) & ~(size_t)63);
    if (p) memset(p, 0, (size_t)n * sizeof(float));
    return p;
}

by_hand *by_hand_new(int layers, const int *width, int batch, bool adam) {
    by_hand *net = calloc(1, sizeof *net);
    if (!net) return NULL;
    net->layers = layers, net->batch = batch;
    memcpy(net->width, width, (size_t)(layers + 1) * sizeof *width);
    for (int i = 0; i < layers; i++) {
        int64_t n = width[i + 1], weights = n * width[i];
        net->weight[i] = floats(weights), net->dweight[i] = floats(weights);
        net->bias[i] = floats(n), net->dbias[i] = floats(n);
        for (int k = 0; adam && k < 4; k++) net->state[i][k] = floats(k < 2 ? weights : n);
        net->out[i] = floats(batch * n), net->dout[i] = floats(batch * n);
    }
    return net;
}

void by_hand_free(by_hand *net) {
    if (!net) return;
    for (int i = 0; i < net->layers; i++) {
        free(net->weight[i]), free(net->dweight[i]), free(net->bias[i]), free(net->dbias[i]);
        for (int k = 0; k < 4; k++) free(net->state[i][k]);
        free(net->out[i]), free(net->dout[i]);
    }
    free(net);
}

static void relu(float *restrict z, int n) {
    for (int i = 0; i < n; i++) z[i] = z[i] > 0 ? z[i] : 0;
}

static void relu_backward(const float *restrict z, float *restrict g, int n) {
    for (int i = 0; i < n; i++) g[i] = z[i] > 0 ? g[i] : 0;
}

/* z (rows, out) = beta z + x (rows, in) @ w (out, in)^T */
static void multiply(const float *x, const float *w, float beta, float *z, int rows, int in, int out) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, in, 1, x, in, w, in, beta, z, out);
}

/* gw (out, in) = g (rows, out)^T @ x (rows, in); gx (rows, in) = g @ w (out, in), unless NULL */
static void multiply_back(const float *x, const float *w, const float *g, float *gx, float *gw, int rows, int in,
                          int out) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, rows, 1, g, out, x, in, 0, gw, in);
    if (gx) cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, in, out, 1, g, out, w, in, 0, gx, in);
}

static void affine(const float *x, const float *w, const float *b, float *z, int rows, int in, int out) {
    for (int r = 0; r < rows; r++) memcpy(z + (int64_t)r * out, b, (size_t)out * sizeof *b);
    multiply(x, w, 1, z, rows, in, out);
}

static void affine_backward(const float *x, const float *w, const float *g, float *gx, float *gw, float *gb, int rows,
                            int in, int out) {
    multiply_back(x, w, g, gx, gw, rows, in, out);
    memset(gb, 0, (size_t)out * sizeof *gb);
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < out; j++) gb[j] += g[(int64_t)r * out + j];
}

/* g = (softmax(z) - one-hot(y)) / rows; the mean loss. */
static float cross_entropy(const float *z, const int64_t *y, float *g, int rows, int classes) {
    double loss = 0;
    for (int r = 0; r < rows; r++, z += classes, g += classes) {
        float largest = z[0], sum = 0;
        for (int j = 1; j < classes; j++) largest = z[j] > largest ? z[j] : largest;
        for (int j = 0; j < classes; j++) sum += g[j] = expf(z[j] - largest);
        loss -= (double)(z[y[r]] - largest - logf(sum));
        float scale = 1 / (sum * (float)rows);
        for (int j = 0; j < classes; j++) g[j] *= scale;
        g[y[r]] -= 1 / (float)rows;
    }
    return (float)(loss / rows);
}

float by_hand_gradients(by_hand *net, const float *x, const int64_t *y) {
    int last = net->layers - 1, rows = net->batch;
    for (int i = 0; i <= last; i++) {
        affine(i ? net->out[i - 1] : x, net->weight[i], net->bias[i], net->out[i], rows, net->width[i],
               net->width[i + 1]);
        if (i < last) relu(net->out[i], rows * net->width[i + 1]);
    }
    float loss = cross_entropy(net->out[last], y, net->dout[last], rows, net->width[last + 1]);
    for (int i = last; i >= 0; i--) {
        affine_backward(i ? net->out[i - 1] : x, net->weight[i], net->dout[i], i ? net->dout[i - 1] : NULL,
                        net->dweight[i], net->dbias[i], rows, net->width[i], net->width[i + 1]);
        if (i) relu_backward(net->out[i - 1], net->dout[i - 1], rows * net->width[i]);
    }
    return loss;
}

void by_hand_products(by_hand *net, const float *x) {
    int last = net->layers - 1, rows = net->batch;
    const int *width = net->width;
    for (int i = 0; i <= last; i++)
        multiply(i ? net->out[i - 1] : x, net->weight[i], 0, net->out[i], rows, width[i], width[i + 1]);
    for (int i = last; i >= 0; i--)
        multiply_back(i ? net->out[i - 1] : x, net->weight[i], net->dout[i], i ? net->dout[i - 1] : NULL,
                      net->dweight[i], rows, width[i], width[i + 1]);
}

static void sgd(float *restrict w, const float *restrict g, int64_t n, float lr) {
    for (int64_t i = 0; i < n; i++) w[i] -= lr * g[i];
}

void by_hand_sgd(by_hand *net, float lr) {
    for (int i = 0; i < net->layers; i++) {
        sgd(net->weight[i], net->dweight[i], (int64_t)net->width[i] * net->width[i + 1], lr);
        sgd(net->bias[i], net->dbias[i], net->width[i + 1], lr);
    }
}

/* rate = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t) */
static void adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, int64_t n,
                 float rate, float root) {
    for (int64_t i = 0; i < n; i++) {
        m[i] = 0.9f * m[i] + 0.1f * g[i];
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        w[i] -= rate * m[i] / (sqrtf(v[i]) * root + 1e-8f);
    }
}

/* What has decayed to denormal numbers costs a hundred cycles each: whoever tunes a step by hand lets them be zero. */
static unsigned flush_denormals(void) {
#ifdef __SSE__
    const unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040);
    return mode;
#else
    return 0;
#endif
}

static void restore_denormals(unsigned mode) {
#ifdef __SSE__
    __builtin_ia32_ldmxcsr(mode);
#else
    (void)mode;
#endif
}

void by_hand_adam(by_hand *net, float lr) {
    const unsigned mode = flush_denormals();
    double t = (double)++net->steps;
    float rate = (float)(lr / (1 - pow(0.9, t))), root = (float)(1 / sqrt(1 - pow(0.999, t)));
    for (int i = 0; i < net->layers; i++) {
        float **s = net->state[i];
        adam(net->weight[i], net->dweight[i], s[0], s[1], (int64_t)net->width[i] * net->width[i + 1], rate, root);
        adam(net->bias[i], net->dbias[i], s[2], s[3], net->width[i + 1], rate, root);
    }
    restore_denormals(mode);
}
