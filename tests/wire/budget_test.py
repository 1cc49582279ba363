#!/usr/bin/env python3
"""The connection budget: with few descriptors `faultline relay` serves what it can, lets further
clients wait without spinning, and serves them as soon as others have left.

Usage: budget_test.py BUILD_DIR
"""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev"
DESCRIPTORS = 512
PATIENCE = 30.0


class Echo:
    """An upstream that answers each byte with itself."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection:
            try:
                while part := connection.recv(64):
                    connection.sendall(part)
            except OSError:
                pass


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class Budget(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        self.relay = subprocess.Popen(
            [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0", "--workers", "1",
             "--upstream", "127.0.0.1:%d" % self.echo.port],
            stdout=subprocess.PIPE, text=True, preexec_fn=limit)
        said = ""
        while "listening" not in said or "connections" not in said:
            line = self.relay.stdout.readline()
            self.assertTrue(line, "the relay ended: " + said)
            said += line
        self.target = ("127.0.0.1", int(re.search(r"listening \S+:(\d+)", said).group(1)))
        self.most = int(re.search(r"(\d+) connections", said).group(1))

    def tearDown(self):
        self.relay.send_signal(signal.SIGTERM)
        self.assertIn(self.relay.wait(timeout=30), (143, -signal.SIGTERM))
        self.relay.stdout.close()
        self.echo.listening.close()

    def client(self):
        sock = socket.create_connection(self.target, timeout=PATIENCE)
        sock.sendall(b"x")
        return sock

    def test_beyond_the_budget_clients_wait_and_are_served_when_there_is_room(self):
        self.assertLess(self.most, DESCRIPTORS // 2)
        for _ in range(5):
            served = [self.client() for _ in range(self.most)]
            for sock in served:
                self.assertEqual(sock.recv(1), b"x")
            waiting = [self.client() for _ in range(20)]
            before = cpu_ticks(self.relay.pid)
            waiting[0].settimeout(1.0)
            with self.assertRaises(socket.timeout):
                waiting[0].recv(1)
            self.assertLess(cpu_ticks(self.relay.pid) - before, 30, "it spins while it is full")
            for sock in served:
                sock.close()
            for sock in waiting:
                sock.settimeout(PATIENCE)
                self.assertEqual(sock.recv(1), b"x")
                sock.close()


if __name__ == "__main__":
    unittest.main()
