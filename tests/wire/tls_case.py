"""What the tests of TLS share: certificates made with openssl for a CA of their own, a relay, and
peers of Python's ssl that do on order what a real server does not.
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
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev"
PATIENCE = 30.0
NAME = "api.faultline.test"

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
        file.write("[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\n"
                   "new_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\n"
                   "policy=any\nunique_subject=no\n[any]\ncommonName=supplied\n")
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
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)

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


def tls_context(**options):
    """As a client has it, but for one default of Python 3.10 and 3.11, which takes an end without
    close_notify for one with it."""
    context = ssl.create_default_context(**options)
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


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
        except ssl.SSLError as error:  # of a class of its own since Python 3.11.4
            if error.reason != "UNEXPECTED_EOF_WHILE_READING":
                raise
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
