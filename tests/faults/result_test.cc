#include "faults/result.h"

#include "tests/support/catch.h"

using faultline::nearest;
using faultline::quoted;
using faultline::suggestion;

TEST_CASE("an error's text names its place first, if it has one") {
  CHECK(faultline::Error{"drill.toml:3:1", "no"}.text() == "drill.toml:3:1: no");
  CHECK(faultline::Error{"", "no"}.text() == "no");
}

TEST_CASE("nearest forgives a third of the letters and no more") {
  const std::vector<std::string> known = {"latency", "stall", "reset", "refuse"};
  CHECK(nearest("latncy", known) == "latency");    // one missing
  CHECK(nearest("latenccy", known) == "latency");  // one too many
  CHECK(nearest("lagency", known) == "latency");   // one wrong
  CHECK(nearest("restet", known) == "reset");
  CHECK(nearest("stall", known) == "stall");
  CHECK(nearest("stxyl", known).empty());  // two of five
  CHECK(nearest("", known).empty());
  CHECK(nearest("anything", {}).empty());
  CHECK(nearest(std::string(1'000'000, 'x'), known).empty());
}

TEST_CASE("two neighbours swapped count as one mistake") {
  CHECK(nearest("lsat", {"last"}) == "last");  // a third of 4 is 1
  CHECK(nearest("tsal", {"last"}).empty());
}

TEST_CASE("the nearest of several near words wins, the first of equals") {
  CHECK(nearest("resett", {"preset", "reset"}) == "reset");
  CHECK(nearest("cat", {"car", "can"}) == "car");
}

TEST_CASE("a suggestion is one word, or all the known ones") {
  CHECK(suggestion("latncy", {"latency", "stall"}) == "; did you mean \"latency\"?");
  CHECK(suggestion("bogus", {"latency", "stall"}) == "; known: latency, stall");
  CHECK(suggestion("bogus", {}).empty());
}

TEST_CASE("what is quoted cannot speak to the terminal and stays short") {
  CHECK(quoted("abc") == "\"abc\"");
  CHECK(quoted("a\"b\\") == "\"a\\\"b\\\\\"");
  CHECK(quoted("\x1b[2J\n") == "\"\\x1b[2J\\x0a\"");
  CHECK(quoted(std::string(80, 'x')) == '"' + std::string(80, 'x') + '"');
  CHECK(quoted(std::string(81, 'x')) == '"' + std::string(80, 'x') + "…\"");
  CHECK(quoted(std::string(79, 'x') + "µs") == '"' + std::string(79, 'x') + "…\"");
}
