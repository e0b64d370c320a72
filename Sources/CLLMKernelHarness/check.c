#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { GUARD_BYTES = 256, GUARD_BYTE = 0xa5, DESCRIPTION = 200 };

struct check_case {
    const char *kernel;
    uint64_t seed, state;
    uint32_t features;
    char description[DESCRIPTION];
    char *message; // [LLM_CHECK_MESSAGE]
    void **memory; // [memory_count]
    size_t memory_count, memory_capacity;
    uint64_t digest;
};

// Numbers

size_t case_rows(const check_case *c) { return (size_t)((c->seed + 69) % 70 + 1); }

uint32_t case_features(const check_case *c) { return c->features; }

// xorshift64* (Vigna 2014).
uint64_t random_bits(check_case *c) {
    c->state ^= c->state >> 12;
    c->state ^= c->state << 25;
    c->state ^= c->state >> 27;
    return c->state * 0x2545f4914f6cdd1dull;
}

size_t random_size(check_case *c, size_t low, size_t high) {
    return low + (size_t)((random_bits(c) >> 32) * (high - low + 1) >> 32);
}

bool random_one_in(check_case *c, size_t count) { return random_size(c, 1, count) == 1; }

float random_float(check_case *c, float low, float high) {
    return low + (high - low) * ((float)(random_bits(c) >> 40) * 0x1p-24f);
}

size_t random_width(check_case *c, size_t high) {
    static const size_t multiples[] = {1, 1, 1, 2, 16, 32, 128};
    const size_t multiple = multiples[random_size(c, 0, sizeof multiples / sizeof *multiples - 1)];
    const size_t width = whole(random_size(c, 1, high), multiple);
    return width > high && high >= multiple ? width - multiple : width;
}

flavor random_flavor(check_case *c) {
    if (random_one_in(c, 8)) return BROKEN;
    return random_one_in(c, 4) ? WILD : ORDINARY;
}

static float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float wild_float(check_case *c) {
    const uint32_t sign = random_one_in(c, 2) ? 0x80000000u : 0;
    const uint32_t bits = (uint32_t)random_bits(c);
    switch (random_size(c, 0, 7)) {
    case 0: return bits_to_float(sign);
    case 1: return bits_to_float(sign | (bits & 0x007fffffu));     // denormal
    case 2: return bits_to_float(sign | (bits % 0x7f800000u));     // any magnitude
    case 3: return bits_to_float(sign | 0x7f000000u | bits >> 10); // huge
    default: return random_float(c, -100, 100);
    }
}

static float broken_float(check_case *c) {
    const uint32_t sign = random_one_in(c, 2) ? 0x80000000u : 0;
    return bits_to_float(sign | 0x7f800000u | (random_one_in(c, 2) ? 0 : 0x00400000u));
}

// Halves of a step whose rounding to 8 bits, or to 4, is a tie: every 16th number has the largest magnitude.
static void fill_halves(check_case *c, float *p, size_t width) {
    const int largest = random_one_in(c, 2) ? 127 : 8;
    const float step = largest == 127 ? 0x1p-7f : 0x1p-4f;
    for (size_t i = 0; i < width; i++) {
        const int halves = i % 16 == 0 ? -2 * largest : (int)random_size(c, 0, 4 * (size_t)largest) - 2 * largest;
        p[i] = (float)halves / 2 * step;
    }
}

float *random_floats(check_case *c, flavor flavor, size_t rows, size_t width, size_t stride) {
    const size_t count = rows ? (rows - 1) * stride + width : 0;
    float *values = take(c, count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = NAN;
    for (size_t row = 0; row < rows; row++) {
        float *p = values + row * stride;
        if (random_one_in(c, 8)) {
            fill_halves(c, p, width);
            continue;
        }
        const bool wild = flavor != ORDINARY && random_one_in(c, 2);
        for (size_t i = 0; i < width; i++)
            p[i] = wild && random_one_in(c, 4) ? wild_float(c) : random_float(c, -1, 1);
        if (flavor == BROKEN && random_one_in(c, 3)) p[random_size(c, 0, width - 1)] = broken_float(c);
    }
    return values;
}

// Memory

void *take(check_case *c, size_t bytes) {
    if (c->memory_count == c->memory_capacity) {
        c->memory_capacity = c->memory_capacity * 2 + 16;
        c->memory = realloc(c->memory, c->memory_capacity * sizeof *c->memory);
        if (!c->memory) abort();
    }
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) abort();
    c->memory[c->memory_count++] = memory;
    return memory;
}

