// The layout of panels: where each packing puts a weight and its scale.
#pragma once

#include "CLLMKernels.h"

#include <string.h>

enum {
    STEP_BYTES = LLM_PANEL * 4,                                                   // four inputs of a panel's features
    Q8_GROUP_BYTES = LLM_GROUP * LLM_PANEL + LLM_PANEL * (int)sizeof(uint16_t),   // weights, then scales
    Q4_GROUP_BYTES = LLM_GROUP * LLM_PANEL / 2 + LLM_PANEL * (int)sizeof(uint16_t)
};

// Bytes of a panel of `k` inputs.
static inline size_t panel_size(llm_packing packing, size_t k) {
    const size_t groups = (k + LLM_GROUP - 1) / LLM_GROUP;
    switch (packing) {
    case LLM_PANEL_F32: return k * LLM_PANEL * sizeof(float);
    case LLM_PANEL_F16:
    case LLM_PANEL_BF16: return (k + 1) / 2 * 2 * LLM_PANEL * sizeof(uint16_t);
    case LLM_PANEL_Q8: return groups * Q8_GROUP_BYTES;
    case LLM_PANEL_Q4: return groups * Q4_GROUP_BYTES;
    case LLM_PANEL_W8: return groups * LLM_GROUP * LLM_PANEL + LLM_PANEL * sizeof(float);
    }
    return 0;
}

// Where weight (feature, input) stands in a panel of a float packing, in elements.
static inline size_t panel_index(llm_packing packing, size_t feature, size_t input) {
    const size_t half = feature / LLM_HALF_PANEL, lane = feature % LLM_HALF_PANEL;
    if (packing == LLM_PANEL_F32) return input * LLM_PANEL + feature;
    if (packing == LLM_PANEL_F16) return (input / 2 * 2 + half) * LLM_PANEL + input % 2 * LLM_HALF_PANEL + lane;
    return (input / 2 * 2 + half) * LLM_PANEL + lane * 2 + input % 2;
}

// The byte that holds weight (feature, input), from the start of its panel.
static inline size_t integer_offset(llm_packing packing, size_t feature, size_t input) {
    const size_t within = input % LLM_GROUP, byte = feature * 4 + input % 4;
    switch (packing) {
    case LLM_PANEL_Q8: return input / LLM_GROUP * Q8_GROUP_BYTES + within / 4 * STEP_BYTES + byte;
    case LLM_PANEL_Q4: return input / LLM_GROUP * Q4_GROUP_BYTES + within / 8 * STEP_BYTES + byte;
    default: return input / 4 * STEP_BYTES + byte;
    }
}

// A weight's integer, without what the packing adds to it.
static inline int32_t panel_integer(llm_packing packing, const char *panel, size_t feature, size_t input) {
    const uint8_t byte = (uint8_t)panel[integer_offset(packing, feature, input)];
    if (packing != LLM_PANEL_Q4) return byte - 128;
    return (input % 8 < 4 ? byte & 15 : byte >> 4) - 8;
}

// The scale of the weight at (feature, input).
static inline float panel_scale(llm_packing packing, const char *panel, size_t k, size_t feature, size_t input) {
    const size_t group = input / LLM_GROUP;
    if (packing == LLM_PANEL_W8) {
        float scale;
        memcpy(&scale, panel + panel_size(packing, k) - (LLM_PANEL - feature) * sizeof scale, sizeof scale);
        return scale;
    }
    const size_t bytes = packing == LLM_PANEL_Q8 ? Q8_GROUP_BYTES : Q4_GROUP_BYTES;
    _Float16 scale;
    memcpy(&scale, panel + (group + 1) * bytes - (LLM_PANEL - feature) * sizeof scale, sizeof scale);
    return (float)scale;
}
