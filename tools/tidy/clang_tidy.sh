#!/usr/bin/env bash
# clang-tidy over the compilation database of a build.
#   --build <dir>     default build/tidy
#   --all             every source file of the project (default)
#   --changed [ref]   only sources changed since ref, and sources beside a changed header of the
#                     same name; default origin/main, else HEAD~1
#   --seconds <n>     stop starting new files after n seconds; files not reached are counted
#   --jobs <n>        processes at a time, default one for each core
# Prints "tidy: <checked> checked, <failed> failed, <unreached> not reached".
#
# A file that passed leaves the checksums of what it was made from in <build>/tidy_passed and is not
# run again while they hold, so a run that was cut short goes on where it stopped. Headers outside
# the project are taken for granted: after an update of the system, delete that folder.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=build/tidy mode=all ref= seconds=0 jobs=$(nproc)
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --all) mode=all; shift ;;
    --changed)
      mode=changed; shift
      if (($#)) && [[ $1 != --* ]]; then ref=$1; shift; fi ;;
    --seconds) seconds=$2; shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    *) echo "clang_tidy: unknown argument $1" >&2; exit 2 ;;
  esac
done
command -v clang-tidy-19 >/dev/null || {
  echo "clang_tidy: clang-tidy-19 is not installed (scripts/install-deps --test)" >&2; exit 2; }
[[ -f $build/compile_commands.json ]] || {
  echo "clang_tidy: $build has no compilation database" >&2; exit 2; }

wanted=
if [[ $mode == changed ]]; then
  if [[ -z $ref ]]; then
    ref=origin/main
    git rev-parse -q --verify "$ref" >/dev/null || ref=HEAD~1
    git rev-parse -q --verify "$ref" >/dev/null || ref=$(git hash-object -t tree /dev/null)
  fi
  # Tidy compiles whole files, so a changed header is checked through the source of its name.
  wanted=$( { git diff --name-only "$ref" -- src tests
              git ls-files -o --exclude-standard -- src tests; } |
    sed -n -e 's/\.h$/.cc/p' -e '/\.cc$/p')
fi

# Pairs of a source file and the command that compiles it, each ended by a zero byte.
pairs() {
  python3 - "$build/compile_commands.json" "$mode" "$wanted" <<'PY'
import json, os, sys
database, mode, wanted = sys.argv[1:]
root = os.getcwd() + "/"
commands = {}
for entry in json.load(open(database)):
    name = os.path.normpath(os.path.join(entry["directory"], entry["file"])).removeprefix(root)
    if name.startswith(("src/", "tests/")) and (mode == "all" or name in wanted.split()):
        commands[name] = entry["command"]
for name in sorted(commands):
    print(name, commands[name], sep="\0", end="\0")
PY
}

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
deadline=$((seconds > 0 ? $(date +%s) + seconds : 0))
version=$(clang-tidy-19 --version)
mkdir -p "$build/tidy_passed"
export build results deadline version
# shellcheck disable=SC2016 # expanded by the inner shell
pairs | xargs -0 -r -P "$jobs" -n 2 bash -c '
  flat=${1//\//_}
  name=$results/$flat passed=$build/tidy_passed/$flat
  if [[ -f $passed && $(head -n 1 "$passed") == "$(sha256sum <<<"$version $2")" ]] &&
      tail -n +2 "$passed" | sha256sum --check --status 2>/dev/null; then
    : >"$name.passed"; exit 0
  fi
  if ((deadline > 0 && $(date +%s) >= deadline)); then : >"$name.unreached"; exit 0; fi
  # Sums are taken before the run: what changes during it is checked again the next time.
  { sha256sum <<<"$version $2"
    eval "$2 -MM -MT x -MF -" | sed -e "s/^x://" -e "s/\\\\\$//" | xargs sha256sum .clang-tidy
  } >"$name.sums"
  if clang-tidy-19 --quiet -p "$build" "$1" >"$name.log" 2>&1; then
    : >"$name.passed"; mv "$name.sums" "$passed"
  else
    cat "$name.log"; : >"$name.failed"
  fi' _ || { echo "clang_tidy: did not run" >&2; exit 2; }
count() { find "$results" -name "*.$1" | wc -l; }
failed=$(count failed)
echo "tidy: $(($(count passed) + failed)) checked, $failed failed, $(count unreached) not reached"
((failed == 0))
