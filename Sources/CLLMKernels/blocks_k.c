// ggml's blocks of 256 weights whose scales are small integers times a float16, and its ternary ones.
#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

enum { BLOCK = 256 };

// Weight i of 64 bytes that hold 2 bits of each: bytes 0…31 have weights 0…127, 32 to a pair of bits; then 128…255.
static unsigned two_bits(const unsigned char *bytes, size_t i) {
    return bytes[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

// Weights of 2 bits, all of a block.
static void split_two_bits(const unsigned char *bytes, uint8_t *codes) {
    for (size_t i = 0; i < BLOCK; i++) codes[i] = (uint8_t)two_bits(bytes, i);
}

// 16 bytes of scales (low half) and minima (high half) of 16 weights each, 2 bits a weight, then a float16 for both:
// scale * q - minimum.
void llm_split_q2_k(const unsigned char *block, llm_block_parts *parts) {
    memcpy(&parts->scale, block + 80, 2);
    memcpy(&parts->minimum, block + 82, 2);
    for (size_t group = 0; group < 16; group++) {
        parts->scales[group] = (int8_t)(block[group] & 15);
        parts->minima[group] = (int8_t)(block[group] >> 4);
    }
    split_two_bits(block + 16, parts->codes);
}

// 32 bytes of third bits, byte i % 32 and bit i / 32; 64 of two bits; 12 of 16 scales of 6 bits, their low halves first;
// a float16. Without its third bit a weight is 4 less. As Q6_K, whose weights have 32 added.
void llm_split_q3_k(const unsigned char *block, llm_block_parts *parts) {
    const unsigned char *scales = block + 96;
    memcpy(&parts->scale, block + 108, 2);
    for (size_t group = 0; group < 16; group++) {
        const int low = scales[group % 8] >> group / 8 * 4 & 15, high = scales[8 + group % 4] >> group / 4 * 2 & 3;
        parts->scales[group] = (int8_t)((low | high << 4) - 32);
    }
    split_two_bits(block + 32, parts->codes);
    for (size_t i = 0; i < BLOCK; i++)
        parts->codes[i] = (uint8_t)(parts->codes[i] + 28 + (block[i % 32] >> i / 32 & 1) * 4);
}

// Float16 for scales and minima, then in 12 bytes a scale and a minimum of 6 bits for 32 weights each: those of the first
// four in the low bits of bytes 0…3 and 4…7; of the last four the low halves in bytes 8…11, the other two bits above those
// of the first four: scale * q - minimum.
static void split_pairs(const unsigned char *block, llm_block_parts *parts) {
    memcpy(&parts->scale, block, 2);
    memcpy(&parts->minimum, block + 2, 2);
    for (size_t group = 0; group < 4; group++) {
        const unsigned first = block[4 + group], second = block[8 + group], third = block[12 + group];
        parts->scales[group] = first & 63;
        parts->minima[group] = second & 63;
        parts->scales[group + 4] = (int8_t)((third & 15) | first >> 6 << 4);
        parts->minima[group + 4] = (int8_t)(third >> 4 | second >> 6 << 4);
    }
}

// 32 bytes for two groups, in their low and high halves.
static void split_group_pairs(const unsigned char *bytes, uint8_t *codes) {
    for (size_t pair = 0; pair < 4; pair++, bytes += 32, codes += 64)
        for (size_t i = 0; i < 32; i++) {
            codes[i] = bytes[i] & 15;
            codes[32 + i] = bytes[i] >> 4;
        }
}

void llm_split_q4_k(const unsigned char *block, llm_block_parts *parts) {
    split_pairs(block, parts);
    split_group_pairs(block + 16, parts->codes);
}

// As Q4_K, with 32 bytes of fifth bits before the others, a bit for each group.
void llm_split_q5_k(const unsigned char *block, llm_block_parts *parts) {
    split_pairs(block, parts);
    split_group_pairs(block + 48, parts->codes);
    for (size_t group = 0; group < 8; group++)
        for (size_t i = 0; i < 32; i++)
            parts->codes[group * 32 + i] |= (uint8_t)((block[16 + i] >> group & 1) << 4);
}

// 128 bytes of low halves, 64 of two bits more, 16 scales of 8 bits for 16 weights each, a float16: scale * (q - 32). Of each
// 128 weights, 64 are in the low halves of 64 bytes, 64 in the high ones.
void llm_split_q6_k(const unsigned char *block, llm_block_parts *parts) {
    memcpy(&parts->scale, block + 208, 2);
    memcpy(parts->scales, block + 192, 16);
    split_two_bits(block + 128, parts->codes);
    for (size_t part = 0; part < BLOCK; part += 128)
        for (size_t i = 0; i < 64; i++) {
            uint8_t *codes = parts->codes + part + i;
            const unsigned low = block[part / 2 + i];
            codes[0] = (uint8_t)(codes[0] << 4 | (low & 15));
            codes[64] = (uint8_t)(codes[64] << 4 | low >> 4);
        }
}

// Digits of base 3, five to a byte (four in the last four bytes), a byte being 256 / 243 of their number, so that the
// highest digit is the integer part of three times it. 32 bytes have weights 0…159, 16 weights 160…239, 4 the rest.
void llm_decode_tq1_0(const unsigned char *block, size_t count, float *weights) {
    static const struct {
        size_t bytes, digits;
    } parts[] = {{32, 5}, {16, 5}, {4, 4}};
    for (; count--; block += 54) {
        const float d = half_at(block + 52);
        const unsigned char *bytes = block;
        for (size_t part = 0; part < 3; bytes += parts[part++].bytes) {
            unsigned power = 1;
            for (size_t digit = 0; digit < parts[part].digits; digit++, power *= 3)
                for (size_t i = 0; i < parts[part].bytes; i++)
                    *weights++ = d * (float)((int)((bytes[i] * power & 255) * 3 >> 8) - 1);
        }
    }
}

// 2 bits a weight, a float16: scale * (q - 1).
void llm_decode_tq2_0(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 66, weights += BLOCK) {
        const float d = half_at(block + 64);
        for (size_t i = 0; i < BLOCK; i++) weights[i] = d * (float)((int)two_bits(block, i) - 1);
    }
}
