#!/usr/bin/env python3
"""External APIs over TLS, on real ones: nginx behind the proxy, curl in front of it. Which TLS came
and which name was asked for is checked on nginx; which bytes came, and verification, by curl.

Usage: tls_nginx_test.py BUILD_DIR
"""

import os
import shutil
import socket
import subprocess
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
