// Attention over paged keys and values.
//
// A query at position t sees positions 0…t, or with a window of n the last n of them, in chunks those from the last
// multiple of n on; where it sees ahead, some after t too. Scores: one fma chain over the key's elements, times the
// scale, then the soft cap, then an fma of the head's slope and the key's place from the query (ALiBi, Press et al. 2022),
// then the bias of that place added.
// Inside a partition of 128 positions, key steps of 32 update the running maximum, the sum (16 lanes: slot j + slot j + 16,
// then the tree) and the output (one fma chain over the visible positions). Steps and partitions of which nothing is
// visible are passed over; other slots than the visible ones are never read into a result. A sink is merged last, as a
// partition whose output is 0.
#include "attention_tiles.h"
#include "variants.h"

// A token's place in the pages.
static inline size_t token_at(const llm_attention_args *a, size_t kv_head, size_t position) {
    const llm_pages *p = &a->pages;
    return page_token(p, (size_t)a->block_table[position / p->block_size], kv_head, position % p->block_size);
}

// What the output is multiplied by in the end: one over the sum of weights, a sink's among them.
static inline float final_scale(const llm_attention_args *a, size_t head, float maximum, float sum) {
    if (!a->sinks) return 1.0f / sum;
    const float merged = max_of(maximum, a->sinks[head]), old = exp_plain(maximum - merged);
    return old / fmaf(sum, old, exp_plain(a->sinks[head] - merged));
}

// Plain

static float element_plain(llm_kv_dtype dtype, const void *elements, size_t index) {
    switch (dtype) {
    case LLM_KV_F32: return ((const float *)elements)[index];
    case LLM_KV_BF16: return float_of((uint32_t)((const uint16_t *)elements)[index] << 16);
    case LLM_KV_INT8: return (float)((const int8_t *)elements)[index];
    }
    return 0;
}

// The first position that a query at `position` sees.
static inline size_t first_seen(const llm_attention_args *a, size_t position) {
    if (a->window == 0 || position < a->window) return 0;
    return a->chunked ? position / a->window * a->window : position + 1 - a->window;
}

// The last one.
static inline size_t last_seen(const llm_attention_args *a, size_t position) {
    return position + (a->ahead < a->length - 1 - position ? a->ahead : a->length - 1 - position);
}

static float value_plain(const llm_pages *p, size_t token, size_t d) {
    return p->values ? element_plain(p->dtype, p->values, value_start(p, token) + d)
                     : element_plain(p->dtype, p->keys, key_start(p, token) + d * LLM_KEY_GROUP);
}

