// Where things are in the pages; docs/kernels.md draws them.
#pragma once

#include "CLLMKernels.h"

static inline size_t element_bytes(llm_kv_dtype dtype) {
    switch (dtype) {
    case LLM_KV_F32: return sizeof(float);
    case LLM_KV_BF16: return sizeof(uint16_t);
    case LLM_KV_INT8: return sizeof(int8_t);
    }
    return 0;
}

// The number of a token's place among all places of a KV head and block: [block][kv_head][token].
static inline size_t page_token(const llm_pages *p, size_t block, size_t kv_head, size_t offset) {
    return (block * p->kv_heads + kv_head) * p->block_size + offset;
}

// The element at which a key begins; its next one is LLM_KEY_GROUP further.
static inline size_t key_start(const llm_pages *p, size_t token) {
    return token / LLM_KEY_GROUP * LLM_KEY_GROUP * p->key_dim + token % LLM_KEY_GROUP;
}

// The element at which a value begins.
static inline size_t value_start(const llm_pages *p, size_t token) { return token * llm_value_stride(p->value_dim); }
