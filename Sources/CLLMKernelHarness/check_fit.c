// Stored weights from floats: parts, bytes and decoded weights agree, and the error is no more than plain rounding's.
#include "check.h"

enum { MOST = 256 };

// How plain rounding makes a type's scales: of the range or the largest weight; with integers of groups up to one, or 0.
static const struct {
    bool has_bases, is_power;
    int largest_value, largest_scale;
} plain_kinds[] = {
    [LLM_Q8_0] = {false, false, 127, 0}, [LLM_Q4_0] = {false, false, 7, 0},   [LLM_Q4_1] = {true, false, 15, 0},
    [LLM_Q5_0] = {false, false, 15, 0},  [LLM_Q5_1] = {true, false, 31, 0},   [LLM_Q2_K] = {true, false, 3, 15},
    [LLM_Q3_K] = {false, false, 3, 31},  [LLM_Q4_K] = {true, false, 15, 63},  [LLM_Q5_K] = {true, false, 31, 63},
    [LLM_Q6_K] = {false, false, 31, 127}, [LLM_IQ4_NL] = {false, false, 113, 0}, [LLM_IQ4_XS] = {false, false, 113, 31},
    [LLM_MXFP4] = {false, true, 12, 0},
};

static uint16_t half_bits(float x) {
    const _Float16 half = (_Float16)x;
    uint16_t bits;
    memcpy(&bits, &half, sizeof bits);
    return bits;
}

static float half_value(uint16_t bits) {
    _Float16 half;
    memcpy(&half, &bits, sizeof half);
    return (float)half;
}

static size_t elements_of(llm_dtype dtype) {
    size_t count;
    return llm_encodings(&count)[dtype].elements;
}

static double error_of(llm_dtype dtype, const float *x, const float *importance, const llm_block_parts *parts) {
    float steps[16], bases[16];
    llm_block_steps(dtype, parts, steps, bases);
    double error = 0;
    for (size_t i = 0; i < elements_of(dtype); i++) {
        const size_t group = i / llm_block_group(dtype);
        const uint8_t code = llm_nearest_code(dtype, steps[group], bases[group], x[i]);
        const double rest = x[i] - ((double)steps[group] * llm_code_value(dtype, code) + bases[group]);
        error += rest * rest * (importance ? importance[i] : 1);
    }
    return error;
}

// Scales by the largest weights.
static llm_block_parts plain_parts(llm_dtype dtype, const float *x) {
    const __auto_type kind = plain_kinds[dtype];
    const size_t width = llm_block_group(dtype), groups = elements_of(dtype) / width;
    llm_block_parts parts = {0};
    float steps[16], bases[16], step = 0, base = 0;
    for (size_t group = 0; group < groups; group++) {
        float low = kind.largest_scale ? 0 : INFINITY, high = kind.largest_scale ? 0 : -INFINITY;
        for (const float *p = x + group * width; p < x + (group + 1) * width; p++) {
            low = fminf(low, *p);
            high = fmaxf(high, *p);
        }
        steps[group] = (kind.has_bases ? high - low : fmaxf(-low, high)) / (float)kind.largest_value;
        bases[group] = kind.has_bases ? low : 0;
        step = fmaxf(step, steps[group]);
        base = fminf(base, bases[group]);
    }
    if (kind.is_power) {
        parts.scales[0] = (int8_t)(uint8_t)(step > 0 ? ilogbf(step * 12) - 3 + 128 : 0);
    } else if (kind.largest_scale == 0) {
        parts.scale = half_bits(step);
        parts.minimum = half_bits(bases[0]);
    } else {
        parts.scale = half_bits(step / (float)kind.largest_scale);
        parts.minimum = half_bits(-base / (float)kind.largest_scale);
        const float scale = half_value(parts.scale), minimum = half_value(parts.minimum);
        for (size_t group = 0; group < groups; group++) {
            parts.scales[group] = (int8_t)fminf(roundf(steps[group] / scale), (float)kind.largest_scale);
            if (minimum > 0)
                parts.minima[group] = (int8_t)fminf(roundf(-bases[group] / minimum), (float)kind.largest_scale);
        }
    }
    return parts;
}

// Whether a block's bytes are the parts', which decode to step * value + base, with the nearest codes.
static bool check_block(
    check_case *c, llm_dtype dtype, const float *x, const llm_block_parts *parts, const unsigned char *bytes) {
    float steps[16], bases[16], decoded[MOST];
    llm_block_steps(dtype, parts, steps, bases);
    llm_decode(dtype, bytes, 0, elements_of(dtype), decoded);
    for (size_t i = 0; i < elements_of(dtype); i++) {
        const size_t group = i / llm_block_group(dtype);
        const float scaled = steps[group] * llm_code_value(dtype, parts->codes[i]), wanted = scaled + bases[group];
        if (memcmp(decoded + i, &wanted, sizeof wanted) != 0 && !(isnan(decoded[i]) && isnan(wanted)))
            return fails(
                c, "scalar", "weight %zu decodes to %a, its parts are %a", i, (double)decoded[i], (double)wanted);
        if (isnan(wanted)) continue;
        if (isfinite(x[i]) && parts->codes[i] != llm_nearest_code(dtype, steps[group], bases[group], x[i]))
            return fails(c, "scalar", "weight %zu has a code that is not the nearest", i);
    }
    return true;
}

// What becomes of numbers that are none.
static bool check_broken(check_case *c, llm_dtype dtype, const float *x, const llm_block_parts *parts) {
    float steps[16], bases[16];
    bool finite = true;
    llm_block_steps(dtype, parts, steps, bases);
    for (size_t i = 0; i < elements_of(dtype); i++) finite = finite && isfinite(x[i]);
    for (size_t group = 0; group < elements_of(dtype) / llm_block_group(dtype); group++)
        if (isnan(steps[group]) != (!finite && dtype != LLM_MXFP4) || isinf(steps[group]) || isinf(bases[group]))
            return fails(
                c, "scalar", "group %zu has the step %a and the base %a", group, (double)steps[group],
                (double)bases[group]);
    return true;
}

