/* Client of the raw echo: all replies that arrive in one read are answered by one write of as many
 * new requests, which is the best case of batching. */
#include <sys/epoll.h>

#include "../common/window.h"
#include "stream.h"

enum { EVENTS = 256, BUFFER = 1024 * 1024 };

struct connection {
  struct stream stream;
  uint64_t *sent;    /* when each outstanding request was sent: a ring */
  int oldest;
  size_t received;   /* bytes of a reply that is not complete */
  size_t unsent;     /* bytes that the socket has not taken */
  bool waits_to_write;
};

static char incoming[BUFFER], outgoing[BUFFER];
static struct window window;
static int poller;

static void watch(struct connection *c, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(poller, operation, c->stream.fd, &event) != 0) {
    perror("epoll_ctl");
    exit(1);
  }
}

static void lost(void) {
  fprintf(stderr, "the server closed a connection\n");
  exit(1);
}

static void flush(struct connection *c) {
  while (c->unsent > 0) {
    const ssize_t n = stream_write(&c->stream, outgoing, c->unsent < BUFFER ? c->unsent : BUFFER);
    if (n < 0) lost();
    if (n == 0) break;
    c->unsent -= (size_t)n;
  }
  const bool waits = c->unsent > 0;
  if (waits != c->waits_to_write) watch(c, EPOLL_CTL_MOD, EPOLLIN | (waits ? EPOLLOUT : 0));
  c->waits_to_write = waits;
}

/* Number of replies that are complete with what can be read now. */
static size_t receive(struct connection *c, size_t payload) {
  size_t size = 0;
  do {
    const ssize_t n = stream_read(&c->stream, incoming, BUFFER);
    if (n < 0) lost();
    if (n == 0) break;
    size += (size_t)n;
  } while (stream_has_more(&c->stream));
  const size_t replies = (c->received + size) / payload;
  c->received = (c->received + size) % payload;
  return replies;
}

/* False: the window is over. */
static bool turn(struct connection *c, const struct options *o) {
  const size_t replies = receive(c, o->payload);
  const uint64_t now = now_ns();
  for (size_t i = 0; i < replies; i++) {
    uint64_t *sent = &c->sent[c->oldest];
    if (!window_count(&window, *sent, now, 1)) return false;
    *sent = now;
    c->oldest = (c->oldest + 1) % o->outstanding;
  }
  c->unsent += replies * o->payload;
  flush(c);
  return true;
}

static void open_connection(struct connection *c, int index, const struct options *o,
                            SSL_CTX *context) {
  c->stream = stream_connect(o, index, context);
  for (size_t done = 0; done < o->payload;) { /* one call, while the socket still blocks */
    const ssize_t n = stream_write(&c->stream, outgoing, o->payload - done);
    if (n <= 0) lost();
    done += (size_t)n;
  }
  for (size_t done = 0; done < o->payload;) {
    const ssize_t n = stream_read(&c->stream, incoming, o->payload - done);
    if (n <= 0) lost();
    done += (size_t)n;
  }
  stream_set_nonblocking(&c->stream);
}

static void unary(struct connection *connections, const struct options *o) {
  poller = epoll_create1(0);
  window_start(&window, o);
  const uint64_t now = now_ns();
  for (int i = 0; i < o->connections; i++) {
    struct connection *c = &connections[i];
    c->sent = malloc(sizeof *c->sent * (size_t)o->outstanding);
    if (!c->sent) abort();
    for (int k = 0; k < o->outstanding; k++) c->sent[k] = now;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    c->unsent = o->payload * (size_t)o->outstanding;
    flush(c);
  }
  struct epoll_event events[EVENTS];
  for (;;) {
    const int ready = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < ready; i++)
      if (!turn(events[i].data.ptr, o)) return;
  }
}

int main(int argc, char **argv) {
  const struct options o = options_parse(argc, argv);
  SSL_CTX *context = stream_client_context(&o);
  struct connection *connections = calloc((size_t)o.connections, sizeof *connections);
  if (!connections || o.payload == 0 || o.payload > BUFFER) options_usage(argv[0], "--payload");
  long first = 0;
  for (int i = 0; i < o.connections; i++) {
    open_connection(&connections[i], i, &o, context);
    if (i == 0) first = process_rss_kib(o.server);
  }
  if (!strcmp(o.shape, "idle")) {
    window_print_idle(&o, first);
  } else {
    unary(connections, &o);
    window_print(&window);
  }
  return 0;
}
