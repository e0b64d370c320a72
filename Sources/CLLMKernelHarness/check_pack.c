// Packing: the panel's bytes, and every weight read back.
#include "check.h"

// Whether a block's weights are of a magnitude that every packing can hold.
static bool is_moderate(llm_dtype dtype, const llm_encoding *encoding, const char *block) {
    float weights[256];
    llm_decode(dtype, block, 0, encoding->elements, weights);
    float largest = 0;
    for (size_t i = 0; i < encoding->elements; i++) {
        if (!(fabsf(weights[i]) < 1000)) return false;
        largest = fmaxf(largest, fabsf(weights[i]));
    }
    return largest > 0x1p-10f;
}

// Blocks of random bytes, but for the first four, which are the scales of many types. In ordinary ones the weights are
// moderate, wherever a type has its scales.
static void fill_blocks(check_case *c, llm_dtype dtype, flavor flavor, size_t count, char *blocks) {
    size_t types;
    const llm_encoding *encoding = llm_encodings(&types) + dtype;
    const float *scales = random_floats(c, flavor, count, 2, 2);
    for (size_t block = 0; block < count; block++, blocks += encoding->bytes) {
        const _Float16 halves[] = {(_Float16)scales[block * 2], (_Float16)scales[block * 2 + 1]};
        size_t tries = 0;
        do {
            for (size_t i = 0; i < encoding->bytes; i++) blocks[i] = (char)random_bits(c);
            if (tries == 0) memcpy(blocks, halves, sizeof halves);
        } while (flavor == ORDINARY && !is_moderate(dtype, encoding, blocks) && ++tries < 1000);
    }
}

void *take_weights(check_case *c, llm_dtype dtype, flavor flavor, size_t k) {
    size_t count;
    const llm_encoding *encoding = llm_encodings(&count) + dtype;
    if (encoding->elements > 1) {
        const size_t blocks = k / encoding->elements, shift = random_size(c, 0, 3);
        char *weights = (char *)take(c, blocks * encoding->bytes + shift) + shift;
        fill_blocks(c, dtype, flavor, blocks, weights);
        for (size_t i = 1; dtype == LLM_STORED_INT8 && i < blocks; i++) memcpy(weights + i * encoding->bytes, weights, 4);
        return weights;
    }
    const float *values = random_floats(c, flavor, 1, k, k);
    const size_t bytes = encoding->bytes, shift = random_size(c, 0, 3);
    char *weights = (char *)take(c, k * bytes + shift) + shift;
    for (size_t i = 0; i < k; i++) {
        const _Float16 half = (_Float16)values[i];
        switch (dtype) {
        case LLM_F32: memcpy(weights + i * bytes, values + i, bytes); break;
        case LLM_F16: memcpy(weights + i * bytes, &half, bytes); break;
        default: memcpy(weights + i * bytes, (const char *)(values + i) + 2, bytes); break;
        }
    }
    return weights;
}

// How far a weight may be from what the panel holds, for the largest magnitude that shares its scale.
static double tolerance(llm_packing packing, double largest, double weight) {
    // A float16 scale is rounded to 11 bits, a denormal one to 2^-25.
    const double scale = largest / (packing == LLM_PANEL_Q4 ? 8 : 127);
    const double rounding = fmax(scale * 0x1p-11, 0x1p-25);
    switch (packing) {
    case LLM_PANEL_F32: return 0;
    case LLM_PANEL_F16: return fmax(fabs(weight) * 0x1p-11, 0x1p-25);
    case LLM_PANEL_BF16: return fabs(weight) * 0x1p-8;
    case LLM_PANEL_Q8: return 0.501 * scale + 127 * rounding;
    case LLM_PANEL_Q4: return 1.001 * scale + 8 * rounding;
    case LLM_PANEL_W8: return 0.501 * scale;
    default: return 0;
    }
}

static double largest_of(const float *weights, size_t begin, size_t end) {
    double largest = 0;
    for (size_t i = begin; i < end; i++) largest = fmax(largest, fabs((double)weights[i]));
    return largest;
}

