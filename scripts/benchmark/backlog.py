"""What a backlog costs: the memory of a flood that is delayed, and how long the control API takes
while thousands of connections wait. Both servers get the same calls.
"""

import http.client
import os
import resource
import select
import socket
import statistics
import time

import controlled
import workloads
from processes import proportional_memory, settled

MIB = 1 << 20


def connected(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=controlled.CALL)
    connection.setblocking(False)
    return connection


class Flood:
    """Clients that send as much as is taken, against a latency of 20 s. It stops when nothing has
    been taken for a while, and in any case before the first byte would be let go."""

    name, in_quick = "flood", False
    connections, latency, longest, quiet = 20, 20_000, 12, 2
    title = f"memory while {connections} clients flood a latency of {latency // 1000} s"

    def measure(self, bench):
        upstream = workloads.Ping().start(bench)
        rows = []
        for server in controlled.each(bench):
            port = server.proxy(upstream)
            server.toxic("latency", "upstream", latency=self.latency)
            before = settled(server.pid)
            taken, peak = self.flood(server.pid, port)
            rows.append({"target": server.name, "process": before, "peak": peak, "taken": taken,
                         "per_connection": (peak - before) / self.connections})
        return {"name": self.name, "title": self.title, "rows": rows, "figures": {},
                "missing": controlled.missing()}

    def flood(self, pid, port):
        clients = {}
        waiting = select.epoll()
        for _ in range(self.connections):
            client = connected(port)
            clients[client.fileno()] = client
            waiting.register(client, select.EPOLLOUT)
        block = bytes(256 * 1024)
        taken, peak = 0, proportional_memory(pid)
        start = progress = looked = time.monotonic()
        while time.monotonic() < min(start + self.longest, progress + self.quiet):
            for descriptor, _ in waiting.poll(0.1):
                try:
                    taken += clients[descriptor].send(block)
                    progress = time.monotonic()
                except BlockingIOError:
                    pass
            if time.monotonic() > looked + 0.25:
                peak, looked = max(peak, proportional_memory(pid)), time.monotonic()
        peak = max(peak, proportional_memory(pid))
        waiting.close()
        for client in clients.values():
            client.close()
        return taken, peak

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':18}{'before':>12}{'peak':>12}{'per client':>12}"
              f"{'taken':>12}")
        for row in found["rows"]:
            print(f"  {row['target']:18}{row['process'] / MIB:8.1f} MiB{row['peak'] / MIB:8.1f} MiB"
                  f"{row['per_connection'] / MIB:8.2f} MiB{row['taken'] / MIB:8.1f} MiB")
        peaks = {row["target"]: row["peak"] for row in found["rows"]}
        if len(peaks) == 2:
            print(f"  ratio of the peaks {peaks['faultline served'] / peaks['toxiproxy']:.3f}")
        controlled.show_missing(found)


class Control:
    """How long a call takes while every connection has a chunk waiting in a latency fault."""

    name, in_quick, samples, longest = "control", False, 200, 30

    def __init__(self):
        # A server needs two descriptors per connection, and some for itself.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.connections = min(9000, (most - 500) // 2)
        self.title = f"control API with {self.connections} backlogged connections (ms)"

    def measure(self, bench):
        upstream = workloads.Ping().start(bench)
        rows = []
        for server in controlled.each(bench):
            port = server.proxy(upstream)
            server.toxic("latency", "upstream", latency=600_000)
            clients = []
            for _ in range(self.connections):
                clients.append(connected(port))
                clients[-1].send(bytes(1024))
            self.arrived(server.pid)
            rows += [{"target": server.name, **row} for row in self.calls(server)]
            for client in clients:
                client.close()
        return {"name": self.name, "title": self.title, "rows": rows, "figures": {},
                "connections": self.connections, "missing": controlled.missing()}

    def arrived(self, pid):
        """Every connection has its two sockets in the server."""
        deadline = time.monotonic() + 60
        while len(os.listdir(f"/proc/{pid}/fd")) < 2 * self.connections:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not all of {self.connections} connections were taken in 60 s")
            time.sleep(0.1)
        settled(pid)

    def calls(self, server):
        def listing():
            server.ask("GET", "/proxies")

        def adding():
            server.toxic("bandwidth", "upstream", name="extra", rate=1_000_000)

        def removing():
            server.ask("DELETE", "/proxies/bench/toxics/extra")

        calls = {"GET proxies": listing, "add a toxic": adding, "remove a toxic": removing}
        took, hung = {name: [] for name in calls}, None
        until = time.monotonic() + self.longest
        while hung is None and time.monotonic() < until and len(took["GET proxies"]) < self.samples:
            for name, call in calls.items():
                start = time.monotonic()
                try:
                    call()
                except (OSError, RuntimeError, http.client.HTTPException):
                    hung = name
                    break
                finally:
                    took[name].append(1000 * (time.monotonic() - start))
        for name, times in took.items():
            if times:
                times.sort()
                yield {"call": name, "n": len(times), "p50": statistics.median(times),
                       "p99": times[min(len(times) - 1, int(0.99 * len(times)))],
                       "max": times[-1], "failed": hung == name}

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':18}{'call':16}{'n':>5}{'p50':>10}{'p99':>10}{'max':>10}")
        for row in found["rows"]:
            print(f"  {row['target']:18}{row['call']:16}{row['n']:5}{row['p50']:10.2f}"
                  f"{row['p99']:10.2f}{row['max']:10.2f}"
                  f"{'  failed, and nothing was asked after' if row['failed'] else ''}")
        controlled.show_missing(found)


ALL = [Flood(), Control()]
