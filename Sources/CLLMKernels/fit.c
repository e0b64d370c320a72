// Blocks of stored types from floats: one row a type, its parts, and how a block is fitted.
#include "fit.h"

#include "blocks.h"
#include "vector16.h"

#pragma STDC FP_CONTRACT OFF

static const fit_table iq4 = {
    16,
    {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};

// E2M1, doubled; code 8 is a second zero.
static const fit_table e2m1 = {
    15,
    {-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12},
    {15, 14, 13, 12, 11, 10, 9, 0, 1, 2, 3, 4, 5, 6, 7},
};

static const fit_kind kinds[] = {
    [LLM_Q8_0] = {32, FIT_HALF, false, 128, -127, 127, NULL, 0, 0},
    [LLM_Q4_0] = {32, FIT_HALF, false, 8, -8, 7, NULL, 0, 0},
    [LLM_Q4_1] = {32, FIT_HALF, true, 0, 0, 15, NULL, 0, 0},
    [LLM_Q5_0] = {32, FIT_HALF, false, 16, -16, 15, NULL, 0, 0},
    [LLM_Q5_1] = {32, FIT_HALF, true, 0, 0, 31, NULL, 0, 0},
    [LLM_Q2_K] = {16, FIT_INTEGERS, true, 0, 0, 3, NULL, 0, 15},
    [LLM_Q3_K] = {16, FIT_INTEGERS, false, 4, -4, 3, NULL, -32, 31},
    [LLM_Q4_K] = {32, FIT_INTEGERS, true, 0, 0, 15, NULL, 0, 63},
    [LLM_Q5_K] = {32, FIT_INTEGERS, true, 0, 0, 31, NULL, 0, 63},
    [LLM_Q6_K] = {16, FIT_INTEGERS, false, 32, -32, 31, NULL, -128, 127},
    [LLM_IQ4_NL] = {32, FIT_HALF, false, 0, -127, 113, &iq4, 0, 0},
    [LLM_IQ4_XS] = {32, FIT_INTEGERS, false, 0, -127, 113, &iq4, -32, 31},
    [LLM_MXFP4] = {32, FIT_POWER_OF_TWO, false, 0, -12, 12, &e2m1, 0, 0},
};

const fit_kind *llm_fit_kind(llm_dtype dtype) {
    static const fit_kind none = {0};
    return dtype < sizeof kinds / sizeof *kinds ? kinds + dtype : &none;
}

static size_t block_size(llm_dtype dtype) {
    size_t count;
    return llm_encodings(&count)[dtype].elements;
}

// Parts

size_t llm_block_group(llm_dtype dtype) { return llm_fit_kind(dtype)->group; }

float llm_code_value(llm_dtype dtype, uint8_t code) {
    const fit_kind *kind = llm_fit_kind(dtype);
    if (!kind->table) return (float)(code - kind->offset);
    for (size_t i = 0; i < kind->table->count; i++)
        if (kind->table->codes[i] == code) return kind->table->values[i];
    return 0;
}

static float half_value(uint16_t bits) { return half_at((const unsigned char *)&bits); }

// 2^(exponent - 128).
static float power_of_two(uint8_t exponent) {
    return float_of(exponent < 2 ? 0x200000u << exponent : (exponent - 1u) << 23);
}

void llm_block_steps(llm_dtype dtype, const llm_block_parts *parts, float steps[16], float bases[16]) {
    const fit_kind *kind = llm_fit_kind(dtype);
    const float scale = half_value(parts->scale), minimum = half_value(parts->minimum);
    for (size_t group = 0; group < block_size(dtype) / kind->group; group++) {
        bases[group] = -0.0f;
        switch (kind->scaling) {
        case FIT_HALF:
            steps[group] = scale;
            if (kind->has_bases) bases[group] = minimum;
            break;
        case FIT_INTEGERS:
            steps[group] = scale * (float)parts->scales[group];
            if (kind->has_bases) bases[group] = -(minimum * (float)parts->minima[group]);
            break;
        case FIT_POWER_OF_TWO: steps[group] = power_of_two((uint8_t)parts->scales[group]); break;
        }
    }
}

// x between two rows of the table belongs to the lower one where it is half way.
static uint8_t nearest_of_table(const fit_table *table, float value) {
    size_t i = 0;
    while (i + 1 < table->count && value > (table->values[i] + table->values[i + 1]) / 2) i++;
    return table->codes[i];
}

uint8_t llm_nearest_code(llm_dtype dtype, float step, float base, float x) {
    const fit_kind *kind = llm_fit_kind(dtype);
    const float value = step != 0 ? (x - base) / step : 0;
    if (kind->table) return nearest_of_table(kind->table, value);
    const float low = value > (float)kind->lowest ? value : (float)kind->lowest; // a NaN is the lowest
    const float rounded = (low < (float)kind->highest ? low : (float)kind->highest) + FIT_ROUND - FIT_ROUND;
    return (uint8_t)((int)rounded + kind->offset);
}

// Fitting

// The block is NaN whatever its codes are.
static void fit_nan(llm_block_parts *parts) {
    parts->scale = parts->minimum = 0x7e00;
    memset(parts->scales, 1, sizeof parts->scales);
    memset(parts->minima, 1, sizeof parts->minima);
}

// Importances as parts of the largest, from 2^-20 to 1.
static void take_importance(const float *importance, size_t count, float *taken) {
    float largest = 0; // a NaN is not above it
    for (size_t i = 0; importance && i < count; i++) largest = max_of(importance[i], largest);
    if (largest > 0x1p126f) largest = 0x1p126f;
    for (size_t i = 0; i < count; i++) {
        const float part = largest == 0 || importance[i] >= largest ? 1 : importance[i] / largest;
        taken[i] = part > 0x1p-20f ? part : 0x1p-20f;
    }
}

static void fit(
    llm_fit_search_fn search, llm_dtype dtype, const float *x, const float *importance, llm_block_parts *parts) {
    const fit_kind *kind = llm_fit_kind(dtype);
    const size_t count = block_size(dtype);
    float weights[FIT_BLOCK], importances[FIT_BLOCK], steps[FIT_GROUPS], bases[FIT_GROUPS];
    bool finite = true, zero = true;
    for (size_t i = 0; i < count; i++) {
        weights[i] = x[i];
        if (!isfinite(x[i])) {
            finite = false;
            weights[i] = isnan(x[i]) ? 0 : copysignf(0x1.fffffep127f, x[i]);
        }
        zero = zero && weights[i] == 0;
    }
    memset(parts, 0, sizeof *parts);
    if (!finite && kind->scaling != FIT_POWER_OF_TWO) {
        fit_nan(parts);
    } else if (!zero) {
        take_importance(importance, count, importances);
        search(kind, weights, importances, count, parts);
    }
    llm_block_steps(dtype, parts, steps, bases);
    for (size_t i = 0; i < count; i++)
        parts->codes[i] = llm_nearest_code(dtype, steps[i / kind->group], bases[i / kind->group], weights[i]);
}

static void fit_scalar(llm_dtype dtype, const float *x, const float *importance, llm_block_parts *parts) {
    fit(llm_fit_search_scalar, dtype, x, importance, parts);
}

#if defined(__x86_64__)
static void fit_avx2(llm_dtype dtype, const float *x, const float *importance, llm_block_parts *parts) {
    fit(llm_fit_search_avx2, dtype, x, importance, parts);
}

static void fit_avx512(llm_dtype dtype, const float *x, const float *importance, llm_block_parts *parts) {
    fit(llm_fit_search_avx512, dtype, x, importance, parts);
}
#endif

static const llm_fit_variant variants[] = {
    {"scalar", 0, fit_scalar},
#if defined(__x86_64__)
    {"avx2", LLM_CPU_AVX2, fit_avx2},
    {"avx512", LLM_CPU_AVX512, fit_avx512},
#endif
};

const llm_fit_variant *llm_fit_variants(size_t *count) {
    *count = sizeof variants / sizeof *variants;
    return variants;
}

// Rows

bool llm_can_encode(llm_dtype dtype) { return dtype <= LLM_BF16 || llm_block_group(dtype) != 0; }

static void encode_float(llm_dtype dtype, float x, unsigned char *bytes) {
    const _Float16 half = (_Float16)x;
    const uint16_t brain = bfloat16_plain(x);
    switch (dtype) {
    case LLM_F16: memcpy(bytes, &half, sizeof half); break;
    case LLM_BF16: memcpy(bytes, &brain, sizeof brain); break;
    default: memcpy(bytes, &x, sizeof x); break;
    }
}

void llm_encode_blocks(
    llm_fit_fn fit, llm_dtype dtype, const float *x, const float *importance, size_t count, unsigned char *blocks) {
    size_t types;
    const llm_encoding *encoding = llm_encodings(&types) + dtype;
    for (size_t block = 0; block < count; block++, blocks += encoding->bytes) {
        const size_t start = block * encoding->elements;
        if (encoding->elements == 1) {
            encode_float(dtype, x[start], blocks);
            continue;
        }
        llm_block_parts parts;
        fit(dtype, x + start, importance ? importance + start : NULL, &parts);
        llm_join_block(dtype, &parts, blocks);
    }
}
