"""Connections that do nothing: what one costs, what stays when all have gone, and whom it disturbs
when they go at once.
"""

import time

import controlled
import targets
import workloads
from processes import cpu_seconds, settled

MOST = 9000


def affordable(bench):
    """A proxy needs two descriptors per connection, and some for itself."""
    return min(MOST, (bench.descriptors - 2000) // 2)


class Idle:
    """User memory (PSS) and CPU, after one round trip on each connection."""

    name, in_quick = "idle", True
    targets = ("faultline", "faultline elsewhere", "faultline served", "haproxy", "nginx",
               "toxiproxy")

    def measure(self, bench):
        port = workloads.Ping().start(bench)
        count = affordable(bench)
        chosen = self.targets
        if bench.brief and not bench.options.only:
            chosen = ("faultline", "haproxy")
        watched, rest = (1, 2) if bench.brief else (5, 60)
        rows = []
        runners = targets.start(bench, chosen, port)
        for target in runners:
            bench.load("ping", target.port, 1)
            before = settled(target.pid)
            holder, _ = bench.processes.start(
                [bench.program("load"), "idle", str(target.port), str(count)], ready="ready")
            full = settled(target.pid)
            spent, start = cpu_seconds(target.pid), time.monotonic()
            time.sleep(watched)
            cpu = (cpu_seconds(target.pid) - spent) / (time.monotonic() - start)
            bench.processes.end(holder)
            rows.append({"target": target.name, "process": before, "cpu": cpu,
                         "per_connection": (full - before) / count})
        time.sleep(rest)
        for target, row in zip(runners, rows):
            row["after"] = settled(target.pid)
        return {"name": self.name, "rows": rows, "figures": self.figures(rows),
                "title": f"{count} idle connections; memory after: {rest} s after their close",
                "missing": controlled.missing()}

    @staticmethod
    def figures(rows):
        found = {row["target"]: row for row in rows}
        own = found["faultline"]
        figures = {"bytes": own["per_connection"], "cpu": own["cpu"],
                   "after": own["after"] / own["process"]}
        for other in ("haproxy", "toxiproxy"):
            if other in found:
                figures[f"to_{other}"] = own["per_connection"] / found[other]["per_connection"]
        return figures

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':20}{'process':>12}{'per connection':>18}{'idle CPU':>12}"
              f"{'after':>12}")
        for row in found["rows"]:
            print(f"  {row['target']:20}{row['process'] / 1024:8.0f} KiB"
                  f"{row['per_connection']:16.0f} B{row['cpu']:12.3%}"
                  f"{row['after'] / row['process']:11.2f}x")
        controlled.show_missing(found)


class MassClose:
    """All close at once, while 1,000 messages per second pass through another proxy of the same
    process, to another server: so what stalls them is the process, or the machine (direct).
    """

    name, in_quick = "mass-close", True

    def measure(self, bench):
        crowd, quiet = (workloads.Ping().start(bench) for _ in range(2))
        count = affordable(bench)
        rows = [{"target": "direct", **self.run(bench, (crowd, quiet), count)}]
        for server in controlled.each(bench):
            ports = server.proxy(crowd, "crowd"), server.proxy(quiet, "ping")
            rows.append({"target": server.name, **self.run(bench, ports, count, server.pid)})
        own = next(row for row in rows if row["target"] == "faultline served")
        return {"name": self.name, "rows": rows, "figures": {"stall": own["closing"]["max"] / 1000},
                "title": f"{count} connections close at once: latency of 1000 messages/s (ms)",
                "missing": controlled.missing()}

    def run(self, bench, ports, count, pid=None):
        crowd, ping = ports
        holder, _ = bench.processes.start(
            [bench.program("load"), "idle", str(crowd), str(count)], ready="ready")
        words = ("paced", ping, 2 if bench.brief else 3, 1000, 1)
        found = {"open": bench.load(*words)}
        before = cpu_seconds(pid)
        pinging = bench.start_load(*words)
        time.sleep(0.7)
        bench.processes.end(holder)
        found["closing"] = bench.finish_load(pinging)
        # Of the messages too, which cost little beside this.
        found["cpu"] = 1e6 * (cpu_seconds(pid) - before) / count if pid else None
        return found

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':20}{'open p50':>10}{'p99':>8}{'max':>8}"
              f"{'closing p50':>14}{'p99':>8}{'max':>8}{'CPU µs/close':>15}")
        for row in found["rows"]:
            quantiles = [row[state][q] / 1000 for state in ("open", "closing")
                         for q in ("p50", "p99", "max")]
            cells = [f"{value:{width}.2f}" for value, width in
                     zip(quantiles, (10, 8, 8, 14, 8, 8))]
            cpu = "-" if row["cpu"] is None else f"{row['cpu']:.1f}"
            print(f"  {row['target']:20}{''.join(cells)}{cpu:>15}")
        controlled.show_missing(found)


ALL = [Idle(), MassClose()]
