#include "net/network.h"
#include "net/reactor.h"
#include "port/network_contract.h"

namespace ostraka::net {
namespace {

class RealHarness final : public port::NetworkHarness {
 public:
  port::Executor& executor() override { return reactor_; }
  port::Network& server() override { return *network_; }
  port::Network& client() override { return *network_; }
  std::string listen_address() override { return "127.0.0.1:0"; }
  std::string dead_address() override {
    // A port that was just ours and is closed now.
    auto listener = network_->listen("127.0.0.1:0", [](std::unique_ptr<port::Stream>) {});
    return (*listener)->address();
  }
  bool run_until(const std::function<bool()>& done, base::Duration limit) override {
    return reactor_.run_until(done, limit);
  }

 private:
  Reactor reactor_;
  std::unique_ptr<port::Network> network_ = make_network(reactor_);
};

std::unique_ptr<port::NetworkHarness> make_harness() { return std::make_unique<RealHarness>(); }

}  // namespace
}  // namespace ostraka::net

namespace ostraka::port {
INSTANTIATE_TEST_SUITE_P(Real, NetworkContract, ::testing::Values(&net::make_harness));
}  // namespace ostraka::port
