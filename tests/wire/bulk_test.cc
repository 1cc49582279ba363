#include "proxy/wire/bulk.h"

#include <initializer_list>

#include "tests/support/catch.h"

using faultline::wire::Bulk;

namespace {

constexpr std::size_t large = 256 * 1024;
constexpr std::size_t small = 200;

Bulk after(std::initializer_list<std::size_t> reads) {
  Bulk bulk;
  for (const std::size_t bytes : reads) bulk.count_read(bytes);
  return bulk;
}

}  // namespace

TEST_CASE("large reads in a row prove bulk") {
  CHECK_FALSE(after({}).proved());
  CHECK_FALSE(after({large, large}).proved());
  CHECK(after({large, large, large}).proved());
  CHECK_FALSE(after({large, large, small, large, large}).proved());
}

TEST_CASE("the end of one answer and the head of the next do not refute bulk, messages do") {
  CHECK(after({large, large, large, small, small}).proved());
  CHECK(after({large, large, large, small, small, small, large, small, small, small}).proved());
  CHECK_FALSE(after({large, large, large, small, small, small, small}).proved());
  CHECK_FALSE(after({large, large, large, small, small, small, small, large, large}).proved());
}

TEST_CASE("what is forgotten must be proved anew") {
  Bulk bulk = after({large, large, large});
  bulk.forget();
  CHECK_FALSE(bulk.proved());
}
