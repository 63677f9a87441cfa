// A write to the engine that a pool thread does, or whoever needs its end first.
//
// Threads: constructed, asked and destroyed on one thread, the reactor's; the write runs there
// (finish()) or on the pool, once. What it refers to must live until finish() has returned or the
// DeferredWrite is gone. A simulated executor never runs it while the reactor waits, so nobody can
// wait for ever: who waits and finds it not begun does it.
#pragma once

#include "base/result.h"
#include "port/engine.h"
#include "port/executor.h"

#include <functional>
#include <memory>

namespace ostraka::engine_write {

class DeferredWrite final : public port::EngineWrite {
 public:
  using Write = std::move_only_function<base::Status()>;

  // Hands `write` to the lane.
  DeferredWrite(port::Executor& executor, unsigned lane, Write write);
  // Has ended already, with this outcome.
  explicit DeferredWrite(base::Status outcome);
  // Takes back what nobody has begun; waits for what somebody has.
  ~DeferredWrite() override;

  [[nodiscard]] bool done() const override;
  [[nodiscard]] base::Status finish() override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the pool's job
};

}  // namespace ostraka::engine_write
