/* The loops of ops that read or write at indices. */
#include "autograd/ops/index_kernels.h"

/* Copying goes by size of element, whatever it holds. */
typedef uint8_t __attribute__((may_alias)) bits8;
typedef uint32_t __attribute__((may_alias)) bits32;
typedef uint64_t __attribute__((may_alias)) bits64;

static inline int64_t place_of(int64_t index, int64_t extent) { return index < 0 ? index + extent : index; }
static inline bool in_range(int64_t place, int64_t extent) { return place >= 0 && place < extent; }

/* Loops below have a form for inner == 1, where the innermost loop goes. */
#define FORMS(name)                                                                                                  \
    static void NAMED(name)(const ct_index_job *job) {                                                               \
        if (job->inner == 1)                                                                                         \
            NAMED(name##_of)(job, 1);                                                                                \
        else                                                                                                         \
            NAMED(name##_of)(job, job->inner);                                                                       \
    }
#define INLINE static inline __attribute__((always_inline)) void

#define T bits8
#define NAMED(name) name##8
#include "autograd/ops/index_copy_loops.inc"

#define T bits32
#define NAMED(name) name##32
#include "autograd/ops/index_copy_loops.inc"

#define T bits64
#define NAMED(name) name##64
#include "autograd/ops/index_copy_loops.inc"

#define T float
#define NAMED(name) name##_f32
#include "autograd/ops/index_add_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/ops/index_add_loops.inc"

#define COPY(bits) .select = select##bits, .gather = gather##bits, .scatter = scatter##bits
#define ADD(type) .add_slices = add_slices_##type, .add_items = add_items_##type
const ct_index_table CT_ISA_NAME(ct_index_kernels) = {
    .of = {[CT_BOOL] = {COPY(8)},
           [CT_U8] = {COPY(8)},
           [CT_I32] = {COPY(32)},
           [CT_I64] = {COPY(64)},
           [CT_F32] = {COPY(32), ADD(f32)},
           [CT_F64] = {COPY(64), ADD(f64)}},
};
