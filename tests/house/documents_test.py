#!/usr/bin/env python3
"""The documents say what is so: paths and links exist, commands run, tables name what there is.

documents_test.py BUILD_FOLDER

Every family of claims is a function from a folder with documents to findings, `file:line: what`. So
the same functions judge the checkout, and copies of it into which one lie was planted.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from document import CODE, NOT_OURS, Document, documents, readme, source, spans  # noqa: E402
from parameters import parameters  # noqa: E402
from trial_drills import (ARGUMENTS, OF_A_KIND, PARAMETERS, TRIAL_DRILL, VALUES,  # noqa: E402
                          XRAY_DRILL)

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
FAULTLINE = BUILD / "faultline"
CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
SERVICE = CHECKOUT / "tests" / "cli" / "service.py"
LIMIT = 60  # seconds, for a command that takes one or two

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"[A-Za-z0-9_.*-]+(/[A-Za-z0-9_.*-]+)*/?")
PLACEHOLDER = re.compile(r"(^|[/_.])[A-Z]{3,}([/_.]|$)")

# What the examples of the documents need from their surroundings.
SURROUNDINGS = {"FAULTLINE_BRIDGE": "bridge", "FAULTLINE_STUB_API": "stub-api",
                "FAULTLINE_POSTGRES_CONNINFO": "host=127.0.0.1"}

# Commands of sh fences that are run here, against the build folder …
CHEAP = {"version", "help", "validate", "plan", "report"}
# … and those that install, build, last long or wait for a signal. Other tests run these.
LONG = ("scripts/", "cmake ", "ctest ", "python3 tests/", "build/dev/tests/",
        "build/release/faultline relay ", "build/release/faultline serve ",
        "build/release/faultline xray ", "build/release/toxiproxy-server ",
        "build/release/faultline ctl ")

# A run takes 2 s and leaves the folder that `faultline report` is shown. Users who wait for their
# answers are never behind a schedule, so that a slow machine does not make the run invalid.
SHORT_DRILL = """name = "documents"
ports = ["app"]
expect = ["errors(hooks, all) == 0"]
[timing]
warmup = "200ms"
[[process]]
name = "app"
command = ["{python}", "{service}", "${{port.app}}", "ok", "documents"]
ready = {{ http = "http://127.0.0.1:${{port.app}}/" }}
[[workload]]
name = "hooks"
target = "127.0.0.1:${{port.app}}"
model = "vus"
vus = 2
think = "50ms"
for = "1s"
"""

UNITS = {"duration": "duration", "count": "count", "ratio": "share"}


def faultline(*arguments, cwd=CHECKOUT):
    return subprocess.run([FAULTLINE, *arguments], cwd=cwd, capture_output=True, text=True,
                          timeout=LIMIT, check=False, env={**os.environ, **SURROUNDINGS})


# Links and paths.


def broken_links(root):
    for document in documents(root):
        for number, line in document.prose:
            for target in LINK.findall(line):
                target = target.split("#")[0]
                if target and "://" not in target and not os.path.exists(
                        os.path.join(root, document.folder, target)):
                    yield f"{document.path}:{number}: the link {target} leads nowhere"


def there(root, path):
    """A path as documents write it: with its ending, without it, or with a star."""
    place = pathlib.Path(root)
    return any(True for ending in ("", ".h", ".cc") for _ in place.glob(path.rstrip("/") + ending))


def missing_paths(root):
    for document in documents(root):
        for number, line in document.prose:
            for span in CODE.findall(line):
                path = span.split(" ")[0]
                if "/" not in path or not PATH.fullmatch(path) or PLACEHOLDER.search(path):
                    continue
                first = path.split("/")[0]
                if first in NOT_OURS:
                    continue
                bases = [base for base in {"", document.folder, "faults", "proxy"}
                         if os.path.isdir(os.path.join(root, base, first))]
                if bases and not any(there(root, os.path.join(base, path)) for base in bases):
                    yield f"{document.path}:{number}: there is no {path}"


# Commands.


def commands(document):
    """(line number, text) of each span and each line of a fence that could name a command."""
    for number, line in document.prose:
        for span in CODE.findall(line):
            yield number, span
    for language, first, lines in document.fences:
        if language in ("sh", "text"):
            yield from enumerate(lines, first)


def verbs():
    listed = faultline("help").stdout.split("Verbs:\n")[1].split("\n\n")[0]
    return {line.split()[0]: faultline("help", line.split()[0]).stdout
            for line in listed.splitlines()}


def unknown_commands(root):
    known = verbs()
    for document in documents(root):
        for number, text in commands(document):
            for name in re.findall(r"\bscripts/(\w+)(?= |$)", text):
                if not os.path.exists(os.path.join(root, "scripts", name)):
                    yield f"{document.path}:{number}: there is no scripts/{name}"
            command = re.match(r"(?:\S*/)?faultline ([a-z]+)\b(.*)", text)
            if command and command[1] not in known:
                yield f"{document.path}:{number}: faultline has no verb {command[1]}"
                continue
            if command:
                options, manual = command[2], known[command[1]]
            elif re.match(r"scripts/\w+( |$)", text) and os.path.isfile(
                    os.path.join(root, text.split()[0])):
                options, manual = text, source(root, text.split()[0])
            else:
                continue
            for option in re.findall(r"(?<= )--[a-z-]+", options):
                if option not in manual and option != "--help":
                    yield f"{document.path}:{number}: {text.split()[0]} has no option {option}"


def fenced_commands(document):
    for language, first, lines in document.fences:
        if language == "sh":
            yield from ((number, line) for number, line in enumerate(lines, first) if line)


def failing_commands(root):
    """Runs what is cheap in a folder where a run has been, and knows the rest by its beginning."""
    with tempfile.TemporaryDirectory(prefix="faultline-documents-") as place:
        os.symlink(os.path.join(root, "examples"), os.path.join(place, "examples"))
        drill = pathlib.Path(place, "documents.toml")
        drill.write_text(SHORT_DRILL.format(python=sys.executable, service=SERVICE),
                         encoding="utf-8")
        os.mkdir(os.path.join(place, "faultline-runs"))
        ran = faultline("run", str(drill), "--quiet", "--out", "faultline-runs/latest", cwd=place)
        if ran.returncode != 0:
            yield f"the run to report on ended with {ran.returncode}: {ran.stdout}{ran.stderr}"
        for document in documents(root):
            for number, line in fenced_commands(document):
                words = shlex.split(line, comments=True)
                if words[0].endswith("/faultline") and words[1] in CHEAP:
                    ended = faultline(*words[1:], cwd=place)
                    if ended.returncode != 0:
                        yield (f"{document.path}:{number}: ended with {ended.returncode}: {line}: "
                               f"{ended.stderr}")
                elif not (line + " ").startswith(LONG):
                    yield f"{document.path}:{number}: neither run here nor known as long: {line}"
                elif words[0] == "python3" and not os.path.exists(os.path.join(root, words[1])):
                    yield f"{document.path}:{number}: there is no {words[1]}"


# Drills.


def validated(text):
    """What faultline has against a drill; empty if it is valid."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        ended = faultline("validate", file.name)
        return "" if ended.returncode == 0 else ended.stderr.replace(file.name + ":", "")


