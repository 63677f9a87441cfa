#include "protocol/testing/hostile_run.h"

#include "base/prng.h"
#include "protocol/testing/cluster.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace ostraka::protocol::testing {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::array<std::uint64_t, 10> kHostile = {0,
                                                    1,
                                                    std::uint64_t{1} << 31,
                                                    std::uint64_t{1} << 32,
                                                    std::uint64_t{1} << 62,
                                                    (std::uint64_t{1} << 62) + 1,
                                                    (std::uint64_t{1} << 63) - 1,
                                                    std::uint64_t{1} << 63,
                                                    kMost - 1,
                                                    kMost};

class Run {
 public:
  Run(const HostileEngine& engine, base::ByteView script)
      : engine_(engine), in_(script), victim_(*engine.probe, voters()) {}

  Victim::Counters run() {
    while (in_.remaining() > 0) {
      act(in_.u8());
    }
    return victim_.counters();
  }

 private:
  std::uint32_t voters() { return 1 + in_.u8() % 4U; }

  void act(unsigned dice) {
    if (dice < 96) {
      victim_.receive(invented());
    } else if (dice < 160) {
      answer();
    } else if (dice < 192) {
      victim_.finish_write();
    } else if (dice < 208) {
      victim_.fire_timer();
    } else if (dice < 212) {
      victim_.pass(std::int64_t{in_.u8()} * 4000);
    } else if (dice < 220) {
      victim_.propose(in_.u8());
    } else if (dice < 224) {
      victim_.request(ReadBarrier{request()});
    } else if (dice < 228) {
      victim_.request(TransferLeadership{request(), node()});
    } else if (dice < 232) {
      victim_.request(ChangeMembership{request(), configuration(), in_.u8() % 2 != 0});
    } else if (dice < 238) {
      offer_snapshot();
    } else if (dice < 242) {
      victim_.finish_install();
    } else if (dice < 244) {
      victim_.request(SnapshotSent{node(), victim_.applied(), in_.u8() % 2 != 0});
    } else if (dice < 247) {
      victim_.compact(in_.u8() % 4U);
    } else if (dice < 249) {
      victim_.request(PeerUnreachable{node()});
    } else if (dice < 251) {
      victim_.request(Campaign{});
    } else if (dice < 252) {
      victim_.request(StepDown{});
    } else if (dice < 254) {
      victim_.request(DiskSpace{in_.u8() % 2 != 0});
    } else {
      victim_.restart(in_.u8());
    }
  }

  RequestId request() { return RequestId{++requests_}; }
  model::NodeId node() {
    const unsigned dice = in_.u8();
    return model::NodeId{dice < 250 ? 1 + dice % 5U : (dice == 250 ? 0 : 0xffffffffU)};
  }

  // Near `base`, or anything.
  std::uint64_t near(std::uint64_t base) {
    const unsigned dice = in_.u8();
    if (dice < 160) {
      return base;
    }
    if (dice < 180) {
      return base + 1;
    }
    if (dice < 200) {
      return base - 1;
    }
    if (dice < 230) {
      return base + dice % 8U - in_.u8() % 8U;
    }
    return dice < 245 ? kHostile[dice % kHostile.size()] : in_.u64();
  }
  model::Term term(model::Term base) { return model::Term{near(base.value())}; }
  model::LogIndex index(model::LogIndex base) { return model::LogIndex{near(base.value())}; }

  std::shared_ptr<const model::Configuration> configuration() {
    const unsigned dice = in_.u8();
    if (dice == 255) {
      return nullptr;
    }
    const auto pick = [](unsigned bits) {
      std::vector<std::uint32_t> ids;
      for (std::uint32_t id = 0; id < 5; ++id) {
        if ((bits >> id & 1U) != 0) {
          ids.push_back(id == 4 && bits > 24 ? 0xffffffffU : id + 1);
        }
      }
      return ids;
    };
    auto made = make_configuration(pick(dice % 32), pick(dice % 3 == 0 ? in_.u8() % 32U : 0));
    if (dice % 7 == 0) {
      made.voters_outgoing = make_configuration(pick(in_.u8() % 32U), {}).voters;
    }
    return std::make_shared<const model::Configuration>(std::move(made));
  }

  // In a log behind `at`, in terms that do not fall; of slots with gaps, at any ballots.
  void add_entries(Message& message, model::LogIndex at) {
    const bool slots = engine_.probe->slots;
    const ProtocolStatus status = victim_.protocol().status();
    // Whoever reports has accepted at lower ballots than the one that it is asked at.
    const unsigned fresh = slots && at >= message.index ? 160 : 32;
    model::Term of = std::max(message.log_term, victim_.protocol().term_at(at.next()));
    of = std::max(of, model::Term{1});
    for (unsigned left = in_.u8() % 5U; left > 0; --left) {
      const unsigned dice = in_.u8();
      at = dice < 8 ? index(at.next()) : at + (slots && dice % 4 == 0 ? 2 : 1);
      of = dice < fresh ? message.term : (dice < 40 ? term(status.term) : of);
      EntryMeta entry{at, of, static_cast<EntryKind>(dice % 3U), dice / 4U};
      if (dice == 255) {
        entry.payload_bytes = static_cast<std::uint32_t>(in_.u64());
      }
      if (entry.kind == EntryKind::configuration && dice != 254) {
        message.configurations.push_back({dice == 251 ? index(at) : at, configuration()});
      }
      message.entries.push_back(entry);
    }
    if (slots && !message.entries.empty()) {
      message.hint_index = std::max(message.hint_index, at);
      message.commit = in_.u8() < 128 ? message.commit : index(at);
    }
  }

