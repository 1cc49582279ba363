"""The drills whose load is what is looked at, through scripts/quickstart: k6-baseline with the
healthy bridge and a real PostgreSQL, in stages that are shorter still, and error-mix whole.
scripts/matrix runs spike.

workload_drills_test.py BUILD_FOLDER
"""

import collections
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
BUILT = pathlib.Path(sys.argv.pop(1)).resolve()
LIMIT = 240  # seconds, for what takes a minute and a half at most
ATTEMPTS = 4  # for a run whose load came in time


class WorkloadDrillsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.folder.chmod(0o711)  # PostgreSQL is another user, and has its data below
        self.addCleanup(shutil.rmtree, self.folder)

    def run_drill(self, drill, settings):
        """Its report. What it took is bounded by the stages, and it ends by itself."""
        words = [word for one in settings for word in ("--set", one)]
        process = subprocess.Popen(
            [ROOT / "scripts" / "quickstart", drill, *words, "--built", BUILT, "--out",
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

    def requests(self, workload):
        lines = (self.folder / "run" / "requests.jsonl").read_text().splitlines()
        return [one for one in map(json.loads, lines) if one.get("workload", 0) == workload]

    def check_passed(self, report, said):
        open_ones = [one for one in report["expectations"] if one["verdict"] != "pass"]
        self.assertEqual((report["verdict"], open_ones), ("pass", []), said)

    def check_mix(self, requests):
        """40 : 40 : 20 is dealt in rounds of five, so the shares hold up to one round."""
        kinds = collections.Counter(one.get("request", 0) for one in requests)
        for kind, share in ((0, 0.4), (1, 0.4), (2, 0.2)):
            self.assertLessEqual(abs(kinds[kind] - share * len(requests)), 2, kinds)

    def test_the_baseline_in_stages(self):
        stages = {"warm-up": 3, "base": 6, "climb": 3, "sustained": 6, "peak": 3, "stress": 6,
                  "ramp-down": 3}
        report, said = self.run_drill("k6-baseline", [
            *(f"workload.webhooks.stages.{name}.for={length}s" for name, length in stages.items()),
            f"workload.health.for={sum(stages.values())}s"])
        self.check_passed(report, said)
        requests = self.requests(0)
        self.check_mix(requests)
        # More users, more answers; and the probes were on schedule whatever the users did.
        rate = [report["measures"][f"rate(webhooks, {stage})"]["value"]
                for stage in ("base", "sustained", "stress")]
        self.assertEqual(rate, sorted(rate))
        self.assertEqual(len(self.requests(1)), 20 * sum(stages.values()))
        # A session is twenty requests of one source; a user has had two at least.
        sources = collections.Counter(one["source"] for one in requests)
        self.assertGreaterEqual(len(sources), 100)
        self.assertLessEqual(max(sources.values()), 20)
        page = (self.folder / "run" / "report.md").read_text()
        for row in ("| webhooks | warm-up | ramp, 0 users to 10 users |",
                    "| webhooks | stress | 100 users |", "maximum achieved",
                    "webhooks.healthkit", "| health | /health | all |",
                    "✓ webhooks: http_req_duration p(95) < 500"):
            self.assertIn(row, page)

    # What error-mix injects, by fault, and as what the client sees it.
    INJECTED = {"timeouts": ("timeout", 234), "gateway": ("502", 123), "limited": ("429", 45),
                "broken": ("500", 11)}

    def distribution(self, page):
        """Class -> requests, in the section of the report."""
        section = page.split("## Error distribution")[1].split("\n## ")[0]
        rows = [[cell.strip() for cell in line.strip("|").split("|")]
                for line in section.splitlines() if line.startswith("|")]
        return {row[0]: int(row[1]) for row in rows[2:]}

    def run_in_time(self, drill, settings):
        """As run_drill; a run that did not send all its load, or not in time, is repeated."""
        for attempt in range(1, ATTEMPTS + 1):
            report, said = self.run_drill(drill, settings)
            unsent = [one for one in self.requests(0) if one["outcome"] == "not_sent"]
            if (report["verdict"] != "invalid" and not unsent) or attempt == ATTEMPTS:
                break
            print(f"{drill}: attempt {attempt} of {ATTEMPTS}: {len(unsent)} requests were not "
                  f"sent; {report['reason']}", file=sys.stderr, flush=True)
            shutil.rmtree(self.folder / "run")
        return report, said

    def test_the_errors_of_the_report_are_those_that_were_injected(self):
        report, said = self.run_in_time("error-mix", [])
        self.check_passed(report, said)
        page = (self.folder / "run" / "report.md").read_text()
        self.assertEqual(self.distribution(page), dict(self.INJECTED.values()))
        # So say the load, request by request, and each fault of itself.
        ended = collections.Counter(
            str(one.get("status") or one["outcome"]) for one in self.requests(0))
        self.assertEqual(ended, {"201": 18037, **dict(self.INJECTED.values())})
        self.assertEqual({one["id"]: one["touched_messages"] for one in report["faults"]},
                         {fault: count for fault, (_, count) in self.INJECTED.items()})
        # One refusal less in the record, and both counts that it belongs to are red.
        record = self.folder / "run" / "requests.jsonl"
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        next(one for one in lines if one.get("status") == 429)["status"] = 201
        record.write_text("".join(json.dumps(one) + "\n" for one in lines))
        again = subprocess.run([BUILT / "faultline", "report", self.folder / "run", "--format",
                                "json"], text=True, capture_output=True, timeout=LIMIT, check=False)
        red = {one["text"] for one in json.loads(again.stdout)["expectations"]
               if one["verdict"] == "fail"}
        self.assertEqual(red, {"count(calls, all, 429) == 45", "count(calls, all, 201) == 18037"},
                         again.stderr)


if __name__ == "__main__":
    # Being told to end must end the drill and its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
