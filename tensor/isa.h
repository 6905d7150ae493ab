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

/* How this thread takes denormal numbers: what ct_restore_denormals() brings back. */
static inline unsigned ct_denormals(void) {
#ifdef __SSE__
    return __builtin_ia32_stmxcsr();
#else
    return 0;
#endif
}

/* Has the processor take this thread's denormal numbers, each of which costs it a hundred cycles, as zero until
 * ct_restore_denormals(); for loops whose results are the same to the last digit that counts. */
static inline unsigned ct_flush_denormals(void) {
    const unsigned mode = ct_denormals();
#ifdef __SSE__
    __builtin_ia32_ldmxcsr(mode | 0x8040); /* results, and operands */
#endif
    return mode;
}

static inline void ct_restore_denormals(unsigned mode) {
#ifdef __SSE__
    __builtin_ia32_ldmxcsr(mode);
#else
    (void)mode;
#endif
}

#endif
