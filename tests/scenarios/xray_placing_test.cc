// Where a class is put, what it counts as shows.

#include "scenarios/xray/placing.h"
#include "tests/support/catch.h"

namespace faultline::xray {
namespace {

Hypothesis in_a_row(std::size_t number) {
  Hypothesis one;
  one.structure.in_a_row = true;
  one.rule = Rule::consecutive;
  one.least = one.most = number;
  return one;
}

Hypothesis share(Share stayed, Share opened, std::size_t minimum) {
  Hypothesis one;
  one.rule = Rule::ratio;
  one.stayed = stayed;
  one.opened = opened;
  one.minimum = minimum;
  return one;
}

TEST_CASE("a group of classes is no larger than what opens it") {
  const std::vector<Model> models = models_of({in_a_row(3)}, {});
  const auto three = placed_together(models, 3);
  REQUIRE(three);
  CHECK(three->good == 0);
  CHECK(three->bad == 0);
  for (const std::size_t calls : three->calls) CHECK(calls == 3);
  CHECK(!placed_together(models, 4));
}

TEST_CASE("a group is put where each that is no failure delays the opening") {
  const std::vector<Model> models = models_of({share({6, 10}, {7, 11}, 6)}, {});
  const auto place = placed_together(models, 7);
  REQUIRE(place);
  for (const Model& model : models) {
    const auto opens_behind = [&](std::size_t failures, std::size_t successes) {
      Model run = model;
      std::size_t calls = 0;
      for (std::size_t n = 0; n < place->good; ++n) run.took(false);
      for (std::size_t n = 0; n < place->bad; ++n) run.took(true);
      for (std::size_t n = 0; n < successes; ++n, ++calls) run.took(false);
      for (bool open = false; !open && calls < 100; ++calls) open = run.took(true);
      return calls == failures;
    };
    CHECK(opens_behind(place->calls.front(), 0));
    CHECK(!opens_behind(place->calls.front(), 1));
  }
}

TEST_CASE("a class is told from the others at a large minimum of calls") {
  const std::vector<Model> models = models_of({share({99, 1000}, {10, 100}, 100)}, {});
  const auto place = placed(models, 1, 4);
  REQUIRE(place);
  CHECK(place->second.all_apart());
}

TEST_CASE("nothing is placed where it opens before the class comes") {
  const std::vector<Model> models = models_of({in_a_row(1)}, {});
  CHECK(!tails(models, {0, 1, 1}, 1));
  CHECK(tails(models, {0, 0, 1}, 1));
}

}  // namespace
}  // namespace faultline::xray
