// Which variants a linear layer has.
#include "linear.h"

static const struct {
    llm_packing packing;
    llm_arithmetic arithmetic;
    const llm_linear_variant *variants;
} kernels[] = {
    {LLM_PANEL_F32, LLM_ARITHMETIC_FLOAT32, llm_linear_f32},
    {LLM_PANEL_F16, LLM_ARITHMETIC_FLOAT32, llm_linear_f16},
    {LLM_PANEL_BF16, LLM_ARITHMETIC_FLOAT32, llm_linear_bf16},
    {LLM_PANEL_BF16, LLM_ARITHMETIC_BFLOAT16, llm_linear_bf16_bf16},
    {LLM_PANEL_Q8, LLM_ARITHMETIC_INT8, llm_linear_q8},
    {LLM_PANEL_Q4, LLM_ARITHMETIC_INT8, llm_linear_q4},
    {LLM_PANEL_W8, LLM_ARITHMETIC_INT8, llm_linear_w8},
};

const llm_linear_variant *llm_linear_variants(llm_packing packing, llm_arithmetic arithmetic, size_t *count) {
    const llm_linear_variant *table = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].packing == packing && kernels[i].arithmetic == arithmetic) table = kernels[i].variants;
    *count = 0;
    while (table && table[*count].name) ++*count;
    return table;
}
