/* Sender of the plain socket pair, blocking. */
#include "../common/window.h"
#include "stream.h"

static void lost(void) {
  fprintf(stderr, "the server closed the connection\n");
  exit(1);
}

struct sender {
  struct stream stream;
  char *message;
  size_t payload;
};

static void send_all(struct stream *s, const char *bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = stream_write(s, bytes, size);
    if (n <= 0) lost();
    bytes += n;
    size -= (size_t)n;
  }
}

static void upload(void *context, uint64_t bytes) {
  struct sender *sender = context;
  char answer;
  send_all(&sender->stream, (const char *)&bytes, sizeof bytes);
  while (bytes > 0) {
    const size_t size = bytes < sender->payload ? bytes : sender->payload;
    send_all(&sender->stream, sender->message, size);
    bytes -= size;
  }
  if (stream_read(&sender->stream, &answer, 1) != 1) lost();
}

int main(int argc, char **argv) {
  static struct window window;
  struct options o = options_parse(argc, argv);
  o.addresses = 1;
  SSL_CTX *context = stream_client_context(&o);
  if (context) SSL_CTX_clear_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
  struct sender sender = {stream_connect(&o, 0, context), calloc(1, o.payload), o.payload};
  window_uploads(&window, &o, upload, &sender);
  return 0;
}
