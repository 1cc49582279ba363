"""`faultline xray breaker` on services whose breaker is known, and the judge that holds its answers
against the truth. A few cases, which are quick; scripts/xray runs all of them.

xray_breakers_test.py BUILD_FOLDER
"""

import copy
import dataclasses
import pathlib
import signal
import sys
import unittest
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "breakers"))

import libraries  # noqa: E402
import proof  # noqa: E402
from judge import judge  # noqa: E402
from truth import Calls, OneOf, Seconds, Span, Truth, counts, in_a_row, ratio  # noqa: E402

FAULTLINE = ""
LIMIT = 60  # seconds for one call; for what takes milliseconds


def found(value, low=None, high=None):
    ends = {} if low is None else {"low": low, "high": high}
    return {"state": "found", "value": value, **ends, "evidence": "as it was played"}


UNTOLD = {"state": "not_exercised", "evidence": "no time left"}
TRUTH = ratio(0.5, 6, Seconds(Span(4, 5)), open_duration=2.0, client_timeout=0.6)
RIGHT = {
    "rule": found("ratio"), "threshold": found(0.5, 0.45, 0.55), "comparison": found(">="),
    "minimum_calls": found(6), "window": found("time", 3.9, 4.6),
    "counts": found(counts()), "open_duration": found(2.0, 1.95, 2.05),
    "backoff": found("constant"), "half_open_concurrency": found(1),
    "half_open_others": found("rejected"), "successes_to_close": found(1),
    "failures_to_reopen": found(1), "rejected_extend": found(False),
    "client_timeout": found(0.6, 0.58, 0.65), "attempts_per_call": found(1),
    "hung_probe": found("recovers"),
}


class JudgeTest(unittest.TestCase):
    """The judge finds whatever is false, wherever it is."""

    def test_right_answers_are_right(self):
        self.assertEqual(str(judge(TRUTH, RIGHT)), "")
        self.assertTrue(judge(TRUTH, RIGHT).right)

    def test_each_wrong_answer_is_found(self):
        wrong = {
            "rule": found("consecutive"), "threshold": found(0.6, 0.55, 0.65),
            "comparison": found(">"), "minimum_calls": found(5),
            "window": found("calls", 10, 10), "open_duration": found(2.5, 2.4, 2.6),
            "backoff": found("growing"), "half_open_concurrency": found(2),
            "half_open_others": found("queued"), "successes_to_close": found(2),
            "failures_to_reopen": found(2), "rejected_extend": found(True),
            "client_timeout": found(0.8, 0.75, 0.85), "attempts_per_call": found(2),
            "hung_probe": found("stuck"), "counts": found(counts(ignored=("404",))),
        }
        self.assertEqual(set(wrong), set(RIGHT))
        for name, answer in wrong.items():
            with self.subTest(name):
                verdict = judge(TRUTH, {**RIGHT, name: answer})
                self.assertEqual((len(verdict.wrong), verdict.untold), (1, []))
                self.assertIn(name, verdict.wrong[0])

    def test_each_wrong_truth_is_found(self):
        for name, fact in {"rule": "count", "threshold": 0.7, "comparison": ">",
                           "minimum_calls": 7, "window": Calls(10), "open_duration": 2.2,
                           "counts": counts(failure=("slow",)), "half_open_concurrency": 2,
                           "client_timeout": 0.5, "hung_probe": OneOf("stuck", "not_blocking"),
                           "rejected_extend": True}.items():
            with self.subTest(name):
                truth = dataclasses.replace(TRUTH, facts={**TRUTH.facts, name: fact})
                self.assertEqual(len(judge(truth, RIGHT).wrong), 1)

    def test_what_could_have_been_told_must_be(self):
        for name in RIGHT:
            with self.subTest(name):
                answers = {**RIGHT, name: UNTOLD}
                verdict = judge(TRUTH, answers)
                self.assertEqual((verdict.wrong, len(verdict.untold)), ([], 1))
                tolerant = dataclasses.replace(TRUTH, untold=(name,))
                self.assertTrue(judge(tolerant, answers).right)

    def test_no_answer_no_evidence_and_no_breaker_are_wrong(self):
        for name in RIGHT:
            with self.subTest(name):
                missing = {key: value for key, value in RIGHT.items() if key != name}
                self.assertFalse(judge(TRUTH, missing).right)
                for change in ({"evidence": ""}, {"state": "no_breaker_seen"},
                               {"state": "unknown"}):
                    answers = {**RIGHT, name: {**RIGHT[name], **change}}
                    self.assertEqual(len(judge(TRUTH, answers).wrong), 1)

    def test_an_interval_that_says_nothing_is_wrong(self):
        for name, answer in {"threshold": found(0.5, 0, 1), "open_duration": found(2.0, 0, 60),
                             "window": found("time", 0, 600),
                             "client_timeout": found(0.6, 0.1, 2)}.items():
            with self.subTest(name):
                self.assertIn("too wide", str(judge(TRUTH, {**RIGHT, name: answer})))

    def test_a_class_left_out_is_untold(self):
        answers = copy.deepcopy(RIGHT)
        del answers["counts"]["value"]["garbage"]
        self.assertEqual(judge(TRUTH, answers).untold, ["counts.garbage"])

    def test_a_breaker_where_there_is_none_is_wrong(self):
        truth = Truth({"client_timeout": 0.6, "attempts_per_call": 1})
        answers = {name: {"state": "no_breaker_seen", "evidence": "200 failures in a row"}
                   for name in RIGHT}
        answers |= {name: RIGHT[name] for name in truth.facts}
        self.assertEqual(str(judge(truth, answers)), "")
        self.assertEqual(len(judge(truth, {**answers, "rule": found("ratio")}).wrong), 2)
        self.assertFalse(judge(truth, {**answers, "rule": UNTOLD}).right)


