#!/usr/bin/env python3
"""`faultline xray breaker`, and `faultline run` of a drill with [xray], on a service with a breaker
of its own, over loopback.

xray_test.py BUILD_FOLDER
"""

import http.client
import http.server
import json
import pathlib
import shutil
import signal
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


# The service runs already; what it is asked for is the rest of the URL.
DRILL = """name = "breaker"
[[proxy]]
name = "api"
listen = "127.0.0.1:{listen}"
upstream = "127.0.0.1:{upstream}"
protocol = "http"
[xray]
on = "api"
drive = "http://127.0.0.1:{service}/"
within = "{within}"
[xray.contract]
"""


class XrayDrillTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream, self.listen = Server(Upstream), free_port()
        self.addCleanup(self.upstream.end)
        self.under_test = service(self.listen, Breaker(3))
        self.addCleanup(self.under_test.end)

    def drill(self, contract, within="5s", driven=None):
        file = self.folder / "drill.toml"
        file.write_text(DRILL.format(listen=self.listen, upstream=self.upstream.port, within=within,
                                     service=driven or self.under_test.port) + contract)
        return file

    def start(self, drill, *options):
        return subprocess.Popen([FAULTLINE, "run", drill, "--out", self.folder / "run", *options],
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def run_drill(self, drill, *options):
        process = self.start(drill, *options)
        try:
            out, err = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
        return process.returncode, out, err

    def report(self):
        return json.loads((self.folder / "run" / "report.json").read_text())

    def test_a_contradiction_fails_the_drill_by_the_answers_name(self):
        code, out, err = self.run_drill(self.drill("attempts_per_call = 2\n"))
        self.assertEqual(code, 1, out + err)
        report = self.report()
        self.assertEqual(report["reason"], "xray.attempts_per_call is 2: observed 1")
        self.assertEqual(report["measures"]["xray.kept(attempts_per_call)"]["value"], 0)
        answer = report["xray"]["attempts_per_call"]
        self.assertEqual([answer[key] for key in ("state", "value", "low", "high")],
                         ["contradicted", 1, 1, 1])
        self.assertIn("expected 2; one call", answer["evidence"])
        self.assertIn("X-ray of the breaker in the place of api", out)
        self.assertIn("phase x-ray: does 500 open it?", err)
        self.assertIn("| attempts_per_call | contradicted | 1 | 1 | 1 |",
                      (self.folder / "run" / "report.md").read_text())
        self.assertIn('<failure message="observed 1"',
                      (self.folder / "run" / "junit.xml").read_text())
        again = subprocess.run([FAULTLINE, "report", self.folder / "run", "--verify"],
                               capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_a_promise_that_there_was_no_time_for_is_not_kept(self):
        code, out, err = self.run_drill(
            self.drill("attempts_per_call = 1\nhung_probe = \"recovers\"\n"), "--json", "--quiet")
        self.assertEqual((code, err), (3, ""), out)
        report = json.loads(out)
        self.assertEqual(report["verdict"], "inconclusive")
        self.assertEqual([one["verdict"] for one in report["expectations"]],
                         ["pass", "inconclusive"])
        self.assertEqual(report["xray"]["hung_probe"]["state"], "not_exercised")

    def test_a_service_that_does_not_call_aborts_the_drill(self):
        code, out, err = self.run_drill(
            self.drill("rule = \"ratio\"\n", driven=self.upstream.port))
        self.assertEqual(code, 4, out + err)
        self.assertIn("made no attempt", err)
        self.assertEqual(self.report()["verdict"], "aborted")

    def test_a_signal_ends_it(self):
        process = self.start(self.drill("rule = \"ratio\"\n", within="10m"))
        killer = threading.Timer(LIMIT, process.kill)
        killer.start()
        try:
            while "phase x-ray" not in process.stderr.readline():
                self.assertIsNone(process.poll())
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=LIMIT)
        finally:
            killer.cancel()
            process.kill()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, out + err)
        self.assertEqual(self.report()["verdict"], "aborted")

    def test_on_a_serving_faultline_it_is_refused(self):
        code, _, err = self.run_drill(self.drill("rule = \"ratio\"\n"), "--on",
                                      "http://127.0.0.1:1")
        self.assertEqual(code, 2)
        self.assertIn("in the place of proxy \"api\" itself, in this process", err)
        self.assertFalse((self.folder / "run").exists())

    def test_the_contract_may_be_a_file_beside_the_drill(self):
        (self.folder / "promised.toml").write_text("attempts_per_call = 1\n")
        drill = self.drill("")
        drill.write_text(drill.read_text().replace("[xray.contract]",
                                                   'contract = "promised.toml"'))
        code, out, err = self.run_drill(drill, "--quiet")
        self.assertEqual(code, 0, out + err)
        (self.folder / "promised.toml").unlink()
        again = subprocess.run([FAULTLINE, "report", self.folder / "run", "--verify"],
                               capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(again.returncode, 0, again.stderr)
        gone = subprocess.run([FAULTLINE, "validate", drill], capture_output=True, text=True,
                              timeout=LIMIT, check=False)
        self.assertEqual(gone.returncode, 2)
        self.assertIn("drill.toml:11:12: contract: ", gone.stderr)
        self.assertIn("promised.toml: cannot be read: No such file", gone.stderr)


if __name__ == "__main__":
    unittest.main()
