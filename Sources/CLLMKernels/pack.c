// Packed weights: panels of 32 output features, so that one vector holds one input's weights for 16 features.
#include "CLLMKernels.h"

#include "panels.h"
#include "quantize.h"
#include "vector16.h"

const llm_panel_kind *llm_panel_kinds(size_t *count) {
    *count = sizeof panel_kinds / sizeof *panel_kinds;
    return panel_kinds;
}

size_t llm_panel_bytes(llm_packing packing, size_t k) { return panel_size(packing, k); }

// Words of 32 bits, a float32 or a pair of bfloat16, change places from rows of words to [words][32 features].
static void transpose_words(const llm_stored_row *rows, size_t begin, size_t end, uint32_t *panel) {
    for (size_t i = begin; i < end; i++)
        for (size_t f = 0; f < LLM_PANEL; f++)
            if (rows[f].data)
                memcpy(panel + i * LLM_PANEL + f, (const char *)rows[f].data + i * sizeof *panel, sizeof *panel);
}

// The same by blocks: transposes `words` from the first on and returns how many.
typedef size_t transpose_blocks(const llm_stored_row *rows, size_t words, uint32_t *panel);

static size_t transpose_none(const llm_stored_row *rows, size_t words, uint32_t *panel) {
    (void)rows, (void)words, (void)panel;
    return 0;
}

LLM_TEMPLATE void copy_floats(
    llm_packing packing, const llm_stored_row *rows, size_t k, void *panel, transpose_blocks *blocks) {
    bool all = true;
    for (size_t f = 0; f < LLM_PANEL; f++) all = all && rows[f].data;
    if (!all || (k % 2 != 0 && packing != LLM_PANEL_F32)) memset(panel, 0, panel_size(packing, k));
    size_t packed = 0;
    if (packing != LLM_PANEL_F16) {
        packed = packing == LLM_PANEL_F32 ? k : k / 2 * 2;
        const size_t words = packing == LLM_PANEL_F32 ? k : k / 2;
        transpose_words(rows, all ? blocks(rows, words, panel) : 0, words, panel);
    }
    for (size_t i = packed; i < k; i++)
        for (size_t f = 0; f < LLM_PANEL; f++)
            if (rows[f].data)
                memcpy((char *)panel + panel_index(packing, f, i) * 2, (const char *)rows[f].data + i * 2, 2);
}

static void store_float(llm_packing packing, void *panel, size_t index, float weight) {
    if (packing == LLM_PANEL_F32) {
        ((float *)panel)[index] = weight;
    } else if (packing == LLM_PANEL_F16) {
        ((_Float16 *)panel)[index] = (_Float16)weight;
    } else {
        ((uint16_t *)panel)[index] = bfloat16_plain(weight);
    }
}

// Rows of any stored type, widened and rounded to the packing's.
static void round_floats(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel) {
    memset(panel, 0, panel_size(packing, k));
    for (size_t f = 0; f < LLM_PANEL; f++) {
        if (!rows[f].data) continue;
        for (size_t start = 0; start < k; start += PIECE) {
            float weights[PIECE];
            const size_t count = k - start < PIECE ? k - start : PIECE;
            llm_decode(rows[f].dtype, rows[f].data, start, count, weights);
            for (size_t i = 0; i < count; i++)
                store_float(packing, panel, panel_index(packing, f, start + i), weights[i]);
        }
    }
}

// Whether all rows are of the packing's own type.
static bool is_own(llm_packing packing, const llm_stored_row *rows) {
    size_t count;
    const llm_encoding *encodings = llm_encodings(&count);
    for (size_t f = 0; f < LLM_PANEL; f++) {
        const llm_encoding *e = encodings + rows[f].dtype;
        if (rows[f].data && (e->elements != 1 || e->packing != packing)) return false;
    }
    return true;
}

static void pack_scalar(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel) {
    if (is_integer(packing)) {
        llm_quantize_scalar(packing, rows, k, panel);
    } else if (is_own(packing, rows)) {
        copy_floats(packing, rows, k, panel, transpose_none);
    } else {
        round_floats(packing, rows, k, panel);
    }
}

