"""The parameters of a kind of fault, read from its source."""

import pathlib
import re

from document import source


def parameters(root, kind):
    """The names of a fault's own parameters, those of a header that it includes among them."""
    if not pathlib.Path(root, "faults", "tcp", f"{kind}.cc").exists():
        return parameters_of_family(root, kind)
    text = source(root, f"faults/tcp/{kind}.cc")
    names = set(re.findall(r'\{\.name = "(\w+)"', text))
    for header in re.findall(r'#include "(faults/tcp/\w+\.h)"', text):
        names |= set(re.findall(r'\.name = "(\w+)"', source(root, header)))
    return names


def parameters_of_family(root, kind):
    """The same of a kind in a family of faults/http/ or faults/tls/, without those of the aim."""
    for path in pathlib.Path(root, "faults").glob("[ht]*/*.cc"):
        text = path.read_text()
        table = re.search(rf"\b{kind}_kind = {{(?:(?!_kind = ).)*?\.parameters = \w+::(\w+)", text,
                          re.DOTALL)
        if table:
            table = re.search(rf"constexpr [\w:<>, ]+ {table[1]} =.*?(?=\nconstexpr|\n\n)", text,
                              re.DOTALL)
            names = set(re.findall(r'\.name = "(\w+)"', table[0]))
            for shared in re.findall(r"\b(\w+_parameter)\b", table[0]):
                pattern = rf'Parameter {shared}\b.*?\.name = "(\w+)"'
                names.add(re.search(pattern, text, re.DOTALL)[1])
            return names
    return set()
