#pragma once

// A PostgreSQL client and server that speak in turns, and the messages they say.

#include "tests/support/catch.h"
#include "tests/support/codec_tape.h"

namespace faultline {

extern const CodecKind postgres_kind;

namespace postgres_talk {

using std::string_literals::operator""s;

using Lines = std::vector<std::string>;

inline std::string number(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

inline std::string message(char type, const std::string& body = "") {
  return type + number(body.size() + 4) + body;
}
inline std::string query(const std::string& text) { return message('Q', text + '\0'); }
inline std::string parse(const std::string& text, const std::string& statement = "") {
  return message('P', statement + '\0' + text + "\0\0\0"s);
}
inline const std::string bind = message('B', "\0\0\0\0\0\0\0\0"s);
inline const std::string execute = message('E', "\0\0\0\0\0"s);
inline const std::string describe = message('D', "P\0"s);
inline const std::string sync_now = message('S');
inline const std::string copy_done = message('c');

inline std::string tag(const std::string& text) { return message('C', text + '\0'); }
inline std::string ready(char status) { return message('Z', {status}); }
inline std::string failed(const std::string& code, const std::string& severity = "ERROR") {
  return message('E', "S" + severity + '\0' + "V" + severity + '\0' + "C" + code + "\0Mno\0\0"s);
}
inline const std::string parsed = message('1');
inline const std::string bound = message('2');
inline const std::string no_data = message('n');
inline const std::string copy_in = message('G', "\0\0\0"s);
inline const std::string startup = number(14) + "\0\3\0\0user\0\0"s;
inline const std::string cancel = number(16) + number(80'877'102) + "\0\0\0\1\0\0\0\2"s;
inline const std::string ssl_request = number(8) + number(80'877'103);
inline const std::string gss_request = number(8) + number(80'877'104);

// A client and a server that speak in turns; every turn is one step.
class Talk {
 public:
  Talk& c(const std::string& bytes) { return say({Direction::upstream, bytes, false}); }
  Talk& s(const std::string& bytes) { return say({Direction::downstream, bytes, false}); }
  Talk& close() {
    codec_->closed(dialogue::instant_of(steps_), tape_);
    return *this;
  }
  const Lines& told() const { return tape_.told; }
  const dialogue::CodecTape& tape() const { return tape_; }
  const Codec& codec() const { return *codec_; }

 private:
  Talk& say(const dialogue::Step& step) {
    REQUIRE(play(*codec_, tape_, step, dialogue::instant_of(steps_++), dialogue::all_at_once));
    return *this;
  }

  std::unique_ptr<Codec> codec_ = postgres_kind.make();
  dialogue::CodecTape tape_;
  std::size_t steps_ = 0;
};

// Behind the start-up: the first request is step 3.
inline Talk in_session() {
  Talk talk;
  talk.c(startup).s(message('R', number(0)) + ready('I'));
  REQUIRE(talk.told() == Lines{"session ready"});
  return talk;
}

inline Lines after_start(const Talk& talk) { return {talk.told().begin() + 1, talk.told().end()}; }

}  // namespace postgres_talk
}  // namespace faultline
