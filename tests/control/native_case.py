"""What the tests of faultline's own API have in common: a server, an upstream behind its proxies,
and `faultline ctl`.
"""

import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from serving_case import BUILD, PATIENCE, Serving


class Upstream:
    """Answers what it is sent, in capitals, until it is closed."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self._echo, args=(client,), daemon=True).start()
        except OSError:
            pass

    @staticmethod
    def _echo(client):
        with client:
            try:
                while part := client.recv(65536):
                    client.sendall(part.upper())
            except OSError:
                pass

    def close(self):
        self.socket.close()


class NativeCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.serving = None

    def serve(self, *arguments, **options):
        self.serving = Serving(*arguments, *(() if "program" in options else
                                             ("--listen", "127.0.0.1:0")), **options)
        self.addCleanup(self.ended, self.serving)
        return self.serving

    def ended(self, serving):
        if serving.process.poll() is None:
            self.assertEqual(serving.stop(), 0)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.serving.address, timeout=PATIENCE)
        fields = {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), fields)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        is_json = answer.getheader("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(text) if is_json and text else text

    def ctl(self, *arguments):
        return subprocess.run(self.ctl_command(*arguments), capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    def ctl_command(self, *arguments):
        address = self.serving.address
        url = address if address.startswith("unix:") else f"http://{address}"
        return [BUILD / "faultline", "ctl", "--host", url, *arguments]

    def proxy(self, name="db", **more):
        status, made = self.ask("POST", "/v1/proxies",
                                {"name": name, "upstream": self.upstream.address, **more})
        self.assertEqual(status, 201, made)
        return self.connect_to(made["listen"])

    @staticmethod
    def connect_to(listen):
        host, port = listen.rsplit(":", 1)
        return socket.create_connection((host, int(port)), PATIENCE)

    def says(self, client, text=b"ping"):
        client.sendall(text)
        self.assertEqual(client.recv(len(text), socket.MSG_WAITALL), text.upper())

    def await_(self, seen, what):
        deadline = time.monotonic() + PATIENCE
        while not seen():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def faults(self, proxy="db"):
        faults = self.ask("GET", f"/v1/proxies/{proxy}/faults")[1]["faults"]
        return [fault["id"] for fault in faults]
