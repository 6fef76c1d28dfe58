/* Latencies in buckets of which each is less than 1 % wide. */
#pragma once

#include <stdint.h>

/* 128 buckets for every power of two: 1 ns to 2^40 ns (18 minutes). */
enum { HISTOGRAM_BITS = 7, HISTOGRAM_BUCKETS = (40 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };

struct histogram {
  uint64_t counts[HISTOGRAM_BUCKETS];
  uint64_t total;
};

static inline void histogram_record(struct histogram *h, uint64_t ns, uint64_t times) {
  const int top = ns ? 63 - __builtin_clzll(ns) : 0;
  const int shift = top > HISTOGRAM_BITS ? top - HISTOGRAM_BITS : 0;
  uint64_t bucket = ((uint64_t)shift << HISTOGRAM_BITS) + (ns >> shift);
  if (bucket >= HISTOGRAM_BUCKETS) bucket = HISTOGRAM_BUCKETS - 1;
  h->counts[bucket] += times;
  h->total += times;
}

/* The latency, in microseconds, that `fraction` of the calls did not exceed. */
static inline double histogram_us(const struct histogram *h, double fraction) {
  uint64_t seen = 0;
  for (uint64_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    seen += h->counts[bucket];
    if (seen == 0 || (double)seen < fraction * (double)h->total) continue;
    if (bucket < (2u << HISTOGRAM_BITS)) return (double)bucket / 1e3;
    const uint64_t shift = (bucket >> HISTOGRAM_BITS) - 1;
    const uint64_t low = (bucket - (shift << HISTOGRAM_BITS)) << shift;
    return ((double)low + (double)(UINT64_C(1) << shift) / 2) / 1e3;
  }
  return 0;
}
