// Activations: values, scales and offsets.
#include "check.h"

encoded take_encoded(
    check_case *c, llm_activation type, size_t group, int32_t weight_offset, size_t rows, size_t k, size_t extra) {
    static const element elements[] = {
        [LLM_FLOAT32] = FLOATS, [LLM_BFLOAT16] = BFLOATS, [LLM_INT8] = INT8S, [LLM_INT8_WIDE] = INT16S};
    static const size_t bytes[] = {[LLM_FLOAT32] = 4, [LLM_BFLOAT16] = 2, [LLM_INT8] = 1, [LLM_INT8_WIDE] = 2};
    static const size_t multiples[] = {
        [LLM_FLOAT32] = 1, [LLM_BFLOAT16] = 2, [LLM_INT8] = LLM_GROUP, [LLM_INT8_WIDE] = LLM_GROUP};
    const size_t stride = whole(k, multiples[type]) + extra * multiples[type];
    const bool whole_rows = group == LLM_WHOLE_ROW;
    const size_t scales = whole_rows ? 1 : whole(k, LLM_SCALE_GROUP) / LLM_SCALE_GROUP;
    const size_t offsets = whole_rows ? 1 : whole(k, LLM_GROUP) / (group ? group : LLM_GROUP);
    encoded e = {
        .data = take_output(c, elements[type], rows, stride),
        .scales = take_output(c, FLOATS, rows, scales + extra),
        .offsets = take_output(c, INT32S, rows, offsets + extra)};
    e.args = (llm_activations){
        .type = type,
        .group = group,
        .data = e.data.data,
        .stride = stride * bytes[type],
        .scales = e.scales.data,
        .offsets = e.offsets.data,
        .scale_stride = scales + extra,
        .offset_stride = offsets + extra,
        .weight_offset = weight_offset};
    return e;
}

double encoded_value(const llm_activations *x, size_t row, size_t i) {
    const char *data = (const char *)x->data + row * x->stride;
    const size_t wide = i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i;
    float value = 0;
    switch (x->type) {
    case LLM_FLOAT32: return ((const float *)data)[i];
    case LLM_BFLOAT16: memcpy((char *)&value + 2, data + i * 2, 2); return value;
    case LLM_INT8: value = ((const int8_t *)data)[i]; break;
    case LLM_INT8_WIDE: value = ((const int16_t *)data)[wide]; break;
    }
    return (double)value * x->scales[row * x->scale_stride + (x->group == LLM_WHOLE_ROW ? 0 : i / LLM_SCALE_GROUP)];
}

static double norm_of(const llm_encode_args *a, const float *x) {
    double sum = 0;
    for (size_t i = 0; i < a->k; i++) sum += (double)x[i] * x[i];
    return 1 / sqrt(sum / (double)a->k + a->epsilon);
}

// What the plain variant made of a row: its values to half a step, and its offsets exactly.
static bool check_row(check_case *c, const llm_encode_args *a, size_t row) {
    const float *x = a->x + row * a->x_stride;
    const llm_activations *y = &a->y;
    const double norm = a->weight ? norm_of(a, x) : 1;
    const bool integer = y->type == LLM_INT8 || y->type == LLM_INT8_WIDE, whole_rows = y->group == LLM_WHOLE_ROW;
    for (size_t i = 0; i < a->k; i++) {
        const double wanted = a->weight ? x[i] * norm * a->weight[i] : x[i];
        double allowed = fabs(wanted) * (y->type == LLM_BFLOAT16 ? 0x1.01p-8 : 0x1p-20);
        if (integer) allowed += 0.501 * y->scales[row * y->scale_stride + (whole_rows ? 0 : i / LLM_SCALE_GROUP)];
        if (!(fabs(encoded_value(y, row, i) - wanted) <= allowed))
            return fails(
                c, "scalar", "row %zu, input %zu is %.9g for %.9g", row, i, encoded_value(y, row, i), wanted);
    }
    const size_t span = whole_rows ? whole(a->k, LLM_GROUP) : y->group;
    for (size_t start = 0; integer && start < a->k; start += span) {
        int64_t sum = 0;
        for (size_t i = start; i < whole(a->k, LLM_GROUP) && i < start + span; i++) {
            const char *data = (const char *)y->data + row * y->stride;
            sum += y->type == LLM_INT8 ? ((const int8_t *)data)[i] : ((const int16_t *)data)[i];
        }
        const int32_t offset = y->offsets[row * y->offset_stride + start / span];
        if (offset != -y->weight_offset * sum)
            return fails(
                c, "scalar", "row %zu, input %zu has the offset %d for a sum of %lld", row, start, offset,
                (long long)sum);
    }
    return true;
}

