// Linear layers: every packing with every arithmetic that it has.
#include "check.h"

typedef struct {
    llm_packing packing;
    llm_arithmetic arithmetic;
} linear_kind;

// Whether a packing takes only what it holds.
static bool is_stored_only(llm_packing packing) { return packing > LLM_PANEL_W8; }

// A stored type that a packing holds.
static llm_dtype random_held(check_case *c, llm_packing packing) {
    size_t count;
    llm_encodings(&count);
    llm_dtype dtype;
    do dtype = (llm_dtype)random_size(c, 0, count - 1);
    while (!llm_holds(packing, dtype));
    return dtype;
}

// A packed matrix; for LLM_SILU_MULTIPLY a panel has 16 gates and their 16 ups.
static void *pack_matrix(
    check_case *c, llm_packing packing, llm_dtype held, llm_epilogue epilogue, flavor flavor, size_t panels, size_t n,
    size_t k) {
    size_t count;
    const llm_pack_fn pack = llm_pack_variants(&count)[0].function;
    llm_dtype dtype = is_stored_only(packing) ? held : (llm_dtype)random_size(c, LLM_F32, LLM_BF16);
    if (packing == LLM_PANEL_F32) dtype = LLM_F32;
    if (packing == LLM_PANEL_F16) dtype = LLM_F16;
    if (packing == LLM_PANEL_BF16) dtype = LLM_BF16;
    char *packed = take(c, panels * llm_panel_bytes(packing, k));
    for (size_t panel = 0; panel < panels; panel++) {
        llm_stored_row rows[LLM_PANEL];
        for (size_t f = 0; f < LLM_PANEL; f++) {
            const bool gated = epilogue == LLM_SILU_MULTIPLY;
            const bool there = gated ? panel * LLM_HALF_PANEL + f % LLM_HALF_PANEL < n / 2 : panel * LLM_PANEL + f < n;
            rows[f] = (llm_stored_row){dtype, there ? take_weights(c, dtype, flavor, k) : NULL};
        }
        pack(packing, rows, k, packed + panel * llm_panel_bytes(packing, k));
    }
    return packed;
}

typedef struct {
    double value, tolerance;
} approximate;

// One sum in double precision, over the operands as they are stored. A float32 chain of k rounds k times. Where weights
// have a minimum, it and what is added to it are each up to three times as large as the largest weight of their group.
static approximate sum_of(llm_packing packing, const llm_linear_args *a, const float *weights, size_t row) {
    size_t count;
    const llm_panel_kind *kind = llm_panel_kinds(&count) + packing;
    double sum = 0, magnitude = 0, largest = 0;
    for (size_t i = 0; i < a->k; i++) {
        const double x = encoded_value(&a->x, row, i), product = x * weights[i];
        if (kind->minimum_bytes && i % kind->group == 0) {
            largest = 0;
            for (size_t j = i; j < i + kind->group && j < a->k; j++) largest = fmax(largest, fabs(weights[j]));
        }
        sum += product;
        magnitude += fabs(product) + 6 * fabs(x) * largest;
    }
    return (approximate){sum, magnitude * (double)(a->k + 8) * 0x1p-24 + 0x1p-120};
}

static approximate add(approximate a, float b) {
    return (approximate){a.value + b, a.tolerance + (fabs(a.value) + fabs((double)b)) * 0x1p-23};
}

static approximate gated(approximate gate, approximate up) {
    const double activated = gate.value / (1 + exp(-gate.value)), value = activated * up.value;
    // The gate's slope is at most 1.1.
    return (approximate){
        value, 1.1 * gate.tolerance * fabs(up.value) + fabs(activated) * up.tolerance + fabs(value) * 0x1p-20 + 0x1p-120};
}

