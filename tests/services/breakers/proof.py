"""One case: a stub upstream, a service with its breaker, and `faultline xray breaker` between them,
whose answers are held against the truth."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "conformance")]

import libraries  # noqa: E402
from judge import judge  # noqa: E402
from pg_sandbox import HeldPort  # noqa: E402
from presets import PRESETS  # noqa: E402
from process import die_with_parent, end_group  # noqa: E402
from stub import Stub  # noqa: E402

STARTING = 60  # seconds until a service listens
LIMIT = 700    # seconds: it ends within ten minutes, and a machine may be slow


class Zoo:
    """The home-made breakers, as a service like the others."""

    name = "zoo"
    truths = {name: preset.truth for name, preset in PRESETS.items()}

    def prepare(self):
        """There is nothing to fetch."""

    def command(self):
        return [sys.executable, "-B", str(HERE / "zoo.py")]


SERVICES = {service.name: service for service in (*libraries.ALL, Zoo)}
CASES = [f"{name}/{configuration}" for name, service in SERVICES.items()
         for configuration in service.truths]


class Program:
    """A process in a group of its own that does not outlive this one; what it says of itself goes
    to a file."""

    def __init__(self, command, **streams):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stderr=self.errors, text=True,
                                        start_new_session=True, preexec_fn=die_with_parent,
                                        **streams)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-2000:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_group(self.process)
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            if stream:
                stream.close()


class Started(Program):
    """A service that listens on `port`."""

    def __init__(self, command, upstream, configuration):
        super().__init__([*command, "--upstream", upstream, "--config", configuration],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        words = self.process.stdout.readline().split()
        if len(words) != 2 or words[0] != "listening":
            end_group(self.process)
            raise RuntimeError(f"{command[0]} does not listen: {words} {self.said()}")
        self.port = int(words[1])


def split(case):
    """(service, configuration) of "service/configuration"; may raise KeyError."""
    name, configuration = case.split("/")
    service = SERVICES[name]()
    if configuration not in service.truths:
        raise KeyError(case)
    return service, configuration


def xray(faultline, case, keep=None):
    """(answers, seconds) of the X-ray of one case. `keep` names a file for what it printed."""
    service, configuration = split(case)
    stub, port = Stub(), HeldPort()
    listen = f"127.0.0.1:{port.number}"
    try:
        with Started(service.command(), f"http://{listen}/rates", configuration) as started, \
             Program([faultline, "xray", "breaker", "--listen", listen, "--upstream",
                      f"127.0.0.1:{stub.port}", "--drive", f"http://127.0.0.1:{started.port}/call",
                      "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as program:
            began = time.monotonic()
            try:
                output, _ = program.process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"{case}: no end within {LIMIT} s: {program.said()}") from None
            seconds = time.monotonic() - began
            if keep:
                pathlib.Path(keep).write_text(output + program.said())
            if program.process.returncode != 0:
                raise RuntimeError(f"{case}: faultline ended with {program.process.returncode}: "
                                   f"{program.said()}")
            return json.loads(output), seconds
    finally:
        port.close()
        stub.close()


def prove(faultline, case, keep=None):
    """(verdict, answers, seconds) of one case."""
    service, configuration = split(case)
    answers, seconds = xray(os.fspath(faultline), case, keep)
    return judge(service.truths[configuration], answers), answers, seconds
