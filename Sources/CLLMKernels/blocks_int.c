// Blocks of 32 integers whose scales ggml's types cannot hold.
#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

// float32 scale, 32 bytes with a sign: scale * q.
void llm_decode_int8(const unsigned char *block, size_t count, float *weights) {
    for (; count--; block += 36, weights += 32) {
        float scale;
        memcpy(&scale, block, sizeof scale);
        for (size_t i = 0; i < 32; i++) weights[i] = (float)(int8_t)block[4 + i] * scale;
    }
}

// float16 scale, a zero point, 16 bytes as of Q4_0 with nothing added: scale * (q - zero).
void llm_split_int4(const unsigned char *block, llm_block_parts *parts) {
    memcpy(&parts->scale, block, 2);
    parts->minima[0] = (int8_t)block[2];
    llm_split_halves(block + 3, parts->codes);
}
