/* Cuts matrices into groups of rows for the softmax kernels and the threads. */
#include "tensor/internal.h"
#include "tensor/kernels.h"

#define FEW (1 << 15) /* elements that are not worth a second thread */

typedef struct job {
    const ct_rows *rows;
    void (*kernel)(const ct_rows *rows, int64_t start, int64_t count);
    int64_t group; /* rows */
} job;

static void run_group(void *context, int64_t number) {
    const job *j = context;
    int64_t start = number * j->group, rest = j->rows->rows - start;
    j->kernel(j->rows, start, rest < j->group ? rest : j->group);
}

void ct_softmax_rows(ct_softmax_kernel kernel, ct_dtype dtype, const ct_rows *rows) {
    job j = {.rows = rows, .kernel = ct_softmax_kernels()->of[kernel][dtype], .group = 1};
    if (rows->n < CT_SOFTMAX_GROUP) j.group = CT_SOFTMAX_GROUP / (rows->n ? rows->n : 1);
    int64_t groups = (rows->rows + j.group - 1) / j.group;
    if (groups > 1 && rows->rows * rows->n > FEW) ct_parallel(groups, run_group, &j);
    else
        for (int64_t number = 0; number < groups; number++) run_group(&j, number);
}
