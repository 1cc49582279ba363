#include "faults/bytes.h"

#include "faults/random.h"
#include "tests/support/catch.h"

using faultline::Bytes;
using faultline::bytes_from;
using faultline::to_string;
using faultline::operator""_KiB;
using faultline::operator""_MiB;

namespace {

constexpr std::uint64_t most = std::uint64_t{1} << 62;

std::string complaint(std::string_view text) {
  const auto bytes = bytes_from(text);
  return bytes ? "read as " + to_string(*bytes) : bytes.error().what;
}

}  // namespace

TEST_CASE("sizes are read with their units") {
  CHECK(bytes_from("17B").value() == Bytes{17});
  CHECK(bytes_from("64KB").value() == Bytes{64'000});
  CHECK(bytes_from("64KiB").value() == 64_KiB);
  CHECK(bytes_from("3MB").value() == Bytes{3'000'000});
  CHECK(bytes_from("3MiB").value() == 3_MiB);
  CHECK(bytes_from("2GB").value() == Bytes{2'000'000'000});
  CHECK(bytes_from("2GiB").value() == Bytes{2ULL << 30});
  CHECK(bytes_from("1.5KiB").value() == Bytes{1536});
  CHECK(bytes_from("0.25KiB").value() == Bytes{256});
  CHECK(bytes_from("0.000000001GB").value() == Bytes{1});
  CHECK(bytes_from("0B").value() == Bytes{0});
  CHECK(bytes_from("4294967296GiB").value() == Bytes{most});
}

TEST_CASE("a size that is wrong says what would be right") {
  CHECK(complaint("64") == "\"64\" has no unit; write \"64B\" or \"64KiB\"");
  CHECK(complaint("64kb") ==
        "\"64kb\" has the unknown unit \"kb\"; units are B KB MB GB KiB MiB GiB");
  CHECK(complaint("0.5B") == "\"0.5B\" is not a whole number of bytes");
  CHECK(complaint("0.1KiB") == "\"0.1KiB\" is not a whole number of bytes");
  CHECK(complaint("") == "an empty size; write one like \"64KiB\"");
  CHECK(complaint("1.0000000000KB") == "\"1.0000000000KB\" has more than 9 decimals; 9 are enough");
  for (const std::string_view text : {"-1B", "+1B", "KiB", "1 KiB", "1KiB2B", ".5KiB", "5.KiB"}) {
    INFO(text);
    CHECK(complaint(text).contains("is not a size"));
  }
}

TEST_CASE("a size ends at 2^62, whatever the digits") {
  for (const std::string_view text :
       {"4611686018427387905B", "4294967297GiB", "18446744073709551616B", "18446744073709551615GiB",
        "99999999999999999999999B", "4294967296.5GiB"}) {
    INFO(text);
    CHECK(complaint(text).ends_with("is too large; a size is at most 4294967296GiB"));
  }
}

TEST_CASE("printed sizes are short and read back") {
  CHECK(to_string(Bytes{0}) == "0B");
  CHECK(to_string(Bytes{17}) == "17B");
  CHECK(to_string(Bytes{1000}) == "1KB");
  CHECK(to_string(Bytes{1024}) == "1KiB");
  CHECK(to_string(Bytes{1536}) == "1536B");  // "1.5KiB" is longer
  CHECK(to_string(Bytes{64 * 1024}) == "64KiB");
  CHECK(to_string(Bytes{1'500'000}) == "1.5MB");
  const faultline::Draw seed(30);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const faultline::Draw draw = seed.about(i);
    const auto bits = draw.about(1).between(0, 62);
    const Bytes bytes{
        static_cast<std::uint64_t>(draw.about(2).between(0, std::int64_t{1} << bits))};
    INFO(bytes.count);
    REQUIRE(bytes_from(to_string(bytes)).value() == bytes);
    const Bytes even{bytes.count & ~std::uint64_t{0xFFFF}};
    REQUIRE(bytes_from(to_string(even)).value() == even);
  }
}
