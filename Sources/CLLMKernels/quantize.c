// Weights of a checkpoint to integer panels.
//
// Q8 and Q4 hold exactly the values of ggml's Q8_0 and Q4_0 (ggml-quants.c, quantize_row_q8_0_ref and
// quantize_row_q4_0_ref, the latter's x * id + 8.5 as one fma). W8 is Q8 with one float32 scale for a whole row.
#include "quantize.h"

#include "panels.h"
#include "vector16.h"

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));

// `count` weights of a row from `start` on, at most a piece, zeros after them.
LLM_TEMPLATE void widen_piece(llm_dtype dtype, const char *row, size_t start, size_t count, float *out) {
    if (dtype != LLM_F32 && dtype != LLM_F16 && dtype != LLM_BF16) {
        const size_t own = count < PIECE ? count : PIECE;
        llm_decode(dtype, row, start, own, out);
        memset(out + own, 0, (PIECE - own) * sizeof *out);
        return;
    }
    for (size_t i = 0; i < PIECE; i += LANES) {
        const size_t left = i < count ? count - i : 0;
        if (left == 0) {
            store16(out + i, 0);
        } else if (dtype == LLM_F32) {
            float values[LANES] = {0};
            memcpy(values, row + (start + i) * 4, (left < LANES ? left : LANES) * 4);
            store16(out + i, load16(values));
        } else {
            u16x16 values = 0;
            if (left >= LANES) {
                memcpy(&values, row + (start + i) * 2, sizeof values);
            } else {
                memcpy(&values, row + (start + i) * 2, left * 2);
            }
            const f32x16 wide = dtype == LLM_F16
                ? __builtin_convertvector(__builtin_bit_cast(f16x16, values), f32x16)
                : __builtin_bit_cast(f32x16, __builtin_convertvector(values, u32x16) << 16);
            store16(out + i, wide);
        }
    }
}

// The largest magnitude of `count` values, a multiple of 16, as bits: a NaN is larger than everything.
LLM_TEMPLATE uint32_t largest_bits(const float *x, size_t count) {
    u32x16 largest = 0;
    for (size_t i = 0; i < count; i += LANES)
        largest = __builtin_elementwise_max(largest, __builtin_bit_cast(u32x16, load16(x + i)) & 0x7fffffffu);
    uint32_t lanes[LANES], most = 0;
    memcpy(lanes, &largest, sizeof lanes);
    for (size_t i = 0; i < LANES; i++) most = lanes[i] > most ? lanes[i] : most;
    return most;
}

// x * inverse rounded to the nearest integer, halves away from zero, plus 128.
LLM_TEMPLATE i32x16 round_away(f32x16 x, float inverse) {
    const f32x16 scaled = x * (f32x16)inverse;
    const u32x16 sign = __builtin_bit_cast(u32x16, scaled) & 0x80000000u;
    const f32x16 magnitude = __builtin_bit_cast(f32x16, __builtin_bit_cast(u32x16, scaled) ^ sign);
    const i32x16 floor = __builtin_convertvector(magnitude, i32x16);
    const f32x16 rest = magnitude - __builtin_convertvector(floor, f32x16);
    const i32x16 rounded = floor - (rest >= 0.5f); // a true comparison is -1
    const i32x16 negative = __builtin_bit_cast(i32x16, sign) >> 31;
    return ((rounded ^ negative) - negative) + 128;
}

// Stores 16 bytes of one feature at four steps of a panel.
LLM_TEMPLATE void store_steps(char *panel, size_t offset, i32x16 values) {
    const i8x16 bytes = __builtin_convertvector(values, i8x16);
    for (size_t step = 0; step < 4; step++)
        memcpy(panel + offset + step * STEP_BYTES, (const char *)&bytes + step * 4, 4);
}

LLM_TEMPLATE void store_scale(llm_packing packing, float scale, size_t feature, char *group) {
    const _Float16 half = (_Float16)scale;
    memcpy(group + codes_size(packing) + feature * sizeof half, &half, sizeof half);
}

// Four bits each: a word has four inputs' codes, a byte each; the next one's go to its upper halves.
LLM_TEMPLATE void store_nibbles(const uint32_t words[8], size_t feature, char *group) {
    for (size_t step = 0; step < 4; step++) {
        const uint32_t word = (words[step * 2] & 0x0f0f0f0f) | (words[step * 2 + 1] & 0x0f0f0f0f) << 4;
        memcpy(group + step * STEP_BYTES + feature * 4, &word, sizeof word);
    }
}