static void attend_plain(const llm_attention_args *a, size_t kv_head, size_t head, size_t query) {
    const llm_pages *p = &a->pages;
    const size_t key_dim = p->key_dim, value_dim = p->value_dim, position = a->first_position + query;
    const size_t first = first_seen(a, position), last = last_seen(a, position);
    const float *q = a->q + query * a->q_stride + head * key_dim;
    const float *value_scales = p->values ? p->value_scales : p->key_scales;
    float *out = a->out + query * a->out_stride + head * value_dim;
    float maximum = -INFINITY, sum = 0, output[LLM_MAX_VALUE_DIM] = {0};

    for (size_t partition = first / LLM_PARTITION * LLM_PARTITION; partition <= last; partition += LLM_PARTITION) {
        float part_maximum = -INFINITY, part_sum = 0, part[LLM_MAX_VALUE_DIM] = {0};
        for (size_t step = partition; step <= last && step < partition + LLM_PARTITION; step += LLM_KEY_STEP) {
            if (step + LLM_KEY_STEP <= first) continue;
            const size_t visible = last + 1 - step < LLM_KEY_STEP ? last + 1 - step : LLM_KEY_STEP;
            const size_t hidden = first > step ? first - step : 0;
            float scores[LLM_KEY_STEP], lanes[LANES];
            for (size_t j = 0; j < LLM_KEY_STEP; j++) scores[j] = -INFINITY;
            for (size_t j = hidden; j < visible; j++) {
                const size_t token = token_at(a, kv_head, step + j), start = key_start(p, token);
                float score = 0;
                for (size_t d = 0; d < key_dim; d++)
                    score = fmaf(q[d], element_plain(p->dtype, p->keys, start + d * LLM_KEY_GROUP), score);
                scores[j] = score * (p->dtype == LLM_KV_INT8 ? p->key_scales[token] * a->scale : a->scale);
                if (a->softcap > 0) scores[j] = a->softcap * tanh_plain(scores[j] / a->softcap);
                if (a->slopes) scores[j] = fmaf(a->slopes[head], -(float)(last - (step + j)), scores[j]);
                if (a->biases)
                    scores[j] += bias_at(
                        a->biases + head * (2 * a->bias_span + 1), a->bias_span, position, step + j);
            }
            for (size_t j = 0; j < LANES; j++) lanes[j] = max_of(scores[j], scores[j + LANES]);
            const float step_maximum = max_of(part_maximum, max_tree_plain(lanes));
            const float correction = exp_plain(part_maximum - step_maximum);
            for (size_t j = 0; j < LLM_KEY_STEP; j++) scores[j] = exp_plain(scores[j] - step_maximum);
            for (size_t j = 0; j < LANES; j++) lanes[j] = scores[j] + scores[j + LANES];
            part_sum = fmaf(part_sum, correction, sum_tree_plain(lanes));
            part_maximum = step_maximum;
            for (size_t d = 0; d < value_dim; d++) part[d] = part[d] * correction;
            for (size_t j = hidden; j < visible; j++) {
                const size_t token = token_at(a, kv_head, step + j);
                const float weight = p->dtype == LLM_KV_INT8 ? scores[j] * value_scales[token] : scores[j];
                for (size_t d = 0; d < value_dim; d++) part[d] = fmaf(weight, value_plain(p, token, d), part[d]);
            }
        }
        const float merged = max_of(maximum, part_maximum);
        const float old = exp_plain(maximum - merged), new = exp_plain(part_maximum - merged);
        maximum = merged;
        sum = fmaf(sum, old, part_sum * new);
        for (size_t d = 0; d < value_dim; d++) output[d] = fmaf(output[d], old, part[d] * new);
    }
    const float scale = final_scale(a, head, maximum, sum);
    for (size_t d = 0; d < value_dim; d++) out[d] = output[d] * scale;
}

static void attention_plain(const llm_attention_args *a, size_t kv_head, size_t query_begin, size_t query_end) {
    const size_t group = a->heads / a->pages.kv_heads;
    for (size_t query = query_begin; query < query_end; query++)
        for (size_t head = kv_head * group; head < (kv_head + 1) * group; head++)
            attend_plain(a, kv_head, head, query);
}

// Template
//
// Rows are (query, head) pairs that share a key/value head. They go through a partition together: scores, softmax,
// values, by the tiles of attention_tiles.h. Where one tile takes all rows, as in decoding, it widens keys and values in
// its registers. For several tiles they are widened once, a few vectors at a time, into memory that stays in the
// first-level cache; so are float32 values, whose rows are far apart.

// The groups of a partition that some row sees, of positions [first, last]; in place of another, which may be in no block,
// one of these, for it is masked.
static inline void find_pages(
    const llm_attention_args *a, size_t kv_head, size_t partition, size_t first, size_t last, partition_pages *pages) {
    const llm_pages *p = &a->pages;
    const size_t bytes = element_bytes(p->dtype);
    const float *value_scales = p->values ? p->value_scales : p->key_scales;
    for (size_t g = 0; g < GROUPS; g++) {
        size_t position = partition + g * LLM_KEY_GROUP;
        if (position + LLM_KEY_GROUP <= first || position > last) position = last / LLM_KEY_GROUP * LLM_KEY_GROUP;
        const size_t token = token_at(a, kv_head, position);
        pages->keys[g] = (const char *)p->keys + key_start(p, token) * bytes;
        pages->values[g] = p->values ? (const char *)p->values + value_start(p, token) * bytes : pages->keys[g];
        pages->key_scales[g] = p->dtype == LLM_KV_INT8 ? p->key_scales + token : NULL;
        pages->value_scales[g] = p->dtype == LLM_KV_INT8 ? value_scales + token : NULL;
    }
}

typedef void (*value_fn)(
    attention_rows *b, size_t first, const void *const *values, const void *const *ahead, size_t stride, float *output,
    size_t output_stride);

// The tiles of an instruction set, by rows.
typedef struct {
    size_t wide; // vectors beside the rows
    void (*score[TYPES])(
        attention_rows *b, size_t first, const void *const *keys, const partition_pages *pages, size_t group,
        size_t dim, float scale);
    value_fn value[TYPES], narrow[TYPES]; // `wide` vectors, and one
} attention_tile;

