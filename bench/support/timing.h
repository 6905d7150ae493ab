/* Timing in one process: contestants take turns, so that a machine's mood falls on all of them. */
#ifndef COTANGENT_BENCH_TIMING_H
#define COTANGENT_BENCH_TIMING_H

#include <stdbool.h>

typedef struct contestant {
    const char *name;
    void (*run)(void *context); /* one unit of work */
    void *context;
    double median; /* out: seconds a unit */
} contestant;

/* `rounds` rounds in which each contestant runs `repeats` units; false when out of memory. */
bool take_turns(contestant *contestants, int n, int rounds, int repeats);

/* "gcc 12.2.0, Intel(R) Xeon(R), 2 processors": what a figure was measured on. */
const char *machine(void);

#endif
