/* Receiver of the plain socket pair: a length of 8 bytes, as many bytes, one byte in answer. */
#include "stream.h"

enum { BUFFER = 256 * 1024 };

static char buffer[BUFFER];

/* False: the sender has closed the connection. */
static bool receive(struct stream *s, uint64_t size) {
  while (size > 0) {
    const ssize_t n = stream_read(s, buffer, size < BUFFER ? size : BUFFER);
    if (n <= 0) return false;
    size -= (uint64_t)n;
  }
  return true;
}

int main(int argc, char **argv) {
  struct options o = options_parse(argc, argv);
  SSL_CTX *context = stream_server_context(&o);
  int listener;
  o.addresses = 1;
  stream_listen(&o, &listener);
  for (;;) {
    struct stream s = stream_accept(listener, context);
    uint64_t size;
    while (receive(&s, sizeof size)) {
      memcpy(&size, buffer, sizeof size);
      if (!receive(&s, size) || stream_write(&s, "", 1) != 1) break;
    }
    stream_close(&s);
  }
}
