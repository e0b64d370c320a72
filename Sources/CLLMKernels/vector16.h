// Sixteen lanes of float32: the width in which every kernel's arithmetic is stated.
//
// The templates are written once over these vectors and inlined into functions that name an instruction set, so a
// vector becomes one AVX-512 register, two AVX2 ones or four of NEON, which every AArch64 compiler may use, with the
// same operations on each lane and so the same bits.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF
// Vectors cross only calls that are inlined, so how they would be passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define LLM_TEMPLATE static inline __attribute__((always_inline, unused))
#define LLM_UNROLL _Pragma("clang loop unroll(full)")

#if defined(__x86_64__)
#define LLM_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define LLM_TARGET_AVX512 __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")))
#endif

enum { LANES = 16 };

typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef _Float16 f16x16 __attribute__((ext_vector_type(16)));

static inline uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// The nearest bfloat16, ties to even; NaN stays NaN.
static inline uint16_t bfloat16_plain(float x) {
    const uint32_t bits = bits_of(x), high = bits >> 16;
    const uint32_t rounded = (bits + 0x7fffu + (high & 1)) >> 16;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? high | 0x40 : rounded);
}

LLM_TEMPLATE f32x16 load16(const float *p) {
    f32x16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

LLM_TEMPLATE void store16(float *p, f32x16 v) { memcpy(p, &v, sizeof v); }

// The first `count` lanes, the others zero.
LLM_TEMPLATE f32x16 load_first(const float *p, size_t count) {
    if (count >= LANES) return load16(p);
    float lanes[LANES] = {0};
    memcpy(lanes, p, count * sizeof *p);
    return load16(lanes);
}

LLM_TEMPLATE void store_first(float *p, f32x16 v, size_t count) {
    if (count >= LANES) {
        store16(p, v);
    } else {
        float lanes[LANES];
        store16(lanes, v);
        memcpy(p, lanes, count * sizeof *p);
    }
}

LLM_TEMPLATE f32x16 fma16(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }

LLM_TEMPLATE f32x16 select16(i32x16 mask, f32x16 yes, f32x16 no) {
    const i32x16 bits = (mask & __builtin_bit_cast(i32x16, yes)) | (~mask & __builtin_bit_cast(i32x16, no));
    return __builtin_bit_cast(f32x16, bits);
}

LLM_TEMPLATE f32x16 max16(f32x16 a, f32x16 b) { return select16(a > b, a, b); }

// Lanes i and i + 8, then + 4, + 2, + 1.
LLM_TEMPLATE float sum_lanes(f32x16 v) {
    const __auto_type v8 = v.lo + v.hi;
    const __auto_type v4 = v8.lo + v8.hi;
    const __auto_type v2 = v4.lo + v4.hi;
    return v2.lo + v2.hi;
}

LLM_TEMPLATE float max_of(float a, float b) { return a > b ? a : b; }

LLM_TEMPLATE float max_lanes(f32x16 v) {
    float lanes[LANES];
    store16(lanes, v);
    LLM_UNROLL for (size_t width = LANES / 2; width > 0; width /= 2) {
        LLM_UNROLL for (size_t i = 0; i < width; i++) lanes[i] = max_of(lanes[i], lanes[i + width]);
    }
    return lanes[0];
}

// exp, the engine's own: 2^n times a polynomial on [-ln2/2, ln2/2] (degree 6, error about 2 ulp). Arguments under
// EXP_LOW give exactly 0, arguments over EXP_HIGH give exp(EXP_HIGH). The rounding constant turns the sum's low bits into n.
#define EXP_LOW -86.5f
#define EXP_HIGH 88.0f
#define EXP_LOG2E 0x1.715476p+0f
#define EXP_ROUND 12582912.0f
#define EXP_LN2_HIGH 0x1.62e4p-1f
#define EXP_LN2_LOW 0x1.7f7d1cp-20f
#define EXP_C6 0x1.6c16c2p-10f
#define EXP_C5 0x1.111112p-7f
#define EXP_C4 0x1.555556p-5f
#define EXP_C3 0x1.555556p-3f
#define EXP_C2 0.5f

// Of `count` vectors, at most 4, in place: one vector's steps wait for each other, those of several take turns.
LLM_TEMPLATE void exp16_each(f32x16 *x, const size_t count) {
    f32x16 shifted[4], r[4], p[4];
#define EACH(statement) LLM_UNROLL for (size_t i = 0; i < count; i++) statement;
    EACH(r[i] = select16(x[i] > EXP_HIGH, (f32x16)EXP_HIGH, x[i]))
    EACH(shifted[i] = fma16(r[i], (f32x16)EXP_LOG2E, (f32x16)EXP_ROUND))
    EACH(p[i] = shifted[i] - EXP_ROUND)
    EACH(r[i] = fma16(p[i], (f32x16)-EXP_LN2_HIGH, r[i]))
    EACH(r[i] = fma16(p[i], (f32x16)-EXP_LN2_LOW, r[i]))
    EACH(p[i] = fma16((f32x16)EXP_C6, r[i], (f32x16)EXP_C5))
    EACH(p[i] = fma16(p[i], r[i], (f32x16)EXP_C4))
    EACH(p[i] = fma16(p[i], r[i], (f32x16)EXP_C3))
    EACH(p[i] = fma16(p[i], r[i], (f32x16)EXP_C2))
    EACH(p[i] = fma16(p[i], r[i], (f32x16)1.0f))
    EACH(p[i] = fma16(p[i], r[i], (f32x16)1.0f))
    LLM_UNROLL for (size_t i = 0; i < count; i++) {
        const u32x16 scaled = __builtin_bit_cast(u32x16, p[i]) + (__builtin_bit_cast(u32x16, shifted[i]) << 23);
        x[i] = select16(x[i] < EXP_LOW, (f32x16)0.0f, __builtin_bit_cast(f32x16, scaled));
    }
#undef EACH
}

LLM_TEMPLATE f32x16 exp16(f32x16 x) {
    exp16_each(&x, 1);
    return x;
}

// The same for one value: the definition.
static inline float exp_plain(float x) {
    if (x < EXP_LOW) return 0;
    if (x > EXP_HIGH) x = EXP_HIGH;
    const float shifted = fmaf(x, EXP_LOG2E, EXP_ROUND);
    const float n = shifted - EXP_ROUND;
    float r = fmaf(n, -EXP_LN2_HIGH, x);
    r = fmaf(n, -EXP_LN2_LOW, r);
    float p = EXP_C6;
    p = fmaf(p, r, EXP_C5);
    p = fmaf(p, r, EXP_C4);
    p = fmaf(p, r, EXP_C3);
    p = fmaf(p, r, EXP_C2);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    uint32_t bits, step;
    memcpy(&bits, &p, sizeof bits);
    memcpy(&step, &shifted, sizeof step);
    bits += step << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

// tanh(x) = 1 - 2 / (exp(2 x) + 1); its error is below 2e-7, in proportion to 1 and not to x.
static inline float tanh_plain(float x) { return 1.0f - 2.0f / (exp_plain(x + x) + 1.0f); }

LLM_TEMPLATE f32x16 tanh16(f32x16 x) { return 1.0f - 2.0f / (exp16(x + x) + 1.0f); }

// x / (1 + exp(-x))
static inline float silu_plain(float x) { return x / (1.0f + exp_plain(-x)); }

LLM_TEMPLATE f32x16 silu16(f32x16 x) { return x / (1.0f + exp16(-x)); }

// log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|). The logarithm is 2 atanh(e / (2 + e)), of which the series up to
// the 15th power is 2e-9 off at most.
#define LOG_C3 0x1.555556p-2f
#define LOG_C5 0x1.99999ap-3f
#define LOG_C7 0x1.24924ap-3f
#define LOG_C9 0x1.c71c72p-4f
#define LOG_C11 0x1.745d18p-4f
#define LOG_C13 0x1.3b13b2p-4f
#define LOG_C15 0x1.111112p-4f

static inline float softplus_plain(float x) {
    const float e = exp_plain(-fabsf(x)), s = e / (2.0f + e), z = s * s;
    float p = fmaf(LOG_C15, z, LOG_C13);
    p = fmaf(p, z, LOG_C11);
    p = fmaf(p, z, LOG_C9);
    p = fmaf(p, z, LOG_C7);
    p = fmaf(p, z, LOG_C5);
    p = fmaf(p, z, LOG_C3);
    p = fmaf(p, z, 1.0f);
    return fmaf(s + s, p, max_of(x, 0));
}

LLM_TEMPLATE f32x16 softplus16(f32x16 x) {
    const f32x16 e = exp16(-__builtin_elementwise_abs(x)), s = e / (2.0f + e), z = s * s;
    f32x16 p = fma16((f32x16)LOG_C15, z, (f32x16)LOG_C13);
    p = fma16(p, z, (f32x16)LOG_C11);
    p = fma16(p, z, (f32x16)LOG_C9);
    p = fma16(p, z, (f32x16)LOG_C7);
    p = fma16(p, z, (f32x16)LOG_C5);
    p = fma16(p, z, (f32x16)LOG_C3);
    p = fma16(p, z, (f32x16)1.0f);
    return fma16(s + s, p, max16(x, (f32x16)0.0f));
}

// The tree of sum_lanes and max_lanes, as plain loops.
static inline float sum_tree_plain(float lanes[LANES]) {
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++) lanes[i] = lanes[i] + lanes[i + width];
    return lanes[0];
}

static inline float max_tree_plain(float lanes[LANES]) {
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++) lanes[i] = max_of(lanes[i], lanes[i + width]);
    return lanes[0];
}
