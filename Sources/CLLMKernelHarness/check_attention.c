// Attention over pages in shuffled blocks, of which only the slots of the sequence are written.
#include "check.h"

typedef struct {
    size_t block_size, kv_heads, heads, dim, first, queries, length, blocks;
    float *q;            // [queries][q_stride]
    float *keys, *values; // [length][kv_heads * dim]
    size_t q_stride, out_stride;
} sequence;

static sequence random_sequence(check_case *c, flavor flavor) {
    sequence s = {
        .block_size = (size_t)16 << random_size(c, 0, 3),
        .kv_heads = random_size(c, 1, 3),
        .dim = random_width(c, 90),
        .first = random_one_in(c, 4) ? 0 : random_size(c, 0, 300),
        .queries = case_rows(c)};
    s.heads = s.kv_heads * random_size(c, 1, 5);
    s.length = s.first + s.queries;
    s.blocks = whole(s.length, s.block_size) / s.block_size;
    s.q_stride = s.heads * s.dim + random_size(c, 0, 5);
    s.out_stride = s.heads * s.dim + random_size(c, 0, 5);
    s.q = random_floats(c, flavor, s.queries, s.heads * s.dim, s.q_stride);
    s.keys = random_floats(c, flavor, s.length, s.kv_heads * s.dim, s.kv_heads * s.dim);
    s.values = random_floats(c, flavor, s.length, s.kv_heads * s.dim, s.kv_heads * s.dim);
    return s;
}

static int32_t *random_block_table(check_case *c, size_t blocks) {
    int32_t *table = take(c, blocks * sizeof *table);
    for (size_t i = 0; i < blocks; i++) {
        const size_t other = random_size(c, 0, i);
        table[i] = table[other];
        table[other] = (int32_t)i;
    }
    return table;
}

// Element `index` of pages, widened.
static float widened(llm_kv_dtype dtype, const void *elements, size_t index) {
    if (dtype == LLM_KV_F32) return ((const float *)elements)[index];
    if (dtype == LLM_KV_INT8) return ((const int8_t *)elements)[index];
    const uint32_t bits = (uint32_t)((const uint16_t *)elements)[index] << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Pages that hold the sequence, whose keys and values become what is stored. All other memory is of bits that are NaN
// where they are floats, but the padding of values, which is zero.
static llm_pages take_pages(check_case *c, const sequence *s, const int32_t *block_table) {
    const size_t stride = llm_value_stride(s->dim), rows = s->blocks * s->block_size * s->kv_heads;
    llm_pages pages = {
        .dtype = (llm_kv_dtype)random_size(c, 0, 2),
        .block_size = s->block_size,
        .kv_heads = s->kv_heads,
        .head_dim = s->dim};
    const size_t width = llm_kv_element_bytes(pages.dtype);
    pages.keys = take(c, rows * s->dim * width);
    pages.values = take(c, rows * stride * width);
    pages.key_scales = take(c, rows * sizeof(float));
    pages.value_scales = take(c, rows * sizeof(float));
    memset(pages.keys, 0xff, rows * s->dim * width);
    memset(pages.key_scales, 0xff, rows * sizeof(float));
    memset(pages.value_scales, 0xff, rows * sizeof(float));
    for (size_t row = 0; row < rows; row++) {
        char *value = (char *)pages.values + row * stride * width;
        memset(value, 0xff, s->dim * width);
        memset(value + s->dim * width, 0, (stride - s->dim) * width);
    }
    for (size_t position = 0; position < s->length; position++) {
        const size_t block = (size_t)block_table[position / s->block_size], offset = position % s->block_size;
        float *key = s->keys + position * s->kv_heads * s->dim, *value = s->values + position * s->kv_heads * s->dim;
        llm_write_page(&pages, block * s->block_size + offset, key, value);
        for (size_t head = 0; head < s->kv_heads; head++) {
            const size_t token = (block * s->kv_heads + head) * s->block_size + offset;
            const bool scaled = pages.dtype == LLM_KV_INT8;
            const float key_scale = scaled ? pages.key_scales[token] : 1;
            const float value_scale = scaled ? pages.value_scales[token] : 1;
            for (size_t d = 0; d < s->dim; d++) {
                const size_t group = token / LLM_KEY_GROUP * s->dim + d;
                const size_t at = group * LLM_KEY_GROUP + token % LLM_KEY_GROUP;
                key[head * s->dim + d] = widened(pages.dtype, pages.keys, at) * key_scale;
                value[head * s->dim + d] = widened(pages.dtype, pages.values, token * stride + d) * value_scale;
            }
        }
    }
    return pages;
}

// One query and head as the formula states it.
static bool check_query(
    check_case *c, const sequence *s, float scale, size_t query, size_t head, const output *out) {
    const size_t visible = s->first + query + 1, start = head / (s->heads / s->kv_heads) * s->dim;
    const float *q = s->q + query * s->q_stride + head * s->dim;
    double *weights = take(c, visible * sizeof *weights), largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < visible; j++) {
        weights[j] = 0;
        for (size_t d = 0; d < s->dim; d++) weights[j] += (double)q[d] * s->keys[j * s->kv_heads * s->dim + start + d];
        weights[j] *= scale;
        largest = fmax(largest, weights[j]);
    }
    for (size_t j = 0; j < visible; j++) sum += weights[j] = exp(weights[j] - largest);
    for (size_t d = 0; d < s->dim; d++) {
        double wanted = 0;
        for (size_t j = 0; j < visible; j++) wanted += weights[j] / sum * s->values[j * s->kv_heads * s->dim + start + d];
        const double own = ((const float *)out->data)[query * out->stride + head * s->dim + d];
        if (!(fabs(own - wanted) <= 2e-5))
            return fails(
                c, "scalar", "query %zu, head %zu, element %zu is %.9g; in double precision it is %.9g", query, head, d,
                own, wanted);
    }
    return true;
}

