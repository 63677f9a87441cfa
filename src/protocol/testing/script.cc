#include "protocol/testing/script.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

namespace ostraka::protocol::testing {
namespace {

using Words = std::vector<std::string>;

Words split(const std::string& text, char separator) {
  Words words;
  std::string word;
  std::istringstream in(text);
  while (std::getline(in, word, separator)) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  return words;
}

std::uint32_t number(const std::string& text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::uint32_t> numbers(const std::string& text) {
  std::vector<std::uint32_t> values;
  for (const std::string& word : split(text, ',')) {
    values.push_back(number(word));
  }
  return values;
}

std::pair<std::uint32_t, std::uint32_t> link(const std::string& text) {
  const std::size_t arrow = text.find("->");
  return arrow == std::string::npos
             ? std::pair<std::uint32_t, std::uint32_t>{0, 0}
             : std::pair{number(text.substr(0, arrow)), number(text.substr(arrow + 2))};
}

std::string_view role_name(Role role) {
  constexpr std::array<std::string_view, 5> kNames = {"learner", "follower", "pre_candidate",
                                                      "candidate", "leader"};
  return kNames[static_cast<std::size_t>(role)];
}

class Runner {
 public:
  Runner(const EngineProbe& engine, std::size_t mutant) {
    options_.engine = &engine;
    options_.manual_network = true;
    options_.settings.trace = true;
    options_.mutant = mutant;
  }

  ScriptResult run(const std::string& text) {
    std::istringstream in(text);
    std::string line;
    while (std::getline(in, line)) {
      ++line_;
      const std::string command = line.substr(0, line.find('#'));
      Words words = split(command, ' ');
      if (words.empty()) {
        continue;
      }
      if (!execute(words)) {
        result_.failures.push_back(fmt::format("line {}: not understood: {}", line_, line));
      }
      if (loud_ && words[0] != "expect" && words[0] != "quiet" && words[0] != "loud") {
        result_.log.push_back("> " + join(words));
      }
      if (cluster_ != nullptr) {
        if (loud_) {
          result_.log.insert(result_.log.end(), cluster_->log().begin(), cluster_->log().end());
        }
        cluster_->log().clear();
      }
    }
    if (cluster_ != nullptr) {
      result_.violation = cluster_->violation();
    }
    return result_;
  }

 private:
  static std::string join(const Words& words) {
    std::string text;
    for (const std::string& word : words) {
      text += (text.empty() ? "" : " ") + word;
    }
    return text;
  }
  std::uint32_t arg(std::size_t i) const { return i < words_.size() ? number(words_[i]) : 0; }
  std::string text(std::size_t i) const { return i < words_.size() ? words_[i] : std::string(); }
  // The word behind `name`, or nothing.
  std::string option(const std::string& name) const {
    for (std::size_t i = 0; i + 1 < words_.size(); ++i) {
      if (words_[i] == name) {
        return words_[i + 1];
      }
    }
    return {};
  }

  bool execute(const Words& words) {
    words_ = words;
    const std::string& verb = words[0];
    if (verb == "cluster" || verb == "mutant" || verb == "message-bytes") {
      return configure(verb);
    }
    if (cluster_ == nullptr) {
      return false;
    }
    if (verb == "expect") {
      expect();
      return true;
    }
    if (verb == "quiet" || verb == "loud") {
      loud_ = verb == "loud";
      return true;
    }
    return operate(verb) || network(verb) || world(verb);
  }

  bool configure(const std::string& verb) {
    if (verb == "mutant") {
      options_.mutant = mutant_named(*options_.engine, text(1));
      return options_.mutant != 0;
    }
    if (verb == "message-bytes") {
      options_.settings.max_message_bytes = arg(1);
      return true;
    }
    options_.voters = arg(1);
    options_.spares = number(option("spares"));
    cluster_ = std::make_unique<Cluster>(options_);
    cluster_->enable_log();
    return true;
  }

  bool operate(const std::string& verb) {
    if (verb == "campaign") {
      cluster_->campaign(arg(1));
    } else if (verb == "propose") {
      for (std::uint32_t i = words_.size() > 2 ? arg(2) : 1; i > 0; --i) {
        cluster_->propose(arg(1));
      }
    } else if (verb == "read") {
      cluster_->read(arg(1));
    } else if (verb == "transfer") {
      cluster_->transfer(arg(1), arg(2));
    } else if (verb == "unreachable") {
      cluster_->unreachable(arg(1), arg(2));
    } else if (verb == "stepdown") {
      cluster_->step_down(arg(1));
    } else if (verb == "change") {
      cluster_->change(arg(1),
                       make_configuration(numbers(option("voters")), numbers(option("learners"))),
                       words_.back() == "joint");
    } else {
      return false;
    }
    return true;
  }

  bool network(const std::string& verb) {
    const auto [from, to] = link(text(1));
    const std::uint8_t kind = kind_named(*options_.engine, text(2));
    if (verb == "deliver" && words_.size() == 1) {
      cluster_->deliver();
    } else if (verb == "deliver") {
      cluster_->deliver(from, to, kind);
    } else if (verb == "hold") {
      cluster_->hold(from, to, kind);
    } else if (verb == "release") {
      cluster_->release();
    } else if (verb == "drop") {
      cluster_->drop(from, to, kind);
    } else if (verb == "cut") {
      cluster_->cut(arg(1), arg(2));
      cluster_->cut(arg(2), arg(1));
    } else if (verb == "cut1") {
      cluster_->cut(arg(1), arg(2));
    } else if (verb == "mend") {
      cluster_->mend(arg(1), arg(2));
      cluster_->mend(arg(2), arg(1));
    } else if (verb == "heal") {
      cluster_->heal();
    } else {
      return false;
    }
    return true;
  }

  bool world(const std::string& verb) {
    if (verb == "log") {
      write_log();
    } else if (verb == "start") {
      cluster_->start();
    } else if (verb == "disk") {
      cluster_->node_of(arg(1)).disk_held = text(2) == "hold";
    } else if (verb == "crash") {
      cluster_->crash(arg(1));
    } else if (verb == "restart") {
      cluster_->restart(arg(1));
    } else if (verb == "compact") {
      cluster_->compact(arg(1), arg(2));
    } else if (verb == "space") {
      cluster_->disk_space(arg(1), text(2) == "full");
    } else if (verb == "advance") {
      cluster_->run_for(std::int64_t{1000} * arg(1));
    } else {
      return false;
    }
    return true;
  }

  void write_log() {
    Disk& disk = cluster_->disk_of(arg(1));
    model::LogIndex index;
    for (const std::uint32_t term : numbers(text(2))) {
      index = index.next();
      if (term != 0) {
        disk.log[index] = {{index, model::Term{term}, EntryKind::data, 8},
                           index.value() * 1000 + term};
        disk.hard_state.term = model::Term{term};
      }
    }
    if (!option("term").empty()) {
      disk.hard_state.term = model::Term{number(option("term"))};
    }
    disk.hard_state.second_term = model::Term{number(option("second"))};
    disk.hard_state.vote = model::NodeId{number(option("vote"))};
  }

  std::string log_of(const Protocol& protocol) const {
    std::string terms;
    const ProtocolStatus status = protocol.status();
    for (model::LogIndex i = status.first_index; i <= status.last_index; i = i.next()) {
      terms += fmt::format("{}{}", terms.empty() ? "" : ",", protocol.term_at(i).value());
    }
    return terms.empty() ? "-" : terms;
  }

  static std::string voters_of(const Protocol& protocol) {
    std::string voters;
    for (const model::Member& member : protocol.configuration().voters) {
      voters += fmt::format("{}{}", voters.empty() ? "" : ",", member.id.value());
    }
    return voters;
  }

  std::string observed(const std::string& what) {
    if (what == "leader") {
      return fmt::format("{}", cluster_->leader());
    }
    if (what == "reads") {
      return fmt::format("{}", cluster_->counters().reads_done + cluster_->counters().lease_reads);
    }
    if (what == "same") {
      const Cluster::Node& a = cluster_->node_of(arg(2));
      const Cluster::Node& b = cluster_->node_of(arg(3));
      return a.applied == b.applied && a.state_hash == b.state_hash ? text(3) : "different";
    }
    const Protocol* protocol = cluster_->protocol_of(arg(2));
    if (protocol == nullptr) {
      return "down";
    }
    const ProtocolStatus status = protocol->status();
    if (what == "commit") {
      return fmt::format("{}", status.commit.value());
    }
    if (what == "applied") {
      return fmt::format("{}", cluster_->node_of(arg(2)).applied.value());
    }
    if (what == "term") {
      return fmt::format("{}", status.term.value());
    }
    if (what == "role") {
      return std::string(role_name(status.role));
    }
    if (what == "lease") {
      return cluster_->lease_of(arg(2)) ? "yes" : "no";
    }
    if (what == "config") {
      return voters_of(*protocol);
    }
    return what == "log" ? log_of(*protocol) : "?";
  }

  void expect() {
    const std::string what = text(1);
    if (what == "violation") {
      const std::string is = cluster_->violation().value_or("none");
      if (is.find(text(2)) == std::string::npos) {
        result_.failures.push_back(fmt::format("line {}: {}: is {}", line_, join(words_), is));
      }
      return;
    }
    const std::string is = observed(what);
    if (is != words_.back()) {
      result_.failures.push_back(fmt::format("line {}: {}: is {}", line_, join(words_), is));
    }
  }

  ClusterOptions options_;
  std::unique_ptr<Cluster> cluster_;
  ScriptResult result_;
  Words words_;
  int line_ = 0;
  bool loud_ = true;
};

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

ScriptResult run_script(const EngineProbe& engine, const std::string& text, std::size_t mutant) {
  return Runner(engine, mutant).run(text);
}

std::string read_script(const std::string& name) { return slurp("testdata/" + name + ".txt"); }

GoldenLog golden_log(const std::string& name, const ScriptResult& result) {
  const std::string path = "testdata/" + name + ".log";
  std::string is;
  for (const std::string& line : result.log) {
    is += line + "\n";
  }
  const char* update = std::getenv("OSTRAKA_GOLDEN");
  if (update != nullptr && std::string(update) == "update") {
    std::ofstream(path) << is;
  }
  return {is, slurp(path)};
}

}  // namespace ostraka::protocol::testing
