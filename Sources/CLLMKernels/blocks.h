// Decoders of stored types, which blocks.c has in its table.
#pragma once

#include "CLLMKernels.h"

#include <string.h>

static inline float half_at(const unsigned char *p) {
    _Float16 half;
    memcpy(&half, p, sizeof half);
    return (float)half;
}

static inline uint32_t little_at(const unsigned char *p, size_t bytes) {
    uint32_t number = 0;
    memcpy(&number, p, bytes);
    return number;
}

// 16 bytes: weights 0…15 in their low halves, 16…31 in their high ones.
static inline void llm_split_halves(const unsigned char *bytes, uint8_t *codes) {
    for (size_t i = 0; i < 16; i++) {
        codes[i] = bytes[i] & 15;
        codes[i + 16] = bytes[i] >> 4;
    }
}

// Widen whole blocks to float32.
typedef void llm_decode_fn(const unsigned char *blocks, size_t count, float *weights);
// Take a block apart.
typedef void llm_split_fn(const unsigned char *block, llm_block_parts *parts);

// blocks_k.c
llm_split_fn llm_split_q2_k, llm_split_q3_k, llm_split_q4_k, llm_split_q5_k, llm_split_q6_k;
llm_decode_fn llm_decode_tq1_0, llm_decode_tq2_0;

// blocks_iq.c
llm_decode_fn llm_decode_iq1_s, llm_decode_iq1_m, llm_decode_iq2_xxs, llm_decode_iq2_xs, llm_decode_iq2_s;
llm_decode_fn llm_decode_iq3_xxs, llm_decode_iq3_s;
llm_split_fn llm_split_iq4_xs;

// blocks_int.c
llm_decode_fn llm_decode_int8;
llm_split_fn llm_split_int4;
