// The laws every kind of fault obeys, whatever it does: checked over the whole catalogue, with the
// smallest and the largest settings a user can write and with every choice.

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "faults/aim.h"
#include "tests/support/catch.h"
#include "tests/support/every_kind.h"
#include "tests/support/tape.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

enum class When : std::uint8_t { armed, opening, chunk, end, timer, updated, turn, disarmed };

struct Heard {
  When when{};
  Instant now{};
  std::vector<Said> said;
  std::size_t bytes = 0;  // of the chunk at hand
  bool operator==(const Heard&) const = default;
};

// A whole life of one link, short of nothing: what was said at each moment of it. Half way it is
// updated, where there is what to update it with.
std::vector<Heard> life(Fault& fault, bool established, const Fault* update = nullptr) {
  std::vector<Heard> heard;
  Tape tape;
  Instant now = noon;
  std::uint64_t ordinal = 0;
  const auto next = [&] { return Moment{now += 1ms, Draw(11).about(++ordinal), noon}; };
  const auto note = [&](When when, std::size_t bytes = 0) {
    for (const Said& said : tape.said) {
      if (said.verb == Verb::pass_at && said.when == never) tape.waiting += bytes;
      if (said.verb == Verb::pass_part && said.when == never) tape.waiting += said.count;
      if (said.verb == Verb::release) tape.waiting -= std::min(tape.waiting, said.count);
    }
    heard.push_back({when, now, tape.take(), bytes});
  };
  fault.armed(next(), established, tape);
  note(When::armed);
  if (!established) {
    fault.opening(next(), tape);
    note(When::opening);
  }
  for (const std::string_view bytes : {"a", "bc", "def"}) {
    const Moment moment = next();
    fault.chunk(moment, {.bytes = bytes, .arrived = moment.now, .label = {}}, tape);
    note(When::chunk, bytes.size());
    fault.timer(next(), tape);
    note(When::timer);
    if (update != nullptr && bytes == "bc") {
      fault.update(*update);
      fault.timer({now, Draw(11), noon}, tape);  // takes no time, so what follows is alike
      note(When::updated);
    }
  }
  fault.end(next(), tape);
  note(When::end);
  fault.disarmed(next(), tape);
  note(When::disarmed);
  return heard;
}

std::vector<Heard> life_of_fresh(const Fault& fault, bool established) {
  return life(*fault.fresh(), established);
}

bool about_what_is_at_hand(Verb verb) {
  return verb == Verb::pass || verb == Verb::pass_at || verb == Verb::replace ||
         verb == Verb::pass_part || verb == Verb::defer;
}

bool allowed(When when, Verb verb) {
  switch (verb) {
    case Verb::pass:
    case Verb::pass_at:
    case Verb::defer:
      return when == When::chunk || when == When::end;
    case Verb::replace:
    case Verb::pass_part:
    case Verb::claim:
    case Verb::await_turn:
    case Verb::repeat:
    case Verb::early:
      return when == When::chunk;
    case Verb::answer:
      return when == When::chunk || when == When::turn;
    case Verb::withhold:
      return when == When::turn;
    case Verb::reconsider:
      return when != When::disarmed;
    case Verb::refuse:
    case Verb::open_at:
      return when == When::opening;
    case Verb::wake_at:
      return when != When::disarmed;
    case Verb::end:
    case Verb::close:
    case Verb::reset:
    case Verb::release:
    case Verb::tell:
    case Verb::end_answers:
      break;
  }
  return true;
}

// All of what was at hand goes on, at some time.
bool passed_on(const Heard& heard) {
  std::uint64_t parts = 0;
  for (const Said& said : heard.said) {
    if (said.verb == Verb::pass_part) {
      parts += said.count;
    } else if (about_what_is_at_hand(said.verb)) {
      return true;
    }
  }
  return heard.when == When::chunk && parts >= heard.bytes;
}

std::string verbs(const Heard& heard) {
  Tape tape;
  tape.said = heard.said;
  return tape.verbs();
}

bool ends_the_stream(const Heard& heard) {
  return std::ranges::any_of(heard.said, [](const Said& said) {
    return said.verb == Verb::reset || said.verb == Verb::end || said.verb == Verb::close ||
           said.verb == Verb::refuse;
  });
}

}  // namespace

