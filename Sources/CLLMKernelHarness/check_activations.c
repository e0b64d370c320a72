// Layer norm, activation functions, softmax and soft caps of rows.
#include "check.h"

// Compares a kernel's variants on copies of `before`, of which the plain one may write `width` columns of the range.
typedef void (*row_function)(const void *args, size_t row_begin, size_t row_end);

typedef struct {
    variant_table table;
    void *args;       // of the kernel
    float **target;   // where in them the output is set
    row_range range;
    size_t width;
} row_kernel;

// What every variant's row has, whatever the kernel's arguments are.
typedef struct {
    const char *name;
    uint32_t features;
    row_function function;
} row_variant;

static const row_variant *row_variant_at(const row_kernel *k, size_t i) {
    return (const row_variant *)((const char *)k->table.rows + i * k->table.row_size);
}

static bool run_plain(check_case *c, const row_kernel *k, const output *before, output *plain) {
    *plain = copy_output(c, before);
    *k->target = plain->data;
    row_variant_at(k, 0)->function(k->args, k->range.begin, k->range.end);
    return only_part(c, "the outputs", before, plain, (output_part){k->range.begin, k->range.end, 0, k->width});
}

static bool same_variants(check_case *c, const row_kernel *k, const output *before, const output *plain) {
    for (size_t i = 1; i < k->table.count; i++) {
        const row_variant *variant = row_variant_at(k, i);
        if (!available(c, variant->features)) continue;
        const output own = copy_output(c, before);
        *k->target = own.data;
        variant->function(k->args, k->range.begin, k->range.cut);
        variant->function(k->args, k->range.cut, k->range.end);
        if (!same_output(c, variant->name, "the outputs", plain, &own)) return false;
    }
    return true;
}

// Layer norm

static variant_table layer_norm_table(void);

static bool check_layer_norm(check_case *c) {
    const size_t rows = case_rows(c), width = random_width(c, 300);
    const size_t x_stride = width + random_size(c, 0, 5), y_stride = width + random_size(c, 0, 5);
    const row_range range = random_range(c, rows);
    const flavor flavor = random_flavor(c), plain_flavor = flavor == BROKEN ? WILD : flavor;
    describe(c, "rows %zu…%zu of %zu, width %zu", range.begin, range.end, rows, width);
    const float *x = random_floats(c, flavor, rows, width, x_stride);
    llm_layer_norm_args args = {
        .x = x,
        .x_stride = x_stride,
        .weight = random_one_in(c, 4) ? NULL : random_floats(c, plain_flavor, 1, width, width),
        .bias = random_one_in(c, 2) ? NULL : random_floats(c, plain_flavor, 1, width, width),
        .y_stride = y_stride,
        .width = width,
        .epsilon = 1e-5f};
    const row_kernel kernel = {layer_norm_table(), &args, &args.y, range, width};
    const output before = take_output(c, FLOATS, rows, y_stride);
    output plain;
    if (!run_plain(c, &kernel, &before, &plain)) return false;
    for (size_t row = range.begin; flavor == ORDINARY && row < range.end; row++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < width; i++) mean += x[row * x_stride + i] / (double)width;
        for (size_t i = 0; i < width; i++) square += pow(x[row * x_stride + i] - mean, 2) / (double)width;
        const double scale = 1 / sqrt(square + args.epsilon);
        for (size_t i = 0; i < width; i++) {
            const double weight = args.weight ? args.weight[i] : 1, bias = args.bias ? args.bias[i] : 0;
            // A row of values that are nearly equal has a scale of up to 316.
            if (!close_to(c, &plain, row, i, (x[row * x_stride + i] - mean) * scale * weight + bias, 2e-4)) return false;
        }
    }
    return same_variants(c, &kernel, &before, &plain);
}

DEFINE_CHECK(layer_norm)

// Activation functions

static double activated(llm_activation_function function, double x) {
    switch (function) {
    case LLM_SILU: return x / (1 + exp(-x));
    case LLM_GELU_TANH: return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case LLM_GELU: return 0.5 * x * (1 + erf(x * 0.70710678118654752440));
    case LLM_RELU: return fmax(x, 0);
    case LLM_RELU_SQUARED: return fmax(x, 0) * fmax(x, 0);
    case LLM_SIGMOID: return 1 / (1 + exp(-x));
    }
    return 0;
}

static variant_table activate_table(void);

