#include "lab/protocols/engine/wire.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <vector>

namespace ostraka::lab::engine {
namespace {

// Numbers that a page cannot show exactly are told as text.
constexpr std::uint64_t kExactMax = 1ULL << 53;

Value term_value(const Spec& spec, model::Term term) {
  return spec.term_node_bits == 0 ? Value(term.value()) : Value(name_of_term(spec, term));
}

void put(Fields& fields, std::string_view name, std::uint64_t number) {
  if (number == 0) {
    return;
  }
  if (number < kExactMax) {
    fields.set(name, number);
  } else {
    fields.set(name, fmt::format("{:x}", number));
  }
}

void put_term(const Spec& spec, Fields& fields, std::string_view name, model::Term term) {
  if (!term.is_none()) {
    fields.set(name, term_value(spec, term));
  }
}

std::uint64_t number_in(std::string_view text, int base) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

model::Term term_in(const Spec& spec, const Value& value) {
  if (value.is_integer()) {
    return model::Term{static_cast<std::uint64_t>(value.integer())};
  }
  const std::string_view text = value.text();
  const std::size_t dot = text.find('.');
  return model::Term{number_in(text.substr(0, dot), 10) << spec.term_node_bits |
                     number_in(text.substr(dot + 1), 10)};
}

model::Term get_term(const Spec& spec, const Fields& fields, std::string_view name) {
  return fields.has(name) ? term_in(spec, fields[name]) : model::Term{};
}

std::uint64_t get(const Fields& fields, std::string_view name) {
  if (!fields.has(name)) {
    return 0;
  }
  const Value& value = fields[name];
  if (value.is_integer()) {
    return static_cast<std::uint64_t>(value.integer());
  }
  return number_in(value.text(), 16);
}

constexpr std::string_view kNoop = "(no-op)";
constexpr std::string_view kVoters = "(voters";  // no client's request begins so
constexpr std::string_view kWith = "with";

protocol::EntryKind kind_of(std::string_view payload) {
  return payload == kNoop               ? protocol::EntryKind::noop
         : payload.starts_with(kVoters) ? protocol::EntryKind::configuration
                                        : protocol::EntryKind::data;
}

std::string numbers_of(const std::vector<model::Member>& members) {
  std::string text;
  for (const model::Member& each : members) {
    text += fmt::format(" {}", each.id.value());
  }
  return text;
}

}  // namespace

std::string text_of(const model::Configuration& configuration) {
  return fmt::format(
      "{}{}{})", kVoters, numbers_of(configuration.voters),
      configuration.is_joint() ? " with" + numbers_of(configuration.voters_outgoing) : "");
}

std::shared_ptr<const model::Configuration> configuration_in(std::string_view text) {
  auto configuration = std::make_shared<model::Configuration>();
  std::istringstream words(
      std::string(text.substr(kVoters.size(), text.size() - kVoters.size() - 1)));
  auto* members = &configuration->voters;
  for (std::string word; words >> word;) {
    if (word == kWith) {
      members = &configuration->voters_outgoing;
    } else {
      members->push_back(member(static_cast<std::uint32_t>(number_in(word, 10))));
    }
  }
  return configuration;
}

model::Member member(std::uint32_t node) {
  return {.id = model::NodeId{node},
          .incarnation = model::Incarnation{node},
          .name = fmt::format("n{}", node),
          .peer_address = {}};
}

std::string name_of_term(const Spec& spec, model::Term term) {
  const std::uint64_t node = term.value() & ((std::uint64_t{1} << spec.term_node_bits) - 1);
  return spec.term_node_bits == 0 ? fmt::format("{}", term.value())
                                  : fmt::format("{}.{}", term.value() >> spec.term_node_bits, node);
}

Message to_lab(const Spec& spec, const protocol::Message& message, const Payloads& payloads) {
  Fields fields{{"term", term_value(spec, message.term)}};
  put(fields, "reject", message.reject ? 1 : 0);
  put(fields, "index", message.index.value());
  put_term(spec, fields, "log_term", message.log_term);
  put(fields, "commit", message.commit.value());
  if (!message.entries.empty()) {
    List entries;
    for (const protocol::EntryMeta& entry : message.entries) {
      const auto payload = payloads.find({entry.index, entry.term});
      const bool is_noop = entry.kind == protocol::EntryKind::noop;
      OSTRAKA_ASSERT(is_noop || payload != payloads.end(), "an entry has its payload");
      entries.push_back(List{entry.index.value(), term_value(spec, entry.term),
                             is_noop ? std::string(kNoop) : payload->second});
    }
    fields.set("entries", std::move(entries));
  }
  put(fields, "hint_index", message.hint_index.value());
  put_term(spec, fields, "hint_term", message.hint_term);
  put(fields, "flags", message.flags);
  put(fields, "context", message.context);
  put(fields, "stamp", static_cast<std::uint64_t>(message.stamp.as_nanoseconds()));
  return {std::string(spec.messages.at(message.kind).name), std::move(fields)};
}

protocol::Message from_lab(const Spec& spec, ProcessId from, ProcessId to, const Message& message,
                           Payloads& payloads) {
  const Fields& fields = message.fields;
  const auto kind = std::ranges::find(spec.messages, message.kind, &Kind::name);
  OSTRAKA_ASSERT(kind != spec.messages.end(), "messages of an engine have its kinds");
  protocol::Message out;
  out.from = model::NodeId{from.value()};
  out.to = model::NodeId{to.value()};
  out.kind = static_cast<std::uint8_t>(kind - spec.messages.begin());
  out.reject = get(fields, "reject") != 0;
  out.flags = static_cast<std::uint8_t>(get(fields, "flags"));
  out.term = get_term(spec, fields, "term");
  out.index = model::LogIndex{get(fields, "index")};
  out.log_term = get_term(spec, fields, "log_term");
  out.commit = model::LogIndex{get(fields, "commit")};
  out.hint_index = model::LogIndex{get(fields, "hint_index")};
  out.hint_term = get_term(spec, fields, "hint_term");
  out.context = get(fields, "context");
  out.stamp = base::Instant::from_nanoseconds(static_cast<std::int64_t>(get(fields, "stamp")));
  if (fields.has("entries")) {
    for (const Value& each : fields.list("entries")) {
      const List& entry = each.list();
      const model::LogIndex index{static_cast<std::uint64_t>(entry.at(0).integer())};
      const model::Term term = term_in(spec, entry.at(1));
      const std::string& payload = entry.at(2).text();
      const protocol::EntryKind entry_kind = kind_of(payload);
      const bool is_data = entry_kind == protocol::EntryKind::data;
      out.entries.push_back(
          {.index = index,
           .term = term,
           .kind = entry_kind,
           .payload_bytes = is_data ? static_cast<std::uint32_t>(payload.size()) : 0});
      if (entry_kind == protocol::EntryKind::configuration) {
        out.configurations.push_back({index, configuration_in(payload)});
      }
      if (entry_kind != protocol::EntryKind::noop) {
        payloads[{index, term}] = payload;
      }
    }
  }
  return out;
}

}  // namespace ostraka::lab::engine
