// y = x Wᵀ over bfloat16 panels and bfloat16 activations, in the arithmetic of vdpbf16ps.
//
// For each pair of inputs k, k + 1, rising: sum = fma(x[k + 1], w[k + 1], sum), then sum = fma(x[k], w[k], sum),
// rounded to nearest even, with denormal numbers taken for zeros and denormal results made zeros. vdpbf16ps does that
// by itself; the other variants switch the processor to it, for their sums only. What becomes of a finished sum is
// ordinary arithmetic again.
#include "linear.h"

// The processor's treatment of denormal numbers. The sums are worked out in a function of their own that is not
// inlined, between two instructions that clobber memory: the compiler can move none of it past them.

#if defined(__x86_64__)
typedef uint32_t control_word;

static inline void set_control(control_word word) { __asm__ volatile("ldmxcsr %0" : : "m"(word) : "memory"); }

static inline control_word flush_denormals(void) {
    control_word old;
    __asm__ volatile("stmxcsr %0" : "=m"(old) : : "memory");
    set_control(old | 0x8040); // results and inputs
    return old;
}
#elif defined(__aarch64__)
typedef uint64_t control_word;

static inline void set_control(control_word word) { __asm__ volatile("msr fpcr, %0" : : "r"(word) : "memory"); }

static inline control_word flush_denormals(void) {
    control_word old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old) : : "memory");
    set_control(old | 1u << 24); // results and inputs
    return old;
}
#else
#error "linear_bf16.c needs a way to take denormal numbers for zeros"
#endif

// Pairs of inputs, the last one filled up with a zero.
static inline size_t pairs_of(const llm_linear_args *a) { return (a->k + 1) / 2; }

static inline const char *bfloat16_row(const llm_linear_args *a, size_t row) {
    return (const char *)a->x.data + row * a->x.stride;
}

// Plain

static float widen_plain(const char *p) {
    uint16_t value;
    memcpy(&value, p, sizeof value);
    const uint32_t bits = (uint32_t)value << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

static __attribute__((noinline)) float chain_plain(const char *x, const char *weights, size_t pairs) {
    float sum = 0;
    for (size_t pair = 0; pair < pairs; pair++, x += 4, weights += LLM_PANEL * 4) {
        sum = fmaf(widen_plain(x + 2), widen_plain(weights + 2), sum);
        sum = fmaf(widen_plain(x), widen_plain(weights), sum);
    }
    return sum;
}

static float sum_plain(const llm_linear_args *a, const char *panel, size_t feature, size_t row) {
    const control_word old = flush_denormals();
    const float sum = chain_plain(bfloat16_row(a, row), panel + feature * 4, pairs_of(a));
    set_control(old);
    return sum;
}

static void linear_scalar(const llm_linear_args *a, size_t begin, size_t end) {
    linear_plain(a, LLM_PANEL_BF16, sum_plain, begin, end);
}

enum { PAIR_BYTES = LLM_PANEL * 4, MOST_ROWS = 12, MOST_HALVES = 8 };

// Drivers: any rows and panels, by tiles

// The sums of `rows` rows and `halves` half panels, to out[panel][row][2].
LLM_TEMPLATE size_t sum_index(size_t rows, size_t m, size_t h) { return h / 2 * rows * 2 + m * 2 + h % 2; }

typedef void (*tile_fn)(
    const llm_linear_args *a, size_t rows, size_t halves, size_t row, size_t panel, f32x16 *out);

// The shapes of an instruction set's tiles: the most rows, and the half panels at a time for so many.
typedef struct {
    size_t rows;
    size_t halves[MOST_ROWS + 1];
} tile_shapes;

// Panels stay in the cache while tiles of rows pass, as even in size as they can be. Several panels at a time keep
// enough chains in flight where rows are few, and share the widened activations of a tile.
LLM_TEMPLATE void linear_tiles(
    const llm_linear_args *a, const tile_shapes *shapes, tile_fn tile_sums, size_t begin, size_t end) {
    const size_t tiles = (a->rows + shapes->rows - 1) / shapes->rows;
    f32x16 sums[MOST_ROWS * 4];
    size_t panels;
    for (size_t panel = begin; panel < end; panel += panels) {
        panels = tiles ? shapes->halves[(a->rows + tiles - 1) / tiles] / 2 : 1;
        if (panels > end - panel) panels = 1;
        for (size_t tile = 0, row = 0; tile < tiles; tile++) {
            const size_t rows = (a->rows - row) / (tiles - tile);
            tile_sums(a, rows, panels * 2, row, panel, sums);
            for (size_t p = 0; p < panels; p++) finish_panel(a, sums + p * rows * 2, rows, row, panel + p);
            row += rows;
        }
    }
}

LLM_TEMPLATE const char *half_panel(const llm_linear_args *a, size_t panel, size_t half) {
    return (const char *)a->packed + (panel + half / 2) * llm_panel_bytes(LLM_PANEL_BF16, a->k) + half % 2 * 64;
}

// fma, for instruction sets without a bfloat16 product: activations are widened by blocks of inputs, weights on the
// way. A block's rows are a cache line longer than they need be, so that they do not compete for the same cache sets.

enum { BLOCK_PAIRS = 256, BLOCK_STRIDE = BLOCK_PAIRS * 2 + LANES };

LLM_TEMPLATE void widen(const char *x, size_t count, float *wide) {
    typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        u16x16 narrow;
        memcpy(&narrow, x + i * 2, sizeof narrow);
        const u32x16 bits = __builtin_convertvector(narrow, u32x16) << 16;
        memcpy(wide + i, &bits, sizeof bits);
    }
    for (; i < count; i++) wide[i] = widen_plain(x + i * 2);
}

