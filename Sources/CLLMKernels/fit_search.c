// The search for a block's scales. docs/quantize.md tells it in words.
//
// All of it is in units of a power of two, in which the block's largest weight is from 1 to 2.
#include "fit_lanes.h"

typedef struct {
    const fit_kind *kind;
    size_t group_count;
    fit_group groups[FIT_GROUPS];
    float unit;
    float sign; // -1 where the block's weights change their signs
} fit_block;

// A step and a base, the mean value that its weights have, and their error.
typedef struct {
    float step, base, mean, error;
} fit_line;

// float16

static float from_half(uint16_t bits) { return (float)__builtin_bit_cast(_Float16, bits); }

enum { LARGEST_HALF = 0x7bff };

// The nearest finite float16, or the largest one.
static uint16_t to_half(float x) {
    const uint16_t bits = __builtin_bit_cast(uint16_t, (_Float16)x);
    return (bits & 0x7fff) > LARGEST_HALF ? (uint16_t)((bits & 0x8000) | LARGEST_HALF) : bits;
}

// The float16 `steps` further from 0, of the same sign.
static uint16_t next_half(uint16_t bits, int steps) {
    int magnitude = (bits & 0x7fff) + steps;
    magnitude = magnitude < 0 ? 0 : magnitude > LARGEST_HALF ? LARGEST_HALF : magnitude;
    return (uint16_t)((bits & 0x8000) | magnitude);
}

// One group

// Moves each lane to the step and base that are best for the values it has; returns its error there.
LLM_TEMPLATE f32x16 improve(const fit_kind *kind, const fit_group *group, fit_lanes *lanes, f32x16 *mean) {
    const fit_sums s = sum_group(kind, group, *lanes);
    const f32x16 w = group->importance_sum;
    if (!kind->has_bases) {
        const f32x16 more = s.rv * inverse_of(s.vv);
        lanes->step += more;
        return s.rr - more * s.rv;
    }
    const f32x16 inverse = inverse_of(s.vv * w - s.v * s.v);
    f32x16 step = (s.rv * w - s.r * s.v) * inverse, base = (s.r * s.vv - s.rv * s.v) * inverse;
    // Bases of groups are never above 0.
    if (kind->scaling == FIT_INTEGERS) {
        const i32x16 above = lanes->base + base > 0;
        base = select16(above, -lanes->base, base);
        step = select16(above, (s.rv - base * s.v) * inverse_of(s.vv), step);
    }
    lanes->step += step;
    lanes->base += base;
    *mean = s.v * inverse_of(w);
    return s.rr - (step * s.rv + base * s.r) * 2.0f + (step * s.vv + base * s.v * 2.0f) * step + base * base * w;
}

#ifndef STARTS
#define STARTS 2
#endif
#ifndef ROUNDS
#define ROUNDS 3
#endif

static float largest_of(const fit_group *group) {
    float largest = 0;
    for (size_t i = 0; i < group->count; i++)
        if (fabsf(group->x[i]) > fabsf(largest)) largest = group->x[i];
    return largest;
}

// Without bases: the largest weight has a value near an end, or past it.
LLM_TEMPLATE fit_lanes start_without_bases(const fit_kind *kind, const fit_group *group, size_t start) {
    float steps[LANES];
    const float largest = largest_of(group), end = (float)(start % 2 == 0 ? kind->lowest : kind->highest);
    const float unit = kind->table ? 12.0f : 1;
    for (size_t i = 0; i < LANES; i++) {
        const float past = start / 2 == 0 ? ((float)i - 5) * 0.16f : (float)(i + 1) * fabsf(end) / (24 * unit);
        steps[i] = largest / (end + copysignf(past * unit, end));
    }
    return (fit_lanes){load16(steps), -0.0f};
}

// With bases: from near the smallest weight to near the largest.
LLM_TEMPLATE fit_lanes start_with_bases(const fit_kind *kind, const fit_group *group, size_t start) {
    float steps[LANES], bases[LANES];
    float low = kind->scaling == FIT_INTEGERS ? 0 : group->x[0], high = low;
    for (size_t i = 0; i < group->count; i++) {
        low = group->x[i] < low ? group->x[i] : low;
        high = group->x[i] > high ? group->x[i] : high;
    }
    static const float cuts[][4] = {{-0.2f, 0.25f, 0.7f, 1.3f}, {0.02f, 0.5f, 1.0f, 2.0f}, {0, 2, 3.5f, 5}};
    const float range = high - low, values = (float)kind->highest;
    for (size_t i = 0; i < LANES; i++) {
        const float below = cuts[start][i / 4] * range / values, above = cuts[start][i % 4] * range / values;
        steps[i] = (range - below - above) / values;
        bases[i] = low + below;
        if (kind->scaling == FIT_INTEGERS && bases[i] > 0) bases[i] = 0;
    }
    return (fit_lanes){load16(steps), load16(bases)};
}

