// Random command sequences against a model that is a map: results, and that neither restarts nor
// the way in which entries are grouped change anything.
#include "base/glob.h"
#include "base/prng.h"
#include "kv/internal/keyspaces.h"
#include "kv/internal/stored.h"
#include "kv/test_world.h"
#include "versioned/key.h"
#include "versioned/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The model lists only the operations that it has to treat in a way of their own.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace ostraka::kv::testing {
namespace {

struct Item {
  std::string value;
  std::int64_t deadline_ms = 0;
  std::uint64_t version = 0;
};

std::string in_quotes(const std::string& text) { return '"' + text + '"'; }

// What operations mean, without any thought of speed, storage or batches.
class Model {
 public:
  std::int64_t now_ms = 0;
  std::uint64_t index = 0;

  std::string execute(const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) {
      const Item* item = live(operation.keyspace, operation.key);
      if (operation.code == OpCode::check_version &&
          (item == nullptr ? 0 : item->version) != static_cast<std::uint64_t>(operation.number)) {
        return "aborted";
      }
      if (operation.code == OpCode::set_if_absent_all && item != nullptr) {
        return "0";
      }
    }
    std::string text;
    for (const Operation& operation : operations) {
      text += (text.empty() ? "" : " ") + one(operation);
    }
    return text;
  }

 private:
  using Key = std::pair<model::KeyspaceId, std::string>;

  bool is_live(const Item& item) const {
    return item.deadline_ms == 0 || item.deadline_ms > now_ms;
  }
  Item* live(model::KeyspaceId keyspace, base::ByteView key) {
    const auto found = items_.find({keyspace, std::string(key)});
    return found != items_.end() && is_live(found->second) ? &found->second : nullptr;
  }
  void put(model::KeyspaceId keyspace, base::ByteView key, std::string value,
           std::int64_t deadline_ms) {
    const Key at{keyspace, std::string(key)};
    if (deadline_ms != 0 && deadline_ms <= now_ms) {
      items_.erase(at);
    } else {
      items_[at] = {std::move(value), deadline_ms, index};
    }
  }
  void erase(const Operation& operation) {
    items_.erase({operation.keyspace, std::string(operation.key)});
  }

  std::string one(const Operation& operation) {
    Item* item = live(operation.keyspace, operation.key);
    switch (operation.code) {
      case OpCode::get:
        return item == nullptr ? "nil" : in_quotes(item->value);
      case OpCode::exists:
        return item == nullptr ? "0" : "1";
      case OpCode::string_length:
        return std::to_string(item == nullptr ? 0 : item->value.size());
      case OpCode::deadline:
        return std::to_string(item == nullptr          ? -2
                              : item->deadline_ms == 0 ? -1
                                                       : item->deadline_ms);
      case OpCode::key_version:
        return std::to_string(item == nullptr ? 0 : item->version);
      case OpCode::scan:
      case OpCode::scan_reverse:
        return scan(operation);
      case OpCode::count:
        return count(operation);
      default:
        return write(operation, item);
    }
  }

  std::string count(const Operation& operation) const {
    return std::to_string(std::ranges::count_if(items_, [&](const auto& entry) {
      return entry.first.first == operation.keyspace && entry.first.second >= operation.key &&
             is_live(entry.second);
    }));
  }

  // Fewer keys than one call examines, so there is no continuation.
  std::string scan(const Operation& operation) const {
    std::vector<std::string> names;
    for (const auto& [key, item] : items_) {
      if (key.first == operation.keyspace && is_live(item) && key.second >= operation.key &&
          (operation.key2.empty() || key.second < operation.key2) &&
          (operation.value.empty() || base::glob_matches(operation.value, key.second))) {
        names.push_back(in_quotes(key.second));
      }
    }
    if (operation.code == OpCode::scan_reverse) {
      std::ranges::reverse(names);
    }
    std::string text = "[nil, [";
    for (std::size_t i = 0; i < names.size(); ++i) {
      text += (i == 0 ? "" : ", ") + names[i];
    }
    return text + "]]";
  }

