/* A pool of threads that share blocks of work. Threads are made at first need, after any fork, and end with the
 * process. One job runs at a time: a second application thread that comes meanwhile does its blocks itself.
 *
 * A training step has some ten jobs of as many microseconds, so that a job is taken up and given back without locks;
 * the lock is for going to sleep and for being woken. */
#include "tensor/internal.h"
#include "tensor/isa.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64
#define AWAKE 200000 /* nanoseconds that a thread looks for work or for its end before it sleeps: longer than what one
                        thread does between two jobs of a small training step */

typedef struct job {
    void (*work)(void *context, int64_t block);
    void *context;
    int64_t blocks;
    unsigned mode;        /* of the caller's denormals, which must be that of all threads for the same bits */
    _Atomic int64_t taken; /* blocks */
    int64_t front;         /* of them, those that the owner has taken: the first ones */
    _Atomic int64_t back;  /* and the others: the last ones */
} job;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    pthread_t thread[MAX_THREADS];
    int started;            /* threads made so far */
    atomic_int allowed;     /* of them, how many may join the job */
    atomic_int active;      /* of them, how many are looking at it or in it */
    atomic_int asleep;      /* of them, how many wait for `wake`, or are about to */
    job *_Atomic current;   /* NULL between jobs */
    atomic_uint generation; /* counts jobs, so that a thread joins each once */
    atomic_bool waiting;    /* the job's owner waits for `idle` */
    atomic_bool stop;
    int processors; /* that the machine has */
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

/* The owner begins with the first block, the others with the last one: where jobs are cut alike, each finds in its
 * cache what it wrote before. Together they stop at `taken`. */
static bool take(job *j, bool owner, int64_t *block) {
    if (atomic_fetch_add(&j->taken, 1) >= j->blocks) return false;
    *block = owner ? j->front++ : j->blocks - 1 - atomic_fetch_add(&j->back, 1);
    return true;
}

static void run(job *j, bool owner) {
    inside = true;
    const unsigned own = ct_denormals();
    ct_restore_denormals(j->mode);
    for (int64_t block; take(j, owner, &block);) j->work(j->context, block);
    ct_restore_denormals(own);
    inside = false;
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static int64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Whether to look once more for what is awaited: for a while after the first look. Not where threads outnumber the
 * processors, as those with work need this one's. *end is 0 at first. */
static bool patient(int64_t *end) {
    if (atomic_load(&pool.allowed) >= pool.processors) return false;
    if (!*end) *end = nanoseconds() + AWAKE;
    pause_briefly();
    return nanoseconds() < *end;
}

/* Until there is another job than the one seen: awake for a while, then asleep. */
static unsigned await_job(unsigned seen) {
    for (int64_t end = 0; atomic_load(&pool.generation) == seen && patient(&end);) continue;
    if (atomic_load(&pool.generation) != seen) return atomic_load(&pool.generation);
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.asleep, 1);
    while (!atomic_load(&pool.stop) && atomic_load(&pool.generation) == seen)
        pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.asleep, 1);
    pthread_mutex_unlock(&pool.lock);
    return atomic_load(&pool.generation);
}

/* A thread counts itself in before it looks at the job, and the owner takes the job back before it looks at the
 * count: one of them sees the other. */
static void join_job(int index) {
    atomic_fetch_add(&pool.active, 1);
    job *j = index < atomic_load(&pool.allowed) ? atomic_load(&pool.current) : NULL;
    if (j) run(j, false);
    if (atomic_fetch_sub(&pool.active, 1) > 1 || !atomic_load(&pool.waiting)) return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_signal(&pool.idle);
    pthread_mutex_unlock(&pool.lock);
}

static void *worker(void *argument) {
    int index = (int)(intptr_t)argument;
    for (unsigned seen = 0; !atomic_load(&pool.stop);) {
        seen = await_job(seen);
        join_job(index);
    }
    return NULL;
}

static void publish(job *j, int helpers) {
    atomic_store(&pool.allowed, helpers);
    atomic_store(&pool.current, j);
    atomic_fetch_add(&pool.generation, 1);
    if (atomic_load(&pool.asleep) == 0) return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

/* Returns when no thread looks at the job any more: it lies on the caller's stack. */
static void take_back(void) {
    atomic_store(&pool.current, NULL);
    for (int64_t end = 0; atomic_load(&pool.active) && patient(&end);) continue;
    if (!atomic_load(&pool.active)) return;
    pthread_mutex_lock(&pool.lock);
    atomic_store(&pool.waiting, true);
    while (atomic_load(&pool.active)) pthread_cond_wait(&pool.idle, &pool.lock);
    atomic_store(&pool.waiting, false);
    pthread_mutex_unlock(&pool.lock);
}

/* A child of fork() has none of the threads. */
static void forget_threads(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.idle, NULL);
    pthread_mutex_init(&one_job, NULL);
    pool.started = 0;
    pool.active = pool.asleep = 0;
    pool.waiting = false;
    pool.current = NULL;
}

static void prepare(void) {
    pthread_atfork(NULL, NULL, forget_threads);
    pool.processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
}

__attribute__((destructor)) static void stop_threads(void) {
    pthread_mutex_lock(&pool.lock);
    atomic_store(&pool.stop, true);
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
    job j = {.work = work, .context = context, .blocks = blocks, .mode = ct_denormals()};
    start_threads(helpers);
    publish(&j, helpers);
    run(&j, true);
    take_back();
    pthread_mutex_unlock(&one_job);
}

unsigned ct_jobs_shared(void) { return atomic_load_explicit(&pool.generation, memory_order_relaxed); }
