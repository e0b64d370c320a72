// What the machine can do at most: multiply-adds out of registers, and reading memory.
//
// The loops are written in assembly, so that no compiler and no optimization level changes what they measure. As many
// sums as the registers hold are in flight, at least 24 where there are 32 registers; 16 hold 13 or 14, which is more
// than the latency of an instruction times those that start in a cycle.
#include "CLLMKernelHarness.h"

#define FOR_13 ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12\n"
#define FOR_14 ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13\n"
#define FOR_16 ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
#define FOR_24 ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n"
#define FOR_32                                                                                                         \
    ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
#define END ".endr\n"

// A function that sets registers to zero, runs rounds of `each`, for register r of a list, and leaves the registers.
#define LOOP(name, target, zero, count, each, leave, ...)                                                                     \
    target static void name(size_t rounds) {                                                                           \
        __asm__ volatile(zero "1:\n" FOR_##count each END NEXT leave : "+r"(rounds) : : __VA_ARGS__);                        \
    }

// A function that loads all of a range, in four streams side by side, so that one's new page does not stop the others.
// `loads` loads 256 bytes.
enum { STREAMS = 4, STEP = 256 };
#define READ(name, target, loads, leave, ...)                                                                                 \
    target static void name(const void *memory, size_t bytes) {                                                        \
        const char *start = memory;                                                                                    \
        const size_t stream = bytes / STREAMS / STEP * STEP;                                                           \
        for (size_t i = 0; i < stream; i += STEP)                                                                      \
            for (size_t s = 0; s < STREAMS; s++)                                                                       \
                __asm__ volatile(loads : : "r"(start + s * stream + i) : __VA_ARGS__);                                 \
        __asm__ volatile(leave);                                                                                       \
        for (size_t i = stream * STREAMS; i < bytes; i += sizeof(uint64_t))                                            \
            (void)*(const volatile uint64_t *)(start + i);                                                             \
    }

#if defined(__x86_64__)
#define NEXT "decq %0\njnz 1b\n"
#define XMM_LOW                                                                                                        \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",         \
        "xmm13", "xmm14", "xmm15", "cc"
#define XMM_ALL                                                                                                        \
    XMM_LOW, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26",        \
        "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512vl")))
#define ZERO_XMM FOR_16 "pxor %%xmm\\r,%%xmm\\r\n" END
#define ZERO_YMM FOR_16 "vpxor %%ymm\\r,%%ymm\\r,%%ymm\\r\n" END
#define ZERO_ZMM FOR_32 "vpxord %%zmm\\r,%%zmm\\r,%%zmm\\r\n" END

#define SSE2_LOOP(name, each) LOOP(name, , ZERO_XMM, 13, each, "", XMM_LOW)
#define AVX2_LOOP(name, count, each) LOOP(name, AVX2, ZERO_YMM, count, each "\n", "vzeroupper\n", XMM_LOW)
#define AVX512_LOOP(name, each) LOOP(name, AVX512, ZERO_ZMM, 24, each "\n", "vzeroupper\n", XMM_ALL)

// What the compiler may make of plain C.
SSE2_LOOP(int8_sse2, "movdqa %%xmm13,%%xmm15\npmaddwd %%xmm14,%%xmm15\npaddd %%xmm15,%%xmm\\r\n")
SSE2_LOOP(float32_sse2, "movaps %%xmm13,%%xmm15\nmulps %%xmm14,%%xmm15\naddps %%xmm15,%%xmm\\r\n")

// Without a dot product of bytes: words for 8-bit weights, whose products of bytes would not fit 16 bits.
AVX2_LOOP(int8_avx2, 13, "vpmaddwd %%ymm13,%%ymm14,%%ymm15\nvpaddd %%ymm15,%%ymm\\r,%%ymm\\r")
AVX2_LOOP(int4_avx2, 13, "vpmaddubsw %%ymm13,%%ymm14,%%ymm15\nvpaddw %%ymm15,%%ymm\\r,%%ymm\\r")
AVX512_LOOP(int8_avx512, "vpmaddwd %%zmm24,%%zmm25,%%zmm26\nvpaddd %%zmm26,%%zmm\\r,%%zmm\\r")
AVX512_LOOP(int4_avx512, "vpmaddubsw %%zmm24,%%zmm25,%%zmm26\nvpaddw %%zmm26,%%zmm\\r,%%zmm\\r")

AVX2_LOOP(int8_avx2vnni, 14, "%{vex%} vpdpbusd %%ymm14,%%ymm15,%%ymm\\r")
AVX512_LOOP(int8_avx512vnni, "vpdpbusd %%zmm24,%%zmm25,%%zmm\\r")
AVX512_LOOP(bfloat16_avx512bf16, "vdpbf16ps %%zmm24,%%zmm25,%%zmm\\r")
AVX2_LOOP(float32_avx2, 14, "vfmadd231ps %%ymm14,%%ymm15,%%ymm\\r")
AVX512_LOOP(float32_avx512, "vfmadd231ps %%zmm24,%%zmm25,%%zmm\\r")

static const llm_multiply_add_variant int8[] = {
    {"sse2", 0, int8_sse2, 13 * 16, 13},
    {"avx2", LLM_CPU_AVX2, int8_avx2, 13 * 32, 13},
    {"avx2vnni", LLM_CPU_AVX2 | LLM_CPU_AVX_VNNI, int8_avx2vnni, 14 * 64, 14},
    {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, int8_avx512, 24 * 64, 24},
    {"avx512vnni", LLM_CPU_AVX2 | LLM_CPU_AVX512 | LLM_CPU_AVX512_VNNI, int8_avx512vnni, 24 * 128, 24},
};

static const llm_multiply_add_variant int4[] = {
    {"sse2", 0, int8_sse2, 13 * 16, 13},
    {"avx2", LLM_CPU_AVX2, int4_avx2, 13 * 64, 13},
    {"avx2vnni", LLM_CPU_AVX2 | LLM_CPU_AVX_VNNI, int8_avx2vnni, 14 * 64, 14},
    {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, int4_avx512, 24 * 128, 24},
    {"avx512vnni", LLM_CPU_AVX2 | LLM_CPU_AVX512 | LLM_CPU_AVX512_VNNI, int8_avx512vnni, 24 * 128, 24},
};

#define FLOAT32_ROWS                                                                                                   \
    {"sse2", 0, float32_sse2, 13 * 8, 13}, {"avx2", LLM_CPU_AVX2, float32_avx2, 14 * 16, 14},                          \
        {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, float32_avx512, 24 * 32, 24},

// Without an instruction for pairs of bfloat16 their arithmetic is that of float32.
static const llm_multiply_add_variant bfloat16[] = {
    FLOAT32_ROWS{
        "avx512bf16", LLM_CPU_AVX2 | LLM_CPU_AVX512 | LLM_CPU_AVX512_BF16, bfloat16_avx512bf16, 24 * 64, 24},
};
static const llm_multiply_add_variant float32[] = {FLOAT32_ROWS};

#define LOADS_16                                                                                                       \
    "movups (%0),%%xmm0\nmovups 16(%0),%%xmm1\nmovups 32(%0),%%xmm2\nmovups 48(%0),%%xmm3\n"                           \
    "movups 64(%0),%%xmm0\nmovups 80(%0),%%xmm1\nmovups 96(%0),%%xmm2\nmovups 112(%0),%%xmm3\n"                        \
    "movups 128(%0),%%xmm0\nmovups 144(%0),%%xmm1\nmovups 160(%0),%%xmm2\nmovups 176(%0),%%xmm3\n"                     \
    "movups 192(%0),%%xmm0\nmovups 208(%0),%%xmm1\nmovups 224(%0),%%xmm2\nmovups 240(%0),%%xmm3\n"
#define LOADS_32                                                                                                       \
    "vmovups (%0),%%ymm0\nvmovups 32(%0),%%ymm1\nvmovups 64(%0),%%ymm2\nvmovups 96(%0),%%ymm3\n"                       \
    "vmovups 128(%0),%%ymm0\nvmovups 160(%0),%%ymm1\nvmovups 192(%0),%%ymm2\nvmovups 224(%0),%%ymm3\n"
#define LOADS_64 "vmovups (%0),%%zmm0\nvmovups 64(%0),%%zmm1\nvmovups 128(%0),%%zmm2\nvmovups 192(%0),%%zmm3\n"

READ(read_sse2, , LOADS_16, "", XMM_LOW)
READ(read_avx2, AVX2, LOADS_32, "vzeroupper", XMM_LOW)
READ(read_avx512, AVX512, LOADS_64, "vzeroupper", XMM_LOW)

static const llm_read_variant readers[] = {
    {"sse2", 0, read_sse2},
    {"avx2", LLM_CPU_AVX2, read_avx2},
    {"avx512", LLM_CPU_AVX2 | LLM_CPU_AVX512, read_avx512},
};

#elif defined(__aarch64__)
#define NEXT "subs %0,%0,#1\nb.ne 1b\n"
#define VECTORS                                                                                                        \
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",       \
        "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc"
#define ZERO FOR_32 "movi v\\r\\().16b,#0\n" END
#define NEON_LOOP(name, target, each) LOOP(name, target, ZERO, 24, each "\n", "", VECTORS)
#define DOTPROD __attribute__((target("dotprod")))
#define I8MM __attribute__((target("i8mm")))
#define BF16 __attribute__((target("bf16")))

NEON_LOOP(int8_neon, , "smlal v\\r\\().4s,v24.4h,v25.4h")
NEON_LOOP(int4_neon, , "smlal v\\r\\().8h,v24.8b,v25.8b")
NEON_LOOP(int8_neondot, DOTPROD, "sdot v\\r\\().4s,v24.16b,v25.4b[0]")
NEON_LOOP(int8_neoni8mm, I8MM, "usdot v\\r\\().4s,v24.16b,v25.4b[0]")
NEON_LOOP(bfloat16_neon, BF16, "bfmlalb v\\r\\().4s,v24.8h,v25.8h")
NEON_LOOP(float32_neon, , "fmla v\\r\\().4s,v24.4s,v25.4s")

#define DOT_ROWS                                                                                                       \
    {"neondot", LLM_CPU_NEON | LLM_CPU_DOTPROD, int8_neondot, 24 * 32, 24},                                            \
        {"neoni8mm", LLM_CPU_NEON | LLM_CPU_I8MM, int8_neoni8mm, 24 * 32, 24},
static const llm_multiply_add_variant int8[] = {{"neon", 0, int8_neon, 24 * 8, 24}, DOT_ROWS};
static const llm_multiply_add_variant int4[] = {{"neon", 0, int4_neon, 24 * 16, 24}, DOT_ROWS};
static const llm_multiply_add_variant bfloat16[] = {
    {"neon", 0, float32_neon, 24 * 8, 24},
    {"neonbf16", LLM_CPU_NEON | LLM_CPU_ARM_BF16, bfloat16_neon, 24 * 8, 24},
};
static const llm_multiply_add_variant float32[] = {{"neon", 0, float32_neon, 24 * 8, 24}};

#define LOADS                                                                                                          \
    "ldp q0,q1,[%0]\nldp q2,q3,[%0,#32]\nldp q4,q5,[%0,#64]\nldp q6,q7,[%0,#96]\n"                                     \
    "ldp q0,q1,[%0,#128]\nldp q2,q3,[%0,#160]\nldp q4,q5,[%0,#192]\nldp q6,q7,[%0,#224]\n"
READ(read_neon, , LOADS, "", VECTORS)
static const llm_read_variant readers[] = {{"neon", 0, read_neon}};

#else
#error "the limits of this processor are not known: add its loops"
#endif

const llm_multiply_add_variant *llm_multiply_add_variants(llm_limit limit, size_t *count) {
#define TABLE(table)                                                                                                   \
    *count = sizeof table / sizeof *table;                                                                             \
    return table
    switch (limit) {
    case LLM_LIMIT_INT8: TABLE(int8);
    case LLM_LIMIT_INT4: TABLE(int4);
    case LLM_LIMIT_BFLOAT16: TABLE(bfloat16);
    case LLM_LIMIT_FLOAT32: TABLE(float32);
    }
    *count = 0;
    return NULL;
}

const llm_read_variant *llm_read_variants(size_t *count) { TABLE(readers); }
