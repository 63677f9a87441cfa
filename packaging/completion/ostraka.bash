# Completion of ostraka for bash: source it, or put it into
# /usr/share/bash-completion/completions/ostraka. Made by 'ostraka completion bash'.
_ostraka() {
  local current=${COMP_WORDS[COMP_CWORD]} path='' words='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && break
    path="${path:+$path }$word"
  done
  case ${COMP_WORDS[COMP_CWORD-1]} in
    --config|--data-dir|--peer-secret) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --consistency) COMPREPLY=($(compgen -W 'linearizable stale bounded:500ms' -- "$current")); return ;;
    --log-level) COMPREPLY=($(compgen -W 'debug info warning error off' -- "$current")); return ;;
  esac
  case $path in
    '') words='--help --version bench check completion del demo get lab leader member put scan server sim status version' ;;
    'server') words='--advertise --cluster --config --data-dir --engine --help --http --insecure --join --log-io --log-level --name --peer --peer-secret --reactors --redis --requirepass' ;;
    'demo') words='--engine --help --keep --nodes' ;;
    'status') words='--endpoint --help --json --password' ;;
    'leader') words='--help transfer' ;;
    'leader transfer') words='--endpoint --help --json --password --to' ;;
    'member') words='--help add list promote remove' ;;
    'member list') words='--endpoint --help --json --password' ;;
    'member add') words='--address --endpoint --help --json --name --password --peer' ;;
    'member promote') words='--endpoint --help --json --name --password' ;;
    'member remove') words='--endpoint --help --json --name --password' ;;
    'get') words='--consistency --db --endpoint --help --password' ;;
    'put') words='--db --endpoint --expire-ms --help --password' ;;
    'del') words='--db --endpoint --help --password' ;;
    'scan') words='--consistency --db --endpoint --help --limit --password --values' ;;
    'bench') words='--backlog --check-writes --clients --consistency --distribution --duration --etcd --help --json --keys --load --password --pipeline --rate --read-ratio --redis --seed --value-size --warmup --zookeeper' ;;
    'sim') words='--engine --from --help --jobs --json --list --mutant --mutants --runs --scenario --seconds --seed --to --trace' ;;
    'check') words='--help --json --level --model' ;;
    'lab') words='--help list run serve show' ;;
    'lab list') words='--help' ;;
    'lab show') words='--help' ;;
    'lab run') words='--do --help --out --scenario --seed --set' ;;
    'lab serve') words='--help --http' ;;
    'version') words='--help' ;;
    'completion') words='--help' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _ostraka ostraka
