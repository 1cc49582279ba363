"""What faultline is to reach, row by row of its target matrix, and what one run found. Row 16, the
system calls and allocations that are counted and not timed, is tests.

A figure is read from the results of a run (the JSON that scripts/bench writes), so the table can be
made anew from any of them.
"""

from dataclasses import dataclass

import race


@dataclass(frozen=True)
class Ratio:
    """Median of the rounds' own ratios of `target` to `other`."""
    workload: str
    metric: str
    target: str
    other: str

    def read(self, results):
        runs = results.runs(self.workload)
        return race.paired(runs, self.metric, self.target, self.other)

    def text(self):
        what = "CPU" if self.metric == "cpu" else self.metric
        return f"{self.workload}: {what}, {self.target} / {self.other}"


@dataclass(frozen=True)
class Added:
    """What `faultline` adds to the metric of `direct`, as a multiple of what `other` adds; where
    that is `direct`, of its own metric."""
    workload: str
    metric: str
    other: str

    def read(self, results):
        runs = results.runs(self.workload)
        rounds = zip(runs.get("direct", []), runs.get("faultline", []), runs.get(self.other, []))
        ratios = []
        for direct, own, other in rounds:
            base = direct[self.metric]
            of = base if self.other == "direct" else other[self.metric] - base
            # Noise can make a peer faster than no peer: nothing is a multiple of that.
            ratios.append((own[self.metric] - base) / of if of > 0 else None)
        return race.median(ratios)

    def text(self):
        what = "direct's own" if self.other == "direct" else f"that of {self.other}"
        return f"{self.workload}: added {self.metric} / {what}"


@dataclass(frozen=True)
class Figure:
    """A figure of a workload that is not a race."""
    workload: str
    key: str
    what: str

    def read(self, results):
        return results.figures(self.workload).get(self.key)

    def text(self):
        return f"{self.workload}: {self.what}"


@dataclass(frozen=True)
class Goal:
    row: str
    figure: Ratio | Added | Figure
    gate: float
    goal: float
    least: bool = False  # both are the least it should be, not the most

    def verdict(self, value):
        if value is None:
            return "not measured"
        if (value >= self.goal) if self.least else (value <= self.goal):
            return "ok"
        within = (value >= self.gate) if self.least else (value <= self.gate)
        return "gate only" if within else "missed"


def at_most(row, figure, gate, goal):
    return Goal(str(row), figure, gate, goal)


def at_least(row, figure, gate, goal):
    return Goal(str(row), figure, gate, goal, least=True)


def own(workload, metric, other):
    return Ratio(workload, metric, "faultline", other)


