"""What toxics do to bytes, seen from both ends of real connections, and where faultline departs
from Toxiproxy on purpose. Times are lower bounds: a busy machine makes anything late.
"""

import peers
from talk import ApiTest, ask, says

BLOCK = bytes(range(256)) * 256  # 64 KiB


class Traffic(ApiTest):
    def through(self, serve=peers.echo):
        """A peer, a proxy "p" in front of it."""
        peer = self.peer(serve)
        return peer, self.proxy(upstream=peer.address)

    def update(self, name, **attributes):
        answer = ask("POST", f"/proxies/p/toxics/{name}", {"attributes": attributes})
        self.assertEqual(answer.status, 200, answer)

    def remove(self, name):
        self.assertEqual(ask("DELETE", f"/proxies/p/toxics/{name}").status, 204)


class Plain(Traffic):
    def test_bytes_arrive_as_they_were_sent(self):
        _, proxy = self.through()
        client = self.client(proxy)
        self.assertEqual(client.trip(b"\x00\xff hello")[0], b"\x00\xff hello")
        for _ in range(16):
            self.assertEqual(client.trip(BLOCK)[0], BLOCK)

    def test_a_dead_upstream_is_a_connection_that_ends_without_a_byte(self):
        proxy = self.proxy(upstream=f"127.0.0.1:{peers.unused_port()}")
        self.assertIn(self.client(proxy).outcome(), [(b"", "end")])

    def test_the_end_of_the_server_reaches_the_client_behind_the_data(self):
        _, proxy = self.through(peers.gives(BLOCK))
        self.assertEqual(self.client(proxy).outcome(), (BLOCK, "end"))

    def test_the_end_of_the_client_reaches_the_server_behind_the_data(self):
        peer, proxy = self.through()
        client = self.client(proxy)
        client.send(b"last words")
        self.assertEqual(client.read(10), b"last words")
        client.close()
        self.assertTrue(peer.wait_for(lambda: peer.ends))
        self.assertEqual(bytes(peer.received), b"last words")

    def test_a_client_that_half_closes(self):
        # Toxiproxy closes both directions, and the reply is lost.
        _, proxy = self.through(peers.reply_at_end)
        client = self.client(proxy)
        client.send(b"12345")
        client.end()
        self.assertIn(client.outcome(), says([(b"", "end"), (b"", "reset")],
                                             [(b"got 5", "end")]))


class Latency(Traffic):
    def test_each_direction_adds_its_own(self):
        _, proxy = self.through()
        client = self.client(proxy)
        self.toxic("latency", latency=100)
        self.assertGreaterEqual(client.trip(b"x")[1], 0.1)
        self.toxic("latency", stream="upstream", latency=150)
        self.assertGreaterEqual(client.trip(b"x")[1], 0.25)
        ask("POST", "/proxies/p/toxics", {"type": "latency", "name": "more",
                                          "attributes": {"latency": 100}})
        self.assertGreaterEqual(client.trip(b"x")[1], 0.35)

    def test_jitter_stays_within_its_bounds_and_keeps_the_order(self):
        _, proxy = self.through()
        self.toxic("latency", latency=60, jitter=40)
        client = self.client(proxy)
        times = []
        for number in range(12):
            data, took = client.trip(b"%04d" % number)
            self.assertEqual(data, b"%04d" % number)
            times.append(took)
        self.assertGreaterEqual(min(times), 0.02)
        self.assertGreater(max(times) - min(times), 0.005)

    def test_removal_lets_what_waits_go_at_once_and_in_order(self):
        _, proxy = self.through()
        client = self.client(proxy)
        client.trip(b"x")
        self.toxic("latency", latency=600_000)
        for number in range(50):
            client.send(b"%04d" % number)
        self.assertTrue(client.silent(0.3))
        self.remove("latency_downstream")
        self.assertEqual(client.read(200), b"".join(b"%04d" % number for number in range(50)))

    def test_an_update_counts_for_what_is_waiting(self):
        _, proxy = self.through()
        client = self.client(proxy)
        self.toxic("latency", latency=600_000)
        client.send(b"waits")
        self.assertTrue(client.silent(0.3))
        self.update("latency_downstream", latency=1)
        self.assertEqual(client.read(5), b"waits")


