// What attention does to a tile of rows within a partition: scores, softmax, weighted values.
//
// A tile of rows is held in registers against `wide` vectors of keys or of a value's elements; rows, `wide` and the type
// of the pages are constants wherever these are inlined.
#pragma once

#include "pages.h"
#include "vector16.h"

enum { GROUPS = LLM_PARTITION / LLM_KEY_GROUP, STEPS = LLM_PARTITION / LLM_KEY_STEP, STEP_GROUPS = 2 };

enum { ROWS = LLM_ATTENTION_ROWS, TYPES = 3, MAX_TILE = 12, MAX_WIDE = 8, MAX_SHARED_WIDE = 2 };

typedef struct {
    _Alignas(64) float q[LLM_MAX_KEY_DIM * ROWS];        // [key_dim][ROWS]
    _Alignas(64) float output[ROWS * LLM_MAX_VALUE_DIM]; // [ROWS][value_stride]
    _Alignas(64) float scores[ROWS][LLM_PARTITION];     // then weights
    _Alignas(64) float factors[ROWS][LANES];            // what a step multiplies the partition so far by; then OLD, NEW
    float maxima[ROWS][STEPS];                          // of the partition up to the step
    float maximum[ROWS], sum[ROWS];
    size_t first[ROWS], last[ROWS]; // positions that the row sees; rising
    size_t visible[ROWS]; // positions of the partition at hand, up to the last that the row sees
    size_t hidden[ROWS];  // of these the first, which lie behind the row's window
    size_t head[ROWS], position[ROWS];
    float *out[ROWS];
} attention_rows;

enum { OLD = STEPS, NEW = STEPS + 1 };

// A partition's pages, by groups of 16 positions.
typedef struct {
    const void *keys[GROUPS];   // [key_dim][16]
    const void *values[GROUPS]; // [16][value_stride]; of latent pages the keys
    const float *key_scales[GROUPS], *value_scales[GROUPS]; // [16] or NULL
} partition_pages;

// Asks for memory that is read soon: the run of 16 elements that is `run` runs on.
LLM_TEMPLATE void prefetch_run(const llm_kv_dtype dtype, const void *from, size_t run) {
    __builtin_prefetch((const char *)from + run * LANES * element_bytes(dtype));
}

// 16 elements from `index` on, widened.
LLM_TEMPLATE f32x16 load_wide(const llm_kv_dtype dtype, const void *elements, size_t index) {
    switch (dtype) {
    case LLM_KV_F32: return load16((const float *)elements + index);
    case LLM_KV_BF16: {
        typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
        u16x16 v;
        memcpy(&v, (const uint16_t *)elements + index, sizeof v);
        return __builtin_bit_cast(f32x16, __builtin_convertvector(v, u32x16) << 16);
    }
    case LLM_KV_INT8: {
        typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
        i8x16 v;
        memcpy(&v, (const int8_t *)elements + index, sizeof v);
        return __builtin_convertvector(v, f32x16);
    }
    }
    return 0;
}

LLM_TEMPLATE size_t clamped(size_t value, size_t from, size_t most) {
    return value <= from ? 0 : value - from < most ? value - from : most;
}

// Scores of rows [first, first + rows) against `wide` groups of keys, those from `group` on of the partition. As many
// bytes of its values are asked for.
LLM_TEMPLATE void score_tile(
    attention_rows *b, size_t first, const size_t rows, const llm_kv_dtype dtype, const void *const *keys,
    const partition_pages *pages, size_t group, const size_t wide, size_t dim, float scale) {
    f32x16 sums[MAX_TILE][MAX_WIDE];
    LLM_UNROLL for (size_t r = 0; r < rows; r++) LLM_UNROLL for (size_t w = 0; w < wide; w++) sums[r][w] = 0;
    const float *q = b->q + first;
    for (size_t d = 0; d < dim; d++) {
        f32x16 key[MAX_WIDE];
        LLM_UNROLL for (size_t w = 0; w < wide; w++) {
            prefetch_run(dtype, pages->values[group + w], d);
            key[w] = load_wide(dtype, keys[w], d * LLM_KEY_GROUP);
        }
        LLM_UNROLL for (size_t r = 0; r < rows; r++)
            LLM_UNROLL for (size_t w = 0; w < wide; w++)
                sums[r][w] = fma16((f32x16)q[d * ROWS + r], key[w], sums[r][w]);
    }
    LLM_UNROLL for (size_t w = 0; w < wide; w++) {
        const float *scales = pages->key_scales[group + w];
        const f32x16 factor = scales ? load16(scales) * (f32x16)scale : (f32x16)scale;
        LLM_UNROLL for (size_t r = 0; r < rows; r++)
            store16(b->scores[first + r] + (group + w) * LANES, sums[r][w] * factor);
    }
}

