"""A drill whose proxy speaks TLS on both sides, on a serving faultline: certificates and keys go
there as texts, its CA comes back, and faults in TLS strike there as in a process of its own.

served_tls_test.py BUILD_FOLDER
"""

import json
import shutil
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from faultline_case import LIMIT, accepts
from served_case import ServedCase

SERVICE = Path(__file__).resolve().parent / "tls_service.py"

DRILL = """name = "tls"
seed = 7
ports = ["api", "app"]
expect = ["touched(expired) >= 1", "errors(orders, expired) >= 50%",
          "errors(orders, baseline) <= 5%"]
[timing]
warmup = "500ms"
[[proxy]]
name = "front"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:${{port.app}}"
protocol = "http"
[[proxy]]
name = "api"
listen = "127.0.0.1:0"
upstream = "https://127.0.0.1:${{port.api}}"
protocol = "http"
tls = {{ server_name = "api.test", ca_file = "api.pem", {termination} }}
[[process]]
name = "api"
command = ["{python}", "{service}", "api", "${{port.api}}", "api.pem", "api.key", "{marker}"]
ready = {{ tcp = "127.0.0.1:${{port.api}}", within = "30s" }}
[[process]]
name = "app"
command = ["{python}", "{service}", "app", "${{port.app}}",
           "https://localhost:${{proxy.api.port}}/", "{trusted}", "{marker}"]
ready = {{ http = "http://127.0.0.1:${{port.app}}/", within = "30s" }}
[[workload]]
name = "orders"
through = "front"
model = "rate"
rate = "10/s"
for = "5s"
timeout = "4s"
[[fault]]
id = "expired"
kind = "{kind}"
on = ["api"]
at = "2s"
for = "1s"
"""

