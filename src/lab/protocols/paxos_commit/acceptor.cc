// Who is who, what is told; and the acceptors.
#include "lab/protocols/atomic_commit/cast.h"
#include "lab/protocols/paxos_commit/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace ostraka::lab::paxos_tx {

Cast::Cast(const Parameters& parameters)
    : participants(parameters["participants"]),
      leaders(parameters["leaders"]),
      f(parameters["f"]) {}

ProcessId Cast::leader(std::int64_t place) const {
  return place == 0 ? commit::kCoordinator : commit::participant(participants + place);
}

ProcessId Cast::owner_of(std::int64_t ballot) const { return leader((ballot - 1) % leaders); }

std::set<ProcessId> Cast::acceptors() const {
  std::set<ProcessId> all;
  for (std::int64_t i = 0; i <= 2 * f; ++i) {
    all.insert(commit::participant(participants + leaders + i));
  }
  return all;
}

List to_list(const Acceptances& accepted) {
  List list;
  for (const auto& [participant, acceptance] : accepted) {
    list.push_back(List{fmt::format("p{}", participant),
                        acceptance.is_prepared ? "prepared" : "aborted", acceptance.ballot});
  }
  return list;
}

Acceptances to_acceptances(const List& list) {
  Acceptances accepted;
  for (const Value& each : list) {
    const List& row = each.list();
    const std::string& name = row.at(0).text();
    std::int64_t participant = 0;
    std::from_chars(name.data() + 1, name.data() + name.size(), participant);
    accepted[participant] = {row.at(2).integer(), row.at(1).text() == "prepared"};
  }
  return accepted;
}

Acceptor::Acceptor(const Birth& birth, const Parameters& parameters)
    : cast_(parameters), is_stable_(parameters.text("memory") == "stable") {
  if (const auto it = birth.storage->find("promised"); it != birth.storage->end()) {
    promised_ = it->second.integer();
  }
  if (const auto it = birth.storage->find("accepted"); it != birth.storage->end()) {
    accepted_ = to_acceptances(it->second.list());
  }
}

void Acceptor::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    const Fields& fields = received->message->fields;
    if (received->message->kind == "vote") {
      on_vote(received->from, fields.text("answer") == "prepared", effects);
    } else if (received->message->kind == "new_ballot") {
      on_new_ballot(received->from, fields.integer("ballot"), effects);
    } else {
      on_accept(received->from, fields, effects);
    }
  }
  show(effects);
}

void Acceptor::show(Effects& effects) const {
  effects.show("promised", fmt::format("ballot {}", promised_));
  effects.show("accepted", accepted_.empty() ? "nothing" : Value(to_list(accepted_)).render());
}

void Acceptor::promise(std::int64_t ballot, Effects& effects) {
  promised_ = ballot;
  if (is_stable_) {
    effects.write("promised", promised_);
  }
}

void Acceptor::write_accepted(Effects& effects) const {
  if (is_stable_) {
    effects.write("accepted", to_list(accepted_));
  }
}

// The leader is told of all votes in one message, or at once of a no.
void Acceptor::on_vote(ProcessId from, bool is_prepared, Effects& effects) {
  effects.at(Step::accept);
  const std::int64_t participant = from.value() - commit::kCoordinator.value();
  if (promised_ > 0) {
    effects.note("refusal", fmt::format("takes no vote any more: it has promised {}", promised_));
    return;
  }
  if (!accepted_.emplace(participant, Acceptance{0, is_prepared}).second) {
    return;  // it came twice
  }
  write_accepted(effects);
  effects.note("accept", fmt::format("accepts that p{} is {}", participant,
                                     is_prepared ? "prepared" : "aborted"));
  const bool is_complete =
      std::ssize(accepted_) == cast_.participants &&
      std::ranges::all_of(accepted_, [](const auto& each) { return each.second.is_prepared; });
  if (!is_prepared || is_complete) {
    effects.send_after_durable(cast_.leader(0), "accepted", {{"accepted", to_list(accepted_)}});
  }
}

void Acceptor::refuse(ProcessId from, std::int64_t ballot, Effects& effects) const {
  effects.note("refusal", fmt::format("refuses ballot {}: it has promised {}", ballot, promised_));
  effects.send(from, "refuse", {{"promised", promised_}});
}

void Acceptor::on_new_ballot(ProcessId from, std::int64_t ballot, Effects& effects) {
  effects.at(Step::new_ballot);
  if (ballot < promised_) {
    refuse(from, ballot, effects);
    return;
  }
  promise(ballot, effects);
  effects.note("promise", fmt::format("promises to accept nothing below ballot {}", ballot));
  effects.send_after_durable(from, "promise",
                             {{"ballot", ballot}, {"accepted", to_list(accepted_)}});
}

void Acceptor::on_accept(ProcessId from, const Fields& fields, Effects& effects) {
  effects.at(Step::accept);
  const std::int64_t ballot = fields.integer("ballot");
  if (ballot < promised_) {
    refuse(from, ballot, effects);
    return;
  }
  promise(ballot, effects);
  accepted_ = to_acceptances(fields.list("values"));
  write_accepted(effects);
  effects.note("accept", fmt::format("accepts what ballot {} says of all", ballot));
  effects.send_after_durable(from, "accepted", {{"accepted", to_list(accepted_)}});
}

}  // namespace ostraka::lab::paxos_tx
