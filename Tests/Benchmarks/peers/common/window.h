/* The measured window of a client: warm-up, then a fixed time in which calls are counted.
 *
 * CPU times are read at the first call that ends after the warm-up and at the first that ends after
 * the window, so they cover exactly the calls that are counted. Every client prints one JSON object
 * with what it measured; the harness adds what it asked for. */
#pragma once

#include "histogram.h"
#include "options.h"
#include "process.h"

enum window_state { WINDOW_WARM_UP, WINDOW_OPEN, WINDOW_OVER };

struct window {
  const struct options *options;
  uint64_t begin, end;              /* planned, then as it was */
  uint64_t server_cpu, client_cpu;  /* at the beginning, then what was used */
  enum window_state state;
  struct histogram latencies;
};

static inline void window_start(struct window *w, const struct options *o) {
  memset(w, 0, sizeof *w);
  w->options = o;
  w->begin = now_ns() + (uint64_t)(o->warm_up * 1e9);
}

static inline void window_open(struct window *w, uint64_t now) {
  w->state = WINDOW_OPEN;
  w->begin = now;
  w->end = now + (uint64_t)(w->options->seconds * 1e9);
  w->server_cpu = process_cpu_ns(w->options->server);
  w->client_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void window_close(struct window *w, uint64_t now) {
  w->state = WINDOW_OVER;
  w->end = now;
  w->server_cpu = process_cpu_ns(w->options->server) - w->server_cpu;
  w->client_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - w->client_cpu;
}

/* Counts `calls` that were sent together and ended now. False: it is over, send no more. */
static inline bool window_count(struct window *w, uint64_t sent, uint64_t now, uint64_t calls) {
  if (w->state == WINDOW_OPEN) {
    if (calls) histogram_record(&w->latencies, now - sent, calls);
    if (now >= w->end) window_close(w, now);
  } else if (w->state == WINDOW_WARM_UP && now >= w->begin) {
    window_open(w, now);
  }
  return w->state != WINDOW_OVER;
}

static inline void window_print(const struct window *w) {
  const struct histogram *h = &w->latencies;
  const double seconds = (double)(w->end - w->begin) / 1e9;
  const double calls = h->total ? (double)h->total : 1;
  printf("{\"seconds\": %.3f, \"calls\": %llu, \"calls_per_second\": %.1f, \"p50_us\": %.2f, "
         "\"p99_us\": %.2f, \"p999_us\": %.2f, \"server_cpu_us_per_call\": %.4f, "
         "\"client_cpu_us_per_call\": %.4f, \"rss_kib\": %ld}\n",
         seconds, (unsigned long long)h->total, (double)h->total / seconds,
         histogram_us(h, 0.5), histogram_us(h, 0.99), histogram_us(h, 0.999),
         (double)w->server_cpu / 1e3 / calls, (double)w->client_cpu / 1e3 / calls,
         process_rss_kib(w->options->server));
}

/* Runs one upload to warm up, then as many as begin within the window; `upload` sends all bytes and
 * returns when the server has confirmed them. A message counts as a call. */
static inline void window_uploads(struct window *w, const struct options *o,
                                  void (*upload)(void *context, uint64_t bytes), void *context) {
  upload(context, o->bytes / 8);
  window_start(w, o);
  window_open(w, now_ns());
  uint64_t uploads = 0, now = w->begin;
  for (; now < w->end; now = now_ns(), uploads++) upload(context, o->bytes);
  window_close(w, now);
  const double seconds = (double)(w->end - w->begin) / 1e9;
  const double bytes = (double)(uploads * o->bytes), calls = bytes / (double)o->payload;
  printf("{\"seconds\": %.3f, \"calls\": %.0f, \"calls_per_second\": %.1f, "
         "\"bytes_per_second\": %.0f, \"server_cpu_us_per_call\": %.3f, "
         "\"client_cpu_us_per_call\": %.3f, \"server_cpu_seconds_per_gib\": %.3f, "
         "\"client_cpu_seconds_per_gib\": %.3f, \"rss_kib\": %ld}\n",
         seconds, calls, calls / seconds, bytes / seconds, (double)w->server_cpu / 1e3 / calls,
         (double)w->client_cpu / 1e3 / calls, (double)w->server_cpu * 1.073741824 / bytes,
         (double)w->client_cpu * 1.073741824 / bytes, process_rss_kib(o->server));
}

/* Prints what idle connections cost: `first` is the memory of the server with one of them. */
static inline void window_print_idle(const struct options *o, long first) {
  const long all = process_rss_kib(o->server);
  printf("{\"rss_kib\": %ld, \"rss_one_connection_kib\": %ld, \"rss_kib_per_connection\": %.2f}\n",
         all, first, (double)(all - first) / (o->connections > 1 ? o->connections - 1 : 1));
}
