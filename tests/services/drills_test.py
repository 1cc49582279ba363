"""The drills as shipped, through scripts/quickstart, against a real PostgreSQL: the healthy bridge
passes, and one bug each turns red the expectation that names it. All bugs: scripts/matrix.

drills_test.py BUILD_FOLDER
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

import matrix  # noqa: E402

BUILT = pathlib.Path(sys.argv.pop(1)).resolve()
LIMIT = 300  # seconds; for what takes less than one minute
ATTEMPTS = 4  # for a run that can be judged
LATE = 0.005  # seconds; a generator that is as late as this has to share the processors
POOL = 20  # connections of the bridge
MARK = "FAULTLINE_TEST_MARK"


def programs_with(mark):
    """pid -> name of every process whose environment at its start had the mark."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            pass
    return found


def measured_the_machine(report):
    """Why a run says nothing about the service; empty if it does say something.

    Either it says so itself: the load came late or the baseline was unstable. Or a window after the
    fault was slower than the baseline, so that full recovery, and nothing else, is undecided, and
    the generator bears witness that it was not the service alone that was slow."""
    if report["verdict"] == "invalid":
        return report["reason"]
    undecided = {matrix.measure_of(one["text"]) for one in report["expectations"]
                 if one["verdict"] != "pass"}
    lag = report["measures"]["generator.lag_p99"].get("value") or 0
    if report["verdict"] == "inconclusive" and undecided == {"recovery.full"} and lag > LATE:
        return f"{report['reason']}; the load was up to {lag * 1000:.0f} ms late"
    return ""


