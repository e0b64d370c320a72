// y = x Wᵀ over int8 activations and integer weights: Q8, Q4 and W8.
//
// Products are of unsigned weights, as packed, and signed activations; what the packing added to the weights is undone
// exactly by the row's offsets. Sums of products are integers, so only the order of the groups matters.
#include "linear.h"
#include "panels.h"

typedef int8_t i8x64 __attribute__((ext_vector_type(64)));
typedef int32_t i32x8 __attribute__((ext_vector_type(8)));

// Plain

static inline int32_t activation_plain(const llm_activations *x, size_t row, size_t i) {
    const char *data = (const char *)x->data + row * x->stride;
    if (x->type == LLM_INT8) return ((const int8_t *)data)[i];
    return ((const int16_t *)data)[i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i];
}

static inline float sum_grouped_plain(
    llm_packing packing, const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    float total = 0;
    for (size_t start = 0; start < a->k; start += LLM_SCALE_GROUP) {
        float part = 0;
        for (size_t group = start; group < start + LLM_SCALE_GROUP && group < a->k; group += LLM_GROUP) {
            int32_t sum = 0;
            for (size_t i = group; i < group + LLM_GROUP && i < a->k; i++)
                sum += panel_integer(packing, panel, feature, i) * activation_plain(&a->x, row, i);
            part = fmaf((float)sum, panel_scale(packing, panel, a->k, feature, group), part);
        }
        total = fmaf(part, a->x.scales[row * a->x.scale_stride + start / LLM_SCALE_GROUP], total);
    }
    return total;
}

static float sum_q8_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    return sum_grouped_plain(LLM_PANEL_Q8, a, panel, feature, row);
}

static float sum_q4_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    return sum_grouped_plain(LLM_PANEL_Q4, a, panel, feature, row);
}

static float sum_w8_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    int32_t sum = 0;
    for (size_t i = 0; i < a->k; i++)
        sum += panel_integer(LLM_PANEL_W8, panel, feature, i) * activation_plain(&a->x, row, i);
    return (float)sum * a->x.scales[row * a->x.scale_stride] * panel_scale(LLM_PANEL_W8, panel, a->k, feature, 0);
}

static void linear_q8_scalar(const llm_linear_args *a, size_t begin, size_t end) {
    linear_plain(a, LLM_PANEL_Q8, sum_q8_plain, begin, end);
}

static void linear_q4_scalar(const llm_linear_args *a, size_t begin, size_t end) {
    linear_plain(a, LLM_PANEL_Q4, sum_q4_plain, begin, end);
}

static void linear_w8_scalar(const llm_linear_args *a, size_t begin, size_t end) {
    linear_plain(a, LLM_PANEL_W8, sum_w8_plain, begin, end);
}

// What the variants share: tiles of rows, as even in size as they can be, pass over a block of panels that stays in
// the cache, while the next block is fetched, a little with each step of each tile, so that memory is never idle. For
// one row so little is computed with what is read that one stream of reads does not keep memory busy: two panels are
// read side by side, and nothing is fetched but by the processor itself (measured on Zen 3, where fetching by
// instruction is slower).

enum { W8_CHUNK = 64, BLOCK_BYTES = 256 * 1024, FEW_ROWS = 64, SIDE_BY_SIDE = 2 };

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
//   ACTIVATION(packing)    the type of activations that it takes
//   weights_t              a half panel's weights for four inputs, ready to be multiplied
//   prepare(v)             weights_t of 64 packed bytes
//   dot(sum, w, x)         sum + the products with the four activations at x
//   SIGNED_WEIGHTS         if it multiplies signed bytes: weights of 8 bits lose their 128 before they are prepared, and
//                          their sums need no offsets; those of 4 bits are the same numbers signed or not
//   OWN_BYTES, OWN_NIBBLES if it has a sum_bytes, a sum_nibbles of its own

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

