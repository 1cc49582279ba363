"""Layers: scenarios -> proxy -> faults -> std, never back, and the reference service apart."""

import re

# Standard headers have neither a dot nor a slash in their name.
STANDARD = re.compile(r"^[a-z_0-9]+$")

# Folder: what of the house it may include, what of it not, whether the system's headers are open to
# it, and the rule in words. The first folder that fits decides.
RULES = [
    ("faults/", ("faults/",), (), False, "faults/ includes only std and faults/"),
    ("proxy/wire/", ("faults/", "proxy/"), (), True,
     "proxy/wire/ includes only faults/ and proxy/"),
    # The control API orders the engine about; of what moves bytes it knows that one header.
    ("proxy/control/", ("faults/", "proxy/"), ("proxy/wire/",), False,
     "proxy/control/ includes only std, faults/, proxy/ outside wire/, and proxy/wire/engine.h"),
    ("proxy/", ("faults/", "proxy/"), ("proxy/wire/",), False,
     "proxy/ outside wire/ includes only std, faults/ and proxy/ outside wire/"),
    ("scenarios/cli/", ("faults/", "proxy/", "scenarios/"), (), True,
     "scenarios/ includes only faults/, proxy/ and scenarios/"),
    ("scenarios/", ("faults/", "proxy/", "scenarios/"), ("scenarios/cli/",), True,
     "scenarios/ includes only faults/, proxy/ and scenarios/ outside cli/"),
    ("examples/bridge/", ("examples/bridge/",), (), True,
     "the reference service shares no code with faultline"),
]

# Folder: what it may include though the folder of that is forbidden to it.
EXCEPTIONS = {"proxy/control/": ("proxy/wire/engine.h",)}


def findings(tree):
    for file in tree.files:
        rule = next((rule for rule in RULES if file.cpp and file.path.startswith(rule[0])), None)
        if not rule:
            continue
        _, allowed, forbidden, system, words = rule
        for line, mark, name in file.includes:
            if mark == '"':
                beside = "/" not in name and file.path.startswith("examples/")
                inside = name.startswith(allowed) and not name.startswith(forbidden)
                inside = inside or name in EXCEPTIONS.get(rule[0], ())
                if not inside and not beside:
                    yield file.path, line, f'"{name}" is of another layer; {words}'
            elif not system and not STANDARD.match(name) and not opened(file.path, name):
                yield file.path, line, f"<{name}> is not of the standard library; {words}"


def opened(path, name):
    """A door is the one exception to `only std`."""
    from rules import doors
    door = doors.door_of(name)
    return door is not None and door.opens(path)