  std::string set(const Operation& operation, Item* item) {
    const std::string old = item == nullptr ? "nil" : in_quotes(item->value);
    const bool get = (operation.flags & codec::kSetGet) != 0;
    if (((operation.flags & codec::kSetIfAbsent) != 0 && item != nullptr) ||
        ((operation.flags & codec::kSetIfPresent) != 0 && item == nullptr)) {
      return get ? old : "nil";
    }
    const bool keep = (operation.flags & codec::kSetKeepDeadline) != 0;
    const std::int64_t kept = item == nullptr ? 0 : item->deadline_ms;
    put(operation.keyspace, operation.key, std::string(operation.value),
        keep ? kept : operation.deadline_ms);
    return get ? old : "ok";
  }

  std::string increment(const Operation& operation, Item* item) {
    const std::string text = item == nullptr ? "0" : item->value;
    const std::int64_t old = std::strtoll(text.c_str(), nullptr, 10);
    if (std::to_string(old) != text) {
      return "!not_an_integer";
    }
    std::int64_t sum = 0;
    if (__builtin_add_overflow(old, operation.number, &sum)) {
      return "!overflow";
    }
    put(operation.keyspace, operation.key, std::to_string(sum),
        item == nullptr ? 0 : item->deadline_ms);
    return std::to_string(sum);
  }

  std::string write_into(const Operation& operation, Item* item) {
    std::string value = item == nullptr ? "" : item->value;
    if (operation.code == OpCode::append) {
      value += operation.value;
    } else if (operation.value.empty()) {
      return std::to_string(value.size());
    } else {
      const auto offset = static_cast<std::size_t>(operation.number);
      value.resize(std::max(value.size(), offset + operation.value.size()));
      value.replace(offset, operation.value.size(), operation.value);
    }
    const std::string size = std::to_string(value.size());
    put(operation.keyspace, operation.key, value, item == nullptr ? 0 : item->deadline_ms);
    return size;
  }

  void set_deadline(const Operation& operation, const Item& item, std::int64_t deadline_ms) {
    if (deadline_ms <= now_ms && operation.code != OpCode::persist) {
      erase(operation);
    } else {
      put(operation.keyspace, operation.key, item.value, deadline_ms);
    }
  }

  std::string expire(const Operation& operation, Item* item) {
    if (item == nullptr) {
      return "0";
    }
    const std::int64_t never = std::numeric_limits<std::int64_t>::max();
    const std::int64_t present = item->deadline_ms == 0 ? never : item->deadline_ms;
    const auto has = [&](std::uint32_t flag) { return (operation.flags & flag) != 0; };
    if ((has(codec::kExpireIfNone) && present != never) ||
        (has(codec::kExpireIfSome) && present == never) ||
        (has(codec::kExpireIfGreater) && operation.deadline_ms <= present) ||
        (has(codec::kExpireIfLess) && operation.deadline_ms >= present)) {
      return "0";
    }
    set_deadline(operation, *item, operation.deadline_ms);
    return "1";
  }

  std::string get_expire(const Operation& operation, Item* item) {
    if (item == nullptr) {
      return "nil";
    }
    const std::string value = in_quotes(item->value);
    if ((operation.flags & codec::kGetExpireSet) != 0) {
      set_deadline(operation, *item, operation.deadline_ms);
    } else if ((operation.flags & codec::kGetExpirePersist) != 0 && item->deadline_ms != 0) {
      item->deadline_ms = 0;
      item->version = index;
    }
    return value;
  }

  std::string move(const Operation& operation, Item* item) {
    const bool rename = operation.code == OpCode::rename;
    const bool flag = operation.flags != 0;
    const model::KeyspaceId target =
        rename || operation.keyspace2.is_none() ? operation.keyspace : operation.keyspace2;
    const bool same = operation.key == operation.key2 && target == operation.keyspace;
    if (!rename && same) {
      return "!same_object";
    }
    if (item == nullptr) {
      return rename ? "!no_such_key" : "0";
    }
    if (same) {
      return flag ? "0" : "ok";
    }
    const bool may_replace = rename != flag;
    if (!may_replace && live(target, operation.key2) != nullptr) {
      return "0";
    }
    const Item moved = *item;
    put(target, operation.key2, moved.value, moved.deadline_ms);
    if (rename) {
      erase(operation);
    }
    return rename && !flag ? "ok" : "1";
  }

