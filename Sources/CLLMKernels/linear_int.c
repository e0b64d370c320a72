// y = x Wᵀ over int8 activations and integer weights.
//
// Products are of unsigned weights, as packed, and signed activations; what the packing added to the weights is undone
// exactly by the row's offsets, and minima are multiplied by the row's sums. Sums of products are integers, so only the
// order of the groups matters.
#include "linear.h"
#include "linear_int_loads.h"
#include "panels.h"

// Plain

static inline int32_t activation_plain(const llm_activations *x, size_t row, size_t i) {
    const char *data = (const char *)x->data + row * x->stride;
    if (x->type == LLM_INT8) return ((const int8_t *)data)[i];
    return ((const int16_t *)data)[i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i];
}

static inline float sum_grouped_plain(
    llm_packing packing, const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    const size_t span = scale_group(packing);
    const int32_t *offsets = a->x.offsets + row * a->x.offset_stride;
    float total = 0;
    for (size_t start = 0; start < a->k; start += LLM_SCALE_GROUP) {
        float part = 0;
        for (size_t group = start; group < start + LLM_SCALE_GROUP && group < a->k; group += span) {
            int32_t sum = 0;
            for (size_t i = group; i < group + span && i < a->k; i++)
                sum += panel_integer(packing, panel, feature, i) * activation_plain(&a->x, row, i);
            part = fmaf((float)sum, panel_scale(packing, panel, a->k, feature, group), part);
            if (panel_kinds[packing].minimum_bytes)
                part = fmaf((float)offsets[group / span], panel_minimum(packing, panel, a->k, feature, group), part);
        }
        total = fmaf(part, a->x.scales[row * a->x.scale_stride + start / LLM_SCALE_GROUP], total);
    }
    return total;
}

static float sum_w8_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    int32_t sum = 0;
    for (size_t i = 0; i < a->k; i++)
        sum += panel_integer(LLM_PANEL_W8, panel, feature, i) * activation_plain(&a->x, row, i);
    return (float)sum * a->x.scales[row * a->x.scale_stride] * panel_scale(LLM_PANEL_W8, panel, a->k, feature, 0);
}

static void linear_w8_scalar(const llm_linear_args *a, size_t begin, size_t end) {
    linear_plain(a, LLM_PANEL_W8, sum_w8_plain, begin, end);
}

// Every packing with groups: its name in functions and tables, and its number.
#define EACH_GROUPED(row)                                                                                              \
    row(q8, LLM_PANEL_Q8) row(q4, LLM_PANEL_Q4) row(q4_1, LLM_PANEL_Q4_1) row(q5_0, LLM_PANEL_Q5_0)                    \
    row(q5_1, LLM_PANEL_Q5_1) row(q2_k, LLM_PANEL_Q2_K) row(q4_k, LLM_PANEL_Q4_K) row(q5_k, LLM_PANEL_Q5_K)            \
    row(q6_k, LLM_PANEL_Q6_K) row(iq4_nl, LLM_PANEL_IQ4_NL) row(iq4_xs, LLM_PANEL_IQ4_XS)                              \
    row(mxfp4, LLM_PANEL_MXFP4) row(int4, LLM_PANEL_INT4)

#define SCALAR(name, packing)                                                                                          \
    static float sum_##name##_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {         \
        return sum_grouped_plain(packing, a, panel, feature, row);                                                     \
    }                                                                                                                  \
    static void linear_##name##_scalar(const llm_linear_args *a, size_t begin, size_t end) {                           \
        linear_plain(a, packing, sum_##name##_plain, begin, end);                                                      \
    }
EACH_GROUPED(SCALAR)

// What the variants share: tiles of rows, as even in size as they can be, pass over a block of panels that stays in
// the cache, while the next block is fetched, a little with each step of each tile, so that memory is never idle. For
// one row so little is computed with what is read that how it is read decides, and processors differ. Zen 3 (AVX2)
// keeps memory busy with two panels side by side, each fetched a little ahead, in step with what is computed; further
// ahead, or many lines at once, is slower. Zen 4 (AVX-512) fetches ahead by itself: it reads one panel after the other
// at 87 to 100 % of what the same threads read without computing (Q5_K and Q6_K at 77 to 95 %), two side by side at 65
// to 85 %; any fetch by hand slows it, also that of the high bits of Q6_K alone.

