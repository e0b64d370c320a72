// The gated delta rule.
#include "check.h"

// The most key elements of a case: a column of its state is kept on the stack in double precision.
enum { KEYS = 128, PANEL = 16 };

// The first output column of a panel.
static size_t panel_column(const llm_delta_args *a, size_t panel) {
    const size_t panels = llm_delta_panels(a->value_dim);
    return panel / panels * a->value_dim + panel % panels * PANEL;
}

// Every output of one value column, and its state after the last row.
static bool check_column(
    check_case *c, const llm_delta_args *a, const output *out, const output *target, size_t head, size_t column) {
    const size_t panel = head * llm_delta_panels(a->value_dim) + column / PANEL;
    const size_t first = panel * a->key_dim * PANEL + column % PANEL, value = head * a->value_dim + column;
    const size_t key_head = a->in_turn ? head % a->key_heads : head / (a->value_heads / a->key_heads);
    const size_t key = key_head * a->key_dim;
    double state[KEYS];
    for (size_t i = 0; i < a->key_dim; i++) state[i] = a->source ? a->source[first + i * PANEL] : 0;
    for (size_t row = 0; row < a->rows; row++) {
        const float *q = a->q + row * a->stride + key, *k = a->k + row * a->stride + key;
        const double in = (double)a->decays[row * a->gate_stride + head] + a->biases[head];
        const double decay = exp(a->rates[head] * log1p(exp(in)));
        const double beta = 1 / (1 + exp(-(double)a->betas[row * a->gate_stride + head]));
        double recalled = 0, read = 0;
        for (size_t i = 0; i < a->key_dim; i++) recalled += k[i] * (state[i] *= decay);
        for (size_t i = 0; i < a->key_dim; i++) state[i] += k[i] * (a->v[row * a->stride + value] - recalled) * beta;
        for (size_t i = 0; i < a->key_dim; i++) read += q[i] * state[i];
        if (!close_to(c, out, row, value, read, 2e-5)) return false;
    }
    for (size_t i = 0; i < a->key_dim; i++)
        if (!close_to(c, target, 0, first + i * PANEL, state[i], 2e-5)) return false;
    return true;
}

// Computes the panels of a range in two calls, the rows in those up to `cut` and the others, which go on from the target,
// into copies of the outputs.
static void run_delta(
    check_case *c, llm_delta_args a, llm_delta_fn function, row_range panels, size_t cut, const output *before,
    output *out, output *target) {
    *out = copy_output(c, &before[0]);
    *target = copy_output(c, &before[1]);
    const size_t rows = a.rows;
    a.out = out->data;
    a.target = target->data;
    for (size_t begin = 0, end = cut; begin < rows; begin = end, end = rows) {
        llm_delta_args part = a;
        part.q += begin * a.stride;
        part.k += begin * a.stride;
        part.v += begin * a.stride;
        part.decays += begin * a.gate_stride;
        part.betas += begin * a.gate_stride;
        part.out += begin * a.out_stride;
        part.rows = end - begin;
        if (begin > 0) part.source = part.target;
        function(&part, panels.begin, panels.cut);
        function(&part, panels.cut, panels.end);
    }
}

static bool check_delta(check_case *c) {
    const size_t rows = case_rows(c), key_heads = random_size(c, 1, 2), value_heads = key_heads * random_size(c, 1, 2);
    const size_t key_dim = random_width(c, KEYS), value_dim = random_width(c, 40);
    const size_t keys = key_heads * key_dim, values = value_heads * value_dim;
    const size_t stride = 2 * keys + values + random_size(c, 0, 5);
    const size_t gate_stride = 2 * value_heads + random_size(c, 0, 5);
    const size_t size = llm_delta_state_size(value_heads, key_dim, value_dim);
    const flavor flavor = random_flavor(c);
    const bool is_fresh = random_one_in(c, 3);
    describe(
        c, "%zu rows, %zu heads of %zu values, %zu of %zu keys%s", rows, value_heads, value_dim, key_heads, key_dim,
        is_fresh ? "" : ", from a state");
    float *x = random_floats(c, flavor, rows, 2 * keys + values, stride);
    for (size_t row = 0; row < rows; row++) // keys of a length below 1, as their norm makes them
        for (size_t i = 0; i < 2 * keys; i++) x[row * stride + i] /= sqrtf((float)key_dim);
    const float *gates = random_floats(c, flavor, rows, 2 * value_heads, gate_stride);
    float *rates = random_floats(c, ORDINARY, 1, value_heads, value_heads);
    for (size_t i = 0; i < value_heads; i++) rates[i] = -random_float(c, 0.01f, random_one_in(c, 2) ? 1 : 16);
    const llm_delta_args args = {
        .q = x,
        .k = x + keys,
        .v = x + 2 * keys,
        .stride = stride,
        .decays = gates + value_heads,
        .betas = gates,
        .gate_stride = gate_stride,
        .rates = rates,
        .biases = random_floats(c, ORDINARY, 1, value_heads, value_heads),
        .out_stride = values + random_size(c, 0, 5),
        .source = is_fresh ? NULL : random_floats(c, flavor, 1, size, size),
        .rows = rows,
        .value_heads = value_heads,
        .key_dim = key_dim,
        .value_dim = value_dim,
        .key_heads = key_heads,
        .in_turn = random_one_in(c, 2)};
    const row_range panels = random_range(c, value_heads * llm_delta_panels(value_dim));
    const size_t cut = random_size(c, 1, rows);
    const output before[2] = {take_output(c, FLOATS, rows, args.out_stride), take_output(c, FLOATS, 1, size)};

    size_t count;
    const llm_delta_variant *variants = llm_delta_variants(&count);
    output out, target;
    run_delta(c, args, variants[0].function, panels, rows, before, &out, &target);
    const size_t begin = panel_column(&args, panels.begin), end = panel_column(&args, panels.end);
    if (!only_part(c, "the outputs", &before[0], &out, (output_part){0, rows, begin, end})) return false;
    const size_t each = key_dim * PANEL;
    const output_part states = {0, 1, panels.begin * each, panels.end * each};
    if (!only_part(c, "the state", &before[1], &target, states)) return false;
    for (size_t panel = panels.begin; flavor == ORDINARY && panel < panels.end; panel++) {
        const size_t of_head = llm_delta_panels(value_dim), head = panel / of_head, first = panel % of_head * PANEL;
        for (size_t column = first; column < value_dim && column < first + PANEL; column++)
            if (!check_column(c, &args, &out, &target, head, column)) return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        output own, own_target;
        run_delta(c, args, variants[i].function, panels, cut, before, &own, &own_target);
        if (!same_output(c, variants[i].name, "the outputs", &out, &own)) return false;
        if (!same_output(c, variants[i].name, "the state", &target, &own_target)) return false;
    }
    return true;
}

DEFINE_CHECK(delta)
