/* A program that times the same work with another library, in turns with this one: a line goes to its standard input,
 * and a number comes back. */
#ifndef COTANGENT_BENCH_PEER_H
#define COTANGENT_BENCH_PEER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct peer {
    pid_t process;
    FILE *to, *from;
} peer;

/* Starts "python3 script"; true when it says a number, that is, found what it needs. */
bool peer_start(peer *p, const char *script);
double peer_ask(peer *p, const char *line); /* NaN when there is no answer */
void peer_stop(peer *p);

#endif
