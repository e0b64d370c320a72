// Operations on rows of activations: norms, rotary positions, activation functions, softmax.
#include "variants.h"

// RMSNorm (Zhang and Sennrich 2019), as Llama computes it

static void rms_norm_plain(const llm_rms_norm_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        for (size_t group = 0; group < a->groups; group++) {
            const float *x = a->x + row * a->x_stride + group * a->width;
            float *y = a->y + row * a->y_stride + group * a->width;
            float lanes[LANES] = {0};
            for (size_t i = 0; i < a->width; i++) lanes[i % LANES] = fmaf(x[i], x[i], lanes[i % LANES]);
            const float scale = 1.0f / sqrtf(sum_tree_plain(lanes) / (float)a->width + a->epsilon);
            for (size_t i = 0; i < a->width; i++) y[i] = x[i] * scale * a->weight[i];
        }
    }
}

LLM_TEMPLATE void rms_norm_template(const llm_rms_norm_args *a, size_t row_begin, size_t row_end) {
    const size_t whole = a->width / LANES * LANES, rest = a->width - whole;
    for (size_t row = row_begin; row < row_end; row++) {
        for (size_t group = 0; group < a->groups; group++) {
            const float *x = a->x + row * a->x_stride + group * a->width;
            float *y = a->y + row * a->y_stride + group * a->width;
            f32x16 lanes = 0;
            for (size_t i = 0; i < whole; i += LANES) lanes = fma16(load16(x + i), load16(x + i), lanes);
            if (rest) {
                const f32x16 tail = load_first(x + whole, rest);
                lanes = fma16(tail, tail, lanes);
            }
            const float scale = 1.0f / sqrtf(sum_lanes(lanes) / (float)a->width + a->epsilon);
            for (size_t i = 0; i < whole; i += LANES)
                store16(y + i, load16(x + i) * (f32x16)scale * load16(a->weight + i));
            if (rest) {
                const f32x16 tail = load_first(x + whole, rest) * (f32x16)scale * load_first(a->weight + whole, rest);
                store_first(y + whole, tail, rest);
            }
        }
    }
}

// Layer norm (Ba et al. 2016)

static float row_mean_plain(const float *x, float shift, size_t width, bool squared) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < width; i++) {
        const float d = x[i] - shift;
        lanes[i % LANES] = squared ? fmaf(d, d, lanes[i % LANES]) : lanes[i % LANES] + d;
    }
    return sum_tree_plain(lanes) / (float)width;
}

static void layer_norm_plain(const llm_layer_norm_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *x = a->x + row * a->x_stride;
        float *y = a->y + row * a->y_stride;
        const float mean = row_mean_plain(x, 0, a->width, false);
        const float scale = 1.0f / sqrtf(row_mean_plain(x, mean, a->width, true) + a->epsilon);
        for (size_t i = 0; i < a->width; i++) {
            const float normal = (x[i] - mean) * scale, weight = a->weight ? a->weight[i] : 1.0f;
            y[i] = a->bias ? fmaf(normal, weight, a->bias[i]) : normal * weight;
        }
    }
}

LLM_TEMPLATE float row_mean(const float *x, float shift, size_t width, const bool squared) {
    const size_t whole = width / LANES * LANES, rest = width - whole;
    f32x16 lanes = 0;
    for (size_t i = 0; i < whole; i += LANES) {
        const f32x16 d = load16(x + i) - (f32x16)shift;
        lanes = squared ? fma16(d, d, lanes) : lanes + d;
    }
    if (rest) { // lanes past the end stay as they are
        float tail[LANES], sums[LANES];
        store16(tail, load_first(x + whole, rest) - (f32x16)shift);
        store16(sums, lanes);
        for (size_t i = 0; i < rest; i++) sums[i] = squared ? fmaf(tail[i], tail[i], sums[i]) : sums[i] + tail[i];
        lanes = load16(sums);
    }
    return sum_lanes(lanes) / (float)width;
}

LLM_TEMPLATE void layer_norm_template(const llm_layer_norm_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *x = a->x + row * a->x_stride;
        float *y = a->y + row * a->y_stride;
        const float mean = row_mean(x, 0, a->width, false);
        const float scale = 1.0f / sqrtf(row_mean(x, mean, a->width, true) + a->epsilon);
        for (size_t i = 0; i < a->width; i += LANES) {
            const size_t count = a->width - i;
            const f32x16 normal = (load_first(x + i, count) - (f32x16)mean) * (f32x16)scale;
            const f32x16 weight = a->weight ? load_first(a->weight + i, count) : (f32x16)1.0f;
            store_first(
                y + i, a->bias ? fma16(normal, weight, load_first(a->bias + i, count)) : normal * weight, count);
        }
    }
}

