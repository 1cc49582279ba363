"""What the test scripts of the bridge have in common: one PostgreSQL for a script, a database
and a link for a test."""

import os
import signal
import sys
import unittest

from pg_sandbox import Bridge, Link, Postgres, wait_until


# A slow machine is no outage. What is about a deadline sets its own, which counts as the later one.
PATIENT = ("--statement-deadline", "10s", "--connect-deadline", "10s")


class Shared:
    binary = ""
    server = None


def setUpModule():
    Shared.server = Postgres()


def tearDownModule():
    Shared.server.close()


def run(usage):
    """The script's main: the first argument is a build folder or the bridge itself, the rest is for
    unittest."""
    if len(sys.argv) < 2:
        sys.exit(usage)
    Shared.binary = os.path.abspath(sys.argv.pop(1))
    if os.path.isdir(Shared.binary):
        Shared.binary = os.path.join(Shared.binary, "bridge")
    if not os.access(Shared.binary, os.X_OK):
        sys.exit(f"{Shared.binary}: no program; build the target bridge first")
    # Being told to end must end the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)


class BridgeTest(unittest.TestCase):
    databases = 0

    def setUp(self):
        BridgeTest.databases += 1
        self.server = Shared.server
        self.database = self.server.database(f"bridge_{BridgeTest.databases}")
        self.link = Link(self.server.port)
        self.addCleanup(self.link.close)

    def start(self, *options, ready=True):
        """A bridge behind the link. That it ends with 0 is part of every test: a complaint of a
        sanitizer or a shutdown without end is a failure."""
        bridge = Bridge(Shared.binary, self.link.port, self.database, *PATIENT, *options,
                        ready=ready)

        def finish():
            code = bridge.close()
            self.assertEqual((code, bridge.errors), (0, ""))
            self.assertEqual(bridge.count("stop"), 1)

        self.addCleanup(finish)
        return bridge

    def stored(self):
        return self.server.stored(self.database)

    def assert_refused(self, answer, reason, status=503):
        self.assertEqual((answer.status, answer.reason), (status, reason))
        self.assertEqual(answer.headers["Retry-After"], "1")

    def wait_event(self, bridge, name, count=1):
        wait_until(f"{count} x {name}", lambda: bridge.count(name) >= count)
