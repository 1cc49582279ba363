// What the HTTP codec notes of headers: who a request says it comes from, and when its client was
// told to come back.

#include "tests/support/catch.h"
#include "tests/support/codec_tape.h"

using namespace faultline;
using faultline::dialogue::instant_of;

namespace {

struct Heard final : CodecOutlet {
  void slice(std::size_t, const Label&) override {}
  void exchange(const Exchange& e) override {
    lines.push_back(std::string(e.source.view()) + "|" + std::string(e.retry_after.view()));
  }
  void session(SessionFact, std::string_view) override {}
  void desync(std::string_view reason) override { lines.emplace_back(reason); }

  std::vector<std::string> lines;
};

// The dialogue in pieces of so many bytes.
std::vector<std::string> heard(const std::string& requests, const std::string& responses,
                               std::size_t piece, std::string_view source = "") {
  const auto codec = find_codec_kind("http")->make();
  if (!source.empty()) codec->ask_source_of(source);
  Heard out;
  std::size_t step = 0;
  for (const auto& [direction, bytes] :
       {std::pair(Direction::upstream, requests), std::pair(Direction::downstream, responses)})
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      codec->cut(direction, ByteView(bytes).substr(at, piece), instant_of(step++), out);
  codec->closed(instant_of(step), out);
  return out.lines;
}

std::string get(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}
std::string answer(const std::string& status, const std::string& headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE("an exchange says who it seems to come from, and when to come back") {
  const std::string requests = get("X-Forwarded-For: 10.0.0.1 , 10.9.9.9\r\n") + get("") +
                               get("x-forwarded-for: ::1\r\nX-Forwarded-For: 10.0.0.2\r\n") +
                               get("X-Forwarded-For: " + std::string(100, 'x') + "\r\n");
  const std::string responses =
      answer("429 Too Many Requests", "Retry-After: 12\r\n") + answer("200 OK", "") +
      "HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\n" + answer("204 No Content", "") +
      answer("503 Service Unavailable", "retry-after:  Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  const std::vector<std::string> expected{"10.0.0.1|12", "|", "::1|",
                                          std::string(40, 'x') + "|Sun, 06 Nov 1994 08:49:37 GMT"};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}})
    CHECK(heard(requests, responses, piece) == expected);
}

TEST_CASE("another header than X-Forwarded-For is told as a digest") {
  const std::string requests = get("X-Api-Key: secret\r\nX-Forwarded-For: 10.0.0.1\r\n") +
                               get("x-api-key: secret\r\n") + get("X-Api-Key: other\r\n") +
                               get("X-Forwarded-For: 10.0.0.1\r\n");
  std::string responses;
  for (int i = 0; i < 4; ++i) responses += answer("200 OK", "");
  const auto lines = heard(requests, responses, 5, "x-api-key");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].size() == 17);  // 16 digits
  CHECK(lines[0].find("secret") == std::string::npos);
  CHECK(lines[0] == lines[1]);
  CHECK(lines[0] != lines[2]);
  CHECK(lines[3] == "|");
}