MADE = ('generate = "localhost", write_ca = "made.pem"', "made.pem")
GIVEN = ('certificate_file = "own.pem", key_file = "own.key"', "own.pem")


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class ServedTlsTest(ServedCase):
    def setUp(self):
        super().setUp()
        for name, host in (("api", "api.test"), ("own", "localhost")):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={host}",
                 "-addext", f"subjectAltName=DNS:{host}", "-keyout", f"{name}.key", "-out",
                 f"{name}.pem"], cwd=self.folder, check=True, stderr=subprocess.DEVNULL)

    def run_drill(self, *options, how=MADE, kind="tls_expired"):
        termination, trusted = how
        (self.folder / "drill.toml").write_text(DRILL.format(
            python=sys.executable, service=SERVICE, marker=self.marker, termination=termination,
            trusted=trusted, kind=kind))
        return self.running("run", "drill.toml", "--out", self.out, *options).end()

    def api(self):
        """The port of one that is there already, whatever drill runs."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen([sys.executable, SERVICE, "api", str(port), "api.pem", "api.key",
                                    "beside"], cwd=self.folder)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(LIMIT * 20):
            if accepts(port):
                return port
            threading.Event().wait(0.05)
        raise AssertionError("the API does not listen")

    def on(self):
        return ("--on", f"http://{self.address}")

    def test_a_drill_in_tls_says_the_same_here_and_there(self):
        self.out = self.folder / "here"
        code, out, err = self.run_drill()
        self.assertEqual(code, 0, out + err)
        # Elsewhere, so that no path of the drill means anything to the server.
        other = self.folder / "elsewhere"
        other.mkdir()
        self.serve(cwd=other)
        for name, how, kind in (("made", MADE, "tls_expired"), ("given", GIVEN, "tls_self_signed")):
            with self.subTest(name):
                self.out = self.folder / name
                (self.folder / "made.pem").unlink(missing_ok=True)
                code, out, err = self.run_drill(*self.on(), how=how, kind=kind)
                self.assertEqual(code, 0, out + err)
                fault = self.json("faults.json")["faults"][0]
                self.assertGreaterEqual(fault["touched"]["connections"], 3)
                events, _ = self.recorded()
                touched = sum(event["kind"] == "fault_touched" for event in events)
                self.assertGreaterEqual(touched, 3)
                self.assertEqual(self.json("run.json")["gaps"], [])
                self.assertEqual(self.proxies(), {})
        self.assertEqual(list(other.iterdir()), [])

    def test_a_proxy_in_tls_that_is_there_already(self):
        self.serve()
        port = self.api()
        pem = (self.folder / "api.pem").read_text()
        body = {"name": "api", "protocol": "http", "upstream": f"https://127.0.0.1:{port}",
                "tls": {"server_name": "api.test", "ca": pem, "generate": "localhost"}}
        self.assertEqual(self.ask("POST", "/v1/proxies", body)[0], 201)
        drill = lambda port: DRILL.replace("${{port.api}}", str(port), 1)
        cases = ((port, body["tls"], None),
                 (port, {"generate": "localhost"}, "its upstream is verified to be 127.0.0.1, "
                                                   "the drill's api.test"),
                 (1, body["tls"], f"its upstream is https://127.0.0.1:{port}, the drill's is "
                                  "https://127.0.0.1:1"))
        for wanted, tls, words in cases:
            with self.subTest(words):
                self.assertEqual(self.ask("DELETE", "/v1/proxies/api")[0], 204)
                status, made = self.ask("POST", "/v1/proxies", body | {"tls": tls})
                self.assertEqual(status, 201, made)
                text = drill(wanted).format(python=sys.executable, service=SERVICE,
                                          marker=self.marker, termination=MADE[0], trusted=MADE[1],
                                          kind="tls_expired")
                (self.folder / "drill.toml").write_text(text)
                self.out = self.folder / f"run {words}"
                code, out, err = self.running("run", "drill.toml", "--out", self.out,
                                              *self.on()).end()
                if words is None:
                    self.assertEqual(code, 0, out + err)
                    self.assertEqual((self.folder / "made.pem").read_text(),
                                     made["tls"]["authority"])
                else:
                    self.assertEqual(code, 4, out + err)
                    self.assertIn(f'has a proxy of this name, but {words}', err)
                self.assertEqual(self.proxies(), {"api": []})

    def test_what_cannot_be_sent_leaves_nothing_behind(self):
        self.serve()
        cases = (('certificate_file = "absent.pem", key_file = "own.key"',
                  'proxy "api": tls: certificate_file: cannot read "absent.pem": No such file'),
                 ('certificate_file = "own.pem", key_file = "api.key"',
                  "key: cannot use the key of the text given: "),
                 ('generate = "localhost", write_ca = "absent/made.pem"',
                  'proxy "api": tls: write_ca: cannot write "absent/made.pem": No such file'))
        for termination, words in cases:
            with self.subTest(words):
                code, out, err = self.run_drill(*self.on(), how=(termination, "own.pem"),
                                                kind="tls_stall")
                self.assertEqual(code, 4, out + err)
                self.assertIn(words, err)
                self.assertNotIn("PRIVATE", err)
                self.assertEqual(self.proxies(), {})
                self.assert_no_trace()

    def test_a_key_is_never_told(self):
        self.serve()
        own = {name: (self.folder / f"own.{name}").read_text() for name in ("pem", "key")}
        secret = own["key"].splitlines()[1]
        status, made = self.ask("POST", "/v1/proxies", {
            "name": "api", "upstream": "127.0.0.1:1",
            "tls": {"certificate": own["pem"], "key": own["key"]}})
        self.assertEqual(status, 201, made)
        self.assertEqual(made["tls"], {"certificate": own["pem"]})
        # Nor is it in a file that the process has open still.
        for descriptor in Path(f"/proc/{self.server.pid}/fd").iterdir():
            self.assertNotIn("faultline-pem", str(descriptor.readlink()))
        for path in ("/v1/proxies", "/v1/proxies/api", "/proxies"):
            self.assertNotIn(secret, json.dumps(self.ask("GET", path)[1]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