// Widens `count` runs of 16 elements, `from` elements apart, to `target`, `to` apart.
LLM_TEMPLATE void widen_runs(
    llm_kv_dtype dtype, const void *elements, size_t from, size_t count, float *target, size_t to) {
#define WIDEN(type)                                                                                                    \
    case type:                                                                                                         \
        for (size_t i = 0; i < count; i++) store16(target + i * to, load_wide(type, elements, i * from));              \
        break;
    switch (dtype) {
        WIDEN(LLM_KV_F32)
        WIDEN(LLM_KV_BF16)
        WIDEN(LLM_KV_INT8)
    }
#undef WIDEN
}

// Widens `count` elements, 16 at most, of 16 keys to rows `to` apart; what is missing of 16 becomes zero.
LLM_TEMPLATE void widen_keys(llm_kv_dtype dtype, const void *elements, size_t count, float *target, size_t to) {
    _Alignas(64) float runs[LANES * LANES] = {0};
    widen_runs(dtype, elements, LANES, count < LANES ? count : LANES, runs, LANES);
    for (size_t token = 0; token < LANES; token++)
        for (size_t d = 0; d < LANES; d++) target[token * to + d] = runs[d * LANES + token];
}

// The rows of the next tile where `left` are left: tiles of at most `most` rows, as even in size as they can be.
static inline size_t next_rows(size_t left, size_t most) {
    const size_t count = (left + most - 1) / most;
    return (left + count - 1) / count;
}

// Scores of rows [first, end) against a partition.
LLM_TEMPLATE void score_partition(
    const llm_attention_args *a, attention_rows *b, size_t first, size_t end, const attention_tile *tiles,
    const size_t most, const partition_pages *pages) {
    const llm_kv_dtype dtype = a->pages.dtype;
    const bool shared = end - first > most;
    const size_t dim = a->pages.key_dim, wide = tiles[shared ? most : end - first].wide;
    const size_t groups = (b->visible[end - 1] + LANES - 1) / LANES;
    _Alignas(64) float widened[MAX_SHARED_WIDE][LLM_MAX_KEY_DIM * LANES];
    for (size_t group = b->hidden[first] / LANES / wide * wide; group < groups; group += wide) {
        const void *keys[MAX_WIDE];
        for (size_t w = 0; w < wide; w++) {
            if (dtype == LLM_KV_INT8) __builtin_prefetch(pages->value_scales[group + w]);
            keys[w] = pages->keys[group + w];
            if (shared && dtype != LLM_KV_F32) {
                widen_runs(dtype, keys[w], LANES, dim, widened[w], LANES);
                keys[w] = widened[w];
            }
        }
        for (size_t row = first, rows; row < end; row += rows) {
            rows = next_rows(end - row, most);
            tiles[rows].score[shared ? LLM_KV_F32 : dtype](b, row, keys, pages, group, dim, a->scale);
        }
    }
}

// Merges the partition's weighted values into the output of rows [first, end). The keys of `next`, the partition that
// follows, are asked for meanwhile.
LLM_TEMPLATE void add_partition(
    const llm_attention_args *a, attention_rows *b, size_t first, size_t end, const attention_tile *tiles,
    const size_t most, const partition_pages *pages, const partition_pages *next) {
    const llm_kv_dtype dtype = a->pages.dtype;
    const bool latent = a->pages.values == NULL, shared = latent || end - first > most;
    const size_t stride = llm_value_stride(a->pages.value_dim), chunks = stride / LANES;
    // Values of latent pages, which lie across, are widened for a few rows too.
    const size_t own = tiles[end - first > most ? most : end - first].wide;
    const size_t wide = shared && own > MAX_SHARED_WIDE ? 1 : own, bytes = element_bytes(dtype);
    const size_t groups = (b->visible[end - 1] + LANES - 1) / LANES;
    _Alignas(64) float widened[LLM_PARTITION * MAX_SHARED_WIDE * LANES]; // [position][wide][16]
    for (size_t chunk = 0, width; chunk < chunks; chunk += width) {
        width = chunk + wide <= chunks ? wide : 1;
        const void *values[GROUPS], *ahead[GROUPS];
        for (size_t group = b->hidden[first] / LANES; group < groups; group++) {
            values[group] = (const char *)pages->values[group] + chunk * LANES * (latent ? LANES : 1) * bytes;
            ahead[group] = (const char *)next->keys[group] + chunk * LANES * LANES * bytes;
            if (dtype == LLM_KV_INT8) __builtin_prefetch(next->key_scales[group]);
            if (!shared) continue;
            float *target = widened + group * LANES * width * LANES;
            for (size_t w = 0; w < width; w++) {
                const size_t run = w * LANES * bytes, to = width * LANES;
                if (latent)
                    widen_keys(
                        dtype, (const char *)values[group] + run * LANES,
                        a->pages.value_dim - (chunk + w) * LANES, target + w * LANES, to);
                else
                    widen_runs(dtype, (const char *)values[group] + run, stride, LANES, target + w * LANES, to);
            }
            values[group] = target;
        }
        for (size_t row = first, rows; row < end; row += rows) {
            rows = next_rows(end - row, most);
            const value_fn *const widths = width == tiles[rows].wide ? tiles[rows].value : tiles[rows].narrow;
            const value_fn add = widths[shared ? LLM_KV_F32 : dtype];
            add(b, row, values, shared ? values : ahead, shared ? width * LANES : stride, b->output + chunk * LANES,
                stride);
        }
    }
}

