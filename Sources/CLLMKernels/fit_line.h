// The best step and base of one group of weights, were they any numbers.
#pragma once

#include "fit_lanes.h"

// A step and a base, and the mean value that the group's weights have under them.
typedef struct {
    float step, base, mean;
} fit_line;

// Moves each lane to the step and base that are best for the values that its weights have (weighted least squares);
// returns the errors there and writes the mean values.
LLM_TEMPLATE f32x16 improve(const fit_kind *kind, const fit_group *group, fit_lanes *lanes, f32x16 *mean) {
    const fit_sums s = sum_group(kind, group, *lanes);
    const f32x16 weight = group->importance_sum;
    *mean = s.v * inverse_of(weight);
    if (!kind->has_bases) {
        const f32x16 step = s.rv * inverse_of(s.vv);
        lanes->step += step;
        return s.rr - step * s.rv;
    }
    const f32x16 inverse = inverse_of(s.vv * weight - s.v * s.v);
    f32x16 step = (s.rv * weight - s.r * s.v) * inverse, base = (s.r * s.vv - s.rv * s.v) * inverse;
    // No base of a group is above 0.
    if (kind->scaling == FIT_INTEGERS) {
        const i32x16 above = lanes->base + base > 0;
        base = select16(above, -lanes->base, base);
        step = select16(above, (s.rv - base * s.v) * inverse_of(s.vv), step);
    }
    lanes->step += step;
    lanes->base += base;
    const f32x16 gain = (step * s.rv + base * s.r) * 2.0f;
    return s.rr - gain + (step * s.vv + base * s.v * 2.0f) * step + base * base * weight;
}

// Without bases: the largest weight gets a value near an end of the values, or far past it, so that it is cut off.
LLM_TEMPLATE fit_lanes start_without_bases(const fit_kind *kind, const fit_group *group, size_t start) {
    float largest = 0;
    for (size_t i = 0; i < group->count; i++)
        if (fabsf(group->x[i]) > fabsf(largest)) largest = group->x[i];
    const float end = (float)(start % 2 == 0 ? kind->lowest : kind->highest);
    const float unit = copysignf(kind->table ? 2.4f : 0.17f, end); // of the distance between values
    const f32x16 past = start < 2 ? (lane_numbers - 6.0f) * unit : (lane_numbers + 1.0f) * (end / 24);
    return (fit_lanes){largest / (end + past), -0.0f};
}

// With bases: the values reach from near the smallest weight to near the largest; cuts in steps.
LLM_TEMPLATE fit_lanes start_with_bases(const fit_kind *kind, const fit_group *group, size_t start) {
    static const float cuts[][4] = {
        {-0.2f, 0.25f, 0.7f, 1.3f}, {0, 0.5f, 1, 2}, {-0.45f, 0, 0.4f, 0.9f}, {0.1f, 1.5f, 3, 5}};
    float low = kind->scaling == FIT_INTEGERS ? 0 : group->x[0], high = group->x[0];
    for (size_t i = 0; i < group->count; i++) {
        low = group->x[i] < low ? group->x[i] : low;
        high = group->x[i] > high ? group->x[i] : high;
    }
    const float values = (float)kind->highest, step = (high - low) / values;
    const float *c = cuts[start];
    const f32x16 below = (f32x16){c[0], c[0], c[0], c[0], c[1], c[1], c[1], c[1],
                                  c[2], c[2], c[2], c[2], c[3], c[3], c[3], c[3]} * step;
    const f32x16 above = (f32x16){c[0], c[1], c[2], c[3], c[0], c[1], c[2], c[3],
                                  c[0], c[1], c[2], c[3], c[0], c[1], c[2], c[3]} * step;
    const f32x16 base = low + below;
    return (fit_lanes){
        (high - low - below - above) / values, kind->scaling == FIT_INTEGERS ? min16(base, (f32x16)0.0f) : base};
}

LLM_TEMPLATE fit_line find_line(const fit_kind *kind, const fit_group *group) {
    const size_t starts = kind->scaling == FIT_HALF && !kind->table ? 4 : 2; // there is time
    const size_t rounds = kind->table ? 2 : 3; // a table's take three times as long
    f32x16 errors = INFINITY, steps = 0, bases = -0.0f, means = 0;
    for (size_t start = 0; start < starts; start++) {
        fit_lanes lanes =
            kind->has_bases ? start_with_bases(kind, group, start) : start_without_bases(kind, group, start);
        for (size_t round = 0; round < rounds; round++) {
            f32x16 mean;
            const f32x16 error = improve(kind, group, &lanes, &mean);
            const i32x16 better = kind->has_bases ? (error < errors) & (lanes.step >= 0) : error < errors;
            errors = select16(better, error, errors);
            steps = select16(better, lanes.step, steps);
            bases = select16(better, lanes.base, bases);
            means = select16(better, mean, means);
        }
    }
    const size_t best = best_lane(errors);
    return (fit_line){lane_of(steps, best), lane_of(bases, best), lane_of(means, best)};
}
