"""What the test scripts of the command line have in common: a drill around service.py, a faultline
that is running, and a folder per test that nothing may be left behind of.

Each script takes the build folder as its argument.
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

if len(sys.argv) < 2:
    sys.exit(f"usage: {sys.argv[0]} BUILD_FOLDER [unittest's arguments]")
FAULTLINE = pathlib.Path(sys.argv.pop(1)).resolve() / "faultline"
SERVICE = pathlib.Path(__file__).resolve().parent / "service.py"
LIMIT = 60  # seconds; for what takes one or two

DRILL = """name = "small"
seed = 7
ports = ["app"]
expect = ["touched(outage) >= 1"]
[timing]
warmup = "{warmup}"
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
timeout = "{timeout}"
[[fault]]
id = "outage"
kind = "reset"
on = ["front"]
at = "{at}"
for = "{lasting}"
"""


def drill(marker, **changes):
    values = dict(listen=0, upstream="${port.app}", python=sys.executable, service=SERVICE,
                  mode="ok", marker=marker, within="30s", stop_within="10s", length="4s",
                  timeout="2s", warmup="500ms", at="1s", lasting="1s")
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
        probe.bind(("127.0.0.1", 0))  # to another port, or it could connect to itself
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Running:
    """A faultline that was started, and the lines of its stderr as they come."""

    def __init__(self, *arguments, cwd):
        self.process = subprocess.Popen([FAULTLINE, *arguments], cwd=cwd, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.lines, self.news = [], threading.Condition()
        self.silent = False  # no more lines will come
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.silent = True
            self.news.notify_all()

    def await_phase(self, phase):
        def seen():
            return any(line.startswith("phase ") and phase in line for line in self.lines)
        with self.news:
            self.news.wait_for(lambda: seen() or self.silent, LIMIT)
            if not seen():
                raise AssertionError(f"no phase {phase!r} in {self.lines}")

    def end(self):
        """Waits for it to end, and kills it at LIMIT. Returns exit code, stdout and stderr."""
        limit = threading.Timer(LIMIT, self.process.kill)
        limit.start()
        out = self.process.stdout.read()
        code = self.process.wait()
        self.reader.join(LIMIT)
        limit.cancel()
        self.close()
        return code, out, "\n".join(self.lines)

    def close(self):
        """However its test ended: it has ended, and its pipes are closed."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()


class FaultlineTest(unittest.TestCase):
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

    def start(self, *options, **changes):
        (self.folder / "drill.toml").write_text(drill(self.marker, **changes))
        return self.running("run", "drill.toml", "--out", self.out, *options)

    def running(self, *arguments):
        running = Running(*arguments, cwd=self.folder)
        self.addCleanup(running.close)
        return running

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
