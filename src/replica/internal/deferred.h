// A function that runs once in a later turn however often it was asked for, and not at all when its
// owner is gone by then. Asking allocates nothing.
#pragma once

#include "port/executor.h"

#include <memory>
#include <utility>

namespace ostraka::replica {

class Deferred {
 public:
  Deferred(port::Executor& executor, port::Closure function)
      : executor_(executor), state_(std::make_shared<State>()) {
    state_->function = std::move(function);
  }
  ~Deferred() { state_->alive = false; }
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;

  // In the next turn.
  void post() {
    if (claim()) {
      executor_.post([state = state_] { run(*state); });
    }
  }
  // At the end of this turn.
  void post_end_of_turn() {
    if (claim()) {
      executor_.post_end_of_turn([state = state_] { run(*state); });
    }
  }

 private:
  struct State {
    port::Closure function;
    bool pending = false;
    bool alive = true;
  };
  [[nodiscard]] bool claim() { return !std::exchange(state_->pending, true); }
  static void run(State& state) {
    if (state.alive) {
      state.pending = false;
      state.function();
    }
  }

  port::Executor& executor_;
  // shared with what is posted, which may run after the owner's destruction
  std::shared_ptr<State> state_;
};

// Tells callbacks that their owner is gone.
class Guard {
 public:
  Guard() : alive_(std::make_shared<bool>(true)) {}
  ~Guard() { *alive_ = false; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  // True while the owner lives.
  [[nodiscard]] std::shared_ptr<const bool> token() const { return alive_; }

 private:
  std::shared_ptr<bool> alive_;
};

}  // namespace ostraka::replica
