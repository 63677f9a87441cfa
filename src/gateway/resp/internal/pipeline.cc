#include "gateway/resp/internal/pipeline.h"

namespace ostraka::gateway::resp {
namespace {

// A reply buffer that grew beyond this is not kept.
constexpr std::size_t kReplyBytesKept = 4096;

}  // namespace

void Slot::recycle() {
  command = {};
  next = nullptr;
  done = false;
  transaction.reset();
  reply.clear();
  if (reply.capacity() > kReplyBytesKept) {
    reply.shrink_to_fit();
  }
}

Slot& SlotPool::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Slot>());
    return *all_.back();
  }
  Slot& slot = *free_.back();
  free_.pop_back();
  return slot;
}

void SlotPool::give_back(Slot& slot) {
  slot.recycle();
  free_.push_back(&slot);
}

Pipeline::~Pipeline() {
  while (head_ != nullptr) {
    Slot* const slot = head_;
    head_ = slot->next;
    pool_.give_back(*slot);
  }
}

Slot& Pipeline::push(SlotOwner& owner) {
  Slot& slot = pool_.take();
  slot.owner = &owner;
  if (tail_ == nullptr) {
    head_ = &slot;
  } else {
    tail_->next = &slot;
  }
  tail_ = &slot;
  ++size_;
  return slot;
}

void Pipeline::pop_finished(std::string& out) {
  while (head_ != nullptr && head_->done) {
    Slot* const slot = head_;
    out.append(slot->reply);
    head_ = slot->next;
    if (head_ == nullptr) {
      tail_ = nullptr;
    }
    --size_;
    pool_.give_back(*slot);
  }
}

}  // namespace ostraka::gateway::resp
