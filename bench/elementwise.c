/* Elementwise ops on large tensors beside memcpy: time for a byte that is read or written, on one thread; and how
 * much faster two threads are. Interleaved, medians. */
#include <cotangent/cotangent.h>

#include "support/report.h"
#include "support/timing.h"

#include <stdlib.h>
#include <string.h>

#define ELEMENTS ((int64_t)1 << 24)
#define WIDTH 1024 /* of a row that broadcasts */
#define ROUNDS 15

typedef struct task {
    ct_tensor *x, *y, *row, *one, *three, *chosen, *seed; /* x and y are leaves; all f32 but chosen, of bool */
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

/* name, what it is called in the table, bytes an element that have to be read or written, what is computed. x lies in
 * (-3, 3), y in (0.5, 1.5). */
#define FORWARD_ROWS(ROW)                                                                                            \
    ROW(relu, "relu(x)", 8, ct_relu(t->x))                                                                           \
    ROW(square, "x^2", 8, ct_square(t->x))                                                                           \
    ROW(exponential, "exp x", 8, ct_exp(t->x))                                                                       \
    ROW(logarithm, "log x", 8, ct_log(t->y))                                                                         \
    ROW(root, "sqrt x", 8, ct_sqrt(t->y))                                                                            \
    ROW(magnitude, "|x|", 8, ct_abs(t->x))                                                                           \
    ROW(sine, "sin x", 8, ct_sin(t->x))                                                                              \
    ROW(cosine, "cos x", 8, ct_cos(t->x))                                                                            \
    ROW(error_function, "erf x", 8, ct_erf(t->x))                                                                    \
    ROW(sigmoid, "sigmoid x", 8, ct_sigmoid(t->x))                                                                   \
    ROW(hyperbolic_tangent, "tanh x", 8, ct_tanh(t->x))                                                              \
    ROW(gelu, "gelu(x)", 8, ct_gelu(t->x))                                                                           \
    ROW(gelu_tanh, "gelu_tanh(x)", 8, ct_gelu_tanh(t->x))                                                            \
    ROW(silu, "silu(x)", 8, ct_silu(t->x))                                                                           \
    ROW(softplus, "softplus(x)", 8, ct_softplus(t->x))                                                               \
    ROW(elu, "elu(x)", 8, ct_elu(t->x, 1))                                                                           \
    ROW(leaky_relu, "leaky_relu(x)", 8, ct_leaky_relu(t->x, 0.01))                                                   \
    ROW(clamp, "clamp(x)", 8, ct_clamp(t->x, -1, 1))                                                                 \
    ROW(sum, "x + y", 12, ct_add(t->x, t->y))                                                                        \
    ROW(product, "x * y", 12, ct_mul(t->x, t->y))                                                                    \
    ROW(quotient, "x / y", 12, ct_div(t->x, t->y))                                                                   \
    ROW(scaled, "x * scalar", 8, ct_mul(t->x, t->one))                                                               \
    ROW(cube, "x ^ 3", 8, ct_pow(t->y, t->three))                                                                    \
    ROW(power, "x ^ y", 12, ct_pow(t->y, t->y))                                                                      \
    ROW(shifted, "x + row", 8, ct_add(t->x, t->row))                                                                 \
    ROW(less, "x < y", 9, ct_lt(t->x, t->y))                                                                         \
    ROW(choice, "c ? x : y", 13, ct_where(t->chosen, t->x, t->y))                                                    \
    ROW(widened, "cast to f64", 12, ct_cast(t->x, CT_F64))                                                           \
    ROW(truncated, "cast to i32", 8, ct_cast(t->x, CT_I32))

/* Both ways: the seed is copied to the result's gradient (8 bytes), then what the derivative needs is read and the
 * gradient written. */
#define BACKWARD_ROWS(ROW)                                                                                           \
    ROW(relu_and_back, "relu(x) and back", 8 + 8 + 12, ct_relu(t->x))                                                \
    ROW(tanh_and_back, "tanh x and back", 8 + 8 + 12, ct_tanh(t->x))                                                 \
    ROW(gelu_and_back, "gelu(x) and back", 8 + 8 + 12, ct_gelu(t->x))                                                \
    ROW(silu_and_back, "silu(x) and back", 8 + 8 + 12, ct_silu(t->x))                                                \
    ROW(product_and_back, "x * y and back", 12 + 8 + 24, ct_mul(t->x, t->y))

#define FORWARD(name, title, bytes, result)                                                                          \
    static void name(void *context) {                                                                                \
        task *t = context;                                                                                           \
        ct_scope s = ct_begin_no_grad();                                                                             \
        (void)result;                                                                                                \
        t->failures += !ct_end(s);                                                                                   \
    }
FORWARD_ROWS(FORWARD)

#define BACKWARD(name, title, bytes, result)                                                                         \
    static void name(void *context) {                                                                                \
        task *t = context;                                                                                           \
        ct_scope s = ct_begin();                                                                                     \
        ct_zero_gradient(t->x);                                                                                      \
        ct_zero_gradient(t->y);                                                                                      \
        t->failures += !ct_backward_from(result, t->seed);                                                           \
        t->failures += !ct_end(s);                                                                                   \
    }
BACKWARD_ROWS(BACKWARD)

#define ROW(name, title, bytes, result) {title, name, bytes},
static const struct {
    const char *name;
    void (*run)(void *context);
    double bytes;
} rows[] = {FORWARD_ROWS(ROW) BACKWARD_ROWS(ROW)};

static bool set_up(task *t) {
    ct_shape shape = CT_SHAPE(ELEMENTS / WIDTH, WIDTH);
    *t = (task){.x = ct_requires_grad(ct_uniform(CT_F32, shape, -3, 3)),
                .y = ct_requires_grad(ct_uniform(CT_F32, shape, 0.5, 1.5)),
                .row = ct_uniform(CT_F32, CT_SHAPE(WIDTH), 0.5, 1.5),
                .one = ct_scalar(1),
                .three = ct_scalar(3)};
    t->chosen = ct_gt(t->x, ct_scalar(0));
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
    double a_byte = ratio_of(&all[1], &all[0], ROUNDS) * 8 / rows[i].bytes;
    report_row(rows[i].name, (double[]){1e6 * all[0].median, 1e6 * all[1].median, a_byte, 1e6 * all[2].median,
                                        ratio_of(&all[1], &all[2], ROUNDS)});
    snprintf(text, sizeof text, "a byte over memcpy's: %s", rows[i].name);
    report_check(text, a_byte, 1.3);
}

/* Usage: bench_elementwise [PART OF A ROW'S NAME] */
int main(int argc, char **argv) {
    const char *only = argc > 1 ? argv[1] : "";
    task t;
    ct_scope s = ct_begin();
    if (!report_begin("elementwise", "16777216 floats, time for a byte read or written beside memcpy's; interleaved, "
                                     "medians of 15 rounds"))
        return EXIT_FAILURE;
    bool ok = set_up(&t);
    report_table("", "op", columns);
    for (size_t i = 0; ok && i < sizeof rows / sizeof *rows; i++)
        if (strstr(rows[i].name, only)) measure(&t, i);
    free(t.copy);
    ok = ct_end(s) && ok && !t.failures;
    if (!ok) fprintf(stderr, "%s\n", ct_error());
    return report_end(!ok);
}
