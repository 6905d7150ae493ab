/* A program that does the same work with another library, in turns with this one: a line goes to its standard input,
 * and a number comes back. */
#ifndef COTANGENT_BENCH_PEER_H
#define COTANGENT_BENCH_PEER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define PYTHON "/usr/bin/python3" /* the distribution's, which has its packages */

typedef struct peer {
    pid_t process;
    FILE *to, *from;
} peer;

/* Starts "program argument" (NULL: without one), whose BLAS is to use so many threads; true when it says a number,
 * that is, found what it needs. With CT_BENCH_ALONE in the environment no peer is started. */
bool peer_start(peer *p, int threads, const char *program, const char *argument);
double peer_ask(peer *p, const char *line); /* NaN when there is no answer */
void peer_stop(peer *p);

#endif
