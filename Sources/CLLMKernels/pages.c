// Writing keys and values to their pages: float32 as it is, bfloat16 rounded, int8 with a scale a row.
#include "pages.h"

#include "vector16.h"

size_t llm_kv_element_bytes(llm_kv_dtype dtype) { return element_bytes(dtype); }

size_t llm_value_stride(size_t value_dim) { return (value_dim + LANES - 1) / LANES * LANES; }

// The scale of a row and, as `inverse`, what its elements are multiplied by. Zero both where the largest element is too
// small for an inverse; a row that has a NaN or an infinity gets the scale NaN, so that what reads it is NaN too.
static float row_scale(const float *row, size_t count, float *inverse) {
    int32_t largest = 0; // bits of the largest magnitude: they order as the numbers do, with NaN above all
    for (size_t i = 0; i < count; i++) {
        const int32_t magnitude = (int32_t)(bits_of(row[i]) & 0x7fffffff);
        largest = magnitude > largest ? magnitude : largest;
    }
    *inverse = 0;
    if (largest >= 0x7f800000) return NAN;
    float maximum;
    memcpy(&maximum, &largest, sizeof maximum);
    const float scale = maximum / 127.0f, reciprocal = 1.0f / scale;
    if (!(reciprocal < INFINITY)) return 0;
    *inverse = reciprocal;
    return scale;
}

// To nearest, ties to even, by the rounding constant of exp, for magnitudes of at most 127.
static inline int8_t int8_of(float x) { return (int8_t)(int32_t)(bits_of(x + EXP_ROUND) - bits_of(EXP_ROUND)); }

// Converts one token's row of a KV head to `target`, elements one behind the other; int8 has its scale in `scale`.
static void convert_row(llm_kv_dtype dtype, const float *row, size_t count, void *target, float *scale) {
    switch (dtype) {
    case LLM_KV_F32: memcpy(target, row, count * sizeof *row); break;
    case LLM_KV_BF16: {
        uint16_t *elements = target;
        for (size_t i = 0; i < count; i++) elements[i] = bfloat16_plain(row[i]);
        break;
    }
    case LLM_KV_INT8: {
        int8_t *elements = target;
        float inverse;
        *scale = row_scale(row, count, &inverse);
        if (inverse == 0) {
            memset(elements, 0, count);
        } else {
            for (size_t i = 0; i < count; i++) elements[i] = int8_of(row[i] * inverse);
        }
        break;
    }
    }
}

// Puts elements of one type LLM_KEY_GROUP apart.
#define SCATTER(type)                                                                                                  \
    for (size_t d = 0; d < p->key_dim; d++) ((type *)p->keys)[start + d * LLM_KEY_GROUP] = ((const type *)row)[d];    \
    break;

static void scatter_key(const llm_pages *p, size_t start, const void *row) {
    switch (p->dtype) {
    case LLM_KV_F32: SCATTER(float)
    case LLM_KV_BF16: SCATTER(uint16_t)
    case LLM_KV_INT8: SCATTER(int8_t)
    }
}

void llm_write_page(const llm_pages *p, size_t slot, const float *key, const float *value) {
    const size_t bytes = element_bytes(p->dtype);
    const bool scaled = p->dtype == LLM_KV_INT8;
    for (size_t head = 0; head < p->kv_heads; head++) {
        const size_t token = page_token(p, slot / p->block_size, head, slot % p->block_size);
        float row[LLM_MAX_KEY_DIM];
        convert_row(p->dtype, key + head * p->key_dim, p->key_dim, row, scaled ? p->key_scales + token : NULL);
        scatter_key(p, key_start(p, token), row);
        if (!p->values) continue;
        void *target = (char *)p->values + value_start(p, token) * bytes;
        convert_row(
            p->dtype, value + head * p->value_dim, p->value_dim, target, scaled ? p->value_scales + token : NULL);
    }
}
