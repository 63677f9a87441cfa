// The steps of an exact schedule and the conditions that they wait for: the grammar only.
//
//   await COND [or COND …] [within MS]   until it holds; 5000 ms unless said
//   expect COND [or COND …]              it holds now
//   demand COND [or COND …] [within MS]  as await; but when it does not come true, that is a
//                                        violation in every run, with a planted bug, too
//   wait MS                              so much time passes
//   note NAME VALUE                      remembers a value
//   hold|release|pass|drop KIND FROM TO  see message_control.h; release, pass, drop: FROM TO
//   quiet NODE|all · loud NODE|all       does not, does stand for election by itself
//   campaign NODE · elect NODE           until it is a candidate, until it leads; where an election
//                                        finds the best history, the elected one hands over to it
//   change NODE +NODE|-NODE              the leader NODE promotes a learner, removes a member
//   transfer NODE NODE                   from the one to the other
//   die_at_event NODE K                  loses power before the K-th disk event from now
//   plant [unwatched]                    the engine's planted bug, if any, is there from now on;
//                                        unwatched: R9 looks away, what comes of it must show
//   write|remove|read|read_follower CLIENT NODE  one operation of the workload `script`
//   anything else                        a fault of faults.h
// COND: VALUE <|<=|=|!=|>=|> VALUE · role NODE = ROLE · role NODE != ROLE · down NODE · up NODE
//   sent KIND FROM TO · held KIND FROM TO · lease NODE · no_lease NODE · refused · accepted
//   open|ok|failed|unknown|ended CLIENT
// role any: of some node.
// VALUE: a number, a noted name, or term|last|durable|commit|applied|voters|sending|receiving NODE
// (voters: how many; sending, receiving: streams of snapshots under way), or elections (won so
// far), highest_term (of any node; of a ballot the round); each of them followed by + NUMBER or
// not.
// Errors: what is not understood. Threads: values only.
#pragma once

#include "base/time.h"
#include "protocol/core/effects.h"
#include "sim/message_control.h"
#include "sim/workload.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::sim {

struct Operand {
  enum class Kind : std::uint8_t {
    number,
    note,
    term,
    last,
    durable,
    commit,
    applied,
    voters,
    sending,
    receiving,
    elections,
    highest_term
  };
  Kind kind = Kind::number;
  std::int64_t number = 0;
  std::string note;
  model::NodeId node;
  std::int64_t plus = 0;
};

enum class Compare : std::uint8_t { less, at_most, equal, unequal, at_least, greater };

struct Condition {
  enum class Kind : std::uint8_t { compare, role, down, sent, held, lease, change_refused, client };
  Kind kind = Kind::compare;
  bool negated = false;
  Operand left;
  Compare compare = Compare::equal;
  Operand right;
  protocol::Role role = protocol::Role::follower;
  model::NodeId node;
  MessageRule rule;
  std::size_t client = 0;
  std::vector<OrderState> states;
};

struct Step {
  enum class Kind : std::uint8_t {
    await,
    expect,
    demand,
    wait,
    note,
    hold,
    release,
    pass,
    drop,
    quiet,
    loud,
    campaign,
    elect,
    change,
    transfer,
    die_at_event,
    plant,
    order,
    fault
  };
  Kind kind = Kind::fault;
  std::vector<Condition> any_of;
  base::Duration time;  // of wait; limit of await, demand, campaign, elect
  std::string name;     // of note
  Operand value;        // of note
  MessageRule rule;
  model::NodeId node;      // none = all
  model::NodeId other;     // of change, transfer
  bool adds = false;       // of change
  bool unwatched = false;  // of plant
  std::uint64_t event = 0;
  std::size_t client = 0;
  OrderKind order = OrderKind::write;
  std::vector<std::string> words;  // as written
  std::uint32_t line = 0;
};

// Nothing when it is not understood. `engine` names the kinds of messages.
[[nodiscard]] std::optional<Step> parse_step(const std::vector<std::string>& words,
                                             std::uint32_t line,
                                             const protocol::EngineProbe& engine);

}  // namespace ostraka::sim
