// The gated delta rule (Yang et al. 2024): a state of each value head that a token corrects where its key points.
#include "variants.h"

// Columns of a panel: a panel's state, [key_dim][PANEL], stays in the nearest cache over all rows of a sequence.
enum { PANEL = LANES };

// Sums run in chains that take turns.
enum { CHAINS = 2 };

size_t llm_delta_panels(size_t value_dim) { return (value_dim + PANEL - 1) / PANEL; }

size_t llm_delta_state_size(size_t value_heads, size_t key_dim, size_t value_dim) {
    return value_heads * llm_delta_panels(value_dim) * key_dim * PANEL;
}

// A panel's place among the operands.
typedef struct {
    const float *q, *k, *v, *decays, *betas; // of row 0
    float rate, bias;
    float *out;
    size_t columns; // that are no padding
    float *state;   // [key_dim][PANEL]
} delta_panel;

// A panel, its state as it is before row 0.
static inline delta_panel panel_at(const llm_delta_args *a, size_t index) {
    const size_t panels = llm_delta_panels(a->value_dim), head = index / panels, first = index % panels * PANEL;
    const size_t key_head = a->in_turn ? head % a->key_heads : head / (a->value_heads / a->key_heads);
    const size_t key = key_head * a->key_dim, value = head * a->value_dim + first;
    const size_t rest = a->value_dim - first, at = index * a->key_dim * PANEL;
    const size_t bytes = a->key_dim * PANEL * sizeof *a->target;
    if (!a->source)
        memset(a->target + at, 0, bytes);
    else if (a->source != a->target)
        memcpy(a->target + at, a->source + at, bytes);
    return (delta_panel){
        .q = a->q + key,
        .k = a->k + key,
        .v = a->v + value,
        .decays = a->decays + head,
        .betas = a->betas + head,
        .rate = a->rates[head],
        .bias = a->biases[head],
        .out = a->out + value,
        .columns = rest < PANEL ? rest : PANEL,
        .state = a->target + at};
}

static float column_sum_plain(const float *x, const float *column, size_t count) {
    float chains[CHAINS] = {0};
    for (size_t i = 0; i < count; i++) chains[i % CHAINS] = fmaf(x[i], column[i * PANEL], chains[i % CHAINS]);
    return chains[0] + chains[1];
}

static void delta_plain(const llm_delta_args *a, size_t begin, size_t end) {
    for (size_t index = begin; index < end; index++) {
        const delta_panel p = panel_at(a, index);
        for (size_t row = 0; row < a->rows; row++) {
            const float *q = p.q + row * a->stride, *k = p.k + row * a->stride, *v = p.v + row * a->stride;
            const size_t gate = row * a->gate_stride;
            const float decay = exp_plain(p.rate * softplus_plain(p.decays[gate] + p.bias));
            const float beta = 1.0f / (1.0f + exp_plain(-p.betas[gate]));
            for (size_t column = 0; column < PANEL; column++) {
                float *s = p.state + column;
                const float recalled = column_sum_plain(k, s, a->key_dim);
                const float correction = fmaf(-decay, recalled, column < p.columns ? v[column] : 0) * beta;
                for (size_t i = 0; i < a->key_dim; i++) s[i * PANEL] = fmaf(k[i], correction, decay * s[i * PANEL]);
                const float read = column_sum_plain(q, s, a->key_dim);
                if (column < p.columns) p.out[row * a->out_stride + column] = read;
            }
        }
    }
}

// What the key recalls of the state.
LLM_TEMPLATE f32x16 recall16(const float state[], const float *k, size_t count) {
    f32x16 chains[CHAINS] = {0, 0};
    size_t i = 0;
    for (; i + CHAINS <= count; i += CHAINS)
        LLM_UNROLL for (size_t c = 0; c < CHAINS; c++) {
            chains[c] = fma16((f32x16)k[i + c], load16(state + (i + c) * PANEL), chains[c]);
        }
    if (i < count) chains[0] = fma16((f32x16)k[i], load16(state + i * PANEL), chains[0]);
    return chains[0] + chains[1];
}

// One row in one pass over the state: correct it, read it with the query, recall it with the next row's key.
LLM_TEMPLATE f32x16 step16(
    float state[], const float *q, const float *k, const float *next, size_t count, f32x16 decay, f32x16 correction,
    f32x16 *recalled) {
    f32x16 read[CHAINS] = {0, 0}, recall[CHAINS] = {0, 0};
#define ELEMENT(i, c)                                                                                                  \
    {                                                                                                                  \
        const f32x16 s = fma16((f32x16)k[i], correction, decay * load16(state + (i) * PANEL));                         \
        store16(state + (i) * PANEL, s);                                                                               \
        read[c] = fma16((f32x16)q[i], s, read[c]);                                                                     \
        recall[c] = fma16((f32x16)next[i], s, recall[c]);                                                              \
    }
    size_t i = 0;
    for (; i + CHAINS <= count; i += CHAINS) LLM_UNROLL for (size_t c = 0; c < CHAINS; c++) ELEMENT(i + c, c)
    if (i < count) ELEMENT(i, 0)
#undef ELEMENT
    *recalled = recall[0] + recall[1];
    return read[0] + read[1];
}

// Decays and betas of up to 16 rows.
LLM_TEMPLATE void gates16(
    const llm_delta_args *a, const delta_panel *p, size_t row, size_t rows, float decays[LANES], float betas[LANES]) {
    for (size_t i = 0; i < LANES; i++) {
        const size_t gate = (row + (i < rows ? i : 0)) * a->gate_stride;
        decays[i] = p->decays[gate];
        betas[i] = p->betas[gate];
    }
    store16(decays, exp16((f32x16)p->rate * softplus16(load16(decays) + p->bias)));
    store16(betas, 1.0f / (1.0f + exp16(-load16(betas))));
}

LLM_TEMPLATE void delta_template(const llm_delta_args *a, size_t begin, size_t end) {
    for (size_t index = begin; index < end; index++) {
        const delta_panel p = panel_at(a, index);
        f32x16 recalled = recall16(p.state, p.k, a->key_dim);
        float decays[LANES], betas[LANES];
        for (size_t row = 0; row < a->rows; row++) {
            const size_t at = row % LANES;
            if (at == 0) gates16(a, &p, row, a->rows - row, decays, betas);
            const f32x16 decay = (f32x16)decays[at];
            const f32x16 v = load_first(p.v + row * a->stride, p.columns);
            const f32x16 correction = fma16(-decay, recalled, v) * (f32x16)betas[at];
            const float *k = p.k + row * a->stride;
            const float *following = row + 1 < a->rows ? k + a->stride : k;
            const f32x16 read = step16(
                p.state, p.q + row * a->stride, k, following, a->key_dim, decay, correction, &recalled);
            store_first(p.out + row * a->out_stride, read, p.columns);
        }
    }
}

VARIANTS(delta)
