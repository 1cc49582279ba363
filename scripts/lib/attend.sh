# attend COMMAND…: runs a command, hands INT, TERM and HUP on to it, and gives back its exit code.
# attend_all COMMAND…: the same, but hands them on to everything the command started as well.
#
# The command leads a process group of its own. So a Ctrl-C at the terminal reaches only us, and
# through us the command, once, while the servers it still needs live on until it has ended.
# Should we be killed without a chance to say so, the kernel tells the command to end. A signal
# that comes between two commands ends the script with 128 + its number.

# A shell script starts its background jobs with INT ignored, and a shell cannot take that back.
if [[ $(trap -p INT) == "trap -- '' "* ]]; then
  cd "$caller"
  exec env --default-signal=INT "$BASH" "$0" "${invoked_with[@]}"
fi

attended=  # its pid, or minus its pid: then its process group is meant
hand_on() {
  if [[ $attended ]]; then
    kill -s "$1" -- "$attended" 2>/dev/null || true
  else
    exit $((128 + $(kill -l "$1")))
  fi
}
for signal in INT TERM HUP; do
  # shellcheck disable=SC2064
  trap "hand_on $signal" "$signal"
done

# in_background COMMAND…: starts it in a process group of its own, and its pid is in $!.
in_background() {
  set -m
  setpriv --pdeathsig TERM -- "$@" </dev/null &
  set +m
}

attend() { attend_as '' "$@"; }
attend_all() { attend_as - "$@"; }

attend_as() {
  local sign=$1 code=0 pid
  shift
  in_background "$@"
  pid=$!
  attended=$sign$pid
  # wait also returns when a signal of ours was handled; the command has then not ended yet.
  wait "$pid" || true
  while kill -0 "$pid" 2>/dev/null; do
    wait "$pid" || true
  done
  wait "$pid" || code=$?
  attended=
  return "$code"
}

# end_process PID [SIGNAL…]: ends a process that we started, asking ever more firmly.
end_process() {
  local pid=$1 signal
  shift
  for signal in "$@" KILL; do
    kill -s "$signal" "$pid" 2>/dev/null || break
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break 2
      sleep 0.1
    done
  done
  wait "$pid" 2>/dev/null || true
}
