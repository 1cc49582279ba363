"""Drives the built faultline: what a run leaves behind, and how it ends when something is wrong.

runner_test.py BUILD_FOLDER
"""

import fcntl
import json
import os
import signal
import socket
import threading
import unittest

from faultline_case import LIMIT, FaultlineTest, drill, processes_with


class RunnerTest(FaultlineTest):
    # What a run leaves.

    def test_a_run_writes_its_folder_and_the_report_can_be_computed_again(self):
        code, out, err = self.start().end()
        verdict = self.json("report.json")["verdict"]
        self.assertEqual(code, {"pass": 0, "fail": 1}.get(verdict, 3), out + err)
        for name in ("drill.toml", "run.json", "events.jsonl", "requests.jsonl", "sinks.jsonl",
                     "faults.json", "report.json", "report.txt",
                     "report.md", "junit.xml", "app.log"):
            self.assertTrue((self.out / name).exists(), name)
            self.assertEqual((self.out / name).stat().st_mode & 0o777, 0o600, name)
        self.assertEqual((self.out / "drill.toml").read_text(),
                         (self.folder / "drill.toml").read_text())
        run, fault = self.json("run.json"), self.json("faults.json")["faults"][0]
        self.assertEqual(run["ending"], "completed")
        self.assertEqual(run["processes"][0]["expected_end"], True)
        self.assertGreaterEqual(fault["touched"]["connections"], 1)
        self.assertLess(fault["armed"], fault["disarmed"])
        requests = (self.out / "requests.jsonl").read_text().splitlines()
        self.assertEqual(len(requests), 200)
        self.assertEqual(out.count("Again: faultline run drill.toml --set seed=7\n"), 1)
        self.assertEqual(out.count("faultline run"), 1)
        self.assertIn(str(self.out / "report.json"), out)
        self.assert_nothing_listens()
        again = self.faultline("report", self.out, "--verify")
        self.assertEqual(again.returncode, 0, again.stderr)
        terminal = self.faultline("report", self.out)
        self.assertTrue(out.startswith(terminal.stdout))
        self.assertEqual((self.out / "report.txt").read_text(), terminal.stdout)
        self.assertEqual(terminal.returncode, code)
        report = self.out / "report.json"
        report.write_text(report.read_text() + " ")
        self.assertEqual(self.faultline("report", self.out, "--verify").returncode, 1)

    def test_without_out_the_newest_run_is_latest(self):
        (self.folder / "drill.toml").write_text(drill(self.marker, length="2s", lasting="500ms"))
        ended = self.faultline("run", "drill.toml", "--quiet", "--json")
        self.assertEqual(ended.stderr, "")
        latest = self.folder / "faultline-runs" / "latest"
        self.assertRegex(os.readlink(latest), r"^small-\d{8}-\d{6}$")
        self.assertEqual(json.loads(ended.stdout), json.loads((latest / "report.json").read_text()))

    def test_latest_moves_on_to_the_next_run(self):
        latest = self.folder / "faultline-runs" / "latest"
        (self.folder / "drill.toml").write_text(drill(self.marker, length="2s", lasting="500ms"))
        pointed_at = []
        for _ in range(2):
            self.faultline("run", "drill.toml", "--quiet")
            pointed_at.append(os.readlink(latest))
        self.assertEqual(len(set(pointed_at)), 2)
        ids = []
        for run in pointed_at:
            self.assertTrue((latest.parent / run / "report.json").exists(), run)
            lines = (latest.parent / run / "requests.jsonl").read_text().splitlines()
            ids.append({json.loads(line)["id"] for line in lines})
        # One seed, and yet no message of one run can be taken for one of the other.
        self.assertEqual([len(of_run) for of_run in ids], [100, 100])
        self.assertEqual(ids[0] & ids[1], set())

    def test_a_folder_with_a_run_in_it_is_refused(self):
        self.out.mkdir()
        (self.out / "events.jsonl").write_text("precious")
        code, _, err = self.start().end()
        self.assertEqual(code, 4, err)
        self.assertIn("exists already", err)
        self.assertEqual([file.name for file in self.out.iterdir()], ["events.jsonl"])

    # The environment.

    def test_a_taken_port(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            code, _, err = self.start(listen=port).end()
        self.assertEqual(code, 4, err)
        self.assertIn(str(port), err)
        self.assert_no_trace()

    def test_an_upstream_that_is_not_there(self):
        with socket.socket() as holder:  # bound and not listening: refuses
            holder.bind(("127.0.0.1", 0))
            port = holder.getsockname()[1]
            code, _, err = self.start(upstream=port).end()
        self.assertEqual(code, 4, err)
        self.assertIn(f'proxy "front": upstream 127.0.0.1:{port} is not there: ECONNREFUSED', err)
        self.assert_no_trace()

    def test_a_service_that_does_not_become_ready(self):
        # Long enough for an interpreter to say its words on a busy machine.
        code, _, err = self.start(mode="deaf", within="5s").end()
        self.assertEqual(code, 4, err)
        self.assertIn('process "app" was not ready within 5s', err)
        self.assertIn("last lines of app.log:\n  not listening", err)
        self.assert_no_trace()

    def test_a_service_that_ends_before_it_is_ready(self):
        code, _, err = self.start(mode="dead").end()
        self.assertEqual(code, 4, err)
        self.assertIn('process "app" ended: exit 3', err)
        self.assertIn("  bad configuration", err)
        self.assert_no_trace()

    def test_a_program_that_does_not_exist(self):
        code, _, err = self.start(python="/nonexistent/program").end()
        self.assertEqual(code, 4, err)
        self.assertIn("cannot be started: No such file or directory", err)
        self.assert_no_trace()

    def test_a_service_that_dies_under_load(self):
        code, out, err = self.start(mode="dies", length="60s").end()
        self.assertEqual(code, 4, out + err)
        self.assertIn('process "app" ended: exit 7', err)
        self.assertIn("  about to die", err)
        run = self.json("run.json")
        self.assertEqual((run["ending"], run["processes"][0]["ending"]), ("failed", "exit 7"))
        self.assertEqual(self.json("report.json")["verdict"], "aborted")
        self.assert_nothing_listens()

    # Signals.

    def check_aborted(self, number, phase, **changes):
        running = self.start(length="60s", **changes)
        running.await_phase(phase)
        running.process.send_signal(number)
        code, out, err = running.end()
        self.assertEqual(code, 128 + number, out + err)
        run = self.json("run.json")
        self.assertEqual((run["ending"], run["signal"]), ("aborted", number))
        self.assertEqual(self.json("report.json")["verdict"], "aborted")
        fault = self.json("faults.json")["faults"][0]
        self.assertEqual("armed" in fault, "disarmed" in fault)
        self.assert_nothing_listens()
        self.assertRegex(err, rf"(?m)^phase .*aborted by {number.name}")
        return fault

    def test_a_signal_in_every_phase(self):
        # Each lasts until the signal comes, however late it is sent.
        phases = {"starting": dict(mode="deaf"), "warm-up": dict(warmup="30s", at="40s"),
                  "baseline": dict(at="40s"), "fault outage": dict(lasting="50s"), "recovery": {}}
        for number in (signal.SIGINT, signal.SIGTERM):
            for phase, changes in phases.items():
                self.out = self.folder / f"{phase} {number.name}"
                with self.subTest(phase=phase, signal=number.name):
                    fault = self.check_aborted(number, phase, **changes)
                    self.assertEqual("armed" in fault, phase in ("fault outage", "recovery"))

    def test_a_signal_while_requests_are_in_flight(self):
        running = self.start(mode="mute", timeout="50s", length="2s", lasting="500ms")
        running.await_phase("draining")
        running.process.send_signal(signal.SIGINT)
        running.await_phase("aborted by SIGINT")
        running.process.send_signal(signal.SIGINT)  # no patience: cut at once
        code, _, err = running.end()
        self.assertEqual(code, 130, err)
        requests = (self.out / "requests.jsonl").read_text().splitlines()
        self.assertEqual(len(requests), 100)
        self.assertIn("abandoned", {json.loads(line)["outcome"] for line in requests})
        self.assert_nothing_listens()

    def test_a_signal_while_processes_are_stopped(self):
        running = self.start(mode="stubborn", stop_within="5m", length="2s", lasting="500ms")
        running.await_phase("stopping")
        running.process.send_signal(signal.SIGINT)
        running.await_phase("aborted by SIGINT")
        running.process.send_signal(signal.SIGTERM)  # no patience: killed at once
        code, _, err = running.end()
        self.assertEqual(code, 130, err)
        self.assertEqual(self.json("run.json")["processes"][0]["ending"], "signal 9 (SIGKILL)")
        self.assert_nothing_listens()

    def test_the_second_signal_takes_the_patience_but_not_the_clean_up(self):
        running = self.start(mode="stubborn", stop_within="5m", length="60s", lasting="50s")
        running.await_phase("fault outage")
        running.process.send_signal(signal.SIGTERM)
        running.await_phase("stopping")
        running.process.send_signal(signal.SIGTERM)
        code, _, err = running.end()
        self.assertEqual(code, 143, err)
        fault = self.json("faults.json")["faults"][0]
        self.assertIn("disarmed", fault)
        self.assertEqual(self.json("report.json")["verdict"], "aborted")
        self.assert_nothing_listens()

    def test_a_signal_after_the_recording_does_not_take_the_report(self):
        running = self.start("--json", length="2s", lasting="500ms")
        out = running.process.stdout.fileno()
        capacity = fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 4096)
        first = os.read(out, 1)  # the report is being printed, and the pipe cannot take all of it
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            running.process.send_signal(number)
        code, rest, err = running.end()
        self.assertGreater(len(rest), capacity)
        report = json.loads(first.decode() + rest)
        self.assertEqual(report, self.json("report.json"))
        self.assertEqual(code, {"pass": 0, "fail": 1}.get(report["verdict"], 3), err)
        self.assertEqual(self.json("run.json")["ending"], "completed")

    def test_a_killed_runner_takes_its_processes_along_and_leaves_a_recording(self):
        running = self.start(length="60s")
        running.await_phase("recovery")
        running.process.kill()
        code, _, _ = running.end()
        self.assertEqual(code, -signal.SIGKILL)
        for _ in range(LIMIT * 10):
            if not processes_with(self.marker):
                break
            threading.Event().wait(0.1)
        self.assert_nothing_listens()
        ended = self.faultline("report", self.out, "--format", "json")
        self.assertEqual(json.loads(ended.stdout)["verdict"], "aborted", ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