class Bandwidth(Traffic):
    def test_a_rate_is_thousands_of_bytes_per_second(self):
        _, proxy = self.through()
        self.toxic("bandwidth", rate=100)
        data, took = self.client(proxy).trip(BLOCK[:50_000])
        self.assertEqual(data, BLOCK[:50_000])
        self.assertGreaterEqual(took, 0.49)

    def test_rate_0_holds_and_removal_lets_go(self):
        # What Testcontainers calls cutting the connection.
        peer, proxy = self.through()
        client = self.client(proxy)
        client.trip(b"x")
        for stream in ["downstream", "upstream"]:
            body = {"name": f"CUT_CONNECTION_{stream.upper()}", "type": "bandwidth",
                    "stream": stream, "attributes": {"rate": 0}}
            self.assertEqual(ask("POST", "/proxies/p/toxics", body).status, 200)
        client.send(b"first")
        client.send(b"second")
        self.assertTrue(client.silent(0.4))
        self.assertEqual(bytes(peer.received), b"x")
        new = self.client(proxy)
        new.send(b"other")
        for stream in ["UPSTREAM", "DOWNSTREAM"]:
            self.remove(f"CUT_CONNECTION_{stream}")
        self.assertEqual(client.read(11), b"firstsecond")
        self.assertEqual(new.read(5), b"other")

    def test_raising_the_rate_lets_go_too(self):
        _, proxy = self.through()
        self.toxic("bandwidth", rate=0)
        client = self.client(proxy)
        client.send(BLOCK)
        self.assertTrue(client.silent(0.3))
        self.update("bandwidth_downstream", rate=1_000_000)
        self.assertEqual(client.read(len(BLOCK)), BLOCK)


class Timeout(Traffic):
    def test_data_are_dropped_and_the_connection_is_closed_in_time(self):
        peer, proxy = self.through()
        self.toxic("timeout", timeout=300)
        client = self.client(proxy)
        client.send(b"lost")
        self.assertEqual(client.outcome()[0], b"")
        self.assertGreaterEqual(client.age(), 0.3)
        self.assertTrue(peer.wait_for(lambda: peer.ends))

    def test_an_idle_connection_is_closed_too(self):
        _, proxy = self.through()
        self.toxic("timeout", stream="upstream", timeout=200)
        client = self.client(proxy)
        self.assertEqual(client.outcome()[0], b"")

    def test_data_start_the_time_again(self):
        _, proxy = self.through()
        self.toxic("timeout", stream="upstream", timeout=1500)
        client = self.client(proxy)
        for _ in range(9):
            client.send(b"still talking")
            self.assertTrue(client.silent(0.2))
        self.assertEqual(client.outcome()[0], b"")

    def test_timeout_0_drops_and_never_closes_until_it_is_removed(self):
        peer, proxy = self.through()
        client = self.client(proxy)
        client.trip(b"x")
        self.toxic("timeout", stream="upstream", timeout=0)
        client.send(b"lost")
        self.assertTrue(client.silent(0.4))
        self.remove("timeout_upstream")
        self.assertEqual(client.outcome()[0], b"")
        self.assertTrue(peer.wait_for(lambda: peer.ends))
        self.assertEqual(bytes(peer.received), b"x")


class ResetPeer(Traffic):
    def test_a_new_connection_is_reset_when_data_come(self):
        for stream in ["upstream", "downstream"]:
            with self.subTest(stream):
                peer, proxy = self.through()
                self.toxic("reset_peer", stream=stream)
                client = self.client(proxy)
                client.send(b"x")
                self.assertEqual(client.outcome(), (b"", "reset"))
                self.assertTrue(peer.wait_for(lambda: peer.ends == ["reset"]), peer.ends)
                ask("DELETE", "/proxies/p")

    def test_its_timeout_passes_first(self):
        _, proxy = self.through()
        self.toxic("reset_peer", timeout=300)
        client = self.client(proxy)
        client.send(b"x")
        self.assertEqual(client.outcome(), (b"", "reset"))
        self.assertGreaterEqual(client.age(), 0.3)

    def test_an_idle_connection_is_left_alone(self):
        _, proxy = self.through()
        self.toxic("reset_peer")
        self.assertTrue(self.client(proxy).silent(0.4))

    def test_a_connection_that_was_open_already(self):
        # Toxiproxy waits for data and then ends it with FIN; faultline resets it, idle or not.
        _, proxy = self.through()
        client = self.client(proxy)
        client.trip(b"x")
        self.toxic("reset_peer")
        if says(True, False):
            client.send(b"y")
        self.assertEqual(client.outcome(), (b"", says("end", "reset")))

    def test_with_toxicity_0_nothing_is_reset(self):
        # Toxiproxy prepares every connection for a reset, also those that it then leaves alone.
        peer, proxy = self.through()
        ask("POST", "/proxies/p/toxics", {"type": "reset_peer", "toxicity": 0})
        client = self.client(proxy)
        self.assertEqual(client.trip(b"x")[0], b"x")
        client.close()
        self.assertTrue(peer.wait_for(lambda: peer.ends))
        self.assertEqual(peer.ends, [says("reset", "end")])


