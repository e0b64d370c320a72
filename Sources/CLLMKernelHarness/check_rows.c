// Operations on rows: RMSNorm, rotary positions.
#include "check.h"

// RMSNorm

static bool check_rms_norm_values(check_case *c, const llm_rms_norm_args *a, const output *y, row_range range) {
    for (size_t row = range.begin; row < range.end; row++) {
        for (size_t group = 0; group < a->groups; group++) {
            const float *x = a->x + row * a->x_stride + group * a->width;
            double sum = 0;
            for (size_t i = 0; i < a->width; i++) sum += (double)x[i] * x[i];
            const double scale = 1 / sqrt(sum / (double)a->width + a->epsilon);
            for (size_t i = 0; i < a->width; i++) {
                const double wanted = x[i] * scale * a->weight[i];
                if (!close_to(c, y, row, group * a->width + i, wanted, fabs(wanted) * 0x1p-20 + 0x1p-120)) return false;
            }
        }
    }
    return true;
}

static bool check_rms_norm(check_case *c) {
    const size_t rows = case_rows(c), groups = random_size(c, 1, 4), width = random_width(c, 300);
    const size_t x_stride = groups * width + random_size(c, 0, 5), y_stride = groups * width + random_size(c, 0, 5);
    const bool in_place = random_one_in(c, 3);
    const row_range range = random_range(c, rows);
    const flavor flavor = random_flavor(c);
    describe(
        c, "rows %zu…%zu of %zu, %zu groups of %zu%s", range.begin, range.end, rows, groups, width,
        in_place ? ", in place" : "");
    const float *x = random_floats(c, flavor, rows, groups * width, x_stride);
    llm_rms_norm_args args = {
        .x = x,
        .x_stride = x_stride,
        .weight = random_floats(c, flavor == BROKEN ? WILD : flavor, 1, width, width),
        .y_stride = y_stride,
        .groups = groups,
        .width = width,
        .epsilon = 1e-5f};
    const output before = take_output(c, FLOATS, rows, y_stride);
    if (in_place) copy_rows(&before, x, groups * width, x_stride);

    size_t count;
    const llm_rms_norm_variant *variants = llm_rms_norm_variants(&count);
    output plain = before;
    for (size_t i = 0; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before);
        args.y = own.data;
        if (in_place) {
            args.x = own.data;
            args.x_stride = y_stride;
        }
        if (i > 0) {
            variants[i].function(&args, range.begin, range.cut);
            variants[i].function(&args, range.cut, range.end);
            if (!same_output(c, variants[i].name, "the outputs", &plain, &own)) return false;
            continue;
        }
        variants[0].function(&args, range.begin, range.end);
        plain = own;
        const output_part part = {range.begin, range.end, 0, groups * width};
        if (!only_part(c, "the outputs", &before, &plain, part)) return false;
        llm_rms_norm_args given = args;
        given.x = x;
        given.x_stride = x_stride;
        if (flavor == ORDINARY && !check_rms_norm_values(c, &given, &plain, range)) return false;
    }
    return true;
}

DEFINE_CHECK(rms_norm)

// Rotary positions

// Pairs by halves from a head's beginning on, or interleaved anywhere in it.
static bool check_layout(check_case *c, bool interleaved) {
    const size_t rows = case_rows(c), heads = random_size(c, 1, 5), half = random_width(c, 70);
    const size_t dim = half * 2 + (random_one_in(c, 2) ? 0 : random_size(c, 1, 5));
    const size_t offset = interleaved ? random_size(c, 0, dim - half * 2) : 0;
    const size_t step = interleaved ? 2 : 1, apart = interleaved ? 1 : half;
    const size_t stride = heads * dim + random_size(c, 0, 5);
    const row_range range = random_range(c, rows);
    const flavor flavor = random_flavor(c);
    describe(
        c, "rows %zu…%zu of %zu, %zu heads of %zu, half %zu", range.begin, range.end, rows, heads, dim, half);
    const float *x = random_floats(c, flavor, rows, heads * dim, stride);
    const output before = take_output(c, FLOATS, rows, stride);
    copy_rows(&before, x, heads * dim, stride);
    llm_rope_args args = {
        .x_stride = stride,
        .cosines = random_floats(c, ORDINARY, rows, half, half),
        .sines = random_floats(c, ORDINARY, rows, half, half),
        .heads = heads,
        .head_dim = dim,
        .half = half,
        .offset = offset,
        .interleaved = interleaved};

    size_t count;
    const llm_rope_variant *variants = llm_rope_variants(&count);
    const output plain = copy_output(c, &before);
    args.x = plain.data;
    variants[0].function(&args, range.begin, range.end);
    for (size_t head = 0; head < heads; head++) {
        for (size_t row = range.begin; flavor == ORDINARY && row < range.end; row++) {
            for (size_t i = 0; i < half; i++) {
                const size_t low = head * dim + offset + i * step, high = low + apart;
                const double p = x[row * stride + low], q = x[row * stride + high];
                const double cosine = args.cosines[row * half + i], sine = args.sines[row * half + i];
                if (!close_to(c, &plain, row, low, p * cosine - q * sine, 0x1p-22)
                    || !close_to(c, &plain, row, high, p * sine + q * cosine, 0x1p-22))
                    return false;
            }
        }
    }
    if (!only_part(c, "the rows", &before, &plain, (output_part){range.begin, range.end, 0, heads * dim})) return false;
    for (size_t head = 0; head < heads; head++) // elements beside the pairs stay
        for (size_t row = range.begin; row < range.end; row++)
            for (size_t i = 0; i < dim; i++) {
                if (i >= offset && i < offset + half * 2) continue;
                const size_t at = row * stride + head * dim + i;
                if (memcmp((float *)plain.data + at, (float *)before.data + at, sizeof(float)) != 0)
                    return fails(c, "scalar", "row %zu, element %zu is rotated", row, head * dim + i);
            }
    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before);
        args.x = own.data;
        variants[i].function(&args, range.begin, range.cut);
        variants[i].function(&args, range.cut, range.end);
        if (!same_output(c, variants[i].name, "the rows", &plain, &own)) return false;
    }
    return true;
}

static bool check_rope(check_case *c) { return check_layout(c, false); }
static bool check_rope_interleaved(check_case *c) { return check_layout(c, true); }

DEFINE_CHECK(rope)
const kernel_check rope_interleaved_check = {"rope_interleaved", rope_table, check_rope_interleaved};
