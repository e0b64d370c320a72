// Causal attention over paged keys and values.
//
// A query at position t sees positions 0…t. Scores: one fma chain over the head's elements, times the scale. A key step
// of 32 positions updates the running maximum, the sum (16 lanes: slot j + slot j + 16, then the tree) and the output
// (one fma chain over the step's visible positions). Slots past t are never read into a result.
#include "CLLMKernels.h"

#include "vector16.h"

size_t llm_value_stride(size_t head_dim) { return (head_dim + LANES - 1) / LANES * LANES; }

size_t llm_key_block_floats(const llm_pages *p) { return p->kv_heads * p->block_size * p->head_dim; }

size_t llm_value_block_floats(const llm_pages *p) {
    return p->kv_heads * p->block_size * llm_value_stride(p->head_dim);
}

void llm_write_page(const llm_pages *p, size_t slot, const float *key, const float *value) {
    const size_t block = slot / p->block_size, offset = slot % p->block_size;
    const size_t group = offset / LLM_KEY_GROUP, lane = offset % LLM_KEY_GROUP;
    const size_t stride = llm_value_stride(p->head_dim);
    for (size_t head = 0; head < p->kv_heads; head++) {
        float *keys = p->keys + block * llm_key_block_floats(p) + head * p->block_size * p->head_dim
            + group * LLM_KEY_GROUP * p->head_dim + lane;
        for (size_t d = 0; d < p->head_dim; d++) keys[d * LLM_KEY_GROUP] = key[head * p->head_dim + d];
        float *values = p->values + block * llm_value_block_floats(p) + (head * p->block_size + offset) * stride;
        memcpy(values, value + head * p->head_dim, p->head_dim * sizeof *values);
    }
}

// The keys of the 16 positions from `position` on.
static inline const float *key_group(const llm_attention_args *a, size_t kv_head, size_t position) {
    const llm_pages *p = &a->pages;
    const size_t block = (size_t)a->block_table[position / p->block_size];
    return p->keys + block * llm_key_block_floats(p) + kv_head * p->block_size * p->head_dim
        + position % p->block_size * p->head_dim;
}

static inline const float *value_row(const llm_attention_args *a, size_t kv_head, size_t position) {
    const llm_pages *p = &a->pages;
    const size_t block = (size_t)a->block_table[position / p->block_size];
    return p->values + block * llm_value_block_floats(p)
        + (kv_head * p->block_size + position % p->block_size) * llm_value_stride(p->head_dim);
}

// Plain

static void attend_plain(const llm_attention_args *a, size_t kv_head, size_t head, size_t query) {
    const size_t dim = a->pages.head_dim, last = a->first_position + query;
    const float *q = a->q + query * a->q_stride + head * dim;
    float *out = a->out + query * a->out_stride + head * dim;
    float maximum = 0, sum = 0, output[LLM_MAX_HEAD_DIM];

    for (size_t partition = 0; partition <= last; partition += LLM_PARTITION) {
        float part_maximum = -INFINITY, part_sum = 0, part[LLM_MAX_HEAD_DIM] = {0};
        for (size_t step = partition; step <= last && step < partition + LLM_PARTITION; step += LLM_KEY_STEP) {
            const size_t visible = last + 1 - step < LLM_KEY_STEP ? last + 1 - step : LLM_KEY_STEP;
            float scores[LLM_KEY_STEP], lanes[LANES];
            for (size_t j = 0; j < LLM_KEY_STEP; j++) scores[j] = -INFINITY;
            for (size_t j = 0; j < visible; j++) {
                const float *keys = key_group(a, kv_head, (step + j) / LLM_KEY_GROUP * LLM_KEY_GROUP);
                float score = 0;
                for (size_t d = 0; d < dim; d++) score = fmaf(q[d], keys[d * LLM_KEY_GROUP + j % LLM_KEY_GROUP], score);
                scores[j] = score * a->scale;
            }
            for (size_t j = 0; j < LANES; j++) lanes[j] = max_of(scores[j], scores[j + LANES]);
            const float step_maximum = max_of(part_maximum, max_tree_plain(lanes));
            const float correction = exp_plain(part_maximum - step_maximum);
            for (size_t j = 0; j < LLM_KEY_STEP; j++) scores[j] = exp_plain(scores[j] - step_maximum);
            for (size_t j = 0; j < LANES; j++) lanes[j] = scores[j] + scores[j + LANES];
            part_sum = fmaf(part_sum, correction, sum_tree_plain(lanes));
            part_maximum = step_maximum;
            for (size_t d = 0; d < dim; d++) part[d] = part[d] * correction;
            for (size_t j = 0; j < visible; j++) {
                const float *values = value_row(a, kv_head, step + j);
                for (size_t d = 0; d < dim; d++) part[d] = fmaf(scores[j], values[d], part[d]);
            }
        }
        if (partition == 0) {
            maximum = part_maximum;
            sum = part_sum;
            memcpy(output, part, sizeof output);
        } else {
            const float merged = max_of(maximum, part_maximum);
            const float old = exp_plain(maximum - merged), new = exp_plain(part_maximum - merged);
            maximum = merged;
            sum = fmaf(sum, old, part_sum * new);
            for (size_t d = 0; d < dim; d++) output[d] = fmaf(output[d], old, part[d] * new);
        }
    }
    const float scale = 1.0f / sum;
    for (size_t d = 0; d < dim; d++) out[d] = output[d] * scale;
}

