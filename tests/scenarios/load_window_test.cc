#include "scenarios/workload/load_window.h"

#include "tests/support/catch.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_boot) { return Instant(since_boot); }

TEST_CASE("a window shows the last second and no more") {
  LoadWindow window;
  window.offered(3);
  window.completed(5ms, false, at(10'050ms));
  window.completed(5ms, true, at(10'950ms));
  window.completed(5ms, false, at(11'020ms));

  const LoadProgress early = window.look(at(11'010ms));
  CHECK(early.rate == 2.0);
  CHECK(early.errors == 1);

  const LoadProgress later = window.look(at(11'950ms));
  CHECK(later.rate == 2.0);
  CHECK(later.errors == 1);
  CHECK(later.offered == 3);
  CHECK(later.completed == 3);
  CHECK(later.failed == 1);
  CHECK(later.in_flight == 0);

  const LoadProgress long_after = window.look(at(60s));
  CHECK(long_after.rate == 0.0);
  CHECK(long_after.p99 == Duration::zero());
  CHECK(long_after.completed == 3);
}

TEST_CASE("quantiles of a window are within two percent") {
  LoadWindow window;
  window.offered(1000);
  for (int i = 1; i <= 1000; ++i) window.completed(i * 1ms, false, at(20s));
  const LoadProgress progress = window.look(at(20'500ms));
  CHECK(seconds(progress.p50) == Approx(0.5).epsilon(0.02));
  CHECK(seconds(progress.p99) == Approx(0.99).epsilon(0.02));
}

TEST_CASE("extreme latencies have a cell too") {
  LoadWindow window;
  window.offered(3);
  window.completed(-1ms, false, at(1s));
  window.completed(63us, false, at(1s));
  window.completed(24h, false, at(1s));
  const LoadProgress progress = window.look(at(1'500ms));
  CHECK(progress.p50 == 63us);
  CHECK(progress.p99 > 18h);
}

}  // namespace
}  // namespace faultline
