// ggml's blocks of 256 weights whose scales are small integers times a float16, and its ternary ones.
#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

enum { BLOCK = 256 };

// Weight i of 64 bytes that hold 2 bits of each: bytes 0…31 have weights 0…127, 32 to a pair of bits; then 128…255.
static unsigned two_bits(const unsigned char *bytes, size_t i) {
    return bytes[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

// 16 bytes of scales (low half) and minima (high half) of 16 weights each, 2 bits a weight, then a float16 for both:
// scale * q - minimum.
void llm_decode_q2_k(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 84, weights += BLOCK) {
        const float d = half_at(block + 80), dmin = half_at(block + 82);
        for (size_t i = 0; i < BLOCK; i++) {
            const float scale = d * (float)(block[i / 16] & 15), minimum = dmin * (float)(block[i / 16] >> 4);
            const float scaled = scale * (float)two_bits(block + 16, i);
            weights[i] = scaled - minimum;
        }
    }
}

// 32 bytes of third bits, byte i % 32 and bit i / 32; 64 of two bits; 12 of 16 scales of 6 bits, their low halves first;
// a float16. Without its third bit a weight is 4 less.
void llm_decode_q3_k(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 110, weights += BLOCK) {
        const unsigned char *scales = block + 96;
        const float d = half_at(block + 108);
        for (size_t i = 0; i < BLOCK; i++) {
            const size_t group = i / 16;
            const int low = scales[group % 8] >> group / 8 * 4 & 15, high = scales[8 + group % 4] >> group / 4 * 2 & 3;
            const int third = block[i % 32] >> i / 32 & 1;
            const float scale = d * (float)((low | high << 4) - 32);
            weights[i] = scale * (float)((int)two_bits(block + 32, i) - (third ? 0 : 4));
        }
    }
}

// Scale and minimum of 6 bits of group 0…7 in 12 bytes: those of the first four in the low bits of bytes 0…3 and 4…7; of
// the last four the low halves in bytes 8…11, the other two bits above those of the first four.
static void scale_and_minimum(const unsigned char *bytes, size_t group, float *scale, float *minimum) {
    const unsigned first = bytes[group % 4], second = bytes[4 + group % 4], third = bytes[8 + group % 4];
    *scale = (float)(group < 4 ? first & 63 : (third & 15) | first >> 6 << 4);
    *minimum = (float)(group < 4 ? second & 63 : third >> 4 | second >> 6 << 4);
}

// Float16 for scales and minima, 12 bytes of them, one pair for 32 weights; `fifth`, or NULL: a byte of fifth bits for
// each of 32 weights, one a group; then 32 bytes for two groups, in their low and high halves: scale * q - minimum.
static void decode_pairs(
    const unsigned char *block, const unsigned char *fifth, const unsigned char *low, float *weights) {
    const float d = half_at(block), dmin = half_at(block + 2);
    for (size_t group = 0; group < 8; group++) {
        float scale, minimum;
        scale_and_minimum(block + 4, group, &scale, &minimum);
        scale *= d;
        minimum *= dmin;
        for (size_t i = 0; i < 32; i++) {
            unsigned q = low[group / 2 * 32 + i] >> group % 2 * 4 & 15;
            if (fifth) q |= (fifth[i] >> group & 1u) << 4;
            const float scaled = scale * (float)q;
            *weights++ = scaled - minimum;
        }
    }
}

void llm_decode_q4_k(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 144, weights += BLOCK) decode_pairs(block, NULL, block + 16, weights);
}

void llm_decode_q5_k(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 176, weights += BLOCK) decode_pairs(block, block + 16, block + 48, weights);
}

// 128 bytes of low halves, 64 of two bits more, 16 scales of 8 bits for 16 weights each, a float16: scale * (q - 32). Of each
// 128 weights, 64 are in the low halves of 64 bytes, 64 in the high ones.
void llm_decode_q6_k(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 210, weights += BLOCK) {
        const float d = half_at(block + 208);
        for (size_t i = 0; i < BLOCK; i++) {
            const unsigned low = block[i / 128 * 64 + i % 64] >> i % 128 / 64 * 4 & 15;
            const float scale = d * (float)(int8_t)block[192 + i / 16];
            weights[i] = scale * (float)((int)(low | two_bits(block + 128, i) << 4) - 32);
        }
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
