#include "check/internal/search.h"

#include "base/assert.h"
#include "base/prng.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace ostraka::check::internal {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// What an operation does to the state of a key when it is linearized now; nothing if it cannot be.
bool apply(Model model, const Operation& operation, std::int64_t& state) {
  switch (operation.function) {
    case Function::read:
      return model == Model::counter ? state == operation.amount
                                     : state == static_cast<std::int64_t>(operation.observed);
    case Function::write:
      state = operation.argument;
      return true;
    case Function::compare_and_set: {
      const bool equal = state == static_cast<std::int64_t>(operation.expected);
      if (!operation.unknown && equal != operation.swapped) {
        return false;
      }
      if (equal) {
        state = operation.argument;
      }
      return true;
    }
    case Function::add:
      state += operation.amount;
      return true;
  }
  return false;
}

// A set of (linearized operations, state) as 128-bit sums of random numbers: an equal pair has an
// equal sum, and two
// different ones collide with probability 2^-128.
struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

struct FingerprintHash {
  std::size_t operator()(const Fingerprint& f) const { return f.low; }
};

Fingerprint with_state(Fingerprint f, std::int64_t state) {
  base::Prng prng(static_cast<std::uint64_t>(state));
  f.high ^= prng.next();
  f.low ^= prng.next();
  return f;
}

// One node of the list of calls and returns in time order that have not been linearized.
struct Event {
  std::size_t operation = 0;
  bool is_return = false;
  std::size_t prev = kNone;
  std::size_t next = kNone;
  std::size_t match = kNone;  // of a call: its return, if any; of a return: its call
};

class Search {
 public:
  Search(Model model, const std::vector<Operation>& operations)
      : model_(model), operations_(operations), prints_(operations.size()) {
    base::Prng prng(0x6f737472616b61);
    for (Fingerprint& print : prints_) {
      print = {prng.next(), prng.next()};
    }
    build_events();
    link_twins();
  }

  SearchResult run(std::uint64_t steps_max) {
    SearchResult result;
    std::size_t at = events_[0].next;
    while (certain_left_ > 0) {
      if (++result.steps > steps_max) {
        result.verdict = Verdict::undecided;
        return result;
      }
      const bool blocked = at == kNone || events_[at].is_return;
      if (!blocked) {
        at = try_linearize(at);
        continue;
      }
      // An operation has returned that nothing before it explains: undo the last choice and go on
      // behind it.
      if (chosen_.empty()) {
        result.verdict = Verdict::invalid;
        return result;
      }
      at = undo();
    }
    return result;
  }

 private:
  struct Choice {
    std::size_t event;
    std::int64_t state_before;
  };

