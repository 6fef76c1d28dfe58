/* Raw epoll echo: what is read is written back, one read and one write per turn and connection. */
#include <sys/epoll.h>

#include "stream.h"

enum { EVENTS = 256, BUFFER = 256 * 1024 };

struct connection {
  struct stream stream;
  char *unsent; /* allocated only while the socket's buffer is full */
  size_t unsent_size;
  bool is_listener;
};

static char buffer[BUFFER];
static int poller;

static void watch(struct connection *c, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(poller, operation, c->stream.fd, &event) != 0) {
    perror("epoll_ctl");
    exit(1);
  }
}

static void forget(struct connection *c) {
  stream_close(&c->stream);
  free(c->unsent);
  free(c);
}

/* Keeps what the socket did not take and waits until it takes more. */
static void keep(struct connection *c, const char *bytes, size_t size) {
  c->unsent = malloc(size);
  if (!c->unsent) abort();
  memcpy(c->unsent, bytes, size);
  c->unsent_size = size;
  watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

/* False: the connection is over. */
static bool send_all(struct connection *c, const char *bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = stream_write(&c->stream, bytes, size);
    if (n < 0) return false;
    if (n == 0) {
      keep(c, bytes, size);
      return true;
    }
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

static bool flush(struct connection *c) {
  char *bytes = c->unsent;
  const size_t size = c->unsent_size;
  c->unsent = NULL;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
  const bool is_alive = send_all(c, bytes, size);
  free(bytes);
  return is_alive;
}

static bool echo(struct connection *c) {
  do {
    size_t size = 0;
    do {
      const ssize_t n = stream_read(&c->stream, buffer + size, BUFFER - size);
      if (n < 0) return false;
      if (n == 0) break;
      size += (size_t)n;
    } while (size < BUFFER && stream_has_more(&c->stream));
    if (size == 0) return true;
    if (!send_all(c, buffer, size)) return false;
  } while (!c->unsent && stream_has_more(&c->stream));
  return true;
}

static void serve(struct connection *c) {
  const bool is_alive = (!c->unsent || flush(c)) && (c->unsent || echo(c));
  if (!is_alive) forget(c);
}

static void accept_all(struct connection *listener, SSL_CTX *context) {
  for (;;) {
    struct stream s = stream_accept(listener->stream.fd, context);
    if (s.fd < 0) return;
    struct connection *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->stream = s;
    stream_set_nonblocking(&c->stream);
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

int main(int argc, char **argv) {
  const struct options o = options_parse(argc, argv);
  SSL_CTX *context = stream_server_context(&o);
  struct connection listeners[o.addresses];
  int sockets[o.addresses];
  poller = epoll_create1(0);
  stream_listen(&o, sockets);
  for (int i = 0; i < o.addresses; i++) {
    listeners[i] = (struct connection){.stream = {sockets[i], NULL}, .is_listener = true};
    stream_set_nonblocking(&listeners[i].stream);
    watch(&listeners[i], EPOLL_CTL_ADD, EPOLLIN);
  }
  struct epoll_event events[EVENTS];
  for (;;) {
    const int ready = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (c->is_listener) accept_all(c, context);
      else serve(c);
    }
  }
}
