// Which variants a linear layer has.
#include "linear.h"

const llm_linear_variant *llm_linear_variants(llm_packing packing, llm_arithmetic arithmetic, size_t *count) {
    const llm_linear_variant *table = NULL;
    switch (packing) {
    case LLM_PANEL_F32: table = arithmetic == LLM_ARITHMETIC_FLOAT32 ? llm_linear_f32 : NULL; break;
    case LLM_PANEL_F16: table = arithmetic == LLM_ARITHMETIC_FLOAT32 ? llm_linear_f16 : NULL; break;
    case LLM_PANEL_BF16:
        table = arithmetic == LLM_ARITHMETIC_FLOAT32    ? llm_linear_bf16
                : arithmetic == LLM_ARITHMETIC_BFLOAT16 ? llm_linear_bf16_bf16
                                                        : NULL;
        break;
    case LLM_PANEL_Q8: table = arithmetic == LLM_ARITHMETIC_INT8 ? llm_linear_q8 : NULL; break;
    case LLM_PANEL_Q4: table = arithmetic == LLM_ARITHMETIC_INT8 ? llm_linear_q4 : NULL; break;
    case LLM_PANEL_W8: table = arithmetic == LLM_ARITHMETIC_INT8 ? llm_linear_w8 : NULL; break;
    }
    *count = 0;
    while (table && table[*count].name) ++*count;
    return table;
}