// Rotary positions (Su et al. 2021): pairs by halves, as in Hugging Face checkpoints, or interleaved, as in the paper

static void rope_plain(const llm_rope_args *a, size_t row_begin, size_t row_end) {
    const size_t step = a->interleaved ? 2 : 1, apart = a->interleaved ? 1 : a->half;
    for (size_t row = row_begin; row < row_end; row++) {
        const float *cosines = a->cosines + row * a->half, *sines = a->sines + row * a->half;
        for (size_t head = 0; head < a->heads; head++) {
            float *low = a->x + row * a->x_stride + head * a->head_dim + a->offset, *high = low + apart;
            for (size_t i = 0; i < a->half; i++) {
                const float p = low[i * step], q = high[i * step];
                low[i * step] = fmaf(-q, sines[i], p * cosines[i]);
                high[i * step] = fmaf(p, sines[i], q * cosines[i]);
            }
        }
    }
}

LLM_TEMPLATE void rope_template(const llm_rope_args *a, size_t row_begin, size_t row_end) {
    if (a->interleaved) return rope_plain(a, row_begin, row_end);
    for (size_t row = row_begin; row < row_end; row++) {
        const float *cosines = a->cosines + row * a->half, *sines = a->sines + row * a->half;
        for (size_t head = 0; head < a->heads; head++) {
            float *low = a->x + row * a->x_stride + head * a->head_dim + a->offset, *high = low + a->half;
            for (size_t i = 0; i < a->half; i += LANES) {
                const size_t count = a->half - i;
                const f32x16 c = load_first(cosines + i, count), s = load_first(sines + i, count);
                const f32x16 p = load_first(low + i, count), q = load_first(high + i, count);
                store_first(low + i, fma16(-q, s, p * c), count);
                store_first(high + i, fma16(p, s, q * c), count);
            }
        }
    }
}

// Activation functions

#define GELU_SLOPE 0.79788456f
#define GELU_CUBE 0.044715f
#define ERF_P 0.3275911f
#define ERF_1 0.254829592f
#define ERF_2 -0.284496736f
#define ERF_3 1.421413741f
#define ERF_4 -1.453152027f
#define ERF_5 1.061405429f
#define ROOT_HALF 0.70710678f

static float gelu_plain(float x) {
    const float z = fabsf(x * ROOT_HALF), t = 1.0f / fmaf(z, ERF_P, 1.0f);
    const float p = fmaf(fmaf(fmaf(fmaf(t, ERF_5, ERF_4), t, ERF_3), t, ERF_2), t, ERF_1) * t;
    const float rest = p * exp_plain(-(z * z)); // 1 - erf(z)
    return 0.5f * x * (x < 0 ? rest : 2.0f - rest);
}

static float activated_plain(llm_activation_function function, float x) {
    switch (function) {
    case LLM_SILU: return silu_plain(x);
    case LLM_GELU_TANH: return 0.5f * x * (1.0f + tanh_plain(GELU_SLOPE * fmaf(x * x * x, GELU_CUBE, x)));
    case LLM_GELU: return gelu_plain(x);
    case LLM_RELU: return x > 0 ? x : 0;
    case LLM_RELU_SQUARED: return x > 0 ? x * x : 0;
    }
    return 0;
}

static void activate_plain(const llm_activate_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *x = a->x + row * a->x_stride;
        float *y = a->y + row * a->y_stride;
        for (size_t i = 0; i < a->width; i++) {
            const float value = activated_plain(a->function, x[i]);
            y[i] = a->gated ? value * x[a->width + i] : value;
        }
    }
}

