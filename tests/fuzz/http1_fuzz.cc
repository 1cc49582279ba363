// Fuzzes the HTTP codec with whole dialogues. The first byte chooses how the dialogue begins (a
// beginning that leads deep into the protocol, or none), the second how it is split; the rest is
// what client and server say in turns: 0xFF changes the speaker, 0xFE ends the speaker's stream.
//
// Held: slices add up, desync is said at most once and only by an opaque codec, exchanges come in
// order and their instants too, everything open is told at the close, and all of it is the same
// when the same dialogue is split at random.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/codec.h"

namespace faultline {
namespace {

constexpr std::array<std::string_view, 10> beginnings{
    "",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n\xff",
    "GET / HTTP/1.1\r\n\r\n\xffHTTP/1.1 200 OK\r\n",
    "GET / HTTP/1.1\r\n\r\n\xffHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: w\r\n\r\nGET /b HTTP/1.1\r\n\r\n\xff",
    "CONNECT a:1 HTTP/1.1\r\n\r\n\xffHTTP/1.1 ",
    "POST / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: w\r\nContent-Length: 5\r\n\r\nabc\xff",
    "GET / HTTP/1.1\r\n\r\n\xffHTTP/1.1 100 Continue\r\n\r\n",
};

void require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

class Tape final : public CodecOutlet {
 public:
  void slice(std::size_t length, const Label& label) override {
    require(length > 0, "slices are not empty");
    require(label.message.empty() == (label.exchange == 0), "labels name message and exchange");
    sliced += length;
  }
  void exchange(const Exchange& e) override {
    require(e.ordinal == ++exchanges, "exchanges come in order, none twice");
    require(e.request_first <= e.request_last, "a request begins before it ends");
    if (e.told != Told::nothing) {
      require(e.request_first <= e.response_first, "a request comes before its response");
      require(e.response_first <= e.response_last, "a response begins before it ends");
      require(!e.code.empty(), "a final response has a status");
    }
    text += std::string(e.name.view()) + " " + std::string(e.code.view()) + " " +
            std::string(name(e.told));
    for (const Instant at : {e.request_first, e.request_last, e.response_first, e.response_last}) {
      text += " " + std::to_string(at.time_since_epoch().count());
    }
    text += "\n";
  }
  void session(SessionFact fact, std::string_view code) override {
    text += std::string(name(fact)) + " " + std::string(code) + "\n";
  }
  void desync(std::string_view reason) override {
    require(++desyncs == 1, "desync is said once");
    text += "desync " + std::string(reason) + "\n";
  }

  std::string text;
  std::size_t sliced = 0;
  std::uint64_t exchanges = 0;
  int desyncs = 0;
};

class Dialogue {
 public:
  explicit Dialogue(std::uint32_t seed) : random_(seed) {}

  // Each call is one step: bytes of one speaker up to a change or an end.
  void say(std::string_view text) {
    while (!text.empty()) {
      const std::size_t n = std::min(text.find_first_of("\xff\xfe"), text.size());
      now_ += Duration(1);
      hand_over(text.substr(0, n));
      if (n == text.size()) return;
      if (text[n] == '\xff') {
        speaker_ = opposite(speaker_);
      } else {
        end();
      }
      text.remove_prefix(n + 1);
    }
  }

  std::string close() {
    tape_.text += codec_->opaque() ? "opaque" : "clear";
    for (const Direction d : {Direction::upstream, Direction::downstream}) {
      tape_.text += codec_->at_boundary(d) ? " boundary" : " within";
    }
    tape_.text += "\n";
    require(tape_.desyncs == 0 || codec_->opaque(), "a desync leaves the codec opaque");
    codec_->closed(now_, tape_);
    const std::uint64_t told = tape_.exchanges;
    codec_->closed(now_, tape_);
    require(told == tape_.exchanges, "the close tells every exchange once");
    return tape_.text;
  }

 private:
  bool& has_ended() { return ended_[speaker_ == Direction::upstream ? 0 : 1]; }

  void end() {
    if (!has_ended()) codec_->ended(speaker_, now_, tape_);
    has_ended() = true;
  }

  void hand_over(std::string_view bytes) {
    if (has_ended()) return;
    while (!bytes.empty()) {
      const std::size_t n =
          random_ == 0 ? bytes.size() : 1 + next() % std::min<std::size_t>(bytes.size(), 40);
      const std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      const std::size_t before = tape_.sliced;
      codec_->cut(speaker_, {piece.data(), piece.size()}, now_, tape_);
      require(tape_.sliced - before == n, "slices add up to the bytes fed");
      bytes.remove_prefix(n);
    }
  }

  std::size_t next() {
    random_ = random_ * 1664525 + 1013904223;
    return random_ >> 16;
  }

  std::unique_ptr<Codec> codec_ = find_codec_kind("http")->make();
  Tape tape_;
  std::uint32_t random_;  // 0: nothing is split
  Direction speaker_ = Direction::upstream;
  std::array<bool, 2> ended_{};
  Instant now_{};
};

}  // namespace
}  // namespace faultline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  if (size < 2) return 0;
  std::string text(beginnings[data[0] % beginnings.size()]);
  text.append(reinterpret_cast<const char*>(data) + 2, size - 2);
  Dialogue whole(0);
  Dialogue split(data[1] + 1U);
  Dialogue otherwise(data[1] * 77U + 5U);
  whole.say(text);
  split.say(text);
  otherwise.say(text);
  const std::string told = whole.close();
  require(told == split.close(), "a split dialogue tells the same");
  require(told == otherwise.close(), "a dialogue split otherwise tells the same");
  return 0;
}
