"""What scripts/matrix says without running anything: the list of its cells, and what was mistyped,
which must be told before a minute is spent on installing and building.

matrix_test.py BUILD_FOLDER   (which it does not need)
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
    sys.argv.pop(1)
SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS / "lib"))

import matrix  # noqa: E402

# Both leave a trace, and would otherwise do nothing.
TELLTALE = '#!/bin/sh\necho "$0" >> "$TRACE"\n'


class MatrixTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-matrix-"))
        self.addCleanup(shutil.rmtree, self.folder)
        scripts, programs = self.folder / "scripts", self.folder / "bin"
        shutil.copytree(SCRIPTS / "lib", scripts / "lib")
        shutil.copy(SCRIPTS / "matrix", scripts / "matrix")
        programs.mkdir()
        for stand_in in (scripts / "setup", programs / "cmake"):
            stand_in.write_text(TELLTALE)
            stand_in.chmod(0o755)
        self.trace = self.folder / "trace"
        self.environment = dict(os.environ, TRACE=str(self.trace),
                                PATH=f"{programs}:{os.environ['PATH']}")

    def matrix(self, *words):
        done = subprocess.run([self.folder / "scripts" / "matrix", *words], text=True, timeout=120,
                              cwd=self.folder, env=self.environment, capture_output=True,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def test_the_list_has_every_cell(self):
        code, out, err = self.matrix("--list")
        self.assertEqual((code, err), (0, ""))
        rows = [tuple(line.split()) for line in out.splitlines()]
        cells = [("drill", "bug", "measure")]
        for drill, bugs in matrix.TABLE.items():
            cells += [(drill, matrix.HEALTHY), *((drill, *bug) for bug in bugs.items())]
        self.assertEqual(rows, cells)
        self.assertFalse(self.trace.exists())

    def test_the_list_has_the_cells_that_were_named(self):
        code, out, _ = self.matrix("postgres-hang", "--bug", "no-dedupe", "--list")
        self.assertEqual((code, [line.split() for line in out.splitlines()][1:]),
                         (0, [["postgres-hang", "no-dedupe", "duplicated"]]))

    def test_what_is_mistyped_is_told_before_anything_is_built(self):
        for words, said in ((("postgres-outag",), 'no bugs are known for "postgres-outag"'),
                            (("--lsit",), "unrecognized arguments: --lsit"),
                            (("--bug", "none"), 'unknown bug "none"'),
                            (("spike", "--bug", "no-dedupe"), "no cell has that drill"),
                            (("--times", "0"), "--times 0: from 1 to 100"),
                            (("--list", "spik"), 'no bugs are known for "spik"')):
            with self.subTest(words):
                code, out, err = self.matrix(*words)
                self.assertEqual((code, out), (2, ""), err)
                self.assertIn(said, err)
                self.assertFalse(self.trace.exists(), "it installed or built")

    def test_what_is_right_is_installed_and_built_first(self):
        # The stand-ins build nothing, so the run itself has no verdict.
        code, _, err = self.matrix("spike")
        self.assertEqual(code, 1, err)
        self.assertEqual([pathlib.Path(line).name for line in self.trace.read_text().splitlines()],
                         ["setup", "cmake", "cmake"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
