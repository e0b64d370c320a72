// What the stored types can hold, and who searches for a block's steps.
#pragma once

#include "CLLMKernels.h"

// Most weights and groups of a block.
enum { FIT_BLOCK = 256, FIT_GROUPS = 16 };

// Added to a float, it leaves the nearest integer in the low bits.
#define FIT_ROUND 12582912.0f

// Values that are no consecutive integers, rising.
typedef struct {
    size_t count;
    float values[16];
    uint8_t codes[16];
} fit_table;

typedef enum {
    FIT_HALF,        // step and base are the block's float16
    FIT_INTEGERS,    // integers of the groups times them
    FIT_POWER_OF_TWO // of the block, without a base
} fit_scaling;

// How a weight of a stored type is made: step * value + base, the same step and base for the weights of a group.
typedef struct {
    size_t group; // 0 where there is no such thing
    fit_scaling scaling;
    bool has_bases;
    int offset, lowest, highest;     // value = code - offset, and the values that are used
    const fit_table *table;          // or NULL
    int lowest_scale, highest_scale; // the integers of FIT_INTEGERS; those of bases are 0…highest_scale
} fit_kind;

const fit_kind *llm_fit_kind(llm_dtype dtype);

// Chooses scales for a block of `count` finite weights of which one is not 0; importances are finite and not negative,
// and one is not 0. Sets all parts but the codes.
typedef void llm_fit_search_fn(
    const fit_kind *kind, const float *x, const float *importance, size_t count, llm_block_parts *parts);

llm_fit_search_fn llm_fit_search_scalar;
#if defined(__x86_64__)
llm_fit_search_fn llm_fit_search_avx2, llm_fit_search_avx512;
#endif
