/* The command line that every peer's server and client share. */
#pragma once

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct options {
  const char *shape;       /* unary, upload or idle */
  size_t payload;          /* bytes of one message */
  int connections;
  int outstanding;         /* calls in flight on each connection */
  double seconds;          /* length of the measured window */
  double warm_up;          /* seconds before it */
  uint64_t bytes;          /* upload: bytes of one upload */
  const char *certificate; /* PEM; NULL: plaintext */
  const char *key;         /* PEM, servers only */
  int port;                /* clients only; a server takes a free one and prints it */
  int addresses;           /* 127.0.0.1 to 127.0.0.N: each has 28,000 ports for clients */
  pid_t server;            /* whose CPU time and memory the client reads */
};

static inline void options_usage(const char *program, const char *name) {
  fprintf(stderr, "%s: unknown or incomplete option %s\n", program, name);
  exit(2);
}

/* Options are pairs of a name and a value. Anything wrong ends the program. */
static inline struct options options_parse(int argc, char **argv) {
  struct options o = {"unary", 64, 1, 1, 3, 0.5, UINT64_C(1) << 30, NULL, NULL, 0, 1, 0};
  for (int i = 1; i < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (!value) options_usage(argv[0], name);
    if (!strcmp(name, "--shape")) o.shape = value;
    else if (!strcmp(name, "--payload")) o.payload = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--connections")) o.connections = atoi(value);
    else if (!strcmp(name, "--outstanding")) o.outstanding = atoi(value);
    else if (!strcmp(name, "--seconds")) o.seconds = atof(value);
    else if (!strcmp(name, "--warm-up")) o.warm_up = atof(value);
    else if (!strcmp(name, "--bytes")) o.bytes = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--certificate")) o.certificate = value;
    else if (!strcmp(name, "--key")) o.key = value;
    else if (!strcmp(name, "--port")) o.port = atoi(value);
    else if (!strcmp(name, "--addresses")) o.addresses = atoi(value);
    else if (!strcmp(name, "--server")) o.server = atoi(value);
    else options_usage(argv[0], name);
  }
  signal(SIGPIPE, SIG_IGN);
  return o;
}

/* The address of the server that connection number `index` goes to. */
static inline void options_address(const struct options *o, int index, char text[16]) {
  snprintf(text, 16, "127.0.0.%d", 1 + index % o->addresses);
}
