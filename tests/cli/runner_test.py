"""Drives the built faultline: what a run leaves behind, and how it ends when something is wrong.

runner_test.py BUILD_FOLDER
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid

FAULTLINE = pathlib.Path(sys.argv.pop(1)).resolve() / "faultline"
SERVICE = pathlib.Path(__file__).resolve().parent / "service.py"
LIMIT = 60  # seconds; for what takes one or two

DRILL = """name = "small"
seed = 7
ports = ["app"]
expect = ["touched(outage) >= 1"]
[timing]
warmup = "500ms"
[[proxy]]
name = "front"
listen = "127.0.0.1:{listen}"
upstream = "127.0.0.1:{upstream}"
protocol = "http"
[[process]]
name = "app"
command = ["{python}", "{service}", "${{port.app}}", "{mode}", "{marker}"]
ready = {{ http = "http://127.0.0.1:${{port.app}}/", within = "{within}" }}
stop_within = "{stop_within}"
[[workload]]
name = "hooks"
through = "front"
model = "rate"
rate = "50/s"
for = "{length}"
timeout = "2s"
[[fault]]
id = "outage"
kind = "refuse"
on = ["front"]
at = "{at}"
for = "{lasting}"
"""


def drill(marker, **changes):
    values = dict(listen=0, upstream="${port.app}", python=sys.executable, service=SERVICE,
                  mode="ok", marker=marker, within="30s", stop_within="10s", length="4s", at="1s",
                  lasting="1s")
    values.update(changes)
    return DRILL.format(**values)


def processes_with(marker):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Running:
    """A faultline that was started, and the lines of its stderr as they come."""

    def __init__(self, *arguments, cwd):
        self.process = subprocess.Popen([FAULTLINE, *arguments], cwd=cwd, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.lines, self.news = [], threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()

    def await_phase(self, phase):
        def seen():
            return any(line.startswith("phase ") and phase in line for line in self.lines)
        with self.news:
            if not self.news.wait_for(seen, LIMIT):
                raise AssertionError(f"no phase {phase!r} in {self.lines}")

    def end(self):
        out = self.process.stdout.read()
        code = self.process.wait(LIMIT)
        self.reader.join(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()
        return code, out, "\n".join(self.lines)


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.marker = f"marker-{uuid.uuid4()}"
        self.out = self.folder / "run"

    def tearDown(self):
        left = processes_with(self.marker)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder)
        self.assertEqual(left, [], "processes under test were left behind")

    def start(self, **changes):
        (self.folder / "drill.toml").write_text(drill(self.marker, **changes))
        return Running("run", "drill.toml", "--out", self.out, cwd=self.folder)

    def faultline(self, *arguments):
        return subprocess.run([FAULTLINE, *arguments], cwd=self.folder, text=True, timeout=LIMIT,
                              capture_output=True, check=False)

    def json(self, name):
        return json.loads((self.out / name).read_text())

    def assert_nothing_listens(self):
        for proxy in self.json("run.json")["proxies"]:
            self.assertFalse(accepts(int(proxy["listening"].rsplit(":", 1)[1])))
        self.assertEqual(processes_with(self.marker), [])

    def assert_no_trace(self):
        self.assertFalse(self.out.exists(), "a run folder without a recording was left behind")
        self.assertEqual(processes_with(self.marker), [])

    # What a run leaves.

    def test_a_run_writes_its_folder_and_the_report_can_be_computed_again(self):
        code, out, err = self.start().end()
        verdict = self.json("report.json")["verdict"]
        self.assertEqual(code, {"pass": 0, "fail": 1}.get(verdict, 3), out + err)
        for name in ("drill.toml", "run.json", "events.jsonl", "requests.jsonl", "sinks.jsonl",
                     "faults.json", "report.json", "report.txt", "app.log"):
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
        self.assertIn("--set seed=7", out)
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

    def test_a_folder_with_a_run_in_it_is_refused(self):
        self.out.mkdir()
        (self.out / "events.jsonl").write_text("precious")
        code, _, err = self.start().end()
        self.assertEqual(code, 4, err)
        self.assertIn("exists already", err)
        self.assertEqual([file.name for file in self.out.iterdir()], ["events.jsonl"])

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
        self.assertEqual(self.faultline("help").returncode, 0)
        self.assertEqual(self.faultline("run", "--help").returncode, 0)
        self.assertRegex(self.faultline("version").stdout, r"^faultline \d+\.\d+\.\d+\n$")

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
        code, _, err = self.start(mode="deaf", within="1s").end()
        self.assertEqual(code, 4, err)
        self.assertIn('process "app" was not ready within 1s', err)
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
        phases = {"starting": dict(mode="deaf"), "warm-up": {}, "baseline": {},
                  "fault outage": dict(lasting="50s"), "recovery": {}}
        for number in (signal.SIGINT, signal.SIGTERM):
            for phase, changes in phases.items():
                with self.subTest(phase=phase, signal=number.name):
                    fault = self.check_aborted(number, phase, **changes)
                    self.assertEqual("armed" in fault, phase in ("fault outage", "recovery"))
                    shutil.rmtree(self.out)

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

    # The relay.

    def test_a_relay_relays_until_it_is_told_to_stop(self):
        with socket.create_server(("127.0.0.1", 0)) as upstream:
            port = upstream.getsockname()[1]
            running = Running("relay", "--listen", "127.0.0.1:0", "--upstream",
                              f"127.0.0.1:{port}", cwd=self.folder)
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
            running = Running("relay", "--listen", "127.0.0.1:0", "--upstream",
                              f"127.0.0.1:{port}", "--fault", "refuse:", cwd=self.folder)
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
