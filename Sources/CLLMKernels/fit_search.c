// The search for a block's scales, which docs/rounding.md tells in words.
//
// It works in units of a power of two in which the block's largest weight is from 1 to 2.
#include "fit_line.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
    size_t group_count;
    fit_group groups[FIT_GROUPS];
    int exponent;             // of the unit
    float unit, inverse_unit; // the unit is negative where the weights have changed their signs
} fit_block;

// float16

enum { LARGEST_HALF = 0x7bff };

static float from_half(uint16_t bits) { return (float)__builtin_bit_cast(_Float16, bits); }

// The nearest finite float16.
static uint16_t to_half(float x) {
    const uint16_t bits = __builtin_bit_cast(uint16_t, (_Float16)x);
    return (bits & 0x7fff) > LARGEST_HALF ? (uint16_t)((bits & 0x8000) | LARGEST_HALF) : bits;
}

// The float16 that is `places` further from 0, of the same sign.
static uint16_t next_half(uint16_t bits, int places) {
    int magnitude = (bits & 0x7fff) + places;
    magnitude = magnitude < 0 ? 0 : magnitude > LARGEST_HALF ? LARGEST_HALF : magnitude;
    return (uint16_t)((bits & 0x8000) | magnitude);
}

// Blocks of one group: the float16 around the best numbers.
LLM_TEMPLATE void fit_halves(const fit_kind *kind, const fit_block *block, llm_block_parts *parts) {
    const fit_line line = find_line(kind, block->groups);
    const uint16_t center = to_half(line.step * block->unit);
    uint16_t scales[LANES], minima[LANES] = {0};
    float steps[LANES], bases[LANES];
    for (int i = 0; i < LANES; i++) {
        scales[i] = next_half(center, kind->has_bases ? i / 4 - 1 : i - 8);
        steps[i] = from_half(scales[i]) * block->inverse_unit;
        bases[i] = -0.0f;
        if (!kind->has_bases) continue;
        const float base = line.base + (line.step - steps[i]) * line.mean;
        minima[i] = next_half(to_half(base * block->unit), i % 4 - 1);
        bases[i] = from_half(minima[i]) * block->inverse_unit;
    }
    const size_t best = best_lane(sum_group(kind, block->groups, (fit_lanes){load16(steps), load16(bases)}).rr);
    parts->scale = scales[best];
    parts->minimum = minima[best];
}

// Blocks of one group whose step is 2^(scale - 128): sixteen around the largest weight's, up to the last of which every
// multiple is finite.
LLM_TEMPLATE void fit_powers(const fit_kind *kind, const fit_block *block, llm_block_parts *parts) {
    float steps[LANES];
    int scales[LANES];
    for (int i = 0; i < LANES; i++) {
        scales[i] = block->exponent + 128 + i - 10;
        scales[i] = scales[i] < 0 ? 0 : scales[i] > 252 ? 252 : scales[i];
        steps[i] = ldexpf(1, scales[i] - 128 - block->exponent);
    }
    const size_t best = best_lane(sum_group(kind, block->groups, (fit_lanes){load16(steps), -0.0f}).rr);
    parts->scales[0] = (int8_t)(uint8_t)scales[best];
}

// Blocks of several groups

// A scale and a minimum of a block, the best integers for them and what comes of it: the error, and sums over the block
// for a better scale and minimum, of products of s, an integer times a value, m, minus the integer of a minimum, and r.
typedef struct {
    uint16_t scale, minimum;
    int8_t scales[FIT_GROUPS], minima[FIT_GROUPS];
    double error, ss, sm, mm, rs, rm;
} fit_trial;

