"""How requests are read: as leniently as the decoder that every client was written against."""

from talk import ApiTest, ask


class Lenient(ApiTest):
    def test_the_type_of_the_request_does_not_matter(self):
        for number, kind in enumerate(["application/x-www-form-urlencoded", "text/plain", "a/b",
                                       "application/json; charset=latin1", None]):
            headers = {"Content-Type": kind} if kind else {}
            body = {"name": f"p{number}", "listen": "127.0.0.1:0", "upstream": "a:1"}
            self.assertEqual(ask("POST", "/proxies", body, headers).status, 201, kind)

    def test_keys_in_any_case_are_known(self):
        body = '{"NAME":"p","Listen":"127.0.0.1:0","upStream":"a:1","ENABLED":false}'
        proxy = ask("POST", "/proxies", body).json()
        self.assertEqual((proxy["name"], proxy["upstream"], proxy["enabled"]), ("p", "a:1", False))
        toxic = ask("POST", "/proxies/p/toxics", '{"Type":"latency","STREAM":"upstream",'
                    '"Toxicity":0.5,"Attributes":{"LATENCY":7}}').json()
        self.assertEqual((toxic["stream"], toxic["toxicity"], toxic["attributes"]),
                         ("upstream", 0.5, {"latency": 7, "jitter": 0}))

    def test_unknown_keys_are_ignored(self):
        self.proxy(color="red", nested={"a": [1, {"b": None}]})
        toxic = self.toxic("latency", latency=3, unknown=4)
        self.assertEqual(toxic["attributes"], {"latency": 3, "jitter": 0})

    def test_null_is_as_good_as_nothing(self):
        body = {"name": "p", "listen": None, "upstream": "a:1", "enabled": None, "toxics": None}
        answer = ask("POST", "/proxies", body)
        self.assertEqual((answer.status, answer.json()["enabled"]), (201, True))
        toxic = ask("POST", "/proxies/p/toxics", {"name": None, "type": "latency", "stream": None,
                                                 "toxicity": None, "attributes": None})
        self.assertEqual(toxic.json(), {
            "attributes": {"latency": 0, "jitter": 0}, "name": "latency_downstream",
            "type": "latency", "stream": "downstream", "toxicity": 1})

    def test_what_follows_the_first_value_is_ignored(self):
        body = '{"name":"p","listen":"127.0.0.1:0","upstream":"a:1"} and {more'
        self.assertEqual(ask("POST", "/proxies", body).status, 201)
        self.assertEqual(ask("POST", "/proxies/p", '{"enabled":false}]').json()["enabled"], False)

    def test_white_space_and_escapes_are_json(self):
        body = ' \r\n\t{ "name" : "\\u0070\\u00fc" , "listen":"127.0.0.1:0", "upstream":"a:1" }'
        self.assertEqual(ask("POST", "/proxies", body).json()["name"], "pü")

    def test_the_last_of_two_equal_keys_counts(self):
        body = '{"name":"a","name":"p","listen":"127.0.0.1:0","upstream":"a:1"}'
        self.assertEqual(ask("POST", "/proxies", body).json()["name"], "p")


class Strict(ApiTest):
    def setUp(self):
        super().setUp()
        self.proxy()
        self.toxic("latency", latency=1)

    def test_an_empty_body_is_the_end_of_the_file(self):
        for method, path in [("POST", "/proxies"), ("POST", "/proxies/p"), ("PATCH", "/proxies/p"),
                             ("POST", "/proxies/p/toxics"),
                             ("POST", "/proxies/p/toxics/latency_downstream")]:
            for body in [None, "", "  \n"]:
                self.assert_error(ask(method, path, body), 400, "bad request body: EOF")

    def test_a_body_cut_short_is_an_unexpected_end(self):
        for body in ["{", '{"name"', '{"name":', '{"name":"x', '{"name":"x",']:
            self.assert_error(ask("POST", "/proxies", body), 400,
                              "bad request body: unexpected EOF")

    def test_what_is_no_json_is_refused(self):
        for body in ["nonsense", "{name:1}", "{'name':'x'}", '{"name":"x",}', "name=x&upstream=y",
                     '{"name":"\x01"}', "{]"]:
            answer = ask("POST", "/proxies", body)
            self.assert_refused_body(answer)
            self.assertRegex(answer.json()["error"], "^bad request body: invalid character ")

    def test_a_value_of_the_wrong_type_is_refused(self):
        for path, body in [("/proxies", '{"name":5,"upstream":"a:1"}'), ("/proxies", "[]"),
                           ("/proxies", '"text"'), ("/proxies", "7"),
                           ("/proxies", '{"name":"q","upstream":"a:1","enabled":"yes"}'),
                           ("/proxies", '{"name":"q","upstream":"a:1","enabled":1}'),
                           ("/proxies/p", '{"enabled":"yes"}'), ("/proxies/p", "[]"),
                           ("/proxies/p/toxics", '{"type":"latency","name":"q","toxicity":"1"}'),
                           ("/proxies/p/toxics", '{"type":"latency","name":"q","attributes":[]}'),
                           ("/proxies/p/toxics", '{"type":5}')]:
            answer = ask("POST", path, body)
            self.assert_refused_body(answer)
            self.assertRegex(answer.json()["error"], "json: cannot unmarshal ", body)
        self.assertEqual(list(self.get("/proxies")), ["p"])
        self.assertEqual(len(self.get("/proxies/p/toxics")), 1)

    def test_an_integer_is_written_as_an_integer(self):
        for value in ["1.5", "1e3", '"100"', "true", "[1]", "{}", "1.0", "99999999999999999999"]:
            with self.subTest(value):
                self.assert_refused_body(ask(
                    "POST", "/proxies/p/toxics",
                    '{"type":"latency","name":"q","attributes":{"latency":%s}}' % value))
                self.assert_refused_body(ask("POST", "/proxies/p/toxics/latency_downstream",
                                             '{"attributes":{"latency":%s}}' % value))
        toxic = self.get("/proxies/p/toxics/latency_downstream")
        self.assertEqual(toxic["attributes"]["latency"], 1)
