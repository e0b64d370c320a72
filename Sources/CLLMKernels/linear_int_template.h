// The integer linear kernels over one instruction set's dot product; linear_int.c says what it defines first.
// No include guard: it is included once for each set. Its functions have the set's target, so they call those of
// vector16.h, which have none, with pointers only.

#define X_BYTES(packing) (ACTIVATION(packing) == LLM_INT8 ? 1 : 2)
// What a step's weights of 8 bits are to the set, and what its sums start from.
#ifdef SIGNED_WEIGHTS
#define BYTES_OF(packed) ((packed) ^ INT8_MIN)
#define ADDED(packing) 0
#define IS_SIGNED(packing) (panel_kinds[packing].bits == 8 || panel_kinds[packing].codes != LLM_CODE_INTEGER)
#else
#define BYTES_OF(packed) (packed)
#define ADDED(packing) panel_kinds[packing].offset
#define IS_SIGNED(packing) false
#endif
// What a sum starts from: of minima the row has the sums in place of its offsets.
#define START(packing, offset) (IS_SIGNED(packing) || panel_kinds[packing].minimum_bytes ? 0 : (offset))

#ifndef OWN_BYTES
// sums[m][h] += the products of `steps` times four inputs, of `halves` half panels.
LLM_TEMPLATE void NAME(sum_bytes)(
    const char *w, const char *x, size_t stride, const size_t rows, const size_t halves, size_t step, size_t end,
    i32x16 sums[][2]) {
    for (; step < end; step++) {
        KEEP_ORDER;
        NAME(weights) weights[2];
        LLM_UNROLL for (size_t h = 0; h < halves; h++) {
            i8x64 bytes;
            memcpy(&bytes, w + step * STEP_BYTES + h * 64, sizeof bytes);
            weights[h] = NAME(prepare)(BYTES_OF(bytes));
        }
        LLM_UNROLL for (size_t m = 0; m < rows; m++) {
            const char *four = x + m * stride + step * 4 * X_BYTES(LLM_PANEL_Q8);
            LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = NAME(dot)(sums[m][h], weights[h], four);
        }
    }
}
#endif

// Four inputs' weights of half a panel, from their codes.
LLM_TEMPLATE i8x64 NAME(unpack)(llm_packing packing, const char *group, const size_t four, size_t half) {
    const llm_code_kind codes = panel_kinds[packing].codes;
    i32x16 numbers;
    load_codes(packing, group, four, half, &numbers);
    if (codes == LLM_CODE_INTEGER) return (i8x64)numbers;
    return NAME(lookup)(code_values[codes], numbers) + (int8_t)ADDED(packing);
}

// sums[m][h] += the products of inputs 4 * first…4 * last of a group.
LLM_TEMPLATE void NAME(sum_codes)(
    llm_packing packing, const char *group, size_t half, const char *x, size_t stride, const size_t rows,
    const size_t halves, const size_t first, const size_t last, i32x16 sums[][2]) {
#ifdef PAIRS
    const size_t together = pairs_together(packing);
    LLM_UNROLL for (size_t start = first; together && start < last; start += together) {
        const size_t end = start + together < last ? start + together : last;
        i16x32 pairs[ROWS][2];
        LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++) pairs[m][h] = 0;
        LLM_UNROLL for (size_t four = start; four < end; four++) {
            KEEP_ORDER;
            i8x64 weights[2];
            LLM_UNROLL for (size_t h = 0; h < halves; h++) weights[h] = NAME(unpack)(packing, group, four, half + h);
            LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++)
                pairs[m][h] = NAME(add_pairs)(pairs[m][h], weights[h], x + m * stride + four * 4);
        }
        LLM_UNROLL for (size_t m = 0; m < rows; m++)
            LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] += NAME(widen)(pairs[m][h]);
    }
    if (together) return;
#endif
    LLM_UNROLL for (size_t four = first; four < last; four += 2) {
        KEEP_ORDER;
        NAME(weights) low[2], high[2];
        LLM_UNROLL for (size_t h = 0; h < halves; h++) {
            low[h] = NAME(prepare)(NAME(unpack)(packing, group, four, half + h));
            high[h] = NAME(prepare)(NAME(unpack)(packing, group, four + 1, half + h));
        }
        LLM_UNROLL for (size_t m = 0; m < rows; m++) {
            const char *eight = x + m * stride + four * 4 * X_BYTES(packing);
            LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = NAME(dot)(sums[m][h], low[h], eight);
            LLM_UNROLL for (size_t h = 0; h < halves; h++)
                sums[m][h] = NAME(dot)(sums[m][h], high[h], eight + 4 * X_BYTES(packing));
        }
    }
}

