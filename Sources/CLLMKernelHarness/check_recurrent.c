// Layers that keep a state: every variant, in two calls that hand the state on, against the plain one in one call.
#include "check.h"

// Rows that a second call begins with; 0 for one call.
static size_t random_cut(check_case *c, size_t rows) { return rows > 1 ? random_size(c, 1, rows - 1) : 0; }

// Short convolution

static double convolved(const llm_short_convolution_args *a, size_t row, size_t channel) {
    double sum = a->bias ? a->bias[channel] : 0;
    for (size_t k = 0; k < a->width; k++) {
        const size_t past = row + k; // counted from the oldest input before the first row
        double input = 0;
        if (past < a->width - 1) {
            if (a->source) input = a->source[past * a->channels + channel];
        } else {
            const size_t at = (past - (a->width - 1)) * a->x_stride + channel;
            input = a->before ? (double)a->x[at] * a->before[at] : a->x[at];
        }
        sum += a->weight[k * a->channels + channel] * input;
    }
    if (a->silu) sum = sum / (1 + exp(-sum));
    return a->after ? sum * a->after[row * a->x_stride + channel] : sum;
}

static void convolve(
    llm_short_convolution_fn function, llm_short_convolution_args args, row_range channels, size_t cut) {
    llm_short_convolution_args first = args;
    if (cut > 0) {
        first.rows = cut;
        function(&first, channels.begin, channels.cut);
        function(&first, channels.cut, channels.end);
        args.x += cut * args.x_stride;
        if (args.before) args.before += cut * args.x_stride;
        if (args.after) args.after += cut * args.x_stride;
        args.y += cut * args.y_stride;
        args.source = args.target;
        args.rows -= cut;
    }
    function(&args, channels.begin, channels.cut);
    function(&args, channels.cut, channels.end);
}

static bool check_short_convolution(check_case *c) {
    const size_t rows = case_rows(c), count = random_width(c, 100), width = random_size(c, 2, 5);
    const size_t stride = count + random_size(c, 0, 5), y_stride = count + random_size(c, 0, 5);
    const flavor flavor = random_flavor(c);
    const row_range channels = random_range(c, count);
    const size_t cut = random_cut(c, rows);
    llm_short_convolution_args args = {
        .x = random_floats(c, flavor, rows, count, stride),
        .before = random_one_in(c, 2) ? random_floats(c, ORDINARY, rows, count, stride) : NULL,
        .after = random_one_in(c, 2) ? random_floats(c, ORDINARY, rows, count, stride) : NULL,
        .x_stride = stride,
        .weight = random_floats(c, ORDINARY, width, count, count),
        .bias = random_one_in(c, 2) ? random_floats(c, ORDINARY, 1, count, count) : NULL,
        .y_stride = y_stride,
        .source = random_one_in(c, 3) ? NULL : random_floats(c, flavor, width - 1, count, count),
        .rows = rows,
        .channels = count,
        .width = width,
        .silu = random_one_in(c, 2)};
    describe(
        c, "channels %zu…%zu of %zu, %zu rows after %zu, width %zu%s", channels.begin, channels.end, count, rows - cut,
        cut, width, args.silu ? ", SiLU" : "");
    const float *source = args.source;
    const bool in_place = source && random_one_in(c, 2);
    const output before = take_output(c, FLOATS, rows, y_stride), state = take_output(c, FLOATS, width - 1, count);
    if (in_place) copy_rows(&state, source, count, count);

    size_t variant_count;
    const llm_short_convolution_variant *variants = llm_short_convolution_variants(&variant_count);
    output plain = before, plain_state = state;
    for (size_t i = 0; i < variant_count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before), own_state = copy_output(c, &state);
        args.y = own.data;
        args.target = own_state.data;
        args.source = in_place ? own_state.data : source;
        convolve(variants[i].function, args, channels, i > 0 ? cut : 0);
        if (i > 0) {
            if (!same_output(c, variants[i].name, "the outputs", &plain, &own)) return false;
            if (!same_output(c, variants[i].name, "the state", &plain_state, &own_state)) return false;
            continue;
        }
        plain = own, plain_state = own_state;
        if (!only_part(c, "the outputs", &before, &plain, (output_part){0, rows, channels.begin, channels.end})
            || !only_part(
                c, "the state", &state, &plain_state, (output_part){0, width - 1, channels.begin, channels.end}))
            return false;
        args.source = source;
        for (size_t row = 0; flavor == ORDINARY && row < rows; row++)
            for (size_t j = channels.begin; j < channels.end; j++)
                if (!close_to(c, &plain, row, j, convolved(&args, row, j), 0x1p-18)) return false;
    }
    return true;
}

DEFINE_CHECK(short_convolution)

// Mamba-2's scan

