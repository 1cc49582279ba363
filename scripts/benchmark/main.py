"""What scripts/bench does once everything is built; its help says what for."""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import backlog  # noqa: E402
import controlled  # noqa: E402
import special  # noqa: E402
import targets  # noqa: E402
import workloads  # noqa: E402
from processes import Foreign, Processes, cpu_seconds  # noqa: E402

REFERENCES = ["direct", "haproxy", "toxiproxy"]  # what ratios are made with
SPECIAL = special.ALL + backlog.ALL
FOREIGN_LIMIT = 0.10  # of the machine; a run disturbed more is repeated …
REPEATS = 2           # … so often


class Bench:
    """What workloads and targets need of a benchmark."""

    def __init__(self, options, processes):
        self.options, self.processes, self.folder = options, processes, options.folder
        self.rounds, self.seconds = {"quick": (3, 1), "full": (11, 2)}.get(options.mode, (7, 1))
        self.random = random.Random(options.seed)
        self.disturbed = self.repeated = 0

    def program(self, name):
        places = ["build/release", os.environ["FAULTLINE_POSTGRES_PROGRAMS"], "/usr/sbin"]
        found = shutil.which(name, path=os.pathsep.join([*places, os.environ["PATH"]]))
        if not found:
            raise RuntimeError(f"no program {name}; scripts/setup bench installs what is missing")
        return os.path.abspath(found)

    def shuffled(self, things):
        return self.random.sample(list(things), len(things))


def race(bench, workload):
    """Every target once per round, in random order."""
    port = workload.start(bench)
    all_targets = [start(bench, port) for start in targets.everything(bench)]
    runs = {target.name: [] for target in all_targets}
    for number in range(-1, bench.rounds):
        for target in bench.shuffled(all_targets):
            run = measured(bench, workload, target)
            if number >= 0:  # the first round warms up
                runs[target.name].append(run)
    rows = [row(workload, name, runs) for name in runs]
    return {"name": workload.name, "title": workload.title, "metric": workload.metric,
            "unit": workload.unit, "per": workload.per, "better": workload.better, "rows": rows,
            "missing": controlled.missing()}


def measured(bench, workload, target):
    bench.processes.check()
    for attempt in range(1 + REPEATS):
        pids = [process.pid for process in bench.processes.running]
        foreign = Foreign([*pids, int(os.environ["FAULTLINE_POSTGRES_PID"])])
        before = cpu_seconds(target.pid)
        run = workload.run(bench, target.port, bench.seconds)
        spent = cpu_seconds(target.pid) - before
        run["foreign"] = round(foreign.share(), 3)
        scale = 1 if workload.unit == "GB/s" else 1e6
        run["cpu"] = scale * spent / run["operations"] if target.pid and run["operations"] else None
        if run["foreign"] <= FOREIGN_LIMIT or bench.options.mode == "quick":
            break
        bench.repeated += attempt < REPEATS
    bench.disturbed += run["foreign"] > FOREIGN_LIMIT
    return run


def row(workload, name, runs):
    key = workload.metric if workload.metric.startswith("p") and workload.unit == "µs" else "rate"

    def paired(metric, other):
        if other not in runs:
            return None
        pairs = [(a[metric], b[metric]) for a, b in zip(runs[name], runs[other])]
        ratios = [a / b for a, b in pairs if a is not None and b]
        return round(statistics.median(ratios), 3) if ratios else None

    found = {"target": name, "value": statistics.median(run[key] for run in runs[name]),
             **{f"to_{other}": paired(key, other) for other in REFERENCES},
             **{f"cpu_to_{other}": paired("cpu", other) for other in REFERENCES[1:]},
             "runs": runs[name]}
    costs = [run["cpu"] for run in runs[name] if run["cpu"] is not None]
    found["cpu"] = statistics.median(costs) if costs else None
    tails = [run["p99"] for run in runs[name] if "p99" in run]
    found["p99"] = statistics.median(tails) if tails else None
    return found


def show(found):
    def cell(value, digits):
        return "-" if value is None else f"{value:.{digits}f}"

    digits = 2 if found["unit"] in ("GB/s", "µs") else 0
    print(f"\n{found['title']}  ({found['better']} is better)")
    print(f"  {'':18}{found['unit']:>10}{'/direct':>9}{'/haproxy':>9}{'/toxipr.':>9}"
          f"{'CPU ' + found['per']:>14}{'/haproxy':>9}{'/toxipr.':>9}{'p99 µs':>10}")
    for one in found["rows"]:
        print(f"  {one['target']:18}{cell(one['value'], digits):>10}{cell(one['to_direct'], 2):>9}"
              f"{cell(one['to_haproxy'], 2):>9}{cell(one['to_toxiproxy'], 2):>9}"
              f"{cell(one['cpu'], 2):>14}{cell(one['cpu_to_haproxy'], 2):>9}"
              f"{cell(one['cpu_to_toxiproxy'], 2):>9}{cell(one['p99'], 0):>10}")
    controlled.show_missing(found)


def compare(old, new):
    before = {(w["name"], r["target"]): r for w in old["workloads"] for r in w["rows"]}
    print(f"\nratios to haproxy, then and now (then: {old['commit']}, {old['machine']['cpu']})")
    for workload in new["workloads"]:
        for one in workload["rows"]:
            was = before.get((workload["name"], one["target"]))
            if one["target"] == "faultline" and was and was["to_haproxy"] and one["to_haproxy"]:
                print(f"  {workload['name']:12}{was['to_haproxy']:8.2f} → {one['to_haproxy']:.2f}"
                      f"   CPU {was['cpu_to_haproxy'] or 0:.2f} → {one['cpu_to_haproxy'] or 0:.2f}")


def machine():
    def first(path, prefix=""):
        try:
            with open(path, encoding="utf-8") as file:
                line = next((line for line in file if line.startswith(prefix)), "")
            return line.rpartition(":")[2].strip()
        except OSError:
            return "unknown"

    return {"cpu": first("/proc/cpuinfo", "model name"), "processors": os.cpu_count(),
            "memory": first("/proc/meminfo", "MemTotal"), "kernel": platform.release(),
            "congestion_control": first("/proc/sys/net/ipv4/tcp_congestion_control"),
            "governor": first("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "loopback_mtu": first("/sys/class/net/lo/mtu")}


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
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                            text=True, check=False).stdout.strip()
    result = {"schema_version": 1, "commit": commit,
              "started": time.strftime("%FT%TZ", time.gmtime()), "mode": options.mode,
              "seed": options.seed, "machine": machine(), "workloads": [], "special": []}
    print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in result["machine"].items()))
    disturbed = repeated = 0
    for workload in workloads.ALL + SPECIAL:
        if options.only and workload.name not in options.only:
            continue
        with Processes() as processes:
            bench = Bench(options, processes)
            if workload in SPECIAL:
                result["special"].append(workload.measure(bench))
                workload.show(result["special"][-1])
            else:
                result["workloads"].append(race(bench, workload))
                show(result["workloads"][-1])
            sys.stdout.flush()
            disturbed += bench.disturbed
            repeated += bench.repeated
    result.update(disturbed_runs=disturbed, repeated_runs=repeated)
    os.makedirs(os.path.dirname(options.out), exist_ok=True)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print(f"\n{repeated} runs repeated and {disturbed} kept although others took more than "
          f"{FOREIGN_LIMIT:.0%} of the machine")
    if old:
        compare(old, result)
    print(f"written to {os.path.relpath(options.out)}")


def arguments():
    names = [workload.name for workload in workloads.ALL + SPECIAL]
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
    except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
