"""The raw control API over HTTP, and the test case that all of its suites build on."""

import http.client
import json
import os
import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import peers  # noqa: E402

URL = urllib.parse.urlsplit(os.environ["TOXIPROXY_URL"])
SERVER = os.environ.get("CONFORMANCE_SERVER", "faultline")
PROGRAM = os.environ.get("CONFORMANCE_PROGRAM")


def says(toxiproxy, faultline):
    """The answer of the server under test, where faultline differs on purpose."""
    return {"toxiproxy": toxiproxy, "faultline": faultline}[SERVER]


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.text = self.body.decode()
        self.type = self.headers["Content-Type"]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.type}: {self.text}"


def connect(url=URL):
    return http.client.HTTPConnection(url.hostname, url.port, timeout=peers.LIMIT)


def ask(method, path, body=None, headers=None, url=URL):
    """One request on a connection of its own. A body that is not text becomes JSON."""
    if body is not None and not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    connection = connect(url)
    try:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class ApiTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.clear()
        self.addCleanup(self.clear)

    def clear(self):
        for name in ask("GET", "/proxies").json():
            ask("DELETE", f"/proxies/{urllib.parse.quote(name)}")

    def peer(self, serve=peers.echo):
        peer = peers.Peer(serve)
        self.addCleanup(peer.close)
        return peer

    def client(self, proxy):
        client = peers.Client(proxy["listen"])
        self.addCleanup(client.close)
        return client

    def proxy(self, name="p", listen="127.0.0.1:0", upstream="127.0.0.1:1", **more):
        answer = ask("POST", "/proxies", {"name": name, "listen": listen, "upstream": upstream,
                                          **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def toxic(self, kind, proxy="p", stream="downstream", **attributes):
        answer = ask("POST", f"/proxies/{proxy}/toxics",
                     {"type": kind, "stream": stream, "attributes": attributes})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def get(self, path):
        answer = ask("GET", path)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def assert_error(self, answer, status, text):
        """Status, exact text, exact bytes around it, and the content type of an error."""
        want = json.dumps({"error": text, "status": status}, separators=(",", ":")) + "\n"
        self.assertEqual((answer.status, answer.text), (status, want))
        self.assertEqual(answer.type, "text/plain; charset=utf-8")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    def assert_refused_body(self, answer):
        """400 for JSON that does not fit. The words after the prefix are the decoder's own."""
        self.assertEqual((answer.status, answer.json()["status"]), (400, 400), answer)
        self.assertRegex(answer.json()["error"], "^bad request body: .")
        self.assertEqual(answer.type, "text/plain; charset=utf-8")
