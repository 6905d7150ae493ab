/* Cuts matrices into groups of rows for their kernels and the threads. */
#include "tensor/internal.h"
#include "tensor/kernels.h"

/* Elements that are worth a thread: of several rows, as a row is asked for during the one before. */
#define SHARE (1 << 15)

typedef struct job {
    const ct_rows *rows;
    void (*kernel)(const ct_rows *rows, int64_t start, int64_t count);
    int64_t group, share; /* rows */
} job;

static void run_share(void *context, int64_t number) {
    const job *j = context;
    int64_t start = number * j->share, end = start + j->share < j->rows->rows ? start + j->share : j->rows->rows;
    for (; start < end; start += j->group)
        j->kernel(j->rows, start, end - start < j->group ? end - start : j->group);
}

void ct_run_rows(ct_row_kernel kernel, ct_dtype dtype, const ct_rows *rows) {
    job j = {.rows = rows, .kernel = ct_row_kernels()->of[kernel][dtype]};
    if (rows->rows * rows->n <= CT_ROW_GROUP) {
        j.kernel(rows, 0, rows->rows);
        return;
    }
    j.group = rows->n < CT_ROW_GROUP ? CT_ROW_GROUP / rows->n : 1;
    j.share = (SHARE / rows->n / j.group + 1) * j.group;
    ct_parallel((rows->rows + j.share - 1) / j.share, run_share, &j);
}
