#!/usr/bin/env python3
"""Outbound calls of the reference service: the breaker in front of the agent API, against the real
stub-api, healthy and with each of its bugs. What the stub received is counted by the stub.

usage: bridge_calls_test.py BUILD-FOLDER-OR-BRIDGE [unittest arguments]
"""

import json
import os
import threading
import time

# The two functions are found by unittest under these names.
from bridge_case import BridgeTest, Shared, run, setUpModule, tearDownModule  # noqa: F401
from pg_sandbox import HeldPort, Link, wait_until
from stub_sandbox import StubApi

OPEN = 0.4  # seconds; short, so that a test sees several periods
SOON = ("--breaker-open", "400ms")
ONCE = ["closed>open", "open>half_open", "half_open>closed"]
LONG = ("--breaker-open", "10m")  # does not end within a test
PATIENT_API = ("--api-deadline", "30s")


class CallsTest(BridgeTest):
    def setUp(self):
        super().setUp()
        self.api = StubApi(os.path.join(os.path.dirname(Shared.binary), "stub-api"))
        self.addCleanup(self.api.close)
        self.calls = 0

    def serve(self, *options, agent=None):
        return self.start("--agent", f"127.0.0.1:{agent or self.api.port}", "--limit-calls", "off",
                          *(() if "--api-deadline" in options else PATIENT_API), *options)

    def call(self, bridge, headers=None):
        self.calls += 1
        body = json.dumps({"call_id": f"c{self.calls}", "to": "+4930123"})
        return bridge.request("POST", "/calls/outbound", body, headers=headers)

    def trip(self, bridge, failures=5):
        """So many failing calls in a row."""
        self.api.script("agent", "500 " * failures)
        return [self.call(bridge) for _ in range(failures)]

    def told(self, answers):
        return [(answer.status, answer.reason) for answer in answers]

    def changes(self, bridge):
        return [f"{event['from']}>{event['to']}" for event in list(bridge.events)
                if event["event"] == "breaker"]

    def change(self, bridge, to, number=1):
        """The event of the number-th change to that state."""
        def found():
            events = [event for event in list(bridge.events)
                      if event["event"] == "breaker" and event["to"] == to]
            return events[number - 1] if len(events) >= number else None
        return wait_until(f"{number} x breaker to {to}", found)

    def call_until(self, bridge, status):
        """Calls on until one is answered so, and says how often it was not."""
        refused = 0
        end = time.monotonic() + 60
        while self.call(bridge).status != status:
            refused += 1
            self.assertLess(time.monotonic(), end, f"never {status}")
            time.sleep(0.01)
        return refused

    def half_open_with(self, bridge, others):
        """Opens it, lets a probe hang at the API, and calls so often meanwhile: how many of all
        these requests reached the API, and the answers to those that did not wait."""
        self.trip(bridge)
        before = self.api.requests("agent")
        self.api.script("agent", "stall " * (others + 1))
        self.change(bridge, "open")
        half_open = time.monotonic() + OPEN
        while time.monotonic() < half_open:  # a call any earlier would be refused
            time.sleep(0.01)
        answers = []
        threads = [threading.Thread(target=lambda: self.hang_up(bridge, answers))
                   for _ in range(others + 1)]
        for number, thread in enumerate(threads):
            thread.start()
            if number == 0:
                self.api.await_requests("agent", before + 1)
        wait_until("every call was refused or passed", lambda:
                   len(answers) + self.api.requests("agent") - before >= others + 1)
        return self.api.requests("agent") - before, list(answers)

    def hang_up(self, bridge, answers):
        try:
            self.calls += 1
            body = json.dumps({"call_id": f"h{self.calls}", "to": "+49"})
            answers.append(bridge.request("POST", "/calls/outbound", body, timeout=120))
        except OSError:
            pass


