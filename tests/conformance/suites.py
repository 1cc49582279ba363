"""The suites: what each needs, how its dependencies are fetched, how it is run as its ecosystem
runs it, and how its counts are read. Everything fetched or built goes into one folder per suite.
"""

import json
import os
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Suite:
    """`tools` are the programs it cannot do without. `lock` names what pins its dependencies: when
    it changes they are fetched anew. `fetch` needs a registry, `test` does not."""

    tools, lock = (), ()

    def __init__(self, work):
        self.name = type(self).__name__.lower()
        self.source, self.folder = HERE / self.name, work / self.name

    def environment(self):
        return {}

    def fetch(self):
        """Commands that bring the dependencies."""
        return []

    def test(self):
        """The command that runs the cases, and the folder it runs in."""
        raise NotImplementedError

    def counts(self, output):
        """(passed, failed, skipped)."""
        raise NotImplementedError

    def copied(self):
        """A copy of the suite, for ecosystems that write next to their sources."""
        for path in self.source.rglob("*"):
            if path.is_file():
                to = self.folder / path.relative_to(self.source)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)
        return self.folder


def numbers(pattern, output):
    return [int(found) for found in re.findall(pattern, output, re.M)]


class Raw(Suite):
    def test(self):
        return [sys.executable, str(HERE / "api_test.py")], HERE

    def counts(self, output):
        total = sum(numbers(r"^Ran (\d+) tests", output))
        failed = sum(numbers(r"(?:failures|errors)=(\d+)", output))
        skipped = sum(numbers(r"skipped=(\d+)", output))
        return total - failed - skipped, failed, skipped


class Go(Suite):
    tools, lock = ("go",), ("go.sum",)

    def environment(self):
        return {"GOMODCACHE": str(self.folder / "modules"), "GOCACHE": str(self.folder / "cache"),
                "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local", "GOWORK": "off"}

    def fetch(self):
        go = ["go", "-C", str(self.source)]
        return [[*go, "mod", "download"],
                [*go, "build", "github.com/Shopify/toxiproxy/v2/client", "net/http", "testing"]]

    def test(self):
        return ["env", "GOPROXY=off", "go", "test", "-vet=off", "-count=1", "-json",
                "./..."], self.source

    def counts(self, output):
        actions = []
        for line in output.splitlines():
            if line.startswith("{"):
                event = json.loads(line)
                if "Test" in event:
                    actions.append(event["Action"])
        return tuple(actions.count(action) for action in ["pass", "fail", "skip"])


class Node(Suite):
    tools, lock = ("node", "npm"), ("package-lock.json",)

    def fetch(self):
        return [["npm", "ci", "--prefix", str(self.copied()), "--no-audit", "--no-fund",
                 "--ignore-scripts", "--cache", str(self.folder / "cache")]]

    def test(self):
        return ["node", "--test", "--test-reporter=tap"], self.copied()

    def counts(self, output):
        return tuple(sum(numbers(rf"^# {word} (\d+)", output))
                     for word in ["pass", "fail", "skipped"])


class Python(Suite):
    lock = ("requirements.txt",)

    @property
    def program(self):
        return str(self.folder / "venv" / "bin" / "python")

    def fetch(self):
        return [[sys.executable, "-m", "venv", str(self.folder / "venv")],
                [self.program, "-m", "pip", "install", "--quiet", "--require-hashes",
                 "--disable-pip-version-check", "-r", str(self.source / "requirements.txt")]]

    def test(self):
        return [self.program, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"], self.source

    def counts(self, output):
        return tuple(sum(numbers(rf"^(?:.*, )?(\d+) {word}\b", output.splitlines()[-1]))
                     for word in ["passed", "(?:failed|errors?)", "skipped"])


class Java(Suite):
    tools, lock = ("java", "mvn"), ("pom.xml",)

    def maven(self, *words):
        return ["mvn", "--batch-mode", "--strict-checksums", "-Dstyle.color=never",
                f"-Dmaven.repo.local={self.folder / 'repository'}", "-f",
                str(self.copied() / "pom.xml"), *words]

    def fetch(self):
        # Maven learns what it needs to run tests when it runs them: it is asked for one that is
        # not there.
        return [self.maven("test", "-Dtest=NoSuchTest", "-Dsurefire.failIfNoSpecifiedTests=false")]

    def test(self):
        return self.maven("--offline", "test"), self.folder

    def counts(self, output):
        found = re.findall(r"Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$",
                           output, re.M)
        total, failures, errors, skipped = (int(word) for word in found[-1])
        return total - failures - errors - skipped, failures + errors, skipped


class Rust(Suite):
    tools, lock = ("cargo",), ("Cargo.lock",)

    def environment(self):
        return {"CARGO_HOME": str(self.folder / "home"), "CARGO_TERM_COLOR": "never",
                "CARGO_TARGET_DIR": str(self.folder / "target"),
                "CARGO_BUILD_JOBS": str(min(2, os.cpu_count() or 1))}

    def fetch(self):
        manifest = ["--locked", "--manifest-path", str(self.source / "Cargo.toml")]
        return [["cargo", "fetch", *manifest],
                ["cargo", "build", "--tests", "--offline", "-p", "toxiproxy_rust", *manifest]]

    def test(self):
        return ["cargo", "test", "--locked", "--offline", "--tests", "--no-fail-fast"], self.source

    def counts(self, output):
        return tuple(sum(numbers(rf"^test result: .* (\d+) {word}", output))
                     for word in ["passed", "failed", "ignored"])


ALL = [Raw, Go, Node, Python, Java, Rust]
