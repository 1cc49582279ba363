#!/usr/bin/env python3
"""`faultline ctl` and a real server: leases that it holds, toxiproxy-cli's commands, and what it is
told wrong.

Usage: ctl_test.py BUILD_DIR
"""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True

from native_case import NativeCase  # noqa: E402
from serving_case import BUILD, PATIENCE, Serving  # noqa: E402


class Ctl(NativeCase):
    # Leases.

    def test_a_lease_is_held_while_its_holder_lives_and_no_longer(self):
        self.serve()
        with self.proxy() as client:
            self.says(client)
            holder = subprocess.Popen(
                self.ctl_command("arm", "db", "latency", "delay=1ms", "--ttl", "2s", "--hold"),
                stdout=subprocess.PIPE, text=True)
            self.addCleanup(holder.stdout.close)
            self.addCleanup(holder.kill)
            self.assertEqual(holder.stdout.readline(), "Armed latency on db\n")
            armed = time.monotonic()
            self.await_(lambda: time.monotonic() > armed + 3, "time stands still")
            self.assertEqual(self.faults(), ["latency"])  # beyond one ttl: it was renewed
            self.says(client)
            holder.kill()
            holder.wait(PATIENCE)
            killed = time.monotonic()
            self.await_(lambda: self.faults() == [], "it was never healed")
            self.assertLess(time.monotonic() - killed, 3 + PATIENCE / 3)
            self.says(client)

    def test_a_holder_disarms_at_its_end(self):
        self.serve()
        self.proxy().close()
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            holder = subprocess.Popen(
                self.ctl_command("arm", "db", "reset", "--ttl", "60s", "--hold"),
                stdout=subprocess.PIPE, text=True)
            self.assertEqual(holder.stdout.readline(), "Armed reset on db\n")
            self.assertEqual(self.faults(), ["reset"])
            holder.send_signal(number)
            self.assertEqual(holder.wait(PATIENCE), code)
            self.assertEqual(holder.stdout.read(), "Disarmed reset on db\n")
            holder.stdout.close()
            self.assertEqual(self.faults(), [])
        ended = self.ctl("arm", "db", "reset", "--for", "200ms", "--id", "brief")
        self.assertEqual((ended.returncode, ended.stdout.splitlines()),
                         (0, ["Armed brief on db", "Disarmed brief on db"]))

    # The commands that toxiproxy-cli has.

    def test_ctl_speaks_as_toxiproxy_cli(self):
        self.serve()
        ctl = lambda *words: self.ctl(*words).stdout
        self.assertEqual(ctl("create", "-l", "127.0.0.1:0", "-u", "127.0.0.1:1", "db"),
                         "Created new proxy db\n")
        listen = self.ask("GET", "/proxies/db")[1]["listen"]
        self.assertEqual(ctl("toxic", "add", "-t", "latency", "-a", "latency=1000000",
                             "--attribute", "jitter=5", "--tox", "0.5", "db"),
                         "Added downstream latency toxic 'latency_downstream' on proxy 'db'\n")
        self.assertEqual(ctl("t", "a", "-n", "up", "--type", "noop", "-u", "db"),
                         "Added upstream noop toxic 'up' on proxy 'db'\n")
        for word in ("list", "l", "li", "ls"):
            self.assertEqual(ctl(word), f"db\t{listen}\t127.0.0.1:1\tenabled\t2\n")
        lines = ctl("inspect", "db").splitlines()
        self.assertEqual(sorted(lines), [
            "latency_downstream\ttype=latency\tstream=downstream\ttoxicity=0.50\tattributes=["
            "\tjitter=5\tlatency=1e+06\t]",
            "up\ttype=noop\tstream=upstream\ttoxicity=1.00\tattributes=[\t]"])
        self.assertEqual(ctl("toxic", "update", "-n", "up", "--tox", "0.25", "db"),
                         "Updated toxic 'up' on proxy 'db'\n")
        self.assertIn("up\ttype=noop\tstream=upstream\ttoxicity=0.25", ctl("ins", "db"))
        for word in ("up", "latency_downstream"):
            self.assertEqual(ctl("toxic", "d", "-n", word, "db"),
                             f"Removed toxic '{word}' on proxy 'db'\n")
        self.assertEqual(ctl("toggle", "db"), "Proxy db is now disabled\n")
        self.assertEqual(ctl("l"), f"db\t{listen}\t127.0.0.1:1\tdisabled\t0\n")
        self.assertEqual(ctl("tog", "db"), "Proxy db is now enabled\n")
        self.assertEqual(json.loads(ctl("--json", "i", "db"))["name"], "db")
        self.assertEqual(ctl("delete", "db"), "Deleted proxy db\n")
        self.assertEqual(self.ctl("delete", "db").returncode, 1)

    def test_what_ctl_is_told_wrong(self):
        self.serve()
        for words, code in ((["lst"], 2), ([], 2), (["create", "db"], 2), (["inspect"], 2),
                            (["toxic", "frob"], 2), (["toxic", "add", "db"], 2),
                            (["toxic", "add", "-t", "noop", "--tox", "2", "db"], 2),
                            (["toxic", "add", "-t", "noop", "-u", "-d", "db"], 2),
                            (["arm", "db"], 2), (["arm", "db", "latency", "delay"], 2),
                            (["arm", "db", "latency", "--hold", "--ttl", "5"], 2),
                            (["arm", "none", "latency", "delay=1ms"], 1),
                            (["inspect", "none"], 1), (["disarm", "none", "x"], 1)):
            ended = self.ctl(*words)
            self.assertEqual((ended.returncode, ended.stdout), (code, ""), words)
            self.assertTrue(ended.stderr, words)
        self.proxy().close()
        ended = self.ctl("arm", "db", "latency", "dely=1ms", "share=7")
        self.assertEqual(ended.returncode, 1)
        self.assertIn('/dely: unknown key "dely"; did you mean "delay"?', ended.stderr)
        self.assertIn("/share: ", ended.stderr)
        gone = self.serving.address
        self.ended(self.serving)
        for words in (["list"], ["heal"], ["events"], ["wait-ready", "--limit", "100ms"]):
            ended = subprocess.run([BUILD / "faultline", "ctl", "-h", f"http://{gone}", *words],
                                   capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(ended.returncode, 4, words)
            self.assertIn("Connection refused", ended.stderr)

    def test_ctl_finds_the_server_by_socket_and_environment(self):
        path = self.folder / "api.sock"
        self.serving = Serving("--listen", f"unix:{path}")
        self.addCleanup(self.ended, self.serving)
        for variable in ("FAULTLINE_URL", "TOXIPROXY_URL"):
            ended = subprocess.run([BUILD / "faultline", "ctl", "wait-ready"], timeout=PATIENCE,
                                   env={**os.environ, variable: f"unix://{path}"}, check=False)
            self.assertEqual(ended.returncode, 0)
        self.assertEqual(json.loads(self.ctl("--json", "heal").stdout), {"healed": []})

    def test_ctl_carries_the_token(self):
        token = self.folder / "token"
        token.write_text("0123456789abcdef\n")
        self.serve("--token-file", token)
        self.assertEqual(self.ctl("list").returncode, 1)
        self.assertEqual(self.ctl("--token-file", token, "list").returncode, 0)
        self.assertEqual(self.ctl("wait-ready").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
