#!/usr/bin/env python3
"""scripts/tidy finds every broken rule it promises to find, and finds none in the project."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
TIDY = CHECKOUT / "scripts" / "tidy"

FAULT = """namespace faultline {{

extern const FaultKind {name}_kind;
const FaultKind {name}_kind = {{}};

}}  // namespace faultline
"""
LISTED = """extern const FaultKind latency_kind;

const FaultKind* kinds[] = {&latency_kind};
"""

# A small house in which everything is right; violations are planted into it one at a time.
HOUSE = {
    "faults/catalogue.cc": LISTED,
    "faults/tcp/latency.cc": FAULT.format(name="latency"),
    "tests/faults/latency_test.cc": "#include <string>\n",
    "proxy/link.h": '#pragma once\n\n#include <span>\n\n#include "faults/chunk.h"\n',
    "proxy/wire/loop.cc": '#include <sys/epoll.h>\n#include <uv.h>\n\n#include "proxy/link.h"\n',
    "proxy/http_parser.cc": "#include <llhttp.h>\n",
    "scenarios/drill/drill_toml.cc": "#include <toml++/toml.h>\n",
    "scenarios/sinks/postgres.cc": "#include <libpq-fe.h>\n",
    "scenarios/cli/main.cc": "#include <spdlog/spdlog.h>\n\n#include <boost/program_options.hpp>\n",
    "examples/bridge/main.cc": '#include <libpq-fe.h>\n\n#include "pool.h"\n',
    "scripts/setup": "#!/usr/bin/env bash\nset -euo pipefail\n",
}

# What is planted where, and what tidy must say about it.
LAYERS = [
    ("faults/aim.h", '#pragma once\n\n#include "proxy/link.h"\n', "faults/ includes only std"),
    ("faults/time.cc", "#include <unistd.h>\n", "not of the standard library"),
    ("proxy/link.cc", '#include "proxy/wire/loop.h"\n', "of another layer"),
    ("proxy/link.cc", '#include "proxy/wire/engine.h"\n', "of another layer"),
    ("proxy/control/site.cc", '#include "proxy/wire/loop.h"\n', "of another layer"),
    ("proxy/link.cc", '#include "scenarios/drill/drill.h"\n', "of another layer"),
    ("proxy/link.cc", "#include <sys/socket.h>\n", "not of the standard library"),
    ("proxy/wire/loop.cc", '#include "scenarios/drill/drill.h"\n', "of another layer"),
    ("scenarios/run/runner.cc", '#include "scenarios/cli/progress.h"\n', "outside cli/"),
    ("scenarios/run/runner.cc", '#include "examples/bridge/pool.h"\n', "of another layer"),
    ("examples/bridge/http.cc", '#include "proxy/http_parser.h"\n', "shares no code"),
    ("examples/bridge/http.cc", '#include "faults/time.h"\n', "shares no code"),
]
DOORS = [
    ("scenarios/run/runner.cc", "#include <uv.h>\n", "only proxy/wire/"),
    ("proxy/link.cc", "#include <uv.h>\n", "only proxy/wire/"),
    ("tests/wire/loop_test.cc", "#include <uv.h>\n", "only proxy/wire/"),
    ("proxy/codecs/http1.cc", "#include <llhttp.h>\n", "only proxy/http_parser.cc"),
    ("scenarios/run/runner.cc", "#include <toml++/toml.h>\n", "only scenarios/drill/drill_toml.cc"),
    ("scenarios/run/runner.cc", "#include <boost/program_options.hpp>\n", "only scenarios/cli/"),
    ("proxy/wire/loop.cc", "#include <spdlog/spdlog.h>\n", "only scenarios/cli/"),
    ("scenarios/run/runner.cc", "#include <libpq-fe.h>\n", "only scenarios/sinks/"),
    ("scenarios/report/report.h", "#pragma once\n\n#include <boost/json.hpp>\n", "only .cc files"),
    ("proxy/journal.cc", "#include <boost/json.hpp>\n", "only .cc files"),
    ("scenarios/run/runner.cc", "#include <curl/curl.h>\n", "without a door"),
    ("scenarios/run/runner.cc", "#include <regex>\n", "crashes on long input"),
    ("scenarios/run/runner.cc", "static const std::regex all;\n", "crashes on long input"),
    ("tests/faults/latency_test.cc", "#include <catch2/catch.hpp>\n", "tests/support/catch.h"),
]
CATALOGUES = [
    ("faults/catalogue.cc", "extern const FaultKind latency_kind;\n", "is not listed"),
    ("faults/tcp/stall.cc", FAULT.format(name="stall"), "stall_kind is not listed"),
    ("faults/tcp/stall.cc", FAULT.format(name="stall"), "has no test"),
    ("faults/tcp/stall.cc", "#include <span>\n", "defines no FaultKind"),
    ("proxy/codecs/redis.cc", "const CodecKind redis = {};\n", "there is no such file"),
    ("scenarios/measures/loss.cc", "const MeasureKind lost = {};\n", "there is no such file"),
    ("scenarios/formats/html.cc", "const ReportFormat html = {};\n", "there is no such file"),
]
STYLE = [
    ("proxy/link.cc", "// " + "a" * 98 + "\n", "101 columns"),
    ("scripts/setup", "#!/usr/bin/env bash\n" + "# " + "a" * 99 + "\n", "101 columns"),
    ("proxy/link.cc", "int a;\n\tint b;\n", "a tab"),
    ("proxy/link.cc", "int a;\n" * 401, "401 lines"),
    ("proxy/link.cc", "// TO" "DO: finish\n", "do it, or open an issue"),
    ("README.md", "FIX" "ME\n", "do it, or open an issue"),
    ("proxy/link.h", "#include <span>\n\n#pragma once\n", "#pragma once"),
    ("proxy/link.h", "// Says what it is.\n", "#pragma once"),
    ("proxy/link_manager.cc", "int a;\n", "name the idea"),
    ("scenarios/http_utils.cc", "int a;\n", "name the idea"),
    ("proxy/link.h", "#pragma once\n\nusing namespace std;\n", "write the namespace out"),
    ("README.md", "see /ho" "me/somebody/faultline\n", "a path of one machine"),
    ("scripts/setup", "#!/bin/sh\ncd /wo" "rk/faultline\n", "a path of one machine"),
    ("proxy/wire/loop.cc", "std::shared_ptr<Loop> loop;\n", "shared ownership"),
    ("proxy/wire/loop.cc", "auto loop = std::make_shared<Loop>();\n", "shared ownership"),
    ("tests/wire/loop_test.cc", "std::this_thread::sleep_" "for(one);\n", "wait for the event"),
    ("tests/wire/loop_test.py", "time.sl" "eep(1)\n", "wait for the event"),
]
LAYOUT = [
    ("proxy/link.cc", "int   a ;\n", "not as clang-format leaves it"),
]
PLANTED = LAYERS + DOORS + CATALOGUES + STYLE + LAYOUT

ALLOWED = [
    ("proxy/control/registry.h", '#pragma once\n\n#include "proxy/wire/engine.h"\n'),
    ("proxy/wire/loop.h", "#pragma once\n\nstd::shared_ptr<const Fault> prototype;\n"),
    ("scenarios/formats/golden/json.h", "TO" "DO\tnot ours to style\n"),
    ("scenarios/drill/drill.cc", "#include <sys/stat.h>\n\n#include <boost/json.hpp>\n"),
    ("tests/cli/run_test.py", "while time.monotonic() < deadline:\n    time.sleep(0.01)\n"),
]


def judge(root):
    return subprocess.run([TIDY, "--root", root], capture_output=True, text=True, timeout=600,
                          check=False)


class Tidy(unittest.TestCase):
    def house(self, changes=()):
        root = tempfile.mkdtemp(prefix="faultline-tidy-")
        self.addCleanup(shutil.rmtree, root)
        shutil.copy(CHECKOUT / ".clang-format", root)
        for path, text in [*HOUSE.items(), *changes]:
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return root

    def test_the_small_house_is_in_order(self):
        judged = judge(self.house())
        self.assertEqual((judged.returncode, judged.stdout), (0, ""))

    def test_every_planted_violation_is_found_where_it_is(self):
        for path, text, words in PLANTED:
            if (path, text, words) in LAYOUT and not shutil.which("clang-format-19"):
                continue
            with self.subTest(path=path, words=words):
                judged = judge(self.house([(path, text)]))
                found = [line for line in judged.stdout.splitlines() if words in line]
                self.assertEqual(judged.returncode, 1, judged.stdout)
                self.assertTrue(found, f"not found; tidy said:\n{judged.stdout}")
                where = found[0].split(":")[0]
                if "no such file" not in words and "not listed" not in words:
                    self.assertEqual(where, path)
                self.assertRegex(found[0], r"^[^:]+:\d+: .+; .+")

    def test_what_is_allowed_is_not_reported(self):
        for path, text in ALLOWED:
            with self.subTest(path=path):
                judged = judge(self.house([(path, text)]))
                self.assertEqual((judged.returncode, judged.stdout), (0, ""))

    def test_a_wrong_argument_is_the_callers_mistake(self):
        for arguments in (["--rot", "."], ["--root", "no-such-folder"]):
            judged = subprocess.run([TIDY, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(judged.returncode, 2, judged.stderr)

    def test_the_project_is_in_order(self):
        judged = judge(CHECKOUT)
        self.assertEqual((judged.returncode, judged.stdout), (0, ""), judged.stdout)


if __name__ == "__main__":
    # ctest hands over the build folder, which this test has no use for.
    os.chdir(tempfile.gettempdir())
    unittest.main(argv=["tidy_test"], verbosity=1)
