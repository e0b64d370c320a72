// Weights of a checkpoint to integer panels.
#pragma once

#include "CLLMKernels.h"

// Packs a panel of an integer packing; as llm_pack_fn.
void llm_quantize_scalar(llm_packing packing, llm_dtype dtype, const void *const *rows, size_t k, void *panel);
#if defined(__x86_64__)
void llm_quantize_avx2(llm_packing packing, llm_dtype dtype, const void *const *rows, size_t k, void *panel);
#endif