// The best step and base of a group, were they any numbers.
LLM_TEMPLATE fit_line fit_one(const fit_kind *kind, const fit_group *group) {
    f32x16 errors = INFINITY, steps = 0, bases = -0.0f, means = 0;
    for (size_t start = 0; start < (kind->has_bases ? STARTS : 2*STARTS); start++) {
        fit_lanes lanes =
            kind->has_bases ? start_with_bases(kind, group, start) : start_without_bases(kind, group, start);
        for (size_t round = 0; round < ROUNDS; round++) {
            f32x16 mean = 0;
            const f32x16 error = improve(kind, group, &lanes, &mean);
            const i32x16 better = error < errors;
            errors = select16(better, error, errors);
            steps = select16(better, lanes.step, steps);
            bases = select16(better, lanes.base, bases);
            means = select16(better, mean, means);
        }
    }
    const size_t best = best_lane(errors);
    return (fit_line){lane_of(steps, best), lane_of(bases, best), lane_of(means, best), lane_of(errors, best)};
}

// Blocks of one group

// Tries the float16 around the best numbers.
LLM_TEMPLATE void fit_halves(const fit_kind *kind, const fit_block *block, llm_block_parts *parts) {
    const fit_group *group = block->groups;
    const fit_line line = fit_one(kind, group);
    float steps[LANES], bases[LANES];
    uint16_t scales[LANES], minima[LANES];
    const float inverse_unit = 1 / block->unit;
    const uint16_t center = to_half(line.step * block->unit);
    for (size_t i = 0; i < LANES; i++) {
        scales[i] = next_half(center, kind->has_bases ? (int)(i / 4) - 1 : (int)i - 8);
        steps[i] = from_half(scales[i]) * inverse_unit;
        minima[i] = 0;
        bases[i] = -0.0f;
        if (!kind->has_bases) continue;
        minima[i] = next_half(to_half((line.base + (line.step - steps[i]) * line.mean) * block->unit), (int)(i % 4) - 1);
        bases[i] = from_half(minima[i]) * inverse_unit;
    }
    const size_t best = best_lane(sum_group(kind, group, (fit_lanes){load16(steps), load16(bases)}).rr);
    parts->scale = scales[best];
    parts->minimum = minima[best];
}

// Powers of two around the largest weight.
LLM_TEMPLATE void fit_powers(const fit_kind *kind, const fit_block *block, llm_block_parts *parts) {
    float steps[LANES];
    int exponents[LANES], unit;
    frexpf(block->unit, &unit);
    for (size_t i = 0; i < LANES; i++) {
        exponents[i] = unit - 1 - 10 + (int)i + 128;
        exponents[i] = exponents[i] < 0 ? 0 : exponents[i] > 254 ? 254 : exponents[i];
        steps[i] = ldexpf(1, exponents[i] - 128 - unit + 1);
    }
    const size_t best = best_lane(sum_group(kind, block->groups, (fit_lanes){load16(steps), -0.0f}).rr);
    parts->scales[0] = (int8_t)(uint8_t)exponents[best];
}

// Blocks of several groups

typedef struct {
    uint16_t scale, minimum;
    int8_t scales[FIT_GROUPS], minima[FIT_GROUPS];
    double error;
    // Sums over the block for another scale and minimum: of products of s, a group's scale times a value, m, its minimum,
    // and r.
    double ss, sm, mm, rs, rm;
} fit_trial;

// Lanes as numbers, of rows and columns of four.
static const f32x16 lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const f32x16 lane_rows = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
static const f32x16 lane_columns = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
static const f32x16 lane_signs = {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1};
static const f32x16 lane_eighths = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};

// The best integers of a group near its line.
LLM_TEMPLATE void try_group(
    const fit_kind *kind, const fit_group *group, const fit_line *line, float scale, float minimum, size_t index,
    fit_trial *trial) {
    const float low = (float)kind->lowest_scale, high = (float)kind->highest_scale;
    const f32x16 middle = floor16(line->step * inverse_of(scale));
    f32x16 own_scales, own_minima = 0, bases = -0.0f;
    if (kind->has_bases) {
        own_scales = clamp16(middle + (lane_rows - 1.0f), low, high);
    } else if (kind->highest_scale > 100) {
        own_scales = clamp16(middle + (lane_numbers - 7.0f), low, high);
    } else {
        own_scales = clamp16((middle + (lane_eighths - 3.0f)) * lane_signs, low, high);
    }
    const f32x16 steps = scale * own_scales;
    if (kind->has_bases) {
        const f32x16 base = line->base + (line->step - steps) * line->mean;
        own_minima = clamp16(floor16(-base * inverse_of(minimum)) + (lane_columns - 1.0f), 0, high);
        bases = -(minimum * own_minima);
    }
    const fit_sums s = sum_group(kind, group, (fit_lanes){steps, bases});
    const size_t best = best_lane(s.rr);
    const double own = lane_of(own_scales, best), other = -lane_of(own_minima, best);
    trial->scales[index] = (int8_t)own;
    trial->minima[index] = (int8_t)-other;
    trial->error += lane_of(s.rr, best);
    trial->ss += own * own * lane_of(s.vv, best);
    trial->sm += own * other * lane_of(s.v, best);
    trial->mm += other * other * group->importance_sum;
    trial->rs += own * lane_of(s.rv, best);
    trial->rm += other * lane_of(s.r, best);
}