static void attention_scalar(const llm_attention_args *a, size_t kv_head, size_t query_begin, size_t query_end) {
    const size_t group = a->heads / a->pages.kv_heads;
    for (size_t query = query_begin; query < query_end; query++)
        for (size_t head = kv_head * group; head < (kv_head + 1) * group; head++)
            attend_plain(a, kv_head, head, query);
}

// Template: rows are (query, head) pairs that share the key/value head; a few go through a key step together

enum { ROWS = 8 };

typedef struct {
    const float *q;
    float *out;
    size_t last; // position
    float maximum, sum, part_maximum, part_sum;
    float output[LLM_MAX_HEAD_DIM], part[LLM_MAX_HEAD_DIM];
} attention_row;

// Scores of `count` rows against the 32 keys of a step.
LLM_TEMPLATE void score_rows(
    const attention_row *rows, const size_t count, size_t dim, const float *keys[2], float scale,
    float scores[][LLM_KEY_STEP]) {
    f32x16 sums[4][2];
    LLM_UNROLL for (size_t r = 0; r < count; r++) sums[r][0] = sums[r][1] = 0;
    for (size_t d = 0; d < dim; d++) {
        const f32x16 low = load16(keys[0] + d * LLM_KEY_GROUP), high = load16(keys[1] + d * LLM_KEY_GROUP);
        LLM_UNROLL for (size_t r = 0; r < count; r++) {
            const f32x16 q = (f32x16)rows[r].q[d];
            sums[r][0] = fma16(q, low, sums[r][0]);
            sums[r][1] = fma16(q, high, sums[r][1]);
        }
    }
    LLM_UNROLL for (size_t r = 0; r < count; r++) {
        store16(scores[r], sums[r][0] * (f32x16)scale);
        store16(scores[r] + LANES, sums[r][1] * (f32x16)scale);
    }
}

LLM_TEMPLATE void softmax_step(attention_row *row, float scores[LLM_KEY_STEP], size_t visible, size_t dim) {
    for (size_t j = visible; j < LLM_KEY_STEP; j++) scores[j] = -INFINITY;
    const f32x16 low = load16(scores), high = load16(scores + LANES);
    const float maximum = max_of(row->part_maximum, max_lanes(max16(low, high)));
    const float correction = exp_plain(row->part_maximum - maximum);
    const f32x16 low_weights = exp16(low - maximum), high_weights = exp16(high - maximum);
    store16(scores, low_weights);
    store16(scores + LANES, high_weights);
    row->part_sum = fmaf(row->part_sum, correction, sum_lanes(low_weights + high_weights));
    row->part_maximum = maximum;
    for (size_t d = 0; d < dim; d += LANES) store16(row->part + d, load16(row->part + d) * (f32x16)correction);
}

// Adds the weighted values of a step's visible positions to `count` rows, `wide` vectors of the head at a time.
LLM_TEMPLATE void add_values(
    attention_row *rows, const size_t count, float scores[][LLM_KEY_STEP], const float *const *values, size_t visible,
    size_t d, const size_t wide) {
    f32x16 sums[2][4];
    LLM_UNROLL for (size_t r = 0; r < count; r++)
        LLM_UNROLL for (size_t w = 0; w < wide; w++) sums[r][w] = load16(rows[r].part + d + w * LANES);
    for (size_t j = 0; j < visible; j++) {
        LLM_UNROLL for (size_t w = 0; w < wide; w++) {
            const f32x16 value = load16(values[j] + d + w * LANES);
            LLM_UNROLL for (size_t r = 0; r < count; r++)
                sums[r][w] = fma16((f32x16)scores[r][j], value, sums[r][w]);
        }
    }
    LLM_UNROLL for (size_t r = 0; r < count; r++)
        LLM_UNROLL for (size_t w = 0; w < wide; w++) store16(rows[r].part + d + w * LANES, sums[r][w]);
}

LLM_TEMPLATE void add_values_all(
    attention_row *rows, const size_t count, float scores[][LLM_KEY_STEP], const float *const *values, size_t visible,
    size_t dim, const size_t wide) {
    size_t d = 0;
    for (; d + wide * LANES <= dim; d += wide * LANES) add_values(rows, count, scores, values, visible, d, wide);
    for (; d < dim; d += LANES) add_values(rows, count, scores, values, visible, d, 1);
}

