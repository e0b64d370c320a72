// The engine's inner loops: pointers in, pointers out. No allocation, no threads, no knowledge of models.
//
// Every kernel has one definition, the plain C variant, and faster variants that give the same bits. A kernel's table
// lists its variants from the plainest to the fastest; the last one whose CPU features are all there is taken.
// docs/kernels.md states each arithmetic.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm_weights.h"

// CPU features

enum {
    LLM_CPU_AVX2 = 1u << 0,        // AVX2, FMA and F16C
    LLM_CPU_AVX_VNNI = 1u << 1,    // vpdpbusd on 256 bits, VEX-coded, besides AVX2
    LLM_CPU_AVX512 = 1u << 2,      // AVX-512 F, BW, DQ and VL, besides AVX2
    LLM_CPU_AVX512_VNNI = 1u << 3, // vpdpbusd on 512 bits
    LLM_CPU_AVX512_BF16 = 1u << 4, // vdpbf16ps
    LLM_CPU_NEON = 1u << 5,        // Advanced SIMD of AArch64
    LLM_CPU_DOTPROD = 1u << 6,     // sdot
    LLM_CPU_I8MM = 1u << 7,        // usdot
    LLM_CPU_ARM_BF16 = 1u << 8     // bfmlalb and bfmlalt
};

// The features that this CPU has and its operating system has switched on.
uint32_t llm_cpu_features(void);

// Asks the system to take the pages of [start, start + bytes), which begins at a page, from memory nodes in turn. Bit n
// of the `words` of `nodes` stands for node n. Where the system refuses, pages come from where they would have.
void llm_interleave(void *start, size_t bytes, const unsigned long *nodes, size_t words);

// A hint to the core that its thread is waiting in a loop.
static inline void llm_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// A row of stored weights, which need no alignment; without data where it is missing.
typedef struct {
    llm_dtype dtype;
    const void *data;
} llm_stored_row;

// Whether a packing holds what is stored as `dtype` as it is: its own packing, and Q8 also integers of up to 8 bits with a
// float16 scale for each 32.
bool llm_holds(llm_packing packing, llm_dtype dtype);

// Packs a panel from 32 rows of k weights each. What the packing holds is copied. Other weights are widened and rounded:
// floats to the nearest, ties to even; Q8 and Q4 get the values of ggml's Q8_0 and Q4_0, W8 one scale a row: max / 127.
// The packings after W8 take only what they hold.
typedef void (*llm_pack_fn)(llm_packing packing, const llm_stored_row rows[LLM_PANEL], size_t k, void *panel);

// Row `index` of the packed matrix, widened to float32.
void llm_unpack_row(llm_packing packing, const void *packed, size_t k, size_t index, float *row);

// Activations, as a linear kernel takes them

typedef enum {
    LLM_FLOAT32,
    LLM_BFLOAT16,  // k rounded up to even with zeros
    LLM_INT8,      // k rounded up to 32 with zeros
    LLM_INT8_WIDE, // the values of LLM_INT8 as int16, each four in the order 0, 2, 1, 3
} llm_activation;

// Rows of activations. The integer types have scales and offsets: x = q * scale.
//
// A scale covers 128 inputs (LLM_SCALE_GROUP), an offset `group`, which is that of the weights: 16, LLM_GROUP, or
// LLM_WHOLE_ROW, which the scale then covers too.
typedef struct {
    llm_activation type;
    size_t group;
    void *data; // [rows], `stride` bytes apart
    size_t stride;
    float *scales;    // [rows][scale_stride]
    int32_t *offsets; // [rows][offset_stride]: -weight_offset * the sum of q
    size_t scale_stride, offset_stride;
    int32_t weight_offset; // what packed weights have added; -1 where they have minima, which need the sums
} llm_activations;

// Rounds rows of float32 to the type of `y`, after RMSNorm where there is a weight (llm_rms_norm states it).
//
// The scale is max |x| / 127 over its inputs, q = x * (127 / max) rounded to nearest even; below 2^-100 both are 0.
// Where an input is infinite or NaN the scale is NaN.
typedef struct {
    const float *x; // [rows][k]
    size_t x_stride;
    const float *weight; // [k] or NULL
    float epsilon;
    size_t k;
    llm_activations y;
} llm_encode_args;
typedef void (*llm_encode_fn)(const llm_encode_args *args, size_t row_begin, size_t row_end);

// Linear

// What becomes of a finished sum s, after the bias is added.
typedef enum {
    LLM_STORE,        // y = s
    LLM_ADD,          // y = s + y
    LLM_SILU_MULTIPLY // y = gate / (1 + exp(-gate)) * up; a panel's first half are gates, its second half their ups
} llm_epilogue;

