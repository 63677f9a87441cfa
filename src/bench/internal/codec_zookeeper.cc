// ZooKeeper's client protocol, as far as a load needs it: connect, create, setData, sync + getData.
#include "bench/internal/codec.h"

#include <deque>

namespace ostraka::bench::internal {
namespace {

constexpr std::uint32_t kCreate = 1;
constexpr std::uint32_t kGetData = 4;
constexpr std::uint32_t kSetData = 5;
constexpr std::uint32_t kSync = 9;
constexpr std::int32_t kNodeExists = -110;

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
    const std::string path = path_of(key);
    std::string sync = header(kSync);
    put_bytes(sync, path);
    put_bytes(out, sync);
    pending_.push_back({slot, true});
    std::string get = header(kGetData);
    put_bytes(get, path);
    get.push_back('\0');
    put_bytes(out, get);
    pending_.push_back({slot, false});
  }
  void encode_write(std::uint32_t slot, base::ByteView key, base::ByteView value,
                    std::string& out) override {
    std::string body = header(kSetData);
    put_bytes(body, path_of(key));
    put_bytes(body, value);
    put_u32(body, UINT32_MAX);  // any version
    put_bytes(out, body);
    pending_.push_back({slot, false});
  }
  void encode_create(std::uint32_t slot, base::ByteView key, base::ByteView value,
                     std::string& out) override {
    std::string body = header(kCreate);
    put_bytes(body, path_of(key));
    put_bytes(body, value);
    put_u32(body, 1);  // one access rule: everybody may do everything
    put_u32(body, 31);
    put_bytes(body, "world");
    put_bytes(body, "anyone");
    put_u32(body, 0);  // persistent
    put_bytes(out, body);
    pending_.push_back({slot, false});
  }

  std::size_t parse(base::ByteView in, std::vector<Answer>& answers, std::string&) override {
    std::size_t used = 0;
    while (in.size() - used >= 4) {
      const std::size_t length = get_u32(in, used);
      if (in.size() - used - 4 < length) {
        break;
      }
      const base::ByteView body = in.substr(used + 4, length);
      used += 4 + length;
      if (!connected_) {
        connected_ = true;
        continue;
      }
      if (body.size() < 16 || pending_.empty()) {
        return SIZE_MAX;
      }
      const Pending next = pending_.front();
      pending_.pop_front();
      const auto code = static_cast<std::int32_t>(get_u32(body, 12));
      if (next.first_of_two) {
        continue;
      }
      const bool good = code == 0 || code == kNodeExists;
      answers.push_back({next.slot, good ? AnswerKind::ok : AnswerKind::error,
                         good ? std::string() : "zookeeper error " + std::to_string(code)});
    }
    return used;
  }

 private:
  struct Pending {
    std::uint32_t slot;
    bool first_of_two;
  };
  std::string header(std::uint32_t type) {
    std::string body;
    put_u32(body, ++xid_);
    put_u32(body, type);
    return body;
  }
  static std::string path_of(base::ByteView key) { return "/" + std::string(key); }

  bool connected_ = false;
  std::uint32_t xid_ = 0;
  std::deque<Pending> pending_;
};

}  // namespace

std::unique_ptr<Codec> make_zookeeper_codec(const LoadOptions&) {
  return std::make_unique<ZookeeperCodec>();
}

}  // namespace ostraka::bench::internal
