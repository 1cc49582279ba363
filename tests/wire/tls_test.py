#!/usr/bin/env python3
"""TLS on either side: endings, pressure and certificates, with peers that do on order what no real
server does, and what a user gets wrong.

Usage: tls_test.py BUILD_DIR
"""

import os
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from tls_case import (BUILD, NAME, PATIENCE, Relay, Tls, TlsPeer, hear, openssl, reset,
                      tls_context)


class WithPeers(Tls):
    """Endings and pressure, which no real server makes on order."""

    def test_close_notify_is_a_fin_and_half_close_lives(self):
        def serve(tls):
            heard, ending = hear(tls)  # up to the client's close_notify
            tls.sendall(b"after your end: " + heard + ending.encode())
            tls.unwrap().close()

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        client.sendall(b"all I say")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(hear(client), (b"after your end: all I sayFIN", "FIN"))
        peer.join()

    def test_a_missing_close_notify_is_a_fin(self):
        def serve(tls):
            tls.sendall(b"cut")
            raw = socket.socket(fileno=tls.detach())
            raw.shutdown(socket.SHUT_WR)
            raw.close()

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        self.assertEqual(hear(client), (b"cut", "FIN"))

    def test_a_missing_close_notify_is_passed_on_where_both_sides_speak_tls(self):
        for cut in (True, False):
            with self.subTest(cut=cut):
                def serve(tls, cut=cut):
                    tls.sendall(b"said")
                    if not cut:
                        try:
                            tls.unwrap()
                        except ssl.SSLError:
                            pass  # the client goes without a close_notify of its own
                        return
                    raw = socket.socket(fileno=tls.detach())
                    raw.shutdown(socket.SHUT_WR)
                    raw.settimeout(PATIENCE)
                    hear(raw)  # the client's TLS answers a cut with an alert: any end will do
                    raw.close()

                peer = TlsPeer(self, self.folder, serve)
                relay = self.originating(peer.port, "--tls-cert", self.folder + "/good.pem",
                                         "--tls-key", self.folder + "/good.key")
                context = tls_context(cafile=self.ca())
                with context.wrap_socket(self.client(relay), server_hostname=NAME,
                                         suppress_ragged_eofs=False) as client:
                    self.assertEqual(hear(client), (b"said", "CUT" if cut else "FIN"))
                peer.join()

    def test_a_reset_is_a_reset_both_ways(self):
        def serve(tls):
            tls.sendall(b"x" * 5000)
            self.assertEqual(tls.recv(2), b"go")
            reset(tls)

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        self.assertEqual(len(client.recv(5000, socket.MSG_WAITALL)), 5000)
        client.sendall(b"go")
        self.assertEqual(hear(client), (b"", "RST"))
        peer.join()
        relay.await_log("peer_reset")

        endings = []

        def serve_until_reset(tls):
            said = tls.recv(5)
            raw = socket.socket(fileno=tls.detach())  # Python's TLS has one word for both endings
            raw.settimeout(PATIENCE)
            endings.append((said, hear(raw)[1]))
            raw.close()

        peer = TlsPeer(self, self.folder, serve_until_reset)
        relay = self.originating(peer.port)
        client = self.client(relay)
        client.sendall(b"hello")
        relay.await_log("upstream_connected")
        reset(client)
        peer.join()
        self.assertEqual(endings, [(b"hello", "RST")])

    def test_pressure_reaches_the_sender_and_little_is_held(self):
        total = 64 << 20
        sent = [0]
        go_on = threading.Event()

        def serve(tls):
            tls.settimeout(3.0)
            part = b"p" * 65536
            try:
                while sent[0] < total:
                    tls.sendall(part)
                    sent[0] += len(part)
            except (socket.timeout, TimeoutError):
                go_on.set()

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        self.assertTrue(go_on.wait(PATIENCE), "the sender was never stopped")
        self.assertLess(sent[0], 24 << 20)  # the kernel's buffers of three connections
        with open("/proc/%d/status" % relay.process.pid, encoding="ascii") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        self.assertLess(peak, 512 << 10)  # KiB, the sanitizers' own included
        client.close()
        peer.join()

    def test_a_stalled_handshake_and_a_plain_server_are_failures(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        relay = self.originating(silent.getsockname()[1])
        client = self.client(relay)
        accepted, _ = silent.accept()
        self.assertEqual(accepted.recv(1), b"\x16")  # a ClientHello
        accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertEqual(hear(client), (b"", "RST"))
        relay.await_log("upstream_failed connection 1 TLS: wrong version number")
        client = self.client(relay)
        accepted, _ = silent.accept()
        accepted.recv(1)
        reset(client)  # while the handshake stalls: the server is told at once
        accepted.settimeout(PATIENCE)
        self.assertEqual(hear(accepted)[1], "RST")
        client = self.client(relay)
        accepted, _ = silent.accept()
        accepted.recv(4096)
        accepted.close()
        self.assertEqual(hear(client), (b"", "RST"))
        relay.await_log("upstream_failed connection 3 TLS: the connection ended during the")


class Terminating(Tls):
    """Clients speak TLS, the upstream does not."""

    def setUp(self):
        self.upstream = socket.create_server(("127.0.0.1", 0))
        self.upstream.settimeout(PATIENCE)
        self.addCleanup(self.upstream.close)

    def relay(self, *words):
        return Relay(self, "--upstream", "127.0.0.1:%d" % self.upstream.getsockname()[1], *words)

    def test_a_generated_certificate_is_trusted_by_who_trusts_the_written_ca(self):
        for host in ("localhost", "127.0.0.1"):
            with self.subTest(host=host):
                ca = self.folder + "/written-%s.pem" % host
                relay = self.relay("--tls-generate", host, "--tls-write-ca", ca)
                context = tls_context(cafile=ca)
                context.set_alpn_protocols(["h2", "http/1.1"])
                with context.wrap_socket(self.client(relay), server_hostname=host) as client:
                    server = self.upstream.accept()[0]
                    self.assertEqual(client.selected_alpn_protocol(), "http/1.1")
                    client.sendall(b"ping")
                    self.assertEqual(server.recv(4, socket.MSG_WAITALL), b"ping")
                    server.sendall(b"pong")
                    server.close()
                    self.assertEqual(hear(client), (b"pong", "FIN"))
                with self.assertRaises(ssl.SSLCertVerificationError):
                    context.wrap_socket(self.client(relay), server_hostname="elsewhere.test")
                self.upstream.accept()[0].close()
                relay.await_log("client_failed")

    def test_who_cannot_reach_the_upstream_resets_the_client(self):
        relay = self.relay("--tls-generate", "localhost")
        self.upstream.close()
        try:
            heard = hear(self.client(relay))
        except ConnectionResetError:  # before it was known that it is connected
            heard = b"", "RST"
        self.assertEqual(heard, (b"", "RST"))
        relay.await_log("ECONNREFUSED")

    def test_bytes_both_ways_are_exact(self):
        relay = self.relay("--tls-cert", self.folder + "/good.pem", "--tls-key",
                           self.folder + "/good.key")
        up, down = os.urandom(1 << 20) * 8, os.urandom(1 << 20) * 9
        heard = []

        def serve():
            server = self.upstream.accept()[0]
            server.settimeout(PATIENCE)
            got = bytearray()
            while len(got) < len(up):
                got += server.recv(1 << 16)
            heard.append(bytes(got))
            server.sendall(down)
            server.close()

        serving = threading.Thread(target=serve)
        serving.start()
        context = tls_context(cafile=self.ca())
        with context.wrap_socket(self.client(relay), server_hostname=NAME,
                                 suppress_ragged_eofs=False) as client:
            client.sendall(up)
            got, ending = hear(client)
        serving.join(PATIENCE)
        self.assertTrue(heard[0] == up)
        self.assertTrue(got == down)
        self.assertEqual(ending, "FIN")


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Refused(Tls):
    """What a user gets wrong, in the words of the command line."""

    def test_bad_values_are_told_with_their_place(self):
        for words, said in (
                (("--upstream", "https://"), "--upstream: \"https://\" has no host"),
                (("--upstream", "ftp://a:1"), "has the scheme \"ftp\""),
                (("--upstream", "https://a/b"), "more than a host and a port"),
                (("--upstream", "a:1", "--insecure"), "--insecure: is for an upstream in TLS"),
                (("--upstream", "a:1", "--ca", "x"), "--ca: is for an upstream in TLS"),
                (("--upstream", "https://a", "--ca", "/nowhere"), "--ca: cannot read certificates"),
                (("--upstream", "a:1", "--tls-key", "x"), "--tls-key: needs --tls-cert"),
                (("--upstream", "a:1", "--tls-cert", self.ca(), "--tls-key", self.ca()),
                 "--tls-key: cannot use the key"),
                (("--upstream", "a:1", "--tls-cert", self.folder + "/good.pem", "--tls-key",
                  self.folder + "/other.key"), "key values mismatch"),
                (("--upstream", "a:1", "--tls-write-ca", "x"),
                 "--tls-write-ca: is for a certificate made here"),
        ):
            with self.subTest(words=words):
                refused = subprocess.run(
                    [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0", *words],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
                    check=False)
                self.assertEqual(refused.returncode, 2)
                self.assertIn(said, refused.stderr)


del Tls  # it has no tests of its own
if __name__ == "__main__":
    unittest.main()
