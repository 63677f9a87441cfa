#!/usr/bin/env bash
# The same program, seed and scenario give the same trace hash: in another process, without address
# randomisation, and with another environment and folder.
set -eu
program=$1

# "scenario hash" of every run that comes in as a JSON line.
traces() { sed -E 's/.*"scenario":"([^"]*)".*"trace_hash":"([^"]*)".*/\1 \2/'; }

for seed in 1 7; do
  run=("$program" sim --scenario all --seed "$seed" --json)
  first=$("${run[@]}" | traces)
  [[ $(wc -l <<<"$first") -ge 10 ]] || { echo "too few scenarios ran: $first"; exit 1; }
  second=$(setarch --addr-no-randomize "${run[@]}" | traces)
  third=$(cd / && env -i MALLOC_PERTURB_=7 OTHER=1 "${run[@]}" | traces)
  if [[ $first != "$second" || $first != "$third" ]]; then
    echo "seed $seed: traces differ"
    diff <(echo "$first") <(echo "$second") || diff <(echo "$first") <(echo "$third") || true
    exit 1
  fi
done
# A program whose runs depend on an address must not pass.
if [[ $(for _ in 1 2 3; do
  "$program" sim --scenario e4_calm --mutant sim:seed_by_address --json | traces
done | sort -u | wc -l) -eq 1 ]]; then
  echo "a seed from an address gave one trace three times"
  exit 1
fi
echo "traces are equal"