static bool check_attention(check_case *c) {
    const flavor flavor = random_flavor(c);
    const sequence s = random_sequence(c, flavor);
    const size_t kv_head = random_size(c, 0, s.kv_heads - 1), group = s.heads / s.kv_heads;
    const size_t begin = random_one_in(c, 3) ? random_size(c, 0, s.queries - 1) : 0, cut = random_size(c, begin, s.queries);
    describe(
        c, "%zu queries from %zu on after %zu positions, %zu heads of %zu over %zu, head %zu, blocks of %zu", s.queries,
        begin, s.first, s.heads, s.dim, s.kv_heads, kv_head, s.block_size);
    const int32_t *block_table = random_block_table(c, s.blocks);
    llm_attention_args args = {
        .q = s.q,
        .q_stride = s.q_stride,
        .out_stride = s.out_stride,
        .pages = take_pages(c, &s, block_table),
        .block_table = block_table,
        .first_position = s.first,
        .heads = s.heads,
        .scale = random_float(c, 0.1f, 0.5f)};

    size_t count;
    const llm_attention_variant *variants = llm_attention_variants(&count);
    const output before = take_output(c, FLOATS, s.queries, s.out_stride);
    const output plain = copy_output(c, &before);
    args.out = plain.data;
    variants[0].function(&args, kv_head, begin, s.queries);
    const output_part part = {begin, s.queries, kv_head * group * s.dim, (kv_head + 1) * group * s.dim};
    if (!only_part(c, "the outputs", &before, &plain, part)) return false;
    for (size_t query = begin; flavor == ORDINARY && query < s.queries; query++)
        for (size_t head = kv_head * group; head < (kv_head + 1) * group; head++)
            if (!check_query(c, &s, args.scale, query, head, &plain)) return false;
    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before);
        args.out = own.data;
        variants[i].function(&args, kv_head, begin, cut);
        variants[i].function(&args, kv_head, cut, s.queries);
        if (!same_output(c, variants[i].name, "the outputs", &plain, &own)) return false;
    }
    return true;
}

DEFINE_CHECK(attention)
