// The kernel checks as a program of its own, for machines and emulators without Swift:
//
//   kernel-check [--cases N] [--seed S] [--kernel NAME] [--digest]
//
// --digest prints instead a hash of what each kernel's plain variant makes of the cases, the same on every processor.
#include "CLLMKernelHarness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USAGE = 64, MAX_FAILURES = 5 };

typedef struct {
    uint64_t cases, seed;
    const char *kernel; // NULL for all
    bool digest;
} options;

static int usage(void) {
    fputs("usage: kernel-check [--cases N] [--seed S] [--kernel NAME] [--digest]\n", stderr);
    return USAGE;
}

static bool parse_number(const char *text, uint64_t *number) {
    char *end;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == 0;
}

static bool parse(int count, char **arguments, options *o) {
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--digest") == 0) {
            o->digest = true;
            continue;
        }
        if (++i == count) return false;
        const char *value = arguments[i];
        if (strcmp(name, "--cases") == 0) {
            if (!parse_number(value, &o->cases)) return false;
        } else if (strcmp(name, "--seed") == 0) {
            if (!parse_number(value, &o->seed)) return false;
        } else if (strcmp(name, "--kernel") == 0) {
            o->kernel = value;
        } else {
            return false;
        }
    }
    return true;
}

// Runs a kernel's cases; returns how many fail.
static uint64_t run(size_t kernel, const options *o, uint32_t features) {
    printf("%-18s", llm_kernel_name(kernel));
    llm_kernel_variant variant;
    for (size_t i = 0; llm_kernel_variant_at(kernel, i, &variant); i++)
        printf((variant.features & ~features) == 0 ? " %s" : " (%s)", variant.name);
    fflush(stdout);
    uint64_t failures = 0;
    for (uint64_t i = 0; i < o->cases && failures < MAX_FAILURES; i++) {
        char message[LLM_CHECK_MESSAGE];
        if (llm_kernel_check(kernel, o->seed + i, features, message)) continue;
        printf("\n  %s", message);
        failures++;
    }
    printf(failures ? "\n" : ": ok\n");
    fflush(stdout);
    return failures;
}

static void print_digest(size_t kernel, const options *o) {
    uint64_t digest = 0;
    for (uint64_t i = 0; i < o->cases; i++) digest = digest * 31 + llm_kernel_digest(kernel, o->seed + i);
    printf("%-18s%016llx\n", llm_kernel_name(kernel), (unsigned long long)digest);
    fflush(stdout);
}

// Prints what the CPU has and what is run.
static void print_heading(const options *o, uint32_t features) {
    printf("features:");
    for (unsigned bit = 0; llm_cpu_feature_name(bit); bit++)
        if (features >> bit & 1) printf(" %s", llm_cpu_feature_name(bit));
    printf("\n%llu cases a kernel from seed %llu; in brackets what this CPU lacks\n", (unsigned long long)o->cases,
           (unsigned long long)o->seed);
}

// Runs each loop that measures a limit once, so that an emulator shows whether it runs at all.
static void run_limits(uint32_t features) {
    static const struct {
        llm_limit limit;
        const char *name;
    } limits[] = {
        {LLM_LIMIT_INT8, "limit int8"},
        {LLM_LIMIT_INT4, "limit int4"},
        {LLM_LIMIT_BFLOAT16, "limit bfloat16"},
        {LLM_LIMIT_FLOAT32, "limit float32"},
    };
    size_t count;
    for (size_t limit = 0; limit < sizeof limits / sizeof *limits; limit++) {
        const llm_multiply_add_variant *variants = llm_multiply_add_variants(limits[limit].limit, &count);
        printf("%-18s", limits[limit].name);
        for (size_t i = 0; i < count; i++) {
            if ((variants[i].features & ~features) != 0) continue;
            printf(" %s", variants[i].name);
            fflush(stdout);
            variants[i].function(10);
        }
        printf(": ok\n");
    }
    static const char memory[5000];
    const llm_read_variant *readers = llm_read_variants(&count);
    printf("%-18s", "limit read");
    for (size_t i = 0; i < count; i++) {
        if ((readers[i].features & ~features) != 0) continue;
        printf(" %s", readers[i].name);
        fflush(stdout);
        readers[i].function(memory, sizeof memory / 64 * 64);
    }
    printf(": ok\n");
}

int main(int count, char **arguments) {
    options o = {.cases = 140, .seed = 1};
    if (!parse(count, arguments, &o)) return usage();
    const uint32_t features = llm_cpu_features();
    if (!o.digest) print_heading(&o, features);
    if (!o.digest && !o.kernel) run_limits(features);
    size_t kernels = 0;
    uint64_t failures = 0;
    for (size_t kernel = 0; kernel < llm_kernel_count(); kernel++) {
        if (o.kernel && strcmp(o.kernel, llm_kernel_name(kernel)) != 0) continue;
        kernels++;
        if (o.digest) {
            print_digest(kernel, &o);
        } else {
            failures += run(kernel, &o, features);
        }
    }
    if (kernels == 0) {
        fprintf(stderr, "error: there is no kernel %s\n", o.kernel);
        return USAGE;
    }
    return failures ? 1 : 0;
}
