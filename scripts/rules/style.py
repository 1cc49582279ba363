"""Style: what a reader may rely on in every file, and clang-format does not see."""

import os
import re

COLUMNS = 100
LINES = 400

# Split, so that this file may hold them.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(work|home|root)/" r"\w")
NO_IDEA = {"manager", "helper", "util", "common", "misc", "info", "handler", "context"}
SHARED = re.compile(r"\bstd::(shared_ptr\s*<(?!\s*const\b)|make_shared\b)")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|time\.sleep|(?<![\w.])sleep)\s*\(")
USING = re.compile(r"^\s*using\s+namespace\b")


def findings(tree):
    for file in tree.files:
        yield from name(file)
        if file.data:
            continue
        yield from content(file)
        if file.code or file.path.endswith(("CMakeLists.txt", ".cmake", ".toml")):
            yield from shape(file)
        if file.header:
            yield from header(file)
        if file.cpp and file.path.startswith("proxy/wire/"):
            for line, _ in file.matching(SHARED):
                yield (file.path, line, "shared ownership in the data plane; let one own it and "
                       "the others hold an id (of what never changes it may be: "
                       "shared_ptr<const …>)")
        if file.code and file.path.startswith("tests/"):
            yield from sleeps(file)


def name(file):
    words = re.split(r"[_.\-]", os.path.basename(file.path).lower())
    for word in words:
        if word in NO_IDEA or word.endswith("s") and word[:-1] in NO_IDEA:
            yield file.path, 1, f'"{word}" in a name says nothing; name the idea'


def content(file):
    for line, match in file.matching(UNFINISHED):
        yield file.path, line, f"{match.group(1)}; do it, or open an issue"
    for line, match in file.matching(MACHINE_PATH):
        yield (file.path, line, f'"{match.group(0)}…" is a path of one machine; make it relative '
               "to the checkout")


def sleeps(file):
    """A Python test may sleep between two looks at something, up to a deadline that is near by."""
    for line, match in file.matching(SLEEP):
        around = " ".join(file.lines[max(0, line - 10):line + 3])
        if file.cpp or "monotonic" not in around and "deadline" not in around:
            yield (file.path, line, f"{match.group(1)} in a test; wait for the event itself, with "
                   "a generous limit")


def shape(file):
    for line, text in enumerate(file.lines, 1):
        if "\t" in text:
            yield file.path, line, "a tab; indent with spaces"
        if len(text) > COLUMNS:
            yield file.path, line, f"{len(text)} columns; at most {COLUMNS}"
    if len(file.lines) > LINES:
        yield (file.path, LINES + 1,
               f"{len(file.lines)} lines; beyond {LINES} a file wants to be two")


def header(file):
    if not file.lines or file.lines[0] != "#pragma once":
        yield file.path, 1, "does not begin with #pragma once; it is a header's first line"
    for line, _ in file.matching(USING):
        yield file.path, line, "`using namespace` in a header; write the namespace out"