LLM_TEMPLATE f32x16 activated16(const llm_activation_function function, f32x16 x) {
    switch (function) {
    case LLM_SILU: return silu16(x);
    case LLM_GELU_TANH: return 0.5f * x * (1.0f + tanh16(GELU_SLOPE * fma16(x * x * x, (f32x16)GELU_CUBE, x)));
    case LLM_GELU: {
        const f32x16 z = __builtin_elementwise_abs(x * ROOT_HALF);
        const f32x16 t = 1.0f / fma16(z, (f32x16)ERF_P, (f32x16)1.0f);
        f32x16 p = fma16(t, (f32x16)ERF_5, (f32x16)ERF_4);
        p = fma16(p, t, (f32x16)ERF_3);
        p = fma16(p, t, (f32x16)ERF_2);
        p = fma16(p, t, (f32x16)ERF_1) * t;
        const f32x16 rest = p * exp16(-(z * z));
        return 0.5f * x * select16(x < 0.0f, rest, 2.0f - rest);
    }
    case LLM_RELU: return select16(x > 0.0f, x, (f32x16)0.0f);
    case LLM_RELU_SQUARED: return select16(x > 0.0f, x * x, (f32x16)0.0f);
    }
    return 0;
}

LLM_TEMPLATE void activate_rows(
    const llm_activate_args *a, size_t row_begin, size_t row_end, const llm_activation_function function) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *x = a->x + row * a->x_stride;
        float *y = a->y + row * a->y_stride;
        for (size_t i = 0; i < a->width; i += LANES) {
            const size_t count = a->width - i;
            f32x16 value = activated16(function, load_first(x + i, count));
            if (a->gated) value = value * load_first(x + a->width + i, count);
            store_first(y + i, value, count);
        }
    }
}

LLM_TEMPLATE void activate_template(const llm_activate_args *a, size_t row_begin, size_t row_end) {
    switch (a->function) {
    case LLM_SILU: return activate_rows(a, row_begin, row_end, LLM_SILU);
    case LLM_GELU_TANH: return activate_rows(a, row_begin, row_end, LLM_GELU_TANH);
    case LLM_GELU: return activate_rows(a, row_begin, row_end, LLM_GELU);
    case LLM_RELU: return activate_rows(a, row_begin, row_end, LLM_RELU);
    case LLM_RELU_SQUARED: return activate_rows(a, row_begin, row_end, LLM_RELU_SQUARED);
    }
}

// Softmax

static void softmax_plain(const llm_softmax_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        float *x = a->x + row * a->x_stride, maximum = -INFINITY, lanes[LANES] = {0};
        for (size_t i = 0; i < a->width; i++) maximum = max_of(x[i], maximum);
        for (size_t i = 0; i < a->width; i++) lanes[i % LANES] += x[i] = exp_plain(x[i] - maximum);
        const float sum = sum_tree_plain(lanes);
        for (size_t i = 0; i < a->width; i++) x[i] = x[i] / sum;
    }
}

LLM_TEMPLATE void softmax_template(const llm_softmax_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        float *x = a->x + row * a->x_stride, maximum = -INFINITY, lanes[LANES];
        for (size_t i = 0; i < a->width; i++) maximum = max_of(x[i], maximum);
        const size_t whole = a->width / LANES * LANES;
        f32x16 sums = 0;
        for (size_t i = 0; i < whole; i += LANES) {
            const f32x16 e = exp16(load16(x + i) - (f32x16)maximum);
            store16(x + i, e);
            sums = sums + e;
        }
        store16(lanes, sums);
        for (size_t i = whole; i < a->width; i++) lanes[i - whole] += x[i] = exp_plain(x[i] - maximum);
        const float sum = sum_lanes(load16(lanes));
        for (size_t i = 0; i < a->width; i += LANES)
            store_first(x + i, load_first(x + i, a->width - i) / (f32x16)sum, a->width - i);
    }
}

// Soft caps (Gemma Team 2024)

static void softcap_plain(const llm_softcap_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        float *x = a->x + row * a->x_stride;
        for (size_t i = 0; i < a->width; i++) x[i] = a->cap * tanh_plain(x[i] / a->cap);
    }
}

LLM_TEMPLATE void softcap_template(const llm_softcap_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        float *x = a->x + row * a->x_stride;
        for (size_t i = 0; i < a->width; i += LANES) {
            const size_t count = a->width - i;
            store_first(x + i, (f32x16)a->cap * tanh16(load_first(x + i, count) / (f32x16)a->cap), count);
        }
    }
}

VARIANTS(rms_norm)
VARIANTS(layer_norm)
VARIANTS(rope)
VARIANTS(activate)
VARIANTS(softmax)
VARIANTS(softcap)
