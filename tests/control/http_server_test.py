#!/usr/bin/env python3
"""The control server over real sockets: what it answers is the API's tests' matter, here it is
limits, halves of requests, many clients, hostile ones, and an end that comes.

Usage: http_server_test.py BUILD_DIR
"""

import os
import pathlib
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

sys.dont_write_bytecode = True

from serving_case import Answers, BUILD, PATIENCE, Serving, request  # noqa: E402


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

    def test_a_file_that_is_no_socket_is_left_alone(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "precious"
        path.write_text("kept")
        refused = subprocess.run([BUILD / "faultline", "serve", "--listen", f"unix:{path}"],
                                 capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(refused.returncode, 4, refused.stderr)
        self.assertEqual(path.read_text(), "kept")

    def test_listening_beyond_loopback_is_asked_for_twice(self):
        refused = subprocess.run([BUILD / "faultline", "serve", "--listen", "0.0.0.0:0"],
                                 capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(refused.returncode, 4)
        self.assertIn("--insecure-admin", refused.stderr)

    def test_a_token_is_asked_for_where_one_is_set(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, folder)
        token = folder / "token"
        token.write_text("short\n")
        refused = subprocess.run([BUILD / "faultline", "serve", "--token-file", token],
                                 capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(refused.returncode, 2)
        token.write_text("0123456789abcdef\n")
        serving = self.serve("--token-file", token, "--listen", "0.0.0.0:0")
        for status, fields in ((401, ()), (200, ("Authorization: Bearer 0123456789abcdef",))):
            with serving.connect() as client:
                client.sendall(request(fields=("Host: localhost", *fields)))
                self.assertEqual(Answers(client).next()[0], status)


if __name__ == "__main__":
    unittest.main()