#if defined(__x86_64__)
// Eight words of eight rows at a time, each row from one load.
LLM_TARGET_AVX2 static size_t transpose_avx2(const llm_stored_row *rows, size_t words, uint32_t *panel) {
    typedef uint32_t u32x8 __attribute__((ext_vector_type(8)));
    const size_t count = words / 8 * 8;
    for (size_t i = 0; i < count; i += 8) {
        for (size_t f = 0; f < LLM_PANEL; f += 8) {
            u32x8 row[8], pair[8], four[8];
            LLM_UNROLL for (size_t r = 0; r < 8; r++) 
                memcpy(row + r, (const char *)rows[f + r].data + i * 4, sizeof *row);
            LLM_UNROLL for (size_t r = 0; r < 8; r += 2) {
                pair[r] = __builtin_shufflevector(row[r], row[r + 1], 0, 8, 1, 9, 4, 12, 5, 13);
                pair[r + 1] = __builtin_shufflevector(row[r], row[r + 1], 2, 10, 3, 11, 6, 14, 7, 15);
            }
            // four[w] has words w and w + 4 of rows 0 to 3, four[w + 4] those of rows 4 to 7.
            LLM_UNROLL for (size_t r = 0; r < 8; r += 4) {
                LLM_UNROLL for (size_t w = 0; w < 2; w++) {
                    four[r + 2 * w] = __builtin_shufflevector(pair[r + w], pair[r + w + 2], 0, 1, 8, 9, 4, 5, 12, 13);
                    four[r + 2 * w + 1] =
                        __builtin_shufflevector(pair[r + w], pair[r + w + 2], 2, 3, 10, 11, 6, 7, 14, 15);
                }
            }
            LLM_UNROLL for (size_t w = 0; w < 4; w++) {
                const u32x8 low = __builtin_shufflevector(four[w], four[w + 4], 0, 1, 2, 3, 8, 9, 10, 11);
                const u32x8 high = __builtin_shufflevector(four[w], four[w + 4], 4, 5, 6, 7, 12, 13, 14, 15);
                memcpy(panel + (i + w) * LLM_PANEL + f, &low, sizeof low);
                memcpy(panel + (i + w + 4) * LLM_PANEL + f, &high, sizeof high);
            }
        }
    }
    return count;
}

static void pack_avx2(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel) {
    if (is_integer(packing)) {
        llm_quantize_avx2(packing, rows, k, panel);
    } else if (is_own(packing, rows)) {
        copy_floats(packing, rows, k, panel, transpose_avx2);
    } else {
        round_floats(packing, rows, k, panel);
    }
}
#endif

static const llm_pack_variant variants[] = {
    {"scalar", 0, pack_scalar},
#if defined(__x86_64__)
    {"avx2", LLM_CPU_AVX2, pack_avx2},
#endif
};

const llm_pack_variant *llm_pack_variants(size_t *count) {
    *count = sizeof variants / sizeof *variants;
    return variants;
}

static void unpack_integers(llm_packing packing, const char *panel, size_t k, size_t feature, float *row) {
    const size_t span = scale_group(packing);
    for (size_t group = 0; group < k; group += span) {
        const float scale = panel_scale(packing, panel, k, feature, group);
        const bool has_minimum = panel_kinds[packing].minimum_bytes != 0;
        const float minimum = has_minimum ? panel_minimum(packing, panel, k, feature, group) : 0;
        for (size_t i = group; i < k && i < group + span; i++) {
            const float scaled = (float)panel_integer(packing, panel, feature, i) * scale;
            row[i] = has_minimum ? scaled + minimum : scaled;
        }
    }
}

void llm_unpack_row(llm_packing packing, const void *packed, size_t k, size_t index, float *row) {
    const char *panel = (const char *)packed + index / LLM_PANEL * panel_size(packing, k);
    const size_t feature = index % LLM_PANEL;
    switch (packing) {
    case LLM_PANEL_F32:
        for (size_t i = 0; i < k; i++) row[i] = ((const float *)panel)[panel_index(packing, feature, i)];
        break;
    case LLM_PANEL_F16:
        for (size_t i = 0; i < k; i++) row[i] = (float)((const _Float16 *)panel)[panel_index(packing, feature, i)];
        break;
    case LLM_PANEL_BF16:
        for (size_t i = 0; i < k; i++)
            row[i] = float_of((uint32_t)((const uint16_t *)panel)[panel_index(packing, feature, i)] << 16);
        break;
    default: unpack_integers(packing, panel, k, feature, row); break;
    }
}
