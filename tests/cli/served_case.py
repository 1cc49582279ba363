"""What the tests of drills on a serving faultline have in common: the server, its API, its journal.
"""

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections import Counter

from faultline_case import FAULTLINE, LIMIT, SERVICE, FaultlineTest


class Journal:
    """The events of GET /v1/journal, as they come, with instants of time.monotonic_ns()."""

    def __init__(self, address):
        self.events, self.news, self.over = [], threading.Condition(), False
        self.connection = http.client.HTTPConnection(address)
        self.connection.request("GET", "/v1/journal")
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.first = json.loads(self.answer.readline())
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for line in self.answer:
                if line.strip():
                    with self.news:
                        self.events.append(json.loads(line))
                        self.news.notify_all()
        except (OSError, http.client.HTTPException):
            pass  # the server was killed
        with self.news:
            self.over = True
            self.news.notify_all()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server has gone
        self.reader.join(LIMIT)
        self.answer.close()
        self.connection.close()

    def of(self, kind):
        return [event for event in self.events if event.get("kind") == kind]

    def await_(self, kind):
        with self.news:
            self.news.wait_for(lambda: self.of(kind) or self.over, LIMIT)
            if not self.of(kind):
                raise AssertionError(f"no {kind} in {Counter(e.get('kind') for e in self.events)}")
            return self.of(kind)[0]


class ServedCase(FaultlineTest):
    def setUp(self):
        super().setUp()
        self.server = self.address = None

    def serve(self, *options, cwd=None):
        self.server = subprocess.Popen(
            [FAULTLINE, "serve", "--listen", "127.0.0.1:0", *options], cwd=cwd or self.folder,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop_server)
        self.address = self.server.stdout.readline().split()[1]
        return f"http://{self.address}"

    def stop_server(self):
        if self.server.poll() is None:
            self.server.kill()
        self.server.wait(LIMIT)
        self.server.stdout.close()

    def follow(self):
        journal = Journal(self.address)
        self.addCleanup(journal.close)
        return journal

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=LIMIT)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def proxies(self):
        return {proxy["name"]: [fault["id"] for fault in proxy["faults"]]
                for proxy in self.ask("GET", "/v1/proxies")[1]["proxies"]}

    def begin(self, *options, ttl="5s", **changes):
        return self.start("--on", f"http://{self.address}", "--ttl", ttl, *options, **changes)

    def service(self):
        """One that is there already, whatever drill runs. Its address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen([sys.executable, SERVICE, str(port), "ok", "beside"],
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(LIMIT * 20):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            threading.Event().wait(0.05)
        raise AssertionError("the service does not listen")

    def recorded(self):
        events = [json.loads(line) for line in (self.out / "events.jsonl").read_text().splitlines()]
        measures = self.json("report.json")["measures"]
        return events, measures
