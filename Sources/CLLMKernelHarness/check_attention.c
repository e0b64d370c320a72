// Attention over pages in shuffled blocks, of which only the slots of the sequence are written.
#include "check.h"

// What a case has beyond plain causal attention.
typedef enum {
    PLAIN,
    WINDOW, // and values of a width of their own
    CHUNKS, // in windows that begin at multiples of their length
    AHEAD,  // both ways, mostly in a window
    SCORES, // soft-capped, with sinks, mostly in a window
    SLOPES, // that lower scores, now and then soft-capped ones, mostly in a window
    BIASES, // of distances, both ways, now and then soft-capped
    LATENT  // pages without values, now and then in a window
} feature;

typedef struct {
    size_t block_size, kv_heads, heads, dim, value_dim, first, queries, length, blocks, window, ahead;
    bool chunked;
    bool latent;
    float *q;     // [queries][q_stride]
    float *keys;  // [length][kv_heads * dim]
    float *values; // [length][kv_heads * value_dim]
    size_t q_stride, out_stride;
} sequence;

static size_t random_window(check_case *c) {
    static const size_t edges[] = {1, 16, 32, 128};
    return random_one_in(c, 2) ? random_size(c, 1, 300)
                               : edges[random_size(c, 0, 3)] * random_size(c, 1, 2) + random_size(c, 0, 1);
}

static sequence random_sequence(check_case *c, flavor flavor, feature feature) {
    sequence s = {
        .block_size = (size_t)16 << random_size(c, 0, 3),
        .kv_heads = random_size(c, 1, 3),
        .dim = random_width(c, 90),
        .first = random_one_in(c, 4) ? 0 : random_size(c, 0, 300),
        .queries = case_rows(c),
        .latent = feature == LATENT};
    s.value_dim = s.dim;
    if (feature == WINDOW) s.value_dim = random_width(c, 90);
    if (feature == LATENT) s.value_dim = random_size(c, 1, s.dim);
    if (feature == WINDOW || feature == CHUNKS || (feature != PLAIN && !random_one_in(c, 3))) s.window = random_window(c);
    s.chunked = feature == CHUNKS;
    if (feature == AHEAD || feature == BIASES) s.ahead = random_one_in(c, 3) ? SIZE_MAX : random_window(c);
    s.heads = s.kv_heads * random_size(c, 1, 5);
    s.length = s.first + s.queries + (feature == AHEAD || feature == BIASES ? random_size(c, 0, 300) : 0);
    s.blocks = whole(s.length, s.block_size) / s.block_size;
    s.q_stride = s.heads * s.dim + random_size(c, 0, 5);
    s.out_stride = s.heads * s.value_dim + random_size(c, 0, 5);
    s.q = random_floats(c, flavor, s.queries, s.heads * s.dim, s.q_stride);
    s.keys = random_floats(c, flavor, s.length, s.kv_heads * s.dim, s.kv_heads * s.dim);
    s.values = random_floats(c, flavor, s.length, s.kv_heads * s.value_dim, s.kv_heads * s.value_dim);
    return s;
}

// The first position that a query at `position` sees.
static size_t first_seen(const sequence *s, size_t position) {
    if (s->window == 0 || position < s->window) return 0;
    return s->chunked ? position / s->window * s->window : position + 1 - s->window;
}

