// One client connection: bytes in, commands dispatched, replies out in order.
//
// Owned by the server. Every command takes one slot of the pipeline (unless it is answered at once
// with nothing in front of it). Reading stops while a job runs, while too many commands are in
// flight, while the client does not take its replies, and after commands_per_turn_max commands
// until the next turn.
// Threads: the server's reactor.
#pragma once

#include "codec/resp_parser.h"
#include "gateway/resp/internal/client_state.h"
#include "gateway/resp/internal/handlers.h"
#include "gateway/resp/internal/job.h"
#include "gateway/resp/internal/pipeline.h"
#include "gateway/resp/internal/server_context.h"
#include "port/network.h"
#include "router/router.h"

#include <memory>
#include <string>

namespace ostraka::gateway::resp {

// Told when a connection is over. It is on the stack then: it must be destroyed later.
class ConnectionOwner {
 public:
  ConnectionOwner() = default;
  ConnectionOwner(const ConnectionOwner&) = delete;
  ConnectionOwner& operator=(const ConnectionOwner&) = delete;
  virtual ~ConnectionOwner() = default;
  virtual void on_ended(std::uint64_t id) = 0;
};

class Connection final : public port::StreamHandler,
                         public SlotOwner,
                         public std::enable_shared_from_this<Connection> {
 public:
  // shared_ptr: closures that continue a job or reading may run after the connection has ended.
  Connection(ServerContext& server, SlotPool& pool, ConnectionOwner& owner,
             std::unique_ptr<port::Stream> stream, std::uint64_t id);
  ~Connection() override;

  void start();
  // Time-outs: idle, half-received commands, replies that are not taken, missing authentication.
  void check_time(base::Instant now);
  // While the server drains: closes when nothing is owed and its commands have been refused, or
  // when it says nothing (`grace_over`).
  void end_if_drained(bool grace_over);
  // Answers what is in flight as unknown, sends it, and closes.
  void give_up();
  // Sends what has been answered, then closes. Commands in flight are abandoned.
  void close();
  // The same for a peer that is gone or must go at once.
  void cut();

  [[nodiscard]] const ClientState& client() const { return client_; }
  void refresh_client() { client_.output_pending = stream_->pending_bytes(); }

  std::size_t on_bytes(base::ByteView bytes) override;
  void on_drained() override;
  void on_closed(const base::Error& reason) override;
  void on_complete(Slot& slot, const base::Result<base::ByteView>& results) override;

 private:
  class JobCall;
  enum class Phase : std::uint8_t { open, closing, ended };
  struct Times {
    base::Instant request_started;  // the window in which a half-received command must progress
    std::size_t request_bytes = 0;  // held at the window's start
    base::Instant output_progress;
    std::size_t output_pending = 0;
  };

  struct RunningJob {
    std::unique_ptr<Job> job;  // null: none runs
    Slot* slot = nullptr;
    std::unique_ptr<JobCall> call;
    base::Instant deadline;
  };

  // Input.
  [[nodiscard]] bool can_take() const;
  void stop_reading();
  void read_on_next_turn();
  void read_on_if_possible();
  void refuse_protocol_error();
  void note_progress(std::size_t held);

  // Dispatch (dispatch.cc).
  void dispatch(Arguments words);
  [[nodiscard]] const CommandSpec* look_up(Arguments words);
  [[nodiscard]] bool accepts(const CommandSpec& spec, Arguments words);
  void execute(const CommandSpec& spec, Arguments words);
  void execute_local(const CommandSpec& spec, LocalFunction function, Arguments words);
  void execute_plan(const CommandSpec& spec, EncodeFunction encode, Arguments words);
  void execute_job(const CommandSpec& spec, std::unique_ptr<Job> job, Arguments words);
  void reject(const CommandSpec* spec, std::string_view error);

  // Transactions (transaction.cc).
  void multi(const CommandSpec& spec);
  void discard(const CommandSpec& spec);
  void exec(const CommandSpec& spec);
  void queue(const CommandSpec& spec, Arguments words);
  void submit_transaction(const CommandSpec& spec, const std::vector<QueuedCommand>& queue);

  // Jobs.
  void run_job(JobNext next);
  void resume_job();
  void abandon_job(const base::Error& error);

  // Output.
  void answer(const CommandSpec& spec, std::string_view encoded_reply);
  void answer_error(const CommandSpec& spec, std::string_view error);
  void submit(Slot& slot, std::string command, bool read_only);
  void render(Slot& slot, const base::Result<base::ByteView>& results, std::string& out);
  void account(CommandId id, base::Instant started, std::string_view reply);
  void flush();
  void close_if_asked();
  void end(bool at_once);

  ServerContext& server_;
  ConnectionOwner& owner_;
  std::unique_ptr<port::Stream> stream_;
  ClientState client_;
  Phase phase_ = Phase::open;
  codec::RespRequestParser parser_;
  Pipeline pipeline_;
  std::string out_;  // replies not yet given to the stream
  codec::CommandBuilder builder_;
  bool processing_ = false;  // on_bytes is on the stack: it flushes
  bool reading_stopped_ = false;
  bool refused_ = false;        // a command found the server draining: the connection ends soon
  std::size_t held_bytes_ = 0;  // presented and not consumed
  Times times_;
  RunningJob running_;
  std::unique_ptr<router::Session> session_;  // last: its destructor completes calls
};

}  // namespace ostraka::gateway::resp
