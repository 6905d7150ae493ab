#include "tensor/isa.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static ct_isa_level level;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void detect(void) {
#ifdef CT_X86_DISPATCH
    const char *cap = getenv("CT_MAX_ISA");
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    level = avx512 ? CT_ISA_AVX512 : avx2 ? CT_ISA_AVX2 : CT_ISA_BASE;
    if (cap && !strcmp(cap, "base")) level = CT_ISA_BASE;
    if (cap && !strcmp(cap, "avx2") && level > CT_ISA_AVX2) level = CT_ISA_AVX2;
#endif
}

ct_isa_level ct_isa(void) {
    pthread_once(&once, detect);
    return level;
}
