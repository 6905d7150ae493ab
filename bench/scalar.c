/* A graph of scalars: n copies of (x1 w1 + x2 w2) (x3 w3 + x4 w4), summed; recorded, differentiated and freed. Time
 * an operation, beside ADOL-C where it is installed, and whether it stays the same as the graph grows. And a chain of
 * ten million nodes, in a thread with a small stack. */
#include <cotangent/cotangent.h>

#include "support/report.h"
#include "support/timing.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define OPERATIONS 8 /* a copy: four products, two sums, their product, and the sum of all copies */
#define ROUNDS 15
#define CHAIN 10000000
#define STACK ((size_t)256 << 10)

typedef struct task {
    int64_t copies;
    ct_tensor *recorded;
    int failures;
} task;

static ct_tensor *record(int64_t copies) {
    ct_tensor *x[4], *w[4], *sum = ct_scalar(0);
    for (int i = 0; i < 4; i++) x[i] = ct_var(0.5 + i, NULL), w[i] = ct_var(1.5 - i, NULL);
    for (int64_t k = 0; k < copies; k++)
        sum = ct_add(sum, ct_mul(ct_add(ct_mul(x[0], w[0]), ct_mul(x[1], w[1])),
                                 ct_add(ct_mul(x[2], w[2]), ct_mul(x[3], w[3]))));
    return sum;
}

static void record_and_differentiate(void *context) {
    task *t = context;
    ct_scope s = ct_begin();
    if (!ct_backward(record(t->copies))) t->failures++;
    if (!ct_end(s)) t->failures++;
}

static void replay_and_differentiate(void *context) {
    task *t = context;
    if (!ct_replay(t->recorded) || !ct_backward(t->recorded)) t->failures++;
}

typedef struct costs {
    double recorded, replayed; /* nanoseconds an operation */
} costs;

static costs measure(int64_t copies, peer *adolc, bool *failed) {
    task t = {.copies = copies};
    char name[64];
    ct_scope s = ct_begin();
    t.recorded = record(copies);
    snprintf(name, sizeof name, "%lld", (long long)copies);
    contestant all[] = {{.run = record_and_differentiate, .context = &t},
                        {.run = replay_and_differentiate, .context = &t},
                        {.peer = adolc, .line = name}};
    int repeats = (int)(20000 / copies) + 1;
    take_turns(all, 3, copies > 100000 ? 5 : ROUNDS, repeats, CPU_TIME);
    if (!ct_end(s) || t.failures) *failed = true;
    double each = 1e9 / (double)(OPERATIONS * copies);
    costs c = {each * all[0].median, each * all[1].median};
    snprintf(name, sizeof name, "%lld operations", (long long)(OPERATIONS * copies));
    report_row(name, (double[]){(double)(OPERATIONS * copies), c.recorded, c.replayed, each * all[2].median});
    ct_release_memory();
    return c;
}

/* ---- the chain ---------------------------------------------------------------------------------------------- */

static double wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds, or NaN where the derivative is wrong. */
static void *run_chain(void *result) {
    double start = wall();
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, NULL), *c = ct_scalar(1e-9), *z = x;
    for (int i = 0; i < CHAIN; i++) z = ct_add(z, c);
    bool right = ct_backward(z) && ct_item(ct_gradient(x)) == 1;
    right = ct_end(s) && right;
    ct_release_memory();
    *(double *)result = right ? wall() - start : NAN;
    return NULL;
}

static double time_chain(void) {
    pthread_t thread;
    pthread_attr_t small;
    double seconds = NAN;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    if (pthread_create(&thread, &small, run_chain, &seconds) == 0) pthread_join(thread, NULL);
    pthread_attr_destroy(&small);
    return seconds;
}

int main(void) {
    static const int64_t copies[] = {125, 1250, 12500, 125000, 1250000};
    enum { SIZES = sizeof copies / sizeof *copies };
    costs c[SIZES];
    bool failed = false;
    peer adolc;
    if (!report_begin("scalar", "nanoseconds an operation; interleaved, medians, the thread's time"))
        return EXIT_FAILURE;
    if (!peer_start(&adolc, 1, CT_BENCH_BINARIES "/adolc", NULL))
        printf("\nADOL-C does not answer: is libadolc-dev installed?\n");
    report_table("growth", "n (x1 w1 + x2 w2) (x3 w3 + x4 w4)",
                 (const char *const[]){"operations", "recorded", "replayed", "ADOL-C", NULL});
    for (int i = 0; i < SIZES; i++) c[i] = measure(copies[i], &adolc, &failed);
    peer_stop(&adolc);
    double least = INFINITY, most = 0;
    for (int i = 0; i < SIZES; i++) least = fmin(least, c[i].recorded), most = fmax(most, c[i].recorded);
    report_check("recorded and differentiated, ns an operation", c[1].recorded, 30);
    report_check("replayed and differentiated, ns an operation", c[1].replayed, 18);
    report_check("most over least, from 10^3 to 10^7 operations", most / least, 2);
    report_check("10,000,000 chained nodes in a stack of 256 KiB, seconds", time_chain(), 8);
    return report_end(failed);
}
