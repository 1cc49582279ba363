#!/usr/bin/env python3
"""The reference service through outages of a real PostgreSQL, healthy and with each bug switched
on: what it does wrong must be visible to a client or in the table.

usage: bridge_outage_test.py BUILD-FOLDER-OR-BRIDGE [unittest arguments]
"""

import collections
import statistics
import time

# The two functions are found by unittest under these names.
from bridge_case import BridgeTest, run, setUpModule, tearDownModule
from pg_sandbox import Load, wait_until


# Before the order for the fault, when it was in force, and before the order for its end.
Times = collections.namedtuple("Times", "ordered struck ended")


class OutageTest(BridgeTest):
    def run_outage(self, *options, fault, seconds=3.0, after=3.0):
        """50 requests a second through an outage; the bridge, the results, and the times."""
        bridge = self.start(*options)
        load = Load(bridge, 50, "o")
        wait_until("steady traffic", lambda: bridge.metric("accepted_total") >= 50)
        ordered = time.monotonic()
        fault()
        struck = time.monotonic()
        time.sleep(seconds)  # the outage itself, not a synchronisation
        ended = time.monotonic()
        self.link.heal()
        if not options or options[-1] not in ("no-reconnect", "no-deadline"):
            self.wait_event(bridge, "dependency_up", 2)
        time.sleep(after)  # how long is looked at afterwards
        results = load.finish()
        self.assertTrue(all(r["status"] for r in results), "a request without an answer")
        return bridge, results, Times(ordered, struck, ended)

    @staticmethod
    def errors_after_first_success(results, times):
        first = min((r["answered"] for r in results
                     if r["sent"] >= times.ended and r["status"] == 202), default=None)
        if first is None:
            return None
        return [r for r in results if r["sent"] >= first and r["status"] != 202]

    def lost(self, results):
        stored = self.stored()
        return [r["id"] for r in results if r["status"] == 202 and r["id"] not in stored]


class Outage(OutageTest):
    def check_healthy(self, fault, *options):
        bridge, results, times = self.run_outage(*options, fault=fault, seconds=5.0)
        # It has three seconds to know; then nobody waits any more, whatever the deadlines are.
        during = [r for r in results if times.struck + 3 <= r["sent"] < times.ended]
        self.assertGreaterEqual(len(during), 30)
        self.assertEqual({(r["status"], r["reason"]) for r in during}, {(503, "pg")})
        self.assertLess(statistics.median(r["answered"] - r["sent"] for r in during), 0.5)
        self.assertEqual(self.errors_after_first_success(results, times), [])
        self.assertEqual(self.lost(results), [])
        self.assertEqual([r for r in results
                          if r["answered"] < times.ordered and r["status"] != 202], [])
        self.assertEqual((bridge.count("dependency_down"), bridge.count("dependency_up")), (1, 2))
        wait_until("a full pool", lambda: bridge.metric("pg_pool_open") == 20)
        self.assertEqual(bridge.metric("pg_pool_in_use"), 0)
        return bridge

    def test_after_a_cut_nothing_fails_any_more_and_nothing_is_lost(self):
        self.check_healthy(self.link.cut)

    def test_after_a_stall_nothing_fails_any_more_and_nothing_is_lost(self):
        self.check_healthy(self.link.stall, "--statement-deadline", "1500ms")

    def test_without_traffic_the_end_and_the_return_are_noticed(self):
        bridge = self.start()
        self.link.cut()
        self.wait_event(bridge, "dependency_down")
        self.link.heal()
        self.wait_event(bridge, "dependency_up", 2)
        self.assertEqual(bridge.post("first").status, 202)

    def test_one_connection_ended_by_the_server_is_replaced_unnoticed(self):
        bridge = self.start("--pool", "3")
        before = bridge.metric("pg_connects_total")
        self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                   f"'{self.database}' AND pid <> pg_backend_pid() LIMIT 1")
        wait_until("a new connection", lambda: bridge.metric("pg_connects_total") == before + 1)
        self.assertEqual([bridge.post(f"t{n}").status for n in range(6)], [202] * 6)
        self.assertEqual(bridge.count("dependency_down"), 0)

    def test_a_restart_of_the_server_is_survived(self):
        bridge = self.start()
        self.server.stop()
        try:
            self.wait_event(bridge, "dependency_down")
            self.assert_refused(bridge.post("away"), "pg")
        finally:
            self.server.start()
        self.wait_event(bridge, "dependency_up", 2)
        self.assertEqual(bridge.post("back").status, 202)

    def test_a_bridge_may_start_before_its_postgres(self):
        self.link.cut()
        bridge = self.start(ready=False)
        self.assertEqual(bridge.get("/health/live").status, 200)
        self.assert_refused(bridge.get("/health/ready"), "pg")
        self.assert_refused(bridge.post("early"), "pg")
        self.link.heal()
        wait_until("ready", lambda: bridge.get("/health/ready").status == 200)
        self.assertEqual(bridge.post("early").status, 202)

    def test_readiness_follows_postgres_only_when_asked_to(self):
        on, off = self.start("--ready-pg", "on"), self.start()
        self.link.cut()
        for bridge in (on, off):
            self.wait_event(bridge, "dependency_down")
        self.assert_refused(on.get("/health/ready"), "pg")
        self.assertEqual(off.get("/health/ready").status, 200)