enum { W8_CHUNK = 64, BLOCK_BYTES = 256 * 1024, FEW_ROWS = 64, READ_ON = 1024 };

LLM_TEMPLATE void read_on(const char *p, const size_t bytes) {
    LLM_UNROLL for (size_t i = 0; i < bytes; i += LINE) __builtin_prefetch(p + READ_ON + i, 0, 3);
}

// The panels of a block: one for few rows, so that what is read is used by all of them at once.
LLM_TEMPLATE size_t panels_together(llm_packing packing, const llm_linear_args *a) {
    const size_t fit = BLOCK_BYTES / llm_panel_bytes(packing, a->k);
    return a->rows <= FEW_ROWS || fit < 1 ? 1 : fit;
}

// Variants: linear_int_template.h over the dot product of each instruction set, which defines
//
//   NAME(x)                the name x of this set's
//   ROWS, W8_ROWS          the most rows of a tile
//   HALVES                 half panels whose sums are held in registers at a time
//   SIDE_BY_SIDE           panels that one row reads side by side; more than one are fetched ahead
//   ACTIVATION(packing)    the type of activations that it takes
//   lookup(table, codes)   the bytes of a table of 16 at codes
//   weights_t              a half panel's weights for four inputs, ready to be multiplied
//   prepare(v)             weights_t of 64 packed bytes
//   dot(sum, w, x)         sum + the products with the four activations at x
//   SIGNED_WEIGHTS         if it multiplies signed bytes: weights of 8 bits lose their 128 before they are prepared,
//                          values of tables are taken as they are, and their sums need no offsets; codes of fewer bits
//                          are the same numbers signed or not
//   PAIRS                  if it sums products of codes in 16 bits: add_pairs(pairs, w, x), widen(pairs)
//   OWN_BYTES              if it has a sum_bytes of its own

// The largest number that a code becomes as an unsigned byte.
LLM_TEMPLATE int largest_code(llm_packing packing) {
    const llm_panel_kind *kind = panel_kinds + packing;
    if (kind->codes == LLM_CODE_INTEGER) return (1 << kind->bits) - 1;
    return kind->codes == LLM_CODE_E2M1 ? 24 : 255;
}

// Pairs of products, |x| <= 127, whose sum 16 bits hold; none where not even one fits.
LLM_TEMPLATE size_t pairs_together(llm_packing packing) {
    const int fit = INT16_MAX / (2 * 127 * largest_code(packing));
    return fit >= 8 ? 8 : fit >= 4 ? 4 : fit >= 2 ? 2 : 0;
}

// Between steps, keeps the compiler from loading inputs so early that registers do not suffice.
#define KEEP_ORDER __asm__ volatile("" ::: "memory")

#if defined(__x86_64__)
#include <immintrin.h>

// AVX2 has no dot product of bytes that does not saturate: weights become 16 bits wide, even bytes and odd ones.
//
// Its 16 registers hold the sums of six rows and half a panel, two vectors of weights, an input and a product, no more:
// weights are made ready a half at a time, the even bytes or the odd, the low nibbles or the high.
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
enum { ROWS_AVX2 = 6 };

LLM_TEMPLATE i32x16 join(__m256i low, __m256i high) {
    i32x16 v;
    v.lo = (i32x8)low;
    v.hi = (i32x8)high;
    return v;
}

LLM_TEMPLATE __m256i four_bytes(const char *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm256_set1_epi32(bytes);
}

LLM_TEMPLATE void sum_bytes_avx2(
    const char *w, const char *x, size_t stride, const size_t rows, const size_t halves, size_t step, size_t end,
    i32x16 sums[][2]) {
    __m256i words[ROWS_AVX2][4];
    LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++) {
        words[m][h * 2] = (__m256i)sums[m][h].lo;
        words[m][h * 2 + 1] = (__m256i)sums[m][h].hi;
    }
    const __m256i low = _mm256_set1_epi16(0xff);
    for (; step < end; step++) {
        LLM_UNROLL for (size_t odd = 0; odd < 2; odd++) {
            KEEP_ORDER;
            __m256i weights[4];
            LLM_UNROLL for (size_t v = 0; v < halves * 2; v++) {
                const __m256i pairs = _mm256_loadu_si256((const __m256i *)(w + step * STEP_BYTES + v * 32));
                weights[v] = odd ? _mm256_srli_epi16(pairs, 8) : _mm256_and_si256(pairs, low);
            }
            LLM_UNROLL for (size_t m = 0; m < rows; m++) {
                const __m256i inputs = four_bytes(x + m * stride + step * 8 + odd * 4);
                LLM_UNROLL for (size_t v = 0; v < halves * 2; v++)
                    words[m][v] = _mm256_add_epi32(words[m][v], _mm256_madd_epi16(weights[v], inputs));
            }
        }
    }
    LLM_UNROLL for (size_t m = 0; m < rows; m++)
        LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = join(words[m][h * 2], words[m][h * 2 + 1]);
}

