#define _GNU_SOURCE
#include "CLLMKernels.h"

#if defined(__linux__)
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

// mbind by its number, without libnuma. The kernel reads one bit less than it is told.
void llm_interleave(void *start, size_t bytes, const unsigned long *nodes, size_t words) {
    syscall(SYS_mbind, start, bytes, MPOL_INTERLEAVE, nodes, words * sizeof *nodes * 8 + 1, 0);
}

#else

void llm_interleave(void *start, size_t bytes, const unsigned long *nodes, size_t words) {
    (void)start, (void)bytes, (void)nodes, (void)words;
}

#endif