// sums[m][h] += the products of the odd inputs of a pair, or of the even ones, of `rows` rows and `halves` half panels.
LLM_TEMPLATE void add_products(
    const float x[][BLOCK_STRIDE], size_t input, const char *const *weights, const size_t rows, const size_t halves,
    f32x16 sums[][MOST_HALVES]) {
    f32x16 w[MOST_HALVES];
    // Keeps the compiler from holding what it can as well read again: registers would spill.
    __asm__ volatile("" : : "r"(x) : "memory");
    LLM_UNROLL for (size_t h = 0; h < halves; h++) {
        u32x16 pairs;
        memcpy(&pairs, weights[h] + input / 2 * PAIR_BYTES, sizeof pairs);
        w[h] = __builtin_bit_cast(f32x16, input % 2 ? pairs & 0xffff0000u : pairs << 16);
    }
    LLM_UNROLL for (size_t m = 0; m < rows; m++) {
        const f32x16 value = (f32x16)x[m][input];
        LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = fma16(value, w[h], sums[m][h]);
    }
}

// One tile. Registers hold the sums of `held` half panels at a time, and the weights of `step` of them. These two and
// the rows are constants where this is inlined.
LLM_TEMPLATE void fma_tile(
    const llm_linear_args *a, const size_t rows, size_t halves, const size_t held, const size_t step, size_t row,
    size_t panel, f32x16 *out) {
    float x[MOST_ROWS][BLOCK_STRIDE];
    for (size_t i = 0; i < rows * halves; i++) out[i] = 0;
    for (size_t start = 0; start < pairs_of(a); start += BLOCK_PAIRS) {
        const size_t pairs = pairs_of(a) - start < BLOCK_PAIRS ? pairs_of(a) - start : BLOCK_PAIRS;
        for (size_t m = 0; m < rows; m++) widen(bfloat16_row(a, row + m) + start * 4, pairs * 2, x[m]);
        for (size_t first = 0; first < halves; first += held) {
            const char *weights[MOST_HALVES];
            f32x16 sums[MOST_HALVES][MOST_ROWS][MOST_HALVES];
            LLM_UNROLL for (size_t h = 0; h < held; h++) {
                weights[h] = half_panel(a, panel, first + h) + start * PAIR_BYTES;
                LLM_UNROLL for (size_t m = 0; m < rows; m++)
                    sums[h / step][m][h % step] = out[sum_index(rows, m, first + h)];
            }
            for (size_t pair = 0; pair < pairs; pair++) {
                LLM_UNROLL for (size_t h = 0; h < held; h += step) {
                    add_products(x, pair * 2 + 1, weights + h, rows, step, sums[h / step]);
                    add_products(x, pair * 2, weights + h, rows, step, sums[h / step]);
                }
            }
            LLM_UNROLL for (size_t h = 0; h < held; h++) LLM_UNROLL for (size_t m = 0; m < rows; m++)
                out[sum_index(rows, m, first + h)] = sums[h / step][m][h % step];
        }
    }
}

