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
    {LLM_PANEL_Q4_1, LLM_ARITHMETIC_INT8, llm_linear_q4_1},
    {LLM_PANEL_Q5_0, LLM_ARITHMETIC_INT8, llm_linear_q5_0},
    {LLM_PANEL_Q5_1, LLM_ARITHMETIC_INT8, llm_linear_q5_1},
    {LLM_PANEL_Q2_K, LLM_ARITHMETIC_INT8, llm_linear_q2_k},
    {LLM_PANEL_Q4_K, LLM_ARITHMETIC_INT8, llm_linear_q4_k},
    {LLM_PANEL_Q5_K, LLM_ARITHMETIC_INT8, llm_linear_q5_k},
    {LLM_PANEL_Q6_K, LLM_ARITHMETIC_INT8, llm_linear_q6_k},
    {LLM_PANEL_IQ4_NL, LLM_ARITHMETIC_INT8, llm_linear_iq4_nl},
    {LLM_PANEL_IQ4_XS, LLM_ARITHMETIC_INT8, llm_linear_iq4_xs},
    {LLM_PANEL_MXFP4, LLM_ARITHMETIC_INT8, llm_linear_mxfp4},
    {LLM_PANEL_INT4, LLM_ARITHMETIC_INT8, llm_linear_int4},
};

const llm_linear_variant *llm_linear_variants(llm_packing packing, llm_arithmetic arithmetic, size_t *count) {
    const llm_linear_variant *table = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].packing == packing && kernels[i].arithmetic == arithmetic) table = kernels[i].variants;
    *count = 0;
    while (table && table[*count].name) ++*count;
    return table;
}
