/* From stored elements to a batch's; compiled once per instruction set. */
#include "data/internal.h"
#include "tensor/isa.h"

/* Divided, not multiplied by 1/255: 255 gives exactly 1, and f32 the rounded f64. */
static void scale_f32(const uint8_t *restrict x, float *restrict z, int64_t n) {
    for (int64_t i = 0; i < n; i++) z[i] = (float)x[i] / 255;
}

static void scale_f64(const uint8_t *restrict x, double *restrict z, int64_t n) {
    for (int64_t i = 0; i < n; i++) z[i] = (double)x[i] / 255;
}

extern const ct_loader_kernels CT_ISA_NAME(ct_loader_table);
const ct_loader_kernels CT_ISA_NAME(ct_loader_table) = {.scale_f32 = scale_f32, .scale_f64 = scale_f64};
