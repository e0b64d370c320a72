// Blocks of stored types whose weights are rounded one after another, each error made up for by the weights that follow.
#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

void llm_round_blocks(
    llm_fit_fn fit, llm_dtype dtype, const llm_round_args *args, float *x, size_t count, unsigned char *blocks,
    float *errors) {
    size_t types;
    const llm_encoding *encoding = llm_encodings(&types) + dtype;
    const size_t elements = encoding->elements, columns = count * elements, group = llm_block_group(dtype);
    for (size_t start = 0; start < columns; start += elements, blocks += encoding->bytes) {
        llm_block_parts parts;
        float steps[16], bases[16];
        fit(dtype, x + start, NULL, &parts);
        llm_block_steps(dtype, &parts, steps, bases);
        for (size_t i = 0; i < elements; i++) {
            const size_t column = start + i;
            const float *factor = args->factor + column * args->stride, step = steps[i / group], base = bases[i / group];
            parts.codes[i] = llm_nearest_code(dtype, step, base, x[column]);
            const float weight = step * llm_code_value(dtype, parts.codes[i]) + base;
            const float error = (x[column] - weight) / factor[column];
            errors[column] = error;
            for (size_t next = column + 1; next < columns; next++) x[next] -= error * factor[next];
        }
        llm_join_block(dtype, &parts, blocks);
    }
}
