#!/usr/bin/env python3
"""The rate limits of the reference service, replayed against the rule as it is declared: a fixed
window per source, begun by its first request. Healthy and with each of the limiter's bugs.

usage: bridge_limits_test.py BUILD-FOLDER-OR-BRIDGE [unittest arguments]
"""

import json
import os
import time

# The two functions are found by unittest under these names.
from bridge_case import BridgeTest, Shared, run, setUpModule, tearDownModule  # noqa: F401
from stub_sandbox import StubApi

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class LimitsTest(BridgeTest):
    def setUp(self):
        super().setUp()
        self.api = StubApi(os.path.join(os.path.dirname(Shared.binary), "stub-api"))
        self.addCleanup(self.api.close)
        self.calls = 0

    def serve(self, *options):
        return self.start("--agent", f"127.0.0.1:{self.api.port}", "--api-deadline", "30s",
                          *options)

    def call(self, bridge, source=None):
        self.calls += 1
        body = json.dumps({"call_id": f"c{self.calls}", "to": "+49"})
        headers = {"X-Forwarded-For": source} if source else None
        answer = bridge.request("POST", "/calls/outbound", body, headers=headers)
        answer.at = time.monotonic()
        return answer

    def statuses(self, bridge, count, source=None):
        return [self.call(bridge, source).status for _ in range(count)]

    def exhaust(self, bridge, limit):
        """All of a window, and the first refusal."""
        self.assertEqual(self.statuses(bridge, limit), [202] * limit)
        answer = self.call(bridge)
        self.assertEqual((answer.status, answer.reason), (429, "rate_limited"))
        return answer


class Limits(LimitsTest):
    def test_ten_calls_a_minute_and_not_one_more(self):
        bridge = self.serve()
        self.assertEqual(self.statuses(bridge, 14), [202] * 10 + [429] * 4)
        self.assertEqual(self.api.requests("agent"), 10)
        self.assertEqual(bridge.metric('ratelimit_blocked_total{rule="calls"}'), 4)
        self.assertEqual(bridge.count("rate_limited"), 4)
        event = bridge.event("rate_limited")
        self.assertEqual((event["rule"], event["key"]), ("calls", "127.0.0.1"))

    def test_every_answer_says_what_is_left(self):
        bridge = self.serve("--limit-calls", "3/10m")
        answers = [self.call(bridge) for _ in range(5)]
        left = [tuple(answer.headers[name] for name in HEADERS[:2]) for answer in answers]
        self.assertEqual(left, [("3", "2"), ("3", "1"), ("3", "0"), ("3", "0"), ("3", "0")])
        for answer in answers:
            self.assertIn(int(answer.headers["X-RateLimit-Reset"]), range(540, 601))
        self.assertNotIn("Retry-After", answers[0].headers)
        self.assertEqual(answers[4].headers["Retry-After"], answers[4].headers["X-RateLimit-Reset"])

    def test_sources_do_not_count_together(self):
        bridge = self.serve("--limit-calls", "2/10m")
        self.assertEqual(self.statuses(bridge, 3, "10.0.0.1"), [202, 202, 429])
        self.assertEqual(self.statuses(bridge, 3, "10.0.0.2, 10.9.9.9"), [202, 202, 429])
        self.assertEqual(self.statuses(bridge, 1, "10.0.0.2"), [429])
        self.assertEqual(self.statuses(bridge, 3), [202, 202, 429])

    def test_retry_after_is_true(self):
        bridge = self.serve("--limit-calls", "2/3s")
        refused = self.exhaust(bridge, 2)
        after = int(refused.headers["Retry-After"])
        self.assertIn(after, (1, 2, 3))
        # Whoever comes too early is refused, and that costs nothing.
        while time.monotonic() < refused.at + after - 1.5:
            self.assertEqual(self.call(bridge).status, 429)
        time.sleep(max(0.0, refused.at + after - time.monotonic()))
        self.assertEqual(self.call(bridge).status, 202)

    def test_webhooks_and_calls_of_a_source_count_together_when_that_is_wanted(self):
        bridge = self.serve("--limit-source", "3/10m")
        self.assertEqual(self.statuses(bridge, 2), [202, 202])
        self.assertEqual([bridge.post(f"w{n}").status for n in range(3)], [202, 429, 429])
        self.assertEqual(self.call(bridge).status, 429)
        self.assertEqual(self.stored(), {"w0": 1})
        self.assertEqual(bridge.metric('ratelimit_blocked_total{rule="source"}'), 3)

    def test_without_a_limit_there_is_none(self):
        bridge = self.serve("--limit-calls", "off")
        self.assertEqual(set(self.statuses(bridge, 30)), {202})
        self.assertEqual([bridge.post(f"w{n}").status for n in range(200)], [202] * 200)


class Bugs(LimitsTest):
    def test_rl_no_header(self):
        bridge = self.serve("--limit-calls", "2/10m", "--bug", "rl-no-header")
        refused = self.exhaust(bridge, 2)
        for name in (*HEADERS, "Retry-After"):
            self.assertNotIn(name, refused.headers)

    def test_rl_no_expire(self):
        bridge = self.serve("--limit-calls", "2/1s", "--bug", "rl-no-expire")
        refused = self.exhaust(bridge, 2)
        while time.monotonic() < refused.at + 2.5:
            self.assertEqual(self.call(bridge).status, 429)
            time.sleep(0.1)

    def test_rl_counts_blocked(self):
        bridge = self.serve("--limit-calls", "2/1s", "--bug", "rl-counts-blocked")
        refused = self.exhaust(bridge, 2)
        # Who keeps asking never gets in; who is silent for a window does.
        while time.monotonic() < refused.at + 2.5:
            self.assertEqual(self.call(bridge).status, 429)
        time.sleep(1.1)
        self.assertEqual(self.call(bridge).status, 202)


if __name__ == "__main__":
    run(__doc__)
