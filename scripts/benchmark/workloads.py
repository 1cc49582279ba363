"""Workloads: a server, and a load that says how much it got done and how long it took."""

import json
import os
import re
import socket
import subprocess
import time

from processes import free_port
from targets import ESSENTIAL


class Workload:
    """`run` gives back {metric: value}; `operations` is what CPU time is divided by, and `key` the
    metric that the table begins with. `targets` are raced, `quick` those of them in quick mode:
    none where it leaves the workload out.
    """

    name = unit = per = metric = ""
    better, key = "more", "rate"
    awake = False  # whether processors are kept from halting
    lots = 1  # of rounds; a goal about a tail needs more of them than one about a rate
    protocol = "tcp"  # what a tap reads
    targets = ("direct", "faultline", "haproxy", "haproxy A/A", "haproxy spliced", "nginx",
               "toxiproxy")
    quick = ESSENTIAL

    def start(self, bench):
        """Starts the server, and gives back its port."""
        raise NotImplementedError

    def run(self, bench, port, seconds):
        raise NotImplementedError


def attempt(command):
    """What it printed, and how it failed, if it did."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout, done.returncode and f"exit {done.returncode}: {done.stderr.strip()}"


def output(command):
    text, failed = attempt(command)
    if failed:
        raise RuntimeError(f"{' '.join(command)}: {failed}")
    return text


def accepting(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return port
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing accepts on port {port}")


class Redis(Workload):
    metric, unit, per = "requests", "req/s", "µs/req"

    def __init__(self, pipeline, connections=50):
        few = f"-c{connections}" if connections != 50 else ""
        self.name = f"redis{few}-p{pipeline}"
        many = "1 connection" if connections == 1 else f"{connections} connections"
        self.title = f"redis-benchmark GET, {many}, pipeline {pipeline}"
        self.pipeline, self.connections = pipeline, connections
        if connections == 1:
            self.targets, self.quick = ("direct", "faultline", "haproxy", "haproxy A/A",
                                        "faultline served", "toxiproxy"), ()
        elif pipeline == 1:
            own = ("faultline elsewhere", "faultline active")
            self.targets = ("direct", "faultline", "faultline 2 workers", *own, "faultline served",
                            "haproxy", "haproxy A/A", "haproxy spliced", "haproxy 64K", "nginx",
                            "toxiproxy")
            self.quick = (*ESSENTIAL, "haproxy A/A", *own)
        # A guess, corrected by every run.
        self.rate = (60_000 if connections > 1 else 15_000) * (1 if pipeline == 1 else 5)

    def start(self, bench):
        port = free_port()
        bench.processes.start([bench.program("redis-server"), "--port", str(port), "--bind",
                               "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                               bench.folder])
        return accepting(port)

    def run(self, bench, port, seconds):
        count = max(1000, int(self.rate * seconds))
        start = time.monotonic()
        text = output([bench.program("redis-benchmark"), "-h", "127.0.0.1", "-p", str(port), "-t",
                       "get", "-c", str(self.connections), "-P", str(self.pipeline), "-n",
                       str(count), "--csv"])
        self.rate = 0.5 * self.rate + 0.5 * count / (time.monotonic() - start)
        fields = [field.strip('"') for field in text.strip().splitlines()[-1].split(",")]
        return {"rate": float(fields[1]), "operations": count, "p50": float(fields[4]) * 1000,
                "p99": float(fields[6]) * 1000}


class Pgbench(Workload):
    name, title = "pgbench", "pgbench -S -M prepared, 8 clients"
    metric, unit, per, protocol = "transactions", "tps", "µs/tx", "postgres"
    targets = ("direct", "faultline", "faultline 2 workers", "faultline tap", "haproxy",
               "haproxy A/A", "haproxy spliced", "nginx", "toxiproxy")

    def start(self, bench):
        port = int(os.environ["FAULTLINE_POSTGRES"].rpartition(":")[2])
        output(self.command(bench, port, "-i", "-q", "-s", "2"))
        return port

    def run(self, bench, port, seconds):
        text = output(self.command(bench, port, "-n", "-S", "-M", "prepared", "-c", "8", "-j", "1",
                                   "-T", str(seconds)))
        done = int(re.search(r"actually processed: (\d+)", text).group(1))
        rate = float(re.search(r"tps = ([\d.]+) \(without", text).group(1))
        return {"rate": rate, "operations": done}

    @staticmethod
    def command(bench, port, *more):
        return [bench.program("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "faultline",
                *more, "postgres"]


class Bulk(Workload):
    metric, unit, per, busy = "throughput", "GB/s", "s/GB", 15  # seconds
    targets = ("direct", "faultline", "haproxy", "haproxy A/A", "haproxy spliced", "haproxy 64K",
               "nginx", "toxiproxy")

    def __init__(self, streams=1):
        self.streams = streams
        self.name, self.title = "bulk", "iperf3, one stream"
        if streams > 1:
            self.name, self.title, self.quick = f"bulk-{streams}", f"iperf3, {streams} streams", ()
            self.targets = ("direct", "faultline", "faultline 2 workers", *self.targets[2:])

    def start(self, bench):
        port = free_port()
        # It complains of the connection that only asks whether it is there.
        bench.processes.start([bench.program("iperf3"), "-s", "-B", "127.0.0.1", "-p", str(port)],
                              stderr=subprocess.DEVNULL)
        return accepting(port)

    def run(self, bench, port, seconds):
        command = [bench.program("iperf3"), "-c", "127.0.0.1", "-p", str(port), "-t",
                   str(seconds), "-P", str(self.streams), "-J"]
        # Its server takes one test at a time, and the last may still be on its way out.
        until = time.monotonic() + self.busy
        while True:
            text, failed = attempt(command)
            found = json.loads(text) if text.strip() else {"error": failed}
            if "error" not in found:
                break
            if time.monotonic() > until:
                raise RuntimeError(f"{' '.join(command)}: {found['error']}")
            time.sleep(0.1)
        received = found["end"]["sum_received"]
        return {"rate": received["bits_per_second"] / 8e9, "operations": received["bytes"] / 1e9}


class Echo(Workload):
    """Loads that we make ourselves, against our own echo server."""

    def start(self, bench):
        _, port = bench.processes.start([bench.program("load"), "echo"], ready="listening")
        return int(port)

    def run(self, bench, port, seconds):
        found = bench.load(*self.words(port, seconds))
        return {**found, "operations": found["n"]}

    def words(self, port, seconds):
        raise NotImplementedError


class Ping(Echo):
    name, title = "ping", "ping-pong of 64 bytes, one connection, closed loop"
    metric, unit, per, better, key = "p50", "µs", "µs/trip", "less", "p50"

    def words(self, port, seconds):
        return ["ping", port, seconds]


class Paced(Echo):
    name, awake, lots = "paced", True, 3
    title = "4000 messages of 64 bytes per second, 16 connections, open loop, processors awake"
    metric, unit, per, better, key = "p50", "µs", "µs/msg", "less", "p50"

    def words(self, port, seconds):
        return ["paced", port, seconds, 4000, 16]


class Churn(Echo):
    name, title = "churn", "new connections, 16 at a time, one round trip each"
    metric, unit, per = "connections", "conn/s", "µs/conn"

    def words(self, port, seconds):
        return ["churn", port, seconds, 16]


ALL = [Redis(1), Redis(16), Redis(1, connections=1), Redis(16, connections=1), Ping(), Paced(),
       Pgbench(), Bulk(), Bulk(streams=4), Churn()]