class Bugs(OutageTest):
    def test_ack_before_commit_loses_acknowledged_webhooks(self):
        _, results, _ = self.run_outage("--bug", "ack-before-commit", fault=self.link.cut)
        self.assertEqual({r["status"] for r in results}, {202})
        self.assertGreaterEqual(len(self.lost(results)), 50)

    def test_no_reconnect_never_recovers(self):
        bridge, results, times = self.run_outage("--bug", "no-reconnect", fault=self.link.cut)
        self.assertIsNone(self.errors_after_first_success(results, times))
        self.assertEqual({(r["status"], r["reason"]) for r in results if r["sent"] >= times.ended},
                         {(503, "pg")})
        self.assertEqual({r["status"] for r in results if r["answered"] < times.ordered}, {202})
        self.assertEqual(bridge.count("dependency_up"), 1)
        self.assertEqual(self.link.accepted, 20)

    def test_no_reconnect_never_recovers_from_an_outage_without_traffic(self):
        bridge = self.start("--bug", "no-reconnect")
        self.link.cut()
        self.link.heal()
        self.wait_event(bridge, "dependency_down")
        self.assert_refused(bridge.post("x"), "pg")
        self.assertEqual(self.link.accepted, 20)

    def test_status_500_answers_an_outage_with_500(self):
        _, results, times = self.run_outage("--bug", "status-500", fault=self.link.cut)
        during = {(r["status"], r["reason"]) for r in results
                  if times.struck + 1 <= r["sent"] < times.ended}
        self.assertEqual(during, {(500, "pg")})
        self.assertEqual(self.errors_after_first_success(results, times), [])

    def test_no_deadline_does_not_notice_a_stall(self):
        bridge, results, times = self.run_outage("--bug", "no-deadline", fault=self.link.stall)
        self.assertEqual(bridge.count("dependency_down"), 0)
        held = [r for r in results if times.struck <= r["sent"] < times.ended][:10]
        self.assertEqual(len(held), 10)
        self.assertTrue(all(r["answered"] >= times.ended for r in held))

    def test_stale_pool_fails_again_and_again_after_the_first_success(self):
        for attempt in range(2):
            with self.subTest(attempt=attempt):
                _, results, times = self.run_outage("--bug", "stale-pool", fault=self.link.cut)
                # Some of the twenty fail before that; how many is the machine's business.
                self.assertGreaterEqual(len(self.errors_after_first_success(results, times)), 5)

    def test_no_dedupe_stores_a_repeated_event_twice(self):
        bridge = self.start("--bug", "no-dedupe")
        self.assertEqual([bridge.post("twice").status for _ in range(2)], [202, 202])
        self.assertEqual(self.stored(), {"twice": 2})

    def test_no_dedupe_takes_the_index_of_a_healthy_start_away(self):
        self.start().post("once")
        bridge = self.start("--bug", "no-dedupe")
        self.assertEqual(bridge.post("once").status, 202)
        self.assertEqual(self.stored(), {"once": 2})


if __name__ == "__main__":
    run(__doc__)
