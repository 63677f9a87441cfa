#include "port/network_contract.h"

#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <memory>
#include <string>

namespace ostraka::sim_ports {
namespace {

class SimHarness final : public port::NetworkHarness {
 public:
  ~SimHarness() override {
    client_.reset();
    server_.reset();
    client_executor_.reset();
    server_executor_.reset();
  }
  port::Executor& executor() override { return *client_executor_; }
  port::Network& server() override { return *server_; }
  port::Network& client() override { return *client_; }
  std::string listen_address() override { return "s:" + std::to_string(++port_); }
  std::string dead_address() override { return "s:9999"; }
  bool run_until(const std::function<bool()>& done, base::Duration limit) override {
    const base::Instant end = scheduler_.now() + limit;
    bool is_done = done();
    while (!is_done && scheduler_.now() < end && scheduler_.step()) {
      is_done = done();
    }
    return is_done;
  }

 private:
  SimScheduler scheduler_;
  SimFabric fabric_{scheduler_, 3};
  SimClock clock_;
  std::unique_ptr<SimExecutor> client_executor_ =
      std::make_unique<SimExecutor>(scheduler_, clock_, 1);
  std::unique_ptr<SimExecutor> server_executor_ =
      std::make_unique<SimExecutor>(scheduler_, clock_, 2);
  std::unique_ptr<SimNetwork> client_ =
      std::make_unique<SimNetwork>(fabric_, *client_executor_, "c");
  std::unique_ptr<SimNetwork> server_ =
      std::make_unique<SimNetwork>(fabric_, *server_executor_, "s");
  int port_ = 0;
};

std::unique_ptr<port::NetworkHarness> make_harness() { return std::make_unique<SimHarness>(); }

}  // namespace
}  // namespace ostraka::sim_ports

namespace ostraka::port {
INSTANTIATE_TEST_SUITE_P(Simulated, NetworkContract, ::testing::Values(&sim_ports::make_harness));
}  // namespace ostraka::port