// Soft-caps a row's scores of the steps that it sees something of.
LLM_TEMPLATE void cap_scores(attention_rows *b, size_t r, float softcap) {
    const size_t first = b->hidden[r] / LANES * LANES;
    for (size_t i = first; i < b->visible[r]; i += LANES) {
        float *scores = b->scores[r] + i;
        store16(scores, (f32x16)softcap * tanh16(load16(scores) / (f32x16)softcap));
    }
}

// Lowers a row's scores of the groups that it sees something of, by how far behind it their keys lie.
LLM_TEMPLATE void slope_scores(attention_rows *b, size_t r, float slope, size_t partition) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t i = b->hidden[r] / LANES * LANES; i < b->visible[r]; i += LANES) {
        const i32x16 place = lane + (int32_t)((int64_t)(partition + i) - (int64_t)b->last[r]);
        float *scores = b->scores[r] + i;
        store16(scores, fma16((f32x16)slope, __builtin_convertvector(place, f32x16), load16(scores)));
    }
}

// The bias of the key at `key`, for a query at `position`.
static inline float bias_at(const float *biases, size_t span, size_t position, size_t key) {
    if (key + span < position) return biases[0];
    return biases[key < position + span ? key + span - position : 2 * span];
}

// Adds to a row's scores of the groups that it sees something of the biases of their keys' distances.
LLM_TEMPLATE void bias_scores(attention_rows *b, size_t r, const float *biases, size_t span, size_t partition) {
    const size_t position = b->position[r];
    for (size_t i = b->hidden[r] / LANES * LANES; i < b->visible[r]; i += LANES) {
        const size_t key = partition + i;
        float *scores = b->scores[r] + i, own[LANES];
        const bool within = key + span >= position && key + LANES <= position + span + 1;
        for (size_t lane = 0; lane < LANES && !within; lane++) own[lane] = bias_at(biases, span, position, key + lane);
        store16(scores, load16(scores) + load16(within ? biases + (key + span - position) : own));
    }
}

// Masks what a row does not see of a partition, and leaves in `factors` the exponents of its steps, of OLD and of NEW.
// A step that the row sees nothing of changes no maximum, so that its factor is 1.
LLM_TEMPLATE void find_maxima(attention_rows *b, size_t r) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    float maximum = -INFINITY;
    for (size_t step = 0; step < STEPS; step++) {
        float *scores = b->scores[r] + step * LLM_KEY_STEP;
        const size_t seen = clamped(b->visible[r], step * LLM_KEY_STEP, LLM_KEY_STEP);
        const size_t hidden = clamped(b->hidden[r], step * LLM_KEY_STEP, LLM_KEY_STEP);
        float larger = maximum;
        if (seen < LLM_KEY_STEP) {
            store16(scores, select16(lane < (int32_t)seen, load16(scores), (f32x16)-INFINITY));
            store16(scores + LANES, select16(lane + LANES < (int32_t)seen, load16(scores + LANES), (f32x16)-INFINITY));
        }
        if (hidden > 0) {
            store16(scores, select16(lane >= (int32_t)hidden, load16(scores), (f32x16)-INFINITY));
            store16(
                scores + LANES, select16(lane + LANES >= (int32_t)hidden, load16(scores + LANES), (f32x16)-INFINITY));
        }
        const bool sees = seen > hidden;
        if (sees) larger = max_of(maximum, max_lanes(max16(load16(scores), load16(scores + LANES))));
        b->factors[r][step] = sees ? maximum - larger : 0;
        maximum = larger;
        // Before the first step with a maximum all weights are 0, whatever they are counted from.
        b->maxima[r][step] = seen <= hidden && b->hidden[r] > step * LLM_KEY_STEP ? 0 : maximum;
    }
    const bool sees = b->visible[r] > b->hidden[r];
    const float merged = sees ? max_of(b->maximum[r], maximum) : b->maximum[r];
    b->factors[r][OLD] = sees ? b->maximum[r] - merged : 0;
    b->factors[r][NEW] = sees ? maximum - merged : 0;
    b->maximum[r] = merged;
}

// Turns a row's scores of a partition into weights, and merges their sum.
LLM_TEMPLATE void weigh_scores(attention_rows *b, size_t r, const partition_pages *pages) {
    const float *factors = b->factors[r];
    f32x16 sums[STEPS];
    LLM_UNROLL for (size_t step = 0; step < STEPS; step += 2) {
        float *scores = b->scores[r] + step * LLM_KEY_STEP;
        f32x16 weights[4];
        LLM_UNROLL for (size_t i = 0; i < 4; i++)
            weights[i] = load16(scores + i * LANES) - (f32x16)b->maxima[r][step + i / STEP_GROUPS];
        exp16_each(weights, 4);
        sums[step] = weights[0] + weights[1];
        sums[step + 1] = weights[2] + weights[3];
        if (pages->value_scales[0]) {
            LLM_UNROLL for (size_t i = 0; i < 4; i++)
                weights[i] = weights[i] * load16(pages->value_scales[step * STEP_GROUPS + i]);
        }
        LLM_UNROLL for (size_t i = 0; i < 4; i++) store16(scores + i * LANES, weights[i]);
    }
    float sum = 0;
    LLM_UNROLL for (size_t step = 0; step < STEPS; step++) sum = fmaf(sum, factors[step], sum_lanes(sums[step]));
    b->sum[r] = fmaf(b->sum[r], factors[OLD], sum * factors[NEW]);
}

