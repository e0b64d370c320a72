// The layout of panels: where each packing puts a weight and its scale.
#pragma once

#include "CLLMKernels.h"

#include <string.h>

enum { STEP_BYTES = LLM_PANEL * 4, CODE_BYTES = LLM_GROUP * LLM_PANEL / 2 };
enum { GROUP_16 = 16, BLOCK_256 = 256 };

// In the order of llm_packing. Here, so that a kernel of one packing has its numbers as constants.
#define ANY LLM_ANY_INPUTS
static const llm_panel_kind panel_kinds[] = {
    // name, bits, granule, group, scale and minimum bytes, block, offset, inputs, arithmetic, codes
    {"float32", 32, 1, 0, 0, 0, 0, 0, ANY, LLM_ARITHMETIC_FLOAT32, LLM_CODE_INTEGER},
    {"float16", 16, 2, 0, 0, 0, 0, 0, ANY, LLM_ARITHMETIC_FLOAT32, LLM_CODE_INTEGER},
    {"bfloat16", 16, 2, 0, 0, 0, 0, 0, ANY, LLM_ARITHMETIC_FLOAT32, LLM_CODE_INTEGER},
    {"q8_0", 8, LLM_GROUP, LLM_GROUP, 2, 0, 0, 128, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q4_0", 4, LLM_GROUP, LLM_GROUP, 2, 0, 0, 8, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"w8a8", 8, LLM_GROUP, LLM_WHOLE_ROW, 4, 0, 0, 128, 65536, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q4_1", 4, LLM_GROUP, LLM_GROUP, 2, 2, 0, 0, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q5_0", 5, LLM_GROUP, LLM_GROUP, 2, 0, 0, 16, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q5_1", 5, LLM_GROUP, LLM_GROUP, 2, 2, 0, 0, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q2_k", 4, BLOCK_256, GROUP_16, 1, 1, BLOCK_256, 0, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q4_k", 4, BLOCK_256, LLM_GROUP, 1, 1, BLOCK_256, 0, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q5_k", 5, BLOCK_256, LLM_GROUP, 1, 1, BLOCK_256, 0, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"q6_k", 6, BLOCK_256, GROUP_16, 1, 0, BLOCK_256, 32, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
    {"iq4_nl", 4, LLM_GROUP, LLM_GROUP, 2, 0, 0, 128, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_IQ4},
    {"iq4_xs", 4, BLOCK_256, LLM_GROUP, 1, 0, BLOCK_256, 128, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_IQ4},
    {"mxfp4", 4, LLM_GROUP, LLM_GROUP, 1, 0, 0, 12, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_E2M1},
    {"int4", 4, LLM_GROUP, LLM_GROUP, 2, 1, 0, 0, ANY, LLM_ARITHMETIC_INT8, LLM_CODE_INTEGER},
};
#undef ANY

// The values of codes that are numbers of values, in the order of llm_code_kind: IQ4's, and twice those of E2M1 (OCP
// Microscaling Formats 1.0).
static const int8_t code_values[][16] = {
    [LLM_CODE_IQ4] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113},
    [LLM_CODE_E2M1] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12},
};

static inline bool is_integer(llm_packing packing) { return panel_kinds[packing].group != 0; }

// Inputs that share a scale, of LLM_GROUP at most.
static inline size_t scale_group(llm_packing packing) {
    return panel_kinds[packing].group == GROUP_16 ? GROUP_16 : LLM_GROUP;
}

// Bytes of the codes of a group of LLM_GROUP inputs; its scales follow, then its minima.
static inline size_t codes_size(llm_packing packing) { return LLM_GROUP * LLM_PANEL * panel_kinds[packing].bits / 8; }

static inline size_t scales_size(llm_packing packing) {
    const llm_panel_kind *kind = panel_kinds + packing;
    return kind->group == LLM_WHOLE_ROW ? 0 : LLM_GROUP / scale_group(packing) * LLM_PANEL * kind->scale_bytes;
}

// Bytes from a group of LLM_GROUP inputs to the next in its block, in an integer packing.
static inline size_t group_size(llm_packing packing) {
    const llm_panel_kind *kind = panel_kinds + packing;
    return codes_size(packing) + scales_size(packing)
        + LLM_GROUP / scale_group(packing) * LLM_PANEL * kind->minimum_bytes;
}

// Bytes of the factors at the end of a block.
static inline size_t factors_size(llm_packing packing) {
    const llm_panel_kind *kind = panel_kinds + packing;
    return kind->block == 0 ? 0 : (kind->minimum_bytes ? 2 : 1) * LLM_PANEL * sizeof(uint16_t);
}

// Bytes from a panel's start to a group of LLM_GROUP inputs.
static inline size_t group_offset(llm_packing packing, size_t group) {
    return group * group_size(packing) + group / (BLOCK_256 / LLM_GROUP) * factors_size(packing);
}

