/* Elementwise ops on large tensors beside memcpy: time for a byte that is read or written, on one thread; and how
 * much faster two threads are. Interleaved, medians. */
#include <cotangent/cotangent.h>

#include "support/report.h"
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

static void one_thread(void *context) {
    (void)context;
    ct_set_threads(1);
}

static void two_threads(void *context) {
    (void)context;
    ct_set_threads(2);
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

static const char *const columns[] = {"memcpy (us)", "one thread", "a byte", "two threads", "speedup", NULL};

static void measure(task *t, size_t i) {
    contestant all[] = {{.run = copy, .prepare = one_thread, .context = t},
                        {.run = rows[i].run, .prepare = one_thread, .context = t},
                        {.run = rows[i].run, .prepare = two_threads, .context = t}};
    char text[128];
    take_turns(all, 3, ROUNDS, 1, WALL_TIME);
    double a_byte = ratio_of(&all[1], &all[0], ROUNDS) * 2 / rows[i].floats;
    report_row(rows[i].name, (double[]){1e6 * all[0].median, 1e6 * all[1].median, a_byte, 1e6 * all[2].median,
                                        ratio_of(&all[1], &all[2], ROUNDS)});
    snprintf(text, sizeof text, "a byte over memcpy's: %s", rows[i].name);
    report_check(text, a_byte, 1.3);
}

int main(void) {
    task t;
    ct_scope s = ct_begin();
    if (!report_begin("elementwise", "16777216 floats, time for a byte read or written beside memcpy's; interleaved, "
                                     "medians of 21 rounds"))
        return EXIT_FAILURE;
    bool ok = set_up(&t);
    report_table("", "op", columns);
    for (size_t i = 0; ok && i < sizeof rows / sizeof *rows; i++) measure(&t, i);
    free(t.copy);
    ok = ct_end(s) && ok && !t.failures;
    if (!ok) fprintf(stderr, "%s\n", ct_error());
    return report_end(!ok);
}
