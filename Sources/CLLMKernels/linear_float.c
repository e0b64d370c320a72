// y = x Wᵀ over packed weights in float32 arithmetic, for weights stored as float32, float16 or bfloat16.
#include "linear.h"
#include "panels.h"

// Plain

static float weight_plain(llm_packing packing, const void *panel, size_t feature, size_t input) {
    const size_t index = panel_index(packing, feature, input);
    if (packing == LLM_PANEL_F32) return ((const float *)panel)[index];
    if (packing == LLM_PANEL_F16) return (float)((const _Float16 *)panel)[index];
    return float_of((uint32_t)((const uint16_t *)panel)[index] << 16);
}

static inline const float *float_row(const llm_linear_args *a, size_t row) {
    return (const float *)((const char *)a->x.data + row * a->x.stride);
}

static inline float sum_plain(
    llm_packing packing, const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    const float *x = float_row(a, row);
    float sum = 0;
    for (size_t k = 0; k < a->k; k++) sum = fmaf(x[k], weight_plain(packing, panel, feature, k), sum);
    return sum;
}

// Template

// Weights of one half panel for the inputs k and k + 1, from a pointer to them.
LLM_TEMPLATE void load_pair(llm_packing packing, const char *p, f32x16 *first, f32x16 *second) {
    if (packing == LLM_PANEL_F32) {
        memcpy(first, p, sizeof *first);
        memcpy(second, p + LLM_PANEL * sizeof(float), sizeof *second);
    } else if (packing == LLM_PANEL_F16) {
        f16x16 pair[2];
        memcpy(pair, p, sizeof pair);
        *first = __builtin_convertvector(pair[0], f32x16);
        *second = __builtin_convertvector(pair[1], f32x16);
    } else {
        u32x16 pairs;
        memcpy(&pairs, p, sizeof pairs);
        *first = __builtin_bit_cast(f32x16, pairs << 16);
        *second = __builtin_bit_cast(f32x16, pairs & 0xffff0000u);
    }
}

enum { SPAN = 32 }; // inputs from one look ahead to the next

// The sums of `rows` rows and `halves` half panels, to out[panel][row][2]. Rows and halves are constants wherever this
// is inlined, so the sums stay in registers.
LLM_TEMPLATE void float_tile(
    llm_packing packing, const llm_linear_args *a, const size_t rows, const size_t halves, size_t row, size_t half,
    stream *ahead, f32x16 *out) {
    const size_t panel_bytes = llm_panel_bytes(packing, a->k);
    const size_t pair_bytes = 2 * LLM_PANEL * (packing == LLM_PANEL_F32 ? sizeof(float) : sizeof(uint16_t));
    const size_t half_bytes = packing == LLM_PANEL_F32 ? 64 : pair_bytes / 2;
    const char *weights = (const char *)a->packed;
    size_t at[8];
    LLM_UNROLL for (size_t h = 0; h < halves; h++)
        at[h] = (half + h) / 2 * panel_bytes + (half + h) % 2 * half_bytes;
    const float *x = float_row(a, row);
    const size_t stride = a->x.stride / sizeof *x;

    f32x16 sums[12][8];
    LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = 0;
    const size_t pairs = a->k / 2;
    for (size_t start = 0; start < pairs; start += SPAN / 2) {
        const size_t count = start + SPAN / 2 < pairs ? SPAN / 2 : pairs - start;
        const float *inputs = x + start * 2;
        const char *w = weights + start * pair_bytes;
        read_ahead(ahead);
        // Addresses of the inner loop are worked out for it alone, or registers would not suffice.
        __asm__ volatile("" : "+r"(inputs), "+r"(w)::"memory");
        for (size_t i = 0; i < count; i++) {
            LLM_UNROLL for (size_t h = 0; h < halves; h++) {
                f32x16 first, second;
                // Keeps the compiler from holding the inputs of all rows from one half panel to the next: they would
                // spill.
                __asm__ volatile("" ::: "memory");
                load_pair(packing, w + at[h] + i * pair_bytes, &first, &second);
                LLM_UNROLL for (size_t m = 0; m < rows; m++)
                    sums[m][h] = fma16((f32x16)inputs[m * stride + i * 2], first, sums[m][h]);
                LLM_UNROLL for (size_t m = 0; m < rows; m++)
                    sums[m][h] = fma16((f32x16)inputs[m * stride + i * 2 + 1], second, sums[m][h]);
            }
        }
    }
    const size_t k = pairs * 2;
    if (k < a->k) {
        LLM_UNROLL for (size_t h = 0; h < halves; h++) {
            f32x16 first, second;
            if (packing == LLM_PANEL_F32) {
                memcpy(&first, weights + at[h] + k / 2 * pair_bytes, sizeof first);
            } else {
                load_pair(packing, weights + at[h] + k / 2 * pair_bytes, &first, &second);
            }
            LLM_UNROLL for (size_t m = 0; m < rows; m++)
                sums[m][h] = fma16((f32x16)x[m * stride + k], first, sums[m][h]);
        }
    }
    LLM_UNROLL for (size_t h = 0; h < halves; h++) LLM_UNROLL for (size_t m = 0; m < rows; m++)
        out[h / 2 * rows * 2 + m * 2 + (half + h) % 2] = sums[m][h];
}