// Every output of the plain variant against the same in double precision.
static bool check_values(
    check_case *c, llm_packing packing, const llm_linear_args *a, const output *before, output_part part) {
    float *weights = take(c, a->k * sizeof *weights), *ups = take(c, a->k * sizeof *ups);
    const bool is_gated = a->epilogue == LLM_SILU_MULTIPLY;
    for (size_t n = part.begin; n < part.end; n++) {
        const size_t half = LLM_HALF_PANEL;
        llm_unpack_row(packing, a->packed, a->k, is_gated ? n / half * LLM_PANEL + n % half : n, weights);
        if (is_gated) llm_unpack_row(packing, a->packed, a->k, n / half * LLM_PANEL + half + n % half, ups);
        for (size_t row = 0; row < a->rows; row++) {
            approximate wanted = sum_of(packing, a, weights, row);
            if (a->bias) wanted = add(wanted, a->bias[n]);
            if (is_gated) {
                approximate up = sum_of(packing, a, ups, row);
                if (a->bias) up = add(up, a->bias[a->n / 2 + n]);
                wanted = gated(wanted, up);
            }
            if (a->epilogue == LLM_ADD) wanted = add(wanted, ((const float *)before->data)[row * before->stride + n]);
            const double own = a->y[row * a->y_stride + n];
            if (!(fabs(own - wanted.value) <= wanted.tolerance))
                return fails(
                    c, "scalar", "row %zu, output %zu is %.9g; in double precision it is %.9g", row, n, own,
                    wanted.value);
        }
    }
    return true;
}

static bool check_linear(check_case *c, linear_kind kind) {
    static const char *const epilogues[] = {"stored", "added", "gated"};
    size_t count;
    const llm_linear_variant *variants = llm_linear_variants(kind.packing, kind.arithmetic, &count);
    const llm_epilogue epilogue = (llm_epilogue)random_size(c, LLM_STORE, LLM_SILU_MULTIPLY);
    const bool is_gated = epilogue == LLM_SILU_MULTIPLY;
    size_t types;
    const llm_dtype held = is_stored_only(kind.packing) ? random_held(c, kind.packing) : LLM_F32;
    const size_t rows = case_rows(c), k = whole(random_width(c, 400), llm_encodings(&types)[held].elements);
    const size_t width = random_width(c, is_gated ? 60 : 120), n = is_gated ? width * 2 : width;
    const size_t panels = is_gated ? whole(width, LLM_HALF_PANEL) / LLM_HALF_PANEL : whole(width, LLM_PANEL) / LLM_PANEL;
    const size_t begin = random_one_in(c, 4) ? random_size(c, 0, panels - 1) : 0;
    const size_t end = random_one_in(c, 4) ? random_size(c, begin, panels) : panels, cut = random_size(c, begin, end);
    const size_t x_stride = k + random_size(c, 0, 5), y_stride = width + random_size(c, 0, 5);
    const size_t extra = random_size(c, 0, 2);
    const bool biased = random_one_in(c, 2);
    const flavor weight_flavor = random_flavor(c), flavor = random_flavor(c);
    describe(
        c, "rows %zu, k %zu, n %zu, panels %zu…%zu, %s%s", rows, k, n, begin, end, epilogues[epilogue],
        biased ? ", biased" : "");

    size_t kinds;
    const llm_panel_kind *panel = llm_panel_kinds(&kinds) + kind.packing;
    llm_encode_args encode = {
        .x = random_floats(c, flavor, rows, k, x_stride), .x_stride = x_stride, .epsilon = 1e-5f, .k = k};
    llm_linear_args args = {
        .packed = pack_matrix(c, kind.packing, held, epilogue, weight_flavor, panels, n, k),
        .bias = biased ? random_floats(c, ORDINARY, 1, n, n) : NULL,
        .y_stride = y_stride,
        .rows = rows,
        .k = k,
        .n = n,
        .epilogue = epilogue};
    output before = take_output(c, FLOATS, rows, y_stride);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) ((float *)before.data)[row * y_stride + i] = random_float(c, -1, 1);

    size_t encoders;
    const llm_encode_fn plain_encode = llm_encode_variants(&encoders)[0].function;
    output plain = before;
    for (size_t i = 0; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const encoded x = take_encoded(
            c, variants[i].activation, panel->group, llm_weight_offset(panel), rows, k, extra);
        encode.y = x.args;
        plain_encode(&encode, 0, rows);
        const output own = copy_output(c, &before);
        args.x = x.args;
        args.y = own.data;
        if (i == 0) {
            variants[i].function(&args, begin, end);
            const size_t features = is_gated ? LLM_HALF_PANEL : LLM_PANEL;
            const output_part part = {0, rows, begin * features, end * features < width ? end * features : width};
            if (!only_part(c, "the outputs", &before, &own, part)) return false;
            if (weight_flavor == ORDINARY && flavor == ORDINARY
                && !check_values(c, kind.packing, &args, &before, part))
                return false;
            plain = own;
        } else {
            variants[i].function(&args, begin, cut);
            variants[i].function(&args, cut, end);
            if (!same_output(c, variants[i].name, "the outputs", &plain, &own)) return false;
        }
    }
    return true;
}

