#include "CLLMKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t enabled_states(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

uint32_t llm_cpu_features(void) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const uint32_t osxsave = 1u << 27, avx = 1u << 28, fma = 1u << 12, f16c = 1u << 29;
    const uint32_t needed = osxsave | avx | fma | f16c;
    if ((c & needed) != needed) return 0;
    const uint64_t states = enabled_states();
    const uint64_t ymm = 0x6, zmm = 0xe6;
    if ((states & ymm) != ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;

    uint32_t features = 0;
    if (b & 1u << 5) features |= LLM_CPU_AVX2;
    const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; // F, DQ, BW, VL
    if (features && (b & avx512) == avx512 && (states & zmm) == zmm) features |= LLM_CPU_AVX512;
    return features;
}

#else

uint32_t llm_cpu_features(void) { return 0; }

#endif