static bool check_scan_values(check_case *c, const llm_mamba2_scan_args *a, const output *y, row_range heads) {
    const size_t panels = (a->head_dim + 15) / 16;
    double *h = take(c, a->state * sizeof *h);
    for (size_t head = heads.begin; head < heads.end; head++) {
        const size_t group = head / (a->heads / a->groups);
        for (size_t i = 0; i < a->head_dim; i++) {
            const size_t first = (head * panels + i / 16) * a->state * 16 + i % 16;
            for (size_t n = 0; n < a->state; n++) h[n] = a->source ? a->source[first + n * 16] : 0;
            for (size_t row = 0; row < a->rows; row++) {
                const double raw = (double)a->step[row * a->step_stride + head] + a->step_bias[head];
                const double step = log1p(exp(raw)), decay = exp(step * a->decay[head]);
                const double x = a->x[row * a->x_stride + head * a->head_dim + i];
                double sum = a->skip[head] * x;
                for (size_t n = 0; n < a->state; n++) {
                    const size_t at = row * a->x_stride + group * a->state + n;
                    h[n] = h[n] * decay + step * x * a->b[at];
                    sum += h[n] * a->c[at];
                }
                if (!close_to(c, y, row, head * a->head_dim + i, sum, 0x1p-17 * (double)a->state)) return false;
            }
        }
    }
    return true;
}

static void scan(llm_mamba2_scan_fn function, llm_mamba2_scan_args args, row_range heads, size_t cut) {
    llm_mamba2_scan_args first = args;
    if (cut > 0) {
        first.rows = cut;
        function(&first, heads.begin, heads.cut);
        function(&first, heads.cut, heads.end);
        args.x += cut * args.x_stride;
        args.b += cut * args.x_stride;
        args.c += cut * args.x_stride;
        args.step += cut * args.step_stride;
        args.y += cut * args.y_stride;
        args.source = args.target;
        args.rows -= cut;
    }
    function(&args, heads.begin, heads.cut);
    function(&args, heads.cut, heads.end);
}

static bool check_mamba2_scan(check_case *c) {
    const size_t rows = case_rows(c), groups = random_size(c, 1, 2), count = groups * random_size(c, 1, 3);
    const size_t dim = random_width(c, 70), state = random_width(c, 40);
    const size_t stride = count * dim + random_size(c, 0, 5), shared = groups * state;
    const size_t y_stride = count * dim + random_size(c, 0, 5), step_stride = count + random_size(c, 0, 5);
    const size_t x_stride = stride > shared ? stride : shared;
    const flavor flavor = random_flavor(c);
    const row_range heads = random_range(c, count);
    const size_t cut = random_cut(c, rows), floats = llm_mamba2_state_size(count, dim, state);
    describe(
        c, "heads %zu…%zu of %zu in %zu groups, %zu rows after %zu, %zu elements, state %zu", heads.begin, heads.end,
        count, groups, rows - cut, cut, dim, state);
    float *decay = random_floats(c, ORDINARY, 1, count, count);
    for (size_t i = 0; i < count; i++) decay[i] = -fabsf(decay[i]) * 4;
    // A state's elements past a head's end are zeros.
    const size_t panels = (dim + 15) / 16;
    float *source = random_floats(c, flavor, 1, floats, floats);
    for (size_t i = 0; i < floats; i++)
        if (i / (state * 16) % panels * 16 + i % 16 >= dim) source[i] = 0;
    if (random_one_in(c, 3)) source = NULL;
    llm_mamba2_scan_args args = {
        .x = random_floats(c, flavor, rows, count * dim, x_stride),
        .b = random_floats(c, ORDINARY, rows, shared, x_stride),
        .c = random_floats(c, ORDINARY, rows, shared, x_stride),
        .x_stride = x_stride,
        .step = random_floats(c, flavor, rows, count, step_stride),
        .step_stride = step_stride,
        .step_bias = random_floats(c, ORDINARY, 1, count, count),
        .decay = decay,
        .skip = random_floats(c, ORDINARY, 1, count, count),
        .y_stride = y_stride,
        .rows = rows,
        .heads = count,
        .head_dim = dim,
        .groups = groups,
        .state = state};
    const bool in_place = source && random_one_in(c, 2);
    const output before = take_output(c, FLOATS, rows, y_stride), kept = take_output(c, FLOATS, count, floats / count);
    if (in_place) copy_rows(&kept, source, floats / count, floats / count);

    size_t variant_count;
    const llm_mamba2_scan_variant *variants = llm_mamba2_scan_variants(&variant_count);
    output plain = before, plain_state = kept;
    for (size_t i = 0; i < variant_count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before), own_state = copy_output(c, &kept);
        args.y = own.data;
        args.target = own_state.data;
        args.source = in_place ? own_state.data : source;
        scan(variants[i].function, args, heads, i > 0 ? cut : 0);
        if (i > 0) {
            if (!same_output(c, variants[i].name, "the outputs", &plain, &own)) return false;
            if (!same_output(c, variants[i].name, "the state", &plain_state, &own_state)) return false;
            continue;
        }
        plain = own, plain_state = own_state;
        const output_part part = {0, rows, heads.begin * dim, heads.end * dim};
        if (!only_part(c, "the outputs", &before, &plain, part)
            || !only_part(c, "the state", &kept, &plain_state, (output_part){heads.begin, heads.end, 0, floats / count}))
            return false;
        args.source = source;
        if (flavor == ORDINARY && !check_scan_values(c, &args, &plain, heads)) return false;
    }
    return true;
}

DEFINE_CHECK(mamba2_scan)
