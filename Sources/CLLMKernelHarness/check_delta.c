// The gated delta rule.
#include "check.h"

// The most key elements of a case: a column of its state is kept on the stack in double precision.
enum { KEYS = 128, PANEL = 16 };

typedef struct {
    llm_delta_args args;
    llm_state_write writes[2];
    size_t panels, size; // of all heads; floats of a state
} delta_case;

static size_t panels_of_head(const llm_delta_args *a) { return whole(a->value_dim, PANEL) / PANEL; }

// The first output column of a panel.
static size_t panel_column(const llm_delta_args *a, size_t panel) {
    return panel / panels_of_head(a) * a->value_dim + panel % panels_of_head(a) * PANEL;
}

// Of one value column, every output and kept state.
static bool check_column(
    check_case *c, const delta_case *d, const output *out, const output *states, size_t head, size_t column) {
    const llm_delta_args *a = &d->args;
    const size_t panel = head * panels_of_head(a) + column / PANEL;
    const size_t key = head / (a->value_heads / a->key_heads) * a->key_dim, value = head * a->value_dim + column;
    double state[KEYS];
    for (size_t i = 0; i < a->key_dim; i++)
        state[i] = a->state ? a->state[(panel * a->key_dim + i) * PANEL + column % PANEL] : 0;
    for (size_t row = 0, next = 0; row < a->rows; row++) {
        const float *q = a->q + row * a->stride + key, *k = a->k + row * a->stride + key;
        const double in = (double)a->decays[row * a->gate_stride + head] + a->biases[head];
        const double decay = exp(a->rates[head] * log1p(exp(in)));
        const double beta = 1 / (1 + exp(-(double)a->betas[row * a->gate_stride + head]));
        double recalled = 0, read = 0;
        for (size_t i = 0; i < a->key_dim; i++) recalled += k[i] * (state[i] *= decay);
        for (size_t i = 0; i < a->key_dim; i++) state[i] += k[i] * (a->v[row * a->stride + value] - recalled) * beta;
        for (size_t i = 0; i < a->key_dim; i++) read += q[i] * state[i];
        if (!close_to(c, out, row, value, read, 2e-5)) return false;
        if (next == a->write_count || a->writes[next].rows != row + 1) continue;
        for (size_t i = 0; i < a->key_dim; i++)
            if (!close_to(c, states, next, (panel * a->key_dim + i) * PANEL + column % PANEL, state[i], 2e-5))
                return false;
        next++;
    }
    return true;
}

// Computes the panels of a range in two calls into copies of the outputs.
static void run_delta(
    check_case *c, delta_case *d, llm_delta_fn function, row_range panels, const output *before, output *out,
    output *states) {
    *out = copy_output(c, &before[0]);
    *states = copy_output(c, &before[1]);
    d->args.out = out->data;
    for (size_t i = 0; i < d->args.write_count; i++) d->writes[i].state = (float *)states->data + i * d->size;
    function(&d->args, panels.begin, panels.cut);
    function(&d->args, panels.cut, panels.end);
}

// Whether a sequence that goes on from a kept state gives the same outputs and the same last state.
static bool check_parts(
    check_case *c, const delta_case *d, row_range panels, const output *before, const output *out,
    const output *states) {
    if (d->args.write_count < 2) return true;
    const size_t first = d->args.writes[0].rows;
    const output own = copy_output(c, out), kept = copy_output(c, states);
    delta_case rest = *d;
    llm_delta_args *a = &rest.args;
    a->q += first * a->stride;
    a->k += first * a->stride;
    a->v += first * a->stride;
    a->decays += first * a->gate_stride;
    a->betas += first * a->gate_stride;
    a->out = (float *)own.data + first * a->out_stride;
    a->state = kept.data;
    a->rows -= first;
    // The last state takes the place of the one that is read.
    rest.writes[0] = (llm_state_write){a->rows, kept.data};
    a->writes = rest.writes;
    a->write_count = 1;
    size_t count;
    llm_delta_variants(&count)[0].function(a, panels.begin, panels.end);
    memcpy((float *)kept.data + d->size, kept.data, d->size * sizeof(float));
    memcpy(kept.data, states->data, d->size * sizeof(float));
    for (size_t panel = 0; panel < d->panels; panel++) { // those of other calls stay
        if (panel >= panels.begin && panel < panels.end) continue;
        const size_t bytes = a->key_dim * PANEL * sizeof(float), at = d->size * sizeof(float) + panel * bytes;
        memcpy((char *)kept.data + at, (const char *)before[1].data + at, bytes);
    }
    return same_output(c, "scalar, in two parts,", "the outputs", out, &own)
        && same_output(c, "scalar, in two parts,", "the states", states, &kept);
}

