// How checkpoints store weights: one row a stored type. Plain C, for weights are decoded once, as they are packed.
//
// Layouts are ggml's (ggml-common.h), values those of its dequantize_row functions. Blocks need no alignment.
#include "blocks.h"

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

// float16 scale, 32 bytes with a sign.
static float integers_q8_0(const unsigned char *block, int8_t *q) {
    memcpy(q, block + 2, 32);
    return half_at(block);
}

// float16 scale, 16 bytes: weights 0…15 in their low halves, 16…31 in their high ones, each plus 8.
static float integers_q4_0(const unsigned char *block, int8_t *q) {
    for (size_t i = 0; i < 16; i++) {
        q[i] = (int8_t)((block[2 + i] & 15) - 8);
        q[i + 16] = (int8_t)((block[2 + i] >> 4) - 8);
    }
    return half_at(block);
}

// float16 scale and minimum, 16 bytes as of Q4_0 with nothing added: scale * q + minimum.
static void decode_q4_1(const unsigned char *blocks, size_t count, float *weights) {
    for (size_t block = 0; block < count; block++, blocks += 20, weights += 32) {
        const float scale = half_at(blocks), minimum = half_at(blocks + 2);
        for (size_t i = 0; i < 16; i++) {
            const float low = (float)(blocks[4 + i] & 15) * scale, high = (float)(blocks[4 + i] >> 4) * scale;
            weights[i] = low + minimum;
            weights[i + 16] = high + minimum;
        }
    }
}

// Weights of 5 bits: the low four as in Q4_0, the fifth bit of weight i in bit i of 4 bytes before them.
static void fifth_bits(const unsigned char *high, const unsigned char *low, uint8_t *q) {
    uint32_t bits;
    memcpy(&bits, high, sizeof bits);
    for (size_t i = 0; i < 16; i++) {
        q[i] = (uint8_t)((low[i] & 15) | (bits >> i & 1) << 4);
        q[i + 16] = (uint8_t)(low[i] >> 4 | (bits >> (i + 16) & 1) << 4);
    }
}

// float16 scale, then 5 bits each, plus 16.
static float integers_q5_0(const unsigned char *block, int8_t *q) {
    uint8_t unsigned_q[32];
    fifth_bits(block + 2, block + 6, unsigned_q);
    for (size_t i = 0; i < 32; i++) q[i] = (int8_t)(unsigned_q[i] - 16);
    return half_at(block);
}

// float16 scale and minimum, then 5 bits each: scale * q + minimum.
static void decode_q5_1(const unsigned char *blocks, size_t count, float *weights) {
    for (size_t block = 0; block < count; block++, blocks += 24, weights += 32) {
        const float scale = half_at(blocks), minimum = half_at(blocks + 2);
        uint8_t q[32];
        fifth_bits(blocks + 4, blocks + 8, q);
        for (size_t i = 0; i < 32; i++) {
            const float scaled = (float)q[i] * scale;
            weights[i] = scaled + minimum;
        }
    }
}

// float16 scale, 16 bytes as of Q4_0, each the number of a value.
static float integers_iq4_nl(const unsigned char *block, int8_t *q) {
    for (size_t i = 0; i < 32; i++) q[i] = llm_iq4_values[block[2 + i % 16] >> i / 16 * 4 & 15];
    return half_at(block);
}

// Twice the values of E2M1 (OCP Microscaling Formats 1.0).
static const int8_t e2m1_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// A byte e for the scale 2^(e - 128), half of E8M0's, then 16 bytes as of Q4_0.
static void decode_mxfp4(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 17, weights += 32) {
        const uint32_t bits = block[0] < 2 ? 0x200000u << block[0] : (block[0] - 1u) << 23;
        float scale;
        memcpy(&scale, &bits, sizeof scale);
        for (size_t i = 0; i < 32; i++)
            weights[i] = scale * (float)e2m1_doubled[block[1 + i % 16] >> i / 16 * 4 & 15];
    }
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
                weights[i] = scale * (float)e2m1_doubled[block[4 + group * 8 + i % 8] >> i / 8 * 4 & 15];
        }
    }
}

