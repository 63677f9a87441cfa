#include "bench/load.h"

#include "bench/internal/codec.h"
#include "bench/internal/connection.h"
#include "bench/internal/key_chooser.h"
#include "bench/internal/pacer.h"
#include "bench/internal/timeline.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>

namespace ostraka::bench {
namespace {

using internal::Answer;
using internal::AnswerKind;
using internal::Connection;

constexpr std::uint64_t kCheckLimit = 60'000'000'000;  // nanoseconds for reading back
constexpr int kDueTogether = 16;
constexpr std::uint64_t kDueGrain = 200'000;
constexpr std::uint64_t kLongestSleep = 20'000'000;
constexpr std::uint64_t kFullSleep = 1'000'000;
// HTTP/2 as etcd grants it: a frame has 16 KiB, the requests under way on a connection 64 KiB, and
// a server speaks of room again when a quarter is used up.
constexpr std::uint64_t kEtcdValueMax = 16'000;
constexpr std::uint64_t kEtcdBytesMax = 48U << 10;
constexpr std::uint64_t kEtcdRequestHead = 100;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

std::uint64_t cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto nanos = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(t.tv_usec) * 1'000U;
  };
  return nanos(usage.ru_utime) + nanos(usage.ru_stime);
}

std::unique_ptr<internal::Codec> make_codec(const LoadOptions& options) {
  switch (options.protocol) {
    case WireProtocol::redis:
      return internal::make_redis_codec(options);
    case WireProtocol::etcd:
      return internal::make_etcd_codec(options);
    case WireProtocol::zookeeper:
      return internal::make_zookeeper_codec(options);
  }
  return nullptr;
}

class Load final : public internal::ConnectionUser {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        keys_(options.load_keys ? Distribution::sequential : options.distribution, options.keys,
              options.seed),
        prng_(options.seed ^ 0x62656e6368),
        value_(options.value_bytes, 'v') {
    for (char& c : value_) {
      c = static_cast<char>('a' + prng_.below(26));  // not compressible to nothing
    }
  }

  base::Result<LoadReport> run() {
    OSTRAKA_TRY(poll_.open());
    for (std::uint32_t i = 0; i < options_.clients; ++i) {
      clients_.push_back(std::make_unique<Client>());
      Client& client = *clients_.back();
      client.endpoint = i % options_.endpoints.size();
      client.slots.resize(options_.pipeline);
      OSTRAKA_TRY(connect(i));
    }
    start_ = now_ns();
    measure_from_ = start_ + seconds(options_.warmup_seconds);
    end_ = options_.load_keys ? UINT64_MAX : measure_from_ + seconds(options_.seconds);
    pacer_.emplace(options_.stages, start_, seconds(options_.backlog_seconds));
    last_write_ack_ = measure_from_;
    loop();
    const std::uint64_t until = std::min(now_ns(), end_);
    report_.unsent += pacer_->give_up_all(until);
    pacer_.reset();
    report_.per_second = timeline_.finish();
    report_.seconds = static_cast<double>(until - std::min(until, measure_from_)) / 1e9;
    report_.client_cpu = cpu_ns() - cpu_at_start_;
    if (report_.writes > 0 && until > last_write_ack_ && !options_.load_keys) {
      report_.longest_write_gap = std::max(report_.longest_write_gap, until - last_write_ack_);
    }
    if (options_.check_writes) {
      check_.reading = true;
      end_ = now_ns() + kCheckLimit;
      loop();
      report_.unchecked = check_.acknowledged.size() - report_.checked;
    }
    return std::move(report_);
  }

  void on_answer(std::uint32_t id, Answer& answer) override {
    Client& client = *clients_[id];
    Slot& slot = client.slots[answer.slot];
    const std::uint64_t now = now_;
    slot.busy = false;
    client.idle.push_back(answer.slot);
    if (options_.check_writes && check(slot, answer)) {
      return;
    }
    if (slot.started >= measure_from_ || now >= measure_from_) {
      count(slot, answer, now);
    }
  }

  void on_ready(std::uint32_t id) override {
    Client& client = *clients_[id];
    client.idle.clear();
    for (std::uint32_t slot = options_.pipeline; slot-- > 0;) {
      client.idle.push_back(slot);
      client.slots[slot].busy = false;
    }
    client.ready = true;
  }

  void on_broken(std::uint32_t id) override {
    Client& client = *clients_[id];
    for (Slot& slot : client.slots) {
      if (slot.busy && check_.reading && !slot.is_write) {
        check_.again.push_back(slot.key);
      }
      slot.busy = false;
    }
    client.ready = false;
    client.idle.clear();
    ++report_.disconnects;
    client.endpoint = (client.endpoint + 1) % options_.endpoints.size();
    client.retry_at = now_ns() + 20'000'000;
  }