class Shapes(Traffic):
    def test_slicer_cuts_and_loses_nothing(self):
        peer, proxy = self.through()
        self.toxic("slicer", stream="upstream", average_size=64, size_variation=32, delay=10)
        self.assertEqual(self.client(proxy).trip(BLOCK)[0], BLOCK)
        self.assertEqual(bytes(peer.received), BLOCK)

    def test_slicers_delay_is_in_microseconds_after_each_piece(self):
        _, proxy = self.through()
        self.toxic("slicer", average_size=100, delay=20_000)
        data, took = self.client(proxy).trip(BLOCK[:1000])
        self.assertEqual(data, BLOCK[:1000])
        self.assertGreaterEqual(took, 0.16)  # ten pieces, of which the last waits for nobody

    def test_limit_data_lets_so_many_bytes_pass_and_closes(self):
        for limit, sent in [(100, 50), (100, 100), (100, 101), (3, 65536)]:
            _, proxy = self.through(peers.gives(BLOCK[:sent]))
            self.toxic("limit_data", bytes=limit)
            self.assertEqual(self.client(proxy).outcome()[0], BLOCK[:min(limit, sent)])
            ask("DELETE", "/proxies/p")

    def test_limit_data_counts_over_messages_and_updates(self):
        _, proxy = self.through()
        self.toxic("limit_data", bytes=10)
        client = self.client(proxy)
        self.assertEqual(client.trip(b"1234")[0], b"1234")
        self.update("limit_data_downstream", bytes=6)
        client.send(b"5678")
        self.assertEqual(client.outcome()[0], b"56")

    def test_limit_0_lets_nothing_pass_and_leaves_the_idle_alone(self):
        _, proxy = self.through()
        self.toxic("limit_data", bytes=0)
        client = self.client(proxy)
        self.assertTrue(client.silent(0.3))
        client.send(b"x")
        self.assertEqual(client.outcome()[0], b"")

    def test_slow_close_holds_only_the_end(self):
        _, proxy = self.through(peers.gives(b"all there is"))
        self.toxic("slow_close", delay=400)
        client = self.client(proxy)
        self.assertEqual(client.read(12), b"all there is")
        self.assertEqual(client.outcome(), (b"", "end"))
        self.assertGreaterEqual(client.age(), 0.4)

    def test_slow_close_removed_closes_at_once(self):
        _, proxy = self.through(peers.gives(b"x"))
        self.toxic("slow_close", delay=600_000)
        client = self.client(proxy)
        self.assertEqual(client.read(1), b"x")
        self.assertTrue(client.silent(0.2))
        self.remove("slow_close_downstream")
        self.assertEqual(client.outcome(), (b"", "end"))

    def test_noop_does_nothing(self):
        _, proxy = self.through()
        self.toxic("noop")
        self.assertEqual(self.client(proxy).trip(BLOCK)[0], BLOCK)


class Chains(Traffic):
    def test_toxicity_0_touches_nothing_and_1_everything(self):
        _, proxy = self.through()
        body = {"type": "timeout", "name": "t", "toxicity": 0}
        ask("POST", "/proxies/p/toxics", body)
        for _ in range(10):
            self.assertEqual(self.client(proxy).trip(b"x")[0], b"x")
        ask("POST", "/proxies/p/toxics/t", {"toxicity": 1})
        for _ in range(5):
            client = self.client(proxy)
            client.send(b"x")
            self.assertTrue(client.silent(0.1))

    def test_toxicity_between_is_a_share_of_the_connections(self):
        _, proxy = self.through()
        ask("POST", "/proxies/p/toxics", {"type": "limit_data", "toxicity": 0.5})
        hit = 0
        for _ in range(60):
            with peers.Client(proxy["listen"]) as client:
                client.send(b"x")
                hit += client.read(1) == b""
        self.assertTrue(10 <= hit <= 50, hit)  # outside by chance: less than once in 10^6

    def test_toxics_come_and_go_on_a_live_connection_without_losing_a_byte(self):
        _, proxy = self.through()
        client = self.client(proxy)
        kinds = [("latency", {"latency": 5}), ("bandwidth", {"rate": 100_000}),
                 ("slicer", {"average_size": 500, "size_variation": 100}), ("noop", {}),
                 ("slow_close", {"delay": 10}), ("limit_data", {"bytes": 10**9})]
        for number in range(24):
            kind, attributes = kinds[number % len(kinds)]
            stream = ["upstream", "downstream"][number % 2]
            client.send(BLOCK[:20_000])
            self.toxic(kind, stream=stream, **attributes)
            client.send(BLOCK[20_000:40_000])
            self.remove(f"{kind}_{stream}")
            self.assertEqual(client.read(40_000), BLOCK[:40_000])