LLM_TEMPLATE i8x64 lookup_avx2(const int8_t *table, i32x16 codes) {
    const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    return (i8x64)join(
        _mm256_shuffle_epi8(values, (__m256i)codes.lo), _mm256_shuffle_epi8(values, (__m256i)codes.hi));
}

// Of bytes whose products do not fit 16 bits: even ones and odd ones.
typedef struct {
    i16x32 even, odd;
} weights_avx2;

LLM_TEMPLATE weights_avx2 prepare_avx2(i8x64 v) {
    const i16x32 pairs = (i16x32)v;
    return (weights_avx2){pairs & 0xff, (i16x32)((u16x32)pairs >> 8)};
}

LLM_TEMPLATE i32x16 dot_avx2(i32x16 sum, weights_avx2 w, const char *x) {
    const __m256i even = four_bytes(x), odd = four_bytes(x + 4);
    return sum
        + join(_mm256_madd_epi16((__m256i)w.even.lo, even), _mm256_madd_epi16((__m256i)w.even.hi, even))
        + join(_mm256_madd_epi16((__m256i)w.odd.lo, odd), _mm256_madd_epi16((__m256i)w.odd.hi, odd));
}

LLM_TEMPLATE i16x32 add_pairs_avx2(i16x32 pairs, i8x64 w, const char *x) {
    const __m256i inputs = four_bytes(x);
    i16x16 low = pairs.lo + (i16x16)_mm256_maddubs_epi16((__m256i)w.lo, inputs);
    i16x16 high = pairs.hi + (i16x16)_mm256_maddubs_epi16((__m256i)w.hi, inputs);
    // Or the compiler adds products to each other first, which takes more registers.
    __asm__("" : "+x"(low), "+x"(high));
    pairs.lo = low;
    pairs.hi = high;
    return pairs;
}

LLM_TEMPLATE i32x16 widen_avx2(i16x32 pairs) {
    const __m256i ones = _mm256_set1_epi16(1);
    return join(_mm256_madd_epi16((__m256i)pairs.lo, ones), _mm256_madd_epi16((__m256i)pairs.hi, ones));
}

#define NAME(x) x##_avx2
#define ROWS ROWS_AVX2
#define W8_ROWS ROWS_AVX2
#define HALVES 1
#define SIDE_BY_SIDE 2
#define ACTIVATION(packing) (pairs_together(packing) ? LLM_INT8 : LLM_INT8_WIDE)
#define PAIRS
#define OWN_BYTES
#include "linear_int_template.h"
#pragma clang attribute pop

// AVX-VNNI
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
typedef i8x64 weights_avx2vnni;

LLM_TEMPLATE i8x64 lookup_avx2vnni(const int8_t *table, i32x16 codes) { return lookup_avx2(table, codes); }

LLM_TEMPLATE i8x64 prepare_avx2vnni(i8x64 v) { return v; }

LLM_TEMPLATE i32x16 dot_avx2vnni(i32x16 sum, i8x64 w, const char *x) {
    const __m256i four = four_bytes(x);
    return join(
        _mm256_dpbusd_avx_epi32((__m256i)sum.lo, (__m256i)w.lo, four),
        _mm256_dpbusd_avx_epi32((__m256i)sum.hi, (__m256i)w.hi, four));
}

#define NAME(x) x##_avx2vnni
#define ROWS 5
#define W8_ROWS 5
#define HALVES 1
#define SIDE_BY_SIDE 2
#define ACTIVATION(packing) LLM_INT8
#include "linear_int_template.h"
#pragma clang attribute pop

// AVX-512 without VNNI: as AVX2, in registers twice as wide.
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
typedef struct {
    __m512i even, odd;
} weights_avx512;

