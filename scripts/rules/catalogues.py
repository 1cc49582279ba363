"""Catalogues: what exists is listed where users see it, and has a test file."""

import re
from typing import NamedTuple


class Shelf(NamedTuple):
    folder: str     # where entries live
    entry: str      # the type that makes a file an entry
    catalogue: str  # the file that lists them
    tests: str      # where their tests live
    strict: bool    # every source file of the folder is an entry


SHELVES = [
    Shelf("faults/tcp/", "FaultKind", "faults/catalogue.cc", "tests/faults/", True),
    Shelf("faults/toxics/", "FaultKind", "faults/toxics/catalogue.cc", "tests/faults/", True),
    Shelf("proxy/codecs/", "CodecKind", "proxy/codecs/catalogue.cc", "tests/proxy/", False),
    Shelf("scenarios/measures/", "MeasureKind", "scenarios/measures/catalogue.cc",
          "tests/scenarios/", False),
    Shelf("scenarios/formats/", "ReportFormat", "scenarios/formats/catalogue.cc",
          "tests/scenarios/", False),
]
COMMENT = re.compile(r"//.*|extern\b[^;]*;")


def findings(tree):
    for shelf in SHELVES:
        sources = [file for file in tree.under(shelf.folder)
                   if file.path.endswith(".cc") and file.stem != "catalogue"]
        if not sources:
            continue
        catalogue = tree.by_path.get(shelf.catalogue)
        if not catalogue:
            yield shelf.catalogue, 1, f"there is no such file; it lists what is in {shelf.folder}"
            continue
        # Declarations and comments do not put anything on the list.
        listed = COMMENT.sub("", catalogue.text)
        tests = [file for folder in (shelf.tests, "tests/laws/") for file in tree.under(folder)
                 if file.path.endswith(".cc")]
        stems = {file.stem for file in sources}
        for file in sources:
            names = defined(file, shelf.entry)
            if not names:
                # latency_queue.cc beside latency.cc is a part of it.
                part = any(file.stem.startswith(stem + "_") for stem in stems)
                if shelf.strict and not part:
                    yield (file.path, 1, f"defines no {shelf.entry}; every file of {shelf.folder} "
                           f"is an entry of {shelf.catalogue} or a part of one")
                continue
            for line, name in names:
                if not re.search(rf"\b{name}\b", listed):
                    yield file.path, line, f"{name} is not listed; add it to {shelf.catalogue}"
            called = {file.stem, *called_by_users(file, shelf.entry)}
            if not any(tests_it(test, file.stem, called) for test in tests):
                yield (file.path, 1, f"has no test; write {shelf.tests}{file.stem}_test.cc, or "
                       f'name "{min(called)}" in a test file there')


def tests_it(test, stem, called):
    """By its own name, or, where one file tests several, by naming the entry as users do."""
    return (test.stem == stem or test.stem.startswith(stem + "_")
            or any(f'"{name}"' in test.text for name in called))


def called_by_users(file, entry):
    """The first text in each entry of the file: "p99" in `MeasureKind p99 = {"p99", …`."""
    return re.findall(rf'\b{entry} \w+\s*=\s*\{{\s*(?:\.name\s*=\s*)?"([^"]+)"', file.text)


def defined(file, entry):
    """(line, name) of the constants of the entry's type; a declaration alone is not one."""
    pattern = re.compile(rf"^(?:(?:extern|inline|constinit|constexpr|const) )+{entry} "
                         r"(\w+)\s*(?:\[\w*\])?\s*[={]")
    return [(line, match.group(1)) for line, match in file.matching(pattern)]
