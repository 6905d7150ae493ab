/* A pool of threads that share blocks of work. Threads are made at first need, after any fork, and end with the
 * process. One job runs at a time: a second application thread that comes meanwhile does its blocks itself. */
#include "tensor/internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_THREADS 64
#define SPINS 2000 /* looks at the generation, about 20 microseconds, before an idle thread sleeps */

typedef struct job {
    void (*work)(void *context, int64_t block);
    void *context;
    int64_t blocks;
    _Atomic int64_t next; /* block not yet taken */
} job;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    pthread_t thread[MAX_THREADS];
    int started;            /* threads made so far */
    int allowed;            /* of them, how many may join the job */
    int active;             /* of them, how many are in it */
    job *current;           /* NULL between jobs */
    atomic_uint generation; /* counts jobs, so that a thread joins each once */
    bool stop;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

static pthread_mutex_t one_job = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int threads; /* 0: not set yet */
static _Thread_local bool inside;

static int clamp_threads(long n) { return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n; }

int ct_threads(void) {
    int n = atomic_load_explicit(&threads, memory_order_relaxed);
    if (n) return n;
    const char *set = getenv("CT_NUM_THREADS");
    long wanted = set ? strtol(set, NULL, 10) : 0;
    n = clamp_threads(wanted > 0 ? wanted : sysconf(_SC_NPROCESSORS_ONLN));
    int unset = 0;
    atomic_compare_exchange_strong(&threads, &unset, n);
    return atomic_load(&threads);
}

void ct_set_threads(int n) { atomic_store(&threads, clamp_threads(n)); }

static void run(job *j) {
    inside = true;
    for (int64_t block; (block = atomic_fetch_add(&j->next, 1)) < j->blocks;) j->work(j->context, block);
    inside = false;
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void *worker(void *argument) {
    int index = (int)(intptr_t)argument;
    unsigned seen = 0;
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load_explicit(&pool.generation, memory_order_relaxed) == seen; i++)
            pause_briefly();
        pthread_mutex_lock(&pool.lock);
        while (!pool.stop && atomic_load(&pool.generation) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
        seen = atomic_load(&pool.generation);
        job *j = index < pool.allowed ? pool.current : NULL;
        bool stop = pool.stop;
        pool.active += j != NULL;
        pthread_mutex_unlock(&pool.lock);
        if (stop) return NULL;
        if (!j) continue;
        run(j);
        pthread_mutex_lock(&pool.lock);
        if (--pool.active == 0) pthread_cond_signal(&pool.idle);
        pthread_mutex_unlock(&pool.lock);
    }
}

/* A child of fork() has none of the threads. */
static void forget_threads(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.idle, NULL);
    pthread_mutex_init(&one_job, NULL);
    pool.started = pool.active = 0;
    pool.current = NULL;
}

static void prepare(void) { pthread_atfork(NULL, NULL, forget_threads); }

__attribute__((destructor)) static void stop_threads(void) {
    pthread_mutex_lock(&pool.lock);
    pool.stop = true;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.started; i++) pthread_join(pool.thread[i], NULL);
    pool.started = 0;
}

/* Where no thread can be made the caller does the work alone. */
static void start_threads(int wanted) {
    pthread_once(&once, prepare);
    while (pool.started < wanted &&
           pthread_create(&pool.thread[pool.started], NULL, worker, (void *)(intptr_t)pool.started) == 0)
        pool.started++;
}

void ct_parallel(int64_t blocks, void (*work)(void *context, int64_t block), void *context) {
    int helpers = ct_threads() - 1;
    if (helpers >= blocks) helpers = (int)blocks - 1;
    if (inside || helpers < 1 || pthread_mutex_trylock(&one_job) != 0) {
        for (int64_t block = 0; block < blocks; block++) work(context, block);
        return;
    }
    job j = {.work = work, .context = context, .blocks = blocks};
    start_threads(helpers);
    pthread_mutex_lock(&pool.lock);
    pool.current = &j;
    pool.allowed = helpers;
    atomic_fetch_add(&pool.generation, 1);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    run(&j);
    pthread_mutex_lock(&pool.lock);
    pool.current = NULL; /* a thread that wakes only now finds nothing */
    while (pool.active) pthread_cond_wait(&pool.idle, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&one_job);
}
