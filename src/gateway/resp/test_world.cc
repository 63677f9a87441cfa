#include "gateway/resp/test_world.h"

#include "base/assert.h"
#include "codec/entry.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace ostraka::gateway::resp::testing {

using base::ErrorCode;

base::Result<std::unique_ptr<port::File>> NoFiles::open(const std::string& path,
                                                        port::OpenMode /*mode*/) {
  return base::fail(ErrorCode::not_found, path);
}
base::Result<bool> NoFiles::exists(const std::string& /*path*/) { return false; }
base::Result<std::vector<std::string>> NoFiles::list(const std::string& /*folder*/) {
  return std::vector<std::string>();
}
base::Status NoFiles::make_directory(const std::string& /*path*/) { return {}; }
base::Status NoFiles::rename(const std::string& from, const std::string& /*to*/) {
  return base::fail(ErrorCode::not_found, from);
}
base::Status NoFiles::remove(const std::string& path) {
  return base::fail(ErrorCode::not_found, path);
}
base::Status NoFiles::remove_tree(const std::string& /*path*/) { return {}; }
base::Status NoFiles::sync_directory(const std::string& /*folder*/) { return {}; }

// One queue in order of submission, as router::Session promises.
class StateRouter::StateSession final : public router::Session {
 public:
  explicit StateSession(StateRouter& router) : router_(router), alive_(std::make_shared<int>()) {
    router_.sessions_.push_back(this);
  }
  ~StateSession() override {
    std::erase(router_.sessions_, this);
    while (!waiting_.empty()) {
      router::Call& call = *waiting_.front().call;
      waiting_.pop_front();
      call.complete(base::fail(ErrorCode::cancelled));
    }
  }

  void submit(router::Call& call) override {
    waiting_.push_back({&call, router_.run(call)});
    if (router_.hold) {
      return;
    }
    if (!router_.answer_later) {
      answer();
      return;
    }
    router_.executor_.post([this, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) {
        answer();
      }
    });
  }
  std::size_t in_flight() const override { return waiting_.size(); }

  void answer() {
    while (!waiting_.empty()) {
      Waiting done = std::move(waiting_.front());
      waiting_.pop_front();
      if (done.result.has_value()) {
        done.call->complete(base::ByteView(*done.result));
      } else {
        done.call->complete(std::unexpected(done.result.error()));
      }
    }
  }

 private:
  struct Waiting {
    router::Call* call;
    base::Result<std::string> result;
  };
  StateRouter& router_;
  std::shared_ptr<int> alive_;
  std::deque<Waiting> waiting_;
};

StateRouter::StateRouter(port::Executor& executor) : executor_(executor) {
  auto engine = engine_memory::open(files_, executor, {});
  OSTRAKA_ASSERT(engine.has_value(), "an empty engine opens");
  engine_ = std::move(*engine);
  machine_ = std::make_unique<kv::StateMachine>(model::ShardId(1), *engine_, kv::SessionLimits());
  OSTRAKA_ASSERT(machine_->load().has_value(), "an empty state loads");
  advance(0);
}

StateRouter::~StateRouter() = default;

std::unique_ptr<router::Session> StateRouter::open_session() {
  return std::make_unique<StateSession>(*this);
}

void StateRouter::release() {
  hold = false;
  for (StateSession* session : std::vector<StateSession*>(sessions_)) {
    if (std::ranges::find(sessions_, session) != sessions_.end()) {
      session->answer();
    }
  }
}

void StateRouter::advance(std::int64_t ms) {
  now_ms += ms;
  std::string payload;
  codec::EntryBuilder builder(payload);
  builder.begin({.type = codec::EntryType::advance_time,
                 .session = {},
                 .first_serial = {},
                 .acknowledged = {},
                 .log_time = base::WallTime::from_milliseconds(now_ms)});
  builder.finish();
  last_ = last_.next();
  const port::LogEntry entry{.meta = {.index = last_, .term = model::Term(1)},
                             .payload = base::Buffer::take(std::move(payload))};
  OSTRAKA_ASSERT(machine_->apply({&entry, 1}, *this).has_value(), "applied");
}