LLM_TEMPLATE void attend_rows(
    const llm_attention_args *a, size_t kv_head, attention_rows *b, size_t count, const attention_tile *tiles,
    const size_t most) {
    const size_t stride = llm_value_stride(a->pages.value_dim), last = b->last[count - 1];
    const size_t seen = b->first[0], start = seen / LLM_PARTITION * LLM_PARTITION;
    for (size_t r = 0; r < count; r++) {
        b->maximum[r] = -INFINITY;
        b->sum[r] = 0;
    }
    memset(b->output, 0, count * stride * sizeof *b->output);
    partition_pages pages, next;
    find_pages(a, kv_head, start, seen, last, &next);
    for (size_t partition = start, first = 0; partition <= last; partition += LLM_PARTITION) {
        pages = next;
        if (partition + LLM_PARTITION <= last) find_pages(a, kv_head, partition + LLM_PARTITION, seen, last, &next);
        while (b->last[first] < partition) first++;
        for (size_t r = first; r < count; r++) {
            b->visible[r] = clamped(b->last[r] + 1, partition, LLM_PARTITION);
            b->hidden[r] = clamped(b->first[r], partition, LLM_PARTITION);
        }
        score_partition(a, b, first, count, tiles, most, &pages);
        if (a->softcap > 0)
            for (size_t r = first; r < count; r++) cap_scores(b, r, a->softcap);
        if (a->slopes)
            for (size_t r = first; r < count; r++) slope_scores(b, r, a->slopes[b->head[r]], partition);
        if (a->biases)
            for (size_t r = first; r < count; r++)
                bias_scores(b, r, a->biases + b->head[r] * (2 * a->bias_span + 1), a->bias_span, partition);
        for (size_t r = first; r < count; r++) find_maxima(b, r);
        for (size_t r = first; r < count; r++) store16(b->factors[r], exp16(load16(b->factors[r])));
        for (size_t r = first; r < count; r++) weigh_scores(b, r, &pages);
        add_partition(a, b, first, count, tiles, most, &pages, &next);
    }
    for (size_t r = 0; r < count; r++) {
        const f32x16 scale = (f32x16)final_scale(a, b->head[r], b->maximum[r], b->sum[r]);
        for (size_t d = 0; d < stride; d += LANES)
            store_first(b->out[r] + d, load16(b->output + r * stride + d) * scale, a->pages.value_dim - d);
    }
}

LLM_TEMPLATE void attention_template(
    const llm_attention_args *a, size_t kv_head, size_t query_begin, size_t query_end, const attention_tile *tiles,
    const size_t most) {
    const size_t group = a->heads / a->pages.kv_heads, dim = a->pages.key_dim;
    const size_t rows = (query_end - query_begin) * group;
    attention_rows b;
    for (size_t begin = 0; begin < rows; begin += ROWS) {
        const size_t count = rows - begin < ROWS ? rows - begin : ROWS;
        for (size_t r = 0; r < count; r++) {
            const size_t query = query_begin + (begin + r) / group, head = kv_head * group + (begin + r) % group;
            const float *q = a->q + query * a->q_stride + head * dim;
            for (size_t d = 0; d < dim; d++) b.q[d * ROWS + r] = q[d];
            b.out[r] = a->out + query * a->out_stride + head * a->pages.value_dim;
            b.head[r] = head;
            b.position[r] = a->first_position + query;
            b.first[r] = first_seen(a, a->first_position + query);
            b.last[r] = last_seen(a, a->first_position + query);
        }
        attend_rows(a, kv_head, &b, count, tiles, most);
    }
}

