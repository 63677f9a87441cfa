// The settings of `ostraka server`: from flags, from a TOML file with the same names, and what
// follows from them.
//
// Threads: values.
#pragma once

#include "base/result.h"
#include "node/cluster.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::server {

// As given; absent = not given.
struct Flags {
  std::optional<std::string> name = {};
  std::optional<std::string> data_dir = {};
  std::optional<std::string> peer = {};
  std::optional<std::string> advertise = {};
  std::optional<std::string> cluster = {};
  std::optional<std::string> engine = {};
  std::optional<std::string> join = {};
  std::optional<std::string> redis = {};
  std::optional<std::string> http = {};
  std::optional<std::int64_t> reactors = {};
  std::optional<std::string> requirepass = {};
  std::optional<std::string> peer_secret = {};  // a file
  std::optional<bool> insecure = {};
  std::optional<std::string> log_level = {};
  std::optional<std::string> log_io = {};
};

// Complete and without contradiction.
struct Settings {
  std::string name;
  std::string data_dir;
  std::string peer;
  std::string advertise;
  std::vector<node::InitialMember> cluster;
  std::string engine;  // empty = not given
  std::string join;
  std::string redis;
  std::string http;
  std::string requirepass;
  std::string peer_secret_file;
  std::string log_level;
  std::string log_io;  // auto or thread
  bool insecure = false;
};

// Keys of a configuration file. Errors: invalid_argument; the context names file, line and key.
[[nodiscard]] base::Result<Flags> parse_config(const std::string& text,
                                               const std::string& file_name);
// `given` where present, else `otherwise`: a flag overrides the file.
[[nodiscard]] Flags merge(const Flags& given, const Flags& otherwise);
// Defaults and checks. Errors: invalid_argument with the flag's name and what to do.
[[nodiscard]] base::Result<Settings> settle(const Flags& flags);

}  // namespace ostraka::server