static size_t element_bytes(element element) {
    switch (element) {
    case FLOATS:
    case INT32S: return 4;
    case BFLOATS:
    case INT16S: return 2;
    case INT8S: return 1;
    }
    return 0;
}

static size_t output_bytes(const output *o) { return o->rows * o->stride * element_bytes(o->element); }

output take_output(check_case *c, element element, size_t rows, size_t stride) {
    output o = {.element = element, .rows = rows, .stride = stride};
    unsigned char *memory = take(c, output_bytes(&o) + 2 * GUARD_BYTES);
    memset(memory, GUARD_BYTE, output_bytes(&o) + 2 * GUARD_BYTES);
    o.data = memory + GUARD_BYTES;
    return o;
}

output copy_output(check_case *c, const output *from) {
    output o = take_output(c, from->element, from->rows, from->stride);
    memcpy(o.data, from->data, output_bytes(&o));
    return o;
}

// Comparison

void describe(check_case *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->description, sizeof c->description, format, arguments);
    va_end(arguments);
}

bool fails(check_case *c, const char *variant, const char *format, ...) {
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(
        c->message, LLM_CHECK_MESSAGE, "%s %s, seed %llu, %s: %s", c->kernel, variant, (unsigned long long)c->seed,
        c->description, what);
    return false;
}

static double element_at(const output *o, size_t index) {
    switch (o->element) {
    case FLOATS: return ((const float *)o->data)[index];
    case BFLOATS: return bits_to_float((uint32_t)((const uint16_t *)o->data)[index] << 16);
    case INT8S: return ((const int8_t *)o->data)[index];
    case INT16S: return ((const int16_t *)o->data)[index];
    case INT32S: return ((const int32_t *)o->data)[index];
    }
    return 0;
}

static bool same_element(const output *a, const output *b, size_t index) {
    const size_t bytes = element_bytes(a->element);
    if (memcmp((const char *)a->data + index * bytes, (const char *)b->data + index * bytes, bytes) == 0) return true;
    return isnan(element_at(a, index)) && isnan(element_at(b, index));
}

static bool guards_hold(const output *o) {
    const unsigned char *before = (const unsigned char *)o->data - GUARD_BYTES;
    const unsigned char *after = (const unsigned char *)o->data + output_bytes(o);
    for (size_t i = 0; i < GUARD_BYTES; i++)
        if (before[i] != GUARD_BYTE || after[i] != GUARD_BYTE) return false;
    return true;
}

bool same_output(check_case *c, const char *variant, const char *what, const output *plain, const output *own) {
    if (!guards_hold(own)) return fails(c, variant, "it writes outside %s", what);
    if (memcmp(plain->data, own->data, output_bytes(plain)) == 0) return true;
    for (size_t row = 0; row < plain->rows; row++) {
        for (size_t i = 0; i < plain->stride; i++) {
            const size_t index = row * plain->stride + i;
            if (!same_element(plain, own, index))
                return fails(
                    c, variant, "%s at row %zu, element %zu is %.9g (%a), the plain one's %.9g (%a)", what, row, i,
                    element_at(own, index), element_at(own, index), element_at(plain, index),
                    element_at(plain, index));
        }
    }
    return true;
}

// Rows

row_range random_range(check_case *c, size_t rows) {
    row_range r = {0, 0, rows};
    if (random_one_in(c, 3)) r.begin = random_size(c, 0, rows - 1);
    if (random_one_in(c, 3)) r.end = random_size(c, r.begin, rows);
    r.cut = random_size(c, r.begin, r.end);
    return r;
}

void copy_rows(const output *to, const float *from, size_t width, size_t stride) {
    for (size_t row = 0; row < to->rows; row++)
        memcpy((float *)to->data + row * to->stride, from + row * stride, width * sizeof *from);
}

bool close_to(check_case *c, const output *y, size_t row, size_t i, double wanted, double tolerance) {
    const double own = ((const float *)y->data)[row * y->stride + i];
    if (fabs(own - wanted) <= tolerance) return true;
    return fails(c, "scalar", "row %zu, element %zu is %.9g; in double precision it is %.9g", row, i, own, wanted);
}

