// What no kind of fault may do to live traffic, checked over the whole catalogue: bytes are never
// lost, doubled or reordered, however often it is armed, updated and disarmed. A kind whose
// contract takes bytes or connections away is on the list below; what arrives under it is whole up
// to where it stops.

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/kind_settings.h"
#include "tests/support/wire_rig.h"

using namespace faultline;

namespace {

enum class Takes : std::uint8_t { the_rest, integrity };

using Value = std::string (*)(const Parameter&);

struct Taker {
  std::string_view kind;
  Takes takes;
  Value settings;  // with which it takes something
  std::string_view why;
};

constexpr std::array takers = {
    Taker{"blackhole", Takes::the_rest, usual, "bytes are dropped, then the connection is reset"},
    Taker{"silent_death", Takes::the_rest, usual, "bytes are dropped, then it is reset"},
    Taker{"limit", Takes::the_rest, smallest, "the connection ends after so much"},
    Taker{"corrupt", Takes::integrity, usual, "bytes are altered; their number is not"},
    Taker{"reset", Takes::the_rest, usual, "the connection is reset"},
    Taker{"close", Takes::the_rest, usual, "the connection ends"},
    Taker{"half_close", Takes::the_rest, usual, "a direction ends"},
};

const Taker* taker(const FaultKind& kind) {
  const auto found = std::ranges::find(takers, kind.name, &Taker::kind);
  return found == takers.end() ? nullptr : &*found;
}

// The byte at each place of the stream, so that a lost, doubled or moved one shows.
char byte_at(std::uint64_t place) {
  return static_cast<char>(Draw(place / 8).bits() >> (8 * (place % 8)));
}

// A client that speaks without end and hears its own words back through the proxy, both ways.
class Echo {
 public:
  static constexpr std::uint64_t ahead = 256 * 1024;  // spoken and not heard yet

  explicit Echo(WireRig& rig) : client_(rig.client()), server_(rig.server()) {
    echoing_ = std::thread([this] { echo(); });
    speaking_ = std::thread([this] { speak(); });
    hearing_ = std::thread([this] { hear(); });
  }
  ~Echo() { finish(); }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  // Speaks no more; returns when everything that can be heard was.
  void finish() {
    tell([this] { silent_ = true; });
    for (std::thread* one : {&speaking_, &hearing_, &echoing_}) {
      if (one->joinable()) one->join();
    }
  }
  // Waits until so many bytes more were heard; false if the stream has ended or patience has.
  bool goes_on(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    const std::uint64_t goal = heard_ + bytes;
    changed_.wait_for(lock, std::chrono::milliseconds(patience_ms),
                      [&] { return heard_ >= goal || over_; });
    return heard_ >= goal;
  }

  // Of a finished one, or of its hearer's thread.
  std::uint64_t spoken() const { return spoken_; }
  std::uint64_t heard() const { return heard_; }
  std::uint64_t wrong() const { return wrong_; }

 private:
  template <class Change>
  void tell(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  void echo() {
    char buffer[16 * 1024];
    while (true) {
      const ssize_t n = recv(server_.fd(), buffer, sizeof buffer, 0);
      if (n <= 0) break;
      server_.say({buffer, static_cast<std::size_t>(n)});
    }
    server_.finish();
  }

  void speak() {
    std::uint64_t place = 0;
    std::string words;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return silent_ || over_ || place < heard_ + ahead; });
        if (silent_ || over_) break;
        spoken_ = place + 1 + place % 9973;  // pieces of many sizes
      }
      words.clear();
      for (; place < spoken_; ++place) words += byte_at(place);
      client_.say(words);
    }
    client_.finish();
  }

  void hear() {
    char buffer[16 * 1024];
    while (true) {
      const ssize_t n = recv(client_.fd(), buffer, sizeof buffer, 0);
      if (n <= 0) break;
      std::uint64_t differing = 0;
      for (ssize_t i = 0; i < n; ++i)
        differing += buffer[i] != byte_at(heard_ + static_cast<std::uint64_t>(i)) ? 1 : 0;
      tell([&] {
        heard_ += static_cast<std::uint64_t>(n);
        wrong_ += differing;
      });
    }
    tell([this] { over_ = true; });
  }

  Peer client_, server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool silent_ = false, over_ = false;
  std::uint64_t spoken_ = 0, heard_ = 0, wrong_ = 0;
  std::thread echoing_, speaking_, hearing_;
};

