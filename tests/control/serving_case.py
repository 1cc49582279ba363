"""What the test scripts of the control server have in common: a server that is running, and its
requests and answers as bytes.

Each script takes the build folder as its argument.
"""

import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading

BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev").resolve()
PATIENCE = 30.0


class Serving:
    """A `faultline serve` (or toxiproxy-server) until the end of the test."""

    def __init__(self, *arguments, program="faultline", verb=("serve",), **options):
        self.process = subprocess.Popen([BUILD / program, *verb, *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **options)
        self.address = None
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            found = re.search(r'(?:listening |"address":")(unix:[^\s"]+|[^\s"]+:\d+)', line)
            if found:
                self.address = found.group(1)
                break
        if self.address is None:
            raise AssertionError("it does not serve: " + self.process.stderr.read())
        threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True).start()

    def connect(self):
        if self.address.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(PATIENCE)
            client.connect(self.address[len("unix:"):])
            return client
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def request(method="GET", path="/version", body=b"", fields=("Host: localhost",), version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Answers:
    """The responses of one connection, one after the other."""

    def __init__(self, client):
        self.client = client
        self.bytes = b""

    def until(self, found):
        while not found():
            part = self.client.recv(65536)
            if not part:
                raise EOFError(self.bytes)
            self.bytes += part

    def next(self):
        self.until(lambda: b"\r\n\r\n" in self.bytes)
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = int(fields.get("content-length", 0))
        self.until(lambda: len(self.bytes) >= length)
        body, self.bytes = self.bytes[:length], self.bytes[length:]
        return int(lines[0].split()[1]), fields, body

    def ended(self):
        """True when the server has closed; what it still says is swallowed."""
        try:
            while self.client.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True
