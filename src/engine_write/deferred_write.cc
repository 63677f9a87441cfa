#include "engine_write/deferred_write.h"

#include <atomic>
#include <cstdint>
#include <utility>

namespace ostraka::engine_write {

struct DeferredWrite::State {
  enum class Stage : std::uint8_t { waiting, running, done };

  // Does it if nobody has begun.
  void run() {
    if (!leave_waiting(Stage::running)) {
      return;
    }
    outcome = write();
    stage.store(Stage::done, std::memory_order_release);
    stage.notify_all();
  }
  // False when somebody has begun, or it is over.
  bool leave_waiting(Stage to) {
    Stage expected = Stage::waiting;
    return stage.compare_exchange_strong(expected, to, std::memory_order_acq_rel);
  }
  [[nodiscard]] bool done() const { return stage.load(std::memory_order_acquire) == Stage::done; }
  // Requires that it has begun.
  void wait() const { stage.wait(Stage::running, std::memory_order_acquire); }

  std::atomic<Stage> stage = Stage::waiting;
  Write write;
  base::Status outcome;  // when done
};

DeferredWrite::DeferredWrite(port::Executor& executor, unsigned lane, Write write)
    : state_(std::make_shared<State>()) {
  state_->write = std::move(write);
  executor.run_blocking(lane, [state = state_] { state->run(); }, [] {});
}

DeferredWrite::DeferredWrite(base::Status outcome) : state_(std::make_shared<State>()) {
  state_->outcome = std::move(outcome);
  state_->stage = State::Stage::done;
}

DeferredWrite::~DeferredWrite() {
  if (!state_->leave_waiting(State::Stage::done)) {
    state_->wait();
  }
}

bool DeferredWrite::done() const { return state_->done(); }

base::Status DeferredWrite::finish() {
  state_->run();
  state_->wait();
  return state_->outcome;
}

}  // namespace ostraka::engine_write
