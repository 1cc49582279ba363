#include "tests/proxy/http1_tape.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace faultline {
namespace {

std::string step_of(Instant at) {
  return at == Instant{} ? "-" : std::to_string(at.time_since_epoch().count());
}

class Tape final : public CodecOutlet {
 public:
  explicit Tape(Played& played) : played_(played) {}

  void begin(ByteView bytes) {
    bytes_ = bytes;
    given_ = 0;
  }
  void end() { played_.slices_add_up &= given_ == bytes_.size(); }

  void slice(std::size_t length, const Label& label) override {
    if (length == 0 || given_ + length > bytes_.size()) {
      played_.slices_add_up = false;
      return;
    }
    played_.slices.push_back({std::string(bytes_.substr(given_, length)),
                              std::string(label.message), label.exchange, label.first, label.last});
    given_ += length;
  }
  void exchange(const Exchange& e) override {
    std::string line = std::to_string(e.ordinal) + " " + std::string(e.name.view());
    if (!e.code.empty()) line += " " + std::string(e.code.view());
    line += " " + std::string(name(e.told));
    line += " " + step_of(e.request_first) + "-" + step_of(e.request_last);
    line += " " + step_of(e.response_first) + "-" + step_of(e.response_last);
    played_.lines.push_back(line);
  }
  void session(SessionFact fact, std::string_view code) override {
    played_.lines.push_back(std::string(name(fact)) + " " + std::string(code));
  }
  void desync(std::string_view reason) override {
    played_.lines.push_back("desync: " + std::string(reason));
  }

 private:
  Played& played_;
  ByteView bytes_;
  std::size_t given_ = 0;
};

}  // namespace

std::size_t Played::desyncs() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      lines, [](const std::string& line) { return line.starts_with("desync: "); }));
}

Played play(const std::vector<Step>& steps, Splitting splitting, bool close) {
  Played played;
  Tape tape(played);
  const auto codec = find_codec_kind("http")->make();
  std::size_t number = 0;
  Instant now{};
  for (const Step& step : steps) {
    now = Instant(Duration(++number));
    if (step.kind == Step::Kind::client_end || step.kind == Step::Kind::server_end) {
      tape.begin({});
      codec->ended(
          step.kind == Step::Kind::client_end ? Direction::upstream : Direction::downstream, now,
          tape);
      tape.end();
      continue;
    }
    const Direction direction =
        step.kind == Step::Kind::client ? Direction::upstream : Direction::downstream;
    ByteView rest = step.bytes;
    while (!rest.empty()) {
      std::size_t n = splitting.piece == 0 ? rest.size() : std::min(splitting.piece, rest.size());
      const std::size_t done = step.bytes.size() - rest.size();
      if (number == splitting.split_step && done < splitting.split_at) {
        n = std::min(n, splitting.split_at - done);
      }
      // A copy of the exact size, so that reading beyond a piece is an error the sanitizer sees.
      const std::vector<char> piece(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(n));
      tape.begin({piece.data(), piece.size()});
      codec->cut(direction, {piece.data(), piece.size()}, now, tape);
      tape.end();
      rest.remove_prefix(n);
    }
  }
  played.opaque = codec->opaque();
  played.client_boundary = codec->at_boundary(Direction::upstream);
  played.server_boundary = codec->at_boundary(Direction::downstream);
  if (close) codec->closed(now, tape);
  return played;
}

Played play_every_way(const std::vector<Step>& steps) {
  Played whole = play(steps);
  CHECK(whole.slices_add_up);
  std::vector<Splitting> ways{{.piece = 1}, {.piece = 2}, {.piece = 7}};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (std::size_t at = 1; at < steps[i].bytes.size(); ++at) {
      ways.push_back({.split_step = i + 1, .split_at = at});
    }
  }
  for (const Splitting& way : ways) {
    const Played other = play(steps, way);
    INFO("pieces of " << way.piece << ", step " << way.split_step << " split at " << way.split_at);
    CHECK(other.lines == whole.lines);
    CHECK(other.slices_add_up);
    CHECK(other.opaque == whole.opaque);
    CHECK(other.client_boundary == whole.client_boundary);
    CHECK(other.server_boundary == whole.server_boundary);
  }
  return whole;
}

}  // namespace faultline
