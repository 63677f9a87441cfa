// One client connection of the HTTP server.
//
// The server owns it; a Responder under way holds a weak reference. finish() gives up the stream at
// once.
#pragma once

#include "base/time.h"
#include "codec/http.h"
#include "gateway/http/server.h"
#include "port/network.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ostraka::gateway::http {

class Connection final : public port::StreamHandler,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, std::uint64_t id, std::unique_ptr<port::Stream> stream);
  void start() { stream_->start(*this); }
  void finish();
  void respond(const Response& response);
  // True when it has broken one of the time limits; a client that is only slow gets 408.
  [[nodiscard]] bool check_time(base::Instant now);
  // Not between taking a request and answering it.
  [[nodiscard]] bool is_idle() const { return !handling_; }
  [[nodiscard]] base::Instant last_active() const { return last_active_; }

  std::size_t on_bytes(base::ByteView bytes) override;
  void on_drained() override;
  void on_closed(const base::Error& reason) override;

 private:
  void take_request();
  void refuse(int status, const std::string& text);

  Server& server_;
  std::uint64_t id_;
  std::unique_ptr<port::Stream> stream_;  // null when finished
  codec::HttpRequestParser parser_;
  base::Instant last_active_;
  base::Instant request_began_ = base::Instant::never();  // never: no part of one has come
  std::size_t last_pending_ = 0;
  base::Instant last_sent_;
  bool handling_ = false;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool backed_up_ = false;  // answers are not read: no further request is taken
  bool in_parse_ = false;   // on_bytes is on the stack: it goes on by itself
};

}  // namespace ostraka::gateway::http
