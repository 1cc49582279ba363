"""Drills that take place on a serving faultline: the same verdict and record as in a process of
their own, leases that outlive nobody, and what is told when the server is not as it should be.

served_run_test.py BUILD_FOLDER
"""

import http.client
import json
import signal
import socket
import threading
import time
import unittest
from collections import Counter

from faultline_case import LIMIT, drill
from served_case import ServedCase

SECOND = 1_000_000_000


class ServedRunTest(ServedCase):
    # The same as elsewhere.

    def test_a_drill_says_the_same_here_and_there(self):
        self.out = self.folder / "here"
        self.assertEqual(self.start().end()[0], 0)
        events_here, measures_here = self.recorded()
        self.serve()
        self.out = self.folder / "there"
        code, out, err = self.begin().end()
        self.assertEqual(code, 0, out + err)
        events, measures = self.recorded()
        known = lambda all_of: {name for name, one in all_of.items() if one["certainty"] == "known"}
        self.assertEqual(known(measures), known(measures_here))
        self.assertEqual({name: one["certainty"] for name, one in measures.items()},
                         {name: one["certainty"] for name, one in measures_here.items()})
        self.assertEqual(measures["offered"]["value"], measures_here["offered"]["value"])
        # The journal is the whole one: every request has its exchange, every connection its end.
        self.assertEqual({event["kind"] for event in events} - {"proxy_closed"},
                         {event["kind"] for event in events_here})
        kinds = Counter(event["kind"] for event in events)
        self.assertEqual(kinds["connection_accepted"], kinds["connection_closed"])
        requests = [json.loads(line) for line in
                    (self.out / "requests.jsonl").read_text().splitlines()]
        answered = sum(request["outcome"] == "answered" for request in requests)
        self.assertGreaterEqual(
            sum(event["kind"] == "exchange" and event["exchange"]["told"] != "nothing"
                for event in events), answered)
        self.assertGreater(answered, 100)
        # Instants are those of the drill: the fault struck when it was to strike.
        fault = self.json("faults.json")["faults"][0]
        self.assertLess(fault["planned_on"], fault["armed"])
        self.assertLess(fault["armed"], fault["planned_off"])
        self.assertLess(fault["planned_off"], fault["disarmed"])
        self.assertLessEqual(fault["commanded"], fault["touched"]["first"])
        self.assertLessEqual(fault["touched"]["last"], fault["disarmed"])
        report, run = self.json("report.json"), self.json("run.json")
        self.assertEqual((run["gaps"], run["events_lost"]), ([], 0))
        self.assertEqual(report["environment"]["on"], f"http://{self.address}")
        self.assertIn(f" --on http://{self.address}\n", out)
        self.assertEqual(self.faultline("report", self.out, "--verify").returncode, 0)
        # Nothing of the drill is left there, and the server goes on.
        self.assertEqual(self.proxies(), {})

    def test_a_fault_on_two_proxies_is_one_fault(self):
        self.serve()
        text = drill(self.marker, length="3s").replace('on = ["front"]', 'on = ["front", "side"]')
        text += """[[proxy]]
name = "side"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:${port.app}"
protocol = "http"
[[workload]]
name = "others"
through = "side"
model = "rate"
rate = "50/s"
for = "3s"
"""
        (self.folder / "drill.toml").write_text(text)
        code, out, err = self.running("run", "drill.toml", "--out", self.out, "--on",
                                      f"http://{self.address}").end()
        self.assertEqual(code, 0, out + err)
        events, _ = self.recorded()
        fault = self.json("faults.json")["faults"][0]
        self.assertEqual({event["fault"] for event in events if "fault" in event},
                         {fault["armed_as"]})
        kinds = Counter(event["kind"] for event in events)
        self.assertEqual((kinds["fault_armed"], kinds["fault_disarmed"]), (2, 2))
        touched = {(event["proxy"], event["connection"]) for event in events
                   if event["kind"] == "fault_touched"}
        self.assertEqual(len({proxy for proxy, _ in touched}), 2)
        self.assertEqual(fault["touched"]["connections"], len(touched))
        self.assertEqual(self.proxies(), {})

    # Leases.

    def test_a_killed_runner_is_healed_within_its_ttl_and_a_second(self):
        self.serve()
        journal = self.follow()
        running = self.begin(ttl="2s", length="5m", lasting="4m")
        running.await_phase("fault outage")
        armed = journal.await_("fault_armed")["at"]
        # Beyond one ttl it is still armed: it was renewed.
        while time.monotonic_ns() < armed + 3 * SECOND:
            threading.Event().wait(0.05)
        self.assertEqual(self.proxies(), {"front": ["outage"]})
        self.assertEqual(journal.of("fault_disarmed"), [])
        killed = time.monotonic_ns()
        running.process.kill()
        self.assertEqual(running.end()[0], -signal.SIGKILL)
        healed = journal.await_("fault_disarmed")
        gone = journal.await_("proxy_closed")
        self.assertLess(killed, healed["at"])
        self.assertLessEqual(healed["at"], killed + (2 + 1) * SECOND)
        self.assertLessEqual(healed["at"], gone["at"])
        self.assertLessEqual(gone["at"], killed + (2 + 1) * SECOND)
        self.assertEqual(self.proxies(), {})
        ended = self.faultline("report", self.out, "--format", "json")
        self.assertEqual(json.loads(ended.stdout)["verdict"], "aborted", ended.stderr)

    def test_a_signal_heals_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                self.serve()
                self.out = self.folder / number.name
                journal = self.follow()
                # No lease runs out in the time of this test.
                running = self.begin(ttl="1h", length="5m", lasting="4m")
                running.await_phase("fault outage")
                journal.await_("fault_touched")
                running.process.send_signal(number)
                code, out, err = running.end()
                self.assertEqual(code, 128 + number, out + err)
                healed, gone = journal.await_("fault_disarmed"), journal.await_("proxy_closed")
                self.assertLessEqual(healed["at"], gone["at"])
                self.assertEqual(self.proxies(), {})
                fault = self.json("faults.json")["faults"][0]
                self.assertEqual(fault["disarmed"] - fault["armed"],
                                 healed["at"] - journal.of("fault_armed")[0]["at"])
                self.assertEqual(self.json("report.json")["verdict"], "aborted")
                self.assertEqual(self.json("run.json")["gaps"], [])
                self.stop_server()

    # What is there already.

    def create(self, upstream, **changes):
        body = {"name": "front", "upstream": f"127.0.0.1:{upstream}", "protocol": "http",
                "faults": [{"id": "slow", "kind": "latency", "delay": "1ms", "owner": "other"}]}
        status, made = self.ask("POST", "/v1/proxies", body | changes)
        self.assertEqual(status, 201, made)
        return made

    def test_a_proxy_that_is_there_survives_with_its_faults(self):
        port = self.service()
        self.serve()
        before = self.create(port)
        host, _, listening = before["listen"].rpartition(":")
        keeper = http.client.HTTPConnection(host, int(listening), timeout=LIMIT)
        keeper.request("GET", "/")
        keeper.getresponse().read()
        journal = self.follow()
        # Closed under the drill's fault, and not by the drill's end.
        code, out, err = self.begin(upstream=port).end()
        self.assertEqual(code, 0, out + err)
        keeper.close()
        status, after = self.ask("GET", "/v1/proxies/front")
        self.assertEqual(status, 200)
        for same in ("number", "listen", "upstream", "protocol", "enabled"):
            self.assertEqual(after[same], before[same], same)
        self.assertEqual([(fault["id"], fault["number"]) for fault in after["faults"]],
                         [("slow", before["faults"][0]["number"])])
        self.assertEqual(journal.of("proxy_closed"), [])
        disarmed = journal.of("fault_disarmed")
        self.assertEqual(len(disarmed), 1)
        self.assertNotEqual(disarmed[0]["fault"], before["faults"][0]["number"])
        run = self.json("run.json")
        self.assertEqual(run["proxies"][0]["listening"], before["listen"])
        self.assertEqual(run["environment"]["faults_of_others"], "slow on front")
        # The record begins with the connection that was open, as it was accepted.
        events, _ = self.recorded()
        accepted = [event for event in events if event["kind"] == "connection_accepted"]
        self.assertLess(accepted[0]["at"], 0)
        self.assertEqual(len({event["connection"] for event in accepted}), len(accepted))

    def test_a_proxy_that_is_not_the_drills_is_left_alone(self):
        port, other = self.service(), self.service()
        cases = {
            "its upstream is": dict(upstream=other),
            "its protocol is tcp, the drill's is http": dict(protocol="tcp"),
            "it is disabled": dict(enabled=False),
            'it is leased by "somebody" for another': dict(owner="somebody", ttl="1h"),
            'has a fault "outage" on it already': dict(
                faults=[{"id": "outage", "kind": "latency", "delay": "1ms"}]),
        }
        for words, changes in cases.items():
            with self.subTest(words):
                self.serve()
                self.create(changes.pop("upstream", port), **changes)
                before = self.proxies()
                code, out, err = self.begin(upstream=port).end()
                self.assertEqual(code, 4, out + err)
                self.assertIn('proxy "front": ', err)
                self.assertIn(words, err)
                self.assertEqual(self.proxies(), before)
                self.assert_no_trace()
                self.stop_server()

    def test_two_runs_do_not_share_what_is_leased(self):
        self.serve()
        first = self.begin(length="60s", lasting="50s")
        first.await_phase("fault outage")
        second = self.running("run", "drill.toml", "--out", self.folder / "second", "--on",
                              f"http://{self.address}")
        code, _, err = second.end()
        self.assertEqual(code, 4, err)
        self.assertIn('it is leased by "run of small ', err)
        self.assertEqual(self.proxies(), {"front": ["outage"]})
        first.process.send_signal(signal.SIGINT)
        self.assertEqual(first.end()[0], 130)
        self.assertEqual(self.proxies(), {})

    # What can go wrong there.

    def test_a_server_that_dies_aborts_the_drill(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(signal=number):
                self.serve()
                self.out = self.folder / number.name
                running = self.begin(length="5m", lasting="4m")
                running.await_phase("fault outage")
                self.server.send_signal(number)
                code, out, err = running.end()
                self.assertEqual(code, 4, out + err)
                self.assertIn(f"http://{self.address}: ", err)
                report, run = self.json("report.json"), self.json("run.json")
                self.assertEqual((report["verdict"], run["ending"]), ("aborted", "failed"))
                self.assertIn(f"http://{self.address}", report["reason"])
                self.assertEqual(len(run["gaps"]), 1)
                self.stop_server()

    def test_a_fault_that_somebody_else_disarms_aborts_the_drill(self):
        for path in ("/v1/heal", "/reset"):
            with self.subTest(path):
                self.serve()
                self.out = self.folder / path.rsplit("/", 1)[1]
                running = self.begin(length="5m", lasting="4m")
                running.await_phase("fault outage")
                self.ask("POST", path)
                code, out, err = running.end()
                self.assertEqual(code, 4, out + err)
                self.assertIn('the fault "outage" on front was disarmed by somebody else', err)
                self.assertEqual(self.json("report.json")["verdict"], "aborted")
                self.assertEqual(self.proxies(), {})
                self.stop_server()

    def test_a_proxy_that_somebody_else_removes_aborts_the_drill(self):
        self.serve()
        running = self.begin(length="5m", at="4m", lasting="30s")
        running.await_phase("baseline")
        self.ask("DELETE", "/v1/proxies/front")
        code, out, err = running.end()
        self.assertEqual(code, 4, out + err)
        self.assertIn('its proxy "front" was closed or disabled while the drill used it', err)

    def test_a_token(self):
        tokens = {name: self.folder / name for name in ("right", "wrong")}
        for name, file in tokens.items():
            file.write_text(f"{name}-0123456789abcdef\n")
        self.serve("--token-file", str(tokens["right"]))
        for options in ((), ("--token-file", str(tokens["wrong"]))):
            code, _, err = self.begin(*options).end()
            self.assertEqual(code, 4, err)
            self.assertIn("asks for a token; give the one it was started with", err)
            self.assert_no_trace()
        code, out, err = self.begin("--token-file", str(tokens["right"]), length="2s",
                                    lasting="500ms").end()
        self.assertEqual(code, 0, out + err)

    def test_a_server_that_is_not_there_or_is_none(self):
        with socket.socket() as holder:  # bound and not listening: refuses
            holder.bind(("127.0.0.1", 0))
            for port, words in ((holder.getsockname()[1], "cannot reach"),
                                (self.service(), "is no faultline that a drill can take place on")):
                self.address = f"127.0.0.1:{port}"
                code, _, err = self.begin().end()
                self.assertEqual(code, 4, err)
                self.assertIn(f"--on http://{self.address}: ", err)
                self.assertIn(words, err)
                self.assertFalse(self.out.exists())

    def test_options_that_make_no_sense(self):
        for options, words in (
                (("--ttl", "5s"), "--ttl: is for a drill on a serving faultline; add --on URL"),
                (("--token-file", "x"), "--token-file: is for a drill on a serving faultline"),
                (("--on", "http://127.0.0.1:1", "--ttl", "1ms"), "is not from 1s to 1h"),
                (("--on", "http://127.0.0.1:1", "--ttl", "soon"), "--ttl: "),
                (("--on", "https://127.0.0.1:1"), "only http is spoken"),
                (("--on", "http://127.0.0.1:1", "--token-file", "/nonexistent"), "/nonexistent")):
            with self.subTest(options):
                code, _, err = self.start(*options).end()
                self.assertEqual(code, 2, err)
                self.assertIn(words, err)
                self.assert_no_trace()


if __name__ == "__main__":
    unittest.main(verbosity=2)
