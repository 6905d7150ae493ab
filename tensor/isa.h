/* Kernels for the machine they run on. Each file named *_kernels.c is compiled once per instruction set (see
 * CMakeLists.txt), with CT_ISA naming it and CT_ISA_NAME(table) its table of functions; CT_ISA_TABLE(type, table)
 * declares them all and `table()`, the best one for this processor. */
#ifndef COTANGENT_TENSOR_ISA_H
#define COTANGENT_TENSOR_ISA_H

#define CT_PASTE_(a, b) a##_##b
#define CT_PASTE(a, b) CT_PASTE_(a, b)
#ifdef CT_ISA
#define CT_ISA_NAME(table) CT_PASTE(table, CT_ISA)
#endif

typedef enum ct_isa_level { CT_ISA_BASE, CT_ISA_AVX2, CT_ISA_AVX512 } ct_isa_level;
extern ct_isa_level ct_isa; /* of this processor, at most the environment's CT_MAX_ISA (base, avx2, avx512) */

#ifdef CT_X86_DISPATCH
#define CT_ISA_TABLE(type, table)                                                                                    \
    extern const type table##_base, table##_avx2, table##_avx512;                                                    \
    static inline const type *table(void) {                                                                          \
        return ct_isa == CT_ISA_AVX512 ? &table##_avx512 : ct_isa == CT_ISA_AVX2 ? &table##_avx2 : &table##_base;    \
    }
#else
#define CT_ISA_TABLE(type, table)                                                                                    \
    extern const type table##_base;                                                                                  \
    static inline const type *table(void) { return &table##_base; }
#endif

#endif
