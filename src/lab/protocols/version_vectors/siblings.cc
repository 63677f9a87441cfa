#include "lab/protocols/version_vectors/siblings.h"

#include "base/assert.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ostraka::lab::versions {
namespace {

using protocol::clock::Causality;
using protocol::clock::DottedVersion;

std::vector<std::string> sorted(std::vector<std::string> values) {
  std::ranges::sort(values);
  return values;
}

// Values with a version each, of a type that compares; no two of them are ordered.
template <typename Version>
class Versioned : public Siblings {
 public:
  [[nodiscard]] std::vector<std::string> values() const override {
    std::vector<std::string> all;
    all.reserve(kept_.size());
    for (const auto& [value, version] : kept_) {
      all.push_back(value);
    }
    return sorted(std::move(all));
  }

 protected:
  void add(const std::string& value, const Version& version) {
    for (const auto& [other, theirs] : kept_) {
      const Causality relation = version.compare(theirs);
      if (relation == Causality::before || relation == Causality::equal) {
        return;
      }
    }
    std::erase_if(
        kept_, [&](const auto& each) { return each.second.compare(version) == Causality::before; });
    kept_.emplace_back(value, version);
  }
  [[nodiscard]] const auto& kept() const { return kept_; }

 private:
  std::vector<std::pair<std::string, Version>> kept_;
};

class Dotted final : public Versioned<DottedVersion> {
 public:
  void put(const std::string& value, const VersionVector& context, ActorId self,
           std::int64_t) override {
    VersionVector known = this->context();
    known.merge(context);
    add(value, {.dot = known.advance(self), .past = context});
  }
  void merge(const List& other) override {
    for (const Value& each : other) {
      const List& parts = each.list();
      const auto actor = static_cast<std::uint64_t>(parts.at(1).integer());
      add(parts.at(0).text(),
          {.dot = {ActorId{actor}, static_cast<std::uint64_t>(parts.at(2).integer())},
           .past = vector_from(parts.at(3).list())});
    }
  }
  [[nodiscard]] List export_all() const override {
    List all;
    for (const auto& [value, version] : kept()) {
      all.emplace_back(
          List{value, version.dot.actor.value(), version.dot.counter, to_list(version.past)});
    }
    return all;
  }
  [[nodiscard]] VersionVector context() const override {
    VersionVector all;
    for (const auto& [value, version] : kept()) {
      version.add_to(all);
    }
    return all;
  }
};

class VectorPerValue final : public Versioned<VersionVector> {
 public:
  void put(const std::string& value, const VersionVector& context, ActorId self,
           std::int64_t) override {
    VersionVector version = context;
    version.set(self, std::max(context[self], this->context()[self]) + 1);
    add(value, version);
  }
  void merge(const List& other) override {
    for (const Value& each : other) {
      add(each.list().at(0).text(), vector_from(each.list().at(1).list()));
    }
  }
  [[nodiscard]] List export_all() const override {
    List all;
    for (const auto& [value, version] : kept()) {
      all.emplace_back(List{value, to_list(version)});
    }
    return all;
  }
  [[nodiscard]] VersionVector context() const override {
    VersionVector all;
    for (const auto& [value, version] : kept()) {
      all.merge(version);
    }
    return all;
  }
};

class VectorPerServer final : public Siblings {
 public:
  void put(const std::string& value, const VersionVector& context, ActorId self,
           std::int64_t) override {
    const Causality seen = vector_.compare(context);
    if (seen == Causality::before || seen == Causality::equal) {
      values_.clear();  // the writer has seen all of them
    }
    vector_.merge(context);
    vector_.advance(self);
    values_.insert(value);
  }
  void merge(const List& other) override {
    const VersionVector theirs = vector_from(other.at(0).list());
    const Causality relation = vector_.compare(theirs);
    if (relation == Causality::after || relation == Causality::equal) {
      return;
    }
    if (relation == Causality::before) {
      values_.clear();
    }
    for (const Value& each : other.at(1).list()) {
      values_.insert(each.text());
    }
    vector_.merge(theirs);
  }
  [[nodiscard]] List export_all() const override {
    List values;
    for (const std::string& value : values_) {
      values.emplace_back(value);
    }
    return {to_list(vector_), values};
  }
  [[nodiscard]] VersionVector context() const override { return vector_; }
  [[nodiscard]] std::vector<std::string> values() const override {
    return {values_.begin(), values_.end()};
  }

 private:
  VersionVector vector_;
  std::set<std::string> values_;
};

class LastWrite final : public Siblings {
 public:
  void put(const std::string& value, const VersionVector&, ActorId self,
           std::int64_t now_us) override {
    keep({now_us, static_cast<std::int64_t>(self.value())}, value);
  }
  void merge(const List& other) override {
    if (!other.empty()) {
      keep({other.at(0).integer(), other.at(1).integer()}, other.at(2).text());
    }
  }
  [[nodiscard]] List export_all() const override {
    return value_.empty() ? List{} : List{stamp_.first, stamp_.second, value_};
  }
  [[nodiscard]] VersionVector context() const override { return {}; }
  [[nodiscard]] std::vector<std::string> values() const override {
    return value_.empty() ? std::vector<std::string>{} : std::vector<std::string>{value_};
  }

 private:
  using Stamp = std::pair<std::int64_t, std::int64_t>;
  void keep(Stamp stamp, const std::string& value) {
    if (value_.empty() || stamp > stamp_) {
      stamp_ = stamp;
      value_ = value;
    }
  }
  Stamp stamp_;
  std::string value_;  // empty: none yet
};

}  // namespace

List to_list(const VersionVector& vector) {
  List list;
  for (const auto& [actor, count] : vector.entries()) {
    list.emplace_back(actor.value());
    list.emplace_back(count);
  }
  return list;
}

VersionVector vector_from(const List& list) {
  VersionVector vector;
  for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
    vector.set(ActorId{static_cast<std::uint64_t>(list[i].integer())},
               static_cast<std::uint64_t>(list[i + 1].integer()));
  }
  return vector;
}

std::unique_ptr<Siblings> make_siblings(Stamping stamping) {
  switch (stamping) {
    case Stamping::dotted:
      return std::make_unique<Dotted>();
    case Stamping::vector_per_value:
      return std::make_unique<VectorPerValue>();
    case Stamping::vector_per_server:
      return std::make_unique<VectorPerServer>();
    case Stamping::last_write:
      return std::make_unique<LastWrite>();
  }
  OSTRAKA_UNREACHABLE("every way of stamping is listed");
}

}  // namespace ostraka::lab::versions
