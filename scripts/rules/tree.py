"""The files under judgement, read once."""

import functools
import os
import re
import subprocess

# Not ours to style: made by fuzzers, recorded, or quoted whole.
DATA = re.compile(r"(^|/)(corpus|golden|data)/|^LICENSE$")
SHELL = re.compile(rb"#!.*\b(bash|sh)\b")
PYTHON = re.compile(rb"#!.*\bpython3?\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class File:
    def __init__(self, root, path):
        self.path = path
        self.stem = os.path.basename(path).split(".")[0]
        with open(os.path.join(root, path), "rb") as source:
            content = source.read()
        self.data = bool(DATA.search(path)) or b"\0" in content
        self.text = content.decode("utf-8", errors="replace")
        self.lines = self.text.splitlines()
        self.header = path.endswith(".h")
        self.cpp = path.endswith((".h", ".cc"))
        self.code = self.cpp or path.endswith((".py", ".sh")) or bool(
            SHELL.match(content) or PYTHON.match(content))

    @functools.cached_property
    def includes(self):
        """(line, "<" or '"', name) of every include."""
        matches = ((n, INCLUDE.match(line)) for n, line in enumerate(self.lines, 1))
        return [(n, m.group(1), m.group(2)) for n, m in matches if m]

    def matching(self, pattern):
        """(line, match) of every line in which the pattern is found."""
        for n, line in enumerate(self.lines, 1):
            match = pattern.search(line)
            if match:
                yield n, match


class Tree:
    def __init__(self, root):
        self.root = str(root)
        self.files = [File(root, path) for path in sorted(self._paths())]
        self.by_path = {file.path: file for file in self.files}

    def under(self, folder):
        return [file for file in self.files if file.path.startswith(folder)]

    def _paths(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            listed = subprocess.run(
                # A checkout may belong to somebody else, when root runs the tests.
                ["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-z", "--cached",
                 "--others", "--exclude-standard"],
                check=True, capture_output=True, text=True).stdout
            # Deleted and not yet committed is still listed.
            return {path for path in listed.split("\0")
                    if path and os.path.isfile(os.path.join(self.root, path))}
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in ("build", "__pycache__")]
            found.update(os.path.relpath(os.path.join(folder, name), self.root) for name in names)
        return found
