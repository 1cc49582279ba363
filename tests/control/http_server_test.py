#!/usr/bin/env python3
"""The control server over real sockets: what it answers is the API's tests' matter, here it is
limits, halves of requests, many clients, hostile ones, and an end that comes.

Usage: http_server_test.py BUILD_DIR
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

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


class HttpServer(unittest.TestCase):
    def serve(self, *arguments, **options):
        serving = Serving("--listen", "127.0.0.1:0", *arguments, **options)
        self.addCleanup(lambda: serving.process.poll() is None and serving.stop())
        return serving

    def test_requests_are_answered_in_turn_however_they_are_cut(self):
        serving = self.serve()
        with serving.connect() as client:
            answers = Answers(client)
            stream = (request() + request("POST", "/proxies", b'{"name":"a","upstream":"x:1",'
                                          b'"listen":"localhost:0"}')
                      + request("GET", "/proxies/a") + request("HEAD", "/version")
                      + request("GET", "/nothing"))
            client.sendall(stream)
            self.assertEqual([answers.next()[0] for _ in range(3)], [200, 201, 200])
            status, fields, _ = answers.next()
            self.assertEqual((status, fields["content-length"]), (405, "0"))
            self.assertEqual(answers.next()[0], 404)
            for byte in request("DELETE", "/proxies/a"):
                client.sendall(bytes([byte]))
            self.assertEqual(answers.next()[0], 204)

    def test_many_pipelined_requests_are_all_answered(self):
        serving = self.serve()
        count = 2000
        with serving.connect() as client:
            sender = threading.Thread(target=client.sendall, args=(request() * count,))
            sender.start()
            answers = Answers(client)
            self.assertEqual({answers.next()[0] for _ in range(count)}, {200})
            sender.join()

    def test_chunked_bodies_and_expectations(self):
        serving = self.serve()
        body = b'{"name":"a","upstream":"x:1","listen":"localhost:0"}'
        chunked = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        with serving.connect() as client:
            answers = Answers(client)
            client.sendall(request("POST", "/proxies", fields=(
                "Host: localhost", "Transfer-Encoding: chunked")) + chunked)
            self.assertEqual(answers.next()[0], 201)
            client.sendall(request("POST", "/proxies/a", fields=(
                "Host: localhost", "Expect: 100-continue", "Content-Length: 2")))
            self.assertEqual(answers.next()[0], 100)
            client.sendall(b"{}")
            self.assertEqual(answers.next()[0], 200)

    def test_an_upgrade_is_declined_by_answering(self):
        serving = self.serve()
        upgrade = ("Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                   "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
        with serving.connect() as client:
            answers = Answers(client)
            client.sendall(request(fields=upgrade) + request())
            self.assertEqual([answers.next()[0], answers.next()[0]], [200, 200])
            client.sendall(request("POST", "/populate", b"[]", fields=upgrade) + request())
            self.assertEqual([answers.next()[0], answers.next()[0]], [201, 200])

    def test_what_is_no_request_is_refused_and_the_connection_ended(self):
        serving = self.serve()
        hostile = [
            (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64),
            (400, b"GET / HTTP/1.1\r\n\r\n"),  # no Host
            (400, request(fields=("Host: localhost", "Host: evil.com"))),
            (400, request("POST", "/reset", fields=("Host: localhost", "Content-Length: 5",
                                                    "Transfer-Encoding: chunked"))),
            (400, request("POST", "/reset", fields=("Host: localhost", "Content-Length: -1"))),
            (400, b"GET /version HTTP/1.1\nHost: localhost\n\n"),
            (413, request("POST", "/populate", fields=("Host: localhost",
                                                       "Content-Length: 1048577"))),
            (413, request("POST", "/populate", fields=("Host: localhost",
                                                       "Content-Length: 99999999999999999999"))),
            (431, request(fields=("Host: localhost", "X: " + "x" * 70000))),
            (421, request(fields=("Host: evil.com", "Connection: close"))),
            (403, request(fields=("Host: localhost", "Origin: http://evil.com",
                                  "Connection: close"))),
            (404, request("CONNECT", "localhost:443")),
        ]
        for status, sent in hostile:
            with self.subTest(sent=sent[:60]), serving.connect() as client:
                client.sendall(sent)
                answers = Answers(client)
                got, fields, _ = answers.next()
                if status == 413 and got == 400:  # a length beyond 64 bits is no length
                    got = 413
                self.assertEqual((got, fields.get("connection")), (status, "close"))
                self.assertTrue(answers.ended())

    def test_a_body_over_the_limit_is_refused_and_the_refusal_arrives(self):
        serving = self.serve()
        for framing in ("Content-Length: 4000000", "Transfer-Encoding: chunked"):
            with self.subTest(framing), serving.connect() as client:
                client.sendall(request("POST", "/populate", fields=("Host: localhost", framing)))
                answers = Answers(client)
                try:
                    for _ in range(40):
                        client.sendall(b"186a0\r\n" + b" " * 100_000 + b"\r\n"
                                       if "chunked" in framing else b" " * 100_000)
                except OSError:
                    pass
                self.assertEqual(answers.next()[0], 413)

    def test_half_a_request_changes_nothing(self):
        serving = self.serve()
        whole = request("POST", "/proxies", b'{"name":"a","upstream":"x:1"}')
        for length in range(1, len(whole), 7):
            with serving.connect() as client:
                client.sendall(whole[:length])
                client.shutdown(socket.SHUT_WR)
                self.assertTrue(Answers(client).ended())
        with serving.connect() as client:
            client.sendall(request("GET", "/proxies"))
            self.assertEqual(Answers(client).next()[2], b"{}")

    def test_a_client_that_has_said_all_still_gets_its_answers(self):
        serving = self.serve()
        with serving.connect() as client:
            client.sendall(request() * 3)
            client.shutdown(socket.SHUT_WR)
            answers = Answers(client)
            self.assertEqual([answers.next()[0] for _ in range(3)], [200] * 3)
            self.assertTrue(answers.ended())

    def test_clients_beyond_the_limit_take_the_place_of_those_that_wait_longest(self):
        serving = self.serve()
        before = len(os.listdir(f"/proc/{serving.process.pid}/fd"))
        idle = [serving.connect() for _ in range(200)]
        half = [serving.connect() for _ in range(200)]
        try:
            for client in half:
                client.sendall(b"POST /reset HTTP/1.1\r\nHost: loc")
            for _ in range(20):
                with serving.connect() as client:
                    client.sendall(request())
                    self.assertEqual(Answers(client).next()[0], 200)
            descriptors = len(os.listdir(f"/proc/{serving.process.pid}/fd"))
            self.assertLessEqual(descriptors - before, 96)
            with idle[0] as first:
                self.assertTrue(Answers(first).ended())
        finally:
            for client in idle + half:
                client.close()

    def test_a_slow_request_is_given_up_and_does_not_keep_others_waiting(self):
        serving = self.serve()
        with serving.connect() as slow:
            begun = time.monotonic()
            slow.sendall(b"GET /version HTTP/1.1\r\n")
            slow.settimeout(0.5)
            deadline = begun + PATIENCE
            while time.monotonic() < deadline:
                try:
                    slow.sendall(b"X: y\r\n")
                    if slow.recv(1) == b"":
                        break
                except TimeoutError:
                    with serving.connect() as client:
                        client.sendall(request())
                        self.assertEqual(Answers(client).next()[0], 200)
                except OSError:
                    break
            else:
                self.fail("it is still being listened to")
            self.assertGreater(time.monotonic() - begun, 10)

    def test_it_goes_on_when_descriptors_ran_out(self):
        if b"__ubsan_handle" in (BUILD / "faultline").read_bytes():
            self.skipTest("without descriptors the sanitizer distrusts every object")
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160))
        serving = self.serve("--workers", "1", preexec_fn=limit)
        clients = [serving.connect() for _ in range(180)]
        for client in clients:
            client.close()
        with serving.connect() as client:
            client.sendall(request())
            self.assertEqual(Answers(client).next()[0], 200)

    def test_it_stops_while_requests_are_open(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            serving = self.serve()
            idle, half, reader = (serving.connect() for _ in range(3))
            half.sendall(b"POST /populate HTTP/1.1\r\nHost: localhost\r\n"
                         b"Content-Length: 9\r\n\r\n[")
            reader.sendall(request() * 500)  # and never reads
            with serving.connect() as client:
                client.sendall(request())
                self.assertEqual(Answers(client).next()[0], 200)
            self.assertEqual(serving.stop(number), 0)
            self.assertEqual(serving.errors, "")
            for client in (idle, half, reader):
                client.close()

    def test_a_unix_socket_is_its_owners_and_is_tidied_away(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "api.sock"
        for _ in range(2):
            serving = Serving("--listen", f"unix:{path}")
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            with serving.connect() as client:
                client.sendall(request(fields=("Host: whatever.invalid",)))
                self.assertEqual(Answers(client).next()[0], 200)
            second = subprocess.run([BUILD / "faultline", "serve", "--listen", f"unix:{path}"],
                                    capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(second.returncode, 4, second.stderr)
            self.assertEqual(serving.stop(), 0)
            self.assertFalse(path.exists())
            left = socket.socket(socket.AF_UNIX)  # what a process that was killed leaves behind
            left.bind(str(path))
            left.close()

    def test_listening_beyond_loopback_is_asked_for_twice(self):
        refused = subprocess.run([BUILD / "faultline", "serve", "--listen", "0.0.0.0:0"],
                                 capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(refused.returncode, 4)
        self.assertIn("--insecure-admin", refused.stderr)


class ToxiproxyServer(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([BUILD / "toxiproxy-server", *arguments], capture_output=True,
                              text=True, timeout=PATIENCE, check=False)

    def serve(self, *arguments, **options):
        serving = Serving(*arguments, program="toxiproxy-server", verb=(), **options)
        self.addCleanup(lambda: serving.process.poll() is None and serving.stop())
        return serving

    def test_flags_are_gos(self):
        for arguments in (["-version"], ["--version"], ["-version=true", "-port", "x"]):
            ran = self.run_it(*arguments)
            self.assertEqual(ran.returncode, 0)
            self.assertRegex(ran.stdout, r"^toxiproxy-server version 2\.12\.0-[^+\s]+\n$")
        for arguments in (["-nonsense"], ["-port"], ["-seed", "abc"], ["-version=perhaps"]):
            ran = self.run_it(*arguments)
            self.assertEqual((ran.returncode, ran.stdout), (2, ""))
            self.assertIn("Usage of toxiproxy-server", ran.stderr)
        self.assertEqual(self.run_it("-h").returncode, 0)

    def test_it_serves_where_it_is_told_and_stops_cleanly(self):
        serving = self.serve("-host=127.0.0.1", "--port", "0", "-seed", "7", "-proxy-metrics")
        self.assertEqual(json.loads(serving.said[-1])["level"], "info")
        with serving.connect() as client:
            client.sendall(request())
            self.assertRegex(Answers(client).next()[2], rb'^\{"version": "2\.12\.0-.*"\}\n$')
        port = serving.address.rsplit(":", 1)[1]
        taken = self.run_it("-port", port)
        self.assertEqual(taken.returncode, 1)
        self.assertIn("Address already in use", taken.stdout)
        self.assertEqual(serving.stop(), 0)

    def test_everywhere_is_where_containers_listen(self):
        environment = dict(os.environ, LOG_LEVEL="error")
        serving = self.serve("-host=0.0.0.0", "-port=0", env=environment)
        port = serving.address.rsplit(":", 1)[1]
        with socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE) as client:
            client.sendall(request(fields=("Host: toxiproxy:8474",)))
            self.assertEqual(Answers(client).next()[0], 200)

    def test_a_configuration_file_is_populated_before_it_serves(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, folder)
        good, bad = folder / "good.json", folder / "bad.json"
        good.write_text('[{"name":"a","upstream":"x:1","listen":"localhost:0","enabled":null}]')
        bad.write_text('[{"name":"a"}]')
        serving = self.serve("-config", str(good), "-port=0")
        with serving.connect() as client:
            client.sendall(request("GET", "/proxies"))
            self.assertEqual(list(json.loads(Answers(client).next()[2])), ["a"])
        lenient = self.serve("-config", str(bad), "-port=0")
        self.assertIn("missing required field: upstream at proxy 1", "".join(lenient.said))
        strict = subprocess.run(
            [BUILD / "faultline", "serve", "--listen", "127.0.0.1:0", "--config", str(bad)],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(strict.returncode, 2)
        self.assertIn("missing required field: upstream at proxy 1", strict.stderr)


if __name__ == "__main__":
    unittest.main()
