// Another engine, whose writes beside the reactor end as late as they can: when somebody needs
// their end, or when they are dropped, as of a thread that was just at them.
#pragma once

#include "base/result.h"
#include "port/engine.h"

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ostraka::store::testing {

class SlowEngine final : public port::Engine {
 public:
  explicit SlowEngine(std::unique_ptr<port::Engine> engine) : engine_(std::move(engine)) {}
  // Begun, and not in yet.
  [[nodiscard]] int writes_under_way() const { return *under_way_; }

  std::unique_ptr<port::WriteBatch> new_batch() override { return engine_->new_batch(); }
  base::Status write(port::WriteBatch& batch) override { return engine_->write(batch); }
  std::unique_ptr<port::EngineWrite> begin_write(port::WriteBatch& batch) override {
    return std::make_unique<SlowWrite>(*engine_, batch, under_way_);
  }
  base::Result<bool> get(port::Family family, base::ByteView key, std::string& value,
                         const port::EngineSnapshot* snapshot) override {
    return engine_->get(family, key, value, snapshot);
  }
  std::unique_ptr<port::EngineIterator> iterate(const port::FamilyRange& range,
                                                const port::EngineSnapshot* snapshot) override {
    return engine_->iterate(range, snapshot);
  }
  std::unique_ptr<port::EngineSnapshot> snapshot() override { return engine_->snapshot(); }
  void flush(OnFlushed on_flushed) override { engine_->flush(std::move(on_flushed)); }
  base::Result<std::vector<port::TableFile>> export_ranges(
      const port::EngineSnapshot& snapshot, const std::vector<port::FamilyRange>& ranges,
      const std::string& folder) override {
    return engine_->export_ranges(snapshot, ranges, folder);
  }
  base::Status ingest_replacing(const std::vector<port::FamilyRange>& ranges,
                                const std::vector<port::TableFile>& tables,
                                port::WriteBatch& extra) override {
    return engine_->ingest_replacing(ranges, tables, extra);
  }
  port::EngineStats stats() override { return engine_->stats(); }
  [[nodiscard]] std::uint64_t epoch() const override { return engine_->epoch(); }

 private:
  class SlowWrite final : public port::EngineWrite {
   public:
    SlowWrite(port::Engine& engine, port::WriteBatch& batch, std::shared_ptr<int> under_way)
        : engine_(engine), batch_(batch), under_way_(std::move(under_way)) {
      ++*under_way_;
    }
    ~SlowWrite() override { std::ignore = finish(); }
    [[nodiscard]] bool done() const override { return ended_; }
    [[nodiscard]] base::Status finish() override {
      if (!ended_) {
        ended_ = true;
        --*under_way_;
        outcome_ = engine_.write(batch_);
      }
      return outcome_;
    }

   private:
    port::Engine& engine_;
    port::WriteBatch& batch_;
    std::shared_ptr<int> under_way_;
    bool ended_ = false;
    base::Status outcome_;
  };

  std::unique_ptr<port::Engine> engine_;
  std::shared_ptr<int> under_way_ = std::make_shared<int>(0);
};

}  // namespace ostraka::store::testing
