#include "protocol/core/append_tokens.h"

#include "base/assert.h"

#include <algorithm>
#include <cstddef>

namespace ostraka::protocol {

void AppendTokens::open(Append& append) {
  if (!append.present) {
    append.present = true;
    issued_ = issued_.next();
    append.token = issued_;
  }
}

void AppendTokens::close(Append& append, model::Term term, model::LogIndex index) {
  append.term = term;
  append.index = index;
  under_way_.push_back({append.token, term, index});
}

void AppendTokens::complete(const Durable& event) {
  OSTRAKA_ASSERT(event.token <= issued_, "durable before it was written");
  while (!under_way_.empty() && under_way_.front().token <= event.token) {
    const UnderWay& written = under_way_.front();
    if (written.token == event.token) {
      OSTRAKA_ASSERT(written.term == event.term && written.index == event.index,
                     "the echo of a write differs from the write");
    }
    done_ = written.token;
    under_way_.pop_front();
  }
}

void DurableIndex::complete(AppendToken done) {
  while (!under_way_.empty() && under_way_.front().token <= done) {
    index_ = std::max(index_, under_way_.front().last);
    under_way_.pop_front();
  }
}

void DurableIndex::truncate(model::LogIndex from) {
  index_ = std::min(index_, from.prev());
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    under_way_[i].last = std::min(under_way_[i].last, from.prev());
  }
}

void DurableIndex::restart_at(model::LogIndex base) {
  index_ = base;
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    under_way_[i].last = model::LogIndex{};
  }
}

}  // namespace ostraka::protocol
