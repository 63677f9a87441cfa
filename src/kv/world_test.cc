#include "base/assert.h"
#include "codec/result_value.h"
#include "engine_memory/engine_memory.h"
#include "kv/test_world.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ostraka::kv::testing {
namespace {

class TestFile final : public port::File {
 public:
  explicit TestFile(TestFiles::Contents contents) : contents_(std::move(contents)) {}
  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    if (offset >= contents_->size()) {
      return std::size_t{0};
    }
    const std::size_t count = std::min<std::size_t>(out.size(), contents_->size() - offset);
    std::memcpy(out.data(), contents_->data() + offset, count);
    return count;
  }
  base::Status write_at(std::uint64_t offset, std::span<const base::ByteView> pieces) override {
    for (const base::ByteView piece : pieces) {
      contents_->resize(std::max<std::size_t>(contents_->size(), offset + piece.size()));
      std::memcpy(contents_->data() + offset, piece.data(), piece.size());
      offset += piece.size();
    }
    return {};
  }
  base::Status sync() override { return {}; }
  base::Status preallocate(std::uint64_t bytes) override {
    contents_->resize(std::max<std::size_t>(contents_->size(), bytes));
    return {};
  }
  base::Status truncate(std::uint64_t bytes) override {
    contents_->resize(bytes);
    return {};
  }
  base::Result<std::uint64_t> size() override { return std::uint64_t{contents_->size()}; }

 private:
  TestFiles::Contents contents_;
};

constexpr std::array kFailureNames = {
    "",         "not_an_integer",      "overflow",    "no_such_key",
    "too_long", "offset_out_of_range", "same_object", "wrong_shard"};

std::string next_text(codec::ResultReader& reader) {
  codec::ResultValue value;
  if (!reader.next(value).value()) {
    return {};
  }
  switch (value.kind) {
    case codec::ValueKind::nil:
      return "nil";
    case codec::ValueKind::ok:
      return "ok";
    case codec::ValueKind::integer:
      return std::to_string(value.integer);
    case codec::ValueKind::bytes:
      return '"' + std::string(value.bytes) + '"';
    case codec::ValueKind::failure:
      return std::string("!") + kFailureNames.at(static_cast<std::size_t>(value.integer));
    case codec::ValueKind::aborted:
      return "aborted";
    case codec::ValueKind::array:
      break;
  }
  std::string text = "[";
  const std::int64_t count = value.integer;
  for (std::int64_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : ", ") + next_text(reader);
  }
  return text + "]";
}

}  // namespace

base::Result<std::unique_ptr<port::File>> TestFiles::open(const std::string& path,
                                                          port::OpenMode mode) {
  const bool present = files_.contains(path);
  if (mode == port::OpenMode::create_new && present) {
    return base::fail(base::ErrorCode::already_exists, path);
  }
  if ((mode == port::OpenMode::read_only || mode == port::OpenMode::read_write) && !present) {
    return base::fail(base::ErrorCode::not_found, path);
  }
  Contents& contents = files_[path];
  if (contents == nullptr) {
    contents = std::make_shared<std::string>();
  }
  return std::make_unique<TestFile>(contents);
}

base::Result<std::vector<std::string>> TestFiles::list(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& [path, contents] : files_) {
    if (path.starts_with(folder + "/")) {
      names.push_back(path.substr(folder.size() + 1));
    }
  }
  return names;
}

base::Status TestFiles::rename(const std::string& from, const std::string& to) {
  files_[to] = files_.at(from);
  files_.erase(from);
  return {};
}

base::Status TestFiles::remove(const std::string& path) {
  files_.erase(path);
  return {};
}

base::Status TestFiles::remove_tree(const std::string& path) {
  std::erase_if(files_, [&](const auto& file) { return file.first.starts_with(path + "/"); });
  return {};
}

void TestExecutor::drain() {
  while (!posted_.empty()) {
    port::Closure closure = std::move(posted_.front());
    posted_.pop_front();
    closure();
  }
}

World::World() { open(); }

World::~World() { executor_.drop(); }

void World::open() {
  auto opened = engine_memory::open(files_, executor_, {});
  OSTRAKA_ASSERT(opened.has_value(), "the engine opens");
  engine_ = *std::move(opened);
}

void World::checkpoint() {
  bool done = false;
  engine_->flush([&done](base::Status status) { done = status.has_value(); });
  executor_.drain();
  OSTRAKA_ASSERT(done, "the flush completes");
}

