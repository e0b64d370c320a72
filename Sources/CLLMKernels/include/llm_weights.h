// How weights lie in memory: packed in panels, which kernels read, and stored in blocks, which checkpoints have and
// `llm_encode_blocks` makes. docs/kernels.md draws the panels, docs/rounding.md tells how blocks are made.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Packed weights

// Output features of a panel, and of half a panel (one 16-lane vector).
enum { LLM_PANEL = 32, LLM_HALF_PANEL = 16 };

// Inputs that share a weight scale, and inputs that share an activation scale.
enum { LLM_GROUP = 32, LLM_SCALE_GROUP = 128 };

// How the weights of a panel lie, for k inputs; h is the half of the panel.
typedef enum {
    LLM_PANEL_F32,  // [k][2 h][16 features]
    LLM_PANEL_F16,  // [k / 2][2 h][2 consecutive k][16 features]
    LLM_PANEL_BF16, // [k / 2][2 h][16 features][2 consecutive k]
    LLM_PANEL_Q8,   // [k / 32] of { [8][2 h][16 features][4 consecutive k] bytes q + 128; [32] float16 scales }
    LLM_PANEL_Q4,   // [k / 32] of { [4][2 h][16 features][4] bytes, k…k+3 low and k+4…k+7 high, q + 8; as Q8 }
    LLM_PANEL_W8,   // [k / 4][2 h][16 features][4 consecutive k] bytes q + 128; then [32] float32 scales
    // Codes of 4 bits as Q4, further bits of them, scales, minima; docs/kernels.md draws them.
    LLM_PANEL_Q4_1,
    LLM_PANEL_Q5_0,
    LLM_PANEL_Q5_1,
    LLM_PANEL_Q2_K,
    LLM_PANEL_Q4_K,
    LLM_PANEL_Q5_K,
    LLM_PANEL_Q6_K,
    LLM_PANEL_IQ4_NL,
    LLM_PANEL_IQ4_XS,
    LLM_PANEL_MXFP4,
    LLM_PANEL_INT4,
} llm_packing;

// The arithmetic of a linear layer. Every packing has one, but bfloat16 panels two: float32 and bfloat16.
typedef enum { LLM_ARITHMETIC_FLOAT32, LLM_ARITHMETIC_BFLOAT16, LLM_ARITHMETIC_INT8 } llm_arithmetic;

// Inputs of a scale that covers the whole row, and of a layer that may have any number.
enum { LLM_WHOLE_ROW = INT32_MAX, LLM_ANY_INPUTS = INT32_MAX };

// What a weight's code is: the integer plus the packing's offset, or the number of a value in a table.
typedef enum { LLM_CODE_INTEGER, LLM_CODE_IQ4, LLM_CODE_E2M1 } llm_code_kind;

// A packing in numbers. An integer q stands for q * scale, plus a minimum where there are some.
//
// A scale is a float32 of a whole row, a float16 (2 bytes), or a byte: a signed factor of the block's own float16, or
// without blocks the exponent e of 2^(e - 128). A minimum is a float16 (2 bytes), or a byte: a factor of the block's
// second float16, negated, or without blocks a factor of the scale, negated (a zero point).
typedef struct {
    const char *name;
    size_t bits;    // of a weight
    size_t granule; // k is rounded up to a multiple of it
    size_t group;   // inputs that share a scale and a minimum: 0 where there are none, 16, LLM_GROUP, LLM_WHOLE_ROW
    size_t scale_bytes;
    size_t minimum_bytes;
    size_t block;      // inputs that share the factors of scales and minima; 0 where there are none
    int32_t offset;    // what is added to integers
    size_t max_inputs; // for which sums of integers fit 32 bits; or LLM_ANY_INPUTS
    llm_arithmetic arithmetic;
    llm_code_kind codes;
} llm_panel_kind;

// The weight_offset of activations for a packing (llm_activations).
static inline int32_t llm_weight_offset(const llm_panel_kind *kind) { return kind->minimum_bytes ? -1 : kind->offset; }

// The packings, in the order of llm_packing.
const llm_panel_kind *llm_panel_kinds(size_t *count);

// Bytes of one panel for k inputs. Features past n and inputs past k are stored as zeros and never read into a result.
size_t llm_panel_bytes(llm_packing packing, size_t k);

// Stored weights

// How a checkpoint stores weights. A row is whole blocks.
typedef enum {
    LLM_F32,
    LLM_F16,
    LLM_BF16,
    LLM_Q8_0,
    LLM_Q4_0,
    LLM_Q4_1,
    LLM_Q5_0,
    LLM_Q5_1,
    LLM_Q2_K,
    LLM_Q3_K,
    LLM_Q4_K,
    LLM_Q5_K,
    LLM_Q6_K,
    LLM_IQ4_NL,
    LLM_IQ4_XS,
    LLM_MXFP4,
    LLM_NVFP4,
    LLM_TQ1_0,
    LLM_TQ2_0,
    LLM_IQ1_S,
    LLM_IQ1_M,
    LLM_IQ2_XXS,
    LLM_IQ2_XS,
    LLM_IQ2_S,
    LLM_IQ3_XXS,
    LLM_IQ3_S,
    LLM_STORED_INT8, // one scale a row, which each of its blocks has
    LLM_STORED_INT4, // with zero points
} llm_dtype;