LLM_TEMPLATE weights_avx512 prepare_avx512(i8x64 v) {
    const __m512i bytes = _mm512_set1_epi16(0xff);
    return (weights_avx512){_mm512_and_si512((__m512i)v, bytes), _mm512_srli_epi16((__m512i)v, 8)};
}

LLM_TEMPLATE __m512i four_bytes_512(const char *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm512_set1_epi32(bytes);
}

LLM_TEMPLATE i32x16 dot_avx512(i32x16 sum, weights_avx512 w, const char *x) {
    const __m512i even = _mm512_madd_epi16(w.even, four_bytes_512(x));
    const __m512i odd = _mm512_madd_epi16(w.odd, four_bytes_512(x + 4));
    return (i32x16)_mm512_add_epi32(_mm512_add_epi32((__m512i)sum, even), odd);
}

LLM_TEMPLATE i8x64 lookup_avx512(const int8_t *table, i32x16 codes) {
    const __m512i values = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    return (i8x64)_mm512_shuffle_epi8(values, (__m512i)codes);
}

LLM_TEMPLATE i16x32 add_pairs_avx512(i16x32 pairs, i8x64 w, const char *x) {
    return (i16x32)_mm512_add_epi16((__m512i)pairs, _mm512_maddubs_epi16((__m512i)w, four_bytes_512(x)));
}

LLM_TEMPLATE i32x16 widen_avx512(i16x32 pairs) {
    return (i32x16)_mm512_madd_epi16((__m512i)pairs, _mm512_set1_epi16(1));
}

#define NAME(x) x##_avx512
#define ROWS 6
#define W8_ROWS 11
#define HALVES 2
#define SIDE_BY_SIDE 1
#define ACTIVATION(packing) (pairs_together(packing) ? LLM_INT8 : LLM_INT8_WIDE)
#define PAIRS
#include "linear_int_template.h"
#pragma clang attribute pop

// AVX-512 with VNNI
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
typedef i8x64 weights_avx512vnni;

LLM_TEMPLATE i8x64 lookup_avx512vnni(const int8_t *table, i32x16 codes) { return lookup_avx512(table, codes); }

LLM_TEMPLATE i8x64 prepare_avx512vnni(i8x64 v) { return v; }

LLM_TEMPLATE i32x16 dot_avx512vnni(i32x16 sum, i8x64 w, const char *x) {
    int32_t four;
    memcpy(&four, x, sizeof four);
    return (i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, _mm512_set1_epi32(four));
}

#define NAME(x) x##_avx512vnni
#define ROWS 6
#define W8_ROWS 11
#define HALVES 2
#define SIDE_BY_SIDE 1
#define ACTIVATION(packing) LLM_INT8
#include "linear_int_template.h"
#pragma clang attribute pop
#elif defined(__aarch64__)
#include <arm_neon.h>

// A half panel's sums are four registers of 32, and so are its weights; of 4 bits it has twice as many.

LLM_TEMPLATE int8x16_t four_bytes(const char *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vreinterpretq_s8_s32(vdupq_n_s32(bytes));
}

LLM_TEMPLATE i8x64 look_up(const int8_t *table, i32x16 codes) {
    const int8x16_t values = vld1q_s8(table);
    uint8x16_t numbers[4];
    memcpy(numbers, &codes, sizeof codes);
    LLM_UNROLL for (size_t i = 0; i < 4; i++) numbers[i] = vreinterpretq_u8_s8(vqtbl1q_s8(values, numbers[i]));
    i8x64 bytes;
    memcpy(&bytes, numbers, sizeof bytes);
    return bytes;
}

// A set's weights and dot, from a function that does a quarter of them.
#define NEON_DOT(set, quarter)                                                                                         \
    typedef i8x64 weights_##set;                                                                                       \
    LLM_TEMPLATE i8x64 prepare_##set(i8x64 v) { return v; }                                                            \
    LLM_TEMPLATE i8x64 lookup_##set(const int8_t *table, i32x16 codes) { return look_up(table, codes); }               \
    LLM_TEMPLATE i32x16 dot_##set(i32x16 sum, i8x64 w, const char *x) {                                                \
        const int8x16_t four = four_bytes(x);                                                                          \
        int32x4_t sums[4];                                                                                             \
        int8x16_t weights[4];                                                                                          \
        memcpy(sums, &sum, sizeof sum);                                                                                \
        memcpy(weights, &w, sizeof w);                                                                                 \
        LLM_UNROLL for (size_t i = 0; i < 4; i++) sums[i] = quarter(sums[i], weights[i], four);                        \
        memcpy(&sum, sums, sizeof sum);                                                                                \
        return sum;                                                                                                    \
    }