SAME_BEGINNING(llm_linear_variant)

#define LINEAR(name, packing, arithmetic)                                                                              \
    static variant_table name##_table(void) {                                                                          \
        variant_table table = {.row_size = sizeof(llm_linear_variant)};                                                \
        table.rows = llm_linear_variants(packing, arithmetic, &table.count);                                           \
        return table;                                                                                                  \
    }                                                                                                                  \
    static bool check_##name(check_case *c) { return check_linear(c, (linear_kind){packing, arithmetic}); }            \
    const kernel_check name##_check = {#name, name##_table, check_##name};

LINEAR(linear_f32, LLM_PANEL_F32, LLM_ARITHMETIC_FLOAT32)
LINEAR(linear_f16, LLM_PANEL_F16, LLM_ARITHMETIC_FLOAT32)
LINEAR(linear_bf16, LLM_PANEL_BF16, LLM_ARITHMETIC_FLOAT32)
LINEAR(linear_bf16_bf16, LLM_PANEL_BF16, LLM_ARITHMETIC_BFLOAT16)
LINEAR(linear_q8, LLM_PANEL_Q8, LLM_ARITHMETIC_INT8)
LINEAR(linear_q4, LLM_PANEL_Q4, LLM_ARITHMETIC_INT8)
LINEAR(linear_w8, LLM_PANEL_W8, LLM_ARITHMETIC_INT8)
LINEAR(linear_q4_1, LLM_PANEL_Q4_1, LLM_ARITHMETIC_INT8)
LINEAR(linear_q5_0, LLM_PANEL_Q5_0, LLM_ARITHMETIC_INT8)
LINEAR(linear_q5_1, LLM_PANEL_Q5_1, LLM_ARITHMETIC_INT8)
LINEAR(linear_q2_k, LLM_PANEL_Q2_K, LLM_ARITHMETIC_INT8)
LINEAR(linear_q4_k, LLM_PANEL_Q4_K, LLM_ARITHMETIC_INT8)
LINEAR(linear_q5_k, LLM_PANEL_Q5_K, LLM_ARITHMETIC_INT8)
LINEAR(linear_q6_k, LLM_PANEL_Q6_K, LLM_ARITHMETIC_INT8)
LINEAR(linear_iq4_nl, LLM_PANEL_IQ4_NL, LLM_ARITHMETIC_INT8)
LINEAR(linear_iq4_xs, LLM_PANEL_IQ4_XS, LLM_ARITHMETIC_INT8)
LINEAR(linear_mxfp4, LLM_PANEL_MXFP4, LLM_ARITHMETIC_INT8)
LINEAR(linear_int4, LLM_PANEL_INT4, LLM_ARITHMETIC_INT8)