class Calls(CallsTest):
    def test_a_call_is_placed_once_and_stored(self):
        bridge = self.serve()
        self.assertEqual(self.call(bridge).status, 202)
        self.assertEqual(self.api.requests("agent"), 1)
        row = self.server.sql("SELECT call_id, callee, node FROM voice_calls", self.database)
        self.assertEqual(row, "c1|+4930123|n1")
        self.assertEqual(bridge.metric("calls_placed_total"), 1)

    def test_a_bad_order_is_refused_and_not_placed(self):
        bridge = self.serve()
        for body in ("", "[]", '{"call_id":"x"}', '{"to":"+49"}', '{"call_id":7,"to":"+49"}'):
            with self.subTest(body=body):
                answer = bridge.request("POST", "/calls/outbound", body)
                self.assertEqual(answer.status, 400)
        self.assertEqual(bridge.get("/calls/outbound").status, 405)
        self.assertEqual(self.api.requests("agent"), 0)

    def test_without_an_agent_there_is_no_such_route(self):
        bridge = self.start()
        self.assertEqual(self.call(bridge).status, 404)

    def test_connections_are_kept_for_the_next_call(self):
        link = Link(self.api.port)
        self.addCleanup(link.close)
        bridge = self.serve(agent=link.port)
        for _ in range(5):
            self.assertEqual(self.call(bridge).status, 202)
        self.assertEqual(link.accepted, 1)
        # One that ended meanwhile is replaced, and no call pays for it.
        link.cut()
        link.heal()
        self.assertEqual(self.call(bridge).status, 202)
        self.assertEqual(link.accepted, 2)
        self.assertEqual(self.api.requests("agent"), 6)

    def test_each_call_can_have_a_connection_of_its_own(self):
        link = Link(self.api.port)
        self.addCleanup(link.close)
        bridge = self.serve("--api-keep-alive", "off", agent=link.port)
        for _ in range(3):
            self.assertEqual(self.call(bridge).status, 202)
        self.assertEqual(link.accepted, 3)

    def test_failures_are_told_by_their_kind(self):
        bridge = self.serve("--breaker", "consecutive:100", "--api-deadline", "300ms")
        self.api.script("agent", "500 404 stall 204")
        self.assertEqual(self.told(self.call(bridge) for _ in range(3)),
                         [(502, "agent"), (502, "agent"), (504, "agent")])
        self.assertEqual(self.call(bridge).status, 202)
        self.assertEqual(self.api.requests("agent"), 4)
        self.assertEqual(bridge.metric('rejected_total{reason="agent"}'), 3)

    def test_an_api_that_asks_for_patience_gets_it(self):
        bridge = self.serve()
        self.api.script("agent", "429:1 ")
        answers = [self.call(bridge) for _ in range(3)]
        self.assertEqual(self.told(answers), [(503, "agent_limited")] * 3)
        self.assertEqual({answer.headers["Retry-After"] for answer in answers}, {"1"})
        self.assertEqual(self.api.requests("agent"), 1)
        self.call_until(bridge, 202)
        self.assertEqual(self.changes(bridge), [])


class Breaker(CallsTest):
    def test_five_failures_in_a_row_open_it_and_then_nothing_reaches_the_api(self):
        bridge = self.serve(*LONG)
        self.assertEqual(self.told(self.trip(bridge)), [(502, "agent")] * 5)
        for _ in range(20):
            answer = self.call(bridge)
            self.assert_refused_by_breaker(answer)
        self.assertEqual(self.api.requests("agent"), 5)
        event = self.change(bridge, "open")
        self.assertEqual((event["breaker"], event["from"], event["failures"], event["total"]),
                         ("agent", "closed", 5, 5))
        self.assertEqual(event["last_error"], "status 500")
        self.assertEqual(bridge.metric('breaker_state{name="agent"}'), 1)
        self.assertEqual(bridge.metric('breaker_opens_total{name="agent"}'), 1)
        self.assertEqual(bridge.metric('breaker_rejected_total{name="agent"}'), 20)

    def assert_refused_by_breaker(self, answer):
        self.assertEqual((answer.status, answer.reason), (503, "breaker"))
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_a_success_between_failures_begins_the_count_anew(self):
        for number, (outcomes, failures, total) in enumerate(
                [("FFFFF", 5, 5), ("FSSFFFFF", 6, 8), ("SSFFFFF", 5, 7)]):
            with self.subTest(outcomes=outcomes):
                bridge = self.serve(*LONG, "--node", f"n{number}")
                self.api.script("agent", outcomes.replace("F", "500 ").replace("S", "201 "))
                for _ in outcomes:
                    self.assertEqual(self.changes(bridge), [])
                    self.call(bridge)
                event = self.change(bridge, "open")
                self.assertEqual((event["failures"], event["total"]), (failures, total))

    def test_every_kind_of_failure_counts(self):
        nobody = HeldPort()
        self.addCleanup(nobody.close)
        bridge = self.serve(*LONG, agent=nobody.number)
        for _ in range(5):
            self.assertEqual(self.call(bridge).status, 502)
        self.assertIn("refused", self.change(bridge, "open")["last_error"])

        stalled = self.serve(*LONG, "--api-deadline", "100ms")
        self.api.script("agent", "stall " * 5)
        for _ in range(5):
            self.assertEqual(self.call(stalled).status, 504)
        self.assertEqual(self.change(stalled, "open")["last_error"],
                         "no answer within the deadline")

    def test_what_the_client_did_wrong_does_not_count(self):
        bridge = self.serve(*LONG)
        self.api.script("agent", "404 " * 20)
        for _ in range(20):
            self.assertEqual(self.call(bridge).status, 502)
        self.assertEqual(self.changes(bridge), [])

    def test_after_the_open_duration_one_probe_closes_it(self):
        bridge = self.serve(*SOON)
        self.trip(bridge)
        refused = self.call_until(bridge, 202)
        self.assertGreater(refused, 0)
        self.assertEqual(self.changes(bridge), ONCE)
        probed = self.change(bridge, "half_open")
        self.assertGreaterEqual(probed["held_s"], OPEN)
        self.assertEqual(probed["rejected"], refused)
        self.assertEqual(self.api.requests("agent"), 6)
        self.assertEqual(bridge.metric('breaker_state{name="agent"}'), 0)

    def test_a_failing_probe_opens_it_again_for_the_whole_duration(self):
        bridge = self.serve(*SOON)
        self.trip(bridge)
        self.api.script("agent", "500")
        self.call_until(bridge, 202)
        self.assertEqual(self.changes(bridge),
                         ["closed>open", "open>half_open", "half_open>open", "open>half_open",
                          "half_open>closed"])
        self.assertGreaterEqual(self.change(bridge, "half_open", 2)["held_s"], OPEN)
        self.assertEqual(self.api.requests("agent"), 7)

    def test_the_others_are_refused_while_a_probe_is_out(self):
        bridge = self.serve(*SOON)
        passed, answers = self.half_open_with(bridge, 5)
        self.assertEqual(passed, 1)
        self.assertEqual(self.told(answers), [(503, "breaker")] * 5)

    def test_outcomes_of_calls_that_began_before_it_opened_are_late(self):
        bridge = self.serve(*SOON, "--api-deadline", "5s")
        self.api.script("agent", "stall " + "500 " * 5)
        slow = threading.Thread(target=lambda: self.call(bridge))
        slow.start()
        self.api.await_requests("agent", 1)
        for _ in range(5):
            self.call(bridge)
        # The slow call ends while the breaker is open; its failure trips nothing again.
        slow.join(60)
        self.call_until(bridge, 202)
        self.assertEqual(self.changes(bridge), ONCE)
        self.assertEqual(self.change(bridge, "open")["total"], 5)
        self.assertEqual(self.change(bridge, "half_open")["late"], 1)

    def test_webhooks_do_not_care(self):
        bridge = self.serve(*LONG)
        self.trip(bridge)
        self.assertEqual(bridge.post("w1").status, 202)

    def test_the_rule_of_a_rate_and_of_a_count(self):
        bridge = self.serve(*LONG, "--breaker", "rate:50%/4/10m")
        self.api.script("agent", "201 201 500 500")
        for _ in range(4):
            self.call(bridge)
        self.assertEqual(self.change(bridge, "open")["total"], 4)

        bridge = self.serve(*LONG, "--breaker", "count:3/10m")
        self.api.script("agent", "500 201 500 201 500")
        for _ in range(5):
            self.call(bridge)
        event = self.change(bridge, "open")
        self.assertEqual((event["failures"], event["total"]), (3, 5))