// The last one.
static size_t last_seen(const sequence *s, size_t position) {
    const size_t after = s->length - 1 - position;
    return position + (after < s->ahead ? after : s->ahead);
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
    const size_t stride = s->latent ? 0 : llm_value_stride(s->value_dim);
    const size_t rows = s->blocks * s->block_size * s->kv_heads, padded = s->latent ? 0 : s->value_dim;
    llm_pages pages = {
        .dtype = (llm_kv_dtype)random_size(c, 0, 2),
        .block_size = s->block_size,
        .kv_heads = s->kv_heads,
        .key_dim = s->dim,
        .value_dim = s->value_dim};
    const size_t width = llm_kv_element_bytes(pages.dtype);
    pages.keys = take(c, rows * s->dim * width);
    pages.values = s->latent ? NULL : take(c, rows * stride * width);
    pages.key_scales = take(c, rows * sizeof(float));
    pages.value_scales = s->latent ? NULL : take(c, rows * sizeof(float));
    memset(pages.keys, 0xff, rows * s->dim * width);
    memset(pages.key_scales, 0xff, rows * sizeof(float));
    if (pages.value_scales) memset(pages.value_scales, 0xff, rows * sizeof(float));
    for (size_t row = 0; row < rows && pages.values; row++) {
        char *value = (char *)pages.values + row * stride * width;
        memset(value, 0xff, padded * width);
        memset(value + padded * width, 0, (stride - padded) * width);
    }
    // What lies behind every query's window is not there.
    for (size_t position = first_seen(s, s->first); position < s->length; position++) {
        const size_t block = (size_t)block_table[position / s->block_size], offset = position % s->block_size;
        float *key = s->keys + position * s->kv_heads * s->dim;
        float *value = s->values + position * s->kv_heads * s->value_dim;
        llm_write_page(&pages, block * s->block_size + offset, key, value);
        for (size_t head = 0; head < s->kv_heads; head++) {
            const size_t token = (block * s->kv_heads + head) * s->block_size + offset;
            const bool scaled = pages.dtype == LLM_KV_INT8;
            const float key_scale = scaled ? pages.key_scales[token] : 1;
            const float value_scale = scaled && pages.values ? pages.value_scales[token] : key_scale;
            for (size_t d = 0; d < s->dim; d++) {
                const size_t group = token / LLM_KEY_GROUP * s->dim + d;
                const size_t at = group * LLM_KEY_GROUP + token % LLM_KEY_GROUP;
                key[head * s->dim + d] = widened(pages.dtype, pages.keys, at) * key_scale;
            }
            for (size_t d = 0; d < s->value_dim; d++)
                value[head * s->value_dim + d] =
                    pages.values ? widened(pages.dtype, pages.values, token * stride + d) * value_scale
                                 : key[head * s->dim + d];
        }
    }
    return pages;
}

// One query and head as the formula states it.
static bool check_query(
    check_case *c, const sequence *s, const llm_attention_args *a, size_t query, size_t head, const output *out) {
    const size_t visible = last_seen(s, s->first + query) + 1, first = first_seen(s, s->first + query);
    const size_t kv_head = head / (s->heads / s->kv_heads);
    const float *q = s->q + query * s->q_stride + head * s->dim;
    double *weights = take(c, visible * sizeof *weights), largest = a->sinks ? a->sinks[head] : -INFINITY, sum = 0;
    for (size_t j = first; j < visible; j++) {
        weights[j] = 0;
        const float *key = s->keys + (j * s->kv_heads + kv_head) * s->dim;
        for (size_t d = 0; d < s->dim; d++) weights[j] += (double)q[d] * key[d];
        weights[j] *= a->scale;
        if (a->softcap > 0) weights[j] = a->softcap * tanh(weights[j] / a->softcap);
        if (a->slopes) weights[j] -= a->slopes[head] * (double)(s->first + query - j);
        if (a->biases) {
            const double span = (double)a->bias_span, distance = (double)j - (double)(s->first + query);
            const double place = fmin(fmax(distance, -span), span) + span;
            weights[j] += a->biases[head * (2 * a->bias_span + 1) + (size_t)place];
        }
        largest = fmax(largest, weights[j]);
    }
    for (size_t j = first; j < visible; j++) sum += weights[j] = exp(weights[j] - largest);
    if (a->sinks) sum += exp(a->sinks[head] - largest);
    for (size_t d = 0; d < s->value_dim; d++) {
        double wanted = 0;
        for (size_t j = first; j < visible; j++)
            wanted += weights[j] / sum * s->values[(j * s->kv_heads + kv_head) * s->value_dim + d];
        const double own = ((const float *)out->data)[query * out->stride + head * s->value_dim + d];
        if (!(fabs(own - wanted) <= 2e-5))
            return fails(
                c, "scalar", "query %zu, head %zu, element %zu is %.9g; in double precision it is %.9g", query, head, d,
                own, wanted);
    }
    return true;
}

