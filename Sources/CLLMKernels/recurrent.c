// Layers that keep a state of a sequence: the short causal convolution, and the scan of Mamba-2.
#include "variants.h"

// Short convolution (LeCun et al. 1998, causal and of each channel by itself)

static float conv_input_plain(const llm_short_convolution_args *a, ptrdiff_t row, size_t channel) {
    if (row < 0) {
        const size_t past = (size_t)(row + (ptrdiff_t)a->width - 1);
        return a->source ? a->source[past * a->channels + channel] : 0;
    }
    const size_t at = (size_t)row * a->x_stride + channel;
    return a->before ? a->x[at] * a->before[at] : a->x[at];
}

static void short_convolution_plain(const llm_short_convolution_args *a, size_t begin, size_t end) {
    const ptrdiff_t past = (ptrdiff_t)a->width - 1;
    for (size_t row = 0; row < a->rows; row++) {
        for (size_t i = begin; i < end; i++) {
            float sum = a->bias ? a->bias[i] : 0;
            for (size_t k = 0; k < a->width; k++)
                sum = fmaf(a->weight[k * a->channels + i], conv_input_plain(a, (ptrdiff_t)(row + k) - past, i), sum);
            if (a->silu) sum = silu_plain(sum);
            a->y[row * a->y_stride + i] = a->after ? sum * a->after[row * a->x_stride + i] : sum;
        }
    }
    for (size_t k = 0; k + 1 < a->width; k++)
        for (size_t i = begin; i < end; i++)
            a->target[k * a->channels + i] = conv_input_plain(a, (ptrdiff_t)(a->rows + k) - past, i);
}

LLM_TEMPLATE f32x16 conv_input(const llm_short_convolution_args *a, ptrdiff_t row, size_t channel, size_t count) {
    if (row < 0) {
        const size_t past = (size_t)(row + (ptrdiff_t)a->width - 1);
        return a->source ? load_first(a->source + past * a->channels + channel, count) : (f32x16)0.0f;
    }
    const size_t at = (size_t)row * a->x_stride + channel;
    const f32x16 x = load_first(a->x + at, count);
    return a->before ? x * load_first(a->before + at, count) : x;
}

LLM_TEMPLATE void short_convolution_template(const llm_short_convolution_args *a, size_t begin, size_t end) {
    const ptrdiff_t past = (ptrdiff_t)a->width - 1;
    for (size_t row = 0; row < a->rows; row++) {
        for (size_t i = begin; i < end; i += LANES) {
            const size_t count = end - i;
            f32x16 sum = a->bias ? load_first(a->bias + i, count) : (f32x16)0.0f;
            for (size_t k = 0; k < a->width; k++) {
                const f32x16 weight = load_first(a->weight + k * a->channels + i, count);
                sum = fma16(weight, conv_input(a, (ptrdiff_t)(row + k) - past, i, count), sum);
            }
            if (a->silu) sum = silu16(sum);
            if (a->after) sum = sum * load_first(a->after + row * a->x_stride + i, count);
            store_first(a->y + row * a->y_stride + i, sum, count);
        }
    }
    // Rising, for the target may be the source.
    for (size_t k = 0; k + 1 < a->width; k++)
        for (size_t i = begin; i < end; i += LANES)
            store_first(
                a->target + k * a->channels + i, conv_input(a, (ptrdiff_t)(a->rows + k) - past, i, end - i), end - i);
}

VARIANTS(short_convolution)

// Mamba-2's scan (Dao and Gu 2024), in the recurrent form

size_t llm_mamba2_state_size(size_t heads, size_t head_dim, size_t state) {
    return heads * ((head_dim + LANES - 1) / LANES) * LANES * state;
}

