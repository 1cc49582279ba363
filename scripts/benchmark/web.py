"""wrk against a real server of static files: nginx."""

import os
import re

import nginx
from targets import ESSENTIAL
from workloads import Workload, output

UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}
TRIES = 3  # now and then wrk ends without a result


class Wrk(Workload):
    metric, unit, per, protocol = "requests", "req/s", "µs/req", "http"

    def __init__(self, name, size, connections):
        self.name, self.size, self.connections = name, size, connections
        shown = f"{size} B" if size < 1024 else f"{size >> 20} MiB"
        self.title = f"wrk, GET of {shown}, {connections} connections"
        tuned = "haproxy spliced" if size > 1024 else "haproxy 64K"
        self.targets = ("direct", "faultline", "faultline 2 workers", "faultline tap", "haproxy",
                        "haproxy A/A", tuned, "nginx", "toxiproxy")
        self.quick = (*ESSENTIAL, "haproxy spliced" if size > 1024 else "faultline tap")
        self.lots = 1 if size > 1024 else 3

    def start(self, bench):
        port, _, prefix = nginx.start(bench, "files", nginx.FILES)
        with open(os.path.join(prefix, "files", "file"), "wb") as file:
            file.write(bytes(self.size))
        return port

    def run(self, bench, port, seconds):
        command = [bench.program("wrk"), "-t", "1", "-c", str(self.connections), "-d",
                   str(seconds), "--latency", f"http://127.0.0.1:{port}/file"]
        for _ in range(TRIES):
            text = output(command)
            done = re.search(r"(\d+) requests in ", text)
            if done and int(done.group(1)) > 0:
                return self.read(text, int(done.group(1)))
        raise RuntimeError(f"{' '.join(command)}: no result in {TRIES} tries: {text.strip()}")

    @staticmethod
    def read(text, done):
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        if wrong:
            raise RuntimeError(f"wrk: {wrong.group(1)} answers were not 2xx")
        found = {"rate": float(re.search(r"Requests/sec:\s*([\d.]+)", text).group(1)),
                 "operations": done}
        for percent in (50, 99):
            number, unit = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s|m)$", text,
                                     re.MULTILINE).groups()
            found[f"p{percent}"] = float(number) * UNITS[unit]
        return found


class Http(Wrk):
    """The same beside proxies that read HTTP too."""

    def __init__(self):
        super().__init__("wrk-http", 128, 50)
        self.title += ", by proxies that read HTTP"
        self.targets = ("direct", "faultline", "faultline tap", "faultline tap elsewhere",
                        "haproxy", "haproxy A/A", "haproxy http", "nginx http")
        self.quick, self.lots = (), 1


ALL = [Wrk("wrk-small", 128, 50), Http(), Wrk("wrk-large", 1 << 20, 16)]