 private:
  struct Slot {
    std::uint64_t started = 0;
    std::uint64_t key = 0;
    bool is_write = false;
    bool busy = false;
  };
  struct Client {
    std::unique_ptr<Connection> connection;
    std::vector<Slot> slots;
    std::vector<std::uint32_t> idle;
    std::size_t endpoint = 0;
    std::uint64_t retry_at = 0;
    bool ready = false;
  };

  // Of acknowledged writes, by key number.
  struct Check {
    std::vector<std::uint64_t> acknowledged;
    std::vector<std::uint64_t> again;  // the reading failed
    std::size_t next = 0;
    bool reading = false;
  };

  static std::uint64_t seconds(double s) { return static_cast<std::uint64_t>(s * 1e9); }

  base::Status connect(std::uint32_t id) {
    Client& client = *clients_[id];
    client.connection = std::make_unique<Connection>(poll_, *this, id, make_codec(options_));
    return client.connection->connect(options_.endpoints[client.endpoint]);
  }

  void count(const Slot& slot, const Answer& answer, std::uint64_t now) {
    const std::uint64_t latency = now - std::min(now, slot.started);
    // What arrives with the last look belongs to the last second.
    const std::uint64_t at = std::min(now, end_ - 1) - std::min(now, measure_from_);
    if (answer.kind == AnswerKind::busy) {
      ++report_.busy;
      report_.busy_latency.record(latency);
      timeline_.busy(at);
      return;
    }
    if (answer.kind == AnswerKind::error) {
      ++report_.errors;
      timeline_.error(at);
      if (report_.first_error.empty()) {
        report_.first_error = answer.text;
      }
      return;
    }
    report_.absent += answer.kind == AnswerKind::absent ? 1 : 0;
    ++report_.operations;
    timeline_.acknowledged(at, latency);
    report_.latency.record(latency);
    (slot.is_write ? report_.write_latency : report_.read_latency).record(latency);
    (slot.is_write ? report_.writes : report_.reads) += 1;
    if (slot.is_write) {
      report_.longest_write_gap =
          std::max(report_.longest_write_gap, now - std::min(now, last_write_ack_));
      last_write_ack_ = now;
    }
  }

  // Books an answer of a run that checks its writes; true when it belongs to the reading back.
  bool check(const Slot& slot, const Answer& answer) {
    if (slot.is_write) {
      if (answer.kind == AnswerKind::ok) {
        check_.acknowledged.push_back(slot.key);
      }
      return check_.reading;  // the last writes of the run are answered while others are read
    }
    if (answer.kind == AnswerKind::ok || answer.kind == AnswerKind::absent) {
      ++report_.checked;
      report_.lost += answer.kind == AnswerKind::absent ? 1 : 0;
    } else {
      check_.again.push_back(slot.key);
    }
    return true;
  }

  std::uint64_t next_checked_key() {
    if (check_.next < check_.acknowledged.size()) {
      return check_.acknowledged[check_.next++];
    }
    const std::uint64_t key = check_.again.back();
    check_.again.pop_back();
    return key;
  }

  std::uint64_t next_key() {
    if (check_.reading) {
      return next_checked_key();
    }
    return options_.check_writes ? options_.keys + created_ : keys_.next();
  }

  // A key is left to be written or read back.
  bool has_work() const {
    if (check_.reading) {
      return check_.next < check_.acknowledged.size() || !check_.again.empty();
    }
    return !options_.load_keys || created_ < options_.keys;
  }

  // A run without a time of its own has come to its end.
  bool is_complete() const {
    return (options_.load_keys && !has_work() && all_idle()) ||
           (check_.reading && report_.checked == check_.acknowledged.size() && all_idle());
  }

  void send(std::uint32_t id, std::uint64_t due) {
    Client& client = *clients_[id];
    const std::uint32_t slot = client.idle.back();
    client.idle.pop_back();
    Slot& record = client.slots[slot];
    record.started = due;
    record.busy = true;
    record.is_write = !check_.reading && (options_.load_keys || options_.check_writes ||
                                          prng_.unit() >= options_.read_ratio);
    record.key = next_key();
    char key[16];
    internal::format_key(record.key, key);
    const base::ByteView key_view(key, sizeof key);
    std::string& out = client.connection->out();
    internal::Codec& codec = client.connection->codec();
    if (options_.load_keys || (options_.check_writes && record.is_write)) {
      codec.encode_create(slot, key_view, value_, out);
      ++created_;
    } else if (record.is_write) {
      codec.encode_write(slot, key_view, value_, out);
    } else {
      codec.encode_read(slot, key_view, out);
    }
  }