def wrong_drills(root):
    examples = {line.strip() for path in pathlib.Path(root, "examples", "drills").glob("*.toml")
                for line in path.read_text(encoding="utf-8").splitlines()}
    for document in documents(root):
        for language, first, lines in document.fences:
            if language != "toml" or lines[0] == "# contract.toml":
                continue
            top = lines[:next((i for i, line in enumerate(lines) if line.startswith("[")), None)]
            if any(line.startswith("name = ") for line in top):
                problem = validated("\n".join(lines) + "\n")
                if problem:
                    yield f"{document.path}:{first}: not a valid drill: {problem}"
                continue
            for number, line in enumerate(lines, first):
                if line.strip() not in examples:
                    yield f"{document.path}:{number}: stands in no example: {line}"


# Tables.


def difference(what, written, existing):
    for name in sorted(existing - set(written)):
        yield f"README.md: the {what} {name} is missing"
    for name in sorted(set(written) - existing):
        yield f"README.md: there is no {what} {name}"


def wrong_measures(root):
    catalogue = source(root, "scenarios/measures/catalogue.cc")
    listed = set(re.findall(r"&measures::(\w+),", catalogue))
    existing = {}
    for path in sorted(pathlib.Path(root, "scenarios", "measures").glob("*.cc")):
        for constant, name, unit in re.findall(
                r'const MeasureKind (\w+) = \{\s*"([^"]+)",.*?Unit::(\w+)',
                path.read_text(encoding="utf-8"), re.DOTALL):
            if constant in listed:
                existing[name] = UNITS[unit]
    if len(existing) != len(listed):
        yield f"{len(listed)} measures are listed, {len(existing)} understood"
    rows = spans(readme(root).table("measure"))
    yield from difference("measure", {call.split("(")[0] for call in rows}, set(existing))
    expect = []
    for call, (number, cells) in rows.items():
        name = call.split("(")[0]
        if cells[1] != existing.get(name, cells[1]):
            yield f"README.md:{number}: {name} is a {existing[name]}"
        arguments = [ARGUMENTS.get(word, word) for word in re.findall(r"(\w+)\??[,)]", call)]
        expect.append(f'"{name}{"(" + ", ".join(arguments) + ")" if arguments else ""} < '
                      f'{VALUES.get(cells[1], cells[1])}"')
    of_xray = [one for one in expect if one.startswith('"xray.')]
    others = [one for one in expect if one not in of_xray]
    problem = (validated(TRIAL_DRILL.format(expect=", ".join(others), kind="reset", more=""))
               or validated(XRAY_DRILL.format(expect=", ".join(of_xray))))
    if problem:
        yield f"README.md: the measures as they are written: {problem}"


