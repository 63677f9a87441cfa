#include "gateway/resp/internal/handlers.h"

#include "gateway/resp/internal/encoders.h"

#include <array>

namespace ostraka::gateway::resp {
namespace {

using Handlers = std::array<Handler, kCommandCount>;

class Table {
 public:
  constexpr void encode(CommandId id, EncodeFunction function) { at(id).encode = function; }
  constexpr void local(CommandId id, LocalFunction function) { at(id).local = function; }
  constexpr void job(CommandId id, JobFactory factory) { at(id).job = factory; }
  constexpr void computed(CommandId id) { at(id).is_computed = true; }
  [[nodiscard]] constexpr const Handlers& handlers() const { return handlers_; }

 private:
  constexpr Handler& at(CommandId id) { return handlers_[static_cast<std::size_t>(id)]; }
  Handlers handlers_{};
};

constexpr void add_strings(Table& table) {
  table.encode(CommandId::append, encode_append);
  table.encode(CommandId::decr, encode_increment);
  table.encode(CommandId::decrby, encode_increment);
  table.encode(CommandId::get, encode_get);
  table.encode(CommandId::getdel, encode_getdel);
  table.encode(CommandId::getex, encode_getex);
  table.encode(CommandId::getrange, encode_getrange);
  table.encode(CommandId::getset, encode_getset);
  table.encode(CommandId::incr, encode_increment);
  table.encode(CommandId::incrby, encode_increment);
  table.job(CommandId::incrbyfloat, make_incrbyfloat_job);
  table.computed(CommandId::incrbyfloat);
  table.encode(CommandId::mget, encode_mget);
  table.encode(CommandId::mset, encode_mset);
  table.encode(CommandId::msetnx, encode_msetnx);
  table.computed(CommandId::msetnx);
  table.encode(CommandId::psetex, encode_setex);
  table.encode(CommandId::set, encode_set);
  table.encode(CommandId::setex, encode_setex);
  table.encode(CommandId::setnx, encode_setnx);
  table.encode(CommandId::setrange, encode_setrange);
  table.encode(CommandId::strlen, encode_strlen);
  table.encode(CommandId::substr, encode_getrange);
}

constexpr void add_keys(Table& table) {
  table.encode(CommandId::copy, encode_copy);
  table.encode(CommandId::del, encode_remove);
  table.encode(CommandId::exists, encode_exists);
  table.encode(CommandId::expire, encode_expire);
  table.encode(CommandId::expireat, encode_expire);
  table.encode(CommandId::expiretime, encode_ttl);
  table.encode(CommandId::keys, encode_keys);
  table.job(CommandId::keys, make_keys_job);
  table.encode(CommandId::object_encoding, encode_object);
  table.encode(CommandId::object_freq, encode_object);
  table.encode(CommandId::object_idletime, encode_object);
  table.encode(CommandId::object_refcount, encode_object);
  table.encode(CommandId::persist, encode_persist);
  table.encode(CommandId::pexpire, encode_expire);
  table.encode(CommandId::pexpireat, encode_expire);
  table.encode(CommandId::pexpiretime, encode_ttl);
  table.encode(CommandId::pttl, encode_ttl);
  table.encode(CommandId::randomkey, encode_randomkey);
  table.encode(CommandId::rename, encode_rename);
  table.encode(CommandId::renamenx, encode_rename);
  table.job(CommandId::scan, make_scan_job);
  table.encode(CommandId::touch, encode_exists);
  table.encode(CommandId::ttl, encode_ttl);
  table.encode(CommandId::type, encode_type);
  table.encode(CommandId::unlink, encode_remove);
  table.encode(CommandId::dbsize, encode_dbsize);
  table.job(CommandId::dbsize, make_dbsize_job);
  table.encode(CommandId::flushall, encode_flush);
  table.encode(CommandId::flushdb, encode_flush);
  table.job(CommandId::watch, make_watch_job);
}

constexpr void add_local(Table& table) {
  table.local(CommandId::auth, answer_auth);
  table.local(CommandId::client_getname, answer_client_getname);
  table.local(CommandId::client_id, answer_client_id);
  table.local(CommandId::client_info, answer_client_info);
  table.local(CommandId::client_list, answer_client_list);
  table.local(CommandId::client_no_evict, answer_client_no_evict);
  table.local(CommandId::client_setinfo, answer_client_setinfo);
  table.local(CommandId::client_setname, answer_client_setname);
  table.local(CommandId::echo, answer_echo);
  table.local(CommandId::hello, answer_hello);
  table.local(CommandId::ping, answer_ping);
  table.local(CommandId::quit, answer_quit);
  table.local(CommandId::reset, answer_reset);
  table.local(CommandId::select, answer_select);
  table.local(CommandId::command, answer_command);
  table.local(CommandId::command_count, answer_command_count);
  table.local(CommandId::command_docs, answer_command_docs);
  table.local(CommandId::command_getkeys, answer_command_getkeys);
  table.local(CommandId::command_info, answer_command_info);
  table.local(CommandId::command_list, answer_command_list);
  table.local(CommandId::config_get, answer_config_get);
  table.local(CommandId::config_resetstat, answer_config_resetstat);
  table.local(CommandId::config_set, answer_config_set);
  table.local(CommandId::info, answer_info);
  table.local(CommandId::time, answer_time);
  table.local(CommandId::readonly, answer_readonly);
  table.local(CommandId::readwrite, answer_readwrite);
  table.local(CommandId::wait, answer_wait);
  table.local(CommandId::unwatch, answer_unwatch);
}

constexpr Handlers make_handlers() {
  Table table;
  add_strings(table);
  add_keys(table);
  add_local(table);
  return table.handlers();
}

constexpr Handlers kHandlers = make_handlers();

}  // namespace

const Handler& handler_of(CommandId id) { return kHandlers[static_cast<std::size_t>(id)]; }

}  // namespace ostraka::gateway::resp
