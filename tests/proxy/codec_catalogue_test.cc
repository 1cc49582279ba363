#include <string>
#include <vector>

#include "proxy/codec.h"
#include "tests/support/catch.h"

using namespace faultline;

TEST_CASE("codec catalogue finds every kind by its name") {
  CHECK(codec_kind_names() == std::vector<std::string>{"tcp", "http", "postgres"});
  REQUIRE(codec_kinds().size() == codec_kind_names().size());
  for (const CodecKind* kind : codec_kinds()) {
    INFO(kind->name);
    CHECK(find_codec_kind(kind->name) == kind);
    CHECK_FALSE(kind->summary.empty());
  }
  CHECK(find_codec_kind("HTTP") == nullptr);
  CHECK(find_codec_kind("") == nullptr);
}

TEST_CASE("codec catalogue makes a fresh codec for every protocol but tcp") {
  for (const CodecKind* kind : codec_kinds()) {
    INFO(kind->name);
    if (kind->name == "tcp") {
      CHECK(kind->make == nullptr);
      continue;
    }
    REQUIRE(kind->make != nullptr);
    const auto codec = kind->make();
    REQUIRE(codec != nullptr);
    CHECK_FALSE(codec->opaque());
    CHECK(codec->at_boundary(Direction::upstream));
    CHECK(codec->at_boundary(Direction::downstream));
  }
}
