// gRPC C++: asynchronous server with one completion queue and one thread on it.
//
// Methods are "raw": they hand over the bytes of a message without decoding it, so that gRPC is
// measured and not protobuf, to gRPC's advantage.
#include <deque>

#include "credentials.h"
#include "echo.grpc.pb.h"

namespace {

using Service = assay::peers::Echo::WithRawMethod_Unary<
    assay::peers::Echo::WithRawMethod_Upload<assay::peers::Echo::Service>>;

// A call at the server; the completion queue's tag.
struct Call {
  virtual ~Call() = default;
  // What was asked for has happened, or (`ok` false) cannot happen any more.
  virtual void proceed(bool ok) = 0;
};

struct UnaryCall final : Call {
  UnaryCall(Service& service, grpc::ServerCompletionQueue& queue)
      : service(service), queue(queue), responder(&context) {
    service.RequestUnary(&context, &request, &responder, &queue, &queue, this);
  }

  void proceed(bool ok) override {
    if (!ok || is_answered) {
      delete this;
      return;
    }
    is_answered = true;
    new UnaryCall(service, queue);
    responder.Finish(request, grpc::Status::OK, this);
  }

  Service& service;
  grpc::ServerCompletionQueue& queue;
  grpc::ServerContext context;
  grpc::ByteBuffer request;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder;
  bool is_answered = false;
};

struct UploadCall final : Call {
  UploadCall(Service& service, grpc::ServerCompletionQueue& queue)
      : service(service), queue(queue), reader(&context) {
    service.RequestUpload(&context, &reader, &queue, &queue, this);
  }

  void proceed(bool ok) override {
    if (is_answered || (!has_begun && !ok)) {
      delete this;
      return;
    }
    if (!has_begun) new UploadCall(service, queue);
    has_begun = true;
    if (ok) {
      reader.Read(&message, this);
      return;
    }
    is_answered = true;
    reader.Finish(grpc::ByteBuffer(&empty, 1), grpc::Status::OK, this);
  }

  Service& service;
  grpc::ServerCompletionQueue& queue;
  grpc::ServerContext context;
  grpc::ByteBuffer message;
  grpc::Slice empty;
  grpc::ServerAsyncReader<grpc::ByteBuffer, grpc::ByteBuffer> reader;
  bool has_begun = false;
  bool is_answered = false;
};

// A builder learns the port it was given only once it has built: too late to ask for the
// same port on further addresses.
int free_port() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  Service service;
  builder.RegisterService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  server->Shutdown();
  queue->Shutdown();
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) {
  }
  return port;
}

}  // namespace

int main(int argc, char** argv) {
  const options o = options_parse(argc, argv);
  Service service;
  grpc::ServerBuilder builder;
  int port = o.addresses > 1 ? free_port() : 0;
  for (int i = 0; i < o.addresses; i++) {
    char address[16];
    options_address(&o, i, address);
    builder.AddListeningPort(std::string(address) + ":" + std::to_string(port),
                             server_credentials(o), &port);
  }
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server || port == 0) return 1;
  for (int i = 0; i < 256; i++) new UnaryCall(service, *queue);
  new UploadCall(service, *queue);
  printf("%d\n", port);
  fflush(stdout);
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->proceed(ok);
  return 0;
}
