/* Timing in one run: contestants take turns, so that a machine's mood falls on all of them. */
#ifndef COTANGENT_BENCH_TIMING_H
#define COTANGENT_BENCH_TIMING_H

#include "peer.h"

#define MAX_ROUNDS 101

typedef struct contestant {
    void (*run)(void *context);     /* one unit of work */
    void (*prepare)(void *context); /* before each turn, and not timed; may be NULL */
    void *context;
    peer *peer; /* instead of run: a program that does the work, told by `line`, and says the seconds */
    const char *line;
    double settling; /* seconds that are not timed, after silence: for threads that must find their processors; or 0 */
    double seconds[MAX_ROUNDS]; /* out: of a unit, round by round; NaN from a peer that did not answer */
    double median;              /* out */
} contestant;

typedef enum timing_clock {
    WALL_TIME, /* where several threads share the work */
    CPU_TIME,  /* of the calling thread: what others do on the machine counts less */
} timing_clock;

#define SETTLING 0.1 /* of threads that have slept; measured */

/* `rounds` rounds in which each contestant runs `repeats` units. A peer keeps the time itself. */
void take_turns(contestant *contestants, int n, int rounds, int repeats, timing_clock clock);

/* The median over the rounds of a's time over b's in the same round: both were in the same mood. */
double ratio_of(const contestant *a, const contestant *b, int rounds);

/* The lower end of an interval for what ratio_of() estimates, by the sign test: the true median is below it in one run
 * of 40. So 1 or less says that a is not measurably slower than b. */
double ratio_at_least(const contestant *a, const contestant *b, int rounds);

/* "gcc 12.2.0, Intel(R) Xeon(R), 2 processors": what a figure was measured on. */
const char *machine(void);

#endif
