#!/usr/bin/env python3
"""The program under Toxiproxy's name: its flags, its log, its configuration file.

Usage: toxiproxy_server_test.py BUILD_DIR
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from serving_case import Answers, BUILD, PATIENCE, Serving, request  # noqa: E402


class ToxiproxyServer(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([BUILD / "toxiproxy-server", *arguments], capture_output=True,
                              text=True, timeout=PATIENCE, check=False)

    def serve(self, *arguments, **options):
        serving = Serving(*arguments, program="toxiproxy-server", verb=(), **options)
        self.addCleanup(lambda: serving.process.poll() is None and serving.stop())
        return serving

    def test_flags_are_gos(self):
        for arguments in (["-version"], ["--version"], ["-version=true", "-port", "x"]):
            ran = self.run_it(*arguments)
            self.assertEqual(ran.returncode, 0)
            self.assertRegex(ran.stdout, r"^toxiproxy-server version 2\.12\.0-[^+\s]+\n$")
        for arguments in (["-nonsense"], ["-port"], ["-seed", "abc"], ["-version=perhaps"]):
            ran = self.run_it(*arguments)
            self.assertEqual((ran.returncode, ran.stdout), (2, ""))
            self.assertIn("Usage of toxiproxy-server", ran.stderr)
        self.assertEqual(self.run_it("-h").returncode, 0)

    def test_it_serves_where_it_is_told_and_stops_cleanly(self):
        serving = self.serve("-host=127.0.0.1", "--port", "0", "-seed", "7", "-proxy-metrics")
        self.assertEqual(json.loads(serving.said[-1])["level"], "info")
        with serving.connect() as client:
            client.sendall(request())
            self.assertRegex(Answers(client).next()[2], rb'^\{"version": "2\.12\.0-.*"\}\n$')
        port = serving.address.rsplit(":", 1)[1]
        taken = self.run_it("-port", port)
        self.assertEqual(taken.returncode, 1)
        self.assertIn("Address already in use", taken.stdout)
        self.assertEqual(serving.stop(), 0)

    def test_everywhere_is_where_containers_listen(self):
        environment = dict(os.environ, LOG_LEVEL="error")
        serving = self.serve("-host=0.0.0.0", "-port=0", env=environment)
        port = serving.address.rsplit(":", 1)[1]
        with socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE) as client:
            client.sendall(request(fields=("Host: toxiproxy:8474",)))
            self.assertEqual(Answers(client).next()[0], 200)

    def test_a_configuration_file_is_populated_before_it_serves(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, folder)
        good, bad = folder / "good.json", folder / "bad.json"
        good.write_text('[{"name":"a","upstream":"x:1","listen":"localhost:0","enabled":null}]')
        bad.write_text('[{"name":"a"}]')
        serving = self.serve("-config", str(good), "-port=0")
        with serving.connect() as client:
            client.sendall(request("GET", "/proxies"))
            self.assertEqual(list(json.loads(Answers(client).next()[2])), ["a"])
        lenient = self.serve("-config", str(bad), "-port=0")
        self.assertIn("missing required field: upstream at proxy 1", "".join(lenient.said))
        strict = subprocess.run(
            [BUILD / "faultline", "serve", "--listen", "127.0.0.1:0", "--config", str(bad)],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(strict.returncode, 2)
        self.assertIn("missing required field: upstream at proxy 1", strict.stderr)


if __name__ == "__main__":
    unittest.main()