void World::crash() {
  engine_.reset();
  executor_.drop();
  open();
}

Operation op(OpCode code, base::ByteView key, base::ByteView value) {
  return {.code = code, .keyspace = kSpace, .key = key, .value = value};
}

std::string command(std::initializer_list<Operation> operations) {
  codec::CommandBuilder builder;
  for (const Operation& operation : operations) {
    builder.add(operation);
  }
  return builder.take();
}

std::string text_of(base::ByteView results) {
  codec::ResultReader reader(results);
  std::string text;
  for (std::string value = next_text(reader); !value.empty(); value = next_text(reader)) {
    text += (text.empty() ? "" : " ") + value;
  }
  return text;
}

void Told::on_result(model::SessionId, model::Serial serial,
                     const base::Result<base::ByteView>& result) {
  results.push_back(result.has_value()
                        ? text_of(*result)
                        : "error " + std::string(base::name_of(result.error().code)));
  serials.push_back(serial.value());
}

void Told::on_state_hash(model::LogIndex, std::uint64_t hash) { hashes.push_back(hash); }

Replica::Replica(World& world, model::ShardId shard, SessionLimits limits,
                 StateMachineOptions options)
    : world_(world), shard_(shard), limits_(limits), options_(std::move(options)) {
  machine_ = std::make_unique<StateMachine>(shard_, world_.engine(), limits_, options_);
  OSTRAKA_ASSERT(machine_->load().has_value(), "an empty engine loads");
}

void Replica::append(codec::EntryHeader header, const std::vector<std::string>& commands) {
  std::string payload;
  codec::EntryBuilder builder(payload);
  header.log_time = base::WallTime::from_milliseconds(now_ms);
  builder.begin(header);
  for (const std::string& encoded : commands) {
    builder.add_command(encoded);
  }
  builder.finish();
  port::LogEntry entry;
  entry.meta.index = last().next();
  entry.meta.term = model::Term(1);
  entry.meta.payload_bytes = static_cast<std::uint32_t>(payload.size());
  entry.payload = base::Buffer::take(std::move(payload));
  log_.push_back(std::move(entry));
}

void Replica::apply_rest() {
  const std::size_t done = machine_->applied().value();
  const base::Status status = machine_->apply(std::span(log_).subspan(done), told);
  OSTRAKA_ASSERT(status.has_value(), "committed entries apply");
}

std::vector<std::string> Replica::apply(codec::EntryHeader header,
                                        const std::vector<std::string>& commands) {
  told.results.clear();
  told.serials.clear();
  append(header, commands);
  apply_rest();
  return told.results;
}

std::string Replica::run(std::initializer_list<Operation> operations) {
  return apply({}, {command(operations)}).at(0);
}

std::string Replica::read(const Operation& operation) {
  std::string results;
  const base::Status status = machine_->read(command({operation}), results);
  return status.has_value() ? text_of(results)
                            : "error " + std::string(base::name_of(status.error().code));
}

std::vector<std::string> Replica::run_in(std::uint64_t session, std::uint64_t first_serial,
                                         const std::vector<std::string>& commands,
                                         std::uint64_t acknowledged) {
  codec::EntryHeader header;
  header.session = model::SessionId(session);
  header.first_serial = model::Serial(first_serial);
  header.acknowledged = model::Serial(acknowledged);
  return apply(header, commands);
}

void Replica::register_session(std::uint64_t session) {
  codec::EntryHeader header;
  header.type = codec::EntryType::register_session;
  header.session = model::SessionId(session);
  apply(header, {});
}

void Replica::advance_time(std::int64_t ms) {
  now_ms += ms;
  codec::EntryHeader header;
  header.type = codec::EntryType::advance_time;
  apply(header, {});
}

void Replica::restart(std::size_t step) {
  machine_ = std::make_unique<StateMachine>(shard_, world_.engine(), limits_, options_);
  const auto loaded = machine_->load();
  OSTRAKA_ASSERT(loaded.has_value(), "a checkpoint loads");
  OSTRAKA_ASSERT(loaded->index <= last(), "the log reaches as far as the checkpoint");
  while (machine_->applied() < last()) {
    const std::size_t done = machine_->applied().value();
    const std::size_t count = std::min(step, log_.size() - done);
    const base::Status status = machine_->apply(std::span(log_).subspan(done, count), told);
    OSTRAKA_ASSERT(status.has_value(), "committed entries apply");
  }
}

}  // namespace ostraka::kv::testing
