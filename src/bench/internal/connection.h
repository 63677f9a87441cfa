// Non-blocking sockets on epoll for the load generator. Linux only. Threads: one.
#pragma once

#include "base/result.h"
#include "bench/internal/codec.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::bench::internal {

class Connection;

class Poll {
 public:
  Poll() = default;
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  [[nodiscard]] base::Status open();
  // Handles what is ready, or comes within the time; `woken` is called once before, when anything
  // is.
  void wait(std::uint64_t nanoseconds, const std::function<void()>& woken);

 private:
  friend class Connection;
  int epoll_ = -1;
};

class ConnectionUser {
 public:
  ConnectionUser() = default;
  ConnectionUser(const ConnectionUser&) = delete;
  ConnectionUser& operator=(const ConnectionUser&) = delete;
  virtual ~ConnectionUser() = default;
  virtual void on_ready(std::uint32_t id) = 0;
  virtual void on_answer(std::uint32_t id, Answer& answer) = 0;
  virtual void on_broken(std::uint32_t id) = 0;
};

class Connection {
 public:
  Connection(Poll& poll, ConnectionUser& user, std::uint32_t id, std::unique_ptr<Codec> codec)
      : poll_(poll), user_(user), id_(id), codec_(std::move(codec)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Blocks until connected (loopback: at once). Errors: connection_refused, invalid_argument.
  [[nodiscard]] base::Status connect(const std::string& endpoint);
  [[nodiscard]] Codec& codec() { return *codec_; }
  // Where requests are encoded; sent by flush().
  [[nodiscard]] std::string& out() { return out_; }
  void flush();

 private:
  friend class Poll;
  void on_event(std::uint32_t events);
  void read_some();
  void broken();

  Poll& poll_;
  ConnectionUser& user_;
  std::uint32_t id_;
  std::unique_ptr<Codec> codec_;
  int socket_ = -1;
  bool ready_told_ = false;
  bool waits_for_room_ = false;
  std::string out_;
  std::string in_;
  std::vector<Answer> answers_;
};

}  // namespace ostraka::bench::internal
