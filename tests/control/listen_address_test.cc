#include "proxy/control/listen_address.h"

#include "tests/support/catch.h"

using namespace faultline;
using namespace faultline::control;
using Why = ListenRefusal::Why;

namespace {

const Lookup knows_here = [](const std::string& host) {
  return host == "here" ? std::vector<std::string>{"::1", "127.0.0.1"} : std::vector<std::string>{};
};

Address numbers(std::string_view text) {
  const auto address = listen_address(text, knows_here);
  REQUIRE(address.has_value());
  return address->numeric;
}

ListenRefusal refusal(std::string_view text) {
  const auto address = listen_address(text, knows_here);
  REQUIRE_FALSE(address.has_value());
  return address.error();
}

}  // namespace

TEST_CASE("names become numbers, of version 4 where there are both") {
  CHECK(numbers("localhost:3310") == Address{"127.0.0.1", 3310});
  CHECK(numbers("here:1") == Address{"127.0.0.1", 1});
  CHECK(numbers("[::1]:7") == Address{"::1", 7});
  CHECK(numbers("127.0.0.2:") == Address{"127.0.0.2", 0});
}

TEST_CASE("no host, 0.0.0.0 and [::] are one place: everywhere") {
  for (const char* text : {":8001", "0.0.0.0:8001", "[::]:8001"}) {
    CHECK(numbers(text) == Address{"::", 8001});
  }
  CHECK(numbers("") == Address{"::", 0});
  CHECK(listen_address(":8001", {})->same_place(*listen_address("0.0.0.0:8001", {})));
  CHECK_FALSE(listen_address(":0", {})->same_place(*listen_address(":0", {})));
  CHECK(listen_address(":8001", {})->spoken == ":8001");
}

TEST_CASE("what cannot be listened on says why") {
  CHECK(refusal("local373").why == Why::no_port);
  CHECK(refusal("a:b:1").why == Why::too_many_colons);
  CHECK(refusal("[::1]").why == Why::no_port);
  CHECK(refusal("[::1:1").why == Why::too_many_colons);
  CHECK(refusal("127.0.0.1:99999").why == Why::bad_port);
  CHECK(refusal("127.0.0.1:99999").address == "99999");
  CHECK(refusal("127.0.0.1:-1").why == Why::bad_port);
  CHECK(refusal("127.0.0.1:http").why == Why::unknown_port);
  CHECK(refusal("nowhere.invalid:1").why == Why::no_such_host);
}

TEST_CASE("an upstream that is no address is one that cannot be reached") {
  CHECK(upstream_address("localhost:20002") == Address{"localhost", 20002});
  CHECK(upstream_address(":6379") == Address{"localhost", 6379});
  CHECK(upstream_address("one.com") == Address{});
  CHECK(upstream_address("") == Address{});
}
