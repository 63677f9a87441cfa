// Commands that take several calls one after the other: WATCH, SCAN, KEYS, DBSIZE, INCRBYFLOAT, and
// EXEC of a transaction that has to read first or that changes the connection (SELECT).
//
// A job is the last command of its connection until it has answered: nothing behind it is parsed
// meanwhile. It decides only; the connection submits its calls.
#pragma once

#include "base/result.h"
#include "codec/operation.h"
#include "codec/resp_writer.h"
#include "gateway/resp/command_table.h"
#include "gateway/resp/internal/server_context.h"

#include <memory>

namespace ostraka::gateway::resp {

enum class JobNext : std::uint8_t {
  call,  // submit what is in the builder
  done,  // the reply has been written
};

struct JobContext {
  ServerContext& server;
  ClientState& client;
  codec::CommandBuilder& call;  // empty; filled for the next call
  codec::RespWriter& reply;
};

class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;
  // `words` live during the call only.
  [[nodiscard]] virtual JobNext start(JobContext& context, Arguments words) = 0;
  // The results of the call; errors have been answered by the connection.
  [[nodiscard]] virtual JobNext resume(JobContext& context, base::ByteView results) = 0;
  // The call ended with an error, which the connection answers.
  virtual void abandoned(JobContext& context) { static_cast<void>(context); }
  // Reads of this job must be linearizable whatever READONLY said.
  [[nodiscard]] virtual bool needs_latest() const { return false; }
};

using JobFactory = std::unique_ptr<Job> (*)();

std::unique_ptr<Job> make_watch_job();
std::unique_ptr<Job> make_scan_job();
std::unique_ptr<Job> make_keys_job();
std::unique_ptr<Job> make_dbsize_job();
std::unique_ptr<Job> make_incrbyfloat_job();
// Runs the queued transaction of the client: reads, computes, writes under guards, tries again.
std::unique_ptr<Job> make_computed_exec_job();

}  // namespace ostraka::gateway::resp
