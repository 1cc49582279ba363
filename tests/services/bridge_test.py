#!/usr/bin/env python3
"""The reference service against a real PostgreSQL: routes, wire, command line, deadlines and drain,
each judged by what a client sees and what the table holds. Outages and bugs: bridge_outage_test.py.

usage: bridge_test.py BUILD-FOLDER-OR-BRIDGE [unittest arguments]
"""

import json
import signal
import socket
import statistics
import subprocess
import threading
import time
import unittest

# The two functions are found by unittest under these names.
from bridge_case import BridgeTest, Shared, run, setUpModule, tearDownModule
from pg_sandbox import HeldPort, wait_until


class Routes(BridgeTest):
    def test_a_webhook_is_acknowledged_and_stored_once_for_each_provider(self):
        bridge = self.start("--node", "n7")
        for provider in ("oura", "whoop", "healthkit"):
            answer = bridge.post("e-" + provider, provider)
            self.assertEqual(answer.status, 202)
            self.assertEqual(answer.headers["X-Node"], "n7")
            self.assertGreaterEqual(int(answer.headers["X-Sem-Wait-Ms"]), 0)
        again = bridge.post("e-oura")
        self.assertEqual((again.status, json.loads(again.body)["duplicate"]), (202, True))
        self.assertEqual(self.stored(), {"e-oura": 1, "e-whoop": 1, "e-healthkit": 1})
        row = self.server.sql("SELECT provider, user_id, node, body->>'event_type' FROM events "
                         "WHERE event_id = 'e-oura'", self.database)
        self.assertEqual(row, "oura|u1|n7|sleep")

    def test_a_bad_body_is_refused_with_400_and_not_stored(self):
        bridge = self.start()
        bodies = ["", "{", "[]", "{}", '{"event_id":""}', '{"event_id":7}', '{"event_id":null}',
                  '{"event_id":"a\\u0000b"}', '{"event_id":"x","user_id":5}',
                  '{"event_id":"x","note":"\\u0000"}', '{"event_id":"x"} tail',
                  '{"event_id":"' + "x" * 201 + '"}', '{"event_id":"x","n":1e999999}']
        for body in bodies:
            with self.subTest(body=body[:40]):
                self.assertEqual(bridge.request("POST", "/webhooks/oura", body).status, 400)
        self.assertEqual(self.stored(), {})
        self.assertEqual(bridge.count("dependency_down"), 0)
        self.assertEqual(bridge.post("fine").status, 202)

    def test_unknown_routes_and_methods_are_refused(self):
        bridge = self.start()
        self.assertEqual(bridge.get("/nothing").status, 404)
        self.assertEqual(bridge.post("x", "fitbit").status, 404)
        answer = bridge.get("/webhooks/oura")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"))
        self.assertEqual(bridge.request("POST", "/health", "{}").status, 405)

    def test_a_body_beyond_the_limit_is_refused_with_413(self):
        bridge = self.start()
        body = "x" * (1024 * 1024 + 1)
        self.assertEqual(bridge.request("POST", "/webhooks/oura", body).status, 413)

    def test_health_and_metrics_say_what_is(self):
        bridge = self.start()
        self.assertEqual(bridge.get("/health/live").status, 200)
        health = json.loads(bridge.get("/health").body)
        self.assertEqual((health["status"], health["service"], health["deps"]),
                         ("ok", "bridge", {"pg": "up"}))
        self.assertGreaterEqual(health["uptime"], 0)
        self.assertRegex(health["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        bridge.post("m1")
        bridge.post("m1")
        expected = {"accepted_total": 2, "duplicates_total": 1, "pg_up": 1, "pg_pool_size": 20,
                    "pg_pool_open": 20, "pg_pool_in_use": 0, "sem_limit": 50, "sem_in_use": 0,
                    "pg_acquire_seconds_count": 2, "sem_wait_seconds_count": 2}
        self.assertEqual({name: bridge.metric(name) for name in expected}, expected)
        self.assertIn('build_variant{variant="healthy"} 1', bridge.get("/metrics").body)

    def test_the_start_event_names_the_address_and_carries_both_clocks(self):
        before = time.monotonic()
        bridge = self.start("--bug", "status-500", "--bug", "no-dedupe")
        start = bridge.event("start")
        self.assertEqual(start["address"], f"127.0.0.1:{bridge.port}")
        self.assertEqual(start["variant"], "status-500+no-dedupe")
        self.assertTrue(before <= start["t"] <= time.monotonic())
        self.assertIn("Z", start["time"])
        self.assertEqual(bridge.events[0], start)


class Wire(BridgeTest):
    def talk(self, bridge, data):
        with socket.create_connection(("127.0.0.1", bridge.port), timeout=30) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := client.recv(65536):
                received += chunk
            return received

    def test_pipelined_requests_are_answered_in_order(self):
        bridge = self.start()
        body = b'{"event_id":"p1"}'
        received = self.talk(bridge, b"POST /webhooks/oura HTTP/1.1\r\nContent-Length: "
                             + str(len(body)).encode() + b"\r\n\r\n" + body
                             + b"GET /health/live HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n")
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        self.assertEqual(statuses, [b"202", b"200", b"404"])

    def test_malformed_heads_are_refused_and_end_the_connection(self):
        bridge = self.start()
        cases = {
            b"nonsense\r\n\r\n": b"400",
            b"GET /health HTTP/2.0\r\n\r\n": b"505",
            b"GET /health HTTP/1.1\r\nno colon\r\n\r\n": b"400",
            b"POST /webhooks/oura HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": b"501",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx": b"400",
            b"POST /webhooks/oura HTTP/1.1\r\nContent-Length: -1\r\n\r\n": b"400",
            b"GET /health HTTP/1.1\r\nA: b\nC: d\r\n\r\n": b"400",
            b"GET /health HTTP/1.1\r\nA: " + b"x" * 20000 + b"\r\n\r\n": b"431",
        }
        for head, status in cases.items():
            with self.subTest(head=head[:40]):
                received = self.talk(bridge, head)
                self.assertEqual(received.split()[1], status)
                self.assertEqual(received.count(b"HTTP/1.1"), 1)

    def test_connections_beyond_the_limit_are_told_so(self):
        bridge = self.start("--max-connections", "2")
        with self.held(bridge), self.held(bridge):
            # Nothing is sent, so that the answer cannot be lost in a reset.
            with socket.create_connection(("127.0.0.1", bridge.port), timeout=30) as third:
                received = b""
                while chunk := third.recv(65536):
                    received += chunk
        self.assertEqual(received.split()[1], b"503")
        self.assertIn(b"X-Reason: connections\r\n", received)

    @staticmethod
    def held(bridge):
        """A connection with a thread of its own; an earlier client's may still be ending."""
        def attempt():
            client = socket.create_connection(("127.0.0.1", bridge.port), timeout=30)
            try:
                client.sendall(b"GET /health/live HTTP/1.1\r\n\r\n")
                if client.recv(65536).startswith(b"HTTP/1.1 200"):
                    return client
            except OSError:
                pass
            client.close()
            return None

        return wait_until("a place among the connections", attempt)


class CommandLine(unittest.TestCase):
    def run_bridge(self, *words):
        return subprocess.run([Shared.binary, *words], capture_output=True, text=True, timeout=60,
                              check=False)

    def test_every_mistake_is_reported_with_what_would_be_right(self):
        done = self.run_bridge("--pool", "0", "--statement-deadline", "800", "--bug", "slow",
                               "--colour", "--ready-pg", "maybe", "--node")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        for part in ("--pool: found \"0\"; expected a whole number from 1",
                     "--statement-deadline: found \"800\"; expected a duration with a unit",
                     "--bug: found \"slow\"; known bugs are ack-before-commit no-reconnect "
                     "status-500 no-deadline stale-pool no-dedupe cb-never-opens",
                     "--colour: unknown option", "--ready-pg: found \"maybe\"; expected on or off",
                     "--node: no value", "--listen: missing", "--postgres: missing"):
            self.assertIn(part, done.stderr)

    def test_a_connection_string_that_is_none_is_a_usage_error(self):
        done = self.run_bridge("--listen", "127.0.0.1:0", "--postgres", "colour=blue")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--postgres: ", done.stderr)
        self.assertIn("colour", done.stderr)

    def test_a_taken_port_is_reported(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.run_bridge("--listen", f"127.0.0.1:{port}", "--postgres", "host=127.0.0.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"--listen 127.0.0.1:{port}: Address already in use", done.stderr)

    def test_without_postgres_the_start_has_an_end(self):
        nobody = HeldPort()
        self.addCleanup(nobody.close)
        done = self.run_bridge("--listen", "127.0.0.1:0", "--start-deadline", "2s", "--postgres",
                               f"host=127.0.0.1 port={nobody.number} dbname=x user=x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not reachable within --start-deadline", done.stderr)
        self.assertIn("refused", done.stderr)

    def test_help_lists_the_options(self):
        done = self.run_bridge("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--reconnect-backoff TIME", done.stdout)


class Deadlines(BridgeTest):
    def test_a_statement_without_answer_is_given_up_after_its_deadline(self):
        bridge = self.start("--statement-deadline", "700ms")
        self.link.stall()
        answer = bridge.post("stalled")
        self.assert_refused(answer, "pg")
        self.assertGreaterEqual(answer.seconds, 0.69)
        # From now on the state is known, and nobody waits for a deadline of his own.
        later = [bridge.post(f"s{number}") for number in range(10)]
        for answer in later:
            self.assert_refused(answer, "pg")
        self.assertLess(statistics.median(answer.seconds for answer in later), 0.69)
        self.assertEqual(json.loads(bridge.get("/health").body)["deps"], {"pg": "down"})
        self.link.heal()
        self.wait_event(bridge, "dependency_up", 2)
        self.assertEqual(bridge.post("after").status, 202)

    def test_a_connection_that_is_not_answered_is_given_up_after_its_deadline(self):
        bridge = self.start("--connect-deadline", "200ms", "--reconnect-backoff", "50ms")
        self.link.cut()
        self.wait_event(bridge, "dependency_down")
        failures = bridge.metric("pg_connect_failures_total")
        self.link.hang()
        wait_until("several attempts given up",
                   lambda: bridge.metric("pg_connect_failures_total") >= failures + 5)
        self.assertEqual(bridge.metric("pg_up"), 0)
        self.link.heal()
        self.wait_event(bridge, "dependency_up", 2)

    def test_waiting_for_a_connection_ends_with_503_pool(self):
        bridge = self.start("--pool", "1", "--acquire-deadline", "300ms",
                            "--statement-deadline", "30s")
        first = []
        self.link.stall()
        holder = threading.Thread(target=lambda: first.append(bridge.post("holder")))
        holder.start()
        wait_until("the connection is taken", lambda: bridge.metric("pg_pool_in_use") == 1)
        answer = bridge.post("waiter")
        self.assert_refused(answer, "pool")
        self.assertGreaterEqual(answer.seconds, 0.29)
        self.assertEqual(bridge.metric("pg_acquire_timeouts"), 1)
        self.link.heal()
        holder.join(30)
        self.assertEqual(first[0].status, 202)
        self.assertEqual(self.stored(), {"holder": 1})

    def test_those_who_wait_for_a_connection_are_sent_away_when_postgres_is_gone(self):
        bridge = self.start("--pool", "1", "--acquire-deadline", "60s",
                            "--statement-deadline", "2s")
        self.link.stall()
        answers = []
        clients = [threading.Thread(target=lambda n=n: answers.append(bridge.post(f"w{n}")))
                   for n in range(5)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(30)
        self.assertEqual([(a.status, a.reason) for a in answers], [(503, "pg")] * 5)
        # One deadline for all, not one each, which would be ten seconds for the last.
        self.assertLess(max(a.seconds for a in answers), 8)

    def test_waiting_for_a_place_ends_with_503_semaphore_and_says_how_long(self):
        bridge = self.start("--max-concurrent", "1", "--semaphore-deadline", "300ms",
                            "--statement-deadline", "60s")
        first = []
        self.link.stall()
        holder = threading.Thread(target=lambda: first.append(bridge.post("holder")))
        holder.start()
        wait_until("the place is taken", lambda: bridge.metric("sem_in_use") == 1)
        answer = bridge.post("waiter")
        self.assert_refused(answer, "semaphore")
        self.assertGreaterEqual(int(answer.headers["X-Sem-Wait-Ms"]), 299)
        self.link.heal()
        holder.join(30)
        self.assertEqual(first[0].status, 202)
        self.assertEqual(self.stored(), {"holder": 1})

    def test_places_are_given_in_the_order_of_asking(self):
        bridge = self.start("--max-concurrent", "1", "--semaphore-deadline", "60s",
                            "--statement-deadline", "60s")
        self.link.stall()
        clients = []
        for number in range(6):
            client = threading.Thread(target=bridge.post, args=(f"q{number}",))
            client.start()
            clients.append(client)
            wait_until("it is inside", lambda n=number: bridge.metric("sem_in_use") == 1
                       and bridge.metric("sem_waiting") == n)
        self.link.heal()
        for client in clients:
            client.join(30)
        order = self.server.sql("SELECT event_id FROM events ORDER BY id", self.database).split()
        self.assertEqual(order, [f"q{n}" for n in range(6)])


class Drain(BridgeTest):
    def test_sigterm_finishes_what_is_in_flight_and_takes_nothing_new(self):
        bridge = self.start("--statement-deadline", "60s", "--drain-deadline", "60s")
        first = []
        self.link.stall()
        client = threading.Thread(target=lambda: first.append(bridge.post("in-flight")))
        client.start()
        wait_until("it is in flight", lambda: bridge.metric("sem_in_use") == 1)
        bridge.terminate()
        self.wait_event(bridge, "drain_start")
        self.assert_refused(bridge.get("/health/ready"), "draining")
        self.assert_refused(bridge.post("late"), "draining")
        self.assertEqual(bridge.get("/health/live").status, 200)
        self.link.heal()
        client.join(30)
        self.assertEqual(first[0].status, 202)
        self.assertEqual(bridge.wait(), 0)
        self.assertEqual([e["event"] for e in bridge.events][-3:],
                         ["drain_start", "drain_end", "stop"])
        self.assertEqual(self.stored(), {"in-flight": 1})

    def test_a_drain_ends_at_its_deadline_even_while_postgres_hangs(self):
        bridge = self.start("--bug", "no-deadline", "--drain-deadline", "300ms")
        self.link.stall()
        answers = []
        client = threading.Thread(target=lambda: answers.append(bridge.post("hung")))
        client.start()
        wait_until("it is in flight", lambda: bridge.metric("pg_pool_in_use") == 1)
        bridge.process.send_signal(signal.SIGINT)
        self.assertEqual(bridge.wait(), 0)
        client.join(30)
        self.assert_refused(answers[0], "draining")
        self.assertEqual(bridge.event("drain_end")["in_flight"], 1)


if __name__ == "__main__":
    run(__doc__)