LLM_TEMPLATE void store_codes(llm_packing packing, const uint8_t *codes, size_t feature, char *group) {
    const size_t bits = panel_kinds[packing].bits;
    uint32_t words[8];
    memcpy(words, codes, sizeof words);
    if (bits == 8) {
        for (size_t four = 0; four < 8; four++) memcpy(group + four * STEP_BYTES + feature * 4, words + four, 4);
        return;
    }
    store_nibbles(words, feature, group);
    char *further = group + CODE_BYTES + feature * 4;
    if (bits == 5) {
        uint32_t word = 0;
        for (size_t four = 0; four < 8; four++) word |= (words[four] >> 4 & 0x01010101) << four;
        memcpy(further, &word, sizeof word);
    }
    for (size_t plane = 0; bits == 6 && plane < 2; plane++) {
        uint32_t word = 0;
        for (size_t four = 0; four < 4; four++) word |= (words[plane * 4 + four] >> 4 & 0x03030303) << four * 2;
        memcpy(further + plane * STEP_BYTES, &word, sizeof word);
    }
}

LLM_TEMPLATE void quantize_q8_group(const float *x, size_t feature, char *group) {
    const uint32_t bits = largest_bits(x, LLM_GROUP);
    float largest, scale = NAN, inverse = 0;
    memcpy(&largest, &bits, sizeof bits);
    if (bits < 0x7f800000u) {
        scale = largest / 127;
        inverse = scale != 0 ? 1 / scale : 0;
        if (inverse == INFINITY) scale = inverse = 0; // too small for a float16 scale by far
    }
    i32x16 q[2];
    for (size_t v = 0; v < 2; v++) q[v] = inverse == 0 ? (i32x16)128 : round_away(load16(x + v * LANES), inverse);
    for (size_t v = 0; v < 2; v++) store_steps(group, v * LANES / 4 * STEP_BYTES + feature * 4, q[v]);
    store_scale(LLM_PANEL_Q8, scale, feature, group);
}

LLM_TEMPLATE void quantize_q4_group(const float *x, size_t feature, char *group) {
    const uint32_t bits = largest_bits(x, LLM_GROUP);
    float scale = NAN, inverse = 0;
    if (bits < 0x7f800000u) {
        size_t first = 0; // with the largest magnitude
        for (uint32_t own; memcpy(&own, x + first, sizeof own), (own & 0x7fffffffu) != bits;) first++;
        scale = x[first] / -8;
        inverse = scale != 0 ? 1 / scale : 0;
        if (inverse == INFINITY || inverse == -INFINITY) scale = inverse = 0;
    }
    i32x16 q[2];
    for (size_t v = 0; v < 2; v++) {
        const f32x16 shifted = fma16(load16(x + v * LANES), (f32x16)inverse, (f32x16)8.5f);
        q[v] = inverse == 0 ? (i32x16)8 : __builtin_convertvector(shifted, i32x16);
        q[v] = __builtin_elementwise_min(q[v], (i32x16)15);
    }
    u8x16 bytes[2];
    uint32_t words[8];
    for (size_t v = 0; v < 2; v++) bytes[v] = __builtin_convertvector(q[v], u8x16);
    memcpy(words, bytes, sizeof words);
    store_nibbles(words, feature, group);
    store_scale(LLM_PANEL_Q4, scale, feature, group);
}

// The scale that all blocks of an INT8 row have, and what they hold.
LLM_TEMPLATE void copy_int8_row(const char *row, size_t k, size_t feature, char *panel) {
    const size_t bytes = 4 + LLM_GROUP;
    for (size_t i = 0; i < k; i += 4) {
        uint32_t word;
        memcpy(&word, row + i / LLM_GROUP * bytes + 4 + i % LLM_GROUP, sizeof word);
        word ^= 0x80808080u;
        memcpy(panel + i / 4 * STEP_BYTES + feature * 4, &word, sizeof word);
    }
    memcpy(panel + panel_size(LLM_PANEL_W8, k) - (LLM_PANEL - feature) * sizeof(float), row, sizeof(float));
}

LLM_TEMPLATE void quantize_w8_row(llm_dtype dtype, const char *row, size_t k, size_t feature, char *panel) {
    float x[PIECE], scale = NAN, inverse = 0;
    uint32_t bits = 0;
    for (size_t start = 0; row && start < k; start += PIECE) {
        widen_piece(dtype, row, start, k - start, x);
        const uint32_t most = largest_bits(x, PIECE);
        bits = most > bits ? most : bits;
    }
    if (bits < 0x7f800000u) {
        memcpy(&scale, &bits, sizeof bits);
        scale = scale / 127;
        inverse = scale != 0 ? 1 / scale : 0;
        if (inverse == INFINITY) scale = inverse = 0;
    }
    const size_t padded = (k + LLM_GROUP - 1) / LLM_GROUP * LLM_GROUP;
    for (size_t start = 0; start < padded; start += PIECE) {
        if (row) widen_piece(dtype, row, start, start < k ? k - start : 0, x);
        for (size_t i = 0; i < PIECE && start + i < padded; i += LANES)
            store_steps(
                panel, (start + i) / 4 * STEP_BYTES + feature * 4,
                inverse == 0 ? (i32x16)128 : round_away(load16(x + i), inverse));
    }
    memcpy(panel + panel_size(LLM_PANEL_W8, k) - (LLM_PANEL - feature) * sizeof scale, &scale, sizeof scale);
}

