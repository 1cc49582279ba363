"""What moved since another run, beyond the noise of both."""

import goals
import race

LEAST_NOISE = 0.05   # nothing under this is a finding, however alike two equal HAProxys were
FIGURE_NOISE = 0.25  # of figures that no equal pair was measured for
METRICS = ("key", "cpu", "p99")


def rows_of(workload):
    return {row["target"]: row["runs"] for row in workload["rows"]}


def metric_of(workload, metric):
    return workload["key"] if metric == "key" else metric


def noise(workload, metric):
    """How far apart two equal HAProxys were; None when they were not both there."""
    ratio = race.paired(rows_of(workload), metric_of(workload, metric), "haproxy A/A", "haproxy")
    return None if not ratio else max(ratio, 1 / ratio) - 1


def noises(result):
    """{(workload, metric): noise}; a workload without the pair gets the worst of the others."""
    found = {(workload["name"], metric): noise(workload, metric)
             for workload in result["workloads"] for metric in METRICS}
    for metric in METRICS:
        there = [value for (_, of), value in found.items() if of == metric and value is not None]
        for key, value in found.items():
            if key[1] == metric and value is None:
                found[key] = max(there, default=FIGURE_NOISE)
    return {key: max(value, LEAST_NOISE) for key, value in found.items()}


def ratios(result):
    """{(workload, target, metric): ratio to haproxy} of everything that is faultline."""
    found = {}
    for workload in result["workloads"]:
        runs = rows_of(workload)
        for target in runs:
            if target.startswith("faultline"):
                for metric in METRICS:
                    key = workload["name"], target, metric
                    found[key] = race.paired(runs, metric_of(workload, metric), target, "haproxy")
    return {key: value for key, value in found.items() if value}


def moved(old, new):
    """Rows (what, then, now, noise) of what moved, and how many figures both runs have."""
    before, after = ratios(old), ratios(new)
    then, now = noises(old), noises(new)
    both = [key for key in after if key in before]
    rows = []
    for key in both:
        workload, target, metric = key
        limit = max(then[workload, metric], now[workload, metric])
        name = {"key": next(w["metric"] for w in new["workloads"] if w["name"] == workload),
                "cpu": "CPU", "p99": "p99"}[metric]
        if beyond(before[key], after[key], limit):
            rows.append((f"{workload}: {name}, {target} / haproxy", before[key], after[key], limit))
    was = {row["what"]: row["value"] for row in old.get("goals", []) if row["value"] is not None}
    special = {found["name"] for found in new["special"]}
    count = len(both)
    for row in new["goals"]:
        what, value = row["what"], row["value"]
        if what.partition(":")[0] in special and value is not None and what in was:
            count += 1
            if beyond(was[what], value, FIGURE_NOISE):
                rows.append((what, was[what], value, FIGURE_NOISE))
    return rows, count


def beyond(before, after, limit):
    if before == 0 or after == 0 or (before < 0) != (after < 0):
        return before != after
    return max(after / before, before / after) - 1 > limit


def show(old, new):
    print(f"\nsince {old['commit']} of {old['started']} (ratios; beyond the noise of both runs)")
    if old["machine"] != new["machine"]:
        differs = [key for key in new["machine"] if old["machine"].get(key) != new["machine"][key]]
        print(f"  another machine ({', '.join(differs)}): what moved need not be faultline")
    rows, count = moved(old, new)
    for what, before, after, limit in rows:
        share = f"   {after / before - 1:+.0%}, noise {limit:.0%}" if before else ""
        print(f"  {what:68}{goals.number(before):>9} → {goals.number(after)}{share}")
    print(f"  {len(rows)} of {count} figures moved")