// The sums of consecutive panels for `rows` rows, to out[panel][row][2]. Panels are read side by side, a group of each in
// turn. Rows and panels are constants wherever this is inlined.
LLM_TEMPLATE void NAME(grouped_tile)(
    llm_packing packing, const llm_linear_args *a, const size_t rows, size_t row, const size_t panels, size_t panel,
    stream *ahead, f32x16 *out) {
    const bool has_minima = panel_kinds[packing].minimum_bytes != 0;
    const size_t halves = rows == 1 ? 2 : HALVES, subs = LLM_GROUP / scale_group(packing);
    const size_t groups = (a->k + LLM_GROUP - 1) / LLM_GROUP, scale_groups = LLM_SCALE_GROUP / LLM_GROUP;
    const size_t panel_bytes = panel_size(packing, a->k);
    const char *weights = (const char *)a->packed + panel * panel_bytes;
    const char *x = (const char *)a->x.data + row * a->x.stride;
    const float *scales = a->x.scales + row * a->x.scale_stride;
    const int32_t *offsets = a->x.offsets + row * a->x.offset_stride;
    LLM_UNROLL for (size_t i = 0; i < panels * rows * 2; i++) out[i] = 0;

    for (size_t start = 0; start < groups; start += scale_groups) {
        f32x16 parts[SIDE_BY_SIDE][ROWS][2];
        block_factors factors[SIDE_BY_SIDE][2];
        LLM_UNROLL for (size_t p = 0; p < panels; p++) {
            LLM_UNROLL for (size_t m = 0; m < rows; m++) parts[p][m][0] = parts[p][m][1] = 0;
            LLM_UNROLL for (size_t h = 0; h < 2; h++)
                load_factors(packing, weights + p * panel_bytes, start, h, &factors[p][h]);
        }
        const size_t end = start + scale_groups < groups ? start + scale_groups : groups;
        const char *first = weights + group_offset(packing, start);
        for (size_t group = start; group < end; group++) {
            read_ahead(ahead);
            LLM_UNROLL for (size_t part = 0; part < panels * subs * 2; part += halves) {
                const size_t p = part / 2 / subs, sub = part / 2 % subs, half = part % 2;
                const char *w = first + p * panel_bytes + (group - start) * group_size(packing);
                const char *inputs = x + group * LLM_GROUP * X_BYTES(packing);
                const int32_t *own = offsets + group * subs + sub;
                const size_t fours = LLM_GROUP / 4 / subs;
                if (rows == 1 && SIDE_BY_SIDE > 1)
                    read_on(w + sub * (group_size(packing) / subs), group_size(packing) / subs);
                i32x16 sums[ROWS][2];
                LLM_UNROLL for (size_t m = 0; m < rows; m++) LLM_UNROLL for (size_t h = 0; h < halves; h++)
                    sums[m][h] = (i32x16)START(packing, own[m * a->x.offset_stride]);
                if (packing == LLM_PANEL_Q8) {
                    NAME(sum_bytes)(w + half * 64, inputs, a->x.stride, rows, halves, 0, LLM_GROUP / 4, sums);
                } else {
                    NAME(sum_codes)(
                        packing, w, half, inputs, a->x.stride, rows, halves, sub * fours, sub * fours + fours, sums);
                }
                LLM_UNROLL for (size_t h = half; h < half + halves; h++) {
                    f32x16 scale, minimum;
                    load_scales(packing, w, sub, h, &factors[p][h], &scale, &minimum);
                    LLM_UNROLL for (size_t m = 0; m < rows; m++)
                        parts[p][m][h] = __builtin_elementwise_fma(
                            __builtin_convertvector(sums[m][h - half], f32x16), scale, parts[p][m][h]);
                    if (!has_minima) continue;
                    LLM_UNROLL for (size_t m = 0; m < rows; m++)
                        parts[p][m][h] = __builtin_elementwise_fma(
                            (f32x16)(float)own[m * a->x.offset_stride], minimum, parts[p][m][h]);
                }
            }
        }
        LLM_UNROLL for (size_t m = 0; m < rows; m++) {
            const f32x16 scale = (f32x16)scales[m * a->x.scale_stride + start / scale_groups];
            LLM_UNROLL for (size_t p = 0; p < panels; p++) LLM_UNROLL for (size_t h = 0; h < 2; h++) {
                f32x16 *total = &out[(p * rows + m) * 2 + h];
                *total = __builtin_elementwise_fma(parts[p][m][h], scale, *total);
            }
        }
    }
}