def wrong_faults(root):
    listed = re.findall(r"&(\w+)_kind\b", source(root, "faults/catalogue.cc"))
    for path in ("README.md", "faults/README.md"):
        rows = spans(Document(root, path).table("kind"))
        for finding in difference("fault", rows, set(listed)):
            yield finding.replace("README.md", path)
        for kind, (number, cells) in rows.items():
            settings = PARAMETERS | OF_A_KIND.get(kind, {})
            named = [name for name in settings
                     if re.search(rf"(?<!default )`{name}`", cells[1])]
            if kind in listed and parameters(root, kind) != set(named):
                yield f"{path}:{number}: {kind} takes {sorted(parameters(root, kind))}"
            more = "\n".join(f"{name} = {settings[name]}" for name in named)
            problem = validated(TRIAL_DRILL.format(expect='"lost == 0"', kind=kind, more=more))
            if problem:
                yield f"{path}:{number}: {kind}: {problem}"


def wrong_keys(root):
    """Every key that the reader of drills asks for is in README's tables, and no other."""
    asks = re.compile(r"(?:\.|->)(?:text|name|choice|duration|count|rate|texts|text_map|section|"
                      r"sections|find|require)\(\s*\"(\w+)\"|"
                      r"read_(?:address|name|header_name)\(\s*[*\w]+,\s*"
                      r"\"(\w+)\"")
    existing = {"rate", "vus", "rewrite_host"}  # asked for through a variable
    for name in ("drill_sections", "drill_traffic", "drill_workload", "drill_limits", "drill_xray",
                 "tls_table"):
        path = f"scenarios/drill/{name}.cc"
        existing |= {a or b for a, b in asks.findall(source(root, path))}
    existing |= set(re.findall(r'\{\.name = "(\w+)"', source(root, "faults/aim.cc")))
    kinds = [path.stem for path in pathlib.Path(root, "faults", "tcp").glob("*.cc")]
    existing |= set().union(*(parameters(root, kind) for kind in [*kinds, "tls_alert"]))
    written = set()
    for _, cells in readme(root).table("key"):
        written |= set(re.findall(r"`(\w+)`", cells[0]))
        if cells[1].startswith(("table:", "array of tables:")):
            written |= set(re.findall(r"`(\w+)`", cells[1]))
    sections = {"timing", "proxy", "process", "workload", "fault", "limit", "sink", "xray"}
    yield from difference("key", written, existing - sections)


FAMILIES = [broken_links, missing_paths, unknown_commands, failing_commands, wrong_drills,
            wrong_measures, wrong_faults, wrong_keys]

# One lie each: the document, what is replaced by what, who must find it, and in which words.
PLANTED = [
    ("README.md", "(CONTRIBUTING.md)", "(CONTRIBUTE.md)", broken_links, "leads nowhere"),
    ("tests/README.md", "`laws/`", "`proxy/laws_test.cc`", missing_paths, "there is no"),
    ("CONTRIBUTING.md", "`faults/catalogue.cc`", "`faults/catalog.cc`", missing_paths,
     "there is no faults/catalog.cc"),
    ("README.md", "`scripts/bench`", "`scripts/benchmarks`", unknown_commands, "there is no"),
    ("README.md", "`faultline plan DRILL`", "`faultline show DRILL`", unknown_commands,
     "no verb show"),
    ("README.md", "scripts/matrix --times", "scripts/matrix --repeat", unknown_commands,
     "no option --repeat"),
    ("README.md", "faultline help run", "faultline help ran", failing_commands, "ended with 2"),
    ("README.md", "scripts/quickstart postgres-hang", "make quickstart", failing_commands,
     "neither run here"),
    ("README.md", 'jitter = "50ms"', "jitter = 50", wrong_drills, "not a valid drill"),
    ("README.md", '"lost == 0"', '"lost == 1"', wrong_drills, "stands in no example"),
    ("README.md", "| `lost(sink?)`", "| `gone(sink?)`", wrong_measures, "measure lost is missing"),
    ("README.md", "`told(fault, status)` | share", "`told(fault, status)` | count", wrong_measures,
     "told is a share"),
    ("README.md", "`slowest(fault)`", "`slowest(source, phase)`", wrong_measures, "as they are"),
    ("README.md", "| `stall` |", "| `freeze` |", wrong_faults, "there is no fault freeze"),
    ("README.md", "| `fail_fast` |", "| `fail_soon` |", wrong_keys, "key fail_fast is missing"),
]


class Documents(unittest.TestCase):
    def test_every_claim_of_the_documents_is_so(self):
        for family in FAMILIES:
            with self.subTest(family=family.__name__):
                self.assertEqual(list(family(CHECKOUT)), [])

    def test_a_planted_lie_is_found(self):
        with tempfile.TemporaryDirectory(prefix="faultline-documents-") as place:
            copy = pathlib.Path(place, "copy")
            shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*NOT_OURS))
            for path, truth, lie, family, words in PLANTED:
                with self.subTest(lie=lie):
                    text = source(copy, path)
                    self.assertIn(truth, text)
                    (copy / path).write_text(text.replace(truth, lie, 1), encoding="utf-8")
                    found = list(family(copy))
                    (copy / path).write_text(text, encoding="utf-8")
                    self.assertTrue(any(words in finding for finding in found), found)


if __name__ == "__main__":
    unittest.main()
