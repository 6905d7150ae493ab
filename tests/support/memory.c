#include "memory.h"

#include "tensor/internal.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t made, live, peak;
static int64_t failing = -1, failing_to = -1; /* the first and the last that fail */

static void *counting_alloc(void *context, size_t bytes) {
    (void)context;
    int64_t k = atomic_fetch_add(&made, 1);
    if (k >= failing && k <= failing_to) return NULL;
    if (bytes > (size_t)1 << 40) return NULL; /* more than any test means to have */
    void *block = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
    if (!block) return NULL;
    memset(block, 0xa5, bytes); /* nothing may rely on zeros */
    int64_t now = atomic_fetch_add(&live, (int64_t)bytes) + (int64_t)bytes;
    if (now > peak) peak = now;
    return block;
}

static void counting_release(void *context, void *block, size_t bytes) {
    (void)context;
    live -= (int64_t)bytes; /* a wrong size shows as a leak */
    free(block);
}

static void install(int64_t k, int64_t last) {
    ct_release_memory();
    made = live = peak = 0;
    failing = k;
    failing_to = last;
    ct_set_allocator(&(ct_allocator){counting_alloc, counting_release, NULL});
}

int64_t support_count_allocations(void (*work)(void)) {
    install(-1, -1);
    work();
    return made;
}

void support_fail_allocation(int64_t k) { install(k, k); }
void support_fail_allocations_from(int64_t k) { install(k, INT64_MAX); }
int64_t support_allocations(void) { return made; }
int64_t support_live_bytes(void) { return live; }
int64_t support_peak_bytes(void) { return peak; }

void support_restore_allocator(void) {
    ct_release_memory();
    ct_set_allocator(NULL);
}

int64_t support_fail_each(void (*fail_at)(int64_t k), void (*work)(void)) {
    int64_t n = support_count_allocations(work), errors = 0;
    ct_error_clear();
    for (int64_t k = 0; k < n; k++) {
        fail_at(k);
        work();
        errors += ct_error_status() != CT_OK;
        ct_error_clear();
        ct_release_memory();
        ck_assert_msg(live == 0, "allocation %d: %d bytes leak", (int)k, (int)live);
    }
    support_restore_allocator();
    return errors;
}

void *support_run_on_small_stack(void *(*work)(void *argument), void *argument) {
    pthread_t thread;
    pthread_attr_t small;
    void *result;
    ck_assert_int_eq(pthread_attr_init(&small), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&small, (size_t)256 << 10), 0);
    ck_assert_int_eq(pthread_create(&thread, &small, work, argument), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    pthread_attr_destroy(&small);
    return result;
}
