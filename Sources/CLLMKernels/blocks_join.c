// Blocks of stored types from their parts, in the layouts that blocks.c, blocks_k.c and blocks_iq.c state.
#include "blocks.h"

enum { BLOCK = 256 };

// Four bits each of `count` codes: 0…count/2 - 1 in low halves, the rest in high ones.
static void join_halves(const uint8_t *codes, size_t count, unsigned char *bytes) {
    for (size_t i = 0; i < count / 2; i++)
        bytes[i] = (unsigned char)((codes[i] & 15) | (codes[i + count / 2] & 15) << 4);
}

static void join_fifth_bits(const uint8_t *codes, unsigned char *bytes) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 32; i++) bits |= (codes[i] >> 4 & 1u) << i;
    memcpy(bytes, &bits, sizeof bits);
}

// Bits `shift` and the next of 256 codes.
static void join_two_bits(const uint8_t *codes, size_t shift, unsigned char *bytes) {
    memset(bytes, 0, 64);
    for (size_t i = 0; i < BLOCK; i++)
        bytes[i / 128 * 32 + i % 32] |= (unsigned char)((codes[i] >> shift & 3) << i % 128 / 32 * 2);
}

// Six bits each of eight scales and minima.
static void join_pairs(const llm_block_parts *parts, unsigned char *bytes) {
    for (size_t i = 0; i < 4; i++) {
        const unsigned scale = (unsigned)parts->scales[i], minimum = (unsigned)parts->minima[i];
        const unsigned next_scale = (unsigned)parts->scales[i + 4], next_minimum = (unsigned)parts->minima[i + 4];
        bytes[i] = (unsigned char)((scale & 63) | (next_scale >> 4 & 3) << 6);
        bytes[4 + i] = (unsigned char)((minimum & 63) | (next_minimum >> 4 & 3) << 6);
        bytes[8 + i] = (unsigned char)((next_scale & 15) | (next_minimum & 15) << 4);
    }
}

static void join_q2_k(const llm_block_parts *parts, unsigned char *block) {
    for (size_t i = 0; i < 16; i++) block[i] = (unsigned char)((parts->scales[i] & 15) | (parts->minima[i] & 15) << 4);
    join_two_bits(parts->codes, 0, block + 16);
    memcpy(block + 80, &parts->scale, 2);
    memcpy(block + 82, &parts->minimum, 2);
}

static void join_q3_k(const llm_block_parts *parts, unsigned char *block) {
    memset(block, 0, 110);
    for (size_t i = 0; i < BLOCK; i++) block[i % 32] |= (unsigned char)((parts->codes[i] >> 2 & 1) << i / 32);
    join_two_bits(parts->codes, 0, block + 32);
    for (size_t group = 0; group < 16; group++) {
        const unsigned scale = (unsigned)(parts->scales[group] + 32);
        block[96 + group % 8] |= (unsigned char)((scale & 15) << group / 8 * 4);
        block[104 + group % 4] |= (unsigned char)((scale >> 4 & 3) << group / 4 * 2);
    }
    memcpy(block + 108, &parts->scale, 2);
}

static void join_q4_k(const llm_block_parts *parts, unsigned char *block) {
    memcpy(block, &parts->scale, 2);
    memcpy(block + 2, &parts->minimum, 2);
    join_pairs(parts, block + 4);
    for (size_t i = 0; i < 4; i++) join_halves(parts->codes + i * 64, 64, block + 16 + i * 32);
}

static void join_q5_k(const llm_block_parts *parts, unsigned char *block) {
    memcpy(block, &parts->scale, 2);
    memcpy(block + 2, &parts->minimum, 2);
    join_pairs(parts, block + 4);
    memset(block + 16, 0, 32);
    for (size_t i = 0; i < BLOCK; i++) block[16 + i % 32] |= (unsigned char)((parts->codes[i] >> 4 & 1) << i / 32);
    for (size_t i = 0; i < 4; i++) join_halves(parts->codes + i * 64, 64, block + 48 + i * 32);
}

static void join_q6_k(const llm_block_parts *parts, unsigned char *block) {
    for (size_t i = 0; i < 2; i++) join_halves(parts->codes + i * 128, 128, block + i * 64);
    join_two_bits(parts->codes, 4, block + 128);
    memcpy(block + 192, parts->scales, 16);
    memcpy(block + 208, &parts->scale, 2);
}

static void join_iq4_xs(const llm_block_parts *parts, unsigned char *block) {
    memset(block, 0, 8);
    memcpy(block, &parts->scale, 2);
    uint16_t high = 0;
    for (size_t group = 0; group < 8; group++) {
        const unsigned scale = (unsigned)(parts->scales[group] + 32);
        block[4 + group / 2] |= (unsigned char)((scale & 15) << group % 2 * 4);
        high = (uint16_t)(high | (scale >> 4 & 3) << group * 2);
        join_halves(parts->codes + group * 32, 32, block + 8 + group * 16);
    }
    memcpy(block + 2, &high, 2);
}

void llm_join_block(llm_dtype dtype, const llm_block_parts *parts, unsigned char *block) {
    switch (dtype) {
    case LLM_Q8_0:
        memcpy(block, &parts->scale, 2);
        for (size_t i = 0; i < 32; i++) block[2 + i] = parts->codes[i] ^ 128;
        break;
    case LLM_Q4_0:
    case LLM_IQ4_NL:
        memcpy(block, &parts->scale, 2);
        join_halves(parts->codes, 32, block + 2);
        break;
    case LLM_Q4_1:
        memcpy(block, &parts->scale, 2);
        memcpy(block + 2, &parts->minimum, 2);
        join_halves(parts->codes, 32, block + 4);
        break;
    case LLM_Q5_0:
        memcpy(block, &parts->scale, 2);
        join_fifth_bits(parts->codes, block + 2);
        join_halves(parts->codes, 32, block + 6);
        break;
    case LLM_Q5_1:
        memcpy(block, &parts->scale, 2);
        memcpy(block + 2, &parts->minimum, 2);
        join_fifth_bits(parts->codes, block + 4);
        join_halves(parts->codes, 32, block + 8);
        break;
    case LLM_MXFP4:
        block[0] = (unsigned char)parts->scales[0];
        join_halves(parts->codes, 32, block + 1);
        break;
    case LLM_Q2_K: join_q2_k(parts, block); break;
    case LLM_Q3_K: join_q3_k(parts, block); break;
    case LLM_Q4_K: join_q4_k(parts, block); break;
    case LLM_Q5_K: join_q5_k(parts, block); break;
    case LLM_Q6_K: join_q6_k(parts, block); break;
    case LLM_IQ4_XS: join_iq4_xs(parts, block); break;
    default: break;
    }
}
