/* Elementwise ops on large tensors beside memcpy: time for a byte that is read or written, on one thread; and how much
 * faster two threads are. Interleaved, medians. */
#include <cotangent/cotangent.h>

#include "support/timing.h"

#include <stdlib.h>
#include <string.h>

#define ELEMENTS ((int64_t)1 << 24)
#define WIDTH 1024 /* of a row that broadcasts */
#define ROUNDS 21

typedef struct task {
    ct_tensor *x, *y, *one, *row, *seed; /* x and y are leaves; all f32 */
    float *copy;
    int failures;
} task;

static void copy(void *context) {
    task *t = context;
    memcpy(t->copy, ct_data(t->x), (size_t)ELEMENTS * sizeof(float));
}

#define FORWARD(name, result)                                                                                        \
    static void name(void *context) {                                                                                \
        task *t = context;                                                                                           \
        ct_scope s = ct_begin_no_grad();                                                                             \
        (void)result;                                                                                                \
        t->failures += !ct_end(s);                                                                                   \
    }
FORWARD(relu, ct_relu(t->x))
FORWARD(square, ct_square(t->x))
FORWARD(exponential, ct_exp(t->x))
FORWARD(sigmoid, ct_sigmoid(t->x))
FORWARD(hyperbolic_tangent, ct_tanh(t->x))
FORWARD(gelu, ct_gelu(t->x))
FORWARD(sum, ct_add(t->x, t->y))
FORWARD(product, ct_mul(t->x, t->y))
FORWARD(quotient, ct_div(t->x, t->y))
FORWARD(scaled, ct_mul(t->x, t->one))
FORWARD(shifted, ct_add(t->x, t->row))

/* Only the way back is of interest, and cannot be had alone: forward's share is subtracted in the table. */
#define BACKWARD(name, result)                                                                                       \
    static void name(void *context) {                                                                                \
        task *t = context;                                                                                           \
        ct_scope s = ct_begin();                                                                                     \
        ct_zero_gradient(t->x);                                                                                      \
        ct_zero_gradient(t->y);                                                                                      \
        t->failures += !ct_backward_from(result, t->seed);                                                           \
        t->failures += !ct_end(s);                                                                                   \
    }
BACKWARD(relu_and_back, ct_relu(t->x))
BACKWARD(product_and_back, ct_mul(t->x, t->y))

/* Bytes an element that have to be read or written, in floats. Back: the seed is copied to the result's gradient (2);
 * relu then reads z and g and writes gx (3); a product reads g and an operand and writes a gradient, twice (6). */
static const struct {
    const char *name;
    void (*run)(void *context);
    int floats;
} rows[] = {
    {"relu(x)", relu, 2},
    {"x^2", square, 2},
    {"exp x", exponential, 2},
    {"sigmoid x", sigmoid, 2},
    {"tanh x", hyperbolic_tangent, 2},
    {"gelu(x)", gelu, 2},
    {"x + y", sum, 3},
    {"x * y", product, 3},
    {"x / y", quotient, 3},
    {"x * scalar", scaled, 2},
    {"x + row", shifted, 2},
    {"relu(x) and back", relu_and_back, 7},
    {"x * y and back", product_and_back, 11},
};

static ct_tensor *leaf(ct_shape shape) { return ct_requires_grad(ct_uniform(CT_F32, shape, 0.5, 1.5)); }

static bool set_up(task *t) {
    ct_shape shape = CT_SHAPE(ELEMENTS / WIDTH, WIDTH);
    *t = (task){.x = leaf(shape), .y = leaf(shape), .row = ct_uniform(CT_F32, CT_SHAPE(WIDTH), 0.5, 1.5)};
    t->one = ct_scalar(1);
    t->seed = ct_uniform(CT_F32, shape, -1, 1);
    t->copy = calloc((size_t)ELEMENTS, sizeof *t->copy);
    return t->seed && t->copy;
}

int main(void) {
    task t;
    ct_scope s = ct_begin();
    bool ok = set_up(&t);
    printf("%s; %lld floats; medians of %d rounds\n", machine(), (long long)ELEMENTS, ROUNDS);
    printf("%-20s %12s %12s %10s %12s\n", "op", "memcpy (us)", "one (us)", "a byte", "two threads");
    for (size_t i = 0; ok && i < sizeof rows / sizeof *rows; i++) {
        contestant one[] = {{"memcpy", copy, &t, 0}, {"one thread", rows[i].run, &t, 0}};
        contestant two[] = {{"two threads", rows[i].run, &t, 0}};
        ct_set_threads(1);
        ok = take_turns(one, 2, ROUNDS, 1);
        ct_set_threads(2);
        ok = ok && take_turns(two, 1, ROUNDS, 1);
        printf("%-20s %12.0f %12.0f %9.2fx %11.2fx\n", rows[i].name, 1e6 * one[0].median, 1e6 * one[1].median,
               one[1].median / one[0].median * 2 / rows[i].floats, one[1].median / two[0].median);
    }
    free(t.copy);
    ok = ct_end(s) && ok && !t.failures;
    if (!ok) fprintf(stderr, "%s\n", ct_error());
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
