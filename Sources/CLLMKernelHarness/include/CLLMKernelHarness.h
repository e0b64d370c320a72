// Checks every kernel's variants against its plain one, and measures what the machine can do at most.
#pragma once

#include "CLLMKernels.h"

// Checks

// What every row of a kernel's table begins with.
typedef struct {
    const char *name;
    uint32_t features;
} llm_kernel_variant;

// The kernels, in the order of the docs. A linear kernel is one of a packing and an arithmetic.
size_t llm_kernel_count(void);
const char *llm_kernel_name(size_t kernel);

// Row `index` of a kernel's table; false past its end.
bool llm_kernel_variant_at(size_t kernel, size_t index, llm_kernel_variant *variant);

// Runs the random case that `seed` makes for a kernel: the plain variant against what the kernel states, worked out
// in double precision, and each other variant that `features` allow against the plain one, bit for bit but for the
// bits of a NaN. Seeds from 1 to 70 have that many rows.
//
// Returns whether all agree. `message` says where they do not.
enum { LLM_CHECK_MESSAGE = 512 };
bool llm_kernel_check(size_t kernel, uint64_t seed, uint32_t features, char message[LLM_CHECK_MESSAGE]);

// A hash of what the plain variant makes of the same case, the same on every processor. All NaNs count as one.
uint64_t llm_kernel_digest(size_t kernel, uint64_t seed);

// Name of the feature at this bit; NULL where there is none.
const char *llm_cpu_feature_name(unsigned bit);

// Limits

// Multiply-adds: the products of 8-bit weights, of 4-bit ones, of bfloat16 pairs, of float32.
typedef enum { LLM_LIMIT_INT8, LLM_LIMIT_INT4, LLM_LIMIT_BFLOAT16, LLM_LIMIT_FLOAT32 } llm_limit;

// Runs `rounds` rounds of multiply-adds that are independent of one another and touch no memory.
typedef void (*llm_multiply_add_fn)(size_t rounds);

typedef struct {
    const char *name;
    uint32_t features;
    llm_multiply_add_fn function;
    size_t operations;   // of a round: a multiplication and an addition each count
    size_t accumulators; // as many chains are in flight
} llm_multiply_add_variant;

// The variants of a limit, from the plainest to the fastest.
const llm_multiply_add_variant *llm_multiply_add_variants(llm_limit limit, size_t *count);

// Reads `bytes` bytes, a multiple of 64, as fast as one core can.
typedef void (*llm_read_fn)(const void *memory, size_t bytes);

typedef struct {
    const char *name;
    uint32_t features;
    llm_read_fn function;
} llm_read_variant;

const llm_read_variant *llm_read_variants(size_t *count);
