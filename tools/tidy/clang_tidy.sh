#!/usr/bin/env bash
# clang-tidy over the compilation database of a build.
#   --build <dir>     default build/tidy
#   --all             every source file of the project (default)
#   --changed [ref]   only sources changed since ref, and sources beside a changed header of the
#                     same name; default origin/main, else HEAD~1
#   --seconds <n>     stop starting new files after n seconds; files not reached are counted
# Prints "tidy: <checked> checked, <failed> failed, <unreached> not reached".
set -uo pipefail
cd "$(dirname "$0")/../.."
build=build/tidy mode=all ref= seconds=0
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --all) mode=all; shift ;;
    --changed)
      mode=changed; shift
      if (($#)) && [[ $1 != --* ]]; then ref=$1; shift; fi ;;
    --seconds) seconds=$2; shift 2 ;;
    *) echo "clang_tidy: unknown argument $1" >&2; exit 2 ;;
  esac
done
command -v clang-tidy-19 >/dev/null || {
  echo "clang_tidy: clang-tidy-19 is not installed (scripts/install-deps --test)" >&2; exit 2; }
[[ -f $build/compile_commands.json ]] || {
  echo "clang_tidy: $build has no compilation database" >&2; exit 2; }

known=$(python3 - "$build/compile_commands.json" <<'PY'
import json, os, sys
root = os.getcwd() + "/"
entries = json.load(open(sys.argv[1]))
names = {os.path.normpath(os.path.join(e["directory"], e["file"])) for e in entries}
print("\n".join(sorted(n[len(root):] for n in names if n.startswith(root + "src/"))))
PY
)
if [[ $mode == changed ]]; then
  if [[ -z $ref ]]; then
    ref=origin/main
    git rev-parse -q --verify "$ref" >/dev/null || ref=HEAD~1
    git rev-parse -q --verify "$ref" >/dev/null || ref=$(git hash-object -t tree /dev/null)
  fi
  # Tidy compiles whole files, so a changed header is checked through the source of its name.
  wanted=$( { git diff --name-only "$ref" -- src; git ls-files -o --exclude-standard -- src; } |
    sed -n -e 's/\.h$/.cc/p' -e '/\.cc$/p' | sort -u)
  known=$(comm -12 <(echo "$known" | sort -u) <(echo "$wanted"))
fi
mapfile -t files < <(echo "$known" | sed '/^$/d')
if ((${#files[@]} == 0)); then
  echo "tidy: 0 checked, 0 failed, 0 not reached"
  exit 0
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export build results
deadline=$((seconds > 0 ? $(date +%s) + seconds : 0))
export deadline
# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 1 bash -c '
  name=$results/${1//\//_}
  if ((deadline > 0 && $(date +%s) >= deadline)); then : >"$name.unreached"; exit 0; fi
  if clang-tidy-19 --quiet -p "$build" "$1" >"$name.log" 2>&1; then
    : >"$name.passed"
  else
    cat "$name.log"; : >"$name.failed"
  fi' _
count() { find "$results" -name "*.$1" | wc -l; }
failed=$(count failed)
echo "tidy: $(($(count passed) + failed)) checked, $failed failed, $(count unreached) not reached"
((failed == 0))
