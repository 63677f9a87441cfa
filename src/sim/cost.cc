// The fixed workload that tools/cost.py counts under callgrind: three nodes with the shipped
// options on simulated machines, and 64 clients in a closed loop at the leader's Redis front end;
// SETs, then GETs. The same number of operations gives the same run, event for event. Prints what
// was allocated for an operation, as JSON.
//
//   ostraka_cost OPERATIONS
//
// What counts happens within two calls of ostraka_cost_measured(). Threads: one.
#include "base/assert.h"
#include "sim/machine.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Allocated {
  std::uint64_t times = 0;
  std::uint64_t bytes = 0;
};
Allocated allocated;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocated.times;
  allocated.bytes += size;
  void* memory = alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                     : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace ostraka;
using base::Duration;

constexpr std::uint64_t kSeed = 20'26;
constexpr std::uint64_t kNodes = 3;
constexpr std::uint64_t kKeys = 1000;
constexpr std::size_t kClients = 64;
constexpr std::size_t kValueBytes = 256;

// What is left to be sent, for all clients.
struct Script {
  bool reads = false;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t total = 0;
};

std::string request(const Script& script) {
  std::string key = std::to_string(script.sent * 7919 % kKeys);
  key.insert(0, 16 - key.size(), 'k');
  if (script.reads) {
    return "*2\r\n$3\r\nGET\r\n$16\r\n" + key + "\r\n";
  }
  return "*3\r\n$3\r\nSET\r\n$16\r\n" + key + "\r\n$" + std::to_string(kValueBytes) + "\r\n" +
         std::string(kValueBytes, static_cast<char>('a' + script.sent % 26)) + "\r\n";
}

// One connection with one request in flight.
class Client final : public port::StreamHandler {
 public:
  Client(sim_ports::SimScheduler& scheduler, sim_ports::SimFabric& fabric, std::size_t number,
         const std::string& address)
      : executor_(scheduler, clock_, kSeed + number),
        network_(fabric, executor_, "client" + std::to_string(number)) {
    network_.connect(address, executor_.now() + Duration::seconds(1), [this](auto stream) {
      OSTRAKA_ASSERT(stream.has_value(), "nothing breaks connections here");
      stream_ = std::move(*stream);
      stream_->start(*this);
    });
  }

  bool is_connected() const { return stream_ != nullptr; }
  void start(Script& script) {
    script_ = &script;
    next();
  }
  std::size_t on_bytes(base::ByteView bytes) override {
    const std::size_t length = script_->reads ? kGetAnswer : kSetAnswer;
    if (bytes.size() < length) {
      OSTRAKA_ASSERT(!bytes.starts_with('-'), "no errors here");
      return 0;
    }
    OSTRAKA_ASSERT(bytes.size() == length, "one answer to one request");
    ++script_->answered;
    next();
    return length;
  }
  void on_closed(const base::Error&) override {
    OSTRAKA_ASSERT(false, "nothing breaks connections here");
  }

 private:
  static constexpr std::size_t kSetAnswer = std::string_view("+OK\r\n").size();
  static constexpr std::size_t kGetAnswer =
      std::string_view("$256\r\n").size() + kValueBytes + std::string_view("\r\n").size();

  void next() {
    if (script_->sent < script_->total) {
      stream_->write(base::ByteView(request(*script_)));
      ++script_->sent;
    }
  }

  sim_ports::SimClock clock_;
  sim_ports::SimExecutor executor_;
  sim_ports::SimNetwork network_;
  std::unique_ptr<port::Stream> stream_;
  Script* script_ = nullptr;
};

class Cluster {
 public:
  Cluster() : fabric_(scheduler_, kSeed) {
    for (std::uint64_t i = 1; i <= kNodes; ++i) {
      machines_.push_back(std::make_unique<sim::Machine>(scheduler_, fabric_, name(i), kSeed + i));
      const base::Status started =
          machines_.back()->start(options(i), {}, [](const std::string&, const base::Error&) {
            OSTRAKA_ASSERT(false, "nothing fails here");
          });
      OSTRAKA_ASSERT(started.has_value(), "nothing fails here");
    }
    scheduler_.run_until(base::Instant{} + Duration::seconds(5));
  }
  ~Cluster() {
    for (const auto& machine : machines_) {
      machine->crash(sim::CrashKind::process);
    }
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void connect() {
    for (std::size_t i = 0; i < kClients; ++i) {
      clients_.push_back(std::make_unique<Client>(scheduler_, fabric_, i, leader() + ":6379"));
    }
    scheduler_.run_until(scheduler_.now() + Duration::seconds(1));
  }
  void run(Script script) {
    for (const auto& client : clients_) {
      OSTRAKA_ASSERT(client->is_connected(), "a second is enough");
      client->start(script);
    }
    while (script.answered < script.total && scheduler_.step()) {
    }
    OSTRAKA_ASSERT(script.answered == script.total, "every request is answered");
  }

 private:
  static std::string name(std::uint64_t number) { return "n" + std::to_string(number); }
  static node::Options options(std::uint64_t number) {
    node::Options options;
    for (std::uint64_t i = 1; i <= kNodes; ++i) {
      options.cluster.push_back({name(i), name(i) + ":7379"});
    }
    options.advertise = name(number) + ":7379";
    return options;
  }
  std::string leader() {
    for (const auto& machine : machines_) {
      const replica::Replica* replica = machine->node()->store()->find(model::ShardId{1});
      if (replica != nullptr && replica->leads()) {
        return machine->name();
      }
    }
    OSTRAKA_ASSERT(false, "five seconds are enough for an election");
    return {};
  }

  sim_ports::SimScheduler scheduler_;
  sim_ports::SimFabric fabric_;
  std::vector<std::unique_ptr<sim::Machine>> machines_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace

// The name that callgrind is told: it counts what happens from the call to the return.
extern "C" [[gnu::noinline]] void ostraka_cost_measured(void* cluster, const void* script) {
  static_cast<Cluster*>(cluster)->run(*static_cast<const Script*>(script));
}

int main(int argc, char** argv) {
  const std::string_view count = argc == 2 ? argv[1] : "";
  std::uint64_t total = 0;
  const auto end = std::from_chars(count.data(), count.data() + count.size(), total);
  if (end.ec != std::errc() || total == 0) {
    std::fputs("usage: ostraka_cost OPERATIONS\n", stderr);
    return 2;
  }
  Cluster cluster;
  cluster.connect();
  cluster.run({.reads = false, .total = kKeys});  // keys to read, buffers and sessions
  for (const bool reads : {false, true}) {
    const Script script{.reads = reads, .total = total};
    const Allocated before = allocated;
    ostraka_cost_measured(&cluster, &script);
    const double operations = static_cast<double>(total);
    std::printf(
        "%s\"%s\": {\"allocations\": %.3f, \"bytes\": %.1f}%s\n", reads ? " " : "{",
        reads ? "get" : "set", static_cast<double>(allocated.times - before.times) / operations,
        static_cast<double>(allocated.bytes - before.bytes) / operations, reads ? "}" : ",");
  }
  return 0;
}
