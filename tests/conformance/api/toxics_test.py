"""Toxics as objects: create, read, update, delete. What they do to bytes is in traffic_test.py."""

import json

from talk import ApiTest, ask, says

ATTRIBUTES = {
    "noop": {}, "latency": {"latency": 1, "jitter": 2}, "bandwidth": {"rate": 3},
    "slow_close": {"delay": 4}, "timeout": {"timeout": 5}, "reset_peer": {"timeout": 6},
    "slicer": {"average_size": 7, "size_variation": 2, "delay": 9}, "limit_data": {"bytes": 10},
}


class ToxicTest(ApiTest):
    def setUp(self):
        super().setUp()
        self.proxy()

    def add(self, body):
        return ask("POST", "/proxies/p/toxics", body)


class Create(ToxicTest):
    def test_the_order_of_members_is_fixed(self):
        answer = self.add({"type": "latency", "attributes": {"jitter": 2, "latency": 1}})
        want = ('{"attributes":{"latency":1,"jitter":2},"name":"latency_downstream",'
                '"type":"latency","stream":"downstream","toxicity":1}')
        self.assertEqual((answer.status, answer.type, answer.text), (200, "application/json", want))
        path = "/proxies/p/toxics"
        self.assertEqual(ask("GET", path).text, f"[{want}]")
        self.assertEqual(ask("GET", f"{path}/latency_downstream").text, want)
        self.assertIn(f'"toxics":[{want}]', ask("GET", "/proxies/p").text)

    def test_every_type_keeps_its_attributes_in_their_order(self):
        for kind, attributes in ATTRIBUTES.items():
            for given in [attributes, {}] if kind != "slicer" else [attributes]:
                want = {key: given.get(key, 0) for key in attributes}
                answer = self.add({"type": kind, "attributes": given})
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(json.dumps(answer.json()["attributes"]), json.dumps(want))
                ask("DELETE", f"/proxies/p/toxics/{kind}_downstream")

    def test_the_name_defaults_to_type_and_stream_as_said(self):
        for stream, name in [(None, "latency_downstream"), ("upstream", "latency_upstream"),
                             ("DownStream", "latency_DownStream"),
                             ("UPSTREAM", "latency_UPSTREAM")]:
            answer = self.add({"type": "latency", "stream": stream}).json()
            self.assertEqual((answer["name"], answer["stream"]), (name, stream or "downstream"))

    def test_a_stream_that_is_none_is_refused_before_the_type_is_looked_at(self):
        for stream in ["", "sideways", "up", " upstream"]:
            self.assert_error(self.add({"type": "nonsense", "stream": stream}), 400,
                              "stream was invalid, can be either upstream or downstream")

    def test_a_type_that_is_none_is_refused(self):
        for body in [{"type": "nonsense"}, {"type": ""}, {}, {"type": "Latency"},
                     {"type": "nonsense", "attributes": {"latency": "x"}}]:
            self.assert_error(self.add(body), 400, "invalid toxic type")
        self.assertEqual(self.get("/proxies/p/toxics"), [])

    def test_a_name_that_is_taken_conflicts_across_streams(self):
        self.add({"type": "latency", "name": "t"})
        for body in [{"type": "latency", "name": "t"},
                     {"type": "bandwidth", "name": "t", "stream": "upstream"},
                     {"type": "latency", "name": "t", "attributes": {"latency": "x"}}]:
            self.assert_error(self.add(body), 409, "toxic already exists")
        self.assertEqual(self.add({"type": "latency", "name": "T"}).status, 200)

    def test_one_type_may_come_many_times(self):
        for number in range(5):
            self.assertEqual(self.add({"type": "noop", "name": f"n{number}"}).status, 200)
        self.assertEqual(len(self.get("/proxies/p/toxics")), 5)

    def test_toxicity_is_written_as_short_as_a_float_allows(self):
        for number, (given, text) in enumerate([("1", "1"), ("0.2", "0.2"), ("0", "0"),
                                                ("1.0", "1"), ("1e-7", "1e-7"), ("0.5", "0.5"),
                                                ("0.123456789", "0.12345679")]):
            body = '{"type":"noop","name":"t%d","toxicity":%s}' % (number, given)
            self.assertTrue(self.add(body).text.endswith(f'"toxicity":{text}}}'), given)

    def test_toxicity_is_one_unless_said(self):
        self.assertEqual(self.add({"type": "noop"}).json()["toxicity"], 1)

    def test_a_negative_number(self):
        # Toxiproxy stores what it gets, and dies of some of it when traffic comes.
        for kind, attributes in [("latency", {"latency": -1}), ("latency", {"jitter": -1}),
                                 ("timeout", {"timeout": -1}), ("limit_data", {"bytes": -1})]:
            answer = self.add({"type": kind, "name": str(attributes), "attributes": attributes})
            self.assertEqual(answer.status, says(200, 400), answer)
            if answer.status == 400:
                self.assertEqual(answer.json()["status"], 400)

    def test_a_toxicity_beyond_0_and_1_is_none_and_all(self):
        for toxicity in [2.5, -1]:
            answer = self.add({"type": "noop", "name": str(toxicity), "toxicity": toxicity})
            self.assertEqual((answer.status, answer.json()["toxicity"]), (200, toxicity))

    def test_a_disabled_proxy_takes_toxics(self):
        ask("POST", "/proxies/p", {"enabled": False})
        self.assertEqual(self.add({"type": "latency"}).status, 200)
        self.assertEqual(ask("POST", "/proxies/p", {"enabled": True}).json()["toxics"][0]["name"],
                         "latency_downstream")


