// gRPC C++: asynchronous client, one thread on one completion queue, a channel for each connection.
#include <grpcpp/generic/generic_stub.h>

#include <optional>
#include <vector>

#include "../common/window.h"
#include "credentials.h"

namespace {

const std::string unary_method = "/assay.peers.Echo/Unary";
const std::string upload_method = "/assay.peers.Echo/Upload";

[[noreturn]] void fail(const grpc::Status& status) {
  fprintf(stderr, "grpc: %d %s\n", status.error_code(), status.error_message().c_str());
  exit(1);
}

grpc::ByteBuffer message_of(size_t size) {
  grpc::Slice slice(std::string(size, 'x'));
  return grpc::ByteBuffer(&slice, 1);
}

std::shared_ptr<grpc::Channel> connect(const options& o, int index) {
  grpc::ChannelArguments arguments;
  // Without this, channels to one address share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  char address[16];
  options_address(&o, index, address);
  return grpc::CreateCustomChannel(std::string(address) + ":" + std::to_string(o.port),
                                   client_credentials(o), arguments);
}

// One of the outstanding calls; sent again as soon as it has ended.
struct Call {
  Call(grpc::GenericStub& stub, const grpc::ByteBuffer& request) : stub(stub), request(request) {}

  void send(grpc::CompletionQueue& queue) {
    context.emplace();
    context->set_wait_for_ready(true);
    sent = now_ns();
    reader = stub.PrepareUnaryCall(&*context, unary_method, request, &queue);
    reader->StartCall();
    reader->Finish(&response, &status, this);
  }

  grpc::GenericStub& stub;
  const grpc::ByteBuffer& request;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  uint64_t sent = 0;
};

Call& next_ended(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  Call& call = *static_cast<Call*>(tag);
  if (!ok || !call.status.ok()) fail(call.status);
  return call;
}

struct Connections {
  explicit Connections(const options& o) : request(message_of(o.payload)) {
    for (int i = 0; i < o.connections; i++) {
      stubs.push_back(std::make_unique<grpc::GenericStub>(connect(o, i)));
      Call call(*stubs.back(), request);
      call.send(queue);
      next_ended(queue);
      if (i == 0) rss_of_one = process_rss_kib(o.server);
    }
  }

  grpc::CompletionQueue queue;
  grpc::ByteBuffer request;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  long rss_of_one = 0;
};

void unary(const options& o) {
  static window measured;
  Connections connections(o);
  std::vector<std::unique_ptr<Call>> calls;
  window_start(&measured, &o);
  for (auto& stub : connections.stubs)
    for (int i = 0; i < o.outstanding; i++) {
      calls.push_back(std::make_unique<Call>(*stub, connections.request));
      calls.back()->send(connections.queue);
    }
  for (;;) {
    Call& call = next_ended(connections.queue);
    if (!window_count(&measured, call.sent, now_ns(), 1)) break;
    call.send(connections.queue);
  }
  window_print(&measured);
}

void wait(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  if (!queue.Next(&tag, &ok) || !ok) fail(grpc::Status(grpc::StatusCode::ABORTED, "stream ended"));
}

struct Uploader {
  explicit Uploader(const options& o) : stub(connect(o, 0)), message(message_of(o.payload)) {}

  grpc::GenericStub stub;
  grpc::ByteBuffer message;
  grpc::CompletionQueue queue;
};

// One client-streaming call; the number of bytes is rounded up to whole messages.
void upload(void* context, uint64_t bytes) {
  Uploader& u = *static_cast<Uploader*>(context);
  grpc::ClientContext call_context;
  call_context.set_wait_for_ready(true);
  auto stream = u.stub.PrepareCall(&call_context, upload_method, &u.queue);
  stream->StartCall(nullptr);
  wait(u.queue);
  const size_t size = u.message.Length();
  for (uint64_t sent = 0; sent < bytes; sent += size) {
    stream->Write(u.message, nullptr);
    wait(u.queue);
  }
  stream->WritesDone(nullptr);
  wait(u.queue);
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  wait(u.queue);
  grpc::Status status;
  stream->Finish(&status, nullptr);
  wait(u.queue);
  if (!status.ok()) fail(status);
}

}  // namespace

int main(int argc, char** argv) {
  const options o = options_parse(argc, argv);
  if (!strcmp(o.shape, "idle")) {
    const Connections connections(o);
    window_print_idle(&o, connections.rss_of_one);
  } else if (!strcmp(o.shape, "upload")) {
    static window measured;
    Uploader uploader(o);
    window_uploads(&measured, &o, upload, &uploader);
  } else {
    unary(o);
  }
  fflush(stdout);
  _exit(0);  // calls are still in flight; gRPC would wait for them
}