static bool check_feature(check_case *c, feature feature) {
    const flavor flavor = random_flavor(c);
    const sequence s = random_sequence(c, flavor, feature);
    const size_t kv_head = random_size(c, 0, s.kv_heads - 1), group = s.heads / s.kv_heads;
    const size_t begin = random_one_in(c, 3) ? random_size(c, 0, s.queries - 1) : 0;
    const size_t cut = random_size(c, begin, s.queries);
    describe(
        c,
        "%zu queries from %zu on after %zu positions, %zu heads of %zu and %zu over %zu, head %zu, blocks of %zu, "
        "%s %zu, %zu ahead",
        s.queries, begin, s.first, s.heads, s.dim, s.value_dim, s.kv_heads, kv_head, s.block_size,
        s.chunked ? "chunks of" : "window", s.window, s.ahead);
    int32_t *block_table = random_block_table(c, s.blocks);
    llm_attention_args args = {
        .q = s.q,
        .q_stride = s.q_stride,
        .out_stride = s.out_stride,
        .pages = take_pages(c, &s, block_table),
        .block_table = block_table,
        .first_position = s.first,
        .length = s.length,
        .heads = s.heads,
        .scale = random_float(c, 0.1f, 0.5f),
        .window = s.window,
        .ahead = s.ahead,
        .chunked = s.chunked};
    for (size_t i = 0; i < first_seen(&s, s.first) / s.block_size; i++) block_table[i] = -1;
    if (feature == SCORES) {
        args.softcap = random_one_in(c, 3) ? 0 : random_float(c, 0.2f, 3);
        args.sinks = random_one_in(c, 3) ? NULL : random_floats(c, ORDINARY, 1, s.heads, s.heads);
    }
    if (feature == SLOPES) {
        args.softcap = random_one_in(c, 3) ? random_float(c, 0.2f, 3) : 0;
        args.slopes = random_floats(c, ORDINARY, 1, s.heads, s.heads);
    }
    if (feature == BIASES) {
        args.softcap = random_one_in(c, 3) ? random_float(c, 0.2f, 3) : 0;
        args.bias_span = random_size(c, 0, 150);
        const size_t width = 2 * args.bias_span + 1;
        args.biases = random_floats(c, ORDINARY, s.heads, width, width);
    }

    size_t count;
    const llm_attention_variant *variants = llm_attention_variants(&count);
    const output before = take_output(c, FLOATS, s.queries, s.out_stride);
    const output plain = copy_output(c, &before);
    args.out = plain.data;
    variants[0].function(&args, kv_head, begin, s.queries);
    const output_part part = {begin, s.queries, kv_head * group * s.value_dim, (kv_head + 1) * group * s.value_dim};
    if (!only_part(c, "the outputs", &before, &plain, part)) return false;
    for (size_t query = begin; flavor == ORDINARY && query < s.queries; query++)
        for (size_t head = kv_head * group; head < (kv_head + 1) * group; head++)
            if (!check_query(c, &s, &args, query, head, &plain)) return false;
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

static bool check_attention(check_case *c) { return check_feature(c, PLAIN); }
static bool check_window(check_case *c) { return check_feature(c, WINDOW); }
static bool check_chunks(check_case *c) { return check_feature(c, CHUNKS); }
static bool check_ahead(check_case *c) { return check_feature(c, AHEAD); }
static bool check_scores(check_case *c) { return check_feature(c, SCORES); }
static bool check_slopes(check_case *c) { return check_feature(c, SLOPES); }
static bool check_biases(check_case *c) { return check_feature(c, BIASES); }
static bool check_latent(check_case *c) { return check_feature(c, LATENT); }

DEFINE_CHECK(attention)
const kernel_check attention_window_check = {"attention_window", attention_table, check_window};
const kernel_check attention_chunks_check = {"attention_chunks", attention_table, check_chunks};
const kernel_check attention_ahead_check = {"attention_ahead", attention_table, check_ahead};
const kernel_check attention_scores_check = {"attention_scores", attention_table, check_scores};
const kernel_check attention_slopes_check = {"attention_slopes", attention_table, check_slopes};
const kernel_check attention_biases_check = {"attention_biases", attention_table, check_biases};
const kernel_check attention_latent_check = {"attention_latent", attention_table, check_latent};
