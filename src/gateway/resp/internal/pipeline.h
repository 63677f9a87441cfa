// The commands of one connection whose replies have not been written yet, in the order of requests.
//
// A slot is both the call that the router completes and the place of its reply. Slots are linked
// into the queue of their connection and recycled through a pool, so the steady state allocates
// none. Threads: the server's reactor.
#pragma once

#include "base/time.h"
#include "codec/resp_writer.h"
#include "gateway/resp/internal/plan.h"
#include "router/router.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::gateway::resp {

class Slot;

class SlotOwner {
 public:
  SlotOwner() = default;
  SlotOwner(const SlotOwner&) = delete;
  SlotOwner& operator=(const SlotOwner&) = delete;
  virtual ~SlotOwner() = default;
  virtual void on_complete(Slot& slot, const base::Result<base::ByteView>& results) = 0;
};

// One command of an EXEC: a finished reply, or operations whose results are rendered, or both
// (Render::fixed).
struct TransactionPart {
  CommandId id;
  codec::RespProtocol protocol;
  Render render = Render::value;
  std::uint32_t operations = 0;
  std::string reply = {};  // what is known before the results are
};

struct TransactionParts {
  std::uint32_t guards = 0;  // results in front: check_version of watched keys
  std::vector<TransactionPart> parts;
};

class Slot final : public router::Call {
 public:
  void complete(const base::Result<base::ByteView>& results) override {
    owner->on_complete(*this, results);
  }
  void recycle();

  SlotOwner* owner = nullptr;
  Slot* next = nullptr;
  CommandId id = CommandId::get;
  codec::RespProtocol protocol = codec::RespProtocol::resp2;
  Render render = Render::value;
  std::uint32_t operations = 0;
  bool done = false;
  base::Instant started;
  std::string reply;
  std::unique_ptr<TransactionParts> transaction;  // EXEC only
};

class SlotPool {
 public:
  [[nodiscard]] Slot& take();
  void give_back(Slot& slot);

 private:
  std::vector<std::unique_ptr<Slot>> all_;  // bounded by connections times in_flight_max
  std::vector<Slot*> free_;
};

class Pipeline {
 public:
  explicit Pipeline(SlotPool& pool) : pool_(pool) {}
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  // A slot at the end of the queue.
  [[nodiscard]] Slot& push(SlotOwner& owner);
  [[nodiscard]] bool is_first(const Slot& slot) const { return head_ == &slot; }
  // Appends the replies of the finished slots at the front to `out`, and recycles the slots.
  void pop_finished(std::string& out);

 private:
  SlotPool& pool_;
  Slot* head_ = nullptr;
  Slot* tail_ = nullptr;
  std::uint32_t size_ = 0;
};

}  // namespace ostraka::gateway::resp