// The same for weights with one scale a feature. Inputs come in chunks, so that the weights are read in order even where
// registers hold the sums of one half only.
LLM_TEMPLATE void NAME(w8_tile)(
    const llm_linear_args *a, const size_t rows, size_t row, const size_t panels, size_t panel, stream *ahead,
    f32x16 *out) {
    const size_t steps = (a->k + LLM_GROUP - 1) / LLM_GROUP * LLM_GROUP / 4, chunk = W8_CHUNK / 4;
    const size_t halves = rows == 1 ? 2 : HALVES;
    const size_t panel_bytes = steps * STEP_BYTES + LLM_PANEL * sizeof(float);
    const char *weights = (const char *)a->packed + panel * panel_bytes;
    const char *x = (const char *)a->x.data + row * a->x.stride;
    i32x16 all[SIDE_BY_SIDE][W8_ROWS][2];
    LLM_UNROLL for (size_t p = 0; p < panels; p++) LLM_UNROLL for (size_t m = 0; m < rows; m++)
        all[p][m][0] = all[p][m][1] = (i32x16)START(LLM_PANEL_W8, a->x.offsets[(row + m) * a->x.offset_stride]);
    for (size_t step = 0; step < steps; step += chunk) {
        const size_t end = step + chunk < steps ? step + chunk : steps;
        read_ahead(ahead);
        LLM_UNROLL for (size_t p = 0; p < panels; p++) LLM_UNROLL for (size_t half = 0; half < 2; half += halves) {
            i32x16 sums[W8_ROWS][2];
            LLM_UNROLL for (size_t m = 0; m < rows; m++)
                LLM_UNROLL for (size_t h = 0; h < halves; h++) sums[m][h] = all[p][m][half + h];
            const char *w = weights + p * panel_bytes + half * 64;
            NAME(sum_bytes)(w, x, a->x.stride, rows, halves, step, end, sums);
            LLM_UNROLL for (size_t m = 0; m < rows; m++)
                LLM_UNROLL for (size_t h = 0; h < halves; h++) all[p][m][half + h] = sums[m][h];
        }
    }
    LLM_UNROLL for (size_t p = 0; p < panels; p++) LLM_UNROLL for (size_t m = 0; m < rows; m++) {
        const f32x16 x_scale = (f32x16)a->x.scales[(row + m) * a->x.scale_stride];
        LLM_UNROLL for (size_t h = 0; h < 2; h++) {
            f32x16 scale;
            memcpy(&scale, weights + p * panel_bytes + steps * STEP_BYTES + h * sizeof scale, sizeof scale);
            out[(p * rows + m) * 2 + h] = __builtin_convertvector(all[p][m][h], f32x16) * x_scale * scale;
        }
    }
}

// The outputs of consecutive panels for a tile of rows.
LLM_TEMPLATE void NAME(tile)(
    llm_packing packing, const llm_linear_args *a, size_t rows, size_t row, const size_t panels, size_t panel,
    stream *ahead) {
    f32x16 sums[SIDE_BY_SIDE * W8_ROWS * 2];
    switch (rows) {
#define CASE(rows)                                                                                                     \
    case rows:                                                                                                         \
        if (packing == LLM_PANEL_W8) {                                                                                 \
            if (rows <= W8_ROWS) NAME(w8_tile)(a, rows, row, panels, panel, ahead, sums);                              \
        } else {                                                                                                       \
            if (rows <= ROWS) NAME(grouped_tile)(packing, a, rows, row, panels, panel, ahead, sums);                   \
        }                                                                                                              \
        break;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
        CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#undef CASE
    }
    LLM_UNROLL for (size_t p = 0; p < panels; p++) finish_panel(a, sums + p * rows * 2, rows, row, panel + p);
}

LLM_TEMPLATE void NAME(linear)(llm_packing packing, const llm_linear_args *a, size_t begin, size_t end) {
    const size_t most = packing == LLM_PANEL_W8 ? W8_ROWS : ROWS;
    const size_t tiles = (a->rows + most - 1) / most, block = panels_together(packing, a);
    const size_t span = packing == LLM_PANEL_W8 ? W8_CHUNK : LLM_GROUP;
    stream none = {0};
    for (; a->rows == 1 && begin + SIDE_BY_SIDE <= end; begin += SIDE_BY_SIDE)
        NAME(tile)(packing, a, 1, 0, SIDE_BY_SIDE, begin, &none);
    for (size_t first = begin; first < end; first += block) {
        const size_t last = first + block < end ? first + block : end;
        const size_t next = end - last < block ? end - last : block;
        stream ahead = next_panels(packing, a, last, next, tiles * (last - first) * ((a->k + span - 1) / span));
        for (size_t tile = 0, row = 0; tile < tiles; tile++) {
            const size_t rows = (a->rows - row) / (tiles - tile);
            for (size_t panel = first; panel < last; panel++) NAME(tile)(packing, a, rows, row, 1, panel, &ahead);
            row += rows;
        }
    }
}

#define SIMD(name, packing)                                                                                            \
    static void NAME(linear_##name)(const llm_linear_args *a, size_t begin, size_t end) {                              \
        NAME(linear)(packing, a, begin, end);                                                                          \
    }
EACH_GROUPED(SIMD)

static void NAME(linear_w8)(const llm_linear_args *a, size_t begin, size_t end) {
    NAME(linear)(LLM_PANEL_W8, a, begin, end);
}

#undef X_BYTES
#undef BYTES_OF
#undef ADDED
#undef IS_SIGNED
#undef START
#undef SIMD
#undef NAME
#undef ROWS
#undef W8_ROWS
#undef HALVES
#undef SIDE_BY_SIDE
#undef ACTIVATION
#undef SIGNED_WEIGHTS
#undef PAIRS
#undef OWN_BYTES