LLM_TEMPLATE fit_trial try_scales(const fit_kind *kind, const fit_block *block, const fit_line *lines, float scale, float minimum) {
    fit_trial trial = {.scale = to_half(scale * block->unit), .minimum = to_half(minimum * block->unit)};
    scale = from_half(trial.scale) * (1 / block->unit);
    minimum = from_half(trial.minimum) * (1 / block->unit);
    for (size_t group = 0; group < block->group_count; group++)
        try_group(kind, block->groups + group, lines + group, scale, minimum, group, &trial);
    return trial;
}

#ifndef TRIES
#define TRIES 4
#endif
#ifndef REFINES
#define REFINES 3
#endif

LLM_TEMPLATE void fit_integers(const fit_kind *kind, const fit_block *block, llm_block_parts *parts) {
    fit_line lines[FIT_GROUPS];
    float step = 0, base = 0;
    for (size_t group = 0; group < block->group_count; group++) {
        lines[group] = fit_one(kind, block->groups + group);
        if (fabsf(lines[group].step) > fabsf(step)) step = lines[group].step;
        if (-lines[group].base > base) base = -lines[group].base;
    }
    fit_trial best = {.error = INFINITY};
    for (int try = 0; try < TRIES; try++) {
        const float scale = step / ((try % 2 && !kind->has_bases ? (float)kind->lowest_scale : (float)kind->highest_scale) * (1 - 0.02f * (float)(kind->has_bases ? try : try / 2)));
        const float minimum = base / ((float)kind->highest_scale * (1 - 0.02f * (float)try));
        fit_trial trial = try_scales(kind, block, lines, scale, minimum);
        for (int refine = 0; refine < REFINES; refine++) {
            if (trial.error < best.error) best = trial;
            const double determinant = trial.ss * trial.mm - trial.sm * trial.sm;
            float scale = from_half(trial.scale) * (1 / block->unit), minimum = from_half(trial.minimum) * (1 / block->unit);
            if (determinant > 1e-12 * trial.ss * trial.mm) {
                scale += (float)((trial.rs * trial.mm - trial.rm * trial.sm) / determinant);
                minimum += (float)((trial.rm * trial.ss - trial.rs * trial.sm) / determinant);
            } else if (trial.ss > 0) {
                scale += (float)(trial.rs / trial.ss);
            }
            if (to_half(scale * block->unit) == trial.scale && to_half(minimum * block->unit) == trial.minimum) break;
            const double before = trial.error;
            trial = try_scales(kind, block, lines, scale, minimum);
            if (trial.error >= before) break;
        }
        if (trial.error < best.error) best = trial;
    }
    parts->scale = best.scale;
    parts->minimum = best.minimum;
    memcpy(parts->scales, best.scales, sizeof best.scales);
    memcpy(parts->minima, best.minima, sizeof best.minima);
}

LLM_TEMPLATE void search(
    const fit_kind *kind, const float *x, const float *importance, size_t count, llm_block_parts *parts) {
    float scaled[FIT_BLOCK], largest = 0;
    for (size_t i = 0; i < count; i++) largest = max_of(fabsf(x[i]), largest);
    int exponent;
    frexpf(largest, &exponent);
    exponent = exponent - 1 < -100 ? -100 : exponent - 1;
    fit_block block = {.kind = kind, .group_count = count / kind->group, .unit = ldexpf(1, exponent)};
    const float inverse = ldexpf(1, -exponent);
    for (size_t i = 0; i < count; i++) scaled[i] = x[i] * inverse;
    for (size_t i = 0; i < block.group_count; i++) {
        fit_group *group = block.groups + i;
        *group = (fit_group){scaled + i * kind->group, importance + i * kind->group, kind->group, 0};
        for (size_t j = 0; j < group->count; j++) group->importance_sum += group->importance[j];
    }
    // What differs is known to the compiler in each of these.
    fit_kind own = *kind;
    if (kind->scaling == FIT_POWER_OF_TWO) {
        fit_powers(&own, &block, parts);
    } else if (kind->table) {
        own.has_bases = false;
        if (kind->scaling == FIT_HALF) fit_halves(&own, &block, parts);
        else { own.scaling = FIT_INTEGERS; fit_integers(&own, &block, parts);}
    } else if (kind->has_bases) {
        own.table = NULL;
        own.has_bases = true;
        if (kind->scaling == FIT_HALF) {own.scaling = FIT_HALF; fit_halves(&own, &block, parts);}
        else {own.scaling = FIT_INTEGERS; fit_integers(&own, &block, parts);}
    } else {
        own.table = NULL;
        own.has_bases = false;
        if (kind->scaling == FIT_HALF) {own.scaling = FIT_HALF; fit_halves(&own, &block, parts);}
        else {own.scaling = FIT_INTEGERS; fit_integers(&own, &block, parts);}
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
