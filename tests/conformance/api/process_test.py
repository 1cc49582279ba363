"""The server as a process: flags, configuration file, signals, metrics. Each test starts one of its
own; CONFORMANCE_PROGRAM names it.
"""

import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import peers
import process
from talk import PROGRAM, SERVER, ask, says


@unittest.skipUnless(PROGRAM, "CONFORMANCE_PROGRAM is not set: no program to start")
class ProcessTest(unittest.TestCase):
    def run_once(self, *flags):
        return subprocess.run([PROGRAM, *flags], capture_output=True, text=True,
                              timeout=peers.LIMIT, check=False, stdin=subprocess.DEVNULL)

    def serve(self, *flags):
        """A server of its own for this test."""
        self.server = process.Server(PROGRAM, *flags)
        self.addCleanup(self.server.__exit__)
        self.url = urllib.parse.urlsplit(self.server.url)

    def ask(self, *arguments):
        return ask(*arguments, url=self.url)

    def file(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "config.json"
        path.write_text(text)
        return str(path)


class Flags(ProcessTest):
    def test_version_is_said(self):
        for flag in ["-version", "--version", "-version=true"]:
            done = self.run_once(flag)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"^toxiproxy-server version \S+\n$")

    def test_help_names_the_flags(self):
        for flag in ["-h", "-help", "--help"]:
            done = self.run_once(flag)
            self.assertEqual(done.returncode, 0)
            for name in ["host", "port", "config", "seed", "proxy-metrics", "runtime-metrics"]:
                self.assertIn(f"-{name}", done.stdout + done.stderr)

    def test_an_unknown_flag_is_a_wrong_command_line(self):
        done = self.run_once("-nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nonsense", done.stderr)

    def test_one_dash_or_two_a_space_or_an_equals_sign(self):
        path = self.file("[]")
        for flags in [["-config=" + path], ["--config", path], ["--config=" + path],
                      ["-seed=42", "-proxy-metrics=true", "-runtime-metrics", "--seed", "7"]]:
            self.serve(*flags)
            self.assertEqual(self.ask("GET", "/proxies").json(), {})

    def test_the_level_of_the_log_is_set_by_the_environment(self):
        for level in ["trace", "debug", "info", "warn", "error", "fatal", "panic"]:
            with process.Server(PROGRAM, environment={"LOG_LEVEL": level}):
                pass


class Signals(ProcessTest):
    def test_it_ends_well_when_told_to(self):
        for number in [signal.SIGTERM, signal.SIGINT]:
            self.serve()
            self.server.process.send_signal(number)
            self.assertEqual(self.server.process.wait(peers.LIMIT), 0)


class Configuration(ProcessTest):
    def test_the_file_is_what_populate_takes(self):
        path = self.file(json.dumps([
            {"name": "a", "listen": "127.0.0.1:0", "upstream": "up:1"},
            {"name": "b", "listen": "localhost:1234", "upstream": "up:2", "enabled": False}]))
        self.serve("-config", path)
        found = self.configured(2)
        self.assertEqual({name: (proxy["upstream"], proxy["enabled"])
                          for name, proxy in found.items()},
                         {"a": ("up:1", True), "b": ("up:2", False)})
        self.assertRegex(found["a"]["listen"], r"^127\.0\.0\.1:[1-9]")
        self.assertEqual(found["b"]["listen"], "localhost:1234")

    def configured(self, count):
        deadline = time.monotonic() + peers.LIMIT
        while len(found := self.ask("GET", "/proxies").json()) < count:
            self.assertLess(time.monotonic(), deadline, self.server.said())
            time.sleep(0.02)
        return found

    def test_toxics_in_the_file(self):
        # Toxiproxy ignores them: the oldest wish of its users.
        path = self.file(json.dumps([
            {"name": "a", "listen": "127.0.0.1:0", "upstream": "up:1",
             "toxics": [{"type": "latency", "attributes": {"latency": 5}}]}]))
        self.serve("-config", path)
        toxics = self.configured(1)["a"]["toxics"]
        self.assertEqual([toxic["name"] for toxic in toxics], says([], ["latency_downstream"]))

    def test_a_file_that_is_bad_or_missing_leaves_a_server_without_proxies(self):
        for path in [self.file("{nonsense"), self.file('[{"name":"a"}]'), "/nonexistent/x.json"]:
            self.serve(f"-config={path}")
            self.assertEqual(self.ask("GET", "/proxies").json(), {})
            self.assertRegex(self.server.said(), f"(?i)config|populat|{re.escape(path)}")

    def test_the_proxies_that_start_before_a_failure_stay(self):
        path = self.file('[{"name":"a","listen":"127.0.0.1:0","upstream":"u:1"},'
                         '{"name":"b","listen":"nonsense","upstream":"u:1"}]')
        self.serve("-config", path)
        self.assertEqual(list(self.configured(1)), ["a"])


