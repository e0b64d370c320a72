// The variants of a kernel that is one template over the vectors of vector16.h, and their table.
#pragma once

#include "CLLMKernels.h"

#include "vector16.h"

#if defined(__x86_64__)
#define SIMD_VARIANTS(kernel)                                                                                          \
    LLM_TARGET_AVX2 static void kernel##_avx2(const llm_##kernel##_args *a, size_t begin, size_t end) {                \
        kernel##_template(a, begin, end);                                                                              \
    }                                                                                                                  \
    LLM_TARGET_AVX512 static void kernel##_avx512(const llm_##kernel##_args *a, size_t begin, size_t end) {            \
        kernel##_template(a, begin, end);                                                                              \
    }
#define SIMD_ROWS(kernel)                                                                                              \
    {"avx2", LLM_CPU_AVX2, kernel##_avx2}, {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, kernel##_avx512},
#elif defined(__aarch64__)
#define SIMD_VARIANTS(kernel)                                                                                          \
    static void kernel##_neon(const llm_##kernel##_args *a, size_t begin, size_t end) {                                \
        kernel##_template(a, begin, end);                                                                              \
    }
#define SIMD_ROWS(kernel) {"neon", LLM_CPU_NEON, kernel##_neon},
#else
#define SIMD_VARIANTS(kernel)
#define SIMD_ROWS(kernel)
#endif

// Over kernel_plain, the definition, and kernel_template.
#define VARIANTS(kernel)                                                                                               \
    SIMD_VARIANTS(kernel)                                                                                              \
    VARIANT_TABLE(kernel)

// Over kernel_plain and variants that have been written out.
#define VARIANT_TABLE(kernel)                                                                                          \
    static const llm_##kernel##_variant kernel##_table[] = {{"scalar", 0, kernel##_plain}, SIMD_ROWS(kernel)};         \
    const llm_##kernel##_variant *llm_##kernel##_variants(size_t *count) {                                             \
        *count = sizeof kernel##_table / sizeof *kernel##_table;                                                       \
        return kernel##_table;                                                                                         \
    }
