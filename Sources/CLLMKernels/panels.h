// The layout of panels: where each packing puts a weight and its scale.
#pragma once

#include "CLLMKernels.h"

#include <string.h>

enum {
    STEP_BYTES = LLM_PANEL * 4,                                                   // four inputs of a panel's features
    Q8_GROUP_BYTES = LLM_GROUP * LLM_PANEL + LLM_PANEL * (int)sizeof(uint16_t),   // weights, then scales
    Q4_GROUP_BYTES = LLM_GROUP * LLM_PANEL / 2 + LLM_PANEL * (int)sizeof(uint16_t)
};

// In the order of llm_packing. Here, so that a kernel of one packing has its numbers as constants.
static const llm_panel_kind panel_kinds[] = {
    {"float32", 32, 1, 0, 0, 0, LLM_ANY_INPUTS, LLM_ARITHMETIC_FLOAT32},
    {"float16", 16, 2, 0, 0, 0, LLM_ANY_INPUTS, LLM_ARITHMETIC_FLOAT32},
    {"bfloat16", 16, 2, 0, 0, 0, LLM_ANY_INPUTS, LLM_ARITHMETIC_FLOAT32},
    {"q8_0", 8, LLM_GROUP, LLM_GROUP, 2, 128, LLM_ANY_INPUTS, LLM_ARITHMETIC_INT8},
    {"q4_0", 4, LLM_GROUP, LLM_GROUP, 2, 8, LLM_ANY_INPUTS, LLM_ARITHMETIC_INT8},
    {"w8a8", 8, LLM_GROUP, LLM_WHOLE_ROW, 4, 128, 65536, LLM_ARITHMETIC_INT8},
};

static inline bool is_integer(llm_packing packing) { return panel_kinds[packing].group != 0; }

// Bytes of a panel of `k` inputs.
static inline size_t panel_size(llm_packing packing, size_t k) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t padded = (k + kind->granule - 1) / kind->granule * kind->granule;
    const size_t scales = kind->group == 0 ? 0 : kind->group == LLM_WHOLE_ROW ? 1 : padded / kind->group;
    return padded * LLM_PANEL * kind->bits / 8 + scales * LLM_PANEL * kind->scale_bytes;
}

// Where weight (feature, input) stands in a panel of a float packing, in elements.
static inline size_t panel_index(llm_packing packing, size_t feature, size_t input) {
    const size_t half = feature / LLM_HALF_PANEL, lane = feature % LLM_HALF_PANEL;
    if (packing == LLM_PANEL_F32) return input * LLM_PANEL + feature;
    if (packing == LLM_PANEL_F16) return (input / 2 * 2 + half) * LLM_PANEL + input % 2 * LLM_HALF_PANEL + lane;
    return (input / 2 * 2 + half) * LLM_PANEL + lane * 2 + input % 2;
}

// Bytes from a group of LLM_GROUP inputs to the next, in an integer packing.
static inline size_t group_size(llm_packing packing) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t scales = kind->group == LLM_GROUP ? LLM_PANEL * kind->scale_bytes : 0;
    return LLM_GROUP * LLM_PANEL * kind->bits / 8 + scales;
}

// The byte that holds weight (feature, input), from the start of its panel.
static inline size_t integer_offset(llm_packing packing, size_t feature, size_t input) {
    const size_t step = 4 * 8 / panel_kinds[packing].bits; // inputs in STEP_BYTES
    return input / LLM_GROUP * group_size(packing) + input % LLM_GROUP / step * STEP_BYTES + feature * 4 + input % 4;
}

// A weight's integer, without what the packing adds to it.
static inline int32_t panel_integer(llm_packing packing, const char *panel, size_t feature, size_t input) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const uint8_t byte = (uint8_t)panel[integer_offset(packing, feature, input)];
    if (kind->bits == 8) return byte - kind->offset;
    return (input % 8 < 4 ? byte & 15 : byte >> 4) - kind->offset;
}

// The scale of the weight at (feature, input): scales stand at the end of what they cover.
static inline float panel_scale(llm_packing packing, const char *panel, size_t k, size_t feature, size_t input) {
    if (panel_kinds[packing].group == LLM_WHOLE_ROW) {
        float scale;
        memcpy(&scale, panel + panel_size(packing, k) - (LLM_PANEL - feature) * sizeof scale, sizeof scale);
        return scale;
    }
    const size_t end = (input / LLM_GROUP + 1) * group_size(packing);
    _Float16 scale;
    memcpy(&scale, panel + end - (LLM_PANEL - feature) * sizeof scale, sizeof scale);
    return (float)scale;
}
