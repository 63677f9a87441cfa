// Lines for people about peers that are refused or refuse: at most one per kind of error and
// interval, with the number of those that were left out.
//
// Threads: one reactor.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

namespace ostraka::peer::internal {

class RefusalLog {
 public:
  RefusalLog(std::function<void(std::string_view)> log, base::Duration interval);
  void report(base::Instant now, const base::Error& error);

 private:
  struct Kind {
    base::Instant next;  // no line before
    std::uint64_t left_out = 0;
  };
  std::function<void(std::string_view)> log_;
  base::Duration interval_;
  std::map<base::ErrorCode, Kind> kinds_;
};

}  // namespace ostraka::peer::internal
