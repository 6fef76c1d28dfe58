// Cap'n Proto C++: one KJ event loop, a two-party RPC system for each connection.
#include <capnp/ez-rpc.h>

#include "../common/options.h"
#include "echo.capnp.h"

namespace {

class EchoServer final : public Echo::Server {
 protected:
  kj::Promise<void> unary(UnaryContext context) override {
    const auto data = context.getParams().getData();
    // Room for the answer in the first segment.
    const capnp::MessageSize size{data.size() / sizeof(capnp::word) + 8, 0};
    context.getResults(size).setData(data);
    return kj::READY_NOW;
  }
};

}  // namespace

int main(int argc, char** argv) {
  options_parse(argc, argv);
  capnp::EzRpcServer server(kj::heap<EchoServer>(), "127.0.0.1:0");
  auto& scope = server.getWaitScope();
  printf("%u\n", server.getPort().wait(scope));
  fflush(stdout);
  kj::NEVER_DONE.wait(scope);
}
