// The kinds of the Toxiproxy API as its users write them: names, attributes, numbers.

#include <string>
#include <vector>

#include "faults/toxics/catalogue.h"
#include "tests/support/catch.h"

using namespace faultline;

namespace {

std::vector<std::string> attributes_of(std::string_view kind) {
  const FaultKind* found = find_toxic_kind(kind);
  REQUIRE(found != nullptr);
  std::vector<std::string> names;
  for (const Parameter& parameter : found->parameters) names.emplace_back(parameter.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the toxics and their attributes have the names that clients send") {
  Names names;
  for (const FaultKind* kind : toxic_kinds()) names.emplace_back(kind->name);
  CHECK(names == Names{"noop", "latency", "bandwidth", "slow_close", "timeout", "reset_peer",
                       "slicer", "limit_data", "packet_loss"});
  CHECK(attributes_of("noop").empty());
  CHECK(attributes_of("latency") == Names{"latency", "jitter"});
  CHECK(attributes_of("bandwidth") == Names{"rate"});
  CHECK(attributes_of("slow_close") == Names{"delay"});
  CHECK(attributes_of("timeout") == Names{"timeout"});
  CHECK(attributes_of("reset_peer") == Names{"timeout"});
  CHECK(attributes_of("slicer") == Names{"average_size", "size_variation", "delay"});
  CHECK(attributes_of("limit_data") == Names{"bytes"});
  CHECK(attributes_of("packet_loss") == Names{"loss_rate", "correlation"});
  CHECK(find_toxic_kind("down") == nullptr);
}

TEST_CASE("an attribute that is absent is 0, and 0 is harmless") {
  for (const FaultKind* kind : toxic_kinds()) {
    INFO(kind->name);
    const auto settings = read_settings(kind->parameters, {}, "");
    REQUIRE(settings.has_value());
    CHECK(kind->make(*settings).has_value());
    for (const Parameter& parameter : kind->parameters) {
      INFO(parameter.name);
      if (parameter.type == ParameterType::integer)
        CHECK(settings->integer(parameter.name) == 0);
      else
        CHECK(settings->ratio(parameter.name) == 0.0);
    }
  }
}

TEST_CASE("a negative attribute is the user's mistake, the largest is harmless") {
  for (const FaultKind* kind : toxic_kinds()) {
    for (const Parameter& parameter : kind->parameters) {
      INFO(kind->name << " " << parameter.name);
      const auto with = [&](std::int64_t value) {
        const RawSetting raw{std::string(parameter.name), value, "/attributes"};
        return read_settings(kind->parameters, std::vector{raw}, "");
      };
      CHECK_FALSE(with(-1).has_value());
      const auto most =
          with(parameter.type == ParameterType::integer ? 9'223'372'036'854'775'807 : 1);
      REQUIRE(most.has_value());
      CHECK(kind->make(*most).has_value());
    }
  }
  const RawSetting negative{"rate", std::int64_t{-1}, "/attributes/rate"};
  const auto error =
      read_settings(find_toxic_kind("bandwidth")->parameters, std::vector{negative}, "");
  CHECK(error.error().at(0).text() == "/attributes/rate: \"rate\" is -1; it must be at least 0");
}
