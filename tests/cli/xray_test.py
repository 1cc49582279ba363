#!/usr/bin/env python3
"""`faultline xray breaker` on a service with a breaker of its own, over loopback.

xray_test.py BUILD_FOLDER
"""

import http.client
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

FAULTLINE = pathlib.Path(sys.argv.pop(1)).resolve() / "faultline"
LIMIT = 650
OPEN_FOR = 1.0


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def end(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", -1

    def say(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Upstream(Handler):
    def do_GET(self):
        self.say(200)


class Breaker:
    """Opens on so many failures in a row, for OPEN_FOR seconds, and lets one probe through."""

    def __init__(self, limit):
        self.limit, self.failures, self.until, self.probing = limit, 0, None, False
        self.lock = threading.Lock()

    def enter(self):
        with self.lock:
            if self.until is None:
                return True
            if time.monotonic() < self.until or self.probing:
                return False
            self.probing = True
            return True

    def leave(self, good):
        with self.lock:
            self.failures = 0 if good else self.failures + 1
            if good and self.probing:
                self.until = None
            elif not good and (self.probing or self.failures >= self.limit):
                self.until, self.failures = time.monotonic() + OPEN_FOR, 0
            self.probing = False


def service(port, breaker):
    class Demand(Handler):
        def do_GET(self):
            if breaker and not breaker.enter():
                return self.say(503)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.7)
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                good = answer.status < 500
            except (OSError, http.client.HTTPException):
                good = False
            finally:
                connection.close()
            if breaker:
                breaker.leave(good)
            return self.say(200 if good else 502)
    return Server(Demand)


def free_port():
    server = Server(Upstream)
    server.end()
    return server.port


class XrayTest(unittest.TestCase):
    def examine(self, breaker, *options):
        upstream, listen = Server(Upstream), free_port()
        under_test = service(listen, breaker)
        try:
            return subprocess.run(
                [FAULTLINE, "xray", "breaker", "--listen", f"127.0.0.1:{listen}", "--upstream",
                 f"127.0.0.1:{upstream.port}", "--drive", f"http://127.0.0.1:{under_test.port}/",
                 "--quiet", *options], text=True, capture_output=True, timeout=LIMIT, check=False)
        finally:
            under_test.end()
            upstream.end()

    def contract(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False)
        self.addCleanup(pathlib.Path(file.name).unlink)
        with file:
            file.write(text)
        return file.name

    def test_a_breaker_is_found_and_held_against_its_contract(self):
        contract = self.contract('rule = "consecutive"\nthreshold = 4\n')
        result = self.examine(Breaker(3), "--json", "--contract", contract)
        self.assertEqual(result.returncode, 1, result.stderr)
        answers = json.loads(result.stdout)
        self.assertEqual(answers["rule"]["state"], "confirmed")
        self.assertEqual(answers["threshold"]["state"], "contradicted")
        self.assertEqual((answers["threshold"]["low"], answers["threshold"]["high"]), (3, 3))
        for name, value in (("half_open_concurrency", 1), ("half_open_others", "rejected"),
                            ("successes_to_close", 1), ("failures_to_reopen", 1),
                            ("rejected_extend", False), ("attempts_per_call", 1)):
            self.assertEqual(answers[name]["value"], value, answers[name])
        for name, truth in (("open_duration", OPEN_FOR), ("client_timeout", 0.7)):
            self.assertLessEqual(answers[name]["low"], truth)
            self.assertGreaterEqual(answers[name]["high"], truth)
        counts = answers["counts"]["value"]
        self.assertIn(counts["reset"], ("failure", None))
        self.assertIn(counts["404"], ("success", None))

    def test_no_time_is_said(self):
        result = self.examine(Breaker(3), "--json", "--budget", "2s")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["hung_probe"]["state"], "not_exercised")

    def test_a_service_that_does_not_call_is_told(self):
        upstream = Server(Upstream)
        self.addCleanup(upstream.end)
        result = subprocess.run(
            [FAULTLINE, "xray", "breaker", "--listen", f"127.0.0.1:{free_port()}", "--upstream",
             f"127.0.0.1:{upstream.port}", "--drive", f"http://127.0.0.1:{upstream.port}/"],
            text=True, capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual(result.returncode, 4)
        self.assertIn("made no attempt", result.stderr)

    def test_mistakes_in_a_contract_have_their_place(self):
        contract = self.contract('rul = "ratio"\nthreshold = "much"\n[counts]\n501 = "failure"\n')
        result = subprocess.run(
            [FAULTLINE, "xray", "breaker", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1",
             "--drive", "http://127.0.0.1:1/", "--contract", contract],
            text=True, capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual(result.returncode, 2)
        for place in (":1:1: unknown name", ":2:", ":4:1: unknown class"):
            self.assertIn(contract + place, result.stderr)


if __name__ == "__main__":
    unittest.main()
