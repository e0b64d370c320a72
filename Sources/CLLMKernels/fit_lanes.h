// A group of weights under sixteen pairs of step and base, one a lane, so that one pass over the group is enough for many
// starts of a search. Products and sums are rounded apart, so that every processor gives the same bits.
#pragma once

#include "fit.h"
#include "vector16.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
    const float *x, *importance; // [count]
    size_t count;
    float importance_sum;
} fit_group;

typedef struct {
    f32x16 step, base;
} fit_lanes;

// Sums of importance times v, v^2, r v, r and r^2: v is the nearest value of a weight, r what is left of the weight.
typedef struct {
    f32x16 v, vv, rv, r, rr;
} fit_sums;

LLM_TEMPLATE f32x16 nearest_integers(const fit_kind *kind, f32x16 value) {
    const i32x16 low = (i32x16)(int32_t)bits_of(FIT_ROUND + (float)kind->lowest);
    const i32x16 high = (i32x16)(int32_t)bits_of(FIT_ROUND + (float)kind->highest);
    i32x16 bits = __builtin_bit_cast(i32x16, value + FIT_ROUND);
    bits = __builtin_elementwise_min(__builtin_elementwise_max(bits, low), high);
    return __builtin_bit_cast(f32x16, bits) - FIT_ROUND;
}

LLM_TEMPLATE f32x16 nearest_of_table(const fit_table *table, f32x16 value) {
    f32x16 nearest = table->values[0];
    for (size_t i = 0; i + 1 < table->count; i++) {
        const float low = table->values[i], high = table->values[i + 1];
        const i32x16 above = value > (f32x16)((low + high) * 0.5f);
        nearest += __builtin_bit_cast(f32x16, above & (int32_t)bits_of(high - low));
    }
    return nearest;
}

LLM_TEMPLATE f32x16 min16(f32x16 a, f32x16 b) { return select16(a < b, a, b); }

LLM_TEMPLATE f32x16 clamp16(f32x16 x, float low, float high) { return min16(max16(x, (f32x16)low), (f32x16)high); }

// The largest integer up to x, or the next smaller one, for |x| < 2^22.
LLM_TEMPLATE f32x16 floor16(f32x16 x) { return (x - 0.5f + FIT_ROUND) - FIT_ROUND; }

// 1 / x, or 0 where x is as good as 0.
LLM_TEMPLATE f32x16 inverse_of(f32x16 x) {
    const f32x16 magnitude = __builtin_bit_cast(f32x16, __builtin_bit_cast(u32x16, x) & 0x7fffffffu);
    return select16(magnitude > (f32x16)0x1p-100f, 1.0f / x, (f32x16)0.0f);
}

LLM_TEMPLATE fit_sums sum_group(const fit_kind *kind, const fit_group *group, fit_lanes lanes) {
    const f32x16 inverse = inverse_of(lanes.step), shift = -lanes.base * inverse;
    fit_sums sums = {0};
    for (size_t i = 0; i < group->count; i++) {
        const f32x16 x = group->x[i], importance = group->importance[i];
        const f32x16 value = x * inverse + shift;
        const f32x16 v = kind->table ? nearest_of_table(kind->table, value) : nearest_integers(kind, value);
        const f32x16 r = x - (lanes.step * v + lanes.base);
        const f32x16 own_v = importance * v, own_r = importance * r;
        sums.v += own_v;
        sums.vv += own_v * v;
        sums.rv += own_r * v;
        sums.r += own_r;
        sums.rr += own_r * r;
    }
    return sums;
}

// The first lane with the smallest error.
LLM_TEMPLATE size_t best_lane(f32x16 errors) {
    const f32x16 half = min16(errors, errors.s89abcdef01234567);
    const f32x16 quarter = min16(half, half.s456789abcdef0123);
    const f32x16 pair = min16(quarter, quarter.s23456789abcdef01);
    const f32x16 least = min16(pair, pair.s123456789abcdef0);
    const i32x16 from_end = {16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    const i32x16 found = (errors == least) & from_end;
    int32_t lanes[LANES], first = 1;
    memcpy(lanes, &found, sizeof lanes);
    for (size_t i = 0; i < LANES; i++) first = lanes[i] > first ? lanes[i] : first;
    return (size_t)(LANES - first);
}

LLM_TEMPLATE float lane_of(f32x16 v, size_t lane) {
    float lanes[LANES];
    store16(lanes, v);
    return lanes[lane];
}

// Lanes as numbers; as rows and columns of four; as two halves of eight.
static const f32x16 lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const f32x16 lane_rows = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
static const f32x16 lane_columns = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
static const f32x16 lane_eighths = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
static const f32x16 lane_signs = {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1};
