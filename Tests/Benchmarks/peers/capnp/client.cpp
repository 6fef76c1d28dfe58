// Cap'n Proto C++: client on one KJ event loop, with any number of connections.
#include <capnp/ez-rpc.h>

#include <memory>
#include <vector>

#include "../common/window.h"
#include "echo.capnp.h"

namespace {

class Client final : public kj::TaskSet::ErrorHandler {
 public:
  explicit Client(const options& o) : o(o), payload(kj::heapArray<kj::byte>(o.payload)) {
    memset(payload.begin(), 'x', payload.size());
    for (int i = 0; i < o.connections; i++) {
      connections.push_back(std::make_unique<capnp::EzRpcClient>("127.0.0.1", o.port));
      echoes.push_back(connections.back()->getMain<Echo>());
      request(echoes.back()).send().wait(connections.back()->getWaitScope());
      if (i == 0) rss_of_one = process_rss_kib(o.server);
    }
  }

  void run() {
    tasks = kj::heap<kj::TaskSet>(*this);
    auto over = kj::newPromiseAndFulfiller<void>();
    finished = kj::mv(over.fulfiller);
    window_start(&measured, &o);
    for (auto& echo : echoes)
      for (int i = 0; i < o.outstanding; i++) send(echo);
    over.promise.wait(connections.front()->getWaitScope());
    window_print(&measured);
  }

  long rss_of_one = 0;

 private:
  using Request = capnp::Request<Echo::UnaryParams, Echo::UnaryResults>;

  Request request(Echo::Client& echo) {
    auto request = echo.unaryRequest(capnp::MessageSize{o.payload / sizeof(capnp::word) + 8, 0});
    request.setData(payload);
    return request;
  }

  void send(Echo::Client& echo) {
    const uint64_t sent = now_ns();
    tasks->add(request(echo).send().then([this, &echo, sent](auto&&) {
      if (window_count(&measured, sent, now_ns(), 1)) send(echo);
      else finished->fulfill();
    }));
  }

  void taskFailed(kj::Exception&& exception) override {
    fprintf(stderr, "capnp: %s\n", exception.getDescription().cStr());
    exit(1);
  }

  const options& o;
  kj::Array<kj::byte> payload;
  std::vector<std::unique_ptr<capnp::EzRpcClient>> connections;
  std::vector<Echo::Client> echoes;
  kj::Own<kj::TaskSet> tasks;
  kj::Own<kj::PromiseFulfiller<void>> finished;
  window measured;
};

}  // namespace

int main(int argc, char** argv) {
  const options o = options_parse(argc, argv);
  Client client(o);
  if (!strcmp(o.shape, "idle")) window_print_idle(&o, client.rss_of_one);
  else client.run();
  fflush(stdout);
  _exit(0);  // calls are still in flight
}
