// What an engine has told its driver: at the end of a step only news goes out. Part of engines.
//
// A value; no threads.
#pragma once

#include "model/ids.h"
#include "protocol/core/effects.h"

namespace ostraka::protocol {

struct Told {
  RoleChange role;
  model::LogIndex apply_upto;  // never falls

  // Everything up to here is committed and durable here.
  void tell_apply(model::LogIndex ready, Effects& out) {
    if (ready > apply_upto) {
      apply_upto = ready;
      out.apply_upto = ready;
    }
  }
  // True when it is news.
  bool tell_role(const RoleChange& now, Effects& out) {
    if (role.role == now.role && role.term == now.term && role.leader == now.leader) {
      return false;
    }
    role = now;
    out.role_change = now;
    return true;
  }
};

}  // namespace ostraka::protocol
