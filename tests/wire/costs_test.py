#!/usr/bin/env python3
"""What bytes cost while nothing is armed, counted in system calls and not in time, so it is the
same on a busy machine: strace counts those of `faultline relay` in a small run and in a larger one,
and the difference is what the additional work took.

The bounds are those of the performance goals; README has what was measured against peers.

Usage: costs_test.py BUILD_DIR
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev"
PATIENCE = 60.0
MIB = 1 << 20


def strace_works():
    """It is there and may trace (a container may forbid that)."""
    return shutil.which("strace") is not None and subprocess.run(
        ["strace", "-f", "-c", "-o", os.devnull, "true"], capture_output=True,
        check=False).returncode == 0


class Server:
    """Serves each connection with a function, in a thread of its own."""

    def __init__(self, serve):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        self.serve = serve
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass


def echo(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while part := connection.recv(4096):
        connection.sendall(part)


def swallow(connection):
    """Reads to the end, and then says how much that was."""
    taken = 0
    while part := connection.recv(4 * MIB):
        taken += len(part)
    connection.sendall(b"%d" % taken)


def answer(connection):
    """A head and 4 MiB to every request of one byte."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while connection.recv(1):
        connection.sendall(bytes(200))
        connection.sendall(bytes(4 * MIB))


def counted(server, work, protocol="tcp"):
    """How often each system call was made by a relay in front of `server` while `work(address)`."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as summary:
        # A leak check can't be made under strace.
        relay = subprocess.Popen(
            ["strace", "-f", "-c", "-o", summary.name, os.path.join(BUILD, "faultline"), "relay",
             "--listen", "127.0.0.1:0", "--upstream", f"127.0.0.1:{server.port}", "--workers", "1",
             "--protocol", protocol],
            stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        try:
            port = int(re.search(r"listening \S+:(\d+)", relay.stdout.readline()).group(1))
            work(("127.0.0.1", port))
        finally:
            os.killpg(relay.pid, signal.SIGTERM)
            relay.wait(PATIENCE)
            relay.stdout.close()
        calls = {}
        for line in summary:
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                calls[fields[-1]] = int(fields[3])
        return calls


def cost(server, work, small, large, **options):
    """Calls per piece of work: {name: calls}, without what occurs now and then."""
    few = counted(server, lambda address: work(address, small), **options)
    many = counted(server, lambda address: work(address, large), **options)
    each = {name: (many.get(name, 0) - few.get(name, 0)) / (large - small)
            for name in many.keys() | few.keys()}
    return {name: calls for name, calls in each.items() if calls}


def round_trips(address, count):
    with socket.create_connection(address, timeout=PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            client.sendall(bytes(64))
            left = 64
            while left:
                left -= len(client.recv(left))


def connections(address, count):
    for _ in range(count):
        round_trips(address, 1)


def idle(address, seconds):
    with socket.create_connection(address, timeout=PATIENCE) as client:
        client.sendall(bytes(64))
        client.recv(64)
        came, _, _ = select.select([client], [], [], 1 + seconds)
        assert not came, "nobody sends anything"


def bulk(address, mebibytes):
    with socket.create_connection(address, timeout=PATIENCE) as client:
        for _ in range(mebibytes):
            client.sendall(bytes(MIB))
        client.shutdown(socket.SHUT_WR)
        said = b""
        while part := client.recv(64):
            said += part
        assert int(said) == mebibytes * MIB, said


def large_answers(address, count):
    with socket.create_connection(address, timeout=PATIENCE) as client:
        for _ in range(count):
            client.sendall(bytes(1))
            left = 200 + 4 * MIB
            while left:
                left -= len(client.recv(left))


@unittest.skipUnless(strace_works(), "strace is not there, or may not trace here")
class Costs(unittest.TestCase):
    def check(self, each, bound):
        self.assertGreater(sum(each.values()), 0, "nothing was counted")
        self.assertLessEqual(sum(each.values()), bound, each)

    def test_a_round_trip_takes_six_system_calls_and_no_epoll_ctl(self):
        each = cost(Server(echo), round_trips, 200, 1200)
        self.check(each, 6.5)
        for name, least in (("recvfrom", 2), ("sendto", 2)):
            self.assertGreaterEqual(each[name], least, "these are round trips")
        self.assertNotIn("epoll_ctl", each)

    def test_a_short_connection(self):
        self.check(cost(Server(echo), connections, 50, 250), 24)

    def test_idle_takes_none(self):
        each = cost(Server(echo), idle, 0, 3)
        self.assertLess(sum(each.values()), 5, each)

    def test_bulk_is_spliced(self):
        each = cost(Server(swallow), bulk, 64, 320)
        self.check(each, 20)
        self.assertLess(each.get("recvfrom", 0), 0.5, each)

    def test_large_answers_one_after_another_are_spliced(self):
        each = cost(Server(answer), large_answers, 16, 80)
        self.check(each, 4 * 20)
        self.assertLess(each.get("recvfrom", 0), 2.5, "one is the request")

    def test_bulk_that_is_copied_because_a_codec_looks_at_it(self):
        def post(address, mebibytes):
            with socket.create_connection(address, timeout=PATIENCE) as client:
                client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" %
                               (mebibytes * MIB))
                for _ in range(mebibytes):
                    client.sendall(bytes(MIB))
                client.shutdown(socket.SHUT_WR)
                while client.recv(64):
                    pass

        self.check(cost(Server(swallow), post, 64, 320, protocol="http"), 20)


if __name__ == "__main__":
    unittest.main()
