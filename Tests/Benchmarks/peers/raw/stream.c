#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdnoreturn.h>
#include <sys/socket.h>
#include <unistd.h>

noreturn static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "TLS error");
  exit(1);
}

static SSL_CTX *context_make(const SSL_METHOD *method) {
  SSL_CTX *context = SSL_CTX_new(method);
  if (!context) fail("SSL_CTX_new");
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  return context;
}

SSL_CTX *stream_server_context(const struct options *o) {
  if (!o->certificate) return NULL;
  SSL_CTX *context = context_make(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, o->certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, o->key, SSL_FILETYPE_PEM) != 1)
    fail(o->certificate);
  return context;
}

SSL_CTX *stream_client_context(const struct options *o) {
  if (!o->certificate) return NULL;
  SSL_CTX *context = context_make(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  if (SSL_CTX_load_verify_locations(context, o->certificate, NULL) != 1) fail(o->certificate);
  return context;
}

static struct sockaddr_in address_of(const struct options *o, int index, int port) {
  char text[16];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  options_address(o, index, text);
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

static void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void stream_listen(const struct options *o, int *listeners) {
  int port = 0;
  for (int i = 0; i < o->addresses; i++) {
    struct sockaddr_in address = address_of(o, i, port);
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4096)) fail("listen");
    getsockname(fd, (struct sockaddr *)&address, &size);
    port = ntohs(address.sin_port);
    listeners[i] = fd;
  }
  printf("%d\n", port);
  fflush(stdout);
}

static struct stream stream_over(int fd, SSL_CTX *context) {
  struct stream s = {fd, NULL};
  set_no_delay(fd);
  if (context) {
    s.ssl = SSL_new(context);
    if (!s.ssl || SSL_set_fd(s.ssl, fd) != 1) fail("SSL_new");
  }
  return s;
}

struct stream stream_accept(int listener, SSL_CTX *context) {
  const int fd = accept(listener, NULL, NULL);
  if (fd < 0 && errno != EAGAIN) fail("accept");
  if (fd < 0) return (struct stream){-1, NULL};
  struct stream s = stream_over(fd, context);
  if (s.ssl) SSL_set_accept_state(s.ssl);
  return s;
}

struct stream stream_connect(const struct options *o, int index, SSL_CTX *context) {
  struct sockaddr_in address = address_of(o, index, o->port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  struct stream s = stream_over(fd, context);
  if (s.ssl && SSL_connect(s.ssl) != 1) fail("SSL_connect");
  return s;
}

void stream_set_nonblocking(struct stream *s) {
  if (fcntl(s->fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
}

/* 0 or -1 for a call that moved nothing. */
static ssize_t moved_nothing(const struct stream *s, int result) {
  if (!s->ssl) return result < 0 && errno == EAGAIN ? 0 : -1;
  const int error = SSL_get_error(s->ssl, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

ssize_t stream_read(struct stream *s, void *bytes, size_t size) {
  if (s->ssl) ERR_clear_error();
  const ssize_t n = s->ssl ? SSL_read(s->ssl, bytes, (int)size) : read(s->fd, bytes, size);
  return n > 0 ? n : moved_nothing(s, (int)n);
}

ssize_t stream_write(struct stream *s, const void *bytes, size_t size) {
  if (s->ssl) ERR_clear_error();
  const ssize_t n = s->ssl ? SSL_write(s->ssl, bytes, (int)size) : write(s->fd, bytes, size);
  return n > 0 ? n : moved_nothing(s, (int)n);
}

bool stream_has_more(const struct stream *s) { return s->ssl && SSL_has_pending(s->ssl); }

void stream_close(struct stream *s) {
  SSL_free(s->ssl);
  close(s->fd);
}
