"""Two workloads that are not a race: memory of idle connections, and lateness of a delay."""

import json
import statistics
import time

import controlled
import targets
import workloads
from processes import proportional_memory


class Idle:
    """PSS per idle connection, after one round trip on each."""

    name, connections = "idle", 2000
    title = f"memory per idle connection, {connections} of them"

    def measure(self, bench):
        port = workloads.Ping().start(bench)
        rows = []
        for start in targets.everything(bench)[1:]:
            target = start(bench, port)
            warm = [bench.program("load"), "ping", str(target.port), "1"]
            workloads.output(warm)
            before = settled(target.pid)
            holder, _ = bench.processes.start(
                [bench.program("load"), "idle", str(target.port), str(self.connections)],
                ready="ready")
            full = settled(target.pid)
            bench.processes.end(holder)
            rows.append({"target": target.name, "process": before,
                         "per_connection": (full - before) / self.connections})
        return {"name": self.name, "title": self.title, "rows": rows,
                "missing": controlled.missing()}

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':18}{'process':>12}{'per connection':>18}")
        for row in found["rows"]:
            print(f"  {row['target']:18}{row['process'] / 1024:9.0f} KiB"
                  f"{row['per_connection']:16.0f} B")
        controlled.show_missing(found)


def settled(pid):
    """Memory once two looks in a row agree."""
    last = -1
    for _ in range(20):
        now = proportional_memory(pid)
        if now == last:
            break
        last = now
        time.sleep(0.2)
    return now


class Delay:
    """How late an injected delay comes: latency through a proxy with the fault, less that of the
    same program without, less the delay. One direction is delayed: it is the error of one hop."""

    name, delays = "delay", (1, 10, 100)  # ms
    title = "error of an injected delay, 500 messages per second, 16 connections, open loop (µs)"

    def measure(self, bench):
        port = workloads.Ping().start(bench)
        ports = self.relays(bench, port)
        for name, program in controlled.programs(bench).items():
            ports.update(self.driven(controlled.Controlled(bench, name, program), port))
        found = {key: [] for key in ports}
        for _ in range(bench.rounds):
            for key in bench.shuffled(ports):
                words = ["paced", str(ports[key]), str(2 * bench.seconds), "500", "16"]
                found[key].append(json.loads(workloads.output([bench.program("load"), *words])))
        rows = []
        for name in dict.fromkeys(name for name, _ in ports):
            bare = found[name, 0]
            for delay in self.delays:
                row = {"target": name, "delay_ms": delay,
                       "pass_through_p50": statistics.median(run["p50"] for run in bare)}
                for metric in ("p50", "p99", "max"):
                    row[metric] = statistics.median(
                        run[metric] - 1000 * delay - base["p50"]
                        for run, base in zip(found[name, delay], bare))
                # Whole round trips shorter than the delay alone: released too early.
                row["early_rounds"] = sum(run["min"] < 1000 * delay for run in found[name, delay])
                rows.append(row)
        return {"name": self.name, "title": self.title, "rows": rows,
                "missing": controlled.missing()}

    def relays(self, bench, upstream):
        """{(name, delay): port} of faultline's relay, one process per delay; 0 is no fault."""
        ports = {("faultline", 0): targets.faultline()(bench, upstream).port}
        for delay in self.delays:
            fault = f"latency:delay={delay}ms,direction=downstream"
            start = targets.faultline(f"{delay} ms", fault)
            ports["faultline", delay] = start(bench, upstream).port
        return ports

    def driven(self, server, upstream):
        """The same of one server, with a proxy per delay."""
        ports = {}
        for delay in (0, *self.delays):
            ports[server.name, delay] = server.proxy(upstream, f"delay-{delay}")
            if delay:
                server.toxic("latency", "downstream", f"delay-{delay}", latency=delay)
        return ports

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':28}{'p50':>9}{'p99':>9}{'max':>9}  early rounds")
        for row in found["rows"]:
            print(f"  {row['target']:18}{row['delay_ms']:4} ms   {row['p50']:9.1f}{row['p99']:9.1f}"
                  f"{row['max']:9.1f}  {row['early_rounds']}")
        controlled.show_missing(found)


ALL = [Idle(), Delay()]