static bool check_delta(check_case *c) {
    const size_t rows = case_rows(c), key_heads = random_size(c, 1, 2), value_heads = key_heads * random_size(c, 1, 2);
    const size_t key_dim = random_width(c, KEYS), value_dim = random_width(c, 40);
    const size_t width = 2 * key_heads * key_dim + value_heads * value_dim, stride = width + random_size(c, 0, 5);
    const size_t gate_stride = 2 * value_heads + random_size(c, 0, 5);
    const flavor flavor = random_flavor(c);
    const bool is_fresh = random_one_in(c, 3);
    describe(
        c, "%zu rows, %zu heads of %zu values, %zu of %zu keys%s", rows, value_heads, value_dim, key_heads, key_dim,
        is_fresh ? "" : ", from a state");
    float *x = random_floats(c, flavor, rows, width, stride);
    for (size_t row = 0; row < rows; row++) // keys of a length below 1, as their norm makes them
        for (size_t i = 0; i < 2 * key_heads * key_dim; i++) x[row * stride + i] /= sqrtf((float)key_dim);
    const float *gates = random_floats(c, flavor, rows, 2 * value_heads, gate_stride);
    float *rates = random_floats(c, ORDINARY, 1, value_heads, value_heads);
    for (size_t i = 0; i < value_heads; i++) rates[i] = -random_float(c, 0.01f, random_one_in(c, 2) ? 1 : 16);
    delta_case d = {.panels = value_heads * whole(value_dim, PANEL) / PANEL};
    d.size = d.panels * key_dim * PANEL;
    const size_t first = random_size(c, 1, rows);
    d.writes[0].rows = first;
    d.writes[1].rows = rows;
    d.args = (llm_delta_args){
        .q = x,
        .k = x + key_heads * key_dim,
        .v = x + 2 * key_heads * key_dim,
        .stride = stride,
        .decays = gates + value_heads,
        .betas = gates,
        .gate_stride = gate_stride,
        .rates = rates,
        .biases = random_floats(c, ORDINARY, 1, value_heads, value_heads),
        .out_stride = value_heads * value_dim + random_size(c, 0, 5),
        .rows = rows,
        .key_heads = key_heads,
        .value_heads = value_heads,
        .key_dim = key_dim,
        .value_dim = value_dim,
        .state = is_fresh ? NULL : random_floats(c, flavor, 1, d.size, d.size),
        .writes = d.writes,
        .write_count = first < rows ? 2 : 1};
    const row_range panels = random_range(c, d.panels);
    const output before[2] = {take_output(c, FLOATS, rows, d.args.out_stride), take_output(c, FLOATS, 2, d.size)};

    size_t count;
    const llm_delta_variant *variants = llm_delta_variants(&count);
    output out, states;
    run_delta(c, &d, variants[0].function, panels, before, &out, &states);
    const size_t begin = panel_column(&d.args, panels.begin), end = panel_column(&d.args, panels.end);
    if (!only_part(c, "the outputs", &before[0], &out, (output_part){0, rows, begin, end})) return false;
    const output_part kept = {
        0, d.args.write_count, panels.begin * key_dim * PANEL, panels.end * key_dim * PANEL};
    if (!only_part(c, "the states", &before[1], &states, kept)) return false;
    for (size_t head = 0; flavor == ORDINARY && head < value_heads; head++)
        for (size_t column = 0; column < value_dim; column++) {
            const size_t panel = head * panels_of_head(&d.args) + column / PANEL;
            if (panel < panels.begin || panel >= panels.end) continue;
            if (!check_column(c, &d, &out, &states, head, column)) return false;
        }
    if (!check_parts(c, &d, panels, before, &out, &states)) return false;
    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        output own, own_states;
        run_delta(c, &d, variants[i].function, panels, before, &own, &own_states);
        if (!same_output(c, variants[i].name, "the outputs", &out, &own)) return false;
        if (!same_output(c, variants[i].name, "the states", &states, &own_states)) return false;
    }
    return true;
}

DEFINE_CHECK(delta)