class ServicesTest(unittest.TestCase):
    """The services are what their truths say: they open, reject without asking, and ask again."""

    def call(self, port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/call", timeout=LIMIT) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def opens(self, case):
        """How many failed calls it takes until one does not reach the upstream; None after 30."""
        service, configuration = proof.split(case)
        stub = proof.Stub()
        self.addCleanup(stub.close)
        upstream = f"http://127.0.0.1:{stub.port}/rates"
        with proof.Started(service.command(), upstream, configuration) as started:
            self.assertEqual(self.call(started.port)[0], 200)
            stub.status = 503
            for number in range(30):
                asked = stub.asked
                answer = self.call(started.port)
                if stub.asked == asked:
                    self.assertEqual(self.call(started.port), answer)
                    return number
                self.assertGreaterEqual(answer[0], 500)
            return None

    def test_the_home_made_ones_open_when_their_truth_says(self):
        # After one success; a ratio needs its minimum of calls, of which that was one.
        expected = {"zoo/four-in-a-row": 4, "zoo/at-half": 4, "zoo/above-half": 3,
                    "zoo/full-window": 6, "zoo/three-of-last-eight": 3, "zoo/retries-inside": 3,
                    "zoo/retries-outside": 3, "zoo/stale-fallback": 3, "zoo/looks-the-same": 5,
                    "zoo/none": None}
        for case, number in expected.items():
            with self.subTest(case):
                self.assertEqual(self.opens(case), number)

    def test_pybreaker_opens_when_its_truth_says(self):
        try:
            libraries.Pybreaker().prepare()
        except libraries.Skipped as reason:
            self.skipTest(f"pybreaker: {reason}")
        self.assertEqual(self.opens("pybreaker/plain"), 4)
        self.assertEqual(self.opens("pybreaker/excluding"), 3)


class XrayTest(unittest.TestCase):
    """The X-ray itself, on one of the cases: most of it is waiting."""

    def check(self, case, answers, seconds):
        service, configuration = proof.split(case)
        truth = service.truths[configuration]
        self.assertEqual(str(judge(truth, answers)), "", f"{case}, after {seconds:.0f} s")
        # It can fail: each fact, told wrongly, contradicts what was found.
        for name, lie in {"rule": "ratio", "threshold": 7, "open_duration": 5.0,
                          "successes_to_close": 5, "half_open_others": "none",
                          "client_timeout": 2.0, "rejected_extend": True,
                          "counts": counts(success=("500",)), "hung_probe": "stuck"}.items():
            wrong = dataclasses.replace(truth, facts={**truth.facts, name: lie})
            self.assertEqual([line.split(":")[0] for line in judge(wrong, answers).wrong], [name])

    def test_the_answers_are_true(self):
        self.check("zoo/four-in-a-row", *proof.xray(str(FAULTLINE), "zoo/four-in-a-row"))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    FAULTLINE = pathlib.Path(sys.argv.pop(1)).resolve() / "faultline"
    # Being told to end must end what was started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
