"""A rate limit that says as a date when to come back: judged by the wall clock of the run.

limit_run_test.py BUILD_FOLDER
"""

import sys
import time
import unittest

from faultline_case import SERVICE, FaultlineTest

DRILL = """name = "limited"
seed = 7
ports = ["app"]
expect = ["limit.refused(posts) >= 1", "limit.untold(posts) == 0",
          "limit.told_early(posts) < 500ms", "limit.told_late(posts) < 1500ms"]
[timing]
warmup = "100ms"
[[proxy]]
name = "front"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:${{port.app}}"
protocol = "http"
[[process]]
name = "app"
command = ["{python}", "{service}", "${{port.app}}", "{mode}", "{marker}"]
ready = {{ http = "http://127.0.0.1:${{port.app}}/", within = "30s" }}
[[workload]]
name = "hooks"
through = "front"
model = "rate"
rate = "20/s"
for = "5s"
timeout = "2s"
[[limit]]
name = "posts"
on = "front"
requests = 5
window = "2s"
key = "all"
tolerance = "50ms"
"""


class LimitRunTest(FaultlineTest):
    def measured(self, mode):
        """What the drill says of when clients were told to come back: early and late, at least and
        at most. Bounds that hold however slow the machine is."""
        self.out = self.folder / mode
        (self.folder / "drill.toml").write_text(DRILL.format(
            python=sys.executable, service=SERVICE, mode=mode, marker=self.marker))
        began = time.time()
        code, out, err = self.running("run", "drill.toml", "--out", self.out).end()
        wall_zero = self.json("run.json")["wall_zero"] / 1e9
        self.assertTrue(began <= wall_zero <= time.time(), out + err)
        self.assertIn(code, (0, 1, 3), out + err)
        measures = self.json("report.json")["measures"]
        self.assertEqual(measures["limit.untold(posts)"]["value"], 0, out)
        early, late = (measures[f"limit.told_{which}(posts)"] for which in ("early", "late"))
        for one in early, late:
            self.assertEqual((one["certainty"], one["reason"]), ("known", ""), out)
            self.assertGreater(one["n"], 20, out)
        return early, late

    def test_true_dates_are_early_by_nothing_and_late_by_less_than_a_second(self):
        early, late = self.measured("limited")
        self.assertLessEqual(early["low"], 0.01)
        self.assertLessEqual(late["low"], 1.01)

    def test_dates_that_lie_are_found_out(self):
        early, late = self.measured("liar")
        self.assertEqual(early["low"], 0)
        self.assertTrue(3500 < late["low"] <= late["high"] < 3700, late)


if __name__ == "__main__":
    unittest.main(verbosity=2)
