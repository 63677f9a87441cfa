#include "port/deferred_write.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace ostraka::port {

struct DeferredWrite::State {
  enum class Stage : std::uint8_t { waiting, running, done };

  // Does it if nobody has begun.
  void run() {
    {
      const std::scoped_lock lock(mutex);
      if (stage != Stage::waiting) {
        return;
      }
      stage = Stage::running;
    }
    base::Status status = write();
    {
      const std::scoped_lock lock(mutex);
      outcome = std::move(status);
      stage = Stage::done;
    }
    ended.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    ended.wait(lock, [this] { return stage == Stage::done; });
  }

  std::mutex mutex;
  std::condition_variable ended;
  Stage stage = Stage::waiting;
  Write write;
  base::Status outcome;
};

DeferredWrite::DeferredWrite(Executor& executor, unsigned lane, Write write)
    : state_(std::make_shared<State>()) {
  state_->write = std::move(write);
  executor.run_blocking(lane, [state = state_] { state->run(); }, [] {});
}

DeferredWrite::DeferredWrite(base::Status outcome) : state_(std::make_shared<State>()) {
  state_->stage = State::Stage::done;
  state_->outcome = std::move(outcome);
}

DeferredWrite::~DeferredWrite() {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->stage == State::Stage::waiting) {
      state_->stage = State::Stage::done;
      return;
    }
  }
  state_->wait();
}

bool DeferredWrite::done() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->stage == State::Stage::done;
}

base::Status DeferredWrite::finish() {
  state_->run();
  state_->wait();
  return state_->outcome;
}

}  // namespace ostraka::port
