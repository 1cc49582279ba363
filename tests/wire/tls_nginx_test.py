#!/usr/bin/env python3
"""External APIs over TLS, on real ones: nginx behind the proxy, curl in front of it. Which TLS came
and which name was asked for is checked on nginx; which bytes came, and verification, by curl.

Usage: tls_nginx_test.py BUILD_DIR
"""

import os
import shutil
import socket
import subprocess
import threading
import time
import unittest

from tls_case import NAME, PATIENCE, Relay, Tls, certificate, free_port, hear

NGINX = """
daemon off; master_process off; worker_processes 1; pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  client_max_body_size 64m; keepalive_requests 100000;
  server {
    listen 127.0.0.1:%(good)d ssl; server_name _;
    ssl_certificate %(folder)s/good.pem; ssl_certificate_key %(folder)s/good.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /seen { return 200 "$ssl_server_name $ssl_protocol $ssl_alpn_protocol\\n"; }
    location /whom { return 200 "$http_host\\n"; }
    location /old { return 301 /small; }
    location /login {
      add_header Set-Cookie "s=1; Domain=api.faultline.test; Path=/; Secure";
      add_header Strict-Transport-Security "max-age=60";
      return 200 "in\\n";
    }
    location /cookie { return 200 "$http_cookie\\n"; }
    location /up { root %(folder)s/www; dav_methods PUT; create_full_put_path on; }
    location / { root %(folder)s/www; }
  }
  server {
    listen 127.0.0.1:%(expired)d ssl;
    ssl_certificate %(folder)s/expired.pem; ssl_certificate_key %(folder)s/expired.key;
    location / { return 200 "expired\\n"; }
  }
  server {
    listen 127.0.0.1:%(other)d ssl;
    ssl_certificate %(folder)s/other.pem; ssl_certificate_key %(folder)s/other.key;
    location / { return 200 "other\\n"; }
  }
  server {
    listen 127.0.0.1:%(selfsigned)d ssl;
    ssl_certificate %(folder)s/selfsigned.pem; ssl_certificate_key %(folder)s/selfsigned.key;
    location / { return 200 "selfsigned\\n"; }
  }
}
"""


class Tunnels:
    """A proxy for CONNECT: every tunnel leads to one port here; without one it refuses them."""

    def __init__(self, test, to):
        self.to = to
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        test.addCleanup(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()
        except OSError:
            pass  # it was closed

    def serve(self, client):
        client.settimeout(PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)
        self.asked.append(head.decode().split("\r\n", 1)[0])
        if self.to is None:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            hear(client)
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self.to), PATIENCE)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        there = threading.Thread(target=self.pump, args=(client, server))
        there.start()
        self.pump(server, client)
        there.join()
        client.close()
        server.close()

    @staticmethod
    def pump(source, sink):
        try:
            while part := source.recv(1 << 16):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them has gone


@unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class WithNginx(Tls):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ports = {name: free_port() for name in ("good", "expired", "other", "selfsigned")}
        os.makedirs(cls.folder + "/www/up")
        with open(cls.folder + "/www/large", "wb") as file:
            file.write(os.urandom(1 << 20) * 24)
        with open(cls.folder + "/www/small", "wb") as file:
            file.write(b"small\n")
        with open(cls.folder + "/nginx.conf", "w", encoding="ascii") as file:
            file.write("user root;\n" if os.geteuid() == 0 else "")
            file.write(NGINX % {"folder": cls.folder, **cls.ports})
        cls.nginx = subprocess.Popen(["nginx", "-p", cls.folder, "-c", cls.folder + "/nginx.conf"],
                                     stderr=subprocess.PIPE)
        cls.addClassCleanup(cls.end_nginx)
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", cls.ports["good"]), 1).close()
                return
            except OSError:
                if cls.nginx.poll() is not None or time.monotonic() > limit:
                    raise AssertionError(cls.nginx.stderr.read().decode()) from None
                time.sleep(0.05)

    @classmethod
    def end_nginx(cls):
        cls.nginx.terminate()
        cls.nginx.wait(PATIENCE)
        cls.nginx.stderr.close()

    def curl(self, relay, path, *words, scheme="http", host=None):
        host = host or relay.address[0]
        return subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "120", *words,
             "%s://%s:%d%s" % (scheme, host, relay.address[1], path)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def test_the_name_arrives_and_only_http1_is_offered(self):
        relay = self.originating(self.ports["good"])
        answer = self.curl(relay, "/seen")
        self.assertEqual(answer.stdout.split(), [NAME.encode(), b"TLSv1.3", b"http/1.1"])

    def test_verification_is_on(self):
        for server, reason in (("expired", "certificate has expired"),
                               ("other", "hostname mismatch"),
                               ("selfsigned", "self-signed certificate")):
            with self.subTest(server=server):
                relay = self.originating(self.ports[server])
                answer = self.curl(relay, "/")
                self.assertNotEqual(answer.returncode, 0)
                self.assertEqual(answer.stdout, b"")
                relay.await_log("upstream_failed connection 1 TLS: " + reason)
                relay = Relay(self, "--upstream", "https://127.0.0.1:%d" % self.ports[server],
                              "--server-name", NAME, "--insecure")
                self.assertEqual(self.curl(relay, "/").stdout.decode().strip(), server)

    def test_an_unknown_ca_is_refused(self):
        relay = Relay(self, "--upstream", "https://127.0.0.1:%d" % self.ports["good"],
                      "--server-name", NAME)
        self.assertNotEqual(self.curl(relay, "/small").returncode, 0)
        relay.await_log("TLS: unable to get local issuer certificate")

    def test_an_address_that_the_certificate_does_not_name_is_refused(self):
        relay = Relay(self, "--upstream", "https://127.0.0.1:%d" % self.ports["good"], "--ca",
                      self.ca())
        self.assertNotEqual(self.curl(relay, "/small").returncode, 0)
        relay.await_log("TLS: IP address mismatch")

    def test_large_bodies_are_exact_both_ways(self):
        relay = self.originating(self.ports["good"], "--protocol", "http")
        with open(self.folder + "/www/large", "rb") as file:
            large = file.read()
        self.assertTrue(self.curl(relay, "/large").stdout == large)
        put = self.curl(relay, "/up/put", "-T", self.folder + "/www/large")
        if b"405" in put.stdout:
            self.skipTest("this nginx has no dav module")
        with open(self.folder + "/www/up/put", "rb") as file:
            self.assertTrue(file.read() == large)

    def test_the_server_is_called_by_its_name(self):
        server = "%s:%d\n" % (NAME, self.ports["good"])
        relay = self.originating(self.ports["good"], "--protocol", "http")
        self.assertEqual(self.curl(relay, "/whom").stdout.decode(), server)
        self.assertEqual(self.curl(relay, "/whom", "-H", "Host: mine").stdout.decode(), server)
        self.assertEqual(self.curl(relay, "/whom", "--http1.0", "-H", "Host:").stdout.decode(),
                         server)
        kept = self.originating(self.ports["good"], "--protocol", "http", "--keep-host")
        self.assertEqual(self.curl(kept, "/whom").stdout.decode(), "%s:%d\n" % kept.address)
        opaque = self.originating(self.ports["good"])
        self.assertEqual(self.curl(opaque, "/whom").stdout.decode(), "%s:%d\n" % opaque.address)

    def test_a_redirect_leads_back_to_the_proxy(self):
        relay = self.originating(self.ports["good"], "--protocol", "http")
        head = self.curl(relay, "/old", "-D", "-", "-o", "/dev/null").stdout.decode()
        self.assertIn("\r\nLocation: http://%s:%d/small\r\n" % relay.address, head)
        followed = self.curl(relay, "/old", "-L", "-w", "%{num_redirects}")
        self.assertEqual(followed.stdout, b"small\n1")
        named = self.curl(relay, "/old", "-D", "-", "-o", "/dev/null", "-H", "Host: b.test:1")
        self.assertIn(b"\r\nLocation: http://b.test:1/small\r\n", named.stdout)
        kept = self.originating(self.ports["good"], "--protocol", "http", "--keep-host")
        head = self.curl(kept, "/old", "-D", "-", "-o", "/dev/null").stdout.decode()
        self.assertIn("\r\nLocation: https://%s:%d/small\r\n" %
                      (kept.address[0], self.ports["good"]), head)

    def test_a_cookie_comes_back_to_who_set_it(self):
        for words, said in (((), b"in\ns=1\n"), (("--keep-host",), b"in\n\n")):
            with self.subTest(words=words):
                relay = self.originating(self.ports["good"], "--protocol", "http", *words)
                both = self.curl(relay, "/cookie", "-b", self.folder + "/none", "http://%s:%d/login"
                                 % relay.address)
                self.assertEqual(both.stdout, said, both.stderr)

    def test_cookies_and_redirects_where_clients_speak_tls(self):
        ca = self.folder + "/rewriting.pem"
        relay = self.originating(self.ports["good"], "--protocol", "http", "--tls-generate",
                                 "localhost", "--tls-write-ca", ca)
        head = self.curl(relay, "/login", "-D", "-", "-o", "/dev/null", "--cacert", ca,
                         scheme="https", host="localhost").stdout
        self.assertIn(b"\r\nSet-Cookie: s=1; Path=/; Secure\r\n", head)
        self.assertNotIn(b"Strict-Transport-Security", head)
        followed = self.curl(relay, "/old", "-L", "--cacert", ca, scheme="https", host="localhost")
        self.assertEqual(followed.stdout, b"small\n", followed.stderr)

    def test_a_fault_sees_what_the_client_says_and_hears(self):
        relay = self.originating(self.ports["good"], "--protocol", "http", "--fault",
                                 "status:header=Host: mine,code=418", "--fault",
                                 "truncate:bytes=1B,route=/large")
        self.assertEqual(self.curl(relay, "/whom", "-H", "Host: mine", "-o", "/dev/null", "-w",
                                   "%{http_code}").stdout, b"418")
        self.assertIn(NAME.encode(), self.curl(relay, "/whom").stdout)
        cut = self.curl(relay, "/large")
        self.assertEqual((cut.returncode, len(cut.stdout)), (18, 1))

    def test_a_tunnel_through_a_proxy_of_theirs(self):
        tunnels = Tunnels(self, self.ports["good"])
        relay = Relay(self, "--upstream", "127.0.0.1:%d" % tunnels.port, "--protocol", "http",
                      "--rewrite-host")
        with open(self.folder + "/www/large", "rb") as file:
            large = file.read()
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "", "-p", "-x", "http://%s:%d" % relay.address, "--cacert",
             self.ca(), "--max-time", "120", "https://%s:%d/large" % (NAME, self.ports["good"])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertTrue(done.stdout == large, done.stderr)
        self.assertEqual(tunnels.asked, ["CONNECT %s:%d HTTP/1.1" % (NAME, self.ports["good"])])
        relay.await_log("session connection 1 200")

    def test_a_refused_tunnel_is_an_answer_like_others(self):
        tunnels = Tunnels(self, None)
        relay = Relay(self, "--upstream", "127.0.0.1:%d" % tunnels.port, "--protocol", "http",
                      "--fault", "status:method=GET,code=418")
        client = self.client(relay)
        client.sendall(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
        refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        self.assertEqual(client.recv(len(refusal), socket.MSG_WAITALL), refusal)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")  # it is HTTP still
        self.assertTrue(client.recv(1 << 16).startswith(b"HTTP/1.1 418 "))

    def test_tls_on_both_sides(self):
        relay = self.originating(self.ports["good"], "--tls-generate", "localhost",
                                 "--tls-write-ca", self.folder + "/both.pem")
        with open(self.folder + "/www/large", "rb") as file:
            large = file.read()
        answer = self.curl(relay, "/large", "--cacert", self.folder + "/both.pem", scheme="https",
                           host="localhost")
        self.assertTrue(answer.stdout == large, answer.stderr)
        refused = self.curl(relay, "/large", scheme="https", host="localhost")
        self.assertEqual(refused.returncode, 60)  # the CA is not known
        relay.await_log("client_failed")

    def test_two_hundred_connections(self):
        relay = self.originating(self.ports["good"])
        clients = [self.client(relay) for _ in range(200)]
        for client in clients:
            client.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n")
        for client in clients:
            self.assertTrue(client.recv(1 << 16).startswith(b"HTTP/1.1 200"))
        for client in clients:
            client.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for client in clients:
            heard, ending = hear(client)
            self.assertTrue(heard.endswith(b"small\n"))
            self.assertEqual(ending, "FIN")


del Tls  # it has no tests of its own
if __name__ == "__main__":
    unittest.main()
