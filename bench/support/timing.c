#include "timing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(timing_clock clock) {
    struct timespec t;
    clock_gettime(clock == CPU_TIME ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value that `rank` of the n are below; NaN when one is. */
static double ranked(const double *values, int n, int rank) {
    double sorted[MAX_ROUNDS];
    for (int i = 0; i < n; i++) {
        if (isnan(values[i])) return NAN;
        sorted[i] = values[i];
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    return sorted[rank];
}

static double median(const double *values, int n) { return ranked(values, n, n / 2); }

/* OpenBLAS' threads look for work during 2^26 cycles after a job, which keeps a processor from who comes next; and it
 * takes the system 20 to 100 ms to find that a thread which has slept could run on another processor. */
#define CALM (const struct timespec){.tv_nsec = 50 * 1000 * 1000}

static double turn(const contestant *c, int repeats, timing_clock clock) {
    if (c->settling > 0) nanosleep(&CALM, NULL);
    if (c->prepare) c->prepare(c->context);
    if (c->peer) return peer_ask(c->peer, c->line);
    double start = now(clock);
    do c->run(c->context); /* warm again: the one before has its own data in the caches, or what this one needs */
    while (now(clock) - start < c->settling);
    start = now(clock);
    for (int k = 0; k < repeats; k++) c->run(c->context);
    return (now(clock) - start) / repeats;
}

void take_turns(contestant *c, int n, int rounds, int repeats, timing_clock clock) {
    for (int i = 0; i < n; i++) turn(&c[i], repeats, clock); /* warms up */
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < n; i++) { /* there and back, so that nobody always comes after the same one */
            contestant *next = &c[round % 2 ? n - 1 - i : i];
            next->seconds[round] = turn(next, repeats, clock);
        }
    for (int i = 0; i < n; i++) c[i].median = median(c[i].seconds, rounds);
}

static double ranked_ratio(const contestant *a, const contestant *b, int rounds, int rank) {
    double ratios[MAX_ROUNDS];
    for (int i = 0; i < rounds; i++) ratios[i] = a->seconds[i] / b->seconds[i];
    return ranked(ratios, rounds, rank);
}

double ratio_of(const contestant *a, const contestant *b, int rounds) {
    return ranked_ratio(a, b, rounds, rounds / 2);
}

double ratio_at_least(const contestant *a, const contestant *b, int rounds) {
    const int rank = (int)((rounds - 1.96 * sqrt(rounds)) / 2) - 1;
    return ranked_ratio(a, b, rounds, rank > 0 ? rank : 0);
}

const char *machine(void) {
    static char text[256];
    char line[256], model[128] = "unknown processor";
    FILE *info = fopen("/proc/cpuinfo", "r");
    while (info && fgets(line, sizeof line, info))
        if (sscanf(line, "model name : %127[^\n]", model) == 1) break;
    if (info) fclose(info);
    snprintf(text, sizeof text, "%s %s, %s, %ld processors",
#ifdef __clang__
             "clang", __clang_version__,
#else
             "gcc", __VERSION__,
#endif
             model, sysconf(_SC_NPROCESSORS_ONLN));
    return text;
}
