"""Injected delays: how late they come, and how much passes through them."""

import statistics
import threading

import controlled
import targets
import workloads

MIB = 1 << 20


class Delay:
    """How late an injected delay comes: latency through a proxy with the fault, less that of the
    same program without, less the delay. One direction is delayed: it is the error of one hop."""

    name, in_quick = "delay", True
    title = "error of an injected delay, 500 messages per second, 16 connections, open loop (µs)"

    def measure(self, bench):
        delays = (1, 10) if bench.brief else (1, 10, 100)  # ms
        port = workloads.Ping().start(bench)
        ports = self.relays(bench, port, delays)
        for name, program in controlled.programs(bench).items():
            if name == "toxiproxy" or not bench.brief:
                server = controlled.Controlled(bench, name, program)
                ports.update(self.driven(server, port, delays))
        found = {key: [] for key in ports}
        for _ in range(1 if bench.brief else bench.rounds):
            for key in bench.shuffled(ports):
                found[key].append(bench.load("paced", ports[key], 2, 500, 16))
        rows = [self.row(name, delay, found) for name in dict.fromkeys(name for name, _ in ports)
                for delay in delays]
        return {"name": self.name, "title": self.title, "rows": rows,
                "figures": self.figures(rows), "missing": controlled.missing()}

    @staticmethod
    def row(name, delay, found):
        bare = found[name, 0]
        row = {"target": name, "delay_ms": delay,
               "pass_through_p50": statistics.median(run["p50"] for run in bare)}
        for metric in ("p50", "p90", "p99", "max"):
            base = "p50" if metric in ("p99", "max") else metric
            row[metric] = statistics.median(
                run[metric] - 1000 * delay - without[base]
                for run, without in zip(found[name, delay], bare))
        # Whole round trips shorter than the delay alone: released too early.
        row["early_rounds"] = sum(run["min"] < 1000 * delay for run in found[name, delay])
        return row

    @staticmethod
    def figures(rows):
        own = [row for row in rows if row["target"] == "faultline"]
        figures = {"early": sum(row["early_rounds"] for row in own)}
        for row in own:
            for metric in ("p50", "p90"):
                figures[f"{metric} at {row['delay_ms']} ms"] = row[metric]
        other = next((row for row in rows if row["target"] == "toxiproxy"), None)
        if other:  # its first row is that of 1 ms, as is ours
            figures["to_toxiproxy"] = own[0]["p50"] / other["p50"]
        return figures

    def relays(self, bench, upstream, delays):
        """{(name, delay): port} of faultline's relay, one process per delay; 0 is no fault."""
        ports = {("faultline", 0): targets.faultline()(bench, upstream).port}
        for delay in delays:
            fault = f"latency:delay={delay}ms,direction=downstream"
            ports["faultline", delay] = targets.faultline("", fault)(bench, upstream).port
        return ports

    @staticmethod
    def driven(server, upstream, delays):
        """The same of one server, with a proxy per delay."""
        ports = {}
        for delay in (0, *delays):
            ports[server.name, delay] = server.proxy(upstream, f"delay-{delay}")
            if delay:
                server.toxic("latency", "downstream", f"delay-{delay}", latency=delay)
        return ports

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':30}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}"
              f"  early rounds")
        for row in found["rows"]:
            print(f"  {row['target']:20}{row['delay_ms']:4} ms   {row['p50']:9.1f}{row['p90']:9.1f}"
                  f"{row['p99']:9.1f}{row['max']:9.1f}  {row['early_rounds']}")
        controlled.show_missing(found)


class Peak:
    """The largest resident memory of a process while the `with` lasts."""

    def __init__(self, pid):
        self.pid, self.bytes, self.over = pid, resident(pid), threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _watch(self):
        while not self.over.wait(0.02):
            self.bytes = max(self.bytes, resident(self.pid))


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


class DelayedBulk:
    """iperf3, both directions delayed. What may be held decides what can pass: at most the bound
    per delay."""

    name, in_quick, delays, bounds = "bulk-delay", False, (10, 50), (64, 256)  # ms, MiB
    title = "iperf3, one stream, both directions delayed; memory beyond that at the start"

    def measure(self, bench):
        iperf = workloads.Bulk()
        upstream = iperf.start(bench)
        settings = self.settings(bench, upstream)
        start = {key: resident(target.pid) for key, target in settings.items()}
        rates, peaks = {key: [] for key in settings}, dict.fromkeys(settings, 0)
        for _ in range(1 if bench.brief else min(3, bench.rounds)):
            for key in bench.shuffled(settings):
                with Peak(settings[key].pid) as peak:
                    rates[key].append(iperf.run(bench, settings[key].port, 2)["rate"])
                peaks[key] = max(peaks[key], peak.bytes - start[key])
        rows = [{"target": name, "delay_ms": delay, "bound": bound and bound * MIB,
                 "rate": statistics.median(rates[name, delay, bound]),
                 "peak": peaks[name, delay, bound]} for name, delay, bound in settings]
        return {"name": self.name, "title": self.title, "rows": rows,
                "figures": self.figures(rows), "missing": controlled.missing()}

    def settings(self, bench, upstream):
        """{(name, delay, bound): target}; a process for each, so that memory is its own."""
        found = {("faultline", 0, None): targets.faultline()(bench, upstream)}
        for delay in self.delays:
            for bound in self.bounds:
                # iperf3 makes two connections, and each of the four directions may hold as much.
                flags = ("--link-limit", f"{bound}MiB", "--total-limit", f"{4 * bound}MiB")
                found["faultline", delay, bound] = targets.faultline(
                    "", f"latency:delay={delay}ms,direction=both", flags=flags)(bench, upstream)
        program = controlled.programs(bench).get("toxiproxy")
        for delay in self.delays if program else ():
            server = controlled.Controlled(bench, "toxiproxy", program)
            port = server.proxy(upstream)
            for stream in ("upstream", "downstream"):
                server.toxic("latency", stream, latency=delay)
            found["toxiproxy", delay, None] = targets.Target("toxiproxy", port, server.pid)
        return found

    @staticmethod
    def figures(rows):
        found = {(row["target"], row["delay_ms"], row["bound"]): row["rate"] for row in rows}
        bound = 64 * MIB
        possible = min(found["faultline", 0, None], bound / 0.010 / 1e9)
        figures = {"of possible": found["faultline", 10, bound] / possible,
                   "held": max(row["peak"] / row["bound"] for row in rows if row["bound"])}
        for delay in (10, 50):
            if ("toxiproxy", delay, None) in found:
                figures[f"to_toxiproxy at {delay} ms"] = (
                    found["faultline", delay, 256 * MIB] / found["toxiproxy", delay, None])
        return figures

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':20}{'delay':>8}{'bound':>12}{'GB/s':>9}{'memory':>14}")
        for row in found["rows"]:
            bound = f"{row['bound'] // MIB} MiB" if row["bound"] else "-"
            print(f"  {row['target']:20}{row['delay_ms']:5} ms{bound:>12}{row['rate']:9.2f}"
                  f"{row['peak'] / MIB:10.1f} MiB")
        controlled.show_missing(found)


ALL = [Delay(), DelayedBulk()]