// Adds the positions [from, to) of a group to the sums of those rows that see them, row by row. Sums are in memory
// meanwhile.
LLM_TEMPLATE void add_positions(
    const attention_rows *b, size_t first, const size_t rows, const llm_kv_dtype dtype, const void *values,
    size_t stride, const size_t wide, size_t group, size_t from, size_t to, f32x16 (*sums)[MAX_WIDE]) {
    f32x16 held[MAX_TILE][MAX_WIDE];
    LLM_UNROLL for (size_t r = 0; r < rows; r++) LLM_UNROLL for (size_t w = 0; w < wide; w++) held[r][w] = sums[r][w];
    for (size_t r = 0; r < rows; r++) {
        const float *weights = b->scores[first + r] + group * LANES;
        const size_t hidden = clamped(b->hidden[first + r], group * LANES, LANES);
        const size_t seen = clamped(b->visible[first + r], group * LANES, LANES);
        for (size_t j = from > hidden ? from : hidden; j < (to < seen ? to : seen); j++)
            for (size_t w = 0; w < wide; w++)
                held[r][w] = fma16((f32x16)weights[j], load_wide(dtype, values, j * stride + w * LANES), held[r][w]);
    }
    LLM_UNROLL for (size_t r = 0; r < rows; r++) LLM_UNROLL for (size_t w = 0; w < wide; w++) sums[r][w] = held[r][w];
}

// Merges the weighted values of a partition into `wide` vectors of the output of rows [first, first + rows). The values
// of a group's positions begin at values[group], `stride` elements apart. As many bytes from ahead[group] on are asked
// for.
LLM_TEMPLATE void value_tile(
    attention_rows *b, size_t first, const size_t rows, const llm_kv_dtype dtype, const void *const *values,
    const void *const *ahead, size_t stride, const size_t wide, float *output, size_t output_stride) {
    f32x16 sums[MAX_TILE][MAX_WIDE];
    LLM_UNROLL for (size_t r = 0; r < rows; r++) LLM_UNROLL for (size_t w = 0; w < wide; w++) sums[r][w] = 0;
    const size_t least = b->visible[first], most = b->visible[first + rows - 1];
    const size_t nearest = b->hidden[first], furthest = b->hidden[first + rows - 1];
    for (size_t group = nearest / LANES; group * LANES < most; group++) {
        if (group > 0 && group % STEP_GROUPS == 0) {
            LLM_UNROLL for (size_t r = 0; r < rows; r++)
                LLM_UNROLL for (size_t w = 0; w < wide; w++)
                    sums[r][w] = sums[r][w] * (f32x16)b->factors[first + r][group / STEP_GROUPS];
        }
        const float(*weights)[LLM_PARTITION] = (const float(*)[LLM_PARTITION])(b->scores[first] + group * LANES);
        // All rows see positions [begin, together), some of them others before and after.
        const size_t together = clamped(least, group * LANES, LANES), end = clamped(most, group * LANES, LANES);
        size_t begin = clamped(furthest, group * LANES, LANES);
        begin = begin < together ? begin : together;
        if (clamped(nearest, group * LANES, LANES) < begin)
            add_positions(b, first, rows, dtype, values[group], stride, wide, group, 0, begin, sums);
        for (size_t j = begin; j < together; j++) {
            f32x16 value[MAX_WIDE];
            LLM_UNROLL for (size_t w = 0; w < wide; w++) {
                prefetch_run(dtype, ahead[group], j * wide + w);
                value[w] = load_wide(dtype, values[group], j * stride + w * LANES);
            }
            LLM_UNROLL for (size_t r = 0; r < rows; r++)
                LLM_UNROLL for (size_t w = 0; w < wide; w++)
                    sums[r][w] = fma16((f32x16)weights[r][j], value[w], sums[r][w]);
        }
        if (together < end)
            add_positions(b, first, rows, dtype, values[group], stride, wide, group, together, LANES, sums);
    }
    LLM_UNROLL for (size_t r = 0; r < rows; r++) {
        const f32x16 old = (f32x16)b->factors[first + r][OLD], new = (f32x16)b->factors[first + r][NEW];
        LLM_UNROLL for (size_t w = 0; w < wide; w++) {
            float *at = output + (first + r) * output_stride + w * LANES;
            store16(at, fma16(load16(at), old, sums[r][w] * new));
        }
    }
}
