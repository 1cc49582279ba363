#include "scenarios/drill/expectation.h"

#include "tests/support/catch.h"

namespace faultline {
namespace {

Expectation right(std::string_view text) {
  auto expectation = expectation_from(text, "drill.toml:1:1");
  if (!expectation) FAIL(expectation.error().text());
  return *expectation;
}

std::string wrong(std::string_view text) {
  const auto expectation = expectation_from(text, "drill.toml:1:1");
  REQUIRE_FALSE(expectation);
  CHECK(expectation.error().where == "drill.toml:1:1");
  return expectation.error().what;
}

using Catch::Matchers::Contains;

TEST_CASE("an expectation has a measure, arguments, a comparison and a value") {
  const Expectation e = right("  p99( front ,baseline)<100ms ");
  CHECK(e.text == "p99( front ,baseline)<100ms");
  CHECK(e.measure == "p99");
  CHECK(e.arguments == std::vector<std::string>{"front", "baseline"});
  CHECK(e.comparison == Comparison::less);
  CHECK(e.unit == Unit::duration);
  CHECK(e.value == Approx(0.1));
  CHECK(e.call() == "p99(front, baseline)");
  CHECK(e.where == "drill.toml:1:1");
}

TEST_CASE("a measure without arguments needs no parentheses") {
  const Expectation e = right("lost == 0");
  CHECK(e.arguments.empty());
  CHECK(e.call() == "lost");
  CHECK(e.unit == Unit::count);
  CHECK(e.value == 0);
}

TEST_CASE("every comparison is read and printed") {
  for (const char* symbol_text : {"<", "<=", "==", "!=", ">=", ">"}) {
    INFO(symbol_text);
    CHECK(symbol(right("lost" + std::string(symbol_text) + "3").comparison) == symbol_text);
  }
}

TEST_CASE("a value says its unit") {
  CHECK(right("a < 1m30s").value == Approx(90));
  CHECK(right("a < 1m30s").unit == Unit::duration);
  CHECK(right("a < 0.5%").value == Approx(0.005));
  CHECK(right("a < 0.5%").unit == Unit::ratio);
  CHECK(right("a < 0.005").unit == Unit::ratio);
  CHECK(right("a >= 100%").value == Approx(1));
  CHECK(right("a < 2.5").unit == Unit::count);
  CHECK(right("a == 1").unit == Unit::count);
}

TEST_CASE("a wrong expectation is told what would be right") {
  CHECK_THAT(wrong(""), Contains("write one like \"detection(outage) < 1s\""));
  CHECK_THAT(wrong("lost"), Contains("compares with nothing"));
  CHECK_THAT(wrong("lost ="), Contains("did you mean \"==\"?"));
  CHECK_THAT(wrong("lost = 0"), Contains("did you mean \"==\"?"));
  CHECK_THAT(wrong("lost =< 0"), Contains("did you mean \"<=\"?"));
  CHECK_THAT(wrong("lost => 0"), Contains("did you mean \">=\"?"));
  CHECK_THAT(wrong("lost is 0"), Contains("known: <, <=, ==, !=, >=, >"));
  CHECK_THAT(wrong("lost <"), Contains("has no value"));
  CHECK_THAT(wrong("lost < few"), Contains("is no value"));
  CHECK_THAT(wrong("lost < -1"), Contains("is no value"));
  CHECK_THAT(wrong("lost < inf"), Contains("is no value"));
  CHECK_THAT(wrong("lost < 150%"), Contains("0% to 100%"));
  CHECK_THAT(wrong("lost < 1 parsec"), Contains("one comparison"));
  CHECK_THAT(wrong("lost < 1lightyear"), Contains("1lightyear"));
  CHECK_THAT(wrong("lost < 1 and duplicated < 1"), Contains("one comparison"));
  CHECK_THAT(wrong("detection(outage < 1s"), Contains("never closed"));
  CHECK_THAT(wrong("detection() < 1s"), Contains("leave them out"));
  CHECK_THAT(wrong("p99(front,) < 1s"), Contains("an argument is empty"));
  CHECK_THAT(wrong("p99(front baseline) < 1s"), Contains("put a comma"));
}

}  // namespace
}  // namespace faultline
