#!/usr/bin/env python3
"""What the control API must survive: requests of browsers, of other sites, with numbers beyond all
bounds, with names that nothing could address. Each row is answered with a status of its own, and
after each the server still answers, has changed nothing, and everything in it can be deleted.

Usage: hostile_test.py BUILD_DIR
"""

import json
import sys
import unittest

sys.dont_write_bytecode = True

from serving_case import Answers, Serving, request  # noqa: E402

LOCAL = "Host: localhost"
JSON = "Content-Type: application/json"
PROXY = b'{"name":"evil","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}'


def post(body, *fields, path="/v1/proxies", method="POST"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request(method, path, body, (LOCAL, JSON, *fields))


def fault(**keys):
    return post({"name": "evil", "upstream": "127.0.0.1:1", "faults": [keys]})


def toxic(body):
    return post(body, path="/proxies/known/toxics")


# (what it is, the status it gets, the bytes sent)
WHO = [
    ("another site's Host", 421, request(fields=("Host: evil.com",))),
    ("a Host that begins like ours", 421, request(fields=("Host: localhost.evil.com",))),
    ("a Host that begins like an address", 421, request(fields=("Host: 127.0.0.1.evil.com",))),
    ("a Host with a user in front", 421, request(fields=("Host: localhost@evil.com",))),
    ("another Host in the target", 421,
     b"GET http://evil.com/version HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("no Host at all", 400, request(fields=())),
    ("two Hosts", 400, request(fields=(LOCAL, "Host: evil.com"))),
    ("a page's Origin", 403, request(fields=(LOCAL, "Origin: http://evil.com"))),
    ("the Origin of a file", 403, request(fields=(LOCAL, "Origin: null"))),
    ("another site, by Sec-Fetch-Site", 403, request(fields=(LOCAL, "Sec-Fetch-Site: cross-site"))),
    ("a sister site, by Sec-Fetch-Site", 403, request(fields=(LOCAL, "Sec-Fetch-Site: same-site"))),
    ("a browser's User-Agent", 403, request(path="/proxies", fields=(
        LOCAL, "User-Agent: Mozilla/5"))),
    ("a preflight", 405, request("OPTIONS", "/v1/proxies", fields=(
        LOCAL, "Access-Control-Request-Method: POST"))),
    ("a preflight with its Origin", 403, request("OPTIONS", "/v1/proxies", fields=(
        LOCAL, "Origin: http://evil.com", "Access-Control-Request-Method: POST"))),
    ("a form", 415, request("POST", "/v1/proxies", PROXY, (
        LOCAL, "Content-Type: application/x-www-form-urlencoded"))),
    ("a form of parts", 415, request("POST", "/v1/proxies", PROXY, (
        LOCAL, "Content-Type: multipart/form-data; boundary=x"))),
    ("a form as text", 415, request("POST", "/v1/heal", b"{}", (
        LOCAL, "Content-Type: text/plain"))),
    ("JSON without saying so", 415, request("POST", "/v1/proxies", PROXY, (LOCAL,))),
    ("JSON that is named behind another type", 415, request("POST", "/v1/proxies", PROXY, (
        LOCAL, "Content-Type: text/plain; application/json"))),
    ("a change by GET", 404, request(path="/v1/proxies/known/delete", fields=(LOCAL,))),
]
FRAMING = [
    ("Content-Length and chunked", 400, request("POST", "/v1/heal", fields=(
        LOCAL, JSON, "Content-Length: 2", "Transfer-Encoding: chunked"))),
    ("two lengths", 400, request("POST", "/v1/heal", fields=(
        LOCAL, JSON, "Content-Length: 2", "Content-Length: 3"))),
    ("a folded header", 400, request(fields=(LOCAL, "X: a\r\n b"))),
    ("a bare line feed", 400, b"GET /version HTTP/1.1\nHost: localhost\n\n"),
    ("a header without a name", 400, request(fields=(LOCAL, ": x"))),
    ("too many headers", 400, request(fields=(LOCAL, *("X: y" for _ in range(300))))),
    ("a header that does not end", 431, request(fields=(LOCAL, "X: " + "y" * 70_000))),
    ("a body over the limit", 413, request("POST", "/v1/proxies", fields=(
        LOCAL, JSON, "Content-Length: 200000000"))),
    ("HTTP/2", 400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS", 400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(90)),
]
BODIES = [
    ("deep nesting", 400, post(b"[" * 100_000)),
    ("deep nesting in a key", 400, post(b'{"name":' + b'{"a":' * 40 + b"1" + b"}" * 41)),
    ("a hundred thousand keys", 400, post(b"{" + b",".join(
        b'"k%d":1' % i for i in range(80_000)) + b"}")),
    ("a key twice", 400, post(b'{"name":"a","name":"b","upstream":"x:1"}')),
    ("two values", 400, post(PROXY + b"{}")),
    ("half a value", 400, post(PROXY[:-1])),
    ("no object", 400, post(b"[]")),
    ("an unknown key", 400, post({"name": "evil", "upstream": "x:1", "upstrem": "y:1"})),
    ("bytes that are no text", 400, post(b'{"name":"\xff\xfe","upstream":"x:1"}')),
    ("a name that climbs", 400, post({"name": "../../x/y", "upstream": "x:1"})),
    ("a name with a line end", 400, post({"name": "x\nINJECT", "upstream": "x:1"})),
    ("a name of a path", 400, post({"name": "..", "upstream": "x:1"})),
    ("a long name", 400, post({"name": "x" * 100_000, "upstream": "x:1"})),
    ("an upstream without a port", 400, post({"name": "evil", "upstream": "x"})),
    ("an upstream at port 0", 400, post({"name": "evil", "upstream": "x:0"})),
    ("a port beyond all", 400, post({"name": "evil", "upstream": "x:1", "listen": "h:99999"})),
    ("somebody else's address", 409, post({"name": "evil", "upstream": "x:1",
                                           "listen": "192.0.2.1:80"})),
    ("a forbidden upstream", 403, post({"name": "evil", "upstream": "169.254.169.254:80"})),
    ("a forbidden upstream, the compatible way", 403, request(
        "POST", "/proxies", b'{"name":"evil","upstream":"169.254.169.254:80"}', (LOCAL,))),
    ("a forbidden upstream, populated", 403, request(
        "POST", "/populate", b'[{"name":"evil","upstream":"169.254.169.254:80"}]', (LOCAL,))),
    ("a proxy turned to a forbidden upstream", 403, post(
        {"upstream": "169.254.169.254:80"}, path="/v1/proxies/known", method="PATCH")),
]
NUMBERS = [
    ("a negative delay", 400, fault(kind="latency", delay="-100ms")),
    ("a delay without a unit", 400, fault(kind="latency", delay=100)),
    ("an endless delay", 400, fault(kind="latency", delay="1e99s")),
    ("a jitter of 2^62", 400, fault(kind="latency", delay="1ms", jitter="4611686018427387904s")),
    ("a share of minus five", 400, fault(kind="reset", share=-5)),
    ("a share of seven", 400, fault(kind="reset", share=7)),
    ("a share that is no number", 400, fault(kind="reset", share="NaN")),
    ("an exponent beyond all", 400, post(
        b'{"name":"evil","upstream":"x:1","faults":[{"kind":"reset","share":1e999999999}]}')),
    ("a whole number beyond 64 bits", 400, post(
        b'{"name":"evil","upstream":"x:1","faults":[{"kind":"reset","nth":%d}]}' % 10 ** 20)),
    ("a negative place", 400, fault(kind="reset", nth=-1)),
    ("a pattern of other letters", 400, fault(kind="reset", pattern="FX")),
    ("a lease of nothing", 400, fault(kind="reset", ttl="0s")),
    ("a lease for ever and a day", 400, fault(kind="reset", ttl="99999999h")),
    ("a kind that is none", 400, fault(kind="../latency")),
    ("a fault that is none", 400, post(b'{"name":"evil","upstream":"x:1","faults":[null]}')),
    ("faults that are none", 400, post({"name": "evil", "upstream": "x:1", "faults": "latency"})),
    ("slices of nothing", 400, fault(kind="slice", size="0B")),
    ("a rate below nothing", 400, fault(kind="bandwidth", rate="-1B")),
]
# What the compatible API takes without a range, as Toxiproxy does, must not end the server.
TOLERATED = [
    ("a toxic's latency below nothing",
     toxic({"type": "latency", "name": "a", "attributes": {"latency": -100}})),
    ("a toxic's jitter of 2^62",
     toxic({"type": "latency", "name": "b", "attributes": {"jitter": 2 ** 62}})),
    ("a slicer of nothing", toxic({"type": "slicer", "name": "c"})),
    ("a slicer that varies by more than it has", toxic(
        {"type": "slicer", "name": "d", "attributes": {"average_size": 1, "size_variation": 9}})),
    ("a slicer of negative size",
     toxic({"type": "slicer", "name": "e", "attributes": {"average_size": -1}})),
    ("a bandwidth below nothing",
     toxic({"type": "bandwidth", "name": "f", "attributes": {"rate": -1}})),
    ("a toxicity of minus five", toxic({"type": "noop", "name": "g", "toxicity": -5})),
    ("a toxic with a slash in its name", toxic({"type": "noop", "name": "h/../i"})),
]


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.serving = Serving("--listen", "127.0.0.1:0", "--allow-upstream", "127.0.0.1:*",
                              "--allow-upstream", "x:*")
        status, _, body = cls.ask(post({"name": "known", "upstream": "127.0.0.1:1"}))
        assert status == 201, body

    @classmethod
    def tearDownClass(cls):
        code = cls.serving.stop()
        assert (code, cls.serving.errors) == (0, ""), cls.serving.errors

    @classmethod
    def ask(cls, sent):
        with cls.serving.connect() as client:
            client.sendall(sent)
            return Answers(client).next()

    def names(self):
        status, _, body = self.ask(request(path="/v1/proxies", fields=(LOCAL,)))
        self.assertEqual(status, 200)
        return [proxy["name"] for proxy in json.loads(body)["proxies"]]

    def refused(self, rows):
        for what, status, sent in rows:
            with self.subTest(what):
                got, fields, body = self.ask(sent)
                self.assertEqual(got, status, body)
                self.assertFalse([name for name in fields if name.startswith("access-control")])
                if fields.get("content-type") == "application/json":
                    self.assertTrue(json.loads(body)["error"], body)
                self.assertEqual(self.names(), ["known"])

    def test_who_may_not_speak(self):
        self.refused(WHO)

    def test_what_is_no_request(self):
        self.refused(FRAMING)

    def test_what_is_no_body(self):
        self.refused(BODIES)

    def test_numbers_beyond_their_bounds(self):
        self.refused(NUMBERS)

    def test_what_the_compatible_api_takes_can_be_taken_away(self):
        for what, sent in TOLERATED:
            with self.subTest(what):
                self.assertIn(self.ask(sent)[0], (200, 400))
                self.assertEqual(self.names(), ["known"])
        _, _, body = self.ask(request(path="/v1/proxies/known/faults", fields=(LOCAL,)))
        for armed in json.loads(body)["faults"]:
            name = armed["id"].replace("/", "%2F")
            path = f"/v1/proxies/known/faults/{name}"
            self.assertEqual(self.ask(post(b"{}", path=path, method="DELETE"))[0], 204, name)

    def test_a_name_of_any_characters_can_be_deleted(self):
        name = "a b/c?d#e%f\u00e9"
        made = json.dumps({"name": name, "upstream": "x:1"}).encode()
        self.assertEqual(self.ask(request("POST", "/proxies", made, (LOCAL,)))[0], 201)
        path = "/v1/proxies/" + "".join(f"%{byte:02X}" for byte in name.encode())
        self.assertEqual(self.ask(request(path=path, fields=(LOCAL,)))[0], 200)
        self.assertEqual(self.ask(post(b"{}", path=path, method="DELETE"))[0], 204)
        self.assertEqual(self.names(), ["known"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