// What an error may be more: next to nothing of the sum of squares. Plain rounding may hit weights that are all the same
// by luck.
static double slack_of(const float *x, const float *importance, size_t count) {
    double energy = 0;
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        energy += (double)x[i] * x[i] * (importance ? importance[i] : 1);
        same = same && x[i] == x[0];
    }
    return energy * (same ? 1e-4 : 1e-6);
}

static bool check_blocks(
    check_case *c, llm_dtype dtype, const float *x, const float *importance, size_t count, flavor flavor,
    const unsigned char *blocks) {
    size_t types;
    const llm_encoding *encoding = llm_encodings(&types) + dtype;
    for (size_t block = 0; block < count; block++, x += encoding->elements, blocks += encoding->bytes) {
        const float *own = importance ? importance + block * encoding->elements : NULL;
        llm_block_parts parts;
        llm_fit_variants(&types)[0].function(dtype, x, own, &parts);
        if (!check_block(c, dtype, x, &parts, blocks) || !check_broken(c, dtype, x, &parts)) return false;
        if (flavor != ORDINARY) continue;
        const llm_block_parts plain = plain_parts(dtype, x);
        const double slack = slack_of(x, own, encoding->elements);
        const double error = error_of(dtype, x, own, &parts), allowed = error_of(dtype, x, own, &plain);
        if (!(error <= allowed + slack))
            return fails(c, "scalar", "block %zu has an error of %g, plain rounding %g", block, error, allowed);
    }
    return true;
}

// Floats are rounded to the nearest: to half of a last place, of a denormal number's too.
static bool check_floats(check_case *c, llm_dtype dtype, const float *x, size_t count, const unsigned char *stored) {
    for (size_t i = 0; i < count; i++) {
        float decoded;
        llm_decode(dtype, stored, i, 1, &decoded);
        const double magnitude = fabs((double)x[i]);
        double allowed = 0;
        if (dtype == LLM_F16) allowed = fmax(magnitude * 0x1p-11, 0x1p-25);
        if (dtype == LLM_BF16) allowed = fmax(magnitude * 0x1p-8, 0x1p-134);
        const bool same = isnan(x[i]) ? isnan(decoded) : decoded == x[i];
        const bool overflows = isinf(decoded) && fabsf(x[i]) >= (dtype == LLM_F16 ? 65520.0f : 0x1.ffp127f);
        if (!same && !overflows && !(fabs((double)x[i] - (double)decoded) <= allowed))
            return fails(c, "scalar", "weight %zu, %a, becomes %a", i, (double)x[i], (double)decoded);
    }
    return true;
}

// Importances of any magnitude, some 0, some broken.
static float *random_importance(check_case *c, flavor flavor, size_t count) {
    float *importance = take(c, count * sizeof *importance);
    const bool none = flavor != ORDINARY && random_one_in(c, 8);
    for (size_t i = 0; i < count; i++) {
        const float x = random_float(c, 0.1f, 1);
        importance[i] = none ? 0 : x * x * x;
        if (flavor == WILD && random_one_in(c, 8)) importance[i] = random_one_in(c, 2) ? 0 : 0x1p120f * x;
        if (flavor == BROKEN && random_one_in(c, 8)) importance[i] = random_one_in(c, 2) ? NAN : -INFINITY;
        if (flavor == BROKEN && random_one_in(c, 64)) importance[i] = INFINITY;
    }
    return importance;
}

static bool check_fit(check_case *c) {
    size_t count;
    const llm_encoding *encodings = llm_encodings(&count);
    llm_dtype dtype;
    do dtype = (llm_dtype)random_size(c, 0, count - 1);
    while (!llm_can_encode(dtype));
    const llm_encoding *encoding = encodings + dtype;
    const size_t blocks = random_size(c, 1, 4), width = blocks * encoding->elements;
    const flavor flavor = random_flavor(c);
    float *x = random_floats(c, flavor, 1, width, width);
    const float shift = random_one_in(c, 8) ? random_float(c, -3, 3) : 0; // some blocks have weights of one sign
    for (size_t i = 0; i < width; i++) x[i] += shift;
    const bool constant = random_one_in(c, 16);
    for (size_t i = 0; constant && i < width; i++) x[i] = shift;
    const float *importance = random_one_in(c, 2) ? random_importance(c, flavor, width) : NULL;
    describe(c, "%zu blocks of %s%s", blocks, encoding->name, importance ? " by importance" : "");

    const llm_fit_variant *variants = llm_fit_variants(&count);
    const output before = take_output(c, INT8S, 1, blocks * encoding->bytes), plain = copy_output(c, &before);
    llm_encode_blocks(variants[0].function, dtype, x, importance, blocks, plain.data);
    if (!only_part(c, "the blocks", &before, &plain, (output_part){0, 1, 0, plain.stride})) return false;
    if (encoding->elements == 1 && !check_floats(c, dtype, x, width, plain.data)) return false;
    if (encoding->elements > 1 && !check_blocks(c, dtype, x, importance, blocks, flavor, plain.data)) return false;
    for (size_t i = 1; i < count; i++) {
        if (!available(c, variants[i].features)) continue;
        const output own = copy_output(c, &before);
        llm_encode_blocks(variants[i].function, dtype, x, importance, blocks, own.data);
        if (!same_output(c, variants[i].name, "the blocks", &plain, &own)) return false;
    }
    return true;
}

DEFINE_CHECK(fit)
