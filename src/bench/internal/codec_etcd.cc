// etcd's KV service over a lean HTTP/2 (RFC 9113): literal headers without compression state (RFC
// 7541 section 6.2.2), one
// stream per request, the few protobuf fields that Put and Range need.
#include "bench/internal/codec.h"

#include <map>

namespace ostraka::bench::internal {
namespace {

constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kReset = 3;
constexpr std::uint8_t kSettings = 4;
constexpr std::uint8_t kPing = 6;
constexpr std::uint8_t kGoAway = 7;
constexpr std::uint8_t kWindowUpdate = 8;
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndHeaders = 4;
constexpr std::uint32_t kWindow = 0x7fff0000;

void put_u32(std::string& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(v >> shift));
  }
}
void put_frame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
               base::ByteView body) {
  const auto length = static_cast<std::uint32_t>(body.size());
  out.push_back(static_cast<char>(length >> 16));
  out.push_back(static_cast<char>(length >> 8));
  out.push_back(static_cast<char>(length));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  put_u32(out, stream);
  out.append(body);
}
void put_literal(std::string& out, base::ByteView name, base::ByteView value) {
  out.push_back('\0');  // literal header field without indexing, new name
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(static_cast<char>(value.size()));
  out.append(value);
}
void put_field(std::string& out, std::uint8_t number, base::ByteView bytes) {
  base::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>((number << 3) | 2));
  writer.bytes(bytes);
}

std::string header_block(base::ByteView path, base::ByteView authority) {
  std::string block;
  put_literal(block, ":method", "POST");
  put_literal(block, ":scheme", "http");
  put_literal(block, ":path", path);
  put_literal(block, ":authority", authority);
  put_literal(block, "content-type", "application/grpc");
  put_literal(block, "te", "trailers");
  return block;
}

class EtcdCodec final : public Codec {
 public:
  explicit EtcdCodec(const LoadOptions& options)
      : range_headers_(header_block("/etcdserverpb.KV/Range", options.endpoints.front())),
        put_headers_(header_block("/etcdserverpb.KV/Put", options.endpoints.front())) {}

  void greet(std::string& out) override {
    out += "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    std::string settings;
    settings.append("\x00\x04", 2);  // SETTINGS_INITIAL_WINDOW_SIZE
    put_u32(settings, kWindow);
    settings.append("\x00\x01", 2);  // SETTINGS_HEADER_TABLE_SIZE: the server may index nothing
    put_u32(settings, 0);
    put_frame(out, kSettings, 0, 0, settings);
    grant(out, kWindow - 65'535);
  }
  bool is_ready() const override { return ready_; }
  void encode_read(std::uint32_t slot, base::ByteView key, std::string& out) override {
    std::string request;
    put_field(request, 1, key);
    call(slot, range_headers_, request, out);
  }
  void encode_write(std::uint32_t slot, base::ByteView key, base::ByteView value,
                    std::string& out) override {
    std::string request;
    put_field(request, 1, key);
    put_field(request, 2, value);
    call(slot, put_headers_, request, out);
  }

  std::size_t parse(base::ByteView in, std::vector<Answer>& answers, std::string& out) override {
    std::size_t used = 0;
    while (in.size() - used >= 9) {
      const base::ByteView head = in.substr(used, 9);
      const auto byte = [&head](std::size_t i) { return static_cast<std::uint8_t>(head[i]); };
      const std::size_t length =
          (std::size_t{byte(0)} << 16) | (std::size_t{byte(1)} << 8) | byte(2);
      if (in.size() - used - 9 < length) {
        break;
      }
      const std::uint32_t stream = (std::uint32_t{byte(5)} << 24 | std::uint32_t{byte(6)} << 16 |
                                    std::uint32_t{byte(7)} << 8 | byte(8)) &
                                   0x7fffffffU;
      if (!frame(byte(3), byte(4), stream, in.substr(used + 9, length), answers, out)) {
        return SIZE_MAX;
      }
      used += 9 + length;
    }
    return used;
  }

 private:
  struct Stream {
    std::uint32_t slot = 0;
    bool has_data = false;
  };

  static void grant(std::string& out, std::uint32_t bytes) {
    std::string body;
    put_u32(body, bytes);
    put_frame(out, kWindowUpdate, 0, 0, body);
  }

  void call(std::uint32_t slot, const std::string& headers, const std::string& request,
            std::string& out) {
    put_frame(out, kHeaders, kEndHeaders, next_stream_, headers);
    std::string body;
    body.push_back('\0');  // not compressed
    put_u32(body, static_cast<std::uint32_t>(request.size()));
    body += request;
    put_frame(out, kData, kEndStream, next_stream_, body);
    streams_[next_stream_] = Stream{slot, false};
    next_stream_ += 2;
  }

  bool frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, base::ByteView body,
             std::vector<Answer>& answers, std::string& out) {
    switch (type) {
      case kSettings:
        if ((flags & kAck) == 0) {
          put_frame(out, kSettings, kAck, 0, {});
          ready_ = true;
        }
        return true;
      case kPing:
        if ((flags & kAck) == 0) {
          put_frame(out, kPing, kAck, 0, body);
        }
        return true;
      case kData:
        received_ += static_cast<std::uint32_t>(body.size());
        if (received_ > (1U << 20)) {
          grant(out, received_);
          received_ = 0;
        }
        streams_[stream].has_data = true;
        break;
      case kReset:
        finish(stream, false, answers);
        return true;
      case kGoAway:
        return false;
      default:
        break;
    }
    if ((type == kData || type == kHeaders) && (flags & kEndStream) != 0) {
      // A failed call answers with headers only; a good one with a message and trailers.
      finish(stream, streams_[stream].has_data, answers);
    }
    return true;
  }

  void finish(std::uint32_t stream, bool good, std::vector<Answer>& answers) {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) {
      return;
    }
    answers.push_back({found->second.slot, good ? AnswerKind::ok : AnswerKind::error,
                       good ? std::string() : "etcd call failed"});
    streams_.erase(found);
  }

  std::string range_headers_;
  std::string put_headers_;
  std::map<std::uint32_t, Stream> streams_;
  std::uint32_t next_stream_ = 1;
  std::uint32_t received_ = 0;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_etcd_codec(const LoadOptions& options) {
  return std::make_unique<EtcdCodec>(options);
}

}  // namespace ostraka::bench::internal
