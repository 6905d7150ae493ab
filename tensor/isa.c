#include "tensor/isa.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

ct_isa_level ct_isa = CT_ISA_BASE;

#ifdef CT_X86_DISPATCH
/* When the library is loaded, so that no kernel pays for it. */
__attribute__((constructor)) static void detect(void) {
    const char *cap = getenv("CT_MAX_ISA");
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    ct_isa = avx512 ? CT_ISA_AVX512 : avx2 ? CT_ISA_AVX2 : CT_ISA_BASE;
    if (cap && !strcmp(cap, "base")) ct_isa = CT_ISA_BASE;
    if (cap && !strcmp(cap, "avx2") && ct_isa > CT_ISA_AVX2) ct_isa = CT_ISA_AVX2;
}
#endif
