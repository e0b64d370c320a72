// What the linear kernels share: how sums become outputs.
#pragma once

#include "CLLMKernels.h"
#include "vector16.h"

// Plain: one finished sum, of feature n of the panels' order.
static inline void finish_plain(const llm_linear_args *a, size_t row, size_t n, float sum) {
    if (a->bias) sum = sum + a->bias[n];
    float *y = a->y + row * a->y_stride + n;
    *y = a->epilogue == LLM_ADD ? sum + *y : sum;
}

static inline void finish_gate_plain(const llm_linear_args *a, size_t row, size_t n, float gate, float up) {
    if (a->bias) {
        gate = gate + a->bias[n];
        up = up + a->bias[a->n / 2 + n];
    }
    a->y[row * a->y_stride + n] = silu_plain(gate) * up;
}

// Plain: the output features of a panel for all rows, from a function that gives one sum.
typedef float (*llm_plain_sum)(const llm_linear_args *a, const char *panel, size_t feature, size_t row);

static inline void linear_plain(
    const llm_linear_args *a, llm_packing packing, llm_plain_sum sum, size_t begin, size_t end) {
    for (size_t panel = begin; panel < end; panel++) {
        const char *weights = (const char *)a->packed + panel * llm_panel_bytes(packing, a->k);
        for (size_t row = 0; row < a->rows; row++) {
            if (a->epilogue == LLM_SILU_MULTIPLY) {
                const size_t n = panel * LLM_HALF_PANEL;
                for (size_t i = 0; i < LLM_HALF_PANEL && n + i < a->n / 2; i++)
                    finish_gate_plain(
                        a, row, n + i, sum(a, weights, i, row), sum(a, weights, i + LLM_HALF_PANEL, row));
            } else {
                const size_t n = panel * LLM_PANEL;
                for (size_t i = 0; i < LLM_PANEL && n + i < a->n; i++)
                    finish_plain(a, row, n + i, sum(a, weights, i, row));
            }
        }
    }
}

// Template: the sums of `rows` rows, two halves each, become outputs of one panel.
LLM_TEMPLATE void finish_panel(const llm_linear_args *a, const f32x16 *sums, size_t rows, size_t row, size_t panel) {
    if (a->epilogue == LLM_SILU_MULTIPLY) {
        const size_t n = panel * LLM_HALF_PANEL, width = a->n / 2;
        const size_t count = n < width ? width - n : 0;
        const f32x16 gate_bias = a->bias ? load_first(a->bias + n, count) : (f32x16)0.0f;
        const f32x16 up_bias = a->bias ? load_first(a->bias + width + n, count) : (f32x16)0.0f;
        for (size_t m = 0; m < rows; m++) {
            f32x16 gate = sums[m * 2], up = sums[m * 2 + 1];
            if (a->bias) {
                gate = gate + gate_bias;
                up = up + up_bias;
            }
            store_first(a->y + (row + m) * a->y_stride + n, silu16(gate) * up, count);
        }
        return;
    }
    for (size_t h = 0; h < 2; h++) {
        const size_t n = panel * LLM_PANEL + h * LLM_HALF_PANEL;
        if (n >= a->n) return;
        const size_t count = a->n - n;
        const f32x16 bias = a->bias ? load_first(a->bias + n, count) : (f32x16)0.0f;
        for (size_t m = 0; m < rows; m++) {
            float *y = a->y + (row + m) * a->y_stride + n;
            f32x16 sum = sums[m * 2 + h];
            if (a->bias) sum = sum + bias;
            if (a->epilogue == LLM_ADD) sum = sum + load_first(y, count);
            store_first(y, sum, count);
        }
    }
}

// The panels to come, fetched evenly over the steps of the work on those at hand, so that memory is never idle: at each
// step `rate` more, in bytes << RATE_SHIFT.
typedef struct {
    const char *base;
    size_t fetched, wanted, rate;
} stream;

enum { RATE_SHIFT = 10, LINE = 64 };

LLM_TEMPLATE stream next_panels(
    llm_packing packing, const llm_linear_args *a, size_t panel, size_t count, size_t steps) {
    const size_t panel_bytes = llm_panel_bytes(packing, a->k);
    return (stream){(const char *)a->packed + panel * panel_bytes, 0, 0, (count * panel_bytes << RATE_SHIFT) / steps};
}

LLM_TEMPLATE void read_ahead(stream *s) {
    s->wanted += s->rate;
    for (; s->fetched < s->wanted >> RATE_SHIFT; s->fetched += LINE)
        __builtin_prefetch(s->base + s->fetched, 0, 2);
}

// The tables of each packing's file, ended by a row without a name.
extern const llm_linear_variant llm_linear_f32[], llm_linear_f16[], llm_linear_bf16[], llm_linear_bf16_bf16[];
extern const llm_linear_variant llm_linear_q8[], llm_linear_q4[], llm_linear_w8[], llm_linear_q4_1[];
extern const llm_linear_variant llm_linear_q5_0[], llm_linear_q5_1[], llm_linear_q2_k[], llm_linear_q4_k[];
extern const llm_linear_variant llm_linear_q5_k[], llm_linear_q6_k[], llm_linear_iq4_nl[], llm_linear_iq4_xs[];
extern const llm_linear_variant llm_linear_mxfp4[], llm_linear_int4[];
