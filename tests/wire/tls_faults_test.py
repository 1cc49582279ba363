#!/usr/bin/env python3
"""Faults in TLS as clients meet them that others wrote: curl and Python's ssl. Each is armed by the
API on a proxy that is running; the same client succeeds before it and after it.

Usage: tls_faults_test.py BUILD_DIR
"""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from tls_case import BUILD, NAME, PATIENCE, Tls, hear, tls_context

ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"  # its end is the end of the body


class Upstream:
    """A plain server that says ANSWER to each request and ends the connection."""

    def __init__(self, test):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        test.addCleanup(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.answer, args=(client,), daemon=True).start()
        except OSError:
            pass  # it was closed

    @staticmethod
    def answer(client):
        client.settimeout(PATIENCE)
        with client:
            try:
                said = b""
                while b"\r\n\r\n" not in said:
                    part = client.recv(4096)
                    if not part:
                        return
                    said += part
                client.sendall(ANSWER)
            except OSError:
                pass  # the client's handshake failed, and the proxy has reset what it dialed


class Serving:
    """`faultline serve`, and its API."""

    def __init__(self, test):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "faultline"), "serve", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        test.addCleanup(self.end)
        for line in self.process.stdout:
            found = re.search(r'(?:listening |"address":")([^\s"]+:\d+)', line)
            if found:
                self.address = found.group(1)
                break

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text else None


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Faults(Tls):
    def setUp(self):
        self.serving = Serving(self)
        self.upstream = Upstream(self)

    def proxy(self, **tls):
        status, made = self.serving.ask("POST", "/v1/proxies", {
            "name": "api", "upstream": self.upstream.address, **({"tls": tls} if tls else {})})
        self.assertEqual(status, 201, made)
        self.port = int(made["listen"].rsplit(":", 1)[1])
        self.authority = self.folder + "/authority.pem"
        with open(self.authority, "w", encoding="ascii") as file:
            file.write(made.get("tls", {}).get("authority", ""))

    def text(self, name):
        with open(os.path.join(self.folder, name), encoding="ascii") as file:
            return file.read()

    def arm(self, kind, **settings):
        return self.serving.ask("POST", "/v1/proxies/api/faults", {"kind": kind, **settings})

    def disarm(self, kind):
        self.assertEqual(self.serving.ask("DELETE", "/v1/proxies/api/faults/" + kind)[0], 204)

    def touched(self, kind):
        return self.serving.ask("GET", "/v1/proxies/api/faults/" + kind)[1]["touched"]

    def curl(self, *words):
        """(exit code, what it says, body)"""
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--cacert", self.authority, "--max-time",
             str(PATIENCE), "--resolve", "%s:%d:127.0.0.1" % (NAME, self.port), *words,
             "https://%s:%d/" % (NAME, self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stderr.decode(), done.stdout

    def python(self):
        """The verdict of Python's ssl: 0, a verify code, or the reason of what else failed; and
        how what it heard ended."""
        context = tls_context(cafile=self.authority)
        raw = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        try:
            with context.wrap_socket(raw, server_hostname=NAME,
                                     suppress_ragged_eofs=False) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return (0, *hear(client))
        except ssl.SSLCertVerificationError as error:
            return error.verify_code, b"", ""
        except ssl.SSLError as error:
            return error.reason, b"", ""
        finally:
            raw.close()

    def is_well(self):
        self.assertEqual(self.curl(), (0, "", b"hello"))
        self.assertEqual(self.python(), (0, ANSWER, "FIN"))

    def test_certificates(self):
        self.proxy(generate=NAME)
        self.is_well()
        for kind, code, words in (("tls_expired", 10, "certificate has expired"),
                                  ("tls_wrong_host", 62, "no alternative certificate subject name"),
                                  ("tls_self_signed", 18, "self-signed certificate")):
            with self.subTest(kind=kind):
                self.assertEqual(self.arm(kind)[0], 201)
                self.assertEqual(self.touched(kind)["connections"], 0)
                exit_code, said, body = self.curl()
                self.assertEqual((exit_code, body), (60, b""))
                self.assertIn(words, said.replace("self signed", "self-signed"))
                self.assertEqual(self.python()[0], code)
                self.assertEqual(self.curl("--insecure"), (0, "", b"hello"))
                self.assertEqual(self.touched(kind)["connections"], 3)
                self.disarm(kind)
                self.is_well()

    def test_a_given_certificate_has_a_twin_that_signed_itself(self):
        self.proxy(certificate=self.text("good.pem"), key=self.text("good.key"))
        shutil.copy(self.ca(), self.authority)
        self.is_well()
        self.assertEqual(self.arm("tls_self_signed")[0], 201)
        self.assertEqual(self.python()[0], 18)
        # It is for the same names: who trusts it finds nothing else that is wrong.
        shown = ssl.get_server_certificate(("127.0.0.1", self.port))
        with open(self.authority, "w", encoding="ascii") as file:
            file.write(shown)
        self.assertEqual(self.python(), (0, ANSWER, "FIN"))
        for kind in ("tls_expired", "tls_wrong_host"):
            status, refused = self.arm(kind)
            self.assertEqual(status, 400)
            self.assertIn("whose CA cannot sign another here", json.dumps(refused))

    def test_an_alert(self):
        self.proxy(generate=NAME)
        self.is_well()
        for alert, reason in (("handshake_failure", "SSLV3_ALERT_HANDSHAKE_FAILURE"),
                              ("protocol_version", "TLSV1_ALERT_PROTOCOL_VERSION"),
                              ("unrecognized_name", "TLSV1_UNRECOGNIZED_NAME")):
            with self.subTest(alert=alert):
                self.assertEqual(self.arm("tls_alert", alert=alert)[0], 201)
                self.assertEqual(self.python()[0], reason)
                self.assertEqual(self.curl()[0], 35)
                self.assertEqual(self.touched("tls_alert")["connections"], 2)
                self.disarm("tls_alert")
                self.is_well()

    def test_a_stalled_handshake(self):
        self.proxy(generate=NAME)
        self.is_well()
        self.assertEqual(self.arm("tls_stall")[0], 201)
        exit_code, said, _ = self.curl("--max-time", "1")
        self.assertEqual(exit_code, 28, said)
        self.assertEqual(self.touched("tls_stall")["connections"], 1)
        waiting = []
        client = threading.Thread(target=lambda: waiting.append(self.curl()))
        client.start()
        while self.touched("tls_stall")["connections"] < 2:
            self.assertTrue(client.is_alive())
        self.disarm("tls_stall")
        client.join(PATIENCE)
        self.assertEqual(waiting, [(0, "", b"hello")])

    def test_a_missing_close_notify(self):
        self.proxy(generate=NAME)
        self.is_well()
        self.assertEqual(self.arm("tls_no_close_notify")[0], 201)
        self.assertEqual(self.python(), (0, ANSWER, "CUT"))
        exit_code, said, body = self.curl()  # which of its versions mind differs
        self.assertIn(exit_code, (0, 56), said)
        self.assertEqual(body, b"hello")
        self.assertEqual(self.touched("tls_no_close_notify")["connections"], 2)
        self.disarm("tls_no_close_notify")
        self.is_well()

    def test_an_aim(self):
        self.proxy(generate=NAME)
        self.assertEqual(self.arm("tls_expired", nth=2)[0], 201)
        self.assertEqual([self.python()[0] for _ in range(3)], [0, 10, 0])
        self.assertEqual(self.touched("tls_expired")["connections"], 1)

    def test_a_proxy_without_clients_in_tls_refuses_them(self):
        self.proxy()
        for kind in ("tls_expired", "tls_wrong_host", "tls_self_signed", "tls_stall", "tls_alert",
                     "tls_no_close_notify"):
            status, refused = self.arm(kind)
            self.assertEqual(status, 400)
            self.assertIn(kind + " acts on the TLS of clients, and this proxy does not speak TLS",
                          json.dumps(refused))
        refused = subprocess.run(
            [os.path.join(BUILD, "faultline"), "relay", "--listen", "127.0.0.1:0", "--upstream",
             "127.0.0.1:1", "--fault", "tls_stall"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
            check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--fault tls_stall: acts on the TLS of clients; add --tls-generate HOST",
                      refused.stderr)


del Tls  # it has no tests of its own
if __name__ == "__main__":
    unittest.main()