#define TILE_ARGUMENTS const llm_linear_args *a, size_t rows, size_t halves, size_t row, size_t panel, f32x16 *out

#if defined(__x86_64__)
// AVX2: 16 registers make 8 vectors of 16 lanes.

LLM_TARGET_AVX2 static __attribute__((noinline)) void sums_avx2(TILE_ARGUMENTS) {
    switch (rows) {
    case 1: return halves == 4 ? fma_tile(a, 1, 4, 4, 2, row, panel, out) : fma_tile(a, 1, 2, 2, 2, row, panel, out);
    case 2: return fma_tile(a, 2, halves, 2, 2, row, panel, out);
    case 3: return fma_tile(a, 3, halves, 2, 1, row, panel, out);
    case 4: return fma_tile(a, 4, halves, 1, 1, row, panel, out);
    case 5: return fma_tile(a, 5, halves, 1, 1, row, panel, out);
    case 6: return fma_tile(a, 6, halves, 1, 1, row, panel, out);
    }
}

static void tile_avx2(TILE_ARGUMENTS) {
    const control_word old = flush_denormals();
    sums_avx2(a, rows, halves, row, panel, out);
    set_control(old);
}

LLM_TARGET_AVX2 static void linear_avx2(const llm_linear_args *a, size_t begin, size_t end) {
    static const tile_shapes shapes = {6, {0, 4, 4, 4, 4, 4, 4}};
    linear_tiles(a, &shapes, tile_avx2, begin, end);
}

// AVX-512: 32 registers of 16 lanes.

LLM_TARGET_AVX512 static __attribute__((noinline)) void sums_avx512(TILE_ARGUMENTS) {
    if (rows == 1 && halves == 8) return fma_tile(a, 1, 8, 8, 8, row, panel, out);
    if (rows == 2 && halves == 4) return fma_tile(a, 2, 4, 4, 4, row, panel, out);
    if (rows == 3 && halves == 4) return fma_tile(a, 3, 4, 4, 4, row, panel, out);
    switch (rows) {
#define CASE(rows)                                                                                                     \
    case rows: return fma_tile(a, rows, halves, 2, 2, row, panel, out);
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#undef CASE
    }
}

static void tile_avx512(TILE_ARGUMENTS) {
    const control_word old = flush_denormals();
    sums_avx512(a, rows, halves, row, panel, out);
    set_control(old);
}

LLM_TARGET_AVX512 static void linear_avx512(const llm_linear_args *a, size_t begin, size_t end) {
    static const tile_shapes shapes = {12, {0, 8, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}};
    linear_tiles(a, &shapes, tile_avx512, begin, end);
}

#elif defined(__aarch64__)
// NEON: 32 registers make 8 vectors of 16 lanes.

static __attribute__((noinline)) void sums_neon(TILE_ARGUMENTS) {
    switch (rows) {
    case 1: return halves == 4 ? fma_tile(a, 1, 4, 4, 2, row, panel, out) : fma_tile(a, 1, 2, 2, 2, row, panel, out);
    case 2: return fma_tile(a, 2, halves, 2, 2, row, panel, out);
    case 3: return fma_tile(a, 3, halves, 1, 1, row, panel, out);
    case 4: return fma_tile(a, 4, halves, 1, 1, row, panel, out);
    case 5: return fma_tile(a, 5, halves, 1, 1, row, panel, out);
    }
}

