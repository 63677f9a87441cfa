#include "port/durable_write_contract.h"

#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_scheduler.h"

#include <memory>

namespace ostraka::sim_ports {
namespace {

class SimHarness final : public port::DurableWriteHarness {
 public:
  port::Executor& executor() override { return *executor_; }
  port::FileSystem& files() override { return *files_; }
  bool run_until(const std::function<bool()>& done) override {
    while (!done()) {
      if (!scheduler_.step()) {
        return false;
      }
    }
    return true;
  }
  void destroy_executor() override {
    executor_.reset();
    while (scheduler_.step()) {  // events of the dead are dropped when they are due
    }
  }

 private:
  SimScheduler scheduler_;
  SimClock clock_;
  SimDisk disk_;
  std::unique_ptr<port::FileSystem> files_ = disk_.open_process();
  std::unique_ptr<SimExecutor> executor_ = std::make_unique<SimExecutor>(scheduler_, clock_, 1);
};

std::unique_ptr<port::DurableWriteHarness> make_harness() { return std::make_unique<SimHarness>(); }

}  // namespace
}  // namespace ostraka::sim_ports

namespace ostraka::port {
INSTANTIATE_TEST_SUITE_P(Simulated, DurableWriteContract,
                         ::testing::Values(&sim_ports::make_harness));
}  // namespace ostraka::port
