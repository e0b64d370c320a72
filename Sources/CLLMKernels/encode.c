// Activations in the type that a linear kernel takes, normalized on the way where asked.
#include "CLLMKernels.h"

#include "variants.h"
#include "vector16.h"

// The scale of inputs whose largest magnitude has these bits, and what to multiply them by before they are rounded.
typedef struct {
    float scale, inverse;
} int8_scale;

static inline int8_scale scale_of(uint32_t largest) {
    const uint32_t infinite = 0x7f800000u, tiny = 0x0d800000u; // 2^-100
    if (largest >= infinite) return (int8_scale){float_of(0x7fc00000u), 0};
    if (largest < tiny) return (int8_scale){0, 0};
    const float magnitude = float_of(largest);
    return (int8_scale){magnitude / 127.0f, 127.0f / magnitude};
}

static inline size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Inputs that share a scale and inputs that share an offset, in whole groups.
static inline size_t scale_span(const llm_encode_args *a) {
    return a->y.group == LLM_WHOLE_ROW ? round_up(a->k, LLM_GROUP) : LLM_SCALE_GROUP;
}

static inline size_t offset_span(const llm_encode_args *a) {
    return a->y.group == LLM_WHOLE_ROW ? round_up(a->k, LLM_GROUP) : a->y.group;
}

// Where input i of an int8 row stands in LLM_INT8_WIDE.
static inline size_t wide_index(size_t i) { return i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i; }

// Plain

static float norm_scale_plain(const llm_encode_args *a, const float *x) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < a->k; i++) lanes[i % LANES] = fmaf(x[i], x[i], lanes[i % LANES]);
    return 1.0f / sqrtf(sum_tree_plain(lanes) / (float)a->k + a->epsilon);
}

static float input_plain(const llm_encode_args *a, const float *x, float norm, size_t i) {
    return a->weight ? x[i] * norm * a->weight[i] : x[i];
}

static void encode_int8_plain(const llm_encode_args *a, const float *x, float norm, size_t row) {
    const size_t padded = round_up(a->k, LLM_GROUP), span = scale_span(a), sum_span = offset_span(a);
    char *data = (char *)a->y.data + row * a->y.stride;
    for (size_t start = 0; start < padded; start += span) {
        uint32_t largest = 0;
        for (size_t i = start; i < start + span && i < a->k; i++) {
            const uint32_t bits = bits_of(input_plain(a, x, norm, i)) & 0x7fffffffu;
            if (bits > largest) largest = bits;
        }
        const int8_scale scale = scale_of(largest);
        a->y.scales[row * a->y.scale_stride + start / span] = scale.scale;
        for (size_t group = start; group < start + span && group < padded; group += sum_span) {
            int32_t sum = 0;
            for (size_t i = group; i < group + sum_span && i < padded; i++) {
                int32_t q = 0;
                if (i < a->k && scale.inverse != 0) {
                    const float rounded = fmaf(input_plain(a, x, norm, i), scale.inverse, EXP_ROUND);
                    q = (int32_t)(bits_of(rounded) - bits_of(EXP_ROUND));
                }
                sum += q;
                if (a->y.type == LLM_INT8) {
                    ((int8_t *)data)[i] = (int8_t)q;
                } else {
                    ((int16_t *)data)[wide_index(i)] = (int16_t)q;
                }
            }
            a->y.offsets[row * a->y.offset_stride + group / sum_span] = -a->y.weight_offset * sum;
        }
    }
}

static void encode_plain(const llm_encode_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *x = a->x + row * a->x_stride;
        const float norm = a->weight ? norm_scale_plain(a, x) : 1;
        char *data = (char *)a->y.data + row * a->y.stride;
        switch (a->y.type) {
        case LLM_FLOAT32:
            for (size_t i = 0; i < a->k; i++) ((float *)data)[i] = input_plain(a, x, norm, i);
            break;
        case LLM_BFLOAT16:
            for (size_t i = 0; i < a->k; i++) ((uint16_t *)data)[i] = bfloat16_plain(input_plain(a, x, norm, i));
            if (a->k % 2) ((uint16_t *)data)[a->k] = 0;
            break;
        case LLM_INT8:
        case LLM_INT8_WIDE: encode_int8_plain(a, x, norm, row); break;
        }
    }
}

// Template

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef int16_t i16x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));

LLM_TEMPLATE float norm_scale(const llm_encode_args *a, const float *x) {
    const size_t whole = a->k / LANES * LANES;
    f32x16 lanes = 0;
    for (size_t i = 0; i < whole; i += LANES) lanes = fma16(load16(x + i), load16(x + i), lanes);
    if (whole < a->k) {
        const f32x16 tail = load_first(x + whole, a->k - whole);
        lanes = fma16(tail, tail, lanes);
    }
    return 1.0f / sqrtf(sum_lanes(lanes) / (float)a->k + a->epsilon);
}

// Inputs i…i+15; past k they are 0.
LLM_TEMPLATE f32x16 input16(const llm_encode_args *a, const float *x, float norm, size_t i) {
    if (i >= a->k) return 0;
    const size_t count = a->k - i;
    const f32x16 values = load_first(x + i, count);
    return a->weight ? values * (f32x16)norm * load_first(a->weight + i, count) : values;
}

LLM_TEMPLATE uint32_t max_bits(u32x16 v) {
    uint32_t lanes[LANES];
    memcpy(lanes, &v, sizeof v);
    LLM_UNROLL for (size_t width = LANES / 2; width > 0; width /= 2)
        LLM_UNROLL for (size_t i = 0; i < width; i++)
            lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
    return lanes[0];
}