FaultSpec spec_of(const FaultKind& kind, Value value) {
  FaultSpec spec;
  spec.name = "fault";
  spec.kind = &kind;
  const auto settings = read_settings(kind.parameters, written(kind.parameters, value), "test");
  REQUIRE(settings.has_value());
  auto made = kind.make(*settings);
  REQUIRE(made.has_value());
  spec.prototype = std::move(*made);
  if (kind.aimed) spec.aim.directions = Directions::both;
  return spec;
}

// As large as can be, each choice as usual: what is chosen may be to take connections away.
std::string large(const Parameter& parameter) {
  return parameter.type == ParameterType::choice ? usual(parameter) : largest(parameter);
}

// Waits until the fault has altered something of what is being said.
bool takes_effect(WireRig& rig, FaultId fault) {
  for (int waited = 0; waited < patience_ms; ++waited) {
    if (rig.engine->touched(fault).any()) return true;
    poll(nullptr, 0, 1);
  }
  return false;
}

constexpr int rounds = 8;
constexpr std::uint64_t between_rounds = 100'000;

}  // namespace

TEST_CASE("a kind that takes bytes or connections away is one that exists") {
  for (const Taker& one : takers) {
    INFO(one.kind << ": " << one.why);
    CHECK(find_fault_kind(one.kind) != nullptr);
  }
}

TEST_CASE("no kind loses, doubles or reorders bytes unless its contract says so") {
  for (const FaultKind* kind : fault_kinds()) {
    if (taker(*kind) != nullptr) continue;
    INFO(kind->name);
    WireRig rig("tcp", {.workers = 2});
    Echo echo(rig);
    const FaultSpec usually = spec_of(*kind, usual), largely = spec_of(*kind, large);
    for (int round = 0; round < rounds; ++round) {
      const FaultId fault = rig.engine->arm(round % 2 == 0 ? usually : largely, {rig.proxy}).id;
      rig.engine->update(fault, round % 2 == 0 ? largely : usually);
      rig.engine->update(fault, usually);
      rig.engine->disarm(fault);
      REQUIRE(echo.goes_on(between_rounds));
      rig.engine->forget(fault);
    }
    echo.finish();
    CHECK(echo.wrong() == 0);
    CHECK(echo.heard() == echo.spoken());
    CHECK(rig.engine->counters(rig.proxy).accepted == 1);
  }
}

TEST_CASE("what a kind leaves of a stream is whole up to where it stops, and the next is whole") {
  for (const FaultKind* kind : fault_kinds()) {
    const Taker* const takes = taker(*kind);
    if (takes == nullptr) continue;
    INFO(kind->name);
    WireRig rig("tcp", {.workers = 2});
    for (int round = 0; round < rounds; ++round) {
      Echo echo(rig);
      CHECK(echo.goes_on(1000));
      const FaultSpec spec = spec_of(*kind, takes->settings);
      const FaultId fault = rig.engine->arm(spec, {rig.proxy}).id;
      CHECK(takes_effect(rig, fault));
      rig.engine->update(fault, spec_of(*kind, large));
      rig.engine->update(fault, spec);
      rig.engine->disarm(fault);
      echo.finish();
      CHECK(echo.heard() <= echo.spoken());
      if (takes->takes == Takes::the_rest) CHECK(echo.wrong() == 0);
    }
    Echo after(rig);
    CHECK(after.goes_on(between_rounds));
    after.finish();
    CHECK(after.wrong() == 0);
    CHECK(after.heard() == after.spoken());
  }
}
