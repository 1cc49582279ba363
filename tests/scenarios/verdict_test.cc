#include "scenarios/verdict.h"
#include "tests/support/catch.h"

using namespace faultline;

TEST_CASE("a claim passes only with the whole interval") {
  const Measure m = Measure::between(0.8, 0.9, 1.1, 5);
  CHECK(compare(Comparison::less, 1.2, m) == Verdict::pass);
  CHECK(compare(Comparison::less, 1.1, m) == Verdict::inconclusive);
  CHECK(compare(Comparison::at_most, 1.1, m) == Verdict::pass);
  CHECK(compare(Comparison::less, 1.0, m) == Verdict::inconclusive);
  CHECK(compare(Comparison::less, 0.9, m) == Verdict::fail);
  CHECK(compare(Comparison::greater, 0.7, m) == Verdict::pass);
  CHECK(compare(Comparison::greater, 0.8, m) == Verdict::inconclusive);
  CHECK(compare(Comparison::at_least, 0.8, m) == Verdict::pass);
  CHECK(compare(Comparison::greater, 0.9, m) == Verdict::fail);
  CHECK(compare(Comparison::equal, 0.9, m) == Verdict::inconclusive);
  CHECK(compare(Comparison::equal, 2, m) == Verdict::fail);
  CHECK(compare(Comparison::not_equal, 2, m) == Verdict::pass);
}

TEST_CASE("counts are exact, shares survive their division") {
  CHECK(compare(Comparison::equal, 0, Measure::of(0, 9)) == Verdict::pass);
  CHECK(compare(Comparison::equal, 0, Measure::of(1, 9)) == Verdict::fail);
  CHECK(compare(Comparison::not_equal, 0, Measure::of(0, 9)) == Verdict::fail);
  CHECK(compare(Comparison::at_least, 0.3, Measure::of(0.1 + 0.2, 9)) == Verdict::pass);
  CHECK(compare(Comparison::at_most, 0.3, Measure::of(0.1 + 0.2, 9)) == Verdict::pass);
  CHECK(compare(Comparison::less, 5, Measure::of(5, 9)) == Verdict::fail);
}

TEST_CASE("of what was not seen only the bound is known") {
  const Measure m = Measure::greater_than(10, 500, "not detected");
  CHECK(compare(Comparison::less, 1, m) == Verdict::fail);
  CHECK(compare(Comparison::less, 30, m) == Verdict::inconclusive);
  CHECK(compare(Comparison::greater, 5, m) == Verdict::pass);
  CHECK(compare(Comparison::greater, 30, m) == Verdict::inconclusive);
  CHECK(compare(Comparison::equal, 1, m) == Verdict::fail);
}

TEST_CASE("what cannot be told never passes and never fails") {
  const Measure m = Measure::cannot_tell("no traffic");
  for (const Comparison c : {Comparison::less, Comparison::at_most, Comparison::equal,
                             Comparison::not_equal, Comparison::at_least, Comparison::greater})
    CHECK(compare(c, 0, m) == Verdict::inconclusive);
}

TEST_CASE("observed values keep the digits that mean something") {
  CHECK(observed(Measure::between(0.193, 0.2134, 0.233, 42), Unit::duration) ==
        "0.213 s in [0.193, 0.233] (n=42)");
  CHECK(observed(Measure::greater_than(10, 500, "x"), Unit::duration) == "> 10.000 s (n=500)");
  CHECK(observed(Measure::cannot_tell("x"), Unit::count) == "cannot tell");
  CHECK(observed(Measure::of(3, 900), Unit::count) == "3 (n=900)");
  CHECK(observed(Measure::of(1, 500), Unit::ratio) == "100 % (n=500)");
  CHECK(formatted(0.9999, Unit::ratio) == "99.990 %");
  CHECK(formatted(0.456, Unit::ratio) == "45.6 %");
  CHECK(formatted(0.0042, Unit::duration) == "0.0042 s");
  CHECK(formatted(0.000085, Unit::duration) == "0.000085 s");
}
