// One wire protocol of one connection: requests to bytes, bytes to answers. No sockets.
#pragma once

#include "base/bytes.h"
#include "bench/load.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::bench::internal {

// absent: a read that went well and found nothing
enum class AnswerKind : std::uint8_t { ok, absent, busy, error };

struct Answer {
  std::uint32_t slot = 0;  // of the request, as given to encode
  AnswerKind kind = AnswerKind::ok;
  std::string text;  // of an error
};

class Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;
  // What is sent first.
  virtual void greet(std::string& out) = 0;
  // The greeting has been answered; requests may follow.
  [[nodiscard]] virtual bool is_ready() const = 0;
  virtual void encode_read(std::uint32_t slot, base::ByteView key, std::string& out) = 0;
  virtual void encode_write(std::uint32_t slot, base::ByteView key, base::ByteView value,
                            std::string& out) = 0;
  // Loading: a write that also creates the key where that is another operation.
  virtual void encode_create(std::uint32_t slot, base::ByteView key, base::ByteView value,
                             std::string& out) {
    encode_write(slot, key, value, out);
  }
  // Takes apart what has arrived; returns how much was consumed. Anything that has to be sent in
  // return (acknowledgements, window updates) goes to `out`. SIZE_MAX: the stream is broken.
  virtual std::size_t parse(base::ByteView in, std::vector<Answer>& answers, std::string& out) = 0;
};

[[nodiscard]] std::unique_ptr<Codec> make_redis_codec(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Codec> make_etcd_codec(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Codec> make_zookeeper_codec(const LoadOptions& options);

}  // namespace ostraka::bench::internal
