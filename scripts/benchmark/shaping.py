"""What passes under a limit, and what passes beside bulk."""

import statistics

import controlled
import targets
import workloads

WARM = 1000  # ms


class Bandwidth:
    """The rate at the receiving side, after a second: until then kernels on the way swallow what a
    sender sends. A burst is the most that came in any 10 ms, as a multiple of what should."""

    name, in_quick = "bandwidth", True
    rates = (100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)  # bytes per second
    title = "bandwidth limit: error of the rate, worst 10 ms"

    def measure(self, bench):
        upstream = workloads.Ping().start(bench)
        rates = (1_000_000, 100_000_000) if bench.brief else self.rates
        rows = []
        for rate in rates:
            fault = f"bandwidth:rate={rate}B,direction=downstream"
            target = targets.faultline("faultline", fault)(bench, upstream)
            rows.append(self.row(bench, target.name, target.port, rate))
        program = controlled.programs(bench).get("toxiproxy")
        if program:
            server = controlled.Controlled(bench, "toxiproxy", program)
            for rate in rates:
                port = server.proxy(upstream, f"rate-{rate}")
                server.toxic("bandwidth", "downstream", f"rate-{rate}", rate=rate // 1000)
                rows.append(self.row(bench, server.name, port, rate))
        own = [row for row in rows if row["target"] == "faultline"]
        figures = {"error": max(abs(row["error"]) for row in own),
                   "burst": max(row["burst"] for row in own if row["rate"] >= 1_000_000)}
        return {"name": self.name, "title": self.title, "rows": rows, "figures": figures,
                "missing": controlled.missing()}

    @staticmethod
    def row(bench, name, port, rate):
        found = bench.load("pull", port, 2 if bench.brief else 3, 1, WARM)
        return {"target": name, "rate": rate, "error": found["rate"] / rate - 1,
                "burst": found["worst_10ms"] / (rate / 100)}

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':20}{'limit':>16}{'error':>10}{'burst':>8}")
        for row in found["rows"]:
            print(f"  {row['target']:20}{row['rate'] / 1e6:11.1f} MB/s{row['error']:10.2%}"
                  f"{row['burst']:8.2f}")
        controlled.show_missing(found)


class Mixed:
    """Two connections take as much as they can, and 1,000 messages per second pass beside them."""

    name, in_quick = "mixed", True
    title = "two saturated connections, and 1000 messages/s beside them"
    targets = ("direct", "faultline", "haproxy", "nginx", "toxiproxy")

    def measure(self, bench):
        upstream = workloads.Ping().start(bench)
        chosen = self.targets
        if bench.brief and not bench.options.only:
            chosen = ("direct", "faultline", "haproxy")
        runners = targets.start(bench, chosen, upstream)
        runs = {target.name: [] for target in runners}
        for _ in range(1 if bench.brief else bench.rounds):
            for target in bench.shuffled(runners):
                runs[target.name].append(self.run(bench, target.port))
        rows = [{"target": name, **{key: statistics.median(run[key] for run in all_runs)
                                    for key in all_runs[0]}} for name, all_runs in runs.items()]
        own = next(row for row in rows if row["target"] == "faultline")
        return {"name": self.name, "title": self.title, "rows": rows,
                "figures": {"p50": own["p50"] / 1000, "bulk": own["kept"]},
                "missing": controlled.missing()}

    @staticmethod
    def run(bench, port):
        alone = bench.load("pull", port, bench.seconds, 2, 200)["rate"]
        pulling = bench.start_load("pull", port, bench.seconds + 1, 2, 200)
        ping = bench.load("paced", port, bench.seconds, 1000, 1)
        beside = bench.finish_load(pulling)["rate"]
        return {"alone": alone, "beside": beside, "kept": beside / alone, "p50": ping["p50"],
                "p99": ping["p99"]}

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':20}{'bulk alone':>14}{'with messages':>16}{'kept':>8}"
              f"{'p50 µs':>10}{'p99 µs':>10}")
        for row in found["rows"]:
            print(f"  {row['target']:20}{row['alone'] / 1e9:9.2f} GB/s"
                  f"{row['beside'] / 1e9:11.2f} GB/s{row['kept']:8.2f}"
                  f"{row['p50']:10.0f}{row['p99']:10.0f}")
        controlled.show_missing(found)


ALL = [Bandwidth(), Mixed()]