static void tile_neon(TILE_ARGUMENTS) {
    const control_word old = flush_denormals();
    sums_neon(a, rows, halves, row, panel, out);
    set_control(old);
}

static void linear_neon(const llm_linear_args *a, size_t begin, size_t end) {
    static const tile_shapes shapes = {5, {0, 4, 4, 4, 4, 4}};
    linear_tiles(a, &shapes, tile_neon, begin, end);
}
#endif

// Instructions for products of bfloat16, which take pairs as they are stored. A set defines the types of 16 outputs'
// pairs and sums, the inputs of a pair beside all 16, and the sums with their products added.

#if defined(__x86_64__)
#include <immintrin.h>

// vdpbf16ps, which knows of no control word. Its latency wants two dozen chains.
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
typedef __m512bh pairs16;
typedef __m512 sums16;

LLM_TEMPLATE pairs16 inputs_of(const char *x, size_t pair) {
    int32_t both;
    memcpy(&both, x + pair * sizeof both, sizeof both);
    return (__m512bh)_mm512_set1_epi32(both);
}

LLM_TEMPLATE sums16 add_pairs(sums16 sums, pairs16 inputs, pairs16 weights) {
    return _mm512_dpbf16_ps(sums, inputs, weights);
}

#elif defined(__aarch64__)
#include <arm_neon.h>

// bfmlalt and bfmlalb, which obey the control word: the odd products of pairs, then the even ones, each an fma.
#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)
typedef struct {
    bfloat16x8_t quarters[4];
} pairs16;
typedef struct {
    float32x4_t quarters[4];
} sums16;

LLM_TEMPLATE pairs16 inputs_of(const char *x, size_t pair) {
    int32_t both;
    memcpy(&both, x + pair * sizeof both, sizeof both);
    const bfloat16x8_t all = vreinterpretq_bf16_s32(vdupq_n_s32(both));
    return (pairs16){{all, all, all, all}};
}

LLM_TEMPLATE sums16 add_pairs(sums16 sums, pairs16 inputs, pairs16 weights) {
    LLM_UNROLL for (size_t i = 0; i < 4; i++) {
        const float32x4_t odd = vbfmlaltq_f32(sums.quarters[i], inputs.quarters[i], weights.quarters[i]);
        sums.quarters[i] = vbfmlalbq_f32(odd, inputs.quarters[i], weights.quarters[i]);
    }
    return sums;
}
#endif

LLM_TEMPLATE pairs16 weights_of(const char *half_panel, size_t pair) {
    pairs16 weights;
    memcpy(&weights, half_panel + pair * PAIR_BYTES, sizeof weights);
    return weights;
}

// The sums of half panels [first, first + halves).
LLM_TEMPLATE void dot_tile(
    const llm_linear_args *a, const size_t rows, size_t first, const size_t halves, size_t row, size_t panel,
    f32x16 *out) {
    const char *weights[MOST_HALVES], *x[MOST_ROWS];
    sums16 sums[MOST_ROWS][MOST_HALVES];
    LLM_UNROLL for (size_t h = 0; h < halves; h++) weights[h] = half_panel(a, panel, first + h);
    LLM_UNROLL for (size_t m = 0; m < rows; m++) x[m] = bfloat16_row(a, row + m);
    LLM_UNROLL for (size_t m = 0; m < rows; m++)
        LLM_UNROLL for (size_t h = 0; h < halves; h++) memset(&sums[m][h], 0, sizeof sums[m][h]);
    for (size_t pair = 0; pair < pairs_of(a); pair++) {
        // Registers hold the fewer of the two.
        if (rows < halves) {
            pairs16 inputs[MOST_ROWS];
            LLM_UNROLL for (size_t m = 0; m < rows; m++) inputs[m] = inputs_of(x[m], pair);
            LLM_UNROLL for (size_t h = 0; h < halves; h++) {
                const pairs16 w = weights_of(weights[h], pair);
                LLM_UNROLL for (size_t m = 0; m < rows; m++) sums[m][h] = add_pairs(sums[m][h], inputs[m], w);
            }
        } else {
            pairs16 w[MOST_HALVES];
            LLM_UNROLL for (size_t h = 0; h < halves; h++) w[h] = weights_of(weights[h], pair);
            LLM_UNROLL for (size_t m = 0; m < rows; m++) {
                const pairs16 inputs = inputs_of(x[m], pair);
                LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = add_pairs(sums[m][h], inputs, w[h]);
            }
        }
    }
    LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++)
        memcpy(out + sum_index(rows, m, first + h), &sums[m][h], sizeof *out);
}