  std::string remove(const Operation& operation, const Item* item) {
    const bool get = operation.code == OpCode::get_remove;
    if (item == nullptr) {
      return get ? "nil" : "0";
    }
    const std::string value = in_quotes(item->value);
    erase(operation);
    return get ? value : "1";
  }

  std::string write(const Operation& operation, Item* item) {
    switch (operation.code) {
      case OpCode::set:
        return set(operation, item);
      case OpCode::increment:
        return increment(operation, item);
      case OpCode::append:
      case OpCode::set_range:
        return write_into(operation, item);
      case OpCode::remove:
      case OpCode::get_remove:
        return remove(operation, item);
      case OpCode::expire_at:
        return expire(operation, item);
      case OpCode::persist:
        if (item == nullptr || item->deadline_ms == 0) {
          return "0";
        }
        set_deadline(operation, *item, 0);
        return "1";
      case OpCode::get_expire:
        return get_expire(operation, item);
      case OpCode::rename:
      case OpCode::copy:
        return move(operation, item);
      case OpCode::flush_keyspace:
        std::erase_if(items_, [&](const auto& e) { return e.first.first == operation.keyspace; });
        return "ok";
      case OpCode::remove_expired: {
        const auto found = items_.find({operation.keyspace, std::string(operation.key)});
        const bool expired = found != items_.end() && !is_live(found->second);
        if (expired) {
          items_.erase(found);
        }
        return expired ? "1" : "0";
      }
      default:
        return "nil";
    }
  }

  std::map<Key, Item> items_;
};

constexpr std::array kCodes = {
    OpCode::get,           OpCode::exists,        OpCode::string_length,
    OpCode::deadline,      OpCode::scan,          OpCode::scan_reverse,
    OpCode::count,         OpCode::key_version,   OpCode::set,
    OpCode::set,           OpCode::set,           OpCode::set,
    OpCode::remove,        OpCode::increment,     OpCode::increment,
    OpCode::append,        OpCode::set_range,     OpCode::get_remove,
    OpCode::expire_at,     OpCode::expire_at,     OpCode::persist,
    OpCode::get_expire,    OpCode::rename,        OpCode::copy,
    OpCode::touch,         OpCode::check_version, OpCode::set_if_absent_all,
    OpCode::remove_expired};
constexpr model::ShardId kShard = model::ShardId(3);
constexpr std::array<base::ByteView, 6> kKeys = {"", "a", "b", "ab", "aa", "\xff"};
constexpr std::array<base::ByteView, 5> kValues = {"", "1", "-7", "9223372036854775806", "text"};
constexpr std::array<base::ByteView, 4> kPatterns = {"", "*", "a*", "[^a]"};

// One trial: a replica that is never restarted, one that is, and the model.
class Trial {
 public:
  explicit Trial(std::uint64_t seed) : prng_(seed) {
    steady_.register_session(7);
    shaken_.register_session(7);
    if (prng_.chance(2, 3)) {
      shaken_world_.hold_jobs();
    }
    model_.index = 1;
    model_.now_ms = steady_.now_ms;
  }

  void step() {
    if (prng_.chance(1, 3)) {
      shaken_world_.run_jobs();
    }
    const std::uint64_t kind = prng_.below(20);
    if (kind == 0) {
      shaken_world_.checkpoint();
    } else if (kind == 1) {
      shaken_.stop();
      shaken_world_.crash();
      shaken_.restart(1 + prng_.below(5));
    } else if (kind == 2) {
      static_cast<void>(shaken_.machine().collect_garbage(1 + prng_.below(10)));
    } else if (kind == 3) {
      expire();
    } else {
      entry();
    }
  }

