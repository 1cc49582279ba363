#!/usr/bin/env python3
"""What scripts/bench concludes from a run: the goals reached, and what moved since another run.

bench_test.py BUILD_FOLDER
"""

import copy
import pathlib
import sys
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.argv[1:2] = []  # nothing built is needed
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "benchmark"))

import compare  # noqa: E402
import goals  # noqa: E402
import main  # noqa: E402


def run(rate, cpu):
    return {"rate": rate, "cpu": cpu, "p99": 100.0}


def result(own_cpu=15.0, equal_cpu=20.0, close=20.0):
    rows = {"direct": run(200.0, None), "faultline": run(100.0, own_cpu),
            "haproxy": run(100.0, 20.0), "haproxy A/A": run(100.0, equal_cpu)}
    found = {"commit": "x", "started": "then", "machine": {"cpu": "one"},
             "workloads": [{"name": "redis-p1", "key": "rate", "metric": "requests", "rows": [
                 {"target": name, "runs": [of] * 3} for name, of in rows.items()]}],
             "special": [{"name": "mass-close", "figures": {"stall": close}}]}
    found["goals"] = goals.judged(found)
    return found


def verdict(found, start):
    return next(row["verdict"] for row in found["goals"] if row["what"].startswith(start))


class Whole(unittest.TestCase):
    def test_one_workload_that_fails_does_not_cost_the_others(self):
        def broken(_):
            raise RuntimeError("no answer")

        workloads = [types.SimpleNamespace(name=name, measure=measure, show=lambda found: None)
                     for name, measure in (("bad", broken), ("good", lambda bench: {"n": 1}))]
        found = {"special": [], "failed": {}, "disturbed_runs": 0, "repeated_runs": 0}
        quiet = types.SimpleNamespace(disturbed=0, repeated=0)
        with mock.patch.multiple(main, SPECIAL=workloads, chosen=lambda options: workloads), \
                mock.patch.object(main.benchmark, "Bench", lambda options, processes: quiet):
            main.measure(None, found)
        self.assertEqual(found["special"], [{"n": 1}])
        self.assertEqual(found["failed"], {"bad": "no answer"})


class Goals(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_rounds_own_ratios(self):
        found = result()
        rows = found["workloads"][0]["rows"]
        rows[1]["runs"] = [run(rate, 15.0) for rate in (10.0, 110.0, 90.0)]
        rows[2]["runs"] = [run(rate, 20.0) for rate in (10.0, 100.0, 100.0)]
        ratio = goals.Ratio("redis-p1", "rate", "faultline", "haproxy")
        self.assertEqual(ratio.read(goals.Results(found)), 1.0)

    def test_what_is_added_is_a_multiple_of_what_another_adds(self):
        rows = {"direct": 20.0, "faultline": 45.0, "toxiproxy": 120.0}
        found = {"workloads": [{"name": "paced", "rows": [
            {"target": name, "runs": [{"p50": value}]} for name, value in rows.items()]}],
                 "special": []}
        added = goals.Added("paced", "p50", "toxiproxy").read(goals.Results(found))
        self.assertEqual(added, 0.25)

    def test_a_verdict_tells_goal_from_gate(self):
        self.assertEqual(verdict(result(own_cpu=17.0), "redis-p1: CPU, faultline / haproxy"), "ok")
        self.assertEqual(verdict(result(own_cpu=19.0), "redis-p1: CPU, faultline / haproxy"),
                         "gate only")
        self.assertEqual(verdict(result(own_cpu=21.0), "redis-p1: CPU, faultline / haproxy"),
                         "missed")

    def test_a_least_is_not_taken_for_a_most(self):
        self.assertEqual(verdict(result(), "redis-p1: rate, faultline / direct"), "gate only")

    def test_what_was_not_measured_is_neither_reached_nor_missed(self):
        self.assertEqual(verdict(result(), "pgbench: rate"), "not measured")

    def test_goals_do_not_contradict_their_gates(self):
        for goal in goals.ALL:
            stricter = goal.goal >= goal.gate if goal.least else goal.goal <= goal.gate
            self.assertTrue(stricter, goal.figure.text())


class Compare(unittest.TestCase):
    def moved(self, old, new):
        return [what for what, *_ in compare.moved(old, new)[0]]

    def test_nothing_moves_between_a_run_and_itself(self):
        self.assertEqual(self.moved(result(), result()), [])

    def test_what_moved_beyond_the_noise_is_named(self):
        self.assertEqual(self.moved(result(), result(own_cpu=18.0)),
                         ["redis-p1: CPU, faultline / haproxy"])

    def test_what_two_equal_proxies_differ_by_is_noise(self):
        self.assertEqual(self.moved(result(), result(own_cpu=18.0, equal_cpu=25.0)), [])

    def test_under_a_twentieth_nothing_is_a_finding(self):
        self.assertEqual(self.moved(result(), result(own_cpu=15.6)), [])

    def test_figures_without_an_equal_pair_need_a_quarter(self):
        self.assertEqual(self.moved(result(), result(close=24.0)), [])
        self.assertEqual(self.moved(result(), result(close=200.0)),
                         ["mass-close: longest stall of a message, ms"])

    def test_figures_that_only_one_run_has_do_not_move(self):
        old = copy.deepcopy(result())
        old["workloads"], old["special"] = [], []
        old["goals"] = goals.judged(old)
        self.assertEqual(self.moved(old, result()), [])


if __name__ == "__main__":
    unittest.main()
