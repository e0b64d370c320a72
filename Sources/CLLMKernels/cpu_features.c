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

    const uint32_t avx2 = 1u << 5, avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; // F, DQ, BW, VL
    const uint32_t vnni = c & 1u << 11;
    if (!(b & avx2)) return 0;
    uint32_t features = LLM_CPU_AVX2;
    const bool wide = (b & avx512) == avx512 && (states & zmm) == zmm;
    if (wide) features |= LLM_CPU_AVX512;
    if (wide && vnni) features |= LLM_CPU_AVX512_VNNI;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) {
        if (a & 1u << 4) features |= LLM_CPU_AVX_VNNI;
        if (wide && a & 1u << 5) features |= LLM_CPU_AVX512_BF16;
    }
    return features;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

uint32_t llm_cpu_features(void) {
    const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    uint32_t features = LLM_CPU_NEON;
    if (first & 1ul << 20) features |= LLM_CPU_DOTPROD;
    if (second & 1ul << 13) features |= LLM_CPU_I8MM;
    if (second & 1ul << 14) features |= LLM_CPU_ARM_BF16;
    return features;
}

#else

uint32_t llm_cpu_features(void) { return 0; }

#endif
