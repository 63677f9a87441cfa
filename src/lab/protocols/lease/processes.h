// Issuer, holders and the store that holders write to.
//
// The cast: issuer, store, h1, h2, … Operation: work, of a holder: it wants the lease once.
// Threads: none.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstdint>
#include <optional>

namespace ostraka::lab::lease_roles {

// The steps of the algorithm on the page.
enum Step : int { ask = 1, grant, hold, use, fence };

inline constexpr ProcessId kIssuer{1};
inline constexpr ProcessId kStore{2};

// Keeps its promise by its own clock; its memory of it is on stable storage.
class Issuer final : public Process {
 public:
  Issuer(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  base::Duration length_;
  base::Instant until_;
  std::int64_t token_ = 0;
};

class Holder final : public Process {
 public:
  explicit Holder(const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void send_request(base::Instant now, Effects& effects);
  void on_message(const Message& message, base::Instant now, Effects& effects);
  void on_timer(const std::string& name, base::Instant now, Effects& effects);
  void write(base::Instant now, Effects& effects);
  void lapse(Effects& effects);

  base::Duration retry_;
  base::Duration patience_;
  base::Duration write_every_;
  std::int64_t bound_percent_;
  bool counts_from_send_;
  std::int64_t request_ = 0;  // number of the latest
  base::Instant sent_;        // when that was sent, by the own clock
  bool is_asking_ = false;
  std::int64_t token_ = 0;  // of the lease in hand; 0: none
  base::Instant until_;
  std::int64_t written_ = 0;
};

class Store final : public Process {
 public:
  Store(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  bool is_fencing_;
  std::int64_t highest_ = 0;
};

}  // namespace ostraka::lab::lease_roles
