"""Processes of these tests: each in a group of its own, bounded in time, and never left behind."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time

LIMIT = 30  # seconds until a server answers, and until it has ended
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent():
    """Runs in the child: the kernel ends it when whoever started it dies, however that dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_group(process):
    """Kills the process and what it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(LIMIT)


def run(command, limit, **options):
    """(exit code, output) of a command; the code is None if it did not end within `limit`."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   start_new_session=True, preexec_fn=die_with_parent, **options)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            end_group(process)
        output.seek(0)
        return code, output.read().decode(errors="replace")


class Server:
    """A server with Toxiproxy's flags on a free port of loopback; ready when it was made.

    Whether a port is free is known when the server has it, so it tries several."""

    def __init__(self, program, *flags, environment=None):
        self.output = tempfile.TemporaryFile()
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            self._start([program, "-host", "127.0.0.1", "-port", str(self.port), *flags],
                        environment)
            if self.answers():
                return
            self.end()
        raise RuntimeError(f"{program} does not serve: {self.said()}")

    def _start(self, command, environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True, preexec_fn=die_with_parent,
            env={**os.environ, **(environment or {})})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
            try:
                connection.request("GET", "/version")
                return connection.getresponse().status == 200
            except OSError:
                time.sleep(0.02)  # it has not begun to listen
            finally:
                connection.close()
        return False

    def said(self):
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def end(self):
        end_group(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        self.output.close()