ALL = (
    at_least(1, own("redis-p1", "rate", "haproxy"), 0.93, 1.00),
    at_least(1, own("redis-p1", "rate", "direct"), 0.50, 0.57),
    at_most(1, own("redis-p1", "cpu", "haproxy"), 1.00, 0.88),
    at_most(1, own("redis-p1", "cpu", "toxiproxy"), 0.78, 0.66),
    at_most(2, own("redis-p16", "cpu", "haproxy"), 0.95, 0.80),
    at_most(2, own("redis-p16", "cpu", "toxiproxy"), 0.75, 0.62),
    at_least(3, own("pgbench", "rate", "haproxy"), 0.97, 1.08),
    at_least(3, own("pgbench", "rate", "toxiproxy"), 1.2, 1.3),
    at_least(3, own("pgbench", "rate", "direct"), 0.68, 0.77),
    at_most(3, own("pgbench", "cpu", "toxiproxy"), 0.65, 0.55),
    at_most(4, own("wrk-small", "cpu", "haproxy"), 1.0, 0.88),
    at_most(4, own("wrk-small", "p99", "toxiproxy"), 0.65, 0.5),
    at_least(5, own("wrk-large", "rate", "haproxy"), 1.9, 2.3),
    at_least(5, own("wrk-large", "rate", "haproxy spliced"), 0.9, 1.0),
    at_least(5, own("wrk-large", "rate", "toxiproxy"), 1.6, 2.0),
    at_most(5, own("wrk-large", "cpu", "haproxy spliced"), 1.2, 0.6),
    at_most(5, own("wrk-large", "cpu", "toxiproxy"), 0.3, 0.12),
    at_least(6, own("bulk", "rate", "direct"), 0.5, 0.75),
    at_least(6, own("bulk", "rate", "haproxy spliced"), 0.85, 1.2),
    at_least(6, own("bulk", "rate", "toxiproxy"), 2.3, 3.5),
    at_most(6, own("bulk", "cpu", "haproxy"), 0.45, 0.2),
    at_most(6, own("bulk", "cpu", "toxiproxy"), 0.35, 0.14),
    at_least(7, own("churn", "rate", "haproxy"), 0.9, 1.0),
    at_most(7, own("churn", "cpu", "haproxy"), 1.1, 0.95),
    at_least(7, own("churn", "rate", "toxiproxy"), 2.2, 2.6),
    at_most(8, Added("ping", "p50", "direct"), 1.15, 1.0),
    at_most(9, Added("paced", "p50", "haproxy"), 1.0, 0.5),
    at_most(9, Added("paced", "p99", "haproxy"), 1.0, 0.5),
    at_most(9, Added("paced", "p50", "toxiproxy"), 0.6, 0.35),
    at_most(9, Added("paced", "p99", "toxiproxy"), 0.3, 0.1),
    at_most(10, Figure("mixed", "p50", "p50 of messages beside bulk, ms"), 1.0, 0.35),
    at_least(10, Figure("mixed", "bulk", "bulk beside messages / bulk alone"), 0.85, 0.93),
    at_most(11, Figure("delay", "p50 at 1 ms", "p50 error at 1 ms, µs"), 60, 20),
    at_most(11, Figure("delay", "p50 at 10 ms", "p50 error at 10 ms, µs"), 60, 20),
    at_most(11, Figure("delay", "p50 at 100 ms", "p50 error at 100 ms, µs"), 60, 20),
    at_most(11, Figure("delay", "p90 at 1 ms", "p90 error at 1 ms, µs"), 150, 45),
    at_most(11, Figure("delay", "p90 at 10 ms", "p90 error at 10 ms, µs"), 150, 45),
    at_most(11, Figure("delay", "p90 at 100 ms", "p90 error at 100 ms, µs"), 150, 45),
    at_most(11, Figure("delay", "early", "rounds with an early release"), 0, 0),
    at_most(11, Figure("delay", "to_toxiproxy", "p50 error at 1 ms, faultline / toxiproxy"),
            1 / 8, 1 / 25),
    at_least(12, Figure("bulk-delay", "of possible",
                        "GB/s at 10 ms and 64 MiB / min(pass-through, bound / delay)"), 0.6, 0.85),
    at_least(12, Figure("bulk-delay", "to_toxiproxy at 10 ms",
                        "GB/s at 10 ms and 256 MiB, faultline / toxiproxy"), 1.2, 1.7),
    at_least(12, Figure("bulk-delay", "to_toxiproxy at 50 ms",
                        "GB/s at 50 ms and 256 MiB, faultline / toxiproxy"), 2.0, 4.0),
    at_most(12, Figure("bulk-delay", "held", "memory held / bound"), 1.1, 1.02),
    at_most(13, Figure("bandwidth", "error", "worst error of the rate"), 0.01, 0.002),
    at_most(13, Figure("bandwidth", "burst", "worst 10 ms from 1 MB/s on / expected"), 1.5, 1.2),
    at_most(14, Ratio("redis-p1", "cpu", "faultline active", "faultline"), 1.25, 1.05),
    at_most(14, Ratio("redis-p1", "cpu", "faultline elsewhere", "faultline"), 1.05, 1.02),
    at_most(15, Figure("idle", "bytes", "user memory per connection, B"), 4096, 1536),
    at_most(15, Figure("idle", "cpu", "CPU while idle, share of a core"), 0.002, 0),
    at_most(15, Figure("idle", "after", "memory after close / at the start"), 1.3, 1.1),
    at_most(15, Figure("idle", "to_haproxy", "memory per connection, faultline / haproxy"),
            1.2, 0.45),
    at_most(15, Figure("idle", "to_toxiproxy", "memory per connection, faultline / toxiproxy"),
            1 / 15, 1 / 40),
    at_most(17, Ratio("wrk-small", "cpu", "faultline tap", "faultline"), 1.35, 1.15),
    at_most("http", Ratio("wrk-http", "cpu", "faultline tap", "haproxy http"), 1.0, 1.0),
    at_most("http", Ratio("wrk-http", "cpu", "faultline tap elsewhere", "faultline tap"),
            1.05, 1.02),
    at_most("close", Figure("mass-close", "stall", "longest stall of a message, ms"), 50, 50),
    at_most("journal", Figure("journal", "lost", "lost at 200,000 exchanges/s"), 0, 0),
)


class Results:
    """One run, as its JSON says it."""

    def __init__(self, result):
        self._races = {workload["name"]: {row["target"]: row["runs"] for row in workload["rows"]}
                       for workload in result["workloads"]}
        self._special = {found["name"]: found.get("figures", {}) for found in result["special"]}

    def runs(self, workload):
        return self._races.get(workload, {})

    def figures(self, workload):
        return self._special.get(workload, {})


def judged(result):
    """One plain row per goal, for the JSON and for tables."""
    results = Results(result)
    rows = []
    for goal in ALL:
        value = goal.figure.read(results)
        rows.append({"row": goal.row, "what": goal.figure.text(), "value": value,
                     "gate": goal.gate, "goal": goal.goal, "least": goal.least,
                     "verdict": goal.verdict(value)})
    return rows


def number(value):
    """Three significant digits, no exponent."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.001 \
        else f"{value:.4f}".rstrip("0").rstrip(".") or "0"


def show(rows):
    measured = [row for row in rows if row["verdict"] != "not measured"]
    if not measured:
        return
    print(f"\ngoals  (ok: the goal is reached)\n  {'':8}{'':68}{'figure':>9}{'gate':>9}{'goal':>9}")
    for row in measured:
        sign = "≥ " if row["least"] else "≤ "
        print(f"  {row['row']:8}{row['what']:68}{number(row['value']):>9}"
              f"{sign + number(row['gate']):>9}{sign + number(row['goal']):>9}  {row['verdict']}")
    counts = {verdict: sum(row["verdict"] == verdict for row in rows)
              for verdict in ("ok", "gate only", "missed", "not measured")}
    print("  " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