  void compare() {
    apply_rest();
    EXPECT_EQ(steady_.hash(), shaken_.hash());
    expect_indexed(steady_world_.engine());
    expect_indexed(shaken_world_.engine());
    for (int i = 0; i < 20; ++i) {
      const Operation operation = draw();
      if (codec::is_read(operation.code)) {
        const std::string expected = model_.execute({operation});
        SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation.code)));
        EXPECT_EQ(steady_.read(operation), expected);
        EXPECT_EQ(shaken_.read(operation), expected);
      }
    }
  }

 private:
  Operation draw() {
    Operation operation;
    operation.code = kCodes[prng_.below(kCodes.size())];
    if (prng_.chance(1, 100)) {
      operation.code = OpCode::flush_keyspace;
    }
    const auto keyspace = [&] {
      return model::KeyspaceId(static_cast<std::uint32_t>(1 + prng_.below(2)));
    };
    operation.keyspace = keyspace();
    operation.key = kKeys[prng_.below(kKeys.size())];
    operation.key2 = kKeys[prng_.below(kKeys.size())];
    operation.value = kValues[prng_.below(kValues.size())];
    operation.deadline_ms = prng_.chance(1, 2) ? model_.now_ms + prng_.between(-1, 4) : 0;
    draw_rest(operation);
    if (operation.code == OpCode::copy) {
      operation.keyspace2 = prng_.chance(1, 2) ? keyspace() : model::KeyspaceId();
    }
    return operation;
  }

  void draw_rest(Operation& operation) {
    switch (operation.code) {
      case OpCode::set:
        operation.flags = prng_.chance(1, 2) ? 0 : static_cast<std::uint32_t>(prng_.below(16));
        if ((operation.flags & 3U) == 3U) {
          operation.flags &= ~1U;
        }
        break;
      case OpCode::expire_at:
        operation.flags = prng_.chance(1, 2) ? 0 : static_cast<std::uint32_t>(prng_.below(16));
        break;
      case OpCode::get_expire:
        operation.flags = static_cast<std::uint32_t>(prng_.below(3));
        break;
      case OpCode::rename:
      case OpCode::copy:
        operation.flags = static_cast<std::uint32_t>(prng_.below(2));
        break;
      case OpCode::increment:
        operation.number = prng_.between(-3, 3);
        break;
      case OpCode::set_range:
        operation.number = prng_.between(0, 5);
        break;
      case OpCode::check_version:
        operation.number =
            static_cast<std::int64_t>(prng_.chance(1, 2) ? 0 : prng_.below(model_.index + 1));
        break;
      case OpCode::scan:
      case OpCode::scan_reverse:
        operation.number = 1000;
        operation.value = kPatterns[prng_.below(kPatterns.size())];
        break;
      default:
        break;
    }
  }

  // A new unit of commands, with some earlier ones of the session in front, as a retry sends them.
  void entry() {
    codec::EntryHeader header;
    std::vector<std::string> commands;
    std::vector<std::string> expected;
    model_.now_ms += prng_.between(0, 2);
    ++model_.index;
    const bool in_session = prng_.chance(2, 3);
    const std::uint64_t again =
        in_session ? std::min<std::uint64_t>(prng_.below(4), sent_.size()) : 0;
    header.session = model::SessionId(in_session ? 7 : 0);
    header.first_serial = model::Serial(sent_.size() - again + 1);
    for (std::size_t i = sent_.size() - again; i < sent_.size(); ++i) {
      commands.push_back(sent_[i].first);
      expected.push_back(sent_[i].second);
    }
    for (std::uint64_t fresh = prng_.below(4); fresh > 0; --fresh) {
      std::vector<Operation> operations;
      codec::CommandBuilder builder;
      for (std::uint64_t i = 1 + prng_.below(3); i > 0; --i) {
        operations.push_back(draw());
        builder.add(operations.back());
      }
      commands.push_back(builder.take());
      expected.push_back(model_.execute(operations));
      if (in_session) {
        sent_.emplace_back(commands.back(), expected.back());
      }
    }
    feed(header, commands, expected);
  }

  void expire() {
    model_.now_ms += 1;
    const auto now = base::WallTime::from_milliseconds(model_.now_ms);
    apply_rest();
    const std::string command = shaken_.machine().expired_command(now, 1 + prng_.below(3));
    if (command.empty()) {
      model_.now_ms -= 1;
      return;
    }
    ++model_.index;
    codec::CommandReader reader(command);
    std::vector<Operation> operations;
    for (Operation operation; reader.next(operation).value();) {
      operations.push_back(operation);
    }
    feed({}, {command}, {model_.execute(operations)});
  }

  void feed(const codec::EntryHeader& header, const std::vector<std::string>& commands,
            const std::vector<std::string>& expected) {
    steady_.now_ms = shaken_.now_ms = model_.now_ms;
    EXPECT_EQ(steady_.apply(header, commands), expected);
    shaken_.append(header, commands);
    shaken_expected_.insert(shaken_expected_.end(), expected.begin(), expected.end());
    if (prng_.chance(1, 2)) {
      apply_rest();
    }
  }

  // Every deadline of a record is in the expiry index, unless the record waits for collection.
  static void expect_indexed(port::Engine& engine) {
    Keyspaces keyspaces;
    ASSERT_TRUE(keyspaces.load(engine, kShard).has_value());
    std::string index_key;
    std::string value;
    const auto it = engine.iterate({.family = port::Family::data, .lower = {}, .upper = {}});
    for (it->seek_first(); it->valid(); it->next()) {
      const auto record = versioned::decode_record(it->value()).value();
      const auto prefix = versioned::decode_key(it->key()).value().prefix;
      if (record.header.deadline_ms != 0 &&
          prefix.generation == keyspaces.generation(prefix.keyspace)) {
        expiry_key(index_key, kShard, record.header.deadline_ms, it->key());
        EXPECT_TRUE(engine.get(port::Family::expiry, index_key, value).value());
      }
    }
  }

  // Several entries in one call to the shaken replica.
  void apply_rest() {
    shaken_.told.results.clear();
    const bool whole = shaken_.machine().applied() < shaken_.last();
    shaken_.apply_rest();
    if (whole) {
      const std::size_t count = std::min(shaken_.told.results.size(), shaken_expected_.size());
      EXPECT_TRUE(std::equal(shaken_.told.results.end() - static_cast<std::ptrdiff_t>(count),
                             shaken_.told.results.end(),
                             shaken_expected_.end() - static_cast<std::ptrdiff_t>(count)));
    }
    shaken_expected_.clear();
  }

  base::Prng prng_;
  World steady_world_;
  World shaken_world_;
  Replica steady_{steady_world_, kShard};
  // What waits for the engine is little, or all there is.
  Replica shaken_{
      shaken_world_,
      kShard,
      {},
      {.write_behind_bytes = prng_.chance(1, 2) ? prng_.below(2000) : std::size_t{1} << 20}};
  Model model_;
  std::vector<std::pair<std::string, std::string>> sent_;  // of the session: command, result
  std::vector<std::string> shaken_expected_;
};