// Float activations: s = the sum over rising k of x[k] * w[k], one fma chain from 0.
// bfloat16 activations: for each pair k, k + 1, first fma of k + 1, then of k, denormal inputs and results as zeros; the
// bias and the epilogue take denormal numbers as they are.
// int8: s = the fma chain over rising groups of 128 of part * scale_x, where part = the fma chain over the weights' groups
// of their exact integer sum * scale_w, then, if there are minima, of the sum of activations * minimum. int8 on W8:
// s = (float)integer sum * scale_x * scale_w.
typedef struct {
    llm_activations x;
    const void *packed; // panels of [n][k]
    const float *bias;  // [n] or NULL; for LLM_SILU_MULTIPLY all gates, then all ups
    float *y;           // [rows][n], for LLM_SILU_MULTIPLY [rows][n / 2]; rows y_stride apart
    size_t y_stride;
    size_t rows, k, n;
    llm_epilogue epilogue;
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

// y = (x - mean) * (1 / sqrt(mean((x - mean)^2) + epsilon)) * weight + bias, each row by itself; the sums of both means
// as in rms_norm, of x first. The last two steps are one fma where there is a bias.
typedef struct {
    const float *x; // [rows][width]
    size_t x_stride;
    const float *weight, *bias; // [width] or NULL
    float *y;                   // may be x
    size_t y_stride;
    size_t width;
    float epsilon;
} llm_layer_norm_args;
typedef void (*llm_layer_norm_fn)(const llm_layer_norm_args *args, size_t row_begin, size_t row_end);

// Rotates pairs of elements of each head, (a, b) -> (fma(-b, sin, a cos), fma(a, sin, b cos)): (i, i + half), or
// (2 i, 2 i + 1) where they are interleaved, counted from `offset` on.
typedef struct {
    float *x; // [rows][heads * head_dim], in place
    size_t x_stride;
    const float *cosines, *sines; // [rows][half]
    size_t heads, head_dim, half; // offset + half * 2 <= head_dim; other elements stay
    size_t offset;
    bool interleaved;
} llm_rope_args;
typedef void (*llm_rope_fn)(const llm_rope_args *args, size_t row_begin, size_t row_end);

// tanh(z) = 1 - 2 / (exp(2 z) + 1) with the engine's exp. erf(z) for z >= 0 is 1 - t p(t) exp(-z^2) with
// t = 1 / (1 + 0.3275911 z) (Abramowitz and Stegun 7.1.26), of which error is below 2e-7.
typedef enum {
    LLM_SILU,         // x / (1 + exp(-x))
    LLM_GELU_TANH,    // 0.5 x (1 + tanh(0.7978846 (x + 0.044715 x^3)))
    LLM_GELU,         // 0.5 x (1 + erf(0.7071068 x))
    LLM_RELU,         // max(x, 0)
    LLM_RELU_SQUARED, // max(x, 0)^2
    LLM_SIGMOID       // 1 / (1 + exp(-x))
} llm_activation_function;

// y = function(x), or function(gate) * up for gate and up side by side in a row.
typedef struct {
    const float *x; // [rows][width], or [rows][2 * width] where gated
    size_t x_stride;
    float *y; // [rows][width]; may be x where not gated
    size_t y_stride;
    size_t width;
    llm_activation_function function;
    bool gated;
} llm_activate_args;
typedef void (*llm_activate_fn)(const llm_activate_args *args, size_t row_begin, size_t row_end);

// x = exp(x - maximum) / sum in each row; the sum as in rms_norm, of the exponentials.
typedef struct {
    float *x; // [rows][width], in place
    size_t x_stride;
    size_t width;
} llm_softmax_args;
typedef void (*llm_softmax_fn)(const llm_softmax_args *args, size_t row_begin, size_t row_end);

// x = cap * tanh(x / cap).
typedef struct {
    float *x; // [rows][width], in place
    size_t x_stride;
    size_t width;
    float cap;
} llm_softcap_args;
typedef void (*llm_softcap_fn)(const llm_softcap_args *args, size_t row_begin, size_t row_end);

// States of recurrent layers

// Rows of one sequence, in order; what it computes does not depend on how they are divided over calls. y = after *
// silu(sum), where the sum is the fma chain from the bias over rising k of weight[k] * input[row - width + 1 + k], and an
// input is x * before. `source` has the inputs before the first row, `target` gets those of the last width - 1 rows.
typedef struct {
    const float *x, *before, *after; // [rows][channels]; `before` and `after` NULL where there are none
    size_t x_stride;                 // of all three
    const float *weight;             // [width][channels]
    const float *bias;               // [channels] or NULL
    float *y;                        // [rows][channels]
    size_t y_stride;
    const float *source; // [width - 1][channels], or NULL for zeros
    float *target;       // [width - 1][channels]; may be the source
    size_t rows, channels, width;
    bool silu;
} llm_short_convolution_args;

// Computes channels [begin, end).
typedef void (*llm_short_convolution_fn)(const llm_short_convolution_args *args, size_t begin, size_t end);

// Rows of one sequence, in order; what it computes does not depend on how they are divided over calls. For each head, with
// h the state and
//     t = softplus(step + step_bias),
// h[n] = fma(t * x, b[n], exp(t * decay) * h[n]), and y = the fma chain from skip * x over rising n of c[n] * h[n].
//
// A state is [heads][panels][state][16]: 16 elements of x together, those past the head's end zero.
typedef struct {
    const float *x;     // [rows][heads * head_dim]
    const float *b, *c; // [rows][groups * state]
    size_t x_stride;    // of all three
    const float *step;  // [rows][heads]
    size_t step_stride;
    const float *step_bias, *decay, *skip; // [heads]
    float *y;                              // [rows][heads * head_dim]
    size_t y_stride;
    const float *source; // or NULL for zeros
    float *target;       // may be the source
    size_t rows, heads, head_dim;
    size_t groups; // a divisor of the heads
    size_t state;  // at most LLM_MAX_STATE
} llm_mamba2_scan_args;

enum { LLM_MAX_STATE = 256 };

// Floats of a state.
size_t llm_mamba2_state_size(size_t heads, size_t head_dim, size_t state);

// Computes heads [begin, end).
typedef void (*llm_mamba2_scan_fn)(const llm_mamba2_scan_args *args, size_t begin, size_t end);

// Rows of one sequence, in order; what it computes does not depend on how they are divided over calls. The gated delta
// rule (Yang et al. 2024): the state S of a value head, [key_dim][value_dim], goes from row to row. With
// decay = exp(rate * softplus(d + bias)) and beta = 1 / (1 + exp(-b)),
//
//     correction = fma(-decay, S k, v) * beta,  S = fma(k, correction, decay * S),  out = S q,
//
// S k and S q each summed in two fma chains along key_dim, of its even elements and of its odd ones, then added. A value
// head takes the query and the key of head / (value_heads / key_heads), or where heads take them in turn of
// head % key_heads.
//
// A state is [value_heads][panels][key_dim][16]: 16 value columns together, those past the head's end nobody's.
typedef struct {
    const float *q, *k; // [rows][key_heads * key_dim]
    const float *v;     // [rows][value_heads * value_dim]
    size_t stride;      // of all three
    const float *decays, *betas; // d and b, [rows][value_heads]
    size_t gate_stride;          // of both
    const float *rates, *biases; // [value_heads]
    float *out;                  // [rows][value_heads * value_dim]
    size_t out_stride;
    const float *source; // or NULL for zeros
    float *target;       // may be the source
    size_t rows, value_heads, key_dim, value_dim;
    size_t key_heads; // a divisor of the value heads
    bool in_turn;
} llm_delta_args;

// Panels of a head, and floats of a state.
size_t llm_delta_panels(size_t value_dim);
size_t llm_delta_state_size(size_t value_heads, size_t key_dim, size_t value_dim);

// Computes panels [begin, end) of all heads'.
typedef void (*llm_delta_fn)(const llm_delta_args *args, size_t begin, size_t end);

// Paged keys and values

// Tokens of a key group (one 16-lane vector), of a key step and of a partition; a block is a whole number of groups.
enum { LLM_KEY_GROUP = 16, LLM_KEY_STEP = 32, LLM_PARTITION = 128 };
enum { LLM_MAX_KEY_DIM = 576, LLM_MAX_VALUE_DIM = 512 };

typedef enum {
    LLM_KV_F32,
    LLM_KV_BF16,
    LLM_KV_INT8 // with one float32 scale a token and KV head, for keys and for values
} llm_kv_dtype;

// Bytes of one element, without its share of a scale.
size_t llm_kv_element_bytes(llm_kv_dtype dtype);

// Elements of a value's row: value_dim rounded up to 16, the padding always zero.
size_t llm_value_stride(size_t value_dim);

// One layer's pages, elements of `dtype`. Keys: [block][kv_head][group][key_dim][16 tokens]. Values:
// [block][kv_head][token][value_stride]. Scales, of LLM_KV_INT8 only: [block][kv_head][token].
//
// Latent pages (DeepSeek-AI 2024) have no values (NULL): a token's value is the first value_dim elements of its key.
typedef struct {
    llm_kv_dtype dtype;
    void *keys, *values;
    float *key_scales, *value_scales;
    size_t block_size, kv_heads, key_dim, value_dim;
} llm_pages;

// Writes one token's keys, [kv_heads * key_dim], and values, [kv_heads * value_dim], at slot = block * block_size +
// offset. Latent pages take no value.
void llm_write_page(const llm_pages *pages, size_t slot, const float *key, const float *value);

// (Query, head) rows that go through the keys together: the fewest that an argument range should have, if there are.
enum { LLM_ATTENTION_ROWS = 48 };

// Attention of consecutive queries of one sequence, causal or both ways, for one key/value head and all the query heads
// of its group.
//
// Keys are taken in steps of 32 absolute positions, with an online softmax inside partitions of 128 absolute positions,
// and the partitions are merged in rising order, so that a query's result depends on its own position, and
// where it sees ahead on `length`, only. Steps and partitions that a query sees nothing of are passed over. Takes up to
// 384 KiB of stack.
typedef struct {
    const float *q; // [queries][heads * key_dim]
    size_t q_stride;
    float *out; // [queries][heads * value_dim]
    size_t out_stride;
    llm_pages pages;
    const int32_t *block_table; // covers all `length` positions; anything behind every query's window
    size_t first_position;      // of query 0
    size_t length;              // positions there are, those of the queries among them
    size_t heads;               // a multiple of pages.kv_heads
    float scale;
    size_t window;      // positions that a query sees, its own included; 0 for all up to its own
    size_t ahead;       // positions after its own that a query sees too, as far as there are some; 0 for none
    bool chunked;       // windows begin at multiples of `window`, and do not move with the query
    float softcap;      // scores become softcap * tanh(score / softcap); 0 for none
    const float *slopes; // [heads] what scores fall by with each position that a key lies behind; or NULL
    const float *sinks; // [heads] logits that take part in the softmax and have no value; or NULL
    const float *biases; // [heads][2 * bias_span + 1] what is added to scores of keys that lie -bias_span to bias_span
                         // positions after the query, of those further off as of the nearest of these; or NULL
    size_t bias_span;
} llm_attention_args;
typedef void (*llm_attention_fn)(const llm_attention_args *args, size_t kv_head, size_t query_begin, size_t query_end);

// The tables

#define LLM_VARIANT(kernel)                                                                                            \
    typedef struct {                                                                                                   \
        const char *name;                                                                                              \
        uint32_t features;                                                                                             \
        llm_##kernel##_fn function;                                                                                    \
    } llm_##kernel##_variant;

typedef struct {
    const char *name;
    uint32_t features;
    llm_linear_fn function;
    llm_activation activation; // that the variant takes
} llm_linear_variant;

LLM_VARIANT(pack)
LLM_VARIANT(fit)
LLM_VARIANT(encode)
LLM_VARIANT(rms_norm)
LLM_VARIANT(layer_norm)
LLM_VARIANT(rope)
LLM_VARIANT(activate)
LLM_VARIANT(softmax)
LLM_VARIANT(softcap)
LLM_VARIANT(attention)
LLM_VARIANT(short_convolution)
LLM_VARIANT(mamba2_scan)
LLM_VARIANT(delta)

// The variants of a packing under an arithmetic; none where they do not go together.
const llm_linear_variant *llm_linear_variants(llm_packing packing, llm_arithmetic arithmetic, size_t *count);
const llm_pack_variant *llm_pack_variants(size_t *count);
const llm_fit_variant *llm_fit_variants(size_t *count);
const llm_encode_variant *llm_encode_variants(size_t *count);
const llm_rms_norm_variant *llm_rms_norm_variants(size_t *count);
const llm_layer_norm_variant *llm_layer_norm_variants(size_t *count);
const llm_rope_variant *llm_rope_variants(size_t *count);
const llm_activate_variant *llm_activate_variants(size_t *count);
const llm_softmax_variant *llm_softmax_variants(size_t *count);
const llm_softcap_variant *llm_softcap_variants(size_t *count);
const llm_attention_variant *llm_attention_variants(size_t *count);
const llm_short_convolution_variant *llm_short_convolution_variants(size_t *count);
const llm_mamba2_scan_variant *llm_mamba2_scan_variants(size_t *count);
const llm_delta_variant *llm_delta_variants(size_t *count);
