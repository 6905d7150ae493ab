/* You have written a backward pass yourself, in plain C, and something in it is wrong. Which line?
 *
 *     z1 = x W1 + b1,  h1 = relu(z1),  z2 = h1 W2 + b2,  loss = mean over the batch of -log softmax(z2)[label]
 *
 * The first half of this file is such a program: arrays of floats and loops, no library. The second half says the same
 * forward pass in Cotangent, on the same arrays, claims that each array of the backward pass is what it should be, and
 * prints which one is wrong first. Run it as `check_by_hand [MISTAKE]` with one of the mistakes below, or none. */
#include <cotangent/cotangent.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- your program ------------------------------------------------------------------------------------------------ */

enum { BATCH = 16, PIXELS = 196, HIDDEN = 32, CLASSES = 10 };

static float x[BATCH][PIXELS]; /* 14 x 14 images */
static int label[BATCH];
static float W1[PIXELS][HIDDEN], b1[HIDDEN], W2[HIDDEN][CLASSES], b2[CLASSES];
static float z1[BATCH][HIDDEN], h1[BATCH][HIDDEN], z2[BATCH][CLASSES], softmax[BATCH][CLASSES];
static float dW1[PIXELS][HIDDEN], db1[HIDDEN], dW2[HIDDEN][CLASSES], db2[CLASSES];
static float dz1[BATCH][HIDDEN], dh1[BATCH][HIDDEN], dz2[BATCH][CLASSES];

static const char *mistake = "mask";
static const char *const mistakes[] = {"none", "mean", "softmax", "sign", "mask", "bias"};
static int made(const char *name) { return strcmp(mistake, name) == 0; }

/* Numbers in [-1, 1) that look random. */
static float noise(void) {
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (float)(1 << 23) - 1;
}

static void make_data(void) {
    for (int n = 0; n < BATCH; n++) {
        label[n] = n % CLASSES;
        for (int i = 0; i < PIXELS; i++) x[n][i] = (1 + noise()) / 2;
    }
    for (int i = 0; i < PIXELS; i++)
        for (int j = 0; j < HIDDEN; j++) W1[i][j] = 0.1f * noise();
    for (int i = 0; i < HIDDEN; i++)
        for (int j = 0; j < CLASSES; j++) W2[i][j] = 0.3f * noise();
    for (int j = 0; j < HIDDEN; j++) b1[j] = 0.1f * noise();
    for (int j = 0; j < CLASSES; j++) b2[j] = 0.1f * noise();
}

static float forward(void) {
    float loss = 0;
    for (int n = 0; n < BATCH; n++) {
        for (int j = 0; j < HIDDEN; j++) {
            z1[n][j] = b1[j];
            for (int i = 0; i < PIXELS; i++) z1[n][j] += x[n][i] * W1[i][j];
            h1[n][j] = z1[n][j] > 0 ? z1[n][j] : 0;
        }
        float sum = 0;
        for (int j = 0; j < CLASSES; j++) {
            z2[n][j] = b2[j];
            for (int i = 0; i < HIDDEN; i++) z2[n][j] += h1[n][i] * W2[i][j];
            sum += expf(z2[n][j]);
        }
        for (int j = 0; j < CLASSES; j++) softmax[n][j] = expf(z2[n][j]) / sum;
        loss -= logf(softmax[n][label[n]]) / BATCH;
    }
    return loss;
}

static void backward(void) {
    for (int n = 0; n < BATCH; n++) {
        for (int j = 0; j < CLASSES; j++) {
            float p = made("softmax") ? 0 : softmax[n][j];
            dz2[n][j] = (p - (float)(label[n] == j)) / (made("mean") ? 1 : BATCH);
            db2[j] += dz2[n][j];
            for (int i = 0; i < HIDDEN; i++) {
                dW2[i][j] += made("sign") ? -h1[n][i] * dz2[n][j] : h1[n][i] * dz2[n][j];
                dh1[n][i] += dz2[n][j] * W2[i][j];
            }
        }
        for (int j = 0; j < HIDDEN; j++) {
            int open = made("mask") ? z1[n][j] < 0 : z1[n][j] > 0;
            dz1[n][j] = open ? dh1[n][j] : 0;
            db1[j] = made("bias") ? dz1[n][j] : db1[j] + dz1[n][j];
            for (int i = 0; i < PIXELS; i++) dW1[i][j] += x[n][i] * dz1[n][j];
        }
    }
}

/* ---- the check --------------------------------------------------------------------------------------------------- */

/* A leaf with a name, of your elements. */
static ct_tensor *parameter(const char *name, ct_shape shape, const float *elements) {
    return ct_label(ct_requires_grad(ct_from(CT_F32, shape, elements)), name);
}

static int check(float loss) {
    ct_scope s = ct_begin();
    int64_t labels[BATCH];
    for (int n = 0; n < BATCH; n++) labels[n] = label[n];

    /* The same forward pass, a name for each part. */
    ct_tensor *tx = ct_label(ct_from(CT_F32, CT_SHAPE(BATCH, PIXELS), x), "x");
    ct_tensor *tW1 = parameter("W1", CT_SHAPE(PIXELS, HIDDEN), &W1[0][0]);
    ct_tensor *tb1 = parameter("b1", CT_SHAPE(HIDDEN), b1);
    ct_tensor *tW2 = parameter("W2", CT_SHAPE(HIDDEN, CLASSES), &W2[0][0]);
    ct_tensor *tb2 = parameter("b2", CT_SHAPE(CLASSES), b2);
    ct_tensor *tz1 = ct_label(ct_add(ct_matmul(tx, tW1), tb1), "z1");
    ct_tensor *th1 = ct_label(ct_relu(tz1), "h1");
    ct_tensor *tz2 = ct_label(ct_add(ct_matmul(th1, tW2), tb2), "z2");
    ct_tensor *f = ct_label(ct_cross_entropy(tz2, ct_from(CT_I64, CT_SHAPE(BATCH), labels)), "loss");
    printf("loss: %.6f by your program, %.6f by Cotangent\n\n", (double)loss, ct_item(f));

    /* What your program says the gradients are. */
    ct_claim_grad_array(tz2, CT_F32, dz2);
    ct_claim_grad_array(tW2, CT_F32, dW2);
    ct_claim_grad_array(tb2, CT_F32, db2);
    ct_claim_grad_array(th1, CT_F32, dh1);
    ct_claim_grad_array(tz1, CT_F32, dz1);
    ct_claim_grad_array(tW1, CT_F32, dW1);
    ct_claim_grad_array(tb1, CT_F32, db1);
    ct_verification v = ct_verify(f);
    ct_print_verification(&v, stdout);

    if (ct_end(s)) return v.verdict == CT_PASS || !made("none") ? 0 : 1;
    fprintf(stderr, "%s\n", ct_error());
    return 1;
}

int main(int argc, char **argv) {
    size_t n = sizeof mistakes / sizeof *mistakes, i = 0;
    if (argc > 1) mistake = argv[1];
    while (i < n && !made(mistakes[i])) i++;
    if (i == n) {
        fprintf(stderr, "usage: check_by_hand [none|mean|softmax|sign|mask|bias]\n");
        return 2;
    }
    printf("mistake in the backward pass: %s\n", mistake);
    make_data();
    float loss = forward();
    backward();
    return check(loss);
}
