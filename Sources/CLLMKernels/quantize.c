// Weights of a checkpoint to integer panels.
//
// Q8 and Q4 hold exactly the values of ggml's Q8_0 and Q4_0 (ggml-quants.c, quantize_row_q8_0_ref and
// quantize_row_q4_0_ref, the latter's x * id + 8.5 as one fma). W8 is Q8 with one float32 scale for a whole row.
#include "quantize.h"

#include "panels.h"
#include "vector16.h"

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
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

// Stores a group's integers, with what the packing adds to them, and its scale.
LLM_TEMPLATE void store_q8_group(const i32x16 q[2], _Float16 scale, size_t feature, char *group) {
    for (size_t v = 0; v < 2; v++) store_steps(group, v * LANES / 4 * STEP_BYTES + feature * 4, q[v]);
    memcpy(group + Q8_GROUP_BYTES - (LLM_PANEL - feature) * sizeof scale, &scale, sizeof scale);
}

LLM_TEMPLATE void store_q4_group(const i32x16 q[2], _Float16 scale, size_t feature, char *group) {
    for (size_t v = 0; v < 2; v++) {
        // Lanes 0…3 low and 4…7 high make a step, then 8…11 and 12…15.
        const i32x16 high = __builtin_shufflevector(q[v], q[v], 4, 5, 6, 7, 12, 13, 14, 15, 4, 5, 6, 7, 4, 5, 6, 7);
        const i32x16 low = __builtin_shufflevector(q[v], q[v], 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 0, 1, 2, 3);
        const i8x16 bytes = __builtin_convertvector(low | high << 4, i8x16);
        for (size_t step = 0; step < 2; step++)
            memcpy(group + (v * 2 + step) * STEP_BYTES + feature * 4, (const char *)&bytes + step * 4, 4);
    }
    memcpy(group + Q4_GROUP_BYTES - (LLM_PANEL - feature) * sizeof scale, &scale, sizeof scale);
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
    store_q8_group(q, (_Float16)scale, feature, group);
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
    store_q4_group(q, (_Float16)scale, feature, group);
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

// Integers of no more bits than the packing's, with their scales.
LLM_TEMPLATE void copy_integers(
    llm_packing packing, const llm_encoding *encoding, const char *row, size_t k, size_t feature, char *panel) {
    for (size_t group = 0; group < k / LLM_GROUP; group++) {
        int8_t q[LLM_GROUP];
        const float scale = encoding->integers((const unsigned char *)row + group * encoding->bytes, q);
        i32x16 sums[2];
        for (size_t v = 0; v < 2; v++) {
            i8x16 bytes;
            memcpy(&bytes, q + v * LANES, sizeof bytes);
            sums[v] = __builtin_convertvector(bytes, i32x16) + panel_kinds[packing].offset;
        }
        if (packing == LLM_PANEL_Q8) {
            store_q8_group(sums, (_Float16)scale, feature, panel + group * Q8_GROUP_BYTES);
        } else {
            store_q4_group(sums, (_Float16)scale, feature, panel + group * Q4_GROUP_BYTES);
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
        if (kind->group == LLM_WHOLE_ROW) {
            quantize_w8_row(dtype, row, k, feature, panel);
            continue;
        }
        if (row && encoding->integers && encoding->integer_bits <= kind->bits) {
            copy_integers(packing, encoding, row, k, feature, panel);
            continue;
        }
        float x[PIECE] = {0};
        for (size_t start = 0; start < k; start += PIECE) {
            if (row) widen_piece(dtype, row, start, k - start, x);
            for (size_t i = 0; i < PIECE && start + i < k; i += LLM_GROUP) {
                const size_t group = (start + i) / LLM_GROUP;
                if (packing == LLM_PANEL_Q8) {
                    quantize_q8_group(x + i, feature, panel + group * Q8_GROUP_BYTES);
                } else {
                    quantize_q4_group(x + i, feature, panel + group * Q4_GROUP_BYTES);
                }
            }
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