// Tries sixteen integers, or pairs of them, around a group's line. Where the step is not the line's, the base is the one
// that keeps the group's mean.
LLM_TEMPLATE void try_group(
    const fit_kind *kind, const fit_block *block, size_t index, const fit_line *line, float scale, float minimum,
    fit_trial *trial) {
    const fit_group *group = block->groups + index;
    const float low = (float)kind->lowest_scale, high = (float)kind->highest_scale;
    const f32x16 middle = floor16(line->step * inverse_of(scale));
    f32x16 scales, minima = 0, base = -0.0f;
    if (kind->has_bases) {
        scales = clamp16(middle + (lane_rows - 1.0f), low, high);
    } else if (high > 100) {
        scales = clamp16(middle + (lane_numbers - 7.0f), low, high);
    } else { // the values of few bits are not the same below and above 0
        scales = clamp16((middle + (lane_eighths - 3.0f)) * lane_signs, low, high);
    }
    const f32x16 step = scale * scales;
    if (kind->has_bases) {
        const f32x16 wanted = line->base + (line->step - step) * line->mean;
        minima = clamp16(floor16(-wanted * inverse_of(minimum)) + (lane_columns - 1.0f), 0, high);
        base = -(minimum * minima);
    }
    const fit_sums sums = sum_group(kind, group, (fit_lanes){step, base});
    const size_t best = best_lane(sums.rr);
    const double s = lane_of(scales, best), m = -lane_of(minima, best);
    trial->scales[index] = (int8_t)s;
    trial->minima[index] = (int8_t)-m;
    trial->error += lane_of(sums.rr, best);
    trial->ss += s * s * lane_of(sums.vv, best);
    trial->sm += s * m * lane_of(sums.v, best);
    trial->mm += m * m * group->importance_sum;
    trial->rs += s * lane_of(sums.rv, best);
    trial->rm += m * lane_of(sums.r, best);
}

LLM_TEMPLATE fit_trial try_halves(
    const fit_kind *kind, const fit_block *block, const fit_line *lines, uint16_t scale, uint16_t minimum) {
    fit_trial trial = {.scale = scale, .minimum = minimum};
    for (size_t i = 0; i < block->group_count; i++)
        try_group(
            kind, block, i, lines + i, from_half(scale) * block->inverse_unit, from_half(minimum) * block->inverse_unit,
            &trial);
    return trial;
}

// Moves a trial's scale and minimum to those that are best for its integers and codes, as long as that helps.
LLM_TEMPLATE fit_trial follow(const fit_kind *kind, const fit_block *block, const fit_line *lines, fit_trial best) {
    for (size_t round = 0; round < 3; round++) {
        const double determinant = best.ss * best.mm - best.sm * best.sm;
        double scale = from_half(best.scale) * block->inverse_unit;
        double minimum = from_half(best.minimum) * block->inverse_unit;
        if (determinant > 1e-12 * best.ss * best.mm) {
            scale += (best.rs * best.mm - best.rm * best.sm) / determinant;
            minimum += (best.rm * best.ss - best.rs * best.sm) / determinant;
        } else if (best.ss > 0) {
            scale += best.rs / best.ss;
        }
        const uint16_t scale_half = to_half((float)scale * block->unit);
        const uint16_t minimum_half = to_half((float)minimum * block->unit);
        if (scale_half == best.scale && minimum_half == best.minimum) break;
        const fit_trial next = try_halves(kind, block, lines, scale_half, minimum_half);
        if (!(next.error < best.error)) break;
        best = next;
    }
    return best;
}

// From a few scales, of which the largest step is an integer at an end of the range, or within it.
LLM_TEMPLATE void fit_integers(const fit_kind *kind, const fit_block *block, llm_block_parts *parts) {
    static const struct {
        float scale, minimum, lowest, highest;
    } parts_of_range[] = {{1, 1, 1, 0}, {0.98f, 0.98f, 0, 1}, {0.96f, 0.96f, 0.96f, 0}, {1, 0.97f, 0, 0.96f}};
    fit_line lines[FIT_GROUPS];
    float step = 0, base = 0;
    for (size_t i = 0; i < block->group_count; i++) {
        lines[i] = find_line(kind, block->groups + i);
        if (fabsf(lines[i].step) > fabsf(step)) step = lines[i].step;
        if (lines[i].base < base) base = lines[i].base;
    }
    const float low = (float)kind->lowest_scale, high = (float)kind->highest_scale;
    fit_trial best = {.error = INFINITY};
    for (size_t i = 0; i < sizeof parts_of_range / sizeof *parts_of_range; i++) {
        const __auto_type p = parts_of_range[i];
        const float end = kind->has_bases ? p.scale * high : p.lowest * low + p.highest * high;
        const uint16_t scale = to_half(step / end * block->unit);
        const uint16_t minimum = kind->has_bases ? to_half(-base / (p.minimum * high) * block->unit) : 0;
        const fit_trial trial = follow(kind, block, lines, try_halves(kind, block, lines, scale, minimum));
        if (trial.error < best.error || i == 0) best = trial;
    }
    parts->scale = best.scale;
    parts->minimum = best.minimum;
    memcpy(parts->scales, best.scales, sizeof best.scales);
    memcpy(parts->minima, best.minima, sizeof best.minima);
}