static void mamba2_scan_plain(const llm_mamba2_scan_args *a, size_t begin, size_t end) {
    const size_t panels = (a->head_dim + LANES - 1) / LANES;
    for (size_t head = begin; head < end; head++) {
        const size_t group = head / (a->heads / a->groups);
        for (size_t lane = 0; lane < panels * LANES; lane++) {
            const size_t first = (head * panels + lane / LANES) * a->state * LANES + lane % LANES;
            for (size_t n = 0; n < a->state; n++)
                a->target[first + n * LANES] = a->source ? a->source[first + n * LANES] : 0;
            for (size_t row = 0; row < a->rows; row++) {
                const float *b = a->b + row * a->x_stride + group * a->state;
                const float *c = a->c + row * a->x_stride + group * a->state;
                const float x = lane < a->head_dim ? a->x[row * a->x_stride + head * a->head_dim + lane] : 0;
                const float step = softplus_plain(a->step[row * a->step_stride + head] + a->step_bias[head]);
                const float decay = exp_plain(step * a->decay[head]), input = step * x;
                float y = a->skip[head] * x;
                for (size_t n = 0; n < a->state; n++) {
                    float *s = a->target + first + n * LANES;
                    *s = fmaf(input, b[n], decay * *s);
                    y = fmaf(c[n], *s, y);
                }
                if (lane < a->head_dim) a->y[row * a->y_stride + head * a->head_dim + lane] = y;
            }
        }
    }
}

// Rows that go through a part of a head's state while it is in registers.
enum { SCAN_ROWS = 32 };

// What `SCAN_ROWS` rows of a head need, where it is read one behind the other.
typedef struct {
    float step[SCAN_ROWS], decay[SCAN_ROWS];
    float bc[SCAN_ROWS * 2 * LLM_MAX_STATE]; // [state / tile][rows][b of a tile, c of a tile]
    f32x16 input[SCAN_ROWS][2], y[SCAN_ROWS][2];
} scan_rows;

LLM_TEMPLATE void scan_decays(const llm_mamba2_scan_args *a, size_t head, size_t start, size_t count, scan_rows *r) {
    for (size_t i = 0; i < count; i += LANES) {
        float raw[LANES] = {0};
        for (size_t j = 0; j < LANES && i + j < count; j++) raw[j] = a->step[(start + i + j) * a->step_stride + head];
        const f32x16 step = softplus16(load16(raw) + (f32x16)a->step_bias[head]);
        store16(r->step + i, step);
        store16(r->decay + i, exp16(step * (f32x16)a->decay[head]));
    }
}

// `tile` elements of the state from the n-th on, in `panels` panels of 16 lanes that lie `apart`.
LLM_TEMPLATE void scan_tile(
    scan_rows *r, size_t count, const float *bc, const float *source, float *target, size_t apart, const size_t tile,
    const size_t panels) {
    f32x16 s[8][2];
    LLM_UNROLL for (size_t n = 0; n < tile; n++)
        LLM_UNROLL for (size_t p = 0; p < panels; p++)
            s[n][p] = source ? load16(source + p * apart + n * LANES) : (f32x16)0.0f;
    for (size_t row = 0; row < count; row++, bc += 2 * tile) {
        const f32x16 decay = r->decay[row];
        f32x16 input[2], y[2];
        LLM_UNROLL for (size_t p = 0; p < panels; p++) input[p] = r->input[row][p], y[p] = r->y[row][p];
        LLM_UNROLL for (size_t n = 0; n < tile; n++)
            LLM_UNROLL for (size_t p = 0; p < panels; p++) {
                s[n][p] = fma16(input[p], (f32x16)bc[n], decay * s[n][p]);
                y[p] = fma16((f32x16)bc[tile + n], s[n][p], y[p]);
            }
        LLM_UNROLL for (size_t p = 0; p < panels; p++) r->y[row][p] = y[p];
    }
    LLM_UNROLL for (size_t n = 0; n < tile; n++)
        LLM_UNROLL for (size_t p = 0; p < panels; p++) store16(target + p * apart + n * LANES, s[n][p]);
}