// FNV-1a (Fowler, Noll and Vo) over the elements' bits.
static void add_to_digest(check_case *c, const output *o) {
    const size_t bytes = element_bytes(o->element);
    for (size_t i = 0; i < o->rows * o->stride; i++) {
        uint32_t bits = 0xffffffff; // of a NaN
        if (!isnan(element_at(o, i))) memcpy(&bits, (const char *)o->data + i * bytes, bytes);
        for (size_t byte = 0; byte < sizeof bits; byte++)
            c->digest = (c->digest ^ (bits >> byte * 8 & 0xff)) * 0x100000001b3ull;
    }
}

bool only_part(check_case *c, const char *what, const output *before, const output *after, output_part part) {
    if (!guards_hold(after)) return fails(c, "scalar", "it writes outside %s", what);
    add_to_digest(c, after);
    const size_t bytes = element_bytes(after->element);
    for (size_t row = 0; row < after->rows; row++) {
        const bool inside = row >= part.row_begin && row < part.row_end;
        for (size_t i = 0; i < after->stride; i++) {
            if (inside && i >= part.begin && i < part.end) continue;
            const size_t at = (row * after->stride + i) * bytes;
            if (memcmp((const char *)before->data + at, (const char *)after->data + at, bytes) != 0)
                return fails(c, "scalar", "it writes %s at row %zu, element %zu, which is not its own", what, row, i);
        }
    }
    return true;
}

// Kernels

static const kernel_check *const kernels[] = {
    &pack_check,       &encode_check,           &linear_f32_check, &linear_f16_check,
    &linear_bf16_check, &linear_bf16_bf16_check, &linear_q8_check,  &linear_q4_check,
    &linear_w8_check,  &rms_norm_check,         &rope_check,       &silu_multiply_check,
    &attention_check,  &pack_stored_check,      &rope_interleaved_check, &layer_norm_check,
    &activate_check,   &softmax_check,          &softcap_check, &attention_window_check,
    &attention_scores_check, &attention_latent_check, &encode_16_check, &linear_q4_1_check, &linear_q5_0_check,
    &linear_q5_1_check, &linear_q2_k_check, &linear_q4_k_check, &linear_q5_k_check, &linear_q6_k_check,
    &linear_iq4_nl_check, &linear_iq4_xs_check, &linear_mxfp4_check, &linear_int4_check, &fit_check,
    &attention_chunks_check, &short_convolution_check, &mamba2_scan_check, &sigmoid_check, &delta_check,
    &attention_ahead_check, &attention_slopes_check, &attention_biases_check,
};

size_t llm_kernel_count(void) { return sizeof kernels / sizeof *kernels; }

const char *llm_kernel_name(size_t kernel) { return kernels[kernel]->name; }

bool llm_kernel_variant_at(size_t kernel, size_t index, llm_kernel_variant *variant) {
    const variant_table table = kernels[kernel]->table();
    if (index >= table.count) return false;
    const char *row = (const char *)table.rows + index * table.row_size;
    memcpy(&variant->name, row + offsetof(llm_kernel_variant, name), sizeof variant->name);
    memcpy(&variant->features, row + offsetof(llm_kernel_variant, features), sizeof variant->features);
    return true;
}

// Runs a case; returns whether all agree.
static bool run_case(
    size_t kernel, uint64_t seed, uint32_t features, char message[LLM_CHECK_MESSAGE], uint64_t *digest) {
    check_case c = {
        .kernel = kernels[kernel]->name,
        .seed = seed,
        .state = seed * 0x9e3779b97f4a7c15ull | 1,
        .features = features,
        .message = message,
        .digest = 0xcbf29ce484222325ull,
    };
    for (int i = 0; i < 8; i++) random_bits(&c); // seeds that are close part
    message[0] = 0;
    const bool agrees = kernels[kernel]->check(&c);
    for (size_t i = 0; i < c.memory_count; i++) free(c.memory[i]);
    free(c.memory);
    *digest = c.digest;
    return agrees;
}

bool llm_kernel_check(size_t kernel, uint64_t seed, uint32_t features, char message[LLM_CHECK_MESSAGE]) {
    uint64_t digest;
    return run_case(kernel, seed, features, message, &digest);
}

uint64_t llm_kernel_digest(size_t kernel, uint64_t seed) {
    char message[LLM_CHECK_MESSAGE];
    uint64_t digest;
    run_case(kernel, seed, 0, message, &digest);
    return digest;
}

const char *llm_cpu_feature_name(unsigned bit) {
    static const char *const names[] = {"avx2", "avxvnni", "avx512",  "avx512vnni", "avx512bf16",
                                        "neon", "dotprod", "i8mm", "bf16"};
    return bit < sizeof names / sizeof *names ? names[bit] : NULL;
}