TEST_CASE("a kind has a name of its own, a summary, a contract and a maker") {
  std::set<std::string_view> names, toxics;
  for (const FaultKind* kind : all_kinds()) {
    INFO(kind->name);
    const bool toxic = find_toxic_kind(kind->name) == kind;
    CHECK((toxic ? toxics : names).insert(kind->name).second);
    CHECK_FALSE(kind->name.empty());
    CHECK(kind->name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK_FALSE(kind->summary.empty());
    CHECK(kind->summary.find('\n') == std::string_view::npos);
    for (const std::string_view word : {"Arm:", "Update:", "Disarm:", "Half-close:", "Reset:"}) {
      INFO(word);
      CHECK(kind->contract.find(word) != std::string_view::npos);
    }
    CHECK(kind->make != nullptr);
    CHECK((toxic || find_fault_kind(kind->name) == kind));
  }
  CHECK(names.size() == fault_kinds().size());
  CHECK(toxics.size() == toxic_kinds().size());
}

TEST_CASE("a kind's parameters are described, typed and unlike those of an aim") {
  for (const FaultKind* kind : all_kinds()) {
    std::set<std::string_view> names;
    for (const Parameter& parameter : aim_parameters()) names.insert(parameter.name);
    for (const Parameter& parameter : kind->parameters) {
      INFO(kind->name << " " << parameter.name);
      CHECK(names.insert(parameter.name).second);
      CHECK_FALSE(parameter.summary.empty());
      CHECK((parameter.type == ParameterType::choice) == !parameter.choices.empty());
    }
  }
}

TEST_CASE("a fallback is a setting a user could have written") {
  for (const FaultKind* kind : all_kinds()) {
    const auto settings = read_settings(kind->parameters, written(kind->parameters, usual), "law");
    INFO(kind->name);
    REQUIRE(settings.has_value());
    CHECK(kind->make(*settings).has_value());
  }
}

TEST_CASE("a fault speaks only the verbs its moment allows") {
  for_each_fault([](const FaultKind&, const Fault& fault) {
    for (const bool established : {false, true}) {
      for (const Heard& heard : life_of_fresh(fault, established)) {
        for (const Said& said : heard.said) {
          INFO(name(said.verb) << " at moment " << static_cast<int>(heard.when));
          CHECK(allowed(heard.when, said.verb));
        }
      }
    }
  });
}

TEST_CASE("a fault speaks once about what is at hand, or about each part of it") {
  for_each_fault([](const FaultKind&, const Fault& fault) {
    for (const bool established : {false, true}) {
      for (const Heard& heard : life_of_fresh(fault, established)) {
        const auto whole = [](Verb verb) {
          return about_what_is_at_hand(verb) && verb != Verb::pass_part;
        };
        const auto spoken = std::ranges::count_if(heard.said, whole, &Said::verb);
        const auto parts = std::ranges::count(heard.said, Verb::pass_part, &Said::verb);
        CHECK((parts == 0 ? spoken <= 1 : spoken == 0));
      }
    }
  });
}

TEST_CASE("nothing goes on before it came") {
  for_each_fault([](const FaultKind&, const Fault& fault) {
    for (const Heard& heard : life_of_fresh(fault, true)) {
      for (const Said& said : heard.said) {
        if (said.verb == Verb::pass_at || said.verb == Verb::wake_at) CHECK(said.when >= heard.now);
      }
    }
  });
}

TEST_CASE("a stream with a hole does not go on") {
  for_each_fault([](const FaultKind&, const Fault& fault) {
    for (const bool established : {false, true}) {
      const std::vector<Heard> heard = life_of_fresh(fault, established);
      const bool lost = std::ranges::any_of(heard, [](const Heard& one) {
        return (one.when == When::chunk || one.when == When::end) && !passed_on(one);
      });
      if (lost) CHECK(std::ranges::any_of(heard, ends_the_stream));
    }
  });
}

TEST_CASE("a fresh fault knows nothing of another link's life") {
  for (const FaultKind* kind : all_kinds()) {
    for (const auto& raw : configurations(*kind)) {
      if (shares(raw)) continue;
      INFO(kind->name);
      const auto fault = prototype(*kind, raw);
      for (const bool established : {false, true}) {
        const auto first = fault->fresh();
        const auto second = fault->fresh();
        REQUIRE(first != nullptr);
        REQUIRE(first != second);
        const auto heard = life(*first, established);
        CHECK(life(*second, established) == heard);
        CHECK(life_of_fresh(*first, established) == heard);  // of one that has lived, too
        CHECK(life_of_fresh(*fault, established) == heard);
      }
    }
  }
}

TEST_CASE("an update to other settings leaves a fault that obeys the laws") {
  for (const FaultKind* kind : all_kinds()) {
    for (const auto& before : configurations(*kind)) {
      for (const auto& after : configurations(*kind)) {
        INFO(kind->name);
        if (shares(after)) continue;
        const auto fault = prototype(*kind, before)->fresh();
        const auto other = prototype(*kind, after);
        for (const Heard& heard : life(*fault, true, other.get())) {
          for (const Said& said : heard.said) {
            INFO(name(said.verb) << " at moment " << static_cast<int>(heard.when));
            CHECK(allowed(heard.when, said.verb));
          }
        }
        // What it was is forgotten but for what it counted: it starts links as the other does.
        CHECK(life_of_fresh(*fault, false) == life_of_fresh(*prototype(*kind, after), false));
      }
    }
  }
}

TEST_CASE("an update to the same settings changes nothing") {
  for (const FaultKind* kind : all_kinds()) {
    for (const auto& raw : configurations(*kind)) {
      INFO(kind->name);
      const auto same = prototype(*kind, raw);
      auto updated = life(*prototype(*kind, raw)->fresh(), true, same.get());
      std::erase_if(updated, [](const Heard& heard) { return heard.when == When::updated; });
      const auto not_updated = life_of_fresh(*prototype(*kind, raw), true);
      REQUIRE(updated.size() == not_updated.size());
      for (std::size_t i = 0; i < updated.size(); ++i) {
        INFO("moment " << i);
        CHECK(verbs(updated[i]) == verbs(not_updated[i]));
      }
    }
  }
}

TEST_CASE("an untouched fault is disarmed without a word") {
  for_each_fault([](const FaultKind&, const Fault& fault) {
    Tape tape;
    fault.fresh()->disarmed({noon, Draw(1)}, tape);
    CHECK(tape.said.empty());
  });
}