LLM_TEMPLATE void scan_panels(
    const llm_mamba2_scan_args *a, size_t head, size_t panel, size_t start, size_t count, scan_rows *r,
    const float *source, const size_t tile, const size_t panels) {
    const size_t column = head * a->head_dim + panel * LANES, rest = a->head_dim - panel * LANES;
    for (size_t row = 0; row < count; row++)
        LLM_UNROLL for (size_t p = 0; p < panels; p++) {
            const f32x16 x = load_first(a->x + (start + row) * a->x_stride + column + p * LANES, rest - p * LANES);
            r->input[row][p] = (f32x16)r->step[row] * x;
            r->y[row][p] = (f32x16)a->skip[head] * x;
        }
    const size_t apart = a->state * LANES;
    const size_t first = (head * ((a->head_dim + LANES - 1) / LANES) + panel) * apart, whole = a->state / tile * tile;
    for (size_t n = 0; n < a->state; n += n < whole ? tile : 1) {
        const float *bc = r->bc + n * 2 * count, *from = source ? source + first + n * LANES : NULL;
        float *to = a->target + first + n * LANES;
        if (n < whole) scan_tile(r, count, bc, from, to, apart, tile, panels);
        else scan_tile(r, count, bc, from, to, apart, 1, panels);
    }
    for (size_t row = 0; row < count; row++)
        LLM_UNROLL for (size_t p = 0; p < panels; p++)
            store_first(a->y + (start + row) * a->y_stride + column + p * LANES, r->y[row][p], rest - p * LANES);
}

// What states are written with and read with, of `count` rows of a group.
LLM_TEMPLATE void scan_group(
    const llm_mamba2_scan_args *a, size_t group, size_t start, size_t count, scan_rows *r, const size_t tile) {
    const size_t whole = a->state / tile * tile;
    for (size_t row = 0; row < count; row++) {
        const float *b = a->b + (start + row) * a->x_stride + group * a->state;
        const float *c = a->c + (start + row) * a->x_stride + group * a->state;
        for (size_t n = 0; n < whole; n += tile) {
            float *bc = r->bc + n * 2 * count + row * 2 * tile;
            memcpy(bc, b + n, tile * sizeof *b);
            memcpy(bc + tile, c + n, tile * sizeof *c);
        }
        for (size_t n = whole; n < a->state; n++) {
            float *bc = r->bc + n * 2 * count + row * 2;
            bc[0] = b[n], bc[1] = c[n];
        }
    }
}

LLM_TEMPLATE void mamba2_scan_template(
    const llm_mamba2_scan_args *a, size_t begin, size_t end, const size_t tile, const size_t panels) {
    const size_t all = (a->head_dim + LANES - 1) / LANES, shared = a->heads / a->groups;
    scan_rows r;
    for (size_t start = 0; start < a->rows; start += SCAN_ROWS) {
        const size_t count = a->rows - start < SCAN_ROWS ? a->rows - start : SCAN_ROWS;
        const float *source = start > 0 ? a->target : a->source;
        for (size_t head = begin; head < end; head++) {
            if (head == begin || head % shared == 0) scan_group(a, head / shared, start, count, &r, tile);
            scan_decays(a, head, start, count, &r);
            size_t panel = 0;
            for (; panel + panels <= all; panel += panels)
                scan_panels(a, head, panel, start, count, &r, source, tile, panels);
            for (; panel < all; panel++) scan_panels(a, head, panel, start, count, &r, source, tile, 1);
        }
    }
}

#if defined(__x86_64__)
LLM_TARGET_AVX2 static void mamba2_scan_avx2(const llm_mamba2_scan_args *a, size_t begin, size_t end) {
    mamba2_scan_template(a, begin, end, 4, 1);
}
LLM_TARGET_AVX512 static void mamba2_scan_avx512(const llm_mamba2_scan_args *a, size_t begin, size_t end) {
    mamba2_scan_template(a, begin, end, 8, 2);
}
#elif defined(__aarch64__)
static void mamba2_scan_neon(const llm_mamba2_scan_args *a, size_t begin, size_t end) {
    mamba2_scan_template(a, begin, end, 4, 1);
}
#endif

VARIANT_TABLE(mamba2_scan)
