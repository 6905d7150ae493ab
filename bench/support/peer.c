#include "peer.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *program, const char *argument, int in, int out) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execl(program, program, argument, (char *)NULL);
    _exit(127);
}

static double answer(peer *p) {
    double v;
    return p->from && fscanf(p->from, "%lf", &v) == 1 ? v : NAN;
}

bool peer_start(peer *p, int threads, const char *program, const char *argument) {
    int down[2], up[2];
    char count[16];
    *p = (peer){0};
    if (getenv("CT_BENCH_ALONE") || pipe(down) || pipe(up)) return false;
    snprintf(count, sizeof count, "%d", threads);
    setenv("OPENBLAS_NUM_THREADS", count, 1); /* for the peer: this program's BLAS has read it */
    signal(SIGPIPE, SIG_IGN);
    p->process = fork();
    if (p->process == 0) {
        close(down[1]), close(up[0]);
        become(program, argument, down[0], up[1]);
    }
    close(down[0]), close(up[1]);
    p->to = fdopen(down[1], "w"), p->from = fdopen(up[0], "r");
    return p->process > 0 && p->to && !isnan(answer(p));
}

double peer_ask(peer *p, const char *line) {
    return p->to && fprintf(p->to, "%s\n", line) > 0 && fflush(p->to) == 0 ? answer(p) : NAN;
}

void peer_stop(peer *p) {
    if (p->to) fclose(p->to);
    if (p->from) fclose(p->from);
    if (p->process > 0) waitpid(p->process, NULL, 0);
}