// Bytes from a panel's start to the factors of a group's block.
static inline size_t factors_offset(llm_packing packing, size_t group) {
    return group_offset(packing, (group / (BLOCK_256 / LLM_GROUP) + 1) * (BLOCK_256 / LLM_GROUP))
        - factors_size(packing);
}

// Bytes of a panel of `k` inputs.
static inline size_t panel_size(llm_packing packing, size_t k) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t padded = (k + kind->granule - 1) / kind->granule * kind->granule;
    if (!is_integer(packing)) return padded * LLM_PANEL * kind->bits / 8;
    const size_t row_scales = kind->group == LLM_WHOLE_ROW ? LLM_PANEL * kind->scale_bytes : 0;
    return group_offset(packing, padded / LLM_GROUP) + row_scales;
}

// Where weight (feature, input) stands in a panel of a float packing, in elements.
static inline size_t panel_index(llm_packing packing, size_t feature, size_t input) {
    const size_t half = feature / LLM_HALF_PANEL, lane = feature % LLM_HALF_PANEL;
    if (packing == LLM_PANEL_F32) return input * LLM_PANEL + feature;
    if (packing == LLM_PANEL_F16) return (input / 2 * 2 + half) * LLM_PANEL + input % 2 * LLM_HALF_PANEL + lane;
    return (input / 2 * 2 + half) * LLM_PANEL + lane * 2 + input % 2;
}

// A weight's code. Those of 4 bits and more are in two to a byte, k…k+3 low and k+4…k+7 high. The fifth bit of a byte's
// codes follow, bit i of a byte for the i-th four inputs of the group; or the fifth and sixth, in two steps of 16 inputs.
static inline uint32_t panel_code(llm_packing packing, const char *panel, size_t feature, size_t input) {
    const size_t bits = panel_kinds[packing].bits, four = input % LLM_GROUP / 4, at = feature * 4 + input % 4;
    const uint8_t *group = (const uint8_t *)panel + group_offset(packing, input / LLM_GROUP);
    if (bits == 8) return group[four * STEP_BYTES + at];
    uint32_t code = group[four / 2 * STEP_BYTES + at] >> four % 2 * 4 & 15;
    if (bits == 5) code |= (group[CODE_BYTES + at] >> four & 1u) << 4;
    if (bits == 6) code |= (group[CODE_BYTES + four / 4 * STEP_BYTES + at] >> four % 4 * 2 & 3u) << 4;
    return code;
}

// What a code stands for, without what the packing adds to it.
static inline int32_t code_integer(llm_packing packing, uint32_t code) {
    const llm_panel_kind *kind = panel_kinds + packing;
    return kind->codes == LLM_CODE_INTEGER ? (int32_t)code - kind->offset : code_values[kind->codes][code & 15];
}

static inline int32_t panel_integer(llm_packing packing, const char *panel, size_t feature, size_t input) {
    return code_integer(packing, panel_code(packing, panel, feature, input));
}

static inline float half_of(const char *p, size_t index) {
    _Float16 half;
    memcpy(&half, p + index * sizeof half, sizeof half);
    return (float)half;
}

// 2^(e - 128).
static inline float power_of(uint8_t e) {
    const uint32_t bits = e < 2 ? (e + 1u) << 21 : (e - 1u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

// The scale of the weight at (feature, input).
static inline float panel_scale(llm_packing packing, const char *panel, size_t k, size_t feature, size_t input) {
    const llm_panel_kind *kind = panel_kinds + packing;
    if (kind->group == LLM_WHOLE_ROW) {
        float scale;
        memcpy(&scale, panel + panel_size(packing, k) - (LLM_PANEL - feature) * sizeof scale, sizeof scale);
        return scale;
    }
    const size_t group = input / LLM_GROUP;
    const size_t index = input % LLM_GROUP / scale_group(packing) * LLM_PANEL + feature;
    const char *scales = panel + group_offset(packing, group) + codes_size(packing);
    if (kind->scale_bytes == 2) return half_of(scales, index);
    if (kind->block == 0) return power_of((uint8_t)scales[index]);
    return half_of(panel + factors_offset(packing, group), feature) * (float)(int8_t)scales[index];
}

// What is added to the weight at (feature, input), in a packing with minima.
static inline float panel_minimum(llm_packing packing, const char *panel, size_t k, size_t feature, size_t input) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t group = input / LLM_GROUP;
    const size_t index = input % LLM_GROUP / scale_group(packing) * LLM_PANEL + feature;
    const char *minima = panel + group_offset(packing, group) + codes_size(packing) + scales_size(packing);
    if (kind->minimum_bytes == 2) return half_of(minima, index);
    const float factor = kind->block == 0 ? panel_scale(packing, panel, k, feature, input)
                                          : half_of(panel + factors_offset(packing, group), LLM_PANEL + feature);
    return -(factor * (float)(uint8_t)minima[index]);
}
