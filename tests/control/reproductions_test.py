#!/usr/bin/env python3
"""What breaks Toxiproxy 2.12.0, asked of faultline through the same API.

Each case was seen to fail there; where its users told of it, the thread is named.

Usage: reproductions_test.py BUILD_DIR
"""

import resource
import select
import socket
import unittest

from compatible_case import Server, connected, ending, exchange, listener, reset


class Reproductions(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(listener())

    # No thread found: one EMFILE ends the accept loop for good, while the API says enabled.
    def test_a_proxy_accepts_again_after_descriptors_ran_out(self):
        def few_descriptors():
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))

        with Server("--workers", "1", preexec_fn=few_descriptors) as server:
            address = server.proxy("few", self.upstream.getsockname())
            clients = [socket.create_connection(address) for _ in range(400)]
            for client in clients:
                client.close()
            client, served = None, b""
            while served != b"again":  # those closed before they were served come first
                if client is None:
                    client = socket.create_connection(address, timeout=30)
                    client.sendall(b"again")
                peer, _ = self.upstream.accept()
                peer.settimeout(30)
                served = peer.recv(5)
                peer.close()
            client.close()
            self.assertEqual(server.call("GET", "/proxies/few")[0], 200)

    # Toxiproxy #558, and #88, #159, #210, #254, #412, #427, #428 before it: with a peer gone, the
    # removal of a latency that holds data never ends, and takes the whole API with it.
    def test_a_latency_with_a_backlog_and_dead_peers_is_removed_at_once(self):
        with Server() as server:
            address = server.proxy("slow", self.upstream.getsockname())
            self.assertEqual(server.toxic("slow", "latency", "upstream", latency=30000)[0], 200)
            for _ in range(10):
                client, peer = connected(address, self.upstream)
                client.setblocking(False)
                while select.select([], [client], [], 0.05)[1]:
                    client.send(b"x" * (1 << 16))
                reset(client)
                reset(peer)
            self.assertEqual(server.call("DELETE", "/proxies/slow/toxics/latency")[0], 204)
            self.assertEqual(server.call("GET", "/proxies")[0], 200)
            self.assertEqual(server.call("POST", "/reset")[0], 204)
            with_both = connected(address, self.upstream)
            self.assertEqual(exchange(*with_both), b"ping")
            for sock in with_both:
                sock.close()

    # No thread found: a jitter beyond what its generator can draw ends the process at the first
    # byte. Here it is as long as time goes, and over with the toxic.
    def test_a_jitter_beyond_all_bounds_holds_bytes_and_kills_nothing(self):
        with Server() as server:
            address = server.proxy("jitter", self.upstream.getsockname())
            self.assertEqual(server.toxic("jitter", "latency", "upstream", jitter=1 << 62)[0], 200)
            client, peer = connected(address, self.upstream)
            client.sendall(b"held or not")
            self.assertEqual(server.call("DELETE", "/proxies/jitter/toxics/latency")[0], 204)
            self.assertEqual(peer.recv(100), b"held or not")
            self.assertEqual(exchange(client, peer), b"ping")
            client.close()
            peer.close()

    # Toxiproxy PR #764: a rate below zero ends the process at the first byte.
    def test_numbers_below_zero_are_refused(self):
        with Server() as server:
            address = server.proxy("numbers", self.upstream.getsockname())
            for kind, attributes in (("bandwidth", {"rate": -1}), ("latency", {"latency": -1}),
                                     ("slicer", {"average_size": -5})):
                status, said = server.toxic("numbers", kind, **attributes)
                self.assertEqual(status, 400, said)
            with_both = connected(address, self.upstream)
            self.assertEqual(exchange(*with_both), b"ping")
            for sock in with_both:
                sock.close()

    # Toxiproxy #541 and #178, PRs #727 and #770: a slicer without attributes, or one that varies by
    # more than its average, ends the process at the first byte.
    def test_a_slicer_of_any_sizes_is_harmless(self):
        with Server() as server:
            address = server.proxy("sliced", self.upstream.getsockname())
            for attributes in ({}, {"average_size": 4, "size_variation": 64}):
                status, said = server.toxic("sliced", "slicer", "upstream", **attributes)
                self.assertEqual(status, 200, said)
                client, peer = connected(address, self.upstream)
                self.assertEqual(exchange(client, peer, b"all of this, in order" * 500),
                                 b"all of this, in order" * 500)
                client.close()
                peer.close()
                self.assertEqual(server.call("DELETE", "/proxies/sliced/toxics/slicer")[0], 204)

    # No thread found: the accept loop dials, so an upstream that swallows SYNs stops every accept
    # of its proxy, and whoever changes the proxy waits for it.
    def test_a_dial_without_answer_holds_up_nobody(self):
        silent = self.enterContext(listener(0))
        plugs = []
        for _ in range(3):  # fill its backlog: the next SYN is dropped
            plug = socket.socket()
            plug.setblocking(False)
            plug.connect_ex(silent.getsockname())
            plugs.append(plug)
        with Server() as server:
            address = server.proxy("silent", silent.getsockname())
            waiting = socket.create_connection(address, timeout=30)
            self.assertEqual(server.call("GET", "/proxies/silent")[0], 200)
            status, said = server.call("PATCH", "/proxies/silent",
                                       {"upstream": "%s:%d" % self.upstream.getsockname()})
            self.assertEqual(status, 200, said)
            self.assertEqual(ending(waiting), "FIN")
            with_both = connected(address, self.upstream)
            self.assertEqual(exchange(*with_both), b"ping")
            for sock in (*with_both, waiting, *plugs):
                sock.close()

    # No thread found: an RST of either side becomes a FIN on the other.
    def test_a_reset_arrives_as_a_reset(self):
        with Server() as server:
            address = server.proxy("plain", self.upstream.getsockname())
            client, peer = connected(address, self.upstream)
            reset(peer)
            self.assertEqual(ending(client), "RST")
            client.close()
            client, peer = connected(address, self.upstream)
            reset(client)
            self.assertEqual(ending(peer), "RST")
            peer.close()

    # Toxiproxy #603 and #465: reset_peer waits for data and so never resets an idle connection; one
    # that was open before gets a FIN; and with a toxicity of 0 connections are reset all the same.
    def test_reset_peer_resets_idle_and_live_connections_and_only_those_it_is_for(self):
        with Server() as server:
            address = server.proxy("reset", self.upstream.getsockname())
            client, peer = connected(address, self.upstream)
            server.call("POST", "/proxies/reset/toxics",
                        {"name": "spares", "type": "reset_peer", "toxicity": 0})
            self.assertEqual(exchange(client, peer), b"ping")
            self.assertEqual(server.toxic("reset", "reset_peer")[0], 200)
            self.assertEqual(ending(client), "RST")
            self.assertEqual(ending(peer), "RST")
            client.close()
            peer.close()

    # No thread found: the end of either side closes both, so the reply to a client that has shut
    # down its sending side is lost.
    def test_a_half_closed_client_gets_its_reply(self):
        with Server() as server:
            address = server.proxy("half", self.upstream.getsockname())
            client, peer = connected(address, self.upstream)
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            heard = b""
            while part := peer.recv(100):
                heard += part
            self.assertEqual(heard, b"question")
            peer.sendall(b"answer")
            peer.close()
            self.assertEqual(client.recv(100), b"answer")
            self.assertEqual(ending(client), "FIN")
            client.close()


if __name__ == "__main__":
    unittest.main()
