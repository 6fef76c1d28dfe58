// What `assay-bench` alone needs of C.
#ifndef ASSAY_CBENCHMARK_H
#define ASSAY_CBENCHMARK_H

#include <stdint.h>

// Calls of malloc, calloc, realloc and aligned_alloc so far, by all threads.
uint64_t assay_allocations(void);

// Has this process, and those it starts, run on the first core only; 0 is success.
int assay_pin_to_first_core(void);

#endif
