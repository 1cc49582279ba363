"""Doors: every third-party library is included in one place, and std::regex nowhere."""

import re
from typing import NamedTuple, Pattern


class Door(NamedTuple):
    library: str
    header: Pattern
    place: Pattern
    words: str

    def opens(self, path):
        return bool(self.place.search(path))


def door(library, header, place, words):
    return Door(library, re.compile(header), re.compile(place), words)


DOORS = [
    door("libuv", r"^uv(\.h$|/)", r"^proxy/wire/", "only proxy/wire/ includes it"),
    door("OpenSSL", r"^openssl/", r"^(proxy/wire/tls_[a-z_]+|tests/wire/tls_[a-z_]+)\.(cc|h)$",
         "only proxy/wire/tls_*.cc include it, and their tests"),
    door("llhttp", r"^llhttp", r"^proxy/http_parser\.cc$", "only proxy/http_parser.cc includes it"),
    door("toml++", r"^toml(\.hpp$|\+\+/)", r"^scenarios/drill/drill_toml\.cc$",
         "only scenarios/drill/drill_toml.cc includes it"),
    door("Program_options", r"^boost/program_options", r"^scenarios/cli/",
         "only scenarios/cli/ includes it"),
    door("spdlog", r"^(spdlog|fmt)/", r"^scenarios/cli/", "only scenarios/cli/ includes it"),
    door("libpq", r"^(libpq|postgres_ext|pg_config)", r"^(scenarios/sinks|examples/bridge)/",
         "only scenarios/sinks/ and examples/bridge/ include it"),
    # Compiled once, in proxy/boost_json.cc; the reference service has its own copy.
    door("Boost.JSON", r"^boost/json", r"^(proxy/(boost_json|control/json_value)|"
         r"((tests/)?scenarios|tests/(laws|control)|examples/bridge)/.*)\.cc$",
         "only .cc files include it: proxy/control/json_value.cc, those of scenarios/, of their "
         "tests and of examples/bridge/"),
    door("prometheus-cpp", r"^prometheus/", r"^proxy/control/metrics\.cc$",
         "only proxy/control/metrics.cc includes it"),
    # Of POSIX, what does no I/O: the struct iovec, and reading and writing addresses as text.
    door("POSIX", r"^(sys/uio|arpa/inet)\.h$",
         r"^((tests|proxy|scenarios|examples|scripts)/|faults/prefix\.cc$)",
         "faults/prefix.cc and proxy/ include it, and what is above"),
    door("Catch2", r"^catch2/", r"^tests/support/", "tests include tests/support/catch.h"),
]

# What the C library and the kernel offer; whose layer may use it is a matter of layers.py.
SYSTEM = re.compile(
    r"^((sys|net|netinet|arpa|linux|sanitizer)/[a-z0-9_/]+\.h|"
    r"(assert|ctype|dirent|errno|fcntl|fnmatch|getopt|grp|ifaddrs|inttypes|limits|link|locale|"
    r"malloc|math|netdb|poll|pthread|pwd|sched|semaphore|signal|spawn|stdarg|stddef|stdint|stdio|"
    r"stdlib|string|strings|syslog|termios|time|ucontext|unistd|wchar)\.h|[a-z_0-9]+)$")
REGEX = re.compile(r"\bstd::(w?regex|[ws]match|regex_\w+)\b|#\s*include\s*<regex>")


def door_of(name):
    return next((door for door in DOORS if door.header.search(name)), None)


def findings(tree):
    for file in tree.files:
        if not file.cpp:
            continue
        for line, mark, name in file.includes:
            found = door_of(name)
            if found and not found.opens(file.path):
                yield file.path, line, f"<{name}> of {found.library}; {found.words}"
            elif not found and mark == "<" and not SYSTEM.match(name):
                yield (file.path, line, f"<{name}> is of a library without a door; give it one in "
                       "scripts/rules/doors.py")
        for line, match in file.matching(REGEX):
            yield (file.path, line, f"{match.group(0)} recurses, and crashes on long input; "
                   "compare by hand or by glob")
