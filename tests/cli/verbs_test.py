"""The command line: what each verb answers to good and to bad words, and the relay.

verbs_test.py BUILD_FOLDER
"""

import json
import re
import signal
import socket
import unittest

from faultline_case import LIMIT, FaultlineTest, accepts, drill


class VerbsTest(FaultlineTest):
    # Bad input.

    def test_a_malformed_drill_is_told_with_its_place(self):
        (self.folder / "bad.toml").write_text('name = "bad"\nsed = 7\n')
        for verb in ("run", "validate", "plan"):
            ended = self.faultline(verb, "bad.toml")
            self.assertEqual(ended.returncode, 2, verb)
            self.assertRegex(ended.stderr, r'bad\.toml:2:1: .*"sed"')
        self.assertFalse((self.folder / "faultline-runs").exists())

    def test_unknown_words_are_answered_with_the_nearest(self):
        for words, hint in ((["reprt"], '"report"'), (["run", "--quite"], "--quiet"),
                            (["report", "x", "--format", "jsn"], '"json"')):
            ended = self.faultline(*words)
            self.assertEqual(ended.returncode, 2, words)
            self.assertIn(hint, ended.stderr)
        self.assertEqual(self.faultline("run", "--qui", "x").returncode, 2)  # nothing is guessed
        self.assertEqual(self.faultline("run").returncode, 2)

    # Good input.

    def test_validate_as_json_tells_each_drill_and_every_mistake(self):
        (self.folder / "good.toml").write_text(drill(self.marker))
        (self.folder / "bad.toml").write_text('name = "bad"\nsed = 7\nports = 3\n')
        ended = self.faultline("validate", "--json", "good.toml", "bad.toml", "none.toml")
        self.assertEqual((ended.returncode, ended.stderr), (2, ""))
        good, bad, none = map(json.loads, ended.stdout.splitlines())
        self.assertEqual(good, {"drill": "good.toml", "valid": True, "errors": []})
        self.assertEqual((bad["drill"], bad["valid"]), ("bad.toml", False))
        places = [error["where"] for error in bad["errors"]]
        self.assertIn("bad.toml:2:1", places)
        self.assertTrue(any(place.startswith("bad.toml:3:") for place in places), places)
        self.assertIn("sed", bad["errors"][places.index("bad.toml:2:1")]["what"])
        self.assertEqual((none["valid"], none["errors"][0]["where"]), (False, "none.toml"))
        ended = self.faultline("validate", "--json", "good.toml")
        self.assertEqual((ended.returncode, json.loads(ended.stdout)), (0, good))

    def test_plan_as_json_says_what_a_run_would_do(self):
        (self.folder / "good.toml").write_text(drill(self.marker))
        ended = self.faultline("plan", "good.toml", "--json", "--set", "workload.hooks.rate=20/s")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        plan = json.loads(ended.stdout)
        self.assertEqual((plan["schema_version"], plan["drill"], plan["seed"], plan["length"]),
                         (1, "small", 7, 4))
        self.assertEqual(plan["timing"], {"warmup": 0.5, "window": 5, "step": 1, "hold": 10})
        self.assertEqual((plan["ports"], plan["sinks"]), (["app"], []))
        self.assertEqual(plan["proxies"][0]["upstream"], "127.0.0.1:${port.app}")
        self.assertEqual(plan["processes"][0]["command"][-1], self.marker)
        hooks = plan["workloads"][0]
        self.assertEqual((hooks["through"], hooks["rate"], hooks["arrivals"], hooks["retries"]),
                         ("front", 20, 80, 0))
        outage = plan["faults"][0]
        self.assertEqual((outage["id"], outage["kind"], outage["on"]),
                         ("outage", "reset", ["front"]))
        self.assertEqual((outage["at"], outage["until"], outage["status"]), (1, 2, [503]))
        self.assertEqual(outage["parameters"], {"after": "0B", "connections": "all"})
        self.assertEqual(outage["aim"]["share"], "1")
        self.assertEqual(plan["expect"], ["touched(outage) >= 1"])
        self.assertFalse((self.folder / "faultline-runs").exists())

    def test_help_begins_with_examples(self):
        overview = self.faultline("--help")
        self.assertEqual((overview.returncode, overview.stderr), (0, ""))
        self.assertEqual(overview.stdout, self.faultline("help").stdout)
        self.assertEqual(overview.stdout, self.faultline("-h").stdout)
        self.assertLess(overview.stdout.index("  faultline run "),
                        overview.stdout.index("\nVerbs:\n"))
        verbs = re.findall(r"^  (\w+) ", overview.stdout.split("\nVerbs:\n")[1], re.MULTILINE)
        self.assertIn("run", verbs)
        for verb in verbs:
            help_of = self.faultline("help", verb)
            self.assertEqual((help_of.returncode, help_of.stderr), (0, ""), verb)
            self.assertTrue(help_of.stdout.startswith(f"Examples:\n  faultline {verb}"), verb)
            self.assertIn(f"\n\nUsage: faultline {verb}", help_of.stdout)
            self.assertEqual(self.faultline(verb, "--help").stdout, help_of.stdout)
        self.assertEqual(self.faultline().returncode, 2)

    def test_version(self):
        self.assertRegex(self.faultline("version").stdout, r"^faultline \d+\.\d+\.\d+\n$")

    # The relay.

    def test_a_relay_relays_until_it_is_told_to_stop(self):
        with socket.create_server(("127.0.0.1", 0)) as upstream:
            port = upstream.getsockname()[1]
            running = self.running("relay", "--listen", "127.0.0.1:0", "--upstream",
                                   f"127.0.0.1:{port}")
            first = running.process.stdout.readline()
            self.assertRegex(first, r"^listening 127\.0\.0\.1:\d+$")
            address = ("127.0.0.1", int(first.rsplit(":", 1)[1]))
            with socket.create_connection(address, LIMIT) as client:
                server, _ = upstream.accept()
                with server:
                    client.sendall(b"ping")
                    self.assertEqual(server.recv(4, socket.MSG_WAITALL), b"ping")
            running.process.send_signal(signal.SIGTERM)
            code, _, err = running.end()
        self.assertEqual((code, err), (143, ""))
        self.assertFalse(accepts(address[1]))

    def test_a_relay_with_a_fault(self):
        with socket.create_server(("127.0.0.1", 0)) as upstream:
            port = upstream.getsockname()[1]
            running = self.running("relay", "--listen", "127.0.0.1:0", "--upstream",
                                   f"127.0.0.1:{port}", "--fault", "refuse:")
            address = ("127.0.0.1", int(running.process.stdout.readline().rsplit(":", 1)[1]))
            with self.assertRaises(ConnectionError):
                with socket.create_connection(address, LIMIT) as client:
                    client.sendall(b"ping")
                    if client.recv(1) == b"":
                        self.fail("ended instead of reset")
            running.process.send_signal(signal.SIGINT)
            self.assertEqual(running.end()[0], 130)
        ended = self.faultline("relay", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1",
                               "--fault", "latency:dely=1ms")
        self.assertEqual(ended.returncode, 2)
        self.assertIn('did you mean "delay"', ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
