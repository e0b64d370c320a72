// Operations on rows of activations: RMSNorm, rotary positions, SwiGLU's activation.
#include "CLLMKernels.h"

#include "vector16.h"

// RMSNorm (Zhang and Sennrich 2019), as Llama computes it

static void rms_norm_plain(const llm_rms_norm_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        for (size_t group = 0; group < a->groups; group++) {
            const float *x = a->x + row * a->x_stride + group * a->width;
            float *y = a->y + row * a->y_stride + group * a->width;
            float lanes[LANES] = {0};
            for (size_t i = 0; i < a->width; i++) lanes[i % LANES] = fmaf(x[i], x[i], lanes[i % LANES]);
            const float scale = 1.0f / sqrtf(sum_tree_plain(lanes) / (float)a->width + a->epsilon);
            for (size_t i = 0; i < a->width; i++) y[i] = x[i] * scale * a->weight[i];
        }
    }
}

LLM_TEMPLATE void rms_norm_template(const llm_rms_norm_args *a, size_t row_begin, size_t row_end) {
    const size_t whole = a->width / LANES * LANES, rest = a->width - whole;
    for (size_t row = row_begin; row < row_end; row++) {
        for (size_t group = 0; group < a->groups; group++) {
            const float *x = a->x + row * a->x_stride + group * a->width;
            float *y = a->y + row * a->y_stride + group * a->width;
            f32x16 lanes = 0;
            for (size_t i = 0; i < whole; i += LANES) lanes = fma16(load16(x + i), load16(x + i), lanes);
            if (rest) {
                const f32x16 tail = load_first(x + whole, rest);
                lanes = fma16(tail, tail, lanes);
            }
            const float scale = 1.0f / sqrtf(sum_lanes(lanes) / (float)a->width + a->epsilon);
            for (size_t i = 0; i < whole; i += LANES)
                store16(y + i, load16(x + i) * (f32x16)scale * load16(a->weight + i));
            if (rest) {
                const f32x16 tail = load_first(x + whole, rest) * (f32x16)scale * load_first(a->weight + whole, rest);
                store_first(y + whole, tail, rest);
            }
        }
    }
}

// Rotary positions (Su et al. 2021), in the half-split order of Hugging Face checkpoints

static void rope_plain(const llm_rope_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *cosines = a->cosines + row * a->half, *sines = a->sines + row * a->half;
        for (size_t head = 0; head < a->heads; head++) {
            float *low = a->x + row * a->x_stride + head * a->head_dim, *high = low + a->half;
            for (size_t i = 0; i < a->half; i++) {
                const float p = low[i], q = high[i];
                low[i] = fmaf(-q, sines[i], p * cosines[i]);
                high[i] = fmaf(p, sines[i], q * cosines[i]);
            }
        }
    }
}

LLM_TEMPLATE void rope_template(const llm_rope_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *cosines = a->cosines + row * a->half, *sines = a->sines + row * a->half;
        for (size_t head = 0; head < a->heads; head++) {
            float *low = a->x + row * a->x_stride + head * a->head_dim, *high = low + a->half;
            for (size_t i = 0; i < a->half; i += LANES) {
                const size_t count = a->half - i;
                const f32x16 c = load_first(cosines + i, count), s = load_first(sines + i, count);
                const f32x16 p = load_first(low + i, count), q = load_first(high + i, count);
                store_first(low + i, fma16(-q, s, p * c), count);
                store_first(high + i, fma16(p, s, q * c), count);
            }
        }
    }
}

// SwiGLU's gate (Shazeer 2020)

static void silu_multiply_plain(const llm_silu_multiply_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *gate = a->x + row * a->x_stride, *up = gate + a->width;
        float *y = a->y + row * a->y_stride;
        for (size_t i = 0; i < a->width; i++) y[i] = gate[i] / (1.0f + exp_plain(-gate[i])) * up[i];
    }
}

LLM_TEMPLATE void silu_multiply_template(const llm_silu_multiply_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *gate = a->x + row * a->x_stride, *up = gate + a->width;
        float *y = a->y + row * a->y_stride;
        for (size_t i = 0; i < a->width; i += LANES) {
            const size_t count = a->width - i;
            const f32x16 g = load_first(gate + i, count), u = load_first(up + i, count);
            store_first(y + i, g / (1.0f + exp16(-g)) * u, count);
        }
    }
}

// Variants

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

#define VARIANTS(kernel)                                                                                               \
    SIMD_VARIANTS(kernel)                                                                                              \
    static const llm_##kernel##_variant kernel##_table[] = {{"scalar", 0, kernel##_plain}, SIMD_ROWS(kernel)};         \
    const llm_##kernel##_variant *llm_##kernel##_variants(size_t *count) {                                             \
        *count = sizeof kernel##_table / sizeof *kernel##_table;                                                       \
        return kernel##_table;                                                                                         \
    }

VARIANTS(rms_norm)
VARIANTS(rope)
VARIANTS(silu_multiply)
