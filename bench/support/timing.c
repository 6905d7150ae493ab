#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool take_turns(contestant *c, int n, int rounds, int repeats) {
    double *seconds = calloc((size_t)(n * rounds), sizeof *seconds); /* [contestant][round] */
    if (!seconds) return false;
    for (int round = -1; round < rounds; round++) { /* round -1 warms up */
        for (int i = 0; i < n; i++) {
            double start = now();
            for (int k = 0; k < repeats; k++) c[i].run(c[i].context);
            if (round >= 0) seconds[i * rounds + round] = (now() - start) / repeats;
        }
    }
    for (int i = 0; i < n; i++) {
        qsort(seconds + i * rounds, (size_t)rounds, sizeof *seconds, by_value);
        c[i].median = seconds[i * rounds + rounds / 2];
    }
    free(seconds);
    return true;
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
