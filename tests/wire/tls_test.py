#!/usr/bin/env python3
"""External APIs over TLS, on real ones: nginx behind the proxy, curl in front of it.

Certificates are made here with openssl, for a CA of the test's own. What the proxy originates is
checked on nginx (which TLS it saw, which name it was asked for) and by curl (which bytes came);
what it terminates is checked by curl's own verification. What a real server does not do on order
(leaving without close_notify, resetting, not reading) is done by Python's ssl.

Usage: tls_test.py BUILD_DIR
"""

import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev"
PATIENCE = 30.0
NAME = "api.faultline.test"

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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def certificate(folder, name, host, *dates):
    """name.pem and name.key for a host, signed by ca.pem."""
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + host, cwd=folder)
    with open(os.path.join(folder, name + ".ext"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:%s\n" % host)
    openssl("ca", "-batch", "-config", "ca.conf", "-in", name + ".csr", "-out", name + ".pem",
            "-extfile", name + ".ext", "-notext", *(dates or ("-days", "2")), cwd=folder)


def make_certificates(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA", cwd=folder)
    with open(os.path.join(folder, "ca.conf"), "w", encoding="ascii") as file:
        file.write("[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n"
                   "certificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\npolicy=any\n"
                   "unique_subject=no\n[any]\ncommonName=supplied\n")
    with open(os.path.join(folder, "index.txt"), "w", encoding="ascii"):
        pass
    with open(os.path.join(folder, "serial"), "w", encoding="ascii") as file:
        file.write("1000\n")
    certificate(folder, "good", NAME)
    certificate(folder, "other", "other.faultline.test")
    certificate(folder, "expired", NAME, "-startdate", "20200101000000Z", "-enddate",
                "20210101000000Z")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "selfsigned.key", "-out", "selfsigned.pem", "-days", "2", "-subj",
            "/CN=" + NAME, "-addext", "subjectAltName=DNS:" + NAME, cwd=folder)


class Relay:
    """faultline relay, and what its log says."""

    def __init__(self, test, *words):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0", "--workers", "1",
             "--log-level", "debug", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        test.addCleanup(self.end)
        self.said = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        first = self.process.stdout.readline()
        if not first.startswith("listening "):
            self.process.wait(PATIENCE)
            self.reader.join(PATIENCE)
            raise AssertionError("".join(self.said))
        host, port = first.split()[-1].rsplit(":", 1)
        self.address = (host, int(port))

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.said.append(line)
                self.changed.notify_all()

    def await_log(self, words):
        with self.changed:
            seen = self.changed.wait_for(lambda: any(words in line for line in self.said), PATIENCE)
        if not seen:
            raise AssertionError("%r is not in:\n%s" % (words, "".join(self.said)))

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()


class TlsPeer:
    """A TLS server of Python's: one connection at a time, handled by `serve(connection)`."""

    def __init__(self, test, folder, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.error = None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/good.pem", folder + "/good.key")

        def run():
            try:
                raw, _ = self.listener.accept()
                raw.settimeout(PATIENCE)
                connection = context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
                serve(connection)
            except Exception as error:  # told by join()
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        test.addCleanup(self.listener.close)

    def join(self):
        self.thread.join(PATIENCE)
        if self.thread.is_alive():
            raise AssertionError("the peer is not done")
        if self.error:
            raise self.error


def reset(sock):
    raw = socket.socket(fileno=sock.detach())
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def hear(sock):
    """Reads to the end: (bytes, "FIN" | "RST" | "OPEN" | "CUT")."""
    heard = bytearray()
    while True:
        try:
            part = sock.recv(1 << 16)
        except socket.timeout:
            return bytes(heard), "OPEN"
        except (ConnectionResetError, BrokenPipeError):
            return bytes(heard), "RST"
        except ssl.SSLEOFError:
            return bytes(heard), "CUT"
        if not part:
            return bytes(heard), "FIN"
        heard += part


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="faultline-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        make_certificates(cls.folder)

    def ca(self):
        return self.folder + "/ca.pem"

    def originating(self, port, *words):
        return Relay(self, "--upstream", "https://127.0.0.1:%d" % port, "--server-name", NAME,
                     "--ca", self.ca(), *words)

    def client(self, relay):
        client = socket.create_connection(relay.address, PATIENCE)
        self.addCleanup(client.close)
        return client


class WithPeers(Tls):
    """Endings and pressure, which no real server makes on order."""

    def test_close_notify_is_a_fin_and_half_close_lives(self):
        def serve(tls):
            heard, ending = hear(tls)  # up to the client's close_notify
            tls.sendall(b"after your end: " + heard + ending.encode())
            tls.unwrap().close()

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        client.sendall(b"all I say")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(hear(client), (b"after your end: all I sayFIN", "FIN"))
        peer.join()

    def test_a_missing_close_notify_is_a_fin(self):
        def serve(tls):
            tls.sendall(b"cut")
            raw = socket.socket(fileno=tls.detach())
            raw.shutdown(socket.SHUT_WR)
            raw.close()

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        self.assertEqual(hear(client), (b"cut", "FIN"))

    def test_a_missing_close_notify_is_passed_on_where_both_sides_speak_tls(self):
        for cut in (True, False):
            with self.subTest(cut=cut):
                def serve(tls, cut=cut):
                    tls.sendall(b"said")
                    if not cut:
                        try:
                            tls.unwrap()
                        except ssl.SSLError:
                            pass  # the client goes without a close_notify of its own
                        return
                    raw = socket.socket(fileno=tls.detach())
                    raw.shutdown(socket.SHUT_WR)
                    raw.settimeout(PATIENCE)
                    hear(raw)  # the client's TLS answers a cut with an alert: any end will do
                    raw.close()

                peer = TlsPeer(self, self.folder, serve)
                relay = self.originating(peer.port, "--tls-cert", self.folder + "/good.pem",
                                         "--tls-key", self.folder + "/good.key")
                context = ssl.create_default_context(cafile=self.ca())
                with context.wrap_socket(self.client(relay), server_hostname=NAME,
                                         suppress_ragged_eofs=False) as client:
                    self.assertEqual(hear(client), (b"said", "CUT" if cut else "FIN"))
                peer.join()

    def test_a_reset_is_a_reset_both_ways(self):
        def serve(tls):
            tls.sendall(b"x" * 5000)
            self.assertEqual(tls.recv(2), b"go")
            reset(tls)

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        self.assertEqual(len(client.recv(5000, socket.MSG_WAITALL)), 5000)
        client.sendall(b"go")
        self.assertEqual(hear(client), (b"", "RST"))
        peer.join()
        relay.await_log("peer_reset")

        endings = []

        def serve_until_reset(tls):
            said = tls.recv(5)
            raw = socket.socket(fileno=tls.detach())  # Python's TLS has one word for both endings
            raw.settimeout(PATIENCE)
            endings.append((said, hear(raw)[1]))
            raw.close()

        peer = TlsPeer(self, self.folder, serve_until_reset)
        relay = self.originating(peer.port)
        client = self.client(relay)
        client.sendall(b"hello")
        relay.await_log("upstream_connected")
        reset(client)
        peer.join()
        self.assertEqual(endings, [(b"hello", "RST")])

    def test_pressure_reaches_the_sender_and_little_is_held(self):
        total = 64 << 20
        sent = [0]
        go_on = threading.Event()

        def serve(tls):
            tls.settimeout(3.0)
            part = b"p" * 65536
            try:
                while sent[0] < total:
                    tls.sendall(part)
                    sent[0] += len(part)
            except (socket.timeout, TimeoutError):
                go_on.set()

        peer = TlsPeer(self, self.folder, serve)
        relay = self.originating(peer.port)
        client = self.client(relay)
        self.assertTrue(go_on.wait(PATIENCE), "the sender was never stopped")
        self.assertLess(sent[0], 24 << 20)  # the kernel's buffers of three connections
        with open("/proc/%d/status" % relay.process.pid, encoding="ascii") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        self.assertLess(peak, 512 << 10)  # KiB, the sanitizers' own included
        client.close()
        peer.join()

    def test_a_stalled_handshake_and_a_plain_server_are_failures(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        relay = self.originating(silent.getsockname()[1])
        client = self.client(relay)
        accepted, _ = silent.accept()
        self.assertEqual(accepted.recv(1), b"\x16")  # a ClientHello
        accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertEqual(hear(client), (b"", "RST"))
        relay.await_log("upstream_failed connection 1 TLS: wrong version number")
        client = self.client(relay)
        accepted, _ = silent.accept()
        accepted.recv(1)
        reset(client)  # while the handshake stalls: the server is told at once
        accepted.settimeout(PATIENCE)
        self.assertEqual(hear(accepted)[1], "RST")
        client = self.client(relay)
        accepted, _ = silent.accept()
        accepted.recv(4096)
        accepted.close()
        self.assertEqual(hear(client), (b"", "RST"))
        relay.await_log("upstream_failed connection 3 TLS: the connection ended during the")


class Terminating(Tls):
    """Clients speak TLS, the upstream does not."""

    def setUp(self):
        self.upstream = socket.create_server(("127.0.0.1", 0))
        self.upstream.settimeout(PATIENCE)
        self.addCleanup(self.upstream.close)

    def relay(self, *words):
        return Relay(self, "--upstream", "127.0.0.1:%d" % self.upstream.getsockname()[1], *words)

    def test_a_generated_certificate_is_trusted_by_who_trusts_the_written_ca(self):
        for host in ("localhost", "127.0.0.1"):
            with self.subTest(host=host):
                ca = self.folder + "/written-%s.pem" % host
                relay = self.relay("--tls-generate", host, "--tls-write-ca", ca)
                context = ssl.create_default_context(cafile=ca)
                context.set_alpn_protocols(["h2", "http/1.1"])
                with context.wrap_socket(self.client(relay), server_hostname=host) as client:
                    server = self.upstream.accept()[0]
                    self.assertEqual(client.selected_alpn_protocol(), "http/1.1")
                    client.sendall(b"ping")
                    self.assertEqual(server.recv(4, socket.MSG_WAITALL), b"ping")
                    server.sendall(b"pong")
                    server.close()
                    self.assertEqual(hear(client), (b"pong", "FIN"))
                with self.assertRaises(ssl.SSLCertVerificationError):
                    context.wrap_socket(self.client(relay), server_hostname="elsewhere.test")
                self.upstream.accept()[0].close()
                relay.await_log("client_failed")

    def test_who_cannot_reach_the_upstream_resets_the_client(self):
        relay = self.relay("--tls-generate", "localhost")
        self.upstream.close()
        client = self.client(relay)
        self.assertEqual(hear(client), (b"", "RST"))
        relay.await_log("ECONNREFUSED")

    def test_bytes_both_ways_are_exact(self):
        relay = self.relay("--tls-cert", self.folder + "/good.pem", "--tls-key",
                           self.folder + "/good.key")
        up, down = os.urandom(1 << 20) * 8, os.urandom(1 << 20) * 9
        heard = []

        def serve():
            server = self.upstream.accept()[0]
            server.settimeout(PATIENCE)
            got = bytearray()
            while len(got) < len(up):
                got += server.recv(1 << 16)
            heard.append(bytes(got))
            server.sendall(down)
            server.close()

        serving = threading.Thread(target=serve)
        serving.start()
        context = ssl.create_default_context(cafile=self.ca())
        with context.wrap_socket(self.client(relay), server_hostname=NAME,
                                 suppress_ragged_eofs=False) as client:
            client.sendall(up)
            got, ending = hear(client)
        serving.join(PATIENCE)
        self.assertTrue(heard[0] == up)
        self.assertTrue(got == down)
        self.assertEqual(ending, "FIN")


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


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Refused(Tls):
    """What a user gets wrong, in the words of the command line."""

    def test_bad_values_are_told_with_their_place(self):
        for words, said in (
                (("--upstream", "https://"), "--upstream: \"https://\" has no host"),
                (("--upstream", "ftp://a:1"), "has the scheme \"ftp\""),
                (("--upstream", "https://a/b"), "more than a host and a port"),
                (("--upstream", "a:1", "--insecure"), "--insecure: is for an upstream in TLS"),
                (("--upstream", "a:1", "--ca", "x"), "--ca: is for an upstream in TLS"),
                (("--upstream", "https://a", "--ca", "/nowhere"), "--ca: cannot read certificates"),
                (("--upstream", "a:1", "--tls-key", "x"), "--tls-key: needs --tls-cert"),
                (("--upstream", "a:1", "--tls-cert", self.ca(), "--tls-key", self.ca()),
                 "--tls-key: cannot use the key"),
                (("--upstream", "a:1", "--tls-cert", self.folder + "/good.pem", "--tls-key",
                  self.folder + "/other.key"), "key values mismatch"),
                (("--upstream", "a:1", "--tls-write-ca", "x"), "--tls-write-ca: is for a generated"),
        ):
            with self.subTest(words=words):
                refused = subprocess.run(
                    [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0", *words],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
                    check=False)
                self.assertEqual(refused.returncode, 2)
                self.assertIn(said, refused.stderr)


del Tls  # it has no tests of its own
if __name__ == "__main__":
    unittest.main()
