/* A second thread that deals batches ahead, into a ring of buffers. It is made at the first batch, after any fork. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <pthread.h>
#include <string.h>

#define SLOTS 3

struct ct_prefetch {
    ct_dealer *dealer; /* the thread's while it deals, else whoever holds the lock's */
    size_t bytes;      /* of this block */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool started, stop;
    bool dealing;     /* the thread works outside of the lock */
    int filled;       /* slots that wait to be taken */
    int first;        /* of them, the oldest */
    size_t slot_size; /* x, then y at y_place */
    size_t y_place;
    char *slots; /* (SLOTS, slot_size) */
};

static void *work(void *argument) {
    ct_prefetch *p = argument;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->filled == SLOTS) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        char *slot = p->slots + (size_t)((p->first + p->filled) % SLOTS) * p->slot_size;
        p->dealing = true;
        pthread_mutex_unlock(&p->lock);
        ct_deal(p->dealer, slot, slot + p->y_place);
        pthread_mutex_lock(&p->lock);
        p->dealing = false;
        p->filled++;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

ct_prefetch *ct_prefetch_new(const char *at, ct_dealer *dealer, size_t x_bytes, size_t y_bytes) {
    const char *op = "ct_loader_new";
    size_t start, y_place, slot_size, all;
    if (!ct_checked_round_up(sizeof(ct_prefetch), CT_ALIGNMENT, &start) ||
        !ct_checked_round_up(x_bytes, CT_ALIGNMENT, &y_place) || !ct_checked_add(y_place, y_bytes, &slot_size) ||
        !ct_checked_round_up(slot_size, CT_ALIGNMENT, &slot_size) || !ct_checked_mul(slot_size, SLOTS, &all) ||
        !ct_checked_add(start, all, &all))
        return ct_raise(CT_ERR_LIMIT, op, at, "the batches are too large"), NULL;
    ct_prefetch *p = ct_alloc(all);
    if (!p) return ct_raise_memory(op, at, all), NULL;
    *p = (ct_prefetch){.dealer = dealer, .bytes = all, .slot_size = slot_size, .y_place = y_place,
                       .slots = (char *)p + start};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    return p;
}

void ct_prefetch_free(ct_prefetch *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (p->started) pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    ct_dealloc(p, p->bytes);
}

void ct_prefetch_take(ct_prefetch *p, void *x, size_t x_bytes, void *y, size_t y_bytes) {
    if (!p->started) p->started = pthread_create(&p->thread, NULL, work, p) == 0;
    if (!p->started) return ct_deal(p->dealer, x, y); /* where no thread can be made, the caller does it */
    pthread_mutex_lock(&p->lock);
    while (p->filled == 0) pthread_cond_wait(&p->changed, &p->lock);
    const char *slot = p->slots + (size_t)p->first * p->slot_size;
    pthread_mutex_unlock(&p->lock); /* the thread leaves a filled slot alone */
    memcpy(x, slot, x_bytes);
    memcpy(y, slot + p->y_place, y_bytes);
    pthread_mutex_lock(&p->lock);
    p->first = (p->first + 1) % SLOTS;
    p->filled--;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void ct_prefetch_seek(ct_prefetch *p, int64_t epoch, int64_t next) {
    pthread_mutex_lock(&p->lock);
    while (p->dealing) pthread_cond_wait(&p->changed, &p->lock);
    p->filled = 0;
    p->dealer->epoch = epoch;
    p->dealer->next = next;
    ct_deal_order(p->dealer);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}
