// A process of the laboratory: a deterministic state machine without I/O, of the same shape as
// protocol::Protocol. Everything that happens to it is an Event, everything that it wants done is
// an effect; the runtime (world.h) carries effects out, draws delays and losses, and records all.
//
//   void step(const Event& event, Effects& effects) {
//     if (const auto* got = std::get_if<Received>(&event.body)) {
//       effects.at(2);                                    // step 2 of the algorithm on the page
//       effects.write("promised", ballot);                // to stable storage
//       effects.send_after_durable(got->from, "promise", {{"ballot", ballot}});
//       effects.note("promise", "promises ballot 3");     // shown as an event of its own
//     }
//   }
//
// Rules: no clock, no randomness but the seed of Birth, no state shared with another process, no
// iteration over hashed containers. The same events give the same effects.
// Threads: one. Ownership: the runtime owns the process and destroys it when it crashes; a restart
// makes a new one from what Storage kept.
#pragma once

#include "base/strong_id.h"
#include "base/time.h"
#include "lab/core/value.h"

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ostraka::lab {

// Place in Setup::processes, from 1.
using ProcessId = base::StrongId<struct ProcessIdTag, std::uint32_t>;
// Names the writes of one step; rising within the life of a process.
using WriteToken = base::StrongOrdinal<struct WriteTokenTag>;
// What survives a crash: the values whose write became durable.
using Storage = std::map<std::string, Value, std::less<>>;

struct Message {
  std::string kind;  // [a-z][a-z0-9_]*
  Fields fields;
};

// -- events

struct Started {};  // the first event of every life
struct TimerFired {
  std::string name;
};
struct Received {
  ProcessId from;
  const Message* message;  // not owned; valid during the step
};
// An operation of the scenario: what a client asks of this process.
struct Input {
  std::string kind;
  Fields fields;
};
// The writes of the step with this token, and of all steps before it, are on stable storage.
struct Durable {
  WriteToken token;
};

struct Event {
  base::Instant now;  // this process's clock: never decreases, differs from others' by its model
  std::variant<Started, TimerFired, Received, Input, Durable> body;
};

// -- effects, in the order in which the process asked for them

struct Send {
  ProcessId to;
  Message message;
  bool after_durable = false;  // behind the writes of this step and all before it
};
struct Arm {
  std::string timer;  // replaces its earlier deadline
  base::Instant deadline;
};
struct Disarm {
  std::string timer;
};
struct Write {
  std::string key;
  Value value;
  bool erase = false;
};
// A change or decision that people should see: "promise", "becomes leader".
struct Note {
  std::string kind;
  std::string text;
};
// What properties are judged on: a decided value, a delivered message, a critical section entered.
struct Output {
  std::string kind;
  Fields fields;
  std::string text;  // empty: made from kind and fields
};
// A line of the process's visible state; an empty text takes it away.
struct Show {
  std::string key;
  std::string text;
};

struct Effect {
  int step = 0;  // of the algorithm on the protocol's page; 0 = none of them
  std::variant<Send, Arm, Disarm, Write, Note, Output, Show> body;
};

class Effects {
 public:
  // What follows belongs to this step of the algorithm. Each call of Process::step starts at 0.
  void at(int step) { step_ = step; }
  void send(ProcessId to, std::string kind, Fields fields = {}) {
    add(Send{.to = to, .message = {std::move(kind), std::move(fields)}});
  }
  void send_after_durable(ProcessId to, std::string kind, Fields fields = {}) {
    add(Send{.to = to, .message = {std::move(kind), std::move(fields)}, .after_durable = true});
  }
  void arm(std::string timer, base::Instant deadline) { add(Arm{std::move(timer), deadline}); }
  void disarm(std::string timer) { add(Disarm{std::move(timer)}); }
  // All writes of a step become durable together; Durable tells when (token()).
  void write(std::string key, Value value) { add(Write{std::move(key), std::move(value)}); }
  void erase(std::string key) { add(Write{.key = std::move(key), .value = {}, .erase = true}); }
  void note(std::string kind, std::string text) { add(Note{std::move(kind), std::move(text)}); }
  void output(std::string kind, Fields fields, std::string text = {}) {
    add(Output{std::move(kind), std::move(fields), std::move(text)});
  }
  void show(std::string key, std::string text) { add(Show{std::move(key), std::move(text)}); }
  template <std::integral T>
  void show(std::string key, T number) {
    show(std::move(key), std::to_string(number));
  }

  // The token that Durable will carry for writes of this step.
  [[nodiscard]] WriteToken token() const { return token_; }
  [[nodiscard]] const std::vector<Effect>& items() const { return items_; }
  // The runtime's, before each step.
  void begin(WriteToken token) {
    items_.clear();
    step_ = 0;
    token_ = token;
  }

 private:
  template <typename Body>
  void add(Body body) {
    items_.push_back(Effect{.step = step_, .body = std::move(body)});
  }
  int step_ = 0;
  WriteToken token_;
  std::vector<Effect> items_;
};

class Process {
 public:
  Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  virtual ~Process() = default;
  virtual void step(const Event& event, Effects& effects) = 0;
};

// What a process knows when its life begins.
struct Birth {
  ProcessId self;
  std::uint64_t seed = 0;            // of this life: differs per process and restart
  base::Instant now;                 // its clock
  bool is_restart = false;           // an earlier life crashed
  const Storage* storage = nullptr;  // what that life left; valid during the call only
};

using ProcessFactory = std::function<std::unique_ptr<Process>(const Birth&)>;

}  // namespace ostraka::lab
