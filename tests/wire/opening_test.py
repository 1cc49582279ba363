#!/usr/bin/env python3
"""What happens between the upstream's accept and the moment in which the relay learns of it.

The relay dials into a full backlog and is stopped there, so that everything else has happened
before it looks: what comes of it may not depend on how fast a relay is.

Usage: opening_test.py BUILD_DIR
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev"
PATIENCE = 30.0


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def ending(sock):
    """Reads to the end: (bytes, "FIN" | "RST" | "OPEN")."""
    sock.settimeout(PATIENCE)
    total = 0
    while True:
        try:
            part = sock.recv(1 << 16)
        except socket.timeout:
            return total, "OPEN"
        except ConnectionResetError:
            return total, "RST"
        if not part:
            return total, "FIN"
        total += len(part)


class Opening(unittest.TestCase):
    def setUp(self):
        self.upstream = socket.socket()
        self.upstream.bind(("127.0.0.1", 0))
        self.upstream.listen(0)
        self.upstream.settimeout(PATIENCE)
        self.addCleanup(self.upstream.close)

    def opened(self, protocol):
        """A client and its upstream's end, connected while the relay does not look."""
        filling = socket.create_connection(self.upstream.getsockname(), PATIENCE)
        self.addCleanup(filling.close)
        relay = subprocess.Popen(
            [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0", "--workers", "1",
             "--protocol", protocol, "--upstream", "127.0.0.1:%d" % self.upstream.getsockname()[1]],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, relay)
        address = relay.stdout.readline().split()[-1].rsplit(":", 1)
        client = socket.create_connection((address[0], int(address[1])), PATIENCE)
        self.addCleanup(client.close)
        self.await_dialing(relay.pid)
        relay.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, relay.pid, os.WSTOPPED)
        self.upstream.accept()[0].close()  # the one that filled it
        server = self.upstream.accept()[0]  # the relay's, which asks again after a second
        self.addCleanup(server.close)
        return client, server, relay

    def await_dialing(self, pid):
        """Until a handshake of that relay with the upstream is under way."""
        target = "0100007F:%04X" % self.upstream.getsockname()[1]
        for _ in range(int(PATIENCE * 100)):
            with open("/proc/%d/net/tcp" % pid, encoding="ascii") as table:
                if any(line.split()[2:4] == [target, "02"] for line in table):
                    return
            signal.sigtimedwait([], 0.01)
        self.fail("the relay does not dial")

    @staticmethod
    def end(relay):
        relay.send_signal(signal.SIGCONT)
        relay.send_signal(signal.SIGTERM)
        relay.wait(PATIENCE)
        relay.stdout.close()

    def check_each_protocol(self, meanwhile, expected):
        """`meanwhile(client, server)` happens unseen, and gives the end at which to look."""
        for protocol in ("tcp", "http", "postgres"):
            with self.subTest(protocol=protocol):
                client, server, relay = self.opened(protocol)
                seen_by = meanwhile(client, server)
                relay.send_signal(signal.SIGCONT)
                self.assertEqual(ending(seen_by), expected)

    def test_a_reset_of_the_client_reaches_the_server(self):
        def meanwhile(client, server):
            reset(client)
            return server
        self.check_each_protocol(meanwhile, (0, "RST"))

    def test_what_the_client_said_before_its_reset_is_passed_on(self):
        def meanwhile(client, server):
            client.sendall(b"x" * 1000)
            reset(client)
            return server
        self.check_each_protocol(meanwhile, (1000, "RST"))

    def test_what_the_server_said_before_its_reset_is_passed_on(self):
        def meanwhile(client, server):
            server.sendall(b"x" * 1000)
            reset(server)
            return client
        self.check_each_protocol(meanwhile, (1000, "RST"))


if __name__ == "__main__":
    unittest.main()
