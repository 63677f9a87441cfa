#!/bin/sh
# A test written in JavaScript: run.sh FILE [ARGUMENT]. Ends with 77 after "skipped: reason" when
# there is no node.
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null; then
  echo "skipped: node is not installed (scripts/install-deps --test)"
  exit 77
fi
exec node "$@"
