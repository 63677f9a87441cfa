// ZooKeeper's client protocol, as far as a load needs it: connect, create, setData, sync + getData.
#include "bench/internal/codec.h"

#include <deque>

namespace ostraka::bench::internal {
namespace {

constexpr std::uint32_t kCreate = 1;
constexpr std::uint32_t kGetData = 4;
constexpr std::uint32_t kSetData = 5;
constexpr std::uint32_t kSync = 9;
constexpr std::int32_t kNoNode = -101;
constexpr std::int32_t kNodeExists = -110;
constexpr std::size_t kAnswerMax = 4U << 20;  // the server's own limit is 1 MiB and some

void put_u32(std::string& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(v >> shift));
  }
}
void put_u64(std::string& out, std::uint64_t v) {
  put_u32(out, static_cast<std::uint32_t>(v >> 32));
  put_u32(out, static_cast<std::uint32_t>(v));
}
void put_bytes(std::string& out, base::ByteView bytes) {
  put_u32(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}
std::uint32_t get_u32(base::ByteView in, std::size_t at) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    v = (v << 8) | static_cast<std::uint8_t>(in[at + i]);
  }
  return v;
}

class ZookeeperCodec final : public Codec {
 public:
  explicit ZookeeperCodec(const LoadOptions& options) : syncs_(!options.stale_ms.has_value()) {}
  void greet(std::string& out) override {
    std::string body;
    put_u32(body, 0);       // protocol version
    put_u64(body, 0);       // last zxid seen
    put_u32(body, 30'000);  // session time-out, ms
    put_u64(body, 0);       // no session yet
    put_bytes(body, std::string(16, '\0'));
    body.push_back('\0');  // not read-only
    put_bytes(out, body);
  }
  bool is_ready() const override { return connected_; }
  void encode_read(std::uint32_t slot, base::ByteView key, std::string& out) override {
    if (syncs_) {
      const std::size_t at = begin(out, kSync, slot, true);
      put_path(out, key);
      end(out, at);
    }
    const std::size_t at = begin(out, kGetData, slot, false);
    put_path(out, key);
    out.push_back('\0');  // no watch
    end(out, at);
  }
  void encode_write(std::uint32_t slot, base::ByteView key, base::ByteView value,
                    std::string& out) override {
    const std::size_t at = begin(out, kSetData, slot, false);
    put_path(out, key);
    put_bytes(out, value);
    put_u32(out, UINT32_MAX);  // any version
    end(out, at);
  }
  void encode_create(std::uint32_t slot, base::ByteView key, base::ByteView value,
                     std::string& out) override {
    const std::size_t at = begin(out, kCreate, slot, false);
    put_path(out, key);
    put_bytes(out, value);
    put_u32(out, 1);  // one access rule: everybody may do everything
    put_u32(out, 31);
    put_bytes(out, "world");
    put_bytes(out, "anyone");
    put_u32(out, 0);  // persistent
    end(out, at);
  }

  std::size_t parse(base::ByteView in, std::vector<Answer>& answers, std::string&) override {
    std::size_t used = 0;
    while (in.size() - used >= 4) {
      const std::size_t length = get_u32(in, used);
      if (length > kAnswerMax) {
        return SIZE_MAX;
      }
      if (in.size() - used - 4 < length) {
        break;
      }
      const base::ByteView body = in.substr(used + 4, length);
      used += 4 + length;
      if (!connected_) {
        connected_ = true;
        continue;
      }
      // Answers of one session come in the order of its requests.
      if (body.size() < 16 || pending_.empty() || get_u32(body, 0) != pending_.front().xid) {
        return SIZE_MAX;
      }
      const Pending next = pending_.front();
      pending_.pop_front();
      const auto code = static_cast<std::int32_t>(get_u32(body, 12));
      if (next.first_of_two) {
        continue;
      }
      answers.push_back(answer(next.slot, code));
    }
    return used;
  }

 private:
  struct Pending {
    std::uint32_t xid = 0;
    std::uint32_t slot = 0;
    bool first_of_two = false;
  };
  static Answer answer(std::uint32_t slot, std::int32_t code) {
    if (code == 0 || code == kNodeExists) {
      return {slot, AnswerKind::ok, {}};
    }
    return {slot, code == kNoNode ? AnswerKind::absent : AnswerKind::error,
            "zookeeper error " + std::to_string(code)};
  }
  // Requests are written in place: the head first, its length when the body is there.
  std::size_t begin(std::string& out, std::uint32_t type, std::uint32_t slot, bool first_of_two) {
    const std::size_t at = out.size();
    put_u32(out, 0);
    xid_ = (xid_ + 1) & INT32_MAX;  // negative ones mean pings and watches
    put_u32(out, xid_);
    put_u32(out, type);
    pending_.push_back({.xid = xid_, .slot = slot, .first_of_two = first_of_two});
    return at;
  }
  static void end(std::string& out, std::size_t at) {
    const std::size_t length = out.size() - at - 4;
    for (std::size_t i = 0; i < 4; ++i) {
      out[at + i] = static_cast<char>(length >> (24 - 8 * i));
    }
  }
  static void put_path(std::string& out, base::ByteView key) {
    put_u32(out, static_cast<std::uint32_t>(key.size() + 1));
    out.push_back('/');
    out.append(key);
  }

  bool syncs_;
  bool connected_ = false;
  std::uint32_t xid_ = 0;
  std::deque<Pending> pending_;
};

}  // namespace

std::unique_ptr<Codec> make_zookeeper_codec(const LoadOptions& options) {
  return std::make_unique<ZookeeperCodec>(options);
}

}  // namespace ostraka::bench::internal
