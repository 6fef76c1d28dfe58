/* A socket, plain or with TLS 1.3 over it. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../common/options.h"

struct stream {
  int fd;
  SSL *ssl; /* NULL: plaintext */
};

/* NULL when the options name no certificate. */
SSL_CTX *stream_server_context(const struct options *o);
SSL_CTX *stream_client_context(const struct options *o);

/* Listens on all addresses of the options and prints the port. */
void stream_listen(const struct options *o, int *listeners);

/* The next connection; fd -1 when none waits. */
struct stream stream_accept(int listener, SSL_CTX *context);

/* Connects, and shakes hands before the socket is made non-blocking. */
struct stream stream_connect(const struct options *o, int index, SSL_CTX *context);

void stream_set_nonblocking(struct stream *s);

/* Bytes read or written; 0: it would block; -1: the connection is over. */
ssize_t stream_read(struct stream *s, void *bytes, size_t size);
ssize_t stream_write(struct stream *s, const void *bytes, size_t size);

/* Whether bytes wait in user space, of which epoll does not know. */
bool stream_has_more(const struct stream *s);

void stream_close(struct stream *s);