// `narrow` is the group of offsets that do not cover whole rows.
static bool check_groups(check_case *c, size_t narrow) {
    static const char *const names[] = {"float32", "bfloat16", "int8", "wide int8"};
    const llm_activation type = (llm_activation)random_size(c, LLM_FLOAT32, LLM_INT8_WIDE);
    const bool integer = type == LLM_INT8 || type == LLM_INT8_WIDE;
    const bool whole_rows = integer && random_one_in(c, 3), normalizes = random_one_in(c, 2);
    const size_t rows = case_rows(c), k = random_width(c, 600), extra = random_size(c, 0, 2);
    const size_t x_stride = k + random_size(c, 0, 5);
    const size_t begin = random_one_in(c, 3) ? random_size(c, 0, rows - 1) : 0;
    const size_t end = random_one_in(c, 3) ? random_size(c, begin, rows) : rows, cut = random_size(c, begin, end);
    const flavor flavor = random_flavor(c);
    describe(
        c, "%s%s%s, rows %zu of %zu…%zu, k %zu", names[type], whole_rows ? " of whole rows" : "",
        normalizes ? " after a norm" : "", rows, begin, end, k);

    llm_encode_args args = {
        .x = random_floats(c, flavor, rows, k, x_stride),
        .x_stride = x_stride,
        .weight = normalizes ? random_floats(c, ORDINARY, 1, k, k) : NULL,
        .epsilon = 1e-5f,
        .k = k};
    const int32_t weight_offset = random_one_in(c, 2) ? 128 : narrow == LLM_GROUP ? 8 : -1;
    const size_t group = whole_rows ? LLM_WHOLE_ROW : narrow;

    size_t count;
    const llm_encode_variant *variants = llm_encode_variants(&count);
    const encoded before = take_encoded(c, type, group, weight_offset, rows, k, extra);
    const encoded plain = take_encoded(c, type, group, weight_offset, rows, k, extra);
    args.y = plain.args;
    variants[0].function(&args, begin, end);
    const output_part data = {begin, end, 0, plain.data.stride - extra * (integer ? LLM_GROUP : type == LLM_BFLOAT16 ? 2 : 1)};
    const output_part scales = {begin, integer ? end : begin, 0, plain.scales.stride - extra};
    const output_part offsets = {begin, integer ? end : begin, 0, plain.offsets.stride - extra};
    if (!only_part(c, "the values", &before.data, &plain.data, data)
        || !only_part(c, "the scales", &before.scales, &plain.scales, scales)
        || !only_part(c, "the offsets", &before.offsets, &plain.offsets, offsets))
        return false;
    for (size_t row = begin; flavor == ORDINARY && row < end; row++)
        if (!check_row(c, &args, row)) return false;

    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const encoded own = take_encoded(c, type, group, weight_offset, rows, k, extra);
        args.y = own.args;
        variants[i].function(&args, begin, cut);
        variants[i].function(&args, cut, end);
        if (!same_output(c, variants[i].name, "the values", &plain.data, &own.data)
            || !same_output(c, variants[i].name, "the scales", &plain.scales, &own.scales)
            || !same_output(c, variants[i].name, "the offsets", &plain.offsets, &own.offsets))
            return false;
    }
    return true;
}

static bool check_encode(check_case *c) { return check_groups(c, LLM_GROUP); }

DEFINE_CHECK(encode)

static bool check_encode_16(check_case *c) { return check_groups(c, 16); }

const kernel_check encode_16_check = {"encode_16", encode_table, check_encode_16};