  // Such that the term may well be used by its sender.
  [[nodiscard]] model::Term owned(model::Term term, model::NodeId from) const {
    return engine_.term_of == nullptr ? term : engine_.term_of(term, from);
  }

  [[nodiscard]] bool carries_entries(std::uint8_t kind) const {
    return std::ranges::find(engine_.carriers, kind) != engine_.carriers.end();
  }

  // Any message, mostly such that something would come of it.
  Message invented() {
    const ProtocolStatus status = victim_.protocol().status();
    const auto kinds = static_cast<unsigned>(engine_.probe->kinds.size() - 1);
    Message message;
    const unsigned dice = in_.u8();
    message.kind = static_cast<std::uint8_t>(dice < 240 ? 1 + dice % kinds : dice);
    message.from = dice % 3 == 0 && !status.leader.is_none() ? status.leader : node();
    message.to = dice == 17 ? node() : Victim::kSelf;
    message.term = term(status.term);
    const unsigned fields = in_.u8();
    message.term = (fields & 64U) != 0 ? message.term : owned(message.term, message.from);
    message.reject = (fields & 1U) != 0;
    message.flags = (fields & 2U) != 0 ? in_.u8() : engine_.answer_flags;
    message.index = index((fields & 4U) != 0 ? status.commit : status.last_index);
    message.log_term = (fields & 8U) != 0 ? term(victim_.protocol().term_at(message.index))
                                          : victim_.protocol().term_at(message.index);
    message.commit = index(message.index);
    message.hint_index = index((fields & 16U) != 0 ? model::LogIndex{} : status.last_index);
    message.hint_term = term(status.term);
    message.context = near(contexts_);
    message.stamp = (fields & 32U) != 0
                        ? base::Instant::from_nanoseconds(static_cast<std::int64_t>(in_.u64()))
                        : victim_.now();
    if ((fields & 128U) != 0 && engine_.shape != nullptr) {
      engine_.shape(message, nullptr);
    }
    if (carries_entries(message.kind) || dice > 247) {
      add_entries(message, message.index);
    }
    return message;
  }

  // To one of the last messages that it sent; as a correct peer would, or nearly.
  void answer() {
    const auto& sent = victim_.sent();
    if (sent.empty()) {
      return;
    }
    const std::size_t back = std::min<std::size_t>(in_.u8() % 16U, sent.size() - 1);
    const Message asked = sent[sent.size() - 1 - back];
    contexts_ = asked.context;
    Message message;
    message.kind = engine_.answer_to(asked.kind);
    message.from = asked.to;
    message.to = Victim::kSelf;
    message.term = asked.term;
    message.context = asked.context;
    message.stamp = asked.stamp;
    message.flags = engine_.answer_flags;
    message.index = asked.index + asked.entries.size();
    message.hint_index = message.index;
    if (engine_.shape != nullptr) {
      engine_.shape(message, &asked);
    }
    const unsigned dice = in_.u8();
    if (dice < 64) {
      message.reject = (dice & 1U) != 0;
      message.term = term(asked.term);
      message.index = index(message.index);
      message.hint_index = index(message.hint_index);
      message.hint_term = term(asked.term);
      message.context = near(asked.context);
    }
    if (carries_entries(message.kind)) {
      const bool report = engine_.probe->slots;  // of what it asked for, from there on
      add_entries(message, report ? message.index.prev() : message.index);
    }
    victim_.receive(message);
  }

  void offer_snapshot() {
    const ProtocolStatus status = victim_.protocol().status();
    SnapshotReceived event;
    const unsigned dice = in_.u8();
    event.from = dice % 2 == 0 && !status.leader.is_none() ? status.leader : node();
    event.leader_term = owned(term(status.term), event.from);
    event.meta.index = index(dice % 4 < 2 ? status.last_index : status.commit.next());
    event.meta.term = term(event.leader_term);
    event.meta.configuration = configuration();
    victim_.receive_snapshot(event);
  }

  const HostileEngine& engine_;
  base::Reader in_;
  Victim victim_;
  std::uint64_t requests_ = 0;
  std::uint64_t contexts_ = 0;
};

}  // namespace

Victim::Counters hostile_run(const HostileEngine& engine, base::ByteView script) {
  return Run(engine, script).run();
}

std::string hostile_script(std::uint64_t seed) {
  base::Prng prng(seed);
  std::string script(prng.below(2048), '\0');
  for (char& byte : script) {
    byte = static_cast<char>(prng.next() & 0xffU);
  }
  return script;
}

Victim::Counters hostile_runs(const HostileEngine& engine, std::uint64_t seeds) {
  Victim::Counters sum;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    sum += hostile_run(engine, hostile_script(seed));
  }
  return sum;
}

std::string too_rare(const Victim::Counters& sum) {
  struct Count {
    const char* name;
    std::uint64_t seen;
    std::uint64_t at_least;
  };
  std::string rare;
  for (const Count& each :
       {Count{"steps", sum.steps, 100'000}, Count{"refused", sum.refused, 10'000},
        Count{"elections", sum.elections, 1000}, Count{"entries", sum.entries, 1000},
        Count{"applied", sum.applied, 1000}, Count{"replaced", sum.replaced, 50},
        Count{"installs", sum.installs, 30}, Count{"restarts", sum.restarts, 1000}}) {
    if (each.seen < each.at_least) {
      rare += std::string(each.name) + " " + std::to_string(each.seen) + "; ";
    }
  }
  return rare;
}

}  // namespace ostraka::protocol::testing
