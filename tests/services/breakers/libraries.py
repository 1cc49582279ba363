"""The services whose breaker is a library that others wrote: how each is fetched, built and
started, its two configurations, and what is true of each. What is fetched stays in build/breakers.
"""

import hashlib
import os
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WORK = ROOT / "build" / "breakers"
FETCHING = 300  # seconds for fetching and building one service
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import process  # noqa: E402
from truth import Calls, OneOf, Seconds, Span, counts, in_a_row, ratio  # noqa: E402


class Skipped(Exception):
    """Why a service cannot be had on this machine."""


class Service:
    """`tools` are the programs it cannot do without, `sources` what it is made of: when they change
    it is fetched and built anew. `truths`: configuration -> truth."""

    name, folder, tools, sources, truths = "", "", (), (), {}

    def __init__(self):
        self.source, self.work = HERE / self.folder, WORK / self.folder

    def environment(self):
        return {}

    def build(self):
        """Commands that fetch and build it."""
        raise NotImplementedError

    def command(self):
        """The command that starts it, without its options."""
        raise NotImplementedError

    def copied(self):
        """A copy of the sources, for ecosystems that write next to them."""
        for name in self.sources:
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.source / name, self.work / name)
        return self.work

    def prepare(self):
        """Fetches and builds it unless it is there; may raise Skipped."""
        for tool in self.tools:
            if not shutil.which(tool):
                raise Skipped(f"no {tool} on this machine")
        pins = hashlib.sha256(b"".join((self.source / name).read_bytes() for name in self.sources))
        stamp = self.work / "built"
        if stamp.exists() and stamp.read_text() == pins.hexdigest():
            return
        self.work.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + FETCHING
        for command in self.build():
            code, output = process.run(command, max(1, deadline - time.monotonic()),
                                       env={**os.environ, **self.environment()})
            if code is None:
                raise Skipped(f"fetching and building took longer than {FETCHING} s")
            if code != 0:
                raise Skipped(f"fetching or building failed: {output.strip()[-300:]}")
        stamp.write_text(pins.hexdigest())


class Resilience4j(Service):
    name, folder, tools = "resilience4j", "java", ("java", "mvn")
    sources = ("pom.xml", "src/main/java/breakers/Service.java")
    truths = {
        # It is judged when all three probes are in, by their ratio.
        "calls": ratio(0.4, 6, Calls(10), open_duration=2.0, half_open_concurrency=3,
                       successes_to_close=3, failures_to_reopen=OneOf(2, 3), client_timeout=0.8,
                       hung_probe=OneOf("recovers", "not_blocking")),
        # Five buckets of whole seconds, of which the last has just begun.
        "time": ratio(0.5, 8, Seconds(Span(4, 5)), open_duration=3.0, half_open_concurrency=2,
                      successes_to_close=2, failures_to_reopen=OneOf(1, 2), client_timeout=1.0,
                      hung_probe=OneOf("recovers", "not_blocking"),
                      counts=counts(failure=("429", "slow"), ignored=("404",))),
    }

    def build(self):
        return [["mvn", "--batch-mode", "--strict-checksums", "-Dstyle.color=never",
                 f"-Dmaven.repo.local={self.work / 'repository'}", "-f",
                 str(self.copied() / "pom.xml"), "compile", "dependency:copy-dependencies",
                 f"-DoutputDirectory={self.work / 'target' / 'libraries'}"]]

    def command(self):
        target = self.work / "target"
        return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-cp",
                f"{target / 'classes'}:{target / 'libraries'}/*", "breakers.Service"]


class Gobreaker(Service):
    name, folder, tools = "gobreaker", "go", ("go",)
    sources = ("go.mod", "go.sum", "main.go")
    truths = {
        "consecutive": in_a_row(3, open_duration=1.5, half_open_concurrency=2, successes_to_close=2,
                                client_timeout=0.7, counts=counts(failure=("429",)),
                                hung_probe=OneOf("recovers", "not_blocking")),
        # Counted anew every four seconds, so what is forgotten when depends on the instant.
        "interval": ratio(0.6, 5, Seconds(Span(0, 4)), ("window",), open_duration=2.0,
                          client_timeout=0.7, counts=counts(ignored=("429",))),
    }

    def environment(self):
        return {"GOMODCACHE": str(self.work / "modules"), "GOCACHE": str(self.work / "cache"),
                "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local", "GOWORK": "off"}

    def build(self):
        return [["go", "-C", str(self.source), "build", "-o", str(self.work / "service"), "."]]

    def command(self):
        return [str(self.work / "service")]


class Pybreaker(Service):
    """It holds a lock while it calls, in every state: there is one call at a time, others wait."""

    name, folder, sources = "pybreaker", "python", ("requirements.txt",)
    truths = {
        "plain": in_a_row(4, open_duration=2.0, half_open_others="queued", successes_to_close=2,
                          client_timeout=0.6, counts=counts(failure=("404", "429"))),
        "excluding": in_a_row(3, open_duration=1.5, half_open_others="queued", client_timeout=0.5),
    }

    def build(self):
        python = str(self.work / "venv" / "bin" / "python")
        return [[sys.executable, "-m", "venv", str(self.work / "venv")],
                [python, "-m", "pip", "install", "--quiet", "--require-hashes",
                 "--disable-pip-version-check", "-r", str(self.source / "requirements.txt")]]

    def command(self):
        return [str(self.work / "venv" / "bin" / "python"), "-B", str(self.source / "service.py")]


class Opossum(Service):
    """Its window is a ring of buckets that a timer turns; it is not emptied when it closes, and
    rejected calls are in it as calls."""

    name, folder, tools = "opossum", "node", ("node", "npm")
    sources = ("package.json", "package-lock.json", "service.js")
    truths = {
        "watched": ratio(0.6, 6, Seconds(Span(9, 10)), comparison=">", open_duration=2.0,
                         client_timeout=0.8, counts=counts(failure=("404", "429"))),
        "filtered": ratio(0.4, 5, Seconds(Span(5, 6)), comparison=">", open_duration=1.5,
                          client_timeout=0.6, counts=counts(failure=("429",))),
    }

    def build(self):
        return [["npm", "ci", "--prefix", str(self.copied()), "--no-audit", "--no-fund",
                 "--ignore-scripts", "--cache", str(self.work / "cache")]]

    def command(self):
        return ["node", str(self.copied() / "service.js")]


ALL = (Resilience4j, Gobreaker, Pybreaker, Opossum)
