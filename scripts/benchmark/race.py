"""A race: every target once per round, in random order; and its table."""

import os
import statistics

import controlled
import targets
from processes import Foreign, cpu_seconds, proportional_memory

REFERENCES = ("direct", "haproxy", "toxiproxy")  # what ratios are made with
FOREIGN_LIMIT = 0.10  # of the machine; a run disturbed more is repeated …
REPEATS = 2           # … so often


def race(bench, workload):
    if workload.awake:
        bench.keep_awake()
    port = workload.start(bench)
    chosen = workload.quick if bench.brief and not bench.options.only else workload.targets
    runners = targets.start(bench, chosen, port, workload.protocol)
    runs = {target.name: [] for target in runners}
    rounds = bench.rounds * (1 if bench.brief else workload.lots)
    for number in range(0 if bench.brief else -1, rounds):
        for target in bench.shuffled(runners):
            run = measured(bench, workload, target)
            if number >= 0:  # the round before the first warms up
                runs[target.name].append(run)
    return {"name": workload.name, "title": workload.title, "metric": workload.metric,
            "key": workload.key, "unit": workload.unit, "per": workload.per,
            "better": workload.better, "rows": [row(workload, name, runs) for name in runs],
            "missing": {name: why for name, why in controlled.missing().items() if name in chosen}}


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
        run["memory"] = proportional_memory(target.pid) if target.pid else None
        if run["foreign"] <= FOREIGN_LIMIT or bench.brief:
            break
        bench.repeated += attempt < REPEATS
    bench.disturbed += run["foreign"] > FOREIGN_LIMIT
    return run


def row(workload, name, runs):
    found = {"target": name}
    for metric in (workload.key, "cpu", "p50", "p99", "memory"):
        found["value" if metric == workload.key else metric] = median(
            run.get(metric) for run in runs[name])
    for other in REFERENCES:
        found[f"to_{other}"] = paired(runs, workload.key, name, other)
        for metric in ("cpu", "p99", "memory"):
            found[f"{metric}_to_{other}"] = paired(runs, metric, name, other)
    return {**found, "runs": runs[name]}


def median(values):
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def paired(runs, metric, one, other):
    """The median of the rounds' own ratios; None where either has no such metric."""
    pairs = zip(runs.get(one, []), runs.get(other, []))
    return median(a[metric] / b[metric] if a.get(metric) is not None and b.get(metric) else None
                  for a, b in pairs)


def cell(value, width, digits=2):
    return f"{'-' if value is None else f'{value:.{digits}f}':>{width}}"


def show(found):
    digits = 2 if found["unit"] in ("GB/s", "µs") else 0
    print(f"\n{found['title']}  ({found['better']} is better)")
    print(f"  {'':20}{found['unit']:>10}{'/direct':>8}{'/hapr.':>7}{'/toxi.':>7}"
          f"{'CPU ' + found['per']:>13}{'/hapr.':>7}{'/toxi.':>7}{'p99 µs':>8}{'/hapr.':>7}"
          f"{'/toxi.':>7}{'MiB':>7}{'/hapr.':>7}")
    for one in found["rows"]:
        memory = one["memory"] and one["memory"] / (1 << 20)
        print(f"  {one['target']:20}{cell(one['value'], 10, digits)}{cell(one['to_direct'], 8)}"
              f"{cell(one['to_haproxy'], 7)}{cell(one['to_toxiproxy'], 7)}{cell(one['cpu'], 13)}"
              f"{cell(one['cpu_to_haproxy'], 7)}{cell(one['cpu_to_toxiproxy'], 7)}"
              f"{cell(one['p99'], 8, 0)}{cell(one['p99_to_haproxy'], 7)}"
              f"{cell(one['p99_to_toxiproxy'], 7)}{cell(memory, 7, 1)}"
              f"{cell(one['memory_to_haproxy'], 7)}")
    controlled.show_missing(found)