  bool is_open_loop() const { return pacer_.has_value() && !options_.stages.empty(); }

  // Sends what is due, to the clients in turn. What becomes due within kDueGrain goes together, a
  // few to each client as one write: at high rates a write for each request would take from the
  // servers more of the machine than they need themselves.
  void feed_due(std::uint64_t now) {
    report_.unsent += now >= measure_from_ ? pacer_->give_up(now) : 0;
    if (now < send_due_at()) {
      return;
    }
    std::size_t looked = 0;
    while (pacer_->due() <= now && looked < clients_.size()) {
      turn_ = (turn_ + 1) % clients_.size();
      ++looked;
      const Client& client = *clients_[turn_];
      for (int i = 0;
           i < kDueTogether && client.ready && !client.idle.empty() && pacer_->due() <= now; ++i) {
        send(static_cast<std::uint32_t>(turn_), pacer_->due());
        pacer_->take();
        looked = 0;
      }
    }
  }

  std::uint64_t send_due_at() const {
    const std::uint64_t due = pacer_->due();
    return due == UINT64_MAX ? due : due + kDueGrain;
  }

  // How long to sleep when nothing arrives. To the moment something is sent: a client that asks
  // again and again would take the processor from the servers.
  std::uint64_t longest_sleep(std::uint64_t now) const {
    const std::uint64_t due = is_open_loop() ? send_due_at() : UINT64_MAX;
    if (due <= now) {
      return kFullSleep;  // everybody is busy: an answer makes room
    }
    return std::min(due - now, kLongestSleep);
  }

  // Gives work to every client that has room.
  void feed(std::uint64_t now) {
    if (is_open_loop()) {
      feed_due(now);
      return;
    }
    for (std::uint32_t id = 0; id < clients_.size(); ++id) {
      Client& client = *clients_[id];
      while (client.ready && !client.idle.empty() && has_work()) {
        send(id, now);
      }
    }
  }

  bool all_idle() const {
    return std::ranges::all_of(
        clients_, [this](const auto& client) { return client->idle.size() == options_.pipeline; });
  }

  void reconnect_broken(std::uint64_t now) {
    for (std::uint32_t id = 0; id < clients_.size(); ++id) {
      Client& client = *clients_[id];
      if (client.retry_at != 0 && now >= client.retry_at) {
        client.retry_at = 0;
        if (!connect(id).has_value()) {
          on_broken(id);
        }
      }
    }
  }

  void loop() {
    for (;;) {
      now_ = now_ns();
      if (now_ >= measure_from_ && cpu_at_start_ == 0) {
        cpu_at_start_ = cpu_ns();
      }
      if (now_ >= end_ || is_complete()) {
        return;
      }
      reconnect_broken(now_);
      feed(now_);
      for (const auto& client : clients_) {
        client->connection->flush();
      }
      poll_.wait(longest_sleep(now_), [this] { now_ = now_ns(); });
    }
  }

  const LoadOptions& options_;
  internal::KeyChooser keys_;
  base::Prng prng_;
  std::string value_;
  internal::Poll poll_;
  Check check_;
  std::optional<internal::Pacer> pacer_;  // there while requests are due
  internal::Timeline timeline_;
  std::vector<std::unique_ptr<Client>> clients_;
  LoadReport report_;
  std::uint64_t now_ = 0;
  std::uint64_t start_ = 0;
  std::uint64_t measure_from_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t last_write_ack_ = 0;
  std::uint64_t cpu_at_start_ = 0;
  std::uint64_t created_ = 0;  // keys that were written once
  std::size_t turn_ = 0;
};

}  // namespace

base::Result<LoadReport> run_load(const LoadOptions& options) {
  if (options.endpoints.empty() || options.clients == 0 || options.pipeline == 0 ||
      options.keys == 0 || options.read_ratio < 0 || options.read_ratio > 1) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "a load needs endpoints, clients, pipeline and keys above zero and a read "
                      "ratio between 0 and 1");
  }
  if (std::ranges::any_of(options.stages, [](const RateStage& s) { return s.rate <= 0; }) ||
      (!options.stages.empty() && options.load_keys)) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "the rates of an open loop are above zero, and loading has none");
  }
  if (options.protocol == WireProtocol::etcd &&
      (options.value_bytes > kEtcdValueMax ||
       options.pipeline * (options.value_bytes + kEtcdRequestHead) > kEtcdBytesMax)) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "etcd is loaded with values of up to 16000 bytes and 48 KiB in flight on a "
                      "connection: take fewer in a pipeline and more clients");
  }
  if (options.check_writes && (options.read_ratio > 0 || options.load_keys)) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "a run that checks its writes has no reads and is no loading");
  }
  return Load(options).run();
}

}  // namespace ostraka::bench
