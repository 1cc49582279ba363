"""The external APIs that the bridge calls, as a process of their own: stub-api."""

import http.client
import json
import signal
import subprocess

from pg_sandbox import wait_until


class StubApi:
    """One stub-api that answers at once unless an option or a script says otherwise."""

    AT_ONCE = ("--agent-latency", "0ms", "--oura-latency", "0ms", "--whoop-latency", "0ms",
               "--oauth-latency", "0ms")

    def __init__(self, binary, *options):
        self.process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", *self.AT_ONCE, *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("stub-api did not start")
        self.port = int(json.loads(line)["address"].rsplit(":", 1)[1])

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def script(self, api, words):
        """What it answers next: `500 200 429:2 stall`; afterwards as usual."""
        status, said = self.request("PUT", "/script/" + api, words)
        if status != 200:
            raise AssertionError(said)

    def counts(self, api):
        return json.loads(self.request("GET", "/counts")[1])[api]

    def requests(self, api):
        return self.counts(api)["requests"]

    def await_requests(self, api, count):
        wait_until(f"{count} requests for {api}", lambda: self.requests(api) >= count)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            code = None
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"stub-api ended with {code}")