// A stored block that the packing holds, `groups` groups from one on.
LLM_TEMPLATE void store_parts(
    llm_packing packing, const llm_block_parts *parts, size_t first, size_t groups, size_t feature, char *panel) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t subs = LLM_GROUP / scale_group(packing);
    for (size_t i = 0; i < groups; i++) {
        char *group = panel + group_offset(packing, first + i);
        char *scales = group + codes_size(packing), *minima = scales + scales_size(packing);
        store_codes(packing, parts->codes + i * LLM_GROUP, feature, group);
        for (size_t sub = 0; sub < subs; sub++) {
            const size_t at = sub * LLM_PANEL + feature;
            if (kind->scale_bytes == 1) scales[at] = parts->scales[i * subs + sub];
            if (kind->minimum_bytes == 1) minima[at] = parts->minima[i * subs + sub];
        }
        if (kind->scale_bytes == 2) memcpy(scales + feature * 2, &parts->scale, 2);
        if (kind->minimum_bytes == 2) memcpy(minima + feature * 2, &parts->minimum, 2);
    }
    if (kind->block == 0) return;
    char *factors = panel + factors_offset(packing, first);
    memcpy(factors + feature * 2, &parts->scale, 2);
    if (kind->minimum_bytes) memcpy(factors + (LLM_PANEL + feature) * 2, &parts->minimum, 2);
}

LLM_TEMPLATE void copy_blocks(
    llm_packing packing, const llm_encoding *encoding, const unsigned char *row, size_t k, size_t feature,
    char *panel) {
    const size_t groups = encoding->elements / LLM_GROUP;
    for (size_t block = 0; block < k / encoding->elements; block++) {
        llm_block_parts parts;
        encoding->split(row + block * encoding->bytes, &parts);
        if (packing != encoding->packing)
            for (size_t i = 0; i < encoding->elements; i++)
                parts.codes[i] =
                    (uint8_t)(code_integer(encoding->packing, parts.codes[i]) + panel_kinds[packing].offset);
        store_parts(packing, &parts, block * groups, groups, feature, panel);
    }
}

// A row that is not there, of a packing that is not quantized to: zeros.
LLM_TEMPLATE void store_nothing(llm_packing packing, size_t k, size_t feature, char *panel) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t padded = (k + kind->granule - 1) / kind->granule * kind->granule, step = kind->granule / LLM_GROUP;
    llm_block_parts parts = {0};
    memset(parts.codes, kind->codes == LLM_CODE_INTEGER ? kind->offset : 0, sizeof parts.codes);
    for (size_t group = 0; group < padded / LLM_GROUP; group += step)
        store_parts(packing, &parts, group, step, feature, panel);
}

// To Q8 or Q4; zeros where there is no row.
LLM_TEMPLATE void quantize_row(
    llm_packing packing, llm_dtype dtype, const char *row, size_t k, size_t feature, char *panel) {
    float x[PIECE] = {0};
    for (size_t start = 0; start < k; start += PIECE) {
        if (row) widen_piece(dtype, row, start, k - start, x);
        for (size_t i = 0; i < PIECE && start + i < k; i += LLM_GROUP) {
            char *group = panel + group_offset(packing, (start + i) / LLM_GROUP);
            if (packing == LLM_PANEL_Q8) {
                quantize_q8_group(x + i, feature, group);
            } else {
                quantize_q4_group(x + i, feature, group);
            }
        }
    }
}

LLM_TEMPLATE void quantize_panel(llm_packing packing, const llm_stored_row *rows, size_t k, char *panel) {
    size_t count;
    const llm_encoding *encodings = llm_encodings(&count);
    const llm_panel_kind *kind = panel_kinds + packing;
    for (size_t feature = 0; feature < LLM_PANEL; feature++) {
        const llm_dtype dtype = rows[feature].dtype;
        const char *row = rows[feature].data;
        const llm_encoding *encoding = encodings + dtype;
        if (kind->group == LLM_WHOLE_ROW && row && dtype == LLM_STORED_INT8) {
            copy_int8_row(row, k, feature, panel);
        } else if (kind->group == LLM_WHOLE_ROW) {
            quantize_w8_row(dtype, row, k, feature, panel);
        } else if (!row && packing > LLM_PANEL_W8) {
            store_nothing(packing, k, feature, panel);
        } else if (row && encoding->split && llm_holds(packing, dtype)) {
            copy_blocks(packing, encoding, (const unsigned char *)row, k, feature, panel);
        } else {
            quantize_row(packing, dtype, row, k, feature, panel);
        }
    }
}

void llm_quantize_scalar(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel) {
    quantize_panel(packing, rows, k, panel);
}

#if defined(__x86_64__)
LLM_TARGET_AVX2 void llm_quantize_avx2(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel) {
    quantize_panel(packing, rows, k, panel);
}
#endif