// A block of a stored type, taken apart into what its panel holds (llm_panel_kind).
typedef struct {
    uint8_t codes[256];
    uint16_t scale, minimum;       // float16 bits of the block's own
    int8_t scales[16], minima[16]; // of its groups, where they are bytes
} llm_block_parts;

// A stored type.
typedef struct {
    const char *name;       // ggml's, or that of a type that only safetensors have
    size_t elements, bytes; // of a block
    llm_packing packing;    // the smallest that holds its weights without loss
    // Widens whole blocks to float32; NULL where blocks can be taken apart.
    void (*decode)(const unsigned char *blocks, size_t count, float *weights);
    // Takes a block apart; NULL where its packing is one of floats.
    void (*split)(const unsigned char *block, llm_block_parts *parts);
} llm_encoding;

// The stored types, in the order of llm_dtype.
const llm_encoding *llm_encodings(size_t *count);

// Weights [start, start + count) of a row, whole blocks, widened to float32, which is exact.
void llm_decode(llm_dtype dtype, const void *row, size_t start, size_t count, float *weights);

// Weights of other quantized checkpoints, as codes: integers or the numbers of values

// Codes of a matrix [rows][columns] in words of 1 or 4 bytes. A word holds 8 * word_bytes / bits of them.
typedef struct {
    const void *words;
    size_t word_bytes, bits;          // 4 or 8 bits a code
    bool runs_down;                   // a word holds codes of consecutive rows, else of consecutive columns
    size_t row_stride, column_stride; // words from one to the next in that direction
    uint8_t order[8];                 // where the n-th code of a word is, counted from its low end
    uint8_t flipped;                  // bits of a code that are inverted: 0x80 makes a signed byte q the code q + 128
} llm_code_words;

// Codes of rows [begin, end), one a byte, [rows][columns]. Where words run down, a word begins at row `begin`.
void llm_unpack_codes(const llm_code_words *words, size_t begin, size_t end, size_t columns, uint8_t *codes);

// A row of codes, each in a group of its own: scale * (code - zero), or scale * values[code].
typedef struct {
    const uint8_t *codes;   // [columns]
    const uint32_t *groups; // [columns]
    const float *scales;    // [groups]
    const uint8_t *zeros;   // [groups]; not read where there are values
    const float *values;    // [256], or NULL
} llm_coded_row;

// Writes a row as F32, F16 or BF16, each product rounded to float32 and then to the type, ties to even; or integers whose
// blocks of LLM_GROUP are of one group as Q4_0 (zeros of 8), INT4 or Q8_0 (scales that are float16), or INT8 (one scale).
void llm_store_codes(llm_dtype dtype, const llm_coded_row *row, size_t columns, void *weights);

// Stored weights from floats

// Weights of a block that share a step and a base: 16 or 32; 0 for types whose blocks have no such parts.
size_t llm_block_group(llm_dtype dtype);

// The value of a code, and each group's step and base, of which a weight is made: step * value + base, rounded twice,
// which gives the bits that llm_decode gives. Types without bases have -0, which adds nothing.
float llm_code_value(llm_dtype dtype, uint8_t code);
void llm_block_steps(llm_dtype dtype, const llm_block_parts *parts, float steps[16], float bases[16]);

// The code whose weight is nearest to x.
uint8_t llm_nearest_code(llm_dtype dtype, float step, float base, float x);

// Chooses scales, then the nearest codes, so that the sum of importance * (x - weight)^2 over a block is small.
// Importances are all 1 where they are NULL, or where none is above 0; below 2^-20 of the block's largest they count as
// that, NaN too.
//
// Weights too large for a float16 scale are cut off. A NaN or an infinity makes the whole block NaN; in MXFP4, which
// has none, a NaN is taken for 0 and an infinity for the largest number.
typedef void (*llm_fit_fn)(llm_dtype dtype, const float *x, const float *importance, llm_block_parts *parts);

// A block's bytes.
void llm_join_block(llm_dtype dtype, const llm_block_parts *parts, unsigned char *block);

// Whether llm_encode_blocks knows a type: F32, F16, BF16, which round to nearest, ties to even, and those with parts.
bool llm_can_encode(llm_dtype dtype);

// Fits and joins `count` blocks; importance is that of each weight, or NULL.
void llm_encode_blocks(
    llm_fit_fn fit, llm_dtype dtype, const float *x, const float *importance, size_t count, unsigned char *blocks);

// What a rounding error costs, and how others make up for it: G is the mean of the products of the inputs.
typedef struct {
    const float *factor; // [columns][stride], of which the upper triangle U is read: UᵀU is the inverse of G
    size_t stride;
} llm_round_args;

// Rounds `count` blocks of a row, weight after weight, and takes each error from the weights that follow, as is best for
// the products with the inputs (GPTQ, Frantar et al. 2022). Scales of a block are fitted when it is reached, to all its
// weights alike. Leaves in `errors` each weight's error over the diagonal of U: columns behind these must make up for
// errors times their part of U. Weights are finite.
void llm_round_blocks(
    llm_fit_fn fit, llm_dtype dtype, const llm_round_args *args, float *x, size_t count, unsigned char *blocks,
    float *errors);