base::Result<std::string> StateRouter::run(const router::Call& call) {
  if (before_call) {
    if (auto error = before_call(call); error.has_value()) {
      return std::unexpected(std::move(*error));
    }
  }
  if (!call.read_only) {
    return write(call.command.view());
  }
  read_consistency.push_back(call.consistency);
  std::string results;
  OSTRAKA_TRY(machine_->read(call.command.view(), results));
  return results;
}

base::Result<std::string> StateRouter::write(base::ByteView command) {
  ++writes;
  std::string payload;
  codec::EntryBuilder builder(payload);
  builder.begin({.type = codec::EntryType::commands,
                 .session = {},
                 .first_serial = {},
                 .acknowledged = {},
                 .log_time = base::WallTime::from_milliseconds(now_ms)});
  builder.add_command(command);
  builder.finish();
  last_ = last_.next();
  const port::LogEntry entry{.meta = {.index = last_, .term = model::Term(1)},
                             .payload = base::Buffer::take(std::move(payload))};
  result_ = base::fail(ErrorCode::unknown_outcome, "no result");
  OSTRAKA_TRY(machine_->apply({&entry, 1}, *this));
  return result_;
}

void StateRouter::on_result(model::SessionId /*session*/, model::Serial /*serial*/,
                            const base::Result<base::ByteView>& results) {
  if (results.has_value()) {
    result_ = std::string(*results);
  } else {
    result_ = std::unexpected(results.error());
  }
}

void StateRouter::on_state_hash(model::LogIndex /*index*/, std::uint64_t /*hash*/) {}

std::string encode(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return bytes;
}

std::vector<std::string> split(const std::string& words) {
  std::istringstream in(words);
  std::vector<std::string> out;
  std::string word;
  while (in >> word) {
    out.push_back(word == "''" ? std::string() : word);
  }
  return out;
}

std::string Client::ask(const std::string& bytes) {
  send(bytes);
  world_.settle();
  return take();
}

std::string Client::command(const std::string& words) { return command(split(words)); }

std::string Client::command(const std::vector<std::string>& words) { return ask(encode(words)); }

void Client::send(const std::string& bytes) { stream_->write(base::ByteView(bytes)); }

std::string Client::take() { return std::exchange(received_, {}); }

std::size_t Client::on_bytes(base::ByteView bytes) {
  received_ += bytes;
  return bytes.size();
}

void Client::on_closed(const base::Error& /*reason*/) { closed_ = true; }

World::World(Options options, std::uint64_t seed)
    : fabric(scheduler, seed),
      executor(scheduler, clock, seed + 1),
      network(fabric, executor, "server"),
      router(executor),
      client_executor_(scheduler, clock, seed + 2),
      client_network_(fabric, client_executor_, "client") {
  add_server(std::move(options));
}

World::~World() {
  for (const auto& server : servers) {
    if (!server->address().empty()) {
      server->drain(executor.now(), [] {});
    }
  }
  settle();
}

void World::add_server(Options options) {
  servers.push_back(std::make_unique<Server>(executor, network, router, std::move(options), info));
  const std::string port = std::to_string(6379 + servers.size());
  OSTRAKA_ASSERT(servers.back()->start("server:" + port).has_value(), "the address is free");
}

std::unique_ptr<Client> World::connect() {
  auto client = std::make_unique<Client>(*this);
  client_network_.connect(servers[connect_to]->address(),
                          client_executor_.now() + base::Duration::seconds(1),
                          [&client](base::Result<std::unique_ptr<port::Stream>> stream) {
                            OSTRAKA_ASSERT(stream.has_value(), "the server accepts");
                            client->stream_ = std::move(*stream);
                            client->stream_->start(*client);
                          });
  settle();
  return client;
}

void World::run(base::Duration duration) { scheduler.run_until(scheduler.now() + duration); }

}  // namespace ostraka::gateway::resp::testing
