/* Clocks, and what the kernel knows of a process: its CPU time and its memory. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t) != 0) {
    perror("clock_gettime");
    exit(1);
  }
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* CPU time of all threads of a process, user and system, to the nanosecond. */
static inline uint64_t process_cpu_ns(pid_t process) {
  clockid_t clock;
  if (clock_getcpuclockid(process, &clock) != 0) {
    fprintf(stderr, "process %d is gone\n", (int)process);
    exit(1);
  }
  return clock_ns(clock);
}

/* Resident memory of a process, KiB. */
static inline long process_rss_kib(pid_t process) {
  char path[64];
  long size = 0, resident = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
  FILE *file = fopen(path, "r");
  if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}