static bool check_values(
    check_case *c, llm_packing packing, const llm_stored_row *rows, size_t k, const void *panel) {
    float *unpacked = take(c, k * sizeof *unpacked), *weights = take(c, k * sizeof *weights);
    for (size_t feature = 0; feature < LLM_PANEL; feature++) {
        llm_unpack_row(packing, panel, k, feature, unpacked);
        memset(weights, 0, k * sizeof *weights);
        if (rows[feature].data) llm_decode(rows[feature].dtype, rows[feature].data, 0, k, weights);
        const bool exact = !rows[feature].data || llm_holds(packing, rows[feature].dtype);
        for (size_t i = 0; i < k; i++) {
            const size_t group = packing == LLM_PANEL_W8 ? 0 : i / LLM_GROUP * LLM_GROUP;
            const size_t end = packing == LLM_PANEL_W8 || group + LLM_GROUP > k ? k : group + LLM_GROUP;
            const double wanted = weights[i];
            const double allowed = exact ? 0 : tolerance(packing, largest_of(weights, group, end), wanted);
            if (!(fabs((double)unpacked[i] - wanted) <= allowed))
                return fails(
                    c, "scalar", "feature %zu, input %zu is %.9g for a weight of %.9g", feature, i,
                    (double)unpacked[i], wanted);
        }
    }
    return true;
}

// Packs rows with the plain variant and with the others.
static bool check_panel(check_case *c, llm_packing packing, const llm_stored_row *rows, size_t k, flavor flavor) {
    size_t count;
    const llm_pack_variant *variants = llm_pack_variants(&count);
    const output plain = take_output(c, INT8S, 1, llm_panel_bytes(packing, k));
    const output before = copy_output(c, &plain);
    variants[0].function(packing, rows, k, plain.data);
    if (!only_part(c, "the panel", &before, &plain, (output_part){0, 1, 0, plain.stride})) return false;
    if (flavor == ORDINARY && !check_values(c, packing, rows, k, plain.data)) return false;
    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before);
        variants[i].function(packing, rows, k, own.data);
        if (!same_output(c, variants[i].name, "the panel", &plain, &own)) return false;
    }
    return true;
}

// Some of a panel's rows are missing, most often the last ones.
static void drop_rows(check_case *c, llm_stored_row *rows, size_t missing) {
    for (size_t i = 0; i < missing; i++) rows[random_one_in(c, 4) ? i : LLM_PANEL - 1 - i].data = NULL;
}

// Floats of one type.
static bool check_pack(check_case *c) {
    size_t count;
    const llm_panel_kind *kinds = llm_panel_kinds(&count);
    const llm_encoding *encodings = llm_encodings(&count);
    const llm_packing packing = (llm_packing)random_size(c, LLM_PANEL_F32, LLM_PANEL_W8);
    llm_dtype dtype = (llm_dtype)random_size(c, LLM_F32, LLM_BF16);
    if (packing == LLM_PANEL_F32) dtype = LLM_F32;
    if (packing == LLM_PANEL_F16) dtype = LLM_F16;
    if (packing == LLM_PANEL_BF16) dtype = LLM_BF16;
    const size_t k = random_width(c, 600), missing = random_one_in(c, 2) ? random_size(c, 1, 31) : 0;
    const flavor flavor = random_flavor(c);
    describe(c, "%s of %s, k %zu, %zu features missing", kinds[packing].name,
        encodings[dtype].name, k, missing);

    llm_stored_row rows[LLM_PANEL];
    for (size_t f = 0; f < LLM_PANEL; f++) rows[f] = (llm_stored_row){dtype, take_weights(c, dtype, flavor, k)};
    drop_rows(c, rows, missing);
    return check_panel(c, packing, rows, k, flavor);
}

DEFINE_CHECK(pack)

// Every stored type, alone or mixed, to every packing that takes it.
static bool check_pack_stored(check_case *c) {
    size_t types, packings;
    const llm_encoding *encodings = llm_encodings(&types);
    const llm_panel_kind *kinds = llm_panel_kinds(&packings);
    const llm_packing packing = (llm_packing)random_size(c, 0, packings - 1);
    const bool mixed = random_one_in(c, 2), takes_all = packing <= LLM_PANEL_W8;
    size_t first;
    do first = random_size(c, 0, types - 1);
    while (!takes_all && !llm_holds(packing, (llm_dtype)first));
    const size_t k = whole(random_width(c, 600), 256);
    const flavor flavor = random_flavor(c);
    describe(c, "%s of %s%s, k %zu", kinds[packing].name, encodings[first].name, mixed ? " and others" : "", k);

    llm_stored_row rows[LLM_PANEL];
    for (size_t f = 0; f < LLM_PANEL; f++) {
        llm_dtype dtype = (llm_dtype)(mixed ? random_size(c, 0, types - 1) : first);
        if (!takes_all && !llm_holds(packing, dtype)) dtype = (llm_dtype)first;
        rows[f] = (llm_stored_row){dtype, take_weights(c, dtype, flavor, k)};
    }
    drop_rows(c, rows, random_one_in(c, 2) ? random_size(c, 1, 31) : 0);
    return check_panel(c, packing, rows, k, flavor);
}

const kernel_check pack_stored_check = {"pack_stored", pack_table, check_pack_stored};
