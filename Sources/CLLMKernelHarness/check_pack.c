// Packing: the panel's bytes, and every weight read back.
#include "check.h"

void *take_weights(check_case *c, llm_dtype dtype, flavor flavor, size_t k) {
    const float *values = random_floats(c, flavor, 1, k, k);
    const size_t bytes = dtype == LLM_F32 ? sizeof(float) : sizeof(uint16_t), shift = random_size(c, 0, 3);
    char *weights = (char *)take(c, k * bytes + shift) + shift;
    for (size_t i = 0; i < k; i++) {
        const _Float16 half = (_Float16)values[i];
        switch (dtype) {
        case LLM_F32: memcpy(weights + i * bytes, values + i, bytes); break;
        case LLM_F16: memcpy(weights + i * bytes, &half, bytes); break;
        case LLM_BF16: memcpy(weights + i * bytes, (const char *)(values + i) + 2, bytes); break;
        }
    }
    return weights;
}

double weight_value(llm_dtype dtype, const void *weights, size_t i) {
    float value = 0;
    _Float16 half;
    switch (dtype) {
    case LLM_F32: memcpy(&value, (const char *)weights + i * 4, 4); return value;
    case LLM_F16: memcpy(&half, (const char *)weights + i * 2, 2); return half;
    case LLM_BF16: memcpy((char *)&value + 2, (const char *)weights + i * 2, 2); return value;
    }
    return 0;
}

// How far a weight may be from what the panel holds, for the largest magnitude that shares its scale.
static double tolerance(llm_packing packing, double largest) {
    // A float16 scale is rounded to 11 bits, a denormal one to 2^-25.
    const double scale = largest / (packing == LLM_PANEL_Q4 ? 8 : 127);
    const double rounding = fmax(scale * 0x1p-11, 0x1p-25);
    switch (packing) {
    case LLM_PANEL_Q8: return 0.501 * scale + 127 * rounding;
    case LLM_PANEL_Q4: return 1.001 * scale + 8 * rounding;
    case LLM_PANEL_W8: return 0.501 * scale;
    default: return 0;
    }
}

static double largest_of(llm_dtype dtype, const void *weights, size_t begin, size_t end) {
    double largest = 0;
    for (size_t i = begin; i < end; i++) largest = fmax(largest, fabs(weight_value(dtype, weights, i)));
    return largest;
}

static bool check_values(
    check_case *c, llm_packing packing, llm_dtype dtype, void *const *rows, size_t k, const void *panel) {
    float *unpacked = take(c, k * sizeof *unpacked);
    for (size_t feature = 0; feature < LLM_PANEL; feature++) {
        llm_unpack_row(packing, panel, k, feature, unpacked);
        for (size_t i = 0; i < k; i++) {
            double wanted = 0, allowed = 0;
            if (rows[feature]) {
                const size_t group = packing == LLM_PANEL_W8 ? 0 : i / LLM_GROUP * LLM_GROUP;
                const size_t end = packing == LLM_PANEL_W8 || group + LLM_GROUP > k ? k : group + LLM_GROUP;
                wanted = weight_value(dtype, rows[feature], i);
                allowed = tolerance(packing, largest_of(dtype, rows[feature], group, end));
            }
            if (!(fabs((double)unpacked[i] - wanted) <= allowed))
                return fails(
                    c, "scalar", "feature %zu, input %zu is %.9g for a weight of %.9g", feature, i,
                    (double)unpacked[i], wanted);
        }
    }
    return true;
}

static bool check_pack(check_case *c) {
    static const char *const names[] = {"F32", "F16", "BF16", "Q8", "Q4", "W8"};
    const llm_packing packing = (llm_packing)random_size(c, LLM_PANEL_F32, LLM_PANEL_W8);
    llm_dtype dtype = (llm_dtype)random_size(c, LLM_F32, LLM_BF16);
    if (packing == LLM_PANEL_F32) dtype = LLM_F32;
    if (packing == LLM_PANEL_F16) dtype = LLM_F16;
    if (packing == LLM_PANEL_BF16) dtype = LLM_BF16;
    const size_t k = random_width(c, 600), missing = random_one_in(c, 2) ? random_size(c, 1, 31) : 0;
    const flavor flavor = random_flavor(c);
    describe(c, "%s of %s, k %zu, %zu features missing", names[packing], names[dtype], k, missing);

    void *rows[LLM_PANEL];
    for (size_t f = 0; f < LLM_PANEL; f++) rows[f] = take_weights(c, dtype, flavor, k);
    for (size_t i = 0; i < missing; i++) rows[random_one_in(c, 4) ? i : LLM_PANEL - 1 - i] = NULL;

    size_t count;
    const llm_pack_variant *variants = llm_pack_variants(&count);
    const output plain = take_output(c, INT8S, 1, llm_panel_bytes(packing, k));
    const output before = copy_output(c, &plain);
    variants[0].function(packing, dtype, (const void *const *)rows, k, plain.data);
    if (!only_part(c, "the panel", &before, &plain, (output_part){0, 1, 0, plain.stride})) return false;
    if (flavor == ORDINARY && !check_values(c, packing, dtype, rows, k, plain.data)) return false;
    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before);
        variants[i].function(packing, dtype, (const void *const *)rows, k, own.data);
        if (!same_output(c, variants[i].name, "the panel", &plain, &own)) return false;
    }
    return true;
}

DEFINE_CHECK(pack)
