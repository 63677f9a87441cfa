// The durable writes of an engine that are under way: which of them are on disk, and what waits for
// them. Parts of engines.
//
// Values without I/O; no threads. They grow with the writes under way and never shrink: the steady
// state allocates nothing. Errors: an echo that differs from its write is a bug of the driver, and
// ends the process.
#pragma once

#include "model/ids.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"
#include "protocol/core/message.h"
#include "protocol/core/ring.h"

namespace ostraka::protocol {

// Of any engine: tokens rise, and what is durable is a prefix of them.
class AppendTokens {
 public:
  [[nodiscard]] AppendToken issued() const { return issued_; }
  [[nodiscard]] AppendToken done() const { return done_; }
  [[nodiscard]] bool is_durable(AppendToken token) const { return token <= done_; }

  // This step writes: its append gets a token, once.
  void open(Append& append);
  // The end of a step that writes, under `term`; `index` as Append says.
  void close(Append& append, model::Term term, model::LogIndex index);
  void complete(const Durable& event);
  // An empty message that leaves now, or as soon as `behind` is durable.
  Message& message_behind(AppendToken behind, Effects& out) const {
    if (is_durable(behind)) {
      return out.send_now.add();
    }
    DelayedMessage& delayed = out.send_after_durable.add();
    delayed.token = behind;
    return delayed.message;
  }

 private:
  struct UnderWay {
    AppendToken token;
    model::Term term;
    model::LogIndex index;
  };

  AppendToken issued_;
  AppendToken done_;
  Ring<UnderWay> under_way_;
};

// Of an engine whose log only grows at its end and is cut from there: up to where it is durable.
class DurableIndex {
 public:
  // Every entry up to here is durable.
  [[nodiscard]] model::LogIndex index() const { return index_; }

  // The whole log comes from the disk.
  void start_at(model::LogIndex last) { index_ = last; }
  // A write under way; the log ends at `last`.
  void add(AppendToken token, model::LogIndex last) { under_way_.push_back({token, last}); }
  void complete(AppendToken done);
  // A truncation overtakes writes that are still under way: they cover less now.
  void truncate(model::LogIndex from);
  // The log starts anew behind a snapshot: earlier writes say nothing of it.
  void restart_at(model::LogIndex base);

 private:
  struct Covers {
    AppendToken token;
    model::LogIndex last;
  };

  model::LogIndex index_;
  Ring<Covers> under_way_;
};

}  // namespace ostraka::protocol
