// completion: scripts for bash and zsh, made from the flags that the subcommands declare, so that
// they cannot lag behind them.
#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ostraka::cli {

namespace {

// Long flags and subcommands of one level.
std::string words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(child->get_name());
  }
  std::ranges::sort(words);
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

// One line per level: "server) words='…' ;;", with the path as the pattern.
void add_cases(const CLI::App& app, const std::string& path, std::string& out) {
  out += fmt::format("    '{}') words='{}' ;;\n", path, words_of(app));
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_cases(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
  }
}

std::string bash_script(const CLI::App& root) {
  std::string cases;
  add_cases(root, "", cases);
  return "# Completion of ostraka for bash: source it, or put it into\n"
         "# /usr/share/bash-completion/completions/ostraka. Made by 'ostraka completion bash'.\n"
         "_ostraka() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} path='' words='' word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    [[ $word == -* ]] && break\n"
         "    path=\"${path:+$path }$word\"\n"
         "  done\n"
         "  case ${COMP_WORDS[COMP_CWORD-1]} in\n"
         "    --config|--data-dir|--peer-secret) COMPREPLY=($(compgen -f -- \"$current\"));"
         " return ;;\n"
         "    --consistency) COMPREPLY=($(compgen -W 'linearizable stale bounded:500ms'"
         " -- \"$current\")); return ;;\n"
         "    --log-level) COMPREPLY=($(compgen -W 'debug info warning error off'"
         " -- \"$current\")); return ;;\n"
         "  esac\n"
         "  case $path in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _ostraka ostraka\n";
}

std::string zsh_script(const CLI::App& root) {
  return "#compdef ostraka\n"
         "# Completion of ostraka for zsh: put it into a folder of $fpath as _ostraka.\n"
         "# Made by 'ostraka completion zsh'.\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_script(root);
}

class CompletionCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    root_ = &root;
    CLI::App* app = root.add_subcommand("completion", "Print a completion script");
    app->add_option("shell", shell_, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    app->footer("Example: source <(ostraka completion bash)");
    return app;
  }
  int run() override {
    fmt::print("{}", shell_ == "bash" ? bash_script(*root_) : zsh_script(*root_));
    return kExitOk;
  }

 private:
  CLI::App* root_ = nullptr;
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion_command() { return std::make_unique<CompletionCommand>(); }

}  // namespace ostraka::cli
