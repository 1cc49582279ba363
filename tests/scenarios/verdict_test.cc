#include "scenarios/report/verdict.h"
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

TEST_CASE("what was observed is the value, then its interval, then what it rests on") {
  CHECK(observed(Measure::between(0, 0.0588, 0.1180, 500), Unit::duration) ==
        "58.8ms in [0s, 118ms], n=500");
  CHECK(observed(Measure::greater_than(10, 500, "x"), Unit::duration) == "> 10s, n=500");
  CHECK(observed(Measure::cannot_tell("x"), Unit::count) == "cannot tell");
  CHECK(observed(Measure::of(3, 900), Unit::count) == "3, n=900");
  CHECK(observed(Measure::of(1, 500), Unit::ratio) == "100 %, n=500");
  CHECK(observed(Measure::between(0.02, 0.0200001, 0.0200002, 0), Unit::duration) == "20ms");
}

TEST_CASE("a figure has the digits that mean something and a share is never rounded to all") {
  CHECK(formatted(0.00035, Unit::duration) == "350us");
  CHECK(formatted(0.0042, Unit::duration) == "4.2ms");
  CHECK(formatted(125.4, Unit::duration) == "2m5s");
  CHECK(formatted(0, Unit::duration) == "0s");
  CHECK(formatted(1198, Unit::count) == "1198");
  CHECK(formatted(49.94, Unit::count) == "49.9");
  CHECK(formatted(0.456, Unit::ratio) == "45.6 %");
  CHECK(formatted(0.00143, Unit::ratio) == "0.14 %");
  CHECK(formatted(0.9999, Unit::ratio) == "99.99 %");
  CHECK(formatted(0.999999, Unit::ratio) == "99.9999 %");
  CHECK(formatted(0.000001, Unit::ratio) == "0.0001 %");
  CHECK(formatted(0, Unit::ratio) == "0 %");
  CHECK(counted(1, "event") == "1 event");
  CHECK(counted(0, "event") == "0 events");
}

TEST_CASE("a limit missed by less than what is shown is missed exactly") {
  const auto expectation = expectation_from("detection(outage) < 1s", "drill.toml:1:1");
  REQUIRE(expectation);
  const auto reason = [&](double value) {
    return judge(*expectation, *find_measure_kind("detection"), Measure::of(value, 9)).reason;
  };
  CHECK(reason(1.0004) == "exactly 1.0004s");
  CHECK(reason(1.2) == "observed 1.2s");
  CHECK(reason(0.9).empty());
}