// Without a dot product: products in 16 bits, which hold the sum of two.
LLM_TEMPLATE int32x4_t multiply_add(int32x4_t sum, int8x16_t w, int8x16_t four) {
    const int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(four)), high = vmull_high_s8(w, four);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

NEON_DOT(neon, multiply_add)
#define NAME(x) x##_neon
#define ROWS 5
#define W8_ROWS 6
#define HALVES 1
#define SIDE_BY_SIDE 2
#define ACTIVATION(packing) LLM_INT8
#define SIGNED_WEIGHTS
#include "linear_int_template.h"

// sdot
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
NEON_DOT(neondot, vdotq_s32)
#define NAME(x) x##_neondot
#define ROWS 5
#define W8_ROWS 6
#define HALVES 1
#define SIDE_BY_SIDE 2
#define ACTIVATION(packing) LLM_INT8
#define SIGNED_WEIGHTS
#include "linear_int_template.h"
#pragma clang attribute pop

// usdot, of unsigned bytes and signed ones
#pragma clang attribute push(__attribute__((target("i8mm"))), apply_to = function)
LLM_TEMPLATE int32x4_t dot_unsigned(int32x4_t sum, int8x16_t w, int8x16_t four) {
    return vusdotq_s32(sum, vreinterpretq_u8_s8(w), four);
}

NEON_DOT(neoni8mm, dot_unsigned)
#define NAME(x) x##_neoni8mm
#define ROWS 5
#define W8_ROWS 6
#define HALVES 1
#define SIDE_BY_SIDE 2
#define ACTIVATION(packing) LLM_INT8
#include "linear_int_template.h"
#pragma clang attribute pop
#endif

// Tables

#if defined(__x86_64__)
#define SIMD_ROWS(suffix, wide)                                                                                        \
    {"avx2", LLM_CPU_AVX2, linear_##suffix##_avx2, wide},                                                              \
        {"avx2vnni", LLM_CPU_AVX2 | LLM_CPU_AVX_VNNI, linear_##suffix##_avx2vnni, LLM_INT8},                           \
        {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, linear_##suffix##_avx512, wide},                                     \
        {"avx512vnni", LLM_CPU_AVX2 | LLM_CPU_AVX512 | LLM_CPU_AVX512_VNNI, linear_##suffix##_avx512vnni, LLM_INT8},
#elif defined(__aarch64__)
#define SIMD_ROWS(suffix, wide)                                                                                        \
    {"neon", LLM_CPU_NEON, linear_##suffix##_neon, LLM_INT8},                                                          \
        {"neondot", LLM_CPU_NEON | LLM_CPU_DOTPROD, linear_##suffix##_neondot, LLM_INT8},                              \
        {"neoni8mm", LLM_CPU_NEON | LLM_CPU_I8MM, linear_##suffix##_neoni8mm, LLM_INT8},
#else
#define SIMD_ROWS(suffix, wide)
#endif

#define TABLE(name, wide)                                                                                              \
    const llm_linear_variant llm_linear_##name[] = {                                                                   \
        {"scalar", 0, linear_##name##_scalar, LLM_INT8}, SIMD_ROWS(name, wide){0}};
TABLE(q8, LLM_INT8_WIDE)
TABLE(q4, LLM_INT8)
TABLE(w8, LLM_INT8_WIDE)
TABLE(q4_1, LLM_INT8)
TABLE(q5_0, LLM_INT8)
TABLE(q5_1, LLM_INT8)
TABLE(q2_k, LLM_INT8)
TABLE(q4_k, LLM_INT8)
TABLE(q5_k, LLM_INT8)
TABLE(q6_k, LLM_INT8)
TABLE(iq4_nl, LLM_INT8_WIDE)
TABLE(iq4_xs, LLM_INT8_WIDE)
TABLE(mxfp4, LLM_INT8)
TABLE(int4, LLM_INT8)
