#include "proxy/control/json_text.h"
#include "proxy/control/json_value.h"
#include "tests/support/catch.h"

using namespace faultline::control;

TEST_CASE("strings are escaped as Go's encoder escapes them") {
  CHECK(json_string("a\"\\\n\t\x01") == R"("a\"\\\n\t\u0001")");
  CHECK(json_string("<a&b>") == R"("\u003ca\u0026b\u003e")");
  CHECK(json_string("zürich \xe2\x80\xa8") == "\"zürich \\u2028\"");
  CHECK(json_string("\xff\xc3") == R"("\ufffd\ufffd")");
  CHECK(json_string("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");  // a surrogate
}

TEST_CASE("a toxicity is the shortest number that reads back as the same float32") {
  CHECK(json_number(1.0F) == "1");
  CHECK(json_number(0.2F) == "0.2");
  CHECK(json_number(1e-7F) == "1e-7");
  CHECK(json_number(2.5F) == "2.5");
  CHECK(json_number(-5.0F) == "-5");
  CHECK(json_number(1e21F) == "1e+21");
  CHECK(json_number(16777216.0F) == "16777216");
}

TEST_CASE("the first value counts, and numbers stay as they were written") {
  const auto value = read_json(R"( {"a":[1e3,-7,18446744073709551616],"A":null} and more)");
  REQUIRE(value.has_value());
  REQUIRE(value->members.size() == 2);
  CHECK(value->members[0].elements[0].text == "1e3");
  CHECK(value->members[0].elements[1].text == "-7");
  CHECK(value->members[0].elements[2].text == "18446744073709551616");
  CHECK(value->members[1].key == "A");
}

TEST_CASE("what is not JSON is refused in Go's words") {
  const auto error_of = [](std::string_view text) {
    const auto value = read_json(text);
    return value ? std::string("no error") : value.error();
  };
  CHECK(error_of("") == "EOF");
  CHECK(error_of(" \n") == "EOF");
  CHECK(error_of("{") == "unexpected EOF");
  CHECK(error_of(R"({"a":"b)") == "unexpected EOF");
  CHECK(error_of("}") == "invalid character '}' looking for beginning of value");
  CHECK(error_of("{,") == "invalid character ',' looking for beginning of object key string");
  CHECK(error_of(R"({"a":1 "b"})") == "invalid character '\\\"' after object key:value pair");
  CHECK(error_of("[1 2]") == "invalid character '2' after array element");
  CHECK(error_of(std::string(40, '[')) == "exceeded max depth");
  std::string many = "[0";
  for (int i = 0; i < 100'000; ++i) many += ",0";
  CHECK(error_of(many + "]") == "too many values");
}
