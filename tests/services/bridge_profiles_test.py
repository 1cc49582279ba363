#!/usr/bin/env python3
"""Profiles of users, fetched from the providers' APIs: after the answer or before it, with tokens
that are fetched once however many want them. Against the real stub-api and PostgreSQL.

usage: bridge_profiles_test.py BUILD-FOLDER-OR-BRIDGE [unittest arguments]
"""

import json
import os

# The two functions are found by unittest under these names.
from bridge_case import BridgeTest, Shared, run, setUpModule, tearDownModule  # noqa: F401
from pg_sandbox import wait_until
from stub_sandbox import StubApi

WORKERS = 8


class ProfilesTest(BridgeTest):
    def serve(self, *options, stub=()):
        self.api = StubApi(os.path.join(os.path.dirname(Shared.binary), "stub-api"), *stub)
        self.addCleanup(self.api.close)
        address = f"127.0.0.1:{self.api.port}"
        deadline = () if "--api-deadline" in options else ("--api-deadline", "30s")
        return self.start("--oura", address, "--whoop", address, *deadline, "--oauth-deadline",
                          "30s", *options)

    def profiles(self):
        """event_id -> the user that the stored profile is of."""
        rows = self.server.sql("SELECT event_id, coalesce(profile->>'user', '-') FROM events",
                               self.database)
        return dict(line.split("|") for line in rows.splitlines())

    def await_metric(self, bridge, name, value):
        wait_until(f"{name} {value}", lambda: bridge.metric(name) == value)

    def post_for(self, bridge, event_id, user, provider):
        body = json.dumps({"event_id": event_id, "user_id": user})
        return bridge.request("POST", "/webhooks/" + provider, body)

    def want_at_once(self, bridge, count):
        """So many workers want the token of one user, while it takes its time to come."""
        for number in range(count):
            self.assertEqual(self.post_for(bridge, f"w{number}", "u1", "whoop").status, 202)
        self.await_metric(bridge, "enriched_total", count)


class Profiles(ProfilesTest):
    def test_a_profile_is_put_to_the_webhook_after_the_answer(self):
        bridge = self.serve()
        self.post_for(bridge, "o1", "ann/../x y", "oura")
        self.post_for(bridge, "w1", "bob", "whoop")
        self.post_for(bridge, "h1", "cid", "healthkit")
        wait_until("both profiles", lambda: "-" not in
                   [self.profiles()[event] for event in ("o1", "w1")])
        self.assertEqual(self.profiles(), {"o1": "ann%2F%2E%2E%2Fx%20y", "w1": "bob", "h1": "-"})
        self.assertEqual(bridge.metric("enriched_total"), 2)

    def test_a_webhook_delivered_again_is_not_asked_for_again(self):
        bridge = self.serve()
        for _ in range(5):
            self.assertEqual(bridge.post("o1").status, 202)
        self.assertEqual(bridge.post("o2").status, 202)
        self.await_metric(bridge, "enriched_total", 2)
        self.assertEqual(self.api.requests("oura"), 2)

    def test_in_sync_mode_it_is_stored_with_the_webhook(self):
        bridge = self.serve("--enrich", "sync")
        self.assertEqual(self.post_for(bridge, "o1", "ann", "oura").status, 202)
        self.assertEqual(self.profiles(), {"o1": "ann"})

    def test_an_api_that_fails_costs_profiles_and_no_webhooks(self):
        bridge = self.serve("--enrich", "sync", "--breaker-open", "10m", "--api-deadline", "100ms")
        self.api.script("oura", "500 500 stall 500 500 200")
        answers = [bridge.post(f"o{number}").status for number in range(8)]
        self.assertEqual(answers, [202] * 8)
        self.assertEqual(set(self.profiles().values()), {"-"})
        self.assertEqual(self.api.requests("oura"), 5)
        event = bridge.event("breaker")
        self.assertEqual((event["breaker"], event["failures"], event["total"]), ("oura", 5, 5))
        # The other API is well, and its breaker knows.
        self.assertEqual(self.post_for(bridge, "w1", "bob", "whoop").status, 202)
        self.assertEqual(self.profiles()["w1"], "bob")

    def test_a_stalled_api_is_no_matter_of_the_answer(self):
        bridge = self.serve("--api-deadline", "60s")
        self.api.script("oura", "stall " * 20)
        answers = [bridge.post(f"o{number}") for number in range(20)]
        self.assertEqual({answer.status for answer in answers}, {202})
        self.assertEqual(bridge.metric("enrich_queue"), 20 - WORKERS)


class Tokens(ProfilesTest):
    def test_a_token_is_fetched_once_however_many_want_it(self):
        bridge = self.serve(stub=("--oauth-latency", "500ms"))
        self.want_at_once(bridge, 40)
        counts = self.api.counts("oauth")
        self.assertEqual(counts["users"], {"u1": {"requests": 1, "most_in_flight": 1}})
        wanted = bridge.metric("oauth_wanted_total")
        self.assertEqual(bridge.metric("oauth_refresh_total"), 1)
        self.assertGreater(wanted, 1)
        self.assertEqual(bridge.metric("oauth_refresh_blocked_total"), wanted - 1)

    def test_each_user_has_one_of_his_own(self):
        bridge = self.serve()
        for number in range(20):
            self.post_for(bridge, f"w{number}", f"u{number % 4}", "whoop")
        self.await_metric(bridge, "enriched_total", 20)
        users = self.api.counts("oauth")["users"]
        self.assertEqual({name: user["requests"] for name, user in users.items()},
                         {"u0": 1, "u1": 1, "u2": 1, "u3": 1})

    def test_a_token_that_was_revoked_is_fetched_again(self):
        bridge = self.serve("--enrich", "sync")
        self.post_for(bridge, "w1", "bob", "whoop")
        self.api.request("DELETE", "/tokens")
        self.post_for(bridge, "w2", "bob", "whoop")
        self.assertEqual(self.profiles(), {"w1": "bob", "w2": "bob"})
        self.assertEqual(self.api.requests("oauth"), 2)
        self.assertEqual(self.api.requests("whoop"), 3)

    def test_a_token_that_expired_is_fetched_again(self):
        bridge = self.serve("--enrich", "sync", stub=("--token-lifetime", "1s"))
        self.post_for(bridge, "w0", "bob", "whoop")
        number = 0
        while self.api.requests("oauth") < 2:
            number += 1
            self.assertLess(number, 1000)
            self.assertEqual(self.post_for(bridge, f"w{number}", "bob", "whoop").status, 202)
        self.assertEqual(set(self.profiles().values()), {"bob"})

    def test_all_who_wait_share_a_failure(self):
        bridge = self.serve(stub=("--oauth-latency", "500ms"))
        self.api.script("oauth", "500")
        for number in range(WORKERS):
            self.post_for(bridge, f"w{number}", "u1", "whoop")
        wait_until("all are done", lambda: bridge.metric("enrich_failed_total") +
                   bridge.metric("enriched_total") == WORKERS)
        self.assertEqual(self.api.counts("oauth")["users"]["u1"]["most_in_flight"], 1)
        self.assertGreater(bridge.metric("enrich_failed_total"), 0)

    def test_with_refresh_stampede_everybody_fetches(self):
        bridge = self.serve("--bug", "refresh-stampede", stub=("--oauth-latency", "500ms"))
        self.want_at_once(bridge, 40)
        user = self.api.counts("oauth")["users"]["u1"]
        self.assertGreater(user["requests"], 1)
        self.assertGreater(user["most_in_flight"], 1)


if __name__ == "__main__":
    run(__doc__)