// Variants. Tiles are as large as the registers allow: 16 of AVX2 or 32 of NEON make 8 vectors of 16 lanes, 32 of
// AVX-512 make 32. No operand of NEON is in memory, so its tiles leave room for inputs.

#define TILE_TYPE(target, name, dtype, rows, wide)                                                                     \
    target static void score_##name(                                                                                   \
        attention_rows *b, size_t first, const void *const *keys, const partition_pages *pages, size_t group,          \
        size_t dim, float scale) {                                                                                     \
        score_tile(b, first, rows, dtype, keys, pages, group, wide, dim, scale);                                       \
    }                                                                                                                  \
    target static void value_##name(                                                                                   \
        attention_rows *b, size_t first, const void *const *values, const void *const *ahead, size_t stride,           \
        float *output, size_t out_stride) {                                                                            \
        value_tile(b, first, rows, dtype, values, ahead, stride, wide, output, out_stride);                            \
    }                                                                                                                  \
    target static void narrow_##name(                                                                                  \
        attention_rows *b, size_t first, const void *const *values, const void *const *ahead, size_t stride,           \
        float *output, size_t out_stride) {                                                                            \
        value_tile(b, first, rows, dtype, values, ahead, stride, 1, output, out_stride);                               \
    }
#define TILE(target, level, rows, wide)                                                                                \
    TILE_TYPE(target, level##_##rows##_f32, LLM_KV_F32, rows, wide)                                                    \
    TILE_TYPE(target, level##_##rows##_bf16, LLM_KV_BF16, rows, wide)                                                  \
    TILE_TYPE(target, level##_##rows##_int8, LLM_KV_INT8, rows, wide)
#define TILE_ROW(level, rows, wide)                                                                                    \
    [rows] = {                                                                                                         \
        wide, {score_##level##_##rows##_f32, score_##level##_##rows##_bf16, score_##level##_##rows##_int8},            \
        {value_##level##_##rows##_f32, value_##level##_##rows##_bf16, value_##level##_##rows##_int8},                  \
        {narrow_##level##_##rows##_f32, narrow_##level##_##rows##_bf16, narrow_##level##_##rows##_int8}},

#define AVX2_TILES(X) X(1, 4) X(2, 2) X(3, 1) X(4, 1) X(5, 1) X(6, 1)
#define AVX512_TILES(X)                                                                                                \
    X(1, 8) X(2, 4) X(3, 4) X(4, 4) X(5, 4) X(6, 2) X(7, 2) X(8, 2) X(9, 2) X(10, 2) X(11, 2) X(12, 2)
#define NEON_TILES(X) X(1, 2) X(2, 2) X(3, 1) X(4, 1) X(5, 1)

#if defined(__x86_64__)
#define AVX2_TILE(rows, wide) TILE(LLM_TARGET_AVX2, avx2, rows, wide)
#define AVX2_ROW(rows, wide) TILE_ROW(avx2, rows, wide)
AVX2_TILES(AVX2_TILE)
static const attention_tile avx2_tiles[] = {AVX2_TILES(AVX2_ROW)};
LLM_TARGET_AVX2 static void attention_avx2(const llm_attention_args *a, size_t kv_head, size_t begin, size_t end) {
    attention_template(a, kv_head, begin, end, avx2_tiles, 6);
}

#define AVX512_TILE(rows, wide) TILE(LLM_TARGET_AVX512, avx512, rows, wide)
#define AVX512_ROW(rows, wide) TILE_ROW(avx512, rows, wide)
AVX512_TILES(AVX512_TILE)
static const attention_tile avx512_tiles[] = {AVX512_TILES(AVX512_ROW)};
LLM_TARGET_AVX512 static void attention_avx512(const llm_attention_args *a, size_t kv_head, size_t begin, size_t end) {
    attention_template(a, kv_head, begin, end, avx512_tiles, 12);
}
#elif defined(__aarch64__)
#define NEON_TILE(rows, wide) TILE(, neon, rows, wide)
#define NEON_ROW(rows, wide) TILE_ROW(neon, rows, wide)
NEON_TILES(NEON_TILE)
static const attention_tile neon_tiles[] = {NEON_TILES(NEON_ROW)};
static void attention_neon(const llm_attention_args *a, size_t kv_head, size_t begin, size_t end) {
    attention_template(a, kv_head, begin, end, neon_tiles, 5);
}
#endif

VARIANT_TABLE(attention)
