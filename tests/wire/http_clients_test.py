#!/usr/bin/env python3
"""What real HTTP clients see of the faults by the request: curl, and Python's http.client.

Usage: http_clients_test.py BUILD_DIR
"""

import http.client
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev"
PATIENCE = 30.0
BODY = b"x" * 20


class Upstream(http.server.ThreadingHTTPServer):
    """Answers everything with 20 bytes and remembers what it was asked."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, len(body)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_):
        pass


class Clients(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.server_close)
        self.addCleanup(self.upstream.shutdown)

    def through(self, *faults):
        """The address of a proxy with these faults armed."""
        command = [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0",
                   "--protocol", "http", "--upstream",
                   "127.0.0.1:%d" % self.upstream.server_address[1]]
        for fault in faults:
            command += ["--fault", fault]
        relay = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

        def end():
            relay.terminate()
            relay.communicate(timeout=PATIENCE)

        self.addCleanup(end)
        return relay.stdout.readline().split()[-1]

    def curl(self, address, *options):
        """Its exit status, and the HTTP status that it saw."""
        ran = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20",
                              *options, "http://%s/a" % address],
                             stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        return ran.returncode, ran.stdout

    def ask(self, address, method="GET", body=None):
        """What http.client makes of it: status and length, or the name of what it raises."""
        talk = http.client.HTTPConnection(address, timeout=PATIENCE)
        try:
            talk.request(method, "/a", body)
            response = talk.getresponse()
            return response.status, len(response.read())
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            talk.close()

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_sees_each_fault_as_what_it_is(self):
        for fault, seen, asked in (
                ("status:code=502", (0, "502"), 0),
                ("status:preset=nginx_504,phase=after", (0, "504"), 1),
                ("error_after:code=500", (0, "500"), 1),
                ("rate_limit:limit=0", (0, "429"), 0),
                ("lose_response:then=close", (52, "000"), 1),
                ("lose_response:then=reset", (56, "000"), 1),
                ("never_sent:then=close", (52, "000"), 0),
                ("never_sent:then=reset", (56, "000"), 0),
                ("status_line_only", (0, "200"), 1),
                ("truncate:bytes=5B", (18, "200"), 1),
                ("truncate:bytes=5B,how=reset", (56, "200"), 1),
                ("truncate:bytes=5B,how=silent", (0, "200"), 1),
                ("bad_chunk", (56, "200"), 1),
                ("garbage", (1, "000"), 1),
                ("huge_header", (27, "200"), 1),
                ("trickle:rate=2000B", (0, "200"), 1),
                ("redirect_loop", (0, "302"), 0),
                ("body_mutate:how=noise", (0, "200"), 1),
                ("duplicate_request:answer=second", (0, "200"), 2)):
            with self.subTest(fault=fault):
                self.upstream.asked.clear()
                self.assertEqual(self.curl(self.through(fault)), seen)
                self.assertEqual(len(self.upstream.asked), asked)

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_gives_up_where_a_response_hangs(self):
        for place, status in (("before_headers", "000"), ("after_headers", "200"),
                              ("mid_body", "200")):
            with self.subTest(place=place):
                address = self.through("hang:place=" + place)
                self.assertEqual(self.curl(address, "-m", "1"), (28, status))

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_caps_redirects_and_reads_what_comes_early(self):
        self.assertEqual(self.curl(self.through("redirect_loop"), "-L", "--max-redirs", "5")[0], 47)
        self.assertEqual(self.curl(self.through("early_final"), "-d", "x" * 100), (0, "413"))
        self.assertEqual(self.curl(self.through("ignored_expect"), "-H", "Expect: 100-continue",
                                   "--expect100-timeout", "0.2", "-T", __file__), (0, "200"))
        self.assertEqual([one[0] for one in self.upstream.asked], ["PUT"])

    def test_http_client_sees_each_fault_as_what_it_is(self):
        for fault, seen in (("status:code=503,body=html", (503, 111)),
                            ("lose_response", "RemoteDisconnected"),
                            ("never_sent:then=reset", "ConnectionResetError"),
                            ("status_line_only", (200, 0)),
                            ("truncate:bytes=5B", "IncompleteRead"),
                            ("truncate:bytes=5B,how=silent", (200, 5)),
                            ("bad_chunk", "IncompleteRead"),
                            ("garbage", "BadStatusLine"),
                            ("huge_header", "LineTooLong"),
                            ("duplicate_request", (200, len(BODY)))):
            with self.subTest(fault=fault):
                self.assertEqual(self.ask(self.through(fault)), seen)

    def test_a_pooled_connection_is_closed_as_it_is_used_again(self):
        for close, seen in (("fin", http.client.RemoteDisconnected), ("rst", ConnectionResetError)):
            with self.subTest(close=close):
                self.upstream.asked.clear()
                address = self.through("keepalive_race:close=" + close)
                talk = http.client.HTTPConnection(address, timeout=PATIENCE)
                talk.request("GET", "/first")
                self.assertEqual(talk.getresponse().read(), BODY)
                talk.request("GET", "/second")
                with self.assertRaises(seen):
                    talk.getresponse()
                talk.close()
                self.assertEqual(len(self.upstream.asked), 1)

    def test_a_kept_alive_connection_goes_on_after_every_kind_of_answer(self):
        address = self.through("status:method=POST,code=503", "redirect_loop:method=PUT",
                               "error_after:method=HEAD")
        talk = http.client.HTTPConnection(address, timeout=PATIENCE)
        seen = []
        for method in ("GET", "POST", "PUT", "HEAD", "GET"):
            talk.request(method, "/a", b"y" * 70000 if method in ("POST", "PUT") else None)
            response = talk.getresponse()
            response.read()
            seen.append(response.status)
        talk.close()
        self.assertEqual(seen, [200, 503, 302, 500, 200])
        self.assertEqual([one[0] for one in self.upstream.asked], ["GET", "HEAD", "GET"])

    def test_retry_after_is_what_was_asked_for(self):
        for told, seen in (("seconds", "3600"), ("missing", None), ("garbage", "soon, perhaps")):
            with self.subTest(told=told):
                address = self.through("rate_limit:limit=0,window=1h,retry_after=" + told)
                talk = http.client.HTTPConnection(address, timeout=PATIENCE)
                talk.request("GET", "/a")
                self.assertEqual(talk.getresponse().getheader("Retry-After"), seen)
                talk.close()

    def test_the_numbers_are_exact(self):
        address = self.through("status:code=502,count=12,of=300", "status:code=429,count=5,of=288",
                               "error_after:code=500,count=3,of=283")
        talk = http.client.HTTPConnection(address, timeout=PATIENCE)
        seen = {}
        for _ in range(300):
            talk.request("GET", "/a")
            response = talk.getresponse()
            response.read()
            seen[response.status] = seen.get(response.status, 0) + 1
        talk.close()
        self.assertEqual(seen, {502: 12, 429: 5, 500: 3, 200: 280})
        self.assertEqual(len(self.upstream.asked), 283)

    def test_an_upgrade_is_left_alone(self):
        upstream = socket.socket()
        upstream.bind(("127.0.0.1", 0))
        upstream.listen(1)
        self.upstream.server_address = upstream.getsockname()
        host, port = self.through("status").rsplit(":", 1)
        client = socket.create_connection((host, int(port)), PATIENCE)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        server = upstream.accept()[0]
        server.settimeout(PATIENCE)
        server.recv(1000)
        agreed = b"HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
        server.sendall(agreed)
        self.assertEqual(client.recv(1000), agreed)
        client.sendall(b"GET /words HTTP/1.1\r\n\r\n")
        self.assertEqual(server.recv(1000), b"GET /words HTTP/1.1\r\n\r\n")
        for one in (client, server, upstream):
            one.close()


if __name__ == "__main__":
    unittest.main()
