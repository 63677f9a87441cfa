// etcd's KV service over a lean HTTP/2 (RFC 9113): one stream per request, the few protobuf fields
// that Put and Range need. Headers are put into the server's table once (RFC 7541 section 6.2.1)
// and are one byte each from then on, as from etcd's own client, so that they cost etcd little.
#include "bench/internal/codec.h"

#include <algorithm>

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
constexpr std::uint16_t kHeaderTableSize = 1;
constexpr std::uint16_t kInitialWindowSize = 4;
constexpr std::uint32_t kWindow = 0x7fff0000;
constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kFrameMax = 16'384;   // SETTINGS_MAX_FRAME_SIZE unless another was agreed
constexpr std::uint32_t kTableMin = 1'024;  // of the server's header table; ours needs far less
constexpr std::uint32_t kGrantEvery = 1U << 20;
constexpr std::size_t kHeldMax = 256;

void put_u32(std::string& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(v >> shift));
  }
}
std::uint32_t get_u32(base::ByteView in) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    v = (v << 8) | static_cast<std::uint8_t>(in[i]);
  }
  return v;
}
// Frames are written in place: the head first, its length when the body is there.
std::size_t begin_frame(std::string& out, std::uint8_t type, std::uint8_t flags,
                        std::uint32_t stream) {
  const std::size_t at = out.size();
  out.append(3, '\0');
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  put_u32(out, stream);
  return at;
}
void end_frame(std::string& out, std::size_t at) {
  const std::size_t length = out.size() - at - kFrameHead;
  for (std::size_t i = 0; i < 3; ++i) {
    out[at + i] = static_cast<char>(length >> (16 - 8 * i));
  }
}
void put_frame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
               base::ByteView body) {
  const std::size_t at = begin_frame(out, type, flags, stream);
  out.append(body);
  end_frame(out, at);
}
void put_field(std::string& out, std::uint8_t number, base::ByteView bytes) {
  base::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>((number << 3) | 2));
  writer.bytes(bytes);
}

// Whether a RangeResponse has a key: field 2 after field 1, the head, whose length is one byte. The
// first frame of an answer has that much: only frames of 16 KiB are divided.
bool has_key(base::ByteView message) {
  constexpr std::size_t kHead = 5;  // of gRPC
  if (message.size() < kHead + 2 || message[kHead] != '\x0a') {
    return false;
  }
  const std::size_t next = kHead + 2 + static_cast<std::uint8_t>(message[kHead + 1]);
  return next < message.size() && message[next] == '\x12';
}

// The request headers as the server's dynamic table has them. No more than six short entries are
// ever made, far below the 4096 bytes that a server grants without being asked.
class HeaderTable {
 public:
  explicit HeaderTable(std::string authority) : authority_(std::move(authority)) {}

  void put_put(std::string& out) { put_request(out, put_, "/etcdserverpb.KV/Put"); }
  void put_range(std::string& out) { put_request(out, range_, "/etcdserverpb.KV/Range"); }

 private:
  static constexpr int kFirstDynamic = 62;  // RFC 7541 section 2.3.3: after the static table

  void put_request(std::string& out, int& path_entry, base::ByteView path) {
    out.push_back('\x83');  // :method POST, of the static table
    out.push_back('\x86');  // :scheme http
    put_header(out, path_entry, ":path", path);
    put_header(out, authority_entry_, ":authority", authority_);
    put_header(out, type_entry_, "content-type", "application/grpc");
    put_header(out, te_entry_, "te", "trailers");
  }
  // `entry`: when it was inserted; the newest entry has the lowest index.
  void put_header(std::string& out, int& entry, base::ByteView name, base::ByteView value) {
    if (entry >= 0) {
      out.push_back(static_cast<char>(0x80 | (kFirstDynamic + inserted_ - 1 - entry)));
      return;
    }
    entry = inserted_++;
    out.push_back('\x40');  // literal with incremental indexing, new name
    put_string(out, name);
    put_string(out, value);
  }
  static void put_string(std::string& out, base::ByteView bytes) {
    base::Writer writer(out);
    if (bytes.size() < 0x7f) {
      writer.u8(static_cast<std::uint8_t>(bytes.size()));
    } else {  // RFC 7541 section 5.1: the rest in groups of seven bits
      writer.u8(0x7f);
      writer.varint(bytes.size() - 0x7f);
    }
    writer.raw(bytes);
  }

  std::string authority_;
  int inserted_ = 0;
  int put_ = -1;
  int range_ = -1;
  int authority_entry_ = -1;
  int type_entry_ = -1;
  int te_entry_ = -1;
};

class EtcdCodec final : public Codec {
 public:
  explicit EtcdCodec(const LoadOptions& options)
      : headers_(options.endpoints.front()),
        serializable_(options.stale_ms.has_value()),
        calls_(options.pipeline) {}