LLM_TEMPLATE int32_t add_lanes(i32x16 v) {
    const __auto_type v8 = v.lo + v.hi;
    const __auto_type v4 = v8.lo + v8.hi;
    const __auto_type v2 = v4.lo + v4.hi;
    return v2.lo + v2.hi;
}

LLM_TEMPLATE u32x16 magnitude16(f32x16 v) { return __builtin_bit_cast(u32x16, v) & 0x7fffffffu; }

LLM_TEMPLATE u32x16 max_u32(u32x16 a, u32x16 b) { return __builtin_elementwise_max(a, b); }

// Rounds 16 inputs and stores them; returns them.
LLM_TEMPLATE i32x16 store_int8(const llm_encode_args *a, char *data, size_t i, f32x16 x, int8_scale scale) {
    i32x16 q = 0;
    if (scale.inverse != 0) {
        const f32x16 rounded = fma16(x, (f32x16)scale.inverse, (f32x16)EXP_ROUND);
        q = __builtin_bit_cast(i32x16, rounded) - (int32_t)0x4b400000; // the bits of EXP_ROUND
    }
    if (a->y.type == LLM_INT8) {
        const i8x16 narrow = __builtin_convertvector(q, i8x16);
        memcpy(data + i, &narrow, sizeof narrow);
    } else {
        const i16x16 half = __builtin_convertvector(q, i16x16);
        const i16x16 wide =
            __builtin_shufflevector(half, half, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
        memcpy(data + i * sizeof(int16_t), &wide, sizeof wide);
    }
    return q;
}

LLM_TEMPLATE void encode_groups(const llm_encode_args *a, const float *x, float norm, size_t row) {
    const size_t padded = round_up(a->k, LLM_GROUP);
    char *data = (char *)a->y.data + row * a->y.stride;
    float *scales = a->y.scales + row * a->y.scale_stride;
    int32_t *offsets = a->y.offsets + row * a->y.offset_stride;
    for (size_t start = 0; start < padded; start += LLM_SCALE_GROUP) {
        f32x16 values[LLM_SCALE_GROUP / LANES];
        u32x16 largest = 0;
        LLM_UNROLL for (size_t v = 0; v < LLM_SCALE_GROUP / LANES; v++) {
            values[v] = input16(a, x, norm, start + v * LANES);
            largest = max_u32(largest, magnitude16(values[v]));
        }
        const int8_scale scale = scale_of(max_bits(largest));
        scales[start / LLM_SCALE_GROUP] = scale.scale;
        LLM_UNROLL for (size_t v = 0; v < LLM_SCALE_GROUP / LANES; v += 2) {
            const size_t i = start + v * LANES;
            if (i >= padded) break;
            const i32x16 low = store_int8(a, data, i, values[v], scale);
            const i32x16 high = store_int8(a, data, i + LANES, values[v + 1], scale);
            if (a->y.group == LLM_GROUP) {
                offsets[i / LLM_GROUP] = -a->y.weight_offset * add_lanes(low + high);
            } else {
                offsets[i / LANES] = -a->y.weight_offset * add_lanes(low);
                offsets[i / LANES + 1] = -a->y.weight_offset * add_lanes(high);
            }
        }
    }
}

LLM_TEMPLATE void encode_whole(const llm_encode_args *a, const float *x, float norm, size_t row) {
    const size_t padded = round_up(a->k, LLM_GROUP);
    char *data = (char *)a->y.data + row * a->y.stride;
    u32x16 largest = 0;
    for (size_t i = 0; i < a->k; i += LANES) largest = max_u32(largest, magnitude16(input16(a, x, norm, i)));
    const int8_scale scale = scale_of(max_bits(largest));
    a->y.scales[row * a->y.scale_stride] = scale.scale;
    i32x16 sum = 0;
    for (size_t i = 0; i < padded; i += LANES) sum = sum + store_int8(a, data, i, input16(a, x, norm, i), scale);
    a->y.offsets[row * a->y.offset_stride] = -a->y.weight_offset * add_lanes(sum);
}

LLM_TEMPLATE u16x16 bfloat16_16(f32x16 v) {
    const u32x16 bits = __builtin_bit_cast(u32x16, v);
    const u32x16 rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    const u32x16 quiet = bits >> 16 | 0x40;
    const i32x16 is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    const u32x16 mask = __builtin_bit_cast(u32x16, is_nan);
    return __builtin_convertvector((quiet & mask) | (rounded & ~mask), u16x16);
}

LLM_TEMPLATE void encode_bfloat16(const llm_encode_args *a, const float *x, float norm, size_t row) {
    uint16_t *data = (uint16_t *)((char *)a->y.data + row * a->y.stride);
    const size_t padded = a->k + a->k % 2;
    for (size_t i = 0; i < padded; i += LANES) {
        const u16x16 values = bfloat16_16(input16(a, x, norm, i));
        memcpy(data + i, &values, (padded - i < LANES ? padded - i : LANES) * sizeof *data);
    }
    if (a->k % 2) data[a->k] = 0; // not the NaN that a broken norm makes of it
}

LLM_TEMPLATE void encode_template(const llm_encode_args *a, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *x = a->x + row * a->x_stride;
        const float norm = a->weight ? norm_scale(a, x) : 1;
        if (a->y.type == LLM_FLOAT32) {
            float *y = (float *)((char *)a->y.data + row * a->y.stride);
            for (size_t i = 0; i < a->k; i += LANES) store_first(y + i, input16(a, x, norm, i), a->k - i);
        } else if (a->y.type == LLM_BFLOAT16) {
            encode_bfloat16(a, x, norm, row);
        } else if (a->y.group == LLM_WHOLE_ROW) {
            encode_whole(a, x, norm, row);
        } else {
            encode_groups(a, x, norm, row);
        }
    }
}

VARIANTS(encode)
