/* An allocator that counts, and that fails when told to. */
#ifndef COTANGENT_TESTS_MEMORY_H
#define COTANGENT_TESTS_MEMORY_H

#include <stdint.h>

/* Installs the counting allocator, runs `work` on it from a clean state, and says how many allocations it made. */
int64_t support_count_allocations(void (*work)(void));
/* Installs it so that allocation k (from 0, counted from now) fails, and no other. */
void support_fail_allocation(int64_t k);
void support_fail_allocations_from(int64_t k); /* and so do all after it */
int64_t support_allocations(void); /* since it was installed */
int64_t support_live_bytes(void);
int64_t support_peak_bytes(void); /* the most that were live */
void support_restore_allocator(void);

/* Runs `work` once for each allocation that it makes, with fail_at(k), one of the two above, and sees that nothing is
 * left. How often an error was on record then. */
int64_t support_fail_each(void (*fail_at)(int64_t k), void (*work)(void));

/* What `work` returns on a thread with a stack of 256 KiB. */
void *support_run_on_small_stack(void *(*work)(void *argument), void *argument);

#endif