#if defined(__x86_64__)
static __attribute__((noinline)) void tile_avx512bf16(TILE_ARGUMENTS) {
    switch (halves * 16 + rows) {
#define CASE(rows, halves)                                                                                             \
    case halves * 16 + rows: return dot_tile(a, rows, 0, halves, row, panel, out);
        CASE(1, 8) CASE(2, 8) CASE(3, 8) CASE(4, 6) CASE(5, 4) CASE(6, 4)
        CASE(1, 2) CASE(2, 2) CASE(3, 2) CASE(4, 2) CASE(5, 2) CASE(6, 2)
        CASE(7, 2) CASE(8, 2) CASE(9, 2) CASE(10, 2) CASE(11, 2) CASE(12, 2)
#undef CASE
    }
}
#pragma clang attribute pop

LLM_TARGET_AVX512 static void linear_avx512bf16(const llm_linear_args *a, size_t begin, size_t end) {
    static const tile_shapes shapes = {12, {0, 8, 8, 8, 6, 4, 4, 2, 2, 2, 2, 2, 2}};
    linear_tiles(a, &shapes, tile_avx512bf16, begin, end);
}

#elif defined(__aarch64__)
static __attribute__((noinline)) void sums_neoni8mm(TILE_ARGUMENTS) {
    if (rows == 1 && halves == 4) return dot_tile(a, 1, 0, 4, row, panel, out);
    if (rows == 2) return dot_tile(a, 2, 0, 2, row, panel, out);
    for (size_t half = 0; half < halves; half++) {
        switch (rows) {
#define CASE(rows)                                                                                                     \
    case rows: dot_tile(a, rows, half, 1, row, panel, out); break;
            CASE(1) CASE(3) CASE(4) CASE(5) CASE(6)
#undef CASE
        }
    }
}
#pragma clang attribute pop

static void tile_neoni8mm(TILE_ARGUMENTS) {
    const control_word old = flush_denormals();
    sums_neoni8mm(a, rows, halves, row, panel, out);
    set_control(old);
}

static void linear_neoni8mm(const llm_linear_args *a, size_t begin, size_t end) {
    static const tile_shapes shapes = {6, {0, 4, 2, 2, 2, 2, 2}};
    linear_tiles(a, &shapes, tile_neoni8mm, begin, end);
}
#endif

const llm_linear_variant llm_linear_bf16_bf16[] = {
    {"scalar", 0, linear_scalar, LLM_BFLOAT16},
#if defined(__x86_64__)
    {"avx2", LLM_CPU_AVX2, linear_avx2, LLM_BFLOAT16},
    {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, linear_avx512, LLM_BFLOAT16},
    {"avx512bf16", LLM_CPU_AVX2 | LLM_CPU_AVX512 | LLM_CPU_AVX512_BF16, linear_avx512bf16, LLM_BFLOAT16},
#elif defined(__aarch64__)
    {"neon", LLM_CPU_NEON, linear_neon, LLM_BFLOAT16},
    {"neoni8mm", LLM_CPU_NEON | LLM_CPU_ARM_BF16, linear_neoni8mm, LLM_BFLOAT16},
#endif
    {0}};
