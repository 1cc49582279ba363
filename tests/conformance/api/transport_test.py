"""What every route has in common: status codes, headers, methods, and who is let in."""

import re

from talk import ApiTest, Answer, ask, connect, says

ROUTES = {
    "/version": ["GET"],
    "/proxies": ["GET", "POST"],
    "/proxies/p": ["GET", "POST", "PATCH", "DELETE"],
    "/proxies/p/toxics": ["GET", "POST"],
    "/proxies/p/toxics/t": ["GET", "POST", "PATCH", "DELETE"],
    "/populate": ["POST"],
    "/reset": ["POST"],
}
METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"]


class Version(ApiTest):
    def test_version_is_json_with_one_space_and_a_newline(self):
        answer = ask("GET", "/version")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.type, "application/json;charset=utf-8")
        self.assertRegex(answer.text, r'^\{"version": "[^"]+"\}\n$')

    def test_version_lets_clients_use_patch(self):
        # Clients compare it with 2.6.0 and give up on a "+". A build with `go install` says "git".
        version = ask("GET", "/version").json()["version"]
        if version != says("git", None):
            self.assertRegex(version, r"^2\.\d+\.\d+(-[0-9a-z.-]+)?$")
            self.assertGreaterEqual([int(n) for n in re.findall(r"\d+", version)[:3]], [2, 6, 0])


class Routes(ApiTest):
    def test_an_unknown_path_is_404_in_plain_text(self):
        for path in ["/", "/nope", "/proxies/", "/version/", "/proxies/p/", "/proxies/p/toxic",
                     "/proxies/p/toxics/t/x", "/Proxies"]:
            with self.subTest(path):
                answer = ask("GET", path)
                self.assertEqual((answer.status, answer.text), (404, "404 page not found\n"))
                self.assertEqual(answer.type, "text/plain; charset=utf-8")
                self.assertIsNone(answer.headers["X-Toxiproxy-Request-Id"])

    def test_metrics_are_not_there_unless_asked_for(self):
        self.assertEqual(ask("GET", "/metrics").status, 404)

    def test_a_wrong_method_is_405_and_empty(self):
        self.proxy()
        for path, allowed in ROUTES.items():
            for method in set(METHODS) - set(allowed):
                with self.subTest(method + path):
                    answer = ask(method, path, "{}")
                    self.assertEqual((answer.status, answer.body), (405, b""))
                    self.assertIsNone(answer.headers["Allow"])
                    self.assertIsNone(answer.headers["X-Toxiproxy-Request-Id"])

    def test_head_is_not_a_route_of_its_own(self):
        self.assertIn(ask("HEAD", "/proxies").status, says([405], [200, 405]))

    def test_a_doubled_slash_is_redirected(self):
        answer = ask("GET", "//proxies")
        self.assertEqual((answer.status, answer.headers["Location"]), (301, "/proxies"))

    def test_a_query_is_ignored(self):
        self.assertEqual(self.get("/proxies?verbose=1"), {})


class Headers(ApiTest):
    def test_every_routed_answer_has_a_request_id_of_its_own(self):
        self.proxy()
        answers = [ask("GET", "/proxies"), ask("GET", "/version"), ask("GET", "/proxies/none"),
                   ask("POST", "/proxies", "{"), ask("POST", "/populate", "{"),
                   ask("GET", "/proxies", headers={"User-Agent": "Mozilla/5.0"}),
                   ask("POST", "/reset"), ask("DELETE", "/proxies/p")]
        self.assertEqual([answer.status for answer in answers],
                         [200, 200, 404, 400, 400, 403, 204, 204])
        ids = [answer.headers["X-Toxiproxy-Request-Id"] for answer in answers]
        for one in ids:
            self.assertRegex(one or "", "^[0-9a-z]{20}$")
        self.assertEqual(len(set(ids)), len(ids))

    def test_success_is_compact_json_without_a_newline(self):
        self.proxy()
        self.toxic("latency", latency=5)
        for path in ["/proxies", "/proxies/p", "/proxies/p/toxics",
                     "/proxies/p/toxics/latency_downstream"]:
            answer = ask("GET", path)
            self.assertEqual((answer.status, answer.type), (200, "application/json"))
            self.assertNotRegex(answer.text, r"\s")

    def test_what_is_gone_is_answered_without_a_body(self):
        self.proxy()
        self.toxic("latency")
        for method, path in [("DELETE", "/proxies/p/toxics/latency_downstream"),
                             ("POST", "/reset"), ("DELETE", "/proxies/p")]:
            answer = ask(method, path)
            self.assertEqual((answer.status, answer.body, answer.type), (204, b"", None))

    def test_no_page_of_another_origin_is_invited(self):
        answer = ask("GET", "/proxies", headers={"Accept": "*/*"})
        self.assertFalse([key for key in answer.headers if key.startswith("Access-Control-")])


class WhoIsLetIn(ApiTest):
    def test_a_browser_is_refused(self):
        for agent in ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/"]:
            answer = ask("GET", "/proxies", headers={"User-Agent": agent})
            self.assertEqual((answer.status, answer.text), (403, "User agent not allowed\n"))
            self.assertEqual(answer.type, "text/plain; charset=utf-8")

    def test_a_browser_is_told_first_that_there_is_no_such_path(self):
        self.assertEqual(ask("GET", "/no", headers={"User-Agent": "Mozilla/5.0"}).status, 404)
        self.assertEqual(ask("PUT", "/proxies", headers={"User-Agent": "Mozilla/5.0"}).status, 405)

    def test_other_agents_are_not(self):
        for agent in ["curl/8.0", "node", "not Mozilla/5.0", "mozilla/5.0", ""]:
            answer = ask("GET", "/proxies", headers={"User-Agent": agent})
            self.assertEqual(answer.status, 200, agent)


class Connections(ApiTest):
    def test_one_connection_serves_many_requests(self):
        connection = connect()
        self.addCleanup(connection.close)
        own = None
        for method, path, body, status in [
                ("GET", "/proxies", None, 200), ("POST", "/reset", None, 204),
                ("GET", "/nope", None, 404), ("PUT", "/proxies", "{}", 405),
                ("POST", "/proxies", '{"name":"p","upstream":"a:1"}', 201),
                ("POST", "/proxies", "{", 400), ("DELETE", "/proxies/p", None, 204),
                ("GET", "/version", None, 200)]:
            connection.request(method, path, body)
            self.assertEqual(Answer(connection.getresponse()).status, status)
            own = own or connection.sock.getsockname()
            self.assertEqual(connection.sock.getsockname(), own)

    def test_a_chunked_body_is_read(self):
        body = b'{"name":"p","listen":"127.0.0.1:0","upstream":"a:1"}'
        connection = connect()
        self.addCleanup(connection.close)
        connection.request("POST", "/proxies", iter([body[:7], body[7:20], body[20:]]),
                           {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        self.assertEqual(Answer(connection.getresponse()).status, 201)

    def test_a_body_may_be_large(self):
        many = [{"name": f"p{i}", "listen": "127.0.0.1:0", "upstream": "a:1", "enabled": False,
                 "unknown": "x" * 1000} for i in range(200)]
        self.assertEqual(ask("POST", "/populate", many).status, 201)
        self.assertEqual(len(self.get("/proxies")), 200)