  void greet(std::string& out) override {
    out += "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    std::string settings;
    settings.push_back('\0');
    settings.push_back(static_cast<char>(kInitialWindowSize));
    put_u32(settings, kWindow);
    put_frame(out, kSettings, 0, 0, settings);
    grant(out, kWindow - 65'535);
  }
  bool is_ready() const override { return ready_; }
  void encode_read(std::uint32_t slot, base::ByteView key, std::string& out) override {
    begin_call(slot, out, &HeaderTable::put_range);
    put_field(out, 1, key);
    if (serializable_) {
      out += "\x38\x01";  // field 7, a varint: true
    }
    end_call(out);
  }
  void encode_write(std::uint32_t slot, base::ByteView key, base::ByteView value,
                    std::string& out) override {
    begin_call(slot, out, &HeaderTable::put_put);
    put_field(out, 1, key);
    put_field(out, 2, value);
    end_call(out);
  }

  std::size_t parse(base::ByteView in, std::vector<Answer>& answers, std::string& out) override {
    std::size_t used = 0;
    while (in.size() - used >= kFrameHead) {
      const base::ByteView head = in.substr(used, kFrameHead);
      const std::size_t length = get_u32(head) >> 8;
      if (length > kFrameMax) {
        return SIZE_MAX;
      }
      if (in.size() - used - kFrameHead < length) {
        break;
      }
      const Frame frame{.type = static_cast<std::uint8_t>(head[3]),
                        .flags = static_cast<std::uint8_t>(head[4]),
                        .stream = get_u32(head.substr(5)) & 0x7fffffffU,
                        .body = in.substr(used + kFrameHead, length)};
      if (!take(frame, answers, out)) {
        return SIZE_MAX;
      }
      used += kFrameHead + length;
    }
    return used;
  }

 private:
  struct Frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    base::ByteView body;
  };
  struct Call {
    std::uint32_t stream = 0;  // 0: none
    bool is_read = false;
    bool has_data = false;
    bool found = false;
  };

  static void grant(std::string& out, std::uint32_t bytes) {
    const std::size_t at = begin_frame(out, kWindowUpdate, 0, 0);
    put_u32(out, bytes);
    end_frame(out, at);
  }

  void begin_call(std::uint32_t slot, std::string& out,
                  void (HeaderTable::*headers)(std::string&)) {
    out += held_;
    held_.clear();
    const std::size_t at = begin_frame(out, kHeaders, kEndHeaders, next_stream_);
    (headers_.*headers)(out);
    end_frame(out, at);
    data_at_ = begin_frame(out, kData, kEndStream, next_stream_);
    out.append(5, '\0');  // not compressed; the length of the message
    calls_[slot] = Call{.stream = next_stream_, .is_read = headers == &HeaderTable::put_range};
    next_stream_ += 2;
  }
  void end_call(std::string& out) {
    const std::size_t message = data_at_ + kFrameHead + 5;
    const std::size_t length = out.size() - message;
    for (std::size_t i = 0; i < 4; ++i) {
      out[message - 4 + i] = static_cast<char>(length >> (24 - 8 * i));
    }
    end_frame(out, data_at_);
  }

  bool take(const Frame& frame, std::vector<Answer>& answers, std::string& out) {
    switch (frame.type) {
      case kSettings:
        return take_settings(frame, out);
      case kPing:
        take_ping(frame, out);
        return true;
      case kData:
        received_ += static_cast<std::uint32_t>(frame.body.size());
        if (received_ > kGrantEvery) {
          grant(out, received_);
          received_ = 0;
        }
        break;
      case kHeaders:
        break;
      case kReset:
        finish(frame.stream, false, answers);
        return true;
      case kGoAway:
        return false;
      default:
        return true;
    }
    if (Call* call = find(frame.stream); call != nullptr && frame.type == kData) {
      call->found = call->found || (!call->has_data && has_key(frame.body));
      call->has_data = true;
    }
    if ((frame.flags & kEndStream) != 0) {
      // A failed call answers with headers only; a good one with a message and trailers.
      finish(frame.stream, true, answers);
    }
    return true;
  }

  bool take_settings(const Frame& frame, std::string& out) {
    if ((frame.flags & kAck) != 0) {
      return true;
    }
    for (base::ByteView rest = frame.body; rest.size() >= 6; rest.remove_prefix(6)) {
      const auto id = static_cast<std::uint16_t>(get_u32(rest) >> 16);
      if (id == kHeaderTableSize && get_u32(rest.substr(2)) < kTableMin) {
        return false;
      }
    }
    put_frame(out, kSettings, kAck, 0, {});
    ready_ = true;
    return true;
  }

  // Go's gRPC server measures the round trip with a ping on every request that finds no other ping
  // under way. Its answer travels with the next request: a packet of its own, twice the number of
  // packets, would cost etcd and the client what no measurement is about.
  void take_ping(const Frame& frame, std::string& out) {
    if ((frame.flags & kAck) == 0) {
      put_frame(held_.size() < kHeldMax ? held_ : out, kPing, kAck, 0, frame.body);
    }
  }

  Call* find(std::uint32_t stream) {
    const auto found = std::ranges::find(calls_, stream, &Call::stream);
    return stream == 0 || found == calls_.end() ? nullptr : &*found;
  }

  void finish(std::uint32_t stream, bool complete, std::vector<Answer>& answers) {
    Call* call = find(stream);
    if (call == nullptr) {
      return;
    }
    const auto slot = static_cast<std::uint32_t>(call - calls_.data());
    if (!complete || !call->has_data) {
      answers.push_back({slot, AnswerKind::error, "etcd call failed"});
    } else {
      const bool absent = call->is_read && !call->found;
      answers.push_back({slot, absent ? AnswerKind::absent : AnswerKind::ok, {}});
    }
    *call = Call{};
  }

  HeaderTable headers_;
  bool serializable_;
  std::vector<Call> calls_;  // by slot: few, so that a search is cheaper than a map
  std::string held_;         // ping acknowledgements
  std::size_t data_at_ = 0;  // of the DATA frame being written
  std::uint32_t next_stream_ = 1;
  std::uint32_t received_ = 0;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_etcd_codec(const LoadOptions& options) {
  return std::make_unique<EtcdCodec>(options);
}

}  // namespace ostraka::bench::internal
