// `ostraka check`: judges a recorded history.
#pragma once

#include <string>

namespace ostraka::cli {

struct CheckArguments {
  std::string model = "register";
  std::string level = "linearizable";
  std::string file;
  bool json = false;
};

// Exit code: 0 valid, 1 invalid (or not decided within the budget), 2 bad input.
int run_check(const CheckArguments& arguments);

}  // namespace ostraka::cli
