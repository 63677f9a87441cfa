#!/usr/bin/env bash
# Fails when a C++ file differs from what clang-format 19 makes of it. With --fix it rewrites.
set -euo pipefail
cd "$(dirname "$0")/../.."
formatter=$(command -v clang-format-19 || true)
if [[ -z $formatter ]]; then
  echo "format_check: clang-format-19 is not installed (scripts/install-deps --test)" >&2
  exit 1
fi
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.h' '*.cc' |
  while read -r f; do [[ -f $f ]] && echo "$f"; done)
if ((${#files[@]} == 0)); then
  echo "format_check: no C++ files"
  exit 0
fi
if [[ ${1:-} == --fix ]]; then
  "$formatter" -i "${files[@]}"
else
  "$formatter" --dry-run -Werror "${files[@]}"
  echo "format_check: ${#files[@]} files"
fi
