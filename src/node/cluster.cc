#include "node/cluster.h"

#include "base/hash.h"

#include <algorithm>
#include <charconv>

namespace ostraka::node {

namespace {

base::Error bad_entry(std::string_view entry, const char* why) {
  return {base::ErrorCode::invalid_argument,
          "--cluster entry '" + std::string(entry) + "': " + why + " (expected NAME=HOST:PORT)"};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::string describe(const std::vector<model::Member>& members) {
  std::string out;
  for (const model::Member& member : members) {
    out += (out.empty() ? "" : ",") + member.name + "=" + member.peer_address;
  }
  return out;
}

}  // namespace

bool is_valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_name_character);
}

bool is_valid_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view host = address.substr(0, colon);
  const std::string_view digits = address.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port > 65'535) {
    return false;
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed || host.find(':') == std::string_view::npos;
}

base::Result<std::vector<InitialMember>> parse_cluster(std::string_view text) {
  std::vector<InitialMember> members;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) {
      return std::unexpected(bad_entry(entry, "no '='"));
    }
    InitialMember member{.name = std::string(entry.substr(0, equals)),
                         .address = std::string(entry.substr(equals + 1))};
    if (!is_valid_name(member.name)) {
      return std::unexpected(bad_entry(entry, "bad name"));
    }
    if (!is_valid_address(member.address) || member.address.ends_with(":0")) {
      return std::unexpected(bad_entry(entry, "bad address"));
    }
    for (const InitialMember& other : members) {
      if (other.name == member.name) {
        return std::unexpected(bad_entry(entry, "the name is there twice"));
      }
      if (other.address == member.address) {
        return std::unexpected(bad_entry(entry, "the address is there twice"));
      }
    }
    members.push_back(std::move(member));
  }
  if (members.empty()) {
    return base::fail(base::ErrorCode::invalid_argument, "--cluster names no member");
  }
  std::ranges::sort(members, {}, &InitialMember::name);
  return members;
}

model::NodeId id_of(const std::vector<InitialMember>& members, std::string_view name) {
  const auto at = std::ranges::find(members, name, &InitialMember::name);
  return at == members.end() ? model::NodeId{}
                             : model::NodeId(static_cast<std::uint32_t>(at - members.begin()) + 1);
}

model::ClusterId cluster_of(const std::vector<InitialMember>& members) {
  std::string text;
  for (const InitialMember& member : members) {
    text += member.name + "=" + member.address + ",";
  }
  const std::uint64_t hash = base::hash64(text, /*seed=*/0x6f737472616b61ULL);
  return model::ClusterId(hash == 0 ? 1 : hash);
}

model::Configuration initial_configuration(const std::vector<InitialMember>& members) {
  model::Configuration out;
  for (const InitialMember& member : members) {
    out.voters.push_back({.id = id_of(members, member.name),
                          .incarnation = {},
                          .name = member.name,
                          .peer_address = member.address});
  }
  return out;
}

std::string contradiction(const std::vector<InitialMember>& given, model::ClusterId stored_cluster,
                          const model::Configuration& stored) {
  if (cluster_of(given) == stored_cluster) {
    return {};
  }
  const std::vector<model::Member> members = all_members(stored);
  std::vector<InitialMember> present;
  present.reserve(members.size());
  for (const model::Member& member : members) {
    present.push_back({.name = member.name, .address = member.peer_address});
  }
  std::ranges::sort(present, {}, &InitialMember::name);
  if (present == given) {
    return {};
  }
  return "--cluster contradicts the membership stored here, which is " + describe(members) +
         ": leave --cluster out, or change members with 'ostraka member'";
}

std::vector<model::Member> all_members(const model::Configuration& configuration) {
  std::vector<model::Member> out = configuration.voters;
  out.insert(out.end(), configuration.voters_outgoing.begin(), configuration.voters_outgoing.end());
  out.insert(out.end(), configuration.learners.begin(), configuration.learners.end());
  std::ranges::sort(out, {}, &model::Member::id);
  const auto rest = std::ranges::unique(out, {}, &model::Member::id);
  out.erase(rest.begin(), rest.end());
  return out;
}

}  // namespace ostraka::node