TEST(Model, RandomCommandsGiveWhatTheModelGives) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Trial trial(seed);
    for (int i = 0; i < 150; ++i) {
      trial.step();
      if (i % 25 == 0) {
        trial.compare();
      }
    }
    trial.compare();
    if (::testing::Test::HasFailure()) {
      break;
    }
  }
}

// A key that is there all the time is returned at least once, whatever happens around it.
TEST(Model, AScanReturnsWhateverStays) {
  base::Prng prng(5);
  World world;
  Replica replica(world, model::ShardId(1));
  const auto key = [](std::uint64_t i) { return "k" + std::to_string(i); };
  for (std::uint64_t i = 0; i < 100; i += 2) {
    replica.run(op(OpCode::set, key(i), "stays"));
  }
  for (const OpCode direction : {OpCode::scan, OpCode::scan_reverse}) {
    for (int round = 0; round < 20; ++round) {
      std::string seen;
      std::string next;
      do {
        Operation scan = op(direction);
        scan.number = prng.between(1, 9);
        (direction == OpCode::scan ? scan.key : scan.key2) = next;
        const std::string page = replica.read(scan);
        seen += page;
        const auto end = page.find(", [");
        next = page.starts_with("[nil") ? "" : page.substr(2, end - 3);
        const std::string odd = key(1 + 2 * prng.below(50));
        replica.run(op(prng.chance(1, 2) ? OpCode::set : OpCode::remove, odd, "goes"));
      } while (!next.empty());
      for (std::uint64_t i = 0; i < 100; i += 2) {
        EXPECT_NE(seen.find(in_quotes(key(i))), std::string::npos) << i;
      }
    }
  }
}

}  // namespace
}  // namespace ostraka::kv::testing