class Read(ToxicTest):
    def test_upstream_comes_first_and_then_the_order_of_the_chain(self):
        order = [("d1", "downstream"), ("u1", "upstream"), ("d0", "downstream"), ("u0", "upstream")]
        for name, stream in order:
            self.add({"type": "noop", "name": name, "stream": stream})
        names = [toxic["name"] for toxic in self.get("/proxies/p/toxics")]
        self.assertEqual(names, ["u1", "u0", "d1", "d0"])
        self.assertEqual([toxic["name"] for toxic in self.get("/proxies/p")["toxics"]], names)
        ask("DELETE", "/proxies/p/toxics/u1")
        self.add({"type": "noop", "name": "u1", "stream": "upstream"})
        names = [toxic["name"] for toxic in self.get("/proxies/p/toxics")]
        self.assertEqual(names, ["u0", "u1", "d1", "d0"])

    def test_none_is_an_empty_list(self):
        self.assertEqual(ask("GET", "/proxies/p/toxics").text, "[]")

    def test_what_is_not_there_is_404(self):
        for method in ["GET", "POST", "PATCH", "DELETE"]:
            answer = ask(method, "/proxies/p/toxics/no", None if method == "GET" else "{}")
            self.assert_error(answer, 404, "toxic not found")

    def test_a_name_may_hold_any_character_but_a_slash(self):
        for name, path in [("a:b", "a:b"), ("a@b", "a@b"), ("a b", "a%20b"), ("ü", "%C3%BC")]:
            self.add({"type": "noop", "name": name})
            self.assertEqual(self.get(f"/proxies/p/toxics/{path}")["name"], name)
            self.assertEqual(ask("DELETE", f"/proxies/p/toxics/{path}").status, 204)


class Update(ToxicTest):
    PATH = "/proxies/p/toxics/latency_downstream"

    def setUp(self):
        super().setUp()
        self.before = self.toxic("latency", latency=100, jitter=10)

    def test_post_and_patch_merge_attributes(self):
        for method, given, want in [("POST", {"latency": 1}, (1, 10)),
                                    ("PATCH", {"jitter": 2}, (1, 2)),
                                    ("PATCH", {"latency": 0}, (0, 2)),
                                    ("POST", {"latency": None, "jitter": 3}, (0, 3))]:
            answer = ask(method, self.PATH, {"attributes": given})
            self.assertEqual(answer.status, 200)
            attributes = answer.json()["attributes"]
            self.assertEqual((attributes["latency"], attributes["jitter"]), want)
            self.assertEqual(self.get(self.PATH), answer.json())

    def test_toxicity_alone_may_change(self):
        answer = ask("POST", self.PATH, {"toxicity": 0.25})
        self.assertEqual(answer.json(), {**self.before, "toxicity": 0.25})
        answer = ask("POST", self.PATH, {"attributes": {"latency": 5}})
        self.assertEqual(answer.json()["toxicity"], 0.25)
        self.assertEqual(ask("POST", self.PATH, {"toxicity": 0}).json()["toxicity"], 0)

    def test_name_type_and_stream_stay(self):
        for body in ["{}", "null", '{"name":"x","type":"bandwidth","stream":"upstream"}',
                     '{"stream":"sideways"}', '{"attributes":null}']:
            answer = ask("PATCH", self.PATH, body)
            self.assertEqual((answer.status, answer.json()), (200, self.before), body)

    def test_a_bad_attribute_is_refused(self):
        answer = ask("POST", self.PATH, '{"attributes":{"latency":7,"jitter":"x"},"toxicity":0.5}')
        self.assert_refused_body(answer)
        after = self.get(self.PATH)
        self.assertEqual(after["toxicity"], 1)
        # Toxiproxy has applied what stood before the bad one; nothing half-applied here.
        self.assertEqual(after["attributes"]["latency"], says(7, 100))


class Delete(ToxicTest):
    def test_it_is_gone_and_its_name_is_free(self):
        for _ in range(3):
            self.toxic("latency", latency=5)
            self.assertEqual(ask("DELETE", "/proxies/p/toxics/latency_downstream").status, 204)
            self.assertEqual(self.get("/proxies/p/toxics"), [])
        self.assert_error(ask("DELETE", "/proxies/p/toxics/latency_downstream"), 404,
                          "toxic not found")
