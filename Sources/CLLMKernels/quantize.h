// Weights of a checkpoint to integer panels.
#pragma once

#include "CLLMKernels.h"

// Rows are widened a piece at a time; a whole number of groups, and of every stored type's blocks.
enum { PIECE = 256 };

// Packs a panel of an integer packing; as llm_pack_fn.
void llm_quantize_scalar(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel);
#if defined(__x86_64__)
void llm_quantize_avx2(llm_packing packing, const llm_stored_row *rows, size_t k, void *panel);
#endif
