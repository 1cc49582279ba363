# Sourced first by every script: strict mode, the checkout as the current folder, and two ways to
# speak. What a script says about itself goes to stderr; stdout belongs to what it runs.

set -euo pipefail
invoked_with=("$@")
caller=$PWD  # where file names that the caller gave are meant
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$checkout"

say() { printf '%s\n' "${0##*/}: $*" >&2; }

# stop WITH_CODE WHY: 2 the caller's mistake, 4 the environment's, else a failure of the work.
stop() {
  local code=$1
  shift
  say "$*"
  exit "$code"
}

# Prints the comment that opens the script, which is its help.
help() { awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"; }

# As many compilers as processors, unless the caller knows better.
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# build PRESET [--target NAME…]
build() {
  local preset=$1
  shift
  mkdir -p build
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 ||
    { cat "build/$preset.configure.log" >&2; stop 4 "cmake --preset $preset failed"; }
  cmake --build --preset "$preset" "$@"
}