class Metrics(ProcessTest):
    LABELS = ["direction", "listener", "proxy", "upstream"]

    def test_bytes_are_counted_by_direction_and_proxy(self):
        peer = peers.Peer()
        self.addCleanup(peer.close)
        self.serve("-proxy-metrics")
        proxy = self.ask("POST", "/proxies", {"name": "p", "listen": "127.0.0.1:0",
                                              "upstream": peer.address}).json()
        with peers.Client(proxy["listen"]) as client:
            client.trip(b"x" * 1000)
        deadline = time.monotonic() + peers.LIMIT
        pattern = re.compile(r'^toxiproxy_proxy_(received|sent)_bytes_total\{(.*)\} (\S+)$', re.M)
        while len(found := pattern.findall(self.metrics())) < 4:
            self.assertLess(time.monotonic(), deadline, self.metrics())
            time.sleep(0.02)
        self.assertEqual({(name, direction(labels)) for name, labels, _ in found},
                         {(name, way) for name in ["received", "sent"]
                          for way in ["upstream", "downstream"]})
        for _, labels, value in found:
            self.assertEqual(float(value), 1000)
            self.assertEqual(sorted(re.findall(r'(\w+)="', labels)), self.LABELS)
            self.assertIn('proxy="p"', labels)
            self.assertIn(f'listener="{proxy["listen"]}"', labels)
            self.assertIn(f'upstream="{peer.address}"', labels)

    def metrics(self):
        answer = self.ask("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.type, r"^text/plain; version=0\.0\.4")
        return answer.text

    def test_runtime_metrics_alone_open_the_route_too(self):
        self.serve("-runtime-metrics")
        self.assertNotIn("toxiproxy_proxy_", self.metrics())


def direction(labels):
    return re.search(r'direction="(\w+)"', labels).group(1)


class Hostile(ProcessTest):
    """Requests that end Toxiproxy. Each on a server of its own."""

    def attacked(self, kind, attributes, **more):
        """What a client gets through a proxy with this toxic; None if the server died of it."""
        peer = peers.Peer()
        self.addCleanup(peer.close)
        self.serve()
        proxy = self.ask("POST", "/proxies", {"name": "p", "listen": "127.0.0.1:0",
                                              "upstream": peer.address}).json()
        answer = self.ask("POST", "/proxies/p/toxics",
                          {"type": kind, "attributes": attributes, **more})
        with peers.Client(proxy["listen"]) as client:
            client.send(b"x" * 5000)
            data = client.read(5000)
        try:
            if self.ask("GET", "/version").status == 200:
                return answer.status, data == b"x" * 5000
        except OSError:
            pass
        self.assertNotEqual(self.server.process.wait(peers.LIMIT), 0)
        return None

    def test_a_slicer_without_a_size(self):
        self.assertIn(self.attacked("slicer", {}), says([None], [(200, True), (400, True)]))

    def test_a_slicer_that_varies_by_more_than_its_size(self):
        found = self.attacked("slicer", {"average_size": 10, "size_variation": 100})
        self.assertIn(found, says([None, (200, True)], [(200, True), (400, True)]))

    def test_a_negative_rate(self):
        self.assertIn(self.attacked("bandwidth", {"rate": -1}), says([None], [(400, True)]))

    @unittest.skipIf(SERVER == "toxiproxy", "toxiproxy cannot address such a proxy")
    def test_a_name_with_a_slash_can_be_deleted(self):
        self.serve()
        self.ask("POST", "/proxies", {"name": "a/b", "listen": "127.0.0.1:0", "upstream": "u:1"})
        for name in self.ask("GET", "/proxies").json():
            path = f"/proxies/{urllib.parse.quote(name, '')}"
            self.assertEqual(self.ask("DELETE", path).status, 204)
        self.assertEqual(self.ask("GET", "/proxies").json(), {})
