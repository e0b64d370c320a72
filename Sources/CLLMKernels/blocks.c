// How checkpoints store weights: one row a stored type. Plain C, for weights are decoded once, as they are packed.
//
// Layouts are ggml's (ggml-common.h), values those of its dequantize_row functions. Blocks need no alignment.
#include "CLLMKernels.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

static float half_at(const unsigned char *p) {
    _Float16 half;
    memcpy(&half, p, sizeof half);
    return (float)half;
}

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