// The same with what the compiler shall know of a kind.
LLM_TEMPLATE void fit_kind_of(
    fit_kind kind, fit_scaling scaling, bool has_table, bool has_bases, const fit_block *block,
    llm_block_parts *parts) {
    kind.scaling = scaling;
    kind.has_bases = has_bases;
    if (!has_table) kind.table = NULL;
    switch (scaling) {
    case FIT_HALF: fit_halves(&kind, block, parts); break;
    case FIT_INTEGERS: fit_integers(&kind, block, parts); break;
    case FIT_POWER_OF_TWO: fit_powers(&kind, block, parts); break;
    }
}

// Whether more would be lost by bases that are never above 0 than by bases that are never below.
static bool is_mirrored(const fit_kind *kind, const float *x, size_t count) {
    float lost = 0;
    for (size_t start = 0; start < count; start += kind->group) {
        float low = x[start], high = low;
        for (size_t i = start; i < start + kind->group; i++) {
            low = x[i] < low ? x[i] : low;
            high = x[i] > high ? x[i] : high;
        }
        lost += low > 0 ? low : high < 0 ? high : 0;
    }
    return kind->scaling == FIT_INTEGERS && kind->has_bases && lost > 0;
}

LLM_TEMPLATE void search(
    const fit_kind *kind, const float *x, const float *importance, size_t count, llm_block_parts *parts) {
    float scaled[FIT_BLOCK], largest = 0;
    for (size_t i = 0; i < count; i++) largest = max_of(fabsf(x[i]), largest);
    int exponent;
    frexpf(largest, &exponent);
    exponent = exponent < -99 ? -100 : exponent - 1;
    const float sign = is_mirrored(kind, x, count) ? -1 : 1;
    fit_block block = {
        .group_count = count / kind->group,
        .exponent = exponent,
        .unit = ldexpf(sign, exponent),
        .inverse_unit = ldexpf(sign, -exponent)};
    for (size_t i = 0; i < count; i++) scaled[i] = x[i] * block.inverse_unit;
    for (size_t i = 0; i < block.group_count; i++) {
        fit_group *group = block.groups + i;
        *group = (fit_group){scaled + i * kind->group, importance + i * kind->group, kind->group, 0};
        for (size_t j = 0; j < group->count; j++) group->importance_sum += group->importance[j];
    }
    if (kind->scaling == FIT_POWER_OF_TWO) {
        fit_kind_of(*kind, FIT_POWER_OF_TWO, true, false, &block, parts);
    } else if (kind->scaling == FIT_HALF) {
        if (kind->table) fit_kind_of(*kind, FIT_HALF, true, false, &block, parts);
        else if (kind->has_bases) fit_kind_of(*kind, FIT_HALF, false, true, &block, parts);
        else fit_kind_of(*kind, FIT_HALF, false, false, &block, parts);
    } else {
        if (kind->table) fit_kind_of(*kind, FIT_INTEGERS, true, false, &block, parts);
        else if (kind->has_bases) fit_kind_of(*kind, FIT_INTEGERS, false, true, &block, parts);
        else fit_kind_of(*kind, FIT_INTEGERS, false, false, &block, parts);
    }
}

void llm_fit_search_scalar(
    const fit_kind *kind, const float *x, const float *importance, size_t count, llm_block_parts *parts) {
    search(kind, x, importance, count, parts);
}

#if defined(__x86_64__)
LLM_TARGET_AVX2 void llm_fit_search_avx2(
    const fit_kind *kind, const float *x, const float *importance, size_t count, llm_block_parts *parts) {
    search(kind, x, importance, count, parts);
}

LLM_TARGET_AVX512 void llm_fit_search_avx512(
    const fit_kind *kind, const float *x, const float *importance, size_t count, llm_block_parts *parts) {
    search(kind, x, importance, count, parts);
}
#endif