// In the order of llm_dtype.
static const llm_encoding encodings[] = {
    {"F32", 1, 4, LLM_PANEL_F32, decode_f32, NULL, 0},
    {"F16", 1, 2, LLM_PANEL_F16, decode_f16, NULL, 0},
    {"BF16", 1, 2, LLM_PANEL_BF16, decode_bf16, NULL, 0},
    {"Q8_0", 32, 34, LLM_PANEL_Q8, NULL, integers_q8_0, 8},
    {"Q4_0", 32, 18, LLM_PANEL_Q4, NULL, integers_q4_0, 4},
    {"Q4_1", 32, 20, LLM_PANEL_F32, decode_q4_1, NULL, 0},
    {"Q5_0", 32, 22, LLM_PANEL_Q8, NULL, integers_q5_0, 5},
    {"Q5_1", 32, 24, LLM_PANEL_F32, decode_q5_1, NULL, 0},
    {"Q2_K", 256, 84, LLM_PANEL_F32, llm_decode_q2_k, NULL, 0},
    {"Q3_K", 256, 110, LLM_PANEL_F32, llm_decode_q3_k, NULL, 0},
    {"Q4_K", 256, 144, LLM_PANEL_F32, llm_decode_q4_k, NULL, 0},
    {"Q5_K", 256, 176, LLM_PANEL_F32, llm_decode_q5_k, NULL, 0},
    {"Q6_K", 256, 210, LLM_PANEL_F32, llm_decode_q6_k, NULL, 0},
    {"IQ4_NL", 32, 18, LLM_PANEL_Q8, NULL, integers_iq4_nl, 8},
    {"IQ4_XS", 256, 136, LLM_PANEL_F32, llm_decode_iq4_xs, NULL, 0},
    {"MXFP4", 32, 17, LLM_PANEL_BF16, decode_mxfp4, NULL, 0},
    {"NVFP4", 64, 36, LLM_PANEL_BF16, decode_nvfp4, NULL, 0},
    {"TQ1_0", 256, 54, LLM_PANEL_F16, llm_decode_tq1_0, NULL, 0},
    {"TQ2_0", 256, 66, LLM_PANEL_F16, llm_decode_tq2_0, NULL, 0},
    {"IQ1_S", 256, 50, LLM_PANEL_F32, llm_decode_iq1_s, NULL, 0},
    {"IQ1_M", 256, 56, LLM_PANEL_F32, llm_decode_iq1_m, NULL, 0},
    {"IQ2_XXS", 256, 66, LLM_PANEL_F32, llm_decode_iq2_xxs, NULL, 0},
    {"IQ2_XS", 256, 74, LLM_PANEL_F32, llm_decode_iq2_xs, NULL, 0},
    {"IQ2_S", 256, 82, LLM_PANEL_F32, llm_decode_iq2_s, NULL, 0},
    {"IQ3_XXS", 256, 98, LLM_PANEL_F32, llm_decode_iq3_xxs, NULL, 0},
    {"IQ3_S", 256, 110, LLM_PANEL_F32, llm_decode_iq3_s, NULL, 0},
    {"INT8", 32, 36, LLM_PANEL_F32, llm_decode_int8, NULL, 0},
    {"INT4", 32, 19, LLM_PANEL_F32, llm_decode_int4, NULL, 0},
};

const llm_encoding *llm_encodings(size_t *count) {
    *count = sizeof encodings / sizeof *encodings;
    return encodings;
}

void llm_decode(llm_dtype dtype, const void *row, size_t start, size_t count, float *weights) {
    const llm_encoding *e = encodings + dtype;
    const unsigned char *block = (const unsigned char *)row + start / e->elements * e->bytes;
    if (e->decode) {
        e->decode(block, count / e->elements, weights);
        return;
    }
    for (size_t i = 0; i < count; i += e->elements, block += e->bytes) {
        int8_t q[LLM_GROUP];
        const float scale = e->integers(block, q);
        for (size_t j = 0; j < LLM_GROUP; j++) weights[i + j] = (float)q[j] * scale;
    }
}
