// What servers did and clients were told, counted on recordings whose exchanges can be counted by
// hand.

#include "scenarios/measures/fate.h"

#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;
using Catch::Contains;

namespace {

class Fates : public RecordingBuilder {
 public:
  Fates& met(double at, Fate fate, Told told, std::uint32_t fault = 1) {
    exchange("db", at, at + 1, told);
    Exchange& last = recording().events.back().exchange;
    last.fate = fate;
    last.fault = fault;
    return *this;
  }
  Measure of(const std::string& did, const std::string& told, std::string phase = "outage") const {
    return measure("fate", {"db", std::move(phase), did, told});
  }
};

// Under the fault [10 s, 20 s): one of each kind that there is, and two of some.
Fates story() {
  Fates run;
  run.load({0, 30000}).fault("outage", 10000, 20000);
  run.met(5000, Fate::forwarded, Told::ack, 0).met(25000, Fate::forwarded, Told::ambiguous, 0);
  run.met(11000, Fate::forwarded, Told::ack, 0).met(11100, Fate::forwarded, Told::pending, 0);
  run.met(12000, Fate::forwarded, Told::ambiguous).met(12100, Fate::forwarded, Told::ambiguous);
  run.met(13000, Fate::forwarded, Told::nothing);     // a fault lost the answer
  run.met(13100, Fate::forwarded, Told::nothing, 0);  // a connection broke
  run.met(14000, Fate::withheld, Told::ambiguous).met(14100, Fate::withheld, Told::failure);
  run.met(14200, Fate::withheld, Told::nothing).met(15000, Fate::repeated, Told::ack);
  run.met(15100, Fate::repeated, Told::failure);
  return run;
}

}  // namespace

TEST_CASE("requests are counted by what the server did and what the client was told") {
  const Fates run = story();
  struct Row {
    const char *did, *told;
    double count;
  };
  for (const Row& row : std::initializer_list<Row>{{"forwarded", "ack", 1},
                                                   {"forwarded", "pending", 1},
                                                   {"forwarded", "ambiguous", 2},
                                                   {"forwarded", "nothing", 1},
                                                   {"forwarded", "failure", 0},
                                                   {"unknown", "nothing", 1},
                                                   {"unknown", "any", 1},
                                                   {"withheld", "any", 3},
                                                   {"withheld", "failed", 3},
                                                   {"repeated", "ack", 1},
                                                   {"given", "failed", 4},
                                                   {"given", "ack", 2},
                                                   {"any", "failed", 8},
                                                   {"any", "any", 11}}) {
    INFO(row.did << " " << row.told);
    const Measure measure = run.of(row.did, row.told);
    CHECK(measure.certainty == Certainty::known);
    CHECK(measure.value == row.count);
    CHECK(measure.n == 11);
  }
  CHECK(run.of("any", "any", "recovery").value == 1);
  CHECK(run.of("given", "ack", "baseline").value == 1);
}

TEST_CASE("where no exchange was seen no fate is known") {
  Fates run;
  run.load({0, 30000}).fault("outage", 10000, 20000);
  CHECK_THAT(run.of("given", "failed").reason, Contains("no exchange on db in phase outage"));
  run.met(5000, Fate::forwarded, Told::ack);
  CHECK(run.of("given", "failed").certainty == Certainty::unknown);
  CHECK(run.of("given", "failed", "all").value == 0);
}

TEST_CASE("an expectation on fates names words that there are") {
  const Drill drill = story().recording().drill;
  const auto problem = [&](std::vector<std::string> arguments) {
    Expectation expectation;
    expectation.measure = "fate";
    expectation.arguments = std::move(arguments);
    const auto error = check_expectation(expectation, drill);
    return error ? error->what : "";
  };
  CHECK(problem({"db", "outage", "given", "failed"}).empty());
  CHECK_THAT(problem({"db", "outage", "witheld", "any"}), Contains("did you mean \"withheld\"?"));
  CHECK_THAT(problem({"db", "outage", "any", "ambigous"}), Contains("did you mean \"ambiguous\"?"));
  CHECK_THAT(problem({"webhooks", "outage", "any", "any"}), Contains("no proxy \"webhooks\""));
}

TEST_CASE("the words of fates are those of the journal and their groups") {
  CHECK(did_words() ==
        std::vector<std::string>{"forwarded", "repeated", "withheld", "unknown", "given", "any"});
  CHECK(told_words() == std::vector<std::string>{"ack", "pending", "failure", "ambiguous",
                                                 "nothing", "failed", "any"});
}
