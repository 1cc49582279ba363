#include "proxy/spec.h"

#include "tests/support/catch.h"

using namespace faultline;

TEST_CASE("an address is a host and a port") {
  CHECK(address_from("127.0.0.1:5432") == Address{"127.0.0.1", 5432});
  CHECK(address_from("db-1.example_x.org:1") == Address{"db-1.example_x.org", 1});
  CHECK(address_from("localhost:0") == Address{"localhost", 0});
  CHECK(address_from("localhost:65535") == Address{"localhost", 65535});
  CHECK(address_from("[::1]:5432") == Address{"::1", 5432});
  CHECK(address_from("[fe80::1%eth0]:80") == Address{"fe80::1%eth0", 80});
  CHECK(address_from(std::string(253, 'a') + ":1").has_value());
}

TEST_CASE("an address reads back what it writes") {
  for (const auto* text : {"127.0.0.1:5432", "[::1]:0", "[fe80::1%lo]:7", "db:65535"}) {
    CHECK(address_from(text).value().text() == text);
  }
}

TEST_CASE("what is no address is refused with a reason") {
  const auto why = [](std::string_view text) {
    const auto address = address_from(text);
    return address ? "accepted as " + address->text() : address.error().text();
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(why(""), Contains("no port"));
  CHECK_THAT(why("localhost"), Contains("\"localhost\" has no port; write host:port"));
  CHECK_THAT(why("localhost:"), Contains("no port"));
  CHECK_THAT(why(":80"), Contains("no host"));
  CHECK_THAT(why("localhost:65536"), Contains("\"65536\"; a port is a number from 0 to 65535"));
  CHECK_THAT(why("localhost:99999999999999999999"), Contains("0 to 65535"));
  CHECK_THAT(why("localhost:+1"), Contains("0 to 65535"));
  CHECK_THAT(why("localhost:-1"), Contains("0 to 65535"));
  CHECK_THAT(why("localhost:8 "), Contains("0 to 65535"));
  CHECK_THAT(why("::1:80"), Contains("brackets"));
  CHECK_THAT(why("[::1:80"), Contains("closing"));
  CHECK_THAT(why("[::1]"), Contains("no port"));
  CHECK_THAT(why("[::1]:"), Contains("no port"));
  CHECK_THAT(why("[::1]80"), Contains("no port"));
  CHECK_THAT(why("[]:80"), Contains("no IPv6 address"));
  CHECK_THAT(why("[127.0.0.1]:80"), Contains("no IPv6 address"));
  CHECK_THAT(why("[::1%]:80"), Contains("no IPv6 address"));
  CHECK_THAT(why("http://db:80"), Contains("more than one colon"));
  CHECK_THAT(why("a b:80"), Contains("other bytes"));
  CHECK_THAT(why("a\x1b[2J:80"), Contains("\"a?[2J:80\" has a host with other bytes"));
  CHECK_THAT(why(std::string(254, 'a') + ":1"), Contains("254 bytes"));
}