class Bugs(CallsTest):
    """The same rig, one bug each. What the healthy service does is above."""

    def test_cb_never_opens(self):
        bridge = self.serve(*LONG, "--bug", "cb-never-opens")
        self.assertEqual(self.told(self.trip(bridge, 30)), [(502, "agent")] * 30)
        self.assertEqual(self.changes(bridge), [])

    def test_cb_never_closes(self):
        bridge = self.serve(*SOON, "--bug", "cb-never-closes")
        self.trip(bridge)
        self.call_until(bridge, 202)
        self.assertEqual(self.call(bridge).reason, "breaker")
        self.assertEqual(self.changes(bridge), ["closed>open", "open>half_open", "half_open>open"])

    def test_cb_no_reopen(self):
        bridge = self.serve(*SOON, "--bug", "cb-no-reopen")
        self.trip(bridge)
        self.api.script("agent", "500 500")
        self.call_until(bridge, 502)
        self.assertEqual(self.call(bridge).reason, "agent")
        self.assertEqual(self.changes(bridge), ONCE)

    def test_cb_stampede(self):
        bridge = self.serve(*SOON, "--bug", "cb-stampede")
        passed, answers = self.half_open_with(bridge, 5)
        self.assertEqual((passed, answers), (6, []))

    def test_cb_extends(self):
        bridge = self.serve(*SOON, "--bug", "cb-extends")
        self.trip(bridge)
        opened = self.change(bridge, "open")["t"]
        # Called all the time, it never becomes half-open.
        while time.monotonic() < opened + 5 * OPEN:
            self.assertEqual(self.call(bridge).reason, "breaker")
        self.assertEqual(self.changes(bridge), ["closed>open"])

    def test_cb_counts_4xx(self):
        bridge = self.serve(*LONG, "--bug", "cb-counts-4xx")
        self.api.script("agent", "404 " * 5)
        for _ in range(5):
            self.call(bridge)
        self.assertEqual(self.call(bridge).reason, "breaker")
        self.assertEqual(self.change(bridge, "open")["last_error"], "status 404")


if __name__ == "__main__":
    run(__doc__)