  void build_events() {
    std::vector<std::tuple<std::int64_t, int, std::size_t>> order;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      order.emplace_back(operations_[i].call_time, 0, i);
      if (!operations_[i].unknown) {
        // At equal times a call comes first: the operations overlap.
        order.emplace_back(operations_[i].return_time, 1, i);
        ++certain_left_;
      }
    }
    std::ranges::sort(order);
    events_.resize(order.size() + 1);  // 0 is the head
    call_of_.assign(operations_.size(), kNone);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto& [time, is_return, operation] = order[i];
      Event& event = events_[i + 1];
      event.operation = operation;
      event.is_return = is_return == 1;
      event.prev = i;
      events_[i].next = i + 1;
      if (event.is_return) {
        OSTRAKA_ASSERT(call_of_[operation] != kNone, "an operation returns before it is called");
        event.match = call_of_[operation];
        events_[event.match].match = i + 1;
      } else {
        call_of_[operation] = i + 1;
      }
    }
  }

  // Of two operations of unknown outcome with the same effect, the earlier call is used first: this
  // loses nothing,
  // because whatever the later one explains the earlier one explains too.
  void link_twins() {
    std::map<std::tuple<Function, ValueId, ValueId, std::int64_t>, std::size_t> last;
    twin_.assign(operations_.size(), kNone);
    linearized_.assign(operations_.size(), false);
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const Operation& op = operations_[i];
      count_observer(op, 1);
      failed_cas_ = failed_cas_ || (op.function == Function::compare_and_set && !op.swapped);
      if (op.unknown) {
        const auto key = std::tuple(op.function, op.argument, op.expected, op.amount);
        const auto found = last.find(key);
        if (found != last.end()) {
          twin_[i] = found->second;
        }
        last[key] = i;
      }
    }
  }

  // An optional write matters only to somebody who saw its value and has not been explained yet.
  bool has_observers(const Operation& operation) const {
    if (operation.function != Function::write || failed_cas_) {
      return true;
    }
    const auto found = observers_.find(operation.argument);
    return found != observers_.end() && found->second > 0;
  }

  // Leaving the present value for ever while somebody still has to see it is a dead end.
  bool strands_a_reader(const Operation& operation, std::int64_t next_state) {
    if (model_ == Model::counter || next_state == state_) {
      return false;
    }
    const auto value = static_cast<ValueId>(state_);
    const int own_need =
        operation.function == Function::compare_and_set && !operation.unknown ? 1 : 0;
    return needs_[value] > own_need && writers_[value] == 0;
  }

  void count_observer(const Operation& operation, int by) {
    if (operation.function == Function::read && !operation.unknown) {
      observers_[operation.observed] += by;
      needs_[operation.observed] += by;
    } else if (operation.function == Function::write) {
      writers_[operation.argument] += by;
    } else if (operation.function == Function::compare_and_set) {
      observers_[operation.expected] += by;
      writers_[operation.argument] += by;
      if (operation.swapped && !operation.unknown) {
        needs_[operation.expected] += by;
      }
    }
  }

  std::size_t try_linearize(std::size_t at) {
    const std::size_t index = events_[at].operation;
    const Operation& operation = operations_[index];
    std::int64_t state = state_;
    const bool allowed = twin_[index] == kNone || linearized_[twin_[index]];
    // An optional operation that changes nothing is never needed.
    if (!allowed || !apply(model_, operation, state) ||
        (operation.unknown && (state == state_ || !has_observers(operation))) ||
        strands_a_reader(operation, state)) {
      return events_[at].next;
    }
    const Fingerprint set{done_.high ^ prints_[index].high, done_.low ^ prints_[index].low};
    if (!seen_.insert(with_state(set, state)).second) {
      return events_[at].next;
    }
    chosen_.push_back({at, state_});
    done_ = set;
    state_ = state;
    linearized_[index] = true;
    count_observer(operation, -1);
    certain_left_ -= operation.unknown ? 0 : 1;
    lift(at);
    return events_[0].next;
  }

  std::size_t undo() {
    const Choice choice = chosen_.back();
    chosen_.pop_back();
    const std::size_t index = events_[choice.event].operation;
    done_.high ^= prints_[index].high;
    done_.low ^= prints_[index].low;
    const std::int64_t state_after = state_;
    state_ = choice.state_before;
    linearized_[index] = false;
    count_observer(operations_[index], 1);
    certain_left_ += operations_[index].unknown ? 0 : 1;
    unlift(choice.event);
    // What has no effect was right to take as soon as it could be taken: the fault lies further
    // back. (A write of the
    // value that was there is not such an operation: later it may change something.)
    const bool harmless = operations_[index].function != Function::write && state_ == state_after;
    return harmless ? kNone : events_[choice.event].next;
  }

  void unlink(std::size_t at) {
    Event& event = events_[at];
    events_[event.prev].next = event.next;
    if (event.next != kNone) {
      events_[event.next].prev = event.prev;
    }
  }
  void relink(std::size_t at) {
    Event& event = events_[at];
    events_[event.prev].next = at;
    if (event.next != kNone) {
      events_[event.next].prev = at;
    }
  }
  void lift(std::size_t call) {
    unlink(call);
    if (events_[call].match != kNone) {
      unlink(events_[call].match);
    }
  }
  void unlift(std::size_t call) {
    if (events_[call].match != kNone) {
      relink(events_[call].match);
    }
    relink(call);
  }

  Model model_;
  const std::vector<Operation>& operations_;
  std::vector<Fingerprint> prints_;
  std::vector<Event> events_;
  std::vector<std::size_t> call_of_;
  std::vector<std::size_t> twin_;
  std::vector<bool> linearized_;
  // Counts over what is not linearized, by value: who may look at it, who certainly saw it, who
  // writes it.
  std::unordered_map<ValueId, int> observers_;
  std::unordered_map<ValueId, int> needs_;
  std::unordered_map<ValueId, int> writers_;
  bool failed_cas_ = false;
  std::vector<Choice> chosen_;
  std::unordered_set<Fingerprint, FingerprintHash> seen_;
  Fingerprint done_;
  std::int64_t state_ = 0;
  std::size_t certain_left_ = 0;
};

// Operations of unknown outcome that cannot matter: unknown reads, and writes of a value that
// nobody saw, unless a failed
// compare-and-set may have been refused because of them.
std::vector<Operation> without_irrelevant(const std::vector<Operation>& operations) {
  const bool failed_cas = std::ranges::any_of(operations, [](const Operation& op) {
    return op.function == Function::compare_and_set && !op.swapped;
  });
  std::unordered_set<ValueId> seen;
  for (const Operation& op : operations) {
    if (op.function == Function::read && !op.unknown) {
      seen.insert(op.observed);
    } else if (op.function == Function::compare_and_set) {
      seen.insert(op.expected);
    }
  }
  std::vector<Operation> kept;
  for (const Operation& op : operations) {
    const bool unseen_write =
        op.function == Function::write && !failed_cas && !seen.contains(op.argument);
    if (!op.unknown || (op.function != Function::read && !unseen_write)) {
      kept.push_back(op);
    }
  }
  return kept;
}

}  // namespace

SearchResult search(Model model, const std::vector<Operation>& operations,
                    std::uint64_t steps_max) {
  const std::vector<Operation> relevant = without_irrelevant(operations);
  return Search(model, relevant).run(steps_max);
}

}  // namespace ostraka::check::internal
