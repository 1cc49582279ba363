"""The X-ray as a drill, as shipped, through scripts/quickstart: the healthy bridge keeps the
contract, and one whose refused calls keep its breaker open is red on the answer that says so. The
other bugs: scripts/matrix.

xray_drill_test.py BUILD_FOLDER
"""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

import matrix  # noqa: E402

BUILT = pathlib.Path(sys.argv.pop(1)).resolve()
LIMIT = 720  # seconds; the drill gives the X-ray ten minutes, and it needs one or two
COUNTS = {"404": "ignored", "429": "ignored", "500": "failure"}


class XrayDrillTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.folder.chmod(0o711)  # PostgreSQL is another user, and has its data below
        self.addCleanup(shutil.rmtree, self.folder)

    def run_drill(self, *arguments):
        """Its report. It ends by itself, and is ended where it does not."""
        process = subprocess.Popen(
            [ROOT / "scripts" / "quickstart", "breaker-xray", *arguments, "--built", BUILT, "--out",
             self.folder / "run"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said, _ = process.communicate(timeout=LIMIT)
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=LIMIT)
        self.assertTrue((self.folder / "run" / "report.json").exists(), said)
        report = json.loads((self.folder / "run" / "report.json").read_text())
        self.assertEqual(report["exit_code"], process.returncode, said)
        return report, said

    def test_the_healthy_bridge_keeps_the_contract(self):
        report, said = self.run_drill()
        open_ones = [one for one in report["expectations"] if one["verdict"] != "pass"]
        self.assertEqual((report["verdict"], open_ones), ("pass", []), said)
        answers = report["xray"]
        self.assertEqual(answers["threshold"]["state"], "confirmed")
        self.assertEqual((answers["threshold"]["low"], answers["threshold"]["high"]), (5, 5))
        self.assertEqual({one: answers["counts"]["value"][one] for one in COUNTS}, COUNTS)
        # What nothing is promised of is told all the same.
        self.assertEqual(answers["attempts_per_call"]["state"], "found")

    def test_a_breaker_that_refused_calls_keep_open_is_told_from_a_sound_one(self):
        report, said = self.run_drill("--bug", "cb-extends")
        self.assertEqual(report["verdict"], "fail", said)
        red = {matrix.measure_of(one["text"]) for one in report["expectations"]
               if one["verdict"] == "fail"}
        self.assertIn(matrix.TABLE["breaker-xray"]["cb-extends"], red, said)
        self.assertIs(report["xray"]["rejected_extend"]["value"], True)


if __name__ == "__main__":
    # Being told to end must end the drill and its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