class Quickstart:
    """A quickstart that was started, and what it says as it says it."""

    def __init__(self, folder, *arguments):
        self.mark = f"{MARK}={uuid.uuid4()}"
        name, value = self.mark.split("=")
        self.process = subprocess.Popen(
            [ROOT / "scripts" / "quickstart", *arguments, "--built", BUILT, "--out",
             folder / "run"],
            cwd=folder, env={**os.environ, name: value, "TMPDIR": str(folder)}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines, self.news = [], threading.Condition()
        self.seen, self.under_fault = {}, False  # seen: the processes it had in its phases
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                if line.startswith("phase "):
                    self.seen |= programs_with(self.mark)
                    self.under_fault |= " fault " in line
                self.lines.append(line)
                self.news.notify_all()

    def await_fault(self):
        self._await("no fault phase", lambda: self.under_fault)

    def await_phase(self, phase):
        self._await(f"no phase {phase}", lambda: any(
            line.startswith("phase ") and phase in line for line in self.lines))

    def _await(self, otherwise, condition):
        with self.news:
            if not self.news.wait_for(condition, LIMIT):
                raise AssertionError(f"{otherwise} in:\n" + "".join(self.lines))

    def end(self):
        try:
            code = self.process.wait(LIMIT)
        finally:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait(LIMIT)
            self.reader.join(LIMIT)
            self.process.stdout.close()
        return code, "".join(self.lines)


class DrillsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.folder.chmod(0o711)  # PostgreSQL is another user, and has its data below
        self.addCleanup(shutil.rmtree, self.folder)

    def report(self):
        return json.loads((self.folder / "run" / "report.json").read_text())

    def inserts_acknowledged(self):
        lines = (self.folder / "run" / "events.jsonl").read_text().splitlines()
        exchanges = [event["exchange"] for event in map(json.loads, lines)
                     if event["kind"] == "exchange"]
        return sum(one["name"] == "INSERT" and one["told"] == "ack" for one in exchanges)

    def run_drill(self, *arguments):
        """Its exit code, report and output. A run that measured this machine and judged nothing is
        repeated, a few times; an expectation that failed is never asked again."""
        for attempt in range(1, ATTEMPTS + 1):
            quickstart = Quickstart(self.folder, *arguments)
            code, said = quickstart.end()
            self.assert_nothing_left(quickstart, said)
            self.assertTrue((self.folder / "run" / "report.json").exists(), said)
            report = self.report()
            self.assertEqual(report["exit_code"], code, said)
            why = measured_the_machine(report)
            if not why:
                break
            print(f"{' '.join(arguments)}: attempt {attempt} of {ATTEMPTS} is "
                  f"{report['verdict']}: {why}", file=sys.stderr, flush=True)
            if attempt < ATTEMPTS:
                shutil.rmtree(self.folder / "run")
        again = subprocess.run([BUILT / "faultline", "report", self.folder / "run", "--verify"],
                               text=True, capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual(again.returncode, 0, again.stderr)
        return code, report, said

    def assert_nothing_left(self, quickstart, said):
        left = programs_with(quickstart.mark)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(left, {}, said)
        self.assertEqual([file.name for file in self.folder.iterdir()], ["run"], said)
        # If they could not be seen while they ran, that none is seen now says nothing.
        self.assertLessEqual({"faultline", "bridge", "postgres"}, set(quickstart.seen.values()))

    def check_healthy(self, drill):
        code, report, said = self.run_drill(drill)
        self.assertEqual((code, report["verdict"]), (0, "pass"), said)
        self.assertEqual({one["verdict"] for one in report["expectations"]}, {"pass"}, said)
        return report

    def check_bug(self, drill, bug):
        code, report, said = self.run_drill(drill, "--bug", bug)
        self.assertEqual((code, report["verdict"]), (1, "fail"), said)
        red = {matrix.measure_of(one["text"]) for one in report["expectations"]
               if one["verdict"] == "fail"}
        self.assertIn(matrix.TABLE[drill][bug], red, said)
        # The fault struck, and it struck a service that worked.
        self.assertEqual(red & {"touched", "errors", "p99"}, set(), said)
        return report

    def test_the_outage_with_the_healthy_bridge(self):
        ledger = self.check_healthy("postgres-outage")["ledger"]
        self.assertEqual(ledger["offered"], ledger["acknowledged"] + ledger["refused"])
        self.assertGreater(ledger["refused"], 0)

    def test_the_outage_with_a_bridge_that_acknowledges_too_early(self):
        ledger = self.check_bug("postgres-outage", "ack-before-commit")["ledger"]
        self.assertEqual(ledger["acknowledged"], ledger["offered"])
        # The ledger counts rows; the codec saw what PostgreSQL told the bridge. They may differ by
        # commits whose answer the reset cut off: one a connection at most.
        told = ledger["acknowledged"] - self.inserts_acknowledged()
        self.assertGreater(ledger["lost"], 0)
        self.assertLessEqual(ledger["lost"], told)
        self.assertLessEqual(told - ledger["lost"], POOL)

    def test_the_hang_with_the_healthy_bridge(self):
        ledger = self.check_healthy("postgres-hang")["ledger"]
        self.assertEqual(ledger["acknowledged"], ledger["offered"])
        # Messages met the bridge twice or more, or `duplicated == 0` would say nothing of it.
        lines = (self.folder / "run" / "requests.jsonl").read_text().splitlines()
        attempts = [json.loads(line).get("attempt", 1) for line in lines]
        self.assertEqual(attempts.count(1), ledger["offered"])
        self.assertGreater(attempts.count(2), POOL)

    def test_the_life_of_a_breaker(self):
        measures = self.check_healthy("breaker-lifecycle")["measures"]
        counts = [tuple(measures[f"breaker.{what}(calls, agent, {number})"]["value"]
                        for what in ("failures", "calls")) for number in (1, 2, 3)]
        self.assertEqual(counts, [(5, 5), (6, 8), (5, 7)])
        page = (self.folder / "run" / "report.md").read_text()
        self.assertIn("Total circuit breaker opens: 3", page)
        self.assertIn("they agree, in order, instants and counts", page)

    def test_a_storm_of_tokens(self):
        measures = self.check_healthy("api-timeout-oauth-storm")["measures"]
        self.assertGreater(measures["at_once(whoop, /oauth/token, all)"]["n"], 5)

    def test_a_storm_of_tokens_that_nobody_shares(self):
        measures = self.check_bug("api-timeout-oauth-storm", "refresh-stampede")["measures"]
        self.assertGreater(measures["at_once(whoop, /oauth/token, all)"]["value"], 1)

    def test_the_rate_limits(self):
        measures = self.check_healthy("rate-limit")["measures"]
        for limit, passed, refused in (("sources", 200 + 380, 90), ("calls", 24, 16)):
            self.assertEqual(measures[f"limit.passed({limit})"]["value"], passed)
            self.assertEqual(measures[f"limit.refused({limit})"]["value"], refused)
        page = (self.folder / "run" / "report.md").read_text()
        self.assertIn("Declared: 100 per 10s of each source, fixed_window", page)
        self.assertIn("| 10.0.0.1 | 290 | 200 | 90 |", page)

    def test_rate_limits_that_refusals_prolong(self):
        self.check_bug("rate-limit", "rl-counts-blocked")

    def test_an_interrupt_under_the_fault(self):
        quickstart = Quickstart(self.folder, "postgres-outage")
        quickstart.await_fault()
        quickstart.process.send_signal(signal.SIGINT)
        code, said = quickstart.end()
        self.assertEqual(code, 130, said)
        self.assert_nothing_left(quickstart, said)
        self.assertEqual(self.report()["verdict"], "aborted", said)
        fault = json.loads((self.folder / "run" / "faults.json").read_text())["faults"][0]
        self.assertIn("disarmed", fault, said)

    def test_an_interrupt_during_the_audit(self):
        # The sink has to rest for longer than anybody waits.
        settings = ("workload.hooks.for=6s", "fault.outage.at=3s", "fault.outage.for=1s",
                    "sink.events.quiet=10m", "sink.events.within=20m")
        quickstart = Quickstart(self.folder, "postgres-outage",
                                *(word for one in settings for word in ("--set", one)))
        quickstart.await_phase("audit")
        quickstart.process.send_signal(signal.SIGINT)
        code, said = quickstart.end()
        self.assertEqual(code, 130, said)
        self.assert_nothing_left(quickstart, said)
        report = self.report()
        self.assertEqual((report["verdict"], report["reason"]), ("aborted", "SIGINT"), said)
        # What was offered is kept; what arrived was not read to its end, so it is not told.
        self.assertEqual(report["ledger"]["offered"], 300)
        self.assertIsNone(report["ledger"]["stored"])
        self.assertIsNone(report["ledger"]["lost"])

    def test_a_sink_with_rows_of_other_runs_is_refused_before_anything_is_broken(self):
        query = "select 'old' from generate_series(1, 3)"
        quickstart = Quickstart(self.folder, "postgres-outage", "--set",
                                f"sink.events.query={query}")
        code, said = quickstart.end()
        self.assertEqual(code, 4, said)
        self.assertIn('sink "events": before the load its query finds 3 rows already', said)
        self.assertIn('the first of them "old"; empty the table or narrow the query', said)
        self.assertNotIn("phase warm-up", said)
        self.assertEqual(list(self.folder.iterdir()), [], said)


if __name__ == "__main__":
    # Being told to end must end the drill and its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
