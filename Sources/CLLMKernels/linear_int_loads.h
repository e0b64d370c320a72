// Vectors of what integer panels hold: codes, scales and minima of half a panel.
//
// Included by linear_int.c alone. Results go through pointers, for these functions have no target of their own.
#pragma once

#include "panels.h"
#include "vector16.h"

typedef int8_t i8x64 __attribute__((ext_vector_type(64)));
typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
typedef int16_t i16x16 __attribute__((ext_vector_type(16)));
typedef int16_t i16x32 __attribute__((ext_vector_type(32)));
typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));
typedef int32_t i32x8 __attribute__((ext_vector_type(8)));

// The codes of four inputs and half a panel, in the lowest bits of each byte. `four` counts from the group's start.
LLM_TEMPLATE void load_codes(llm_packing packing, const char *group, const size_t four, size_t half, i32x16 *codes) {
    const size_t bits = panel_kinds[packing].bits;
    i32x16 further;
    memcpy(codes, group + four / 2 * STEP_BYTES + half * 64, sizeof *codes);
    *codes = (four % 2 ? *codes >> 4 : *codes) & 0x0f0f0f0f;
    if (bits == 5) {
        memcpy(&further, group + CODE_BYTES + half * 64, sizeof further);
        *codes |= (four > 4 ? further >> (four - 4) : further << (4 - four)) & 0x10101010;
    }
    if (bits == 6) {
        const size_t at = four % 4 * 2;
        memcpy(&further, group + CODE_BYTES + four / 4 * STEP_BYTES + half * 64, sizeof further);
        *codes |= (at > 4 ? further >> (at - 4) : further << (4 - at)) & 0x30303030;
    }
}

LLM_TEMPLATE void load_halves(const char *p, f32x16 *values) {
    f16x16 stored;
    memcpy(&stored, p, sizeof stored);
    *values = __builtin_convertvector(stored, f32x16);
}

LLM_TEMPLATE void load_powers(u8x16 bytes, f32x16 *values) {
    const u32x16 e = __builtin_convertvector(bytes, u32x16);
    const u32x16 is_small = __builtin_bit_cast(u32x16, e < 2);
    *values = __builtin_bit_cast(f32x16, ((e + 1) << 21 & is_small) | ((e - 1) << 23 & ~is_small));
}

// The factors of a block of half a panel: of its scales and of its minima.
typedef struct {
    f32x16 scale, minimum;
} block_factors;

LLM_TEMPLATE void load_factors(
    llm_packing packing, const char *panel, size_t group, size_t half, block_factors *factors) {
    const llm_panel_kind *kind = panel_kinds + packing;
    if (kind->block == 0) return;
    const char *halves = panel + factors_offset(packing, group) + half * LLM_HALF_PANEL * sizeof(uint16_t);
    load_halves(halves, &factors->scale);
    if (kind->minimum_bytes) load_halves(halves + LLM_PANEL * sizeof(uint16_t), &factors->minimum);
}

// The scales of half a panel, of part `sub` of a group, and the minima, which are added.
LLM_TEMPLATE void load_scales(
    llm_packing packing, const char *group, size_t sub, size_t half, const block_factors *factors, f32x16 *scale,
    f32x16 *minimum) {
    const llm_panel_kind *kind = panel_kinds + packing;
    const size_t lane = (sub * 2 + half) * LLM_HALF_PANEL;
    const char *scales = group + codes_size(packing) + lane * kind->scale_bytes;
    i8x16 bytes;
    if (kind->scale_bytes == 2) {
        load_halves(scales, scale);
    } else {
        memcpy(&bytes, scales, sizeof bytes);
        if (kind->block) {
            *scale = __builtin_convertvector(bytes, f32x16) * factors->scale;
        } else {
            load_powers(__builtin_bit_cast(u8x16, bytes), scale);
        }
    }
    const char *minima = group + codes_size(packing) + scales_size(packing) + lane * kind->minimum_bytes;
    if (kind->minimum_bytes == 2) {
        load_halves(minima, minimum);
    } else if (kind->minimum_bytes == 1) {
        memcpy(&bytes, minima, sizeof bytes);
        const f32x16 numbers = __builtin_convertvector(__builtin_bit_cast(u8x16, bytes), f32x16);
        *minimum = -((kind->block ? factors->minimum : *scale) * numbers);
    }
}
