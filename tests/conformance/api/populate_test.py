"""/populate and /reset: many proxies at once, and back to the beginning."""

import socket

import peers
from talk import ApiTest, ask, says


def one(name, listen="127.0.0.1:0", upstream="a:1", **more):
    return {"name": name, "listen": listen, "upstream": upstream, **more}


class Populate(ApiTest):
    def populate(self, *proxies):
        return ask("POST", "/populate", list(proxies))

    def created(self, *proxies):
        answer = self.populate(*proxies)
        self.assertEqual((answer.status, answer.type), (201, "application/json"), answer)
        return answer.json()["proxies"]

    def assert_partial(self, answer, status, text, names):
        """The one place where an error is application/json and without a newline."""
        self.assertEqual((answer.status, answer.type), (status, "application/json"), answer)
        found = answer.json()
        self.assertEqual(list(found), ["error", "status", "proxies"])
        self.assertEqual((found["error"], found["status"]), (text, status))
        self.assertEqual([proxy["name"] for proxy in found["proxies"] or []], names)
        self.assertFalse(answer.text.endswith("\n"))

    def test_what_was_created_comes_back_in_order_with_its_addresses(self):
        found = self.created(one("z"), one("a", "localhost:0"), one("m", enabled=False))
        self.assertEqual([(proxy["name"], proxy["enabled"]) for proxy in found],
                         [("z", True), ("a", True), ("m", False)])
        self.assertEqual(self.get("/proxies"), {proxy["name"]: proxy for proxy in found})
        self.assertNotRegex(found[1]["listen"], "localhost|:0$")

    def test_nothing_to_create_is_null(self):
        for body in ["[]", "null"]:
            answer = ask("POST", "/populate", body)
            self.assertEqual((answer.status, answer.text), (201, '{"proxies":null}'))

    def test_nothing_is_created_when_one_entry_is_incomplete(self):
        for bad, text in [({"upstream": "a:1"}, "name at proxy 2"), (one("b", upstream=""),
                          "upstream at proxy 2"), ({}, "name at proxy 2")]:
            answer = self.populate(one("a"), bad, one("c"))
            self.assert_partial(answer, 400, f"missing required field: {text}", [])
            self.assertIsNone(answer.json()["proxies"])
        self.assertEqual(self.get("/proxies"), {})

    def test_it_stops_at_the_first_that_cannot_start(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            answer = self.populate(one("a"), one("b", f"127.0.0.1:{port}"), one("c"))
        self.assert_partial(answer, 500,
                            f"listen tcp 127.0.0.1:{port}: bind: address already in use", ["a"])
        self.assertEqual(list(self.get("/proxies")), ["a"])

    def test_a_body_that_is_no_list_is_refused(self):
        for body, text in [("", "EOF"), ("[", "unexpected EOF")]:
            answer = ask("POST", "/populate", body)
            self.assert_partial(answer, 400, f"bad request body: {text}", [])
        for body in ["{}", '"x"', "[1]", '[{"name":5}]', "nonsense"]:
            answer = ask("POST", "/populate", body)
            self.assertEqual((answer.status, answer.type), (400, "application/json"))
            self.assertRegex(answer.json()["error"], "^bad request body: .")

    def test_what_is_the_same_is_left_alone(self):
        peer = self.peer()
        proxy = self.proxy("p", upstream=peer.address)
        toxic = self.toxic("latency", latency=1)
        live = self.client(proxy)
        live.trip(b"x")
        port = proxy["listen"].rpartition(":")[2]
        for listen in [proxy["listen"], f"localhost:{port}"]:
            for more in [{}, {"toxics": None}, {"toxics": []}]:
                found = self.created(one("p", listen, peer.address, **more), one("other"))
                self.assertEqual(found[0], {**proxy, "toxics": [toxic]})
                self.assertEqual(live.trip(b"y")[0], b"y")

    def test_whether_it_is_enabled_is_not_changed_by_it(self):
        proxy = self.proxy()
        for enabled in [True, False]:
            ask("POST", "/proxies/p", {"enabled": enabled})
            found = self.created(one("p", proxy["listen"], "127.0.0.1:1", enabled=not enabled))
            self.assertEqual(found[0]["enabled"], enabled)

    def test_what_differs_is_replaced_and_has_no_toxics(self):
        first = self.peer()
        proxy = self.proxy("p", upstream=first.address)
        self.toxic("latency")
        live = self.client(proxy)
        live.trip(b"x")
        second = self.peer(peers.gives(b"second"))
        found = self.created(one("p", proxy["listen"], second.address))
        self.assertEqual((found[0]["upstream"], found[0]["toxics"]), (second.address, []))
        self.assertEqual(live.outcome()[0], b"")
        self.assertEqual(self.client(found[0]).outcome(), (b"second", "end"))

    def test_toxics_in_the_body_are_ignored(self):
        for toxics in [None, [], [{"type": "latency", "name": "t"}]]:
            self.assertEqual(self.created(one("p", toxics=toxics))[0]["toxics"], [])

    def test_a_port_of_the_systems_choice_is_chosen_anew(self):
        before = self.proxy()
        self.toxic("latency")
        after = self.created(one("p", upstream="127.0.0.1:1"))[0]
        self.assertNotEqual(after["listen"], before["listen"])
        self.assertEqual(after["toxics"], [])

    def test_a_wildcard_listen_that_is_the_same(self):
        # Toxiproxy compares what was said with "[::]:PORT" and always replaces it.
        port = peers.unused_port()
        for listen in [f"0.0.0.0:{port}", f":{port}"]:
            self.created(one("p", listen))
            self.toxic("latency")
            toxics = self.created(one("p", listen))[0]["toxics"]
            self.assertEqual(len(toxics), says(0, 1), listen)
            ask("DELETE", "/proxies/p")


class Reset(ApiTest):
    def test_everything_is_enabled_and_without_toxics(self):
        for name in ["a", "b", "c"]:
            self.proxy(name)
            self.toxic("latency", name, "upstream")
            self.toxic("timeout", name)
        listens = {name: proxy["listen"] for name, proxy in self.get("/proxies").items()}
        ask("POST", "/proxies/b", {"enabled": False})
        for body in [None, "", "nonsense", "{}"]:
            answer = ask("POST", "/reset", body)
            self.assertEqual((answer.status, answer.body), (204, b""))
        for name, proxy in self.get("/proxies").items():
            self.assertEqual((proxy["enabled"], proxy["toxics"], proxy["listen"]),
                             (True, [], listens[name]))

    def test_connections_live_on(self):
        proxy = self.proxy(upstream=self.peer().address)
        self.toxic("latency", latency=50)
        live = self.client(proxy)
        live.trip(b"x")
        ask("POST", "/reset")
        self.assertEqual(live.trip(b"still here")[0], b"still here")

    def test_a_proxy_that_cannot_start_is_said(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            self.proxy(listen=listen, enabled=False)
            self.proxy("other", enabled=False)
            self.assert_error(ask("POST", "/reset"), 500,
                              f"listen tcp {listen}: bind: address already in use")
            # Toxiproxy goes through them in random order and stops; faultline tries them all.
            enabled = self.get("/proxies/other")["enabled"]
            self.assertIn(enabled, says([False, True], [True]))
