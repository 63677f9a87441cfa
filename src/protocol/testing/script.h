// Scenario scripts for any engine: one command a line, '#' begins a comment. The event log of a run
// is compared with a golden file beside the script. KIND and mutant names are the engine's
// (EngineProbe::kinds, mutants); terms are the engine's too (a ballot, an epoch).
//
//   cluster N [spares K]             N voters, K nodes outside the configuration; not started yet
//   message-bytes N                  before `cluster`: payload bytes of one message
//   mutant NAME                      before `cluster`
//   log NODE T,T,.. [term T] [vote V] [second T]
//                                    what the disk holds: the terms of entries 1, 2, .. (0 = a gap,
//                                    slot engines); the hard state
//   start                            all nodes
//   campaign N | propose N [COUNT] | read N | transfer A B | unreachable N PEER | stepdown N
//   change N voters 1,2,3 [learners 4] [joint]
//   deliver                          messages and disk writes until quiet; no time passes
//   deliver A->B [KIND]              what matches; 0 or * = any node
//   hold A->B [KIND] | release | drop A->B [KIND]
//   disk N hold|free
//   cut A B | mend A B | heal        both ways; cut1 A B: one way
//   crash N | restart N | compact N KEEP
//   space N full|free                DiskSpace
//   advance MS                       time passes, messages take none
//   expect leader N | commit N I | log N T,T,.. | lease N yes|no | role N ROLE | term N T |
//          violation TEXT | reads N | config N 1,2,3 | applied N I | same A B (equal states)
//   quiet | loud                     leave the log out of the golden file, or not
#pragma once

#include "protocol/testing/cluster.h"

#include <optional>
#include <string>
#include <vector>

namespace ostraka::protocol::testing {

struct ScriptResult {
  std::vector<std::string> log;
  std::vector<std::string> failures;  // "line 12: expect commit 1 5: is 4"
  std::optional<std::string> violation;
};

// `mutant`, a place in engine.mutants, is planted in every node when the script names none.
[[nodiscard]] ScriptResult run_script(const EngineProbe& engine, const std::string& text,
                                      std::size_t mutant = 0);

// The script testdata/NAME.txt; empty when there is none.
[[nodiscard]] std::string read_script(const std::string& name);

// The event log of a run beside testdata/NAME.log, which it is compared with.
// OSTRAKA_GOLDEN=update in the environment writes that file anew first.
struct GoldenLog {
  std::string is;
  std::string golden;
};
[[nodiscard]] GoldenLog golden_log(const std::string& name, const ScriptResult& result);

}  // namespace ostraka::protocol::testing
