// Packed weights: panels of 32 output features, so that one vector holds one input's weights for 16 features.
#include "CLLMKernels.h"

#include "vector16.h"

static size_t element_bytes(llm_dtype dtype) { return dtype == LLM_F32 ? 4 : 2; }

size_t llm_panel_bytes(llm_dtype dtype, size_t k) {
    return (dtype == LLM_F32 ? k : k + k % 2) * LLM_PANEL * element_bytes(dtype);
}

// Where weight (feature, input) stands in its panel, in elements.
static size_t panel_index(llm_dtype dtype, size_t feature, size_t input) {
    const size_t half = feature / LLM_HALF_PANEL, lane = feature % LLM_HALF_PANEL;
    switch (dtype) {
    case LLM_F32: return input * LLM_PANEL + feature;
    case LLM_F16: return (input / 2 * 2 + half) * LLM_PANEL + input % 2 * LLM_HALF_PANEL + lane;
    case LLM_BF16: return (input / 2 * 2 + half) * LLM_PANEL + lane * 2 + input % 2;
    }
    return 0;
}

// Words of 32 bits, a float32 or a pair of bfloat16, change places from rows of words to [words][32 features].
static void transpose_words(const void *const *rows, size_t features, size_t words, uint32_t *panel) {
    for (size_t i = 0; i < words; i++)
        for (size_t f = 0; f < features; f++)
            memcpy(panel + i * LLM_PANEL + f, (const char *)rows[f] + i * sizeof *panel, sizeof *panel);
}

void llm_pack_panel(llm_dtype dtype, const void *const *rows, size_t features, size_t k, void *panel) {
    if (features < LLM_PANEL || k % 2) memset(panel, 0, llm_panel_bytes(dtype, k));
    size_t packed = 0;
    if (dtype != LLM_F16) {
        packed = dtype == LLM_F32 ? k : k / 2 * 2;
        transpose_words(rows, features, packed * element_bytes(dtype) / sizeof(uint32_t), panel);
    }
    for (size_t i = packed; i < k; i++)
        for (size_t f = 0; f < features; f++)
            memcpy((char *)panel + panel_index(dtype, f, i) * 2, (const char *)rows[f] + i * 2, 2);
}

void llm_unpack_row(llm_dtype dtype, const void *packed, size_t k, size_t index, float *row) {
    const char *panel = (const char *)packed + index / LLM_PANEL * llm_panel_bytes(dtype, k);
    const size_t feature = index % LLM_PANEL;
    for (size_t i = 0; i < k; i++) {
        const size_t at = panel_index(dtype, feature, i);
        if (dtype == LLM_F32) {
            row[i] = ((const float *)panel)[at];
        } else if (dtype == LLM_F16) {
            row[i] = (float)((const _Float16 *)panel)[at];
        } else {
            const uint32_t bits = (uint32_t)((const uint16_t *)panel)[at] << 16;
            memcpy(row + i, &bits, sizeof bits);
        }
    }
}