static bool check_function(check_case *c, llm_activation_function function, bool gated, size_t rows, size_t width) {
    const size_t columns = gated ? width * 2 : width;
    const size_t x_stride = columns + random_size(c, 0, 5), y_stride = width + random_size(c, 0, 5);
    const row_range range = random_range(c, rows);
    const flavor flavor = random_flavor(c);
    describe(
        c, "rows %zu…%zu of %zu, width %zu, function %d%s", range.begin, range.end, rows, width, (int)function,
        gated ? ", gated" : "");
    float *x = random_floats(c, flavor, rows, columns, x_stride);
    for (size_t row = 0; row < rows; row++) // of all sizes
        for (size_t i = 0; i < width; i++) x[row * x_stride + i] *= random_one_in(c, 4) ? 120 : 8;
    llm_activate_args args = {
        .x = x, .x_stride = x_stride, .y_stride = y_stride, .width = width, .function = function, .gated = gated};
    const row_kernel kernel = {activate_table(), &args, &args.y, range, width};
    const output before = take_output(c, FLOATS, rows, y_stride);
    output plain;
    if (!run_plain(c, &kernel, &before, &plain)) return false;
    // tanh and erf are near to in proportion to 1, so their functions to in proportion to what goes in.
    const double absolute = function == LLM_GELU_TANH || function == LLM_GELU ? 4e-7 : 0;
    for (size_t row = range.begin; flavor == ORDINARY && row < range.end; row++)
        for (size_t i = 0; i < width; i++) {
            const double in = x[row * x_stride + i], up = gated ? x[row * x_stride + width + i] : 1;
            const double wanted = activated(function, in) * up;
            const double tolerance = fabs(wanted) * 0x1p-20 + 0x1p-110 + absolute * fabs(in * up);
            if (!close_to(c, &plain, row, i, wanted, tolerance)) return false;
        }
    return same_variants(c, &kernel, &before, &plain);
}

static bool check_silu_multiply(check_case *c) {
    const size_t rows = case_rows(c);
    return check_function(c, LLM_SILU, true, rows, random_width(c, 200));
}

static bool check_activate(check_case *c) {
    const llm_activation_function function = (llm_activation_function)random_size(c, LLM_SILU, LLM_RELU_SQUARED);
    const bool gated = random_one_in(c, 2);
    return check_function(c, function, gated, case_rows(c), random_width(c, 200));
}

static bool check_sigmoid(check_case *c) {
    const size_t rows = case_rows(c);
    return check_function(c, LLM_SIGMOID, random_one_in(c, 2), rows, random_width(c, 200));
}

DEFINE_CHECK(activate)
const kernel_check sigmoid_check = {"sigmoid", activate_table, check_sigmoid};
const kernel_check silu_multiply_check = {"silu_multiply", activate_table, check_silu_multiply};

// Softmax

static variant_table softmax_table(void);

static bool check_softmax(check_case *c) {
    const size_t rows = case_rows(c), width = random_width(c, 300), stride = width + random_size(c, 0, 5);
    const row_range range = random_range(c, rows);
    const flavor flavor = random_flavor(c);
    describe(c, "rows %zu…%zu of %zu, width %zu", range.begin, range.end, rows, width);
    const float *x = random_floats(c, flavor, rows, width, stride);
    llm_softmax_args args = {.x_stride = stride, .width = width};
    const row_kernel kernel = {softmax_table(), &args, &args.x, range, width};
    const output before = take_output(c, FLOATS, rows, stride);
    copy_rows(&before, x, width, stride);
    output plain;
    if (!run_plain(c, &kernel, &before, &plain)) return false;
    for (size_t row = range.begin; flavor == ORDINARY && row < range.end; row++) {
        double largest = -INFINITY, sum = 0;
        for (size_t i = 0; i < width; i++) largest = fmax(largest, x[row * stride + i]);
        for (size_t i = 0; i < width; i++) sum += exp(x[row * stride + i] - largest);
        for (size_t i = 0; i < width; i++)
            if (!close_to(c, &plain, row, i, exp(x[row * stride + i] - largest) / sum, 0x1p-20)) return false;
    }
    return same_variants(c, &kernel, &before, &plain);
}

DEFINE_CHECK(softmax)

// Soft caps

static variant_table softcap_table(void);

static bool check_softcap(check_case *c) {
    const size_t rows = case_rows(c), width = random_width(c, 300), stride = width + random_size(c, 0, 5);
    const row_range range = random_range(c, rows);
    const flavor flavor = random_flavor(c);
    describe(c, "rows %zu…%zu of %zu, width %zu", range.begin, range.end, rows, width);
    float *x = random_floats(c, flavor, rows, width, stride);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) x[row * stride + i] *= random_one_in(c, 4) ? 120 : 8;
    llm_softcap_args args = {.x_stride = stride, .width = width, .cap = random_float(c, 0.5f, 50)};
    const row_kernel kernel = {softcap_table(), &args, &args.x, range, width};
    const output before = take_output(c, FLOATS, rows, stride);
    copy_rows(&before, x, width, stride);
    output plain;
    if (!run_plain(c, &kernel, &before, &plain)) return false;
    for (size_t row = range.begin; flavor == ORDINARY && row < range.end; row++)
        for (size_t i = 0; i < width; i++) {
            const double wanted = args.cap * tanh(x[row * stride + i] / (double)args.cap);
            if (!close_to(c, &plain, row, i, wanted, 4e-7 * args.cap)) return false;
        }
    return same_variants(c, &kernel, &before, &plain);
}

DEFINE_CHECK(softcap)