// Products of nibbles fit 16 bits: 32 inputs come to 16 pairs of at most 2 * 15 * 127, of which 8 are added.
LLM_TEMPLATE void sum_nibbles_avx2(
    const char *w, const char *x, size_t stride, const int32_t *offsets, size_t offset_stride, const size_t rows,
    const size_t halves, i32x16 sums[][2]) {
    __m256i pairs[ROWS_AVX2][4];
    const __m256i nibble = _mm256_set1_epi8(15);
    LLM_UNROLL for (size_t step = 0; step < LLM_GROUP / 4; step++) {
        KEEP_ORDER;
        __m256i weights[4];
        LLM_UNROLL for (size_t v = 0; v < halves * 2; v++) {
            const __m256i both = _mm256_loadu_si256((const __m256i *)(w + step / 2 * STEP_BYTES + v * 32));
            weights[v] = _mm256_and_si256(step % 2 ? _mm256_srli_epi16(both, 4) : both, nibble);
        }
        LLM_UNROLL for (size_t m = 0; m < rows; m++) {
            const __m256i inputs = four_bytes(x + m * stride + step * 4);
            LLM_UNROLL for (size_t v = 0; v < halves * 2; v++) {
                const __m256i products = _mm256_maddubs_epi16(weights[v], inputs);
                pairs[m][v] = step ? _mm256_add_epi16(pairs[m][v], products) : products;
                // Or the compiler adds products to each other first, which takes more registers.
                __asm__("" : "+x"(pairs[m][v]));
            }
        }
    }
    const __m256i ones = _mm256_set1_epi16(1);
    LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++)
        sums[m][h] = (i32x16)offsets[m * offset_stride]
            + join(_mm256_madd_epi16(pairs[m][h * 2], ones), _mm256_madd_epi16(pairs[m][h * 2 + 1], ones));
}

#define NAME(x) x##_avx2
#define ROWS ROWS_AVX2
#define W8_ROWS ROWS_AVX2
#define HALVES 1
#define ACTIVATION(packing) ((packing) == LLM_PANEL_Q4 ? LLM_INT8 : LLM_INT8_WIDE)
#define OWN_BYTES
#define OWN_NIBBLES
#include "linear_int_template.h"
#pragma clang attribute pop

// AVX-VNNI
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
typedef i8x64 weights_avx2vnni;

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

LLM_TEMPLATE void sum_nibbles_avx512(
    const char *w, const char *x, size_t stride, const int32_t *offsets, size_t offset_stride, const size_t rows,
    const size_t halves, i32x16 sums[][2]) {
    __m512i pairs[6][2];
    LLM_UNROLL for (size_t m = 0; m < rows; m++)
        LLM_UNROLL for (size_t h = 0; h < halves; h++) pairs[m][h] = _mm512_setzero_si512();
    const __m512i nibble = _mm512_set1_epi8(15);
    LLM_UNROLL for (size_t step = 0; step < LLM_GROUP / 8; step++) {
        LLM_UNROLL for (size_t h = 0; h < halves; h++) {
            const __m512i bytes = _mm512_loadu_si512(w + step * STEP_BYTES + h * 64);
            const __m512i low = _mm512_and_si512(bytes, nibble);
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
            LLM_UNROLL for (size_t m = 0; m < rows; m++) {
                const char *four = x + m * stride + step * 8;
                pairs[m][h] = _mm512_add_epi16(pairs[m][h], _mm512_maddubs_epi16(low, four_bytes_512(four)));
                pairs[m][h] = _mm512_add_epi16(pairs[m][h], _mm512_maddubs_epi16(high, four_bytes_512(four + 4)));
            }
        }
    }
    const __m512i ones = _mm512_set1_epi16(1);
    LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++)
        sums[m][h] = (i32x16)offsets[m * offset_stride] + (i32x16)_mm512_madd_epi16(pairs[m][h], ones);
}

#define NAME(x) x##_avx512
#define ROWS 6
#define W8_ROWS 11
#define HALVES 2
#define ACTIVATION(packing) ((packing) == LLM_PANEL_Q4 ? LLM_INT8 : LLM_INT8_WIDE)
#define OWN_NIBBLES
#include "linear_int_template.h"
#pragma clang attribute pop

// AVX-512 with VNNI
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
typedef i8x64 weights_avx512vnni;

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

// A set's weights and dot, from a function that does a quarter of them.
#define NEON_DOT(set, quarter)                                                                                         \
    typedef i8x64 weights_##set;                                                                                       \
    LLM_TEMPLATE i8x64 prepare_##set(i8x64 v) { return v; }                                                            \
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

const llm_linear_variant llm_linear_q8[] = {
    {"scalar", 0, linear_q8_scalar, LLM_INT8}, SIMD_ROWS(q8, LLM_INT8_WIDE){0}};
const llm_linear_variant llm_linear_q4[] = {
    {"scalar", 0, linear_q4_scalar, LLM_INT8}, SIMD_ROWS(q4, LLM_INT8){0}};
const llm_linear_variant llm_linear_w8[] = {
    {"scalar", 0, linear_w8_scalar, LLM_INT8}, SIMD_ROWS(w8, LLM_INT8_WIDE){0}};