LLM_TEMPLATE void merge_partition(attention_row *row, size_t partition, size_t dim) {
    if (partition == 0) {
        row->maximum = row->part_maximum;
        row->sum = row->part_sum;
        memcpy(row->output, row->part, dim * sizeof *row->part);
        return;
    }
    const float merged = max_of(row->maximum, row->part_maximum);
    const float old = exp_plain(row->maximum - merged), new = exp_plain(row->part_maximum - merged);
    row->maximum = merged;
    row->sum = fmaf(row->sum, old, row->part_sum * new);
    for (size_t d = 0; d < dim; d += LANES) {
        const f32x16 part = load16(row->part + d) * (f32x16)new;
        store16(row->output + d, fma16(load16(row->output + d), (f32x16)old, part));
    }
}

LLM_TEMPLATE void attend_rows(
    const llm_attention_args *a, size_t kv_head, attention_row *rows, size_t count, const size_t score_tile,
    const size_t value_tile, const size_t value_wide) {
    const size_t dim = a->pages.head_dim, padded = llm_value_stride(dim);
    const size_t last = rows[count - 1].last; // rows come in rising position
    for (size_t partition = 0; partition <= last; partition += LLM_PARTITION) {
        size_t first = 0; // row that reaches this partition
        while (rows[first].last < partition) first++;
        for (size_t r = first; r < count; r++) {
            rows[r].part_maximum = -INFINITY;
            rows[r].part_sum = 0;
            memset(rows[r].part, 0, padded * sizeof *rows[r].part);
        }
        for (size_t step = partition; step <= last && step < partition + LLM_PARTITION; step += LLM_KEY_STEP) {
            while (rows[first].last < step) {
                merge_partition(&rows[first], partition, padded);
                first++;
            }
            const float *keys[2];
            keys[0] = key_group(a, kv_head, step);
            // Past the last position there may be no block; its scores are masked whatever is read.
            keys[1] = step + LLM_KEY_GROUP <= last ? key_group(a, kv_head, step + LLM_KEY_GROUP) : keys[0];
            const size_t present = last + 1 - step < LLM_KEY_STEP ? last + 1 - step : LLM_KEY_STEP;
            const float *values[LLM_KEY_STEP];
            for (size_t j = 0; j < present; j++) values[j] = value_row(a, kv_head, step + j);

            float scores[ROWS][LLM_KEY_STEP];
            size_t r = first;
            for (; r + score_tile <= count; r += score_tile)
                score_rows(rows + r, score_tile, dim, keys, a->scale, scores + r);
            for (; r < count; r++) score_rows(rows + r, 1, dim, keys, a->scale, scores + r);
            size_t visible[ROWS];
            for (r = first; r < count; r++) {
                const size_t seen = rows[r].last + 1 - step;
                visible[r] = seen < LLM_KEY_STEP ? seen : LLM_KEY_STEP;
                softmax_step(&rows[r], scores[r], visible[r], padded);
            }
            for (r = first; r < count;) {
                if (r + value_tile <= count && visible[r] == visible[r + value_tile - 1]) {
                    add_values_all(rows + r, value_tile, scores + r, values, visible[r], padded, value_wide);
                    r += value_tile;
                } else {
                    add_values_all(rows + r, 1, scores + r, values, visible[r], padded, value_wide);
                    r++;
                }
            }
        }
        for (size_t r = first; r < count; r++) merge_partition(&rows[r], partition, padded);
    }
    for (size_t r = 0; r < count; r++) {
        const float scale = 1.0f / rows[r].sum;
        for (size_t d = 0; d < dim; d += LANES)
            store_first(rows[r].out + d, load16(rows[r].output + d) * (f32x16)scale, dim - d);
    }
}

LLM_TEMPLATE void attention_template(
    const llm_attention_args *a, size_t kv_head, size_t query_begin, size_t query_end, const size_t score_tile,
    const size_t value_tile, const size_t value_wide) {
    const size_t group = a->heads / a->pages.kv_heads, dim = a->pages.head_dim;
    attention_row rows[ROWS];
    size_t count = 0;
    for (size_t query = query_begin; query < query_end; query++) {
        for (size_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
            rows[count].q = a->q + query * a->q_stride + head * dim;
            rows[count].out = a->out + query * a->out_stride + head * dim;
            rows[count].last = a->first_position + query;
            if (++count == ROWS) {
                attend_rows(a, kv_head, rows, count, score_tile, value_tile, value_wide);
                count = 0;
            }
        }
    }
    if (count) attend_rows(a, kv_head, rows, count, score_tile, value_tile, value_wide);
}

// Variants

#if defined(__x86_64__)
LLM_TARGET_AVX2 static void attention_avx2(const llm_attention_args *a, size_t kv_head, size_t begin, size_t end) {
    attention_template(a, kv_head, begin, end, 2, 1, 4);
}
LLM_TARGET_AVX512 static void attention_avx512(const llm_attention_args *a, size_t kv_head, size_t begin, size_t end) {
    attention_template(a, kv_head, begin, end, 4, 2, 4);
}
#endif

static const llm_attention_variant variants[] = {
    {"scalar", 0, attention_scalar},
#if defined(__x86_64__)
    {"avx2", LLM_CPU_AVX2, attention_avx2},
    {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, attention_avx512},
#endif
};

const llm_attention_variant *llm_attention_variants(size_t *count) {
    *count = sizeof variants / sizeof *variants;
    return variants;
}
