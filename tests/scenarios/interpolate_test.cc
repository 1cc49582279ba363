#include "scenarios/drill/interpolate.h"

#include "tests/support/catch.h"

namespace faultline {
namespace {

using Catch::Matchers::Contains;

Variables variables() {
  return {[](std::string_view name) -> std::optional<std::string> {
            if (name == "HOST") return "db.example";
            if (name == "EMPTY") return "";
            if (name == "MONEY") return "5$ ${HOST} $$";
            if (name == "DB_PASSWORD") return "hunter22";
            if (name == "CONNINFO") return "host=h password=swordfish";
            return std::nullopt;
          },
          {},
          {}};
}

std::string expanded(std::string_view text) {
  Variables from = variables();
  const auto late = expand_variables(text, from);
  if (!late) FAIL(late.error().front().text());
  return *late;
}

std::string problem(std::string_view text) {
  Variables from = variables();
  const auto late = expand_variables(text, from);
  REQUIRE_FALSE(late);
  return late.error().front().what;
}

TEST_CASE("variables are replaced by the environment, or by their default") {
  CHECK(expanded("${HOST}:5432") == "db.example:5432");
  CHECK(expanded("a${EMPTY}b") == "ab");
  CHECK(expanded("${HOST:-other}") == "db.example");
  CHECK(expanded("${UNSET:-other}") == "other");
  CHECK(expanded("${UNSET:-}") == "");
  CHECK(expanded("${EMPTY:-other}") == "other");
  CHECK(expanded("${HOST:?needed}") == "db.example");
}

TEST_CASE("a default may hold a reference") {
  CHECK(expanded("${UNSET:-http://${HOST}/}!") == "http://db.example/!");
  CHECK(expanded("${UNSET:-${port.app}}") == "${port.app}");
}

TEST_CASE("a dollar stays a dollar") {
  CHECK(plain(expanded("$$")) == "$");
  CHECK(plain(expanded("$1 costs 5$")) == "$1 costs 5$");
  CHECK(plain(expanded("$${HOST}")) == "${HOST}");
  CHECK(plain(expanded("$$$${HOST}")) == "$${HOST}");
}

TEST_CASE("a value is never looked at again") {
  CHECK(plain(expanded("${MONEY}")) == "5$ ${HOST} $$");
  CHECK(late_references(expanded("$${port.app} ${port.app}")).size() == 1);
}

TEST_CASE("what is missing or malformed is told") {
  CHECK_THAT(problem("${UNSET}"), Contains("${UNSET} is not set") && Contains("${UNSET:-default}"));
  CHECK_THAT(problem("${UNSET:?a database}"), Contains("a database"));
  CHECK_THAT(problem("${EMPTY:?a database}"), Contains("a database"));
  CHECK_THAT(problem("${HOST"), Contains("no closing"));
  CHECK_THAT(problem("${}"), Contains("is not a variable"));
  CHECK_THAT(problem("${1A}"), Contains("is not a variable"));
  CHECK_THAT(problem("${HOST:other}"), Contains(":- and a default"));
  CHECK_THAT(problem("${proxy.db.colour}"), Contains("${proxy.NAME.port}"));
  CHECK_THAT(problem("${port.}"), Contains("${port.NAME}"));
}

TEST_CASE("every mistake of a string is told") {
  Variables from = variables();
  const auto late = expand_variables("${UNSET} ${ALSO_UNSET}", from);
  REQUIRE_FALSE(late);
  CHECK(late.error().size() == 2);
}

TEST_CASE("defaults nested without end are refused") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "${U:-";
  CHECK_THAT(problem(text + std::string(1000, '}')), Contains("nested deeper"));
}

TEST_CASE("references to a run stay until they are replaced") {
  const std::string late = expanded("${proxy.db.main.listen} ${port.app} ${proxy.x.port}");
  CHECK(late == "${proxy.db.main.listen} ${port.app} ${proxy.x.port}");
  const auto references = late_references(late);
  REQUIRE(references.size() == 3);
  CHECK(references[0].kind == LateReference::Kind::proxy);
  CHECK(references[0].name == "db.main");
  CHECK(references[0].part == "listen");
  CHECK(references[1].kind == LateReference::Kind::port);
  CHECK(references[1].text() == "${port.app}");
  const std::string replaced =
      replace_late(late, [](const LateReference& reference) -> std::optional<std::string> {
        if (reference.kind == LateReference::Kind::port) return "8080$";
        return std::nullopt;
      });
  CHECK(replaced == "${proxy.db.main.listen} 8080$$ ${proxy.x.port}");
  CHECK(plain(replaced) == "${proxy.db.main.listen} 8080$ ${proxy.x.port}");
}

TEST_CASE("what was used is remembered, secrets without their value") {
  Variables from = variables();
  REQUIRE(expand_variables("${HOST} ${DB_PASSWORD} ${UNSET:-x} ${CONNINFO}", from));
  CHECK(from.used ==
        std::map<std::string, std::string>{
            {"HOST", "db.example"}, {"DB_PASSWORD", "***"}, {"UNSET", "x"}, {"CONNINFO", "***"}});
  CHECK(redacted("login hunter22!", from.secrets) == "login ***!");
}

TEST_CASE("passwords of connection strings are never shown") {
  CHECK(redacted("host=h password=abc user=u", {}) == "host=h password=*** user=u");
  CHECK(redacted("password='a b' user=u", {}) == "password=*** user=u");
  CHECK(redacted("password=abc", {}) == "password=***");
}

}  // namespace
}  // namespace faultline
