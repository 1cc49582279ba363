"""conformance_test.py BUILD_DIR [SUITE…]: runs the unmodified clients of Toxiproxy against us.

Each suite is run as its ecosystem runs it, against a server of its own that is started here:
BUILD_DIR/toxiproxy-server, or the program that CONFORMANCE_PROGRAM names. CONFORMANCE_SERVER says
which server that is, "faultline" (default) or "toxiproxy": against the original the same cases
prove the tests. What is fetched stays in build/conformance; with that in place no registry is
needed.

One line per suite. A suite whose toolchain or registry is not there is skipped by name, with the
reason. Exit code 1 if a case failed or a suite ran none.
"""

import hashlib
import os
import pathlib
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True

import process  # noqa: E402
import suites  # noqa: E402

WORK = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "conformance"
FETCHING = 420  # seconds for fetching and building what clients need, all suites together
RUNNING = 150   # seconds for the cases of one suite
TAIL = 120      # lines of output shown of a suite that failed


class Skipped(Exception):
    """Why a suite cannot be run on this machine."""


def why(output):
    """The line that says what went wrong: the first error, or else the last word."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "fail" in line.lower()]
    return (errors[:1] or lines[-1:] or ["it said nothing"])[0][:300]


def prepare(suite, deadline):
    """Fetches what the suite needs unless it is there; may raise Skipped."""
    for tool in suite.tools:
        if not shutil.which(tool):
            raise Skipped(f"no {tool} on this machine")
    pins = hashlib.sha256(b"".join((suite.source / name).read_bytes() for name in suite.lock))
    stamp = suite.folder / "fetched"
    if stamp.exists() and stamp.read_text() == pins.hexdigest():
        return
    suite.folder.mkdir(parents=True, exist_ok=True)
    for command in suite.fetch():
        left = deadline - time.monotonic()
        if left < 1:
            raise Skipped(f"no time left to fetch; all suites together have {FETCHING} s")
        code, output = process.run(command, left, env={**os.environ, **suite.environment()})
        if code is None:
            raise Skipped(f"fetching took too long; all suites together have {FETCHING} s")
        if code != 0:
            raise Skipped(f"fetching failed: {why(output)}")
    stamp.write_text(pins.hexdigest())


def run(suite, program):
    """Runs the suite against a server of its own. Gives back (passed, failed, skipped) and what is
    to be shown of its output."""
    with process.Server(program) as server:
        command, folder = suite.test()
        environment = {**os.environ, **suite.environment(), "TOXIPROXY_URL": server.url,
                       "CONFORMANCE_PROGRAM": program}
        code, output = process.run(command, RUNNING, cwd=folder, env=environment)
        lived = server.process.poll() is None
        said = server.said()
    try:
        passed, failed, skipped = suite.counts(output)
    except (IndexError, ValueError):
        passed = failed = skipped = 0
    wrong = [] if lived else [f"the server ended with {server.process.returncode}: {said[-2000:]}"]
    if code is None:
        wrong.append(f"it did not end within {RUNNING} s")
    if not passed:
        wrong.append("it ran no case that passed")
    if code != 0 or wrong:
        failed = max(failed, 1)
        return (passed, failed, skipped), "\n".join(output.splitlines()[-TAIL:] + wrong)
    return (passed, failed, skipped), ""


def main(arguments):
    if not arguments:
        sys.exit(f"usage: {sys.argv[0]} BUILD_DIR [SUITE…]")
    build, *wanted = arguments
    known = {suite.__name__.lower(): suite for suite in suites.ALL}
    if unknown := set(wanted) - set(known):
        sys.exit(f"no suite {', '.join(sorted(unknown))}; there are: {' '.join(known)}")
    program = os.environ.get("CONFORMANCE_PROGRAM") or os.path.join(build, "toxiproxy-server")
    program = os.path.abspath(program)
    if not os.path.exists(program):
        sys.exit(f"no program {program}; build faultline, or set CONFORMANCE_PROGRAM")
    for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
        signal.signal(number, lambda number, frame: sys.exit(128 + number))

    deadline = time.monotonic() + FETCHING
    outcomes = []
    for name in wanted or known:
        suite = known[name](WORK)
        start = time.monotonic()
        try:
            prepare(suite, deadline)
            fetched = time.monotonic()
            (passed, failed, skipped), output = run(suite, program)
        except Skipped as reason:
            print(f"skipped: {name}: {reason}", flush=True)
            outcomes.append("skipped")
            continue
        if output:
            print(output)
        print(f"{'FAILED' if failed else 'passed'}: {name}: {passed} passed, {failed} failed, "
              f"{skipped} skipped in {time.monotonic() - fetched:.0f} s, ready after "
              f"{fetched - start:.0f} s", flush=True)
        outcomes.append("failed" if failed else "passed")
    print(", ".join(f"{outcomes.count(word)} {word}" for word in ["passed", "failed", "skipped"]))
    return 1 if "failed" in outcomes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
