// A random case and what it needs: numbers, memory with guards, comparison.
#pragma once

#include "CLLMKernelHarness.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

typedef struct check_case check_case;

// Numbers: everything in a case comes from its seed.

// The rows of a case: the seed, counted from 1 to 70 and over again.
size_t case_rows(const check_case *c);
uint32_t case_features(const check_case *c);
uint64_t random_bits(check_case *c);
size_t random_size(check_case *c, size_t low, size_t high); // low…high
bool random_one_in(check_case *c, size_t count);
float random_float(check_case *c, float low, float high);

// A width: odd sizes mostly, whole vectors and groups now and then.
size_t random_width(check_case *c, size_t high);

typedef enum {
    ORDINARY, // in -1…1, some rows of exact halves of a step
    WILD,     // also zeros, denormal numbers, huge ones
    BROKEN    // also infinities and NaN, in a few rows
} flavor;

flavor random_flavor(check_case *c);

// `rows` rows of `width` floats, `stride` floats apart; what lies between them is NaN.
float *random_floats(check_case *c, flavor flavor, size_t rows, size_t width, size_t stride);

// Memory

// Of exactly this size, freed with the case, so that a sanitizer sees a read past its end.
void *take(check_case *c, size_t bytes);

typedef enum { FLOATS, BFLOATS, INT8S, INT16S, INT32S } element;

// Rows that a kernel writes, `stride` elements apart, between guards.
typedef struct {
    element element;
    void *data;
    size_t rows, stride;
} output;

output take_output(check_case *c, element element, size_t rows, size_t stride);
output copy_output(check_case *c, const output *from);

// The part of an output that a call may write, in elements.
typedef struct {
    size_t row_begin, row_end, begin, end;
} output_part;

// Comparison. Each returns false, and says where, in a case that fails.

// What ran, for the message.
void describe(check_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool fails(check_case *c, const char *variant, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Whether two outputs are the same bits, guards included; a NaN is the same as any other.
bool same_output(check_case *c, const char *variant, const char *what, const output *plain, const output *own);

// Whether the plain variant, whose output is `after`, changed only `part` of what was there before. The output becomes a
// part of the case's digest.
bool only_part(check_case *c, const char *what, const output *before, const output *after, output_part part);

static inline bool available(const check_case *c, uint32_t features) { return (features & ~case_features(c)) == 0; }

// Rows: the ones that a case computes, all of them mostly, and where the variants' two calls meet.
typedef struct {
    size_t begin, cut, end;
} row_range;

row_range random_range(check_case *c, size_t rows);

// Copies rows of `width` floats, `stride` apart, to an output.
void copy_rows(const output *to, const float *from, size_t width, size_t stride);

// Whether an element of an output is as near to what double precision gives as `tolerance`.
bool close_to(check_case *c, const output *y, size_t row, size_t i, double wanted, double tolerance);

// Kernels

typedef struct {
    const void *rows;
    size_t count, row_size;
} variant_table;

typedef struct {
    const char *name;
    variant_table (*table)(void);
    bool (*check)(check_case *c);
} kernel_check;

extern const kernel_check pack_check, pack_stored_check, fit_check, encode_check, rms_norm_check, rope_check, silu_multiply_check;
extern const kernel_check rope_interleaved_check, layer_norm_check, activate_check, softmax_check, softcap_check;
extern const kernel_check attention_check, attention_window_check, attention_scores_check, attention_slopes_check;
extern const kernel_check attention_latent_check;
extern const kernel_check linear_f32_check, linear_f16_check, linear_bf16_check, linear_bf16_bf16_check;
extern const kernel_check linear_q8_check, linear_q4_check, linear_w8_check, linear_q4_1_check, linear_q5_0_check;
extern const kernel_check linear_q5_1_check, linear_q2_k_check, linear_q4_k_check, linear_q5_k_check;
extern const kernel_check linear_q6_k_check, linear_iq4_nl_check, linear_iq4_xs_check, linear_mxfp4_check;
extern const kernel_check linear_int4_check, encode_16_check, attention_chunks_check;
extern const kernel_check short_convolution_check, mamba2_scan_check, sigmoid_check, delta_check;
extern const kernel_check attention_ahead_check, attention_biases_check;

#define SAME_BEGINNING(row)                                                                                            \
    _Static_assert(                                                                                                    \
        offsetof(row, name) == offsetof(llm_kernel_variant, name)                                                      \
            && offsetof(row, features) == offsetof(llm_kernel_variant, features),                                      \
        "a table's rows begin with name and features");

// The kernel_check of a kernel, over its function check_<kernel>.
#define DEFINE_CHECK(kernel)                                                                                           \
    SAME_BEGINNING(llm_##kernel##_variant)                                                                             \
    static variant_table kernel##_table(void) {                                                                        \
        variant_table table = {.row_size = sizeof(llm_##kernel##_variant)};                                            \
        table.rows = llm_##kernel##_variants(&table.count);                                                            \
        return table;                                                                                                  \
    }                                                                                                                  \
    const kernel_check kernel##_check = {#kernel, kernel##_table, check_##kernel};

// Shared by the checks

// Weights of one output feature as a checkpoint has them, at any alignment; k is whole blocks.
void *take_weights(check_case *c, llm_dtype dtype, flavor flavor, size_t k);

static inline size_t whole(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Rows of activations, their scales and their offsets, that an encode kernel fills.
typedef struct {
    llm_activations args;
    output data, scales, offsets;
} encoded;

// For rows of k inputs; `extra` is further room in a row.
encoded take_encoded(
    check_case *c, llm_activation type, size_t group, int32_t weight_offset, size_t rows, size_t k, size_t extra);

// The value of input i of a row.
double encoded_value(const llm_activations *x, size_t row, size_t i);
