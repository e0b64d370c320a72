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

void llm_pack_panel(llm_dtype dtype, const void *rows, size_t features, size_t k, void *panel) {
    const size_t width = element_bytes(dtype);
    if (features < LLM_PANEL || k % 2) memset(panel, 0, llm_panel_bytes(dtype, k));
    for (size_t f = 0; f < features; f++) {
        const char *row = (const char *)rows + f * k * width;
        for (size_t i = 0; i < k; i++) {
            char *to = (char *)panel + panel_index(dtype, f, i) * width;
            if (dtype == LLM_F32) {
                memcpy(to, row + i * 4, 4);
            } else {
                memcpy(to, row + i * 2, 2);
            }
        }
    }
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
