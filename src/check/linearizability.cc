#include "check/linearizability.h"

#include "base/prng.h"
#include "check/internal/search.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <unordered_set>

namespace ostraka::check {
namespace {

using Operations = std::vector<Operation>;

// By call time; equal ones stay in the order of the history.
void sort_by_call(Operations& operations) {
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  order.reserve(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    order.emplace_back(operations[i].call_time, i);
  }
  std::ranges::sort(order);
  Operations sorted;
  sorted.reserve(operations.size());
  for (const auto& [time, i] : order) {
    sorted.push_back(std::move(operations[i]));
  }
  operations = std::move(sorted);
}

// Operations that happened within `end`: later calls are gone, later returns have not come yet.
Operations prefix_until(const Operations& operations, std::int64_t end) {
  Operations prefix;
  for (const Operation& operation : operations) {
    if (operation.call_time > end) {
      continue;
    }
    prefix.push_back(operation);
    if (!operation.unknown && operation.return_time > end) {
      prefix.back().unknown = true;
    }
  }
  return prefix;
}

// Answers "is it still a violation?" within what is left of the budget.
class Minimizer {
 public:
  Minimizer(Model model, std::uint64_t steps_left) : model_(model), steps_left_(steps_left) {}

  // The shortest prefix in time that is a violation: the failing answer is its last event.
  Operations shortest_prefix(const Operations& operations) {
    std::vector<std::int64_t> ends;
    for (const Operation& operation : operations) {
      if (!operation.unknown) {
        ends.push_back(operation.return_time);
      }
    }
    std::ranges::sort(ends);
    std::size_t low = 0;
    std::size_t high = ends.size() - 1;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (fails(prefix_until(operations, ends[middle]))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return prefix_until(operations, ends[low]);
  }

  // Leaves out what is not needed. Removing a read, or a written value with everything that saw it,
  // never turns a
  // linearizable history into one that is not, so what still fails is a real violation.
  Operations without_bystanders(Operations operations) {
    for (const bool whole_values : {true, false}) {
      bool removed = true;
      while (removed) {
        removed = false;
        for (std::size_t i = operations.size(); i-- > 0;) {
          if (i >= operations.size()) {
            continue;
          }
          Operations fewer = removed_at(operations, i, whole_values);
          if (fewer.size() < operations.size() && fails(fewer)) {
            operations = std::move(fewer);
            removed = true;
          }
        }
      }
    }
    return operations;
  }

 private:
  bool fails(const Operations& operations) {
    if (steps_left_ == 0) {
      return false;
    }
    const internal::SearchResult result = internal::search(model_, operations, steps_left_);
    steps_left_ -= std::min(steps_left_, result.steps);
    return result.verdict == Verdict::invalid;
  }

  static bool touches(const Operation& operation, ValueId value) {
    switch (operation.function) {
      case Function::read:
        return operation.observed == value;
      case Function::write:
        return operation.argument == value;
      case Function::compare_and_set:
        return operation.argument == value || operation.expected == value;
      case Function::add:
        return false;
    }
    return false;
  }

  Operations removed_at(const Operations& operations, std::size_t at, bool whole_values) const {
    const Operation& victim = operations[at];
    Operations fewer;
    if (victim.function == Function::read) {
      fewer = operations;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at));
      return fewer;
    }
    const bool has_cas = std::ranges::any_of(operations, [](const Operation& operation) {
      return operation.function == Function::compare_and_set;
    });
    if (!whole_values || model_ != Model::value || has_cas || victim.argument == kAbsent) {
      return operations;
    }
    std::ranges::copy_if(
        operations, std::back_inserter(fewer),
        [&victim](const Operation& operation) { return !touches(operation, victim.argument); });
    return fewer;
  }

  Model model_;
  std::uint64_t steps_left_;
};

}  // namespace

Report check_linearizable(Model model, const Operations& history, const Options& options) {
  std::map<std::string, Operations> by_key;
  for (const Operation& operation : history) {
    by_key[operation.key].push_back(operation);
  }
  Report report;
  for (auto& [key, operations] : by_key) {
    sort_by_call(operations);
    const std::uint64_t left = options.steps_max - std::min(options.steps_max, report.steps);
    const internal::SearchResult result = internal::search(model, operations, left);
    report.steps += result.steps;
    if (result.verdict == Verdict::valid) {
      continue;
    }
    report.verdict = result.verdict;
    report.key = key;
    report.window = operations;
    if (result.verdict == Verdict::invalid && options.minimize) {
      Minimizer minimizer(model, options.steps_max);
      report.window = minimizer.without_bystanders(minimizer.shortest_prefix(operations));
    }
    return report;
  }
  return report;
}

}  // namespace ostraka::check
