// ggml's blocks of 256 weights that are rows of a grid with signs, or values of a list.
#include "blocks.h"

#include "grids.h"

#pragma STDC FP_CONTRACT OFF

enum { BLOCK = 256 };

static const uint8_t iq2_values[] = {8, 25, 43};
static const uint8_t iq3_xxs_values[] = {4, 12, 20, 28, 36, 44, 52, 62};
static const uint8_t iq3_s_values[] = {1, 3, 5, 7, 9, 11, 13, 15};

// Half i of a byte, two to a byte, the low one first.
static unsigned half_byte(const unsigned char *bytes, size_t i) { return bytes[i / 2] >> i % 2 * 4 & 15; }

// Seven signs, and an eighth that makes the number of minus signs even.
static unsigned eight_signs(unsigned seven) { return seven | (unsigned)__builtin_parity(seven) << 7; }

// Eight weights of a row of 8 elements.
static void decode_8(unsigned row, unsigned signs, float scale, float *weights) {
    for (size_t i = 0; i < 8; i++) {
        const float weight = scale * (float)iq2_values[row >> i * 2 & 3];
        weights[i] = signs >> i & 1 ? -weight : weight;
    }
}

// Eight weights of two rows of 4.
static void decode_4s(
    const uint8_t *values, unsigned first, unsigned second, unsigned signs, float scale, float *weights) {
    for (size_t i = 0; i < 8; i++) {
        const float weight = scale * (float)values[(i < 4 ? first : second) >> i % 4 * 4 & 15];
        weights[i] = signs >> i & 1 ? -weight : weight;
    }
}

// For each 32 weights four rows of a byte, four times seven signs, and a scale of 4 bits.
void llm_decode_iq2_xxs(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 66) {
        const float d = half_at(block);
        for (const unsigned char *part = block + 2; part < block + 66; part += 8) {
            const uint32_t signs = little_at(part + 4, 4);
            const float scale = d * (0.5f + (float)(signs >> 28)) * 0.25f;
            for (size_t i = 0; i < 4; i++, weights += 8)
                decode_8(iq2_xxs_grid[part[i]], eight_signs(signs >> i * 7 & 127), scale, weights);
        }
    }
}

// For each 8 weights a row of 9 bits and seven signs; 16 scales of 4 bits.
void llm_decode_iq2_xs(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 74) {
        const float d = half_at(block);
        for (size_t i = 0; i < 32; i++, weights += 8) {
            const uint32_t row = little_at(block + 2 + i * 2, 2);
            const float scale = d * (0.5f + (float)half_byte(block + 66, i / 2)) * 0.25f;
            decode_8(iq2_xs_grid[row & 511], eight_signs(row >> 9), scale, weights);
        }
    }
}

// For each 8 weights the low byte of a row, a byte of signs, two high bits of the row; 16 scales of 4 bits.
void llm_decode_iq2_s(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 82) {
        const float d = half_at(block);
        for (size_t i = 0; i < 32; i++, weights += 8) {
            const unsigned high = block[66 + i / 4] >> i % 4 * 2 & 3;
            const float scale = d * (0.5f + (float)half_byte(block + 74, i / 2)) * 0.25f;
            decode_8(iq2_s_grid[block[2 + i] | high << 8], block[34 + i], scale, weights);
        }
    }
}

// For each 4 weights a row of a byte; for each 32 four times seven signs and a scale of 4 bits.
void llm_decode_iq3_xxs(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 98) {
        const float d = half_at(block);
        for (size_t i = 0; i < 32; i++, weights += 8) {
            const uint32_t signs = little_at(block + 66 + i / 4 * 4, 4);
            const float scale = d * (0.5f + (float)(signs >> 28)) * 0.5f;
            decode_4s(
                iq3_xxs_values, iq3_xxs_grid[block[2 + i * 2]], iq3_xxs_grid[block[3 + i * 2]],
                eight_signs(signs >> i % 4 * 7 & 127), scale, weights);
        }
    }
}

// For each 4 weights the low byte of a row and one bit more; for each 8 a byte of signs; for each 32 a scale of 4 bits.
void llm_decode_iq3_s(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 110) {
        const float d = half_at(block);
        for (size_t i = 0; i < 32; i++, weights += 8) {
            const unsigned high = block[66 + i / 4] >> i % 4 * 2;
            const float scale = d * (float)(1 + 2 * half_byte(block + 106, i / 4));
            decode_4s(
                iq3_s_values, iq3_s_grid[block[2 + i * 2] | (high & 1) << 8],
                iq3_s_grid[block[3 + i * 2] | (high & 2) << 7], block[74 + i], scale, weights);
        }
    }
}

// Eight weights of a row of -1, 0 and 1, each an eighth more or less.
static void decode_ternary(unsigned row, bool isLess, float scale, float *weights) {
    const float delta = isLess ? -0.125f : 0.125f;
    for (size_t i = 0; i < 8; i++) weights[i] = scale * ((float)((int)(row >> i * 2 & 3) - 1) + delta);
}

// For each 8 weights the low byte of a row; for each 32 three high bits of four rows, a scale of 3 bits and a sign.
void llm_decode_iq1_s(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 50) {
        const float d = half_at(block);
        for (size_t i = 0; i < 32; i++, weights += 8) {
            const uint32_t high = little_at(block + 34 + i / 4 * 2, 2);
            const float scale = d * (float)(2 * (high >> 12 & 7) + 1);
            const unsigned row = block[2 + i] | (high >> i % 4 * 3 & 7) << 8;
            decode_ternary(iq1_s_grid[row], high >> 15, scale, weights);
        }
    }
}

// For each 8 weights the low byte of a row, then three high bits and a sign; four numbers of 16 bits, each of four scales
// of 3 bits and four bits of the float16 that they share.
void llm_decode_iq1_m(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 56) {
        const unsigned char *scales = block + 48;
        uint16_t bits = 0;
        for (size_t i = 0; i < 4; i++) bits = (uint16_t)(bits | (scales[i * 2 + 1] >> 4) << i * 4);
        const float d = half_at((const unsigned char *)&bits);
        for (size_t i = 0; i < 32; i++, weights += 8) {
            const unsigned high = half_byte(block + 32, i);
            const uint32_t scale = little_at(scales + i / 8 * 2, 2) >> i / 2 % 4 * 3 & 7;
            decode_ternary(iq1_s_grid[block[i] | (high & 7) << 8], high >> 3, d * (float)(2 * scale + 1), weights);
        }
    }
}

// Float16; 8 scales of 6 bits plus 32, the high two in 2 bytes, the low four in 4; for each 32 weights 16 bytes, weights
// 0…15 in their low halves, 16…31 in their high ones, each the number of a value.
void llm_split_iq4_xs(const unsigned char *block, llm_block_parts *parts) {
    const uint32_t high = little_at(block + 2, 2);
    memcpy(&parts->scale, block, 2);
    for (size_t group = 0; group < 8; group++) {
        parts->scales[group] = (int8_t)((int)(half_byte(block + 4, group) | (high >> group * 2 & 3) << 4) - 32);
        llm_split_halves(block + 8 + group * 16, parts->codes + group * 32);
    }
}
