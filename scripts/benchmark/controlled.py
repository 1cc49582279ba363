"""Servers that are driven through Toxiproxy's API: Toxiproxy itself, and faultline's own
`toxiproxy-server`, with the very same calls.
"""

import http.client
import json
import os
import time

from processes import free_port

READY = 10  # seconds until a server answers
CALL = 30   # seconds until a call counts as never answered


class Controlled:
    """One running server; `pid` is whose CPU and memory count."""

    def __init__(self, bench, name, program):
        self.bench, self.name = bench, name
        self.port = free_port()
        self.process, _ = bench.processes.start(
            [program, "-host", "127.0.0.1", "-port", str(self.port)],
            env={**os.environ, "LOG_LEVEL": "error"})
        self.pid = self.process.pid
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CALL)
        self._await()

    def _await(self):
        deadline = time.monotonic() + READY
        while True:
            try:
                return self.ask("GET", "/version")
            except OSError:
                self.connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body))
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{self.name}: {method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text and path != "/version" else None

    def proxy(self, upstream, name="bench"):
        """Makes a proxy, and gives back its port."""
        found = self.ask("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0",
                                              "upstream": f"127.0.0.1:{upstream}"})
        return int(found["listen"].rpartition(":")[2])

    def toxic(self, kind, stream, proxy="bench", name=None, **attributes):
        self.ask("POST", f"/proxies/{proxy}/toxics", {"name": name, "type": kind, "stream": stream,
                                                      "attributes": attributes})

    def end(self):
        self.connection.close()
        self.bench.processes.end(self.process)


def programs(bench):
    """{name: program} of what is there."""
    found = {"faultline served": bench.program("toxiproxy-server")}
    if os.environ.get("FAULTLINE_TOXIPROXY"):
        found["toxiproxy"] = os.environ["FAULTLINE_TOXIPROXY"]
    return found


def missing():
    """{name: why} of what is not."""
    why = os.environ.get("FAULTLINE_TOXIPROXY_MISSING")
    return {"toxiproxy": why} if why else {}


def show_missing(found):
    for name, why in found["missing"].items():
        print(f"  {name:18}not measured: {why}")


def each(bench):
    """Starts one after the other, and ends each before the next."""
    for name, program in programs(bench).items():
        server = Controlled(bench, name, program)
        try:
            yield server
        finally:
            server.end()
