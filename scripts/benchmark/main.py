"""What scripts/bench does once everything is built; its help says what for."""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import backlog  # noqa: E402
import bench as benchmark  # noqa: E402
import compare  # noqa: E402
import delay  # noqa: E402
import goals  # noqa: E402
import idle  # noqa: E402
import journal  # noqa: E402
import race  # noqa: E402
import shaping  # noqa: E402
import web  # noqa: E402
import workloads  # noqa: E402
from processes import Processes  # noqa: E402

RACES = workloads.ALL + web.ALL
FAILURES = (RuntimeError, OSError, ValueError, subprocess.SubprocessError)
SPECIAL = shaping.ALL + delay.ALL + idle.ALL + backlog.ALL + journal.ALL


def chosen(options):
    for workload in RACES + SPECIAL:
        in_quick = workload.quick if workload in RACES else workload.in_quick
        if workload.name in options.only if options.only else (options.mode != "quick" or in_quick):
            yield workload


def measure(options, result):
    """One workload that fails does not cost the others: it is in `failed`, with the reason."""
    for workload in chosen(options):
        with Processes() as processes:
            bench = benchmark.Bench(options, processes)
            try:
                measure_one(bench, workload, result)
            except FAILURES as error:
                result["failed"][workload.name] = str(error)
                print(f"\n{workload.name} failed: {error}")
            sys.stdout.flush()
            result["disturbed_runs"] += bench.disturbed
            result["repeated_runs"] += bench.repeated


def measure_one(bench, workload, result):
    if workload in SPECIAL:
        result["special"].append(workload.measure(bench))
        workload.show(result["special"][-1])
    else:
        result["workloads"].append(race.race(bench, workload))
        race.show(result["workloads"][-1])


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    options = arguments()
    # Idle connections need a descriptor on both sides of a proxy.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    old = None
    if options.compare:
        with open(options.compare, encoding="utf-8") as file:
            old = json.load(file)
        if old.get("schema_version") != 2:
            raise ValueError(f"{options.compare}: written by another version of scripts/bench")
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                            text=True, check=False).stdout.strip()
    result = {"schema_version": 2, "commit": commit,
              "started": time.strftime("%FT%TZ", time.gmtime()), "mode": options.mode,
              "rounds": benchmark.ROUNDS[options.mode], "seed": options.seed,
              "machine": benchmark.machine(), "versions": benchmark.versions(),
              "disturbed_runs": 0, "repeated_runs": 0, "workloads": [], "special": [],
              "failed": {}}
    print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in result["machine"].items()))
    start = time.monotonic()
    measure(options, result)
    result["seconds"] = round(time.monotonic() - start)
    result["goals"] = goals.judged(result)
    goals.show(result["goals"])
    os.makedirs(os.path.dirname(options.out), exist_ok=True)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print(f"\n{result['repeated_runs']} runs repeated and {result['disturbed_runs']} kept although "
          f"others took more than {race.FOREIGN_LIMIT:.0%} of the machine; "
          f"{result['seconds']} s in all")
    if old:
        compare.show(old, result)
    print(f"written to {os.path.relpath(options.out)}")
    if result["failed"]:
        raise RuntimeError(f"{', '.join(result['failed'])} failed; the rest was measured")


def arguments():
    names = [workload.name for workload in RACES + SPECIAL]
    parser = argparse.ArgumentParser(prog="bench", allow_abbrev=False)
    parser.add_argument("--quick", dest="mode", action="store_const", const="quick")
    parser.add_argument("--full", dest="mode", action="store_const", const="full")
    parser.add_argument("--only", action="append", choices=names, default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    parser.add_argument("--compare")
    parser.add_argument("--caller", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.mode = options.mode or "default"
    options.out = os.path.abspath(os.path.join(options.caller, options.out) if options.out
                                  else "build/bench/bench.json")
    options.compare = options.compare and os.path.join(options.caller, options.compare)
    return options


if __name__ == "__main__":
    try:
        main()
    except FAILURES as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
