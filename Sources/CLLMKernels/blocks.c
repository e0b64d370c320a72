// How checkpoints store weights: one row a stored type. Plain C, for weights are decoded once, as they are packed.
//
// Layouts are ggml's (ggml-common.h), values those of its dequantize_row functions. Blocks need no alignment.
#include "blocks.h"
#include "panels.h"

#pragma STDC FP_CONTRACT OFF

static void decode_f32(const unsigned char *blocks, size_t count, float *weights) {
    memcpy(weights, blocks, count * sizeof *weights);
}

static void decode_f16(const unsigned char *blocks, size_t count, float *weights) {
    for (size_t i = 0; i < count; i++) weights[i] = half_at(blocks + i * 2);
}

static void decode_bf16(const unsigned char *blocks, size_t count, float *weights) {
    memset(weights, 0, count * sizeof *weights);
    for (size_t i = 0; i < count; i++) memcpy((char *)(weights + i) + 2, blocks + i * 2, 2);
}

// Where parts have a float16, as the block has it.
static void copy_half(uint16_t *half, const unsigned char *p) { memcpy(half, p, sizeof *half); }

// The fifth bit of weight i in bit i of 4 bytes.
static void add_fifth_bits(const unsigned char *bytes, uint8_t *codes) {
    const uint32_t bits = little_at(bytes, 4);
    for (size_t i = 0; i < 32; i++) codes[i] |= (uint8_t)((bits >> i & 1) << 4);
}

// float16 scale, 32 bytes with a sign.
static void split_q8_0(const unsigned char *block, llm_block_parts *parts) {
    copy_half(&parts->scale, block);
    for (size_t i = 0; i < 32; i++) parts->codes[i] = block[2 + i] ^ 128;
}

// float16 scale, 16 bytes: each plus 8, or the number of a value.
static void split_q4_0(const unsigned char *block, llm_block_parts *parts) {
    copy_half(&parts->scale, block);
    llm_split_halves(block + 2, parts->codes);
}

// float16 scale and minimum, 16 bytes: scale * q + minimum.
static void split_q4_1(const unsigned char *block, llm_block_parts *parts) {
    copy_half(&parts->scale, block);
    copy_half(&parts->minimum, block + 2);
    llm_split_halves(block + 4, parts->codes);
}

// float16 scale, fifth bits, 16 bytes: each plus 16.
static void split_q5_0(const unsigned char *block, llm_block_parts *parts) {
    copy_half(&parts->scale, block);
    llm_split_halves(block + 6, parts->codes);
    add_fifth_bits(block + 2, parts->codes);
}

// float16 scale and minimum, fifth bits, 16 bytes: scale * q + minimum.
static void split_q5_1(const unsigned char *block, llm_block_parts *parts) {
    copy_half(&parts->scale, block);
    copy_half(&parts->minimum, block + 2);
    llm_split_halves(block + 8, parts->codes);
    add_fifth_bits(block + 4, parts->codes);
}

// A byte e for the scale 2^(e - 128), half of E8M0's, then 16 bytes as of Q4_0.
static void split_mxfp4(const unsigned char *block, llm_block_parts *parts) {
    parts->scales[0] = (int8_t)block[0];
    llm_split_halves(block + 1, parts->codes);
}

// Half of an unsigned E4M3.
static float half_e4m3(unsigned byte) {
    const unsigned exponent = byte >> 3 & 15, fraction = byte & 7;
    if (byte == 0x7F) return 0;
    const float unit = exponent == 0 ? 0x1p-10f : 0x1p-11f * (float)(1u << exponent);
    return unit * (float)(exponent == 0 ? fraction : 8 + fraction);
}

// Four scales, then four times 8 bytes: weights 0…7 in their low halves, 8…15 in their high ones.
static void decode_nvfp4(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 36) {
        for (size_t group = 0; group < 4; group++, weights += 16) {
            const float scale = half_e4m3(block[group]);
            for (size_t i = 0; i < 16; i++)
                weights[i] = scale * (float)code_values[LLM_CODE_E2M1][block[4 + group * 8 + i % 8] >> i / 8 * 4 & 15];
        }
    }
}

