// Codes of quantized checkpoints: unpacked from the words of a file, and written as stored weights.
#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

static uint32_t word_of(const llm_code_words *w, size_t row, size_t column) {
    const size_t index = row * w->row_stride + column * w->column_stride;
    const unsigned char *words = w->words;
    return w->word_bytes == 4 ? little_at(words + index * 4, 4) : words[index];
}

// `count` codes of the word at a row and a column of words.
static inline void spread(const llm_code_words *w, size_t row, size_t column, size_t count, uint8_t *codes) {
    const uint32_t word = word_of(w, row, column), mask = (1u << w->bits) - 1;
    for (size_t i = 0; i < count; i++) codes[i] = (uint8_t)(word >> w->order[i] * w->bits & mask) ^ w->flipped;
}

// Words are read in the order of the file, which has those of a row together or those of a column.
static void unpack_along(const llm_code_words *w, size_t begin, size_t end, size_t columns, uint8_t *codes) {
    const size_t fields = w->word_bytes * 8 / w->bits, words = (columns + fields - 1) / fields;
    const bool by_rows = w->column_stride == 1;
    for (size_t i = by_rows ? begin : 0; i < (by_rows ? end : words); i++) {
        for (size_t j = by_rows ? 0 : begin; j < (by_rows ? words : end); j++) {
            const size_t row = by_rows ? i : j, word = by_rows ? j : i, column = word * fields;
            const size_t count = columns - column < fields ? columns - column : fields;
            spread(w, row, word, count, codes + (row - begin) * columns + column);
        }
    }
}

static void unpack_down(const llm_code_words *w, size_t begin, size_t end, size_t columns, uint8_t *codes) {
    const size_t fields = w->word_bytes * 8 / w->bits;
    for (size_t row = begin; row < end; row += fields) {
        const size_t count = end - row < fields ? end - row : fields;
        for (size_t column = 0; column < columns; column++) {
            uint8_t down[8];
            spread(w, row / fields, column, count, down);
            for (size_t i = 0; i < count; i++) codes[(row - begin + i) * columns + column] = down[i];
        }
    }
}

static void unpack_bytes(const llm_code_words *w, size_t begin, size_t end, size_t columns, uint8_t *codes) {
    const unsigned char *bytes = (const unsigned char *)w->words + begin * columns;
    for (size_t i = 0; i < (end - begin) * columns; i++) codes[i] = bytes[i] ^ w->flipped;
}

void llm_unpack_codes(const llm_code_words *w, size_t begin, size_t end, size_t columns, uint8_t *codes) {
    if (w->word_bytes == 1 && w->bits == 8 && w->row_stride == columns) {
        unpack_bytes(w, begin, end, columns, codes);
    } else if (w->runs_down) {
        unpack_down(w, begin, end, columns, codes);
    } else {
        unpack_along(w, begin, end, columns, codes);
    }
}

static inline float weight_of(const llm_coded_row *row, size_t column) {
    const uint32_t group = row->groups[column];
    const uint8_t code = row->codes[column];
    const float value = row->values ? row->values[code] : (float)(code - row->zeros[group]);
    return value * row->scales[group];
}

static uint16_t nearest_bfloat16(float weight) {
    uint32_t bits;
    memcpy(&bits, &weight, sizeof bits);
    if (weight != weight) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static void store_floats(llm_dtype dtype, const llm_coded_row *row, size_t columns, char *weights) {
    switch (dtype) {
    case LLM_F16:
        for (size_t i = 0; i < columns; i++) {
            const _Float16 half = (_Float16)weight_of(row, i);
            memcpy(weights + i * 2, &half, sizeof half);
        }
        break;
    case LLM_BF16:
        for (size_t i = 0; i < columns; i++) {
            const uint16_t bfloat16 = nearest_bfloat16(weight_of(row, i));
            memcpy(weights + i * 2, &bfloat16, sizeof bfloat16);
        }
        break;
    default:
        for (size_t i = 0; i < columns; i++) {
            const float weight = weight_of(row, i);
            memcpy(weights + i * 4, &weight, sizeof weight);
        }
        break;
    }
}

static void store_nibbles(const uint8_t *codes, unsigned char *bytes) {
    for (size_t i = 0; i < 16; i++) bytes[i] = (unsigned char)(codes[i] | codes[i + 16] << 4);
}

static void store_block(llm_dtype dtype, const uint8_t *codes, float scale, uint8_t zero, unsigned char *block) {
    const _Float16 half = (_Float16)scale;
    switch (dtype) {
    case LLM_Q4_0:
        memcpy(block, &half, sizeof half);
        store_nibbles(codes, block + 2);
        break;
    case LLM_STORED_INT4:
        memcpy(block, &half, sizeof half);
        block[2] = zero;
        store_nibbles(codes, block + 3);
        break;
    case LLM_Q8_0:
        memcpy(block, &half, sizeof half);
        for (size_t i = 0; i < LLM_GROUP; i++) block[2 + i] = (unsigned char)(codes[i] - zero);
        break;
    default:
        memcpy(block, &scale, sizeof scale);
        for (size_t i = 0; i < LLM_GROUP; i++) block[4 + i] = (unsigned char)(codes[i] - zero);
        break;
    }
}

void llm_store_codes(llm_dtype dtype, const llm_coded_row *row, size_t columns, void *weights) {
    size_t count;
    const llm_encoding *encoding = llm_encodings(&count) + dtype;
    if (encoding->elements == 1) {
        store_floats(dtype, row, columns, weights);
        return;
    }
    unsigned char *block = weights;
    for (size_t i = 0; i < columns; i += LLM_GROUP, block += encoding->bytes) {
        const uint32_t group = row->groups[i];
        store_block(dtype, row->codes + i, row->scales[group], row->zeros[group], block);
    }
}