// Few rows: as many half panels at a time as keep enough chains in flight. Half panels come in pairs.
LLM_TEMPLATE void few_rows(
    llm_packing packing, const llm_linear_args *a, const size_t rows, const size_t wide, size_t begin, size_t end) {
    stream none = {0};
    f32x16 sums[4 * 2 * 3];
    size_t panel = begin;
    for (; panel + wide / 2 <= end; panel += wide / 2) {
        float_tile(packing, a, rows, wide, 0, panel * 2, &none, sums);
        for (size_t p = 0; p < wide / 2; p++) finish_panel(a, sums + p * rows * 2, rows, 0, panel + p);
    }
    for (; panel < end; panel++) {
        float_tile(packing, a, rows, 2, 0, panel * 2, &none, sums);
        finish_panel(a, sums, rows, 0, panel);
    }
}

// Many rows: a panel stays in the cache while tiles of rows pass, as even in size as they can be, and the next one is
// fetched.
LLM_TEMPLATE void many_rows(
    llm_packing packing, const llm_linear_args *a, const size_t most, const size_t halves, size_t begin, size_t end) {
    const size_t tiles = (a->rows + most - 1) / most;
    f32x16 sums[12 * 2];
    for (size_t panel = begin; panel < end; panel++) {
        const size_t steps = tiles * (2 / halves) * (a->k / SPAN + 1);
        stream ahead = next_panels(packing, a, panel + 1, panel + 1 < end, steps);
        for (size_t tile = 0, row = 0; tile < tiles; tile++) {
            const size_t rows = (a->rows - row) / (tiles - tile);
            for (size_t half = 0; half < 2; half += halves) {
                switch (rows) {
#define CASE(rows)                                                                                                     \
    case rows:                                                                                                         \
        if (rows <= most) float_tile(packing, a, rows, halves, row, panel * 2 + half, &ahead, sums);                   \
        break;
                    CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#undef CASE
                }
            }
            finish_panel(a, sums, rows, row, panel);
            row += rows;
        }
    }
}

// Tile shapes, as the registers allow: 16 of AVX2 or 32 of NEON make 8 vectors of 16 lanes, 32 of AVX-512 make 32.
LLM_TEMPLATE void linear_16_registers(llm_packing packing, const llm_linear_args *a, size_t begin, size_t end) {
    switch (a->rows) {
    case 1: few_rows(packing, a, 1, 4, begin, end); break;
    case 2: few_rows(packing, a, 2, 2, begin, end); break;
    case 3: few_rows(packing, a, 3, 2, begin, end); break;
    // A bfloat16 pair takes more registers.
    default: many_rows(packing, a, packing == LLM_PANEL_BF16 ? 5 : 6, 1, begin, end);
    }
}

LLM_TEMPLATE void linear_32_registers(llm_packing packing, const llm_linear_args *a, size_t begin, size_t end) {
    switch (a->rows) {
    case 1: few_rows(packing, a, 1, 8, begin, end); break;
    case 2: few_rows(packing, a, 2, 4, begin, end); break;
    case 3: few_rows(packing, a, 3, 4, begin, end); break;
    default: many_rows(packing, a, 12, 2, begin, end);
    }
}

LLM_TEMPLATE void linear_neon(llm_packing packing, const llm_linear_args *a, size_t begin, size_t end) {
    switch (a->rows) {
    case 1: few_rows(packing, a, 1, 4, begin, end); break;
    case 2: few_rows(packing, a, 2, 2, begin, end); break;
    default: many_rows(packing, a, 5, 1, begin, end); // no operand is in memory: that leaves room for inputs
    }
}

// Variants

#if defined(__x86_64__)
#define SIMD_VARIANTS(packing, suffix)                                                                                 \
    LLM_TARGET_AVX2 static void linear_##suffix##_avx2(const llm_linear_args *a, size_t begin, size_t end) {           \
        linear_16_registers(packing, a, begin, end);                                                                   \
    }                                                                                                                  \
    LLM_TARGET_AVX512 static void linear_##suffix##_avx512(const llm_linear_args *a, size_t begin, size_t end) {       \
        linear_32_registers(packing, a, begin, end);                                                                   \
    }
#define SIMD_ROWS(suffix)                                                                                              \
    {"avx2", LLM_CPU_AVX2, linear_##suffix##_avx2, LLM_FLOAT32},                                                       \
        {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, linear_##suffix##_avx512, LLM_FLOAT32},
#elif defined(__aarch64__)
#define SIMD_VARIANTS(packing, suffix)                                                                                 \
    static void linear_##suffix##_neon(const llm_linear_args *a, size_t begin, size_t end) {                           \
        linear_neon(packing, a, begin, end);                                                                           \
    }
#define SIMD_ROWS(suffix) {"neon", LLM_CPU_NEON, linear_##suffix##_neon, LLM_FLOAT32},
#else
#define SIMD_VARIANTS(packing, suffix)
#define SIMD_ROWS(suffix)
#endif

#define VARIANTS(packing, suffix)                                                                                      \
    static float sum_##suffix##_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {       \
        return sum_plain(packing, a, panel, feature, row);                                                             \
    }                                                                                                                  \
    static void linear_##suffix##_scalar(const llm_linear_args *a, size_t begin, size_t end) {                         \
        linear_plain(a, packing, sum_##suffix##_plain, begin, end);                                                    \
    }                                                                                                                  \
    SIMD_VARIANTS(packing, suffix)                                                                                     \
    const llm_linear_variant llm_linear_##suffix[] = {                                                                 \
        {"scalar", 0, linear_##suffix##_scalar, LLM_FLOAT32}, SIMD_ROWS(suffix){0}};

VARIANTS(LLM_PANEL_F32, f32)
VARIANTS(LLM_PANEL_F16, f16)
VARIANTS(LLM_PANEL_BF16, bf16)
