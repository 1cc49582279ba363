"""The documents of a checkout, read: prose, fences and tables, each with its line."""

import os
import pathlib
import re

NOT_OURS = {".git", "build", "faultline-runs", "__pycache__"}
CODE = re.compile(r"`([^`]+)`")


class Document:
    def __init__(self, root, path):
        self.path = path
        self.folder = os.path.dirname(path)
        self.prose = []   # (line number, text) outside of fences
        self.fences = []  # (language, number of the first line, lines)
        fence = None
        text = pathlib.Path(root, path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("```"):
                if fence is None:
                    fence = (line.strip()[3:], number + 1, [])
                    self.fences.append(fence)
                else:
                    fence = None
            elif fence is not None:
                fence[2].append(line)
            else:
                self.prose.append((number, line))

    def table(self, head):
        """(line number, cells) of each row of the table whose first column is called so."""
        rows, inside = [], False
        for number, line in self.prose:
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if not line.startswith("|"):
                inside = False
            elif inside and not line.startswith("|---"):
                rows.append((number, cells))
            elif cells[0] == head:
                inside = True
        return rows


def documents(root):
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(set(inner) - NOT_OURS)
        for name in sorted(files):
            if name.endswith(".md"):
                yield Document(root, os.path.relpath(os.path.join(folder, name), root))


def readme(root):
    return Document(root, "README.md")


def source(root, path):
    return pathlib.Path(root, path).read_text(encoding="utf-8")


def spans(rows):
    return {span: (number, cells) for number, cells in rows for span in CODE.findall(cells[0])}