// In the order of llm_dtype.
static const llm_encoding encodings[] = {
    {"F32", 1, 4, LLM_PANEL_F32, decode_f32, NULL},
    {"F16", 1, 2, LLM_PANEL_F16, decode_f16, NULL},
    {"BF16", 1, 2, LLM_PANEL_BF16, decode_bf16, NULL},
    {"Q8_0", 32, 34, LLM_PANEL_Q8, NULL, split_q8_0},
    {"Q4_0", 32, 18, LLM_PANEL_Q4, NULL, split_q4_0},
    {"Q4_1", 32, 20, LLM_PANEL_Q4_1, NULL, split_q4_1},
    {"Q5_0", 32, 22, LLM_PANEL_Q5_0, NULL, split_q5_0},
    {"Q5_1", 32, 24, LLM_PANEL_Q5_1, NULL, split_q5_1},
    {"Q2_K", 256, 84, LLM_PANEL_Q2_K, NULL, llm_split_q2_k},
    {"Q3_K", 256, 110, LLM_PANEL_Q6_K, NULL, llm_split_q3_k},
    {"Q4_K", 256, 144, LLM_PANEL_Q4_K, NULL, llm_split_q4_k},
    {"Q5_K", 256, 176, LLM_PANEL_Q5_K, NULL, llm_split_q5_k},
    {"Q6_K", 256, 210, LLM_PANEL_Q6_K, NULL, llm_split_q6_k},
    {"IQ4_NL", 32, 18, LLM_PANEL_IQ4_NL, NULL, split_q4_0},
    {"IQ4_XS", 256, 136, LLM_PANEL_IQ4_XS, NULL, llm_split_iq4_xs},
    {"MXFP4", 32, 17, LLM_PANEL_MXFP4, NULL, split_mxfp4},
    {"NVFP4", 64, 36, LLM_PANEL_BF16, decode_nvfp4, NULL},
    {"TQ1_0", 256, 54, LLM_PANEL_F16, llm_decode_tq1_0, NULL},
    {"TQ2_0", 256, 66, LLM_PANEL_F16, llm_decode_tq2_0, NULL},
    {"IQ1_S", 256, 50, LLM_PANEL_F32, llm_decode_iq1_s, NULL},
    {"IQ1_M", 256, 56, LLM_PANEL_F32, llm_decode_iq1_m, NULL},
    {"IQ2_XXS", 256, 66, LLM_PANEL_F32, llm_decode_iq2_xxs, NULL},
    {"IQ2_XS", 256, 74, LLM_PANEL_F32, llm_decode_iq2_xs, NULL},
    {"IQ2_S", 256, 82, LLM_PANEL_F32, llm_decode_iq2_s, NULL},
    {"IQ3_XXS", 256, 98, LLM_PANEL_F32, llm_decode_iq3_xxs, NULL},
    {"IQ3_S", 256, 110, LLM_PANEL_F32, llm_decode_iq3_s, NULL},
    {"INT8", 32, 36, LLM_PANEL_W8, llm_decode_int8, NULL},
    {"INT4", 32, 19, LLM_PANEL_INT4, NULL, llm_split_int4},
};

const llm_encoding *llm_encodings(size_t *count) {
    *count = sizeof encodings / sizeof *encodings;
    return encodings;
}

static float half_of_bits(uint16_t bits) {
    _Float16 half;
    memcpy(&half, &bits, sizeof half);
    return (float)half;
}

// The scale of part `group` of a block, and what is added (llm_panel_kind).
static float part_scale(const llm_panel_kind *kind, const llm_block_parts *parts, size_t group) {
    if (kind->scale_bytes == 2) return half_of_bits(parts->scale);
    if (kind->block == 0) return power_of((uint8_t)parts->scales[group]);
    return half_of_bits(parts->scale) * (float)parts->scales[group];
}

static float part_minimum(const llm_panel_kind *kind, const llm_block_parts *parts, size_t group, float scale) {
    if (kind->minimum_bytes == 0) return 0;
    if (kind->minimum_bytes == 2) return half_of_bits(parts->minimum);
    return -((kind->block ? half_of_bits(parts->minimum) : scale) * (float)(uint8_t)parts->minima[group]);
}

void llm_decode(llm_dtype dtype, const void *row, size_t start, size_t count, float *weights) {
    const llm_encoding *e = encodings + dtype;
    const unsigned char *block = (const unsigned char *)row + start / e->elements * e->bytes;
    if (e->decode) {
        e->decode(block, count / e->elements, weights);
        return;
    }
    const llm_panel_kind *kind = panel_kinds + e->packing;
    const size_t span = scale_group(e->packing);
    for (size_t i = 0; i < count; i += e->elements, block += e->bytes) {
        llm_block_parts parts;
        e->split(block, &parts);
        for (size_t group = 0; group < e->elements / span; group++) {
            const float scale = part_scale(kind, &parts, group), minimum = part_minimum(kind, &parts, group, scale);
            for (size_t j = group * span; j < (group + 1) * span; j++) {
                const float scaled = (float)code_integer(e->packing, parts.codes[j]) * scale;
                weights[i + j] = kind->minimum_bytes ? scaled + minimum : scaled;
            }
        }
    }
}

bool llm_holds(llm_packing packing, llm_dtype dtype) {
    const llm_encoding *e = encodings + dtype;
    const llm_panel_kind *own = panel_kinds + e->packing;
    const bool fits_q8 = own->group == LLM_GROUP && own->scale_bytes == 2 && !own->minimum_bytes;
    return e->packing == packing || (packing == LLM_PANEL_Q8 && e->split && fits_q8);
}
