// The engine's inner loops: pointers in, pointers out. No allocation, no threads, no knowledge of models.
//
// Every kernel has one definition, the plain C variant, and faster variants that give the same bits. A kernel's table
// lists its variants from the plainest to the fastest; the last one whose CPU features are all there is taken.
// docs/kernels.md states each arithmetic.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// CPU features

enum {
    LLM_CPU_AVX2 = 1u << 0,   // AVX2, FMA and F16C
    LLM_CPU_AVX512 = 1u << 1, // AVX-512 F, BW, DQ and VL, besides AVX2
};

// The features that this CPU has and its operating system has switched on.
uint32_t llm_cpu_features(void);

// The processors that the calling thread may run on, at least 1.
size_t llm_available_processors(void);

// A hint to the core that its thread is waiting in a loop.
static inline void llm_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Packed weights: linear

// Output features of a panel, and of half a panel (one 16-lane vector).
enum { LLM_PANEL = 32, LLM_HALF_PANEL = 16 };

typedef enum {
    LLM_F32, // panel: [k][2 halves][16 features]
    LLM_F16, // panel: [k / 2][2 halves][2 consecutive k][16 features]
    LLM_BF16 // panel: [k / 2][2 halves][16 features][2 consecutive k]
} llm_dtype;

// Bytes of one panel for k inputs; k is rounded up to even for the 16-bit types. Features past n and inputs past k are
// stored as zeros and never read into a result.
size_t llm_panel_bytes(llm_dtype dtype, size_t k);

// Packs a panel from at most 32 rows of k weights each, which need no alignment.
void llm_pack_panel(llm_dtype dtype, const void *const *rows, size_t features, size_t k, void *panel);

// Row `index` of the packed matrix, widened to float32.
void llm_unpack_row(llm_dtype dtype, const void *packed, size_t k, size_t index, float *row);

// y[m][n] = sum over rising k of x[m][k] * w[n][k], one fma chain from 0; then + bias[n]; then + the old y[m][n].
typedef struct {
    const float *x; // [rows][k], rows x_stride apart
    size_t x_stride;
    const void *packed; // panels of [n][k]
    const float *bias;  // [n] or NULL
    float *y;           // [rows][n], rows y_stride apart
    size_t y_stride;
    size_t rows, k, n;
    bool accumulate; // add to what y holds
} llm_linear_args;

// Computes the output features of panels [begin, end).
typedef void (*llm_linear_fn)(const llm_linear_args *args, size_t begin, size_t end);

// Row operations

// y = (x * (1 / sqrt(mean(x^2) + epsilon))) * weight, each group of `width` columns by itself. The mean's sum: 16 fma
// chains, lane i over the elements i, i + 16, …, then a tree that halves the lanes.
typedef struct {
    const float *x; // [rows][groups * width]
    size_t x_stride;
    const float *weight; // [width]
    float *y;            // may be x
    size_t y_stride;
    size_t groups, width;
    float epsilon;
} llm_rms_norm_args;
typedef void (*llm_rms_norm_fn)(const llm_rms_norm_args *args, size_t row_begin, size_t row_end);

// Rotates pairs (i, i + half) of each head: (a, b) -> (fma(-b, sin, a cos), fma(a, sin, b cos)).
typedef struct {
    float *x; // [rows][heads * head_dim], in place
    size_t x_stride;
    const float *cosines, *sines; // [rows][half]
    size_t heads, head_dim, half; // half * 2 <= head_dim; further elements stay
} llm_rope_args;
typedef void (*llm_rope_fn)(const llm_rope_args *args, size_t row_begin, size_t row_end);

// y = (gate / (1 + exp(-gate))) * up for gate and up side by side in a row.
typedef struct {
    const float *x; // [rows][2 * width]
    size_t x_stride;
    float *y; // [rows][width]
    size_t y_stride;
    size_t width;
} llm_silu_multiply_args;
typedef void (*llm_silu_multiply_fn)(const llm_silu_multiply_args *args, size_t row_begin, size_t row_end);

// Paged keys and values

// Tokens of a key group (one 16-lane vector), of a key step and of a partition; a block is a whole number of groups.
enum { LLM_KEY_GROUP = 16, LLM_KEY_STEP = 32, LLM_PARTITION = 128, LLM_MAX_HEAD_DIM = 512 };

typedef enum {
    LLM_KV_F32,
    LLM_KV_BF16,
    LLM_KV_INT8 // with one float32 scale a token and KV head, for keys and for values
} llm_kv_dtype;

// Bytes of one element, without its share of a scale.
size_t llm_kv_element_bytes(llm_kv_dtype dtype);

// Elements of a value's row: head_dim rounded up to 16, the padding always zero.
size_t llm_value_stride(size_t head_dim);

// One layer's pages, elements of `dtype`. Keys: [block][kv_head][group][head_dim][16 tokens]. Values:
// [block][kv_head][token][value_stride]. Scales, of LLM_KV_INT8 only: [block][kv_head][token].
typedef struct {
    llm_kv_dtype dtype;
    void *keys, *values;
    float *key_scales, *value_scales;
    size_t block_size, kv_heads, head_dim;
} llm_pages;

// Writes one token's keys and values, [kv_heads * head_dim] each, at slot = block * block_size + offset.
void llm_write_page(const llm_pages *pages, size_t slot, const float *key, const float *value);

// (Query, head) rows that go through the keys together: the fewest that an argument range should have, if there are.
enum { LLM_ATTENTION_ROWS = 48 };

// Causal attention of consecutive queries of one sequence for one key/value head and all the query heads of its group.
//
// Keys are taken in steps of 32 absolute positions, with an online softmax inside partitions of 128 absolute positions,
// and the partitions are merged in rising order, so that a query's result depends on its own position only. Takes up to
// 384 KiB of stack.
typedef struct {
    const float *q; // [queries][heads * head_dim]
    size_t q_stride;
    float *out; // as q
    size_t out_stride;
    llm_pages pages;
    const int32_t *block_table; // covers position first_position + queries - 1
    size_t first_position;      // of query 0
    size_t heads;               // a multiple of pages.kv_heads
    float scale;
} llm_attention_args;
typedef void (*llm_attention_fn)(const llm_attention_args *args, size_t kv_head, size_t query_begin, size_t query_end);

// The tables

#define LLM_VARIANT(kernel)                                                                                            \
    typedef struct {                                                                                                   \
        const char *name;                                                                                              \
        uint32_t features;                                                                                             \
        llm_##kernel##_fn function;                                                                                    \
    } llm_##kernel##_variant;

LLM_VARIANT(linear)
LLM_VARIANT(rms_norm)
LLM_VARIANT(rope)
LLM_VARIANT(silu_multiply)
LLM_VARIANT(attention)

const llm_linear_variant *llm_linear_variants(llm_dtype dtype, size_t *count);
const llm_rms_norm_variant *llm_rms_norm_variants(size_t *count);
const llm_rope_variant *llm_rope_variants(size_t *count);
const llm_silu_multiply_variant *llm_silu_multiply_variants(size_t *count);
const llm_attention_variant *llm_attention_variants(size_t *count);
